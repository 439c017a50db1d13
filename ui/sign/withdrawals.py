"""What a retraction tells whom, in words: destination by destination, from the deliveries that there are. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

from llmcxr_ws.domain import RetractionPlan, Withdrawal
from ui.documents import document_name
from ui.language import mark, tr

_TOLD = {
    "dicom": mark("gets a rejection note for each document that it holds: {documents}."),
    "hl7": mark("gets a message that cancels the result (OBR-25 X, OBX-11 W), for each of: {documents}."),
    "fhir": mark("has its resource set to “entered in error”, without its words: {documents}."),
}


@dataclass(frozen=True)
class Told:
    """What one destination is told; `tone` is empty, or "attention" where that isn't all as it should be."""

    destination: str
    words: str
    tone: str = ""


def told(plan: RetractionPlan) -> tuple[Told, ...]:
    """Return what becomes of a report at each destination that has something of it, or was to get something."""
    by_name: dict[str, list[Withdrawal]] = {}
    for one in plan.withdrawals:
        by_name.setdefault(one.destination, []).append(one)
    lines = [_told(name, found) for name, found in by_name.items()]
    kept_back: dict[str, list[str]] = {}
    for row in plan.kept_back:
        kept_back.setdefault(row.peer, []).append(_name(row.kind, row.stage))
    lines += [
        Told(
            name,
            tr("hasn't got this yet, and won't: {documents}.", documents=_listed(documents)),
        )
        for name, documents in kept_back.items()
    ]
    return tuple(lines)


def summary(plan: RetractionPlan) -> str:
    """Return what is to be said of all of it."""
    if plan.is_in_doubt:
        return tr(
            "Of a document that is under way it isn't known yet whether it arrived; the request waits until it is."
        )
    if not plan.withdrawals:
        return tr("Nothing of this report has left, so nobody is told.")
    return ""


def _told(name: str, found: list[Withdrawal]) -> Told:
    documents = _listed([_name(one.kind, one.stage) for one in found])
    if not found[0].is_known:
        gone = tr(
            "holds {documents}, but is no longer among the site's destinations, so it can't be told. Have it "
            "withdrawn there.",
            documents=documents,
        )
        return Told(name, gone, "attention")
    words = [tr(_TOLD[found[0].way], documents=documents)]
    if not all(one.is_certain for one in found):
        words.append(tr("Whether all of that arrived isn't certain; it is withdrawn all the same."))
    return Told(name, " ".join(words))


def _listed(documents: list[str]) -> str:
    return "; ".join(dict.fromkeys(documents))


def _name(kind: str, stage: str) -> str:
    name = document_name(kind)
    return tr("{document} (of the draft)", document=name) if stage == "draft" and kind != "draft" else name
