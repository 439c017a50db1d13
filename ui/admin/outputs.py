"""The output matrix: which document goes to which peer, and a dry run that lists what would leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QGridLayout, QScrollArea, QWidget

from llmcxr_ws import supervising
from llmcxr_ws.rehearsal import Rehearsed
from llmcxr_ws.site import OutputRule
from ui.admin.section import Section, row_of
from ui.admin.site_draft import SiteDraft
from ui.language import mark, tr
from ui.office import Office
from ui.tables import Column, RowTable
from ui.widgets import button, choice, label

DOCUMENTS: tuple[str, ...] = get_args(OutputRule.model_fields["document"].annotation)
_NAMES = {
    "draft": mark("AI draft, marked as not reviewed"),
    "signed": mark("Signed report"),
    "addendum": mark("Addendum"),
    "rejection": mark("Note that a draft was rejected"),
    "retraction": mark("Note that a report was retracted"),
}
_WAYS = (
    ("none", mark("not sent")),
    ("sent", mark("sent")),
    ("required", mark("sent, and required")),
)


@dataclass(frozen=True)
class Leaving:
    """One document of one study that would go to one peer."""

    study_id: int
    accession_number: str
    document: str
    peer: str
    required: bool


def document_name(document: str) -> str:
    """Return a kind of document in words."""
    return tr(_NAMES[document]) if document in _NAMES else document


class OutputsSection(Section):
    """Documents by peers."""

    def __init__(self, office: Office, draft: SiteDraft) -> None:
        super().__init__(
            office,
            tr("Outputs"),
            tr(
                "Which document goes to which peer. A study is confirmed once every required delivery is. "
                "By default no draft leaves. Addenda go where signed reports go, and a note that a document was "
                "rejected or retracted to every peer that holds it."
            ),
        )
        self._draft = draft
        self.cells: dict[tuple[str, str], QComboBox] = {}
        self._grid_of: tuple[str, ...] = ()
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setAccessibleName(tr("Output matrix"))
        self.body.addWidget(self._scroll, 2)
        self.run = button(tr("Dry run"), self.rehearse, name=tr("List what would leave"), tone="action")
        self.body.addLayout(row_of(self.run))
        self.table: RowTable[Leaving] = RowTable(
            tr("What would leave"),
            [
                Column(tr("Study"), lambda row: row.accession_number or str(row.study_id), 140),
                Column(tr("Document"), lambda row: document_name(row.document)),
                Column(tr("To"), lambda row: row.peer, 140),
                Column(
                    tr("Required"),
                    lambda row: tr("yes") if row.required else tr("no"),
                    110,
                    state=lambda row: ("signed", "good") if row.required else ("", "text"),
                ),
            ],
            key=lambda row: (row.study_id, row.document, row.peer),
        )
        self.body.addWidget(self.table, 3)
        draft.changed.connect(self._show)

    def refresh(self) -> None:
        """Read what is in force."""
        self._show()
        self._draft.read()

    def _show(self) -> None:
        peers = tuple(str(peer.get("name", "")) for peer in self._draft.tables("peer"))
        if peers != self._grid_of or not self.cells:
            self._make_grid(peers)
        rules = {(rule.get("document"), rule.get("to")): rule for rule in self._draft.tables("output")}
        for place, cell in self.cells.items():
            rule = rules.get(place)
            way = "none" if rule is None else "required" if rule.get("required", True) else "sent"
            cell.setCurrentIndex(cell.findData(way))

    def _make_grid(self, peers: tuple[str, ...]) -> None:
        self._grid_of, self.cells = peers, {}
        made = QWidget()
        grid = QGridLayout(made)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(8)
        for row, peer in enumerate(peers, start=1):
            grid.addWidget(label(peer, "heading"), row, 0)
        for column, document in enumerate(DOCUMENTS, start=1):
            grid.addWidget(label(document_name(document), "muted", wraps=True), 0, column)
            for row, peer in enumerate(peers, start=1):
                cell = self._cell(document, peer)
                self.cells[(document, peer)] = cell
                grid.addWidget(cell, row, column)
        if not peers:
            grid.addWidget(label(tr("There are no peers yet."), "muted"), 1, 0)
        grid.setColumnStretch(len(DOCUMENTS) + 1, 1)
        grid.setRowStretch(len(peers) + 2, 1)
        self._scroll.setWidget(made)

    def _cell(self, document: str, peer: str) -> QComboBox:
        cell = choice(tr("{document} to {peer}", document=document_name(document), peer=peer))
        cell.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        for way, words in _WAYS:
            cell.addItem(tr(words), way)
        cell.activated.connect(lambda _: self._on_way(document, peer, str(cell.currentData())))
        return cell

    def _on_way(self, document: str, peer: str, way: str) -> None:
        rules = self._draft.tables("output")
        at = next(
            (n for n, rule in enumerate(rules) if (rule.get("document"), rule.get("to")) == (document, peer)),
            None,
        )
        if way == "none":
            if at is not None:
                self._draft.remove("output", at)
        elif at is None:
            values: dict[str, Any] = {"document": document, "to": peer}
            self._draft.add("output", values | ({"required": False} if way == "sent" else {}))
        else:
            self._draft.put(("output", at, "required"), way == "required")

    def rehearse(self) -> None:
        """List what the written document would send of the latest studies."""
        text = self._draft.text
        self.line.wait(tr("Trying the document on recent studies…"))
        self.office.read(
            self, lambda place: supervising.rehearsal(place, text), self._on_rehearsed, self.line.error
        )

    def _on_rehearsed(self, rows: tuple[Rehearsed, ...]) -> None:
        leaving = tuple(
            Leaving(row.study_id, row.accession_number, sent.document, sent.peer, sent.required)
            for row in rows
            for sent in row.sends
        )
        self.table.show_rows(leaving)
        self.line.say(
            tr(
                "Of the {studies} latest studies {count} documents would leave, once they are drafted and signed.",
                studies=len(rows),
                count=len(leaving),
            ),
            "good",
        )
