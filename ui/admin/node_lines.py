"""The node's state in lines: what was looked at, how it is, what was found, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from llmcxr_ws.clocks import TOLERATED_S
from llmcxr_ws.node_state import NodeState, Process
from ui.admin.disk import VERDICTS, WHAT, size
from ui.language import mark, tr
from ui.text import duration

_KINDS = {
    "listener": (mark("Listener"), mark("Films aren't received.")),
    "courier": (mark("Courier"), mark("Nothing is drafted, signed or delivered.")),
    "engine": (mark("Engine"), mark("Films are received and wait for their drafts.")),
    "watcher": (mark("Watcher"), mark("No metrics and no audit messages are made.")),
    "web": (mark("STOW-RS server"), mark("Nothing is received by STOW-RS.")),
}


@dataclass(frozen=True)
class Seen:
    """One line of the state: about what, how it is, what was found, what to do."""

    key: str
    what: str
    state: str
    found: str
    to_do: str = ""


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
