"""The prior beside the film, and what the model saw, in the real window on a real home."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest

from engine.preprocess import PreprocessingSpec
from engine.worker_record import film_and_seen
from llmcxr_ws.domain import NewDraft
from llmcxr_ws.imaging import stored
from llmcxr_ws.store import requests, studies
from tests.factories import make_film, save
from tests.ui import homes
from tests.ui.conftest import Seat
from tests.ui.homes import PASSWORD, House
from tests.ui.opened import dialog_of
from ui.film_panel import NO_PRIOR, NOT_OPEN, NOT_SEEN, FilmPanel
from ui.shortcuts import text_of
from ui.sign.dialogs import SignDialog


def film(seed: str, day: datetime, **more: Any) -> Any:
    random = np.random.default_rng(len(seed))
    grey = np.add.outer(np.linspace(200, 1500, 300), np.linspace(0, 1800, 260)) + random.normal(
        0, 40, (300, 260)
    )
    defaults = {"study_seed": f"study {day:%Y%m%d}", "bits_stored": 12, "accession": f"A{day:%y%m%d}"}
    return make_film(grey.clip(0, 4095).astype(np.uint16), seed=seed, acquired=day, **{**defaults, **more})


NOW, BEFORE = datetime(2026, 11, 2, 9, 30), datetime(2026, 5, 1, 8, 0)


def receive(home: House, ds: Any, folder: Path) -> int:
    return home.receive(save(ds, folder, f"{ds.SOPInstanceUID}.dcm"))


@pytest.fixture
def patient(home: House, tmp_path: Path) -> tuple[int, int]:
    """A study of today with a lateral, and an earlier AP of the same patient at another spacing."""
    prior = receive(home, film("old", BEFORE, view="AP", pixel_spacing_mm=(1.4, 1.4)), tmp_path)
    home.settle()
    home.draft("Old words.")
    now = receive(home, film("new", NOW), tmp_path)
    receive(home, film("side", NOW, view="LL"), tmp_path)
    home.settle()
    home.draft("Heart size is normal.")
    return now, prior


def opened(seat: Seat, study: int) -> None:
    seat.log_in()
    seat.open(study)
    seat.wait(lambda: seat.window.film.view.film is not None and seat.tasks.is_idle)


def press(seat: Seat, keys: str) -> None:
    seat.window.film.view.setFocus()
    QTest.keyClicks(seat.window.film.view, keys)


def test_p_puts_the_prior_beside_the_film_at_one_scale(seat: Seat, patient: tuple[int, int]) -> None:
    opened(seat, patient[0])
    panel = seat.window.film
    assert [panel.films.itemText(n) for n in range(panel.films.count())] == [
        "Prior: 2026-05-01, AP, 185 days before",
        "This study: lateral",
    ]
    press(seat, "p")
    seat.wait(lambda: panel.pair.prior.film is not None)
    assert panel.pair.titles == ("Current: 2026-11-02, PA", "Prior: 2026-05-01, AP, 185 days before")
    assert panel.pair.prior.isVisible()
    ratio = panel.pair.prior.placement.scale / panel.view.placement.scale
    assert ratio == pytest.approx(1.4 / 0.7)
    assert not panel.scale_note.isVisible()
    assert "Acc. A260501" in panel.pair.prior.film.overlay.top_right  # type: ignore[union-attr]
    assert panel.prior.isChecked()
    panel.view.set_look(panel.view.film.looks[2])  # type: ignore[union-attr]
    assert panel.pair.prior.look is panel.pair.prior.film.looks[2]  # type: ignore[union-attr]
    press(seat, "s")
    assert panel.pair.is_swapped
    press(seat, "p")
    assert not panel.pair.is_pair
    assert not panel.pair.prior.isVisible()


def test_another_film_of_the_study_can_be_compared_with(seat: Seat, patient: tuple[int, int]) -> None:
    opened(seat, patient[0])
    panel = seat.window.film
    press(seat, "p")
    panel.films.setCurrentIndex(1)
    panel.films.activated.emit(1)
    seat.wait(lambda: panel.pair.titles[1] == "This study: lateral" and panel.pair.prior.film is not None)
    # Leafing to the lateral itself ends the comparison with it; the PA takes its place in the list.
    press(seat, ".")
    seat.wait(lambda: seat.tasks.is_idle and panel.view.film is not None)
    assert not panel.pair.is_pair
    texts = [panel.films.itemText(n) for n in range(panel.films.count())]
    assert texts == ["Prior: 2026-05-01, AP, 185 days before", "This study: PA"]


def test_an_earlier_study_sees_the_later_one_as_later(seat: Seat, patient: tuple[int, int]) -> None:
    opened(seat, patient[1])
    panel = seat.window.film
    texts = [panel.films.itemText(n) for n in range(panel.films.count())]
    assert texts == ["Later: 2026-11-02, PA, 185 days after", "Later: 2026-11-02, lateral, 185 days after"]


def test_another_study_ends_the_comparison(seat: Seat, patient: tuple[int, int], tmp_path: Path) -> None:
    other = receive(seat.home, film("else", NOW, patient_id="P-9", study_seed="else"), tmp_path)
    opened(seat, patient[0])
    press(seat, "p")
    seat.wait(lambda: seat.window.film.pair.prior.film is not None)
    seat.open(other)
    seat.wait(lambda: not seat.window.film.pair.is_pair)
    assert seat.window.film.pair.prior.film is None
    assert seat.window.film.films.count() == 0


def test_without_a_prior_the_key_says_so(seat: Seat, tmp_path: Path) -> None:
    study = receive(seat.home, film("new", NOW), tmp_path)
    opened(seat, study)
    press(seat, "p")
    assert not seat.window.film.pair.is_pair
    assert seat.window.statusBar().currentMessage() == NO_PRIOR
    assert not seat.window.film.prior.isEnabled()


def test_a_prior_that_cannot_be_decoded_says_why_in_its_place(seat: Seat, tmp_path: Path) -> None:
    broken = film("old", BEFORE)
    broken.BitsStored = 10
    broken.HighBit = 9
    broken.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.90"
    from pydicom.encaps import encapsulate

    broken.PixelData = encapsulate([b"\xff\x4f\xff\x51 no picture"])
    broken["PixelData"].VR = "OB"
    receive(seat.home, broken, tmp_path)
    opened(seat, receive(seat.home, film("new", NOW), tmp_path))
    press(seat, "p")
    seat.wait(lambda: "can't be decoded" in seat.window.film.pair.prior.message)
    assert seat.window.film.pair.prior.film is None


def test_a_prior_can_be_seen_where_the_film_itself_cannot(seat: Seat, tmp_path: Path) -> None:
    receive(seat.home, film("old", BEFORE), tmp_path)
    broken = film("new", NOW)
    broken.HighBit = 9
    seat.log_in()
    seat.open(receive(seat.home, broken, tmp_path))
    panel = seat.window.film
    seat.wait(lambda: panel.films.count() == 1 and "High Bit 9" in panel.view.message)
    press(seat, "p")
    seat.wait(lambda: panel.pair.prior.film is not None)
    assert panel.pair.prior.isVisible()


def test_priors_are_not_counted_as_films_of_the_study(seat: Seat, patient: tuple[int, int]) -> None:
    opened(seat, patient[0])
    press(seat, "p")
    seat.wait(lambda: seat.window.film.pair.prior.film is not None)
    assert seat.window.case.film_count == 2
    assert seat.window.case.films_unseen == 1


# What the model saw


def test_a_draft_that_says_how_its_film_was_made_can_be_seen_as_the_model_saw_it(
    seat: Seat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ds = film("new", NOW)
    study = receive(seat.home, ds, tmp_path)
    seat.home.settle()
    opened(seat, study)
    panel = seat.window.film
    press(seat, "a")
    assert seat.window.statusBar().currentMessage() == NOT_SEEN
    assert not panel.seen.isChecked()
    # The draft comes while the film is on the screen: nothing moves, and the model's view is offered.
    given = stored(ds)
    model_film, noted = film_and_seen(given.values, PreprocessingSpec(), given.padding_mask)

    def new_draft(**values: Any) -> NewDraft:
        return NewDraft(**{**values, "evidence": {**values["evidence"], "film_seen": noted.to_evidence()}})

    monkeypatch.setattr(homes, "NewDraft", new_draft)
    press(seat, "+")
    placement = panel.view.placement
    seat.home.draft("Heart size is normal.")
    seat.wait(lambda: panel.view.film is not None and panel.view.film.seen is not None)
    assert panel.view.placement == placement
    assert panel.looks.itemText(panel.looks.count() - 1) == "What the model saw"
    press(seat, "a")
    assert panel.view.is_showing_seen
    assert panel.seen.isChecked()
    seen = panel.view.film.seen  # type: ignore[union-attr]
    assert seen is not None
    assert np.array_equal(seen.picture, np.rint((model_film[0] + 1) * 127.5).astype(np.uint8))
    press(seat, "a")
    assert panel.view.look is panel.view.film.looks[0]  # type: ignore[union-attr]


def test_what_the_model_saw_of_another_study_is_said_to_be_there(
    seat: Seat, patient: tuple[int, int]
) -> None:
    opened(seat, patient[0])
    panel = seat.window.film
    press(seat, "p")
    seat.wait(lambda: panel.pair.prior.film is not None)
    panel.pair.prior.setFocus()
    QTest.keyClicks(panel.pair.prior, "a")
    assert seat.window.statusBar().currentMessage() == NOT_OPEN
    press(seat, "a")
    assert seat.window.statusBar().currentMessage() == NOT_SEEN


def test_the_next_study_on_the_worklist_is_fetched_before_it_is_opened(
    seat: Seat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ui import case, films

    studies = [
        receive(seat.home, film(f"f{n}", NOW, patient_id=f"P-{n}", study_seed=f"s{n}"), tmp_path)
        for n in range(3)
    ]
    begun: list[int] = []

    def load(path: Path, study: Any, choice: Any, place: tuple[int, int]) -> Any:
        begun.append(study.id)
        return films.load_film(path, study, choice, place)

    monkeypatch.setattr(case, "load_film", load)
    seat.log_in()
    worklist = seat.window.worklist
    seat.wait(lambda: worklist.model.rowCount() == len(studies))
    worklist.choose_first()
    seat.wait(lambda: len(begun) == 2 and seat.tasks.is_idle)
    first, following = begun
    assert first == seat.window.case.study_id
    QTest.keyClick(seat.window.film.view, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    seat.wait(lambda: seat.window.case.study_id == following and seat.window.film.view.film is not None)
    seat.wait(lambda: seat.tasks.is_idle)
    assert begun.count(following) == 1, "it is shown from memory"


def test_tools_by_pointer_and_key_agree(seat: Seat, patient: tuple[int, int]) -> None:
    opened(seat, patient[0])
    panel = seat.window.film
    panel.measure.click()
    assert panel.view.is_measuring
    assert panel.measure.isChecked()
    press(seat, "m")
    assert not panel.measure.isChecked()
    QTest.mouseClick(panel.magnify, Qt.MouseButton.LeftButton)
    assert panel.view.is_magnifying
    press(seat, "g")
    assert not panel.magnify.isChecked()


def test_what_is_fetched_ahead_waits_for_the_film_on_the_screen(
    seat: Seat, patient: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    from ui import case, films

    begun: list[str] = []

    def load(path: Path, study: Any, choice: Any, place: tuple[int, int]) -> Any:
        begun.append(choice.title)
        return films.load_film(path, study, choice, place)

    monkeypatch.setattr(case, "load_film", load)
    shown: list[int] = []
    seat.window.case.film_ready.connect(lambda _: shown.append(len(begun)))
    opened(seat, patient[0])
    assert begun[0] == "PA"
    assert shown[0] == 1, "nothing else is decoded before the film is on the screen"
    seat.wait(lambda: "AP" in begun)


def test_files_are_looked_for_off_the_windows_thread(seat: Seat) -> None:
    with pytest.raises(RuntimeError, match="window's thread"):
        seat.window.case._desk.path_of("received/1.dcm")


def entry(panel: FilmPanel, action: str) -> QAction:
    """Open the menu of further tools and find an entry."""
    menu = panel.more.menu()
    menu.aboutToShow.emit()
    return next(made for made in menu.actions() if made.text().split("\t")[0] == text_of(action))


def test_what_has_no_button_is_in_the_menu_and_goes_to_the_film_in_hand(
    seat: Seat, patient: tuple[int, int]
) -> None:
    opened(seat, patient[0])
    panel = seat.window.film
    entry(panel, "film.rotate_right").trigger()
    assert panel.view.placement.is_turned
    entry(panel, "film.rotate_left").trigger()
    entry(panel, "film.flip_horizontal").trigger()
    assert panel.view.placement.is_mirrored
    scale = panel.view.placement.scale
    entry(panel, "film.zoom_in").trigger()
    assert panel.view.placement.scale > scale
    assert not entry(panel, "film.measure_remove").isEnabled()
    panel.view.measure(True)
    QTest.mousePress(panel.view, Qt.MouseButton.LeftButton, pos=QPoint(60, 60))
    QTest.mouseRelease(panel.view, Qt.MouseButton.LeftButton, pos=QPoint(60, 60))
    QTest.keyClick(panel.view, Qt.Key.Key_Return)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Return, Qt.Key.Key_Down, Qt.Key.Key_Return):
        QTest.keyClick(panel.view, key)
    assert panel.view.lines
    entry(panel, "film.measure_remove").trigger()
    assert not panel.view.lines
    press(seat, "p")
    seat.wait(lambda: panel.pair.prior.film is not None)
    panel.pair.prior.setFocus()
    entry(panel, "film.flip_vertical").trigger()
    assert panel.pair.prior.placement.is_mirrored
    panel.view.setFocus()
    assert entry(panel, "film.rotate_right").text().endswith("\tR")


def test_the_prior_that_stood_beside_the_film_is_named_in_the_signature(
    seat: Seat, patient: tuple[int, int]
) -> None:
    """One that was only fetched ahead, or the study's own lateral, is not; another study begins anew."""
    opened(seat, patient[0])
    db, case = seat.home.workplace.db, seat.window.case
    assert case.films_compared == ()
    press(seat, "p")
    seat.wait(lambda: seat.window.film.pair.prior.film is not None)
    seat.window.film.films.setCurrentIndex(1)
    seat.window.film.films.activated.emit(1)
    seat.wait(lambda: seat.window.film.pair.titles[1] == "This study: lateral")
    seat.wait(lambda: seat.tasks.is_idle)
    prior = studies.study_row(db, patient[1]).film_sop_instance_uid
    assert case.films_compared == (prior,)
    QTest.keyClick(seat.window, Qt.Key.Key_F12)
    dialog = dialog_of(seat, SignDialog)
    assert isinstance(dialog, SignDialog)
    for entry in dialog.entries.entries:
        entry.overrule.click()
        QTest.keyClicks(entry.reason, "Looked at it.")
        entry.keep.click()
    dialog.secret.box.setText(PASSWORD)
    dialog.confirm.click()
    seat.wait(lambda: len(requests.requests_of(db, patient[0])) == 1)
    (request,) = requests.requests_of(db, patient[0])
    assert json.loads(request.payload)["compared"] == [prior]
    seat.open(patient[1])
    seat.wait(lambda: case.detail is not None and case.detail.study.id == patient[1])
    assert case.films_compared == ()
