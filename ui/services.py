"""The status bar: is the node there, is an engine there, does the database answer. In words and shape."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from llmcxr_ws.domain import ServiceRow
from llmcxr_ws.store.services import ALIVE_S
from ui.widgets import Mark, label, with_tone


class ServiceLights(QWidget):
    """One mark and word each for node, engine and database."""

    def __init__(self) -> None:
        super().__init__()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 2, 8, 2)
        layout.setSpacing(6)
        self._parts: dict[str, tuple[Mark, QLabel]] = {}
        for name in ("Node", "Engine", "Database"):
            mark, words = Mark(side=12), label(tone="muted")
            layout.addWidget(mark)
            layout.addWidget(words)
            layout.addSpacing(14)
            self._parts[name] = (mark, words)
            self._say(name, "…", is_good=None)

    def show_services(self, rows: tuple[ServiceRow, ...]) -> None:
        """Show who has been seen lately."""
        alive = [row.kind for row in rows if row.seconds_since_seen <= ALIVE_S]
        courier, listener = "courier" in alive, "listener" in alive
        if courier and listener:
            self._say("Node", "running", is_good=True)
        elif courier or listener:
            self._say("Node", f"only its {'courier' if courier else 'listener'} runs", is_good=False)
        else:
            self._say("Node", "running" if "node" in alive else "not running", is_good="node" in alive)
        engines = alive.count("engine")
        words = {0: "not running", 1: "running"}.get(engines, f"{engines} running")
        strangers = [row for row in rows if row.kind == "engine" and row.detail.get("accepted") is False]
        if engines and any(row.seconds_since_seen <= ALIVE_S for row in strangers):
            self._say("Engine", "running, with a model that nobody accepted", is_good=False)
        else:
            self._say("Engine", words, is_good=engines > 0)
        self._say("Database", "connected", is_good=True)

    def show_no_database(self) -> None:
        """Say that the database didn't answer."""
        self._say("Database", "not reachable", is_good=False)
        for name in ("Node", "Engine"):
            self._say(name, "unknown", is_good=None)

    def _say(self, name: str, words: str, *, is_good: bool | None) -> None:
        tone = {True: "good", False: "bad", None: "muted"}[is_good]
        mark, text = self._parts[name]
        mark.show_shape("silent" if is_good is False else "alive", tone)
        text.setText(f"{name} {words}")
        with_tone(text, tone if is_good is False else "muted")
