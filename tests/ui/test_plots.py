"""Plots: what they draw is where it should be, and the table beside says the same."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from ui.plots import Chart, Plot, PlotPanel, Series
from ui.theme import current

BARS = Chart(
    "Studies",
    ("Mo", "Tu"),
    (Series("in", (4.0, 0.0), "good"), Series("out", (0.0, 2.0), "bad")),
    stacked=False,
)


def drawn(qtbot: QtBot, chart: Chart) -> tuple[Plot, QImage]:
    plot = Plot()
    qtbot.addWidget(plot)
    plot.resize(500, 300)
    plot.show_chart(chart)
    return plot, plot.grab().toImage()


def height_of(image: QImage, x: int, colour: str) -> int:
    wanted = QColor(colour).rgb()
    # Below the legend.
    return sum(image.pixelColor(x, y).rgb() == wanted for y in range(40, image.height()))


def test_a_bar_is_as_high_as_its_value(qtbot: QtBot) -> None:
    _, image = drawn(qtbot, BARS)
    heights = [height_of(image, x, current().good) for x in range(image.width())]
    tallest = max(heights)
    full = max(height_of(image, x, current().bad) for x in range(image.width()))
    assert tallest > 150 and heights.index(tallest) < image.width() / 2
    assert 0 < full <= tallest * 0.55  # 2 of 4, hatched


def test_nothing_to_show_is_said(qtbot: QtBot) -> None:
    plot, image = drawn(qtbot, Chart("Empty", ("Mo",), (Series("in", (0.0,)),)))
    assert plot._chart.is_empty
    assert any(image.pixelColor(x, y).name() == current().muted for x in range(500) for y in range(120, 180))


@pytest.mark.parametrize(
    ("value", "decimals", "top"),
    [
        (1, 0, 4),
        (5, 0, 8),
        (9, 0, 12),
        (13, 0, 16),
        (100, 0, 100),
        (101, 0, 120),
        (0.31, 3, 0.32),
        (0.7, 1, 0.8),
    ],
)
def test_the_axis_ends_at_a_number_whose_quarters_can_be_read(
    value: float, decimals: int, top: float
) -> None:
    chart = Chart("x", ("a",), (Series("s", (value,)),), decimals=decimals)
    assert chart.top == pytest.approx(top)
    assert all(float(chart.said(top * n / 4)) == pytest.approx(top * n / 4) for n in range(5))


def test_stacked_bars_add_up(qtbot: QtBot) -> None:
    assert Chart("x", ("a",), (Series("s", (3.0,)), Series("t", (4.0,)))).top == 8
    assert Chart("x", ("a",), (Series("s", (3.0,)), Series("t", (4.0,))), stacked=False).top == 4


def test_the_table_holds_every_value_and_lines_may_have_gaps(qtbot: QtBot) -> None:
    panel = PlotPanel()
    qtbot.addWidget(panel)
    panel.resize(500, 300)
    panel.show_chart(
        Chart("Wait", ("Mo", "Tu", "We"), (Series("half", (1.0, None, 2.5)),), "min", lines=True, decimals=1)
    )
    panel.show()
    assert list(panel.table.rows) == [("Mo", "1.0"), ("Tu", "–"), ("We", "2.5")]
    panel.as_table.click()
    assert panel.table.isVisible()
    panel.show_chart(BARS)
    assert panel.table.isVisible() and len(panel.table.rows) == 2
    assert panel.plot.accessibleName() == "Studies"


def test_a_line_of_zeros_is_drawn_and_a_line_of_nothing_isn_t(qtbot: QtBot) -> None:
    assert not Chart("x", ("a",), (Series("s", (0.0,)),), lines=True).is_empty
    assert Chart("x", ("a",), (Series("s", (None,)),), lines=True).is_empty
    assert Chart("x", ("a",), (Series("s", (0.0,)),)).is_empty


def test_an_interval_and_what_it_rests_on_are_told_and_drawn(qtbot: QtBot) -> None:
    panel = PlotPanel()
    qtbot.addWidget(panel)
    chart = Chart(
        "Edits",
        ("Mo", "Tu"),
        (Series("mean", (5.0, 7.0), "focus", ((2.0, 9.0), None)),),
        lines=True,
        counted="reports",
        counts=(12, 3),
    )
    panel.show_chart(chart)
    assert panel.table.rows == (("Mo", "5 (2–9)", "12"), ("Tu", "7", "3"))
    assert chart.top >= 9
    bare = Chart("Edits", chart.places, (Series("mean", (5.0, 7.0), "focus"),), lines=True, highest=chart.top)
    _, with_span = drawn(qtbot, chart)
    _, without = drawn(qtbot, bare)
    assert with_span != without


def test_the_table_that_somebody_reads_stays_when_values_change(qtbot: QtBot) -> None:
    panel = PlotPanel()
    qtbot.addWidget(panel)
    panel.show_chart(BARS)
    before = panel.table
    panel.show_chart(
        Chart("Studies", ("Mo", "Tu"), (Series("in", (5.0, 0.0)), Series("out", (0.0, 2.0))), stacked=False)
    )
    assert panel.table is before and panel.table.rows[0] == ("Mo", "5", "0")
