"""The window's own colours, sizes and style sheet; nothing of it comes from the desktop.

Qt's colour-scheme hint has no effect on some platforms, so the palette is set in full. Every pair of colours
that carries text is listed in `TEXT_PAIRS`, and a test holds each of them to a contrast of at least 4.5:1
(WCAG 2.1, 1.4.3), in both themes.

A widget that draws with a colour asks `current()` while it draws. One that keeps something made of a colour or a
size (a pixmap, a text format, rich text, a width) makes it in a method and hands that to `follow`: it is called
once now and again whenever theme or text size change. Lengths go through `px`, so that they grow with the text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import cast

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QDialog

FAMILY = "Inter"


@dataclass(frozen=True)
class Theme:
    """Named colours of one theme, as #rrggbb."""

    name: str = "dark"
    chrome: str = "#1f2326"
    panel: str = "#262b2f"
    field: str = "#181b1e"
    raised: str = "#343b41"
    hover: str = "#3e464d"
    line: str = "#41494f"
    text: str = "#eceae4"
    muted: str = "#b4bbc0"
    disabled: str = "#a1a8ad"
    selection: str = "#2b4a68"
    selection_text: str = "#ffffff"
    focus: str = "#93c6f5"
    action: str = "#2f6fa8"
    action_text: str = "#ffffff"
    ai: str = "#c3b5f5"
    ai_panel: str = "#2c2a3d"
    good: str = "#93d197"
    attention: str = "#ecc06c"
    attention_panel: str = "#3b3320"
    bad: str = "#f7a094"
    bad_panel: str = "#40282a"
    inserted: str = "#93d197"
    removed: str = "#f7a094"


DARK = Theme()
LIGHT = Theme(
    name="light",
    chrome="#dde1e4",
    panel="#eceeef",
    field="#fcfcfa",
    raised="#f7f8f8",
    hover="#d5dbe0",
    line="#a3abb1",
    text="#1b1f22",
    muted="#495157",
    disabled="#565e64",
    selection="#c9ddf1",
    selection_text="#0b1722",
    focus="#0a56a3",
    action="#2d6ba3",
    action_text="#ffffff",
    ai="#5a3ea6",
    ai_panel="#e7e2f6",
    good="#1b652a",
    attention="#704a00",
    attention_panel="#f5e9c8",
    bad="#a12518",
    bad_panel="#f7dcd8",
    inserted="#1b652a",
    removed="#a12518",
)
THEMES = {theme.name: theme for theme in (DARK, LIGHT)}
BASE_POINTS = 10.0

# Every pair of (text, background) that the window uses.
TEXT_PAIRS: tuple[tuple[str, str], ...] = (
    *((text, ground) for text in ("text", "muted", "disabled") for ground in ("chrome", "panel", "field")),
    *((text, "field") for text in ("ai", "good", "attention", "bad", "inserted", "removed", "focus")),
    *((text, "panel") for text in ("ai", "good", "attention", "bad", "focus")),
    *((text, "chrome") for text in ("ai", "good", "attention", "bad", "focus")),
    *(
        (text, "selection")
        for text in ("selection_text", "text", "good", "attention", "bad", "ai", "muted", "focus")
    ),
    *((text, "raised") for text in ("text", "muted", "disabled", "focus")),
    ("text", "hover"),
    ("action_text", "action"),
    ("text", "ai_panel"),
    ("muted", "ai_panel"),
    ("ai", "ai_panel"),
    ("text", "attention_panel"),
    ("attention", "attention_panel"),
    ("text", "bad_panel"),
    ("bad", "bad_panel"),
)


def contrast(a: str, b: str) -> float:
    """Return the contrast ratio of two #rrggbb colours (WCAG 2.1), from 1 to 21."""
    lighter, darker = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


class _Now(QObject):
    """The theme and text size on the screen."""

    changed = Signal()
    theme = DARK
    scale = 1.0


@cache
def _now() -> _Now:
    return _Now()


def current() -> Theme:
    """Return the theme on the screen."""
    return _now().theme


class _Live:
    """Answers for each colour with that of the theme on the screen."""

    def __getattr__(self, name: str) -> str:
        return str(getattr(_now().theme, name))


# For whoever takes a theme once and draws with it for long: it is always the one on the screen.
LIVE = cast(Theme, _Live())


def scale() -> float:
    """Return the text size on the screen, 1.0 for the default."""
    return _now().scale


def px(length: float) -> int:
    """Return a length that is right at the default text size, at the present one."""
    return round(length * _now().scale)


