"""Result documents as other software reads them."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import highdicom.sr
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from dicom_node.documents.gate import check
from dicom_node.documents.rejection import build_rejection
from dicom_node.documents.report import Device, Person, Sentence
from dicom_node.documents.sr import build
from dicom_node.documents.values import put
from llmcxr_ws.errors import DicomError
from tests.dicom_node.documents_factory import (
    ALGORITHMS,
    DEVICE,
    SENTENCES,
    STARTED,
    make_note,
    make_report,
    reader,
    refer_to,
)
from tests.factories import make_film, save
from tests.peers import dciodvfy_errors, run_peer

FILMS = sorted(Path(__file__).parents[2].glob("dicom_node/films/*.dcm"))


def as_bytes(ds: Dataset) -> bytes:
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def dump(path: Path) -> str:
    said = run_peer("dsrdump", "+Pl", "+Pt", "+Pc", path)
    assert said.returncode == 0, said.stderr
    return said.stdout.decode("utf-8")


@pytest.mark.peers
@pytest.mark.parametrize("kind", ["draft", "signed"])
@pytest.mark.parametrize("modality", ["DX", "CR"])
def test_a_report_passes_dciodvfy_and_dsrdump_shows_it(kind: str, modality: str, tmp_path: Path) -> None:
    path = save(build(make_report(kind, make_film(modality=modality))), tmp_path)
    assert dciodvfy_errors(path) == []
    shown = dump(path)
    for sentence in SENTENCES:
        assert sentence.text in shown
    if kind == "draft":
        for mark in ("PRELIMINARY", "COMPLETE", "UNVERIFIED", "AI DRAFT - not reviewed"):
            assert mark in shown
        assert "Reader" not in shown
    else:
        for mark in ("FINAL", "COMPLETE", ": VERIFIED", "2026-11-02 10:04:00", "Reader^Demo"):
            assert mark in shown
        assert "DRAFT" not in shown.upper()


@pytest.mark.peers
@pytest.mark.parametrize("path", FILMS, ids=lambda path: path.stem)
def test_a_signed_report_on_each_demonstration_film_passes_gate_and_dciodvfy(
    path: Path, tmp_path: Path
) -> None:
    film = dcmread(path, stop_before_pixels=True)
    draft = build(make_report(film=film, started_at=STARTED + timedelta(days=20)))
    at = STARTED + timedelta(days=20, minutes=5)
    signed = build(
        make_report(
            "signed",
            film,
            started_at=STARTED + timedelta(days=20),
            person=reader(20 * 24 * 60 + 5),
            predecessor=refer_to(draft),
        )
    )
    assert check(draft, [film]) == check(signed, [film]) == []
    assert dciodvfy_errors(save(signed, tmp_path)) == []
    assert signed.VerifyingObserverSequence[0].VerificationDateTime == at.strftime("%Y%m%d%H%M%S+0000")


@pytest.mark.peers
def test_dsr2html_renders_the_signed_sentences_and_nothing_that_was_removed(tmp_path: Path) -> None:
    draft = build(make_report())
    kept = (SENTENCES[0], Sentence("No effusion on either side.", "impression", "ai_edited"))
    signed = build(make_report("signed", sentences=kept, predecessor=refer_to(draft)))
    said = run_peer("dsr2html", "+U8", save(signed, tmp_path))
    assert said.returncode == 0, said.stderr
    page = said.stdout.decode("utf-8")
    assert "No effusion on either side." in page
    assert "pneumonia" not in page
    assert b"pneumonia" not in as_bytes(signed)


@pytest.mark.peers
def test_film_draft_report_and_note_are_consistent_for_dcentvfy(tmp_path: Path) -> None:
    film = make_film()
    draft = build(make_report(film=film))
    signed = build(make_report("signed", film, predecessor=refer_to(draft)))
    note = build_rejection(make_note(draft, film))
    paths = [save(ds, tmp_path, f"{number}.dcm") for number, ds in enumerate((film, draft, signed, note))]
    said = run_peer("dcentvfy", *paths)
    assert b"Error" not in said.stdout + said.stderr, said.stderr


def test_highdicom_reads_its_own_class_back() -> None:
    read = highdicom.sr.srread(BytesIO(as_bytes(build(make_report("signed")))))
    assert isinstance(read, highdicom.sr.EnhancedSR)


def test_the_signed_report_names_the_draft_as_predecessor_only_where_one_was_sent() -> None:
    draft = build(make_report())
    signed = build(make_report("signed", predecessor=refer_to(draft)))
    series = signed.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0]
    assert series.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == draft.SOPInstanceUID
    assert series.SeriesInstanceUID == draft.SeriesInstanceUID
    assert "PredecessorDocumentsSequence" not in build(make_report("signed"))


def test_the_same_content_gives_the_same_bytes() -> None:
    assert as_bytes(build(make_report("signed"))) == as_bytes(build(make_report("signed")))


def different_reports() -> dict[str, Any]:
    other_film = make_film(PatientName="TEST^Another")
    other_order = make_film(accession="TEST0002")
    return {
        "as it is": make_report(),
        "version": make_report(report_version=2),
        "text": make_report(sentences=SENTENCES[:2]),
        "section": make_report(
            sentences=(Sentence(SENTENCES[0].text, "impression", "human"), *SENTENCES[1:])
        ),
        "model": make_report(device=Device("2.25.3", "a", "b", "c")),
        "patient": make_report(film=other_film),
        "order": make_report(film=other_order),
        "kind": make_report("signed"),
        "reader": make_report("signed", person=reader(5)),
        "predecessor": make_report("signed", predecessor=refer_to(make_film())),
    }


def test_any_other_content_gives_another_uid() -> None:
    reports = different_reports()
    assert len({build(report).SOPInstanceUID for report in reports.values()}) == len(reports)


def test_versions_of_a_kind_share_a_series_and_kinds_do_not() -> None:
    first, second, signed = (
        build(make_report()),
        build(make_report(report_version=2)),
        build(make_report("signed")),
    )
    assert first.SeriesInstanceUID == second.SeriesInstanceUID != signed.SeriesInstanceUID
    elsewhere = build(make_report(installation="another workplace"))
    assert elsewhere.SeriesInstanceUID != first.SeriesInstanceUID


def test_every_algorithm_is_named_with_its_device_uid() -> None:
    items = build(make_report()).ContributingEquipmentSequence
    assert [item.DeviceUID for item in items] == [algorithm.uid for algorithm in ALGORITHMS]
    items = build(make_report(algorithms=())).ContributingEquipmentSequence
    assert [item.DeviceUID for item in items] == [DEVICE.uid]


def test_research_use_is_marked_and_no_clock_time_is_in_the_document() -> None:
    ds = build(make_report("signed"))
    assert ds.ContentQualification == "RESEARCH"
    assert (ds.ContentDate, ds.ContentTime) == ("20261102", "100000")
    assert (ds.InstanceCreationDate, ds.InstanceCreationTime) == ("20261102", "100400")


def test_times_are_in_the_zone_of_the_film() -> None:
    film = make_film(TimezoneOffsetFromUTC="+0930")
    ds = build(make_report("signed", film))
    assert ds.TimezoneOffsetFromUTC == "+0930"
    assert (ds.ContentDate, ds.ContentTime) == ("20261102", "193000")
    assert ds.VerifyingObserverSequence[0].VerificationDateTime == "20261102193400+0930"
    assert ds.StudyTime == film.StudyTime


def test_the_order_of_the_film_is_referenced_without_empty_identifiers() -> None:
    item = build(make_report()).ReferencedRequestSequence[0]
    assert item.AccessionNumber == "TEST0001"
    assert item.RequestedProcedureID == "RP-TEST0001"
    assert item.RequestedProcedureCodeSequence[0].CodeValue == "399208008"
    assert item.PlacerOrderNumberImagingServiceRequest == ""
    assert "OrderPlacerIdentifierSequence" not in item
    film = make_film(IssuerOfAccessionNumberSequence=[])
    film.RequestAttributesSequence[0].IssuerOfAccessionNumberSequence = []
    assert "IssuerOfAccessionNumberSequence" not in build(make_report(film=film)).ReferencedRequestSequence[0]


def test_without_an_order_there_is_no_reference_to_one() -> None:
    film = make_film(RequestAttributesSequence=None, AccessionNumber="")
    assert "ReferencedRequestSequence" not in build(make_report(film=film))


BARE: list[dict[str, Any]] = [
    {"AccessionNumber": None, "RequestAttributesSequence": None},
    {"StudyID": None},
    {"PatientBirthDate": None, "PatientAge": None},
    {"PatientSex": None},
    {"StudyTime": None, "StudyDate": None},
    {"PatientName": None, "ReferringPhysicianName": None},
    {"ProcedureCodeSequence": None, "RequestAttributesSequence": None},
    {"IssuerOfPatientID": None, "TimezoneOffsetFromUTC": None},
]


@pytest.mark.peers
@pytest.mark.parametrize("absent", BARE, ids=lambda absent: "+".join(absent))
@pytest.mark.parametrize("kind", ["draft", "signed"])
def test_a_thin_header_gives_a_valid_document(kind: str, absent: dict[str, Any], tmp_path: Path) -> None:
    film = make_film(**absent)
    ds = build(make_report(kind, film))
    assert check(ds, [film]) == []
    assert dciodvfy_errors(save(ds, tmp_path)) == []


NAMES = [
    ("ISO_IR 100", "Müller^Jörg"),
    ("ISO_IR 126", "Παπαδοπούλου^Ελένη"),
    ("ISO_IR 127", "قباني^نزار"),
    ("ISO_IR 144", "Люкceмбypг"),
    (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
    ("GB18030", "Wang^XiaoDong=王^小东"),
    ("ISO_IR 192", "Łukasz^Żółć"),
]


@pytest.mark.peers
@pytest.mark.parametrize(("character_set", "name"), NAMES, ids=[str(case[0]) for case in NAMES])
def test_names_of_every_script_arrive_in_utf8(character_set: Any, name: str, tmp_path: Path) -> None:
    film_path = save(make_film(SpecificCharacterSet=character_set, PatientName=name), tmp_path)
    film = dcmread(film_path, stop_before_pixels=True)
    path = save(build(make_report("signed", film)), tmp_path, "report.dcm")
    read = dcmread(path)
    assert read.SpecificCharacterSet == "ISO_IR 192"
    assert str(read.PatientName) == name
    assert name.encode("utf-8") in path.read_bytes()
    assert check(read, [film]) == []
    assert dciodvfy_errors(path) == []


def test_all_instances_that_were_read_are_evidence_and_priors_are_other_evidence() -> None:
    film = make_film(seed="a", study_seed="s")
    second = make_film(seed="b", study_seed="s", view="LL")
    prior = make_film(seed="c", acquired=datetime(2025, 1, 2, 3, 4))
    ds = build(make_report(film=film, evidence=(second, film), other_evidence=(prior,)))
    assert check(ds, [film, second, prior]) == []
    listed = ds.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0].ReferencedSOPSequence
    assert {item.ReferencedSOPInstanceUID for item in listed} == {film.SOPInstanceUID, second.SOPInstanceUID}
    assert ds.PertinentOtherEvidenceSequence[0].StudyInstanceUID == prior.StudyInstanceUID


@pytest.mark.peers
def test_a_long_report_is_held_whole(tmp_path: Path) -> None:
    text = " ".join(f"word{number}" for number in range(10_000)) + "."
    path = save(build(make_report("signed", sentences=(Sentence(text, "impression", "human"),))), tmp_path)
    assert dciodvfy_errors(path) == []
    assert text in dump(path)


@pytest.mark.peers
@pytest.mark.parametrize("reason", ["quality", "patient_safety"])
@pytest.mark.parametrize("by_reader", [True, False])
def test_a_rejection_note_names_the_withdrawn_draft(reason: str, by_reader: bool, tmp_path: Path) -> None:
    film = make_film()
    draft = build(make_report(film=film))
    note = build_rejection(make_note(draft, film, reason=reason, person=reader() if by_reader else None))
    assert check(note, [film, draft]) == []
    path = save(note, tmp_path)
    assert dciodvfy_errors(path) == []
    shown = dump(path)
    assert {"quality": "(113001,DCM", "patient_safety": "(113037,DCM"}[reason] in shown
    assert draft.SOPInstanceUID in run_peer("dsrdump", "+Pu", path).stdout.decode()
    assert ("Reader^Demo" in shown) == by_reader


def test_a_note_is_deterministic_and_of_its_own_series() -> None:
    film = make_film()
    draft = build(make_report(film=film))
    first, again = build_rejection(make_note(draft, film)), build_rejection(make_note(draft, film))
    assert as_bytes(first) == as_bytes(again)
    assert first.SeriesInstanceUID not in (draft.SeriesInstanceUID, film.SeriesInstanceUID)
    assert (
        build_rejection(make_note(draft, film, reason="patient_safety")).SOPInstanceUID
        != first.SOPInstanceUID
    )


# Addenda, and what a resident wrote


def addendum_to(film: Dataset, **more: Any) -> tuple[Dataset, Dataset]:
    """A signed report and an addendum to it."""
    signed = build(make_report("signed", film))
    later = {"person": reader(600), "started_at": STARTED + timedelta(hours=9)}
    return signed, build(make_report("addendum", film, predecessor=refer_to(signed), **later, **more))


@pytest.mark.peers
@pytest.mark.parametrize("modality", ["DX", "CR"])
def test_an_addendum_passes_the_gate_and_dciodvfy_and_names_its_report(modality: str, tmp_path: Path) -> None:
    film = make_film(modality=modality)
    signed, addendum = addendum_to(film)
    assert check(addendum, [film], sentences=["The lateral film shows no effusion — ≥ 3 cm."]) == []
    path = save(addendum, tmp_path)
    assert dciodvfy_errors(path) == []
    shown = dump(path)
    for mark in ("FINAL", "COMPLETE", ": VERIFIED", "(55107-7,LN", "Addendum", "Reader^Demo", "no effusion"):
        assert mark in shown
    assert "Device Observer" not in shown and "ContributingEquipmentSequence" not in addendum
    assert "inferred from" not in shown
    series = addendum.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0]
    assert series.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == signed.SOPInstanceUID
    assert series.SeriesInstanceUID == signed.SeriesInstanceUID != addendum.SeriesInstanceUID
    assert addendum.SeriesDescription == "Addendum to the signed report"
    assert "likely" in dump(save(signed, tmp_path, "signed.dcm"))  # and nothing of it changed


@pytest.mark.peers
def test_dsr2html_renders_an_addendum(tmp_path: Path) -> None:
    _, addendum = addendum_to(make_film())
    said = run_peer("dsr2html", "+U8", save(addendum, tmp_path))
    assert said.returncode == 0, said.stderr
    assert "The lateral film shows no effusion" in said.stdout.decode("utf-8")


@pytest.mark.peers
def test_who_wrote_the_preliminary_report_is_author_beside_who_signs(tmp_path: Path) -> None:
    film = make_film()
    resident = Person("Resident^Rob", "Demonstration Hospital", STARTED, "rob")
    ds = build(make_report("signed", film, author=resident))
    assert check(ds, [film]) == []
    path = save(ds, tmp_path)
    assert dciodvfy_errors(path) == []
    *people, device = ds.AuthorObserverSequence
    assert [str(item.PersonName) for item in people] == ["Resident^Rob", "Reader^Demo"]
    assert (device.ObserverType, device.DeviceUID) == ("DEV", DEVICE.uid)
    assert [str(item.VerifyingObserverName) for item in ds.VerifyingObserverSequence] == ["Reader^Demo"]


@pytest.mark.peers
def test_a_retraction_of_an_addendum_names_a_person_and_no_model(tmp_path: Path) -> None:
    film = make_film()
    _, addendum = addendum_to(film)
    note = build_rejection(
        make_note(addendum, film, device=None, person=reader(700), reason="patient_safety")
    )
    assert check(note, [film, addendum]) == []
    path = save(note, tmp_path)
    assert dciodvfy_errors(path) == []
    shown = dump(path)
    assert "(113037,DCM" in shown and "Reader^Demo" in shown and "121007" not in shown


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("addendum", {}, "signed report that it is added to"),
    ("addendum", {"predecessor": refer_to(make_film()), "device": DEVICE}, "an addendum none"),
    ("addendum", {"predecessor": refer_to(make_film()), "sentences": SENTENCES}, "own heading alone"),
    ("addendum", {"predecessor": refer_to(make_film()), "person": None}, "no person"),
    ("signed", {"device": None, "algorithms": ()}, "name the model"),
    ("draft", {"author": reader()}, "as if it were signed"),
    ("signed", {"person": None}, "no person"),
    ("draft", {"person": reader()}, "as if it were signed"),
    ("signed", {"person": reader(-1)}, "before it was begun"),
    ("draft", {"started_at": STARTED.replace(tzinfo=None)}, "offset from UTC"),
    ("draft", {"sentences": ()}, "no sentence"),
    ("draft", {"sentences": (Sentence("  ", "impression", "human"),)}, "empty"),
    ("draft", {"sentences": (Sentence("a\x1bb", "impression", "human"),)}, r"U\+001B"),
    ("draft", {"sentences": (Sentence("a\ud800b", "impression", "human"),)}, r"U\+D800"),
    ("draft", {"report_version": 0}, "0"),
    ("draft", {"evidence": ()}, "isn't among its evidence"),
    ("draft", {"evidence": (make_film(), make_film(seed="another"))}, "another study"),
    ("draft", {"other_evidence": (make_film(),)}, "this study"),
]


@pytest.mark.parametrize(("kind", "wrong", "says"), REFUSED, ids=[case[2] for case in REFUSED])
def test_a_contradictory_report_cannot_be_made(kind: str, wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(DicomError, match=says):
        make_report(kind, **wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"institution": "Very secret name " * 5},
        {"institution": ""},
        {"person": Person("secret\\^name", "x", STARTED)},
        {"person": Person("Reader^Demo", "secret" * 11, STARTED)},
        {"device": Device("not a UID", "a", "secret", "c")},
    ],
)
def test_a_name_that_fits_no_element_is_refused_without_being_quoted(wrong: dict[str, Any]) -> None:
    with pytest.raises(DicomError, match="refused") as refused:
        make_report("signed", **wrong)
    assert "secret" not in str(refused.value)


@pytest.mark.peers
def test_an_illegal_description_is_left_out_and_an_illegal_identity_is_refused(tmp_path: Path) -> None:
    film = make_film()
    put(film, "StudyDescription", "LO", "Chest " * 12)
    ds = build(make_report(film=film))
    assert "StudyDescription" not in ds
    assert check(ds, [film]) == []
    put(film, "PatientSex", "CS", "female")
    faults = check(build(make_report(film=film)), [film])
    assert "values" in {fault.code for fault in faults}
    assert any("PatientSex" in fault.sentence for fault in faults)


def test_a_note_about_another_study_cannot_be_made() -> None:
    draft = build(make_report())
    with pytest.raises(DicomError, match="another study"):
        make_note(draft, make_film(seed="another"))
