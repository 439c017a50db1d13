"""The output matrix: which document goes where and when, and a dry run that lists what would leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QGridLayout, QScrollArea, QWidget

from llmcxr_ws import supervising
from llmcxr_ws.outputs import KINDS, Way
from llmcxr_ws.rehearsal import Rehearsed
from ui.admin.section import Section, is_on, row_of
from ui.admin.site_draft import SiteDraft
from ui.documents import document_name
from ui.language import mark, tr
from ui.office import Office
from ui.tables import Column, RowTable
from ui.widgets import button, choice, label

_WAYS = (
    ("none", mark("not sent")),
    ("sent", mark("sent")),
    ("required", mark("sent, and required")),
)
# Kinds that may leave at two moments.
_MOMENTS = (
    ("none", mark("not sent")),
    ("sent", mark("sent once signed")),
    ("required", mark("sent once signed, and required")),
    ("draft", mark("sent with the draft")),
    ("both", mark("sent with the draft and once signed")),
    ("both required", mark("sent with the draft and once signed, and required")),
)
_WHEN = {"draft": mark("with the draft"), "sign": mark("once signed")}
_TABLES: tuple[tuple[str, Way], ...] = (("peer", "dicom"), ("hl7", "hl7"), ("fhir", "fhir"))


@dataclass(frozen=True)
class Leaving:
    """One document of one study that would go to one peer."""

    study_id: int
    accession_number: str
    document: str
    peer: str
    required: bool
    when: str
    where: str


class OutputsSection(Section):
    """Documents by destinations: peers, receivers of HL7 messages, FHIR servers."""

    def __init__(self, office: Office, draft: SiteDraft) -> None:
        super().__init__(
            office,
            tr("Outputs"),
            tr(
                "Which document goes where, and when. A study is confirmed once every required delivery is. "
                "By default no draft leaves. Addenda go where signed reports go, and a note that a document was "
                "rejected or retracted to everybody who holds it."
            ),
        )
        self._draft = draft
        self.cells: dict[tuple[str, str], QComboBox] = {}
        self._grid_of: tuple[tuple[str, Way, str], ...] = ()
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setAccessibleName(tr("Output matrix"))
        self.body.addWidget(self._scroll, 3)
        self.run = button(tr("Dry run"), self.rehearse, name=tr("List what would leave"), tone="action")
        self.body.addLayout(row_of(self.run))
        self.table: RowTable[Leaving] = RowTable(
            tr("What would leave"),
            [
                Column(tr("Study"), lambda row: row.accession_number or str(row.study_id), 140),
                Column(tr("Document"), lambda row: document_name(row.document)),
                Column(tr("When"), lambda row: tr(_WHEN[row.when]), 130),
                Column(tr("To"), lambda row: row.peer, 140),
                Column(tr("Address"), lambda row: row.where, 220),
                Column(
                    tr("Required"),
                    lambda row: tr("yes") if row.required else tr("no"),
                    110,
                    state=lambda row: ("signed", "good") if row.required else ("", "text"),
                ),
            ],
            key=lambda row: (row.study_id, row.document, row.when, row.peer),
        )
        self.body.addWidget(self.table, 2)
        draft.changed.connect(self._show)

    def refresh(self) -> None:
        """Read what is in force."""
        self._show()
        self._draft.read()

    def _show(self) -> None:
        found = tuple(
            (str(one.get("name", "")), way, str(one.get("role", "clinical")))
            for name, way in _TABLES
            for one in self._draft.tables(name)
        )
        if found != self._grid_of or not self.cells:
            self._make_grid(found)
        rules: dict[tuple[Any, Any], list[dict[str, Any]]] = {}
        for rule in self._draft.tables("output"):
            rules.setdefault((rule.get("document"), rule.get("to")), []).append(rule)
        seen = {str(peer.get("name")): peer.get("shows", ()) for peer in self._draft.tables("peer")}
        for (document, name), cell in self.cells.items():
            cell.setCurrentIndex(max(0, cell.findData(_way(document, rules.get((document, name), [])))))
            words = tr("Seen on its displays by an administrator.") if document in seen.get(name, ()) else ""
            cell.setToolTip(words)
            cell.setAccessibleDescription(words)

    def _make_grid(self, found: tuple[tuple[str, Way, str], ...]) -> None:
        self._grid_of, self.cells = found, {}
        made = QWidget()
        grid = QGridLayout(made)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(8)
        ways = {way for _, way, _ in found}
        documents = [document for document, kind in KINDS.items() if kind.way in ways]
        for column, (name, *_) in enumerate(found, start=1):
            grid.addWidget(label(name, "heading"), 0, column)
        for row, document in enumerate(documents, start=1):
            grid.addWidget(label(document_name(document), "muted"), row, 0)
            for column, (name, way, role) in enumerate(found, start=1):
                if KINDS[document].way != way:
                    continue
                if document == "synthetic" and role == "clinical":
                    grid.addWidget(label(tr("never to a clinical peer"), "muted"), row, column)
                    continue
                cell = self._cell(document, name)
                self.cells[(document, name)] = cell
                grid.addWidget(cell, row, column)
        if not found:
            grid.addWidget(label(tr("There are no peers yet."), "muted"), 1, 0)
        grid.setColumnStretch(len(found) + 1, 1)
        grid.setRowStretch(len(documents) + 2, 1)
        self._scroll.setWidget(made)

    def _cell(self, document: str, peer: str) -> QComboBox:
        cell = choice(tr("{document} to {peer}", document=document_name(document), peer=peer))
        cell.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        kind = KINDS[document]
        for way, words in _WAYS if len(kind.moments) == 1 else _MOMENTS:
            if kind.of_draft and way.startswith("both"):
                continue
            cell.addItem(tr(words), way)
        cell.activated.connect(lambda _: self._on_way(document, peer, str(cell.currentData())))
        return cell

    def _on_way(self, document: str, to: str, way: str) -> None:
        places = [
            number
            for number, rule in enumerate(self._draft.tables("output"))
            if (rule.get("document"), rule.get("to")) == (document, to)
        ]
        wanted = _rules(document, to, way)
        if len(places) == 1 and len(wanted) == 1:
            old = self._draft.tables("output")[places[0]]
            if _moment(old) == _moment(wanted[0]):
                self._draft.put(("output", places[0], "required"), wanted[0].get("required", True))
                return
        for number in reversed(places):
            self._draft.remove("output", number)
        for rule in wanted:
            self._draft.add("output", rule)

    def rehearse(self) -> None:
        """List what the written document would send of the latest studies."""
        text = self._draft.text
        self.line.wait(tr("Trying the document on recent studies…"))
        self.office.read(
            self, lambda place: supervising.rehearsal(place, text), self._on_rehearsed, self.line.error
        )

    def _on_rehearsed(self, rows: tuple[Rehearsed, ...]) -> None:
        leaving = tuple(
            Leaving(
                row.study_id,
                row.accession_number,
                sent.document,
                sent.peer,
                sent.required,
                sent.when,
                sent.where,
            )
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


def _moment(rule: dict[str, Any]) -> str:
    """When a rule of the document sends, as the validator reads it."""
    kind = KINDS.get(str(rule.get("document")))
    return str(rule.get("when") or (kind.moments[0] if kind else ""))


def _way(document: str, rules: list[dict[str, Any]]) -> str:
    """The choice of a cell that says what these rules say."""
    required = {_moment(rule): is_on(rule.get("required", True)) for rule in rules}
    if not required:
        return "none"
    if len(KINDS[document].moments) == 1:
        return "required" if all(required.values()) else "sent"
    if "sign" not in required:
        return "draft"
    words = ["both" if "draft" in required else "", "required" if required["sign"] else ""]
    return " ".join(word for word in words if word) or "sent"


def _rules(document: str, to: str, way: str) -> list[dict[str, Any]]:
    """The rules that a choice stands for."""
    rule: dict[str, Any] = {"document": document, "to": to}
    early = rule | {"when": "draft", "required": False}
    last = rule if way.endswith("required") else rule | {"required": False}
    return {"none": [], "draft": [early], "both": [early, last], "both required": [early, last]}.get(
        way, [last]
    )
