"""The node's metrics for Prometheus, gathered from the database when they are asked for.

Gauges are rows counted by state. Counters of the receiving path come with the listener's heartbeat (:mod:`..tally`),
those of everything else from the audit trail and the reports added since the watcher's start. Labels are names of the
site's configuration, states and kinds; no identifier of a patient, study or person is ever one.
"""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from llmcxr_ws import __version__
from llmcxr_ws.domain import ServiceRow
from llmcxr_ws.errors import DatabaseFailure
from llmcxr_ws.store import services, watching
from llmcxr_ws.workplace import Workplace

_KEEP_S: Final = 2.0
"""Scrapes within so many seconds get the same numbers: a busy scraper must not load the database."""
_DRAFT_BUCKETS: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
_CONFIRM_BUCKETS: Final = (1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400, 86400)


_WAYS_IN: Final = frozenset({"listener", "web"})
"""Processes that count what they receive."""


class NodeMetrics(Collector):
    """Everything there is to count of one home; register it once."""

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace
        self._lock = threading.Lock()
        self._made_at = float("-inf")
        self._made: list[Metric] = []
        self._events: Counter[str] = Counter()
        self._event_id = watching.last_event(workplace.db)
        self._report_id = watching.last_report(workplace.db)
        own = CollectorRegistry()
        self._histograms = own
        self._drafts = Histogram(
            "llmcxr_draft_seconds",
            "Time from taking up a film to writing its draft, of drafts since the watcher's start.",
            buckets=_DRAFT_BUCKETS,
            registry=own,
        )
        self._confirmed = Histogram(
            "llmcxr_sign_to_confirmed_seconds",
            "Time from a signature to the first confirmation of all required deliveries, since the watcher's start.",
            buckets=_CONFIRM_BUCKETS,
            registry=own,
        )

    def describe(self) -> Iterable[Metric]:
        """Nothing in advance: registering must not read the database."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """All metrics; of an unreachable database only that it is."""
        with self._lock:
            if time.monotonic() - self._made_at > _KEEP_S:
                self._made = list(self._gather())
                self._made_at = time.monotonic()
            made = list(self._made)
        yield from made

    def _gather(self) -> Iterator[Metric]:
        build = GaugeMetricFamily("llmcxr_build_info", "The version that runs.", labels=["version"])
        build.add_metric([__version__], 1)
        yield build
        yield from self._disk()
        found: list[Metric] = []
        try:
            running = services.running(self._workplace.db)
            self._read_on()
            found += _of_services(running)
            found += _of_listeners([row for row in running if row.kind in _WAYS_IN])
            found += _of_backlog(watching.backlog(self._workplace.db))
            found += self._trail()
        except DatabaseFailure:
            yield GaugeMetricFamily("llmcxr_database_up", "Whether the database answers.", value=0)
            return
        yield GaugeMetricFamily("llmcxr_database_up", "Whether the database answers.", value=1)
        yield from found
        yield from self._histograms.collect()

    def _disk(self) -> Iterator[Metric]:
        free = GaugeMetricFamily("llmcxr_disk_free_bytes", "Free space.", labels=["of"])
        total = GaugeMetricFamily("llmcxr_disk_bytes", "Size of the file system.", labels=["of"])
        for name, folder in (("objects", self._workplace.objects.root), ("home", self._workplace.home)):
            try:
                usage = shutil.disk_usage(folder)
            except OSError:
                continue  # the folder is gone for the moment; health says so
            free.add_metric([name], usage.free)
            total.add_metric([name], usage.total)
        yield free
        yield total
        yield GaugeMetricFamily(
            "llmcxr_disk_refuse_below_bytes",
            "Free space of the object store below which the listener takes nothing.",
            value=self._workplace.config.min_free_mb * 1e6,
        )

    def _read_on(self) -> None:
        """Count what was added since the last look."""
        db = self._workplace.db
        while events := watching.events_after(db, self._event_id):
            for event in events:
                self._events[event.event] += 1
                if event.event == "study.confirmed":
                    seconds = watching.signed_to_confirmed(db, event)
                    if seconds is not None:
                        self._confirmed.observe(max(seconds, 0.0))
            self._event_id = events[-1].id
        while drafts := watching.drafts_after(db, self._report_id):
            for _, seconds in drafts:
                if seconds is not None:
                    self._drafts.observe(max(seconds, 0.0))
            self._report_id = drafts[-1][0]

    def _trail(self) -> Iterator[Metric]:
        rows = GaugeMetricFamily("llmcxr_audit_rows", "Rows of the audit trail.", value=self._event_id)
        yield rows
        events = CounterMetricFamily(
            "llmcxr_events", "Rows of the audit trail by event, since the watcher's start.", labels=["event"]
        )
        for name, count in sorted(self._events.items()):
            events.add_metric([name], count)
        yield events


def _of_services(running: list[ServiceRow]) -> Iterator[Metric]:
    silent = GaugeMetricFamily(
        "llmcxr_service_silent_seconds",
        "Seconds since a process last said that it runs.",
        labels=["kind", "host", "pid"],
    )
    for row in running:
        silent.add_metric([row.kind, row.host, str(row.pid)], max(row.seconds_since_seen, 0.0))
    yield silent
    up = GaugeMetricFamily(
        "llmcxr_service_up", "Whether a process of a kind has shown itself lately.", labels=["kind"]
    )
    kinds = {"listener", "courier", "engine", *(row.kind for row in running)}
    alive = {row.kind for row in running if row.seconds_since_seen < services.ALIVE_S}
    for kind in sorted(kinds):
        up.add_metric([kind], kind in alive)
    yield up


def _of_listeners(rows: list[ServiceRow]) -> Iterator[Metric]:
    """Counts of this machine's listener and STOW-RS server; one that fell silent has nothing to say."""
    here = [
        row for row in rows if row.host == socket.gethostname() and row.seconds_since_seen < services.ALIVE_S
    ]
    tallies = [row.detail.get("tally", {}) for row in here]
    for name, key, words in (
        ("llmcxr_received_instances", "instances", "Instances that came, by peer and what became of them."),
        ("llmcxr_received_bytes", "bytes", "Bytes of instances that came."),
        ("llmcxr_associations", "associations", "Associations asked for, by peer (empty: a stranger)."),
    ):
        family = CounterMetricFamily(name, words, labels=["peer", "outcome"])
        for (peer, outcome), count in sorted(_added(tallies, key).items()):
            family.add_metric([peer, outcome], count)
        yield family
    answered = CounterMetricFamily(
        "llmcxr_stow_requests",
        "STOW-RS requests by peer (empty: a stranger) and HTTP status (tls: no handshake).",
        labels=["peer", "status"],
    )
    for (peer, status), count in sorted(_added(tallies, "requests").items()):
        answered.add_metric([peer, status], count)
    yield answered
    open_now = sum(int(tally.get("open", 0)) for tally in tallies)
    yield GaugeMetricFamily("llmcxr_associations_open", "Associations that are open.", value=open_now)


