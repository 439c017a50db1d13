"""Destinations beyond DICOM: receivers of HL7 messages and FHIR servers, each in a form, and a try of each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import count
from typing import Any

from PySide6.QtWidgets import QStackedWidget

from llmcxr_ws import supervising
from llmcxr_ws.domain import RequestRow
from llmcxr_ws.outputs import FhirDestination
from ui.admin.controls import Text
from ui.admin.declared import declared
from ui.admin.section import Section, enable, listed, stacked
from ui.admin.site_draft import SiteDraft
from ui.admin.table_form import TableForm
from ui.language import mark, tr
from ui.office import Office
from ui.tables import Column, RowTable
from ui.widgets import button

_NAME = Text("name", mark("Name"), mark("Short name in rules and tables"))
_OPTIONAL = mark("Empty: left out")


_FIELDS = {
    "hl7": (
        _NAME,
        Text("host", mark("Host"), mark("Host name or address")),
        Text("port", mark("Port"), "2575", is_number=True, is_whole=True),
        Text("sending_application", mark("We call ourselves (MSH-3)"), "LLMCXR", may_lack=True),
        Text("sending_facility", mark("Our facility (MSH-4)"), _OPTIONAL, may_lack=True),
        Text("receiving_application", mark("Its application (MSH-5)"), _OPTIONAL, may_lack=True),
        Text("receiving_facility", mark("Its facility (MSH-6)"), _OPTIONAL, may_lack=True),
    ),
    "fhir": (
        _NAME,
        Text("base_url", mark("Base URL"), "https://fhir.example.org/r4"),
        declared(
            FhirDestination,
            "token_env",
            mark("Token in the variable"),
            hint=mark("A variable's name, such as EHR_TOKEN"),
        ),
        declared(
            FhirDestination,
            "token_key",
            mark("Or in the file (keys/)"),
            hint=mark("A file's name, such as ehr"),
        ),
    ),
}
_WAYS = {"hl7": mark("HL7 v2 by MLLP"), "fhir": mark("FHIR R4")}


@dataclass(frozen=True)
class Listed:
    """A type of resource, as a server's CapabilityStatement has it."""

    name: str
    is_listed: bool
    interactions: str


Row = tuple[str, int, dict[str, Any]]


