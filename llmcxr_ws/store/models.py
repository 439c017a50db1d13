"""The tables. A row is a fact; who may write which is settled in :mod:`llmcxr_ws.states`.

Patient data live here and in the object store, nowhere else.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    UniqueConstraint,
    false,
    true,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from llmcxr_ws.states import DeliveryState, ReportState, StudyState
from llmcxr_ws.store.types import Chars, PlainText, UtcDateTime, db_now

UID = Chars(64)
BIG = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """Base of all tables."""

    type_annotation_map: ClassVar = {
        datetime: UtcDateTime,
        dict[str, Any]: JSON,
        list[Any]: JSON,
        bytes: LargeBinary,
    }


class StoreInfo(Base):
    """One row: which store this database belongs to (equals the UUID file in the object store)."""

    __tablename__ = "store_info"
    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[str] = mapped_column(Chars(36))


class Sequence(Base):
    """Counters handed out inside a write transaction; `study` orders worklist changes."""

    __tablename__ = "sequence"
    name: Mapped[str] = mapped_column(Chars(32), primary_key=True)
    value: Mapped[int] = mapped_column(BIG, default=0)


class Study(Base):
    """A study as the worklist shows it, with the identity its header carried."""

    __tablename__ = "study"
    id: Mapped[int] = mapped_column(primary_key=True)
    study_instance_uid: Mapped[str] = mapped_column(UID, unique=True)
    state: Mapped[str] = mapped_column(Chars(16), default=StudyState.RECEIVING, index=True)
    reason_code: Mapped[str] = mapped_column(Chars(64), default="")
    reason: Mapped[str] = mapped_column(PlainText, default="")
    needs_addendum: Mapped[bool] = mapped_column(default=False)
    late_images: Mapped[bool] = mapped_column(default=False)
    # Fetched to compare with: neither drafted, nor work on anybody's list.
    is_prior: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Whether all images are here, by which signal, and what is waited for: of `llmcxr_ws.completeness`.
    completeness: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    # What the worklist says of its order: `words` for people, `order` as DICOM JSON.
    ordered: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    # Drafted early: more images are expected.
    awaits_images: Mapped[bool] = mapped_column(default=False, server_default=false(), index=True)
    patient_id: Mapped[str] = mapped_column(Chars(256), default="", index=True)
    issuer_of_patient_id: Mapped[str] = mapped_column(Chars(256), default="")
    patient_name: Mapped[str] = mapped_column(Chars(512), default="")
    patient_birth_date: Mapped[str] = mapped_column(Chars(16), default="")
    patient_sex: Mapped[str] = mapped_column(Chars(16), default="")
    accession_number: Mapped[str] = mapped_column(Chars(64), default="", index=True)
    study_date: Mapped[str] = mapped_column(Chars(16), default="")
    study_time: Mapped[str] = mapped_column(Chars(32), default="")
    study_description: Mapped[str] = mapped_column(Chars(256), default="")
    referring_physician: Mapped[str] = mapped_column(Chars(512), default="")
    source_peer: Mapped[str] = mapped_column(Chars(64), default="")
    received_at: Mapped[datetime] = mapped_column(server_default=db_now())
    last_instance_at: Mapped[datetime] = mapped_column(server_default=db_now())
    instances_assessed: Mapped[int] = mapped_column(default=0)
    film_sop_instance_uid: Mapped[str] = mapped_column(UID, default="")
    current_report_id: Mapped[int | None] = mapped_column(default=None)
    held_by: Mapped[str] = mapped_column(Chars(64), default="")
    held_at: Mapped[datetime | None] = mapped_column(default=None)
    updated_seq: Mapped[int] = mapped_column(BIG, default=0, index=True)


class Instance(Base):
    """One received SOP instance; a defective one is kept in quarantine with its reason."""

    __tablename__ = "instance"
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), index=True)
    series_instance_uid: Mapped[str] = mapped_column(UID)
    sop_instance_uid: Mapped[str] = mapped_column(UID, unique=True)
    sop_class_uid: Mapped[str] = mapped_column(UID)
    transfer_syntax_uid: Mapped[str] = mapped_column(UID, default="")
    path: Mapped[str] = mapped_column(Chars(512))
    size: Mapped[int] = mapped_column(BIG)
    sha256: Mapped[str] = mapped_column(Chars(64))
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    defect: Mapped[str] = mapped_column(PlainText, default="")
    source_peer: Mapped[str] = mapped_column(Chars(64), default="")
    received_at: Mapped[datetime] = mapped_column(server_default=db_now())
    # Whether the site's rules were asked where it is forwarded to.
    routed: Mapped[bool] = mapped_column(default=False, server_default=true(), index=True)
    # What the disk said of its file when it was received, until its hash is made: `ObjectStore.stamp`.
    file_stamp: Mapped[str] = mapped_column(Chars(64), default="", server_default="")
    # When its file was purged by a retention rule; the row stays.
    purged_at: Mapped[datetime | None] = mapped_column(default=None)


class Notice(Base):
    """What a peer told of a study's images: an Instance Availability Notification or a performed procedure step."""

    __tablename__ = "notice"
    __table_args__ = (UniqueConstraint("sop_instance_uid", "study_instance_uid", name="uq_notice"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Chars(8))
    peer: Mapped[str] = mapped_column(Chars(64))
    sop_instance_uid: Mapped[str] = mapped_column(UID)
    study_instance_uid: Mapped[str] = mapped_column(UID, index=True)
    # Of a procedure step: IN PROGRESS, COMPLETED, DISCONTINUED; of a notification: AVAILABLE.
    state: Mapped[str] = mapped_column(Chars(16))
    # Pairs of SOP Instance UID and SOP Class UID; empty where it lists nothing.
    instances: Mapped[list[Any]] = mapped_column(default=list)
    received_at: Mapped[datetime] = mapped_column(server_default=db_now())


class Inquiry(Base):
    """What a peer was asked about a study, and what it answered: how many images, which priors, which order."""

    __tablename__ = "inquiry"
    __table_args__ = (UniqueConstraint("study_id", "kind", "peer", name="uq_inquiry"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), index=True)
    kind: Mapped[str] = mapped_column(Chars(16))
    peer: Mapped[str] = mapped_column(Chars(64))
    state: Mapped[str] = mapped_column(Chars(16))
    found: Mapped[dict[str, Any]] = mapped_column(default=dict)
    message: Mapped[str] = mapped_column(PlainText, default="")
    tries: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime] = mapped_column(server_default=db_now())


