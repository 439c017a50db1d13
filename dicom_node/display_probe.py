"""What a peer's displays show: one test object of each kind, of a patient who can't be mistaken for one.

Sends them and says what the peer answered; whether anything appears only a person before its screens can tell.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import Dataset

from dicom_node import scu, ways
from dicom_node.association import LocalEntity
from dicom_node.documents import gate, sr
from dicom_node.documents.encapsulated import encapsulate
from dicom_node.documents.envelope import MANUFACTURER
from dicom_node.documents.kinds import KINDS, ExampleStudy
from dicom_node.documents.narrative import Narrative, read_written
from dicom_node.documents.pdf import Marked, Picture, make_pdf
from dicom_node.documents.pdf_fonts import inter_bold
from dicom_node.documents.provenance import build_provenance
from dicom_node.documents.rejection import RejectionNote, build_rejection
from dicom_node.documents.report import Device, DocumentReference, Person, ReportDocument, Sentence
from dicom_node.film_object import FilmFacts, wrap_film
from llmcxr_ws import imaging
from llmcxr_ws.errors import DicomError
from llmcxr_ws.site import Peer
from llmcxr_ws.uids import derived_uid

PATIENT_NAME: Final = "TEST^DISPLAY PROBE"
PATIENT_ID: Final = "LLMCXR-PROBE"
INSTITUTION: Final = "LLM-CXR display probe"
_SIDE: Final = 512
_SENTENCE: Final = "TEST OBJECT. No patient, no finding."
_BOX: Final = (0.55, 0.55, 0.85, 0.85)


@dataclass(frozen=True)
class Bench:
    """What the test objects are made of: a film of nobody, who sends, and when."""

    film: Dataset
    installation: str
    at: datetime


@dataclass(frozen=True)
class Shown:
    """One kind: what a person should look for, and what the peer answered."""

    kind: str
    look_for: str
    stored: bool
    sentence: str


@dataclass(frozen=True)
class TestObject:
    """How a kind's test objects are made (several where one makes sense only beside another), and what they show."""

    look_for: str
    make: Callable[[Bench], list[Dataset]]


def bench(installation: str, at: datetime | None = None) -> Bench:
    """Make the film of nobody; the same installation makes the same study on the same day."""
    moment = (at or datetime.now(UTC)).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    picture = Image.fromarray(np.tile(np.linspace(20, 120, _SIDE, dtype=np.uint8), (_SIDE, 1)))
    draw = ImageDraw.Draw(picture)
    font = ImageFont.truetype(str(inter_bold()), 44)
    draw.text((_SIDE / 2, 120), "TEST - NO PATIENT", fill=255, font=font, anchor="mm")
    left, top, right, bottom = (round(share * _SIDE) for share in _BOX)
    draw.ellipse((left, top, right, bottom), fill=200)
    name = f"display probe {installation} {moment:%Y%m%d}"
    facts = FilmFacts(
        seed=name,
        patient_id=PATIENT_ID,
        patient_name=PATIENT_NAME,
        accession=f"PROBE{moment:%y%m%d}",
        acquired=moment.replace(tzinfo=None),
        patient_sex="O",
        requested_procedure="TEST - display probe",
        institution=INSTITUTION,
    )
    return Bench(wrap_film(np.asarray(picture), facts), installation, moment)


def objects(bench: Bench, kinds: Iterable[str] = ()) -> dict[str, list[Dataset]]:
    """Make the test objects of these kinds (all where none is named), each judged by the gate.

    Raises
    ------
    DicomError
        A kind is unknown, or a test object doesn't pass.
    """
    wanted = list(kinds) or list(OBJECTS)
    unknown = [kind for kind in wanted if kind not in OBJECTS]
    if unknown:
        raise DicomError(
            f"There is no test object of the kind '{unknown[0]}'.", what_to_do=f"Kinds: {', '.join(OBJECTS)}."
        )
    made = {kind: OBJECTS[kind].make(bench) for kind in wanted}
    for kind, several in made.items():
        for ds in several if kind != "film" else []:
            faults = gate.check(ds, [bench.film, *(one for one in several if one is not ds)])
            if faults:
                raise DicomError(gate.summary(faults))
    return made


