"""What the gate refused, as a reader meets it: named on the study's page, with every fault, and sent again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from llmcxr_ws import reading
from llmcxr_ws.store import configuration, deliveries, outgoing, reports, requests, signing
from llmcxr_ws.store.models import Report
from tests.ui.conftest import Seat
from tests.ui.homes import PASSWORD, House
from tests.ui.office_seat import dialog_of
from tests.ui.office_world import FAULTS, REFUSAL, SITE, node_at
from tests.ui.opened import DRAFT
from ui.refused_dialog import RefusedDialog


def refuse_signature(home: House, study: int, text: str = DRAFT) -> None:
    """The reader asks for a signature; the gate finds faults in its document."""
    db = home.workplace.db
    key = reading.log_in(db, "anna", PASSWORD)
    number = reading.request_signature(db, key, reading.open_study(db, study), text)
    found = [{"code": "modules", "sentence": fault} for fault in FAULTS]
    signing.refuse_document(db, requests.request_by_id(db, number), reason=REFUSAL, report=found)


def refuse_draft(home: House, study: int) -> None:
    """The draft was to leave, and the gate refused it."""
    db = home.workplace.db
    configuration.import_site(
        db, SITE.format(port=104) + '\n[[output]]\ndocument = "draft"\nto = "pacs"\n', user="service"
    )
    report = reports.current_report(db, study)
    assert report is not None
    with db.write() as session:
        outgoing.plan_others(session, session.get_one(Report, report.id), "draft", home.workplace.site())
    (row,) = deliveries.deliveries_of(db, study)
    deliveries.refused(db, row.id, message=REFUSAL, faults=FAULTS)


@pytest.fixture
def opened(seat: Seat, home: House, study: int) -> Iterator[Seat]:
    seat.log_in()
    seat.open(study)
    assert seat.window.report.refused.isHidden()
    yield seat


def shown(seat: Seat) -> RefusedDialog:
    seat.window.case.refresh()
    seat.wait(lambda: seat.window.report.refused.isVisible())
    seat.window.report.refusal_wanted.emit()
    return dialog_of(seat, RefusedDialog)


def test_a_refused_signature_is_told_on_the_version_that_follows_it(
    opened: Seat, home: House, study: int
) -> None:
    refuse_signature(home, study)
    dialog = shown(opened)
    banner = opened.window.report.refused.text
    assert banner.startswith("Refused by the gate: Signed report, version 1.") and REFUSAL in banner
    assert [row.fault for row in dialog.faults.rows] == [f"modules: {fault}" for fault in FAULTS]
    assert dialog.again.isHidden()  # it is signed anew
    dialog.reject()
    # Mended and asked for again: what was refused is behind us.
    key = reading.log_in(home.workplace.db, "anna", PASSWORD)
    reading.request_signature(
        home.workplace.db, key, reading.open_study(home.workplace.db, study), f"{DRAFT} No fracture. No mass."
    )
    opened.window.case.refresh()
    opened.wait(lambda: opened.window.report.refused.isHidden())


def test_a_refused_draft_is_told_and_sent_again_by_the_reader(opened: Seat, home: House, study: int) -> None:
    refuse_draft(home, study)
    dialog = shown(opened)
    assert "AI draft, marked as not reviewed to pacs" in opened.window.report.refused.text
    assert tuple(row.fault for row in dialog.faults.rows) == FAULTS
    with node_at(home.home):
        dialog.again.click()
        opened.wait(lambda: "made anew" in dialog.line.text)
    dialog.reject()
    opened.wait(lambda: opened.window.report.refused.isHidden())
    (row,) = deliveries.deliveries_of(home.workplace.db, study)
    assert row.state == "queued" and row.faults == ()


def test_a_resident_reads_it_and_sends_nothing(seat: Seat, home: House, study: int) -> None:
    home.add_user("cleo", "resident")
    refuse_draft(home, study)
    seat.log_in("cleo")
    seat.open(study)
    dialog = shown(seat)
    assert dialog.again.isHidden() and len(dialog.faults.rows) == len(FAULTS)
    dialog.reject()


def test_a_signed_report_with_a_refused_copy_says_both(opened: Seat, home: House, study: int) -> None:
    refuse_draft(home, study)
    seat, db = opened, home.workplace.db
    configuration.import_site(db, SITE.format(port=104), user="service")
    key = reading.log_in(db, "anna", PASSWORD)
    text = f"{DRAFT} No fracture. No mass."
    number = reading.request_signature(db, key, reading.open_study(db, study), text)
    order = signing.verify_sign_request(db, requests.request_by_id(db, number), home.workplace.service_key())
    assert order is not None
    facts = {name: f"{name}" for name in ("sop_class_uid", "sop_instance_uid", "series_instance_uid")}
    document = facts | {"path": "documents/x.dcm", "sha256": "0" * 64}
    key_bytes, site = home.workplace.service_key(), home.workplace.site()
    assert signing.complete(db, order, key_bytes, site, document)
    seat.window.case.refresh()
    seat.wait(lambda: "Signed by anna" in seat.window.report.notices["good"].text)
    assert "Waiting for pacs" in seat.window.report.notices["good"].text
    assert "Refused by the gate: AI draft" in seat.window.report.refused.text
