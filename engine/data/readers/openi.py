"""The Indiana University chest films of Open-i: one XML file for each report, PNG films beside them.

Reads a folder of the XML files (`ecgen-radiology`), their archive (`NLMCXR_reports.tgz`), or the copy inside an
installed torchxrayvision (`torchxrayvision` in place of a path; that one has texts and no films). A unit is one
report. Views are not in the XML: a table with the films' names and `View Position` or `projection` gives them.
The texts stand under CC BY-NC-ND 4.0: a model trained on them inherits that question.
"""

import importlib.util
import re
import tarfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

from engine.data.readers import Found, Outcome, ReadRules, counted, dropped, text_fields
from engine.data.readers.tables import read_columns
from engine.data.records import FilmRecord
from engine.data.report_texts import ReportTexts, read_sections
from engine.data.sections import Sections
from engine.errors import DataError

INSTALLED = "torchxrayvision"
_ARCHIVE = "data/NLMCXR_reports.tgz"
_SUFFIXES = (".png", ".jpg", ".dcm")
_FILM = re.compile(r"(?:CXR)?(\d+)_(?:\d+_)?(IM-[\d-]+)")
_VIEWS = {"LATERAL": "LL", "FRONTAL": "FRONTAL"}
_NO_JUDGEMENT = ("no indexing", "technical quality of image unsatisfactory")
# Major headings that are the NIH findings under another name; every other heading keeps its own.
_NIH_NAMES = {
    "normal": "No Finding",
    "pulmonary atelectasis": "Atelectasis",
    "pleural effusion": "Effusion",
    "infiltrate": "Infiltration",
    "pulmonary edema": "Edema",
    "pulmonary emphysema": "Emphysema",
    "pulmonary fibrosis": "Fibrosis",
    "hernia, hiatal": "Hernia",
}


class OpeniReader:
    """Reads every report and the films that it names."""

    name = "openi"
    licence = "CC BY-NC-ND 4.0"

    def __init__(
        self,
        reports: str | Path,
        rules: ReadRules,
        images: Path | None = None,
        views: Path | None = None,
        texts_only: bool = False,
    ) -> None:
        """Read all XML texts; with `texts_only` a report gives one record under its own name, without films.

        Raises DataError where there are no reports or the views' table isn't one.
        """
        self.rules = rules
        self.images = Path() if images is None else images
        self.texts_only = texts_only
        if images is None and not texts_only:
            raise DataError("Open-i's films need their folder: give --images, or --texts-only to do without.")
        self._reports = _read_all(reports)
        self._views = {} if views is None else _read_views(views)

    def units(self) -> Sequence[str]:
        """List the reports by the number in their name."""
        return sorted(self._reports, key=lambda name: (int(re.sub(r"\D", "", name) or 0), name))

    def read(self, unit: str) -> Outcome:
        """Read one report and its films."""
        try:
            root = ElementTree.fromstring(self._reports[unit])
        except ElementTree.ParseError:
            return dropped("report that isn't XML")
        name = _attribute(root, "uId", "id") or unit
        sections = {
            entry.get("Label", ""): " ".join((entry.text or "").split())
            for entry in root.iter("AbstractText")
        }
        read = read_sections(_sections(sections), self.rules.texts)
        films = [image.get("id", "") for image in root.iter("parentImage")]
        if self.texts_only:
            return Outcome((self._found(name, name, sections, read, root),), counts=counted(read))
        if not films:
            return dropped("report that names no film")
        found = tuple(self._found(name, film, sections, read, root) for film in films)
        return Outcome(found, counts=counted(read))

    def _found(
        self, name: str, film: str, sections: dict[str, str], read: ReportTexts, root: ElementTree.Element
    ) -> Found:
        report = "\n".join(f"{label}: {text}" for label, text in sections.items() if text)
        record = FilmRecord(
            key=film,
            image=self._image(film),
            source=self.name,
            # One report a patient, as far as the collection says.
            patient=name,
            study=name,
            order="",
            view=self._views.get(_film_name(film), ""),
            age=None,
            sex="",
            labels=_labels(root),
            split=self.rules.split_of(self.name, name),
            licence=self._licence(root),
            **text_fields(report or None, read),
        )
        text = None if read.refused else read.sections.joined
        return Found(record, text, record.image.is_file() or self.texts_only)

    def _licence(self, root: ElementTree.Element) -> str:
        stated = _attribute(root, "ccLicense", None)
        return self.licence if stated in ("", "byncnd") else stated

    def _image(self, film: str) -> Path:
        paths = (self.images / f"{film}{suffix}" for suffix in _SUFFIXES)
        return next((path for path in paths if path.is_file()), self.images / f"{film}{_SUFFIXES[0]}")


def _sections(texts: dict[str, str]) -> Sections:
    findings, impression = texts.get("FINDINGS") or None, texts.get("IMPRESSION") or None
    return Sections(findings, impression, " ".join(text for text in (findings, impression) if text) or None)


def _labels(root: ElementTree.Element) -> frozenset[str] | None:
    """The major headings without their qualifiers, findings of the NIH list by their NIH names."""
    heads = {(entry.text or "").split("/")[0].strip() for entry in root.iter("major")}
    judged = {head for head in heads if head and head.lower() not in _NO_JUDGEMENT}
    return frozenset(_NIH_NAMES.get(head.lower(), head) for head in judged) or None


def _attribute(root: ElementTree.Element, tag: str, key: str | None) -> str:
    element = root.find(f".//{tag}")
    if element is None:
        return ""
    return ((element.text if key is None else element.get(key)) or "").strip()


def _read_all(source: str | Path) -> dict[str, bytes]:
    path = _installed() if str(source) == INSTALLED else Path(source)
    try:
        texts = _from_folder(path) if path.is_dir() else _from_archive(path)
    except (OSError, tarfile.TarError) as error:
        raise DataError(f"The reports in {path} can't be read: {error}.") from error
    if not texts:
        raise DataError(f"{path} holds no XML reports. Give Open-i's folder ecgen-radiology or its archive.")
    return texts


def _from_folder(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.xml")}


def _from_archive(path: Path) -> dict[str, bytes]:
    texts: dict[str, bytes] = {}
    with tarfile.open(path) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isfile() and member.name.endswith(".xml") else None
            if file is not None:
                texts[PurePosixPath(member.name).name] = file.read()
    return texts


def _installed() -> Path:
    """Find the archive in an installed torchxrayvision without importing it: that would load torch."""
    spec = importlib.util.find_spec(INSTALLED)
    if spec is None or spec.origin is None:
        raise DataError(
            "torchxrayvision isn't installed here. Install it, or give the folder of the XML reports."
        )
    return Path(spec.origin).parent / _ARCHIVE


def _film_name(name: str) -> str:
    """The name that the collection's tables share: CXR1_1_IM-0001-3001 and 1_IM-0001-3001.dcm.png are one film."""
    match = _FILM.search(name)
    return f"{match[1]}_{match[2]}" if match else name


def _read_views(table: Path) -> dict[str, str]:
    columns = read_columns(table, (), ("imageid", "filename", "View Position", "projection"))
    names = columns.get("imageid") or columns.get("filename")
    views = columns.get("View Position") or columns.get("projection")
    if names is None or views is None:
        raise DataError(
            f"{table} isn't a table of views: it needs imageid or filename, and View Position or projection."
        )
    plain = (view.strip().upper() for view in views)
    return {_film_name(name): _VIEWS.get(view, view) for name, view in zip(names, plain, strict=True)}
