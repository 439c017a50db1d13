"""Peers: the line for the PACS team, each peer's address and rules in a form, echo and capability probe."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

from PySide6.QtWidgets import QApplication, QLineEdit

from llmcxr_ws import supervising
from llmcxr_ws.domain import RequestRow
from llmcxr_ws.supervising import Entity
from ui.admin.display_dialog import DisplayDialog
from ui.admin.peer_fields import GROUPS
from ui.admin.section import Section, enable, listed, row_of, stacked
from ui.admin.site_draft import SiteDraft
from ui.admin.table_form import TableForm
from ui.language import mark, tr
from ui.office import Office
from ui.tables import Column, RowTable
from ui.widgets import button, label

# What the node says of a probe's lines, for the translators.
_SAID = (
    mark("answers C-ECHO"),
    mark("confirms what it stores"),
    mark("can be asked for studies and identities"),
    mark("can be asked to send studies"),
    mark("can hand studies over on the same association"),
    mark("a document that it can store"),
    mark("an image that it can store"),
    mark("It knows the class, but none of the transfer syntaxes."),
    mark("It doesn't know the class, or doesn't allow it to us."),
)


@dataclass(frozen=True)
class Ability:
    """One line of a probe."""

    name: str
    use: str
    taken: bool
    syntaxes: str
    note: str


class PeersSection(Section):
    """Peers and how to reach them."""

    def __init__(self, office: Office, draft: SiteDraft) -> None:
        super().__init__(
            office,
            tr("Peers"),
            tr("Who may send films to us and who gets our reports. Changes count once they are in force."),
        )
        self._draft = draft
        self.for_pacs = QLineEdit()
        self.for_pacs.setReadOnly(True)
        self.for_pacs.setAccessibleName(tr("Line for the PACS team"))
        self.table: RowTable[tuple[int, dict[str, Any]]] = RowTable(
            tr("Peers"),
            [
                Column(tr("Name"), lambda row: str(row[1].get("name", "")), 110, state=self._state_of),
                Column(tr("AE title"), lambda row: str(row[1].get("ae_title", "")), 120),
                Column(tr("Address"), lambda row: f"{row[1].get('host', '')}:{row[1].get('port', '')}"),
            ],
            key=lambda row: row[0],
        )
        self.table.chosen.connect(self._on_chosen)
        self._looked_at: dict[str, Any] = {}
        self._found: tuple[Ability, ...] = ()
        self.form = TableForm(draft, "peer", tr("The chosen peer"), GROUPS)
        self.echo = button(
            tr("Echo"), partial(self._look, "echo"), name=tr("Ask the peer to answer (C-ECHO)")
        )
        self.probe = button(
            tr("Probe"), partial(self._look, "probe"), name=tr("Find out what the peer takes")
        )
        self.displays = button(
            tr("Displays…"), self._on_displays, name=tr("Find out what the peer's displays show")
        )
        self.remove = button(tr("Remove"), self._on_remove, name=tr("Remove the peer"))
        self.abilities: RowTable[Ability] = RowTable(
            tr("What the peer takes"),
            [
                Column(
                    tr("Taken"),
                    lambda row: tr("yes") if row.taken else tr("no"),
                    70,
                    state=lambda row: ("signed", "good") if row.taken else ("refused", "bad"),
                ),
                Column(tr("Service or kind"), lambda row: row.name, 330),
                Column(tr("Use"), lambda row: tr(row.use), 260),
                Column(tr("Transfer syntaxes"), lambda row: row.syntaxes or tr(row.note)),
            ],
            key=lambda row: row.name,
        )
        self._lay_out()
        draft.changed.connect(self._show)

    def _lay_out(self) -> None:
        copy = button(tr("Copy"), self._copy, name=tr("Copy the line for the PACS team"))
        told = row_of(label(tr("For the PACS team"), "muted"), self.for_pacs, copy, stretch=False)
        told.setStretch(1, 1)
        self.body.addLayout(told)
        add = button(tr("Add a peer"), self._on_add)
        keys = (add, self.remove, self.echo, self.probe, self.displays)
        both = stacked(listed(self.table, keys, self.form), self.abilities, (3, 2))
        self.body.addWidget(both, 1)

    # What is shown

    def refresh(self) -> None:
        """Read the document in force and who we are."""
        self._show()
        self._draft.read()
        self.office.read(self, supervising.entity, self._on_entity)

    def _on_entity(self, found: Entity) -> None:
        line = (
            tr(
                "AE title {title}, host {host}, port {port}",
                title=found.ae_title,
                host=found.host,
                port=found.port,
            )
            if found.is_running
            else tr(
                "AE title {title}, port {port}; start the node to see its host",
                title=found.ae_title,
                port=found.port,
            )
        )
        if found.tls_port:
            line = tr("{line}, by TLS port {port}", line=line, port=found.tls_port)
        if found.stow:
            line = tr("{line}; STOW-RS at {address}", line=line, address=found.stow)
        self.for_pacs.setText(line)

    def _copy(self) -> None:
        QApplication.clipboard().setText(self.for_pacs.text())
        self.line.say(tr("The line was copied."), "good")

    def _show(self) -> None:
        peers = self._draft.tables("peer")
        self.table.show_rows(tuple(enumerate(peers)))
        if peers and not self.table.selected():
            self.table.selectRow(0)
        self._fill(keeps_typing=True)

    def _state_of(self, row: tuple[int, dict[str, Any]]) -> tuple[str, str]:
        return ("refused", "bad") if self._draft.problem_at("peer", row[0]) else ("", "text")

    @property
    def _at(self) -> int | None:
        chosen = self.table.selected()
        return chosen[0][0] if chosen else None

    @property
    def _chosen(self) -> dict[str, Any]:
        """The values of the chosen peer; empty for none."""
        at, peers = self._at, self._draft.tables("peer")
        return peers[at] if at is not None and at < len(peers) else {}

    def _on_chosen(self) -> None:
        self._fill(keeps_typing=False)

    def _fill(self, *, keeps_typing: bool) -> None:
        self.form.show_at(self._at, keeps_typing=keeps_typing)
        values = self._chosen
        is_there = bool(values)
        enable([self.echo, self.probe, self.displays, self.remove], is_there)
        found = self._found if is_there and _address(values) == self._looked_at else ()
        self.abilities.show_rows(found)
        self.abilities.setVisible(bool(found))

    # What is changed

    def _on_add(self) -> None:
        peers = self._draft.tables("peer")
        taken = {str(peer.get(key, "")).casefold() for peer in peers for key in ("name", "ae_title")}
        number = next(n for n in count(len(peers) + 1) if f"peer{n}" not in taken)
        self._draft.add(
            "peer",
            {"name": f"peer{number}", "ae_title": f"PEER{number}", "host": "127.0.0.1", "port": 104},
        )
        self.table.select_where(lambda row: row[0] == len(peers))
        self.form.fields["name"].setFocus()

    def _on_remove(self) -> None:
        at = self._at
        if at is None:
            return
        self._draft.names.remove("peer", at)
        self.line.say(
            tr("The peer, its outputs and its rules were taken out of the written document."), "attention"
        )

    # What the node finds out

    def _look(self, kind: str) -> None:
        peer = self._chosen
        if not peer:
            return
        self.show_abilities(peer, ())
        self.office.request(
            self,
            lambda place, key: supervising.request_look(place, key, kind, peer),
            self.line.watch(self, lambda row: self._on_looked(peer, row)),
        )

    def _on_displays(self) -> None:
        peer = self._chosen
        if peer:
            DisplayDialog(
                self.window(), self.office, peer, lambda kinds: self._keep_ticks(peer.get("name"), kinds)
            ).open()

    def _keep_ticks(self, name: Any, kinds: list[str]) -> None:
        """Write into the document what is seen on a peer's displays."""
        for at, peer in enumerate(self._draft.tables("peer")):
            if peer.get("name") == name:
                self._draft.put(("peer", at, "shows"), kinds or None)
                self.line.say(
                    tr("The ticks stand in the written document. Put it in force to keep them."), "attention"
                )
                return
        self.line.say(tr("The peer is no longer in the written document."), "bad")

    def show_abilities(self, peer: dict[str, Any], found: tuple[Ability, ...]) -> None:
        """Show what a peer takes for as long as it is the chosen one, at the address where it was asked."""
        self._looked_at, self._found = _address(peer), found
        self._fill(keeps_typing=True)

    def _on_looked(self, peer: dict[str, Any], row: RequestRow) -> None:
        found = json.loads(row.outcome)
        words = f"{found['sentence']} {found['what_to_do']}".strip()
        if found["implementation"]:
            words = tr("{words} It is {implementation}.", words=words, implementation=found["implementation"])
        self.line.say(words, "good" if found["reached"] else "bad")
        self.show_abilities(
            peer,
            tuple(
                Ability(one["name"], one["use"], one["taken"], ", ".join(one["syntaxes"]), one["note"])
                for one in found["abilities"]
            ),
        )


def _address(peer: dict[str, Any]) -> dict[str, Any]:
    """What a peer is reached by; whatever else changes about it, it takes the same."""
    return {key: peer.get(key) for key in ("ae_title", "host", "port")}
