"""Retrospective studies, de-identified: into a folder, or by the outbox to a peer, with a manifest of no patient."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from dicom_node.deidentify import Profile
from dicom_node.steps.deidentified import Identifying, Made, headers_of, make
from dicom_node.steps.hashing import hash_received
from llmcxr_ws.domain import DeliveryRow, StudyRow
from llmcxr_ws.errors import ConfigError, DicomError
from llmcxr_ws.objects import write_durably
from llmcxr_ws.outputs import way_of
from llmcxr_ws.site import Peer
from llmcxr_ws.states import Actor, DeliveryState
from llmcxr_ws.store import audit, reports, research, studies
from llmcxr_ws.store.forwarding import FORWARDED
from llmcxr_ws.workplace import Workplace

_LEFT_OUT: Final = research.LEFT_OUT | {FORWARDED}  # a film that was sent on is among the films


@dataclass(frozen=True)
class Entry:
    """One line of the manifest: what is known of a file where it goes, and of one that doesn't only why."""

    pseudonym: str
    StudyInstanceUID: str
    SOPInstanceUID: str
    kind: str
    bytes: int
    sha256: str
    outcome: str
    file: str = ""


@dataclass(frozen=True)
class Original:
    """An object of a study: what kind, and where it is."""

    kind: str
    path: Path
    name: str = ""  # which one it is, for people


def wanted(workplace: Workplace, names: Sequence[str]) -> list[StudyRow]:
    """The studies of these numbers, accession numbers or Study Instance UIDs.

    Raises
    ------
    ConfigError
        One isn't here; it is named by its place, not by its value.
    """
    found = []
    for place, name in enumerate(names, start=1):
        if name.isdigit() and len(name) < 10:
            row = next((one for one in studies.worklist(workplace.db) if one.id == int(name)), None)
        else:
            row = None
        row = row or studies.find_study(workplace.db, accession_number=name)
        row = row or studies.find_study(workplace.db, study_instance_uid=name)
        if row is None:
            raise ConfigError(
                f"The study that was named as number {place} isn't here.",
                what_to_do="Name its number (`llmcxr study list`), accession number or Study Instance UID.",
            )
        found.append(row)
    return list({row.id: row for row in found}.values())


def export(
    workplace: Workplace,
    profile: Profile,
    rows: Sequence[StudyRow],
    deliver: Callable[[list[tuple[Made, str]]], list[Entry]],
    *,
    documents: bool = True,
    told: Callable[[StudyRow, list[Entry]], None] | None = None,
) -> list[Entry]:
    """De-identify every object of some studies and hand those that pass on; give the manifest.

    Parameters
    ----------
    deliver : callable
        Takes what was made of one study, each with its kind, and says what became of it.
    documents : bool
        Whether our reports and results go with the films.
    told : callable, optional
        Called after each study with its lines.
    """
    manifest: list[Entry] = []
    for row in rows:
        context = headers_of(workplace, row.id)
        made: list[tuple[Made, str]] = []
        lines: list[Entry] = []
        for original in _originals(workplace, row, documents=documents):
            try:
                made.append((make(workplace, profile, _read(original.path), context), original.kind))
            except Identifying as error:
                said = f"kept back, {original.name}: {error.sentence}"
                lines.append(Entry("", "", "", original.kind, 0, "", said))
        lines = [*(deliver(made) if made else []), *lines]
        with workplace.db.write() as session:
            audit.append(
                session,
                actor=Actor.NODE,
                event="deidentify.exported",
                study_id=row.id,
                project=profile.project,
                objects=sum(line.outcome == "written" for line in lines),
                kept_back=sum(not line.sha256 for line in lines),
            )
        if told is not None:
            told(row, lines)
        manifest += lines
    return manifest


def into(folder: Path) -> Callable[[list[tuple[Made, str]]], list[Entry]]:
    """Write files as ``PSEUDONYM/STUDY/INSTANCE.dcm`` below a folder."""

    def deliver(made: list[tuple[Made, str]]) -> list[Entry]:
        lines = []
        for one, kind in made:
            path = folder / one.pseudonym / one.StudyInstanceUID / f"{one.SOPInstanceUID}.dcm"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_durably(path, one.data)
            lines.append(_entry(one, kind, "written", path.relative_to(folder).as_posix()))
        return lines

    return deliver


def queue_for(
    workplace: Workplace, peer: Peer, rows: Sequence[StudyRow], *, documents: bool = True
) -> tuple[int, list[Entry]]:
    """Queue all that is here of some studies for a peer; the outbox makes the copies, checks and sends them.

    Returns
    -------
    new : int
        Deliveries that weren't queued before.
    manifest : list of Entry
        What the peer gets or got of these studies, as it stands now.
    """
    new = 0
    manifest: list[Entry] = []
    for row in rows:
        for instance in studies.instances_of(workplace.db, row.id):
            if not instance.defect and instance.purged_at is None:
                hash_received(workplace, row.id, instance)
        queued = research.queue_study(
            workplace.db, row.id, peer.name, project=peer.project, documents=documents
        )
        new += queued.new
        manifest += [_entry_of(workplace, delivery) for delivery in queued.rows]
    return new, manifest


def _entry_of(workplace: Workplace, row: DeliveryRow) -> Entry:
    """A delivery as a line of the manifest; what a peer said isn't in it, for it may quote anything."""
    kind = "film" if row.is_forwarded else row.kind
    outcome = "kept back" if row.state is DeliveryState.IDENTIFYING else row.state.value
    try:
        data = workplace.objects.path(row.path).read_bytes() if row.deidentified else b""
        copy = pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True) if data else None
    except (OSError, InvalidDicomError):
        copy = None
    if copy is None:
        return Entry("", "", "", kind, 0, "", outcome)
    study, instance = str(copy.StudyInstanceUID), str(copy.SOPInstanceUID)
    return Entry(str(copy.PatientID), study, instance, kind, len(data), row.sha256, outcome)


def write_manifest(path: Path, entries: Sequence[Entry]) -> None:
    """Write the manifest as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Entry)])
        writer.writeheader()
        writer.writerows(asdict(entry) for entry in entries)


def _entry(made: Made, kind: str, outcome: str, file: str = "") -> Entry:
    digest = hashlib.sha256(made.data).hexdigest()
    return Entry(
        made.pseudonym,
        made.StudyInstanceUID,
        made.SOPInstanceUID,
        kind,
        len(made.data),
        digest,
        outcome,
        file,
    )


def _originals(workplace: Workplace, row: StudyRow, *, documents: bool) -> Iterator[Original]:
    for number, instance in enumerate(studies.instances_of(workplace.db, row.id), start=1):
        path = workplace.objects.path(instance.path)
        if not instance.defect and path.is_file():
            yield Original("film", path, f"the image that came as number {number} of its study")
    for document in reports.documents_of(workplace.db, row.id) if documents else ():
        if document.kind in _LEFT_OUT or not document.path:
            continue
        if way_of(document.path) == "dicom":
            path = workplace.objects.path(document.path)
            if path.is_file():
                yield Original(document.kind, path, f"document {document.id}")


def _read(path: Path) -> Dataset:
    try:
        return pydicom.dcmread(path)
    except (OSError, InvalidDicomError) as error:
        raise DicomError("A file of the object store can't be read.") from error