class Prior(Base):
    """An earlier study of a study's patient that is, or was, to be fetched from a peer."""

    __tablename__ = "prior"
    __table_args__ = (UniqueConstraint("study_id", "study_instance_uid", name="uq_prior"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), index=True)
    study_instance_uid: Mapped[str] = mapped_column(UID, index=True)
    peer: Mapped[str] = mapped_column(Chars(64))
    # Series Instance UIDs of films and reports in it.
    series: Mapped[list[Any]] = mapped_column(default=list)
    state: Mapped[str] = mapped_column(Chars(16), default="wanted", index=True)
    message: Mapped[str] = mapped_column(PlainText, default="")
    tries: Mapped[int] = mapped_column(default=0)
    run_after: Mapped[datetime] = mapped_column(server_default=db_now())


class Job(Base):
    """One piece of work for an engine; all statements on it stand in :mod:`llmcxr_ws.jobs`."""

    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("study_id", "kind", "input_key", "model_key", name="uq_job_input"),
        Index("ix_job_claim", "state", "run_after"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Chars(16))
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"))
    input_key: Mapped[str] = mapped_column(Chars(64))
    model_key: Mapped[str] = mapped_column(Chars(64), default="")
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(Chars(16), default="queued")
    priority: Mapped[int] = mapped_column(default=0)
    run_after: Mapped[datetime] = mapped_column(server_default=db_now())
    attempts: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int] = mapped_column(default=3)
    owner: Mapped[str] = mapped_column(Chars(128), default="")
    lease_until: Mapped[datetime | None] = mapped_column(default=None)
    error_code: Mapped[str] = mapped_column(Chars(64), default="")
    error_text: Mapped[str] = mapped_column(PlainText, default="")
    created_at: Mapped[datetime] = mapped_column(server_default=db_now())
    finished_at: Mapped[datetime | None] = mapped_column(default=None)


