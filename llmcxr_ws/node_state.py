"""The node as an administrator wants to see it at a glance: who runs, who is connected, what waits, what ends soon.

What `llmcxr doctor`, the health page and the counters know, read together; it asks no peer and writes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from llmcxr_ws import clocks, supervising
from llmcxr_ws.certificates import WARN_DAYS, files_of, validity_of
from llmcxr_ws.config import MachineConfig
from llmcxr_ws.domain import ServiceRow
from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.states import DeliveryState
from llmcxr_ws.store import configuration, overview, services, watching
from llmcxr_ws.store.overview import TurnedAway
from llmcxr_ws.store.watching import Waiting
from llmcxr_ws.supervising import Disk
from llmcxr_ws.workplace import Workplace

_DAY = timedelta(days=1)
_LONG_S = 86_400.0
_MANY = 200
_DEAD = (DeliveryState.DEAD.value, DeliveryState.IDENTIFYING.value)


@dataclass(frozen=True)
class Process:
    """A process that runs or should: `seen_s` since its last heartbeat, None where there never was one."""

    kind: str
    is_required: bool
    is_alive: bool
    seen_s: float | None
    host: str


@dataclass(frozen=True)
class Received:
    """What listener and STOW-RS server took from one peer since they were started, by outcome (``stored``, …)."""

    peer: str
    outcome: str
    instances: int
    bytes: int


@dataclass(frozen=True)
class DestinationQueue:
    """What waits for one destination; `oldest_s` of what is queued or on its way."""

    name: str
    waiting: int
    oldest_s: float
    unconfirmed: int
    held: int
    dead: int

    @property
    def stands(self) -> bool:
        """Whether somebody should see why so much waits, or so long: a day, or hundreds not confirmed or held."""
        return (
            (self.waiting > 0 and self.oldest_s >= _LONG_S) or self.unconfirmed >= _MANY or self.held >= _MANY
        )


@dataclass(frozen=True)
class DraftQueue:
    """Drafts that an engine is to make; `oldest_s` of what waits."""

    waiting: int
    oldest_s: float
    held: int
    dead: int

    @property
    def stands(self) -> bool:
        """As :attr:`DestinationQueue.stands`."""
        return (self.waiting > 0 and self.oldest_s >= _LONG_S) or self.held >= _MANY


@dataclass(frozen=True)
class Certificate:
    """A certificate in use and its end; where it can't be read, the sentence that says so."""

    setting: str
    file: str
    ends: datetime | None
    days_left: float
    problem: str = ""

    @property
    def is_good(self) -> bool:
        """Whether it can be used, and for longer than a renewal takes."""
        return not self.problem and self.days_left >= WARN_DAYS


@dataclass(frozen=True)
class NodeState:
    """All of it; `open_associations` is None while no listener tells it, `site_version` 0 without a document.

    `most_associations` of all listeners together, each of whose ports (`association_ports` in all) has its limit.
    """

    processes: tuple[Process, ...]
    address: str
    open_associations: int | None
    most_associations: int
    association_ports: int
    received: tuple[Received, ...]
    turned_away: tuple[TurnedAway, ...]
    disks: tuple[Disk, ...]
    disk_problem: str
    destinations: tuple[DestinationQueue, ...]
    drafts: DraftQueue
    requests_waiting: Waiting
    certificates: tuple[Certificate, ...]
    clock_off_s: float
    clock_is_kept: bool | None
    site_problem: str
    site_version: int


def node_state(place: Workplace) -> NodeState:
    """Look at everything once."""
    before = datetime.now(UTC)
    offset = clocks.of_database(services.now(place.db), before, datetime.now(UTC))
    running = services.running(place.db)
    listeners = [row.detail for row in running if row.kind == "listener" and _is_alive(row)]
    servers = [row.detail for row in running if row.kind == "web" and _is_alive(row)]
    told = [tally["open"] for tally in _tallies(listeners) if "open" in tally]
    ports = sum(_ports(detail, place.config) for detail in listeners) or _ports({}, place.config)
    found = supervising.entity(place)
    backlog = watching.backlog(place.db)
    disks, disk_problem = _disks(place)
    return NodeState(
        processes=_processes(place, running),
        address=f"{found.ae_title}, {found.host + ':' if found.host else ''}{found.port}",
        open_associations=sum(map(int, told)) if told else None,
        most_associations=ports * place.config.max_associations,
        association_ports=ports,
        received=_received(_tallies([*listeners, *servers])),
        turned_away=overview.turned_away(place.db, datetime.now(UTC) - _DAY),
        disks=disks,
        disk_problem=disk_problem,
        destinations=_queues(backlog.deliveries),
        drafts=_drafts(backlog.jobs),
        requests_waiting=backlog.requests,
        certificates=_certificates(place),
        clock_off_s=offset.seconds,
        clock_is_kept=clocks.is_kept(),
        site_problem=_site_problem(place),
        site_version=configuration.site_version(place.db),
    )


