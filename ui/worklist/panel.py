"""The worklist side of the window: search, chips and saved filters, table, and the chosen study in sentences."""

from __future__ import annotations

from collections import Counter
from functools import partial

from PySide6.QtCore import QEvent, QItemSelection, QModelIndex, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import (
    QAbstractItemView,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from llmcxr_ws.domain import StudyRow
from ui.flow import FlowLayout
from ui.language import tr
from ui.scrolling import Scrolled
from ui.theme import follow, px, scale
from ui.widgets import Mark, label, with_tone
from ui.worklist import detail
from ui.worklist.columns import NARROWEST, WIDEST, WIDTHS, Columns
from ui.worklist.columns_dialog import ColumnsDialog
from ui.worklist.cover import Cover
from ui.worklist.delegate import ICON, PAD_X, TwoLines, height_of_row
from ui.worklist.filters import CHIPS, Filter, SavedFilters
from ui.worklist.filters_dialog import FilterDialog, FiltersDialog
from ui.worklist.model import ROW_ROLE, Column, WorklistModel, WorklistOrder
from ui.worklist.priority import all_priorities
from ui.worklist.status import Rank, all_statuses, status_of

_TICK_MS = 30_000


class WorklistPanel(QWidget):
    """Shows the worklist; tells which study the reader chose.

    Signals
    -------
    chosen(int) : the study that the reader opens
    filters_changed(SavedFilters) : the reader saved, changed, moved or deleted a filter
    columns_changed(Columns) : the reader chose other columns, widths or another order of the rows
    """

    chosen = Signal(int)
    filters_changed = Signal(object)
    columns_changed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._user = ""
        self._saved = SavedFilters()
        self._columns = Columns()
        self._filter = CHIPS[0]
        self._opens_at_once = True
        self._is_dressing = False
        # What the reader chose last, and the place of its row in a list that doesn't show it at present.
        self._chosen_id: int | None = None
        self._left_at: int | None = None
        self._is_quiet = False
        self.model = WorklistModel(self)
        self.order = WorklistOrder(self.model, self)
        self.search = QLineEdit()
        self.search.setAccessibleName(tr("Search the worklist"))
        self.search.setPlaceholderText(tr("Search patient, accession, view, state"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self.order.search)
        self.search.textChanged.connect(self._describe_list)
        self.search.returnPressed.connect(self.choose_first)
        self.table = self._table()
        self.chips = self._make_chips()
        self.filters = self._make_filters()
        self._empty = label("", "muted", wraps=True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.hide()
        self._mark, self._heading, self._sentences = (
            Mark(),
            label("", "heading", wraps=True),
            label("", wraps=True),
        )
        # At the top, where its icon is, also when the words below leave it more room than it needs.
        self._heading.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._facts = QGridLayout()
        self._fact_labels: list[QLabel] = []
        self._lay_out()
        self._tick = QTimer(self, interval=_TICK_MS)
        self._tick.timeout.connect(self._on_tick)
        self._tick.start()
        # Qt tells of every pixel of a drag; only where it ends is kept.
        self._told = QTimer(self, singleShot=True, interval=300)
        self._told.timeout.connect(self._tell_columns)
        self._fill_filters()
        self._describe_list()
        follow(self._dress_columns)

    def _table(self) -> QTableView:
        table = QTableView()
        # Before the table hears of it: it selects another row in the place of one that goes.
        self.order.rowsAboutToBeRemoved.connect(self._on_rows_going)
        table.setModel(self.order)
        self.order.rowsRemoved.connect(self._on_rows_gone)
        self.order.rowsInserted.connect(self._on_rows_come)
        # With the table as parent it lives as long: when Python ends, PySide deletes what has none in any order.
        table.setItemDelegate(TwoLines(table))
        table.setAccessibleName(tr("Worklist"))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setSortingEnabled(True)
        table.sortByColumn(Column.STATE, Qt.SortOrder.AscendingOrder)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.verticalHeader().hide()
        # All rows are as high as each other: measuring each would take seconds in a long list.
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionsMovable(True)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(lambda _: self.choose_columns())
        for moved in (header.sectionMoved, header.sectionResized, header.sortIndicatorChanged):
            moved.connect(self._on_header)
        table.activated.connect(self._on_activated)
        table.viewport().installEventFilter(self)
        table.selectionModel().selectionChanged.connect(self._on_selection)
        return table

    def _make_chips(self) -> tuple[QToolButton, ...]:
        # No button group: it would take all but one of them out of the way of Tab.
        found = []
        for number, chip in enumerate(CHIPS):
            made = QToolButton()
            made.setText(tr(chip.name))
            made.setCheckable(True)
            made.setChecked(number == 0)
            made.setAccessibleName(tr("Show: {name}", name=tr(chip.name)))
            made.clicked.connect(partial(self.show_only, chip))
            found.append(made)
        return tuple(found)

    def _make_filters(self) -> QToolButton:
        made = QToolButton()
        made.setCheckable(True)
        made.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(made)
        menu.setAccessibleName(tr("Saved filters and columns"))
        made.setMenu(menu)
        # Pressing it opens the menu; whether it looks pressed says whether a saved filter is set.
        menu.aboutToHide.connect(self._mark_filter)
        return made

    def _lay_out(self) -> None:
        chips = FlowLayout()
        for chip in self.chips:
            chips.addWidget(chip)
        chips.addWidget(self.filters)
        words = QWidget()
        inside = QVBoxLayout(words)
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
        inside.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 10, 4, 0)
        layout.setSpacing(8)
        layout.addWidget(self.search)
        layout.addLayout(chips)
        layout.addWidget(self._empty)
        layout.addWidget(self.table, 1)
        layout.addWidget(Scrolled(words, hugs=True))
        follow(self._size)

    def _size(self) -> None:
        self.setMinimumWidth(px(220))
        self.table.setMinimumHeight(px(150))
        self.table.verticalHeader().setDefaultSectionSize(height_of_row(self.table.font()))

    # What is shown

    def _on_tick(self) -> None:
        """Time goes on: draw the ages anew, and let go what is too old for the filter."""
        self.table.viewport().update()
        if self._filter.within_h:
            self.order.show_only(self._filter, self._user)

    def merge(self, rows: tuple[StudyRow, ...]) -> None:
        """Take changed studies over; selection and scroll stay."""
        self.model.merge(rows)
        ranks = Counter(status_of(row).rank.name.lower() for row in self.model.rows())
        for number, chip in enumerate(CHIPS):
            count = sum(ranks[state] for state in chip.states)
            self.chips[number].setText(tr("{name} {count}", name=tr(chip.name), count=count))
        self._describe(self.current())
        self._describe_list()

    def forget_person(self) -> None:
        """Begin as at the first log-in: what was searched for and chosen is nobody else's business."""
        self.search.clear()
        self.show_only(CHIPS[0])
        self._chosen_id = self._left_at = None
        self.table.clearSelection()
        self.table.setCurrentIndex(QModelIndex())

    def set_cover(self, cover: Cover) -> None:
        """Say of which studies the list must not tell what the networks think."""
        if cover != self.model.cover:
            self.model.set_cover(cover)
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
            self._open_current()

    def choose_first(self) -> None:
        """Choose the first study that is shown."""
        if self.order.rowCount():
            self.table.selectRow(0)
            self._open_current()

    def step(self, by: int) -> None:
        """Choose the next (1) or previous (-1) study."""
        at = self._place_beside(by)
        if 0 <= at < self.order.rowCount():
            self.table.selectRow(at)
            self.table.scrollTo(self.order.index(at, 0))
            self._open_current()

    def neighbour(self) -> StudyRow | None:
        """Return the study after the chosen one, which the reader is likely to want next."""
        if self.current() is None and self._left_at is None:
            return None
        index = self.order.index(self._place_beside(1), 0)
        return index.data(ROW_ROLE) if index.isValid() else None

    def _place_beside(self, by: int) -> int:
        """Return the place in the list `by` rows from the chosen study, or from where it was."""
        chosen = self.table.selectionModel().selectedRows()
        if chosen:
            return chosen[0].row() + by
        return 0 if self._left_at is None else self._left_at + min(by, 0)

    def _on_rows_going(self, _: QModelIndex, first: int, last: int) -> None:
        chosen = self.table.selectionModel().selectedRows()
        if chosen and first <= chosen[0].row() <= last:
            self._left_at = first
        elif self._left_at is not None and first < self._left_at:
            self._left_at = max(first, self._left_at - (last - first + 1))
        self._is_quiet = True

    def _on_rows_gone(self) -> None:
        """What the reader didn't choose isn't chosen: the list shows nothing until its row comes back."""
        row = self.current()
        if row is not None and row.id != self._chosen_id:
            self.table.clearSelection()
        self._is_quiet = False

    def _on_rows_come(self, _: QModelIndex, first: int, last: int) -> None:
        if self._left_at is None or self._chosen_id is None:
            return
        index = self.order.mapFromSource(self.model.index_of(self._chosen_id))
        if index.isValid():
            self._is_quiet = True
            self.table.selectRow(index.row())
            self._is_quiet, self._left_at = False, None
        elif first <= self._left_at:
            self._left_at += last - first + 1

    def _on_selection(self, chosen: QItemSelection, _: QItemSelection) -> None:
        row = self.current()
        self._describe(row)
        if self._is_quiet or row is None or chosen.isEmpty():
            return
        self._chosen_id, self._left_at = row.id, None
        if self._opens_at_once:
            self.chosen.emit(row.id)

    def _on_activated(self, _: QModelIndex) -> None:
        self._open_current()

    def _open_current(self) -> None:
        """Open the chosen study where choosing alone doesn't."""
        row = self.current()
        if row is not None and not self._opens_at_once:
            self.chosen.emit(row.id)

    def open_at_once(self, does: bool) -> None:
        """Say whether a study opens as soon as it is chosen, or only with Enter or a double click."""
        self._opens_at_once = does

    # Filters

    def set_user(self, user: str) -> None:
        """Say whose studies are "mine"."""
        self._user = user
        self.order.show_only(self._filter, user)

    def set_filters(self, saved: SavedFilters, *, begins: bool) -> None:
        """Offer a person's own filters; at the beginning set the one chosen for that."""
        self._saved = saved
        default = saved.named(saved.default) if begins else None
        if default is not None:
            self.show_only(default)
        elif not any(self._filter is chip for chip in CHIPS):
            self.show_only(saved.named(self._filter.name) or CHIPS[0])
        self._fill_filters()

    def show_only(self, wanted: Filter) -> None:
        """Show only what a filter lets through."""
        self._filter = wanted
        self.order.show_only(wanted, self._user)
        self._mark_filter()
        self._describe_list()

    def show_filters(self) -> None:
        """Open the menu of saved filters."""
        self.filters.showMenu()

    def save_filter(self) -> None:
        """Ask for a name for what is shown now, and keep it as a filter."""
        text = " ".join(part for part in (self._filter.text, self.search.text().strip()) if part)
        mine, urgent, within = self._filter.mine, self._filter.urgent, self._filter.within_h
        begun = Filter("", self._filter.states, text, mine, urgent, within)

        def keep(made: Filter) -> None:
            self._keep(self._saved.with_filter(made))
            self.search.clear()
            self.show_only(self._saved.named(made.name.strip()) or CHIPS[0])

        FilterDialog(self.window(), begun, keep).open()

    def edit_filters(self) -> None:
        """Show all saved filters, to rename, change, move and delete."""
        FiltersDialog(self.window(), self._saved, self._keep).open()

    def _keep(self, saved: SavedFilters) -> None:
        self.set_filters(saved, begins=False)
        self.filters_changed.emit(saved)

    def _fill_filters(self) -> None:
        menu = self.filters.menu()
        menu.clear()
        group = QActionGroup(menu)
        for entry in self._saved.filters:
            made = QAction(entry.name.replace("&", "&&"), group)
            made.setCheckable(True)
            made.setChecked(entry == self._filter)
            made.triggered.connect(partial(self.show_only, entry))
            menu.addAction(made)
        menu.addSeparator()
        for text, run, is_possible in (
            (tr("Save this filter…"), self.save_filter, True),
            (tr("Change filters…"), self.edit_filters, bool(self._saved.filters)),
            (tr("Columns and order…"), self.choose_columns, True),
        ):
            made = menu.addAction(text)
            made.triggered.connect(run)
            made.setEnabled(is_possible)
        self._mark_filter()

    def _mark_filter(self) -> None:
        at = next((number for number, chip in enumerate(CHIPS) if chip is self._filter), None)
        for number, chip in enumerate(self.chips):
            chip.setChecked(number == at)
        name = "" if at is not None else self._filter.name
        words = tr("Filter: {name}", name=name) if name else tr("Filters")
        self.filters.setText(words.replace("&", "&&"))
        self.filters.setAccessibleName(words)
        self.filters.setChecked(bool(name))
        for action in self.filters.menu().actions():
            if action.isCheckable():
                action.setChecked(bool(name) and action.text().replace("&&", "&") == name)

    def _describe_list(self) -> None:
        """Say why the list is empty, where it is."""
        words = ""
        if self.order.rowCount() == 0:
            is_narrowed = self._filter is not CHIPS[0] or bool(self.search.text().strip())
            words = (
                tr("No study fits the search and the filter.")
                if is_narrowed
                else tr("No study has come yet.")
            )
        self._empty.setText(words)
        self._empty.setVisible(bool(words))

    # Columns

    @property
    def columns(self) -> Columns:
        """The columns, their widths and the order of the rows, as they are on the screen."""
        header = self.table.horizontalHeader()
        shown = [Column(header.logicalIndex(at)) for at in range(header.count())]
        shown = [column for column in shown if not header.isSectionHidden(column)]
        widths = dict(self._columns.widths)
        for column in shown:
            width = min(max(round(header.sectionSize(column) / scale()), NARROWEST), WIDEST)
            if column is not self._stretched(tuple(shown)) and abs(width - self._columns.width(column)) > 1:
                widths[column] = width
        descending = header.sortIndicatorOrder() is Qt.SortOrder.DescendingOrder
        return Columns(tuple(shown), tuple(widths.items()), Column(header.sortIndicatorSection()), descending)

    def set_columns(self, columns: Columns) -> None:
        """Show these columns."""
        self._columns = columns
        self._dress_columns()

    def choose_columns(self) -> None:
        """Ask which columns are shown, in what order, and what the rows are sorted by."""

        def keep(columns: Columns) -> None:
            self.set_columns(columns)
            self.columns_changed.emit(columns)

        ColumnsDialog(self.window(), self.columns, keep).open()

    @staticmethod
    def _stretched(shown: tuple[Column, ...]) -> Column:
        """Return the column that takes what room is left."""
        return Column.PATIENT if Column.PATIENT in shown else shown[-1]

    def _dress_columns(self) -> None:
        columns, header = self._columns, self.table.horizontalHeader()
        self._is_dressing = True
        header.setMinimumSectionSize(px(NARROWEST))
        for at, column in enumerate(columns.shown):
            header.moveSection(header.visualIndex(column), at)
        for column in Column:
            header.setSectionHidden(column, column not in columns.shown)
            header.resizeSection(column, max(px(columns.width(column)), self._least(column)))
        order = Qt.SortOrder.DescendingOrder if columns.descending else Qt.SortOrder.AscendingOrder
        self.table.sortByColumn(columns.sort, order)
        self._is_dressing = False
        self._stretch()

    def _least(self, column: Column) -> int:
        """Return the width that a column must have: no word that tells a state is ever cut off."""
        words = {
            Column.STATE: [status.said for status in all_statuses()],
            Column.PRIORITY: [tr(priority.word) for priority in all_priorities()],
        }.get(column, [])
        metrics = self.table.fontMetrics()
        beside = px(PAD_X) + px(ICON) + px(6) + 6
        return max((metrics.horizontalAdvance(word) + beside for word in words), default=0)

    def _stretch(self) -> None:
        """Give one column the room that is left, but never less than its own width."""
        header, column = self.table.horizontalHeader(), self._stretched(self._columns.shown)
        was_dressing, self._is_dressing = self._is_dressing, True
        others = header.length() - header.sectionSize(column)
        header.resizeSection(column, max(px(WIDTHS[column]), self.table.viewport().width() - others))
        self._is_dressing = was_dressing

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Fit the columns when the table has another width."""
        if event.type() is QEvent.Type.Resize:
            self._stretch()
        return False

    def _on_header(self) -> None:
        if not self._is_dressing:
            self._stretch()
            self._told.start()

    def _tell_columns(self) -> None:
        columns = self.columns
        if columns != self._columns:
            self._columns = columns
            self.columns_changed.emit(columns)

    def _describe(self, row: StudyRow | None) -> None:
        for made in self._fact_labels:
            made.hide()  # it goes later: until then it must not show through
            made.deleteLater()
        self._fact_labels = []
        if row is None:
            self._mark.show_shape("", "")
            self._heading.setText(tr("No study chosen"))
            self._sentences.setText("")
            return
        status = status_of(row)
        self._mark.show_shape(status.shape, status.tone)
        self._heading.setText(detail.heading(row))
        self._sentences.setText("\n".join(detail.sentences(row, tells_ai=self.model.tells_ai(row))))
        with_tone(self._sentences, status.tone if status.rank is Rank.PROBLEM else "")
        for number, (heading, value) in enumerate(detail.facts(row)):
            for column, made in ((0, label(heading, "muted")), (1, label(value, wraps=True))):
                self._facts.addWidget(made, number, column, Qt.AlignmentFlag.AlignTop)
                self._fact_labels.append(made)
