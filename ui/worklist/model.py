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
from ui.language import mark, tr
from ui.text import clock, patient_line, percent, person_name, since, study_moment
from ui.worklist.cover import NOTHING, Cover
from ui.worklist.filters import EVERYTHING, Filter
from ui.worklist.priority import priority_of
from ui.worklist.status import status_of

Index = QModelIndex | QPersistentModelIndex

ROW_ROLE = Qt.ItemDataRole.UserRole
SHAPE_ROLE = Qt.ItemDataRole.UserRole + 1  # shape and tone of a cell's icon, or None


class Column(IntEnum):
    """Every column there is; which of them are shown, and in what order, is each person's choice."""

    STATE = 0
    PATIENT = 1
    STUDY = 2
    DRAFT = 3
    PRIORITY = 4
    ACCESSION = 5
    VIEW = 6
    TIME = 7
    AGE = 8
    CONFIDENCE = 9
    HELD_BY = 10
    RECEIVED = 11
    DESCRIPTION = 12
    REFERRED_BY = 13


HEADINGS = {
    Column.STATE: (mark("State"), mark("State of the study, and who holds it")),
    Column.PATIENT: (mark("Patient"), mark("Patient and accession number")),
    Column.STUDY: (mark("Film"), mark("View and time of the study")),
    Column.DRAFT: (
        mark("Draft"),
        mark("The model's confidence in the draft's wording (not in a diagnosis), and the draft's age"),
    ),
    Column.PRIORITY: (mark("Priority"), mark("How urgent the study is, and why")),
    Column.ACCESSION: (mark("Accession"), mark("Accession number")),
    Column.VIEW: (mark("View"), mark("View of the film that is drafted")),
    Column.TIME: (mark("Study time"), mark("Date and time of the study")),
    Column.AGE: (mark("Draft age"), mark("How long ago the draft was made")),
    Column.CONFIDENCE: (
        mark("Confidence"),
        mark("The model's confidence in the draft's wording (not in a diagnosis)"),
    ),
    Column.HELD_BY: (mark("Held by"), mark("Who reads the study now, and since when")),
    Column.RECEIVED: (mark("Received"), mark("When the first image came, and from where")),
    Column.DESCRIPTION: (mark("Order"), mark("What was ordered")),
    Column.REFERRED_BY: (mark("Referred by"), mark("Who asked for the study")),
}


def lines(
    row: StudyRow, column: Column, now: datetime | None = None, *, tells_ai: bool = True
) -> tuple[str, str]:
    """Return the two lines of a cell; with `tells_ai` False nothing in them comes from what the networks think."""
    match column:
        case Column.STATE:
            return status_of(row).said, tr("held by {name}", name=row.held_by) if row.held_by else ""
        case Column.PRIORITY:
            priority = priority_of(row, tells_ai=tells_ai)
            return tr(priority.word), tr(priority.why)
        case Column.PATIENT:
            return person_name(row.identity.patient_name), row.identity.accession_number or tr(
                "no accession no."
            )
        case Column.STUDY:
            return row.view or "–", study_moment(row)
        case Column.DRAFT:
            return _confidence(row, tells_ai), _age(row, now)
        case Column.ACCESSION:
            return row.identity.accession_number or "–", ""
        case Column.VIEW:
            return row.view or "–", ""
        case Column.TIME:
            return study_moment(row) or "–", ""
        case Column.AGE:
            return _age(row, now) or "–", ""
        case Column.CONFIDENCE:
            return _confidence(row, tells_ai), ""
        case Column.HELD_BY:
            return row.held_by or "–", clock(row.held_at) if row.held_by and row.held_at else ""
        case Column.RECEIVED:
            return clock(row.received_at), row.source_peer
        case Column.DESCRIPTION:
            return row.study_description or "–", ""
        case Column.REFERRED_BY:
            return person_name(row.referring_physician) if row.referring_physician else "–", ""


def _confidence(row: StudyRow, tells_ai: bool) -> str:
    return percent(row.confidence if row.drafted_at and tells_ai else None)


def _age(row: StudyRow, now: datetime | None) -> str:
    return since(row.drafted_at, now) if row.drafted_at else ""


def spoken(row: StudyRow, column: Column, *, tells_ai: bool = True) -> str:
    """Return a cell as a screen reader should say it."""
    first, second = lines(row, column, tells_ai=tells_ai)
    names = {
        Column.DRAFT: mark("draft confidence {value}"),
        Column.STUDY: mark("view {value}"),
        Column.PRIORITY: mark("priority {value}"),
    }
    if column in names:
        first = tr(names[column], value=first)
    return ", ".join(part for part in (first, second) if part)


