"""All that an administrator's window reads and asks: the counterpart of :mod:`llmcxr_ws.reading` for the office.

A window reads the store and writes requests; whatever changes is carried out by the node and told in the request's
outcome.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from llmcxr_ws import logfile, site_document
from llmcxr_ws.doctor import MIN_FREE_GB
from llmcxr_ws.domain import Account, RequestRow, ServiceRow
from llmcxr_ws.errors import AccessError, ConfigError
from llmcxr_ws.identity import UnlockedKey, new_key
from llmcxr_ws.logfile import LogLine
from llmcxr_ws.rehearsal import Rehearsed, rehearse
from llmcxr_ws.site import parse_site
from llmcxr_ws.site_document import Problem
from llmcxr_ws.store import (
    accounts,
    configuration,
    modelling,
    requests,
    services,
    statistics,
    supervision,
)
from llmcxr_ws.store.modelling import DraftSpeed, ShadowRow
from llmcxr_ws.store.services import ALIVE_S
from llmcxr_ws.store.statistics import DraftCodes, DraftFate
from llmcxr_ws.store.supervision import AuditRow, Flow, QueuedDelivery, QueuedJob, SiteVersion, Sizes
from llmcxr_ws.workplace import Workplace

LOW_DISK_GB = 20.0


@dataclass(frozen=True)
class Entity:
    """Who the node is on the network: what the PACS team must enter; `host` is empty while no listener tells it."""

    ae_title: str
    host: str
    port: int
    is_running: bool
    tls_port: int = 0  # 0: none, or the same
    stow: str = ""  # base URL of the STOW-RS server, where one runs


@dataclass(frozen=True)
class SiteText:
    """The site's document in force and who wrote it."""

    version: int
    text: str
    versions: tuple[SiteVersion, ...]


@dataclass(frozen=True)
class Disk:
    """A file system that we write to; `state` is ``good``, ``low`` or ``full``, by the watermarks."""

    what: str
    path: str
    total: int
    free: int
    state: str
    stops_below: int
    warns_below: int


@dataclass(frozen=True)
class Space:
    """Disks, and how much there is on them."""

    disks: tuple[Disk, ...]
    sizes: Sizes


@dataclass(frozen=True)
class Queues:
    """What waits; the rows are those that a person must look at and the oldest, the counts by state are of all."""

    deliveries: tuple[QueuedDelivery, ...]
    jobs: tuple[QueuedJob, ...]
    delivery_states: dict[str, int]
    job_states: dict[str, int]


@dataclass(frozen=True)
class EngineOnDuty:
    """A running engine, what it told of itself, and whether its model is accepted here."""

    service: ServiceRow
    accepted: bool


@dataclass(frozen=True)
class ModelsSeen:
    """What the model page shows; `promoted` are the weights of the model that was accepted last."""

    engines: tuple[EngineOnDuty, ...]
    accepted: tuple[dict[str, str], ...]
    speeds: tuple[DraftSpeed, ...]
    shadows: tuple[ShadowRow, ...]
    promoted: str = ""


@dataclass(frozen=True)
class QualityRows:
    """What the quality page counts; codes are those of the model that drafted last.

    `is_cut` says that there are older drafts in the time asked for than are counted.
    """

    fates: tuple[DraftFate, ...]
    codes: tuple[DraftCodes, ...]
    model: str
    is_cut: bool = False


def entity(place: Workplace) -> Entity:
    """The line for the PACS team, from the running listener, else from this machine's settings."""
    config, stow, found = place.config, "", Entity(place.config.ae_title, "", place.config.dicom_port, False)
    for row in services.running(place.db):
        if row.seconds_since_seen > ALIVE_S:
            continue
        detail = row.detail
        if row.kind == "listener":
            port, tls_port = int(detail.get("port", config.dicom_port)), int(detail.get("tls_port", 0))
            title = str(detail.get("ae_title", config.ae_title))
            found = Entity(title, row.host, port, True, tls_port if tls_port != port else 0)
        elif row.kind == "web":
            stow = f"{detail.get('scheme', 'http')}://{row.host}:{detail.get('port', '')}{detail.get('path', '')}"
    return replace(found, stow=stow)


def services_seen(place: Workplace) -> tuple[ServiceRow, ...]:
    """Who runs; an engine's row also says, as ``accepted``, whether its model is accepted at this site."""
    try:
        site = place.site()
    except ConfigError:  # written by another version: said where it is shown, no reason to hide who runs
        return tuple(services.running(place.db))
    return tuple(
        replace(row, detail=row.detail | {"accepted": site.accepts_model(_weights(row))})
        if row.kind == "engine"
        else row
        for row in services.running(place.db)
    )


