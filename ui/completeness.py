"""Whether all images of a study are here, in the window's language."""

from __future__ import annotations

from llmcxr_ws.completeness import WORDS, is_worth_saying
from llmcxr_ws.domain import StudyRow
from ui.language import tr


def completeness_of(row: StudyRow) -> str:
    """Return whether all images are here, and why, or what is waited for; empty where nobody looked yet."""
    kept = row.completeness
    words = WORDS.get(str(kept.get("code", "")))
    if not words:
        return ""
    values = dict(kept.get("values", {}))
    if "names" in values:
        values["names"] = values["names"].replace(".", ".\u200b")  # a UID is long, and may break at its dots
    missing = tr("%n image(s)", "", len(kept.get("missing", ())))
    return tr(words, missing=missing, **values)


def what_is_missing(row: StudyRow) -> str:
    """Return what is waited for, or came never; empty where nothing is."""
    return completeness_of(row) if is_worth_saying(row.completeness) else ""
