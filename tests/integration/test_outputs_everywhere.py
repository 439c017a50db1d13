"""A signature's copies at receivers that are not ours: PDF in Orthanc, ORU at an MLLP server, FHIR by HTTP."""

from __future__ import annotations

import html
import io
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset

from dicom_node import scu
from dicom_node.association import LocalEntity
from dicom_node.messages import fhir, oru
from dicom_node.sop_classes import ENCAPSULATED_PDF, ENHANCED_SR
from llmcxr_ws import reading
from llmcxr_ws.states import DeliveryState, StudyState
from llmcxr_ws.store import reports
from llmcxr_ws.store.configuration import import_site
from tests.dicom_node.films import write_film
from tests.dicom_node.test_after_signature import add, retract
from tests.dicom_node.world import SITE, World
from tests.integration.conftest import Orthanc
from tests.peers import dciodvfy_errors, run_peer
from tests.receivers import FhirServer, Ris, running_fhir, running_ris

DELETED = "There is a large pneumothorax."
AI_TEXT = f"The lungs are clear. {DELETED}"
SIGNED = "The lungs are clear. No pneumothorax ≥ 1 cm is seen — “normal”."
KEPT, WRITTEN = "The lungs are clear.", "No pneumothorax ≥ 1 cm is seen — “normal”."
OUTPUTS = """
[[hl7]]
name = "ris"
host = "127.0.0.1"
port = {mllp}
receiving_application = "RIS"

[[fhir]]
name = "ehr"
base_url = "{base_url}"
token_env = "TEST_FHIR_TOKEN"

[[output]]
document = "pdf"
to = "pacs"

[[output]]
document = "oru"
to = "ris"

[[output]]
document = "fhir"
to = "ehr"
"""
DRAFTS = """
[[output]]
document = "pdf"
to = "pacs"
when = "draft"

[[output]]
document = "oru"
to = "ris"
when = "draft"

[[output]]
document = "fhir"
to = "ehr"
when = "draft"
"""


@pytest.fixture
def ris() -> Iterator[Ris]:
    with running_ris() as running:
        yield running


@pytest.fixture
def ehr(monkeypatch: pytest.MonkeyPatch) -> Iterator[FhirServer]:
    monkeypatch.setenv("TEST_FHIR_TOKEN", "s3cret")
    with running_fhir() as running:
        running.token = "s3cret"
        yield running


@pytest.fixture
def world(tmp_path: Path, orthanc: Orthanc, ris: Ris, ehr: FhirServer) -> Iterator[World]:
    made = World(tmp_path / "home", orthanc.peer, commitment="find")
    _configure(made, ris, ehr)
    yield made
    made.close()


def _configure(world: World, ris: Ris, ehr: FhirServer, more: str = "") -> None:
    site = SITE.format(ae_title=world.pacs.ae_title, port=world.pacs.port, commitment="find")
    outputs = OUTPUTS.format(mllp=ris.port, base_url=ehr.base_url)
    import_site(world.workplace.db, site + outputs + more, user="test")


def _film(world: World, folder: Path, **facts: object) -> Dataset:
    path = write_film(folder, "A-1", accession="A-1", **facts)
    [kept] = scu.store(LocalEntity(ae_title="SENDER"), world.pacs, [path])
    assert kept.status == 0
    world.push(path)
    return pydicom.dcmread(path)


def _pdfs(orthanc: Orthanc) -> list[Dataset]:
    held = [pydicom.dcmread(io.BytesIO(orthanc.file(one))) for one in orthanc.rest("GET", "/instances")]
    return [ds for ds in held if ds.SOPClassUID == ENCAPSULATED_PDF]


def _text(ds: Dataset, folder: Path) -> str:
    path = folder / "fetched.pdf"
    path.write_bytes(ds.EncapsulatedDocument[: ds.EncapsulatedDocumentLength])
    return run_peer("pdftotext", "-layout", path, "-").stdout.decode("utf-8")


def _pages(orthanc: Orthanc, folder: Path) -> list[str]:
    """What DCMTK makes of each report in the PACS for people to read."""
    held = [pydicom.dcmread(io.BytesIO(orthanc.file(one))) for one in orthanc.rest("GET", "/instances")]
    pages = []
    for ds in held:
        if ds.SOPClassUID == ENHANCED_SR:
            ds.save_as(folder / "fetched-sr.dcm", enforce_file_format=True)
            page = run_peer("dsr2html", "+U8", folder / "fetched-sr.dcm").stdout.decode("utf-8")
            pages.append(html.unescape(page))
    return pages


def _fetched(orthanc: Orthanc, folder: Path, verification: str) -> Dataset:
    [ds] = [ds for ds in _pdfs(orthanc) if ds.VerificationFlag == verification]
    path = folder / "fetched.dcm"
    ds.save_as(path, enforce_file_format=True)
    assert dciodvfy_errors(path) == []
    return ds


