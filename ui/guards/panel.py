"""The guards beside the editor: objections to the text as it stands, and what the model can't judge, to tick off.

Looks after a pause in typing, off the window's thread; never changes a text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QVBoxLayout, QWidget

from llmcxr_ws.domain import ReportRow
from llmcxr_ws.guards import Facts, Objection, in_text, objections
from llmcxr_ws.reading import StudyDetail
from llmcxr_ws.states import ReportState
from ui.guards.entries import Entries
from ui.guards.ledger import Ledger
from ui.guards.words import finding_name
from ui.language import tr
from ui.tasks import Tasks, Ticket
from ui.widgets import label, with_tone

PAUSE_MS = 300
_OPEN = (ReportState.DRAFT, ReportState.WITHHELD, ReportState.REJECTED, ReportState.PRELIMINARY)
_COLUMNS = 2


class GuardPanel(QWidget):
    """What speaks against signing the text in the editor.

    Signals
    -------
    show_wanted(Objection) : the reader wants to see the words an objection is about
    counted(int) : so many objections stand
    """

    show_wanted = Signal(object)
    counted = Signal(int)

    def __init__(self, tasks: Tasks, text: Callable[[], str]) -> None:
        super().__init__()
        self._tasks, self._text = tasks, text
        self._report: ReportRow | None = None
        self._facts = Facts()
        self._may_decide = False
        self._ledgers: dict[int, Ledger] = {}
        self._found: tuple[Objection, ...] = ()
        self._ticket: Ticket | None = None
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self.look)
        self.summary = label("", wraps=True)
        self.summary.setAccessibleName(tr("Checks before signing"))
        self.entries = Entries(lambda: self.ledger, may_show=True)
        self.entries.show_wanted.connect(self.show_wanted)
        self.entries.decided.connect(self._describe)
        self._boxes: dict[str, QCheckBox] = {}
        self._lay_out()
        self.hide()

    def _lay_out(self) -> None:
        self._scope = QWidget()
        self._scope_heading = label(
            tr("The model can't judge these. Look for each and tick it off."), "muted", wraps=True
        )
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(14)
        self._grid.setVerticalSpacing(2)
        scope = QVBoxLayout(self._scope)
        scope.setContentsMargins(0, 2, 0, 0)
        scope.setSpacing(4)
        scope.addWidget(self._scope_heading)
        scope.addLayout(self._grid)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(6)
        layout.addWidget(self.summary)
        layout.addWidget(self.entries)
        layout.addWidget(self._scope)
        layout.addStretch(1)

    def first_control(self) -> QWidget | None:
        """Return what the keyboard goes to first: an objection's button, or a finding to tick off."""
        inside = (*self.entries.findChildren(QWidget), *self._boxes.values())
        return next(
            (
                one
                for one in inside
                if one.focusPolicy() & Qt.FocusPolicy.TabFocus and one.isEnabled() and one.isVisibleTo(self)
            ),
            None,
        )

    # What is shown

    @property
    def ledger(self) -> Ledger:
        """What was ticked off and set aside for the report on the screen."""
        return self._ledgers.setdefault(self._report.id, Ledger()) if self._report else Ledger()

    @property
    def objections(self) -> tuple[Objection, ...]:
        """What was found at the last look."""
        return self._found

    def forget_person(self) -> None:
        """Somebody else sits here: what the last one ticked off and set aside isn't theirs to sign with."""
        self._ledgers = {}

    def show_report(
        self, detail: StudyDetail | None, *, is_editable: bool, is_draft_hidden: bool = False
    ) -> None:
        """Look after the report of this study until it is signed; ticks and reasons are for who may write it.

        Parameters
        ----------
        is_draft_hidden : bool
            The reader writes first: what the second network says of the film stays hidden with the draft.
        """
        report = detail.report if detail is not None else None
        if report is not None and report.state not in _OPEN:
            report = None
        self._may_decide = is_editable
        if detail is None or report is None:
            self._report, self._facts = None, Facts()
            self._forget()
            self.hide()
            return
        is_other = self._report is None or self._report.id != report.id
        self._report = report
        self._facts = detail.facts(report, self.ledger.looked_at)
        if is_draft_hidden:
            self._facts = replace(self._facts, second_look=None)
        if is_other:
            self._forget()
        self._make_boxes()
        self.setVisible(True)
        self.look()

    def touch(self) -> None:
        """The text is being changed: look when the typing pauses."""
        if self._report is not None:
            self._pause.start()

    def look(self) -> None:
        """Ask the guards about the text as it is now."""
        if self._report is None:
            return
        if self._ticket is not None:
            self._ticket.cancel()
        text, facts, report_id = self._text(), self._facts, self._report.id

        def done(found: tuple[Objection, ...]) -> None:
            if self._report is not None and self._report.id == report_id:
                self._show(text, found)

        # The pool without the database: a pure function of text and facts.
        self._ticket = self._tasks.in_pixels(self, lambda: objections(text, facts), done)

    def _show(self, text: str, found: tuple[Objection, ...]) -> None:
        self._found = found
        # The list below says it, finding by finding.
        listed = [one for one in found if one.code != "scope.not_addressed"]
        self.entries.show_objections(listed, may_decide=self._may_decide)
        spoken = in_text(text, self._facts.not_judged)
        for name, box in self._boxes.items():
            shown = finding_name(name)
            box.setText(tr("{finding} (in the text)", finding=shown) if name in spoken else shown)
            box.setEnabled(self._may_decide and name not in spoken)
            self._set_quietly(box, name in spoken or name in self.ledger.looked_at)
        self._describe()

    def _describe(self) -> None:
        standing = len(
            self.ledger.standing([one for one in self._found if one.code != "scope.not_addressed"])
        )
        unseen = sum(not box.isChecked() for box in self._boxes.values())
        self.entries.setVisible(bool(self.entries.entries))
        self._scope.setVisible(bool(self._boxes))
        if standing and unseen:
            words = tr(
                "Checks before signing: {standing} standing, {unseen} to look for",
                standing=standing,
                unseen=unseen,
            )
        elif standing:
            words = tr("Checks before signing: {standing} standing", standing=standing)
        elif unseen:
            words = tr("Checks before signing: {unseen} to look for", unseen=unseen)
        else:
            words = tr("Checks before signing: nothing stands against it")
        self.summary.setText(words)
        with_tone(self.summary, "attention" if standing or unseen else "good")
        self.counted.emit(standing)

    def _forget(self) -> None:
        self._pause.stop()
        self._found = ()
        self.entries.clear()
        self._make_boxes()

    def _make_boxes(self) -> None:
        if tuple(self._boxes) == self._facts.not_judged:
            return
        for box in self._boxes.values():
            self._grid.removeWidget(box)
            box.hide()
            box.deleteLater()
        self._boxes = {}
        for at, name in enumerate(self._facts.not_judged):
            box = QCheckBox(finding_name(name))
            box.setAccessibleName(tr("Looked for: {finding}", finding=finding_name(name)))
            box.setChecked(name in self.ledger.looked_at)
            box.toggled.connect(lambda is_on, name=name: self._on_tick(name, is_on))
            self._boxes[name] = box
            self._grid.addWidget(box, at // _COLUMNS, at % _COLUMNS)

    @property
    def boxes(self) -> dict[str, QCheckBox]:
        """The findings to tick off."""
        return dict(self._boxes)

    def _set_quietly(self, box: QCheckBox, is_on: bool) -> None:
        box.blockSignals(True)
        box.setChecked(is_on)
        box.blockSignals(False)

    def _on_tick(self, name: str, is_on: bool) -> None:
        if self._report is None:
            return
        looked_at = self.ledger.looked_at
        looked_at.add(name) if is_on else looked_at.discard(name)
        self._facts = replace(self._facts, looked_at=frozenset(looked_at))
        self.look()
