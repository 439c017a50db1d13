"""What an input of the fuzzer stands for, sound inputs to begin with, and words worth putting into one.

Its first byte says from where on it is the fuzzer's: the two lowest bits and the highest choose the kind, the five
between them a variant (:class:`Kind`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import IntEnum
from io import BytesIO
from typing import Any, Final

from dicom_node import sop_classes

LONGEST: Final = 60_000
"""Bytes of one input; it must fit into the socket's buffer, for one thread plays both sides."""
CLASS: Final = "1.2.840.10008.5.1.4.1.1.1.1"
SYNTAXES: Final = {
    1: sop_classes.EXPLICIT_LITTLE,
    3: sop_classes.IMPLICIT_LITTLE,
    5: "1.2.840.10008.1.2.1.99",
    7: "1.2.840.10008.1.2.4.70",
}
_SERVICES: Final = {
    9: sop_classes.STORAGE_COMMITMENT,
    11: sop_classes.VERIFICATION,
    13: sop_classes.PERFORMED_PROCEDURE_STEP,
    15: sop_classes.INSTANCE_AVAILABILITY,
}
PEERS: Final = ("FUZZ", "KNOWN", "ELSEWHERE", "FEW", "MUTE", "STRANGER")
"""Calling AE titles; what the site says of each is in :mod:`tests.fuzz.receiving`."""
BOUNDARY: Final = "fuzz"
_REPORT_UID: Final = "1.2.840.10008.1.20.1.1"  # the well-known instance of storage commitment (PS3.4 J.3.5)
_STEP_UID: Final = "2.25.4711"


class Kind(IntEnum):
    """From where on an input is the fuzzer's."""

    RAW = 0  # the whole conversation
    ESTABLISHED = 1  # what follows the negotiation
    COMMAND = 2  # one command set; variant: the context
    DATA_SET = (
        3  # one data set of a C-STORE; variant: context, fresh UID, header longer than is kept in memory
    )
    WEB_BODY = 4  # a STOW-RS body; variant: fresh UIDs, and in how many pieces it comes
    WEB_REQUEST = 5  # a STOW-RS request's line and headers, and its body
    NOTICE = 6  # one data set of another service; variant: which
    NEGOTIATION = 7  # the items of an association request; variant: who asks


FRESH: Final = 4
"""In a variant: the object gets a SOP Instance UID that nobody has had."""
LONG_HEADER: Final = 8
"""In a variant: little of the header is kept in memory, so that space is reserved and the file is read again."""


def head(kind: Kind, variant: int = 0) -> bytes:
    """The first byte of an input."""
    return bytes([kind & 3 | (variant & 31) << 2 | (kind >> 2) << 7])


def kind_of(first: int) -> tuple[Kind, int]:
    """The kind and variant in an input's first byte."""
    return Kind(first & 3 | first >> 7 << 2), first >> 2 & 31


def conversation(kind: Kind, variant: int, said: bytes) -> bytes:
    """What one peer says on its connection."""
    if kind in (Kind.RAW, Kind.ESTABLISHED):
        return said
    if kind is Kind.NEGOTIATION:
        return associate_request(PEERS[variant % len(PEERS)], said) + release()
    if kind is Kind.NOTICE:
        context, command = _NOTICES[variant % len(_NOTICES)]
        data = pdv(context, 2, said) if command[-2] else b""
        return pdv(context, 3, _command(*command)) + data + release()
    context = (1, 3, 5, 7)[variant & 3]
    if kind is Kind.COMMAND:
        return pdv(context, 3, said) + pdv(context, 2, b"\x08\x00\x05\x00CS\x00\x00") + release()
    command_set = store_command(uid_in(said, SYNTAXES[context]))
    return pdv(context, 3, command_set) + pdv(context, 2, said) + release()


