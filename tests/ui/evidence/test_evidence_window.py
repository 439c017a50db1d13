"""The draft's sentences in a real window: picked, lit up, marked weak; synthetic films; answers for the report."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QRect, Qt, QUrl
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from engine.pictures import marked_png
from llmcxr_ws import jobs
from llmcxr_ws.domain import MapRow, NewDraft, NewDrawing, NewMap, RoundTrip
from llmcxr_ws.errors import ImagingError, StoreError
from llmcxr_ws.store import configuration, drawings, holds, maps, questions, reports, studies
from tests.ui.conftest import Seat
from tests.ui.homes import FILMS, MODEL, House
from ui.chat.panel import ChatPanel
from ui.desk import Desk
from ui.evidence.drawing import DrawingDialog, read_picture
from ui.evidence.panel import CHOOSE, LOOKING, NO_FILM, NOTHING, OTHER_FILM, SHOWN, EvidencePanel
from ui.evidence.words import SentenceLine, heat_of, round_trip_words
from ui.language import speak
from ui.theme import DARK, LIGHT, apply_theme

TEXT = "Pneumonia is present. Infiltration is present."
FIRST, SECOND = "Pneumonia is present.", "Infiltration is present."
SENTENCES = [
    {"text": FIRST, "confidence": 0.74, "agreement": 0.875, "weak": False},
    {"text": SECOND, "confidence": 0.31, "agreement": 0.25, "weak": True},
]
SEEN = {"left": 0.1, "top": 0.0, "right": 0.9, "bottom": 1.0, "rows": 512, "columns": 512, "grid": [16, 16]}


def draft(home: House, *, withheld: str = "", trip: bool = False, **evidence: Any) -> int:
    """Receive a film and draft it as an engine does that knows how sure its sentences are; return the study."""
    study_id = home.receive(FILMS / "DEMO0001.dcm")
    home.settle()
    db = home.workplace.db
    claimed = jobs.claim(db, kinds=["draft"], owner="test", lease_s=60)
    assert claimed is not None
    wanted = reports.begin_draft(db, claimed)
    assert wanted is not None
    new = NewDraft(
        film_sop_instance_uid=wanted.film_sop_instance_uid,
        instances=wanted.instances,
        ai_text=TEXT,
        confidence=0.7,
        codes=(1,),
        seed=0,
        started_at=datetime.now(UTC),
        evidence={"sentences": SENTENCES, "samples": 8, "seen": SEEN, **evidence},
        withheld=withheld,
        **MODEL,
    )
    reports.finish_draft(db, claimed, new, then_round_trip=trip)
    return study_id


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


def open_at(seat: Seat, study_id: int) -> EvidencePanel:
    seat.log_in()
    seat.open(study_id)
    seat.window.side.show_part(seat.window.evidence)
    return seat.window.evidence


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


def application() -> QApplication:
    """Return the application of these tests."""
    found = QApplication.instance()
    assert isinstance(found, QApplication)
    return found


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


def failing_once(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let one of the desk's calls fail the next time, as where the database is away for a moment."""
    plain, failed = getattr(Desk, name), list[bool]()

    def call(desk: Desk, *given: Any) -> Any:
        if not failed:
            failed.append(True)
            raise StoreError("The database can't be reached.")
        return plain(desk, *given)

    monkeypatch.setattr(Desk, name, call)


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


# Synthetic films


def drawn(home: House) -> Callable[[], None]:
    """Draw what is waited for, in two steps as an engine does."""
    db = home.workplace.db
    claimed = jobs.claim(db, kinds=["draw"], owner="test", lease_s=60)
    assert claimed is not None, "no film is wanted"
    wanted = drawings.begin(db, claimed)
    drawings.note_share(db, claimed, 0.5)

    def end() -> None:
        film = np.random.default_rng(0).uniform(-1, 1, (1, 256, 256)).astype(np.float32)
        data = marked_png(film, "test")
        path = home.workplace.objects.put_drawing(data)
        sha256 = hashlib.sha256(data).hexdigest()
        made = NewDrawing(wanted.seed or 11, (1,), path=path, sha256=sha256, facts={"share": 1.0}, **MODEL)
        drawings.finish(db, claimed, made)

    return end


def dialog_of(seat: Seat) -> DrawingDialog:
    seat.window.chat.draw_button.click()
    seat.wait(lambda: seat.window.findChild(DrawingDialog) is not None and seat.tasks.is_idle)
    found = seat.window.findChild(DrawingDialog)
    assert isinstance(found, DrawingDialog)
    return found


