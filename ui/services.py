"""The status bar: is the node there, is an engine there, does the database answer. In words and shape."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from llmcxr_ws.domain import ServiceRow
from llmcxr_ws.store.services import ALIVE_S
from ui.language import tr
from ui.widgets import Mark, label, with_tone


class Part(StrEnum):
    """What there is a light for."""

    NODE = "Node"
    ENGINE = "Engine"
    DATABASE = "Database"


class ServiceLights(QWidget):
    """One mark and some words each for node, engine and database."""

    def __init__(self) -> None:
        super().__init__()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 2, 8, 2)
        layout.setSpacing(6)
        self._parts: dict[Part, tuple[Mark, QLabel]] = {}
        for part in Part:
            mark, words = Mark(side=12), label(tone="muted")
            layout.addWidget(mark)
            layout.addWidget(words)
            layout.addSpacing(14)
            self._parts[part] = (mark, words)
        self._say(Part.NODE, tr("Node …"), is_good=None)
        self._say(Part.ENGINE, tr("Engine …"), is_good=None)
        self._say(Part.DATABASE, tr("Database …"), is_good=None)

    def words(self, part: Part) -> str:
        """Return what is said of a part."""
        return self._parts[part][1].text()

    def show_services(self, rows: tuple[ServiceRow, ...]) -> None:
        """Show who has been seen lately."""
        alive = [row for row in rows if row.seconds_since_seen <= ALIVE_S]
        self._show_node({row.kind for row in alive})
        self._show_engines([row for row in alive if row.kind == "engine"])
        self._say(Part.DATABASE, tr("Database connected"), is_good=True)

    def _show_node(self, kinds: set[str]) -> None:
        has_courier, has_listener = "courier" in kinds, "listener" in kinds
        if has_courier and not has_listener:
            self._say(Part.NODE, tr("Node: only its courier runs"), is_good=False)
        elif has_listener and not has_courier:
            self._say(Part.NODE, tr("Node: only its listener runs"), is_good=False)
        elif has_courier or "node" in kinds:
            self._say(Part.NODE, tr("Node running"), is_good=True)
        else:
            self._say(Part.NODE, tr("Node not running"), is_good=False)

    def _show_engines(self, engines: list[ServiceRow]) -> None:
        if any(row.detail.get("accepted") is False for row in engines):
            self._say(Part.ENGINE, tr("Engine running, with a model that nobody accepted"), is_good=False)
        elif len(engines) > 1:
            self._say(Part.ENGINE, tr("%n engine(s) running", "", len(engines)), is_good=True)
        elif engines:
            self._say(Part.ENGINE, tr("Engine running"), is_good=True)
        else:
            self._say(Part.ENGINE, tr("Engine not running"), is_good=False)

    def show_no_database(self) -> None:
        """Say that the database didn't answer."""
        self._say(Part.DATABASE, tr("Database not reachable"), is_good=False)
        self._say(Part.NODE, tr("Node unknown"), is_good=None)
        self._say(Part.ENGINE, tr("Engine unknown"), is_good=None)

    def _say(self, part: Part, words: str, *, is_good: bool | None) -> None:
        tone = {True: "good", False: "bad", None: "muted"}[is_good]
        mark, text = self._parts[part]
        mark.show_shape("silent" if is_good is False else "alive", tone)
        text.setText(words)
        with_tone(text, tone if is_good is False else "muted")
