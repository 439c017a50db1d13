"""The sections of a report's text: findings and impression, as one text is kept, signed and sent.

A report that has an impression only is that text alone; one with findings carries both headings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEADING = re.compile(r"^[ \t]*(findings|impression)[ \t]*:[ \t]*", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Sections:
    """The text of each section, without its heading."""

    findings: str = ""
    impression: str = ""


def split_sections(text: str) -> Sections:
    """Take a text apart at its headings; what stands before the first heading belongs to the impression."""
    parts = _HEADING.split(text)
    texts: dict[str, list[str]] = {"findings": [], "impression": [parts[0].strip()]}
    for name, part in zip(parts[1::2], parts[2::2], strict=True):
        texts[name.lower()].append(part.strip())
    joined = {name: "\n".join(part for part in found if part) for name, found in texts.items()}
    return Sections(joined["findings"], joined["impression"])


def join_sections(sections: Sections) -> str:
    """Give the one text that is saved and signed."""
    findings, impression = sections.findings.strip(), sections.impression.strip()
    if not findings:
        return impression
    return f"Findings:\n{findings}\n\nImpression:\n{impression}".rstrip()
