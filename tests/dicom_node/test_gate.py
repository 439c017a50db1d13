"""The gate lets good documents through and catches every planted fault."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from pydicom.dataset import Dataset

from dicom_node.documents.gate import check, summary
from dicom_node.documents.rejection import build_rejection
from dicom_node.documents.sr import build
from dicom_node.documents.values import put
from tests.dicom_node.documents_factory import SENTENCES, make_note, make_report, refer_to, rows_of
from tests.factories import make_film
from tests.peers import require

TEXTS = [sentence.text for sentence in SENTENCES]


@pytest.fixture(autouse=True)
def without_dciodvfy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own checks must catch each fault alone; tests marked `peers` have dicom3tools beside them."""
    if request.node.get_closest_marker("peers") is None:
        monkeypatch.setattr("dicom_node.documents.gate.shutil.which", lambda name: None)


def signed() -> Dataset:
    return build(make_report("signed"))


def section(ds: Dataset) -> Dataset:
    return next(item for item in ds.ContentSequence if item.ValueType == "CONTAINER")


def row(ds: Dataset, concept: str) -> int:
    return next(
        i for i, item in enumerate(ds.ContentSequence) if item.ConceptNameCodeSequence[0].CodeValue == concept
    )


def change(**values: Any) -> Callable[[Dataset], None]:
    def plant(ds: Dataset) -> None:
        for keyword, value in values.items():
            if value is None:
                del ds[keyword]
            else:
                setattr(ds, keyword, value)

    return plant


def change_raw(keyword: str, VR: str, value: str) -> Callable[[Dataset], None]:
    return lambda ds: put(ds, keyword, VR, value)


def swap_language_and_observer(ds: Dataset) -> None:
    index = row(ds, "121049")
    ds.ContentSequence.append(ds.ContentSequence.pop(index))


def drop_row(concept: str) -> Callable[[Dataset], None]:
    def plant(ds: Dataset) -> None:
        ds.ContentSequence.pop(row(ds, concept))

    return plant


def unname_heading(ds: Dataset) -> None:
    del section(ds).ConceptNameCodeSequence


def wrong_heading(ds: Dataset) -> None:
    section(ds).ConceptNameCodeSequence[0].CodeValue = "11111-1"


def empty_heading(ds: Dataset) -> None:
    section(ds).ContentSequence = []


def illegal_relationship(ds: Dataset) -> None:
    rows_of(section(ds))[0].ContentSequence[0].RelationshipType = "HAS ACQ CONTEXT"


def strange_row(ds: Dataset) -> None:
    stranger = Dataset()
    stranger.update(rows_of(section(ds))[0])
    ds.ContentSequence.insert(0, stranger)


def unknown_image(ds: Dataset) -> None:
    reference = rows_of(section(ds))[0].ContentSequence[0].ReferencedSOPSequence[0]
    reference.ReferencedSOPInstanceUID = "1.2.3"


def image_of_another_class(ds: Dataset) -> None:
    reference = rows_of(section(ds))[0].ContentSequence[0].ReferencedSOPSequence[0]
    reference.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"


def evidence_of_another_series(ds: Dataset) -> None:
    ds.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0].SeriesInstanceUID = "1.2.3"


def unlisted_evidence(ds: Dataset) -> None:
    series = ds.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence[0]
    stranger = Dataset()
    stranger.ReferencedSOPClassUID, stranger.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", "1.2.3"
    series.ReferencedSOPSequence.append(stranger)


def foreign_predecessor(ds: Dataset) -> None:
    other = build(make_report(film=make_film(seed="another")))
    ds.PredecessorDocumentsSequence = build(
        make_report("signed", predecessor=refer_to(other))
    ).PredecessorDocumentsSequence


def unsigned_observer(ds: Dataset) -> None:
    ds.VerifyingObserverSequence[0].VerifyingObserverName = ""


def lost_character(ds: Dataset) -> None:
    rows_of(section(ds))[0].TextValue = "The heart � is not enlarged."


def added_sentence(ds: Dataset) -> None:
    rows_of(section(ds))[0].TextValue += " Something else."


def no_template(ds: Dataset) -> None:
    del ds.ContentTemplateSequence


