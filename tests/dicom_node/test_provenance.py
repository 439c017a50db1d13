"""The SR beside a signed report that says of each sentence where it comes from."""

from __future__ import annotations

import copy
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import highdicom.sr
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from dicom_node.documents import private_codes
from dicom_node.documents.envelope import code
from dicom_node.documents.gate import check
from dicom_node.documents.provenance import build_provenance
from dicom_node.documents.report import ReportDocument, Sentence
from dicom_node.documents.sr import build
from llmcxr_ws import sentences
from llmcxr_ws.errors import DicomError
from tests.dicom_node.documents_factory import SENTENCES, make_report, refer_to, rows_of
from tests.factories import make_film, save
from tests.peers import dciodvfy_errors, run_peer
from tests.pixelmed import said_by_pixelmed, with_old_headings

TEXTS = [sentence.text for sentence in SENTENCES]
STATEMENT = (Path(__file__).parents[2] / "docs" / "conformance.md").read_text(encoding="utf-8")


def signed_pair(document: ReportDocument | None = None) -> tuple[Dataset, Dataset]:
    """A signed report and its provenance SR."""
    document = document or make_report("signed")
    report = build(document)
    return report, build_provenance(document, report)


def headings(ds: Dataset) -> list[Dataset]:
    return [item for item in ds.ContentSequence if item.ValueType == "CONTAINER"]


def origins_in(ds: Dataset) -> list[tuple[str, str]]:
    return [
        (str(row.TextValue), row.ContentSequence[0].ConceptCodeSequence[0].CodeValue)
        for heading in headings(ds)
        for row in rows_of(heading)
    ]


def as_bytes(ds: Dataset) -> bytes:
    buffer = BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


@pytest.mark.peers
@pytest.mark.parametrize("modality", ["DX", "CR"])
def test_every_signed_sentence_is_there_with_its_origin(modality: str, tmp_path: Path) -> None:
    film = make_film(modality=modality)
    report, told = signed_pair(make_report("signed", film))
    assert check(told, [film, report], sentences=TEXTS) == []
    path = save(told, tmp_path)
    assert dciodvfy_errors(path) == []
    shown = run_peer("dsrdump", "+Pl", "+Pc", path).stdout.decode()
    for sentence, origin in zip(SENTENCES, ("HUMAN", "AI_KEPT", "AI_EDITED"), strict=True):
        after = shown.split(f'"{sentence.text}"', 1)[1].splitlines()[1]
        assert f"({origin},{private_codes.DESIGNATOR}" in after
    page = run_peer("dsr2html", "+U8", path).stdout.decode()
    assert "Written by AI, edited by a person" in page
    assert isinstance(highdicom.sr.srread(BytesIO(as_bytes(told))), highdicom.sr.ComprehensiveSR)


@pytest.mark.peers
def test_film_report_and_provenance_are_consistent_for_dcentvfy(tmp_path: Path) -> None:
    film = make_film()
    paths = [
        save(ds, tmp_path, f"{n}.dcm")
        for n, ds in enumerate((film, *signed_pair(make_report("signed", film))))
    ]
    said = run_peer("dcentvfy", *paths)
    assert b"Error" not in said.stdout + said.stderr, said.stderr


def test_it_refers_to_the_report_and_never_passes_for_one() -> None:
    report, told = signed_pair()
    [reference] = [item for item in told.ContentSequence if item.ValueType == "COMPOSITE"]
    assert reference.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == report.SOPInstanceUID
    assert (told.CompletionFlag, told.VerificationFlag) == ("COMPLETE", "UNVERIFIED")
    assert "PreliminaryFlag" not in told and "VerifyingObserverSequence" not in told
    assert "ContentTemplateSequence" not in told
    assert told.SeriesInstanceUID != report.SeriesInstanceUID
    assert as_bytes(told) == as_bytes(signed_pair()[1]), "the same report gives the same bytes"
    assert told.SOPInstanceUID != signed_pair(make_report("signed", report_version=2))[1].SOPInstanceUID


def test_the_private_scheme_is_declared_in_the_document_and_in_the_statement() -> None:
    [declared] = signed_pair()[1].CodingSchemeIdentificationSequence
    assert (declared.CodingSchemeDesignator, declared.CodingSchemeUID) == (
        private_codes.DESIGNATOR,
        private_codes.SCHEME_UID,
    )
    for word in (private_codes.SCHEME_UID, *(part for row in private_codes.ALL for part in row)):
        assert word in STATEMENT, word


