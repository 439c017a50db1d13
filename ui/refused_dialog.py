"""The dialog that shows what the gate found in documents that it refused, and sends them again once it is mended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QApplication, QWidget

from llmcxr_ws.domain import RequestRow
from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.identity import UnlockedKey
from llmcxr_ws.workplace import Workplace
from ui.dialogs import Dialog, button_row
from ui.language import tr
from ui.office import Office, Watch
from ui.outcome import OutcomeLine
from ui.refusals import Refusal, as_text
from ui.tables import Column, RowTable
from ui.theme import fit, follow, px
from ui.widgets import button, label

Again = Callable[[Workplace, UnlockedKey, int], int]
"""Writes the request that sends a delivery again; gives its number."""


@dataclass(frozen=True)
class _Line:
    """One fault of one document."""

    number: int
    title: str
    fault: str


class RefusedDialog(Dialog):
    """Every fault in a line, to read and to copy.

    Parameters
    ----------
    again : callable, optional
        Given to whoever may send again.
    on_decided : callable, optional
        Called once the node has decided about all that was to go again.
    """

    def __init__(
        self,
        parent: QWidget,
        office: Office,
        refusals: Sequence[Refusal],
        again: Again | None = None,
        on_decided: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(parent, tr("What the gate found"), width=760)
        self._office, self._refusals, self._again, self._on_decided = office, refusals, again, on_decided
        self._ids = [one.delivery_id for one in refusals if one.delivery_id is not None]
        self._open: list[int] = []
        self._refused: list[str] = []
        self.faults: RowTable[_Line] = RowTable(
            tr("What the gate found"),
            [
                Column(tr("Document"), lambda row: row.title, 240, state=lambda _: ("refused", "bad")),
                Column(tr("Fault"), lambda row: row.fault),
            ],
            key=lambda row: (row.number, row.fault),
            many=True,
            wraps=True,
        )
        self.faults.setSortingEnabled(False)
        self.faults.show_rows(tuple(_lines(refusals)))
        self.line = OutcomeLine()
        self.line.hide()
        self.copy = button(tr("Copy"), self._copy, name=tr("Copy all that the gate found"))
        self.again = button(
            tr("Send again"), self._send_again, name=tr("Send the documents again"), tone="action"
        )
        self.again.setVisible(again is not None and bool(self._ids))
        self.inside.addWidget(label(self._about(), wraps=True))
        self.inside.addWidget(self.faults, 1)
        self.inside.addWidget(self.line)
        close = button(tr("Close"), self.reject)
        self.inside.addLayout(button_row(close, self.copy, self.again, enter_presses_last=False))
        follow(self._grow)

    def _about(self) -> str:
        words = [
            tr("Refused by the gate: it lets no document leave that it finds a fault in. Nothing has left.")
        ]
        if len(self._ids) < len(self._refusals):
            words.append(tr("Once it is mended, sign again: that makes a new version."))
        if self._ids and self._again is not None:
            words.append(
                tr("Once it is mended, “Send again” makes the document anew, and the gate judges it again.")
            )
        elif self._ids:
            words.append(tr("Once it is mended, a reader or an administrator can send it again."))
        return " ".join(words)

    def _grow(self) -> None:
        self.faults.setMinimumHeight(px(180))

    def showEvent(self, event: QShowEvent) -> None:
        """Come up as large as what it says needs, where the screen has that room."""
        super().showEvent(event)
        fit(self)

    def _copy(self) -> None:
        QApplication.clipboard().setText(as_text(self._refusals))
        self.line.show()
        self.line.say(tr("It was copied."), "good")

    def _send_again(self) -> None:
        again = self._again
        if again is None:
            return
        self.again.setEnabled(False)
        self._open, self._refused = list(self._ids), []
        self.line.show()
        self.line.wait(tr("Waiting for the node…"))
        for number in self._ids:
            watch = Watch(
                self, partial(self._on_row, number), partial(self._on_failed, number), self._on_waiting
            )
            self._office.request(self, partial(self._ask, again, number), watch)

    @staticmethod
    def _ask(again: Again, number: int, place: Workplace, key: UnlockedKey) -> int:
        return again(place, key, number)

    def _on_waiting(self, is_late: bool) -> None:
        if is_late:
            self.line.wait(
                tr(
                    "The node hasn't answered yet. See that it runs; it decides the request as soon as it does."
                )
            )

    def _on_failed(self, number: int, error: UserFacingError) -> None:
        self._on_ended(number, error.sentence)

    def _on_row(self, number: int, row: RequestRow) -> None:
        self._on_ended(number, "" if row.state == "granted" else row.outcome)

    def _on_ended(self, number: int, why_not: str) -> None:
        self._open.remove(number)
        self._refused += [why_not] if why_not else []
        if self._open:
            return
        if self._refused:
            self.line.say(tr("Refused: {reason}", reason=" ".join(dict.fromkeys(self._refused))), "bad")
            self.again.setEnabled(True)
        else:
            self.line.say(
                tr(
                    "%n document(s) are made anew; a fault that is left stands here again.",
                    "",
                    len(self._ids),
                ),
                "good",
            )
        if self._on_decided is not None:
            self._on_decided()


def _lines(refusals: Sequence[Refusal]) -> list[_Line]:
    """One line a fault; where none is listed, what was said."""
    return [
        _Line(number, one.title, fault)
        for number, one in enumerate(refusals)
        for fault in one.faults or (one.sentence,)
    ]