def no_request_detail(ds: Dataset) -> None:
    del ds.ReferencedRequestSequence[0].RequestedProcedureID


PLANTED: list[tuple[str, Callable[[Dataset], None], str]] = [
    ("flags", change(CompletionFlag="PARTIAL"), "PARTIAL"),
    ("flags", change(PreliminaryFlag="PRELIMINARY"), "PRELIMINARY"),
    ("flags", change(VerificationFlag="UNVERIFIED"), "UNVERIFIED"),
    ("flags", change(VerificationFlag="MAYBE"), "MAYBE"),
    ("flags", change(VerifyingObserverSequence=None), "names no verifying observer"),
    ("flags", unsigned_observer, "lacks VerifyingObserverName"),
    ("flags", change(SeriesDescription="AI DRAFT - not reviewed"), "series description"),
    ("flags", change(ContentQualification="PRODUCT"), "RESEARCH"),
    ("identity", change(PatientID="OTHER"), "PatientID"),
    ("identity", change(PatientName="OTHER^Film"), "PatientName"),
    ("identity", change(PatientBirthDate="19740102"), "PatientBirthDate"),
    ("identity", change(PatientSex="M"), "PatientSex"),
    ("identity", change(IssuerOfPatientID="ELSEWHERE"), "IssuerOfPatientID"),
    ("identity", change(AccessionNumber="OTHER"), "AccessionNumber"),
    ("identity", change(StudyID=""), "StudyID"),
    ("identity", change(StudyInstanceUID="1.2.3"), "StudyInstanceUID|document's study"),
    ("evidence", unknown_image, "isn't listed as evidence"),
    ("evidence", image_of_another_class, "isn't listed as evidence"),
    ("evidence", evidence_of_another_series, "another class, series or study"),
    ("evidence", unlisted_evidence, "isn't among its sources"),
    ("evidence", foreign_predecessor, "predecessor is of another study"),
    ("characters", change(SpecificCharacterSet="ISO_IR 100"), "ISO_IR 192"),
    ("characters", lost_character, "lost"),
    ("values", change_raw("StudyTime", "TM", "noon"), "StudyTime"),
    ("values", change_raw("InstitutionName", "LO", "x" * 65), "InstitutionName"),
    ("modules", change(Modality=None), "Modality is absent"),
    ("modules", change(CompletionFlag=None), "CompletionFlag is absent"),
    ("modules", change(Manufacturer=None), "Manufacturer is absent"),
    ("modules", change(PerformedProcedureCodeSequence=None), "PerformedProcedureCodeSequence is absent"),
    ("modules", no_request_detail, "ReferencedRequestSequence/RequestedProcedureID is absent"),
    ("rows", swap_language_and_observer, "after the headings row"),
    ("rows", drop_row("121049"), "language 0 times"),
    ("rows", drop_row("121012"), "isn't identified"),
    ("rows", unname_heading, "doesn't know"),
    ("rows", wrong_heading, "11111-1"),
    ("rows", empty_heading, "no text"),
    ("rows", illegal_relationship, "HAS ACQ CONTEXT"),
    ("rows", strange_row, "doesn't know"),
    ("rows", no_template, "template 2000"),
    ("sentences", added_sentence, "aren't the 3"),
    ("sop_class", change(SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11"), "neither"),
]


@pytest.mark.parametrize(
    ("code", "plant", "says"), PLANTED, ids=[f"{case[0]}: {case[2]}" for case in PLANTED]
)
def test_a_planted_fault_is_caught_by_our_own_checks(
    code: str, plant: Callable[[Dataset], None], says: str
) -> None:
    ds = build(make_report("signed", predecessor=refer_to(build(make_report()))))
    assert check(ds, [make_film()], sentences=TEXTS) == [], "good before the fault"
    plant(ds)
    faults = [fault for fault in check(ds, [make_film()], sentences=TEXTS) if fault.code == code]
    assert faults, "the fault went through"
    assert any(part in fault.sentence for fault in faults for part in says.split("|"))


def test_no_sentence_of_a_fault_quotes_a_patient() -> None:
    for _, plant, _ in PLANTED:
        ds = signed()
        plant(ds)
        for fault in check(ds, [make_film()], sentences=TEXTS):
            for secret in ("TEST", "OTHER", "1974", "Reader", make_film().SOPInstanceUID):
                assert secret not in fault.sentence


def test_a_draft_that_looks_signed_is_caught() -> None:
    draft = build(make_report())
    assert check(draft, [make_film()]) == []
    draft.SeriesDescription = "Signed report"
    assert [fault.code for fault in check(draft, [make_film()])] == ["flags"]


def test_evidence_of_another_patient_is_refused() -> None:
    film = make_film()
    prior = make_film(seed="prior", acquired=datetime(2025, 1, 2), patient_id="SOMEBODY-ELSE")
    ds = build(make_report(film=film, other_evidence=(prior,)))
    faults = check(ds, [film, prior])
    assert [fault.code for fault in faults] == ["identity"]
    assert "another patient (PatientID differs)" in faults[0].sentence


def test_a_second_instance_of_another_patient_in_the_same_study_is_refused() -> None:
    film = make_film(seed="a", study_seed="s")
    mixed_up = make_film(seed="b", study_seed="s", patient_name="SOMEBODY^Else")
    ds = build(make_report(film=film, evidence=(film, mixed_up)))
    assert "identity" in {fault.code for fault in check(ds, [film, mixed_up])}


def test_a_document_without_sources_is_refused() -> None:
    assert {"identity", "evidence"} <= {fault.code for fault in check(signed(), [])}


def test_a_trailing_delimiter_in_a_name_is_no_difference() -> None:
    assert check(signed(), [make_film(PatientName="TEST^Film^^")]) == []


def test_a_rejection_note_passes_and_its_faults_are_caught() -> None:
    film = make_film()
    draft = build(make_report(film=film))

    def faults_after(plant: Callable[[Dataset], None]) -> set[str]:
        note = build_rejection(make_note(draft, film))
        plant(note)
        return {fault.code for fault in check(note, [film, draft])}

    assert faults_after(lambda note: None) == set()
    assert "rows" in faults_after(lambda note: note.ContentSequence.pop())
    assert "rows" in faults_after(change(ConceptNameCodeSequence=[]))
    assert "identity" in faults_after(change(PatientID="OTHER"))
    assert "evidence" in {fault.code for fault in check(build_rejection(make_note(draft, film)), [film])}


@pytest.mark.peers
def test_dciodvfys_text_decides_though_it_exits_0() -> None:
    require("dciodvfy")
    ds = signed()
    assert check(ds, [make_film()]) == []
    ds.VerifyingObserverSequence[0].VerificationDateTime = "20261102100400"
    ds.VerificationFlag = "VERIFIED "
    ds.CompletionFlag = "COMPLETED"
    faults = [fault for fault in check(ds, [make_film()]) if fault.code == "validator"]
    assert len(faults) == 1
    assert "Error" in faults[0].details


LONG_NAMES = [
    "Papadopoulou^Eleni Konstantina=" + "Παπαδοπούλου^Ελένη Κωνσταντίνα" * 2,
    "Hong^Gildong=" + "洪吉洞" * 20 + "=" + "홍길동" * 20,
    "นามสกุลที่ยาวมาก^ชื่อยาวมาก" * 2,
]


@pytest.mark.peers
@pytest.mark.parametrize("name", LONG_NAMES, ids=["Greek", "Korean", "Thai"])
def test_a_name_whose_bytes_are_many_and_whose_characters_are_not_may_leave(name: str) -> None:
    """PS3.5 6.2 counts 64 characters in each group of a name; dciodvfy counts the bytes of all of them."""
    require("dciodvfy")
    assert len(name.encode()) > 64 >= max(map(len, name.split("=")))
    film = make_film(SpecificCharacterSet="ISO_IR 192", PatientName=name)
    assert check(build(make_report("signed", film)), [film]) == []
    put(film, "PatientName", "PN", name + "x" * 64)
    assert "values" in {fault.code for fault in check(build(make_report("signed", film)), [film])}


def test_the_summary_is_one_sentence_however_many_faults() -> None:
    ds = signed()
    for plant in (change(CompletionFlag="PARTIAL"), change(PatientID="OTHER"), lost_character, no_template):
        plant(ds)
    faults = check(ds, [make_film()])
    assert summary(faults).count(".") == 1
    assert "more" in summary(faults)