class Report(Base):
    """One version of a report. The AI text in it never changes; what a reader writes is an :class:`Edit`."""

    __tablename__ = "report"
    __table_args__ = (UniqueConstraint("study_id", "version", name="uq_report_version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), index=True)
    version: Mapped[int] = mapped_column()
    state: Mapped[str] = mapped_column(Chars(16), default=ReportState.DRAFT)
    reason: Mapped[str] = mapped_column(PlainText, default="")
    # What it was before a sign request was taken up, and is again when the request is refused.
    state_before: Mapped[str] = mapped_column(Chars(16), default="", server_default="")
    reason_before: Mapped[str] = mapped_column(PlainText, default="", server_default="")
    film_sop_instance_uid: Mapped[str] = mapped_column(UID)
    instances: Mapped[list[Any]] = mapped_column(default=list)
    ai_text: Mapped[str] = mapped_column(PlainText, default="")
    confidence: Mapped[float | None] = mapped_column(default=None)
    codes: Mapped[list[Any]] = mapped_column(default=list)
    evidence: Mapped[dict[str, Any]] = mapped_column(default=dict)
    model_name: Mapped[str] = mapped_column(Chars(64), default="")
    model_version: Mapped[str] = mapped_column(Chars(64), default="")
    model_device_uid: Mapped[str] = mapped_column(UID, default="")
    seed: Mapped[int] = mapped_column(BIG, default=0)
    started_at: Mapped[datetime] = mapped_column(server_default=db_now())
    created_at: Mapped[datetime] = mapped_column(server_default=db_now())
    signed_by: Mapped[str] = mapped_column(Chars(64), default="")
    signed_at: Mapped[datetime | None] = mapped_column(default=None)
    signed_text: Mapped[str] = mapped_column(PlainText, default="")
    # "report", or "addendum" to the signed report `amends_id`.
    kind: Mapped[str] = mapped_column(Chars(16), default="report", server_default="report")
    amends_id: Mapped[int | None] = mapped_column(default=None)
    preliminary_by: Mapped[str] = mapped_column(Chars(64), default="", server_default="")
    preliminary_at: Mapped[datetime | None] = mapped_column(default=None)
    # What the engine's labeler reads in the draft and in the signed text, finding by finding; empty: not read yet.
    ai_labels: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    signed_labels: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")


class Edit(Base):
    """What a reader has made of a report version so far; autosaved."""

    __tablename__ = "edit"
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"), primary_key=True)
    text: Mapped[str] = mapped_column(PlainText)
    revision: Mapped[int] = mapped_column(default=1)
    user: Mapped[str] = mapped_column(Chars(64))
    saved_at: Mapped[datetime] = mapped_column(server_default=db_now())


class FirstReading(Base):
    """What a reader wrote before seeing the draft, where the site lets the reader go first."""

    __tablename__ = "first_reading"
    __table_args__ = (UniqueConstraint("report_id", "user", name="uq_first_reading"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"), index=True)
    user: Mapped[str] = mapped_column(Chars(64))
    text: Mapped[str] = mapped_column(PlainText)
    written_at: Mapped[datetime] = mapped_column(server_default=db_now())


class SentenceMap(Base):
    """Which part of the film a sentence of a draft rests on: one value for each image token, row by row."""

    __tablename__ = "sentence_map"
    __table_args__ = (UniqueConstraint("report_id", "sentence_sha256", name="uq_sentence_map"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"), index=True)
    sentence_sha256: Mapped[str] = mapped_column(Chars(64))
    sentence: Mapped[str] = mapped_column(PlainText)
    state: Mapped[str] = mapped_column(Chars(16), default="asked")
    rows: Mapped[int] = mapped_column(default=0)
    columns: Mapped[int] = mapped_column(default=0)
    values: Mapped[list[Any]] = mapped_column(default=list)
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    error_text: Mapped[str] = mapped_column(PlainText, default="")
    asked_at: Mapped[datetime] = mapped_column(server_default=db_now())
    computed_at: Mapped[datetime | None] = mapped_column(default=None)


class Drawing(Base):
    """A synthetic film that the engine draws from a text, for teaching or to check a draft; never a patient's."""

    __tablename__ = "drawing"
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), index=True)
    report_id: Mapped[int | None] = mapped_column(ForeignKey("report.id"), default=None)
    purpose: Mapped[str] = mapped_column(Chars(16), default="teaching")
    user: Mapped[str] = mapped_column(Chars(64))
    text: Mapped[str] = mapped_column(PlainText)
    state: Mapped[str] = mapped_column(Chars(16), default="asked")
    seed: Mapped[int | None] = mapped_column(BIG, default=None)
    path: Mapped[str] = mapped_column(Chars(512), default="")
    sha256: Mapped[str] = mapped_column(Chars(64), default="")
    codes: Mapped[list[Any]] = mapped_column(default=list)
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    error_text: Mapped[str] = mapped_column(PlainText, default="")
    model_name: Mapped[str] = mapped_column(Chars(64), default="")
    model_version: Mapped[str] = mapped_column(Chars(64), default="")
    model_device_uid: Mapped[str] = mapped_column(UID, default="")
    asked_at: Mapped[datetime] = mapped_column(server_default=db_now())
    drawn_at: Mapped[datetime | None] = mapped_column(default=None)


class ShadowDraft(Base):
    """What another model says of a film, beside the draft and never shown to its reader."""

    __tablename__ = "shadow_draft"
    __table_args__ = (UniqueConstraint("report_id", "model_device_uid", name="uq_shadow_draft"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), index=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("report.id"), index=True)
    text: Mapped[str] = mapped_column(PlainText, default="")
    confidence: Mapped[float | None] = mapped_column(default=None)
    withheld: Mapped[str] = mapped_column(PlainText, default="")
    labels: Mapped[dict[str, Any]] = mapped_column(default=dict)
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    model_name: Mapped[str] = mapped_column(Chars(64))
    model_version: Mapped[str] = mapped_column(Chars(64))
    model_device_uid: Mapped[str] = mapped_column(UID)
    seconds: Mapped[float] = mapped_column(default=0.0)
    created_at: Mapped[datetime] = mapped_column(server_default=db_now())


class Question(Base):
    """A reader's question about a film."""

    __tablename__ = "question"
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), index=True)
    user: Mapped[str] = mapped_column(Chars(64))
    text: Mapped[str] = mapped_column(PlainText)
    state: Mapped[str] = mapped_column(Chars(16), default="asked")
    answer: Mapped[str] = mapped_column(PlainText, default="")
    error_text: Mapped[str] = mapped_column(PlainText, default="")
    model_name: Mapped[str] = mapped_column(Chars(64), default="")
    model_version: Mapped[str] = mapped_column(Chars(64), default="")
    asked_at: Mapped[datetime] = mapped_column(server_default=db_now())
    answered_at: Mapped[datetime | None] = mapped_column(default=None)


class AnswerChunk(Base):
    """A piece of an answer while it is being written."""

    __tablename__ = "answer_chunk"
    __table_args__ = (UniqueConstraint("question_id", "attempt", "seq", name="uq_answer_chunk"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("question.id"), index=True)
    attempt: Mapped[int] = mapped_column(default=1)
    seq: Mapped[int] = mapped_column()
    text: Mapped[str] = mapped_column(PlainText)


class Request(Base):
    """What a window or an administrator asks of the node; the outcome is the node's to write."""

    __tablename__ = "request"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Chars(16))
    user: Mapped[str] = mapped_column(Chars(64))
    study_id: Mapped[int | None] = mapped_column(ForeignKey("study.id"), default=None, index=True)
    report_id: Mapped[int | None] = mapped_column(ForeignKey("report.id"), default=None)
    payload: Mapped[str] = mapped_column(PlainText)
    signature: Mapped[bytes] = mapped_column()
    nonce: Mapped[str] = mapped_column(Chars(64), unique=True)
    state: Mapped[str] = mapped_column(Chars(16), default="waiting", index=True)
    outcome: Mapped[str] = mapped_column(PlainText, default="")
    run_after: Mapped[datetime] = mapped_column(server_default=db_now())
    created_at: Mapped[datetime] = mapped_column(server_default=db_now())
    decided_at: Mapped[datetime | None] = mapped_column(default=None)


class UsedNonce(Base):
    """A decided request's nonce: the same signature is never acted on twice, whatever its row says."""

    __tablename__ = "used_nonce"
    nonce: Mapped[str] = mapped_column(Chars(64), primary_key=True)
    used_at: Mapped[datetime] = mapped_column(server_default=db_now())


class Document(Base):
    """A result document: built once, its bytes stored, and only ever resent; not built yet while `path` is empty.

    Of the kind `forwarded` it is a received instance that goes on to other peers: `path` is that instance's own file,
    `sha256` that of its data set, and there is no report.
    """

    __tablename__ = "document"
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), index=True)
    report_id: Mapped[int | None] = mapped_column(ForeignKey("report.id"), index=True)
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("instance.id"), index=True, default=None)
    kind: Mapped[str] = mapped_column(Chars(16))
    # What the report was when it was made: draft, signed, addendum; empty for a note of withdrawal.
    stage: Mapped[str] = mapped_column(Chars(16), default="", server_default="")
    # Of a note of withdrawal: the document that it takes back.
    withdraws_id: Mapped[int | None] = mapped_column(default=None)
    sop_class_uid: Mapped[str] = mapped_column(UID)
    sop_instance_uid: Mapped[str] = mapped_column(UID, unique=True)
    series_instance_uid: Mapped[str] = mapped_column(UID)
    path: Mapped[str] = mapped_column(Chars(512))
    sha256: Mapped[str] = mapped_column(Chars(64))
    created_at: Mapped[datetime] = mapped_column(server_default=db_now())
    purged_at: Mapped[datetime | None] = mapped_column(default=None)