def uid_in(data_set: bytes, syntax: str = sop_classes.EXPLICIT_LITTLE) -> str:
    """The SOP Instance UID that stands in a data set, so that a command can name it; else any."""
    implicit = syntax == sop_classes.IMPLICIT_LITTLE
    mark = b"\x08\x00\x18\x00" + (b"" if implicit else b"UI")
    place = data_set.find(mark)
    if place < 0:
        return "1.2.3"
    start, size = place + len(mark), 4 if implicit else 2
    length = int.from_bytes(data_set[start : start + size], "little")
    found = data_set[start + size : start + size + min(length, 64)].rstrip(b"\0 ")
    return found.decode("ascii", "replace") if found else "1.2.3"


def pdv(context: int, control: int, value: bytes) -> bytes:
    """A P-DATA-TF with one presentation data value (PS3.8 9.3.5.1)."""
    return struct.pack(">BxLLBB", 4, len(value) + 6, len(value) + 2, context, control) + value


def release() -> bytes:
    """An A-RELEASE-RQ."""
    return struct.pack(">BxLL", 5, 4, 0)


def store_command(uid: str) -> bytes:
    """A C-STORE-RQ."""
    return _command((0x0002, CLASS), (0x0100, 1), (0x0110, 1), (0x0700, 0), (0x0800, 1), (0x1000, uid))


def associate_request(calling: str = "FUZZ", items: bytes = b"") -> bytes:
    """An A-ASSOCIATE-RQ; `items` stand for its contexts and user information where they are given."""
    body = struct.pack(">Hxx16s16s32x", 1, b"LLMCXR".ljust(16), calling.encode().ljust(16))
    body += _item(0x10, b"1.2.840.10008.3.1.1.1") + (items or _contexts() + _item(0x50, _USER))
    return struct.pack(">BxL", 1, len(body)) + body


def _command(*elements: tuple[int, str | int]) -> bytes:
    body = b""
    for element, given in elements:
        raw = given.encode("ascii", "replace") if isinstance(given, str) else struct.pack("<H", given)
        raw += b"\0" * (len(raw) % 2)
        body += struct.pack("<HHL", 0, element, len(raw)) + raw
    return struct.pack("<HHLL", 0, 0, 4, len(body)) + body


_NOTICES: Final[tuple[tuple[int, tuple[tuple[int, Any], ...]], ...]] = (
    (
        9,
        (
            (0x0002, _SERVICES[9]),
            (0x0100, 0x0100),
            (0x0110, 1),
            (0x0800, 1),
            (0x1000, _REPORT_UID),
            (0x1002, 1),
        ),
    ),
    (13, ((0x0002, _SERVICES[13]), (0x0100, 0x0140), (0x0110, 1), (0x0800, 1), (0x1000, _STEP_UID))),
    (13, ((0x0003, _SERVICES[13]), (0x0100, 0x0120), (0x0110, 1), (0x0800, 1), (0x1001, _STEP_UID))),
    (15, ((0x0002, _SERVICES[15]), (0x0100, 0x0140), (0x0110, 1), (0x0800, 1))),
    (11, ((0x0002, _SERVICES[11]), (0x0100, 0x0030), (0x0110, 1), (0x0800, 0x0101))),
)
_USER: Final = struct.pack(">BxHL", 0x51, 4, 1 << 17) + struct.pack(">BxH", 0x52, 5) + b"1.2.3"


def _item(kind: int, value: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(value)) + value


def _contexts() -> bytes:
    made = b""
    for number, syntax in SYNTAXES.items():
        made += _context(number, CLASS, syntax)
    for number, service in _SERVICES.items():
        made += _context(number, service, sop_classes.IMPLICIT_LITTLE)
    return made


def _context(number: int, abstract: str, transfer: str) -> bytes:
    names = _item(0x30, abstract.encode()) + _item(0x40, transfer.encode())
    return _item(0x20, bytes((number, 0, 0, 0)) + names)


