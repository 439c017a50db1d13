"""The palette is readable and whole, and no state is told by colour alone."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication

from ui.icons import pixmap, shapes
from ui.theme import DARK, FAMILY, TEXT_PAIRS, THEMES, contrast, palette, style_sheet
from ui.worklist.status import all_statuses


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize(("text", "ground"), TEXT_PAIRS)
def test_every_pair_has_enough_contrast(name: str, text: str, ground: str) -> None:
    theme = THEMES[name]
    assert contrast(getattr(theme, text), getattr(theme, ground)) >= 4.5


def test_the_focus_can_be_told_from_what_has_none() -> None:
    """WCAG 2.1, 1.4.11: at least 3:1 beside the grounds and beside the ordinary edge's ground."""
    for theme in THEMES.values():
        for ground in (theme.field, theme.panel, theme.raised, theme.chrome):
            assert contrast(theme.focus, ground) >= 3
        assert contrast(theme.text, theme.action) >= 2.9


def test_both_themes_name_every_colour_themselves() -> None:
    dark, light = (dataclasses.asdict(THEMES[name]) for name in ("dark", "light"))
    assert [name for name in dark if dark[name] == light[name]] == ["action_text"]


def test_every_tone_of_a_state_is_a_tested_text_colour() -> None:
    tested = {text for text, ground in TEXT_PAIRS if ground == "field"} & {
        text for text, ground in TEXT_PAIRS if ground == "selection"
    }
    assert {status.tone for status in all_statuses()} <= tested


def test_states_differ_in_word_and_have_a_shape() -> None:
    words = [status.word for status in all_statuses()]
    assert len(set(words)) == len(words)
    assert {status.shape for status in all_statuses()} <= set(shapes())


@pytest.mark.parametrize("shape", shapes())
def test_every_shape_is_drawn(shape: str) -> None:
    image = pixmap(shape, DARK.text).toImage()
    inked = [(x, y) for x in range(16) for y in range(16) if image.pixelColor(x, y).alpha() > 128]
    assert len(inked) > 8


def test_shapes_differ() -> None:
    drawn = {
        shape: bytes(pixmap(shape, "#ffffff").toImage().constBits())
        for shape in shapes()
        if shape != "silent"
    }
    assert len(set(drawn.values())) == len(drawn)


def test_the_style_sheet_names_only_colours_of_the_theme() -> None:
    for theme in THEMES.values():
        for path in re.findall(r"url\((.*?)\)", style_sheet(theme)):
            assert Path(path).is_file()
        known = set(dataclasses.asdict(theme).values())
        assert set(re.findall(r"#[0-9a-f]{6}\b", style_sheet(theme))) <= known


def test_the_application_wears_the_theme_and_its_own_font(qapp: QApplication) -> None:
    assert qapp.palette().color(QPalette.ColorRole.Base).name() == DARK.field
    assert palette(DARK).color(QPalette.ColorRole.Text).name() == DARK.text
    assert qapp.font().family() == FAMILY
