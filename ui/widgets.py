"""Small building blocks: labelled buttons, banners, headings. Each gives its control an accessible name."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ui.icons import pixmap
from ui.shortcuts import text_of, with_keys
from ui.theme import current, follow, px


def with_tone(widget: QWidget, tone: str) -> None:
    """Give a widget a tone of the style sheet and have it drawn anew."""
    if widget.property("tone") != tone:
        widget.setProperty("tone", tone)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def label(text: str = "", tone: str = "", *, wraps: bool = False) -> QLabel:
    """Return a label of plain text: what comes from outside is never read as markup."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wraps)
    if tone:
        made.setProperty("tone", tone)
    return made


def button(text: str, on_click: Callable[[], object], *, name: str = "", tone: str = "") -> QPushButton:
    """Return a push button with an accessible name (its text, unless another is given)."""
    made = QPushButton(text)
    made.setAccessibleName(name or text)
    made.setAutoDefault(False)
    if tone:
        made.setProperty("tone", tone)
    made.clicked.connect(lambda: on_click())
    return made


class _Choice(QComboBox):
    """Turned by the wheel only where somebody went to it; else what it stands in scrolls."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Take the wheel while it has the focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


def choice(name: str) -> QComboBox:
    """Return a box to choose from, as wide as its longest entry, with an accessible name for it and its list."""
    made = _Choice()
    made.setAccessibleName(name)
    made.view().setAccessibleName(name)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    return made


def tool(text: str, action: str, on_click: Callable[[], object], *, checkable: bool = False) -> QToolButton:
    """Return a tool button for an entry of the shortcut table, with its words and keys as tool tip."""
    made = QToolButton()
    made.setText(text)
    made.setAccessibleName(text_of(action))
    show_keys_of(made, action)
    made.setCheckable(checkable)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    made.clicked.connect(lambda: on_click())
    return made


def number(name: str, lowest: int, highest: int, value: int, *, step: int = 1, unit: str = "") -> QSpinBox:
    """Return a field for a whole number, with an accessible name."""
    made = QSpinBox()
    made.setAccessibleName(name)
    made.setRange(lowest, highest)
    made.setSingleStep(step)
    made.setSuffix(f" {unit}" if unit else "")
    made.setValue(value)
    made.setKeyboardTracking(False)
    # The style sheet's padding doesn't reach the text of a spin box.
    made.lineEdit().setTextMargins(6, 0, 0, 0)
    return made


def show_keys_of(control: QAbstractButton, action: str, text: str = "") -> None:
    """Give a button a tool tip with its keys, also when they are changed later (`refresh_keys`).

    Parameters
    ----------
    text : str
        What the tool tip says; else what the table of keys says of the action.
    """
    control.setProperty("action", action)
    control.setProperty("actionText", text or text_of(action))
    refresh_keys(control)


def refresh_keys(control: QAbstractButton) -> None:
    """Show the keys in force in a button's tool tip."""
    action = control.property("action")
    if isinstance(action, str):
        control.setToolTip(with_keys(control.property("actionText"), action))


class OneOf(QObject):
    """Buttons of which one is pressed, each reached by Tab; QButtonGroup leaves only the pressed one to Tab."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._buttons: list[QAbstractButton] = []

    def addButton(self, made: QAbstractButton, number: int) -> None:
        """Take a button in, as the next one."""
        self._buttons.append(made)
        made.clicked.connect(lambda: self.press(number))

    def button(self, number: int) -> QAbstractButton:
        """Return a button."""
        return self._buttons[number]

    def buttons(self) -> list[QAbstractButton]:
        """Return all buttons."""
        return list(self._buttons)

    def press(self, number: int) -> None:
        """Have one look pressed and the others not."""
        for at, made in enumerate(self._buttons):
            made.setChecked(at == number)


class Mark(QLabel):
    """A shape in a colour of the theme; as large as a line of text."""

    def __init__(self, shape: str = "", tone: str = "muted", side: int = 16) -> None:
        super().__init__()
        self._shape, self._tone, self._side = shape, tone, side
        follow(self._draw)

    def show_shape(self, shape: str, tone: str) -> None:
        """Show another shape; none for an empty name."""
        self._shape, self._tone = shape, tone
        self._draw()

    def _draw(self) -> None:
        if not self._shape:
            self.clear()
            return
        theme = current()
        colour = getattr(theme, self._tone, theme.muted)
        self.setPixmap(pixmap(self._shape, colour, self.devicePixelRatioF(), px(self._side)))


class Banner(QFrame):
    """A sentence that can't be overlooked, with a shape before it; hidden while it has nothing to say."""

    def __init__(self, tone: str, shape: str, *, name: str) -> None:
        super().__init__()
        self.setProperty("banner", tone)
        self.setAccessibleName(name)
        self._text = label(wraps=True)
        self._text.setAccessibleName(name)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        mark = Mark(shape, tone)
        self._row = layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 7, 10, 7)
        layout.setSpacing(9)
        layout.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        self._column = QVBoxLayout()
        self._column.setSpacing(7)
        self._column.addWidget(self._text)
        layout.addLayout(self._column, 1)
        self.hide()

    def add_button(self, made: QPushButton, *, is_below: bool = False) -> None:
        """Put a button at the banner's end, or below the sentence where that is long."""
        if is_below:
            self._column.addWidget(made, 0, Qt.AlignmentFlag.AlignLeft)
        else:
            self._row.addWidget(made)

    @property
    def text(self) -> str:
        """The sentence."""
        return self._text.text()

    def say(self, text: str) -> None:
        """Show a sentence, or hide for an empty one."""
        self._text.setText(text)
        self.setVisible(bool(text))
