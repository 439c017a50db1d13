"""Addenda above the report that they are added to: the signed ones to read, the begun one to write."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QSizePolicy, QVBoxLayout, QWidget

from llmcxr_ws.domain import ReportRow
from llmcxr_ws.reading import StudyDetail
from llmcxr_ws.states import ReportState
from ui.desk import Badge, Desk
from ui.guards.ledger import Ledger
from ui.language import tr
from ui.report.autosave import Autosave
from ui.tasks import Tasks
from ui.text import clock
from ui.widgets import Banner, button, label, with_tone

_WRITABLE = (ReportState.DRAFT, ReportState.PRELIMINARY)


class _Writing(QPlainTextEdit):
    """Plain text that tells when it is left."""

    left = Signal()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Tell that the reader went elsewhere."""
        super().focusOutEvent(event)
        self.left.emit()


class AddendaPanel(QWidget):
    """The addenda of the study on the screen, numbered, with author and time.

    Signals
    -------
    sign_wanted(ReportRow) : the reader wants to sign the addendum that is being written
    """

    sign_wanted = Signal(object)

    def __init__(self, tasks: Tasks, desk: Desk) -> None:
        super().__init__()
        self._badge: Badge | None = None
        self._written: ReportRow | None = None
        self._shown: tuple[object, ...] = ()
        self._ledgers: dict[int, Ledger] = {}
        self.editor = _Writing()
        self.editor.setAccessibleName(tr("Addendum"))
        self.editor.setPlaceholderText(tr("What is added to the signed report"))
        self.editor.setTabChangesFocus(True)
        self.editor.setMinimumHeight(80)
        self.autosave = Autosave(
            tasks, lambda at, user, text: desk.save(at, user, text), self.text, lambda: self._user, self
        )
        self.sign = button(tr("Sign addendum…"), self._on_sign, name=tr("Sign the addendum"), tone="action")
        self.pending = Banner("attention", "pending", name=tr("The addendum waits"))
        self._heading = label("", "heading", wraps=True)
        self._saved = label(tone="muted")
        self._saved.setAccessibleName(tr("Addendum saved or not"))
        self._is_loading = False
        # Set by who begins an addendum: the cursor goes there once it is on the screen.
        self.wants_focus = False
        self._lay_out()
        self.editor.textChanged.connect(self._on_text)
        self.editor.left.connect(self.autosave.flush)
        self.autosave.state_changed.connect(self._on_saved)
        self.show_study(None)

    def _lay_out(self) -> None:
        self._list = QVBoxLayout()
        self._list.setSpacing(6)
        head = QHBoxLayout()
        head.addWidget(self._heading, 1)
        head.addWidget(self._saved)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.sign)
        self._writing = QWidget()
        writing = QVBoxLayout(self._writing)
        writing.setContentsMargins(0, 0, 0, 0)
        writing.setSpacing(6)
        writing.addLayout(head)
        writing.addWidget(self.editor)
        writing.addWidget(self.pending)
        writing.addLayout(row)
        self._original = label(tr("The signed report, unchanged"), "muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(self._list)
        layout.addWidget(self._writing)
        layout.addWidget(self._original)

    @property
    def _user(self) -> str:
        return self._badge.user if self._badge else ""

    @property
    def ledger(self) -> Ledger:
        """What was set aside for the addendum that is being written."""
        return self._ledgers.setdefault(self._written.id, Ledger()) if self._written else Ledger()

    def text(self) -> str:
        """Return the text that is being written."""
        return self.editor.toPlainText()

    def set_badge(self, badge: Badge | None) -> None:
        """Tell who sits here."""
        self._badge = badge

    def forget_person(self) -> None:
        """Somebody else sits here: what the last one set aside isn't theirs to sign with."""
        self._ledgers = {}

    def show_study(self, detail: StudyDetail | None) -> None:
        """Show the addenda of a study, or their newer state: what is being written stays."""
        addenda = detail.addenda if detail is not None else ()
        signed = [row for row in addenda if row.state is ReportState.SIGNED]
        self._show_signed(signed)
        begun = next((row for row in addenda if row.state is not ReportState.SIGNED), None)
        is_mine = detail is not None and detail.study.held_by == self._user and self._user != ""
        waits = begun is not None and begun.state is ReportState.SIGN_PENDING
        waits = waits or (detail is not None and begun is not None and _is_asked(detail, begun))
        if begun is not None and not is_mine and not waits and not begun.text.strip():
            begun = None  # begun and left empty: nothing to see
        self._write(begun, len(signed) + 1, may_write=is_mine and not waits)
        self.pending.say(_pending_sentence(begun, waits=waits))
        self._original.setVisible(bool(signed) or begun is not None)
        self.setVisible(bool(signed) or begun is not None)

    def _write(self, begun: ReportRow | None, number: int, *, may_write: bool) -> None:
        before, self._written = self._written, begun
        self._writing.setVisible(begun is not None)
        if begun is None:
            if before is not None:
                self.autosave.leave()
            return
        self._heading.setText(tr("Addendum {number}, not signed yet", number=number))
        is_same = before is not None and before.id == begun.id and before.state is begun.state
        is_same = is_same and not self._changed_elsewhere(begun)
        if not is_same:
            self.autosave.leave()
            owed = self.autosave.take_owed(begun.id)
            self._is_loading = True
            self.editor.setPlainText(begun.text if owed is None else owed)
            self._is_loading = False
            self.autosave.watch(begun.id, begun.edit_saved_at)
            if owed is not None:
                self.autosave.touch()
        self.editor.setReadOnly(not (may_write and begun.state in _WRITABLE))
        if self.wants_focus and may_write:
            self.wants_focus = False
            self.editor.setFocus()
        self.sign.setEnabled(
            may_write and begun.state in _WRITABLE and bool(self._badge and self._badge.may_sign)
        )

    def _changed_elsewhere(self, begun: ReportRow) -> bool:
        """Whether somebody else wrote into it while nothing of ours is unsaved."""
        is_others = begun.edited_by not in ("", self._user)
        return is_others and self.autosave.is_settled and begun.text != self.text()

    def _show_signed(self, signed: list[ReportRow]) -> None:
        shown = tuple((row.id, row.signed_text) for row in signed)
        if shown == self._shown:
            return
        self._shown = shown
        while (item := self._list.takeAt(0)) is not None:
            card = item.widget()
            if card is not None:
                card.hide()
                card.deleteLater()
        # The newest first, as a reader comes upon them.
        for number, row in reversed(list(enumerate(signed, start=1))):
            self._list.addWidget(_card(number, row))

    def _on_text(self) -> None:
        if not self._is_loading:
            self.autosave.touch()

    def _on_saved(self, words: str, tone: str) -> None:
        self._saved.setText(words)
        with_tone(self._saved, tone)

    def _on_sign(self) -> None:
        if self._written is not None:
            self.sign_wanted.emit(self._written)


def _card(number: int, row: ReportRow) -> QFrame:
    """Return one signed addendum."""
    made = QFrame()
    made.setProperty("banner", "plain")
    said = (
        tr(
            "Addendum {number} by {name}, {time}",
            number=number,
            name=row.signed_by,
            time=clock(row.signed_at),
        )
        if row.signed_at
        else tr("Addendum {number} by {name}", number=number, name=row.signed_by)
    )
    heading = label(said, "heading", wraps=True)
    made.setAccessibleName(heading.text())
    words = label(row.signed_text, wraps=True)
    words.setAccessibleName(tr("Addendum {number}", number=number))
    for part in (heading, words):
        part.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    layout = QVBoxLayout(made)
    layout.setContentsMargins(10, 7, 10, 7)
    layout.setSpacing(3)
    layout.addWidget(heading)
    layout.addWidget(words)
    return made


def _is_asked(detail: StudyDetail, addendum: ReportRow) -> bool:
    return any(
        row.state == "waiting" and row.kind == "sign" and row.report_id == addendum.id
        for row in detail.requests
    )


def _pending_sentence(begun: ReportRow | None, *, waits: bool) -> str:
    if begun is None:
        return ""
    if begun.state is ReportState.SIGN_PENDING:
        return tr("Signature pending. {reason}", reason=begun.reason).strip()
    return tr("The request is with the node; its answer appears here by itself.") if waits else ""
