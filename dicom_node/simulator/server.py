"""Start and stop the simulator."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from pynetdicom import evt

from dicom_node import sop_classes
from dicom_node.association import LocalEntity, spool_into
from dicom_node.provider import (
    Provider,
    ProviderLimits,
    reject,
    service_contexts,
    start_provider,
    storage_contexts,
)
from dicom_node.simulator.archive import Archive
from dicom_node.simulator.faults import Faults
from dicom_node.simulator.profiles import Habits
from dicom_node.simulator.services import Destination, Services
from dicom_node.statuses import CALLING_NOT_RECOGNISED
from llmcxr_ws.errors import ConfigError

_QUERY_CLASSES: Final = (
    sop_classes.VERIFICATION,
    sop_classes.PATIENT_ROOT_FIND,
    sop_classes.PATIENT_ROOT_MOVE,
    sop_classes.PATIENT_ROOT_GET,
    sop_classes.STUDY_ROOT_FIND,
    sop_classes.STUDY_ROOT_MOVE,
    sop_classes.STUDY_ROOT_GET,
)


@dataclass(frozen=True, kw_only=True)
class SimulatorSettings:
    """What one simulated PACS is."""

    storage: Path
    ae_title: str = "PACS"
    host: str = "127.0.0.1"
    port: int = 11113
    destinations: tuple[Destination, ...] = ()
    habits: Habits = field(default_factory=Habits)
    faults: Faults = field(default_factory=Faults)
    known_only: bool = False  # reject calling AE titles that aren't among the destinations
    limits: ProviderLimits = field(default_factory=lambda: ProviderLimits(max_associations=50))


class PacsSimulator:
    """A simulated PACS; use it as a context manager, or call :meth:`start` and :meth:`stop`."""

    def __init__(self, settings: SimulatorSettings) -> None:
        self.settings = settings
        self.archive = Archive(settings.storage)
        self._destinations = {destination.ae_title: destination for destination in settings.destinations}
        self._provider: Provider | None = None
        self._services: Services | None = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._provider.port if self._provider is not None else self.settings.port

    def add_destination(self, destination: Destination) -> None:
        """Make an AE title known, or change its address."""
        self._destinations[destination.ae_title] = destination

    def start(self) -> PacsSimulator:
        """Listen and serve in the background.

        Raises
        ------
        DicomError
            The port is taken.
        """
        spool_into(self.archive.spool)
        habits = self.settings.habits
        services = Services(
            self.archive,
            LocalEntity(ae_title=self.settings.ae_title),
            self._destinations,
            habits=habits,
            faults=self.settings.faults,
        )
        self._services = services
        self._provider = start_provider(
            self.settings.ae_title,
            (self.settings.host, self.settings.port),
            [
                *service_contexts(_QUERY_CLASSES),
                *service_contexts(
                    [sop_classes.STORAGE_COMMITMENT] if habits.commits else [], both_roles=True
                ),
                *storage_contexts(
                    [uid for uid in sop_classes.STORAGE_CLASSES if uid not in habits.refused],
                    both_roles=True,
                ),
            ],
            [(evt.EVT_REQUESTED, self._on_requested), *services.handlers()],
            self.settings.limits,
        )
        return self

    def stop(self) -> None:
        """Stop serving; the folder stays."""
        if self._services is not None:
            self._services.close()
            self._services = None
        if self._provider is not None:
            self._provider.stop()
            self._provider = None

    def __enter__(self) -> PacsSimulator:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _on_requested(self, event: Any) -> None:
        calling = str(event.assoc.requestor.primitive.calling_ae_title).strip()
        if self.settings.known_only and calling not in self._destinations:
            reject(event, *CALLING_NOT_RECOGNISED)


def parse_destinations(values: Iterable[str]) -> tuple[Destination, ...]:
    """Read ``AETITLE=HOST:PORT``.

    Raises
    ------
    ConfigError
        A value has another form.
    """
    destinations = []
    for value in values:
        ae_title, _, address = value.partition("=")
        host, _, port = address.rpartition(":")
        if not (ae_title and host and port.isdigit() and 0 < int(port) < 65536):
            raise ConfigError(f"The peer '{value}' was refused.", what_to_do="Write AETITLE=HOST:PORT.")
        destinations.append(Destination(ae_title, host.strip("[]"), int(port)))
    return tuple(destinations)
