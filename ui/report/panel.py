"""The report side of the window: banners, editor, the AI's own words, and the buttons that ask the node.

Shows a `StudyDetail` and tells what the reader wants; decides nothing about it.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from llmcxr_ws.domain import ReportRow
from llmcxr_ws.guards import Objection
from llmcxr_ws.reading import StudyDetail
from llmcxr_ws.states import ReportState
from ui.desk import Badge, Desk
from ui.guards.panel import GuardPanel
from ui.report.autosave import Autosave
from ui.report.changes import count_origins
from ui.report.editor import OriginalText, ReportEditor
from ui.report.notices import (
    ai_text_to_show,
    caution_line,
    is_editable,
    late_line,
    notice_of,
    origin_line,
    text_to_show,
)
from ui.sign.actions import SignActions
from ui.sign.addenda import AddendaPanel
from ui.tasks import Tasks
from ui.theme import DARK
from ui.widgets import Banner, button, label, with_tone


class ReportPanel(QWidget):
    """Editor of the current report.

    Signals
    -------
    sign_wanted, reject_wanted, take_over_wanted : the reader pressed a button
    new_version : the text was saved to a newer version than the one on the screen
    """

    sign_wanted = Signal()
    reject_wanted = Signal()
    take_over_wanted = Signal()
    new_version = Signal()

    def __init__(self, tasks: Tasks, desk: Desk) -> None:
        super().__init__()
        self._badge: Badge | None = None
        self._detail: StudyDetail | None = None
        self.editor = ReportEditor(DARK)
        self.original = OriginalText(DARK)
        self.original.hide()
        self.autosave = Autosave(tasks, lambda at, text: desk.save(at, self._user, text), self.text, self)
        self.guards = GuardPanel(tasks, self.text)
        self.guards.show_wanted.connect(self.show_objection)
        self.addenda = AddendaPanel(tasks, desk)
        self.actions_row = SignActions()
        self._build_banners()
        self._build_buttons()
        self._saved = label(tone="muted", wraps=True)
        self._saved.setAccessibleName("Saved or not")
        self._origins = label(tone="muted")
        self._lay_out()
        self.editor.textChanged.connect(self._on_text)
        self.editor.left.connect(self.autosave.flush)
        self.autosave.state_changed.connect(self._on_saved)
        self.autosave.moved.connect(lambda _: self.new_version.emit())
        self._is_loading = False
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

    def _build_buttons(self) -> None:
        self.compare = button("AI's own words", self.toggle_original)
        self.compare.setCheckable(True)
        self.compare.setToolTip("Show or hide what the AI wrote (Ctrl+D)")
        self.reject = button("Reject draft…", self.reject_wanted.emit)
        self.reject.setToolTip("Reject the draft with a reason (Ctrl+Shift+Del)")
        self.sign = button("Sign…  F12", self.sign_wanted.emit, name="Sign the report", tone="action")

    def _lay_out(self) -> None:
        heading = QHBoxLayout()
        heading.addWidget(label("Impression", "heading"))
        heading.addWidget(self._saved, 1)
        buttons = QHBoxLayout()
        for made in (self.compare, self.reject):
            buttons.addWidget(made)
        buttons.addStretch(1)
        buttons.addWidget(self.take_over)
        buttons.addWidget(self.sign)
        self._caution = label(tone="muted", wraps=True)
        self._caution.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self._original_heading = label("AI's own words (taken out: struck through)", "muted")
        self._original_heading.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 8)
        layout.setSpacing(8)
        layout.addWidget(self.late)
        for banner in self.notices.values():
            layout.addWidget(banner)
        layout.addWidget(self.ai)
        layout.addWidget(self.addenda)
        layout.addLayout(heading)
        layout.addWidget(self.editor, 3)
        layout.addWidget(self._origins)
        layout.addWidget(self._original_heading)
        layout.addWidget(self.original, 2)
        layout.addWidget(self._caution)
        layout.addWidget(self.guards)
        layout.addWidget(self.actions_row)
        layout.addLayout(buttons)

    # What is shown

    @property
    def detail(self) -> StudyDetail | None:
        """The study on the screen."""
        return self._detail

    @property
    def _user(self) -> str:
        return self._badge.user if self._badge else ""

    def text(self) -> str:
        """Return the text in the editor."""
        return self.editor.toPlainText()

    def set_badge(self, badge: Badge | None) -> None:
        """Tell who sits here."""
        self._badge = badge
        self.addenda.set_badge(badge)
        if self._detail is not None:
            self._describe(self._detail)

    def show_nothing(self, sentence: str = "Choose a study on the worklist.") -> None:
        """Empty the panel."""
        self._detail = None
        self._load(None)
        for banner in (self.late, self.ai, *self.notices.values()):
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
        is_same = old is not None and new is not None and old.id == new.id
        is_other_state = old is not None and new is not None and old.state is not new.state
        if not is_same or is_other_state or self._changed_elsewhere(new):
            self._load(new)
        self._describe(detail)

    def _changed_elsewhere(self, report: ReportRow | None) -> bool:
        """Whether somebody else wrote into this version while nothing of ours is unsaved."""
        if report is None or not self.autosave.is_settled or self.editor.hasFocus():
            return False
        return report.text != self.text() and report.edited_by != self._user

    def _load(self, report: ReportRow | None) -> None:
        text = "" if report is None else text_to_show(report)
        ai_text = "" if report is None else ai_text_to_show(report)
        self._is_loading = True
        if text != self.text() or ai_text != self.editor.ai_text:
            self.editor.load(text, ai_text)
        self._is_loading = False
        self.autosave.watch(report.id if report else None, report.edit_saved_at if report else None)
        self._count()

    def _describe(self, detail: StudyDetail) -> None:
        may_edit = self._badge is not None and self._badge.may_edit
        notice = notice_of(detail, self._user, may_edit=may_edit)
        for tone, banner in self.notices.items():
            banner.say(notice.text if notice is not None and notice.tone == tone else "")
        self.late.say(late_line(detail))
        report = detail.report
        has_ai = report is not None and bool(ai_text_to_show(report))
        self.ai.say(origin_line(report) if report is not None and has_ai else "")
        self._caution.setText(caution_line(report) if report is not None else "")
        self._caution.setVisible(bool(self._caution.text()))
        self.addenda.show_study(detail)
        may_sign = self._badge is not None and self._badge.may_sign
        self._set_enabled(editable=is_editable(detail, self._user, may_edit=may_edit, may_sign=may_sign))

    def _set_enabled(self, *, editable: bool) -> None:
        detail, report = self._detail, self._detail.report if self._detail else None
        self.guards.show_report(detail, is_editable=editable)
        self.actions_row.show_for(self._badge, detail, is_editable=editable)
        self.editor.setReadOnly(not editable)
        with_tone(self.editor, "editable" if editable else "fixed")
        self.compare.setEnabled(bool(report and ai_text_to_show(report)))
        is_draft = report is not None and report.state is ReportState.DRAFT
        self.reject.setEnabled(editable and is_draft)
        why_not = self._badge.why_not_sign if self._badge else "Nobody is logged in."
        why_not = why_not or ("" if editable else "There is nothing to sign here now.")
        self.sign.setEnabled(not why_not)
        self.sign.setToolTip(why_not or "Sign the report (F12)")
        self.sign.setAccessibleDescription(why_not)
        held_by = detail.study.held_by if detail else ""
        may_take = self._badge is not None and self._badge.may_edit
        self.take_over.setVisible(bool(held_by) and held_by != self._user and may_take)

    def show_objection(self, objection: Objection) -> None:
        """Put the words that an objection is about under the cursor."""
        if not objection.places:
            return
        place = objection.places[0]
        cursor = self.editor.textCursor()
        cursor.setPosition(min(place.start, len(self.text())))
        cursor.setPosition(min(place.end, len(self.text())), QTextCursor.MoveMode.KeepAnchor)
        self.editor.setTextCursor(cursor)
        self.editor.setFocus()

    def toggle_original(self) -> None:
        """Show or hide the AI's own words."""
        is_shown = not self.original.isVisible() and bool(self.editor.ai_text)
        self.original.setVisible(is_shown)
        self._original_heading.setVisible(is_shown)
        self.compare.setChecked(is_shown)
        self._count()

    def _on_text(self) -> None:
        if not self._is_loading:
            self.autosave.touch()
            self.guards.touch()
            self._count()

    def _count(self) -> None:
        ai_text, text = self.editor.ai_text, self.text()
        if self.original.isVisible():
            self.original.compare_with(ai_text, text)
        if not ai_text or not text.strip():
            self._origins.clear()
            return
        origins = count_origins(ai_text, text)
        parts = (
            (origins.ai_kept, "as the AI wrote"),
            (origins.ai_edited, "edited"),
            (origins.human, "your own"),
        )
        self._origins.setText("Sentences: " + ", ".join(f"{count} {word}" for count, word in parts if count))

    def _on_saved(self, words: str, tone: str) -> None:
        self._saved.setText(words)
        with_tone(self._saved, tone)
        self._saved.setAlignment(Qt.AlignmentFlag.AlignRight)
