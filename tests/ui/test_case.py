"""The open study under bad luck: a store that refuses, films on their way twice, people who change meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from llmcxr_ws.domain import StudyRow
from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.seen import FilmSeen
from llmcxr_ws.store import studies
from tests.factories import make_non_film
from tests.ui.conftest import Seat
from tests.ui.homes import House
from tests.ui.test_comparison import BEFORE, NOW, film, opened, press, receive
from ui import case as case_module
from ui import films
from ui.evidence.words import region_on


class Gate:
    """Holds the decoding of chosen films back until a test lets them go on."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self._holds: dict[str, threading.Event] = {}

    def hold(self, title: str) -> None:
        """Let no film of this view be decoded."""
        self._holds[title] = threading.Event()

    def let_go(self, title: str) -> None:
        """Let it go on."""
        self._holds[title].set()

    def load(self, path: Path, study: StudyRow, choice: films.FilmChoice, place: tuple[int, int]) -> Any:
        """Decode, when it may."""
        self.begun.append(choice.title)
        if choice.title in self._holds:
            assert self._holds[choice.title].wait(20)
        return films.load_film(path, study, choice, place)

    def open_all(self) -> None:
        """Hold nothing back any more."""
        for event in self._holds.values():
            event.set()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    made = Gate()
    monkeypatch.setattr(case_module, "load_film", made.load)
    yield made
    made.open_all()


def drafted(home: House, folder: Path, seed: str, day: datetime, **more: Any) -> int:
    study = receive(home, film(seed, day, **more), folder)
    home.settle()
    home.draft("Heart size is normal.")
    return study


def held_back(seat: Seat, folder: Path, gate: Gate) -> tuple[int, int]:
    """Log in before a prior, whose film won't be decoded yet, and a study of now; return both."""
    prior = drafted(seat.home, folder, "old", BEFORE, view="AP")
    now = drafted(seat.home, folder, "new", NOW)
    gate.hold("AP")
    seat.log_in()
    seat.wait(lambda: seat.window.worklist.model.row_of(now) is not None)
    return prior, now


