"""Every event that has an audit message, each held against the schema of PS3.15 A.5.1; and none forgotten."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree

from dicom_node.watching.audit_events import EVENTS, Reporter
from dicom_node.watching.audit_message import as_xml
from llmcxr_ws.domain import Arrival, Identity
from llmcxr_ws.store import signals, studies, watching
from llmcxr_ws.store.watching import TrailEvent
from llmcxr_ws.workplace import Workplace

TESTS = Path(__file__).parents[1]
SCHEMA = etree.RelaxNG(etree.parse(TESTS / "data" / "audit_message.rng"))
DETAIL = {
    "peer": "pacs",
    "delivery": 1,
    "before": "sending",
    "what": "films",
    "items": 2,
    "objects": 1,
    "rows": 3,
    "calling": "WHO",
    "host": "10.0.0.1",
    "user": "boss",
}
# Rows of the trail without a message in A.5.3: what people write and ask, and what becomes of it inside.
SILENT = {
    "addendum.begun", "addendum.discarded", "draft.not_renewed", "drawing.asked", "instance.forwarded", "job.dead",
    "deidentify.queued", "instance.changed", "job.requeue", "quarantine.reviewed", "question.asked", "reading.first",
    "report.begun_again", "report.preliminary_renewed", "study.notice", "study.order", "study.prior_taken_up",
}  # fmt: skip


@pytest.fixture
def study_id(workplace: Workplace) -> int:
    arrival = Arrival(
        study_instance_uid="1.2.3",
        series_instance_uid="1.2.3.1",
        sop_instance_uid="1.2.3.1.1",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.1",
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        path="received/a.dcm",
        size=1,
        sha256="",
        identity=Identity("PID<&>7", "ISSUER", "Name^A", "19500101", "F", "ACC-7"),
    )
    return studies.record_arrival(workplace.db, arrival).study_id


def message_of(
    workplace: Workplace, event: str, study_id: int | None, *, masked: bool = False, **detail: object
) -> etree._Element:
    row = TrailEvent(1, datetime.now(UTC), "boss", event, study_id, DETAIL | detail)
    reporter = Reporter(workplace.db, workplace.site(), "LLMCXR", masked=masked)
    [message] = reporter.of_trail([row])
    data = as_xml(message)
    found = etree.fromstring(data)
    assert SCHEMA.validate(found), SCHEMA.error_log
    if masked:
        for value in ("PID", "ACC-7", "1.2.3", "ISSUER", base64.b64encode(b"PID<&>7").decode()[:-2]):
            assert value not in re.sub(
                r'originalText="[^"]*"|csd-code="[^"]*"|UID="[^"]*"', "", data.decode()
            ), value
    return found


def code(message: etree._Element, name: str = "EventID") -> str:
    return str(message.find(f"EventIdentification/{name}").get("csd-code"))


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("event", sorted(EVENTS))
def test_a_message_of_every_kind_fits_the_schema(
    workplace: Workplace, study_id: int, event: str, masked: bool
) -> None:
    message = message_of(workplace, event, study_id, masked=masked)
    assert message.findall("ActiveParticipant") and message.find("AuditSourceIdentification") is not None
    if code(message) in ("110102", "110103", "110104", "110105", "110106"):
        kinds = {one.get("csd-code") for one in message.iter("ParticipantObjectIDTypeCode")}
        assert kinds == {"110180", "2"}, "its study and its patient"


def test_no_row_of_the_trail_is_forgotten() -> None:
    """A new event has a message, or stands among those that have none, by decision."""
    root = TESTS.parent
    written = {
        name
        for package in ("llmcxr_ws", "dicom_node", "engine", "ui")
        for path in (root / package).rglob("*.py")
        for name in re.findall(r'event="([a-z_.]+)"', path.read_text(encoding="utf-8"))
    }
    assert written - EVENTS - SILENT == set()


def test_a_purge_is_a_study_deleted_and_of_our_documents_is_not(workplace: Workplace, study_id: int) -> None:
    deleted = message_of(workplace, "retention.purged", study_id, what="priors")
    assert code(deleted) == "110105" and deleted.find("EventIdentification").get("EventActionCode") == "D"
    row = TrailEvent(1, datetime.now(UTC), "node", "retention.purged", study_id, {"what": "documents"})
    assert list(Reporter(workplace.db, workplace.site(), "LLMCXR").of_trail([row])) == []


@pytest.mark.parametrize(
    ("about", "sop_class", "key"),
    [("count", ".2.2.1", b"1.2.3"), ("priors", ".2.2.1", b"PID"), ("order", "4.31", b"ACC-7")],
)
def test_a_query_says_what_was_asked(
    workplace: Workplace, study_id: int, about: str, sop_class: str, key: bytes
) -> None:
    signals.note_inquiry(workplace.db, study_id, kind=about, peer="pacs", found=None, message="away")
    row = watching.events_after(workplace.db, 0)[-1]
    assert row.event == "peer.asked"
    message = message_of(workplace, row.event, study_id, **row.detail)
    assert message.find("EventIdentification").get("EventOutcomeIndicator") == "4"
    [asked] = message.findall("ParticipantObjectIdentification")
    assert asked.get("ParticipantObjectID").endswith(sop_class)
    assert key in base64.b64decode(asked.findtext("ParticipantObjectQuery"))


def test_who_began_a_transfer_is_said(workplace: Workplace, study_id: int) -> None:
    def requestor() -> str:
        message = message_of(workplace, "instance.received", study_id)
        [one] = [p for p in message.findall("ActiveParticipant") if p.get("UserIsRequestor") == "true"]
        return str(one.get("UserID"))

    assert requestor() == "PACS"
    with workplace.db.write() as session:
        studies.get_study(session, study_id).is_prior = True
    assert requestor() == "LLMCXR"


def test_who_reads_the_key_table_used_a_restricted_function(workplace: Workplace, study_id: int) -> None:
    message = message_of(workplace, "deidentify.key_table_read", None)
    assert (code(message), code(message, "EventTypeCode")) == ("110113", "110132")
    assert message.find("ActiveParticipant").get("UserID") == "boss"
