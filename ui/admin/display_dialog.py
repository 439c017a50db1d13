"""What a peer's displays show: test objects are sent, and an administrator ticks what stands there as described."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QWidget

from llmcxr_ws import supervising
from llmcxr_ws.domain import RequestRow
from ui.dialogs import Dialog, button_row
from ui.documents import document_name
from ui.language import mark, tr
from ui.office import Office
from ui.outcome import OutcomeLine
from ui.scrolling import Scrolled
from ui.theme import fit
from ui.widgets import Mark, button, label, with_tone

# What the node says of each of its test objects, for the translators; a test holds them together.
LOOK_FOR = {
    "film": mark("a picture with the words TEST - NO PATIENT and a bright disc"),
    "draft": mark("a report in a series 'AI DRAFT - not reviewed'"),
    "signed": mark("a report in a series 'Signed report', verified by Nobody"),
    "rejection": mark("nothing: a second draft that its rejection note has hidden"),
    "provenance": mark("a second SR that calls the sentence of 'Signed report' written by a person"),
    "pdf": mark("a page with the report, the film and a box around the disc"),
    "findings": mark("made-up findings in a series 'AI FINDINGS - not reviewed'"),
    "presentation": mark("a box over the film, in a series 'AI MARKS - not reviewed'"),
    "key_image": mark("the film marked as a key image"),
    "capture": mark("the film with a box and a burned-in banner"),
}
PATIENT = "TEST^DISPLAY PROBE", "LLMCXR-PROBE"


@dataclass(frozen=True)
class _Row:
    """The controls of one kind."""

    tick: QCheckBox
    shape: Mark
    answer: QLabel


class DisplayDialog(Dialog):
    """Sends, says what the peer answered to each kind, and hands the ticks over.

    Parameters
    ----------
    peer : mapping
        The peer as its form has it; the node sends only where it is in force so.
    on_keep : callable
        Gets the kinds that are ticked.
    """

    def __init__(
        self,
        parent: QWidget,
        office: Office,
        peer: Mapping[str, Any],
        on_keep: Callable[[list[str]], None],
    ) -> None:
        name = str(peer.get("name", ""))
        super().__init__(parent, tr("Displays of {peer}", peer=name), width=820)
        self._office, self._peer, self._on_keep = office, dict(peer), on_keep
        shown = peer.get("shows", ())
        self._unknown = [kind for kind in _words(shown) if kind not in LOOK_FOR]
        about = tr(
            "Test objects of the patient {patient}, ID {number}, are sent to {peer} and stay there. That a peer "
            "stores an object doesn't say that it shows it: look at its displays and tick what stands there as "
            "described.",
            patient=PATIENT[0],
            number=PATIENT[1],
            peer=name,
        )
        self.agreed = QCheckBox(tr("Agreed with the PACS team"))
        self.agreed.setAccessibleName(self.agreed.text())
        self.agreed.toggled.connect(self._show_send)
        self.is_clinical = peer.get("role", "clinical") == "clinical"
        self.agreed.setVisible(self.is_clinical)
        self.rows: dict[str, _Row] = {}
        self.line = OutcomeLine()
        self.send = button(tr("Send"), self._on_send, name=tr("Send one test object of each kind"))
        self.keep = button(
            tr("Keep the ticks"),
            self.accept,
            name=tr("Write the ticks into the site document"),
            tone="action",
        )
        self.inside.addWidget(label(about, wraps=True))
        self.inside.addWidget(Scrolled(self._grid(_words(shown)), least=260), 1)
        self.inside.addWidget(self.agreed)
        self.inside.addWidget(self.line)
        close = button(tr("Close"), self.reject)
        self.inside.addLayout(button_row(close, self.send, self.keep, enter_presses_last=False))
        self._show_send()

    def _grid(self, shown: Sequence[str]) -> QWidget:
        made = QWidget()
        grid = QGridLayout(made)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(9)
        for column, title in enumerate(
            (tr("Seen as described"), tr("Look for"), tr("What the peer answered"))
        ):
            grid.addWidget(label(title, "muted"), 0, column)
        top = Qt.AlignmentFlag.AlignTop
        for at, (kind, words) in enumerate(LOOK_FOR.items(), start=1):
            tick = QCheckBox(document_name(kind))
            tick.setAccessibleName(tr("{kind} is seen as described", kind=document_name(kind)))
            tick.setChecked(kind in shown)
            row = self.rows[kind] = _Row(tick, Mark(), label(tr("not sent yet"), "muted", wraps=True))
            answer = QHBoxLayout()
            answer.setSpacing(7)
            answer.addWidget(row.shape, 0, top)
            answer.addWidget(row.answer, 1, top)
            grid.addWidget(tick, at, 0, top)
            grid.addWidget(label(tr(words), wraps=True), at, 1, top)
            grid.addLayout(answer, at, 2)
        grid.setColumnStretch(1, 3)
        grid.setColumnStretch(2, 3)
        grid.setRowStretch(len(LOOK_FOR) + 1, 1)
        return made

    def showEvent(self, event: QShowEvent) -> None:
        """Come up as large as what it says needs, where the screen has that room."""
        super().showEvent(event)
        fit(self)

    @property
    def ticked(self) -> list[str]:
        """The kinds that are ticked, and those of the document that this window doesn't know."""
        return sorted([*self._unknown, *(kind for kind, row in self.rows.items() if row.tick.isChecked())])

    def _show_send(self) -> None:
        self.send.setEnabled(self.agreed.isChecked() or not self.is_clinical)

    def _on_send(self) -> None:
        self.send.setEnabled(False)
        agreed = self.agreed.isChecked()
        self._office.request(
            self,
            lambda place, key: supervising.request_display(
                place, key, self._peer, list(LOOK_FOR), agreed=agreed
            ),
            self.line.watch(self, self._on_sent, then=self._show_send),
        )

    def _on_sent(self, row: RequestRow) -> None:
        found = json.loads(row.outcome)
        words = f"{found['sentence']} {found['what_to_do']}".strip()
        is_whole = found["reached"] and all(one["stored"] for one in found["shown"])
        self.line.say(words, "good" if is_whole else "attention" if found["reached"] else "bad")
        for one in found["shown"]:
            if one["kind"] in self.rows:
                self._answer(self.rows[one["kind"]], one)

    @staticmethod
    def _answer(row: _Row, one: Mapping[str, Any]) -> None:
        tone = "good" if one["stored"] else "bad"
        row.shape.show_shape("signed" if one["stored"] else "refused", tone)
        row.answer.setText(tr("stored") if one["stored"] else one["sentence"] or tr("not stored"))
        with_tone(row.answer, tone)

    def accept(self) -> None:
        """Hand the ticks over."""
        self._on_keep(self.ticked)
        super().accept()


def _words(value: Any) -> list[str]:
    """What stands in the document as a list of kinds; in a text that nobody has checked yet anything may."""
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list | tuple) else []
