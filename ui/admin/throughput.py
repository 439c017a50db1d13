"""Throughput: studies received, drafted and signed by hour or day, and how long a draft was waited for."""

from __future__ import annotations

from datetime import UTC, datetime

from llmcxr_ws import supervising
from llmcxr_ws.store.supervision import Flow
from llmcxr_ws.throughput import Period, by_period, since
from ui.admin.section import Section, row_of
from ui.language import mark, tr
from ui.office import Office
from ui.plots import Chart, PlotPanel, Series
from ui.widgets import choice, label

# Words, how many hours or days, whether hours, milliseconds between two looks: half a year takes a moment to read.
_SPANS = (
    (mark("the last 24 hours"), 24, True, 20_000),
    (mark("the last 7 days, by the hour"), 168, True, 60_000),
    (mark("the last 30 days"), 30, False, 300_000),
    (mark("the last 180 days"), 180, False, 900_000),
)


class ThroughputSection(Section):
    """Two plots over time."""

    POLL_MS = _SPANS[0][3]

    def __init__(self, office: Office) -> None:
        super().__init__(
            office,
            tr("Throughput"),
            tr("What came in, what was drafted and signed, and how long a draft took."),
        )
        self.span = choice(tr("Time to show"))
        for words, *_ in _SPANS:
            self.span.addItem(tr(words))
        self.span.currentIndexChanged.connect(lambda _: self._on_span())
        self.body.addLayout(row_of(label(tr("Show"), "muted"), self.span))
        self.counts, self.waits = PlotPanel(), PlotPanel()
        self.body.addWidget(self.counts, 1)
        self.body.addWidget(self.waits, 1)
        self.sums = label("", wraps=True)
        self.body.addWidget(self.sums)

    def _on_span(self) -> None:
        self.poll_each(_SPANS[self.span.currentIndex()][3])
        self.refresh()

    def refresh(self) -> None:
        """Read the moments of the chosen time."""
        _, count, hours, _ = _SPANS[self.span.currentIndex()]
        now = datetime.now(UTC)
        first = since(now, count, hours=hours).astimezone(UTC)

        def done(found: Flow) -> None:
            self._show(by_period(found, until=now, count=count, hours=hours), hours=hours)

        self.office.read(self, lambda place: supervising.flow(place, first), done, self.line.error)

    def _show(self, periods: tuple[Period, ...], *, hours: bool) -> None:
        form = "%H:%M" if hours and len(periods) <= 24 else "%m-%d %H:%M" if hours else "%m-%d"
        places = tuple(period.start.strftime(form) for period in periods)
        self.counts.show_chart(
            Chart(
                tr("Studies"),
                places,
                (
                    Series(tr("received"), tuple(float(period.received) for period in periods), "focus"),
                    Series(tr("drafted"), tuple(float(period.drafted) for period in periods), "ai"),
                    Series(tr("signed"), tuple(float(period.signed) for period in periods), "good"),
                ),
                unit=tr("studies an hour") if hours else tr("studies a day"),
                stacked=False,
            )
        )
        self.waits.show_chart(
            Chart(
                tr("From arrival to draft"),
                places,
                (
                    Series(
                        tr("half of them within"), tuple(period.wait_median for period in periods), "focus"
                    ),
                    Series(
                        tr("nine of ten within"), tuple(period.wait_p90 for period in periods), "attention"
                    ),
                ),
                unit=tr("minutes"),
                lines=True,
                decimals=1,
                counted=tr("drafts"),
                counts=tuple(period.drafted for period in periods),
            )
        )
        self.sums.setText(
            tr(
                "In all: {received} received, {drafted} drafted, {signed} signed.",
                received=sum(period.received for period in periods),
                drafted=sum(period.drafted for period in periods),
                signed=sum(period.signed for period in periods),
            )
        )
