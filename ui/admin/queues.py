"""Queues: documents on their way and work for engines, with hold, release, retry, resend, and the dead letters."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

from PySide6.QtWidgets import QPushButton, QTabWidget, QToolButton, QVBoxLayout, QWidget

from llmcxr_ws import supervising
from llmcxr_ws.domain import RequestRow
from llmcxr_ws.store.supervision import QueuedDelivery, QueuedJob
from llmcxr_ws.supervising import Queues
from ui.admin.section import Section, row_of
from ui.documents import document_name
from ui.language import mark, tr
from ui.office import Office
from ui.refusals import REFUSED, is_refused, of_delivery
from ui.refused_dialog import RefusedDialog
from ui.tables import Column, RowTable, number_column
from ui.text import since
from ui.widgets import OneOf, button, label

Row = TypeVar("Row", QueuedDelivery, QueuedJob)

# Shape, tone and word of each state of a delivery or a job.
_STATES = {
    "queued": ("waiting", "text", mark("waiting")),
    "held": ("lock", "attention", mark("held")),
    "sending": ("working", "focus", mark("being sent")),
    "running": ("working", "focus", mark("at work")),
    "stored": ("signed", "good", mark("stored, not confirmed")),
    "dead": ("failed", "bad", mark("dead")),
    "identifying": ("failed", "bad", mark("kept back: it would identify the patient")),
}
_JOBS = {
    "draft": mark("draft of a film"),
    "answer": mark("answer to a question"),
    "map": mark("where sentences rest on the film"),
    "draw": mark("film drawn for teaching"),
    "roundtrip": mark("round trip of a draft"),
    "label": mark("findings of a signed report"),
}
CHIPS = (
    (mark("All"), ()),
    (mark("Waiting"), ("queued", "sending", "running", "stored")),
    (mark("Held"), ("held",)),
    (mark("Dead letters"), ("dead", "identifying")),
)
_ACTIONS = (
    ("hold", mark("Hold"), ("queued",)),
    ("release", mark("Release"), ("held",)),
    ("now", mark("Try now"), ("queued",)),
)


def state_word(row: QueuedDelivery | QueuedJob) -> str:
    """Return a state in words, with the pause before the next try."""
    if isinstance(row, QueuedDelivery) and is_refused(row):
        return tr(REFUSED)
    word = tr(_STATES[row.state][2]) if row.state in _STATES else row.state
    if row.state == "queued" and row.wait_s >= 1:
        return tr("{word}, again in {seconds} s", word=word, seconds=round(row.wait_s))
    return word


def state_mark(row: QueuedDelivery | QueuedJob) -> tuple[str, str]:
    """Return shape and tone of a state."""
    if isinstance(row, QueuedDelivery) and is_refused(row):
        return "refused", "bad"
    return _STATES[row.state][:2] if row.state in _STATES else ("waiting", "text")


class QueuePanel(QWidget, Generic[Row]):
    """One queue: chips for states, a table for many rows, and what can be done with them."""

    def __init__(
        self,
        name: str,
        columns: list[Column[Row]],
        again: str,
        move: Callable[[str, tuple[int, ...]], None],
    ) -> None:
        super().__init__()
        self._move = move
        self._rows: tuple[Row, ...] = ()
        self._states: tuple[str, ...] = ()
        self._count = 0
        self.table: RowTable[Row] = RowTable(name, columns, key=lambda row: row.id, many=True)
        self.table.chosen.connect(self._on_chosen)
        self.chips = OneOf(self)
        chips: list[QWidget] = []
        for number, (title, states) in enumerate(CHIPS):
            chip = QToolButton()
            chip.setText(tr(title))
            chip.setCheckable(True)
            chip.setChecked(number == 0)
            chip.clicked.connect(partial(self._show_states, states))
            self.chips.addButton(chip, number)
            chips.append(chip)
        self.buttons: dict[str, tuple[QPushButton, tuple[str, ...]]] = {}
        for action, title, states in (*_ACTIONS, ("again", again, ("dead", "identifying"))):
            made = button(tr(title), partial(self._on_action, action), name=f"{name}: {tr(title)}")
            self.buttons[action] = made, states
        self.said = label("", wraps=True)
        self.said.setAccessibleName(tr("What was said of the chosen row"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.addLayout(row_of(*chips))
        layout.addWidget(self.table, 1)
        layout.addWidget(self.said)
        self._row = row_of(*(made for made, _ in self.buttons.values()))
        layout.addLayout(self._row)
        self._on_chosen()

    def add_button(self, made: QPushButton) -> None:
        """Put one more button behind those that every queue has."""
        self._row.insertWidget(len(self.buttons), made)

    def show_rows(self, rows: tuple[Row, ...], counts: dict[str, int]) -> None:
        """Show what waits, and how much there is in each state: more, perhaps, than there are rows."""
        self._rows, self._count = rows, sum(counts.values())
        for number, (title, states) in enumerate(CHIPS):
            count = sum(found for state, found in counts.items() if not states or state in states)
            chip = self.chips.button(number)
            chip.setText(f"{tr(title)} {count}")
            chip.setAccessibleName(tr("Show: {what}, {count}", what=tr(title), count=count))
        self._filter()

    def _show_states(self, states: tuple[str, ...]) -> None:
        self._states = states
        self._filter()

    def _filter(self) -> None:
        self.table.show_rows(
            tuple(row for row in self._rows if not self._states or row.state in self._states)
        )
        self._on_chosen()

    def _on_chosen(self) -> None:
        chosen = self.table.selected()
        self.said.setText(chosen[0].message if chosen else self._left_out())
        self.said.setVisible(bool(self.said.text()))
        for made, states in self.buttons.values():
            made.setEnabled(any(row.state in states for row in chosen))

    def _left_out(self) -> str:
        """What a table that is full doesn't show."""
        if self._count <= len(self._rows):
            return ""
        return tr(
            "{count} wait; dead and held ones and the oldest stand here, {rows} in all.",
            count=self._count,
            rows=len(self._rows),
        )

    def _on_action(self, action: str) -> None:
        _, states = self.buttons[action]
        ids = tuple(row.id for row in self.table.selected() if row.state in states)
        if ids:
            self._move(action, ids)


