"""The line beside a draft says what the model names without proof; the rest stands among the guards."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from llmcxr_ws.domain import InstanceRow, ReportRow
from llmcxr_ws.errors import ImagingError
from llmcxr_ws.reading import StudyDetail
from llmcxr_ws.states import ReportState, StudyState
from ui.films import FilmChoice, load_film
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
    study = SimpleNamespace(
        state=StudyState.IN_REVIEW, held_by="ben", reason="", reason_code="", purged_at=None
    )
    detail = cast(StudyDetail, SimpleNamespace(report=report, study=study, requests=(), deliveries=()))
    notice = notice_of(detail, "anna", may_edit=True)
    assert notice is not None
    assert "ben is reading this study" in notice.text
    mine = notice_of(detail, "ben", may_edit=True)
    assert mine is not None
    assert "is reading" not in mine.text


def test_a_study_whose_films_were_purged_says_so() -> None:
    at = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
    study = SimpleNamespace(
        state=StudyState.EXCLUDED, held_by="", reason="No chest.", reason_code="", purged_at=at
    )
    detail = cast(StudyDetail, SimpleNamespace(report=None, study=study, requests=(), deliveries=()))
    notice = notice_of(detail, "anna", may_edit=True)
    assert notice is not None and notice.tone == "attention"
    assert "No chest." in notice.text and "were purged on 2026-11-02" in notice.text
    instance = cast(InstanceRow, SimpleNamespace(defect="", purged_at=at))
    with pytest.raises(ImagingError, match="purged on 2026-11-02"):
        load_film(Path("/nowhere"), detail.study, FilmChoice(instance, "PA", is_drafted=False), (1, 1))
