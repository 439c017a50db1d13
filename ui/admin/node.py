"""Node: what runs, who is connected or was turned away, what waits, until when certificates hold."""

from __future__ import annotations

import re

from PySide6.QtWidgets import QTabWidget

from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.node_state import Certificate, DestinationQueue, NodeState, Received, node_state
from llmcxr_ws.store.overview import TurnedAway
from ui.admin.disk import size
from ui.admin.node_lines import REQUESTS, Seen, seen
from ui.admin.section import Section, row_of, stacked
from ui.language import mark, tr
from ui.office import Office
from ui.tables import Column, RowTable, number_column, time_column
from ui.text import clock, duration
from ui.widgets import Mark, label, with_tone

_STATES = {
    "good": ("signed", "good", mark("well")),
    "look": ("failed", "attention", mark("look at it")),
    "bad": ("refused", "bad", mark("not well")),
}
# Why the listener turns somebody away, as the node writes it into the trail.
REASONS = (
    mark("calling AE title unknown"),
    mark("not from the peer's host"),
    mark("not by TLS"),
    mark("not with the peer's certificate"),
    mark("the certificate doesn't bear the peer's name"),
    mark("no user identity"),
    mark("wrong user or password"),
    mark("no site's configuration"),
    mark("the peer has as many as it may"),
    mark("called AE title or limit"),
    # by STOW-RS
    mark("no peer's token, user or certificate"),
    mark("nothing shown"),
    mark("fits several peers"),
    mark("not configured to send"),
    mark("too many connections"),
    mark("too many requests at a time"),
    mark("request too large"),
    mark("too slow"),
)
_WITH_DETAIL = (
    (re.compile(r"^TLS: (.+)$"), mark("the TLS handshake failed: {what}")),
    (re.compile(r"^user identity of type (\d+)$"), mark("user identity of type {what}")),
    (
        re.compile(r"^user identity can't be checked \((.+)\)$"),
        mark("user identity can't be checked: {what}"),
    ),
)
OUTCOMES = {
    "stored": mark("received"),
    "again": mark("had already"),
    "own_document": mark("our own document, sent back"),
    "no_space": mark("refused: the disk is full"),
    "uid_mismatch": mark("refused: UIDs of command and data set differ"),
    "unreadable": mark("set aside: unreadable"),
    "defective": mark("set aside: its pixels are cut"),
    "duplicate_uid": mark("set aside: other content under a known UID"),
    "failed": mark("failed"),
    "too_large": mark("refused: too large"),
    "not_authorised": mark("refused: not allowed to send"),
}


def reason_words(reason: str) -> str:
    """Why somebody was turned away, in the window's language."""
    for pattern, words in _WITH_DETAIL:
        if found := pattern.match(reason):
            return tr(words, what=found[1])
    return tr(reason)


