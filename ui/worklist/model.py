"""The worklist as a Qt table over frozen rows: changes go in row by row, so selection and scroll stay.

Reads nothing itself: `merge` takes the rows that changed since a sequence number.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
)

from llmcxr_ws.domain import StudyRow
from ui.text import patient_line, percent, person_name, since, study_moment
from ui.worklist.status import Rank, Status, status_of

Index = QModelIndex | QPersistentModelIndex

ROW_ROLE = Qt.ItemDataRole.UserRole
STATUS_ROLE = Qt.ItemDataRole.UserRole + 1
SORT_ROLE = Qt.ItemDataRole.UserRole + 2
SEARCH_ROLE = Qt.ItemDataRole.UserRole + 3


class Column(IntEnum):
    """Columns, from left to right; each shows two lines."""

    STATE = 0
    PATIENT = 1
    STUDY = 2
    DRAFT = 3


_HEADINGS = {
    Column.STATE: ("State", "State of the study, and who holds it"),
    Column.PATIENT: ("Patient", "Patient and accession number"),
    Column.STUDY: ("Film", "View and time of the study"),
    Column.DRAFT: (
        "Draft",
        "The model's confidence in the draft's wording (not in a diagnosis), and the draft's age",
    ),
}


def lines(row: StudyRow, column: Column, now: datetime | None = None) -> tuple[str, str]:
    """Return the two lines of a cell."""
    match column:
        case Column.STATE:
            return status_of(row).word, f"held by {row.held_by}" if row.held_by else ""
        case Column.PATIENT:
            return person_name(row.identity.patient_name), row.identity.accession_number or "no accession no."
        case Column.STUDY:
            return row.view or "–", study_moment(row)
        case Column.DRAFT:
            if row.drafted_at is None:
                return "–", ""
            return percent(row.confidence), since(row.drafted_at, now)


def spoken(row: StudyRow, column: Column) -> str:
    """Return a cell as a screen reader should say it."""
    first, second = lines(row, column)
    names = {Column.DRAFT: "draft confidence ", Column.STUDY: "view "}
    return ", ".join(part for part in (names.get(column, "") + first, second) if part)


class WorklistModel(QAbstractTableModel):
    """The studies, in the order they came; sorting and searching are the proxy's."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[StudyRow] = []
        self._place: dict[int, int] = {}
        self.last_seq = 0

    def merge(self, rows: Iterable[StudyRow]) -> None:
        """Take changed and new studies over, in place."""
        for row in sorted(rows, key=lambda entry: entry.updated_seq):
            self.last_seq = max(self.last_seq, row.updated_seq)
            at = self._place.get(row.id)
            if at is None:
                at = len(self._rows)
                self.beginInsertRows(QModelIndex(), at, at)
                self._rows.append(row)
                self._place[row.id] = at
                self.endInsertRows()
            elif row != self._rows[at]:
                self._rows[at] = row
                self.dataChanged.emit(self.index(at, 0), self.index(at, len(Column) - 1))

    def tick(self) -> None:
        """Let the ages be drawn anew."""
        if self._rows:
            role = [Qt.ItemDataRole.DisplayRole]
            first, last = self.index(0, Column.DRAFT), self.index(len(self._rows) - 1, Column.DRAFT)
            self.dataChanged.emit(first, last, role)

    def row_of(self, study_id: int) -> StudyRow | None:
        """Return the study with this id, or None."""
        at = self._place.get(study_id)
        return None if at is None else self._rows[at]

    def index_of(self, study_id: int) -> QModelIndex:
        """Return the first cell of a study; an invalid index where it isn't there."""
        at = self._place.get(study_id)
        return QModelIndex() if at is None else self.index(at, 0)

    def rows(self) -> tuple[StudyRow, ...]:
        """Return all studies."""
        return tuple(self._rows)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of studies."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of columns."""
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        """Return a column's heading."""
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(Column):
            return None
        heading, meaning = _HEADINGS[Column(section)]
        if role == Qt.ItemDataRole.DisplayRole:
            return heading
        return meaning if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return one aspect of a cell."""
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], Column(index.column())
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return "\n".join(lines(row, column))
            case Qt.ItemDataRole.AccessibleTextRole:
                return spoken(row, column)
            case Qt.ItemDataRole.ToolTipRole:
                return row.reason or patient_line(row.identity, row.study_date)
            case _ if role == ROW_ROLE:
                return row
            case _ if role == STATUS_ROLE:
                return status_of(row)
            case _ if role == SORT_ROLE:
                return _sort_key(row, column)
            case _ if role == SEARCH_ROLE:
                return _search_text(row)
        return None


def _sort_key(row: StudyRow, column: Column) -> str:
    """Return a text that sorts a cell; equal cells fall back on the time of arrival."""
    arrived = row.received_at.astimezone(UTC).isoformat()
    match column:
        case Column.STATE:
            return f"{status_of(row).rank:02d} {arrived}"
        case Column.PATIENT:
            return f"{person_name(row.identity.patient_name).casefold()} {arrived}"
        case Column.STUDY:
            return f"{row.study_date} {row.study_time} {arrived}"
        case Column.DRAFT:
            return f"{-1.0 if row.confidence is None else row.confidence:08.5f} {arrived}"


def _search_text(row: StudyRow) -> str:
    identity = row.identity
    parts = (
        person_name(identity.patient_name),
        identity.patient_id,
        identity.accession_number,
        row.view,
        row.study_description,
        study_moment(row),
        status_of(row).word,
        row.held_by,
    )
    return " ".join(parts).casefold()


class WorklistOrder(QSortFilterProxyModel):
    """Sorts the worklist, and hides what neither search nor chip asks for."""

    def __init__(self, model: WorklistModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words: tuple[str, ...] = ()
        self._ranks: frozenset[Rank] = frozenset(Rank)
        self.setSourceModel(model)
        self.setSortRole(SORT_ROLE)
        self.setDynamicSortFilter(True)
        self.sort(Column.STATE)

    def search(self, text: str) -> None:
        """Show only studies that contain every word of `text`."""
        self.beginFilterChange()
        self._words = tuple(text.casefold().split())
        self.endFilterChange()

    def show_ranks(self, ranks: frozenset[Rank]) -> None:
        """Show only studies of these ranks."""
        self.beginFilterChange()
        self._ranks = ranks
        self.endFilterChange()

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:
        """Return whether a study is shown."""
        index = self.sourceModel().index(source_row, 0, source_parent)
        status: Status = index.data(STATUS_ROLE)
        text: str = index.data(SEARCH_ROLE)
        return status.rank in self._ranks and all(word in text for word in self._words)
