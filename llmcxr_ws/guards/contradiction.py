"""What a text says against itself: a finding both denied and affirmed, or on another side in the impression."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from llmcxr_ws.guards import lexicon
from llmcxr_ws.guards.objections import Objection, Place, quote
from llmcxr_ws.guards.statements import Section, Statement, statements
from llmcxr_ws.guards.wording import objection

_DEVICES = "support device"


def check(text: str) -> list[Objection]:
    """Object to each finding that the text denies and affirms, and to each whose side changes between sections."""
    said = statements(text)
    return [*_denied_and_affirmed(text, said), *_other_side(text, said)]


def _denied_and_affirmed(text: str, said: Sequence[Statement]) -> list[Objection]:
    made: dict[tuple[Place, Place], Objection] = {}
    for denied in said:
        if denied.state != "denied" or denied.is_excepted:
            continue
        for affirmed in said:
            if not _contradicts(denied, affirmed):
                continue
            key = (denied.place, affirmed.place)
            words = {"finding": affirmed.finding, "said": quote(text, denied.sentence)}
            if denied.sentence == affirmed.sentence:
                found = objection("contradiction.negation/one", key, **words)
            else:
                other = quote(text, affirmed.sentence)
                found = objection("contradiction.negation/two", key, **words, other=other)
            made.setdefault(key, found)
    return list(made.values())


def _contradicts(denied: Statement, affirmed: Statement) -> bool:
    if affirmed.state != "affirmed" or denied.finding != affirmed.finding:
        return False
    if denied.finding == _DEVICES:
        return False  # one is there, another was taken out
    if denied.is_summary and (affirmed.limits & {"old", "chronic", "remote", "healed", "calcified"}):
        return False
    # To deny one kind ("no acute fracture") denies only that kind, one side or zone only that one.
    return (
        denied.limits <= affirmed.limits
        and _within(denied.sides, affirmed.sides)
        and _within(denied.zones, affirmed.zones)
    )


def _within(denied: frozenset[str], affirmed: frozenset[str]) -> bool:
    """Whether what was affirmed surely touches what was denied; denied without a place is denied everywhere."""
    if not denied:
        return True
    return bool(affirmed & denied)


def _other_side(text: str, said: Sequence[Statement]) -> list[Objection]:
    made: dict[tuple[str, frozenset[str]], Objection] = {}
    for finding in lexicon.FINDINGS:
        if finding == _DEVICES:
            continue  # a tube on one side and a line on the other are both devices
        before = _sided(said, "findings", {finding})
        if not before:
            before = _sided(said, "findings", lexicon.AIRSPACE) if finding in lexicon.AIRSPACE else []
        after = _sided(said, "impression", {finding})
        if not before or not after or any(not one.sides for one in before):
            continue
        known = frozenset().union(*(one.sides for one in before))
        for one in after:
            if one.sides and not one.sides & known:
                found = objection(
                    "laterality.sections",
                    (before[0].place, one.place),
                    finding=finding,
                    said=quote(text, before[0].sentence),
                    other=quote(text, one.sentence),
                )
                made.setdefault((finding, one.sides), found)
    return list(made.values())


def _sided(said: Iterable[Statement], section: Section, findings: Iterable[str]) -> list[Statement]:
    wanted = frozenset(findings)
    return [
        one
        for one in said
        if one.section == section and one.finding in wanted and one.state in ("affirmed", "possible")
    ]
