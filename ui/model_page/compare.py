"""Two models side by side: how often they affirm the same findings, and every film where they don't."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QPlainTextEdit,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from llmcxr_ws.comparison import Comparison, FindingPair, compare, differences
from llmcxr_ws.quality import Share
from llmcxr_ws.store.modelling import ShadowRow
from ui.language import tr
from ui.tables import Column, RowTable, number_column, time_column
from ui.widgets import choice, label


def share_words(found: Share) -> str:
    """Return a share with its counts and interval; a dash where there is none."""
    if found.value is None:
        return "–"
    return tr(
        "{percent} % ({hits} of {of}; {low}–{high})",
        percent=f"{found.value * 100:.0f}",
        hits=found.hits,
        of=found.of,
        low=f"{found.low * 100:.0f}",
        high=f"{found.high * 100:.0f}",
    )


class ComparePanel(QWidget):
    """A shadow's drafts beside the drafts that readers saw."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[ShadowRow, ...] = ()
        self.comparison: Comparison | None = None
        self.shadow = choice(tr("Models to compare"))
        self.shadow.currentIndexChanged.connect(lambda _: self._show())
        self.only_different = QCheckBox(tr("Only films on which they differ"))
        self.only_different.setAccessibleName(tr("Only films on which they differ"))
        self.only_different.setChecked(True)
        self.only_different.toggled.connect(lambda _: self._show_films())
        self.words = label("", wraps=True)
        self.words.setAccessibleName(tr("The comparison in words"))
        self.findings: RowTable[FindingPair] = RowTable(
            tr("Agreement by finding"),
            [
                Column(tr("Finding"), lambda row: row.name),
                Column(tr("Agree"), lambda row: share_words(row.agree), 200, key=lambda row: row.agree.value or 0),
                number_column(tr("Both"), lambda row: row.both, 60, text=str),
                number_column(tr("Only the first"), lambda row: row.only_first, 110, text=str),
                number_column(tr("Only the second"), lambda row: row.only_second, 120, text=str),
                Column(tr("First as signed"), lambda row: share_words(row.first_right), 200),
                Column(tr("Second as signed"), lambda row: share_words(row.second_right), 200),
            ],
            key=lambda row: row.name,
        )  # fmt: skip
        self.films: RowTable[ShadowRow] = RowTable(
            tr("Films"),
            [
                Column(tr("Study"), lambda row: row.accession_number or str(row.study_id), 120),
                time_column(tr("Drafted"), lambda row: row.drafted_at, 150),
                Column(
                    tr("They differ in"),
                    lambda row: ", ".join(differences(row)) or tr("nothing"),
                    state=lambda row: ("review", "attention") if differences(row) else ("signed", "good"),
                ),
            ],
            key=lambda row: (row.report_id, row.shadow_device_uid),
        )
        self.films.chosen.connect(self._show_texts)
        self.first, self.second = _text(tr("Text of the first model")), _text(tr("Text of the second model"))
        self._lay_out()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(label(tr("Models to compare"), "muted"))
        head.addWidget(self.shadow)
        head.addWidget(self.only_different)
        head.addStretch(1)
        texts = QWidget()
        beside = QVBoxLayout(texts)
        beside.setContentsMargins(0, 0, 0, 0)
        for title, box in (
            (tr("What readers saw"), self.first),
            (tr("What the second model says"), self.second),
        ):
            beside.addWidget(label(title, "muted"))
            beside.addWidget(box, 1)
        lower = QSplitter(Qt.Orientation.Horizontal)
        lower.addWidget(self.films)
        lower.addWidget(texts)
        lower.setStretchFactor(0, 3)
        lower.setStretchFactor(1, 4)
        both = QSplitter(Qt.Orientation.Vertical)
        both.addWidget(self.findings)
        both.addWidget(lower)
        both.setStretchFactor(0, 2)
        both.setStretchFactor(1, 3)
        for splitter in (lower, both):
            splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.addLayout(head)
        layout.addWidget(self.words)
        layout.addWidget(both, 1)

    def show_rows(self, rows: tuple[ShadowRow, ...]) -> None:
        """Show what shadows have said."""
        if rows == self._rows and self.comparison is not None:
            return
        self._rows = rows
        # Each pair by itself: a shadow may have drafted beside several models in turn.
        known = {_pair_of(row): (row.shadow_model, row.model) for row in rows}
        chosen = self.shadow.currentData()
        self.shadow.blockSignals(True)
        self.shadow.clear()
        for pair, (second, first) in known.items():
            self.shadow.addItem(tr("{second} beside {first}", second=second, first=first), pair)
        self.shadow.setCurrentIndex(max(self.shadow.findData(chosen), 0))
        self.shadow.blockSignals(False)
        self._show()

    @property
    def chosen(self) -> tuple[ShadowRow, ...]:
        """The rows of the chosen pair of models."""
        pair = self.shadow.currentData()
        return tuple(row for row in self._rows if _pair_of(row) == pair)

    def _show(self) -> None:
        self.comparison = found = compare(self.chosen)
        self.shadow.setEnabled(found is not None)
        if found is None:
            self.words.setText(
                tr(
                    "No second model has drafted anything yet. Start one beside the engine with "
                    "“llmcxr engine --shadow --model NAME”: it drafts the latest films again while nobody waits, "
                    "and no reader sees what it says."
                )
            )
            self.findings.show_rows(())
            self.films.show_rows(())
            return
        self.words.setText(words_of(found))
        self.findings.show_rows(found.findings)
        self._show_films()

    def _show_films(self) -> None:
        rows = self.chosen
        if self.only_different.isChecked():
            rows = tuple(row for row in rows if differences(row))
        self.films.show_rows(rows)
        if rows and not self.films.selected():
            self.films.selectRow(0)
        self._show_texts()

    def _show_texts(self) -> None:
        chosen = self.films.selected()
        row = chosen[0] if chosen else None
        self.first.setPlainText(_told(row.text, row.withheld) if row else "")
        self.second.setPlainText(_told(row.shadow_text, row.shadow_withheld) if row else "")