def seeds() -> Iterator[tuple[str, bytes]]:
    """Sound inputs by name; in the first ones the number is that of the transfer syntax."""
    for choice, (context, syntax) in enumerate(SYNTAXES.items()):
        uid, content = _film(choice, syntax)
        data_set = _data_set(content)
        yield f"data set {choice}", head(Kind.DATA_SET, choice) + data_set
        yield f"fresh data set {choice}", head(Kind.DATA_SET, choice | FRESH) + data_set
        yield f"long data set {choice}", head(Kind.DATA_SET, choice | FRESH | LONG_HEADER) + data_set
        message = pdv(context, 3, store_command(uid)) + pdv(context, 2, data_set)
        yield f"established {choice}", head(Kind.ESTABLISHED) + message + release()
        yield f"raw {choice}", head(Kind.RAW) + associate_request() + message + release()
        yield f"web {choice}", head(Kind.WEB_BODY, FRESH | choice) + body_of(content)
        yield f"web request {choice}", head(Kind.WEB_REQUEST) + _request() + body_of(content, content)
    cut = _data_set(_film(4, SYNTAXES[1])[1])[:-10]
    yield "cut", head(Kind.DATA_SET, FRESH) + cut
    yield "another title", head(Kind.RAW) + associate_request().replace(b"LLMCXR", b"NOBODY")
    yield "no token", head(Kind.WEB_REQUEST) + _request().replace(b"Bearer", b"Basic") + bytes(300)
    yield "long", head(Kind.DATA_SET, FRESH) + _data_set(_film(5, SYNTAXES[1], size=215)[1])
    yield "too large", head(Kind.DATA_SET, FRESH) + _data_set(_film(6, SYNTAXES[1], size=236)[1])
    yield "two on the web", head(Kind.WEB_BODY) + body_of(_film(8, SYNTAXES[1])[1], _film(9, SYNTAXES[3])[1])
    yield "command", head(Kind.COMMAND) + store_command("1.2.3")
    yield "abort", head(Kind.RAW) + associate_request() + struct.pack(">BxLL", 7, 4, 0)
    for number, data_set in enumerate((_report(), _step(), _step_s_end(), _notification(), b"")):
        yield f"notice {number}", head(Kind.NOTICE, number) + data_set
    for number, peer in enumerate(PEERS):
        user = _item(0x58, struct.pack(">BBH", 2, 0, 4) + b"user" + struct.pack(">H", 4) + b"pass")
        items = _contexts() + _item(0x50, _USER + user + _roles())
        yield f"negotiation {peer}", head(Kind.NEGOTIATION, number) + items


def words() -> Iterator[bytes]:
    """What is worth being put into an input: VRs, tags, delimiters, UIDs, items of PDUs, frames of multipart."""
    for vr in ("CS", "DA", "IS", "LO", "OB", "OW", "PN", "SH", "SQ", "UI", "UN", "US", "UT"):
        yield vr.encode()
    for group, element in (
        (0x0008, 0x0005), (0x0008, 0x0016), (0x0008, 0x0018), (0x0020, 0x000D), (0x0020, 0x000E), (0x0010, 0x0020),
        (0x0010, 0x0010), (0x0028, 0x0010), (0x0028, 0x0011), (0x0028, 0x0100), (0x0028, 0x0008), (0x7FE0, 0x0010),
        (0xFFFE, 0xE000), (0xFFFE, 0xE00D), (0xFFFE, 0xE0DD),
    ):  # fmt: skip
        yield struct.pack("<HH", group, element)
    yield from (
        uid.encode() for uid in (CLASS, *SYNTAXES.values(), *_SERVICES.values(), sop_classes.CR_IMAGE)
    )
    yield from (b"ISO_IR 100", b"ISO_IR 192", b"ISO 2022 IR 87", b"GB18030", b"IN PROGRESS", b"COMPLETED")
    yield from (
        bytes([kind, 0]) for kind in (1, 4, 5, 7, 0x20, 0x30, 0x40, 0x50, 0x51, 0x54, 0x56, 0x57, 0x58)
    )
    yield from (
        b"\r\n--fuzz\r\n",
        b"\r\n--fuzz--\r\n",
        b"Content-Type: application/dicom\r\n\r\n",
        b"--",
        b"DICM",
    )
    yield from (
        b"content-type: ",
        b"accept: ",
        b"content-length: ",
        b"authorization: ",
        b"/dicom-web/studies/",
    )


def body_of(*files: bytes) -> bytes:
    """A multipart/related body."""
    frame = f"\r\n--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    return b"".join(frame + file for file in files).lstrip() + f"\r\n--{BOUNDARY}--\r\n".encode()


