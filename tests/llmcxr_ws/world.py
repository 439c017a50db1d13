"""Studies, jobs, drafts and people for the tests of the hall, made through the hall's own functions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from llmcxr_ws import jobs, reading
from llmcxr_ws.domain import Arrival, DeliveryRow, Identity, NewDraft, ReportRow, RequestRow, StudyRow
from llmcxr_ws.identity import UnlockedKey
from llmcxr_ws.jobs import Claimed
from llmcxr_ws.site import SiteConfig, parse_site
from llmcxr_ws.store import accounts, deliveries, reports, requests, signing, studies
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Report
from llmcxr_ws.uids import derived_uid

SERVICE_KEY = b"k" * 32
AI_TEXT = "The heart is of normal size. No pneumothorax."
JANE = Identity("P-1", "HOSPITAL", "Doe^Jane", "19700101", "F", "ACC-1")
SITE = parse_site(
    """
    [[peer]]
    name = "pacs"
    ae_title = "PACS"
    host = "127.0.0.1"
    port = 4242
    identity = true
    [[peer]]
    name = "archive"
    ae_title = "ARCHIVE"
    host = "127.0.0.1"
    port = 4243
    [[output]]
    document = "draft"
    to = "pacs"
    [[output]]
    document = "signed"
    to = "pacs"
    [[output]]
    document = "signed"
    to = "archive"
    required = false
    """
)


def instance_uid(study: int, n: int) -> str:
    """The SOP Instance UID of the n-th made film of a study."""
    return derived_uid("instance", str(study), str(n))


def arrival(study: int = 1, n: int = 1, **changes: Any) -> Arrival:
    """The n-th film of a study, as the listener describes it."""
    uid = instance_uid(study, n)
    sound = Arrival(
        study_instance_uid=derived_uid("study", str(study)),
        series_instance_uid=derived_uid("series", str(study)),
        sop_instance_uid=uid,
        sop_class_uid="1.2.840.10008.5.1.4.1.1.1.1",
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        path=f"received/{study:02}/{n}.dcm",
        size=1000 + n,
        sha256=f"{study:032x}{n:032x}",
        identity=replace(JANE, accession_number=f"ACC-{study}"),
        study_date="20261102",
        study_time="093000",
        source_peer="pacs",
        facts={"view": "PA"},
    )
    return replace(sound, **changes)


def arrive(db: Database, study: int = 1, n: int = 1, **changes: Any) -> int:
    """Record a film and give the study's id."""
    return studies.record_arrival(db, arrival(study, n, **changes)).study_id


def settle(db: Database, study_id: int, film: int = 1) -> bool:
    """Choose the n-th film of the study and queue its draft."""
    due = due_study(db, study_id)
    return studies.settle_film(db, due, due.instances[film - 1].sop_instance_uid)


def due_study(db: Database, study_id: int) -> studies.DueStudy:
    """The one due study of that id."""
    (due,) = [due for due in studies.due_studies(db) if due.id == study_id]
    return due


def claim(db: Database, owner: str = "worker", *, lease_s: float = 60, kind: str = "draft") -> Claimed:
    """Claim the next job, which must be there."""
    claimed = jobs.claim(db, kinds=(kind,), owner=owner, lease_s=lease_s)
    assert claimed is not None
    return claimed


def new_draft(claimed: Claimed, **changes: Any) -> NewDraft:
    """What an engine makes of a claimed draft job."""
    made = NewDraft(
        film_sop_instance_uid=str(claimed.payload["film"]),
        instances=tuple(claimed.payload["instances"]),
        ai_text=AI_TEXT,
        confidence=0.7,
        codes=(1, 2, 3),
        model_name="demo",
        model_version="1",
        model_device_uid="2.25.1",
        seed=0,
        started_at=datetime.now(UTC),
    )
    return replace(made, **changes)


def draft(db: Database, **changes: Any) -> int:
    """Work off the next draft job and give the report's id."""
    claimed = claim(db)
    assert reports.begin_draft(db, claimed) is not None
    return reports.finish_draft(db, claimed, new_draft(claimed, **changes))


def drafted(db: Database, study: int = 1, **changes: Any) -> int:
    """A study with one film and its draft; its id."""
    study_id = arrive(db, study)
    assert settle(db, study_id)
    draft(db, **changes)
    return study_id


def state(db: Database, study_id: int) -> str:
    """The study's state."""
    return studies.study_row(db, study_id).state


