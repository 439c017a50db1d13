"""A new draft that late images bring while one reads."""

from __future__ import annotations

from llmcxr_ws.store import studies
from tests.factories import make_film, save
from tests.ui.conftest import Seat


def renew(seat: Seat, study: int, text: str) -> None:
    home = seat.home
    late = make_film(
        seed="late", StudyInstanceUID=studies.study_row(home.workplace.db, study).study_instance_uid
    )
    home.receive(save(late, home.home, "late.dcm"))
    home.settle()
    home.draft(text)