def _pair_of(row: ShadowRow) -> str:
    """Which two models a row is about, as one word: a list of choices finds no pairs."""
    return f"{row.model_device_uid} {row.shadow_device_uid}"


def words_of(found: Comparison) -> str:
    """Return a comparison as sentences."""
    said = tr(
        "First: {first}. Second: {second}. On {films} films they affirm the same findings in {same}, and say the "
        "same words in {words}.",
        first=found.first,
        second=found.second,
        films=found.films,
        same=share_words(found.same_findings),
        words=share_words(found.same_text),
    )
    more = tr(
        "The first withheld {one}, the second {two} drafts.",
        one=found.withheld_first,
        two=found.withheld_second,
    )
    return f"{said} {more}"


def figures_of(found: Comparison) -> dict[str, str]:
    """Return what an administrator sees of a comparison, to be kept with the decision."""
    made = {
        "first": found.first,
        "second": found.second,
        "films": str(found.films),
        "same findings": _figure(found.same_findings),
        "same text": _figure(found.same_text),
        "withheld by first": str(found.withheld_first),
        "withheld by second": str(found.withheld_second),
    }
    if found.second_seconds is not None:
        made["median seconds of second"] = f"{found.second_seconds:.2f}"
    for pair in found.findings[:20]:
        made[f"agree on {pair.name}"] = _figure(pair.agree)
    return made


def _figure(found: Share) -> str:
    return f"{found.hits} of {found.of} (95 % {found.low:.3f} to {found.high:.3f})" if found.of else "none"


def _told(text: str, withheld: str) -> str:
    return tr("Withheld: {reason}", reason=withheld) + (f"\n\n{text}" if text else "") if withheld else text


def _text(name: str) -> QPlainTextEdit:
    made = QPlainTextEdit()
    made.setReadOnly(True)
    made.setAccessibleName(name)
    return made
