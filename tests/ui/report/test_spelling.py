"""Spelling on a small dictionary of the test's own, by the real Hunspell library."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from ui.report import spell_check, spelling
from ui.report.editor import ReportEditor
from ui.report.spell_check import SpellCheck
from ui.report.spelling import Dictionary, Speller, chosen, dictionaries, radiology_words, words_of
from ui.tasks import Tasks
from ui.theme import DARK

WORDS = ["heart", "is", "normal", "the", "left", "effusion", "small", "naïve"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "en_US.aff").write_text("SET UTF-8\nTRY esianrtolcdugmphbyfvkwz\n", encoding="utf-8")
    (tmp_path / "en_US.dic").write_text("\n".join([str(len(WORDS)), *WORDS]) + "\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def tasks() -> Iterator[Tasks]:
    made = Tasks()
    yield made
    made.close()


class Bench:
    """An editor whose words are checked."""

    def __init__(self, qtbot: QtBot, tasks: Tasks) -> None:
        self.qtbot, self.kept = qtbot, []  # type: ignore[var-annotated]
        self.editor = ReportEditor(DARK)
        qtbot.addWidget(self.editor)
        self.editor.resize(400, 200)
        self.editor.show()
        self.check = SpellCheck(tasks, self.editor, self.kept.append)

    def wrong(self) -> list[str]:
        text = self.editor.toPlainText()
        return [text[start:end] for start, end in self.editor._misspelt]


@pytest.fixture
def bench(qtbot: QtBot, tasks: Tasks, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(spell_check, "dictionaries", lambda: dictionaries([folder]))
    return Bench(qtbot, tasks)


def test_words_that_are_judged() -> None:
    text = "The HF heart of 3cm isn’t x1y normal, ok Größe."
    assert [word for _, _, word in words_of(text)] == ["The", "heart", "isn't", "normal", "Größe"]
    assert all(text[start:end].replace("’", "'") == word for start, end, word in words_of(text))


def test_dictionaries_are_found_and_english_is_the_first_choice(folder: Path) -> None:
    (folder / "de_DE.aff").write_text("SET UTF-8\n")
    (folder / "de_DE.dic").write_text("1\nHerz\n")
    (folder / "broken.aff").write_text("SET UTF-8\n")
    found = dictionaries([folder, folder / "missing"])
    assert {"de_DE", "en_US"} <= {entry.name for entry in found}
    assert "broken" not in {entry.name for entry in found}
    assert next(entry for entry in found if entry.name == "en_US").dic.parent == folder
    for language, name in (("de_DE", "de_DE"), ("fr_FR", "en_US")):
        entry = chosen(found, language)
        assert entry is not None
        assert entry.name == name
    assert chosen((), "en_US") is None


def test_hunspell_judges_and_suggests(folder: Path) -> None:
    speller = Speller(Dictionary("en_US", folder / "en_US.aff", folder / "en_US.dic"))
    assert speller.wrong(["heart", "Heart", "haert", "naïve"]) == {"haert"}
    assert speller.suggest("haert")[0] == "heart"


def test_a_dictionary_in_an_old_encoding_is_read(folder: Path) -> None:
    (folder / "xx.aff").write_bytes(b"SET ISO8859-1\n")
    (folder / "xx.dic").write_bytes("1\nnaïve\n".encode("latin-1"))
    speller = Speller(Dictionary("xx", folder / "xx.aff", folder / "xx.dic"))
    assert speller.wrong(["naïve", "naive", "日本語"]) == {"naive"}


def test_wrong_words_are_underlined_and_radiology_isnt(bench: Bench) -> None:
    bench.check.know(["Xyzzyoma is normal."])  # words of the draft are right here
    bench.editor.load("The haert is normal. Atelectasis. Xyzzyoma.", "")
    bench.qtbot.waitUntil(lambda: bench.wrong() == ["haert"])
    assert bench.editor.text() == "The haert is normal. Atelectasis. Xyzzyoma."
    formats = [
        mark.format.underlineStyle().name
        for mark in bench.editor.extraSelections()
        if mark.cursor.selectedText() == "haert"
    ]
    assert formats == ["WaveUnderline"]


def test_the_word_that_is_being_written_is_left_alone_until_the_cursor_leaves_it(bench: Bench) -> None:
    bench.editor.activateWindow()
    bench.editor.setFocus()
    bench.editor.load("The haert", "")
    bench.qtbot.waitUntil(lambda: "haert" in bench.check._verdicts)
    assert bench.wrong() == []
    bench.editor.moveCursor(QTextCursor.MoveOperation.Start)
    bench.qtbot.waitUntil(lambda: bench.wrong() == ["haert"])


def test_the_menu_offers_suggestions_and_an_own_dictionary(bench: Bench) -> None:
    bench.editor.load("The haert.", "")
    bench.qtbot.waitUntil(lambda: bench.wrong() == ["haert"])

    def menu() -> QMenu:
        made = bench.editor.createStandardContextMenu()
        cursor = bench.editor.textCursor()
        cursor.setPosition(6)
        bench.editor.add_to_menu(made, cursor)
        return made

    first = menu()
    bench.qtbot.waitUntil(lambda: "heart" in [action.text() for action in first.actions()])
    next(action for action in first.actions() if action.text() == "heart").trigger()
    assert bench.editor.text() == "The heart."
    bench.editor.undo()
    assert bench.editor.text() == "The haert."
    bench.editor.mark()
    bench.editor.moveCursor(QTextCursor.MoveOperation.Start)
    bench.qtbot.waitUntil(lambda: bench.wrong() == ["haert"])
    second = menu()
    next(action for action in second.actions() if action.text().startswith("Add “haert”")).trigger()
    assert bench.wrong() == []
    assert bench.kept == [{"on": True, "language": "", "words": ["haert"]}]
    bench.check.set_preference({})
    bench.qtbot.waitUntil(lambda: bench.wrong() == ["haert"])
    bench.check.set_preference(bench.kept[0])
    assert bench.wrong() == []
    switch = next(action for action in menu().actions() if action.text() == "Check spelling")
    assert switch.isChecked()
    switch.trigger()
    assert not bench.check.is_on


def test_without_a_dictionary_it_is_off_and_says_what_to_install(
    qtbot: QtBot, tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spell_check, "dictionaries", lambda: ())
    bench = Bench(qtbot, tasks)
    bench.editor.load("The haert.", "")
    qtbot.waitUntil(lambda: bool(bench.check.hint))
    menu = bench.editor.createStandardContextMenu()
    bench.editor.add_to_menu(menu, bench.editor.textCursor())
    said = {action.text(): action.isEnabled() for action in menu.actions()}
    assert said[spelling.NO_DICTIONARY] is False
    assert "apt-get install hunspell-en-us" in spelling.NO_DICTIONARY
    assert said["Check spelling"] is False
    assert bench.wrong() == []


def test_no_dictionary_is_opened_on_the_windows_thread(
    bench: Bench, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []
    real = dictionaries

    def watched() -> tuple[Dictionary, ...]:
        threads.append(threading.current_thread().name)
        return real([folder])

    monkeypatch.setattr(spell_check, "dictionaries", watched)
    bench.editor.load("The haert.", "")
    bench.qtbot.waitUntil(lambda: bench.wrong() == ["haert"])
    assert threads and all(name.startswith("pixels") for name in threads)


def test_the_list_of_radiology_words_is_clean() -> None:
    words = radiology_words()
    assert {"atelectasis", "pneumothorax", "costophrenic", "hilar"} <= words
    assert all(word.isalpha() for word in words)
