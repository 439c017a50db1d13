"""Which audit message is made of which event: of rows of the audit trail, and of processes that come and go.

Events that have no message in PS3.15 A.5.3 (edits, questions, drafts) stay in the trail alone. A message names one
patient; with `masked` it bears hashes instead of Patient ID, accession number and Study Instance UID.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from dicom_node.watching import audit_message as am
from dicom_node.watching.audit_message import Message, Object, Participant
from dicom_node.watching.audit_query import query_object
from llmcxr_ws.log import mask
from llmcxr_ws.outputs import Hl7Destination
from llmcxr_ws.site import Destination, Peer, SiteConfig
from llmcxr_ws.store import watching
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.watching import Subject, TrailEvent

_CONFIGURED: Final = {"site.imported": am.NETWORK_CONFIGURATION}
_USERS: Final = {"user.added": am.USER_SECURITY_CHANGED, "user.changed": am.USER_SECURITY_CHANGED}
_ACCESSED: Final[Mapping[str, am.Action]] = {
    "study.held": "R",
    "draft.shown": "R",
    "report.signed": "C",
    "study.addendum": "C",
    "report.rejected": "D",
    "study.retracted": "D",
}
"""What people do with a study's instances: read, make documents of their own, withdraw documents."""
_SENT: Final[Mapping[str, tuple[am.Code, str]]] = {
    "delivery.sending": (am.BEGIN_TRANSFERRING, am.SUCCESS),
    "delivery.stored": (am.INSTANCES_TRANSFERRED, am.SUCCESS),
    "delivery.queued": (am.INSTANCES_TRANSFERRED, am.MINOR_FAILURE),
    "delivery.dead": (am.INSTANCES_TRANSFERRED, am.SERIOUS_FAILURE),
}
_ARRIVED: Final[Mapping[str, str]] = {
    "instance.received": am.SUCCESS,
    "instance.returned": am.SUCCESS,
    "instance.defective": am.MINOR_FAILURE,
}
EVENTS: Final = frozenset(
    {
        *_ARRIVED,
        *_SENT,
        *_ACCESSED,
        *_CONFIGURED,
        *_USERS,
        "identity.asked",
        "peer.asked",
        "association.rejected",
        "retention.purged",
        "deidentify.exported",
        "deidentify.key_table_read",
        "user.logged_in",
        "user.log_in_failed",
    }
)
"""Rows of the trail that have a message."""


