"""Findings outside the model's range: each is spoken of in the text, or the reader has looked for it."""

from __future__ import annotations

import re

from llmcxr_ws.guards import lexicon
from llmcxr_ws.guards.objections import Facts, Objection
from llmcxr_ws.guards.statements import statements
from llmcxr_ws.guards.wording import objection

_MENTIONS = {name: lexicon.any_of(words) for name, words in lexicon.FINDINGS.items()}


def check(text: str, facts: Facts) -> list[Objection]:
    """Object once, naming every finding that neither the text nor the reader has addressed."""
    if facts.kind != "report":
        return []
    spoken = in_text(text, facts.not_judged)
    open_ones = [name for name in facts.not_judged if name not in spoken and name not in facts.looked_at]
    if not open_ones:
        return []
    return [objection("scope.not_addressed", findings=", ".join(open_ones))]


def in_text(text: str, not_judged: tuple[str, ...]) -> frozenset[str]:
    """Return those of the findings that the text speaks of, whatever it says of them."""
    stated = {one.finding for one in statements(text) if not one.is_summary}
    return frozenset(name for name in not_judged if _is_spoken_of(name, text, stated))


def _is_spoken_of(name: str, text: str, stated: set[str]) -> bool:
    findings = lexicon.findings_called(name)
    if findings:
        return bool(findings & stated) or any(_MENTIONS[finding].search(text) for finding in findings)
    words = name.replace("_", " ").strip()
    return bool(words) and re.search(rf"\b{re.escape(words)}", text, re.IGNORECASE) is not None
