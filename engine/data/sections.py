"""Findings and impression of a report, by the published rule or by a robust one.

The published rule knows two spellings, `FINDINGS:` and `IMPRESSION:`, and drops every report that doesn't
hold them exactly as expected. The robust rule takes a header in any case, repeated, without its colon, joined
("FINDINGS AND IMPRESSION") or named otherwise ("CONCLUSION"), leaves out preliminary reads and what isn't
either section, and never guesses: a text without headers has no sections. Sentences are never reworded.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

SectionRule = Literal["robust", "published"]
Kind = Literal["findings", "impression", "both", "films", "other", "final"]


@dataclass(frozen=True)
class Sections:
    """The two sections of a report, None where it has none; `joined` is the text to train stage 1 on."""

    findings: str | None
    impression: str | None
    joined: str | None


NO_SECTIONS = Sections(None, None, None)

# Names of headers; where one begins another the longer is tried first.
_NAMES: dict[Kind, tuple[str, ...]] = {
    "findings": (
        r"(?:chest |radiographic |imaging |x-?ray )?findings?",
        r"observations?",
    ),
    "impression": (
        r"(?:(?:final|overall|chest|radiographic) )?impressions?(?: ?(?:and|&|/) ?recommendations?)?",
        r"(?:final )?conclusions?",
        r"opinion",
        r"interpretation",
        r"summary",
        r"(?:final )?diagnosis",
    ),
    "both": (
        r"findings? ?(?:and|&|/|\+) ?impressions?",
        r"impressions? ?(?:and|&|/|\+) ?findings?",
        r"findings?,? impressions?",
        r"conclusions? and findings?",
    ),
    "other": (
        r"exam(?:ination)?s?(?: type| description)?",
        r"type of exam(?:ination)?",
        r"(?:clinical )?indications?(?: for (?:the )?(?:exam(?:ination)?|study))?",
        r"(?:clinical |patient |relevant |brief )?history",
        r"clinical (?:information|data|statement|question|details)",
        r"reason for (?:the )?(?:exam(?:ination)?|study|request)",
        r"(?:technique|procedure|protocol)s?",
        r"comparisons?(?: (?:studies|study|films?|exams?))?",
        r"(?:prior|previous) (?:studies|study|films?|exams?)",
        r"notifications?(?: of .{0,40}?)?",
        r"recommendations?",
        r"recommendation\(s\)",
        r"provisional findings impression(?: \(pfi\))?",
        r"(?:final )?addend(?:um|a)",
        r"(?:preliminary|provisional) (?:read(?:ing)?|report|findings?|impressions?)",
        r"attending|dictated by|signed by|electronically signed by",
    ),
    "final": (r"final report",),
}
# Heads of lines that are ordinary words inside one: "PA AND LATERAL VIEWS:" is no new section.
_FORM = r"views?|study|date|time|accession|order|contrast|dose"
_ANY = "|".join(name for names in _NAMES.values() for name in names)
_KIND_ORDER: tuple[Kind, ...] = ("both", "final", "other", "findings", "impression")
_KINDS = [(kind, re.compile("|".join(_NAMES[kind]), re.IGNORECASE)) for kind in _KIND_ORDER]

# A header that begins a line: with a colon in any writing, with a dash, or with the line to itself.
_AT_LINE = re.compile(
    rf"^[ \t*#]*(?P<name>{_ANY}|{_FORM})[*.]{{0,2}}(?P<end>[ \t]*[:：﹕]+[*]*|[ \t]*;|[ \t]+[-–—]+(?=\s)|[ \t*]*$)",
    re.IGNORECASE | re.MULTILINE,
)
# A header inside a line: always with a colon, in capitals or after the end of a sentence.
_IN_LINE = re.compile(rf"(?<=\s)(?P<name>{_ANY})[ \t]*[:：﹕]+", re.IGNORECASE)
# A line in capitals such as "PORTABLE CHEST, 6:30 A.M.:" names the films; what follows is said of them.
_FILMS = re.compile(
    r"^[ \t]*(?P<name>(?=[^a-z\n]*\b(?:CHEST|RADIOGRAPHS?|VIEWS?)\b)"
    r"(?:[^a-z:\n]|(?<=\d):(?=\d)){4,90}(?::(?=\s|$)|$))",
    re.MULTILINE,
)
_FILM_WORDS = re.compile(r"\b(?:AP|PA|PORTABLE|FRONTAL|LATERAL|SINGLE|VIEWS?|RADIOGRAPHS?|X-?RAYS?)\b|:$")
_WET_READ = re.compile(r"^[ \t]*wet read(?:ing)?\b.*$", re.IGNORECASE | re.MULTILINE)
# "AP chest compared to ___:" before what is said; like a header, it says nothing itself.
_LEAD_IN = re.compile(
    r"^(?=[^.:]{0,80}\b(?:chest|radiographs?|views?|films?)\b)"
    r"(?![^:]*\b(?:show|reveal|demonstrat|confirm|suggest|indicat|is|are|was|were|has|have|there)\w*)"
    r"(?:ap|pa|portable|frontal|lateral|single|semi-?upright|upright|supine|chest|two)\b[^.:]{0,80}:\s+",
    re.IGNORECASE,
)
_PAGE_RULE = re.compile(r"^[ \t]*_{8,}[ \t]*$", re.MULTILINE)
_SENTENCE_ENDS = (".", "!", "?", ";", ":", "_", "")


def parse(report: str, rule: SectionRule = "robust") -> Sections:
    """Give the findings and the impression of a report as single lines of text."""
    return _published(report) if rule == "published" else _robust(report)


def published_stage1(report: str) -> str | None:
    """Give the text that the published code trains stage 1 on, or None where it drops the report.

    Exactly one `FINDINGS:`, and what follows it with one further split at `IMPRESSION:`; else what follows
    the only `IMPRESSION:`.
    """
    parts = _one_line(report).split("FINDINGS:")
    if len(parts) == 2:
        text = " ".join(part.strip() for part in parts[1].split("IMPRESSION:", 1)).strip()
        if text:
            return text
    return published_stage2(report)


def published_stage2(report: str) -> str | None:
    """Give what follows the only `IMPRESSION:`, or None: the published text of stage 2 and evaluation."""
    parts = _one_line(report).split("IMPRESSION:")
    return (parts[1].strip() or None) if len(parts) == 2 else None


def _published(report: str) -> Sections:
    parts = _one_line(report).split("FINDINGS:")
    findings = parts[1].split("IMPRESSION:", 1)[0].strip() if len(parts) == 2 else None
    return Sections(findings or None, published_stage2(report), published_stage1(report))


def _one_line(report: str) -> str:
    return " ".join(line for line in (line.strip() for line in report.splitlines()) if line)


def _robust(report: str) -> Sections:
    texts: dict[Kind, list[str]] = {"findings": [], "impression": [], "both": [], "films": []}
    for kind, text in _pieces(_PAGE_RULE.sub("\n", report)):
        said = _LEAD_IN.sub("", " ".join(text.split()))
        if kind == "final":
            # What stands before the final report is a preliminary read of it.
            texts = {kept: [] for kept in texts}
        elif kind in texts and said and said not in texts[kind]:
            texts[kind].append(said)
    findings = " ".join(texts["findings"] or texts["films"])
    impression = " ".join(texts["impression"] + texts["both"])
    joined = " ".join(text for text in (findings, impression) if text)
    return Sections(findings or None, impression or None, joined or None)


def _pieces(report: str) -> Iterator[tuple[Kind, str]]:
    """Cut a report at its headers: (kind of the header, text up to the next one)."""
    headers = _headers(report)
    for number, (_, start, kind) in enumerate(headers):
        end = headers[number + 1][0] if number + 1 < len(headers) else len(report)
        yield kind, report[start:end]


def _headers(report: str) -> list[tuple[int, int, Kind]]:
    """Find every header as (begin, end, kind), without overlaps, in the order of the text."""
    found = [_found(match) for match in _AT_LINE.finditer(report) if _is_line_header(match)]
    found += [_found(match) for match in _IN_LINE.finditer(report) if _is_inner_header(match)]
    found += [
        (match.start(), match.end(), "films")
        for match in _FILMS.finditer(report)
        if _FILM_WORDS.search(match["name"])
    ]
    found += [(match.start(), match.end(), "other") for match in _WET_READ.finditer(report)]
    found.sort(key=lambda header: (header[0], -header[1]))
    kept: list[tuple[int, int, Kind]] = []
    for header in found:
        # Within the findings, "CHEST:" or "PA VIEW:" is a part of them and no new section.
        inside = header[2] == "films" and kept and kept[-1][2] in ("findings", "impression", "both")
        if not inside and (not kept or header[0] >= kept[-1][1]):
            kept.append(header)
    return kept


def _found(match: re.Match[str]) -> tuple[int, int, Kind]:
    name = " ".join(match["name"].split())
    kind: Kind = next((kind for kind, pattern in _KINDS if pattern.fullmatch(name)), "other")
    return match.start(), match.end(), kind


def _is_line_header(match: re.Match[str]) -> bool:
    if match["name"].isupper() or match["end"].strip(" \t*")[:1] in tuple(":：﹕"):
        return True
    # Without a colon, a wrapped line of prose looks the same unless a sentence ends before it.
    return match["name"][0].isupper() and _ends_a_sentence(match.string[: match.start()])


def _is_inner_header(match: re.Match[str]) -> bool:
    return match["name"].isupper() or _ends_a_sentence(match.string[: match.start()])


def _ends_a_sentence(text: str) -> bool:
    return text.rstrip()[-1:] in _SENTENCE_ENDS
