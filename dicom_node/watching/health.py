"""Whether the node can do its work now: a few quick looks, for a load balancer, a monitor or a person with curl.

`ready` means that films are received and reports delivered. The engine isn't part of it: without one films are still
received, and wait. No sentence holds patient data.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from typing import Any

from llmcxr_ws import __version__
from llmcxr_ws.errors import DatabaseFailure, UserFacingError
from llmcxr_ws.store import services
from llmcxr_ws.workplace import Workplace


@dataclass(frozen=True)
class Look:
    """One look: what at, whether all is well, whether the node is unready without it, and a sentence."""

    name: str
    ok: bool
    required: bool
    sentence: str


def look_at(workplace: Workplace) -> tuple[Look, ...]:
    """Look at the database, the disk, the configuration and the processes."""
    looks = [_disk(workplace)]
    try:
        running = services.running(workplace.db)
    except DatabaseFailure:
        return (*looks, Look("database", False, True, "The database doesn't answer."))
    looks.append(Look("database", True, True, "The database answers."))
    looks.append(_site(workplace))
    kinds = [("listener", True), ("courier", True), ("engine", False)]
    if workplace.config.web_port:
        kinds.insert(2, ("web", True))
    for kind, required in kinds:
        ages = [row.seconds_since_seen for row in running if row.kind == kind]
        alive = bool(ages) and min(ages) < services.ALIVE_S
        name = "STOW-RS server" if kind == "web" else kind
        if alive:
            sentence = f"The {name} was seen {max(min(ages), 0.0):.0f} s ago."
        elif ages:
            sentence = f"The {name} fell silent {min(ages):.0f} s ago."
        else:
            sentence = f"No {name} runs."
        looks.append(Look(kind, alive, required, sentence))
    return tuple(looks)


def as_document(looks: tuple[Look, ...]) -> tuple[bool, dict[str, Any]]:
    """Whether the node is ready, and the JSON document that says so."""
    ready = all(look.ok for look in looks if look.required)
    status = "ok" if all(look.ok for look in looks) else "degraded" if ready else "failing"
    checks = [asdict(look) for look in looks]
    return ready, {"status": status, "live": True, "ready": ready, "version": __version__, "checks": checks}


def _disk(workplace: Workplace) -> Look:
    least = workplace.config.min_free_mb
    try:
        free = shutil.disk_usage(workplace.objects.root).free / 1e6
    except OSError:
        return Look("disk", False, True, "The object store can't be reached.")
    return Look("disk", free >= least, True, f"{free:.0f} MB are free; below {least} MB nothing is received.")


def _site(workplace: Workplace) -> Look:
    try:
        workplace.site()
    except DatabaseFailure:
        return Look("site", False, True, "The database doesn't answer.")
    except UserFacingError:
        return Look("site", False, True, "The site's configuration can't be read; `llmcxr doctor` says why.")
    return Look("site", True, True, "The site's configuration is in force.")
