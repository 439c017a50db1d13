"""PixelMed's DicomSRValidator from Debian, which checks the templates of SR documents.

Its tables are of 2005: in TID 2000 it knows the DCM headings alone, so that everything below one of today's LOINC
headings is "not in template" to it. :func:`with_old_headings` renames them, so that the rest is checked all the same.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from tests.peers import require, run_peer

_JAR = Path("/usr/share/java/pixelmed.jar")
# Its stylesheet is larger than Java lets one be since 2024.
_LIMITS = [f"-Djdk.xml.{name}=0" for name in ("xpathExprGrpLimit", "xpathExprOpLimit", "xpathTotalOpLimit")]
_OLD = {"59776-5": ("121070", "Findings"), "19005-8": ("121072", "Impressions")}


def said_by_pixelmed(path: Path) -> tuple[list[str], list[str]]:
    """Return the validator's errors and warnings about a document, in its own words; it always exits 0."""
    require("java")
    if not _JAR.exists():
        reason = "PixelMed isn't installed (Debian: apt-get install libpixelmed-java)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    call = ["-cp", _JAR, "com.pixelmed.validate.DicomSRValidator", path]
    said = run_peer("java", *_LIMITS, *call, timeout_s=250)
    lines = (said.stdout + said.stderr).decode("utf-8", "replace").splitlines()
    assert "IOD validation complete" in lines, lines
    return _with(lines, "Error"), _with(lines, "Warning")


def with_old_headings(report: Dataset) -> Dataset:
    """Return a copy of a report with the headings that the validator's tables know."""
    changed = copy.deepcopy(report)
    for item in changed.ContentSequence:
        name = item.ConceptNameCodeSequence[0]
        if name.CodeValue in _OLD:
            name.CodeValue, name.CodeMeaning = _OLD[name.CodeValue]
            name.CodingSchemeDesignator = "DCM"
    return changed


def _with(lines: Iterable[str], word: str) -> list[str]:
    return [line for line in lines if word in line]