def test_a_signature_reaches_pacs_ris_and_ehr(
    world: World, orthanc: Orthanc, ris: Ris, ehr: FhirServer, tmp_path: Path
) -> None:
    film = _film(world, tmp_path)
    world.draft("A-1", AI_TEXT)
    world.ask_signature("A-1", SIGNED)
    world.work_until_state("A-1", StudyState.CONFIRMED)

    pdf = _fetched(orthanc, tmp_path, "VERIFIED")
    text = _text(pdf, tmp_path)
    assert KEPT in text and WRITTEN in text and "Rita Reader" in text and "AI DRAFT" not in text
    [message] = ris.parsed
    assert oru.sentences_of(message) == (KEPT, WRITTEN)
    order = message.ORU_R01_PATIENT_RESULT.ORU_R01_ORDER_OBSERVATION.obr
    assert (order.obr_18.value, order.obr_25.value) == ("A-1", "F")
    assert message.msh.msh_18.value == "UNICODE UTF-8" and message.msh.msh_5.value == "RIS"
    resource = ehr.only
    assert resource["status"] == "final" and WRITTEN in fhir.plain_text(next(iter(ehr.reports.values())))

    pages = _pages(orthanc, tmp_path)  # the signed SR, which holds the signed sentences and nothing else
    assert len(pages) == 1 and KEPT in pages[0] and WRITTEN in pages[0]
    plain = fhir.plain_text(next(iter(ehr.reports.values())))
    for said in (text, ris.messages[0], str(resource), plain, *pages):
        assert DELETED not in said and "large pneumothorax" not in said
    person = message.ORU_R01_PATIENT_RESULT.ORU_R01_PATIENT.pid
    for keyword in (
        "PatientID",
        "PatientName",
        "PatientBirthDate",
        "PatientSex",
        "AccessionNumber",
        "StudyInstanceUID",
    ):
        assert pdf[keyword].value == film[keyword].value
    assert person.pid_3.cx_1.value == film.PatientID == resource["subject"]["identifier"]["value"]
    assert person.pid_7.value == film.PatientBirthDate and person.pid_8.value == film.PatientSex
    assert resource["imagingStudy"][0]["identifier"]["value"] == f"urn:oid:{film.StudyInstanceUID}"
    for kind in ("signed", "pdf", "oru", "fhir"):
        [delivery] = world.deliveries("A-1", kind)
        assert delivery.state == DeliveryState.CONFIRMED


def test_a_draft_is_marked_everywhere_and_its_signature_takes_its_place(
    world: World, orthanc: Orthanc, ris: Ris, ehr: FhirServer, tmp_path: Path
) -> None:
    _configure(world, ris, ehr, DRAFTS)
    _film(world, tmp_path)
    world.draft("A-1", AI_TEXT)
    world.work_until(lambda: ehr.reports and ris.messages and _pdfs(orthanc), "the draft everywhere")
    text = _text(_fetched(orthanc, tmp_path, "UNVERIFIED"), tmp_path)
    assert "AI DRAFT - NOT REVIEWED BY ANYBODY" in text and DELETED in text
    [message] = ris.parsed
    assert message.ORU_R01_PATIENT_RESULT.ORU_R01_ORDER_OBSERVATION.obr.obr_25.value == "P"
    assert "AI DRAFT - not reviewed" in ris.messages[0]
    assert ehr.only["status"] == "preliminary" and ehr.only["conclusion"].startswith("AI DRAFT")
    world.ask_signature("A-1", SIGNED)
    world.work_until_state("A-1", StudyState.CONFIRMED)
    assert ehr.only["status"] == "final" and DELETED not in str(ehr.only)
    assert [m.ORU_R01_PATIENT_RESULT.ORU_R01_ORDER_OBSERVATION.obr.obr_25.value for m in ris.parsed] == [
        "P",
        "F",
    ]


def test_a_rejected_draft_is_taken_back_everywhere(
    world: World, orthanc: Orthanc, ris: Ris, ehr: FhirServer, tmp_path: Path
) -> None:
    _configure(world, ris, ehr, DRAFTS)
    _film(world, tmp_path)
    world.draft("A-1", AI_TEXT)
    world.work_until(lambda: ehr.reports and ris.messages and _pdfs(orthanc), "the draft everywhere")
    report = reports.current_report(world.workplace.db, world.study("A-1").id)
    assert report is not None
    reading.request_rejection(world.workplace.db, world.key(), report, "Wrong side.")
    world.work_until(lambda: len(ris.messages) > 1 and ehr.only["status"] != "preliminary", "taken back")
    assert ehr.only["status"] == "entered-in-error" and DELETED not in str(ehr.only)
    last = ris.parsed[-1].ORU_R01_PATIENT_RESULT.ORU_R01_ORDER_OBSERVATION
    assert last.obr.obr_25.value == "X" and DELETED not in ris.messages[-1]
    notes = [row for row in world.deliveries("A-1", "rejection") if row.peer == "pacs"]
    world.work_until(
        lambda: all(row.state == DeliveryState.CONFIRMED for row in world.deliveries("A-1", "rejection")),
        "the notes are confirmed",
    )
    assert len(notes) == 1  # of the PDF; no SR was sent


