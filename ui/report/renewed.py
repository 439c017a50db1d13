"""A new draft that came while somebody was reading: what it says differently, sentence by sentence."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from PySide6.QtWidgets import QDialog, QTextBrowser, QVBoxLayout, QWidget

from llmcxr_ws.reading import StudyDetail
from llmcxr_ws.sentences import Pair, align
from ui.language import tr
from ui.report.changes import compare
from ui.report.notices import EDITABLE, ai_text_to_show
from ui.theme import Theme
from ui.widgets import button, label


@dataclass(frozen=True)
class Renewal:
    """Two drafts of one study.

    Attributes
    ----------
    is_kept : whether the reader's own text was kept over the new draft
    """

    version: int
    old: str
    new: str
    is_kept: bool

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The sentences of both, side by side."""
        return align(self.old, self.new)

    @property
    def sentence(self) -> str:
        """What happened, and what became of the reader's own text."""
        pairs = self.pairs
        came = tr(
            "A new draft came (version {version}). Sentences: {new} new, {changed} changed, {gone} gone.",
            version=self.version,
            new=sum(pair.ai is None for pair in pairs),
            changed=sum(pair.origin == "ai_edited" for pair in pairs),
            gone=sum(pair.mine is None for pair in pairs),
        )
        kept = (
            tr("Your text is kept as you wrote it and is compared with the new draft from now on.")
            if self.is_kept
            else tr("You had written nothing, so the new draft stands in the editor.")
        )
        return f"{came} {kept}"


def renewal_of(detail: StudyDetail, seen: int, *, is_kept: bool) -> Renewal | None:
    """Return what the present draft says differently from the version that was seen last; None for nothing.

    Parameters
    ----------
    seen : int
        That version; 0 for none.
    """
    report = detail.report
    if report is None or report.state not in EDITABLE or not 0 < seen < report.version:
        return None
    old = next((row.ai_text for row in detail.versions if row.version == seen), "")
    new = ai_text_to_show(report)
    return Renewal(report.version, old, new, is_kept) if old and new and old != new else None


class RenewalDialog(QDialog):
    """Shows both drafts as one text, with what went and what came."""

    def __init__(self, parent: QWidget, renewal: Renewal, theme: Theme) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("What changed in the draft"))
        self.setAccessibleName(tr("What changed in the draft"))
        self.resize(560, 420)
        self.text = QTextBrowser()
        self.text.setAccessibleName(tr("The old and the new draft, sentence by sentence"))
        self.text.setHtml(as_html(renewal, theme))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(label(renewal.sentence, wraps=True))
        layout.addWidget(self.text, 1)
        layout.addWidget(button(tr("Close"), self.accept, tone="action"))


def as_html(renewal: Renewal, theme: Theme) -> str:
    """Return the difference as rich text, each sentence with a word for what became of it."""
    rows = "".join(
        f'<tr><td style="color:{theme.muted};padding:3px 12px 3px 0">{_word(pair)}</td>'
        f'<td style="padding:3px 0">{_sentence(pair, theme)}</td></tr>'
        for pair in renewal.pairs
    )
    return f"<table>{rows}</table>"


def _word(pair: Pair) -> str:
    if pair.ai is None:
        return tr("New")
    if pair.mine is None:
        return tr("Gone")
    return tr("Same") if pair.origin == "ai_kept" else tr("Changed")


def _sentence(pair: Pair, theme: Theme) -> str:
    old, new = pair.ai.text if pair.ai else "", pair.mine.text if pair.mine else ""
    if old == new:
        return escape(new)
    changes = compare(old, new)
    struck = _marked(old, changes.removed, f"color:{theme.removed};text-decoration:line-through")
    added = _marked(new, changes.inserted, f"color:{theme.inserted};text-decoration:underline")
    return "<br>".join(part for part in (struck if old else "", added if new else "") if part)


def _marked(text: str, places: tuple[tuple[int, int], ...], style: str) -> str:
    made, at = "", 0
    for start, end in places:
        made += f'{escape(text[at:start])}<span style="{style}">{escape(text[start:end])}</span>'
        at = end
    return made + escape(text[at:])
