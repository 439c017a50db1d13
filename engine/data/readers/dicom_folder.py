"""A folder of DICOM files, however they are named or nested: the headers say what each film is.

Identifiers leave the header only as keyed hashes. Pixels are not read here (see `engine.data.dicom_pixels`), and
there are no reports and no labels. A unit is one file.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import MediaStorageDirectoryStorage

from engine.data.readers import Found, Outcome, ReadRules, dropped
from engine.data.records import FilmRecord
from engine.errors import DataError

_TAGS = [
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "PatientID", "PatientAge", "PatientBirthDate", "PatientSex",
    "Modality", "PresentationIntentType", "ViewPosition", "ViewCodeSequence", "PatientOrientation", "StudyDate",
    "StudyTime", "AcquisitionDate", "BurnedInAnnotation", "BodyPartExamined", "SeriesDescription", "ProtocolName",
]  # fmt: skip
_MODALITIES = ("CR", "DX")
_BODY_PARTS = re.compile(r"CHEST|THORAX|LUNG", re.IGNORECASE)
# PS3.16 CID 4010 in SNOMED CT, and the SNOMED-RT codes of older senders.
_VIEW_CODES = {
    **dict.fromkeys(("272479007", "R-40888", "R-10214"), "PA"),
    **dict.fromkeys(("399348003", "R-10206"), "AP"),
    **dict.fromkeys(("399033003", "R-10202"), "FRONTAL"),
    **dict.fromkeys(("399173006", "R-10236"), "LL"),
    **dict.fromkeys(("399198007", "R-10232"), "RL"),
    **dict.fromkeys(("399067008", "R-102CD"), "LATERAL"),
}
_VIEW_WORDS = {"LAT": "LATERAL", "LATERAL": "LATERAL", "PA": "PA", "AP": "AP"}


class DicomFolderReader:
    """Reads the headers of all files below a folder."""

    name = "dicom"

    def __init__(self, folder: Path, rules: ReadRules, licence: str = "", salt: str = "") -> None:
        """Take the folder; `salt` is a secret of the site that goes into every hash.

        Without a salt, whoever knows how a site numbers its patients can find them from their hashes.
        Raises DataError where the folder isn't one.
        """
        if not folder.is_dir():
            raise DataError(f"{folder} isn't a folder. Give the one that holds the DICOM files.")
        self.images = folder
        self.rules = rules
        self.licence = licence
        self._salt = salt.encode()

    def units(self) -> Sequence[str]:
        """List every file below the folder, hidden ones left out."""
        paths = (path.relative_to(self.images) for path in self.images.rglob("*") if path.is_file())
        return sorted(path.as_posix() for path in paths if not any(part[0] == "." for part in path.parts))

    def read(self, unit: str) -> Outcome:
        """Read one header."""
        try:
            ds = dcmread(self.images / unit, stop_before_pixels=True, specific_tags=_TAGS)
        except InvalidDicomError:
            return dropped("file that isn't DICOM")
        except (OSError, EOFError, ValueError, KeyError, NotImplementedError):
            return dropped("file that can't be read")
        reason = _refused(ds)
        return dropped(reason) if reason else Outcome((Found(self._record(unit, ds)),))

    def _record(self, unit: str, ds: Dataset) -> FilmRecord:
        patient = self._hashed(ds, "PatientID")
        return FilmRecord(
            key=self._hashed(ds, "SOPInstanceUID"),
            image=self.images / unit,
            source=self.name,
            patient=patient,
            study=self._hashed(ds, "StudyInstanceUID"),
            order=_text(ds, "StudyDate") + _text(ds, "StudyTime").split(".")[0]
            if _text(ds, "StudyDate")
            else "",
            view=view_of(ds),
            age=age_years(ds),
            sex=_text(ds, "PatientSex").upper(),
            labels=None,
            report=None,
            findings=None,
            impression=None,
            split=self.rules.split_of(self.name, patient),
            licence=self.licence,
        )

    def _hashed(self, ds: Dataset, keyword: str) -> str:
        value = f"{keyword}:{_text(ds, keyword)}".encode()
        return hashlib.blake2b(value, key=hashlib.sha256(self._salt).digest(), digest_size=12).hexdigest()


def view_of(ds: Dataset) -> str:
    """Give the view: View Position, else View Code, else what Patient Orientation allows, else ""."""
    position = _text(ds, "ViewPosition").upper()
    if position:
        return _VIEW_WORDS.get(position, position)
    codes = ds.get("ViewCodeSequence")
    if codes and _text(codes[0], "CodeValue") in _VIEW_CODES:
        return _VIEW_CODES[_text(codes[0], "CodeValue")]
    orientation = ds.get("PatientOrientation")
    row = str(orientation[0])[:1] if orientation and len(orientation) == 2 else ""
    # PS3.3 C.7.6.1.1.1: the direction in which the rows run.
    return {"L": "FRONTAL", "R": "FRONTAL", "A": "LATERAL", "P": "LATERAL"}.get(row, "")


def age_years(ds: Dataset) -> int | None:
    """Give the age in whole years: Patient's Age (PS3.5 6.2), else birth date against the study's date."""
    written = re.fullmatch(r"(\d{3})([DWMY])", _text(ds, "PatientAge").upper())
    if written:
        return int(int(written[1]) / {"Y": 1, "M": 12, "W": 52.18, "D": 365.25}[written[2]])
    born, taken = _date(ds, "PatientBirthDate"), _date(ds, "StudyDate") or _date(ds, "AcquisitionDate")
    if born is None or taken is None or taken < born:
        return None
    return taken.year - born.year - ((taken.month, taken.day) < (born.month, born.day))


def _refused(ds: Dataset) -> str:
    if _text(ds, "SOPClassUID") == MediaStorageDirectoryStorage or "SOPInstanceUID" not in ds:
        return "DICOM file that isn't an image"
    if _text(ds, "Modality") not in _MODALITIES:
        return "modality other than CR or DX"
    if _text(ds, "PresentationIntentType") == "FOR PROCESSING":
        return "film for processing, not for presentation"
    if _text(ds, "BurnedInAnnotation") == "YES":
        return "film with burned-in annotation"
    part = _text(ds, "BodyPartExamined")
    if part and not _BODY_PARTS.search(part):
        return "body part other than the chest"
    if not _text(ds, "PatientID"):
        return "film without a Patient ID"
    return ""


def _date(ds: Dataset, keyword: str) -> date | None:
    written = _text(ds, keyword)
    try:
        return date(int(written[:4]), int(written[4:6]), int(written[6:8])) if len(written) == 8 else None
    except ValueError:  # no day of the calendar: as good as no date
        return None


def _text(ds: Dataset, keyword: str) -> str:
    value = ds.get(keyword)
    return "" if value is None else str(value).strip()
