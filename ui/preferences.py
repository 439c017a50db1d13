"""What each person sets for the own window: one declaration for each setting.

The dialog, the check of what the store holds, and the handbook's table are all made from the fields of
`Preferences`. They are kept in the store under the name "window"; a value that the declaration doesn't allow (an
older or newer program wrote it) is left out, and the default counts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llmcxr_ws.errors import ConfigError
from ui.language import LANGUAGES, SYSTEM, mark

NAME = "window"


@dataclass(frozen=True)
class Choice:
    """One of several values, each with its words."""

    words: tuple[tuple[str, str], ...]

    def allows(self, value: object) -> bool:
        """Whether it is one of them."""
        return isinstance(value, str) and value in dict(self.words)

    @property
    def allowed(self) -> str:
        """What is allowed, for the handbook and for refusals."""
        return ", ".join(value for value, _ in self.words)


@dataclass(frozen=True)
class Number:
    """A whole number in steps, with its unit."""

    lowest: int
    highest: int
    step: int
    unit: str

    def allows(self, value: object) -> bool:
        """Whether it lies in the range."""
        return isinstance(value, int) and not isinstance(value, bool) and self.lowest <= value <= self.highest

    @property
    def allowed(self) -> str:
        """What is allowed, for the handbook and for refusals."""
        return f"{self.lowest} to {self.highest} {self.unit}"


@dataclass(frozen=True)
class Switch:
    """Yes or no."""

    def allows(self, value: object) -> bool:
        """Whether it is a truth value."""
        return isinstance(value, bool)

    @property
    def allowed(self) -> str:
        """What is allowed, for the handbook and for refusals."""
        return "true, false"


Kind = Choice | Number | Switch


@dataclass(frozen=True)
class Setting:
    """What the dialog and the handbook say of one setting."""

    name: str
    default: Any
    label: str
    help: str
    kind: Kind


def _setting(default: Any, kind: Kind, label: str, help: str) -> Any:
    return field(default=default, metadata={"kind": kind, "label": label, "help": help})


@dataclass(frozen=True)
class Preferences:
    """All settings of one person; a new one is a new field."""

    theme: str = _setting(
        "dark",
        Choice((("dark", mark("Dark")), ("light", mark("Light")))),
        mark("Colours"),
        mark("Dark for a reading room, light for a bright one. The film stays on black."),
    )
    text_size: int = _setting(
        100,
        Number(80, 200, 10, "%"),
        mark("Size of the text"),
        mark("Everything in the window grows with it but the film."),
    )
    language: str = _setting(
        SYSTEM,
        Choice(((SYSTEM, mark("As the system")), *LANGUAGES.items())),
        mark("Language"),
        mark("Reports and what the model says stay in the language they are written in."),
    )
    film_window: bool = _setting(
        False,
        Switch(),
        mark("Film in a window of its own"),
        mark("For a second monitor. Each window comes back to the screen it was on, when that is there."),
    )
    open_with: str = _setting(
        "choosing",
        Choice(
            (
                ("choosing", mark("as soon as it is chosen")),
                ("enter", mark("with Enter or a double click")),
            )
        ),
        mark("A study opens"),
        mark("With Enter you can walk through the worklist by the arrow keys without holding any study."),
    )

    def with_value(self, name: str, value: Any) -> Preferences:
        """Return the same with one setting changed.

        Raises
        ------
        ConfigError
            The setting doesn't allow the value.
        """
        setting = _BY_NAME[name]
        if not setting.kind.allows(value):
            raise ConfigError(
                f"The setting '{name}' was given {value!r}.", what_to_do=f"Allowed: {setting.kind.allowed}."
            )
        return dataclasses.replace(self, **{name: value})

    def as_json(self) -> dict[str, Any]:
        """Return what is kept in the store."""
        return dataclasses.asdict(self)


def settings() -> tuple[Setting, ...]:
    """Return every setting in the order of the dialog."""
    return tuple(
        Setting(entry.name, entry.default, **entry.metadata) for entry in dataclasses.fields(Preferences)
    )


def read(kept: Mapping[str, Any]) -> Preferences:
    """Return what the store holds, as far as the declarations allow it; defaults for the rest."""
    good = {
        name: value for name, value in kept.items() if name in _BY_NAME and _BY_NAME[name].kind.allows(value)
    }
    return Preferences(**good)


def as_markdown() -> str:
    """Return the handbook's table of settings."""
    lines = ["| setting | default | allowed | meaning |", "|---|---|---|---|"]
    for entry in settings():
        allowed = entry.kind.allowed
        default = str(entry.default).lower() if isinstance(entry.default, bool) else str(entry.default)
        lines.append(f"| {entry.label} (`{entry.name}`) | `{default}` | {allowed} | {entry.help} |")
    return "\n".join(lines) + "\n"


_BY_NAME = {entry.name: entry for entry in settings()}