class DestinationsSection(Section):
    """HL7 receivers and FHIR servers of the site."""

    def __init__(self, office: Office, draft: SiteDraft) -> None:
        super().__init__(
            office,
            tr("HL7 and FHIR"),
            tr(
                "Receivers of HL7 messages and FHIR servers; what goes there, and when, stands under Outputs. A try "
                "sends no report: HL7 is called by TCP and nothing said, a FHIR server is asked for its "
                "CapabilityStatement. HL7 travels in clear, so inside the hospital's network only."
            ),
        )
        self._draft = draft
        self.table: RowTable[Row] = RowTable(
            tr("HL7 and FHIR destinations"),
            [
                Column(tr("Name"), lambda row: str(row[2].get("name", "")), 110, state=self._state_of),
                Column(tr("Way"), lambda row: tr(_WAYS[row[0]]), 140),
                Column(tr("Address"), _address),
            ],
            key=lambda row: row[:2],
        )
        self.table.chosen.connect(lambda: self._fill(keeps_typing=False))
        self.forms = {
            "hl7": TableForm(draft, "hl7", tr("The chosen HL7 receiver"), _FIELDS["hl7"]),
            "fhir": TableForm(draft, "fhir", tr("The chosen FHIR server"), _FIELDS["fhir"]),
        }
        self._tried: dict[str, Any] = {}
        self._found: tuple[Listed, ...] = ()
        self.add_hl7 = button(tr("Add an HL7 receiver"), lambda: self._on_add("hl7"))
        self.add_fhir = button(tr("Add a FHIR server"), lambda: self._on_add("fhir"))
        self.remove = button(tr("Remove"), self._on_remove, name=tr("Remove the destination"))
        self.attempt = button(tr("Try"), self._on_try, name=tr("Try the destination, without a report"))
        self.resources: RowTable[Listed] = RowTable(
            tr("What the FHIR server says it takes"),
            [
                Column(
                    tr("Listed"),
                    lambda row: tr("yes") if row.is_listed else tr("no"),
                    90,
                    state=lambda row: ("signed", "good") if row.is_listed else ("refused", "bad"),
                ),
                Column(tr("Resource"), lambda row: row.name, 200),
                Column(tr("What may be done with it"), lambda row: row.interactions),
            ],
            key=lambda row: row.name,
        )
        self._lay_out()
        draft.changed.connect(self._show)

    def _lay_out(self) -> None:
        self._stack = QStackedWidget()
        for form in self.forms.values():
            self._stack.addWidget(form)
        keys = (self.add_hl7, self.add_fhir, self.remove, self.attempt)
        both = stacked(listed(self.table, keys, self._stack), self.resources, (3, 1))
        self.body.addWidget(both, 1)

    # What is shown

    def refresh(self) -> None:
        """Read the document in force."""
        self._show()
        self._draft.read()

    def _rows(self) -> tuple[Row, ...]:
        return tuple(
            (table, at, values) for table in _FIELDS for at, values in enumerate(self._draft.tables(table))
        )

    def _show(self) -> None:
        rows = self._rows()
        self.table.show_rows(rows)
        if rows and not self.table.selected():
            self.table.selectRow(0)
        self._fill(keeps_typing=True)

    def _state_of(self, row: Row) -> tuple[str, str]:
        return ("refused", "bad") if self._draft.problem_at(row[0], row[1]) else ("", "text")

    @property
    def _chosen(self) -> Row | None:
        chosen = self.table.selected()
        return chosen[0] if chosen else None

    def _fill(self, *, keeps_typing: bool) -> None:
        chosen = self._chosen
        shown = chosen[0] if chosen is not None else "hl7"
        self._stack.setCurrentWidget(self.forms[shown])
        for table, form in self.forms.items():
            form.show_at(
                chosen[1] if chosen is not None and chosen[0] == table else None, keeps_typing=keeps_typing
            )
        enable([self.remove, self.attempt], chosen is not None)
        self.resources.setVisible(shown == "fhir")
        is_same = chosen is not None and chosen[2] == self._tried
        self.resources.show_rows(self._found if is_same else ())

    # What is changed

    def _on_add(self, table: str) -> None:
        taken = {str(one.get("name", "")) for name in ("peer", *_FIELDS) for one in self._draft.tables(name)}
        name = next(f"{table}{n}" for n in count(1) if f"{table}{n}" not in taken)
        address: dict[str, Any] = (
            {"host": "127.0.0.1", "port": 2575} if table == "hl7" else {"base_url": "https://127.0.0.1/r4"}
        )
        at = len(self._draft.tables(table))
        self._draft.add(table, {"name": name} | address)
        self.table.select_where(lambda row: row[:2] == (table, at))
        self.forms[table].fields["name"].setFocus()

    def _on_remove(self) -> None:
        chosen = self._chosen
        if chosen is None:
            return
        self._draft.names.remove(chosen[0], chosen[1])
        self.line.say(
            tr("The destination and its outputs were taken out of the written document."), "attention"
        )

    # What the node finds out

    def _on_try(self) -> None:
        chosen = self._chosen
        if chosen is None:
            return
        table, _, values = chosen
        self._show_found({}, ())
        self.office.request(
            self,
            lambda place, key: supervising.request_try(place, key, table, values),
            self.line.watch(self, lambda row: self._on_tried(values, row)),
        )

    def _on_tried(self, values: dict[str, Any], row: RequestRow) -> None:
        found = json.loads(row.outcome)
        tone = "good" if found["fits"] else "attention" if found["reached"] else "bad"
        self.line.say(f"{found['sentence']} {found['what_to_do']}".strip(), tone)
        self._show_found(
            values,
            tuple(
                Listed(one["name"], one["listed"], ", ".join(one["interactions"]))
                for one in found["resources"]
            ),
        )

    def _show_found(self, values: dict[str, Any], found: tuple[Listed, ...]) -> None:
        """Show what a server lists for as long as the form says what was tried."""
        self._tried, self._found = values, found
        self._fill(keeps_typing=True)


def _address(row: Row) -> str:
    table, _, values = row
    if table == "fhir":
        return str(values.get("base_url", ""))
    return f"{values.get('host', '')}:{values.get('port', '')}"