class NodeSection(Section):
    """The node at a glance."""

    POLL_MS = 5_000

    def __init__(self, office: Office) -> None:
        super().__init__(
            office,
            tr("Node"),
            tr(
                "What the node's processes, counters and queues say, read every five seconds. No peer is asked for "
                "it: that does the self-test."
            ),
        )
        self._mark, self.verdict = Mark(), label("", "heading", wraps=True)
        head = row_of(self._mark, self.verdict, stretch=False)
        head.setStretch(1, 1)
        self.body.addLayout(head)
        self.table: RowTable[Seen] = RowTable(
            tr("State of the node"),
            [
                Column(tr("What"), lambda row: row.what, 190),
                Column(
                    tr("State"),
                    lambda row: tr(_STATES[row.state][2]),
                    110,
                    state=lambda row: _STATES[row.state][:2],
                ),
                Column(tr("What was found"), lambda row: row.found),
                Column(tr("What to do"), lambda row: row.to_do, 260),
            ],
            key=lambda row: row.key,
            wraps=True,
        )
        self._make_queues()
        self._make_details()
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName(tr("Details of the node"))
        for made, title in (
            (self.queues, tr("Queues by destination")),
            (self.turned_away, tr("Turned away in the last day")),
            (self.received, tr("Received since the start")),
            (self.certificates, tr("Certificates")),
        ):
            self.tabs.addTab(made, title)
        self.body.addWidget(stacked(self.table, self.tabs, (3, 2)), 1)

    def _make_queues(self) -> None:
        self.queues: RowTable[DestinationQueue] = RowTable(
            tr("Queues by destination"),
            [
                Column(
                    tr("Destination"),
                    lambda row: row.name,
                    200,
                    state=lambda row: (
                        ("failed", "bad")
                        if row.dead
                        else ("failed", "attention")
                        if row.stands
                        else ("", "text")
                    ),
                ),
                number_column(tr("Waiting"), lambda row: row.waiting, 110),
                Column(
                    tr("Oldest"),
                    lambda row: duration(row.oldest_s) if row.waiting else "–",
                    130,
                    key=lambda row: row.oldest_s,
                ),
                number_column(tr("Not confirmed"), lambda row: row.unconfirmed, 110),
                number_column(tr("Held"), lambda row: row.held, 110),
                number_column(tr("Dead"), lambda row: row.dead, 110),
                Column("", lambda row: ""),
            ],
            key=lambda row: row.name,
        )

    def _make_details(self) -> None:
        self.turned_away: RowTable[TurnedAway] = RowTable(
            tr("Turned away in the last day"),
            [
                number_column(tr("Times"), lambda row: row.count, 90),
                Column(tr("Calling AE title"), lambda row: row.calling, 190),
                Column(tr("Address"), lambda row: row.host, 180),
                Column(tr("Reason"), lambda row: reason_words(row.reason)),
                Column(tr("Way in"), lambda row: "STOW-RS" if row.what == REQUESTS else "DIMSE", 110),
                time_column(tr("Last"), lambda row: row.last_at, 170),
            ],
            key=lambda row: (row.what, row.calling, row.host, row.reason),
        )
        self.received: RowTable[Received] = RowTable(
            tr("Received since the start"),
            [
                Column(tr("Peer"), lambda row: row.peer or tr("nobody known"), 200),
                Column(tr("Outcome"), lambda row: tr(OUTCOMES.get(row.outcome, row.outcome)), 230),
                number_column(tr("Instances"), lambda row: row.instances, 130),
                number_column(tr("Size"), lambda row: row.bytes, 130, text=size),
                Column("", lambda row: ""),
            ],
            key=lambda row: (row.peer, row.outcome),
        )
        self.certificates: RowTable[Certificate] = RowTable(
            tr("Certificates"),
            [
                Column(
                    tr("File"),
                    lambda row: row.file,
                    240,
                    state=lambda row: ("signed", "good") if row.is_good else ("refused", "bad"),
                ),
                Column(tr("Setting"), lambda row: row.setting, 240),
                Column(
                    tr("Valid until"),
                    lambda row: clock(row.ends) if row.ends is not None else "–",
                    180,
                    key=lambda row: row.days_left,
                ),
                Column(tr("Days left"), lambda row: row.problem or f"{row.days_left:.0f}"),
            ],
            key=lambda row: (row.setting, row.file, str(row.ends)),
        )

    def refresh(self) -> None:
        """Look again."""
        self.look(node_state, self._on_state)

    def on_missed(self, error: UserFacingError) -> None:
        """Nothing is known of the node now, whatever it was before."""
        super().on_missed(error)
        self._judge(
            "bad", tr("How the node is isn't known: it can't be read. What stands below was found before.")
        )

    def _on_state(self, found: NodeState) -> None:
        rows = tuple(seen(found))
        self.table.show_rows(rows)
        self.queues.show_rows(found.destinations)
        self.turned_away.show_rows(found.turned_away)
        self.received.show_rows(found.received)
        self.certificates.show_rows(found.certificates)
        wrong = [row for row in rows if row.state != "good"]
        state = "bad" if any(row.state == "bad" for row in wrong) else "look" if wrong else "good"
        said = (
            tr("All is well.")
            if not wrong
            else tr(
                "%n thing(s) to look at: {names}.", "", len(wrong), names=", ".join(row.what for row in wrong)
            )
        )
        self._judge(state, said)

    def _judge(self, state: str, said: str) -> None:
        shape, tone, _ = _STATES[state]
        self._mark.show_shape(shape, tone)
        self.verdict.setText(said)
        with_tone(self.verdict, tone)