def follow(redo: Callable[[], None]) -> None:
    """Call `redo`, a method of a QObject, now and whenever theme or text size change, while that object lives."""
    _now().changed.connect(redo)
    redo()


def apply_theme(app: QApplication, theme: Theme = DARK, *, scale: float = 1.0) -> None:
    """Give the application its style, font, palette and style sheet; every window on the screen follows.

    Parameters
    ----------
    scale : float
        Size of the text, 1.0 for the default of 10 points.
    """
    now = _now()
    if app.style().objectName() != "fusion":
        app.setStyle("Fusion")
    _load_fonts()
    now.theme, now.scale = theme, scale
    font = QFont(FAMILY)
    font.setPointSizeF(BASE_POINTS * scale)
    app.setFont(font)
    app.setPalette(palette(theme))
    app.setStyleSheet(style_sheet(theme, scale))
    now.changed.emit()
    for top in app.topLevelWidgets():
        if isinstance(top, QDialog) and top.isVisible():
            fit(top)


def fit(dialog: QDialog) -> None:
    """Make a dialog as large as its contents need now; it never becomes smaller, nor larger than the screen."""
    layout = dialog.layout()
    if layout is None:
        return
    layout.activate()
    size = dialog.size().expandedTo(layout.totalMinimumSize())
    if layout.hasHeightForWidth():
        size.setHeight(max(size.height(), layout.totalHeightForWidth(size.width())))
    else:
        size = size.expandedTo(layout.totalSizeHint())
    dialog.resize(size.boundedTo(dialog.screen().availableSize()))


@cache
def _marks() -> str:
    """Return the folder of the marks inside Qt's own controls, as style sheets write it."""
    return Path(str(resources.files("ui") / "resources")).as_posix()


@cache
def _load_fonts() -> None:
    for name in ("Inter-Regular.otf", "Inter-SemiBold.otf"):
        data = (resources.files("ui") / "resources" / name).read_bytes()
        QFontDatabase.addApplicationFontFromData(data)


def palette(theme: Theme) -> QPalette:
    """Return the whole Qt palette of a theme."""
    made = QPalette()
    role = QPalette.ColorRole
    for key, colour in (
        (role.Window, theme.panel),
        (role.WindowText, theme.text),
        (role.Base, theme.field),
        (role.AlternateBase, theme.panel),
        (role.Text, theme.text),
        (role.PlaceholderText, theme.muted),
        (role.Button, theme.raised),
        (role.ButtonText, theme.text),
        (role.BrightText, theme.bad),
        (role.Highlight, theme.selection),
        (role.HighlightedText, theme.selection_text),
        (role.ToolTipBase, theme.raised),
        (role.ToolTipText, theme.text),
        (role.Link, theme.focus),
        (role.LinkVisited, theme.focus),
        (role.Light, theme.line),
        (role.Midlight, theme.line),
        (role.Mid, theme.line),
        (role.Dark, theme.chrome),
        (role.Shadow, "#000000"),
        (role.Accent, theme.focus),
    ):
        made.setColor(key, QColor(colour))
    for key in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, key, QColor(theme.disabled))
    return made


def style_sheet(theme: Theme, scale: float = 1.0) -> str:
    """Return the style sheet: spacing and borders that the palette can't say, tones by property."""
    return "".join(
        sheet(theme, scale) for sheet in (_fields_sheet, _controls_sheet, _frames_sheet, _pages_sheet)
    )


def _fields_sheet(theme: Theme, scale: float) -> str:
    """What fields, lists and boxes to choose from need."""
    t = theme

    def s(length: float) -> str:
        return f"{max(round(length * scale), 1)}px"

    def mark(name: str) -> str:
        return f"url({_marks()}/{name}-{theme.name}.png)"

    return f"""
    QMainWindow, QStatusBar, #header {{ background: {t.chrome}; }}
    QToolTip {{ color: {t.text}; background: {t.raised}; border: 1px solid {t.line}; padding: {s(4)}; }}
    QLineEdit, QPlainTextEdit, QTextEdit, QTextBrowser, QTableView, QListView, QTreeView, QComboBox,
    QAbstractSpinBox, QKeySequenceEdit {{
        background: {t.field}; color: {t.text}; border: 1px solid {t.line}; border-radius: {s(4)};
        selection-background-color: {t.selection}; selection-color: {t.selection_text};
    }}
    QLineEdit, QComboBox, QAbstractSpinBox {{ padding: {s(5)} {s(8)}; }}
    QAbstractSpinBox QLineEdit, QKeySequenceEdit QLineEdit {{ border: none; }}
    QLineEdit:focus, QPlainTextEdit:focus, QTextBrowser:focus, QTableView:focus, QListView:focus,
    QTreeView:focus, QComboBox:focus, QAbstractSpinBox:focus, QKeySequenceEdit:focus {{
        border: 1px solid {t.focus};
    }}
    QListView::item, QTreeView::item {{ padding: {s(3)} {s(4)}; }}
    QComboBox {{ padding-right: {s(24)}; }}
    QComboBox::drop-down {{
        subcontrol-origin: border; subcontrol-position: center right; width: {s(22)}; border: none;
    }}
    QComboBox::down-arrow {{ image: {mark("down")}; width: {s(11)}; height: {s(11)}; }}
    QComboBox:disabled {{ color: {t.disabled}; background: {t.panel}; }}
    QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{
        subcontrol-origin: border; width: {s(22)}; border: none; background: transparent;
    }}
    QAbstractSpinBox::up-button {{ subcontrol-position: top right; }}
    QAbstractSpinBox::down-button {{ subcontrol-position: bottom right; }}
    QAbstractSpinBox::up-arrow {{ image: {mark("up")}; width: {s(9)}; height: {s(9)}; }}
    QAbstractSpinBox::down-arrow {{ image: {mark("down")}; width: {s(9)}; height: {s(9)}; }}
    """


