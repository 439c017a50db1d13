"""A row of controls that breaks into as many rows as its width needs, for large texts and narrow columns."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget


class FlowLayout(QLayout):
    """Lays items from left to right, then on the next row; items of a row are equally high."""

    def __init__(self, parent: QWidget | None = None, *, spacing: int = 6) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(spacing)

    # Qt

    def addItem(self, item: QLayoutItem) -> None:
        """Take an item over."""
        self._items.append(item)

    def count(self) -> int:
        """Return how many items there are."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        """Return an item, or None where there is none."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        """Give an item up."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        """Want no more room than is needed."""
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        """A narrower row is a higher one."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Return the height at a width."""
        return self._place(QRect(0, 0, width, 0), is_real=False)

    def setGeometry(self, rect: QRect) -> None:
        """Place the items."""
        super().setGeometry(rect)
        self._place(rect, is_real=True)

    def sizeHint(self) -> QSize:
        """Return the least that the widest item needs."""
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        """Return the size of the largest item."""
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        margins = self.contentsMargins()
        return size + QSize(margins.left() + margins.right(), margins.top() + margins.bottom())

    # Inside

    def _place(self, rect: QRect, *, is_real: bool) -> int:
        margins = self.contentsMargins()
        inside = rect.adjusted(margins.left(), margins.top(), -margins.right(), -margins.bottom())
        y = inside.top()
        rows = self._rows(inside.width())
        for row in rows:
            height = max(item.sizeHint().height() for item in row)
            x = inside.left()
            for item in row:
                width = min(item.sizeHint().width(), inside.width())
                if is_real:
                    item.setGeometry(QRect(QPoint(x, y), QSize(width, height)))
                x += width + self.spacing()
            y += height + self.spacing()
        return y - (self.spacing() if rows else 0) + margins.bottom() - rect.top()

    def _rows(self, width: int) -> list[list[QLayoutItem]]:
        rows: list[list[QLayoutItem]] = []
        left = -1
        for item in self._items:
            if item.isEmpty():
                continue
            needed = item.sizeHint().width()
            if left < needed:
                rows.append([])
                left = width
            rows[-1].append(item)
            left -= needed + self.spacing()
        return rows
