"""Underlines misspelt words while somebody writes: words are judged on another thread, each once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from ui.language import tr
from ui.report.editor import ReportEditor
from ui.report.spelling import (
    NO_DICTIONARY,
    NO_LIBRARY,
    Speller,
    chosen,
    dictionaries,
    has_library,
    radiology_words,
    words_of,
)
from ui.tasks import Tasks

PREFERENCE = "spelling"
_LATER_MS = 300


@dataclass(frozen=True)
class Verdict:
    """What came back from the other thread.

    Attributes
    ----------
    hint : why nothing can be checked; empty where it can
    """

    wrong: frozenset[str]
    asked: frozenset[str]
    language: str
    hint: str


class SpellCheck(QObject):
    """Watches one editor."""

    def __init__(self, tasks: Tasks, editor: ReportEditor, keep: Callable[[dict[str, Any]], None]) -> None:
        """Begin to watch.

        Parameters
        ----------
        keep : callable
            Keeps the person's preference.
        """
        super().__init__(editor)
        self._tasks, self._editor, self._keep = tasks, editor, keep
        self._speller: Speller | None = None
        self._language = ""
        self._is_on = True
        self._own: frozenset[str] = frozenset()
        self._context: frozenset[str] = frozenset()
        self._verdicts: dict[str, bool] = {}
        self._is_asking = False
        self.hint = ""
        # A word is judged when the cursor leaves it, not at every step of the cursor.
        self._later = QTimer(self, singleShot=True, interval=_LATER_MS)
        self._later.timeout.connect(self.check)
        editor.moved.connect(self._later.start)
        editor.left.connect(self._later.start)
        editor.marked.connect(self.check)
        editor.menu_wanted.connect(self._fill_menu)

    @property
    def is_on(self) -> bool:
        """Whether the person wants words checked."""
        return self._is_on

    def set_preference(self, value: dict[str, Any]) -> None:
        """Read what the person set."""
        words = value.get("words", [])
        self._is_on = value.get("on", True) is not False
        self._own = frozenset(str(word).lower() for word in words) if isinstance(words, list) else frozenset()
        language = str(value.get("language", ""))
        if language != self._language:
            self._language, self._speller, self._verdicts = language, None, {}
        self.check()

    def know(self, texts: Iterable[str]) -> None:
        """Tell texts whose words are right here: the draft, the model's findings."""
        self._context = frozenset(word.lower() for text in texts for _, _, word in words_of(text))
        self.check()

    def check(self) -> None:
        """Underline what is known to be wrong, and have new words judged."""
        if not self._is_on or self.hint:
            self._editor.show_misspelt(())
            return
        text = self._editor.toPlainText()
        fresh = frozenset(word for _, _, word in words_of(text)) - self._verdicts.keys()
        self._underline(text)
        if fresh and not self._is_asking:
            self._is_asking = True
            language = self._language
            self._tasks.aside(self, lambda: self._judge(fresh, language), self._on_verdict, self._on_failed)

    def _judge(self, words: frozenset[str], language: str) -> Verdict:
        """Run on another thread; opens the dictionary at the first call."""
        if self._speller is None:
            if not has_library():
                return Verdict(frozenset(), words, language, NO_LIBRARY)
            dictionary = chosen(dictionaries(), language)
            if dictionary is None:
                return Verdict(frozenset(), words, language, NO_DICTIONARY)
            try:
                self._speller = Speller(dictionary)
            except OSError:
                return Verdict(frozenset(), words, language, NO_DICTIONARY)
        known = radiology_words()
        return Verdict(
            frozenset(word for word in self._speller.wrong(words) if word.lower() not in known),
            words,
            language,
            "",
        )

    def _on_verdict(self, verdict: Verdict) -> None:
        self._is_asking = False
        self.hint = verdict.hint
        if verdict.language == self._language and not verdict.hint:
            self._verdicts.update({word: word in verdict.wrong for word in verdict.asked})
        self.check()

    def _on_failed(self, error: object) -> None:
        self._is_asking = False

    def _underline(self, text: str) -> None:
        # The word that is being written isn't wrong yet.
        at = self._editor.cursor_index() if self._editor.hasFocus() else -1
        right = self._own | self._context
        self._editor.show_misspelt(
            tuple(
                (start, end)
                for start, end, word in words_of(text)
                if self._verdicts.get(word) and word.lower() not in right and end != at
            )
        )

    def _fill_menu(self, menu: QMenu, word: str) -> None:
        before = menu.actions()[0] if menu.actions() else None
        if word and self._speller is not None:
            self._offer(menu, word, before)
        menu.addSeparator()
        switch = menu.addAction(tr("Check spelling"))
        switch.setCheckable(True)
        switch.setChecked(self._is_on and not self.hint)
        switch.setEnabled(not self.hint)
        switch.triggered.connect(self.set_on)
        if self.hint:
            menu.addAction(tr(self.hint)).setEnabled(False)

    def _offer(self, menu: QMenu, word: str, before: QAction | None) -> None:
        speller, place = self._speller, self._editor.menu_place
        waiting = QAction(tr("Looking for suggestions…"), menu)
        waiting.setEnabled(False)
        learn = QAction(tr("Add “{word}” to my dictionary", word=word), menu)
        learn.triggered.connect(lambda: self.learn(word))
        separator = QAction(menu)
        separator.setSeparator(True)
        for action in (waiting, learn, separator):
            menu.insertAction(before, action)  # type: ignore[arg-type]

        def show(found: tuple[str, ...]) -> None:
            for suggestion in found:
                action = QAction(suggestion, menu)
                action.triggered.connect(lambda _=False, text=suggestion: self._editor.replace(place, text))
                menu.insertAction(waiting, action)
            waiting.setText(tr("No suggestion"))
            waiting.setVisible(not found)

        if speller is not None:
            self._tasks.aside(menu, lambda: speller.suggest(word), show, lambda _: None)

    def learn(self, word: str) -> None:
        """Take a word into the person's own dictionary."""
        self._own |= {word.lower()}
        self._save()
        self.check()

    def set_on(self, is_on: bool) -> None:
        """Check words, or leave them."""
        self._is_on = is_on
        self._save()
        self.check()

    def _save(self) -> None:
        self._keep({"on": self._is_on, "language": self._language, "words": sorted(self._own)})