def site_text(place: Workplace) -> SiteText:
    """The site's document in force."""
    version = configuration.site_version(place.db)
    text = configuration.site_text(place.db)
    return SiteText(version, text, supervision.site_versions(place.db))


def old_site_text(place: Workplace, version: int) -> str:
    """The text of an earlier version."""
    return configuration.site_text(place.db, version)


def problems(place: Workplace, text: str) -> tuple[Problem, ...]:
    """What speaks against putting a document in force; reads nothing."""
    return site_document.problems(text, demo=place.config.demo)


def rehearsal(place: Workplace, text: str, *, limit: int = 50) -> tuple[Rehearsed, ...]:
    """What a document would do with the studies that came last.

    Raises
    ------
    ConfigError
        The document is refused.
    """
    site = parse_site(text, demo=place.config.demo)
    try:
        in_force = place.site()
    except ConfigError:  # written by another version: peers are known again by their names then
        in_force = None
    return rehearse(site, supervision.recent_studies(place.db, limit=limit), in_force=in_force)


def queues(place: Workplace) -> Queues:
    """Everything that waits."""
    states = supervision.open_states(place.db)
    return Queues(supervision.open_deliveries(place.db), supervision.open_jobs(place.db), *states)


def log_tail(place: Workplace, *, service: str, lowest: str, words: str) -> tuple[LogLine, ...]:
    """The latest lines of the services' logs on this machine."""
    return logfile.tail(place.home, services=(service,) if service else (), lowest=lowest, words=words)


def audit_tail(place: Workplace, *, words: str) -> tuple[AuditRow, ...]:
    """The latest rows of the audit trail."""
    return supervision.audit_tail(place.db, words=words)


def space(place: Workplace) -> Space:
    """Free space where films and database lie.

    Raises
    ------
    ConfigError
        A folder can't be looked at.
    """
    return Space(disks(place), supervision.sizes(place.db))


def disks(place: Workplace) -> tuple[Disk, ...]:
    """The file systems of films and database.

    Raises
    ------
    ConfigError
        A folder can't be looked at.
    """
    places = [("objects", place.objects.root)]
    file = supervision.database_file(place.db)
    if file is not None:
        places.append(("database", file.parent))
    stops = place.config.min_free_mb * 1_000_000
    return tuple(_disk(what, path, stops) for what, path in places)


def _disk(what: str, path: Path, stops: int) -> Disk:
    try:
        found = shutil.disk_usage(path)
    except OSError as error:
        raise ConfigError(
            f"The folder {path} can't be looked at: {error.strerror}.", what_to_do="Check that it is mounted."
        ) from error
    warns = int(max(MIN_FREE_GB, min(LOW_DISK_GB, found.total / 1e10)) * 1e9)
    state = "full" if found.free < stops else "low" if found.free < warns else "good"
    return Disk(what, str(path), found.total, found.free, state, stops, warns)


def flow(place: Workplace, since: datetime) -> Flow:
    """When studies came, drafts were made and reports were signed."""
    return supervision.flow(place.db, since)


def users(place: Workplace) -> tuple[Account, ...]:
    """All users by name."""
    return tuple(accounts.accounts(place.db))


def models(place: Workplace) -> ModelsSeen:
    """Engines on duty, accepted models, speeds and shadows."""
    site = place.site()
    engines = tuple(
        EngineOnDuty(row, site.accepts_model(_weights(row)))
        for row in services.running(place.db)
        if row.kind in ("engine", "shadow") and row.seconds_since_seen <= ALIVE_S
    )
    accepted = tuple(model.model_dump() for model in site.accepted_models)
    promoted = site.promoted_model.weights_sha256 if site.promoted_model else ""
    speeds, shadows = modelling.draft_speeds(place.db), modelling.shadow_rows(place.db)
    return ModelsSeen(engines, accepted, speeds, shadows, promoted)


def quality_rows(place: Workplace, since: datetime) -> QualityRows:
    """Everything that the quality page counts, of drafts since a moment; drift looks at all of a model's drafts."""
    fates = statistics.draft_fates(place.db, since, limit=statistics.MOST)
    if not fates:
        return QualityRows((), (), "")
    last = fates[-1]
    codes = statistics.draft_codes(place.db, last.model_device_uid)
    return QualityRows(fates, codes, last.model, is_cut=len(fates) == statistics.MOST)