class Delivery(Base):
    """One document on its way to one peer."""

    __tablename__ = "delivery"
    __table_args__ = (UniqueConstraint("document_id", "peer", name="uq_delivery"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), index=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), index=True)
    peer: Mapped[str] = mapped_column(Chars(64))
    required: Mapped[bool] = mapped_column(default=True)
    # A rule asked for a de-identified copy: the object itself must not go.
    deidentify: Mapped[bool] = mapped_column(default=False, server_default=false())
    state: Mapped[str] = mapped_column(Chars(16), default=DeliveryState.QUEUED, index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    outcome_unknown: Mapped[bool] = mapped_column(default=False)
    run_after: Mapped[datetime] = mapped_column(server_default=db_now())
    message: Mapped[str] = mapped_column(PlainText, default="")
    # What the gate found in a document that it refused: sentences without patient data.
    faults: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    stored_at: Mapped[datetime | None] = mapped_column(default=None)
    confirmed_at: Mapped[datetime | None] = mapped_column(default=None)
    confirmed_by: Mapped[str] = mapped_column(Chars(16), default="")
    transaction_uid: Mapped[str] = mapped_column(UID, default="", index=True)
    commitment_asked_at: Mapped[datetime | None] = mapped_column(default=None)
    # The de-identified copy that is sent in the document's place; empty: the document itself.
    copy_path: Mapped[str] = mapped_column(Chars(512), default="", server_default="")
    copy_sha256: Mapped[str] = mapped_column(Chars(64), default="", server_default="")
    copy_sop_instance_uid: Mapped[str] = mapped_column(UID, default="", server_default="")
    copy_series_instance_uid: Mapped[str] = mapped_column(UID, default="", server_default="")


class QuarantineReview(Base):
    """A quarantined file that somebody looked at; only such a one may be purged."""

    __tablename__ = "quarantine_review"
    path: Mapped[str] = mapped_column(Chars(512), primary_key=True)
    reviewed_by: Mapped[str] = mapped_column(Chars(64))
    reviewed_at: Mapped[datetime] = mapped_column(server_default=db_now())


class Pseudonym(Base):
    """Whose pseudonym it is, sealed under the de-identification key: the database alone doesn't tell."""

    __tablename__ = "pseudonym"
    __table_args__ = (UniqueConstraint("project", "pseudonym", name="uq_pseudonym"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    project: Mapped[str] = mapped_column(Chars(16))
    pseudonym: Mapped[str] = mapped_column(Chars(64))
    sealed: Mapped[bytes] = mapped_column()
    first_at: Mapped[datetime] = mapped_column(server_default=db_now())


class CommitmentResult(Base):
    """What a peer answered to a storage commitment request; written by the listener."""

    __tablename__ = "commitment_result"
    id: Mapped[int] = mapped_column(primary_key=True)
    transaction_uid: Mapped[str] = mapped_column(UID, index=True)
    sop_instance_uid: Mapped[str] = mapped_column(UID)
    failure_reason: Mapped[int | None] = mapped_column(default=None)
    received_at: Mapped[datetime] = mapped_column(server_default=db_now())


class User(Base):
    """A person with a role and a key pair; the row carries a MAC under the service's key."""

    __tablename__ = "user_account"
    name: Mapped[str] = mapped_column(Chars(64), primary_key=True)
    display_name: Mapped[str] = mapped_column(Chars(256))
    organization: Mapped[str] = mapped_column(Chars(256), default="")
    role: Mapped[str] = mapped_column(Chars(16))
    enabled: Mapped[bool] = mapped_column(default=True)
    public_key: Mapped[bytes] = mapped_column()
    wrapped_key: Mapped[bytes] = mapped_column()
    salt: Mapped[bytes] = mapped_column()
    mac: Mapped[bytes] = mapped_column()
    changed_at: Mapped[datetime] = mapped_column(server_default=db_now())


class Preference(Base):
    """One setting of one person's window: theme, keys, saved filters, macros."""

    __tablename__ = "preference"
    user: Mapped[str] = mapped_column(Chars(64), primary_key=True)
    name: Mapped[str] = mapped_column(Chars(64), primary_key=True)
    value: Mapped[dict[str, Any]] = mapped_column(default=dict)
    changed_at: Mapped[datetime] = mapped_column(server_default=db_now())


class Audit(Base):
    """The append-only trail: every row carries the hash of the one before it."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[str] = mapped_column(Chars(32))
    actor: Mapped[str] = mapped_column(Chars(64))
    event: Mapped[str] = mapped_column(Chars(64), index=True)
    study_id: Mapped[int | None] = mapped_column(default=None, index=True)
    detail: Mapped[str] = mapped_column(PlainText, default="{}")
    previous: Mapped[str] = mapped_column(Chars(64))
    hash: Mapped[str] = mapped_column(Chars(64))


class SiteDocument(Base):
    """One version of the site's configuration, as the TOML text that was imported."""

    __tablename__ = "site_document"
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(PlainText)
    imported_by: Mapped[str] = mapped_column(Chars(64))
    imported_at: Mapped[datetime] = mapped_column(server_default=db_now())


class Service(Base):
    """A running process, so that the others can say who is there."""

    __tablename__ = "service"
    name: Mapped[str] = mapped_column(Chars(128), primary_key=True)
    kind: Mapped[str] = mapped_column(Chars(16))
    pid: Mapped[int] = mapped_column()
    host: Mapped[str] = mapped_column(Chars(128))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    started_at: Mapped[datetime] = mapped_column(server_default=db_now())
    seen_at: Mapped[datetime] = mapped_column(server_default=db_now())
