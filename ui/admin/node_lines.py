"""The node's state in lines: what was looked at, how it is, what was found, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from llmcxr_ws.clocks import TOLERATED_S
from llmcxr_ws.node_state import NodeState, Process
from ui.admin.disk import VERDICTS, WHAT, size
from ui.language import mark, tr
from ui.text import decimal, duration, grouped

REQUESTS = "STOW-RS requests"
"""What the trail calls them where it says who was turned away; all else there is associations."""
_LATE_S = 60.0
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
    yield _turned_away(found)
    yield from _disks(found)
    yield _deliveries(found)
    yield _drafts(found)
    yield _requests(found)
    yield _certificates(found)
    yield _clock(found)
    yield _site(found)


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
    said = tr("{count} open now, {most} at most", count=found.open_associations, most=found.most_associations)
    if found.association_ports > 1:
        each = found.most_associations // found.association_ports
        said = tr("{said}: {each} on each port", said=said, each=each)
    return Seen(
        "associations",
        tr("Associations"),
        "look" if is_full else "good",
        said,
        tr("Others are turned away until one ends; raise max_associations.") if is_full else "",
    )


def _turned_away(found: NodeState) -> Seen:
    requests = sum(row.count for row in found.turned_away if row.what == REQUESTS)
    others = sum(row.count for row in found.turned_away) - requests
    said = [tr("%n association(s) in the last day", "", others)] if others else []
    if requests:
        said.append(tr("%n STOW-RS request(s) in the last day", "", requests))
    return Seen(
        "turned_away",
        tr("Turned away"),
        "look" if said else "good",
        "; ".join(said) or tr("nobody in the last day"),
        tr("See below who, and why; a new peer must stand under Peers.") if said else "",
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


def _waiting(count: int, oldest_s: float, dead: int) -> str:
    said = tr("%n waiting", "", count)
    if count:
        said += tr(", the oldest for {time}", time=duration(oldest_s))
    return tr("{said}; %n dead", "", dead, said=said) if dead else said


def _deliveries(found: NodeState) -> Seen:
    dead = sum(row.dead for row in found.destinations)
    oldest = max((row.oldest_s for row in found.destinations if row.waiting), default=0.0)
    said = _waiting(sum(row.waiting for row in found.destinations), oldest, dead)
    standing = [row for row in found.destinations if row.stands]
    for row in standing:
        said = tr(
            "{said}; {name}: {waiting} waiting, {unconfirmed} not confirmed, {held} held",
            said=said,
            name=row.name,
            waiting=grouped(row.waiting),
            unconfirmed=grouped(row.unconfirmed),
            held=grouped(row.held),
        )
    to_do = (
        tr("See under Queues why, mend it, and send them again.")
        if dead
        else tr("See under Queues what they wait for.")
        if standing
        else ""
    )
    return Seen(
        "deliveries", tr("Deliveries"), "bad" if dead else "look" if standing else "good", said, to_do
    )


def _drafts(found: NodeState) -> Seen:
    drafts = found.drafts
    said = _waiting(drafts.waiting, drafts.oldest_s, drafts.dead)
    if drafts.held:
        said = tr("{said}; %n held", "", drafts.held, said=said)
    to_do = (
        tr("See under Queues why, mend it, and have them made again.")
        if drafts.dead
        else tr("See under Queues what they wait for.")
        if drafts.stands
        else ""
    )
    state = "bad" if drafts.dead else "look" if drafts.stands else "good"
    return Seen("drafts", tr("Drafts to be made"), state, said, to_do)


def _requests(found: NodeState) -> Seen:
    waiting = found.requests_waiting
    is_late = waiting.count > 0 and waiting.oldest_s > _LATE_S
    return Seen(
        "requests",
        tr("Requests of windows"),
        "look" if is_late else "good",
        _waiting(waiting.count, waiting.oldest_s, 0),
        tr("The courier decides them within seconds: see that it runs.") if is_late else "",
    )


def _site(found: NodeState) -> Seen:
    title = tr("Site document")
    if found.site_problem:
        return Seen("site", title, "bad", found.site_problem, tr("Correct it under Site document."))
    if not found.site_version:
        return Seen(
            "site",
            title,
            "look",
            tr("none is in force; no peer is known"),
            tr("Write one under Site document and put it in force."),
        )
    return Seen("site", title, "good", tr("in force"))


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
        else tr("{seconds} s off the database's", seconds=decimal(off, 1))
    )
    if found.clock_is_kept:
        said = tr("{said}; a time service keeps it", said=said)
    elif found.clock_is_kept is False:
        said = tr("{said}; no time service keeps it", said=said)
    state = "bad" if off > TOLERATED_S else "look" if found.clock_is_kept is False else "good"
    to_do = tr("Have it kept by the hospital's time server.") if state != "good" else ""
    return Seen("clock", tr("Clock of this machine"), state, said, to_do)
