"""Synthetic films in a real window: drawn from the report's text, always marked, never among the study's films."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from engine.pictures import marked_png
from llmcxr_ws import jobs
from llmcxr_ws.domain import NewDrawing
from llmcxr_ws.errors import ImagingError
from llmcxr_ws.store import configuration, drawings
from tests.ui.conftest import Seat
from tests.ui.evidence.drafts import TEXT, draft, failing_once, open_at
from tests.ui.homes import MODEL, House
from ui.evidence.drawing import DrawingDialog, read_picture


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