class QueuesSection(Section):
    """The outbox and the engines' work."""

    POLL_MS = 2000

    def __init__(self, office: Office) -> None:
        super().__init__(
            office,
            tr("Queues"),
            tr(
                "What waits, what is held, and what nobody tries any more. Choose several rows with Shift or Ctrl."
            ),
        )
        self.deliveries: QueuePanel[QueuedDelivery] = QueuePanel(
            tr("Documents on their way"),
            [
                Column(tr("State"), state_word, 165, state=state_mark, key=lambda row: row.state),
                Column(tr("Study"), lambda row: row.accession_number or str(row.study_id), 100),
                Column(tr("Document"), lambda row: document_name(row.document), 140),
                Column(tr("To"), lambda row: row.peer, 80),
                Column(tr("Required"), lambda row: tr("yes") if row.required else tr("no"), 80),
                number_column(tr("Tries"), lambda row: row.attempts, 60, text=str),
                Column(tr("Made"), lambda row: since(row.since), 80, key=lambda row: row.since),
                Column(tr("What was said"), lambda row: row.message),
            ],
            mark("Send again"),
            partial(self._move, "deliveries"),
        )
        self.jobs: QueuePanel[QueuedJob] = QueuePanel(
            tr("Work for engines"),
            [
                Column(tr("State"), state_word, 190, state=state_mark, key=lambda row: row.state),
                Column(tr("Study"), lambda row: row.accession_number or str(row.study_id), 120),
                Column(tr("Work"), lambda row: tr(_JOBS.get(row.kind, row.kind)), 220),
                Column(
                    tr("Tries"),
                    lambda row: tr("{done} of {most}", done=row.attempts, most=row.max_attempts),
                    80,
                    key=lambda row: row.attempts,
                ),
                Column(tr("Asked"), lambda row: since(row.since), 80, key=lambda row: row.since),
                Column(tr("By"), lambda row: row.owner, 150),
                Column(tr("What was said"), lambda row: row.message),
            ],
            mark("Do again"),
            partial(self._move, "jobs"),
        )
        self.found = button(
            tr("What the gate found…"),
            self._show_found,
            name=tr("What the gate found in the chosen documents"),
        )
        self.deliveries.add_button(self.found)
        self.deliveries.table.chosen.connect(self._show_button)
        self._show_button()
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName(tr("Queues"))
        self.tabs.addTab(self.deliveries, tr("Documents"))
        self.tabs.addTab(self.jobs, tr("Engine work"))
        self.body.addWidget(self.tabs, 1)

    def refresh(self) -> None:
        """Read the queues."""
        self.office.read(self, supervising.queues, self._on_read, self.line.error)

    def _on_read(self, found: Queues) -> None:
        self.deliveries.show_rows(found.deliveries, found.delivery_states)
        self.jobs.show_rows(found.jobs, found.job_states)
        self._show_button()

    def _refused(self) -> list[QueuedDelivery]:
        return [row for row in self.deliveries.table.selected() if is_refused(row)]

    def _show_button(self) -> None:
        self.found.setEnabled(bool(self._refused()))

    def _show_found(self) -> None:
        rows = self._refused()
        if rows:
            RefusedDialog(
                self.window(),
                self.office,
                [of_delivery(row) for row in rows],
                lambda place, key, number: supervising.request_move(
                    place, key, "deliveries", "again", (number,)
                ),
                self.refresh,
            ).open()

    def _move(self, what: str, action: str, ids: tuple[int, ...]) -> None:
        def decided(row: RequestRow) -> None:
            self.line.say(row.outcome, "good")
            self.refresh()

        self.office.request(
            self,
            lambda place, key: supervising.request_move(place, key, what, action, ids),
            self.line.watch(self, decided),
        )
