"""The choice of a language on the log-in page, for whoever can't read the one that it is in."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QWidget

from ui.language import LANGUAGES, SYSTEM, tr
from ui.person import Person
from ui.widgets import choice, label


class LanguageChoice(QWidget):
    """Languages in their own words; the chosen one counts at once, and for the next log-in at this machine."""

    def __init__(self, person: Person) -> None:
        super().__init__()
        self._person = person
        self.box = choice(tr("Language"))
        for value, words in ((SYSTEM, tr("As the system")), *LANGUAGES.items()):
            self.box.addItem(words, value)
        self.box.setCurrentIndex(self.box.findData(person.preferences.language))
        self.box.activated.connect(self._on_chosen)
        layout = QHBoxLayout(self)
        layout.addWidget(label(tr("Language"), "muted"))
        layout.addWidget(self.box)

    def _on_chosen(self, _: int) -> None:
        wanted = self._person.preferences.with_value("language", self.box.currentData())
        self._person.set_preferences(wanted)
