"""Which films stay: a list of named conditions, each drop counted under the first one that a film fails.

Deliberately no pixels: what a film shows is judged when it is encoded.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.data.records import FilmRecord

Views = Literal["any", "frontal", "PA", "AP"]
Texts = Literal["none", "any", "findings", "impression"]
Condition = Callable[[FilmRecord], bool]


@dataclass(frozen=True)
class FilterRules:
    """What a film must be to stay; `first_study` keeps each patient's earliest study alone."""

    views: Views = "frontal"
    first_study: bool = False
    text: Texts = "none"
    adults: bool = False
    known_age: bool = False
    labelled: bool = False
    image: bool = True


def apply(
    records: Sequence[FilmRecord], rules: FilterRules, missing: Collection[str] = ()
) -> tuple[list[FilmRecord], Counter[str]]:
    """Give the films that stay, in their order, and the number dropped for each reason.

    `missing` are the keys of the films whose file isn't there.

    A patient's first study is sought among all films, before any other condition: a later study is never the
    first one because the first had no frontal film or no report.
    """
    drops: Counter[str] = Counter()
    kept = []
    conditions = _conditions(records, rules, frozenset(missing))
    for record in records:
        reason = next((reason for reason, holds in conditions if not holds(record)), None)
        if reason is None:
            kept.append(record)
        else:
            drops[reason] += 1
    return kept, drops


def first_studies(records: Sequence[FilmRecord]) -> dict[tuple[str, str], str]:
    """Give each patient's earliest study by (source, patient).

    A patient of whom a film has no date is left out unless all films are of one study: what came first isn't
    known.
    """
    studies: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for record in records:
        studies.setdefault((record.source, record.patient), set()).add((record.order, record.study))
    return {
        patient: min(seen)[1]
        for patient, seen in studies.items()
        if all(order for order, _ in seen) or len({study for _, study in seen}) == 1
    }


def _conditions(
    records: Sequence[FilmRecord], rules: FilterRules, missing: frozenset[str]
) -> list[tuple[str, Condition]]:
    conditions: list[tuple[str, Condition]] = []
    if rules.first_study:
        first = first_studies(records)
        conditions += [
            ("patient whose first study isn't known", lambda film: (film.source, film.patient) in first),
            ("not the patient's first study", lambda film: first[film.source, film.patient] == film.study),
        ]
    if rules.image:
        conditions.append(("image file missing", lambda film: film.key not in missing))
    if rules.views == "frontal":
        conditions.append(("view not frontal", lambda film: film.frontal or not film.view))
        conditions.append(("view not known", lambda film: bool(film.view)))
    elif rules.views != "any":
        conditions.append((f"view not {rules.views}", lambda film: film.view == rules.views))
    if rules.known_age or rules.adults:
        conditions.append(("age not known", lambda film: film.age is not None))
    if rules.adults:
        conditions.append(("under 18 years", lambda film: film.adult))
    if rules.labelled:
        conditions.append(("no labels", lambda film: film.labels is not None))
    if rules.text != "none":
        conditions.append(_text_condition(rules.text))
    return conditions


def _text_condition(needed: Texts) -> tuple[str, Condition]:
    if needed == "findings":
        return "no findings section", lambda film: film.findings is not None
    if needed == "impression":
        return "no impression section", lambda film: film.impression is not None
    return "neither findings nor impression", lambda film: bool(film.findings or film.impression)
