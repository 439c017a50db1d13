"""What the receiving path is fed by a fuzzer (:mod:`tests.fuzz`), and the promises it is held to.

An input is what one peer says on one connection. Its first byte says from where on it is the fuzzer's: the whole
conversation, what follows the association's negotiation, one command set, or one data set. It must end without an
error that nobody foresaw, leave no file, descriptor or thread behind, and every object that was answered with success
must be on the disk and in the index.
"""

from __future__ import annotations

import os
import shutil
import socket
import struct
import sys
import threading
import warnings
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar, Final

from dicom_node import sop_classes
from dicom_node.connection import Connection
from dicom_node.listener import Listener
from dicom_node.wire import Wire
from llmcxr_ws.store import studies
from llmcxr_ws.store.configuration import import_site
from llmcxr_ws.workplace import Workplace

LONGEST: Final = 60_000
"""Bytes of one input; it must fit into the socket's buffer, for one thread plays both sides."""

_SITE: Final = '[[peer]]\nname = "fuzz"\nae_title = "FUZZ"\nhost = "127.0.0.1"\nport = 1\n'
_CLASS: Final = "1.2.840.10008.5.1.4.1.1.1.1"
_SYNTAXES: Final = {
    1: sop_classes.EXPLICIT_LITTLE,
    3: sop_classes.IMPLICIT_LITTLE,
    5: "1.2.840.10008.1.2.1.99",
    7: "1.2.840.10008.1.2.4.70",
}
_KEPT_AT_MOST: Final = 3000
_RAW, _ESTABLISHED, _COMMAND, _DATA_SET = range(4)


class Defect(Exception):
    """The receiving path broke a promise."""


class _Recorder:
    """Stands in for a module's log: an error with the name of an exception is one that nobody foresaw."""

    def info(self, event: str, **_values: Any) -> None:
        """What is told of every connection."""

    warning = info

    def error(self, event: str, **values: Any) -> None:
        """Remember it; :class:`World` raises."""
        if "error" in values:
            World.defects.append(f"{event}: {values}")


class _Pipe(socket.socket):
    """One end of a socket pair that has addresses as a TCP connection has."""

    def getpeername(self) -> tuple[str, int]:
        return ("127.0.0.1", 11112)

    def getsockname(self) -> tuple[str, int]:
        return ("127.0.0.1", 104)


class _Established(Connection):
    """A connection whose negotiation went well before its first byte."""

    agreed: ClassVar[tuple[Any, Any] | None] = None

    def _negotiate(self, wire: Wire, association: Any) -> None:
        if self.agreed is None:
            association.dul._send = lambda data: None
            association.negotiate(_associate_request(), full=False)
            association.dul._send = wire.send
            if not association.is_established:
                raise Defect("a sound association request was rejected")
            _Established.agreed = (association.requestor.primitive, association._accepted_cx)
        association.requestor.primitive, association._accepted_cx = self.agreed
        association.requestor.ae_title = "FUZZ"
        association.is_established, association.over = True, False
        self._loop.admit(self)
        wire.patience = self._loop.limits.patience