def _tallies(details: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What each process counted."""
    return [detail.get("tally", {}) for detail in details]


def _ports(detail: dict[str, Any], config: MachineConfig) -> int:
    """On how many ports a listener listens: each has its own limit of associations (`max_associations`)."""
    plain, by_tls = detail.get("port", config.dicom_port), detail.get("tls_port", config.tls_port)
    return 2 if by_tls and by_tls != plain else 1


def _is_alive(row: ServiceRow) -> bool:
    return row.seconds_since_seen <= services.ALIVE_S


def _processes(place: Workplace, running: list[ServiceRow]) -> tuple[Process, ...]:
    config = place.config
    wanted = {"listener": True, "courier": True, "engine": False}
    if config.metrics_port or config.audit_messages != "off":
        wanted["watcher"] = False
    if config.web_port:
        wanted["web"] = True
    made = []
    for kind, is_required in wanted.items():
        rows = sorted((row for row in running if row.kind == kind), key=lambda row: row.seconds_since_seen)
        last = rows[0] if rows else None
        seen_s = max(last.seconds_since_seen, 0.0) if last is not None else None
        alive = last is not None and _is_alive(last)
        made.append(Process(kind, is_required, alive, seen_s, last.host if last is not None else ""))
    return tuple(made)


def _received(tallies: Sequence[dict[str, object]]) -> tuple[Received, ...]:
    """What came by every way in, together."""
    instances, sizes = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for tally in tallies:
        for counter, what in ((instances, "instances"), (sizes, "bytes")):
            for peer, outcome, count in _counted(tally, what):
                counter[peer, outcome] += count
    return tuple(Received(*key, count, sizes[key]) for key, count in sorted(instances.items()))


def _counted(tally: dict[str, object], what: str) -> list[tuple[str, str, int]]:
    rows = tally.get(what)
    return (
        [(str(peer), str(outcome), int(count)) for peer, outcome, count in rows]
        if isinstance(rows, list)
        else []
    )


def _queues(deliveries: dict[tuple[str, str], Waiting]) -> tuple[DestinationQueue, ...]:
    def of(name: str, *states: str) -> Waiting:
        found = [deliveries[name, state] for state in states if (name, state) in deliveries]
        return Waiting(sum(one.count for one in found), max((one.oldest_s for one in found), default=0.0))

    made = []
    for name in sorted({name for name, _ in deliveries}):
        waiting = of(name, DeliveryState.QUEUED.value, DeliveryState.SENDING.value)
        counts = [
            of(name, *states).count
            for states in ((DeliveryState.STORED.value,), (DeliveryState.HELD.value,), _DEAD)
        ]
        made.append(DestinationQueue(name, waiting.count, waiting.oldest_s, *counts))
    return tuple(made)


def _drafts(jobs: dict[tuple[str, str], Waiting]) -> DraftQueue:
    nothing = Waiting(0, 0.0)
    waiting = jobs.get(("draft", "queued"), nothing)
    counts = [jobs.get(("draft", state), nothing).count for state in ("held", "dead")]
    return DraftQueue(waiting.count, waiting.oldest_s, *counts)


def _disks(place: Workplace) -> tuple[tuple[Disk, ...], str]:
    try:
        return supervising.disks(place), ""
    except UserFacingError as error:
        return (), error.sentence


def _certificates(place: Workplace) -> tuple[Certificate, ...]:
    """Every certificate that a setting of the machine or of the site names."""
    try:
        site = place.site()
    except UserFacingError:
        named = list(files_of(place.config, place.home))
    else:
        named = list(files_of(place.config, place.home))
        for one in site.destinations:
            named += files_of(one, place.home, of=f"{one.name}.")
    files = [(setting, path) for setting, path, is_key in named if not is_key]
    made: list[Certificate] = []
    try:
        files += [("tls_trusted", path) for path in _trusted(place)]
    except OSError as error:
        folder = Path(place.config.tls_trusted)
        said = f"The folder of tls_trusted, {folder}, can't be read: {error.strerror}."
        made.append(Certificate("tls_trusted", folder.name, None, 0.0, said))
    for setting, path in files:
        try:
            made += [
                Certificate(setting, path.name, one.ends, one.days_left())
                for one in validity_of(setting, path)
            ]
        except UserFacingError as error:
            made.append(Certificate(setting, path.name, None, 0.0, error.sentence))
    return tuple(sorted(made, key=lambda one: one.days_left))


def _trusted(place: Workplace) -> list[Path]:
    if not place.config.tls_trusted:
        return []
    root = place.home / Path(place.config.tls_trusted).expanduser()
    return (
        sorted(path for path in root.iterdir() if path.suffix in (".pem", ".crt"))
        if root.is_dir()
        else [root]
    )


def _site_problem(place: Workplace) -> str:
    try:
        place.site()
    except UserFacingError as error:
        return error.sentence
    return ""
