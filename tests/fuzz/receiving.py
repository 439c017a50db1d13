"""The receiving path under a fuzzer (:mod:`tests.fuzz`), and the promises it is held to.

An input is what one peer says on one connection, or in one request (:mod:`tests.fuzz.inputs`). It must end without an
error that nobody foresaw and leave no file, descriptor or thread behind. Every object that was answered with success
must be on the disk with the bytes that came, and in the index, once; and it must still be so at the end.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import struct
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Final

from sqlalchemy import select

from dicom_node import spool
from dicom_node.connection import Connection
from dicom_node.listener import Listener
from dicom_node.wire import Wire
from llmcxr_ws.log import logger
from llmcxr_ws.store import studies
from llmcxr_ws.store.configuration import import_site
from llmcxr_ws.store.models import Instance
from llmcxr_ws.workplace import Workplace
from tests.fuzz import web
from tests.fuzz.inputs import (
    FRESH,
    LONG_HEADER,
    LONGEST,
    Kind,
    associate_request,
    conversation,
    kind_of,
    seeds,
    uid_in,
)

__all__ = ["LONGEST", "Defect", "World", "acknowledged", "seeds"]

_PEER: Final = '[[peer]]\nname = "{0}"\nae_title = "{0}"\nhost = "127.0.0.1"\nport = 1\n'
_SITE: Final = (
    "".join(
        _PEER.format(name) + more
        for name, more in (
            ("FUZZ", 'tells = ["mpps", "ian"]\nweb_token_key = "fuzz"\n'),
            ("KNOWN", 'must_give_user = "user"\nmust_give_password_key = "pass"\n'),
            ("FEW", 'classes = ["films"]\n'),
            ("MUTE", "sends = false\n"),
        )
    )
    + _PEER.format("ELSEWHERE").replace("127.0.0.1", "192.0.2.1")
    + "from_host = true\n"
)
_KEPT_AT_MOST: Final = 20_000
_LOOK_EVERY: Final = 1000
_SHORT_HEAD: Final = 512
_LARGEST: Final = 50_000


class Defect(Exception):
    """The receiving path broke a promise."""


class _Recorder:
    """Stands in for a module's log: an error with the name of an exception is one that nobody foresaw."""

    def info(self, event: str, **_values: Any) -> None:
        """What is told of every connection."""

    warning = debug = info

    def error(self, event: str, **values: Any) -> None:
        """Remember it; :class:`World` raises."""
        if "error" in values:
            World.defects.append(f"{event}: {values}")


def _logging() -> list[Any]:
    """The modules that log."""
    modules = list(sys.modules.items())
    return [module for name, module in modules if name.startswith("dicom_node.") and hasattr(module, "_LOG")]