def test_a_key_opens_the_drawings(seat: Seat, home: House) -> None:
    open_at(seat, draft(home))
    QTest.keyClick(
        seat.window,
        Qt.Key.Key_G,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
    )
    seat.wait(lambda: seat.window.findChild(DrawingDialog) is not None)


def test_nothing_drawn_from_a_draft_is_seen_before_the_own_impression(seat: Seat, home: House) -> None:
    """The list of drawn films tells the texts that they were drawn from."""
    configuration.import_site(home.workplace.db, "reader_first = true", user="admin")
    study_id = draft(home)
    drawings.ask(home.workplace.db, study_id, user="otto", text=TEXT)
    seat.log_in()
    seat.open(study_id)
    assert seat.window.report.is_draft_hidden
    seat.window.wishes.draw()
    seat.wait(lambda: "own impression first" in seat.window.statusBar().currentMessage())
    assert seat.window.findChild(DrawingDialog) is None


def test_a_film_is_drawn_from_the_reports_text_and_always_marked(seat: Seat, home: House) -> None:
    study_id = draft(home)
    open_at(seat, study_id)
    dialog = dialog_of(seat)
    assert dialog.text.toPlainText() == TEXT and not dialog.picture.is_shown
    assert "show no patient" in dialog.warning.text
    QTest.keyClicks(dialog.seed, "23x")
    assert dialog.seed.text() == "23"
    dialog.draw_button.click()
    seat.wait(lambda: dialog.is_drawing and seat.tasks.is_idle)
    assert dialog.progress.isVisible() and not dialog.draw_button.isEnabled()
    end = drawn(home)
    seat.wait(lambda: dialog.progress.value() == 50)
    end()
    seat.wait(lambda: dialog.picture.is_shown)
    assert not dialog.progress.isVisible() and dialog.draw_button.isEnabled()
    caption = dialog.caption.text()
    assert (
        caption.startswith("Synthetic, no patient.") and "seed 23" in caption and "llm-cxr test 0" in caption
    )
    assert dialog.picture.accessibleName() == "Synthetic film, marked as no patient's"
    dialog.reject()
    # It is there again, and nowhere among the study's films.
    again = dialog_of(seat)
    seat.wait(lambda: again.list.count() == 1 and again.picture.is_shown)
    assert seat.window.case.film_count == 1


