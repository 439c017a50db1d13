"""Which attributes the node's own questions bear, for the conformance statement: read off the questions themselves.

The functions that ask are run with a peer that answers like an archive of one study; what they ask is written down.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Final
from unittest.mock import patch

from pydicom.dataset import Dataset

from dicom_node import counts, orders, priors, ways
from dicom_node.association import LocalEntity
from dicom_node.steps import asking, requests
from llmcxr_ws.domain import Identity
from llmcxr_ws.site import Peer

_UID: Final = "1.2.3"
_PEER: Final = Peer(name="pacs", ae_title="PACS", host="127.0.0.1", port=1)
_PATIENT: Final = Identity(patient_id="1", accession_number="2")

Question = tuple[str, str, str, str]
"""What it is for, level, keys that are matched, keys that are returned."""


class _Archive:
    """Answers every question with one match, and writes it down."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    def find(self, _local: object, _peer: object, level: str, keys: Mapping[str, Any]) -> list[Dataset]:
        self.asked.append((level, keys))
        match = Dataset()
        match.PatientID, match.StudyInstanceUID, match.StudyDate = "1", "1.2.4", "20200101"
        match.SeriesInstanceUID, match.SOPInstanceUID, match.Modality = "1.2.5", "1.2.6", "DX"
        return [match]

    def ask(self, level: str, keys: Mapping[str, Any], _limit: int | None = None) -> list[Dataset]:
        return self.find(None, None, level, keys)

    def __enter__(self) -> _Archive:
        return self

    def __exit__(self, *_: object) -> None:
        return


def questions() -> Iterator[Question]:
    """Every question of C-FIND and QIDO-RS that the node asks by itself, in the order of a study's way."""
    local = LocalEntity()
    for purpose, ask in (
        ("completeness", lambda: counts.images_at(local, _PEER, _UID, 0)),
        ("priors", lambda: priors.earlier_studies(local, _PEER, _PATIENT, (_UID, ""), years=5, most=3)),
        ("identity before a signature", lambda: requests.ask_identity(_desk(), _PEER, _UID)),
        ("whether a document is held", lambda: list(asking.held_by(_desk(), _PEER, [_document()]))),
    ):
        archive = _Archive()
        with (
            patch.object(ways, "find", archive.find),
            patch.object(ways, "open_finding", lambda *_, archive=archive: archive),
            patch.object(asking, "_study_of", lambda *_: _UID),
        ):
            ask()
        for level, keys in archive.asked:
            yield purpose, level, _names(keys, matched=True), _names(keys, matched=False)


def worklist_keys() -> list[tuple[str, str]]:
    """Attributes of the Modality Worklist identifier, and whether they are matched by."""
    of_order = orders._identifier({"AccessionNumber": "1"}, "")
    of_patient = orders._identifier({"PatientID": "1"}, "20200101")
    return list(_worklist_rows(of_order, of_patient, ""))


def _worklist_rows(first: Dataset, second: Dataset, inside: str) -> Iterator[tuple[str, str]]:
    for element in first:
        name = f"{inside}{element.name}"
        if element.VR == "SQ" and element.value:
            yield from _worklist_rows(element.value[0], second[element.tag].value[0], f"{name} > ")
            continue
        said = []
        if not element.is_empty:
            said.append("matched, where there is an accession number")
        if not second[element.tag].is_empty:
            said.append("matched, where there is none")
        yield name, "; ".join(said) or "returned"


def _desk() -> Any:
    return SimpleNamespace(local=LocalEntity())


def _document() -> Any:
    return SimpleNamespace(series_instance_uid="1.2.5", sop_instance_uid="1.2.6")


def _names(keys: Mapping[str, str | Sequence[str]], *, matched: bool) -> str:
    return ", ".join(keyword for keyword, value in keys.items() if bool(value) is matched)
