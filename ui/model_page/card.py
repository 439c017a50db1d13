"""The model card as people read it, and the facts that an engine tells of itself."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QTextBrowser

from llmcxr_ws.supervising import EngineOnDuty
from ui.language import mark, tr
from ui.theme import current, follow

_FACTS = (
    ("model_name", mark("Model")),
    ("model_version", mark("Version")),
    ("weights_sha256", mark("Hash of the weights")),
    ("model_device_uid", mark("Device UID")),
    ("runtime", mark("Runtime")),
    ("precision", mark("Precision")),
    ("preprocessing", mark("Preprocessing")),
    ("findings_judged", mark("Findings it judges")),
    ("findings_supported", mark("Findings it was shown to recognise")),
    ("findings_not_judged", mark("Findings it can't judge")),
    ("guard", mark("A second look beside the draft")),
    ("decision_bias", mark("Thresholds of drafts, as log-odds")),
    ("reconstruction_max", mark("Input check: largest difference after coding")),
    ("reconstruction_min", mark("Input check: smallest difference after coding")),
    ("structure_min", mark("Input check: least structure")),
    ("correlation_min", mark("Input check: least likeness to a chest film")),
)


class CardView(QTextBrowser):
    """Shows Markdown; a link is never followed, and no image is fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(tr("Model card"))
        self.setOpenLinks(False)
        self._text = ""
        follow(self._draw)

    def show_card(self, text: str) -> None:
        """Show another card; nothing happens for the same one, so that it stays where it was scrolled to."""
        if text != self._text:
            self._text = text
            self._draw()

    def loadResource(self, kind: int, name: Any) -> Any:
        """Load nothing: a card may name what lies outside."""
        return None

    def _draw(self) -> None:
        document = self.document()
        document.setDefaultStyleSheet(f"a {{ color: {current().focus}; }}")
        features = (
            QTextDocument.MarkdownFeature.MarkdownDialectGitHub | QTextDocument.MarkdownFeature.MarkdownNoHTML
        )
        document.setMarkdown(self._text, features)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )


def facts(engine: EngineOnDuty) -> tuple[tuple[str, str], ...]:
    """Return what an engine told of itself, heading and words."""
    detail = engine.service.detail
    told = [
        (tr("Engine"), f"{engine.service.name}"),
        (
            tr("Work"),
            tr("in the shadow: compares, and drafts for no reader")
            if engine.service.kind == "shadow"
            else tr("drafts and answers for readers"),
        ),
    ]
    return (*told, *((tr(title), _shown(detail[name])) for name, title in _FACTS if name in detail))


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if isinstance(value, list):
        return ", ".join(str(part) for part in value) or tr("none")
    if isinstance(value, dict):
        return ", ".join(f"{key} {number:+g}" for key, number in value.items()) or tr("none")
    return f"{value:g}" if isinstance(value, float) else str(value)