def row(db: Database, study_id: int) -> StudyRow:
    """The study's worklist row."""
    return studies.study_row(db, study_id)


def report(db: Database, study_id: int) -> ReportRow:
    """The study's current report version."""
    current = reports.current_report(db, study_id)
    assert current is not None
    return current


def events(db: Database, study_id: int | None = None) -> list[str]:
    """The audit trail's events, oldest first."""
    where = "" if study_id is None else f" WHERE study_id = {study_id}"
    with db.read() as session:
        return [
            str(event) for (event,) in session.execute(text(f"SELECT event FROM audit{where} ORDER BY id"))
        ]


def execute(db: Database, statement: str, **values: Any) -> None:
    """Change the database behind the hall's back, as somebody with a database client could."""
    with db.write() as session:
        session.execute(text(statement), values)


def age_leases(db: Database) -> None:
    """Let every lease have run out an hour ago."""
    execute(db, "UPDATE job SET lease_until = :then WHERE state = 'running'", then=_hour_ago(db))


def due_now(db: Database, table: str) -> None:
    """Let every pause in a table be over."""
    execute(db, f"UPDATE {table} SET run_after = :then", then=_hour_ago(db))


def _hour_ago(db: Database) -> Any:
    with db.read() as session:
        now = "datetime('now', '-1 hour')" if db.is_sqlite else "clock_timestamp() - interval '1 hour'"
        return session.execute(text(f"SELECT {now}")).scalar_one()


@dataclass(frozen=True)
class Person:
    """A user and the open key of one."""

    name: str
    key: UnlockedKey
    private: Ed25519PrivateKey

    @classmethod
    def enter(cls, db: Database, name: str, role: str, service_key: bytes = SERVICE_KEY) -> Person:
        """Create the user; the key isn't wrapped, which takes long and is tested where passwords are."""
        private = Ed25519PrivateKey.generate()
        with db.write() as session:
            accounts.add_account(
                session,
                service_key,
                name=name,
                display_name=f"{name.title()}^Test",
                organization="Test hospital",
                role=role,
                public_key=private.public_key().public_bytes_raw(),
                wrapped_key=b"",
                salt=b"",
                by="service",
            )
        return cls(name, UnlockedKey(name, role, private), private)


def new_version(db: Database, study_id: int) -> int:
    """Late images come and the engine drafts again."""
    arrive(db, study_id, n=len(reports.versions(db, study_id)) + 1)
    settle(db, study_id)
    return draft(db)


def ask_signature(
    db: Database, person: Person, study_id: int, words: str = AI_TEXT, **more: Any
) -> RequestRow:
    """A reader opens the study and asks for the signature of a text."""
    detail = reading.open_study(db, study_id)
    return requests.request_by_id(db, reading.request_signature(db, person.key, detail, words, **more))


def document(db: Database, report_row: ReportRow, kind: str, site: SiteConfig = SITE) -> list[DeliveryRow]:
    """Record a result document of a report and plan its deliveries, as the courier does."""
    with db.write() as session:
        made = reports.record_document(
            session, session.get_one(Report, report_row.id), kind=kind, **document_facts(report_row.id, kind)
        )
        deliveries.plan(session, made, site)
        made_id = made.id
    return [one for one in deliveries.deliveries_of(db, report_row.study_id) if one.document_id == made_id]


def held(db: Database, report_row: ReportRow) -> None:
    """Record a draft's document that every destination holds."""
    for row in document(db, report_row, "draft"):
        deliveries.begin(db, row.id)
        deliveries.stored(db, row.id)


def document_facts(report_id: int, kind: str) -> dict[str, str]:
    """What the courier says of the bytes it has put into the object store."""
    return {
        "sop_class_uid": "1.2.840.10008.5.1.4.1.1.88.22",
        "sop_instance_uid": derived_uid("document", kind, str(report_id)),
        "series_instance_uid": derived_uid("document series", kind, str(report_id)),
        "path": f"documents/{kind}-{report_id}.dcm",
        "sha256": "0" * 64,
    }


def sign(db: Database, person: Person, study_id: int, words: str = AI_TEXT) -> list[DeliveryRow]:
    """Walk a study through its signature and give the signed document's deliveries."""
    request = ask_signature(db, person, study_id, words)
    order = signing.verify_sign_request(db, request, SERVICE_KEY)
    assert order is not None
    assert signing.complete(db, order, SERVICE_KEY, SITE, document_facts(order.report.id, "signed"))
    return [one for one in deliveries.deliveries_of(db, study_id) if one.kind == "signed"]