def test_only_a_signed_report_has_one() -> None:
    draft = make_report()
    with pytest.raises(DicomError, match="signed report alone"):
        build_provenance(draft, build(draft))


def test_an_impression_that_was_written_first_stands_below_its_heading() -> None:
    film = make_film()
    swapped = (SENTENCES[1], SENTENCES[0], SENTENCES[2])
    report, told = signed_pair(make_report("signed", film, sentences=swapped))
    in_order = [SENTENCES[0].text, SENTENCES[1].text, SENTENCES[2].text]
    assert check(report, [film], sentences=in_order) == check(told, [film, report], sentences=in_order) == []


# Nothing but the signed sentences

AI_TEXT = "The lungs are clear. There is a large pneumothorax. The heart is enlarged."
SIGNED_TEXT = "The lungs are clear. The heart is not enlarged."


def signed_of_ai() -> tuple[Dataset, Dataset]:
    """A report of which a reader deleted one sentence and edited another, with its draft as predecessor."""
    film = make_film()
    drafted = [Sentence(one.text, one.section, one.origin) for one in sentences.with_origin(AI_TEXT, AI_TEXT)]
    draft = build(make_report(film=film, sentences=tuple(drafted)))
    assert b"large pneumothorax" in as_bytes(draft), "the draft says it"
    kept = [
        Sentence(one.text, one.section, one.origin) for one in sentences.with_origin(AI_TEXT, SIGNED_TEXT)
    ]
    return signed_pair(make_report("signed", film, sentences=tuple(kept), predecessor=refer_to(draft)))


@pytest.mark.peers
@pytest.mark.parametrize("which", [0, 1], ids=["report", "provenance"])
def test_a_deleted_sentence_is_in_no_page_and_no_element(which: int, tmp_path: Path) -> None:
    ds = signed_of_ai()[which]
    path = save(ds, tmp_path)
    page = run_peer("dsr2html", "+U8", path)
    assert page.returncode == 0, page.stderr
    everything = [page.stdout.decode(), run_peer("dcmdump", "+L", path).stdout.decode("utf-8", "replace")]
    everything += [str(element.value) for element in dcmread(path).iterall()]
    assert any("The heart is not enlarged." in text for text in everything)
    for gone in ("pneumothorax", "The heart is enlarged"):  # deleted; what stood there before the edit
        assert not any(gone in text for text in everything)
        assert gone.encode() not in path.read_bytes() and gone.encode("utf-16-le") not in path.read_bytes()


def test_the_edited_sentence_is_told_as_edited_and_the_kept_one_as_kept() -> None:
    assert origins_in(signed_of_ai()[1]) == [
        ("The lungs are clear.", "AI_KEPT"),
        ("The heart is not enlarged.", "AI_EDITED"),
    ]


# The gate


def first_row(ds: Dataset) -> Dataset:
    return rows_of(headings(ds)[0])[0]


def drop_origin(ds: Dataset) -> None:
    del first_row(ds).ContentSequence


def unknown_origin(ds: Dataset) -> None:
    first_row(ds).ContentSequence[0].ConceptCodeSequence = [
        code("GUESSED", private_codes.DESIGNATOR, "Guessed")
    ]


def another_sentence(ds: Dataset) -> None:
    first_row(ds).TextValue = "There is a large pneumothorax."


def claim_a_template(ds: Dataset) -> None:
    ds.ContentTemplateSequence = build(make_report()).ContentTemplateSequence


def drop_reference(ds: Dataset) -> None:
    ds.ContentSequence = [item for item in ds.ContentSequence if item.ValueType != "COMPOSITE"]


def strange_row(ds: Dataset) -> None:
    stranger = copy.deepcopy(first_row(ds))
    ds.ContentSequence.append(stranger)


