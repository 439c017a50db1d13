"""Reports worded for a prepared set: balanced inside what a prompt could tell, and every film left out counted."""

from collections import defaultdict
from pathlib import Path

import pytest

from engine.data.prepared import PreparedSet
from engine.data.records import FilmRecord, ReportText
from engine.data.templates import age_band, judged_findings, parse_impression
from engine.data.wording import balanced_weights, word_reports
from engine.errors import DataError


def record(number: int, labels: str | None, view: str = "PA", age: int = 45) -> FilmRecord:
    found = None if labels is None else frozenset(labels.split("|"))
    return FilmRecord(
        f"k{number}", Path(f"{number}.png"), "made", f"p{number}", "", "", view, age, "F", found,
        None, None, None, "train", "made here",
    )  # fmt: skip


RECORDS = [
    *(record(number, "No Finding") for number in range(6)),
    *(record(number, "Pneumonia|Edema") for number in range(6, 8)),
    *(record(number, "Pneumonia", view="AP") for number in range(8, 12)),
    record(12, "No Finding", view="AP"),
    record(13, "No Finding", view="AP", age=70),
]


def test_both_sides_of_a_stratum_weigh_the_same() -> None:
    weights = balanced_weights(RECORDS)
    sums: dict[tuple[str, str], dict[bool, float]] = defaultdict(lambda: defaultdict(float))
    for film in RECORDS:
        sums[film.view, age_band(film.age)][film.normal] += weights[film.key]
    assert {stratum: list(sides.values()) for stratum, sides in sums.items()} == {
        ("PA", "40 to 59 years"): pytest.approx([4.0, 4.0]),
        ("AP", "40 to 59 years"): pytest.approx([2.5, 2.5]),
        ("AP", "60 years or more"): pytest.approx([1.0]),
    }


def test_every_film_is_worded_or_counted(tmp_path: Path) -> None:
    films = [*RECORDS, record(20, None), record(21, "Mass")]
    prepared = PreparedSet.create(tmp_path, films, {"reader": "test"})
    prepared.write_reports([ReportText("k20", "A real one.", "report")])
    count, dropped = word_reports(prepared, variants=3, seed=1)
    assert count == 3 * len(RECORDS)
    assert dropped == {"labels settle no report": 2}
    texts = PreparedSet.open(tmp_path).reports()
    assert [text.text for text in texts if text.kind == "report"] == ["A real one."]
    by_key = {film.key: film for film in films}
    for text in texts:
        if text.kind == "worded":
            assert parse_impression(text.text) == frozenset(judged_findings(by_key[text.key]))
    word_reports(prepared, variants=3, seed=1)
    assert PreparedSet.open(tmp_path).reports() == texts


def test_a_set_without_usable_labels_is_refused(tmp_path: Path) -> None:
    prepared = PreparedSet.create(tmp_path, [record(0, "Mass")], {"reader": "test"})
    with pytest.raises(DataError, match="None of the 1 films"):
        word_reports(prepared)
