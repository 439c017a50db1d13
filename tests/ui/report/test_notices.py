"""The line beside a draft says what the model names without proof; the rest stands among the guards."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from llmcxr_ws.domain import ReportRow
from llmcxr_ws.reading import StudyDetail
from llmcxr_ws.states import ReportState, StudyState
from ui.report.notices import caution_line, notice_of


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


@pytest.mark.parametrize("state", [ReportState.WITHHELD, ReportState.REJECTED, ReportState.PRELIMINARY])
def test_who_holds_a_study_is_told_beside_what_is_special_about_its_report(state: ReportState) -> None:
    report = SimpleNamespace(id=1, state=state, reason="Weak.", preliminary_by="cleo", preliminary_at=None)
    study = SimpleNamespace(state=StudyState.IN_REVIEW, held_by="ben", reason="", reason_code="")
    detail = cast(StudyDetail, SimpleNamespace(report=report, study=study, requests=(), deliveries=()))
    notice = notice_of(detail, "anna", may_edit=True)
    assert notice is not None
    assert "ben is reading this study" in notice.text
    mine = notice_of(detail, "ben", may_edit=True)
    assert mine is not None
    assert "is reading" not in mine.text