def _controls_sheet(theme: Theme, scale: float) -> str:
    """What buttons, tables, bars and banners need."""
    t = theme

    def s(length: float) -> str:
        return f"{max(round(length * scale), 1)}px"

    def mark(name: str) -> str:
        return f"url({_marks()}/{name}-{theme.name}.png)"

    return f"""
    QCheckBox, QRadioButton {{ spacing: {s(8)}; }}
    QCheckBox::indicator, QRadioButton::indicator, QListView::indicator, QTreeView::indicator,
    QTableView::indicator, QMenu::indicator {{
        width: {s(14)}; height: {s(14)}; border: 1px solid {t.muted}; border-radius: {s(3)}; background: {t.field};
    }}
    QRadioButton::indicator {{ border-radius: {s(8)}; }}
    QCheckBox::indicator:checked, QListView::indicator:checked, QTreeView::indicator:checked,
    QTableView::indicator:checked, QMenu::indicator:checked {{
        background: {t.action}; border-color: {t.action}; image: {mark("check")};
    }}
    QRadioButton::indicator:checked {{ border: {s(5)} solid {t.action}; width: {s(6)}; height: {s(6)}; }}
    QCheckBox:focus, QRadioButton:focus {{ color: {t.focus}; }}
    QCheckBox:disabled, QRadioButton:disabled {{ color: {t.disabled}; }}
    QMenu {{ background: {t.raised}; color: {t.text}; border: 1px solid {t.line}; padding: {s(4)}; }}
    QMenu::item {{ padding: {s(5)} {s(24)} {s(5)} {s(28)}; border-radius: {s(3)}; }}
    QMenu::item:selected {{ background: {t.selection}; color: {t.selection_text}; }}
    QMenu::item:disabled {{ color: {t.disabled}; }}
    QMenu::separator {{ height: 1px; background: {t.line}; margin: {s(4)} {s(6)}; }}
    QMenu::indicator {{ left: {s(6)}; }}
    QLineEdit, QPlainTextEdit {{ placeholder-text-color: {t.muted}; }}
    QLineEdit:disabled {{ color: {t.muted}; background: {t.panel}; }}
    QPlainTextEdit[readOnly="true"] {{ background: {t.panel}; }}
    QComboBox QAbstractItemView {{ background: {t.field}; border: 1px solid {t.line}; }}
    QPushButton, QToolButton {{
        background: {t.raised}; color: {t.text}; border: 1px solid {t.line};
        border-radius: {s(4)}; padding: {s(5)} {s(12)};
    }}
    QToolButton {{ padding: {s(4)} {s(9)}; }}
    QToolButton[popupMode="2"] {{ padding-right: {s(22)}; }}
    QToolButton::menu-indicator {{
        image: {mark("down")}; width: {s(9)}; height: {s(9)}; right: {s(7)};
        subcontrol-origin: padding; subcontrol-position: center right;
    }}
    QPushButton:hover, QToolButton:hover {{ background: {t.hover}; }}
    QPushButton:focus, QToolButton:focus {{ border: 1px solid {t.focus}; }}
    QPushButton:disabled, QToolButton:disabled {{ color: {t.disabled}; background: {t.panel}; }}
    QToolButton[fold="true"] {{
        text-align: left; border: none; border-bottom: 1px solid {t.line}; font-weight: 600;
    }}
    QToolButton[fold="true"]:checked {{ background: transparent; }}
    QToolButton:checked {{ background: {t.selection}; border-color: {t.focus}; }}
    QPushButton[tone="action"] {{ background: {t.action}; color: {t.action_text}; border-color: {t.action}; }}
    QPushButton[tone="action"]:focus {{ border: {s(2)} solid {t.text}; padding: {s(4)} {s(11)}; }}
    QPushButton[tone="action"]:disabled {{
        background: {t.panel}; color: {t.disabled}; border-color: {t.line};
    }}
    QPushButton[tone="link"] {{
        background: transparent; border: 1px solid {t.line}; color: {t.text};
        padding: {s(3)} {s(8)}; text-align: left;
    }}
    """


