"""The frozen dataclasses that cross process and thread borders."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from unicodedata import normalize

from llmcxr_ws.states import DeliveryState, ReportState, StudyState


@dataclass(frozen=True)
class Identity:
    """Whom a study speaks of, as a header or a PACS says it (PS3.3 C.7.1.1)."""

    patient_id: str = ""
    issuer_of_patient_id: str = ""
    patient_name: str = ""
    patient_birth_date: str = ""
    patient_sex: str = ""
    accession_number: str = ""

    def differences(self, other: Identity) -> tuple[str, ...]:
        """Names of the fields in which `other` says something else; an empty issuer says nothing."""
        mine, theirs = self._comparable(), other._comparable()
        if not self.issuer_of_patient_id or not other.issuer_of_patient_id:
            mine.pop("issuer_of_patient_id")
        return tuple(name for name, value in mine.items() if theirs[name] != value)

    def composed(self) -> Identity:
        """The same with every text in NFC, as a signed request holds it."""
        return Identity(**{name: normalize("NFC", value) for name, value in asdict(self).items()})

    def _comparable(self) -> dict[str, str]:
        said = {name: str(value).strip() for name, value in asdict(self.composed()).items()}
        # A trailing ^, = or space carries no meaning in a person name (PS3.5 6.2.1).
        said["patient_name"] = "=".join(
            group.rstrip("^ ") for group in said["patient_name"].split("=")
        ).rstrip("=")
        return said


@dataclass(frozen=True)
class Arrival:
    """One received instance, as the listener describes it to the store."""

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    path: str
    size: int
    sha256: str
    identity: Identity
    study_date: str = ""
    study_time: str = ""
    study_description: str = ""
    referring_physician: str = ""
    source_peer: str = ""
    defect: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    file_stamp: str = ""


@dataclass(frozen=True)
class Recorded:
    """What the store made of an arrival."""

    study_id: int
    new: bool


@dataclass(frozen=True)
class InstanceRow:
    """One instance of a study."""

    sop_instance_uid: str
    series_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    path: str
    size: int
    sha256: str
    defect: str
    facts: dict[str, Any]
    purged_at: datetime | None = None
    file_stamp: str = ""


@dataclass(frozen=True)
class StudyRow:
    """One line of the worklist."""

    id: int
    study_instance_uid: str
    state: StudyState
    reason_code: str
    reason: str
    needs_addendum: bool
    late_images: bool
    identity: Identity
    study_date: str
    study_time: str
    study_description: str
    referring_physician: str
    source_peer: str
    film_sop_instance_uid: str
    view: str
    received_at: datetime
    last_instance_at: datetime
    instances: int
    report_id: int | None
    report_state: ReportState | None
    confidence: float | None
    drafted_at: datetime | None
    held_by: str
    held_at: datetime | None
    updated_seq: int
    # As the order says it: STAT, HIGH, ROUTINE, MEDIUM, LOW, or empty.
    requested_priority: str = ""
    # What the network beside the model says of the film, and whether the draft says something else.
    film_abnormal: bool | None = None
    guard_disagrees: bool = False
    # Whether all images are here, as :meth:`llmcxr_ws.completeness.Verdict.to_dict` keeps it.
    completeness: dict[str, Any] = field(default_factory=dict)
    # What the worklist says of its order, by keyword.
    ordered: dict[str, str] = field(default_factory=dict)
    # Fetched to compare with; no work of anybody's.
    is_prior: bool = False
    # When films of it were purged by a retention rule; their headers, reports and history stay.
    purged_at: datetime | None = None


@dataclass(frozen=True)
class OtherStudy:
    """Another study of a patient, with its instances, and whether its header bears another name."""

    study: StudyRow
    instances: tuple[InstanceRow, ...]
    has_other_name: bool


@dataclass(frozen=True)
class ReportRow:
    """One version of a report, with what a reader has made of it."""

    id: int
    study_id: int
    version: int
    state: ReportState
    reason: str
    film_sop_instance_uid: str
    instances: tuple[str, ...]
    ai_text: str
    edit_text: str | None
    edit_revision: int
    edited_by: str
    edit_saved_at: datetime | None
    confidence: float | None
    codes: tuple[int, ...]
    evidence: dict[str, Any]
    model_name: str
    model_version: str
    model_device_uid: str
    seed: int
    started_at: datetime
    created_at: datetime
    signed_by: str
    signed_at: datetime | None
    signed_text: str
    kind: str = "report"
    amends_id: int | None = None
    preliminary_by: str = ""
    preliminary_at: datetime | None = None
    # The draft was withheld or rejected: what stands here, or will be signed, is a person's own text.
    draft_set_aside: bool = False

    @property
    def text(self) -> str:
        """What the report says now: the reader's edit, else the AI text."""
        return self.edit_text if self.edit_text is not None else self.ai_text


@dataclass(frozen=True)
class FirstReadingRow:
    """What a reader wrote before seeing the draft of a report version."""

    report_id: int
    user: str
    text: str
    written_at: datetime


@dataclass(frozen=True)
class QuestionRow:
    """A question and what has come of it."""

    id: int
    study_id: int
    user: str
    text: str
    state: str
    answer: str
    error_text: str
    model_name: str
    model_version: str
    asked_at: datetime
    answered_at: datetime | None