def test_a_study_that_could_not_be_opened_can_be_tried_again(
    seat: Seat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = drafted(seat.home, tmp_path, "one", NOW, patient_id="P-1", study_seed="one")
    second = drafted(seat.home, tmp_path, "two", NOW, patient_id="P-2", study_seed="two")
    opened(seat, first)
    desk, read = seat.window._desk, seat.window._desk.detail

    def refuse(study_id: int) -> Any:
        if study_id == second:
            raise UserFacingError("The database doesn't answer.", what_to_do="Try again.")
        return read(study_id)

    monkeypatch.setattr(desk, "detail", refuse)
    seat.window.worklist.choose(second)
    seat.wait(lambda: "doesn't answer" in seat.window.statusBar().currentMessage() and seat.tasks.is_idle)
    case = seat.window.case
    assert case.detail is not None
    assert case.study_id == case.detail.study.id == first, "what lies open is what is on the screen"
    assert studies.study_row(seat.home.workplace.db, first).held_by == "anna", "and it is still held"
    monkeypatch.setattr(desk, "detail", read)
    case.open(second)
    seat.wait(lambda: case.detail is not None and case.detail.study.id == second)


def test_a_study_that_comes_after_its_reader_has_gone_is_given_back(
    seat: Seat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = drafted(seat.home, tmp_path, "one", NOW)
    seat.log_in()
    held = threading.Event()
    hold = seat.window._desk.hold

    def slowly(*values: Any, **more: Any) -> None:
        hold(*values, **more)
        assert held.wait(20)

    monkeypatch.setattr(seat.window._desk, "hold", slowly)
    seat.wait(lambda: seat.window.worklist.model.row_of(study) is not None)
    seat.window.worklist.choose(study)
    seat.wait(lambda: studies.study_row(seat.home.workplace.db, study).held_by == "anna")
    seat.window.lock()
    seat.window._on_other_person()
    held.set()
    seat.wait(lambda: seat.tasks.is_idle)
    assert not studies.study_row(seat.home.workplace.db, study).held_by


def test_a_film_on_its_way_as_a_prior_is_shown_with_its_own_words(
    seat: Seat, tmp_path: Path, gate: Gate
) -> None:
    prior, now = held_back(seat, tmp_path, gate)
    seat.window.case.open(now)
    seat.wait(lambda: "AP" in gate.begun)
    seat.window.case.open(prior)
    seat.wait(lambda: seat.window.case.detail is not None and seat.window.case.detail.study.id == prior)
    gate.let_go("AP")
    seat.wait(lambda: seat.tasks.is_idle and seat.window.film.view.film is not None)
    shown = seat.window.film.view.film
    assert shown is not None
    assert "film of the draft" in shown.overlay.bottom_left


def test_a_film_on_its_way_as_the_next_study_is_compared_with_its_own_words(
    seat: Seat, tmp_path: Path, gate: Gate
) -> None:
    prior, now = held_back(seat, tmp_path, gate)
    row = studies.study_row(seat.home.workplace.db, prior)
    seat.window.case.prefetch(row)
    seat.wait(lambda: "AP" in gate.begun)
    seat.window.case.open(now)
    panel = seat.window.film
    seat.wait(lambda: panel.view.film is not None and panel.films.count() == 1)
    press(seat, "p")
    gate.let_go("AP")
    seat.wait(lambda: panel.pair.prior.film is not None)
    assert panel.pair.prior.film is not None
    assert "film of the draft" not in panel.pair.prior.film.overlay.bottom_left


def test_leafing_beside_a_prior_changes_the_title_over_the_film(seat: Seat, tmp_path: Path) -> None:
    drafted(seat.home, tmp_path, "old", BEFORE, view="AP")
    now = receive(seat.home, film("new", NOW), tmp_path)
    receive(seat.home, film("side", NOW, view="LL"), tmp_path)
    opened(seat, now)
    panel = seat.window.film
    seat.wait(lambda: panel.films.count() == 2)
    press(seat, "p")
    seat.wait(lambda: panel.pair.prior.film is not None)
    press(seat, ".")
    seat.wait(lambda: seat.tasks.is_idle)
    assert panel.pair.titles == ("Current: 2026-11-02, lateral", "Prior: 2026-05-01, AP, 185 days before")


def test_a_film_on_its_way_does_not_wear_the_one_before(seat: Seat, tmp_path: Path, gate: Gate) -> None:
    now = receive(seat.home, film("new", NOW), tmp_path)
    receive(seat.home, film("side", NOW, view="LL"), tmp_path)
    gate.hold("lateral")
    seat.log_in()
    seat.wait(lambda: seat.window.worklist.model.row_of(now) is not None)
    seat.window.worklist.choose(now)
    panel = seat.window.film
    seat.wait(lambda: panel.view.film is not None and panel.films.count() == 1)
    press(seat, ".")
    assert panel.view.film is None
    assert panel.view.message == "Loading the film…"
    gate.let_go("lateral")
    seat.wait(lambda: panel.view.film is not None)
    assert panel.view.film is not None
    assert "lateral · film 2 of 2" in panel.view.film.overlay.bottom_left
    press(seat, ",")
    assert panel.view.film is not None, "the first one is still in memory"


def test_a_late_film_is_offered_for_comparison(seat: Seat, tmp_path: Path) -> None:
    now = receive(seat.home, film("new", NOW), tmp_path)
    opened(seat, now)
    assert seat.window.film.films.count() == 0
    receive(seat.home, film("side", NOW, view="LL"), tmp_path)
    seat.wait(lambda: seat.window.film.films.count() == 1)
    assert seat.window.film.films.itemText(0) == "This study: lateral"


def test_no_film_of_another_patient_stays_beside_a_study_without_images(
    seat: Seat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafted(seat.home, tmp_path, "old", BEFORE, view="AP")
    now = receive(seat.home, film("new", NOW), tmp_path)
    paper = receive(
        seat.home, make_non_film(study_seed="paper", patient_id="P-9", accession="PAPER"), tmp_path
    )
    opened(seat, now)
    panel = seat.window.film
    seat.wait(lambda: panel.films.count() == 1)
    press(seat, "p")
    seat.wait(lambda: panel.pair.prior.film is not None)

    def refuse(_: int) -> Any:
        raise UserFacingError("The database doesn't answer.", what_to_do="Try again.")

    monkeypatch.setattr(seat.window._desk, "other_studies", refuse)
    seat.open(paper)
    seat.wait(lambda: panel.view.film is None and seat.tasks.is_idle)
    assert panel.view.message == "This study has no image that can be shown."
    assert panel.pair.prior.film is None
    assert not panel.pair.is_pair


def test_the_films_of_one_person_are_not_kept_for_the_next(seat: Seat, tmp_path: Path, gate: Gate) -> None:
    now = drafted(seat.home, tmp_path, "new", NOW)
    gate.hold("PA")
    seat.log_in()
    seat.wait(lambda: seat.window.worklist.model.row_of(now) is not None)
    seat.window.case.open(now)
    seat.wait(lambda: "PA" in gate.begun)
    seat.window.lock()
    seat.window._on_other_person()
    gate.let_go("PA")
    seat.wait(lambda: seat.tasks.is_idle)
    assert not seat.window.case._films


def test_the_film_on_the_screen_is_never_dropped_for_others(seat: Seat, tmp_path: Path) -> None:
    days = [datetime(2026, 1, 1 + n, 8, 0) for n in range(case_module._KEPT_FILMS + 1)]
    for n, day in enumerate(days):
        receive(seat.home, film("p" * (n + 1), day), tmp_path)
    now = receive(seat.home, film("new", NOW), tmp_path)
    opened(seat, now)
    panel, case = seat.window.film, seat.window.case
    seat.wait(lambda: panel.films.count() == len(days))
    press(seat, "p")
    for n in range(len(days)):
        panel.films.activated.emit(n)
        seat.wait(lambda n=n: panel.pair.titles[1] == panel.films.itemText(n))  # type: ignore[misc]
        seat.wait(lambda: panel.pair.prior.film is not None and seat.tasks.is_idle)
    assert case._choices[0].uid in case._films


def test_the_newest_draft_wins_whichever_picture_is_done_last(
    seat: Seat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = drafted(seat.home, tmp_path, "new", NOW)
    opened(seat, now)
    case = seat.window.case
    older = FilmSeen.from_evidence(
        {
            "film_seen": {
                "version": "2",
                "size": [300, 260],
                "low": 0,
                "high": 4095,
                "greys": list(range(256)),
                "scaled": [256, 295],
                "cut": [0, 19, 256, 275],
                "resample": "lanczos",
            }
        }
    )
    assert older is not None
    newer = replace(older, greys=tuple(reversed(older.greys)))
    waits = threading.Event()
    again = films.see_again

    def slow_for_the_older(path: Path, shown: Any, seen: FilmSeen) -> Any:
        if seen == older:
            assert waits.wait(20)
        return again(path, shown, seen)

    monkeypatch.setattr(case_module, "see_again", slow_for_the_older)
    assert case.detail is not None
    kept = case._films[case._choices[0].uid]
    for seen in (older, newer):
        case._see_again(kept, case.detail, replace(case._choices[0], seen=seen))
    seat.wait(lambda: case._films[case._choices[0].uid].seen is not None)
    first = case._films[case._choices[0].uid].seen
    waits.set()
    seat.wait(lambda: seat.tasks.is_idle)
    assert case._films[case._choices[0].uid].seen is first


def test_a_map_lies_on_its_part_of_a_film_whose_pixels_are_not_square(seat: Seat, tmp_path: Path) -> None:
    """The engine tells a region as shares of the file; rows that were repeated for the screen aren't the file's."""
    now = drafted(seat.home, tmp_path, "new", NOW, pixel_spacing_mm=(1.4, 0.7))
    opened(seat, now)
    view, evidence = seat.window.film.view, seat.window.evidence
    assert view.film is not None
    assert (view.film.rows, view.film.stretch) == (600, 2.0)
    detail = seat.window.case.detail
    assert detail is not None
    assert detail.report is not None
    seen = {"left": 0.0, "top": 0.5, "right": 1.0, "bottom": 1.0}
    evidence._report = replace(detail.report, evidence={"seen": seen})
    assert evidence._film is not None
    region = region_on(evidence._report, *evidence._film)
    seat.window._on_heat(np.ones((4, 4), np.float32), region)
    assert view.heat is not None
    image = view.grab().toImage()
    columns, middle = image.width(), view.placement.to_screen((0.0, 300.0))[1]
    lit = [
        y
        for y in range(image.height())
        if (pixel := image.pixelColor(columns // 2, y)).red() - pixel.blue() > 25
    ]
    assert min(lit) == pytest.approx(middle, abs=4)
    assert max(lit) == pytest.approx(view.placement.to_screen((0.0, 600.0))[1], abs=4)
