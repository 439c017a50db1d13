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

_FOLDER = Path("/usr/share/java")
_PACKAGES = {
    "pixelmed": "libpixelmed-java",
    "vecmath": "libpixelmed-java",
    "xalan2": "libxalan2-java",
    "serializer": "libxalan2-java",
    "xercesImpl": "libxalan2-java",
    "commons-codec": "libpixelmed-java",
    "slf4j-nop": "libslf4j-java",
    "slf4j-api": "libslf4j-java",
}
_OLD = {"59776-5": ("121070", "Findings"), "19005-8": ("121072", "Impressions")}


def said_by_pixelmed(path: Path) -> tuple[list[str], list[str]]:
    """Return the validator's errors and warnings about a document, in its own words; it always exits 0."""
    require("java")
    missing = sorted({package for jar, package in _PACKAGES.items() if not _jar(jar).exists()})
    if missing:
        reason = f"not installed (Debian: apt-get install {' '.join(missing)})"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    classes = ":".join(str(_jar(jar)) for jar in _PACKAGES)
    said = run_peer("java", "-cp", classes, "com.pixelmed.validate.DicomSRValidator", path, timeout_s=250)
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


def _jar(name: str) -> Path:
    return _FOLDER / f"{name}.jar"


def _with(lines: Iterable[str], word: str) -> list[str]:
    return [line for line in lines if word in line]
