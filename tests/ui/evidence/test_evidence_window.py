"""The draft's sentences in a real window: picked, lit up, marked weak; synthetic films; answers for the report."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from llmcxr_ws import jobs
from llmcxr_ws.domain import MapRow, NewDrawing, NewMap, RoundTrip
from llmcxr_ws.store import drawings, maps, studies
from tests.ui.conftest import Seat
from tests.ui.evidence.drafts import FIRST, SECOND, SENTENCES, TEXT, application, draft, failing_once, open_at
from tests.ui.homes import MODEL, House
from ui.desk import Desk
from ui.evidence.panel import CHOOSE, LOOKING, NO_FILM, NOTHING, OTHER_FILM, SHOWN
from ui.evidence.words import SentenceLine, heat_of, round_trip_words
from ui.theme import DARK, LIGHT, apply_theme


def make_maps(home: House, strength: float = 2.0) -> None:
    """Make the maps that are waited for: a bright corner at the top left."""
    db = home.workplace.db
    claimed = jobs.claim(db, kinds=["map"], owner="test", lease_s=60)
    assert claimed is not None, "no map is wanted"
    maps.begin(db, claimed)
    values = np.full((16, 16), -0.3)
    values[:4, :4] = strength
    flat = tuple(values.ravel().tolist())
    maps.finish(db, claimed, [NewMap(one, 16, 16, flat) for one in (FIRST, SECOND)])


@pytest.fixture
def lit(seat: Seat) -> list[tuple[Any, Any]]:
    """What the panel told the film."""
    told: list[tuple[Any, Any]] = []
    seat.window.evidence.heat_changed.connect(lambda heat, region: told.append((heat, region)))
    return told


# Sentences


def test_sentences_stand_with_their_confidence_and_weak_ones_in_words(seat: Seat, home: House) -> None:
    panel = open_at(seat, draft(home))
    assert not panel.isHidden() and panel.list.count() == 2
    sure, weak = (panel.list.item(at) for at in range(2))
    assert sure.text() == f"{FIRST}\nHeld true with 74 %, 7 of 8 samples agree."
    assert weak.text() == f"{SECOND}\nWeak: held true with 31 %, 2 of 8 samples agree."
    assert weak.data(Qt.ItemDataRole.AccessibleTextRole).startswith(f"{SECOND} Weak:")
    # Told apart by shape as well, not by colour alone.
    shapes = [
        item.icon().pixmap(16).toImage().convertToFormat(QImage.Format.Format_Alpha8) for item in (sure, weak)
    ]
    assert shapes[0] != shapes[1]
    assert panel.state.text() == CHOOSE


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (SentenceLine("a", None, None, False, 0), "No confidence was measured for this model."),
        (SentenceLine("a", 0.8, None, False, 0), "Held true with 80 %."),
        (SentenceLine("a", 0.2, None, True, 0), "Weak: held true with 20 %."),
    ],
)
def test_what_isnt_known_of_a_sentence_isnt_said(line: SentenceLine, words: str) -> None:
    assert line.words == words


def test_a_withheld_draft_shows_no_sentence(seat: Seat, home: House) -> None:
    panel = open_at(seat, draft(home, withheld="The draft is too weak to be shown."))
    assert panel.isHidden() and panel.list.count() == 0
    assert "too weak to be shown" in seat.window.report.notices["attention"].text


def test_while_the_draft_is_covered_so_are_its_sentences(
    seat: Seat, home: House, lit: list[tuple[Any, Any]]
) -> None:
    panel = open_at(seat, draft(home))
    panel.pick(1)
    seat.wait(lambda: seat.tasks.is_idle)
    make_maps(home)
    seat.wait(lambda: panel.state.text() == SHOWN)
    panel.set_covered(True)
    assert panel.isHidden() and panel.list.count() == 0 and lit[-1] == (None, None)
    panel.set_covered(False)
    assert not panel.isHidden() and panel.list.count() == 2


def test_a_draft_without_evidence_leaves_the_panel_away(seat: Seat, home: House) -> None:
    panel = open_at(seat, home.drafted("DEMO0001.dcm", TEXT))
    assert panel.isHidden()


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
def test_every_word_of_a_sentence_is_shown_at_any_text_size(seat: Seat, home: House, scale: float) -> None:
    said = (
        "There is a small left pleural effusion with a neighbouring atelectasis of the lower lobe, unchanged."
    )
    evidence = [{"text": said, "confidence": 0.31, "agreement": 0.25, "weak": True}, SENTENCES[0]]
    panel = open_at(seat, draft(home, sentences=evidence))
    apply_theme(application(), LIGHT, scale=scale)
    seat.qtbot.wait(50)
    metrics = panel.list.fontMetrics()
    for at in range(2):
        item, place = panel.list.item(at), panel.list.visualItemRect(panel.list.item(at))
        room = QRect(0, 0, place.width() - panel.list.iconSize().width() - 12, 10_000)
        words = metrics.boundingRect(room, Qt.TextFlag.TextWordWrap, item.text())
        assert place.height() >= words.height(), (at, place, words)
    assert panel.list.iconSize().width() == round(16 * scale)
    assert item.icon().actualSize(panel.list.iconSize()) == panel.list.iconSize()


def test_the_shapes_beside_sentences_follow_the_theme(seat: Seat, home: House) -> None:
    panel = open_at(seat, draft(home))
    for theme in (LIGHT, DARK):
        apply_theme(application(), theme)
        for at, colour in enumerate((theme.ai, theme.attention)):
            image = panel.list.item(at).icon().pixmap(16).toImage()
            pixels = [image.pixelColor(x, y) for x in range(16) for y in range(16)]
            drawn = max(pixels, key=lambda one: one.alpha())
            assert drawn.alpha() > 0 and drawn.name() == colour


# Maps


def test_picking_a_sentence_asks_for_its_map_and_lights_the_film(
    seat: Seat, home: House, lit: list[tuple[Any, Any]]
) -> None:
    panel = open_at(seat, draft(home))
    rect = panel.list.visualItemRect(panel.list.item(0))
    QTest.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())
    assert panel.state.text() == LOOKING and panel.is_looking
    seat.wait(lambda: seat.tasks.is_idle)
    assert lit == []
    make_maps(home)
    seat.wait(lambda: panel.state.text() == SHOWN)
    assert not panel.is_looking
    heat, region = lit[-1]
    assert heat.shape == (16, 16) and heat.dtype == np.float32
    assert (heat[:4, :4] == 1.0).all() and (heat[4:] == 0.0).all()
    shown = seat.window.film.view.film
    assert shown is not None
    columns, rows = shown.stored_size
    # This film's pixels aren't square: a region is told in rows of the file, not in those made for the screen.
    assert (shown.rows, rows) == (419, 512)
    assert region == pytest.approx((0.1 * columns, 0.0, 0.9 * columns, rows))
    # The other sentence's map was made with it: no job is asked for again.
    QTest.keyClick(panel.list, Qt.Key.Key_Down)
    seat.wait(lambda: panel.state.text() == SHOWN and len(lit) >= 2)
    assert jobs.claim(home.workplace.db, kinds=["map"], owner="test", lease_s=60) is None
    QTest.keyClick(panel.list, Qt.Key.Key_Escape)
    assert lit[-1] == (None, None) and panel.state.text() == CHOOSE


def test_keys_walk_the_sentences_from_anywhere(seat: Seat, home: House) -> None:
    panel = open_at(seat, draft(home))
    seat.window.film.view.setFocus()
    for keys, row in ((Qt.Key.Key_Down, 0), (Qt.Key.Key_Down, 1), (Qt.Key.Key_Down, 0), (Qt.Key.Key_Up, 1)):
        QTest.keyClick(
            seat.window, keys, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
        )
        seat.wait(lambda row=row: panel.list.currentRow() == row)  # type: ignore[misc]


def test_a_map_in_which_nothing_stands_out_says_so(
    seat: Seat, home: House, lit: list[tuple[Any, Any]]
) -> None:
    panel = open_at(seat, draft(home))
    panel.pick(1)
    seat.wait(lambda: seat.tasks.is_idle)
    make_maps(home, strength=0.05)
    seat.wait(lambda: panel.state.text() == NOTHING)
    assert all(heat is None for heat, _ in lit)


def test_a_map_that_cant_be_made_says_why_and_can_be_asked_for_again(seat: Seat, home: House) -> None:
    panel = open_at(seat, draft(home))
    panel.pick(1)
    seat.wait(lambda: seat.tasks.is_idle)
    db = home.workplace.db
    claimed = jobs.claim(db, kinds=["map"], owner="test", lease_s=60)
    assert claimed is not None
    maps.begin(db, claimed)
    maps.attempt_failed(db, claimed, code="x", sentence="The draft is of another model.", final=True)
    seat.wait(lambda: panel.state.text() == "The draft is of another model.")
    assert not panel.is_looking
    QTest.keyClick(panel.list, Qt.Key.Key_Return)
    seat.wait(lambda: panel.state.text() == LOOKING and seat.tasks.is_idle)
    make_maps(home)
    seat.wait(lambda: panel.state.text() == SHOWN)


def test_another_film_of_the_study_is_never_lit(seat: Seat, home: House, lit: list[tuple[Any, Any]]) -> None:
    panel = open_at(seat, draft(home))
    panel.pick(1)
    seat.wait(lambda: seat.tasks.is_idle)
    make_maps(home)
    seat.wait(lambda: panel.state.text() == SHOWN)
    panel.show_film((100, 100), is_drafted=False)
    assert lit[-1] == (None, None) and panel.state.text() == OTHER_FILM
    panel.show_film((100, 50), is_drafted=True)
    assert lit[-1][1] == pytest.approx((10.0, 0.0, 90.0, 50.0))


def test_another_study_puts_the_light_out(seat: Seat, home: House, lit: list[tuple[Any, Any]]) -> None:
    study_id = draft(home)
    other = home.drafted("DEMO0002.dcm", "No acute finding.")
    panel = open_at(seat, study_id)
    panel.pick(1)
    seat.wait(lambda: seat.tasks.is_idle)
    make_maps(home)
    seat.wait(lambda: panel.state.text() == SHOWN)
    seat.open(other)
    seat.wait(lambda: lit[-1] == (None, None))
    assert panel.isHidden()


def test_nothing_is_lit_before_the_studys_own_film_is_on_the_screen(
    seat: Seat, home: House, lit: list[tuple[Any, Any]]
) -> None:
    """A map must not be laid over the place where another study's film was."""
    first = home.drafted("DEMO0002.dcm", "No acute finding.")
    study_id = draft(home)
    instance = studies.instances_of(home.workplace.db, study_id)[0]
    home.workplace.objects.path(instance.path).write_bytes(b"no film any more")
    seat.log_in()
    seat.open(first)
    seat.open(study_id)
    panel = seat.window.evidence
    panel.pick(1)
    seat.wait(lambda: seat.tasks.is_idle)
    make_maps(home)
    seat.wait(lambda: panel.state.text() == NO_FILM)
    assert all(heat is None for heat, _ in lit)


