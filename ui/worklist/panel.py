"""The worklist side of the window: search, chips, table, and the chosen study in sentences."""

from __future__ import annotations

from PySide6.QtCore import QItemSelection, QModelIndex, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from llmcxr_ws.domain import StudyRow
from ui.widgets import Mark, label, with_tone
from ui.worklist import detail
from ui.worklist.delegate import TwoLines
from ui.worklist.model import ROW_ROLE, Column, WorklistModel, WorklistOrder
from ui.worklist.status import Rank, status_of

CHIPS: tuple[tuple[str, frozenset[Rank]], ...] = (
    ("All", frozenset(Rank)),
    ("To read", frozenset({Rank.ADDENDUM, Rank.REFUSED, Rank.TO_READ, Rank.PENDING})),
    ("Coming", frozenset({Rank.ON_THE_WAY})),
    ("Problems", frozenset({Rank.REFUSED, Rank.PROBLEM})),
    ("Done", frozenset({Rank.DONE})),
)
_TICK_MS = 30_000


class WorklistPanel(QWidget):
    """Shows the worklist; tells which study the reader chose.

    Signals
    -------
    chosen(int) : the study that the reader went to
    """

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.model = WorklistModel(self)
        self.order = WorklistOrder(self.model, self)
        self.search = QLineEdit()
        self.search.setAccessibleName("Search the worklist")
        self.search.setPlaceholderText("Search patient, accession, view, state")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self.order.search)
        self.search.returnPressed.connect(self.choose_first)
        self.table = self._table()
        self._chips = self._make_chips()
        self._mark, self._heading, self._sentences = (
            Mark(),
            label("", "heading", wraps=True),
            label("", wraps=True),
        )
        self._facts = QGridLayout()
        self._fact_labels: list[QLabel] = []
        self._lay_out()
        self._tick = QTimer(self, interval=_TICK_MS)
        self._tick.timeout.connect(self.model.tick)
        self._tick.start()

    def _table(self) -> QTableView:
        table = QTableView()
        table.setModel(self.order)
        table.setItemDelegate(TwoLines())
        table.setAccessibleName("Worklist")
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setSortingEnabled(True)
        table.sortByColumn(Column.STATE, Qt.SortOrder.AscendingOrder)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.verticalHeader().hide()
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(Column.PATIENT, QHeaderView.ResizeMode.Stretch)
        for column, width in ((Column.STATE, 134), (Column.STUDY, 132), (Column.DRAFT, 62)):
            table.setColumnWidth(column, width)
        table.selectionModel().selectionChanged.connect(self._on_selection)
        return table

    def _make_chips(self) -> QButtonGroup:
        group = QButtonGroup(self)
        group.setExclusive(True)
        for number, (text, ranks) in enumerate(CHIPS):
            chip = QToolButton()
            chip.setText(text)
            chip.setCheckable(True)
            chip.setChecked(number == 0)
            chip.setAccessibleName(f"Show: {text}")
            chip.clicked.connect(lambda _=False, ranks=ranks: self.order.show_ranks(ranks))
            group.addButton(chip, number)
        return group

    def _lay_out(self) -> None:
        chips = QHBoxLayout()
        chips.setSpacing(6)
        for chip in self._chips.buttons():
            chips.addWidget(chip)
        chips.addStretch(1)
        foot = QWidget()
        inside = QVBoxLayout(foot)
        inside.setContentsMargins(12, 8, 12, 10)
        inside.setSpacing(6)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self._heading, 1)
        inside.addLayout(head)
        inside.addWidget(self._sentences)
        self._facts.setHorizontalSpacing(12)
        self._facts.setVerticalSpacing(2)
        self._facts.setColumnStretch(1, 1)
        inside.addLayout(self._facts)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 10, 4, 0)
        layout.setSpacing(8)
        layout.addWidget(self.search)
        layout.addLayout(chips)
        layout.addWidget(self.table, 1)
        layout.addWidget(foot)

    # What is shown

    def merge(self, rows: tuple[StudyRow, ...]) -> None:
        """Take changed studies over; selection and scroll stay."""
        self.model.merge(rows)
        counts = [status_of(row).rank for row in self.model.rows()]
        for number, (text, ranks) in enumerate(CHIPS):
            count = sum(rank in ranks for rank in counts)
            self._chips.button(number).setText(f"{text} {count}")
        self._describe(self.current())

    def current(self) -> StudyRow | None:
        """Return the chosen study."""
        chosen = self.table.selectionModel().selectedRows()
        return chosen[0].data(ROW_ROLE) if chosen else None

    def choose(self, study_id: int) -> None:
        """Choose a study."""
        index = self.order.mapFromSource(self.model.index_of(study_id))
        if index.isValid():
            self.table.selectRow(index.row())
            self.table.scrollTo(index)

    def choose_first(self) -> None:
        """Choose the first study that is shown."""
        if self.order.rowCount():
            self.table.selectRow(0)

    def step(self, by: int) -> None:
        """Choose the next (1) or previous (-1) study."""
        chosen = self.table.selectionModel().selectedRows()
        at = chosen[0].row() + by if chosen else 0
        if 0 <= at < self.order.rowCount():
            self.table.selectRow(at)
            self.table.scrollTo(self.order.index(at, 0))

    def neighbour(self) -> StudyRow | None:
        """Return the study after the chosen one, which the reader is likely to want next."""
        chosen = self.table.selectionModel().selectedRows()
        index = self.order.index(chosen[0].row() + 1, 0) if chosen else QModelIndex()
        return index.data(ROW_ROLE) if index.isValid() else None

    def _on_selection(self, chosen: QItemSelection, _: QItemSelection) -> None:
        row = self.current()
        self._describe(row)
        if row is not None and not chosen.isEmpty():
            self.chosen.emit(row.id)

    def _describe(self, row: StudyRow | None) -> None:
        for made in self._fact_labels:
            made.deleteLater()
        self._fact_labels = []
        if row is None:
            self._mark.show_shape("", "")
            self._heading.setText("No study chosen")
            self._sentences.setText("")
            return
        status = status_of(row)
        self._mark.show_shape(status.shape, status.tone)
        self._heading.setText(detail.heading(row))
        self._sentences.setText("\n".join(detail.sentences(row)))
        with_tone(self._sentences, status.tone if status.rank is Rank.PROBLEM else "")
        for number, (heading, value) in enumerate(detail.facts(row)):
            for column, made in ((0, label(heading, "muted")), (1, label(value, wraps=True))):
                self._facts.addWidget(made, number, column, Qt.AlignmentFlag.AlignTop)
                self._fact_labels.append(made)
