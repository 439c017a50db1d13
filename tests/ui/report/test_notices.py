"""The line beside a draft says what the model names without proof; the rest stands among the guards."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from llmcxr_ws.domain import ReportRow
from ui.report.notices import caution_line


@pytest.mark.parametrize(
    ("evidence", "line"),
    [
        ({}, ""),
        ({"findings_not_judged": ["Nodule", "Mass"], "findings_judged": ["Edema"]}, ""),
        (
            {
                "findings_not_judged": ["Nodule", "Mass"],
                "findings_judged": ["No Finding", "Edema", "Effusion"],
                "findings_supported": ["No Finding", "Edema"],
            },
            "Named, but not shown to be recognised: Effusion.",
        ),
        ({"findings_judged": ["Edema"], "findings_supported": ["Edema"]}, ""),
        ({"answers_led_by_draft": True}, "Answers lean towards this draft: they are no second opinion."),
        ({"answers_led_by_draft": False}, ""),
        ({"guard": None}, ""),
        ({"guard": {"agreement": "disagrees", "abnormal": True}}, ""),
    ],
)
def test_what_stands_beside_a_draft(evidence: dict[str, Any], line: str) -> None:
    report = cast(ReportRow, SimpleNamespace(evidence=evidence))
    assert caution_line(report) == line