@dataclass(frozen=True)
class Reporter:
    """Makes messages for one home."""

    db: Database
    site: SiteConfig
    ae_title: str
    masked: bool = False

    def of_trail(self, events: Iterable[TrailEvent]) -> Iterator[Message]:
        """The messages of these rows, in their order; instances of one study from one peer share one."""
        arrivals: dict[tuple[int, str, str], list[TrailEvent]] = {}
        for event in events:
            if event.event in _ARRIVED and event.study_id is not None:
                key = (event.study_id, str(event.detail.get("peer", "")), event.event)
                arrivals.setdefault(key, []).append(event)
                continue
            message = self._of(event)
            if message is not None:
                yield self._signed(message)
        for (study_id, peer, name), rows in arrivals.items():
            yield self._signed(self._arrival(study_id, peer, name, rows))

    def of_process(self, kind: str, *, started: bool, at: datetime | None = None) -> Iterator[Message]:
        """A process came or went; with the listener the node enters or leaves the network."""
        when = at or datetime.now(UTC)
        yield self._signed(
            Message(
                am.APPLICATION_ACTIVITY,
                "E",
                when,
                [replace(self._us(requestor=False, role=am.APPLICATION), user_id=f"{self.ae_title} {kind}")],
                types=(am.APPLICATION_START if started else am.APPLICATION_STOP,),
            )
        )
        if kind == "listener":
            yield self._signed(
                Message(
                    am.NETWORK_ENTRY,
                    "E",
                    when,
                    [self._us(requestor=False)],
                    types=(am.ATTACH if started else am.DETACH,),
                )
            )

    def _of(self, event: TrailEvent) -> Message | None:
        name = event.event
        if name in _SENT:
            return self._sent(event)
        if name in _ACCESSED:
            return self._accessed(event)
        if name in ("identity.asked", "peer.asked"):
            return self._query(event)
        if name == "retention.purged":
            return self._deleted(event)
        if name == "deidentify.exported":
            return self._exported_to_folder(event)
        if name == "deidentify.key_table_read":
            return Message(
                am.SECURITY_ALERT,
                "E",
                event.at,
                [self._person(event.actor), self._us(requestor=False)],
                outcome_words=f"{event.detail.get('rows', 0)} pseudonyms of a project were resolved",
                types=(am.RESTRICTED_FUNCTION,),
            )
        if name in ("user.logged_in", "user.log_in_failed"):
            failed = name == "user.log_in_failed"
            return Message(
                am.USER_AUTHENTICATION,
                "E",
                event.at,
                [self._person(event.actor), self._us(requestor=False, role=am.APPLICATION)],
                outcome=am.MINOR_FAILURE if failed else am.SUCCESS,
                types=(am.LOGIN,),
            )
        if name == "association.rejected":
            return self._turned_away(event)
        if name in _CONFIGURED or name in _USERS:
            changed = str(event.detail.get("user", "site document"))
            return Message(
                am.SECURITY_ALERT,
                "E",
                event.at,
                [self._person(event.actor), self._us(requestor=False)],
                types=((_CONFIGURED | _USERS)[name],),
                objects=[Object(changed, am.USER_ID if name in _USERS else am.NODE_ID, "2", "13")],
            )
        return None

    def _arrival(self, study_id: int, peer: str, name: str, rows: list[TrailEvent]) -> Message:
        subject = watching.subject_of(self.db, study_id)
        fetched = subject is not None and subject.is_prior  # else whoever sent it began
        return Message(
            am.INSTANCES_TRANSFERRED,
            "C",
            rows[-1].at,
            [
                self._peer(peer, requestor=not fetched, role=am.SOURCE),
                self._us(requestor=fetched, role=am.DESTINATION),
            ],
            outcome=_ARRIVED[name],
            outcome_words="set aside" if name == "instance.defective" else f"{len(rows)} instances, kept",
            objects=self._study_and_patient(study_id, life_cycle="2"),
        )

    def _sent(self, event: TrailEvent) -> Message | None:
        if event.study_id is None or (
            event.event == "delivery.queued" and event.detail.get("before") != "sending"
        ):
            return None
        kind, outcome = _SENT[event.event]
        to = str(event.detail.get("peer", ""))
        delivery = int(event.detail.get("delivery", 0))
        destination = self.site.destination(to)
        if destination is not None and not isinstance(destination, Peer):
            if event.event == "delivery.sending":
                return None  # a message is one exchange: what became of it follows
            return self._exported(event, destination, outcome, delivery)
        return Message(
            kind,
            "E" if kind == am.BEGIN_TRANSFERRING else "R",
            event.at,
            [
                self._us(requestor=True, role=am.SOURCE),
                self._peer(to, requestor=False, role=am.DESTINATION),
            ],
            outcome=outcome,
            objects=self._study_and_patient(event.study_id, deliveries=(delivery,), life_cycle="10"),
        )

    def _exported(self, event: TrailEvent, to: Destination, outcome: str, delivery: int) -> Message:
        media = ("HL7v2" if isinstance(to, Hl7Destination) else "FHIR", "99LLMCXR", "Message")
        return Message(
            am.EXPORT,
            "R",
            event.at,
            [
                self._us(requestor=True, role=am.SOURCE),
                Participant(to.name, False, (am.DESTINATION_MEDIA,), media=media),
            ],
            outcome=outcome,
            objects=self._study_and_patient(event.study_id or 0, deliveries=(delivery,), life_cycle="10"),
        )

    def _deleted(self, event: TrailEvent) -> Message | None:
        """Films of a study went by a rule (A.5.3.5); what was made of them isn't the study's instances."""
        if event.study_id is None or event.detail.get("what") not in ("films", "priors"):
            return None
        return Message(
            am.STUDY_DELETED,
            "D",
            event.at,
            [self._us(requestor=True)],
            outcome_words=f"{event.detail.get('items', 0)} instances, by a retention rule",
            objects=self._study_and_patient(event.study_id, life_cycle="14"),
        )

    def _exported_to_folder(self, event: TrailEvent) -> Message | None:
        if event.study_id is None:
            return None
        count = int(event.detail.get("objects", 0))
        return Message(
            am.EXPORT,
            "R",
            event.at,
            [
                self._us(requestor=True, role=am.SOURCE),
                Participant("folder", False, (am.DESTINATION_MEDIA,), media=am.URI),
            ],
            outcome=am.SUCCESS if count else am.MINOR_FAILURE,
            outcome_words=f"{count} objects, de-identified",
            objects=self._study_and_patient(event.study_id, life_cycle="10"),
        )

    def _accessed(self, event: TrailEvent) -> Message | None:
        if event.study_id is None:
            return None
        return Message(
            am.INSTANCES_ACCESSED,
            _ACCESSED[event.event],
            event.at,
            [self._person(str(event.detail.get("by", event.actor))), self._us(requestor=False)],
            objects=self._study_and_patient(event.study_id, life_cycle="6"),
        )

    def _query(self, event: TrailEvent) -> Message | None:
        subject = watching.subject_of(self.db, event.study_id) if event.study_id is not None else None
        if subject is None:
            return None
        answered = bool(event.detail.get("answered", True))
        shown = _masked(subject) if self.masked else subject
        return Message(
            am.QUERY,
            "E",
            event.at,
            [
                self._us(requestor=True, role=am.SOURCE),
                self._peer(str(event.detail.get("peer", "")), requestor=False, role=am.DESTINATION),
            ],
            outcome=am.SUCCESS if answered else am.MINOR_FAILURE,
            objects=[query_object(str(event.detail.get("about", "identity")), shown)],
        )

    def _turned_away(self, event: TrailEvent) -> Message:
        calling, host = str(event.detail.get("calling", "")), str(event.detail.get("host", ""))
        return Message(
            am.SECURITY_ALERT,
            "E",
            event.at,
            [
                self._us(requestor=False),
                Participant(
                    calling or "unknown", True, alternative_id=_title(calling), address=host, address_type="2"
                ),
            ],
            outcome=am.MINOR_FAILURE,
            outcome_words=f"{event.detail.get('count', 1)} {event.detail.get('what', 'associations')}: "
            f"{event.detail.get('reason', '')}",
            types=(am.NODE_AUTHENTICATION,),
            objects=[Object(calling or "unknown", am.NODE_ID, "2", "13", name=host)],
        )

    def _study_and_patient(
        self, study_id: int, *, deliveries: tuple[int, ...] = (), life_cycle: str = ""
    ) -> list[Object]:
        subject = watching.subject_of(self.db, study_id, deliveries)
        if subject is None:
            return []
        shown = _masked(subject) if self.masked else subject
        patient = shown.patient_id
        if shown.issuer_of_patient_id:
            patient = f"{patient}^^^{shown.issuer_of_patient_id}"
        return [
            Object(
                shown.study_instance_uid,
                am.STUDY_UID,
                "2",
                "3",
                accession=shown.accession_number,
                sop_classes=shown.sop_classes,
                life_cycle=life_cycle,
            ),
            Object(patient or "unknown", am.PATIENT_NUMBER, "1", "1"),
        ]

    def _us(self, *, requestor: bool, role: am.Code | None = None) -> Participant:
        return Participant(
            self.ae_title,
            requestor,
            (role,) if role else (),
            alternative_id=_title(self.ae_title),
            address=socket.gethostname(),
        )

    def _peer(self, name: str, *, requestor: bool, role: am.Code) -> Participant:
        peer = next((one for one in self.site.peers if one.name == name), None)
        if peer is None:
            return Participant(name or "unknown", requestor, (role,))
        return Participant(
            peer.ae_title, requestor, (role,), alternative_id=_title(peer.ae_title), address=peer.host
        )

    def _person(self, name: str) -> Participant:
        return Participant(name or "unknown", True)

    def _signed(self, message: Message) -> Message:
        """The message with its source: this machine's node, at this site."""
        source = f"{self.ae_title}@{socket.gethostname()}"
        return replace(message, source=source, site=self.site.institution or self.site.name)


def process_id() -> str:
    """This process as syslog names it."""
    return str(os.getpid())


def _title(ae_title: str) -> str:
    return f"AETITLES={ae_title}" if ae_title else ""


def _masked(subject: Subject) -> Subject:
    return replace(
        subject,
        study_instance_uid=mask(subject.study_instance_uid),
        accession_number=mask(subject.accession_number) if subject.accession_number else "",
        patient_id=mask(subject.patient_id) if subject.patient_id else "",
        issuer_of_patient_id="",
    )
