"""Languages: the files say what the source says, all of it is translated, and the window speaks it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from PySide6.QtWidgets import QApplication

from tests.ui.worklist.rows import row
from ui import language
from ui.language import LANGUAGES, resolved, speak, tr
from ui.worklist.detail import facts, sentences
from ui.worklist.status import status_of

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "ui" / "languages"


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = spec_from_file_location("make_languages", ROOT / "docs" / "make_languages.py")
    assert spec is not None
    assert spec.loader is not None
    made = module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.fixture
def german(qapp: QApplication) -> Iterator[None]:
    speak(qapp, "de")
    yield
    speak(qapp, "en")


def test_the_files_are_up_to_date_and_compiled(maker: ModuleType) -> None:
    assert maker.problems() == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_text_is_translated(maker: ModuleType, code: str) -> None:
    assert maker.untranslated(FOLDER / f"llmcxr_{code}.ts") == []


def test_a_text_that_nobody_translated_is_found(maker: ModuleType, tmp_path: Path) -> None:
    broken = tmp_path / "llmcxr_de.ts"
    text = (FOLDER / broken.name).read_text(encoding="utf-8")
    broken.write_text(text.replace("<translation>Sperren</translation>", '<translation type="unfinished"/>'))
    assert maker.untranslated(broken) == ["Lock"]


@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != "en"])
def test_placeholders_and_keys_are_the_same_in_every_language(code: str) -> None:
    for message in ET.parse(FOLDER / f"llmcxr_{code}.ts").iter("message"):
        source = message.findtext("source") or ""
        translation = message.find("translation")
        assert translation is not None
        for form in list(translation) or [translation]:
            for pattern in (r"\{\w+\}", r"%n", r"\bF\d+\b"):
                assert sorted(re.findall(pattern, form.text or "")) == sorted(re.findall(pattern, source)), (
                    source
                )


def test_english_counts_rightly(qapp: QApplication) -> None:
    speak(qapp, "en")
    assert "1 image," in facts(row(1, instances=1))[-1][1]
    assert "2 images," in facts(row(1, instances=2))[-1][1]


@pytest.mark.usefixtures("german")
def test_german_is_spoken_with_plurals_names_and_qts_own_words() -> None:
    assert status_of(row(1)).said == "Entwurf bereit"
    assert sentences(row(1, held_by="anna"))[-1] == "Belegt von anna."
    assert "1 Bild," in facts(row(1, instances=1))[-1][1]
    assert "2 Bilder," in facts(row(1, instances=2))[-1][1]
    assert tr("A text that is nowhere translated") == "A text that is nowhere translated"
    assert QApplication.translate("QPlatformTheme", "Cancel") == "Abbrechen"


def test_the_systems_language_is_taken_where_the_window_speaks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Locale:
        def __init__(self, name: str) -> None:
            self._name = name

        def name(self) -> str:
            return self._name

    for name, code in (("de_AT", "de"), ("en_GB", "en"), ("fr_FR", "en"), ("C", "en")):
        monkeypatch.setattr(language.QLocale, "system", staticmethod(lambda name=name: Locale(name)))
        assert resolved("system") == code
    assert resolved("de") == "de"
    assert resolved("xx") in LANGUAGES