def test_heat_shows_falls_alone_and_nothing_of_a_broken_map() -> None:
    def row(values: tuple[float, ...], rows: int = 1) -> MapRow:
        return MapRow(1, 1, FIRST, "ready", rows, len(values), values, {}, "")

    found = heat_of(row((2.0, -4.0, 1.0)))
    assert found is not None and found.tolist() == [[1.0, 0.0, 0.5]]
    assert heat_of(row((-1.0, -2.0))) is None
    assert heat_of(row((1.0, 2.0), rows=3)) is None


def test_a_click_asks_for_a_map_once(seat: Seat, home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    panel = open_at(seat, draft(home))
    asked: list[str] = []
    plain = Desk.ask_map

    def counted(desk: Desk, report_id: int, sentence: str) -> MapRow:
        asked.append(sentence)
        return plain(desk, report_id, sentence)

    monkeypatch.setattr(Desk, "ask_map", counted)
    rect = panel.list.visualItemRect(panel.list.item(0))
    QTest.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=rect.center())
    seat.wait(lambda: seat.tasks.is_idle)
    assert asked == [FIRST]


def test_a_map_comes_though_the_store_failed_once_meanwhile(
    seat: Seat, home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = open_at(seat, draft(home))
    panel.pick(1)
    seat.wait(lambda: seat.tasks.is_idle)
    failing_once(monkeypatch, "map")
    seat.wait(lambda: "can't be reached" in panel.state.text())
    make_maps(home)
    seat.wait(lambda: panel.state.text() == SHOWN)


# Round trip


def test_a_round_trip_that_ends_while_the_study_lies_open_advises(seat: Seat, home: House) -> None:
    panel = open_at(seat, draft(home, trip=True))
    assert not panel.advice.isVisible()
    end_round_trip(home)
    seat.wait(lambda: panel.advice.isVisible())


def end_round_trip(home: House) -> None:
    """Make the round trip that is waited for: the draft is unlike its film."""
    db = home.workplace.db
    claimed = jobs.claim(db, kinds=["roundtrip"], owner="test", lease_s=60)
    assert claimed is not None
    drawings.begin_round_trip(db, claimed)
    facts = {"score": -0.9, "advise_below": -0.4, "auroc": 0.65, "low": 0.6, "high": 0.7}
    drawings.finish(db, claimed, NewDrawing(1, (1,), facts=facts, **MODEL))


def test_the_round_trip_advises_only_against_what_is_unusual(seat: Seat, home: House) -> None:
    assert round_trip_words(None) == round_trip_words(RoundTrip(-0.2, -0.4, 0.65, 0.6, 0.7)) == ""
    study_id = draft(home, trip=True)
    end_round_trip(home)
    panel = open_at(seat, study_id)
    seat.wait(lambda: panel.advice.isVisible())
    assert "Advice only" in panel.advice.text and "0.65 (0.60 to 0.70)" in panel.advice.text