@pytest.mark.allow_log("not delivered")
@pytest.mark.allow_log("delivery is dead")
def test_what_a_receiver_refuses_is_tried_again_or_dead_and_can_be_sent_again(
    world: World, ris: Ris, ehr: FhirServer, tmp_path: Path
) -> None:
    ris.codes, ris.error = ["AE", "AR"], "207"
    ehr.answers = [503]
    _film(world, tmp_path)
    world.draft("A-1", AI_TEXT)
    world.ask_signature("A-1", SIGNED)
    world.work_until_state("A-1", StudyState.CONFIRMED)
    assert (
        world.deliveries("A-1", "oru")[0].attempts == 3 and world.deliveries("A-1", "fhir")[0].attempts == 2
    )
    assert len(ris.messages) == 1 and len(ehr.reports) == 1


def test_an_addendum_and_a_retraction_follow_everywhere(
    world: World, orthanc: Orthanc, ris: Ris, ehr: FhirServer, tmp_path: Path
) -> None:
    _film(world, tmp_path)
    world.draft("A-1", AI_TEXT)
    world.ask_signature("A-1", SIGNED)
    world.work_until_state("A-1", StudyState.CONFIRMED)
    added = "The lateral film shows no effusion."
    add(world, added)
    world.work_until(lambda: ehr.only["status"] == "appended" and len(ris.messages) == 2, "the addendum")
    world.work_until_state("A-1", StudyState.CONFIRMED)
    latest = ris.parsed[-1]
    assert oru.sentences_of(latest) == (KEPT, WRITTEN, added)
    assert latest.ORU_R01_PATIENT_RESULT.ORU_R01_ORDER_OBSERVATION.obr.obr_25.value == "C"
    assert len(_pdfs(orthanc)) == 2 and any(added in _text(ds, tmp_path) for ds in _pdfs(orthanc))

    plan = reading.retraction_plan(world.workplace.db, world.study("A-1").id)
    retract(world)
    world.work_until_state("A-1", StudyState.RETRACTED)
    world.work_until(
        lambda: len(ris.messages) == 4 and ehr.only["status"] == "entered-in-error", "taken back"
    )
    for message, text in zip(ris.parsed[2:], ris.messages[2:], strict=True):
        assert message.ORU_R01_PATIENT_RESULT.ORU_R01_ORDER_OBSERVATION.obr.obr_25.value == "X"
        assert not any(sentence in text for sentence in (KEPT, WRITTEN, added))
    rows = world.deliveries("A-1", "retraction")
    # Report and addendum, each as SR and PDF at the PACS, message and resource.
    assert sorted(row.peer for row in rows) == ["ehr"] * 2 + ["pacs"] * 4 + ["ris"] * 2
    # What the window said before is what was then sent.
    assert sorted(one.destination for one in plan.withdrawals) == sorted(row.peer for row in rows)
    ways = {one.destination: one.way for one in plan.withdrawals}
    assert ways == {"pacs": "dicom", "ris": "hl7", "ehr": "fhir"} and not plan.is_in_doubt


def test_pictures_of_the_draft_go_where_the_matrix_says(
    world: World, orthanc: Orthanc, ris: Ris, ehr: FhirServer, tmp_path: Path
) -> None:
    kinds = ("findings", "presentation", "key_image", "capture")
    rules = "".join(f'\n[[output]]\ndocument = "{kind}"\nto = "pacs"\n' for kind in kinds)
    _configure(world, ris, ehr, rules)
    film = _film(world, tmp_path)
    world.draft("A-1", "The heart is enlarged. No effusion.")
    world.ask_signature("A-1", "The heart is enlarged. No effusion.")
    world.work_until_state("A-1", StudyState.CONFIRMED)
    states = {kind: world.deliveries("A-1", kind)[0] for kind in kinds}
    assert states["presentation"].state == DeliveryState.HELD  # no map was made: nothing to be marked
    assert "region" in states["presentation"].message
    assert {states[kind].state for kind in ("findings", "key_image", "capture")} == {DeliveryState.CONFIRMED}
    held = [pydicom.dcmread(io.BytesIO(orthanc.file(one))) for one in orthanc.rest("GET", "/instances")]
    described = {str(ds.get("SeriesDescription")) for ds in held}
    assert described >= {
        "AI FINDINGS - not reviewed",
        "AI KEY IMAGE - not reviewed",
        "AI DRAFT - not reviewed",
    }
    assert {ds.PatientID for ds in held} == {film.PatientID}
