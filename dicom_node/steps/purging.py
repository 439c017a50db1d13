"""Purge what the site's retention rules let go: once an hour, a study at a time, with an audit row each.

Which thing may go and why another stays is asked of :mod:`llmcxr_ws.store.retention`. Of films and pictures the
header is kept, so that a report can still be amended or withdrawn.
"""

from __future__ import annotations

import io
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Final

import pydicom
from pydicom.errors import InvalidDicomError

from dicom_node.steps.desk import Desk
from llmcxr_ws.errors import ObjectStoreError
from llmcxr_ws.log import is_of_running, logger
from llmcxr_ws.logfile import FOLDER
from llmcxr_ws.retention import OF_STUDIES, RetentionRule
from llmcxr_ws.site import SiteConfig
from llmcxr_ws.store import retention
from llmcxr_ws.store.retention import Item
from llmcxr_ws.workplace import Workplace

_LOG = logger(__name__)
_EVERY_S: Final = 3600.0
_AT_ONCE: Final = 200
_DAY_S: Final = 86_400.0
_NOT_REVIEWED: Final = "nobody has reviewed it"
_YOUNG: Final = "it is younger than the rule"


def purge_due(desk: Desk) -> bool:
    """Purge a first part of what may go; the rest in the next rounds."""
    if not desk.site.retention or not desk.is_due("retention", "all"):
        return False
    gone = sum(len(purge_by(desk.workplace, rule, desk.site)) for rule in desk.site.retention)
    if not gone:
        desk.put_off("retention", "all", _EVERY_S)
        desk.told["retention"] = {"looked_at": datetime.now(UTC).isoformat(timespec="seconds")}
    return bool(gone)


def is_short(workplace: Workplace, site: SiteConfig) -> bool:
    """Whether the disk of the object store has less free space than the site wants."""
    return shutil.disk_usage(workplace.objects.root).free < site.purge_below_gb * 1e9


def planned(
    workplace: Workplace, rule: RetentionRule, *, short: bool, limit: int | None = None
) -> list[Item]:
    """Everything that a rule is about, each with why it stays, or nothing where it may go now.

    `limit`: only what may go, and about so many things of it.
    """
    if rule.what not in OF_STUDIES:
        return list(_files(workplace, rule, short=short))
    sizes = {} if rule.what in ("films", "priors", "maps") else _sizes(workplace)
    return retention.of_studies(workplace.db, rule, short=short, sizes=sizes, limit=limit)


def purge_by(workplace: Workplace, rule: RetentionRule, site: SiteConfig) -> list[Item]:
    """Purge by one rule, oldest first; where the disk is short only until it isn't any more."""
    tidy(workplace)
    normal = [item for item in planned(workplace, rule, short=False, limit=_AT_ONCE) if not item.why]
    gone = _purge_all(workplace, rule, normal[:_AT_ONCE], short=False)
    if not gone and is_short(workplace, site) and rule.at_least_days is not None:
        early = [item for item in planned(workplace, rule, short=True, limit=_AT_ONCE) if not item.why]
        gone = _purge_all(workplace, rule, early[:_AT_ONCE], short=True, site=site)
    if gone:
        _LOG.info("purged", what=rule.what, items=len(gone), bytes=sum(item.bytes for item in gone))
    return gone


def tidy(workplace: Workplace) -> None:
    """Remove for good what was purged; put back what a crash left between its place and its row."""
    workplace.objects.empty_trash(lambda path: retention.is_purged(workplace.db, path))


def _purge_all(
    workplace: Workplace,
    rule: RetentionRule,
    items: list[Item],
    *,
    short: bool,
    site: SiteConfig | None = None,
) -> list[Item]:
    if rule.what not in OF_STUDIES:
        return _purge_files(workplace, rule, items)
    gone: list[Item] = []
    for _, group in groupby(items, key=lambda item: item.study_id):
        if site is not None and not is_short(workplace, site):
            break
        kept = [item for item in group if _keep_header(workplace, item)]
        if kept:
            gone += retention.purge(workplace.db, rule, kept, workplace.objects.discard, short=short)
        tidy(workplace)
    return gone


def _keep_header(workplace: Workplace, item: Item) -> bool:
    """Keep what a later note or addendum needs of a film or picture; False, and it stays, where that fails."""
    if item.what not in ("films", "priors", "documents", "drafts"):
        return True
    try:
        path = workplace.objects.path(item.paths[0])
        if not path.is_file() or path.suffix != ".dcm":
            return True
        ds = pydicom.dcmread(path, stop_before_pixels=True)
        ds.pop("EncapsulatedDocument", None)
        buffer = io.BytesIO()
        pydicom.dcmwrite(buffer, ds, enforce_file_format=False)
        workplace.objects.put_header(item.uid, buffer.getvalue())
    except (OSError, ObjectStoreError, InvalidDicomError, ValueError, AttributeError) as error:
        _LOG.error("not purged: its header can't be kept", study=item.study_id, error=type(error).__name__)
        return False
    return True


def _purge_files(workplace: Workplace, rule: RetentionRule, items: list[Item]) -> list[Item]:
    """Files without a study; the row that says so is written first, so that none goes unsaid."""
    if not items:
        return []
    paths = [item.paths[0] for item in items]
    retention.note_file_purged(workplace.db, rule.what, paths, sum(item.bytes for item in items))
    for item in items:
        _absolute(workplace, rule.what, item.paths[0]).unlink(missing_ok=True)
    return items


def _files(workplace: Workplace, rule: RetentionRule, *, short: bool) -> Iterator[Item]:
    seen = retention.reviewed(workplace.db) if rule.what == "quarantine" else frozenset()
    now, limit = time.time(), rule.days(short=short)
    for path in sorted(_folder(workplace, rule.what).rglob("*")):
        try:
            state = path.stat()
        except OSError:  # gone meanwhile
            continue
        if not path.is_file() or (rule.what == "logs" and path.suffix.startswith(".lock")):
            continue
        relative = path.relative_to(_root(workplace, rule.what)).as_posix()
        age = (now - state.st_mtime) / _DAY_S
        why = "" if age >= limit else _YOUNG
        if rule.what == "quarantine" and relative not in seen:
            why = _NOT_REVIEWED
        elif rule.what == "logs" and is_of_running(path):
            why = "its process runs"
        yield Item(rule.what, 0, 0, (relative,), state.st_size, age, why)


def _sizes(workplace: Workplace) -> dict[str, int]:
    root = workplace.objects.root
    return {
        path.relative_to(root).as_posix(): path.stat().st_size
        for folder in ("documents", "drawings")
        for path in (root / folder).rglob("*.*")
    }


def _root(workplace: Workplace, what: str) -> Path:
    return workplace.home if what == "logs" else workplace.objects.root


def _folder(workplace: Workplace, what: str) -> Path:
    return _root(workplace, what) / (FOLDER if what == "logs" else what)


def _absolute(workplace: Workplace, what: str, relative: str) -> Path:
    return workplace.home / relative if what == "logs" else workplace.objects.path(relative)
