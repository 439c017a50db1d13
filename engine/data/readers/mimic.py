"""MIMIC-CXR-JPG, or MIMIC-CXR's DICOM files, in the layout in which PhysioNet gives them out.

    ROOT/files/p10/p10000032/s50414267/<dicom_id>.jpg (or .dcm)
    ROOT/mimic-cxr-2.0.0-split.csv(.gz), -metadata.csv(.gz), -chexpert.csv(.gz) or -negbio.csv(.gz)
    REPORTS/files/p10/p10000032/s50414267.txt   (mimic-cxr-reports.zip, unpacked in ROOT or elsewhere)

A unit is one film. Ages are in none of these files; they come from MIMIC-IV's `patients.csv(.gz)` where it is
given: anchor age plus the study's year minus the anchor year, as MIMIC-IV defines it.
"""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

from engine.data.readers import Found, Outcome, ReadRules, counted, dropped, text_fields, texts_of
from engine.data.readers.tables import Columns, find_table, read_columns, rows
from engine.data.records import FilmRecord
from engine.errors import DataError

Labeler = Literal["chexpert", "negbio", "none"]
LICENCE = "PhysioNet Credentialed Health Data License 1.5.0"
_ID_COLUMNS = ("subject_id", "study_id")
_METADATA = ("dicom_id", *_ID_COLUMNS, "ViewPosition", "StudyDate", "StudyTime")
_REPORT_FOLDERS = ("", "reports", "mimic-cxr-reports")


class MimicReader:
    """Reads the films that the metadata table lists, sorted by patient, study and film."""

    name = "mimic-cxr"
    licence = LICENCE

    def __init__(
        self,
        root: Path,
        rules: ReadRules,
        reports: Path | None = None,
        patients: Path | None = None,
        labeler: Labeler = "chexpert",
    ) -> None:
        """Take the folder `root`; `reports` is the folder that holds the reports' own `files`.

        Without it they are looked for in `root`, and films have no report where they aren't there either.
        Raises DataError where a table that is needed is missing.
        """
        self.images = root
        self.rules = rules
        self._reports = _reports_folder(root, reports)
        self._films = {
            row["dicom_id"]: row for row in rows(read_columns(_table(root, "metadata"), _METADATA, _METADATA))
        }
        self._splits = _splits(root) if rules.keep_split else {}
        said = None if labeler == "none" else read_columns(_table(root, labeler), _ID_COLUMNS)
        self._labels = {} if said is None else _labelled(said, ("1.0", "1"))
        self._uncertain = {} if said is None else _labelled(said, ("-1.0", "-1"))
        self._patients = {} if patients is None else _patients(patients)

    def units(self) -> Sequence[str]:
        """List the dicom_ids."""
        return sorted(self._films, key=lambda film: (*_ids(self._films[film]), film))

    def read(self, unit: str) -> Outcome:
        """Read one film with its study's report and labels."""
        film = self._films[unit]
        patient, study = _ids(film)
        split = self._splits.get(unit, "")
        if self.rules.keep_split and not split:
            return dropped("film without a split in the split table")
        image = self._image(patient, study, unit)
        report = self._report(patient, study)
        read = texts_of(report, self.rules.texts)
        years, sex = self._age_and_sex(patient, film["StudyDate"])
        record = FilmRecord(
            key=unit,
            image=image or self._path(patient, study, unit, ".jpg"),
            source=self.name,
            patient=patient,
            study=study,
            order=_order(film["StudyDate"], film["StudyTime"]),
            view=_view(film["ViewPosition"]),
            age=years,
            sex=sex,
            labels=self._labels.get(study),
            split=self.rules.split_of(self.name, patient, split),
            licence=LICENCE,
            uncertain=self._uncertain.get(study, frozenset()),
            **text_fields(report, read),
        )
        counts = counted(read) if report is not None else Counter({"films without a report file": 1})
        joined = None if read is None or read.refused else read.sections.joined
        return Outcome((Found(record, joined, image is not None),), counts=counts)

    def _path(self, patient: str, study: str, film: str, suffix: str) -> Path:
        return self.images / "files" / patient[:3] / patient / study / f"{film}{suffix}"

    def _image(self, patient: str, study: str, film: str) -> Path | None:
        paths = (self._path(patient, study, film, suffix) for suffix in (".jpg", ".dcm"))
        return next((path for path in paths if path.is_file()), None)

    def _report(self, patient: str, study: str) -> str | None:
        if self._reports is None:
            return None
        return _read_text(self._reports / "files" / patient[:3] / patient / f"{study}.txt")

    def _age_and_sex(self, patient: str, study_date: str) -> tuple[int | None, str]:
        age, year, sex = self._patients.get(patient, (None, 0, ""))
        if age is None or not study_date[:4].isdigit():
            return None, sex
        return age + int(study_date[:4]) - year, sex


@lru_cache(maxsize=8)
def _read_text(path: Path) -> str | None:
    """Read a report; the films of a study come one after the other."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None


def _ids(row: dict[str, str]) -> tuple[str, str]:
    return f"p{row['subject_id']}", f"s{row['study_id']}"


def _order(day: str, time: str) -> str:
    """Date and time as text that sorts; the table writes times as numbers that lost their leading zeros."""
    if not day:
        return ""
    whole, _, part = time.partition(".")
    return f"{day}{whole.zfill(6)}.{part or '0'}"


def _view(position: str) -> str:
    plain = position.strip().upper()
    return "LL" if plain in ("LATERAL", "LL") else plain


def _table(root: Path, kind: str) -> Path:
    path = find_table(root, [f"mimic-cxr-*-{kind}.csv.gz", f"mimic-cxr-*-{kind}.csv"])
    if path is None:
        raise DataError(
            f"{root} holds no mimic-cxr-*-{kind}.csv(.gz). Put MIMIC-CXR-JPG's tables beside its folder `files`."
        )
    return path


def _reports_folder(root: Path, given: Path | None) -> Path | None:
    """The folder whose `files` hold texts: as given, or where the unpacked archive usually lies; else none."""
    place = root if given is None else given
    for name in _REPORT_FOLDERS:
        if next((place / name / "files").glob("p*/p*/s*.txt"), None) is not None:
            return place / name
    if given is None:
        return None
    raise DataError(
        f"{given} holds no reports (files/pNN/pNNNNNNNN/sNNNNNNNN.txt). Unpack mimic-cxr-reports.zip and name "
        "its folder with --reports."
    )


def _splits(root: Path) -> dict[str, str]:
    columns = read_columns(_table(root, "split"), ("dicom_id", "split"))
    return dict(zip(columns["dicom_id"], columns["split"], strict=True))


def _labelled(columns: Columns, state: tuple[str, ...]) -> dict[str, frozenset[str]]:
    """The findings whose cell is one of `state`, by study: 1.0 is positive, -1.0 uncertain."""
    names = [name for name in columns if name not in _ID_COLUMNS]
    return {
        f"s{row['study_id']}": frozenset(name for name in names if row[name] in state)
        for row in rows(columns)
    }


def _patients(path: Path) -> dict[str, tuple[int | None, int, str]]:
    columns = read_columns(path, ("subject_id", "gender", "anchor_age", "anchor_year"))
    try:
        return {
            f"p{row['subject_id']}": (int(row["anchor_age"]), int(row["anchor_year"]), row["gender"])
            for row in rows(columns)
        }
    except ValueError as error:
        raise DataError(f"The table {path} holds an age or year that isn't a number: {error}.") from error
