"""The conformance statement names every class and syntax that the node speaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from dicom_node import sop_classes

STATEMENT = (Path(__file__).parents[2] / "docs" / "conformance.md").read_text(encoding="utf-8")
SINGLE = [value for name, value in vars(sop_classes).items() if name.isupper() and isinstance(value, str)]
UIDS = [*sop_classes.STORAGE_CLASSES, *sop_classes.UNCOMPRESSED, *sop_classes.COMPRESSED, *SINGLE]


@pytest.mark.parametrize(
    "uid", sorted({uid for uid in UIDS if uid != sop_classes.STORAGE_COMMITMENT_INSTANCE})
)
def test_the_statement_names_it(uid: str) -> None:
    """By its UID."""
    assert uid in STATEMENT
