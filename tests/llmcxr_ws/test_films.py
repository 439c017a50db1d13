"""Header facts, every exclusion, and the choice of one film among several."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import (
    MPEG2MPML,
    CTImageStorage,
    DigitalXRayImageStorageForProcessing,
    EncapsulatedPDFStorage,
    EnhancedSRStorage,
    SecondaryCaptureImageStorage,
)

from llmcxr_ws.films import (
    EXCLUSION_CODES,
    NEVER_LIFTED,
    Choice,
    Exclusion,
    HeaderFacts,
    choose_film,
    exclusion,
    read_facts,
)
from tests.factories import make_film, make_non_film

FILMS = sorted(Path(__file__).parents[2].glob("dicom_node/films/*.dcm"))


def ct() -> Dataset:
    return make_film(SOPClassUID=CTImageStorage, Modality="CT")


def pdf() -> Dataset:
    return make_non_film(EncapsulatedPDFStorage, "DOC")


def report() -> Dataset:
    return make_non_film(EnhancedSRStorage, "SR")


def film_in_video() -> Dataset:
    ds = make_film()
    ds.file_meta.TransferSyntaxUID = MPEG2MPML
    return ds


def film_of(**overrides: Any) -> Any:
    return lambda: make_film(**overrides)


EXCLUDED: list[tuple[str, Any, str]] = [
    ("not_an_image", pdf, "Encapsulated PDF"),
    ("not_an_image", report, "Enhanced SR"),
    ("not_projection_radiography", ct, "CT Image Storage"),
    ("not_projection_radiography", film_of(SOPClassUID=SecondaryCaptureImageStorage, Modality="OT"), "'OT'"),
    ("not_projection_radiography", film_of(modality="CR", Modality="RF"), "'RF'"),
    ("not_chest", film_of(BodyPartExamined="HAND"), "HAND"),
    ("derived", film_of(ImageType=["DERIVED", "PRIMARY"]), "DERIVED\\PRIMARY"),
    ("derived", film_of(ImageType=["ORIGINAL", "SECONDARY"]), "ORIGINAL\\SECONDARY"),
    ("for_processing", film_of(SOPClassUID=DigitalXRayImageStorageForProcessing), "FOR PROCESSING"),
    ("for_processing", film_of(PresentationIntentType="FOR PROCESSING"), "FOR PROCESSING"),
    ("lateral", film_of(view="LL"), "View Position LL"),
    ("lateral", film_of(ViewPosition=None, SeriesDescription="Thorax seitlich", view="LL"), "399173006"),
    ("not_frontal", film_of(ViewPosition="LLO"), "LLO"),
    (
        "view_unknown",
        film_of(ViewPosition=None, ViewCodeSequence=None, SeriesDescription="Chest"),
        "PA or AP",
    ),
    ("no_pixel_data", film_of(PixelData=None), "no pixel data"),
    ("not_one_grey_frame", film_of(NumberOfFrames="2"), "2 frames"),
    ("not_one_grey_frame", film_of(PhotometricInterpretation="RGB"), "RGB"),
    ("transfer_syntax", film_in_video, "MPEG2"),
    ("mirrored", film_of(PatientOrientation=["R", "F"]), "R\\F"),
    ("not_upright", film_of(PatientOrientation=["F", "R"]), "F\\R"),
    ("burned_in", film_of(BurnedInAnnotation="YES"), "YES"),
    ("age_unknown", film_of(PatientAge=None, PatientBirthDate=""), "age isn't known"),
    ("child", film_of(PatientAge="017Y"), "17 years"),
    ("child", film_of(PatientAge="009M"), "9 months"),
    ("child", film_of(PatientAge=None, PatientBirthDate="20151224"), "10 years"),
]


@pytest.mark.parametrize(
    ("code", "made", "says"), EXCLUDED, ids=[f"{code}-{i}" for i, (code, *_) in enumerate(EXCLUDED)]
)
def test_each_case_is_excluded_with_its_code_and_value(code: str, made: Any, says: str) -> None:
    reason = exclusion(read_facts(made()))
    assert reason is not None
    assert reason.code == code
    assert says in reason.sentence
    assert reason.sentence.endswith((".", "done."))
    assert "TEST" not in reason.sentence, "no patient data in a reason"


def test_every_code_has_a_case() -> None:
    assert {code for code, *_ in EXCLUDED} == set(EXCLUSION_CODES)


@pytest.mark.parametrize("modality", ["DX", "CR"])
@pytest.mark.parametrize("view", ["PA", "AP"])
def test_an_adults_frontal_film_is_not_excluded(modality: str, view: str) -> None:
    assert exclusion(read_facts(make_film(modality=modality, view=view))) is None


@pytest.mark.parametrize("path", FILMS, ids=lambda path: path.stem)
def test_the_demonstration_films_are_not_excluded(path: Path) -> None:
    facts = read_facts(dcmread(path, stop_before_pixels=True), has_pixels=True)
    assert exclusion(facts) is None
    assert facts.view in ("PA", "AP")


@pytest.mark.parametrize(
    ("header", "view"),
    [
        ({"ViewPosition": "PA"}, "PA"),
        ({"ViewPosition": "pa"}, "PA"),
        ({"ViewPosition": "LATERAL"}, "lateral"),
        ({"ViewPosition": "AP PORTABLE"}, "AP"),
        ({"ViewPosition": "RLO"}, "oblique"),
        ({"code": ("R-10206", "SRT", "antero-posterior")}, "AP"),
        ({"code": ("399198007", "SCT", "right lateral")}, "lateral"),
        ({"code": ("399033003", "SCT", "frontal")}, "frontal"),
        ({"code": ("X1", "99LOCAL", "Chest p.a.")}, "PA"),
        ({"SeriesDescription": "W Thorax p.a."}, "PA"),
        ({"SeriesDescription": "CHEST_AP"}, "AP"),
        ({"SeriesDescription": "Chest", "StudyDescription": "XR CHEST AP PORTABLE"}, "AP"),
        ({"SeriesDescription": "Chest lateral"}, "lateral"),
        ({"SeriesDescription": "Ribs AP oblique"}, "oblique"),
        ({"StudyDescription": "XR CHEST PA AND LATERAL"}, "unknown"),
        ({"StudyDescription": "XR CHEST PA/LAT"}, "unknown"),
        ({"StudyDescription": "Chest, flat panel, apical"}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_the_view_comes_from_attribute_then_code_then_words(header: dict[str, Any], view: str) -> None:
    ds = make_film(ViewPosition=None, ViewCodeSequence=None, SeriesDescription=None, StudyDescription=None)
    ds.PerformedProcedureStepDescription = ""
    code = header.pop("code", None)
    if code:
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code
        ds.ViewCodeSequence = [item]
    for keyword, value in header.items():
        ds.add_new(keyword, "LO", value)  # LO, so that malformed text gets as far as we do
    assert read_facts(ds).view == view


def test_the_attribute_outweighs_a_description() -> None:
    assert read_facts(make_film(ViewPosition="AP", SeriesDescription="Chest lateral")).view == "AP"


@pytest.mark.parametrize(
    ("written", "born", "taken", "years"),
    [
        ("045Y", "", "20261102", 45),
        ("018M", "", "20261102", 1.5),
        ("", "20081102", "20261102", 18),
        ("", "20081103", "20261102", 17),
        ("", "20270101", "20261102", None),
        ("", "20080231", "20261102", None),
        ("45", "", "20261102", None),
        ("", "19700101", "", None),
    ],
)
def test_age_is_the_headers_own_or_reckoned_from_birth(
    written: str, born: str, taken: str, years: float | None
) -> None:
    ds = make_film(PatientAge=None, PatientBirthDate=born, StudyDate=taken)
    for kind in ("Acquisition", "Series", "Content"):
        setattr(ds, f"{kind}Date", "")
    ds.add_new("PatientAge", "LO", written)  # LO, so that malformed text gets as far as we do
    assert read_facts(ds).patient_age_years == years


def test_facts_survive_json() -> None:
    facts = read_facts(make_film())
    assert HeaderFacts.from_dict(json.loads(json.dumps(facts.to_dict()))) == facts


def test_facts_hold_no_identity() -> None:
    text = json.dumps(read_facts(make_film()).to_dict())
    for secret in ("TEST-1", "TEST^Film", "TEST0001", "19740101", make_film().SOPInstanceUID):
        assert secret not in text


def test_facts_of_an_empty_data_set_are_empty_and_excluded() -> None:
    reason = exclusion(read_facts(Dataset()))
    assert reason is not None
    assert reason.code == "not_an_image"


def entry(uid: str, **overrides: Any) -> tuple[str, HeaderFacts]:
    return uid, read_facts(make_film(**overrides))


def test_pa_comes_before_a_later_ap() -> None:
    later = datetime(2026, 11, 2, 12, 0)
    films = [entry("1.1", view="PA"), entry("1.2", view="AP", acquired=later), entry("1.3", view="LL")]
    assert choose_film(films) == choose_film(films[::-1]) == Choice("1.1")


def test_among_equals_the_latest_is_chosen_in_any_order() -> None:
    later = datetime(2026, 11, 2, 12, 0)
    films = [entry("1.1"), entry("1.2", acquired=later), entry("1.3")]
    assert choose_film(films) == choose_film(films[::-1]) == Choice("1.2")


def test_two_films_of_one_moment_are_settled_by_their_uid() -> None:
    films = [entry("1.1"), entry("1.2")]
    assert choose_film(films) == choose_film(films[::-1]) == Choice("1.2")


def test_a_study_without_a_fitting_film_is_excluded_by_its_best_candidate() -> None:
    study = [("1.1", read_facts(pdf())), entry("1.2", view="LL"), entry("1.3", BurnedInAnnotation="YES")]
    for order in (study, study[::-1]):
        chosen = choose_film(order)
        assert isinstance(chosen, Exclusion)
        assert chosen.code == "burned_in"


def test_a_study_without_instances_is_excluded() -> None:
    assert isinstance(choose_film([]), Exclusion)


def test_a_rule_lifts_an_exclusion_but_never_one_that_makes_no_sense() -> None:
    derived = [entry("1.1", ImageType=["DERIVED", "PRIMARY"])]
    assert isinstance(choose_film(derived), Exclusion)
    assert choose_film(derived, lifted={"derived"}) == Choice("1.1")
    lateral = [entry("1.1", view="LL")]
    assert isinstance(choose_film(lateral, lifted=set(EXCLUSION_CODES)), Exclusion)
    assert set(EXCLUSION_CODES) >= NEVER_LIFTED


@pytest.mark.parametrize(("priority", "inside"), [("STAT", False), ("high", True), (None, False)])
def test_the_orders_priority_is_a_fact_wherever_it_stands(priority: str | None, inside: bool) -> None:
    ds = make_film(RequestedProcedurePriority=None if inside else priority)
    if inside:
        ds.RequestAttributesSequence[0].RequestedProcedurePriority = priority
    facts = read_facts(ds)
    assert facts.requested_priority == (priority or "").upper()
    older = {name: value for name, value in facts.to_dict().items() if name != "requested_priority"}
    assert HeaderFacts.from_dict(older).requested_priority == ""
