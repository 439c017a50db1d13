"""The text against the bundle's small classifier, which has looked at the film itself."""

from __future__ import annotations

from llmcxr_ws.guards import lexicon
from llmcxr_ws.guards.objections import Objection, SecondLook
from llmcxr_ws.guards.statements import Statement, statements
from llmcxr_ws.guards.wording import objection

# A finding is only doubted where the classifier is well below its threshold: it misses more than it makes up.
AFFIRMED_BELOW = 0.5


def check(text: str, seen: SecondLook | None) -> list[Objection]:
    """Object where classifier and text part on normal or abnormal, or on a finding that both speak of."""
    if seen is None or not text.strip():
        return []
    said = [one for one in statements(text) if one.finding != "support device"]
    return [*_on_the_whole(said, seen), *_finding_by_finding(said, seen)]


def _on_the_whole(said: list[Statement], seen: SecondLook) -> list[Objection]:
    present = [one for one in said if one.state in ("affirmed", "possible")]
    if seen.abnormal and said and not present:
        return [objection("second_look.abnormal")]
    affirmed = tuple(one.place for one in present if one.state == "affirmed")
    if not seen.abnormal and affirmed:
        return [objection("second_look.normal", affirmed)]
    return []


def _finding_by_finding(said: list[Statement], seen: SecondLook) -> list[Objection]:
    made: dict[tuple[str, str], Objection] = {}
    for label, probability in seen.probabilities.items():
        threshold = seen.thresholds.get(label)
        if threshold is None:
            continue
        for finding in sorted(lexicon.findings_called(label)):
            affirmed = [one for one in said if one.finding == finding and one.state == "affirmed"]
            denied = [
                one for one in said if one.finding == finding and one.state == "denied" and not one.limits
            ]
            words = {
                "finding": finding,
                "probability": f"{probability:.2f}",
                "threshold": f"{threshold:.2f}",
            }
            if denied and not affirmed and probability > threshold:
                places = [one.place for one in denied]
                made.setdefault((finding, "denied"), objection("second_look.denied", places, **words))
            if affirmed and probability < threshold * AFFIRMED_BELOW:
                places = [one.place for one in affirmed]
                made.setdefault((finding, "affirmed"), objection("second_look.affirmed", places, **words))
    return list(made.values())