class WorklistModel(QAbstractTableModel):
    """The studies, in the order they came; sorting and searching are the proxy's."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[StudyRow] = []
        self._place: dict[int, int] = {}
        # Sorting asks for the same cells again and again; None stands for the text that is searched.
        self._made: list[dict[Column | None, str]] = []
        self._cover = NOTHING
        self.last_seq = 0

    @property
    def cover(self) -> Cover:
        """Of what the list must not tell."""
        return self._cover

    def tells_ai(self, row: StudyRow) -> bool:
        """Whether the list may tell what the networks think of a study."""
        return not self._cover.hides(row)

    def set_cover(self, cover: Cover) -> None:
        """Say of which studies the list must not tell what the networks think."""
        before, self._cover = self._cover, cover
        for at, row in enumerate(self._rows):
            if before.hides(row) != cover.hides(row):
                self._tell_changed(at)

    def merge(self, rows: Iterable[StudyRow]) -> None:
        """Take changed and new studies over, in place."""
        new: dict[int, StudyRow] = {}
        for row in sorted(rows, key=lambda entry: entry.updated_seq):
            self.last_seq = max(self.last_seq, row.updated_seq)
            at = self._place.get(row.id)
            if at is None:
                new[row.id] = row
            elif row != self._rows[at]:
                self._rows[at] = row
                self._tell_changed(at)
        self._append(tuple(new.values()))

    def _append(self, rows: tuple[StudyRow, ...]) -> None:
        """Take new studies over at once: every insertion is told to a proxy, a table and two headers."""
        if not rows:
            return
        first = len(self._rows)
        self.beginInsertRows(QModelIndex(), first, first + len(rows) - 1)
        self._place |= {row.id: first + at for at, row in enumerate(rows)}
        self._rows += rows
        self._made += [{} for _ in rows]
        self.endInsertRows()

    def _tell_changed(self, at: int) -> None:
        self._made[at].clear()
        self.dataChanged.emit(self.index(at, 0), self.index(at, len(Column) - 1))

    def key(self, at: int, column: Column) -> str:
        """Return the text that sorts a cell."""
        made = self._made[at]
        if column not in made:
            row = self._rows[at]
            made[column] = sort_key(row, column, tells_ai=self.tells_ai(row))
        return made[column]

    def searched(self, at: int) -> str:
        """Return the text of a row that is searched, in small letters."""
        made = self._made[at]
        if None not in made:
            made[None] = _search_text(self._rows[at])
        return made[None]

    def row_at(self, at: int) -> StudyRow:
        """Return the study of a row of this model."""
        return self._rows[at]

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
        heading, meaning = HEADINGS[Column(section)]
        if role == Qt.ItemDataRole.DisplayRole:
            return tr(heading)
        return tr(meaning) if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return one aspect of a cell."""
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], Column(index.column())
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return "\n".join(lines(row, column, tells_ai=self.tells_ai(row)))
            case Qt.ItemDataRole.AccessibleTextRole:
                return spoken(row, column, tells_ai=self.tells_ai(row))
            case Qt.ItemDataRole.ToolTipRole:
                return row.reason or patient_line(row.identity, row.study_date)
            case _ if role == ROW_ROLE:
                return row
            case _ if role == SHAPE_ROLE:
                return self._shape(row, column)
        return None

    def _shape(self, row: StudyRow, column: Column) -> tuple[str, str] | None:
        if column is Column.STATE:
            status = status_of(row)
            return status.shape, status.tone
        if column is Column.PRIORITY:
            priority = priority_of(row, tells_ai=self.tells_ai(row))
            return (priority.shape, priority.tone) if priority.shape else None
        return None


def sort_key(row: StudyRow, column: Column, *, tells_ai: bool = True) -> str:
    """Return a text that sorts a cell; equal cells fall back on the time of arrival."""
    arrived = row.received_at.astimezone(UTC).isoformat()
    rank, level = status_of(row).rank, priority_of(row, tells_ai=tells_ai).level
    match column:
        case Column.STATE:
            return f"{rank:02d} {level:02d} {arrived}"
        case Column.PRIORITY:
            return f"{level:02d} {rank:02d} {arrived}"
        case Column.STUDY | Column.TIME:
            return f"{row.study_date} {row.study_time} {arrived}"
        case Column.DRAFT | Column.CONFIDENCE:
            confidence = row.confidence if tells_ai and row.confidence is not None else -1.0
            return f"{confidence:08.5f} {arrived}"
        case Column.AGE:
            return row.drafted_at.astimezone(UTC).isoformat() if row.drafted_at else ""
        case Column.RECEIVED:
            return arrived
        case _:
            return f"{lines(row, column)[0].casefold()} {arrived}"


def _search_text(row: StudyRow) -> str:
    identity = row.identity
    parts = (
        person_name(identity.patient_name),
        identity.patient_id,
        identity.accession_number,
        row.view,
        row.study_description,
        study_moment(row),
        status_of(row).said,
        row.held_by,
    )
    return " ".join(parts).casefold()


class WorklistOrder(QSortFilterProxyModel):
    """Sorts the worklist, and hides what the search or the filter doesn't ask for."""

    def __init__(self, model: WorklistModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words: tuple[str, ...] = ()
        self._filter, self._user = EVERYTHING, ""
        self._model = model
        self.setSourceModel(model)
        self.setDynamicSortFilter(True)
        self.sort(Column.STATE)

    def search(self, text: str) -> None:
        """Show only studies that contain every word of `text`."""
        self.beginFilterChange()
        self._words = tuple(text.casefold().split())
        self.endFilterChange()

    def show_only(self, wanted: Filter, user: str) -> None:
        """Show only what a filter lets through for a person."""
        self.beginFilterChange()
        self._filter, self._user = wanted, user
        self.endFilterChange()

    def lessThan(self, left: Index, right: Index) -> bool:
        """Return whether a cell stands before another."""
        column = Column(left.column())
        return self._model.key(left.row(), column) < self._model.key(right.row(), column)

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:
        """Return whether a study is shown."""
        row, text = self._model.row_at(source_row), self._model.searched(source_row)
        return all(word in text for word in self._words) and self._filter.lets_through(
            row, text, self._user, tells_ai=self._model.tells_ai(row)
        )