def request(place: Workplace, request_id: int) -> RequestRow:
    """A request and its outcome."""
    return requests.request_by_id(place.db, request_id)


# Requests: each gives the id under which the outcome will stand.


def request_look(place: Workplace, key: UnlockedKey, kind: str, peer: Mapping[str, Any]) -> int:
    """Ask the node to look at a peer: ``echo`` or ``probe``."""
    return requests.submit(place.db, key, kind=kind, payload={"peer": dict(peer)})


def request_try(place: Workplace, key: UnlockedKey, table: str, values: Mapping[str, Any]) -> int:
    """Ask the node to try an HL7 or FHIR destination (``hl7``, ``fhir``) without sending it a report."""
    return requests.submit(place.db, key, kind="try", payload={table: dict(values)})


def request_display(
    place: Workplace, key: UnlockedKey, peer: Mapping[str, Any], kinds: Sequence[str], *, agreed: bool
) -> int:
    """Ask the node to send a peer a test object of each of these kinds.

    Parameters
    ----------
    agreed : bool
        Whether the PACS team knows of it; asked for where the peer is used for patients' care.
    """
    payload = {"peer": dict(peer), "kinds": list(kinds), "agreed": agreed}
    return requests.submit(place.db, key, kind="display", payload=payload)


def request_site(place: Workplace, key: UnlockedKey, text: str, *, based_on: int | None = None) -> int:
    """Ask the node to put a site document in force.

    Parameters
    ----------
    based_on : int
        The version that the changes were made in; refused by the node when another is in force by then.

    Raises
    ------
    ConfigError
        It is refused here already.
    """
    parse_site(text, demo=place.config.demo)
    payload = {"text": text} | ({} if based_on is None else {"based_on": based_on})
    return requests.submit(place.db, key, kind="site", payload=payload)


def request_move(place: Workplace, key: UnlockedKey, what: str, action: str, ids: Sequence[int]) -> int:
    """Ask the node to hold, release, hasten or repeat deliveries or jobs."""
    payload = {"of": what, "action": action, "ids": list(ids)}
    return requests.submit(place.db, key, kind="queue", payload=payload)


def request_new_user(
    place: Workplace,
    key: UnlockedKey,
    *,
    name: str,
    display_name: str,
    organization: str,
    role: str,
    password: str,
) -> int:
    """Ask the node to add a user; the key pair is made here, and the password goes nowhere.

    Raises
    ------
    AccessError
        The role is unknown or the password too short.
    """
    accounts.check_role(role)
    change = {
        "action": "add",
        "name": name,
        "display_name": display_name,
        "organization": organization,
        "role": role,
        **_key_fields(password),
    }
    return requests.submit(place.db, key, kind="user", payload=change)


def request_password(place: Workplace, key: UnlockedKey, name: str, password: str) -> int:
    """Ask the node to give a user a new password, and a new key pair with it."""
    change = {"action": "passwd", "name": name, **_key_fields(password)}
    return requests.submit(place.db, key, kind="user", payload=change)


def request_user_change(place: Workplace, key: UnlockedKey, name: str, action: str, role: str = "") -> int:
    """Ask the node to disable or enable a user, or to change the role."""
    change = {"action": action, "name": name} | ({"role": role} if action == "role" else {})
    return requests.submit(place.db, key, kind="user", payload=change)


def request_acceptance(
    place: Workplace,
    key: UnlockedKey,
    *,
    action: str,
    model: Mapping[str, str],
    reason: str,
    figures: Mapping[str, str],
) -> int:
    """Ask the node to accept a model for this site, or to withdraw that; with the figures that were seen.

    Raises
    ------
    AccessError
        No reason is given.
    """
    if not reason.strip():
        raise AccessError("A decision without a reason was refused.", what_to_do="Say why.")
    payload = {
        "action": action,
        "weights_sha256": model["weights_sha256"],
        "name": model["name"],
        "version": model["version"],
        "reason": reason.strip(),
        "figures": dict(figures),
    }
    return requests.submit(place.db, key, kind="model", payload=payload)


def _weights(row: ServiceRow) -> str:
    return str(row.detail.get("weights_sha256", ""))


def _key_fields(password: str) -> dict[str, str]:
    made = new_key(password)
    return {
        "public_key": made.public_key.hex(),
        "wrapped_key": made.wrapped_key.hex(),
        "salt": made.salt.hex(),
    }
