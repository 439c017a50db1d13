"""The quality page: decisions and words changed over time, concordance, drift; each with a table; export."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from llmcxr_ws import quality, supervising
from llmcxr_ws.errors import ConfigError
from llmcxr_ws.quality import Concordance, Drift, PeriodOfDrafts
from llmcxr_ws.store.statistics import DraftFate
from llmcxr_ws.supervising import QualityRows
from ui.desk import Badge, Desk
from ui.language import mark, tr
from ui.model_page.compare import share_words
from ui.office import Office
from ui.outcome import OutcomeLine
from ui.plots import Chart, PlotPanel, Series
from ui.tables import Column, RowTable, number_column
from ui.tasks import Tasks, Ticket
from ui.widgets import button, choice, label

_SPANS = (
    (mark("the last 30 days, by the day"), 30, "day"),
    (mark("the last half year, by the week"), 182, "week"),
    (mark("the last three years, by the month"), 1096, "month"),
)
_NOTHING = Drift(0, ())


@dataclass(frozen=True)
class Summary:
    """Everything on the page, counted; `is_cut` says that older drafts of this time weren't."""

    fates: tuple[DraftFate, ...]
    periods: tuple[PeriodOfDrafts, ...]
    scanners: tuple[Concordance, ...]
    sites: tuple[Concordance, ...]
    drift: Drift
    model: str
    is_cut: bool


def summary(rows: QualityRows, period: str) -> Summary:
    """Count; takes a second or two for thousands of drafts, so not on the window's thread."""
    return Summary(
        rows.fates,
        quality.over_time(rows.fates, period),
        quality.by_group(rows.fates, lambda fate: fate.scanner),
        quality.by_group(rows.fates, lambda fate: fate.site),
        quality.drift(rows.codes),
        rows.model,
        rows.is_cut,
    )


