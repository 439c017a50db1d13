"""The sections of a report's text: findings and impression, as one text is kept, signed and sent.

A report that has an impression only is that text alone; one with findings carries both headings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Section = Literal["findings", "impression"]

_HEADING = re.compile(r"^[ \t]*(findings|impression)[ \t]*:[ \t]*", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Sections:
    """The text of each section, without its heading."""

    findings: str = ""
    impression: str = ""


@dataclass(frozen=True)
class Part:
    """A stretch of a text that belongs to one section; its heading, where it has one, stands before it.

    Attributes
    ----------
    heading : where the heading begins and the text after it begins: (start, end); equal where there is none
    end : where the part ends
    """

    section: Section
    heading: tuple[int, int]
    end: int


def parts_of(text: str) -> tuple[Part, ...]:
    """Take a text apart at its headings, in its order; what stands before the first is of the impression."""
    found = list(_HEADING.finditer(text))
    ends = [match.start() for match in found[1:]] + [len(text)]
    first = found[0].start() if found else len(text)
    parts = [Part("impression", (0, 0), first)] if first else []
    for match, end in zip(found, ends, strict=False):
        section: Section = "findings" if match[1].lower() == "findings" else "impression"
        parts.append(Part(section, match.span(), end))
    return tuple(parts)


def heading_length(line: str) -> int:
    """How many characters of a line are a section's heading; 0 where it has none."""
    found = _HEADING.match(line)
    return found.end() if found else 0


def split_sections(text: str) -> Sections:
    """Take a text apart at its headings; what stands before the first heading belongs to the impression."""
    texts: dict[Section, list[str]] = {"findings": [], "impression": []}
    for part in parts_of(text):
        texts[part.section].append(text[part.heading[1] : part.end].strip())
    joined = {name: "\n".join(part for part in found if part) for name, found in texts.items()}
    return Sections(joined["findings"], joined["impression"])


def join_sections(sections: Sections) -> str:
    """Give the one text that is saved and signed."""
    findings, impression = sections.findings.strip(), sections.impression.strip()
    if not findings:
        return impression
    return f"Findings:\n{findings}\n\nImpression:\n{impression}".rstrip()


def tidy(text: str) -> str:
    """Give a text as it is saved: one with headings in the one form, one without as it was written."""
    return join_sections(split_sections(text)) if _HEADING.search(text) else text
