"""Health checks: each room gives some through the entry-point group ``llmcxr.checks``; ``llmcxr doctor`` runs them.

A check is a name and a function that gives a sentence when all is well and raises
:class:`~llmcxr_ws.errors.UserFacingError` when not.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import entry_points

from llmcxr_ws.errors import ConfigError, ObjectStoreError, StoreError, UserFacingError

GROUP = "llmcxr.checks"
MIN_FREE_GB = 2.0

Check = tuple[str, Callable[[], str]]


@dataclass(frozen=True)
class Verdict:
    """What one check said: `state` is ``ok``, ``failed``, or ``broken`` when the check itself didn't work."""

    room: str
    name: str
    state: str
    message: str
    what_to_do: str = ""


def verdicts() -> Iterator[Verdict]:
    """Run every room's checks, one after the other."""
    for point in sorted(entry_points(group=GROUP), key=lambda p: p.name):
        for name, check in point.load()():
            yield _judge(point.name, name, check)


def _judge(room: str, name: str, check: Callable[[], str]) -> Verdict:
    try:
        return Verdict(room, name, "ok", check())
    except UserFacingError as error:
        return Verdict(room, name, "failed", error.message, error.what_to_do)
    except Exception as error:  # process boundary: one broken check must not hide the others
        message = f"internal error, {type(error).__name__}: {error}"
        return Verdict(room, name, "broken", message, "Report this.")


def run_checks(*, as_json: bool = False) -> bool:
    """Run every room's checks and print a line each as it ends; True when all passed."""
    passed = True
    for verdict in verdicts():
        passed = passed and verdict.state == "ok"
        if as_json:
            line = json.dumps(asdict(verdict))
        else:
            mark = "ok  " if verdict.state == "ok" else "FAIL"
            # A defect is told as it is: what to do about it isn't known.
            sentence = f"{verdict.message} {verdict.what_to_do if verdict.state == 'failed' else ''}".strip()
            line = f"{mark}  {verdict.room:7} {verdict.name}: {sentence}"
        print(line, flush=True)
    return passed


def checks() -> Iterable[Check]:
    """The hall's checks."""
    return (
        ("home", _check_home),
        ("database", _check_database),
        ("disk", _check_disk),
        ("clock", _check_clock),
        ("certificates", _check_certificates),
        ("site", _check_site),
        ("audit", _check_audit),
    )


def _check_home() -> str:
    from llmcxr_ws.cli import chosen_home
    from llmcxr_ws.config import load_config
    from llmcxr_ws.home import resolve_home

    home = resolve_home(chosen_home())
    if not home.is_dir():
        raise ConfigError(
            f"There is no home at {home}.",
            what_to_do="Create it with `llmcxr db upgrade`, or name it: --home.",
        )
    load_config(home)
    mode = home.stat().st_mode & 0o077 if os.name == "posix" else 0
    if mode:
        raise StoreError(f"{home} can be read by others.", what_to_do=f"chmod 700 {home}")
    return str(home)


def _check_database() -> str:
    from llmcxr_ws.commands import open_workplace

    with open_workplace() as workplace:
        return f"{workplace.db.engine.dialect.name}, schema and store UUID fit"


def _check_disk() -> str:
    from llmcxr_ws.commands import open_workplace

    with open_workplace() as workplace:
        free_gb = shutil.disk_usage(workplace.objects.root).free / 1e9
    if free_gb < MIN_FREE_GB:
        raise ObjectStoreError(
            f"Only {free_gb:.1f} GB are free.", what_to_do="Free some space for received films."
        )
    return f"{free_gb:.0f} GB free for films"


def _check_clock() -> str:
    """This machine's clock against the database's and the object store's."""
    from datetime import UTC, datetime

    from llmcxr_ws import clocks
    from llmcxr_ws.commands import open_workplace
    from llmcxr_ws.store import services

    with open_workplace() as workplace:
        before = datetime.now(UTC)
        said = services.now(workplace.db)
        offsets = [
            clocks.of_database(said, before, datetime.now(UTC)),
            clocks.of_file_system(workplace.objects.root),
        ]
    return clocks.judge(offsets, clocks.is_kept())


def _check_certificates() -> str:
    """Every certificate that a setting names is valid for some time yet, and its key is nobody else's to read."""
    from llmcxr_ws import certificates
    from llmcxr_ws.commands import open_workplace

    with open_workplace() as workplace:
        home, site = workplace.home, workplace.site()
        named = [(workplace.config, ""), *((one, f"{one.name}.") for one in site.destinations)]
    found: list[certificates.Validity] = []
    for settings, of in named:
        for setting, path, is_key in certificates.files_of(settings, home, of=of):
            if is_key:
                certificates.check_key(setting, path)
            else:
                found += certificates.validity_of(setting, path)
    if not found:
        return "no setting names one"
    first = min(found, key=lambda one: one.ends)
    days = first.days_left()
    if days < certificates.WARN_DAYS:
        when = f"ended on {first.ends:%Y-%m-%d}" if days < 0 else f"ends on {first.ends:%Y-%m-%d}"
        raise ConfigError(
            f"The certificate of {first.setting}, {first.path}, {when}.", what_to_do="Renew it."
        )
    return f"{len(found)}; the first ends on {first.ends:%Y-%m-%d} ({first.setting})"


def _check_site() -> str:
    """A signature needs a peer that knows the patients, and a study is confirmed only by a required delivery."""
    from llmcxr_ws.commands import open_workplace

    with open_workplace() as workplace:
        site = workplace.site()
    if site.identity_peer() is None:
        raise ConfigError(
            "No peer has identity = true, so every signature will wait.",
            what_to_do="Mark the PACS with it and run `llmcxr config import`.",
        )
    if not any(rule.document == "signed" and rule.required for rule in site.outputs):
        raise ConfigError(
            "No required output sends signed reports anywhere, so no study will be confirmed.",
            what_to_do='Add an [[output]] with document = "signed" and run `llmcxr config import`.',
        )
    receivers = sum(rule.document == "signed" for rule in site.outputs)
    return f"{len(site.peers)} peers; signed reports go to {receivers} of them"


def _check_audit() -> str:
    from llmcxr_ws.commands import open_workplace
    from llmcxr_ws.store import audit

    with open_workplace() as workplace:
        count, broken = audit.verify(workplace.db)
    if broken is not None:
        raise StoreError(
            f"The audit trail is broken at row {broken}.", what_to_do="Keep the database for inquiry."
        )
    return f"whole, {count} rows"
