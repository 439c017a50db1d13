"""The site's document while it is being changed: one text that several sections edit, and the bar to put it in force.

Nothing counts before the node has taken it; what is wrong is said by the same validator, at once.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from llmcxr_ws import site_document, supervising
from llmcxr_ws.domain import RequestRow
from llmcxr_ws.errors import ConfigError
from llmcxr_ws.site_document import Place, Problem
from llmcxr_ws.supervising import SiteText
from ui.language import tr
from ui.office import Office
from ui.outcome import OutcomeLine
from ui.widgets import Mark, button, label, with_tone


class SiteDraft(QObject):
    """The text in force and the one that is being written.

    Signals
    -------
    changed() : the text, or what is in force, is another
    """

    changed = Signal()

    def __init__(self, office: Office, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.office = office
        self.in_force = SiteText(0, "", ())
        self.text = ""
        self.problems: tuple[Problem, ...] = ()
        self.is_read = False

    @property
    def is_changed(self) -> bool:
        """Whether something was written that isn't in force."""
        return self.text != self.in_force.text

    @property
    def values(self) -> dict[str, Any]:
        """The text as plain values; none while it isn't TOML."""
        try:
            return site_document.values_of(self.text)
        except ConfigError:
            return {}

    def tables(self, name: str) -> list[dict[str, Any]]:
        """The ``[[name]]`` tables that are tables."""
        found = self.values.get(name, [])
        return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []

    def problem_at(self, *place: str | int) -> str:
        """The sentence about a place, or about what lies in it; empty when nothing is wrong there."""
        return " ".join(one.sentence for one in self.problems if one.place[: len(place)] == place)

    def read(self) -> None:
        """Read what is in force; what is being written stays."""
        self.office.read(self, supervising.site_text, self._on_read)

    def write(self, text: str) -> None:
        """Go on with another text."""
        if text != self.text:
            self.text = text
            self._check()

    def put(self, place: Place, value: Any) -> None:
        """Change one value; None takes it out, so that its default holds."""
        self.write(site_document.with_value(self.text, place, value))

    def add(self, name: str, values: dict[str, Any]) -> None:
        """Add a table at the end."""
        self.write(site_document.with_table(self.text, name, values))

    def remove(self, name: str, at: int) -> None:
        """Take a table out."""
        self.write(site_document.without_table(self.text, name, at))

    def discard(self) -> None:
        """Go back to what is in force."""
        self.write(self.in_force.text)

    def _on_read(self, found: SiteText) -> None:
        was_changed, self.is_read = self.is_changed, True
        if found == self.in_force and self.text:
            return
        self.in_force = found
        if not was_changed:
            self.text = found.text
        self._check()

    def _check(self) -> None:
        self.problems = (
            site_document.problems(self.text, demo=self.office.is_demo) if self.text.strip() else ()
        )
        self.changed.emit()


class SiteBar(QFrame):
    """Says whether the written document is in force, and puts it there."""

    def __init__(self, draft: SiteDraft) -> None:
        super().__init__()
        self._draft = draft
        self.setProperty("banner", "plain")
        self._mark = Mark()
        self._words = label("", wraps=True)
        self._words.setAccessibleName(tr("State of the site document"))
        self.line = OutcomeLine()
        self.apply = button(
            tr("Put in force"), self._on_apply, name=tr("Put the site document in force"), tone="action"
        )
        self.discard = button(
            tr("Discard"), draft.discard, name=tr("Discard the changes to the site document")
        )
        head = QHBoxLayout()
        head.setSpacing(9)
        head.addWidget(self._mark)
        head.addWidget(self._words, 1)
        head.addWidget(self.discard)
        head.addWidget(self.apply)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self.line)
        self.line.hide()
        draft.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        draft, version = self._draft, self._draft.in_force.version
        if draft.problems:
            words, shape, tone = self._problem_words(), "refused", "bad"
        elif draft.is_changed:
            words, shape, tone = (
                tr("Changed, and not in force yet. Version {version} is in force.", version=version),
                "review",
                "attention",
            )
        elif version:
            words, shape, tone = (
                tr("This is version {version} of the site document, in force.", version=version),
                "signed",
                "good",
            )
        else:
            words, shape, tone = tr("No site document is in force yet."), "waiting", "muted"
        self._words.setText(words)
        with_tone(self._words, tone if tone == "bad" else "")
        self._mark.show_shape(shape, tone)
        self.apply.setEnabled(draft.is_changed and not draft.problems)
        self.discard.setEnabled(draft.is_changed)

    def _problem_words(self) -> str:
        first, more = self._draft.problems[0], len(self._draft.problems) - 1
        where = tr("Line {line}: {sentence}", line=first.line, sentence=first.sentence)
        said = where if first.line else first.sentence
        others = tr("And %n more.", "", more)
        return f"{said} {others}" if more else said

    def _on_apply(self) -> None:
        text = self._draft.text
        self.line.show()

        def decided(row: RequestRow) -> None:
            self.line.say(row.outcome, "good")
            self._draft.read()

        self._draft.office.request(
            self,
            lambda place, key: supervising.request_site(place, key, text),
            self.line.watch(self, decided),
        )
