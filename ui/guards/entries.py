"""The list of objections: one entry each, with why, where, and a reason to set it aside."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from llmcxr_ws.guards import Objection
from llmcxr_ws.guards.overruling import MAX_REASON
from ui.guards.ledger import Ledger
from ui.guards.words import sentence_of, why_of
from ui.language import tr
from ui.widgets import Mark, button, label, with_tone


class Entry(QFrame):
    """One objection.

    Signals
    -------
    show_wanted(Objection) : the reader wants to see the words it is about
    decided : it was set aside, or stands again
    """

    show_wanted = Signal(object)
    decided = Signal()

    def __init__(self, objection: Objection, ledger: Ledger, *, may_show: bool, may_decide: bool) -> None:
        super().__init__()
        self.objection, self._ledger, self.may_decide = objection, ledger, may_decide
        self.setAccessibleName(sentence_of(objection))
        self._mark = Mark()
        self.state = label(tone="muted", wraps=True)
        self.state.setAccessibleName(tr("Stands or overruled"))
        self._why = label(why_of(objection), "muted", wraps=True)
        self._why.hide()
        self.reason = QLineEdit()
        self.reason.setAccessibleName(tr("Reason to overrule"))
        self.reason.setPlaceholderText(tr("Reason"))
        self.reason.setMaxLength(MAX_REASON)
        self.reason.returnPressed.connect(self._on_reason)
        self.explain = button(tr("Why"), self._toggle_why, name=tr("Why this objection"))
        self.explain.setCheckable(True)
        self.show_text = button(tr("Show in text"), self._on_show, name=tr("Show the words in the text"))
        self.overrule = button(
            tr("Overrule…"), self._on_overrule, name=tr("Overrule this objection with a reason")
        )
        self.keep = button(
            tr("Overrule"), self._on_reason, name=tr("Overrule for this reason"), tone="action"
        )
        self._may_show = may_show
        self.show_text.setVisible(may_show and bool(objection.places))
        self.overrule.setVisible(objection.overrulable)
        self.overrule.setEnabled(may_decide)
        self._lay_out()
        self.describe()

    def _lay_out(self) -> None:
        words = label(sentence_of(self.objection), wraps=True)
        words.setAccessibleName(tr("Objection"))
        for text in (words, self._why):
            text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
            text.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.state.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        head = QHBoxLayout()
        head.setSpacing(9)
        head.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(words, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        buttons.addStretch(1)
        for made in (self.explain, self.show_text, self.overrule):
            buttons.addWidget(made)
        self._asking = QWidget()
        asking = QHBoxLayout(self._asking)
        asking.setContentsMargins(0, 0, 0, 0)
        asking.addWidget(self.reason, 1)
        asking.addWidget(self.keep)
        self._asking.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 7, 10, 7)
        layout.setSpacing(5)
        layout.addLayout(head)
        layout.addWidget(self._why)
        layout.addWidget(self.state)
        layout.addLayout(buttons)
        layout.addWidget(self._asking)

    def move_to(self, objection: Objection) -> None:
        """Take over where the same objection's words stand now."""
        self.objection = objection
        self.show_text.setVisible(self._may_show and bool(objection.places))

    def describe(self) -> None:
        """Say whether it stands, as the ledger has it."""
        reason = self._ledger.reason_of(self.objection)
        if reason:
            self.state.setText(tr("Overruled: {reason}", reason=reason))
            self.overrule.setText(tr("Let it stand"))
            self.overrule.setAccessibleName(tr("Let this objection stand again"))
        elif not self.objection.overrulable:
            self.state.setText(tr("Can't be overruled"))
        else:
            self.state.setText(tr("Stands"))
            self.overrule.setText(tr("Overrule…"))
            self.overrule.setAccessibleName(tr("Overrule this objection with a reason"))
        with_tone(self.state, "good" if reason else "attention" if self.objection.overrulable else "bad")
        shape, tone = ("signed", "good") if reason else ("failed", "attention")
        if not self.objection.overrulable:
            shape, tone = "refused", "bad"
        ground = "plain" if reason else "attention" if self.objection.overrulable else "bad"
        if self.property("banner") != ground:
            self.setProperty("banner", ground)
            self.style().unpolish(self)
            self.style().polish(self)
        self._mark.show_shape(shape, tone)

    def _toggle_why(self) -> None:
        self._why.setVisible(self._why.isHidden())
        self.explain.setChecked(not self._why.isHidden())

    def _on_show(self) -> None:
        self.show_wanted.emit(self.objection)

    def _on_overrule(self) -> None:
        if self._ledger.reason_of(self.objection):
            self._ledger.overrule(self.objection, "")
            self.describe()
            self.decided.emit()
            return
        self._asking.setVisible(self._asking.isHidden())
        if not self._asking.isHidden():
            self.reason.setFocus()

    def _on_reason(self) -> None:
        if not self.reason.text().strip():
            self.reason.setFocus()
            return
        self._ledger.overrule(self.objection, self.reason.text())
        self._asking.hide()
        self.describe()
        self.decided.emit()


class Entries(QWidget):
    """All objections of a text; entries of those that stay are kept, with what is being typed into them.

    Signals
    -------
    show_wanted(Objection), decided : as of an entry
    """

    show_wanted = Signal(object)
    decided = Signal()

    def __init__(self, ledger: Callable[[], Ledger], *, may_show: bool) -> None:
        super().__init__()
        self._ledger, self._may_show = ledger, may_show
        self._entries: list[Entry] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(6)
        self._layout.setAlignment(Qt.AlignmentFlag.AlignTop)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The entries on the screen, in their order."""
        return tuple(self._entries)

    def clear(self) -> None:
        """Show nothing."""
        self._take_out(self._entries)
        self._entries = []

    def show_objections(self, objections: Sequence[Objection], *, may_decide: bool) -> None:
        """Show these objections in their order."""
        # Words that are written before an objection's move its places; it is the same one.
        kept = {(one.objection.code, one.objection.sentence, one.may_decide): one for one in self._entries}
        shown = [
            kept.get((one.code, one.sentence, may_decide)) or self._made(one, may_decide)
            for one in objections
        ]
        self._take_out([one for one in self._entries if one not in shown])
        for at, entry in enumerate(shown):
            entry.move_to(objections[at])
            entry.describe()  # its reason may have been given in a dialog
            if self._layout.indexOf(entry) != at:
                self._layout.insertWidget(at, entry)
        self._entries = shown

    def _made(self, objection: Objection, may_decide: bool) -> Entry:
        entry = Entry(objection, self._ledger(), may_show=self._may_show, may_decide=may_decide)
        entry.show_wanted.connect(self.show_wanted)
        entry.decided.connect(self.decided)
        return entry

    def _take_out(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self._layout.removeWidget(entry)
            entry.hide()
            entry.deleteLater()
