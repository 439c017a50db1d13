"""Node: what runs, who is connected or was turned away, what waits, until when certificates hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtWidgets import QTabWidget

from llmcxr_ws.clocks import TOLERATED_S
from llmcxr_ws.node_state import Certificate, DestinationQueue, NodeState, Process, Received, node_state
from llmcxr_ws.store.overview import TurnedAway
from ui.admin.disk import VERDICTS, WHAT, size
from ui.admin.section import Section, row_of, stacked
from ui.language import mark, tr
from ui.office import Office
from ui.tables import Column, RowTable
from ui.text import clock, duration, grouped
from ui.widgets import Mark, label, with_tone

_STATES = {
    "good": ("signed", "good", mark("well")),
    "look": ("failed", "attention", mark("look at it")),
    "bad": ("refused", "bad", mark("not well")),
}
_KINDS = {
    "listener": (mark("Listener"), mark("Films aren't received.")),
    "courier": (mark("Courier"), mark("Nothing is drafted, signed or delivered.")),
    "engine": (mark("Engine"), mark("Films are received and wait for their drafts.")),
    "watcher": (mark("Watcher"), mark("No metrics and no audit messages are made.")),
    "web": (mark("STOW-RS server"), mark("Nothing is received by STOW-RS.")),
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


@dataclass(frozen=True)
class Seen:
    """One line of the state: about what, how it is, what was found, what to do."""

    key: str
    what: str
    state: str
    found: str
    to_do: str = ""


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
                    120,
                    state=lambda row: _STATES[row.state][:2],
                ),
                Column(tr("What was found"), lambda row: row.found),
                Column(tr("What to do"), lambda row: row.to_do, 330),
            ],
            key=lambda row: row.key,
            wraps=True,
        )
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

    def _make_details(self) -> None:
        def number(title: str, of: str) -> Column[DestinationQueue]:
            return Column(
                title,
                lambda row: grouped(getattr(row, of)),
                110,
                key=lambda row: getattr(row, of),
                is_number=True,
            )

        self.queues: RowTable[DestinationQueue] = RowTable(
            tr("Queues by destination"),
            [
                Column(
                    tr("Destination"),
                    lambda row: row.name,
                    200,
                    state=lambda row: ("failed", "bad") if row.dead else ("", "text"),
                ),
                number(tr("Waiting"), "waiting"),
                Column(
                    tr("Oldest"),
                    lambda row: duration(row.oldest_s) if row.waiting else "–",
                    130,
                    key=lambda row: row.oldest_s,
                ),
                number(tr("Not confirmed"), "unconfirmed"),
                number(tr("Held"), "held"),
                number(tr("Dead"), "dead"),
                Column("", lambda row: ""),
            ],
            key=lambda row: row.name,
        )
        self.turned_away: RowTable[TurnedAway] = RowTable(
            tr("Turned away in the last day"),
            [
                Column(
                    tr("Times"), lambda row: grouped(row.count), 90, key=lambda row: row.count, is_number=True
                ),
                Column(tr("Calling AE title"), lambda row: row.calling, 190),
                Column(tr("Address"), lambda row: row.host, 180),
                Column(tr("Reason"), lambda row: tr(row.reason)),
                Column(tr("Last"), lambda row: clock(row.last_at), 170, key=lambda row: row.last_at),
            ],
            key=lambda row: (row.calling, row.host, row.reason),
        )
        self.received: RowTable[Received] = RowTable(
            tr("Received since the start"),
            [
                Column(tr("Peer"), lambda row: row.peer or tr("nobody known"), 200),
                Column(tr("Outcome"), lambda row: tr(OUTCOMES.get(row.outcome, row.outcome)), 230),
                Column(
                    tr("Instances"),
                    lambda row: grouped(row.instances),
                    130,
                    key=lambda row: row.instances,
                    is_number=True,
                ),
                Column(
                    tr("Size"), lambda row: size(row.bytes), 130, key=lambda row: row.bytes, is_number=True
                ),
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
        self.office.read(self, node_state, self._on_state, self.line.error)

    def _on_state(self, found: NodeState) -> None:
        rows = tuple(seen(found))
        self.table.show_rows(rows)
        self.queues.show_rows(found.destinations)
        self.turned_away.show_rows(found.turned_away)
        self.received.show_rows(found.received)
        self.certificates.show_rows(found.certificates)
        wrong = [row for row in rows if row.state != "good"]
        state = "bad" if any(row.state == "bad" for row in wrong) else "look" if wrong else "good"
        shape, tone, _ = _STATES[state]
        self._mark.show_shape(shape, tone)
        self.verdict.setText(
            tr("All is well.")
            if not wrong
            else tr(
                "%n thing(s) to look at: {names}.", "", len(wrong), names=", ".join(row.what for row in wrong)
            )
        )
        with_tone(self.verdict, tone)


def seen(found: NodeState) -> Iterator[Seen]:
    """The state in lines, in the order in which an administrator looks."""
    for process in found.processes:
        yield _process(process, found.address)
    yield _associations(found)
    times = sum(row.count for row in found.turned_away)
    yield Seen(
        "turned_away",
        tr("Turned away"),
        "look" if times else "good",
        tr("%n association(s) in the last day", "", times) if times else tr("nobody in the last day"),
        tr("See below who, and why; a new peer must stand under Peers.") if times else "",
    )
    yield from _disks(found)
    yield from _queues(found)
    yield _certificates(found)
    yield _clock(found)
    yield Seen(
        "site",
        tr("Site document"),
        "bad" if found.site_problem else "good",
        found.site_problem or tr("in force"),
        tr("Correct it under Site document.") if found.site_problem else "",
    )


def _process(process: Process, address: str) -> Seen:
    title, without = _KINDS[process.kind]
    if process.is_alive:
        said = tr("runs; seen {seconds} s ago", seconds=round(process.seen_s or 0.0))
        if process.kind == "listener":
            said = tr("{said}; {address}", said=said, address=address)
        return Seen(process.kind, tr(title), "good", said)
    said = (
        tr("doesn't run")
        if process.seen_s is None
        else tr("fell silent {time} ago", time=duration(process.seen_s))
    )
    to_do = (
        tr("Start an engine: llmcxr engine. Until then: {without}", without=tr(without))
        if process.kind == "engine"
        else tr("Start the node: llmcxr node. Until then: {without}", without=tr(without))
    )
    return Seen(process.kind, tr(title), "bad" if process.is_required else "look", said, to_do)


def _associations(found: NodeState) -> Seen:
    if found.open_associations is None:
        return Seen("associations", tr("Associations"), "look", tr("no listener tells"), "")
    is_full = found.open_associations >= found.most_associations
    return Seen(
        "associations",
        tr("Associations"),
        "look" if is_full else "good",
        tr("{count} open now, {most} at most", count=found.open_associations, most=found.most_associations),
        tr("Others are turned away until one ends; raise max_associations.") if is_full else "",
    )


def _disks(found: NodeState) -> Iterator[Seen]:
    if found.disk_problem:
        yield Seen("disk", tr("Disk"), "bad", found.disk_problem)
    for disk in found.disks:
        state = {"good": "good", "low": "look", "full": "bad"}[disk.state]
        free, warns = size(disk.free), size(disk.warns_below)
        said = (
            tr(
                "{free} free; warned below {warns}, nothing is received below {stops}",
                free=free,
                warns=warns,
                stops=size(disk.stops_below),
            )
            if disk.what == "objects"
            else tr("{free} free; warned below {warns}", free=free, warns=warns)
        )
        to_do = tr(VERDICTS[disk.state][2]) if disk.state != "good" else ""
        yield Seen(f"disk-{disk.what}", tr("Disk: {what}", what=tr(WHAT[disk.what])), state, said, to_do)


def _queues(found: NodeState) -> Iterator[Seen]:
    dead = sum(row.dead for row in found.destinations)
    waiting = sum(row.waiting for row in found.destinations)
    oldest = max((row.oldest_s for row in found.destinations if row.waiting), default=0.0)
    said = tr("%n waiting", "", waiting) + (
        tr(", the oldest for {time}", time=duration(oldest)) if waiting else ""
    )
    if dead:
        said = tr("{said}; %n dead", "", dead, said=said)
    yield Seen(
        "deliveries",
        tr("Deliveries"),
        "bad" if dead else "good",
        said,
        tr("See under Queues why, mend it, and send them again.") if dead else "",
    )
    drafts = found.drafts_waiting
    said = tr("%n waiting", "", drafts.count) + (
        tr(", the oldest for {time}", time=duration(drafts.oldest_s)) if drafts.count else ""
    )
    yield Seen("drafts", tr("Drafts to be made"), "good", said)


def _certificates(found: NodeState) -> Seen:
    title, first = tr("Certificates"), found.certificates[0] if found.certificates else None
    if first is None:
        return Seen("certificates", title, "good", tr("none is used: there is no TLS"))
    bad = [one for one in found.certificates if not one.is_good]
    if not bad:
        said = tr(
            "%n certificate(s); the first ends in {days} days",
            "",
            len(found.certificates),
            days=f"{first.days_left:.0f}",
        )
        return Seen("certificates", title, "good", said)
    worst = bad[0]
    said = worst.problem or (
        tr("{file} has expired", file=worst.file)
        if worst.days_left < 0
        else tr("{file} ends in {days} days", file=worst.file, days=f"{worst.days_left:.0f}")
    )
    return Seen("certificates", title, "bad", said, tr("Have a new one made: llmcxr tls request."))


def _clock(found: NodeState) -> Seen:
    off = abs(found.clock_off_s)
    said = (
        tr("within {seconds} s of the database", seconds=f"{TOLERATED_S:.0f}")
        if off <= TOLERATED_S
        else tr("{seconds} s off the database's", seconds=f"{off:.1f}")
    )
    if found.clock_is_kept:
        said = tr("{said}; a time service keeps it", said=said)
    elif found.clock_is_kept is False:
        said = tr("{said}; no time service keeps it", said=said)
    state = "bad" if off > TOLERATED_S else "look" if found.clock_is_kept is False else "good"
    to_do = tr("Have it kept by the hospital's time server.") if state != "good" else ""
    return Seen("clock", tr("Clock of this machine"), state, said, to_do)
