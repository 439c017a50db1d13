"""The quality page on a season of drafts: its words, tables, plots and the export."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from llmcxr_ws import supervising
from llmcxr_ws.store import statistics
from tests.ui.conftest import Seat
from tests.ui.office_seat import nameless, open_page
from tests.ui.office_world import Past
from ui.quality.page import QualityPage


def shown(seat: Seat) -> QualityPage:
    page = open_page(seat, "quality", QualityPage)
    seat.wait(lambda: page.found is not None)
    return page


def test_an_empty_home_says_so(past: Past, seat: Seat) -> None:
    page = shown(seat)
    assert "0 drafts in this time" in page.words.text()
    assert page.decisions.plot._chart.is_empty and page.edits.plot._chart.is_empty
    assert "Too few drafts" in page.drift_words.text() and page.findings.rows == ()
    assert nameless(page) == []


def test_a_season(past: Past, seat: Seat, tmp_path: Path) -> None:
    past.a_season(60)
    page = shown(seat)
    assert page.words.text().startswith("60 drafts, 57 decided: 63 % (36 of 57")
    assert "26 % (15 of 57" in page.words.text() and "11 % (6 of 57" in page.words.text()
    table = page.decisions.table
    assert table is not None
    assert sum(float(row[1]) for row in table.rows) == 36 and sum(float(row[3]) for row in table.rows) == 6
    edits = page.edits.table.rows
    assert sum(int(row[2]) for row in edits) == 51 and not any("(" in row[1] for row in edits)  # few a week
    seat.wait(lambda: page.findings.rows != ())
    rows = {row.name: row for row in page.findings.rows}
    assert rows["Pneumonia"].agree.hits == rows["Pneumonia"].reports == 51
    assert rows["Edema"].found.of > rows["Edema"].found.hits  # the readers added it
    assert {row.name for row in page.scanners.rows} == {"Acme DR 5000", "Beta Mobile 2"}
    assert sum(row.reports for row in page.scanners.rows) == 51
    assert len(page.sites.rows) == 1
    page.scanner.setCurrentIndex(page.scanner.findData("Acme DR 5000"))
    of_scanner = next(row.reports for row in page.scanners.rows if row.name == "Acme DR 5000")
    seat.wait(lambda: {row.reports for row in page.findings.rows} == {of_scanner})
    assert page.found is not None and page.found.drift.reference_films == 30
    assert "against its first 30" in page.drift_words.text()

    page.span.setCurrentIndex(2)
    seat.wait(
        lambda: any("(" in row[1] for row in page.edits.table.rows)
    )  # more a month: with their interval

    page.export(tmp_path / "q.csv")
    seat.wait(lambda: (tmp_path / "q.csv").exists() and "60 drafts" in page.line.text)
    kept = list(csv.DictReader(io.StringIO((tmp_path / "q.csv").read_text(encoding="utf-8"))))
    assert len(kept) == 60 and {row["decision"] for row in kept} == {"accepted", "edited", "rejected", "open"}
    assert not {"report_id", "study_id", "made_at", "decided_at"} & set(kept[0])
    assert all(re.fullmatch(r"\d{4}-\d\d", row["made_in"]) for row in kept)
    page.export(tmp_path / "q.json")
    seat.wait(lambda: (tmp_path / "q.json").exists() and "q.json" in page.line.text)
    text = (tmp_path / "q.json").read_text(encoding="utf-8")
    assert json.loads(text)["by_finding"] and "Doe" not in text and "ACC-" not in text
    page.export(tmp_path / "nowhere" / "q.csv")
    seat.wait(lambda: "can't be written" in page.line.text)


def test_sites_are_told_apart_and_findings_are_counted_for_one(past: Past, seat: Seat) -> None:
    for house, count in (("East House", 3), ("West House", 2)):
        past.facts = replace(past.facts, InstitutionName=house)
        for _ in range(count):
            past.signed(past.drafted("There is an edema.", ("Edema",)), "There is an edema.", ("Edema",))
    page = shown(seat)
    assert {row.name: row.reports for row in page.sites.rows} == {"East House": 3, "West House": 2}
    page.site.setCurrentIndex(page.site.findData("West House"))
    seat.wait(lambda: {row.reports for row in page.findings.rows} == {2})


def test_the_drift_is_drawn_run_by_run_beside_what_chance_makes(past: Past, seat: Seat) -> None:
    past.a_season(60)
    page = shown(seat)
    assert page.found is not None and page.found.drift.points
    chart = page.drift.plot._chart
    distance, usual = chart.series
    assert distance.values == tuple(point.distance for point in page.found.drift.points)
    assert usual.values == tuple(point.usual for point in page.found.drift.points)
    assert chart.counts == tuple(point.films for point in page.found.drift.points)


def test_the_time_that_is_shown(past: Past, seat: Seat) -> None:
    past.long_ago(past.drafted(), 100)
    past.signed(past.drafted(), "Clear.")
    page = shown(seat)
    assert page.words.text().startswith("2 drafts, 1 decided")
    page.span.setCurrentIndex(0)
    seat.wait(lambda: page.words.text().startswith("1 draft, 1 decided"))
    page.span.setCurrentIndex(2)
    seat.wait(lambda: page.words.text().startswith("2 drafts, 1 decided"))


def test_the_last_choice_of_time_is_what_stands_there(past: Past, seat: Seat) -> None:
    past.long_ago(past.drafted(), 100)
    past.signed(past.drafted(), "Clear.")
    page = shown(seat)
    for span in (2, 0, 2, 0):
        page.span.setCurrentIndex(span)
    seat.wait(lambda: seat.tasks.is_idle)
    assert page.words.text().startswith("1 draft, 1 decided")


def test_what_was_left_out_is_told(past: Past, seat: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        past.signed(past.drafted(), "Clear.")
    whole = supervising.quality_rows(past.home.workplace, datetime.now(UTC) - timedelta(days=1))
    assert not whole.is_cut
    monkeypatch.setattr(statistics, "MOST", 3)
    page = shown(seat)
    assert "Only the latest drafts of this time are counted" in page.words.text()
