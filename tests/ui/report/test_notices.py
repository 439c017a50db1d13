"""The line beside a draft says what the model leaves out and what it names without proof."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from llmcxr_ws.domain import ReportRow
from ui.report.notices import caution_line

OUT = "Not judged by the model, look yourself: Nodule, Mass."


@pytest.mark.parametrize(
    ("evidence", "line"),
    [
        ({}, ""),
        ({"findings_not_judged": ["Nodule", "Mass"], "findings_judged": ["Edema"]}, OUT),
        (
            {
                "findings_not_judged": ["Nodule", "Mass"],
                "findings_judged": ["No Finding", "Edema", "Effusion"],
                "findings_supported": ["No Finding", "Edema"],
            },
            f"{OUT} Named, but not shown to be recognised: Effusion.",
        ),
        ({"findings_judged": ["Edema"], "findings_supported": ["Edema"]}, ""),
        ({"answers_led_by_draft": True}, "Answers lean towards this draft: they are no second opinion."),
        ({"answers_led_by_draft": False}, ""),
        ({"guard": None}, ""),
        ({"guard": {"agreement": "agrees", "abnormal": True}}, ""),
        (
            {
                "guard": {"agreement": "disagrees", "abnormal": True},
                "findings_not_judged": ["Nodule", "Mass"],
            },
            f"A second network calls this film abnormal, the draft doesn't. {OUT}",
        ),
        (
            {"guard": {"agreement": "disagrees", "abnormal": False}},
            "A second network calls this film normal, the draft doesn't.",
        ),
    ],
)
def test_what_stands_beside_a_draft(evidence: dict[str, Any], line: str) -> None:
    report = cast(ReportRow, SimpleNamespace(evidence=evidence))
    assert caution_line(report) == line
