"""The report side of the window: banners, editor, the AI's own words, and the buttons that ask the node.

Shows a `StudyDetail` and tells what the reader wants; decides nothing about it.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QMenu, QSizePolicy, QVBoxLayout, QWidget

from llmcxr_ws import macros as autotext
from llmcxr_ws.domain import ReportRow
from llmcxr_ws.guards import Objection
from llmcxr_ws.macros import Macro
from llmcxr_ws.reading import StudyDetail
from llmcxr_ws.sections import tidy
from llmcxr_ws.states import ReportState
from ui.desk import Badge, Desk
from ui.flow import FlowLayout
from ui.guards.panel import GuardPanel
from ui.guards.places import on_screen
from ui.report import first
from ui.report.autosave import Autosave
from ui.report.changes import Key, Shown, sources
from ui.report.editor import ReportEditor
from ui.report.find import FindBar
from ui.report.macro_dialog import MacroDialog
from ui.report.margin import LOOKS
from ui.report.notices import (
    EDITABLE,
    ai_text_to_show,
    caution_line,
    is_editable,
    late_line,
    notice_of,
    origin_line,
    text_to_show,
)
from ui.report.original import OriginalText
from ui.report.renewed import Renewal, RenewalDialog
from ui.report.spell_check import PREFERENCE as SPELLING
from ui.report.spell_check import SpellCheck
from ui.report.tracking import TrackingStrip
from ui.sign.actions import SignActions
from ui.sign.addenda import AddendaPanel
from ui.tasks import Tasks
from ui.theme import LIVE
from ui.widgets import Banner, button, label, tool, with_tone

# In words what the letters of the bar stand for, as they are counted under the report.
_COUNTED: tuple[tuple[Shown, str], ...] = (
    ("ai_kept", "as the AI wrote"),
    ("ai_edited", "edited"),
    ("human", "your own"),
    ("macro", "from macros"),
    ("ai_answer", "from AI answers"),
)


class ReportPanel(QWidget):
    """Editor of the current report.

    Signals
    -------
    sign_wanted, reject_wanted, take_over_wanted : the reader pressed a button
    new_version : the store has something newer than the screen: read the study again
    draft_hidden(bool) : whether all that the model says must stay hidden changed
    failed(UserFacingError) : a wish was refused
    """

    sign_wanted = Signal()
    reject_wanted = Signal()
    take_over_wanted = Signal()
    new_version = Signal()
    draft_hidden = Signal(bool)
    failed = Signal(object)

    def __init__(self, tasks: Tasks, desk: Desk) -> None:
        super().__init__()
        self._tasks, self._desk = tasks, desk
        self._badge: Badge | None = None
        self._detail: StudyDetail | None = None
        self._macros: tuple[Macro, ...] = ()
        self._is_hidden = False
        self._last_text = ""
        self._accepted: dict[int, frozenset[Key]] = {}
        self._inserted: dict[int, list[str]] = {}
        self._drafts_seen: dict[int, tuple[int, str]] = {}
        self._renewals: dict[int, Renewal] = {}
        self._report_id: int | None = None
        self.editor = ReportEditor(LIVE)
        self.original = OriginalText(LIVE)
        self.original.hide()
        self.tracking = TrackingStrip(self.editor, LIVE)
        self.finder = FindBar(self.editor)
        self.spelling = SpellCheck(tasks, self.editor, partial(self._keep_preference, SPELLING))
        self.autosave = Autosave(tasks, lambda at, text: desk.save(at, self._user, text), self.text, self)
        self.guards = GuardPanel(tasks, self.text)
        self.guards.show_wanted.connect(self.show_objection)
        self.addenda = AddendaPanel(tasks, desk)
        self.actions_row = SignActions()
        self._build_banners()
        self._build_buttons()
        self._saved = label(tone="muted", wraps=True)
        self._saved.setAccessibleName("Saved or not")
        self._origins = label(tone="muted", wraps=True)
        self._origins.setAccessibleName("Where the sentences come from")
        self._origins.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self._lay_out()
        self._is_loading = False
        self.editor.textChanged.connect(self._on_text)
        self.editor.marked.connect(self._count)
        self.editor.left.connect(self.autosave.flush)
        self.autosave.state_changed.connect(self._on_saved)
        self.autosave.moved.connect(lambda _: self.new_version.emit())
        self.show_nothing()

    def _build_banners(self) -> None:
        self.late = Banner("attention", "failed", name="Late images")
        self.notices = {
            "bad": Banner("bad", "failed", name="Problem"),
            "attention": Banner("attention", "pending", name="Notice"),
            "good": Banner("plain", "signed", name="Result"),
            "plain": Banner("plain", "waiting", name="Hint"),
        }
        self.ai = Banner("ai", "draft", name="Origin of the draft")
        self.take_over = button("Take over…", self.take_over_wanted.emit, name="Take the study over")
        self.take_over.hide()
        self.first = Banner("attention", "review", name="Reader first")
        self.unlock = button("Show the draft", self.show_draft, tone="action")
        self.unlock.setToolTip("Keep this impression and show the draft (Alt+S)")
        self.first.add_button(self.unlock)
        self.renewed = Banner("ai", "addendum", name="New draft")
        self.renewed.add_button(
            button("What changed…", self.show_renewal, name="Show what changed in the draft")
        )
        self.renewed.add_button(button("Seen", self._on_renewal_seen, name="The new draft was seen"))

    def _build_buttons(self) -> None:
        self.compare = button("AI's own words", self.toggle_original)
        self.compare.setCheckable(True)
        self.compare.setToolTip("Show or hide what the AI wrote (Ctrl+D)")
        self.reject = button("Reject draft…", self.reject_wanted.emit)
        self.reject.setToolTip("Reject the draft with a reason (Ctrl+Shift+Del)")
        self.sign = button("Sign…  F12", self.sign_wanted.emit, name="Sign the report", tone="action")
        self.findings = tool("Findings", "report.findings", partial(self.editor.go_to_section, "findings"))
        self.impression = tool(
            "Impression", "report.impression", partial(self.editor.go_to_section, "impression")
        )
        self.macros = tool("Macros…", "report.macros", self.edit_macros)
        self.clean = tool("Marks", "report.clean", self.toggle_clean, checkable=True)
        self.clean.setChecked(True)

    def _lay_out(self) -> None:
        heading, buttons = FlowLayout(spacing=4), FlowLayout(spacing=6)
        for entry in (self.findings, self.impression, self.macros, self.clean):
            heading.addWidget(entry)
        for made in (self.compare, self.reject, self.take_over, self.sign):
            buttons.addWidget(made)
        told = QHBoxLayout()
        told.addWidget(self._origins, 3)
        told.addWidget(self._saved, 2)
        self._caution = label(tone="muted", wraps=True)
        self._caution.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self._original_heading = label("AI's own words (taken out: struck through)", "muted")
        self._original_heading.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 8)
        layout.setSpacing(8)
        layout.addWidget(self.late)
        for banner in (*self.notices.values(), self.first, self.renewed, self.ai):
            layout.addWidget(banner)
        layout.addWidget(self.addenda)
        layout.addLayout(heading)
        layout.addWidget(self.editor, 3)
        layout.addWidget(self.finder)
        layout.addWidget(self.tracking)
        layout.addLayout(told)
        layout.addWidget(self._original_heading)
        layout.addWidget(self.original, 2)
        layout.addWidget(self._caution)
        layout.addWidget(self.guards)
        layout.addWidget(self.actions_row)
        # Not in the panel itself: what signs must be in sight however long the report is.
        self.foot = QWidget()
        buttons.setContentsMargins(12, 4, 12, 8)
        self.foot.setLayout(buttons)

    # What is shown

    @property
    def detail(self) -> StudyDetail | None:
        """The study on the screen."""
        return self._detail

    @property
    def is_draft_hidden(self) -> bool:
        """Whether the reader writes first: nothing that the model says of this study may be shown."""
        return self._is_hidden

    @property
    def _user(self) -> str:
        return self._badge.user if self._badge else ""

    def text(self) -> str:
        """Return the text in the editor, as it is saved and signed."""
        return self.editor.text()

    def set_badge(self, badge: Badge | None) -> None:
        """Tell who sits here; their macros and spelling are read."""
        is_other = (badge.user if badge else "") != self._user
        self._badge = badge
        if is_other:
            self._forget_person()
            if badge is not None:
                user = badge.user
                self._tasks.in_store(
                    self,
                    lambda: json.dumps(self._desk.preferences(user)),
                    partial(self._on_preferences, user),
                )
        self.addenda.set_badge(badge)
        if self._detail is not None:
            was_hidden = self._is_hidden
            self._set_hidden(first.is_hidden(self._detail, badge))
            if was_hidden is not self._is_hidden:
                self._load(self._detail.report)
            self._describe(self._detail)

    def _forget_person(self) -> None:
        self._accepted, self._inserted, self._drafts_seen, self._renewals = {}, {}, {}, {}
        self._set_macros(())
        self.spelling.set_preference({})
        self.guards.forget_person()
        self.addenda.forget_person()

    def show_nothing(self, sentence: str = "Choose a study on the worklist.") -> None:
        """Empty the panel."""
        self._detail = None
        self._set_hidden(False)
        self._load(None)
        for banner in (self.late, self.ai, self.first, self.renewed, *self.notices.values()):
            banner.say("")
        self.notices["plain"].say(sentence)
        self._caution.clear()
        self.addenda.show_study(None)
        self._set_enabled(editable=False)

    def show_study(self, detail: StudyDetail) -> None:
        """Show a study, or its newer state: text that the reader is writing stays."""
        before, self._detail = self._detail, detail
        old = before.report if before else None
        new = detail.report
        was_hidden = self._is_hidden
        self._set_hidden(first.is_hidden(detail, self._badge))
        is_same = old is not None and new is not None and old.id == new.id
        is_other_state = old is not None and new is not None and old.state is not new.state
        is_same_study = before is not None and before.study.id == detail.study.id
        must_load = not is_same or is_other_state or was_hidden is not self._is_hidden
        has_unsaved = is_same_study and not self.autosave.is_settled
        if must_load and has_unsaved and new is not None and new.state in EDITABLE:
            self._adopt(new)
        elif must_load or self._changed_elsewhere(new):
            self._load(new)
        if was_hidden and not self._is_hidden and is_same:
            self._show_original(is_shown=True)
        self._note_draft(detail)
        self._describe(detail)

    def _changed_elsewhere(self, report: ReportRow | None) -> bool:
        """Whether somebody else wrote into this version while nothing of ours is unsaved."""
        if report is None or not self.autosave.is_settled or self.editor.hasFocus() or self._is_hidden:
            return False
        return tidy(report.text) != self.text() and report.edited_by != self._user

    def _load(self, report: ReportRow | None) -> None:
        text, ai_text, can_save = "", "", report is not None
        if report is not None and self._is_hidden:
            # What somebody else wrote may hold the draft's words; what is written now must not overwrite it.
            can_save = not first.is_anothers(report, self._user)
            text = report.edit_text or "" if can_save else ""
        elif report is not None:
            text, ai_text = text_to_show(report), ai_text_to_show(report)
        self._is_loading = True
        self._leave_report()
        self._report_id = report.id if report else None
        if tidy(text) != self.text():
            self.editor.load(text, ai_text, self._accepted.get(self._report_id or 0, frozenset()))
        elif ai_text != self.editor.ai_text:
            self.editor.compare_with(ai_text)
        self._last_text = self.text()
        self._is_loading = False
        self.autosave.watch(
            report.id if report and can_save else None, report.edit_saved_at if report else None
        )
        self._tell_sources()
        self._count()

    def _adopt(self, report: ReportRow) -> None:
        """A new version came while words weren't saved yet: they stay, and are saved to it."""
        self._leave_report()
        self._report_id = report.id
        self.editor.compare_with("" if self._is_hidden else ai_text_to_show(report))
        self.autosave.watch(report.id, report.edit_saved_at)
        self.autosave.touch()
        self._tell_sources()

    def _leave_report(self) -> None:
        if self._report_id is not None:
            self._accepted[self._report_id] = self.editor.accepted

    def _tell_sources(self) -> None:
        """Tell the editor by what it recognises macros, answers and what was written first."""
        detail = self._detail
        answers: list[str] = []
        own: list[str] = []
        texts: list[str] = []
        if detail is not None and not self._is_hidden:
            answers = [row.answer for row in detail.questions if row.answer]
            answers += self._inserted.get(detail.study.id, [])
            mine = first.own_first(detail, self._user) if detail.reader_first else None
            own = [mine.text] if mine else []
            evidence = detail.report.evidence if detail.report else {}
            texts = [self.editor.ai_text, *answers]
            texts += [
                str(finding)
                for name in ("findings_judged", "findings_not_judged")
                for finding in evidence.get(name, ())
            ]
        self.editor.know(sources(autotext.sentence_patterns(self._macros), answers, own))
        self.spelling.know(texts)

    def _describe(self, detail: StudyDetail) -> None:
        may_edit = self._badge is not None and self._badge.may_edit
        notice = notice_of(detail, self._user, may_edit=may_edit)
        for tone, banner in self.notices.items():
            banner.say(notice.text if notice is not None and notice.tone == tone else "")
        self.late.say(late_line(detail))
        report = detail.report if not self._is_hidden else None
        has_ai = report is not None and bool(ai_text_to_show(report))
        wrote_first = first.first_line(detail, self._user)
        lines = [origin_line(report), wrote_first] if report is not None and has_ai else []
        self.ai.say("\n".join(line for line in lines if line))
        self._caution.setText(caution_line(report) if report is not None else "")
        self._caution.setVisible(bool(self._caution.text()))
        self.addenda.show_study(detail)
        renewal = self.renewal if not self._is_hidden else None
        self.renewed.say(renewal.sentence if renewal is not None else "")
        may_sign = self._badge is not None and self._badge.may_sign
        editable = is_editable(detail, self._user, may_edit=may_edit, may_sign=may_sign)
        self.first.say(first.INVITATION if self._is_hidden else "")
        self.unlock.setEnabled(editable)
        self._tell_sources()
        self._set_enabled(editable=editable)

    def _set_enabled(self, *, editable: bool) -> None:
        detail, report = self._detail, self._detail.report if self._detail else None
        self.guards.show_report(detail, is_editable=editable, is_draft_hidden=self._is_hidden)
        # What isn't read against the draft is handed on no more than signed.
        self.actions_row.show_for(self._badge, detail, is_editable=editable and not self._is_hidden)
        self.editor.setReadOnly(not editable)
        with_tone(self.editor, "editable" if editable else "fixed")
        self.tracking.refresh()
        is_hidden = self._is_hidden
        self.compare.setEnabled(bool(report and ai_text_to_show(report)) and not is_hidden)
        is_draft = report is not None and report.state is ReportState.DRAFT
        self.reject.setEnabled(editable and is_draft and not is_hidden)
        why_not = self._badge.why_not_sign if self._badge else "Nobody is logged in."
        why_not = why_not or ("" if editable else "There is nothing to sign here now.")
        why_not = why_not or (first.WHY_NOT_SIGN if is_hidden else "")
        self.sign.setEnabled(not why_not)
        self.sign.setToolTip(why_not or "Sign the report (F12)")
        self.sign.setAccessibleDescription(why_not)
        held_by = detail.study.held_by if detail else ""
        may_take = self._badge is not None and self._badge.may_edit
        self.take_over.setVisible(bool(held_by) and held_by != self._user and may_take)

    def show_objection(self, objection: Objection) -> None:
        """Put the words that an objection is about under the cursor."""
        if objection.places:
            self.editor.select(on_screen(objection.places[0], self.text(), self.editor.toPlainText()))
            self.editor.setFocus()

    # Marks

    def toggle_original(self) -> None:
        """Show or hide the AI's own words."""
        self._show_original(is_shown=not self.original.isVisible())

    def _show_original(self, *, is_shown: bool) -> None:
        is_shown = is_shown and bool(self.editor.ai_text)
        self.original.setVisible(is_shown)
        self._original_heading.setVisible(is_shown)
        self.compare.setChecked(is_shown)
        self._count()

    def toggle_clean(self) -> None:
        """Show the report without marks, or with them."""
        self.editor.set_clean(not self.editor.is_clean)
        self.clean.setChecked(not self.editor.is_clean)

    def _on_text(self) -> None:
        # Accepting a change is in the text's history but isn't text.
        if not self._is_loading and self.text() != self._last_text:
            self._last_text = self.text()
            self.autosave.touch()
            self.guards.touch()

    def _count(self) -> None:
        ai_text, markup = self.editor.ai_text, self.editor.markup
        if self.original.isVisible():
            if not ai_text:
                self._show_original(is_shown=False)
                return
            self.original.compare_with(ai_text, self.editor.toPlainText())
        parts = [(markup.count(shown), word, LOOKS[shown][0]) for shown, word in _COUNTED]
        words = ", ".join(f"{count} {word} ({letter})" for count, word, letter in parts if count)
        self._origins.setText(f"Sentences: {words}" if words else "")
        self._origins.setVisible(bool(self._origins.text()) and not self.editor.is_clean)

    def _on_saved(self, words: str, tone: str) -> None:
        self._saved.setText(words)
        with_tone(self._saved, tone)
        self._saved.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    # Macros, answers, spelling

    def insert_text(self, text: str, provenance: str = "AI answer") -> bool:
        """Put sentences of another part of the window in where the cursor stands; False where nobody may write.

        An answer keeps its mark: it is recognised again among the study's answers after a reload.
        """
        detail = self._detail
        if detail is None or self._is_hidden:
            return False
        if provenance == "AI answer":
            self._inserted.setdefault(detail.study.id, []).append(" ".join(text.split()))
            self._tell_sources()
        return self.editor.insert(text)

    def expand(self) -> None:
        """Expand the trigger before the cursor; where it is none, offer the macros that begin so."""
        if not self.editor.hasFocus() or self.editor.isReadOnly() or self.editor.expand_macro():
            return
        menu = self.macro_menu()
        menu.popup(self.editor.viewport().mapToGlobal(self.editor.cursorRect().bottomLeft()))

    def macro_menu(self) -> QMenu:
        """Return the menu of macros that begin as the word before the cursor does."""
        word = self.editor.trigger().lower()
        menu = QMenu(self)
        menu.setAccessibleName("Macros")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        fitting = [macro for macro in self._macros if macro.trigger.lower().startswith(word)]
        for macro in fitting or self._macros:
            shown = " ".join(macro.text.split())
            entry = menu.addAction(f"{macro.trigger}: {shown[:60]}{'…' if len(shown) > 60 else ''}")
            entry.triggered.connect(lambda _=False, chosen=macro: self.editor.expand_macro(chosen))
        if not self._macros:
            menu.addAction("You have no macros yet.").setEnabled(False)
        menu.addSeparator()
        menu.addAction("Edit my macros…").triggered.connect(self.edit_macros)
        return menu

    def edit_macros(self) -> None:
        """Open the dialog of the person's macros."""
        if self._badge is not None:
            self._open(MacroDialog(self, self._macros, self._on_macros))

    def _on_macros(self, macros: tuple[Macro, ...]) -> None:
        self._set_macros(macros)
        self._keep_preference(autotext.PREFERENCE, autotext.to_preference(macros))

    def _set_macros(self, macros: tuple[Macro, ...]) -> None:
        self._macros = macros
        self.editor.set_macros(macros)
        self._tell_sources()

    def _on_preferences(self, user: str, found: str) -> None:
        if user == self._user:
            values: dict[str, dict[str, Any]] = json.loads(found)
            self._set_macros(autotext.from_preference(values.get(autotext.PREFERENCE, {})))
            self.spelling.set_preference(values.get(SPELLING, {}))

    def _keep_preference(self, name: str, value: dict[str, Any]) -> None:
        user = self._user
        if user:
            self._tasks.in_store(
                self, lambda: self._desk.set_preference(user, name, value), None, self.failed.emit
            )

    # A new draft

    def _note_draft(self, detail: StudyDetail) -> None:
        """Remember which draft was on the screen; a later one is held against it."""
        report = detail.report
        if report is None or self._is_hidden:
            return
        shown, study = ai_text_to_show(report), detail.study.id
        version, before = self._drafts_seen.get(study, (0, ""))
        if version < report.version and before and shown and before != shown:
            is_kept = self.text() != tidy(shown)
            self._renewals[study] = Renewal(report.version, before, shown, is_kept)
        self._drafts_seen[study] = (report.version, shown)

    @property
    def renewal(self) -> Renewal | None:
        """What came while this study was read, until the reader has seen it."""
        return self._renewals.get(self._detail.study.id) if self._detail is not None else None

    def show_renewal(self) -> None:
        """Show what the new draft says differently."""
        if self.renewal is not None:
            self._open(RenewalDialog(self, self.renewal, LIVE))

    def _on_renewal_seen(self) -> None:
        if self._detail is not None:
            self._renewals.pop(self._detail.study.id, None)
        self.renewed.say("")

    # Reader first

    def show_draft(self) -> None:
        """Keep what was written as the reader's own impression; the draft is shown when that is logged."""
        detail = self._detail
        if detail is None or detail.report is None or not self._is_hidden or not self.unlock.isEnabled():
            return
        report_id, user = detail.report.id, self._user

        def unlock() -> None:
            text = self.text()
            self._tasks.in_store(
                self,
                lambda: self._desk.unlock_draft(report_id, user, text),
                lambda _: self.new_version.emit(),
                self.failed.emit,
            )

        self.autosave.flush(unlock, self.failed.emit)

    def _set_hidden(self, is_hidden: bool) -> None:
        if is_hidden is not self._is_hidden:
            self._is_hidden = is_hidden
            self.draft_hidden.emit(is_hidden)

    def _open(self, dialog: QDialog) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setModal(True)
        dialog.open()
