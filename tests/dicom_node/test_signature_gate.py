"""What stands between a signature and the network: identity, gate, evidence; and what is made at a signature."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from pynetdicom import evt
from sqlalchemy import select

from dicom_node import statuses
from dicom_node.courier import run_round
from dicom_node.documents import gate
from dicom_node.documents.provenance import build_provenance
from dicom_node.simulator.server import PacsSimulator
from dicom_node.sop_classes import COMPREHENSIVE_SR
from llmcxr_ws import reading
from llmcxr_ws.guards import Overruling
from llmcxr_ws.states import DeliveryState, ReportState, StudyState
from llmcxr_ws.store import audit, reports, requests
from llmcxr_ws.store.models import Audit, Delivery
from tests.dicom_node.documents_factory import rows_of
from tests.dicom_node.films import make_film, write_film
from tests.dicom_node.world import AI_TEXT, MakeWorld, World, decided, documents_in, drafted, in_pacs
from tests.peers import dciodvfy_errors, run_peer


def still_pending(world: World) -> str:
    """Sign, and give what the request waits for after some rounds."""
    number = world.ask_signature("A-1")
    for _ in range(3):
        run_round(world.desk)
    report = reports.current_report(world.workplace.db, world.study("A-1").id)
    request = requests.request_by_id(world.workplace.db, number)
    assert report is not None and report.state is ReportState.SIGN_PENDING
    assert (request.state, request.outcome) == ("waiting", report.reason)
    return request.outcome


def trail(world: World) -> list[str]:
    with world.workplace.db.read() as session:
        return list(session.scalars(select(Audit.detail)))


# Identity


@pytest.mark.allow_log("request refused")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"patient_id": "MERGED-7"}, "PatientID: signed 'TEST-1', pacs 'MERGED-7'"),
        ({"patient_name": "Other^Name"}, "PatientName: signed 'Test^Person', pacs 'Other^Name'"),
        ({"patient_birth_date": "19760103"}, "PatientBirthDate: signed '19760102', pacs '19760103'"),
    ],
    ids=["merged", "renamed", "corrected"],
)
def test_another_patient_stops_the_signature_and_both_versions_are_shown(
    make_world: MakeWorld,
    simulator: PacsSimulator,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: dict[str, str],
    said: str,
) -> None:
    """The reader sees both; log and audit trail name the field alone."""
    world = make_world()
    drafted(world, simulator, tmp_path, make_film("A-1", accession="A-1", **change))
    state, outcome = decided(world, world.ask_signature("A-1"))
    assert (state, said in outcome) == ("refused", True), outcome
    [value] = change.values()
    heard = capsys.readouterr()
    assert not any(value in text for text in (heard.out, heard.err, *trail(world)))
    assert documents_in(simulator) == []
    report = reports.current_report(world.workplace.db, world.study("A-1").id)
    assert report is not None and report.state is ReportState.DRAFT


@pytest.mark.allow_log("request refused")
def test_another_patient_cannot_be_overruled(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    """Neither by setting aside whatever could be an objection nor by asking again."""
    world = make_world()
    drafted(world, simulator, tmp_path, make_film("A-1", accession="A-1", patient_id="MERGED-7"))
    db = world.workplace.db
    for _ in range(2):
        detail = reading.open_study(db, world.study("A-1").id)
        codes = ("identity", "patient", "patient_id", "another_patient")
        overruled = [
            Overruling(name, "It is the same one.", "I am sure that it is the same.") for name in codes
        ]
        number = reading.request_signature(db, world.key(), detail, AI_TEXT, overruled=overruled)
        assert decided(world, number)[0] == "refused"
    assert documents_in(simulator) == []


@pytest.mark.allow_log("request refused")
def test_an_identity_that_was_changed_in_the_request_is_refused_before_the_pacs_is_asked(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    """Signing the PACS's version of a patient whose film says another isn't a way around it."""
    world = make_world()
    merged = make_film("A-1", accession="A-1", patient_id="MERGED-7")
    drafted(world, simulator, tmp_path, merged)
    db = world.workplace.db
    detail = reading.open_study(db, world.study("A-1").id)
    study = replace(detail.study, identity=replace(detail.study.identity, patient_id="MERGED-7"))
    number = reading.request_signature(db, world.key(), replace(detail, study=study), AI_TEXT)
    state, outcome = decided(world, number)
    assert (state, "isn't the one that was shown" in outcome) == ("refused", True)


@pytest.mark.allow_log("signature waits")
def test_without_a_peer_to_ask_the_signature_waits_visibly(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world()
    drafted(world, simulator, tmp_path)
    nobody = world.desk.site.model_copy(update={"peers": ()})
    monkeypatch.setattr(type(world.desk), "site", property(lambda desk: nobody))
    assert "No peer is configured to be asked" in still_pending(world)


@pytest.mark.allow_log("signature waits")
@pytest.mark.parametrize("status", [0xA700, 0xC001], ids=["out of resources", "unable to process"])
def test_a_pacs_that_answers_with_a_failure_leaves_the_signature_waiting(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path, status: int
) -> None:
    """It was reached and still couldn't be asked: nothing is concluded from an empty answer."""
    world = make_world()
    drafted(world, simulator, tmp_path)

    def find(event: object) -> Iterator[tuple[int, None]]:
        yield status, None

    assert simulator._provider is not None
    simulator._provider._server.bind(evt.EVT_C_FIND, find)
    assert "identity can't be checked" in still_pending(world)
    assert documents_in(simulator) == []


