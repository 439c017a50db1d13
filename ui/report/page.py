"""The controls of the report side, where they stand, and what is only for the eye. Knows no study and no store."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from ui.desk import Desk
from ui.flow import FlowLayout
from ui.guards.panel import GuardPanel
from ui.language import mark, tr
from ui.report.changes import Shown
from ui.report.editor import ReportEditor
from ui.report.find import FindBar
from ui.report.margin import LOOKS
from ui.report.original import OriginalText
from ui.report.tracking import TrackingStrip
from ui.sign.actions import SignActions
from ui.sign.addenda import AddendaPanel
from ui.tasks import Tasks
from ui.theme import LIVE
from ui.widgets import Banner, button, label, show_keys_of, tool, with_tone

# In words what the letters of the bar stand for, as they are counted under the report.
_COUNTED: tuple[tuple[Shown, str], ...] = (
    ("ai_kept", mark("{count} as the AI wrote ({letter})")),
    ("ai_edited", mark("{count} edited ({letter})")),
    ("human", mark("{count} your own ({letter})")),
    ("macro", mark("{count} from macros ({letter})")),
    ("ai_answer", mark("{count} from AI answers ({letter})")),
)


class ReportPage(QWidget):
    """Banners, editor, the AI's own words, guards, and below all of it (`foot`) the buttons that ask the node.

    Signals
    -------
    sign_wanted, reject_wanted, take_over_wanted, unlock_wanted, macros_wanted : the reader pressed a button
    refusal_wanted : the reader wants to see what the gate found
    renewal_wanted, renewal_seen : the reader wants to see what changed in the draft; has seen it
    """

    sign_wanted = Signal()
    reject_wanted = Signal()
    take_over_wanted = Signal()
    unlock_wanted = Signal()
    macros_wanted = Signal()
    refusal_wanted = Signal()
    renewal_wanted = Signal()
    renewal_seen = Signal()

    def __init__(self, tasks: Tasks, desk: Desk) -> None:
        super().__init__()
        self.editor = ReportEditor(LIVE)
        self.original = OriginalText(LIVE)
        self.original.hide()
        self.tracking = TrackingStrip(self.editor, LIVE)
        self.finder = FindBar(self.editor)
        self.guards = GuardPanel(tasks, self.text)
        self.addenda = AddendaPanel(tasks, desk)
        self.actions_row = SignActions()
        self._make_banners()
        self._make_buttons()
        self._make_lines()
        self._lay_out()
        self.editor.marked.connect(self._count)

    def text(self) -> str:
        """Return the text in the editor, as it is saved and signed."""
        return self.editor.text()

    def _make_banners(self) -> None:
        self.late = Banner("attention", "failed", name=tr("Late images"))
        self.notices = {
            "bad": Banner("bad", "failed", name=tr("Problem")),
            "attention": Banner("attention", "pending", name=tr("Notice")),
            "good": Banner("plain", "signed", name=tr("Result")),
            "plain": Banner("plain", "waiting", name=tr("Hint")),
        }
        self.refused = Banner("bad", "refused", name=tr("Refused by the gate"))
        found = button(tr("What the gate found…"), self.refusal_wanted.emit)
        self.refused.add_button(found, is_below=True)
        self.ai = Banner("ai", "draft", name=tr("Origin of the draft"))
        self.first = Banner("attention", "review", name=tr("Reader first"))
        self.unlock = button(tr("Show the draft"), self.unlock_wanted.emit, tone="action")
        show_keys_of(self.unlock, "report.unlock", tr("Keep this impression and show the draft"))
        self.first.add_button(self.unlock)
        self.renewed = Banner("ai", "addendum", name=tr("New draft"))
        changed, seen = tr("Show what changed in the draft"), tr("The new draft was seen")
        self.renewed.add_button(button(tr("What changed…"), self.renewal_wanted.emit, name=changed))
        self.renewed.add_button(button(tr("Seen"), self.renewal_seen.emit, name=seen))

    def _make_buttons(self) -> None:
        self.compare = button(tr("AI's own words"), self.toggle_original)
        self.compare.setCheckable(True)
        show_keys_of(self.compare, "report.original", tr("Show or hide what the AI wrote"))
        self.reject = button(tr("Reject draft…"), self.reject_wanted.emit)
        show_keys_of(self.reject, "report.reject")
        self.take_over = button(tr("Take over…"), self.take_over_wanted.emit, name=tr("Take the study over"))
        self.take_over.hide()
        self.sign = button(tr("Sign…"), self.sign_wanted.emit, name=tr("Sign the report"), tone="action")
        self.findings = tool(
            tr("Findings"), "report.findings", partial(self.editor.go_to_section, "findings")
        )
        self.impression = tool(
            tr("Impression"), "report.impression", partial(self.editor.go_to_section, "impression")
        )
        self.macros = tool(tr("Macros…"), "report.macros", self.macros_wanted.emit)
        self.clean = tool(tr("Marks"), "report.clean", self.toggle_clean, checkable=True)
        self.clean.setChecked(True)

    def _make_lines(self) -> None:
        self._saved = label(tone="muted", wraps=True)
        self._saved.setAccessibleName(tr("Saved or not"))
        self._origins = _line(tr("Where the sentences come from"))
        self._caution = _line(tr("Where not to lean on the draft"))
        self._original_heading = label(tr("AI's own words (taken out: struck through)"), "muted")
        self._original_heading.hide()

    def _lay_out(self) -> None:
        heading, buttons = FlowLayout(spacing=4), FlowLayout(spacing=6)
        for entry in (self.findings, self.impression, self.macros, self.clean):
            heading.addWidget(entry)
        for made in (self.compare, self.reject, self.take_over, self.sign):
            buttons.addWidget(made)
        told = QHBoxLayout()
        told.addWidget(self._origins, 3)
        told.addWidget(self._saved, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 8)
        layout.setSpacing(8)
        for banner in self.banners:
            layout.addWidget(banner)
        layout.addWidget(self.addenda)
        layout.addLayout(heading)
        layout.addWidget(self.editor, 3)
        layout.addWidget(self.finder)
        layout.addWidget(self.tracking)
        layout.addLayout(told)
        layout.addWidget(self._original_heading)
        layout.addWidget(self.original, 2)
        layout.addWidget(self._caution)
        layout.addWidget(self.actions_row)
        # Not in the panel itself: what signs must be in sight however long the report is.
        self.foot = QWidget()
        buttons.setContentsMargins(12, 4, 12, 8)
        self.foot.setLayout(buttons)

    @property
    def banners(self) -> tuple[Banner, ...]:
        """Every banner."""
        return (self.late, self.refused, *self.notices.values(), self.first, self.renewed, self.ai)

    # Marks

    def toggle_original(self) -> None:
        """Show or hide the AI's own words."""
        self.show_original(is_shown=not self.original.isVisible())

    def show_original(self, *, is_shown: bool) -> None:
        """Show the AI's own words where there are any, or hide them."""
        is_shown = is_shown and bool(self.editor.ai_text)
        self.original.setVisible(is_shown)
        self._original_heading.setVisible(is_shown)
        self.compare.setChecked(is_shown)
        self._count()

    def toggle_clean(self) -> None:
        """Show the report without marks, or with them."""
        self.editor.set_clean(not self.editor.is_clean)
        self.clean.setChecked(not self.editor.is_clean)
        self._count()

    def _count(self) -> None:
        ai_text, markup = self.editor.ai_text, self.editor.markup
        if self.original.isVisible():
            if not ai_text:
                self.show_original(is_shown=False)
                return
            self.original.compare_with(ai_text, self.editor.toPlainText())
        counts = [(markup.count(shown), words, LOOKS[shown][0]) for shown, words in _COUNTED]
        words = ", ".join(tr(words, count=count, letter=letter) for count, words, letter in counts if count)
        self._origins.setText(tr("Sentences: {counts}", counts=words) if words else "")
        self._origins.setVisible(bool(words) and not self.editor.is_clean)

    def say_saved(self, words: str, tone: str) -> None:
        """Say whether the text is saved."""
        self._saved.setText(words)
        with_tone(self._saved, tone)
        self._saved.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def say_caution(self, words: str) -> None:
        """Say where not to lean on the draft."""
        self._caution.setText(words)
        self._caution.setVisible(bool(words))


def _line(name: str) -> QLabel:
    made = label(tone="muted", wraps=True)
    made.setAccessibleName(name)
    made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    return made