@dataclass(frozen=True)
class RequestRow:
    """A request of a window or administrator and its outcome."""

    id: int
    kind: str
    user: str
    study_id: int | None
    report_id: int | None
    payload: str
    signature: bytes
    nonce: str
    state: str
    outcome: str
    created_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True)
class DocumentRow:
    """A result document, or, with the kind `forwarded` and `report_id` 0, a received instance on its way."""

    id: int
    study_id: int
    report_id: int
    kind: str
    sop_class_uid: str
    sop_instance_uid: str
    series_instance_uid: str
    path: str
    sha256: str
    # What the report was when it was made: draft, signed, addendum; empty for a note of withdrawal.
    stage: str = ""
    # Of a note of withdrawal: the document that it takes back.
    withdraws_id: int | None = None


@dataclass(frozen=True)
class DeidentifiedCopy:
    """A kept file that is sent in a document's place to a peer that may not know the patient."""

    path: str
    sha256: str
    sop_instance_uid: str
    series_instance_uid: str


@dataclass(frozen=True)
class DeliveryRow:
    """One document on its way to one destination; UIDs, path and hash are those of what is sent.

    `faults` are what the gate found in one that it refused.
    """

    id: int
    document_id: int
    study_id: int
    kind: str
    sop_class_uid: str
    sop_instance_uid: str
    path: str
    sha256: str
    peer: str
    required: bool
    state: DeliveryState
    attempts: int
    outcome_unknown: bool
    message: str
    transaction_uid: str
    commitment_asked_at: datetime | None
    stored_at: datetime | None
    stage: str = ""
    faults: tuple[str, ...] = ()
    # A rule asked for a de-identified copy: the object itself must not go.
    deidentify: bool = False
    series_instance_uid: str = ""
    # What is sent is a copy without the patient.
    deidentified: bool = False

    @property
    def is_forwarded(self) -> bool:
        """Whether it is a received instance on its way to another peer, and no document of ours."""
        return self.kind == "forwarded"


@dataclass(frozen=True)
class Withdrawal:
    """One document that a retraction takes back at one destination.

    `way` is how that is told (``dicom``, ``hl7``, ``fhir``); `is_certain` is False where a try whose answer was lost
    may have brought it there, `is_known` where the site document no longer names the destination.
    """

    destination: str
    kind: str
    stage: str
    way: str
    is_certain: bool
    is_known: bool


@dataclass(frozen=True)
class RetractionPlan:
    """What a retraction would do now: what is taken back where, what is kept from leaving, what isn't known yet."""

    withdrawals: tuple[Withdrawal, ...]
    kept_back: tuple[DeliveryRow, ...]
    is_in_doubt: bool


@dataclass(frozen=True)
class Account:
    """A user as others may see one."""

    name: str
    display_name: str
    organization: str
    role: str
    enabled: bool
    public_key: bytes
    wrapped_key: bytes
    salt: bytes


@dataclass(frozen=True)
class ServiceRow:
    """A running process."""

    name: str
    kind: str
    pid: int
    host: str
    detail: dict[str, Any]
    seconds_since_seen: float


@dataclass(frozen=True)
class NewDraft:
    """What an engine made of a film."""

    film_sop_instance_uid: str
    instances: tuple[str, ...]
    ai_text: str
    confidence: float | None
    codes: tuple[int, ...]
    model_name: str
    model_version: str
    model_device_uid: str
    seed: int
    started_at: datetime
    evidence: dict[str, Any] = field(default_factory=dict)
    withheld: str = ""
    # What the labeler reads in the AI text, finding by finding.
    labels: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NewMap:
    """The map of one sentence as an engine made it: one value a token, row by row."""

    sentence: str
    rows: int
    columns: int
    values: tuple[float, ...]
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class MapRow:
    """A sentence's map in its present state: asked, computing, ready or failed.

    `values` are falls of the sentence's log-probability, row by row; empty unless it is ready.
    """

    id: int
    report_id: int
    sentence: str
    state: str
    rows: int
    columns: int
    values: tuple[float, ...]
    facts: dict[str, Any]
    error_text: str

    @property
    def is_open(self) -> bool:
        """Whether it is still being made."""
        return self.state in ("asked", "computing")


@dataclass(frozen=True)
class NewDrawing:
    """What an engine drew; `path` is empty where no picture was kept."""

    seed: int
    codes: tuple[int, ...]
    model_name: str
    model_version: str
    model_device_uid: str
    path: str = ""
    sha256: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RoundTrip:
    """How alike a film and one drawn from its draft are, and what such a comparison was measured to be worth.

    Below 0 the two are less alike than the film and one drawn from another film's draft usually are; below
    `advise_below` they are so unlike as a film and its own draft's seldom are.
    """

    score: float
    advise_below: float
    auroc: float
    low: float
    high: float


@dataclass(frozen=True)
class DrawingRow:
    """A synthetic film for teaching in its present state: asked, drawing, drawn or failed."""

    id: int
    study_id: int
    user: str
    text: str
    state: str
    seed: int | None
    path: str
    sha256: str
    share: float
    error_text: str
    model_name: str
    model_version: str
    asked_at: datetime
    drawn_at: datetime | None
    model_device_uid: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it is still being drawn."""
        return self.state in ("asked", "drawing")
