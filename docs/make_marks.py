"""Make ui/resources/{check,up,down}-{dark,light}.png: the small marks inside Qt's own controls, in both themes.

Style sheets take such marks from files only. Run it after changing the colours: ``python docs/make_marks.py``.
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPen, QPixmap, QPolygonF

import ui
from ui.theme import THEMES

RESOURCES = Path(ui.__file__).parent / "resources"
SIDE = 64
LINES = {
    "check": ((14, 34), (27, 47), (50, 18)),
    "up": ((14, 42), (32, 22), (50, 42)),
    "down": ((14, 22), (32, 42), (50, 22)),
}


def draw(name: str, colour: str, out: Path) -> None:
    """Draw one mark."""
    made = QPixmap(SIDE, SIDE)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(QColor(colour), 8)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.drawPolyline(QPolygonF([QPointF(*point) for point in LINES[name]]))
    painter.end()
    made.save(str(out))


def main() -> None:
    """Draw all marks in all themes."""
    application = QGuiApplication([])
    for theme_name, theme in THEMES.items():
        for name in LINES:
            colour = theme.action_text if name == "check" else theme.text
            draw(name, colour, RESOURCES / f"{name}-{theme_name}.png")
    application.quit()


if __name__ == "__main__":
    main()
