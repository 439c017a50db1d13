"""Read regions and findings out of a kept draft: its maps, its sentences' confidence, the classifier beside it.

Pure functions of the report row. A sentence marks a region only where it says that something is there: a box around
what "no effusion" depends on would be read as an effusion.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from pydicom.dataset import Dataset

from dicom_node.documents.findings import Algorithm, Finding, Presence
from dicom_node.documents.regions import Box, Region, box_of_map, tracking_uid
from llmcxr_ws import sentences
from llmcxr_ws.domain import MapRow, ReportRow
from llmcxr_ws.guards.statements import Statement, statements
from llmcxr_ws.store.maps import READY

_PRESENCE: Final[dict[str, Presence]] = {
    "affirmed": "present",
    "denied": "absent",
    "possible": "undetermined",
}
_ABNORMAL: Final = "Abnormal"


def examined_part(report: ReportRow, film: Dataset) -> Box:
    """Return the part of the film that the model saw, in the film's pixels; all of it where nothing was noted."""
    rows, columns = int(film.get("Rows") or 0), int(film.get("Columns") or 0)
    seen = report.evidence.get("seen")
    if not isinstance(seen, dict):
        return 0.0, 0.0, float(columns), float(rows)
    across = [min(max(float(seen[side]), 0.0), 1.0) * columns for side in ("left", "right")]
    down = [min(max(float(seen[side]), 0.0), 1.0) * rows for side in ("top", "bottom")]
    return across[0], down[0], across[1], down[1]


def read_regions(report: ReportRow, film: Dataset, made: Iterable[MapRow]) -> tuple[Region, ...]:
    """Return the region of each sentence that says that something is there, in the order of the draft."""
    examined = examined_part(report, film)
    by_sentence = {row.sentence: row for row in made if row.state == READY}
    found = []
    for number, text in enumerate(sentences.split(report.ai_text), 1):
        row = by_sentence.get(text)
        if row is None or row.facts.get("says_normal") or not _says_something_is_there(text):
            continue
        box = box_of_map(row.values, row.rows, row.columns, examined)
        if box is not None:
            found.append(
                Region(
                    box=box,
                    words=text,
                    tracking_uid=_tracked(report, f"sentence {text}"),
                    tracking_id=f"AI sentence {number}",
                )
            )
    return tuple(found)


def read_findings(report: ReportRow, regions: Sequence[Region]) -> tuple[Finding, ...]:
    """Return what the draft's sentences say of findings, then what the classifier says of its labels.

    None of a draft that says nothing that is known and has no classifier.
    """
    return (*_of_sentences(report, regions), *_of_classifier(report))


def _of_sentences(report: ReportRow, regions: Sequence[Region]) -> Iterator[Finding]:
    entries = {entry["text"]: entry.get("confidence") for entry in report.evidence.get("sentences") or ()}
    by_words = {region.words: region for region in regions}
    told: set[str] = set()
    marked: set[str] = set()
    for number, text in enumerate(sentences.split(report.ai_text), 1):
        confidence = entries.get(text)
        for name, presence in _said(text):
            key = f"sentence {text} {name}"
            if key in told:
                continue
            told.add(key)
            region = by_words.get(text) if presence != "absent" else None
            uid = _tracked(report, key)
            if region is not None and region.tracking_uid not in marked:
                # The region's mark and the first finding that it belongs to are known by one UID.
                uid = region.tracking_uid
                marked.add(uid)
            yield Finding(
                name=name,
                algorithm=_sentence_algorithm(report, confidence, region),
                tracking_uid=uid,
                tracking_id=f"AI sentence {number}: {name}",
                certainty=None if confidence is None else float(confidence),
                presence=presence,
                region=region,
            )


def _of_classifier(report: ReportRow) -> Iterator[Finding]:
    """The labels of the collection that the classifier's verdict is of, else all."""
    guard = report.evidence.get("guard")
    if not isinstance(guard, dict):
        return
    thresholds: dict[str, float] = report.evidence.get("guard_thresholds") or {}
    for label, probability in guard.get("probabilities", {}).items():
        if thresholds and label not in thresholds:
            continue
        name = label.rpartition("/")[2]
        threshold = thresholds.get(label)
        parameters = ["Certainty: output of the classifier, not calibrated"]
        presence: Presence | None = None
        if threshold is not None:
            parameters.append(f"Threshold {threshold:.4g}")
            presence = "present" if probability > threshold else "absent"
        yield Finding(
            name=name,
            algorithm=Algorithm(
                name=f"{report.model_name} classifier",
                version=str(guard.get("version") or report.model_version),
                parameters=tuple(parameters),
            ),
            tracking_uid=_tracked(report, f"classifier {label}"),
            tracking_id=f"AI classifier: {name}",
            certainty=min(max(float(probability), 0.0), 1.0),
            presence=presence,
        )


def _said(text: str) -> Iterator[tuple[str, Presence]]:
    """What a sentence says of findings; one that denies several at once says that nothing is abnormal."""
    found = statements(text)
    if found and all(statement.is_summary for statement in found):
        yield _ABNORMAL, "absent"
        return
    for statement in found:
        if not statement.is_summary:
            yield statement.finding, _PRESENCE[statement.state]


def _says_something_is_there(text: str) -> bool:
    found: tuple[Statement, ...] = statements(text)
    return not found or any(statement.state != "denied" for statement in found)


def _sentence_algorithm(report: ReportRow, confidence: Any, region: Region | None) -> Algorithm:
    parameters = ["Presence: as the sentence says it, read by rules"]
    if confidence is not None:
        parameters.append("Certainty: calibrated confidence that the sentence is true")
    if region is not None:
        parameters.append("Region: box around what the words depend on (occlusion), no outline of a disease")
    return Algorithm(name=report.model_name, version=report.model_version, parameters=tuple(parameters))


def _tracked(report: ReportRow, what: str) -> str:
    return tracking_uid(report.film_sop_instance_uid, report.model_device_uid, what)
