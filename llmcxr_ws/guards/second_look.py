"""The text against the bundle's small classifier, which has looked at the film itself."""

from __future__ import annotations

from llmcxr_ws.guards import lexicon
from llmcxr_ws.guards.objections import Objection, SecondLook
from llmcxr_ws.guards.statements import Statement, statements

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
        return [
            Objection(
                "second_look.abnormal",
                "A second network calls this film abnormal; the text names no finding as present.",
            )
        ]
    affirmed = tuple(one.place for one in present if one.state == "affirmed")
    if not seen.abnormal and affirmed:
        return [
            Objection(
                "second_look.normal",
                "A second network calls this film normal; the text affirms a finding.",
                affirmed,
            )
        ]
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
            figures = f"{probability:.2f}, threshold {threshold:.2f}"
            if denied and not affirmed and probability > threshold:
                sentence = f"The text denies {finding}; a second network sees it ({figures})."
                places = tuple(one.place for one in denied)
                made.setdefault((finding, "denied"), Objection("second_look.denied", sentence, places))
            if affirmed and probability < threshold * AFFIRMED_BELOW:
                sentence = f"The text affirms {finding}; a second network doesn't see it ({figures})."
                places = tuple(one.place for one in affirmed)
                made.setdefault((finding, "affirmed"), Objection("second_look.affirmed", sentence, places))
    return list(made.values())
