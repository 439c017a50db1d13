"""Retrospective studies, de-identified: into a folder, or by the outbox to a peer, with a manifest of no patient."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from dicom_node.deidentify import Profile
from dicom_node.steps.deidentified import headers_of, make
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
    folder: Path,
    *,
    documents: bool = True,
) -> Iterator[tuple[StudyRow, list[Entry]]]:
    """De-identify every object of some studies into ``PSEUDONYM/STUDY/INSTANCE.dcm`` below a folder.

    Parameters
    ----------
    documents : bool
        Whether our reports and results go with the films.

    Yields
    ------
    row, lines
        Each study when it is done, with its lines of the manifest.

    Raises
    ------
    DicomError
        The folder can't be written.
    """
    for row in rows:
        context = headers_of(workplace, row.id)
        lines = [
            _exported(workplace, profile, original, context, folder)
            for original in _originals(workplace, row, documents=documents)
        ]
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
        yield row, lines


def _exported(
    workplace: Workplace, profile: Profile, original: Original, context: list[Dataset], folder: Path
) -> Entry:
    """One object; what can't be read or cleaned stays, and the others go on."""
    try:
        made = make(workplace, profile, pydicom.dcmread(original.path), context)
    except (OSError, EOFError, ValueError, InvalidDicomError, DicomError) as error:
        said = error.sentence if isinstance(error, DicomError) else "Its file can't be read."
        return Entry("", "", "", original.kind, 0, "", f"kept back, {original.name}: {said}")
    path = folder / made.pseudonym / made.StudyInstanceUID / f"{made.SOPInstanceUID}.dcm"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, made.data)
    except OSError as error:
        raise not_written(folder, error) from error
    return Entry(
        made.pseudonym,
        made.StudyInstanceUID,
        made.SOPInstanceUID,
        original.kind,
        len(made.data),
        hashlib.sha256(made.data).hexdigest(),
        "written",
        path.relative_to(folder).as_posix(),
    )


def not_written(place: Path, error: OSError) -> DicomError:
    """What is said where a folder or file can't be written."""
    return DicomError(
        f"{place} can't be written: {error.strerror or type(error).__name__}.",
        what_to_do="Choose another place or free space, and run it again: what is there already stays the same.",
    )


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
    """Write the manifest as CSV.

    Raises
    ------
    DicomError
        It can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [field.name for field in fields(Entry)])
            writer.writeheader()
            writer.writerows(asdict(entry) for entry in entries)
    except OSError as error:
        raise not_written(path, error) from error


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
