"""The report side of the window: what of a study is on the screen, and what the reader writes into it.

Shows a `StudyDetail` and tells what the reader wants; decides nothing about it.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QMenu

from llmcxr_ws import macros as autotext
from llmcxr_ws.domain import ReportRow
from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.guards import Objection
from llmcxr_ws.macros import Macro
from llmcxr_ws.reading import StudyDetail
from llmcxr_ws.sections import tidy
from llmcxr_ws.states import ReportState
from ui.desk import Badge, Desk
from ui.guards.places import on_screen
from ui.language import tr
from ui.refusals import refusal_line
from ui.report import first
from ui.report.autosave import Autosave, Words
from ui.report.changes import sources
from ui.report.macro_dialog import MacroDialog
from ui.report.macro_menu import macro_menu
from ui.report.marks import StudyMarks
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
from ui.report.own import OwnTexts
from ui.report.page import ReportPage
from ui.report.renewed import Renewal, RenewalDialog, renewal_of
from ui.report.spell_check import SpellCheck
from ui.report.unsaved import RefusedWordsDialog
from ui.shortcuts import text_of, with_keys
from ui.tasks import Tasks
from ui.theme import LIVE
from ui.widgets import with_tone


class ReportPanel(ReportPage):
    """Editor of the current report.

    Signals
    -------
    new_version : the store has something newer than the screen: read the study again
    draft_hidden(bool) : whether all that the model says must stay hidden changed
    failed(UserFacingError) : a wish was refused
    """

    new_version = Signal()
    draft_hidden = Signal(bool)
    failed = Signal(object)

    def __init__(self, tasks: Tasks, desk: Desk) -> None:
        super().__init__(tasks, desk)
        self._tasks, self._desk = tasks, desk
        self._badge: Badge | None = None
        self._detail: StudyDetail | None = None
        self._is_hidden = False
        self._last_text = ""
        self._inserted: dict[int, list[str]] = {}
        self._report_id: int | None = None
        self._study_id: int | None = None
        self._was_kept: dict[tuple[int, int], bool] = {}
        self._refused: list[tuple[Words, UserFacingError]] = []
        self._is_loading = False
        self.own = OwnTexts(tasks, desk, self)
        self.spelling = SpellCheck(tasks, self.editor, self.own.set_spelling)
        self.autosave = Autosave(
            tasks, lambda at, user, text: desk.save(at, user, text), self.text, lambda: self._user, self
        )
        self._connect()
        self.show_nothing()

    def _connect(self) -> None:
        self.guards.show_wanted.connect(self.show_objection)
        self.unlock_wanted.connect(self.show_draft)
        self.macros_wanted.connect(self.edit_macros)
        self.renewal_wanted.connect(self.show_renewal)
        self.renewal_seen.connect(self.acknowledge_renewal)
        self.own.came.connect(self._on_own)
        self.own.failed.connect(self.failed)
        self.editor.textChanged.connect(self._on_text)
        self.editor.marked.connect(self._keep_marks)
        self.editor.left.connect(self.autosave.flush)
        for autosave in (self.autosave, self.addenda.autosave):
            autosave.moved.connect(lambda _: self.new_version.emit())
            autosave.refused.connect(self._on_refused)
        self.autosave.state_changed.connect(self.say_saved)

    # Who writes

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

    def set_badge(self, badge: Badge | None) -> None:
        """Tell who sits here; their macros, spelling and marks are read."""
        self._badge = badge
        if (badge.user if badge else "") != self.own.user:
            self._inserted = {}
            self.guards.forget_person()
            self.addenda.forget_person()
            self.own.come(self._user)
        self.addenda.set_badge(badge)
        if self._detail is not None:
            was_hidden = self._is_hidden
            self._set_hidden(first.is_hidden(self._detail, badge))
            if was_hidden is not self._is_hidden:
                self._load(self._detail.report)
            self._describe(self._detail)
        self._show_refused()

    def _on_own(self) -> None:
        """What the person keeps was read."""
        self.editor.set_macros(self.own.macros)
        self.spelling.set_preference(self.own.spelling)
        self._tell_sources()
        if self._detail is not None and self._study_id is not None:
            self.editor.keep(self.own.marks.of(self._study_id).kept)
            self._describe(self._detail)

    # What is shown

    def show_nothing(self, sentence: str = "") -> None:
        """Empty the panel."""
        self._detail = None
        self._set_hidden(False)
        self._load(None)
        for banner in self.banners:
            banner.say("")
        self.notices["plain"].say(sentence or tr("Choose a study on the worklist."))
        self.say_caution("")
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
        has_unsaved = is_same_study and self.autosave.has_unsaved
        if must_load and has_unsaved and new is not None and new.state in EDITABLE:
            self._adopt(new)
        elif must_load or self._changed_elsewhere(new):
            is_renewed = is_same_study and was_hidden is self._is_hidden and _follows(old, new)
            self._load(new, is_renewed=is_renewed)
        if was_hidden and not self._is_hidden and is_same:
            self.show_original(is_shown=True)
        self._describe(detail)

    def _changed_elsewhere(self, report: ReportRow | None) -> bool:
        """Whether somebody else wrote into this version while nothing of ours is unsaved."""
        if report is None or self.autosave.has_unsaved or self.editor.hasFocus() or self._is_hidden:
            return False
        return tidy(report.text) != self.text() and report.edited_by != self._user

    def _load(self, report: ReportRow | None, *, is_renewed: bool = False) -> None:
        text, ai_text, can_save = "", "", report is not None
        # What was typed while another study was on its way is saved to the one it was typed into.
        self.autosave.leave()
        if report is not None and self._is_hidden:
            # What somebody else wrote may hold the draft's words; what is written now must not overwrite it.
            can_save = not first.is_anothers(report, self._user)
            text = report.edit_text or "" if can_save else ""
        elif report is not None:
            text, ai_text = text_to_show(report), ai_text_to_show(report)
        owed = self.autosave.take_owed(report.id) if report is not None and can_save else None
        self._put(report, text if owed is None else owed, ai_text, is_renewed=is_renewed)
        self.autosave.watch(
            report.id if report and can_save else None, report.edit_saved_at if report else None
        )
        if report is not None and not can_save:
            self.say_saved(tr("Kept here only until the draft is shown"), "attention")
        if owed is not None:
            self.autosave.touch()
        self._tell_sources()
        self._count()

    def _put(self, report: ReportRow | None, text: str, ai_text: str, *, is_renewed: bool) -> None:
        """Put a text into the editor; where it is there already, the cursor and the history stay."""
        self._is_loading = True
        # Words of another study are never one step of undo away, nor are its kept changes kept here.
        study_id = report.study_id if report else None
        is_other_study, self._study_id = study_id != self._study_id, study_id
        self._report_id = report.id if report else None
        is_other_text = tidy(text) != self.text()
        if is_renewed and is_other_text and not is_other_study:
            self.editor.renew(text, ai_text)
        elif is_other_study or is_other_text:
            self.editor.load(text, ai_text, self.own.marks.of(study_id or 0).kept)
        elif ai_text != self.editor.ai_text:
            self.editor.compare_with(ai_text)
        self._last_text = self.text()
        self._is_loading = False

    def _adopt(self, report: ReportRow) -> None:
        """A new version came while words weren't saved yet: they stay, and are saved to it."""
        self._report_id = report.id
        self.editor.compare_with("" if self._is_hidden else ai_text_to_show(report))
        self.autosave.watch(report.id, report.edit_saved_at)
        self.autosave.touch()
        self._tell_sources()

    def _tell_sources(self) -> None:
        """Tell the editor by what it recognises macros, answers and what was written first."""
        detail = self._detail
        answers: list[str] = []
        own: tuple[str, ...] = ()
        texts: list[str] = []
        if detail is not None and not self._is_hidden:
            report = detail.report
            answers = [row.answer for row in detail.questions if row.answer]
            answers += self._inserted.get(detail.study.id, [])
            own = detail.first_of(self._user, report.preliminary_by if report else "")
            evidence = report.evidence if report else {}
            texts = [self.editor.ai_text, *answers]
            texts += [
                str(finding)
                for name in ("findings_judged", "findings_not_judged")
                for finding in evidence.get(name, ())
            ]
        self.editor.know(sources(autotext.sentence_patterns(self.own.macros), answers, own))
        self.spelling.know(texts)

    def _describe(self, detail: StudyDetail) -> None:
        may_edit = self._badge is not None and self._badge.may_edit
        notice = notice_of(detail, self._user, may_edit=may_edit)
        for tone, banner in self.notices.items():
            banner.say(notice.text if notice is not None and notice.tone == tone else "")
        self.late.say(late_line(detail))
        self.refused.say(refusal_line(detail))
        report = detail.report if not self._is_hidden else None
        has_ai = report is not None and bool(ai_text_to_show(report))
        wrote_first = first.first_line(detail, self._user)
        lines = [origin_line(report), wrote_first] if report is not None and has_ai else []
        self.ai.say("\n".join(line for line in lines if line))
        self.say_caution(caution_line(report) if report is not None else "")
        self.addenda.show_study(detail)
        self._note_draft(detail)
        renewal = self.renewal
        self.renewed.say(renewal.sentence if renewal is not None else "")
        may_sign = self._badge is not None and self._badge.may_sign
        editable = is_editable(detail, self._user, may_edit=may_edit, may_sign=may_sign)
        self.first.say(first.invitation() if self._is_hidden else "")
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
        why_not = self._badge.why_not_sign if self._badge else tr("Nobody is logged in.")
        why_not = why_not or ("" if editable else tr("There is nothing to sign here now."))
        why_not = why_not or (first.why_not_sign() if is_hidden else "")
        self.sign.setEnabled(not why_not)
        self.sign.setToolTip(why_not or with_keys(text_of("report.sign"), "report.sign"))
        self.sign.setAccessibleDescription(why_not)
        held_by = detail.study.held_by if detail else ""
        may_take = self._badge is not None and self._badge.may_edit
        self.take_over.setVisible(bool(held_by) and held_by != self._user and may_take)

    def show_objection(self, objection: Objection) -> None:
        """Put the words that an objection is about under the cursor."""
        if objection.places:
            self.editor.select(on_screen(objection.places[0], self.text(), self.editor.toPlainText()))
            self.editor.setFocus()

    # What is kept

    def flush(self, then: Callable[[], None], otherwise: Callable[[UserFacingError], None]) -> None:
        """Save report and addendum, then go on; or hear why that can't be."""
        self.addenda.autosave.flush(lambda: self.autosave.flush(then, otherwise), otherwise)

    def save_now(self) -> None:
        """Save report and addendum; what can't be saved now is tried again."""
        self.addenda.autosave.flush()
        self.autosave.flush()

    @property
    def is_settled(self) -> bool:
        """Whether the store has every word of report and addendum."""
        return self.autosave.is_settled and self.addenda.autosave.is_settled

    def give_up(self) -> None:
        """The reader leaves what can't be saved."""
        self.autosave.give_up()
        self.addenda.autosave.give_up()

    def _on_text(self) -> None:
        # Accepting a change is in the text's history but isn't text.
        if not self._is_loading and self.text() != self._last_text:
            self._last_text = self.text()
            self.autosave.touch()
            self.guards.touch()

    def _keep_marks(self) -> None:
        """Which changes are kept is written at once: it must outlive the window as the text does."""
        if self._study_id is not None and not self._is_loading and not self.editor.isReadOnly():
            seen = self.own.marks.of(self._study_id).seen
            self.own.set_marks(self._study_id, StudyMarks(self.editor.accepted, seen))

    def _on_refused(self, words: Words, error: UserFacingError) -> None:
        self._refused.append((words, error))
        self._show_refused()

    def _show_refused(self) -> None:
        """Show words that can't be saved to who wrote them, and to nobody else."""
        badge = self._badge
        if badge is None or badge.key is None:
            return
        mine = [entry for entry in self._refused if entry[0].user == badge.user]
        self._refused = [entry for entry in self._refused if entry not in mine]
        for words, error in mine:
            self._open(RefusedWordsDialog(self, words.text, error.sentence))

    # Macros and answers

    def insert_text(self, text: str) -> bool:
        """Put an AI's answer in where the cursor stands; False where nobody may write.

        It keeps its mark: after a reload it is recognised among the study's answers.
        """
        detail = self._detail
        if detail is None or self._is_hidden or not self.editor.insert(text):
            return False
        self._inserted.setdefault(detail.study.id, []).append(" ".join(text.split()))
        self._tell_sources()
        return True

    def expand(self) -> None:
        """Expand the trigger before the cursor; where it is none, offer the macros that begin so."""
        if not self.editor.hasFocus() or self.editor.isReadOnly() or self.editor.expand_macro():
            return
        self.macro_menu().popup(self.editor.viewport().mapToGlobal(self.editor.cursorRect().bottomLeft()))

    def macro_menu(self) -> QMenu:
        """Return the menu of macros that begin as the word before the cursor does."""
        return macro_menu(self, self.own.macros, self.editor, self.edit_macros)

    def edit_macros(self) -> None:
        """Open the dialog of the person's macros; not before they are known, or saving would delete them."""
        if self._badge is None:
            return
        if not self.own.is_read:
            self.failed.emit(UserFacingError(tr("Your macros haven't been read from the database yet.")))
            return
        self._open(MacroDialog(self, self.own.macros, self._on_macros))

    def _on_macros(self, macros: tuple[Macro, ...]) -> None:
        self.own.set_macros(macros)
        self.editor.set_macros(macros)
        self._tell_sources()

    # A new draft

    def _note_draft(self, detail: StudyDetail) -> None:
        """Remember which draft was seen; a later one is held against it, also after the window was closed."""
        report = detail.report
        if report is None or self._is_hidden or report.state not in EDITABLE or self._is_looked_at_only:
            return
        marks, shown = self.own.marks.of(detail.study.id), ai_text_to_show(report)
        if shown and (marks.seen == 0 or (marks.seen != report.version and self.renewal is None)):
            self.own.set_marks(detail.study.id, StudyMarks(marks.kept, report.version))

    @property
    def _is_looked_at_only(self) -> bool:
        """Whether this person doesn't write here, so that nothing is remembered."""
        return self._badge is None or not self._badge.may_edit

    @property
    def renewal(self) -> Renewal | None:
        """What came since this person last saw a draft of this study, until that is acknowledged."""
        if self._detail is None or self._is_hidden or self._is_looked_at_only:
            return None
        study, report = self._detail.study.id, self._detail.report
        # Said of the moment when it came: what is written afterwards doesn't change that.
        version = report.version if report is not None else 0
        is_other = report is not None and self.text() != tidy(ai_text_to_show(report))
        is_kept = self._was_kept.setdefault((study, version), is_other)
        return renewal_of(self._detail, self.own.marks.of(study).seen, is_kept=is_kept)

    def show_renewal(self) -> None:
        """Show what the new draft says differently."""
        if self.renewal is not None:
            self._open(RenewalDialog(self, self.renewal, LIVE))

    def acknowledge_renewal(self) -> None:
        """The new draft was seen: a later one is held against it."""
        if self._detail is not None and self._detail.report is not None:
            study_id = self._detail.study.id
            kept = self.own.marks.of(study_id).kept
            self.own.set_marks(study_id, StudyMarks(kept, self._detail.report.version))
        self.renewed.say("")

    # Reader first

    def show_draft(self) -> None:
        """Keep what was written as the reader's own impression; the draft is shown when that is logged."""
        detail = self._detail
        if detail is None or detail.report is None or not self._is_hidden or not self.unlock.isEnabled():
            return
        report_id, user = detail.report.id, self._user

        def unlock() -> None:
            if self._report_id != report_id or self._user != user:
                return  # the reader went to another study while this one's words were being saved
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


def _follows(old: ReportRow | None, new: ReportRow | None) -> bool:
    """Whether a draft took the place of one that was read: going back to its words is a step of undo.

    Not so with words that were rejected, withheld or retracted: no key brings them back.
    """
    if old is None or new is None or old.version >= new.version:
        return False
    return old.state is ReportState.DRAFT and new.state is ReportState.DRAFT