# The gate


@pytest.mark.allow_log("document refused")
def test_a_refusal_is_a_state_with_its_report_and_what_is_mended_is_another_document(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world()
    drafted(world, simulator, tmp_path)
    db, study_id = world.workplace.db, world.study("A-1").id
    state, outcome = decided(world, world.ask_signature("A-1", "The lungs are clear. A � was lost."))
    assert state == "refused" and "Characters were lost" in outcome
    first, second = reading.open_study(db, study_id).versions
    assert (first.state, second.state) == (ReportState.REFUSED, ReportState.DRAFT)
    assert "Characters were lost" in first.reason
    [found] = audit.gate_reports(db, study_id)[first.id]
    assert found.startswith("characters: ") and "TextValue" in found
    assert documents_in(simulator) == [] and reports.documents_of(db, study_id) == []
    world.ask_signature("A-1", "The lungs are clear. A letter was lost.")
    world.work_until_state("A-1", StudyState.CONFIRMED)
    [document] = documents_in(simulator)
    assert document.InstanceNumber == second.version == first.version + 1
    assert audit.verify(db)[1] is None


@pytest.mark.allow_log("document refused")
def test_the_same_words_in_another_version_are_another_document(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something beside the text was mended: a validator that judged wrongly, say."""
    world = make_world()
    drafted(world, simulator, tmp_path)
    refused: list[str] = []
    check = gate.check

    def once(ds: Dataset, sources: list[Dataset], **more: Any) -> list[gate.Fault]:
        if refused:
            return check(ds, sources, **more)
        refused.append(str(ds.SOPInstanceUID))
        return [gate.Fault("validator", f"dciodvfy finds fault {number}.") for number in range(5)]

    monkeypatch.setattr("dicom_node.documents.gate.check", once)
    _, outcome = decided(world, world.ask_signature("A-1"))
    assert "and 2 more" in outcome
    db, study_id = world.workplace.db, world.study("A-1").id
    [(_, found)] = audit.gate_reports(db, study_id).items()
    assert len(found) == 5, "the summary is short, the report whole"
    world.ask_signature("A-1")
    world.work_until_state("A-1", StudyState.CONFIRMED)
    [document] = documents_in(simulator)
    assert str(document.SOPInstanceUID) not in refused


# What the reader compared with


def compared(world: World, *uids: str) -> int:
    db = world.workplace.db
    detail = reading.open_study(db, world.study("A-1").id)
    return reading.request_signature(db, world.key(), detail, AI_TEXT, compared=uids)


def test_a_prior_that_was_shown_is_pertinent_other_evidence(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world()
    prior = pydicom.dcmread(write_film(tmp_path, "prior", accession="P-1"))
    unseen = write_film(tmp_path, "unseen", accession="P-2")
    drafted(world, simulator, tmp_path)
    world.push(tmp_path / "prior.dcm", unseen)
    assert decided(world, compared(world, str(prior.SOPInstanceUID)))[0] == "granted"
    world.work_until_state("A-1", StudyState.CONFIRMED)
    [document] = documents_in(simulator)
    assert dciodvfy_errors(Path(document.filename)) == []
    [other] = document.PertinentOtherEvidenceSequence
    [listed] = other.ReferencedSeriesSequence[0].ReferencedSOPSequence
    assert (other.StudyInstanceUID, listed.ReferencedSOPInstanceUID) == (
        prior.StudyInstanceUID,
        prior.SOPInstanceUID,
    )


@pytest.mark.allow_log("request refused")
def test_a_film_of_another_patient_is_no_evidence(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world()
    strange = pydicom.dcmread(write_film(tmp_path, "strange", accession="X-1", patient_id="SOMEBODY"))
    drafted(world, simulator, tmp_path)
    world.push(tmp_path / "strange.dcm")
    state, outcome = decided(world, compared(world, str(strange.SOPInstanceUID)))
    assert (state, "isn't among this patient's films" in outcome) == ("refused", True)
    assert documents_in(simulator) == []


# Origins


def signed_with_origins(world: World, simulator: PacsSimulator, folder: Path) -> pydicom.FileDataset:
    drafted(world, simulator, folder)
    world.ask_signature("A-1", "The lungs are clear. Small pleural effusion on the left.")
    world.work_until_state("A-1", StudyState.CONFIRMED)
    rows = reports.documents_of(world.workplace.db, world.study("A-1").id)
    assert [row.kind for row in rows] == ["signed", "provenance"]
    return pydicom.dcmread(world.workplace.objects.path(rows[1].path))


@pytest.mark.peers
def test_origins_are_made_at_the_signature_and_kept(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world()
    told = signed_with_origins(world, simulator, tmp_path)
    assert dciodvfy_errors(Path(told.filename)) == []
    assert "Small pleural effusion" in run_peer("dsrdump", "+Pl", told.filename).stdout.decode()
    [heading] = [item for item in told.ContentSequence if item.ValueType == "CONTAINER"]
    assert [row.ContentSequence[0].ConceptCodeSequence[0].CodeValue for row in rows_of(heading)] == [
        "AI_KEPT",
        "HUMAN",
    ]
    [signed] = documents_in(simulator)
    [reference] = [item for item in told.ContentSequence if item.ValueType == "COMPOSITE"]
    assert reference.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == signed.SOPInstanceUID
    assert documents_in(simulator, COMPREHENSIVE_SR) == []  # no output rule sends it anywhere


def test_origins_that_a_peer_holds_are_withdrawn_with_the_report(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world(commitment="find")
    told = signed_with_origins(world, simulator, tmp_path)
    db, study_id = world.workplace.db, world.study("A-1").id
    [_, row] = reports.documents_of(db, study_id)
    with db.write() as session:  # as an output rule would have queued it
        session.add(Delivery(document_id=row.id, study_id=study_id, peer="pacs", required=False))
    world.work_until(lambda: documents_in(simulator, COMPREHENSIVE_SR), "the origins in the PACS")
    assert documents_in(simulator, COMPREHENSIVE_SR)[0].SOPInstanceUID == told.SOPInstanceUID
    world.work_until(
        lambda: world.deliveries("A-1", "provenance")[0].state == DeliveryState.CONFIRMED, "confirmed"
    )
    detail = reading.open_study(db, study_id)
    number = reading.request_retraction(db, world.key(), detail, "signed_by_mistake", "")
    assert decided(world, number) == ("granted", "Retracted; 2 withdrawals queued.")


@pytest.mark.allow_log("document refused")
def test_a_report_whose_origins_cannot_be_told_is_not_signed(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world()
    drafted(world, simulator, tmp_path)

    def forgetful(*arguments: Any) -> Dataset:
        ds = build_provenance(*arguments)
        heading = next(item for item in ds.ContentSequence if item.ValueType == "CONTAINER")
        del rows_of(heading)[0].ContentSequence
        return ds

    monkeypatch.setattr("dicom_node.steps.compose.build_provenance", forgetful)
    state, outcome = decided(world, world.ask_signature("A-1"))
    assert (state, "one origin" in outcome) == ("refused", True)
    assert documents_in(simulator) == []
    details = [json.loads(detail) for detail in trail(world)]
    assert [fault["code"] for detail in details for fault in detail.get("faults", ())] == ["rows"]


# Names of every script, from the film's bytes to the PACS and back


@pytest.mark.peers
@pytest.mark.parametrize(
    ("character_set", "name"),
    [
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("ISO_IR 127", "قباني^نزار"),
        ("ISO_IR 126", "Παπαδοπούλου^Ελένη"),
        (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
    ],
    ids=["Japanese", "Arabic", "Greek", "Korean"],
)
def test_a_name_goes_all_the_way_and_is_the_same(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path, character_set: Any, name: str
) -> None:
    """Film, index, worklist, signed request, the PACS's answer, report: nowhere another letter."""
    world = make_world(commitment="find")
    film = make_film("A-1", accession="A-1")
    film.SpecificCharacterSet, film.PatientName, film.StudyID = character_set, name, ""
    film.save_as(tmp_path / "A-1.dcm", enforce_file_format=True)
    in_pacs(simulator, film, "A-1")
    assert world.push(tmp_path / "A-1.dcm")[0].status == statuses.SUCCESS
    world.draft("A-1")
    assert world.study("A-1").identity.patient_name == name
    world.ask_signature("A-1", "The lungs are clear — “no” effusion ≥ 1 cm.")
    world.work_until_state("A-1", StudyState.CONFIRMED)
    [document] = documents_in(simulator)
    assert str(document.PatientName) == name
    path = Path(document.filename)
    assert name.encode() in path.read_bytes() and dciodvfy_errors(path) == []
    page = run_peer("dsr2html", "+U8", path).stdout.decode()
    assert "The lungs are clear — “no” effusion ≥ 1 cm." in page and name.split("^")[0] in page