def give_logs_back() -> None:
    """Let the modules log as they do, for tests that follow in this process."""
    for module in _logging():
        if isinstance(module._LOG, _Recorder):
            module._LOG = logger(module.__name__)


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
            association.negotiate(associate_request(), full=False)
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
    """A home on a fast disk, a listener whose connections are run by hand, and a STOW-RS server without its port."""

    defects: list[str] = []  # noqa: RUF012 - one world a process

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.kept = 0
        self.fed = 0
        self._given: dict[str, str] = {}
        self._placed: list[str] = []
        self._count = 0
        warnings.filterwarnings("ignore", module="pydicom")
        for module in _logging():
            module._LOG = _Recorder()
        self._open()

    def _open(self) -> None:
        """Begin with an empty home; from the second on a copy of the first, for migrations take time and memory."""
        shutil.rmtree(self.home, ignore_errors=True)
        fresh = self.home.with_name("fresh")
        if fresh.exists():
            shutil.copytree(fresh, self.home)
        else:
            self._make()
            shutil.copytree(self.home, fresh)
        self.workplace = Workplace.open(self.home, durable=False)
        self.listener = Listener(self.workplace)
        self.listener.start(0)
        self.listener._reception._largest_bytes = _LARGEST
        self._note_places()
        self.web = web.Web(self.workplace)
        self._given = {}

    def _make(self) -> None:
        (self.home / "keys").mkdir(parents=True, mode=0o700)
        self.home.chmod(0o700)
        for name, text in (("fuzz", web.TOKEN), ("pass", "pass")):
            (self.home / "keys" / name).write_text(text)
            (self.home / "keys" / name).chmod(0o600)
        (self.home / "llmcxr.toml").write_text('bind_host = "127.0.0.1"\nmin_free_mb = 1\n')
        workplace = Workplace.open(self.home, upgrade=True, durable=False)
        import_site(workplace.db, _SITE, user="fuzz")
        workplace.close()

    def _note_places(self) -> None:
        """Remember which files get their place, to look for their rows after each input."""
        objects, self._placed = self.workplace.objects, []
        place = objects._place

        def noted(*arguments: Any) -> str:
            self._placed.append(place(*arguments))
            return self._placed[-1]

        objects._place = noted  # type: ignore[method-assign]

    def feed(self, data: bytes) -> None:
        """One input.

        Raises
        ------
        Defect
            A promise is broken.
        """
        if not data:
            return
        kind, variant = kind_of(data[0])
        said = data[1 : LONGEST + 1]
        if kind in (Kind.DATA_SET, Kind.WEB_BODY) and variant & FRESH:
            said = self._with_fresh_uid(said)
        if kind in (Kind.WEB_BODY, Kind.WEB_REQUEST):
            uids = list(self._post(kind, variant, said))
        else:
            uids = list(acknowledged(self._converse(kind, variant, said)))
        if self.defects:
            found, self.defects[:] = list(self.defects), []
            raise Defect("; ".join(found))
        for uid in uids:
            self._check_kept(uid, said if kind is Kind.DATA_SET else None)
        self._check_placed()
        if any(path.is_file() for path in (self.workplace.objects.root / "spool").rglob("*")):
            raise Defect("a file was left in the spool")
        self.fed += 1
        if self.fed % _LOOK_EVERY == 0:
            self._check_leaks()
        if len(self._given) > _KEPT_AT_MOST:
            self.check_all()
            self.close()
            self._open()

    def _with_fresh_uid(self, said: bytes) -> bytes:
        """Another SOP Instance UID of the same length wherever the old one stands."""
        uid = uid_in(said)
        if len(uid) < 16:
            uid = uid_in(said, "1.2.840.10008.1.2")
        if len(uid) < 16 or not uid.isascii():
            return said
        self._count += 1
        return said.replace(uid.encode(), f"2.25.{self._count:09d}".ljust(len(uid), "7").encode())

    def _post(self, kind: Kind, variant: int, said: bytes) -> Iterator[str]:
        status, body = (
            self.web.request(said) if kind is Kind.WEB_REQUEST else self.web.post(said, (variant & 3) + 1)
        )
        if status >= 500:
            raise Defect(f"answered {status}: {body[:80]!r} {self.defects}")
        yield from web.acknowledged(body)

    def _converse(self, kind: Kind, variant: int, said: bytes) -> bytes:
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 19)
        ours.sendall(conversation(kind, variant, said))
        ours.shutdown(socket.SHUT_WR)
        pipe = _Pipe(theirs.family, theirs.type, theirs.proto, theirs.detach())
        served = Connection if kind in (Kind.RAW, Kind.NEGOTIATION) else _Established
        assert self.listener._loop is not None
        spool.HEAD_BYTES = _SHORT_HEAD if kind is Kind.DATA_SET and variant & LONG_HEADER else 64 << 10  # type: ignore[misc]
        served(self.listener._loop, pipe, "127.0.0.1")._run()
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
        content = path.read_bytes()
        if data_set is not None and not content.endswith(data_set):
            raise Defect("an acknowledged object has other bytes than were sent")
        digest = hashlib.sha256(content).hexdigest()
        if self._given.setdefault(uid, digest) != digest:
            raise Defect("an acknowledged object was changed")
        self.kept += 1

    def _check_placed(self) -> None:
        placed, self._placed[:] = list(self._placed), []
        for path in placed:
            if not path.startswith("received/") or not self.workplace.objects.path(path).is_file():
                continue
            with self.workplace.db.read() as session:
                if session.scalar(select(Instance.id).where(Instance.path == path)) is None:
                    raise Defect("a file without its row")

    def check_all(self) -> None:
        """Everything that was ever acknowledged is still there as it was."""
        for uid, digest in self._given.items():
            row = studies.known_instance(self.workplace.db, uid)
            path = self.workplace.objects.path(row.path) if row is not None else None
            if path is None or not path.is_file():
                raise Defect("an acknowledged object was lost later")
            if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
                raise Defect("an acknowledged object was changed later")

    @property
    def remembered(self) -> int:
        """Objects that were acknowledged since the home was empty: a UID and a hash each."""
        return len(self._given)

    def _check_leaks(self) -> None:
        if threading.active_count() > 4:
            raise Defect(f"{threading.active_count()} threads run")
        if len(os.listdir("/proc/self/fd")) > 70:
            raise Defect("descriptors are left open")
        quarantine = self.workplace.objects.root / "quarantine"
        for path in quarantine.rglob("*"):
            if path.is_file():
                path.unlink()

    def close(self) -> None:
        """Stop the listener and let the database go."""
        self.web.close()
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