class QualityPage(QWidget):
    """How well drafts serve."""

    def __init__(self, tasks: Tasks, desk: Desk) -> None:
        super().__init__()
        self.setAccessibleName(tr("Quality"))
        self.office = Office(tasks, desk.workplace, self)
        self.found: Summary | None = None
        self._counting, self._finding = Ticket(), Ticket()
        self.line = OutcomeLine()
        self.span = choice(tr("Time to show"))
        for words, _, _ in _SPANS:
            self.span.addItem(tr(words))
        self.span.setCurrentIndex(1)
        self.span.currentIndexChanged.connect(lambda _: self.refresh())
        self.words = label("", wraps=True)
        self.words.setAccessibleName(tr("The figures in words"))
        self.decisions, self.edits, self.drift = PlotPanel(), PlotPanel(), PlotPanel()
        self.drift_words = label("", wraps=True)
        self.scanner, self.site = _filter(tr("Scanner")), _filter(tr("Site"))
        for box in (self.scanner, self.site):
            box.currentIndexChanged.connect(lambda _: self._show_findings())
        self.findings = _concordance(tr("Concordance by finding"), tr("Finding"), is_finding=True)
        self.scanners = _concordance(tr("Concordance by scanner"), tr("Scanner"), is_finding=False)
        self.sites = _concordance(tr("Concordance by site"), tr("Site"), is_finding=False)
        self._lay_out()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(label(tr("Quality of drafts"), "heading"))
        head.addWidget(self.span)
        head.addStretch(1)
        head.addWidget(button(tr("Look again"), self.refresh))
        head.addWidget(
            button(tr("Export…"), self._on_export, name=tr("Export without patients"), tone="action")
        )
        over_time = _column(self.decisions, self.edits)
        filters = QHBoxLayout()
        for title, box in ((tr("Scanner"), self.scanner), (tr("Site"), self.site)):
            filters.addWidget(label(title, "muted"))
            filters.addWidget(box)
        filters.addStretch(1)
        about = label(
            tr(
                "A finding counts as affirmed when a text says that it is there or may be. Signed texts are read by "
                "the engine's labeler as drafts are; they are no ground truth. Intervals: Wilson, 95 %."
            ),
            "muted",
            wraps=True,
        )
        findings = _column(about, filters, self.findings)
        whole = label(
            tr("Whole reports whose draft and signed text affirm exactly the same findings."),
            "muted",
            wraps=True,
        )
        places = _column(whole, self.scanners, self.sites)
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName(tr("Quality of drafts"))
        for made, title in (
            (over_time, tr("Over time")),
            (findings, tr("By finding")),
            (places, tr("By scanner and site")),
            (_column(self.drift_words, self.drift), tr("Drift of the films")),
        ):
            self.tabs.addTab(made, title)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 14, 18, 12)
        layout.setSpacing(8)
        layout.addLayout(head)
        layout.addWidget(self.words)
        layout.addWidget(self.tabs, 1)
        layout.addWidget(self.line)

    def set_badge(self, badge: Badge | None) -> None:
        """Take note of who sits here."""
        self.office.badge = badge

    def set_active(self, is_active: bool) -> None:
        """Count when it is shown; the figures change slowly, so they aren't counted again by themselves."""
        if is_active:
            self.refresh()

    def refresh(self) -> None:
        """Read and count anew."""
        _, days, period = _SPANS[self.span.currentIndex()]
        since = datetime.now(UTC) - timedelta(days=days)
        self.line.wait(tr("Counting…"))

        def count(rows: QualityRows) -> None:
            tasks = self.office.tasks
            self._counting.cancel()  # two at once may end in either order
            self._counting = tasks.aside(
                self, lambda: summary(rows, period), self._on_counted, self.line.error
            )

        self.office.read(self, lambda place: supervising.quality_rows(place, since), count, self.line.error)

    def _on_counted(self, found: Summary) -> None:
        self.found = found
        self.line.say("")
        self._show_words(found)
        self._show_over_time(found)
        for box, names in (
            (self.scanner, sorted({fate.scanner for fate in found.fates})),
            (self.site, sorted({fate.site for fate in found.fates})),
        ):
            _fill(box, names)
        self._show_findings()
        self.scanners.show_rows(found.scanners)
        self.sites.show_rows(found.sites)
        self._show_drift(found)

    def _show_words(self, found: Summary) -> None:
        decided = [quality.decision(fate) for fate in found.fates if quality.decision(fate)]
        withheld = sum(fate.fate == "withheld" for fate in found.fates)
        if not decided:
            self.words.setText(
                tr("%n draft(s) in this time, none signed or rejected yet.", "", len(found.fates))
            )
            return
        said = tr(
            "%n draft(s), {decided} decided: {accepted} signed word for word, {edited} edited, {rejected} "
            "rejected; {withheld} were withheld.",
            "",
            len(found.fates),
            decided=len(decided),
            accepted=share_words(quality.share(decided.count("accepted"), len(decided))),
            edited=share_words(quality.share(decided.count("edited"), len(decided))),
            rejected=share_words(quality.share(decided.count("rejected"), len(decided))),
            withheld=withheld,
        )
        if found.is_cut:
            cut = tr(
                "Only the latest drafts of this time are counted, those since {day}.",
                day=found.fates[0].made_at.astimezone().date().isoformat(),
            )
            said = f"{said} {cut}"
        self.words.setText(said)

    def _show_over_time(self, found: Summary) -> None:
        places = tuple(period.start.isoformat() for period in found.periods)
        self.decisions.show_chart(
            Chart(
                tr("What became of drafts"),
                places,
                (
                    Series(
                        tr("signed word for word"), tuple(float(p.accepted) for p in found.periods), "good"
                    ),
                    Series(tr("edited"), tuple(float(p.edited) for p in found.periods), "focus"),
                    Series(tr("rejected"), tuple(float(p.rejected) for p in found.periods), "bad"),
                ),
                unit=tr("drafts"),
            )
        )
        self.edits.show_chart(
            Chart(
                tr("Words changed before the signature"),
                places,
                (
                    Series(
                        tr("mean share of words"),
                        tuple(
                            None if p.words_changed is None else p.words_changed * 100 for p in found.periods
                        ),
                        "focus",
                        tuple(
                            None if p.low is None or p.high is None else (p.low * 100, p.high * 100)
                            for p in found.periods
                        ),
                    ),
                ),
                unit="%",
                lines=True,
                highest=20.0,
                counted=tr("signed reports"),
                counts=tuple(p.signed for p in found.periods),
            )
        )

    def _show_findings(self) -> None:
        if self.found is None:
            return
        scanner, site = self.scanner.currentData(), self.site.currentData()
        fates = [
            fate for fate in self.found.fates if scanner in (None, fate.scanner) and site in (None, fate.site)
        ]
        self._finding.cancel()
        self._finding = self.office.tasks.aside(
            self, lambda: quality.by_finding(fates), self.findings.show_rows, self.line.error
        )

    def _show_drift(self, found: Summary) -> None:
        points = found.drift.points
        self.drift.show_chart(
            Chart(
                tr("Distance of the image tokens from the model's first films"),
                tuple(point.last_at.astimezone().date().isoformat() for point in points),
                (
                    Series(tr("distance (Jensen-Shannon)"), tuple(p.distance for p in points), "focus"),
                    Series(tr("95 % of runs by chance"), tuple(p.usual for p in points), "attention"),
                ),
                lines=True,
                decimals=3,
                counted=tr("films"),
                counts=tuple(point.films for point in points),
            )
        )
        if not points:
            self.drift_words.setText(
                tr(
                    "Too few drafts by one model to say: at least {least} films make the reference, and {run} more a "
                    "run to compare.",
                    least=quality.MIN_REFERENCE,
                    run=quality.MIN_WINDOW,
                )
            )
            return
        unusual = sum(point.is_unusual for point in points)
        self.drift_words.setText(
            tr(
                "{model}: its films, in runs of up to {films}, against its first {reference}. Runs compared: {runs}; "
                "with more difference than chance makes in 19 of 20: {unusual}. A few of many may have that by "
                "chance; several in a row mean that the films have changed: a scanner, a protocol, the patients.",
                model=found.model,
                runs=len(points),
                films=quality.WINDOW_FILMS,
                reference=found.drift.reference_films,
                unusual=unusual,
            )
        )

    # Export

    def _on_export(self) -> None:
        dialog = QFileDialog(self, tr("Export without patients"), "llmcxr-quality.csv")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters([tr("Table (*.csv)"), tr("All figures (*.json)")])
        dialog.setDefaultSuffix("csv")
        dialog.filterSelected.connect(
            lambda kind: dialog.setDefaultSuffix("json" if "json" in kind else "csv")
        )
        dialog.fileSelected.connect(lambda file: self.export(Path(file)))
        dialog.open()

    def export(self, file: Path) -> None:
        """Write drafts and figures to a file, as its name ends; no text, no patient, no study identifier."""
        found = self.found
        if found is None:
            self.line.say(tr("Nothing was counted yet. Look again, then export."), "attention")
            return

        def write() -> int:
            is_json = file.suffix.casefold() == ".json"
            text = quality.as_json(found.fates, found.drift) if is_json else quality.as_csv(found.fates)
            try:
                file.write_text(text, encoding="utf-8", newline="")
            except OSError as error:
                raise ConfigError(
                    f"{file} can't be written: {error.strerror}.", what_to_do="Choose another place."
                ) from error
            return len(found.fates)

        def done(count: int) -> None:
            self.line.say(
                tr("%n draft(s) written to {file}, without texts or patients.", "", count, file=file),
                "good",
            )

        self.line.wait(tr("Writing…"))
        self.office.tasks.aside(self, write, done, self.line.error)