def _added(tallies: list[dict[str, Any]], key: str) -> Counter[tuple[str, str]]:
    total: Counter[tuple[str, str]] = Counter()
    for tally in tallies:
        for peer, outcome, count in tally.get(key, []):
            total[peer, outcome] += count
    return total


def _of_backlog(found: watching.Backlog) -> Iterator[Metric]:
    tables: tuple[tuple[str, str, list[str], dict[Any, watching.Waiting]], ...] = (
        ("studies", "Studies by state", ["state"], {(key,): value for key, value in found.studies.items()}),
        ("jobs", "Work for engines that waits, runs, is held or dead", ["kind", "state"], dict(found.jobs)),
        ("deliveries", "Deliveries that aren't confirmed", ["destination", "state"], dict(found.deliveries)),
        ("requests", "Signed requests that wait for the node", [], {(): found.requests}),
    )
    for name, words, labels, rows in tables:
        count = GaugeMetricFamily(f"llmcxr_{name}", f"{words}.", labels=labels)
        age = GaugeMetricFamily(
            f"llmcxr_{name}_oldest_seconds", f"{words}: age of the oldest.", labels=labels
        )
        for key, waiting in sorted(rows.items()):
            count.add_metric(list(key), waiting.count)
            age.add_metric(list(key), waiting.oldest_s)
        yield count
        yield age
