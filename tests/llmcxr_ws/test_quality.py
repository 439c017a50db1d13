"""What the quality page counts, on texts and histograms whose answers are known."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from llmcxr_ws import quality, reading
from llmcxr_ws.store import requests, statistics, studies
from llmcxr_ws.store.administration import apply_request
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.statistics import DraftCodes, DraftFate
from tests.llmcxr_ws.world import (
    AI_TEXT,
    SERVICE_KEY,
    Person,
    arrival,
    draft,
    drafted,
    execute,
    report,
    settle,
    sign,
)

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def fate(**changes: Any) -> DraftFate:
    values: dict[str, Any] = {
        "report_id": 1,
        "made_at": NOON,
        "decided_at": NOON,
        "fate": "signed",
        "ai_text": "No effusion.",
        "signed_text": "No effusion.",
        "confidence": 0.5,
        "ai_labels": {"Effusion": "negative", "Edema": ""},
        "signed_labels": {"Effusion": "negative", "Edema": ""},
        "model": "demo 1",
        "model_device_uid": "2.25.1",
        "scanner": "Acme DR",
        "site": "East",
    }
    return DraftFate(**(values | changes))


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    # statsmodels.stats.proportion.proportion_confint(method="wilson")
    [
        (8, 10, 0.4901625, 0.9433178),
        (0, 10, 0.0, 0.2775328),
        (50, 50, 0.9286524, 1.0),
        (1, 3, 0.0614920, 0.7923404),
    ],
)
def test_wilson_intervals(hits: int, of: int, low: float, high: float) -> None:
    found = quality.share(hits, of)
    assert found.low == pytest.approx(low, abs=1e-6) and found.high == pytest.approx(high, abs=1e-6)


def test_an_empty_share_knows_nothing() -> None:
    assert (quality.share(0, 0).value, quality.share(0, 0).low, quality.share(0, 0).high) == (None, 0.0, 1.0)


@pytest.mark.parametrize(
    ("before", "after", "share"),
    [
        ("a b c", "a b c", 0.0),
        ("a b c", "a  b\nc ", 0.0),
        ("a b c d", "a c d", 0.25),
        ("a b", "c d", 1.0),
        ("", "", 0.0),
        ("", "a", 1.0),
        ("the heart is large", "the heart is not so large", 2 / 6),
    ],
)
def test_words_changed(before: str, after: str, share: float) -> None:
    assert quality.words_changed(before, after) == pytest.approx(share)


def test_decisions_by_week_and_month_without_gaps() -> None:
    rows = [
        fate(),
        fate(signed_text="An effusion.", decided_at=NOON + timedelta(days=1)),
        fate(fate="rejected", signed_text="", decided_at=None, made_at=NOON + timedelta(days=15)),
        fate(fate="open", signed_text="", decided_at=None),
        fate(fate="withheld"),
    ]
    weeks = quality.over_time(rows, "week")
    assert [(w.start, w.accepted, w.edited, w.rejected) for w in weeks] == [
        (date(2026, 3, 2), 1, 1, 0),
        (date(2026, 3, 9), 0, 0, 0),
        (date(2026, 3, 16), 0, 0, 1),
    ]
    assert weeks[0].words_changed == pytest.approx(0.25) and weeks[1].words_changed is None
    (month,) = quality.over_time(rows, "month")
    assert (month.start, month.decided) == (date(2026, 3, 1), 3)
    december = quality.over_time(
        [fate(decided_at=datetime(2026, m, 20, tzinfo=UTC)) for m in (11, 12)], "month"
    )
    assert [row.start.month for row in december] == [11, 12]
    assert quality.over_time([], "day") == ()


def test_concordance_of_findings() -> None:
    rows = [
        fate(ai_labels={"Effusion": "positive"}, signed_labels={"Effusion": "uncertain"}),
        fate(ai_labels={"Effusion": "positive"}, signed_labels={"Effusion": "negative"}),
        fate(ai_labels={"Effusion": ""}, signed_labels={"Effusion": "positive"}),
        fate(ai_labels={"Effusion": "negative"}, signed_labels={"Effusion": ""}),
        fate(ai_labels={}, signed_labels={"Effusion": "positive"}),  # not read yet: counts nowhere
    ]
    (row,) = quality.by_finding(rows)
    assert (row.name, row.reports) == ("Effusion", 4)
    assert [(s.hits, s.of) for s in (row.agree, row.kept, row.found)] == [(2, 4), (1, 2), (1, 2)]


def test_concordance_of_scanners_counts_whole_reports() -> None:
    rows = [
        fate(),
        fate(signed_labels={"Effusion": "positive", "Edema": "positive"}),
        fate(scanner="Other"),
    ]
    found = quality.by_group(rows, lambda row: row.scanner)
    assert [(row.name, row.agree.hits, row.agree.of) for row in found] == [("Acme DR", 1, 2), ("Other", 1, 1)]


def test_a_mean_of_few_has_no_interval_and_one_of_many_holds_it() -> None:
    few = quality.over_time([fate()] * 9, "month")[0]
    assert (few.signed, few.words_changed, few.low, few.high) == (9, 0.0, None, None)
    rows = [fate(), fate(signed_text="An effusion."), fate(fate="rejected")] * 30
    (many,) = quality.over_time(rows, "month")
    assert many.signed == 60 and many.words_changed == pytest.approx(0.25)
    assert many.low is not None and many.high is not None
    # The mean of 60 halves and zeros has a standard error of 0.25 / sqrt(60).
    assert many.low == pytest.approx(0.25 - 1.96 * 0.0323, abs=0.01)
    assert many.high == pytest.approx(0.25 + 1.96 * 0.0323, abs=0.01)


def films(count: int, random: np.random.Generator, weights: Any, at: int = 0) -> list[DraftCodes]:
    return [
        DraftCodes(
            at + n,
            NOON + timedelta(hours=at + n),
            tuple(int(v) for v in random.choice(len(weights), 64, p=weights)),
        )
        for n in range(count)
    ]


def test_drift_stays_within_its_band_without_one_and_leaves_it_with_one() -> None:
    random = np.random.default_rng(5)
    flat = np.full(40, 1 / 40)
    slope = np.linspace(1, 3, 40) / np.linspace(1, 3, 40).sum()
    quiet = quality.drift([*films(200, random, flat), *films(500, random, flat, 200)])
    assert (quiet.reference_films, len(quiet.points)) == (200, 10)
    # 5 % are expected to leave it by chance; 4 of 10 would be a one in a thousand accident.
    assert sum(point.is_unusual for point in quiet.points) <= 3
    moved = quality.drift([*films(200, random, flat), *films(200, random, slope, 200)])
    assert all(point.is_unusual and point.distance > 0 for point in moved.points)


def test_drift_needs_a_reference() -> None:
    few = films(30, np.random.default_rng(1), np.full(4, 0.25))
    assert quality.drift(few).points == () and quality.drift(few).reference_films == 15
    assert quality.drift(()).reference_films == 0


def test_the_distance_of_histograms() -> None:
    a, b = np.array([1.0, 0.0]), np.array([0.0, 3.0])
    assert quality.js_distance(a, a) == 0.0 and quality.js_distance(a, b) == pytest.approx(1.0)
    # scipy.spatial.distance.jensenshannon([.5, .5], [.9, .1], 2)
    assert quality.js_distance(np.array([1.0, 1.0]), np.array([9.0, 1.0])) == pytest.approx(0.3839, abs=1e-3)


def test_fates_from_the_store_and_an_export_without_patients(db: Database, reader: Person) -> None:
    kept = drafted(db, 1)
    sign(db, reader, kept)
    facts = {"Manufacturer": "=Acme", "ManufacturerModelName": "DR 5", "InstitutionName": "East"}
    changed = studies.record_arrival(db, arrival(2, facts=facts)).study_id
    settle(db, changed)
    draft(db, codes=tuple(range(256)))
    sign(db, reader, changed, "The heart is large.")
    rejected = drafted(db, 3)
    number = reading.request_rejection(db, reader.key, report(db, rejected), "Wrong side")
    apply_request(db, requests.request_by_id(db, number), SERVICE_KEY)
    drafted(db, 4)
    execute(db, 'UPDATE report SET ai_labels = \'{"Edema": "positive"}\', signed_labels = \'{"Edema": ""}\'')
    fates = statistics.draft_fates(db, NOON - timedelta(days=9999))
    assert [quality.decision(row) for row in fates] == ["accepted", "edited", "rejected", ""]
    assert (fates[1].scanner, fates[1].site, fates[0].site) == ("=Acme DR 5", "East", "pacs")
    assert fates[0].ai_text == AI_TEXT and fates[0].ai_labels == {"Edema": "positive"}
    codes = statistics.draft_codes(db, "2.25.1", first=1, latest=2)
    assert [len(row.codes) for row in codes] == [3, 3, 3]

    table = list(csv.DictReader(io.StringIO(quality.as_csv(fates))))
    assert [row["decision"] for row in table] == ["accepted", "edited", "rejected", "open"]
    assert table[1]["scanner"].startswith("'=") and table[0]["ai_findings"] == "Edema"
    assert table[0]["made_in"] == table[0]["decided_in"] == f"{datetime.now().astimezone():%Y-%m}"
    assert [row["number"] for row in table] == ["1", "2", "3", "4"] and table[0]["hours_to_decision"] == "0.0"
    whole = quality.as_json(fates, quality.drift(codes))
    assert json.loads(whole)["by_finding"][0]["name"] == "Edema"
    for secret in (f"{datetime.now(UTC):%Y-%m-%d}T", "report_id", "Doe", "P-1", "ACC-", "heart", "19700101"):
        assert secret not in whole and secret not in quality.as_csv(fates)


def test_a_rejected_draft_stays_rejected_when_another_text_is_signed(db: Database, reader: Person) -> None:
    study_id = drafted(db)
    number = reading.request_rejection(db, reader.key, report(db, study_id), "Wrong side")
    apply_request(db, requests.request_by_id(db, number), SERVICE_KEY)
    sign(db, reader, study_id, "All else.")
    (row,) = statistics.draft_fates(db, NOON - timedelta(days=9999))
    assert (row.fate, quality.decision(row)) == ("rejected", "rejected")
