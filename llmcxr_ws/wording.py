"""Sentences that are made here and translated where they are shown."""

from __future__ import annotations


def mark(text: str) -> str:
    """Return the text as it is; tells `docs/make_languages.py` that a window will translate it when it shows it."""
    return text