PLANTED: list[tuple[str, Callable[[Dataset], None], str]] = [
    ("rows", drop_origin, "one origin"),
    ("rows", unknown_origin, "one origin"),
    ("sentences", another_sentence, "aren't the 3"),
    ("rows", claim_a_template, "claims a template"),
    ("rows", drop_reference, "0 reports"),
    ("rows", strange_row, "doesn't know"),
    ("rows", lambda ds: ds.pop("CodingSchemeIdentificationSequence"), "isn't declared"),
    ("flags", lambda ds: setattr(ds, "VerificationFlag", "VERIFIED"), "UNVERIFIED"),
    ("flags", lambda ds: setattr(ds, "PreliminaryFlag", "FINAL"), "PreliminaryFlag"),
    ("flags", lambda ds: setattr(ds, "ContentQualification", "PRODUCT"), "RESEARCH"),
    ("identity", lambda ds: setattr(ds, "PatientID", "OTHER"), "PatientID"),
    ("modules", lambda ds: ds.pop("Manufacturer"), "Manufacturer"),
]


@pytest.mark.parametrize(
    ("kind", "plant", "says"), PLANTED, ids=[f"{case[0]}: {case[2]}" for case in PLANTED]
)
def test_a_planted_fault_is_caught(
    kind: str, plant: Callable[[Dataset], None], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dicom_node.documents.gate.shutil.which", lambda name: None)
    film = make_film()
    report, told = signed_pair(make_report("signed", film))
    assert check(told, [film, report], sentences=TEXTS) == []
    plant(told)
    faults = [fault for fault in check(told, [film, report], sentences=TEXTS) if fault.code == kind]
    assert any(says in fault.sentence for fault in faults), faults


# The observers of each heading


def observers_of(heading: Dataset) -> list[str]:
    return [
        item.ConceptCodeSequence[0].CodeMeaning
        for item in heading.ContentSequence
        if item.RelationshipType == "HAS OBS CONTEXT" and item.ValueType == "CODE"
    ]


def test_each_heading_names_who_observed_what_stands_below_it() -> None:
    findings, impression = headings(signed_pair()[0])
    assert observers_of(findings) == ["Person", "Verifying"]  # its one sentence is the reader's own
    assert observers_of(impression) == ["Person", "Verifying", "Device"]
    assert [observers_of(heading) for heading in headings(build(make_report()))] == [["Device"], ["Device"]]


# PixelMed


@pytest.mark.slow
@pytest.mark.peers
@pytest.mark.parametrize("kind", ["draft", "signed", "addendum"])
def test_pixelmed_faults_nothing_but_the_headings_that_its_tables_do_not_know(
    kind: str, tmp_path: Path
) -> None:
    predecessor = refer_to(build(make_report())) if kind != "draft" else None
    report = build(make_report(kind, predecessor=predecessor))
    errors, warnings = said_by_pixelmed(save(report, tmp_path))
    assert errors == []
    assert warnings, "PixelMed knows the LOINC headings now: nothing needs renaming any more"
    for warning in warnings:
        assert ",LN," in warning.split("/CONTAINER")[2] and warning.endswith("Content Item not in template")
    if kind != "addendum":  # CID 7001 of 2005 had no heading Addendum
        assert said_by_pixelmed(save(with_old_headings(report), tmp_path, "old.dcm")) == ([], [])


@pytest.mark.slow
@pytest.mark.peers
def test_pixelmed_finds_no_error_in_the_provenance_sr(tmp_path: Path) -> None:
    """It knows no template for it, as none is claimed, and says so of every row."""
    errors, warnings = said_by_pixelmed(save(signed_pair()[1], tmp_path))
    assert errors == []
    assert {warning.rsplit(": ", 1)[1] for warning in warnings} == {"Content Item not in template"}


@pytest.mark.slow
@pytest.mark.peers
def test_pixelmed_says_why_the_origins_stand_in_a_document_of_their_own(tmp_path: Path) -> None:
    """A concept modifier below a sentence is the one thing that it faults in a TID 2000 with headings it knows."""
    report = with_old_headings(build(make_report("signed")))
    for heading in headings(report):
        for row in rows_of(heading):
            modifier = copy.deepcopy(first_row(signed_pair()[1]).ContentSequence[0])
            row.ContentSequence.insert(0, modifier)
    errors, warnings = said_by_pixelmed(save(report, tmp_path))
    assert errors == []
    assert len(warnings) == len(SENTENCES)
    assert all(f"/CODE (ORIGIN,{private_codes.DESIGNATOR}" in warning for warning in warnings)
