"""The cleaner of report texts, English and German."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from dicom_node.deidentify.identifiers import Identifiers, name_parts
from dicom_node.deidentify.text import TextCleaner

FOUND = Identifiers(
    names=name_parts("Müller-Weiß^Anna Li") | name_parts("O'Brien^Seán=山田^太郎") | {"Mey"},
    numbers={"0012345678", "12345678", "ACC-77/2026"},
    places={"Klinikum Winterberg", "Winterberg"},
    birth={date(1951, 2, 3)},
    dates={date(2026, 3, 4), date(1951, 2, 3)},
)


def cleaner(dates: str = "REMOVED") -> TextCleaner:
    return TextCleaner(FOUND, dates, lambda day: day - timedelta(days=100))


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Prior of Mrs Mueller shows the same.", "Prior of [name] shows the same."),
        ("Frau Müllers Voraufnahme", "[name]"),
        ("ANNA MÜLLER-WEISS, comparison", "[name] [name]-[name], comparison"),
        ("Seen by O’Brien and Sean.", "Seen by O’[name] and [name]."),
        ("患者は山田太郎です", "[name]"),
        ("Li is listed; limits of the line.", "[name] is listed; limits of the line."),
        ("Meyer was not Mey.", "Meyer was not [name]."),
        ("MRN 4711-B, Pat.-Nr. 99-12", "[number], [number]"),
        ("ID 12345678 and 00 12 34 56 78", "ID [number] and [number]"),
        ("acc-77/2026 vom 04.03.2026", "[number] vom [date]"),
        (
            "Film of March 4, 2026 and 4. März 2026; 2026-03-04; 3/4/26",
            "Film of [date] and [date]; [date]; [date]",
        ),
        ("Call 030 1234567 or +49 30 123 4567", "[phone] or [phone]"),
        ("tel. 4711", "[phone]"),
        ("Mail a.b@klinik.example, www.klinik.example", "Mail [address], [address]"),
        ("Überwiesen von Dr. med. Hans Schulze nach Winterberg", "Überwiesen von [name] nach [place]"),
        ("Discussed with Dr Smith.", "Discussed with [name]."),
        ("Wohnhaft Lindenstraße 12, 4 Baker Street.", "Wohnhaft [place], [place]"),
        (
            "A 93-year-old man; 94-jährige Patientin; 52-year-old",
            "A 90-year-old man; 90-jährige Patientin; 52-year-old",
        ),
        (
            "Nodule of 3.5 cm, 12 mm; T12; ICD J18.9; 95 % sure.",
            "Nodule of 3.5 cm, 12 mm; T12; ICD J18.9; 95 % sure.",
        ),
        ("No change since 2019. Two views, 1/2.", "No change since 2019. Two views, 1/2."),
        ("The lungs are clear. No pleural effusion.", "The lungs are clear. No pleural effusion."),
        (
            "Kein Erguss, kein Pneumothorax. Herz normal groß.",
            "Kein Erguss, kein Pneumothorax. Herz normal groß.",
        ),
    ],
)
def test_a_report_says_the_same_of_nobody(text: str, cleaned: str) -> None:
    assert cleaner().clean(text) == cleaned
    assert cleaner().clean(cleaned) == cleaned


@pytest.mark.parametrize(
    ("text", "moved", "kept"),
    [
        ("Compared with 4.3.2026", "Compared with 2025-11-24", "Compared with 4.3.2026"),
        ("Compared with 3/4/2026", "Compared with [date]", "Compared with 3/4/2026"),
        ("born 3 February 1951", "born [date]", "born [date]"),
    ],
)
def test_dates_in_a_text_follow_the_option(text: str, moved: str, kept: str) -> None:
    assert cleaner("MODIFIED").clean(text) == moved
    assert cleaner("UNMODIFIED").clean(text) == kept