def _frames_sheet(theme: Theme, scale: float) -> str:
    """What tables, bars, words and banners need."""
    t = theme

    def s(length: float) -> str:
        return f"{max(round(length * scale), 1)}px"

    def pt(points: float) -> str:
        return f"{points * scale:.1f}pt"

    return f"""
    QHeaderView::section {{
        background: {t.panel}; color: {t.muted}; border: none;
        border-bottom: 1px solid {t.line}; padding: {s(5)} {s(8)};
    }}
    QTableView {{ gridline-color: {t.panel}; outline: none; }}
    QTableView::item {{ padding: 0px; }}
    QTableView#rows::item {{ padding: 0px {s(8)}; }}
    QTableWidget::item {{ padding: {s(3)} 0px; }}
    QScrollArea[tone="plain"], QScrollArea[tone="plain"] > QWidget > QWidget {{ background: transparent; }}
    QSplitter::handle {{ background: {t.chrome}; }}
    QStatusBar {{ color: {t.muted}; border-top: 1px solid {t.line}; }}
    QStatusBar::item {{ border: none; }}
    QScrollBar:vertical {{ background: transparent; width: {s(10)}; margin: 1px; }}
    QScrollBar::handle:vertical {{ background: {t.line}; border-radius: {s(4)}; min-height: {s(30)}; }}
    QScrollBar:horizontal {{ background: transparent; height: {s(10)}; margin: 1px; }}
    QScrollBar::handle:horizontal {{ background: {t.line}; border-radius: {s(4)}; min-width: {s(30)}; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    QLabel[tone="muted"] {{ color: {t.muted}; }}
    QLabel[tone="heading"] {{ font-weight: 600; }}
    QLabel[tone="title"] {{ font-weight: 600; font-size: {pt(13)}; }}
    QLabel[tone="greeting"] {{ font-weight: 600; font-size: {pt(16)}; }}
    QLabel[tone="good"] {{ color: {t.good}; }}
    QLabel[tone="attention"] {{ color: {t.attention}; }}
    QLabel[tone="bad"] {{ color: {t.bad}; }}
    QFrame[banner="ai"] {{ background: {t.ai_panel}; border-left: {s(3)} solid {t.ai}; border-radius: {s(3)}; }}
    QFrame[banner="attention"] {{
        background: {t.attention_panel}; border-left: {s(3)} solid {t.attention}; border-radius: {s(3)};
    }}
    QFrame[banner="bad"] {{ background: {t.bad_panel}; border-left: {s(3)} solid {t.bad}; border-radius: {s(3)}; }}
    QFrame[banner="plain"] {{ background: {t.field}; border-left: {s(3)} solid {t.line}; border-radius: {s(3)}; }}
    """


def _pages_sheet(theme: Theme, scale: float) -> str:
    """What the pages beside the reading page need: tabs, sections, bars."""
    t = theme

    def s(length: float) -> str:
        return f"{max(round(length * scale), 1)}px"

    return f"""
    QTabWidget::pane {{ border: none; border-top: 1px solid {t.line}; }}
    QTabBar::tab {{
        background: transparent; color: {t.muted}; padding: {s(6)} {s(14)};
        border: none; border-bottom: 2px solid transparent;
    }}
    QTabBar::tab:selected {{ color: {t.text}; border-bottom: 2px solid {t.focus}; }}
    QTabBar::tab:hover, QTabBar::tab:focus {{ background: {t.hover}; color: {t.text}; }}
    QListWidget#sections {{ background: {t.panel}; color: {t.text}; border: none; outline: none; }}
    QListWidget#sections::item {{ padding: {s(8)} {s(14)}; }}
    QListWidget#sections::item:selected {{ background: {t.selection}; color: {t.selection_text}; }}
    QProgressBar {{ background: {t.field}; border: 1px solid {t.line}; border-radius: 3px; }}
    QProgressBar::chunk {{ background: {t.action}; border-radius: 2px; }}
    """