class World:
    """A home on a fast disk, and a listener whose connections are run by hand."""

    defects: list[str] = []  # noqa: RUF012 - one world a process

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.kept = 0
        self.fed = 0
        warnings.filterwarnings("ignore", module="pydicom")
        for name, module in sys.modules.items():
            if name.startswith("dicom_node.") and hasattr(module, "_LOG"):
                module._LOG = _Recorder()
        self._open()

    def _open(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True, mode=0o700)
        (self.home / "llmcxr.toml").write_text('bind_host = "127.0.0.1"\nmin_free_mb = 1\n')
        self.workplace = Workplace.open(self.home, upgrade=True, durable=False)
        import_site(self.workplace.db, _SITE, user="fuzz")
        self.listener = Listener(self.workplace)
        self.listener.start(0)
        self.kept = 0

    def feed(self, data: bytes) -> None:
        """One input.

        Raises
        ------
        Defect
            A promise is broken.
        """
        if not data:
            return
        mode, said = data[0] & 3, data[1 : LONGEST + 1]
        answers = self._converse(mode, _said(mode, data[0] >> 2, said))
        if self.defects:
            found, self.defects[:] = list(self.defects), []
            raise Defect("; ".join(found))
        for uid in acknowledged(answers):
            self._check_kept(uid, said if mode == _DATA_SET else None)
        if any((self.workplace.objects.root / "spool").iterdir()):
            raise Defect("a file was left in the spool")
        self.fed += 1
        if self.fed % 1000 == 0:
            self._check_leaks()
        if self.kept > _KEPT_AT_MOST:
            self.close()
            self._open()

    def _converse(self, mode: int, said: bytes) -> bytes:
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 19)
        ours.sendall(said)
        ours.shutdown(socket.SHUT_WR)
        pipe = _Pipe(theirs.family, theirs.type, theirs.proto, theirs.detach())
        kind = Connection if mode == _RAW else _Established
        assert self.listener._loop is not None
        kind(self.listener._loop, pipe, "127.0.0.1")._run()
        answers = b""
        while part := ours.recv(1 << 16):
            answers += part
        ours.close()
        return answers

    def _check_kept(self, uid: str, data_set: bytes | None) -> None:
        row = studies.known_instance(self.workplace.db, uid)
        if row is None or row.defect:
            raise Defect("an acknowledged object isn't in the index")
        path = self.workplace.objects.path(row.path)
        if not path.is_file():
            raise Defect("an acknowledged object isn't on the disk")
        if data_set is not None and not path.read_bytes().endswith(data_set):
            raise Defect("an acknowledged object has other bytes than were sent")
        self.kept += 1

    def _check_leaks(self) -> None:
        if threading.active_count() > 3:
            raise Defect(f"{threading.active_count()} threads run")
        if len(os.listdir("/proc/self/fd")) > 60:
            raise Defect("descriptors are left open")
        quarantine = self.workplace.objects.root / "quarantine"
        for path in quarantine.rglob("*"):
            if path.is_file():
                path.unlink()

    def close(self) -> None:
        """Stop the listener and let the database go."""
        self.listener.stop(0)
        self.workplace.close()


def acknowledged(answers: bytes) -> Iterator[str]:
    """SOP Instance UIDs of the C-STORE responses with success in what a provider said."""
    at = 0
    while at + 6 <= len(answers):
        kind, length = struct.unpack_from(">BxL", answers, at)
        body = answers[at + 6 : at + 6 + length]
        at += 6 + length
        if kind != 4:
            continue
        elements, place = {}, 6
        while place + 8 <= len(body):
            _, element, size = struct.unpack_from("<HHL", body, place)
            elements[element] = body[place + 8 : place + 8 + size]
            place += 8 + size
        if elements.get(0x0100) == b"\x01\x80" and elements.get(0x0900) == b"\x00\x00":
            yield elements[0x1000].rstrip(b"\0 ").decode()


def _said(mode: int, choice: int, said: bytes) -> bytes:
    if mode in (_RAW, _ESTABLISHED):
        return said
    context = (1, 3, 5, 7)[choice & 3]
    if mode == _COMMAND:
        return _pdv(context, 3, said) + _pdv(context, 2, b"\x08\x00\x05\x00CS\x00\x00") + _release()
    command = _store_command(_uid_in(said, _SYNTAXES[context]))
    return _pdv(context, 3, command) + _pdv(context, 2, said) + _release()


