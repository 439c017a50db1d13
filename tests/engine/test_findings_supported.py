"""A bundle lists as recognised only what an evaluation showed."""

from typing import Any

import pytest

from engine.bundle import Bundle, default_bundle_folder
from engine.card import findings_supported


def result(low: float, split: str = "val", **shown: bool | None) -> dict[str, Any]:
    return {
        "evaluation": "report",
        "split": split,
        "paired": {"minus shuffled films": {"abnormal_auroc": {"value": 0.2, "low": low, "high": 0.4}}},
        "inside_abnormal": {name: {"shown_to_be_recognised": value} for name, value in shown.items()},
    }


@pytest.mark.parametrize(
    ("results", "supported"),
    [
        ({}, []),
        ({"answer": {"evaluation": "answer"}}, []),
        ({"a": result(0.1, Pneumonia=None, Edema=True, Effusion=False)}, ["No Finding", "Edema"]),
        ({"a": result(-0.1, Edema=True)}, ["Edema"]),
        ({"a": result(0.1, "test", Edema=False), "b": result(0.1, Edema=True)}, ["No Finding"]),
    ],
)
def test_only_what_was_shown_counts_and_the_test_split_first(
    results: dict[str, Any], supported: list[str]
) -> None:
    assert findings_supported(results) == supported


def test_the_shipped_bundle_claims_no_more_than_its_card() -> None:
    manifest = Bundle.load(default_bundle_folder()).manifest
    assert manifest.findings_supported == ("No Finding",)
    assert set(manifest.findings_supported) <= set(manifest.findings.judged)
