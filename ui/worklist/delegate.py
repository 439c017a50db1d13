"""Paints a worklist cell: two lines, the state with its shape before its word."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from ui.icons import pixmap
from ui.theme import current, px
from ui.worklist.model import SHAPE_ROLE, Column, Index

PAD_X, PAD_Y, ICON = 8, 7, 16


def height_of_row(font: QFont) -> int:
    """Return the height of two lines in pixels, at the present size of the text."""
    return 2 * QFontMetrics(font).lineSpacing() + 2 * px(PAD_Y)


class TwoLines(QStyledItemDelegate):
    """First line in the text colour, second line muted."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return room for two lines."""
        return QSize(90, height_of_row(option.font))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the cell."""
        theme, pad_x, pad_y, icon = current(), px(PAD_X), px(PAD_Y), px(ICON)
        area: QRect = option.rect
        state: QStyle.StateFlag = option.state
        is_selected = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        if is_selected:
            painter.fillRect(area, QColor(theme.selection))
        painter.setPen(QColor(theme.panel))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        first, second = (str(index.data() or "") + "\n").split("\n")[:2]
        left, colour = area.left() + pad_x, theme.selection_text if is_selected else theme.text
        shape: tuple[str, str] | None = index.data(SHAPE_ROLE)
        if shape is not None:
            colour = getattr(theme, shape[1])
            ratio = painter.device().devicePixelRatio()
            painter.drawPixmap(QPoint(left, area.top() + pad_y), pixmap(shape[0], colour, ratio, icon))
            left += icon + px(6)
        font = QFont(option.font)
        line = QFontMetrics(font).lineSpacing()
        room = QRect(left, area.top() + pad_y, area.right() - left - 4, line)
        font.setWeight(QFont.Weight.DemiBold if index.column() == Column.PATIENT else QFont.Weight.Normal)
        _write(painter, room, font, colour, first)
        font.setWeight(QFont.Weight.Normal)
        muted = theme.text if is_selected else theme.muted
        # Below an icon, the second line has the whole width: it says why.
        below = QRect(area.left() + pad_x, room.top() + line, area.width() - pad_x - 4, line)
        _write(painter, below, font, muted, second)
        painter.restore()


def _write(painter: QPainter, room: QRect, font: QFont, colour: str, text: str) -> None:
    painter.setFont(font)
    painter.setPen(QColor(colour))
    shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, room.width())
    painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