def _request() -> bytes:
    return (
        b"POST /dicom-web/studies\nauthorization: Bearer 0123456789abcdef\naccept: application/dicom+xml, */*\n"
        b'content-type: multipart/related; type="application/dicom"; boundary=fuzz\ncontent-length: 4000\n\n'
    )


def _data_set(content: bytes) -> bytes:
    """What stands behind a file's meta information."""
    return content[144 + int.from_bytes(content[140:144], "little") :]


def _film(choice: int, syntax: str, size: int = 8) -> tuple[str, bytes]:
    """A film's SOP Instance UID and its file in that transfer syntax; with sequences of both kinds of length."""
    from pydicom.dataset import Dataset

    from tests.dicom_node.films import make_film

    film = make_film(f"seed {choice}", size=size)
    for number, keyword in enumerate(
        ("ViewCodeSequence", "AnatomicRegionSequence", "RequestAttributesSequence")
    ):
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "399348003", "SCT", "a\\b"
        code.is_undefined_length_sequence_item = number != 1
        setattr(film, keyword, [code])
        film[keyword].is_undefined_length = number != 2
    film.NumberOfFrames, film.StudyDescription = "1", "Thorax pa Überblick"
    film.SpecificCharacterSet = ("ISO_IR 192", "ISO_IR 100", "ISO 2022 IR 87", "GB18030")[choice % 4]
    if choice % 4 > 1:
        film.StudyDescription = "Thorax"
    if syntax == "1.2.840.10008.1.2.4.70":  # what the fragments hold isn't looked at
        film.PixelData = bytes.fromhex("feff00e000000000feff00e004000000ffd8ffd9")
        film["PixelData"].VR, film["PixelData"].is_undefined_length = "OB", True
    film.file_meta.TransferSyntaxUID = syntax
    return str(film.SOPInstanceUID), _encoded(film, whole=True)


def _encoded(ds: Any, *, whole: bool = False) -> bytes:
    buffer = BytesIO()
    if whole:
        ds.save_as(buffer, enforce_file_format=True)
    else:
        from pynetdicom.dsutils import encode

        return bytes(encode(ds, True, True) or b"")
    return buffer.getvalue()


def _reference(keyword: str, **more: Any) -> Any:
    from pydicom.dataset import Dataset

    image, item = Dataset(), Dataset()
    image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = CLASS, "2.25.1"
    for name, given in more.items():
        setattr(image, name, given)
    setattr(item, keyword, [image])
    return item


def _report() -> bytes:
    ds = _reference("ReferencedSOPSequence")
    ds.TransactionUID = "2.25.2"
    ds.FailedSOPSequence = _reference("FailedSOPSequence", FailureReason=0x0112).FailedSOPSequence
    return _encoded(ds)


def _step() -> bytes:
    from pydicom.dataset import Dataset

    ds, study = Dataset(), Dataset()
    study.StudyInstanceUID = "2.25.3"
    ds.ScheduledStepAttributesSequence = [study]
    ds.PerformedProcedureStepStatus = "IN PROGRESS"
    ds.PerformedSeriesSequence = []
    return _encoded(ds)


def _step_s_end() -> bytes:
    from pydicom.dataset import Dataset

    ds = Dataset()
    ds.PerformedProcedureStepStatus = "COMPLETED"
    ds.PerformedSeriesSequence = [_reference("ReferencedImageSequence")]
    return _encoded(ds)


def _notification() -> bytes:
    from pydicom.dataset import Dataset

    ds = Dataset()
    ds.StudyInstanceUID = "2.25.3"
    ds.ReferencedSeriesSequence = [_reference("ReferencedSOPSequence", InstanceAvailability="ONLINE")]
    ds.ReferencedPerformedProcedureStepSequence = []
    return _encoded(ds)


def _roles() -> bytes:
    """Role selection for storage commitment (PS3.7 D.3.3.4)."""
    uid = _SERVICES[9].encode()
    return _item(0x54, struct.pack(">H", len(uid)) + uid + b"\x01\x01")
