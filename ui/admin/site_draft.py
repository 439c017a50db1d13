"""The site's document while it is being changed: one text that several sections edit, and the bar to put it in force.

Nothing counts before the node has taken it; what is wrong is said by the same validator, at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from llmcxr_ws import site_document, supervising
from llmcxr_ws.errors import ConfigError, UserFacingError
from llmcxr_ws.site_document import Place, Problem
from llmcxr_ws.supervising import SiteText
from ui.admin.names import Names
from ui.language import tr
from ui.office import Office
from ui.outcome import OutcomeLine
from ui.widgets import Mark, button, label, with_tone

_PAUSE_MS = 300


class SiteDraft(QObject):
    """The text in force and the one that is being written.

    Signals
    -------
    changed() : the text, or what is in force, is another
    typing() : somebody began, or ended, to type what isn't in the text yet
    refused(UserFacingError) : a form's change can't be made in this text
    """

    changed = Signal()
    typing = Signal()
    refused = Signal(object)

    def __init__(self, office: Office, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.office = office
        self.in_force = SiteText(0, "", ())
        self.text = ""
        self.problems: tuple[Problem, ...] = ()
        self.is_read = self.is_typed = False
        self.based_on = 0
        self._soon = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._soon.timeout.connect(self.check)
        self.names = Names(self)

    @property
    def is_changed(self) -> bool:
        """Whether something was written that isn't in force."""
        return self.text != self.in_force.text

    @property
    def is_overtaken(self) -> bool:
        """Whether another version came into force since the changes were begun, which these would undo."""
        return self.is_changed and self.based_on != self.in_force.version

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

    def problem_of_entry(self, table: str, at: int, fields: Collection[str]) -> str:
        """The sentences about an entry that stand at none of these fields."""
        return " ".join(
            one.sentence
            for one in self.problems
            if one.place[:2] == (table, at) and (len(one.place) < 3 or one.place[2] not in fields)
        )

    def read(self) -> None:
        """Read what is in force; what is being written stays."""
        self.office.read(self, supervising.site_text, self._on_read)

    def write(self, text: str, *, is_typing: bool = False) -> None:
        """Go on with another text; while somebody is typing it is checked at the next pause."""
        if text == self.text:
            return
        self.text = text
        if is_typing:
            self._soon.start()
        else:
            self.check()

    def note_typing(self, is_typed: bool = True) -> None:
        """Take note that somebody types what comes into the text when the line is left."""
        if self.is_typed != is_typed:
            self.is_typed = is_typed
            self.typing.emit()

    def put(self, place: Place, value: Any) -> None:
        """Change one value; None takes it out, so that its default holds."""
        self._edit(lambda: site_document.with_value(self.text, place, value))

    def add(self, name: str, values: dict[str, Any]) -> None:
        """Add a table at the end."""
        self._edit(lambda: site_document.with_table(self.text, name, values))

    def remove(self, name: str, at: int) -> None:
        """Take a table out."""
        self._edit(lambda: site_document.without_table(self.text, name, at))

    def replace(self, name: str, tables: Sequence[dict[str, Any]]) -> None:
        """Put other tables in the place of all of that name, in their order."""

        def made() -> str:
            text = self.text
            for _ in self.tables(name):
                text = site_document.without_table(text, name, 0)
            for values in tables:
                text = site_document.with_table(text, name, values)
            return text

        self._edit(made)

    def _edit(self, make: Callable[[], str]) -> None:
        """Go on with the text that a form makes; where it can't, say why and show the forms as they were."""
        try:
            self.write(make())
        except ConfigError as error:
            self.changed.emit()
            self.refused.emit(error)

    def discard(self) -> None:
        """Go back to what is in force."""
        self.note_typing(False)
        self.write(self.in_force.text)

    def _on_read(self, found: SiteText) -> None:
        was_changed, self.is_read = self.is_changed, True
        if found == self.in_force and self.text:
            return
        self.in_force = found
        if not was_changed:
            self.text = found.text
        self.check()

    def check(self) -> None:
        """Judge the text as it stands now."""
        self._soon.stop()
        if not self.is_changed:
            self.based_on = self.in_force.version
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
        draft.typing.connect(self._show_buttons)
        draft.refused.connect(self._on_refused)
        self._show()

    def _show(self) -> None:
        draft, version = self._draft, self._draft.in_force.version
        if draft.is_changed and not self.line.is_busy:
            self.line.hide()  # it told of an earlier change
        if draft.problems:
            words, shape, tone = self._problem_words(), "refused", "bad"
        elif draft.is_overtaken:
            words, shape, tone = self._overtaken_words(), "refused", "bad"
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
        self._show_buttons()

    def _show_buttons(self) -> None:
        """What is being typed counts: a click on a button leaves the line, and so writes it."""
        draft = self._draft
        has_changes = draft.is_changed or draft.is_typed
        self.apply.setEnabled(has_changes and not draft.problems and not draft.is_overtaken)
        self.discard.setEnabled(has_changes)

    def _problem_words(self) -> str:
        first, more = self._draft.problems[0], len(self._draft.problems) - 1
        where = tr("Line {line}: {sentence}", line=first.line, sentence=first.sentence)
        said = where if first.line else first.sentence
        others = tr("And %n more.", "", more)
        return f"{said} {others}" if more else said

    def _overtaken_words(self) -> str:
        newest = self._draft.in_force
        return tr(
            "{user} put version {version} in force meanwhile, and these changes begin from version {base}: they "
            "would undo it. Copy what you need from the site document, discard, and make the changes again.",
            user=newest.versions[0].imported_by if newest.versions else "–",
            version=newest.version,
            base=self._draft.based_on,
        )

    def _on_refused(self, error: UserFacingError) -> None:
        self.line.show()
        self.line.error(error)

    def _on_apply(self) -> None:
        self.apply.setFocus()  # a line that is being typed into is left, and written
        self._draft.note_typing(False)
        self._draft.check()  # also what was typed a moment ago
        if not self.apply.isEnabled():
            return
        text, based_on = self._draft.text, self._draft.based_on
        self.line.show()
        self._draft.office.request(
            self,
            lambda place, key: supervising.request_site(place, key, text, based_on=based_on),
            # Granted or refused: another version may be in force now.
            self.line.watch(self, then=self._draft.read),
        )