def show(local: LocalEntity, peer: Peer, installation: str, kinds: Iterable[str] = ()) -> list[Shown]:
    """Send the test objects to a peer, the film first.

    Raises
    ------
    DicomError
        The peer can't be reached, or a test object can't be made.
    """
    made = objects(bench(installation), kinds)
    with tempfile.TemporaryDirectory(prefix="llmcxr-probe-") as folder:
        paths: dict[Path, str] = {}
        for kind, several in made.items():
            for number, ds in enumerate(several):
                path = Path(folder) / f"{kind}-{number}.dcm"
                ds.save_as(path, enforce_file_format=True)
                paths[path] = kind
        results = ways.store(local, peer, list(paths))
    shown = []
    for kind in made:
        of_kind = [result for result in results if paths[result.path] == kind]
        refused = [one for one in of_kind if one.outcome is not scu.Outcome.STORED]
        sentence = refused[0].sentence if refused else ""
        shown.append(Shown(kind, OBJECTS[kind].look_for, bool(of_kind) and not refused, sentence))
    return shown


def _report(bench: Bench, kind: str, version: int = 1, sentence: str = _SENTENCE) -> ReportDocument:
    signed_at = bench.at + timedelta(minutes=1)
    return ReportDocument(
        kind="signed" if kind == "signed" else "draft",
        report_version=version,
        sentences=(Sentence(sentence, "impression", "human" if kind == "signed" else "ai_kept"),),
        film=bench.film,
        evidence=(bench.film,),
        device=_device(),
        started_at=bench.at,
        institution=INSTITUTION,
        person=Person("Nobody^Test", INSTITUTION, signed_at) if kind == "signed" else None,
        installation=bench.installation,
    )


def _device() -> Device:
    return Device(derived_uid("display probe"), MANUFACTURER, "Display probe", "1")


def _film(bench: Bench) -> list[Dataset]:
    return [bench.film]


def _draft(bench: Bench) -> list[Dataset]:
    return [sr.build(_report(bench, "draft"))]


def _signed(bench: Bench) -> list[Dataset]:
    return [sr.build(_report(bench, "signed"))]


def _rejection(bench: Bench) -> list[Dataset]:
    """A draft of its own and the note that withdraws it."""
    words = "TEST OBJECT. This one was withdrawn: who can read it obeys no rejection note."
    withdrawn = sr.build(_report(bench, "draft", version=2, sentence=words))
    note = RejectionNote(
        withdrawn=DocumentReference(
            withdrawn.SOPClassUID,
            withdrawn.SOPInstanceUID,
            withdrawn.SeriesInstanceUID,
            withdrawn.StudyInstanceUID,
        ),
        film=bench.film,
        reason="quality",
        at=bench.at,
        institution=INSTITUTION,
        device=_device(),
        description="Test object.",
        installation=bench.installation,
    )
    return [withdrawn, build_rejection(note)]


def _pdf(bench: Bench) -> list[Dataset]:
    narrative = Narrative(
        stage="signed",
        parts=(read_written(sr.build(_report(bench, "signed")), bench.film),),
        film=bench.film,
        identifier=derived_uid("display probe", bench.installation),
        institution=INSTITUTION,
        report_version=1,
        installation=bench.installation,
    )
    picture = Picture(imaging.render(imaging.displayed(bench.film)))
    return [encapsulate(narrative, make_pdf(narrative, picture, [Marked(_SENTENCE, _BOX)]))]


def _example(kind: str) -> Callable[[Bench], list[Dataset]]:
    """The example that the table of conformance has of a kind, made of the film of nobody."""

    def make(bench: Bench) -> list[Dataset]:
        study = ExampleStudy(
            film=bench.film,
            started_at=bench.at,
            device=_device(),
            institution=INSTITUTION,
            installation=bench.installation,
        )
        return [KINDS[kind](study).dataset]

    return make


def _provenance(bench: Bench) -> list[Dataset]:
    """The signed report that it tells of goes with it."""
    document = _report(bench, "signed")
    report = sr.build(document)
    return [report, build_provenance(document, report)]


OBJECTS: Final[dict[str, TestObject]] = {
    "film": TestObject("a picture with the words TEST - NO PATIENT and a bright disc", _film),
    "draft": TestObject("a report in a series 'AI DRAFT - not reviewed'", _draft),
    "signed": TestObject("a report in a series 'Signed report', verified by Nobody", _signed),
    "rejection": TestObject("nothing: a second draft that its rejection note has hidden", _rejection),
    "provenance": TestObject(
        "a second SR that calls the sentence of 'Signed report' written by a person", _provenance
    ),
    "pdf": TestObject("a page with the report, the film and a box around the disc", _pdf),
    "findings": TestObject("made-up findings in a series 'AI FINDINGS - not reviewed'", _example("findings")),
    "presentation": TestObject(
        "a box over the film, in a series 'AI MARKS - not reviewed'", _example("presentation")
    ),
    "key_image": TestObject("the film marked as a key image", _example("key_image")),
    "capture": TestObject("the film with a box and a burned-in banner", _example("capture")),
}
"""The kinds that can be tried; a further kind needs no more than its line here."""
