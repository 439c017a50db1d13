"""The window's own colours and style sheet; nothing of it comes from the desktop.

Qt's colour-scheme hint has no effect on some platforms, so the palette is set in full. Every pair of colours
that carries text is listed in `TEXT_PAIRS`, and a test holds each of them to a contrast of at least 4.5:1
(WCAG 2.1, 1.4.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

FAMILY = "Inter"


@dataclass(frozen=True)
class Theme:
    """Named colours of one theme, as #rrggbb."""

    chrome: str = "#1f2326"
    panel: str = "#262b2f"
    field: str = "#181b1e"
    raised: str = "#343b41"
    hover: str = "#3e464d"
    line: str = "#41494f"
    text: str = "#eceae4"
    muted: str = "#b4bbc0"
    disabled: str = "#989fa4"
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
    ("text", "raised"),
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


def apply_theme(app: QApplication, theme: Theme = DARK, *, scale: float = 1.0) -> None:
    """Give the application its style, font, palette and style sheet.

    Parameters
    ----------
    scale : float
        Size of the text, 1.0 for the default of 10 points.
    """
    app.setStyle("Fusion")
    for name in ("Inter-Regular.otf", "Inter-SemiBold.otf"):
        data = (resources.files("ui") / "resources" / name).read_bytes()
        QFontDatabase.addApplicationFontFromData(data)
    font = QFont(FAMILY)
    font.setPointSizeF(10.0 * scale)
    app.setFont(font)
    app.setPalette(palette(theme))
    app.setStyleSheet(style_sheet(theme))


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


def style_sheet(theme: Theme) -> str:
    """Return the style sheet: spacing and borders that the palette can't say, tones by property."""
    t = theme
    return f"""
    QMainWindow, QStatusBar, #header {{ background: {t.chrome}; }}
    QToolTip {{ color: {t.text}; background: {t.raised}; border: 1px solid {t.line}; padding: 4px; }}
    QLineEdit, QPlainTextEdit, QTextEdit, QTextBrowser, QTableView, QComboBox {{
        background: {t.field}; color: {t.text}; border: 1px solid {t.line}; border-radius: 4px;
        selection-background-color: {t.selection}; selection-color: {t.selection_text};
    }}
    QLineEdit, QComboBox {{ padding: 5px 8px; }}
    QLineEdit:focus, QPlainTextEdit:focus, QTextBrowser:focus, QTableView:focus, QComboBox:focus {{
        border: 1px solid {t.focus};
    }}
    QLineEdit, QPlainTextEdit {{ placeholder-text-color: {t.muted}; }}
    QLineEdit:disabled {{ color: {t.muted}; background: {t.panel}; }}
    QPlainTextEdit[readOnly="true"] {{ background: {t.panel}; }}
    QComboBox QAbstractItemView {{ background: {t.field}; border: 1px solid {t.line}; }}
    QPushButton, QToolButton {{
        background: {t.raised}; color: {t.text}; border: 1px solid {t.line};
        border-radius: 4px; padding: 5px 12px;
    }}
    QToolButton {{ padding: 4px 9px; }}
    QPushButton:hover, QToolButton:hover {{ background: {t.hover}; }}
    QPushButton:focus, QToolButton:focus {{ border: 1px solid {t.focus}; }}
    QPushButton:disabled, QToolButton:disabled {{ color: {t.disabled}; background: {t.panel}; }}
    QToolButton:checked {{ background: {t.selection}; border-color: {t.focus}; }}
    QPushButton[tone="action"] {{ background: {t.action}; color: {t.action_text}; border-color: {t.action}; }}
    QPushButton[tone="action"]:focus {{ border-color: {t.focus}; }}
    QPushButton[tone="action"]:disabled {{
        background: {t.panel}; color: {t.disabled}; border-color: {t.line};
    }}
    QPushButton[tone="link"] {{
        background: transparent; border: 1px solid {t.line}; color: {t.text};
        padding: 3px 8px; text-align: left;
    }}
    QHeaderView::section {{
        background: {t.panel}; color: {t.muted}; border: none;
        border-bottom: 1px solid {t.line}; padding: 5px 8px;
    }}
    QTableView {{ gridline-color: {t.panel}; outline: none; }}
    QTableView::item {{ padding: 0px; }}
    QSplitter::handle {{ background: {t.chrome}; }}
    QStatusBar {{ color: {t.muted}; border-top: 1px solid {t.line}; }}
    QStatusBar::item {{ border: none; }}
    QScrollBar:vertical {{ background: transparent; width: 10px; margin: 1px; }}
    QScrollBar::handle:vertical {{ background: {t.line}; border-radius: 4px; min-height: 30px; }}
    QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 1px; }}
    QScrollBar::handle:horizontal {{ background: {t.line}; border-radius: 4px; min-width: 30px; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    QLabel[tone="muted"] {{ color: {t.muted}; }}
    QLabel[tone="heading"] {{ font-weight: 600; }}
    QLabel[tone="good"] {{ color: {t.good}; }}
    QLabel[tone="attention"] {{ color: {t.attention}; }}
    QLabel[tone="bad"] {{ color: {t.bad}; }}
    QFrame[banner="ai"] {{ background: {t.ai_panel}; border-left: 3px solid {t.ai}; border-radius: 3px; }}
    QFrame[banner="attention"] {{
        background: {t.attention_panel}; border-left: 3px solid {t.attention}; border-radius: 3px;
    }}
    QFrame[banner="bad"] {{ background: {t.bad_panel}; border-left: 3px solid {t.bad}; border-radius: 3px; }}
    QFrame[banner="plain"] {{ background: {t.field}; border-left: 3px solid {t.line}; border-radius: 3px; }}
    """