def _filter(name: str) -> QComboBox:
    made = choice(name)
    made.addItem(tr("all"), None)
    return made


def _fill(box: QComboBox, names: list[str]) -> None:
    if [box.itemData(n) for n in range(1, box.count())] == names:
        return
    chosen = box.currentData()
    box.blockSignals(True)
    while box.count() > 1:
        box.removeItem(1)
    for name in names:
        box.addItem(name or tr("not named"), name)
    box.setCurrentIndex(max(box.findData(chosen), 0) if chosen is not None else 0)
    box.blockSignals(False)


def _concordance(name: str, title: str, *, is_finding: bool) -> RowTable[Concordance]:
    columns: list[Column[Concordance]] = [
        Column(title, lambda row: row.name or tr("not named"), 0 if not is_finding else 220),
        number_column(tr("Reports"), lambda row: row.reports, 90, text=str),
        Column(tr("Agree"), lambda row: share_words(row.agree), 200, key=lambda row: row.agree.value or 0.0),
    ]
    if is_finding:
        said: tuple[tuple[str, Callable[[Concordance], quality.Share], int], ...] = (
            (tr("Affirmed by the draft, and signed"), lambda row: row.kept, 220),
            (tr("Signed, and in the draft"), lambda row: row.found, 0),
        )
        for head, part, width in said:
            columns.append(
                Column(
                    head,
                    lambda row, part=part: share_words(part(row)),  # type: ignore[misc]
                    width,
                    key=lambda row, part=part: part(row).value or 0.0,  # type: ignore[misc]
                )
            )
    return RowTable(name, columns, key=lambda row: row.name)


def _column(*parts: QWidget | QHBoxLayout) -> QWidget:
    made = QWidget()
    layout = QVBoxLayout(made)
    layout.setContentsMargins(0, 8, 0, 0)
    layout.setSpacing(8)
    for part in parts:
        if isinstance(part, QHBoxLayout):
            layout.addLayout(part)
        else:
            layout.addWidget(part, 0 if part.inherits("QLabel") else 1)
    return made