def test_a_drawn_film_is_marked_on_the_screen_itself(seat: Seat, home: House) -> None:
    """Beside the banner and the caption the picture bears its mark: a photograph of the screen shows it, too."""
    study_id = draft(home)
    drawings.ask(home.workplace.db, study_id, user="anna", text="Normal.")
    drawn(home)()
    open_at(seat, study_id)
    dialog = dialog_of(seat)
    seat.wait(lambda: dialog.picture.is_shown)
    shot = dialog.picture.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    grey = np.frombuffer(shot.constBits(), np.uint8).reshape(shot.height(), shot.bytesPerLine())
    side = min(shot.width(), shot.height())
    left, top = (shot.width() - side) // 2, (shot.height() - side) // 2
    shown, bar = grey[top : top + side, left : left + side], round(side * 10 / 256)
    for part in (shown[1:bar], shown[-bar:-1]):
        # White letters on black; the film between is noise.
        assert (part < 40).mean() > 0.5 and (part > 200).mean() > 0.02
    assert not (shown[side // 2] < 40).mean() > 0.5
    assert dialog.warning.isVisible() and dialog.isModal()


def test_a_picture_is_read_grey_value_by_grey_value(tmp_path: Path) -> None:
    """What is given must not point into memory that Qt has freed."""
    data = marked_png(np.zeros((1, 256, 256), dtype=np.float32), "test")
    path = tmp_path / "film.png"
    path.write_bytes(data)
    found = read_picture(path, hashlib.sha256(data).hexdigest())
    with Image.open(io.BytesIO(data)) as picture:
        assert (found == np.asarray(picture)).all()
    assert found.flags.owndata


def test_a_picture_without_its_mark_isnt_shown(seat: Seat, home: House, tmp_path: Path) -> None:
    plain = QImage(64, 64, QImage.Format.Format_Grayscale8)
    plain.fill(0)
    path = tmp_path / "plain.png"
    assert plain.save(str(path))
    with pytest.raises(ImagingError, match="isn't marked as synthetic"):
        read_picture(path, hashlib.sha256(path.read_bytes()).hexdigest())


def test_what_went_wrong_with_a_drawing_is_said(seat: Seat, home: House) -> None:
    study_id = draft(home)
    open_at(seat, study_id)
    dialog = dialog_of(seat)
    dialog.text.setPlainText("  ")
    dialog.draw_button.click()
    seat.wait(lambda: "0 characters" in dialog.problem.text)
    assert dialog.draw_button.isEnabled()
    dialog.text.setPlainText("Normal.")
    dialog.draw_button.click()
    seat.wait(lambda: dialog.is_drawing and seat.tasks.is_idle)
    db = home.workplace.db
    claimed = jobs.claim(db, kinds=["draw"], owner="test", lease_s=60)
    assert claimed is not None
    drawings.begin(db, claimed)
    drawings.attempt_failed(db, claimed, code="x", sentence="The text is too long.", final=True)
    seat.wait(lambda: dialog.problem.text == "The text is too long.")
    assert "failed" in dialog.list.item(0).text()
    assert dialog.picture.accessibleName() == "No film: The text is too long."


def test_a_film_comes_though_the_store_failed_once_meanwhile(
    seat: Seat, home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_at(seat, draft(home))
    dialog = dialog_of(seat)
    dialog.draw_button.click()
    seat.wait(lambda: dialog.is_drawing and seat.tasks.is_idle)
    failing_once(monkeypatch, "drawing")
    seat.wait(lambda: "can't be reached" in dialog.problem.text)
    drawn(home)()
    seat.wait(lambda: dialog.picture.is_shown)
    assert dialog.problem.text == ""


def test_a_picture_that_was_changed_isnt_shown(seat: Seat, home: House) -> None:
    study_id = draft(home)
    drawings.ask(home.workplace.db, study_id, user="anna", text="Normal.")
    drawn(home)()
    row = drawings.drawings_of(home.workplace.db, study_id)[0]
    path = home.workplace.objects.path(row.path)
    path.write_bytes(path.read_bytes() + b"x")
    open_at(seat, study_id)
    dialog = dialog_of(seat)
    seat.wait(lambda: "was changed" in dialog.picture.accessibleName())
    assert not dialog.picture.is_shown


def test_locking_the_window_takes_the_drawing_away(seat: Seat, home: House) -> None:
    open_at(seat, draft(home))
    dialog_of(seat)
    seat.window.lock()
    seat.qtbot.waitUntil(lambda: seat.window.findChild(DrawingDialog) is None)


# Answers for the report


def answered(home: House, study_id: int, text: str = "Yes, pneumonia is present.") -> None:
    questions.ask(home.workplace.db, study_id, user="anna", text="Is there a pneumonia?")
    home.answer([text])


def test_an_answer_goes_into_the_report_with_where_it_comes_from(seat: Seat, home: House) -> None:
    study_id = draft(home)
    answered(home, study_id)
    open_at(seat, study_id)
    chat = seat.window.chat
    wanted: list[tuple[str, str]] = []
    chat.insert_wanted.connect(lambda text, source: wanted.append((text, source)))
    assert "Insert into the report" in chat.transcript.toPlainText()
    row = questions.questions_of(home.workplace.db, study_id)[0]
    chat.transcript.anchorClicked.emit(QUrl(f"insert:{row.id}"))
    chat.insert_button.click()
    assert wanted[0] == wanted[1]
    text, source = wanted[0]
    assert text == "Yes, pneumonia is present."
    assert source.startswith("Answer of llm-cxr test 0 to the question “Is there a pneumonia?”, ")


def test_an_answer_just_put_in_is_the_ais_in_the_margin_too(seat: Seat, home: House) -> None:
    open_at(seat, draft(home))
    chat, report = seat.window.chat, seat.window.report
    chat.box.setText("Is there edema?")
    chat.ask()
    seat.wait(lambda: seat.tasks.is_idle)
    home.answer(["Yes, there is mild edema."])
    seat.wait(lambda: chat.is_answered)
    chat.insert_button.click()
    assert report.text().endswith("Yes, there is mild edema.")
    assert "1 from AI answers (Q)" in report._origins.text()


def test_an_answer_comes_though_the_store_failed_once_meanwhile(
    seat: Seat, home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_at(seat, draft(home))
    chat = seat.window.chat
    chat.box.setText("Is there edema?")
    chat.ask()
    seat.wait(lambda: seat.tasks.is_idle)
    failing_once(monkeypatch, "question")
    seat.wait(lambda: "can't be reached" in seat.window.statusBar().currentMessage())
    home.answer(["No."])
    seat.wait(lambda: chat.is_answered)


def test_the_keyboard_stays_in_the_question_box(seat: Seat, home: House) -> None:
    """What is typed on after Return must go into the next question, not into the film's keys or the report."""
    open_at(seat, draft(home))
    chat = seat.window.chat
    seat.window.activateWindow()
    chat.box.setFocus()
    seat.wait(chat.box.hasFocus)
    QTest.keyClicks(chat.box, "Is there edema?")
    QTest.keyClick(chat.box, Qt.Key.Key_Return)
    assert chat.box.hasFocus()
    seat.wait(lambda: seat.tasks.is_idle and chat.box.text() == "")
    assert chat.box.hasFocus()


def test_words_typed_while_a_question_is_put_are_kept(seat: Seat, home: House) -> None:
    open_at(seat, draft(home))
    chat = seat.window.chat
    chat.box.setText("Is there edema?")
    chat.ask()
    QTest.keyClicks(chat.box, "And")
    seat.wait(lambda: seat.tasks.is_idle)
    assert chat.box.text() == "And"


def test_a_question_that_was_refused_stands_in_the_box_again(
    seat: Seat, home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_at(seat, draft(home))
    chat = seat.window.chat
    failing_once(monkeypatch, "ask")
    chat.box.setText("Is there edema?")
    chat.ask()
    seat.wait(lambda: "can't be reached" in seat.window.statusBar().currentMessage())
    assert chat.box.text() == "Is there edema?" and chat.ask_button.isEnabled()


def test_a_window_that_ends_looks_no_more(seat: Seat, home: House) -> None:
    panel, chat = open_at(seat, draft(home)), seat.window.chat
    panel.pick(1)
    chat.box.setText("Is there edema?")
    chat.ask()
    seat.window.stop_looking()
    seat.wait(lambda: seat.tasks.is_idle and panel.is_looking)
    assert not chat.is_answered and seat.tasks.is_idle
    seat.qtbot.wait(400)
    assert seat.tasks.is_idle and not chat._poll.isActive() and not panel._poll.isActive()


def test_an_answer_that_nobody_may_put_in_says_so(seat: Seat, home: House) -> None:
    home.add_user("otto", "reader")
    study_id = draft(home)
    answered(home, study_id)
    holds.take(home.workplace.db, study_id, user="otto", take_over=False)
    open_at(seat, study_id)
    before = seat.window.report.text()
    seat.window.chat.insert_last()
    assert seat.window.report.text() == before
    assert "can't be written in now" in seat.window.statusBar().currentMessage()


def test_an_administrator_inserts_nothing(seat: Seat, home: House) -> None:
    home.add_user("adam", "admin")
    study_id = draft(home)
    answered(home, study_id)
    seat.log_in("adam")
    seat.open(study_id)
    chat = seat.window.chat
    wanted: list[object] = []
    chat.insert_wanted.connect(lambda *told: wanted.append(told))
    assert not chat.insert_button.isEnabled()
    row = questions.questions_of(home.workplace.db, study_id)[0]
    chat.transcript.anchorClicked.emit(QUrl(f"insert:{row.id}"))
    chat.insert_last()
    assert wanted == []


def test_questions_are_suggested_about_what_the_model_judges(seat: Seat, home: House) -> None:
    open_at(seat, draft(home, findings_judged=["No Finding", "Edema", "Unheard Of"]))
    box = seat.window.chat.suggestions
    assert [box.itemText(at) for at in range(box.count())] == [
        "Suggested questions",
        "What does this film show?",
        "Is this film normal?",
        "Is there pulmonary edema?",
    ]


@pytest.fixture
def german() -> Iterator[None]:
    """The window speaks German."""
    speak(application(), "de")
    yield
    speak(application(), "en")


def test_a_suggestion_in_german_is_put_to_the_model_in_its_own_language(seat: Seat, german: None) -> None:
    chat = ChatPanel(seat.tasks, seat.window._desk)
    assert "Englisch" in chat.box.placeholderText()
    at = chat.suggestions.findText("Liegt ein Pleuraerguss vor?")
    assert at > 0
    chat.suggestions.activated.emit(at)
    assert chat.box.text() == "Is there a pleural effusion?"


@pytest.mark.usefixtures("german")
def test_what_is_known_of_a_sentence_is_said_in_german() -> None:
    line = SentenceLine("Pneumonia is present.", 0.31, 0.25, True, 8)
    assert line.words == "Schwach: zu 31 % für zutreffend gehalten, 2 von 8 Stichproben gleich."
