"""The PDF of a report, read back by poppler; and as an Encapsulated PDF, judged by the gate and dciodvfy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dicom_node.documents import gate, pdf_fonts, sr
from dicom_node.documents.encapsulated import encapsulate
from dicom_node.documents.pdf import Marked, Picture, make_pdf
from llmcxr_ws.errors import DicomError
from tests.dicom_node.documents_factory import make_report
from tests.dicom_node.narratives import narrative
from tests.factories import make_film
from tests.peers import dciodvfy_errors, run_peer

PICTURE = Picture(np.tile(np.arange(120, dtype=np.uint8), (150, 1)))


def text_of(pdf: bytes, folder: Path) -> str:
    path = folder / "report.pdf"
    path.write_bytes(pdf)
    said = run_peer("pdftotext", "-layout", path, "-")
    assert said.stderr == b""
    return " ".join(said.stdout.decode("utf-8").split())


def test_what_a_person_reads(tmp_path: Path) -> None:
    told = narrative("addendum")
    text = text_of(make_pdf(told, PICTURE), tmp_path)
    for sentence in told.sentences:
        assert sentence in text
    assert "Radiology report" in text and "TEST-1" in text and "TEST0001" in text
    assert "Addendum signed by Demo Reader" in text and "AI DRAFT" not in text
    assert make_pdf(told, PICTURE) == make_pdf(told, PICTURE)


def test_a_draft_bears_its_banner_on_every_page(tmp_path: Path) -> None:
    told = narrative("draft", None, *(f"Sentence number {n} of a very long draft." for n in range(120)))
    pdf = make_pdf(told, PICTURE)
    text = text_of(pdf, tmp_path)
    pages = int(run_peer("pdfinfo", tmp_path / "report.pdf").stdout.split(b"Pages:")[1].split()[0])
    assert pages > 3 and text.count("AI DRAFT - NOT REVIEWED BY ANYBODY - NOT FOR DIAGNOSIS") == pages


def test_only_regions_of_sentences_in_the_report_are_marked(tmp_path: Path) -> None:
    told = narrative("signed", None, "The heart is large.", "No effusion.")
    box = (0.1, 0.1, 0.5, 0.5)
    marked = make_pdf(
        told, PICTURE, [Marked("There is a pneumothorax.", box), Marked("The heart is large.", box)]
    )
    text = text_of(marked, tmp_path)
    assert "The heart is large. [1]" in text and "pneumothorax" not in text and "[2]" not in text


@pytest.mark.parametrize(
    "words",
    ["Ελένη — “normal” œ ≥ 3 cm", "Привет, Ł ő ş", "Größe 3 cm, naïve"],
    ids=["greek", "cyrillic", "latin"],
)
def test_the_font_that_ships_shows_greek_and_cyrillic(words: str, tmp_path: Path) -> None:
    assert pdf_fonts.fonts_for(words) == [pdf_fonts.inter()]
    assert words in text_of(make_pdf(narrative("signed", None, words), None), tmp_path)


def test_other_scripts_are_shown_by_a_font_of_the_machine_or_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in ("胸部に異常なし", "سليم", "𓀀"):
        try:
            pdf = make_pdf(narrative("signed", None, words), None)
        except DicomError as error:
            assert (
                "no font of this machine can show U+" in error.sentence
                and "apt-get install" in error.sentence
            )
        else:
            shown = text_of(pdf, tmp_path)
            assert "?" not in shown and set(words) <= set(shown)
    monkeypatch.setattr(pdf_fonts, "_SYSTEM", ())
    with pytest.raises(DicomError, match=r"U\+3057 \(HIRAGANA LETTER SI\)"):
        make_pdf(narrative("signed", None, "胸部に異常なし"), None)
    with pytest.raises(DicomError, match="ARABIC LETTER"):
        make_pdf(narrative("signed", make_film(PatientName="سليم", SpecificCharacterSet="ISO_IR 192")), None)


@pytest.mark.parametrize("stage", ["draft", "signed", "addendum"])
def test_the_gate_and_dciodvfy_find_nothing(stage: str, tmp_path: Path) -> None:
    told = narrative(stage)
    ds = encapsulate(told, make_pdf(told, PICTURE))
    assert gate.check(ds, [told.film]) == []
    ds.save_as(tmp_path / "report.dcm", enforce_file_format=True)
    assert dciodvfy_errors(tmp_path / "report.dcm") == []
    assert encapsulate(told, make_pdf(told, PICTURE)).SOPInstanceUID == ds.SOPInstanceUID
    assert (ds.VerificationFlag == "VERIFIED") == (stage != "draft")
    # Also of an addendum, below which the report stands.
    models = [item.DeviceUID for item in sr.build(make_report()).ContributingEquipmentSequence]
    assert [item.DeviceUID for item in ds.ContributingEquipmentSequence] == models


def test_the_gate_refuses_a_broken_or_a_wrong_one() -> None:
    told = narrative()
    good = make_pdf(told, None)
    for change, says in (
        ({"EncapsulatedDocument": good[:-20] + b"\0" * 20}, "isn't a whole PDF"),
        ({"EncapsulatedDocumentLength": 7}, "hasn't the length"),
        ({"PatientID": "OTHER"}, "PatientID differs"),
        ({"PatientName": "Other^One"}, "PatientName differs"),
        ({"AccessionNumber": "9"}, "AccessionNumber differs"),
        ({"VerificationFlag": "UNVERIFIED"}, "series description"),
        ({"BurnedInAnnotation": "NO"}, "BurnedInAnnotation"),
    ):
        ds = encapsulate(told, good)
        for keyword, value in change.items():
            setattr(ds, keyword, value)
        assert any(says in fault.sentence for fault in gate.check(ds, [told.film])), says
    ds = encapsulate(told, good)
    assert gate.check(ds, [make_film(seed="another")])