def _uid_in(data_set: bytes, syntax: str) -> str:
    """The SOP Instance UID that stands in a data set, so that a command can name it; else any."""
    mark = b"\x08\x00\x18\x00" + (b"" if syntax == sop_classes.IMPLICIT_LITTLE else b"UI")
    place = data_set.find(mark)
    if place < 0:
        return "1.2.3"
    start = place + len(mark)
    if syntax == sop_classes.IMPLICIT_LITTLE:
        length, start = int.from_bytes(data_set[start : start + 4], "little"), start + 4
    else:
        length, start = int.from_bytes(data_set[start : start + 2], "little"), start + 2
    found = data_set[start : start + min(length, 64)].rstrip(b"\0 ")
    return found.decode("ascii", "replace") if found else "1.2.3"


def _pdv(context: int, control: int, value: bytes) -> bytes:
    return struct.pack(">BxLLBB", 4, len(value) + 6, len(value) + 2, context, control) + value


def _release() -> bytes:
    return struct.pack(">BxLL", 5, 4, 0)


def _element(element: int, value: bytes) -> bytes:
    return struct.pack("<HHL", 0, element, len(value)) + value


def _store_command(uid: str) -> bytes:
    raw = uid.encode("ascii", "replace")
    body = b"".join(
        _element(element, value + b"\0" * (len(value) % 2))
        for element, value in (
            (0x0002, _CLASS.encode()),
            (0x0100, b"\x01\x00"),
            (0x0110, b"\x01\x00"),
            (0x0700, b"\x00\x00"),
            (0x0800, b"\x01\x00"),
            (0x1000, raw),
        )
    )
    return _element(0x0000, struct.pack("<L", len(body))) + body


def _item(kind: int, value: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(value)) + value


def _associate_request() -> bytes:
    contexts = b"".join(
        _item(0x20, bytes((number, 0, 0, 0)) + _item(0x30, _CLASS.encode()) + _item(0x40, syntax.encode()))
        for number, syntax in _SYNTAXES.items()
    )
    contexts += _item(
        0x20,
        bytes((9, 0, 0, 0))
        + _item(0x30, sop_classes.STORAGE_COMMITMENT.encode())
        + _item(0x40, sop_classes.IMPLICIT_LITTLE.encode()),
    )
    user = _item(0x51, struct.pack(">L", 1 << 17)) + _item(0x52, b"1.2.3")
    body = (
        struct.pack(">Hxx16s16s32x", 1, b"LLMCXR".ljust(16), b"FUZZ".ljust(16))
        + _item(0x10, b"1.2.840.10008.3.1.1.1")
        + contexts
        + _item(0x50, user)
    )
    return struct.pack(">BxL", 1, len(body)) + body


def seeds() -> Iterator[tuple[str, bytes]]:
    """Sound conversations to begin with, by name."""
    from tests.dicom_node.films import make_film

    for choice, syntax in enumerate(_SYNTAXES.values()):
        film = make_film(f"seed {choice}", size=8)
        if syntax == "1.2.840.10008.1.2.4.70":  # what the fragments hold isn't looked at
            film.PixelData = bytes.fromhex("feff00e000000000feff00e004000000ffd8ffd9")
            film["PixelData"].VR, film["PixelData"].is_undefined_length = "OB", True
        film.file_meta.TransferSyntaxUID = syntax
        buffer = BytesIO()
        film.save_as(buffer, enforce_file_format=True)
        content = buffer.getvalue()
        data_set = content[144 + int.from_bytes(content[140:144], "little") :]
        yield f"data set {choice}", bytes([_DATA_SET | choice << 2]) + data_set
        uid = str(film.SOPInstanceUID)
        context = (1, 3, 5, 7)[choice]
        message = _pdv(context, 3, _store_command(uid)) + _pdv(context, 2, data_set)
        yield f"established {choice}", bytes([_ESTABLISHED]) + message + _release()
        yield f"raw {choice}", bytes([_RAW]) + _associate_request() + message + _release()
    yield "command", bytes([_COMMAND]) + _store_command("1.2.3")
    yield "abort", bytes([_RAW]) + _associate_request() + struct.pack(">BxLL", 7, 4, 0)
