"""From a raw report to the texts to train on: sections, blanked words, references to earlier films.

One set of rules for all readers; what was dropped is counted by what dropped it.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from engine.data.sections import NO_SECTIONS, SectionRule, Sections, parse
from engine.data.sentences import BLANK, has_blank, sentences, speaks_of_earlier, without

Handling = Literal["keep", "drop-sentences", "drop-report"]


@dataclass(frozen=True)
class TextRules:
    """How reports are read; `headerless` says that a text without headers is an impression as a whole."""

    sections: SectionRule = "robust"
    blanks: Handling = "drop-sentences"
    prior: Handling = "drop-sentences"
    headerless: bool = False


@dataclass(frozen=True)
class ReportTexts:
    """The texts of one report; `refused` is why it was dropped as a whole, `counts` what was found in it."""

    sections: Sections
    refused: str = ""
    counts: Counter[str] = field(default_factory=Counter)


def read_report(report: str, rules: TextRules) -> ReportTexts:
    """Parse a report and apply the rules to its sections."""
    found = parse(report, rules.sections)
    if rules.headerless and found == NO_SECTIONS and report.strip():
        whole = " ".join(report.split())
        found = Sections(None, whole, whole)
    return read_sections(found, rules)


def read_sections(found: Sections, rules: TextRules) -> ReportTexts:
    """Apply the rules to sections that the source itself tells apart."""
    counts: Counter[str] = Counter()
    if found == NO_SECTIONS:
        return ReportTexts(found, "", Counter({"reports without a section": 1}))
    counts["blanked words"] = len(BLANK.findall(found.joined or ""))
    for name, handling, unwanted in _steps(rules):
        spoken = [one for text in _texts(found) for one in sentences(text) if unwanted(one)]
        counts[f"sentences with {name}"] += len(spoken)
        if handling == "drop-report" and spoken:
            return ReportTexts(NO_SECTIONS, f"report with {name}", +counts)
        if handling == "drop-sentences" and spoken:
            found = _dropped(found, unwanted)
            counts[f"sentences dropped for {name}"] += len(spoken)
    if found == NO_SECTIONS:
        counts["reports of which no sentence was left"] += 1
    return ReportTexts(found, "", +counts)


def _steps(rules: TextRules) -> tuple[tuple[str, Handling, Callable[[str], object]], ...]:
    return (
        ("blanked words", rules.blanks, has_blank),
        ("references to earlier films", rules.prior, speaks_of_earlier),
    )


def _texts(found: Sections) -> list[str]:
    """The texts that count: by the published rule a text may be joined without being an impression."""
    parts = [text for text in (found.findings, found.impression) if text]
    return parts if parts else [text for text in (found.joined,) if text]


def _dropped(found: Sections, unwanted: Callable[[str], object]) -> Sections:
    findings, impression, joined = (
        (without(text, unwanted)[0] or None) if text else None
        for text in (found.findings, found.impression, found.joined)
    )
    return Sections(findings, impression, joined)
