"""Write docs/conformance-statement.md, the DICOM Conformance Statement, from the code's own tables.

Run it after changing what the node accepts, proposes or writes: ``python docs/make_conformance.py``; `--check` says
whether the page is up to date, and a test runs that. The chapters are those of PS3.2 annex A. What is written by hand
here are sentences; SOP classes, transfer syntaxes, roles, limits, statuses, attributes and codes are read from the
modules that use them, the attributes and codes from examples of each kind of document.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Final

from conformance_questions import questions, worklist_keys
from conformance_tables import name as _name
from conformance_tables import table as _table
from conformance_web import dicomweb
from pydicom.datadict import dictionary_description, dictionary_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from dicom_node import scu, sop_classes, statuses
from dicom_node.association import MAX_CONTEXTS, MAX_PDU_BYTES, Timeouts
from dicom_node.documents import private_codes
from dicom_node.documents.kinds import KINDS, ExampleStudy, example_study
from dicom_node.documents.report import Device
from dicom_node.listener import accepted_contexts
from dicom_node.notices import ANSWERS
from dicom_node.provider import ProviderLimits
from dicom_node.reception import OUTCOMES
from dicom_node.tls import SUITES_TLS_1_2
from llmcxr_ws import __version__
from llmcxr_ws.config import MachineConfig
from llmcxr_ws.site import Peer
from llmcxr_ws.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, derived_uid

PAGE: Final = Path(__file__).parent / "conformance-statement.md"
_NEVER_SHOWN: Final = frozenset({"DA", "TM", "DT", "UI", "SQ", "OB", "OW", "PN", "UN"})
"""Forms whose values say nothing in a table, or change from day to day."""
_LONGEST_VALUE: Final = 60

_USES: Final[dict[str, str]] = {
    sop_classes.VERIFICATION: "echo, doctor",
    sop_classes.STORAGE_COMMITMENT: "confirmation of what was sent",
    sop_classes.WORKLIST_FIND: "the order of a new study, at a peer with `worklist`",
    sop_classes.STUDY_ROOT_FIND: "completeness, priors, identity before a signature, whether a document is held, `llmcxr dicom find`",
    sop_classes.PATIENT_ROOT_FIND: "`llmcxr dicom find --model patient`",
    sop_classes.STUDY_ROOT_MOVE: "priors (`retrieve`), `llmcxr dicom move`",
    sop_classes.PATIENT_ROOT_MOVE: "`llmcxr dicom move`",
    sop_classes.STUDY_ROOT_GET: "priors (`retrieve`), `llmcxr dicom get`, `llmcxr dicom reports --out`",
    sop_classes.PATIENT_ROOT_GET: "`llmcxr dicom get`",
}
_WHEN: Final[dict[str, str]] = {
    "stored": "The file and its directory entry are on the disk and its index row is committed, or it was held already.",
    "no_space": "Less than `min_free_mb` are free, or the index can't be written. Send it again later.",
    "uid_mismatch": "The UIDs of command, presentation context, file and data set differ. The file goes to quarantine.",
    "unreadable": "The data set can't be read. The file goes to quarantine.",
    "defective": "The pixel data is incomplete. The file goes to quarantine, and the study shows it.",
    "duplicate_uid": "The UID is held with other content. The file goes to quarantine.",
    "failed": "An error inside. Send it again later.",
    "too_large": "The data set is larger than `max_instance_mb`. Nothing of it is kept.",
}
_KIND_WORDS: Final[dict[str, str]] = {
    "draft": "AI draft, unreviewed",
    "report": "signed report",
    "addendum": "addendum",
    "rejection": "withdrawal or retraction",
    "provenance": "origins of the signed sentences",
    "findings": "findings of a draft",
    "presentation": "marks of a draft",
    "key_image": "key image of a draft",
    "capture": "film with marks burned in",
    "synthetic": "film that a model drew",
    "pdf": "copy for people",
}


def statement() -> str:
    """Return the whole page."""
    parts: list[str] = []
    for chapter in (_cover, _overview, _introduction, _networking, _media, _characters, _security, _annexes):
        parts += chapter()
    return "\n".join(parts).rstrip() + "\n"


def _cover() -> list[str]:
    return [
        "# DICOM Conformance Statement\n",
        "<!-- Made by docs/make_conformance.py from the code's tables; change those instead. -->\n",
        _table(
            ("", ""),
            [
                ("product", "LLM-CXR Workstation, the DICOM node (`llmcxr node`)"),
                ("version", __version__),
                ("implementation class UID", IMPLEMENTATION_CLASS_UID),
                ("implementation version name", IMPLEMENTATION_VERSION_NAME),
                ("use", "research only; not a medical device"),
            ],
        ),
    ]


def _overview() -> list[str]:
    rows = []
    accepted = {str(context.abstract_syntax) for context in accepted_contexts()}
    sent = {document.SOPClassUID for _, document in _examples()}.union(sop_classes.STORAGE_CLASSES)
    for uid in _in_order([*accepted, *_services(), *sent]):
        user = "yes" if uid in sent or uid in _services() else "no"
        provider = "yes" if uid in accepted else "no"
        if uid == sop_classes.STORAGE_COMMITMENT:
            provider = "no (takes the N-EVENT-REPORT as user)"
        rows.append((_name(uid), f"`{uid}`", user, provider))
    return [
        "## 1 Overview\n",
        "The node receives chest films and documents that come with them, has drafts of reports made of them, and sends "
        "signed reports and, where a site asks for them, drafts, findings, marks and pictures; it forwards what it received "
        "where a routing rule says so. Network services:\n",
        _table(("SOP class", "UID", "user (SCU)", "provider (SCP)"), rows),
        "DICOMweb services are in 3.7. Media services: none.\n",
    ]


def _introduction() -> list[str]:
    return [
        "## 2 Introduction\n",
        "For those who connect the node to an archive, a modality or a router. What it doesn't say: connecting two "
        "systems needs a test with both; conformance of each alone doesn't show that they work together. The contents of "
        "each document are described in [conformance.md](conformance.md), every setting in [settings.md](settings.md). "
        "Terms are those of PS3.2, PS3.4, PS3.7 and PS3.8.\n",
    ]


def _networking() -> list[str]:
    return [
        "## 3 Networking\n",
        "### 3.1 Implementation model\n",
        "One application entity, in two processes under one AE title, and a third that serves STOW-RS where `web_port` is set. The **listener** accepts associations, keeps what "
        "comes and takes storage commitment reports; it opens none. The **courier** opens associations and accepts none: "
        "it asks for identities, sends documents and asks for their confirmation. Commands (`llmcxr dicom …`) open "
        "associations under the same title.\n",
        "```\nmodality, archive ── C-STORE ──> listener ── object store, database ── courier ── C-STORE, N-ACTION, C-FIND ──> archive\n"
        "archive ── N-EVENT-REPORT ──> listener\nmodality, RIS ── N-CREATE, N-SET ──> listener\n"
        "gateway ── STOW-RS ──> STOW-RS server ── object store, database\n"
        "courier ── STOW-RS, QIDO-RS, WADO-RS, UPS-RS ──> archive\n```\n",
        "Sequence: a study is complete after a quiet time, or by what its peers tell of its images (MPPS, Instance Availability "
        "Notification, the count of a C-FIND); routing rules forward it; its draft is made; a person signs; the archive is asked for the "
        "patient's identity by C-FIND; documents are sent by C-STORE; their storage is confirmed by commitment, else by "
        "C-FIND.\n",
        *_association_policies(),
        *_as_provider(),
        *_as_user(),
        "### 3.5 Network interfaces\n",
        "TCP over IPv4 and IPv6, the machine's own stack; PS3.8 upper layer. Nagle's algorithm is off on "
        "the node's side.\n",
        *_configuration(),
        *dicomweb(),
    ]


def _association_policies() -> list[str]:
    fields = MachineConfig.model_fields
    limits, timeouts = ProviderLimits(), Timeouts()
    return [
        "### 3.2 Association policies\n",
        _table(
            ("", ""),
            [
                ("application context name", "1.2.840.10008.3.1.1.1"),
                ("maximum PDU offered and accepted", f"{MAX_PDU_BYTES} bytes"),
                ("presentation contexts in one association", f"at most {MAX_CONTEXTS}"),
                (
                    "simultaneous associations as acceptor",
                    f"`max_associations`, default {fields['max_associations'].default}; more are rejected (transient)",
                ),
                ("simultaneous associations as requestor", "one for each peer and pass of the courier"),
                ("asynchronous operations", "none: one operation at a time"),
                ("A-ASSOCIATE-RQ", f"must be complete within {limits.negotiation_s:.0f} s"),
                (
                    "silence, in a PDU or between messages",
                    f"A-ABORT after `network_timeout_s`, default {fields['network_timeout_s'].default:.0f} s",
                ),
                (
                    "opening a connection",
                    f"`connect_timeout_s`, default {fields['connect_timeout_s'].default:.0f} s",
                ),
                ("answer to a request of ours", f"{timeouts.response_s:.0f} s"),
                ("called AE title", f"must be `ae_title`, default {fields['ae_title'].default}"),
                (
                    "calling AE title",
                    "must be a configured peer's; with `from_host`, from its host's addresses only",
                ),
            ],
        ),
        "Rejections that the node sends: result 1 (permanent), source 1, reason 3 for a calling AE title that isn't "
        "configured, or that comes from elsewhere, without TLS or with another certificate than its peer's settings ask; reason 7 for another called AE title; "
        f"{_rejection(statuses.USER_NOT_IDENTIFIED)} for a user identity that is missing or wrong; "
        f"{_rejection(statuses.LIMIT_REACHED)} beyond the limit of associations, the node's or the peer's. Rejections that it receives are shown as sentences:\n",
        _table(
            ("source", "reason", "is said to be"),
            [
                (str(source), str(reason), words.format(calling="(ours)", called="(the peer's)"))
                for (source, reason), (words, _) in statuses.REJECTIONS.items()
            ],
        ),
    ]


def _rejection(found: tuple[int, int, int]) -> str:
    return "result {}, source {}, reason {}".format(*found)


def _as_provider() -> list[str]:
    groups: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for context in accepted_contexts():
        role = "both roles" if context.scu_role else "default roles"
        syntaxes = tuple(str(uid) for uid in context.transfer_syntax)
        groups.setdefault((syntaxes, role), []).append(str(context.abstract_syntax))
    parts = [
        "### 3.3 As acceptor: the listener\n",
        "Every presentation context that is proposed for one of these abstract syntaxes is accepted; of the transfer "
        "syntaxes proposed the first that the node knows. Storage is of level 2 (Full): every attribute is kept, nothing "
        "is coerced, and instances are kept as they came.\n",
    ]
    for number, ((syntaxes, role), classes) in enumerate(groups.items(), start=1):
        parts += [
            f"**Presentation contexts, group {number}** ({role} by role selection, PS3.7 D.3.3.4)\n",
            _table(("abstract syntax", "UID"), [(_name(uid), f"`{uid}`") for uid in classes]),
            _table(("in each of these transfer syntaxes", "UID"), [(_name(u), f"`{u}`") for u in syntaxes]),
        ]
    return [
        *parts,
        "C-STORE is answered with:\n",
        _table(("status", "when"), [(f"{status:04X}H", _WHEN[word]) for status, word in OUTCOMES.items()]),
        f"{statuses.NOT_AUTHORISED:04X}H is answered to a peer that isn't configured to send. N-EVENT-REPORT of storage "
        "commitment (event types 1 and 2) is answered 0000H once it is written down, 0115H where it can't be read. C-ECHO is "
        "answered 0000H.\n",
        "What peers tell of a study's images is taken from a peer whose `tells` names it, and answered with:\n",
        _table(
            ("SOP class", "service", "status", "when"),
            [
                (_name(uid), service, f"{status:04X}H", when)
                for (uid, service), answers in ANSWERS.items()
                for status, when in answers.items()
            ],
        ),
        "Of a procedure step are kept: its studies (Scheduled Step Attributes Sequence), its status, and the images of its "
        "Performed Series Sequence; of a notification its study, its Referenced Series Sequence and each instance's "
        "availability. N-GET of a procedure step isn't supported.\n",
    ]


def _as_user() -> list[str]:
    documents: dict[str, tuple[set[str], list[str]]] = {}
    for kind, document in _examples():
        syntaxes, kinds = documents.setdefault(str(document.SOPClassUID), (set(), []))
        syntaxes.add(_syntax_of(document))
        kinds.append(_KIND_WORDS.get(kind, kind))
    storage = [
        (_name(uid), f"`{uid}`", ", ".join(_in_order(_name(s) for s in syntaxes)), "; ".join(kinds))
        for uid, (syntaxes, kinds) in documents.items()
    ]
    return [
        "### 3.4 As requestor: courier and commands\n",
        "Services, each proposed in Explicit and Implicit VR Little Endian, in the default role:\n",
        _table(
            ("SOP class", "UID", "used for"),
            [(_name(uid), f"`{uid}`", _USES.get(uid, "")) for uid in _services()],
        ),
        "Storage as user. Each document is proposed in the syntax that it is kept in and, where that is uncompressed, in "
        "Implicit VR Little Endian:\n",
        _table(("SOP class", "UID", "transfer syntax", "holds"), storage),
        "Received instances of every storage class of 3.3 that a routing rule forwards (`forward_to`), and copies of them "
        "without the patient (`deidentify_to`), are proposed each in the transfer syntax that it has and, where that is "
        "uncompressed, in Implicit VR Little Endian. What the receiver takes in none of these isn't sent, and its delivery "
        "says so.\n",
        "C-GET proposes every storage class of 3.3 with the provider's role for the node. `llmcxr dicom store` sends "
        "whatever file is named. `llmcxr dicom display` sends a test film (Digital X-Ray Image Storage - For "
        "Presentation) beside an example of each document.\n",
        "How a C-STORE status is taken:\n",
        _table(("status", "is said to be", "taken as"), list(_as_taken())),
        "An answer that doesn't come leaves the outcome unknown: the peer is asked by C-FIND (level IMAGE, study root), "
        "and the same bytes are sent again if it doesn't hold them. Tries: `delivery_attempts`, with pauses from `retry_s` "
        "to `retry_max_s`.\n",
        "Storage commitment: push model, one N-ACTION (action type 1) for all documents of a peer, transaction UID by UUID; "
        "the report is taken on a new association or on the same one; after `commitment_timeout_s` the peer is asked by "
        "C-FIND.\n",
        "Questions that the node asks by itself (study root; by QIDO-RS the same):\n",
        _table(("for", "level", "matched", "returned"), list(questions())),
        f"Statuses: {', '.join(f'{code:04X}H' for code in statuses.PENDING)} bring a match, 0000H and {statuses.CANCEL:04X}H end "
        "the question, any other is a failure. What is matched are single values, a date as a range. `llmcxr dicom find` asks with any key. At most "
        f"{scu.MOST_MATCHES} matches are taken, then C-FIND is cancelled; relational queries, extended negotiation and "
        "fuzzy semantic matching aren't used. C-MOVE names this node's AE title as destination; both C-MOVE and C-GET are "
        "asked at levels STUDY and SERIES, by commands at level IMAGE too. How their final status is taken: success and "
        "B000H with the counts of sub-operations; any other is a failure.\n",
        "Modality Worklist, attributes of the identifier:\n",
        _table(("attribute", "is"), worklist_keys()),
    ]


def _as_taken() -> Iterator[tuple[str, str, str]]:
    for code in (0x0000, 0x0001, 0x0107, 0xB000, 0xB006, 0xB007, *statuses._FAILURES):
        if statuses.is_success(code):
            taken = "stored"
        else:
            taken = "tried again" if statuses.is_transient(code) else "dead letter"
        meaning = "success" if code == 0 else statuses.explain(code).partition(", ")[2]
        yield f"{code:04X}H", meaning, taken


def _configuration() -> list[str]:
    shown = ("ae_title", "bind_host", "dicom_port", "max_associations", "min_free_mb", "network_timeout_s")
    fields = MachineConfig.model_fields
    return [
        "### 3.6 Configuration\n",
        "AE title and address of the node are settings of the machine; peers are a table of the site document, with an AE "
        "title, a host and a port each. `llmcxr doctor` prints the line for the other side's administrator.\n",
        _table(
            ("setting of the machine", "default", "meaning"),
            [(f"`{name}`", f"`{fields[name].default}`", fields[name].description or "") for name in shown],
        ),
        _table(
            ("setting of a peer", "meaning"),
            [(f"`{name}`", field.description or "") for name, field in Peer.model_fields.items()],
        ),
    ]


def _media() -> list[str]:
    return ["## 4 Media interchange\n", "None.\n"]


def _characters() -> list[str]:
    return [
        "## 5 Character sets\n",
        "Received: every Specific Character Set that pydicom decodes (PS3.3 C.12.1.1.2, with and without code extensions); "
        "files stay as they came. Written: ISO_IR 192 alone. Queries are in ISO_IR 192 where a value needs more than "
        "ASCII, else without a character set.\n",
    ]


def _security() -> list[str]:
    rows = [
        (f"`{name}`", source, field.description or "")
        for source, model in (("machine", MachineConfig), ("peer", Peer))
        for name, field in model.model_fields.items()
        if name.startswith(("tls", "web_", "must_give", "user", "password", "token", "from_host", "audit"))
    ]
    profiles = [
        _table(("setting", "of", "meaning"), rows)
        if rows
        else "No secure transport and no user identity negotiation.\n"
    ]
    return [
        "## 6 Security\n",
        "Secure transport: the BCP 195 profile of PS3.15 B.12 for DIMSE and DICOMweb in both directions, with "
        f"TLS 1.3, and TLS 1.2 with {', '.join(SUITES_TLS_1_2)}. User identity (PS3.7 D.3.3.7): types 1 and 2, asked for and "
        "given; no positive response. Audit trail profile (PS3.15 A.5) over TLS syslog. Access is by calling AE title, or by "
        "what a request shows, and by the peer's address where that is asked for:\n",
        *profiles,
        "Signatures of reports are the workstation's own (Ed25519, in its database); no digital signature is written into "
        "DICOM objects.\n",
    ]


def _annexes() -> list[str]:
    parts = [
        "## 7 Annexes\n",
        "### 7.1 Contents of what is created\n",
        "Top-level attributes of an example of each kind, compared with another whose film, model, site and time differ in "
        "everything. *copied*: the film's value; *fixed*: the same in both; *made*: from the report, the model, the person, "
        "the site, the time or the content. Which attributes are copied depends on which the film bears.\n",
    ]
    for kind, document in _examples():
        parts += [
            f"#### {_KIND_WORDS.get(kind, kind)[0].upper()}{_KIND_WORDS.get(kind, kind)[1:]} (`{kind}`)\n",
            f"{_name(str(document.SOPClassUID))}, series {document.get('SeriesNumber', '')}, "
            f"modality {document.Modality}.\n",
            _table(("tag", "attribute", "VR", "value"), list(_attributes(kind))),
        ]
    return [
        *parts,
        "### 7.2 Private attributes\n",
        _private_attributes(),
        "### 7.3 Coded terminology\n",
        f"Schemes of the standard, and the private scheme {private_codes.DESIGNATOR}, version "
        f"{private_codes.SCHEME_VERSION}, UID `{private_codes.SCHEME_UID}`, which every document that uses it declares. "
        "Codes of the examples:\n",
        _table(("code", "scheme", "meaning", "in"), _codes()),
        "### 7.4 Greyscale consistency\n",
        "The window shows films through their own VOI transformation (window, LUT, VOI LUT function); it doesn't calibrate "
        "displays to PS3.14.\n",
        "### 7.5 Extended, specialised and private SOP classes and transfer syntaxes\n",
        "None. Documents are standard SOP classes.\n",
    ]


def _attributes(kind: str) -> Iterator[tuple[str, str, str, str]]:
    """The top-level attributes of a kind, each with where its value comes from."""
    first, second = (dict(_examples(study))[kind] for study in _studies())
    films = tuple(study.film for study in _studies())
    for element in first:
        yield (
            f"({element.tag.group:04X},{element.tag.element:04X})",
            _description(element),
            str(element.VR),
            _source(element, second, films),
        )


def _source(element: DataElement, second: Dataset, films: Sequence[Dataset]) -> str:
    """Where a value comes from, seen by comparing two examples whose films, people and times differ in everything."""
    if element.tag not in second:
        return "made, where there is one"
    values = (element.value, second[element.tag].value)
    if all(
        element.tag in film and film[element.tag].value == value
        for film, value in zip(films, values, strict=True)
    ) and (values[0] != values[1] or element.tag.group == 0x0028):
        return "copied"
    if element.is_empty and second[element.tag].is_empty:
        return "empty"
    if values[0] != values[1] or element.keyword in ("Rows", "Columns", "PixelData"):
        return "made"
    if element.VR == "SQ" and len(element.value) == 1 and "CodeMeaning" in element.value[0]:
        code = element.value[0]
        return f"fixed: ({code.CodeValue}, {code.CodingSchemeDesignator}, {code.CodeMeaning})"
    text = "\\".join(map(str, element.value)) if isinstance(element.value, MultiValue) else str(element.value)
    if element.VR in _NEVER_SHOWN or len(text) > _LONGEST_VALUE or __version__ in text:
        return "fixed"
    return f"fixed: {text}"


def _private_attributes() -> str:
    found = [
        element.tag for _, document in _examples() for element in document.iterall() if element.tag.is_private
    ]
    return (
        f"Written: {len(found)}.\n" if found else "None are written. Those of received instances are kept.\n"
    )


def _codes() -> list[tuple[str, str, str, str]]:
    found: dict[tuple[str, str, str], list[str]] = {concept: [] for concept in private_codes.ALL}
    for kind, document in _examples():
        for item in _items(document):
            if "CodeMeaning" in item and "CodeValue" in item:
                key = (str(item.CodeValue), str(item.CodingSchemeDesignator), str(item.CodeMeaning))
                kinds = found.setdefault(key, [])
                if kind not in kinds:
                    kinds.append(kind)
    ordered = sorted(found.items(), key=lambda entry: (entry[0][1], entry[0][0]))
    return [(*code, ", ".join(f"`{kind}`" for kind in kinds)) for code, kinds in ordered]


def _items(ds: Dataset) -> Iterator[Dataset]:
    for element in ds:
        if element.VR == "SQ":
            for item in element.value:
                yield item
                yield from _items(item)


_MADE: dict[int, list[tuple[str, Dataset]]] = {}


def _examples(study: ExampleStudy | None = None) -> list[tuple[str, Dataset]]:
    """An example of each kind of document, made once for each study."""
    chosen = study or _studies()[0]
    if id(chosen) not in _MADE:
        _MADE[id(chosen)] = [(kind, make(chosen).dataset) for kind, make in KINDS.items()]
    return _MADE[id(chosen)]


@cache
def _studies() -> tuple[ExampleStudy, ExampleStudy]:
    """A study, and one that differs in everything that a film, a model, a site and a time can differ in."""
    first = example_study()
    film = deepcopy(first.film)
    for element in film:
        if element.value and element.tag.group in (0x0008, 0x0010, 0x0018, 0x0020, 0x0032, 0x0040):
            _change(element)
    film.file_meta.MediaStorageSOPInstanceUID = film.SOPInstanceUID
    second = replace(
        first,
        film=film,
        started_at=(first.started_at + timedelta(days=400, hours=5, seconds=7)).astimezone(
            timezone(timedelta(hours=2))
        ),
        device=Device("2.25.99", "Another maker", "Another model", "9"),
        institution="Another institution",
        installation="another",
    )
    return first, second


def _change(element: DataElement) -> None:
    """Another value of the same form; SOP classes, transfer syntaxes and coded strings stay what they are."""
    other = {"DA": "20200102", "TM": "030405", "AS": "061Y", "PN": "Another^Person", "IS": "77"}
    if element.VR == "SQ":
        for inner in (inner for item in element.value for inner in item if inner.value):
            _change(inner)
    elif element.keyword == "PatientOrientation":
        element.value = ["R", "F"]
    elif element.keyword == "PatientSex":
        element.value = "F" if element.value == "M" else "M"
    elif element.VR in other:
        element.value = other[element.VR]
    elif element.VR == "UI" and "Class" not in element.keyword:
        element.value = derived_uid("another", element.value)
    elif element.VR in ("LO", "SH", "LT", "ST", "UT") and element.VM == 1:
        element.value = f"Z{element.value}"[:16]


def _services() -> list[str]:
    """The services that the node asks for, storage apart."""
    return list(sop_classes.USED)


def _syntax_of(document: Dataset) -> str:
    meta = getattr(document, "file_meta", None)
    return (
        str(meta.TransferSyntaxUID)
        if meta is not None and "TransferSyntaxUID" in meta
        else sop_classes.EXPLICIT_LITTLE
    )


def _description(element: DataElement) -> str:
    try:
        return dictionary_description(element.tag)
    except KeyError:
        return dictionary_keyword(element.tag) if not element.tag.is_private else "private"


def _in_order(values: Iterable[str]) -> list[str]:
    return sorted(set(values))


def outdated() -> bool:
    """Whether the page says something else than the code."""
    return not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != statement()


def main() -> int:
    """Write the page, or with ``--check`` say whether it is out of date."""
    if "--check" in sys.argv[1:]:
        if outdated():
            print(f"docs/{PAGE.name} is out of date; run python docs/make_conformance.py")
            return 1
        return 0
    PAGE.write_text(statement(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
