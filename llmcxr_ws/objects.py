"""The object store: received files, quarantine and result documents in one folder.

    objects/
      store-uuid      equals the database's, so that no node works on another's files
      spool/          files on their way in; swept at start
      received/ab/…   one file an instance, named by the hash of its SOP Instance UID
      quarantine/     refused files, kept as evidence
      documents/ab/…  what the node made
      drawings/ab/…   synthetic films that an engine drew, marked in their pixels
      headers/ab/…    headers of received files and pictures that were purged
      trash/          purged files whose row isn't written yet; emptied at once, put back after a crash

A file counts as kept when its bytes and its directory entry are on the disk. File names carry no patient data.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from llmcxr_ws import write_back
from llmcxr_ws.errors import ObjectStoreError
from llmcxr_ws.write_back import Pending

UUID_FILE = "store-uuid"
_FOLDERS = ("spool", "received", "quarantine", "documents", "drawings", "headers", "trash")


class ObjectStore:
    """Paths in it are relative POSIX strings, as the database keeps them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._spool = root / "spool"
        self._spool_prefix = f"{secrets.token_hex(8)}-"  # of this process: others may spool there too
        self._spooled = itertools.count(1)

    def create(self, store_uuid: str) -> None:
        """Make the folders and name the store; an existing name must be the same.

        Raises
        ------
        ObjectStoreError
            The folder can't be written or belongs to another database.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            for folder in _FOLDERS:
                (self.root / folder).mkdir(exist_ok=True, mode=0o700)
            for first in range(256):  # not when the first file of each comes, which would have to wait for it
                (self.root / "received" / f"{first:02x}").mkdir(exist_ok=True, mode=0o700)
            _sync_folder(self.root / "received")
            if not (self.root / UUID_FILE).exists():
                write_durably(self.root / UUID_FILE, store_uuid.encode())
        except OSError as error:
            raise ObjectStoreError(
                f"The object store {self.root} can't be written: {error.strerror}.",
                what_to_do="Check its owner and the free space.",
            ) from error
        self.check(store_uuid)

    def check(self, store_uuid: str) -> None:
        """Refuse a folder that belongs to another database.

        Raises
        ------
        ObjectStoreError
            The UUID file is missing or differs.
        """
        try:
            found = (self.root / UUID_FILE).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ObjectStoreError(
                f"The object store {self.root} can't be read: {error.strerror}.",
                what_to_do="Start the node once, or mount the node's folder here.",
            ) from error
        if found != store_uuid:
            raise ObjectStoreError(
                f"The object store {self.root} belongs to store {found}, the database to {store_uuid}.",
                what_to_do="Set objects_dir to the folder of this database's node.",
            )

    def spool_file(self) -> Path:
        """A fresh path in the spool, on the same file system as the rest."""
        return self._spool / f"{self._spool_prefix}{next(self._spooled):08x}"

    @staticmethod
    def spool_name() -> str:
        """A name that no other file in a spool has."""
        return secrets.token_hex(16)

    def own_spool(self, way: str) -> Path:
        """The spool of one more way in, emptied: a sweep of the listener's leaves it alone.

        Raises
        ------
        ObjectStoreError
            The store can't be written here.
        """
        folder = self.root / "spool" / way
        try:
            folder.mkdir(exist_ok=True, mode=0o700)
            for file in folder.iterdir():
                file.unlink(missing_ok=True)
        except OSError as error:
            raise ObjectStoreError(
                f"The object store {self.root} can't be written: {error.strerror}.",
                what_to_do="Check its owner and the free space.",
            ) from error
        return folder

    def sweep_spool(self) -> int:
        """Remove what an interrupted reception left; nothing in the spool was ever acknowledged."""
        files = [file for file in (self.root / "spool").iterdir() if file.is_file()]
        for file in files:
            file.unlink(missing_ok=True)
        return len(files)

    def keep(self, spooled: Path, SOPInstanceUID: str, pending: Pending | None = None) -> str:
        """Move a spooled file to its final place, durably; give its relative path. As :meth:`keeping`."""
        with self.keeping(spooled, SOPInstanceUID, pending) as relative:
            return relative

    @contextmanager
    def keeping(self, spooled: Path, SOPInstanceUID: str, pending: Pending | None = None) -> Iterator[str]:
        """As :meth:`keep`, with its name put on the disk while the block runs; both are there at its end.

        For what the block writes to the index: who is told of success afterwards can rely on both.

        Parameters
        ----------
        pending : Pending, optional
            Of its bytes, where they are on their way to the disk.

        Raises
        ------
        OSError
            The disk refuses; the file isn't kept, and what the block has done is to be undone.
        """
        if pending is not None:
            pending.wait()
        else:
            _sync_file(spooled)
        name = hashlib.sha256(SOPInstanceUID.encode()).hexdigest()
        relative = self._place(spooled, "received", name)
        if os.name == "nt":  # where an entry of a folder can't be synced, and needn't be
            yield relative
            return
        try:
            folder = os.open(f"{self.root}/received/{name[:2]}", os.O_RDONLY)
            try:
                with write_back.beside(folder):
                    yield relative
            finally:
                os.close(folder)
        except OSError:
            (self.root / relative).unlink(missing_ok=True)
            raise

    def quarantine(self, spooled: Path) -> str:
        """Keep a refused file as evidence, once for the same bytes; give its relative path.

        A sender repeats what was refused, and mustn't fill the disk with it.
        """
        with spooled.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        return self._move(spooled, "quarantine", content)

    def put_document(self, SOPInstanceUID: str, data: bytes, suffix: str = ".dcm") -> str:
        """Write a document's bytes durably; give its relative path.

        Raises
        ------
        ObjectStoreError
            The store can't be written.
        """
        name = hashlib.sha256(SOPInstanceUID.encode()).hexdigest()
        return self._put(data, "documents", name, suffix, "Free space; what waits goes on then.")

    def put_drawing(self, data: bytes) -> str:
        """Write a synthetic film's picture (PNG) durably, once for the same bytes; give its relative path.

        Raises
        ------
        ObjectStoreError
            The store can't be written here.
        """
        name = hashlib.sha256(data).hexdigest()
        what_to_do = "Drawings need an engine that may write there: mount it so, or free space."
        return self._put(data, "drawings", name, ".png", what_to_do)

    def put_header(self, SOPInstanceUID: str, data: bytes) -> str:
        """Keep the header of a file that is to be purged; give its relative path."""
        spooled = self.spool_file()
        spooled.write_bytes(data)
        return self._move(spooled, "headers", hashlib.sha256(SOPInstanceUID.encode()).hexdigest())

    def header_of(self, relative: str) -> Path:
        """The received file or document itself, or where it was purged what is kept of it."""
        path = self.path(relative)
        kept = self.path("headers/" + relative.partition("/")[2])
        return kept if not path.is_file() and kept.is_file() else path

    def discard(self, relative: str) -> bool:
        """Take a file out of its place, so that it can still be put back; False when it is gone already."""
        source = self.path(relative)
        if not source.is_file():
            return False
        (self.root / "trash").mkdir(exist_ok=True, mode=0o700)
        source.replace(self.root / "trash" / relative.replace("/", "!"))
        return True

    def empty_trash(self, is_purged: Callable[[str], bool]) -> int:
        """Remove discarded files for good, and put those back whose purge was never written; give their bytes."""
        freed = 0
        for file in sorted((self.root / "trash").glob("*!*")):
            relative = file.name.replace("!", "/")
            if is_purged(relative):
                freed += file.stat().st_size
                file.unlink(missing_ok=True)
            elif not self.path(relative).exists():
                self.path(relative).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                file.replace(self.path(relative))
            else:
                file.unlink(missing_ok=True)
        return freed

    def path(self, relative: str) -> Path:
        """The absolute path of a kept file.

        Raises
        ------
        ObjectStoreError
            The relative path leads out of the store.
        """
        absolute = (self.root / relative).resolve()
        if not absolute.is_relative_to(self.root.resolve()):
            raise ObjectStoreError(f"The path '{relative}' leads out of the object store.")
        return absolute

    def stamp(self, relative: str) -> str:
        """What the disk says of a file without reading it: length, last change, inode; empty where it is gone.

        It tells a file that was written to, or replaced, from the one that was kept. It doesn't see a sector that
        went bad, nor who sets the time of the last change back in place; a hash does.
        """
        try:
            state = os.stat(f"{self.root}/{relative}")
        except OSError:
            return ""
        return f"{state.st_size}-{state.st_mtime_ns}-{state.st_ino}"

    def sync(self, relative: str) -> None:
        """Have a kept file and its name on the disk.

        Raises
        ------
        OSError
            The disk refuses.
        """
        path = self.path(relative)
        _sync_file(path)
        _sync_folder(path.parent)

    def files(self) -> Iterator[str]:
        """Relative paths of all received files, for the reconciliation of the index."""
        for file in sorted((self.root / "received").rglob("*.dcm")):
            yield file.relative_to(self.root).as_posix()

    def _put(self, data: bytes, folder: str, name: str, suffix: str, what_to_do: str) -> str:
        try:
            spooled = self.spool_file()
            spooled.write_bytes(data)
            return self._move(spooled, folder, name, suffix)
        except OSError as error:
            raise ObjectStoreError(
                f"The object store {self.root} can't be written: {error.strerror}.", what_to_do=what_to_do
            ) from error

    def _move(self, spooled: Path, folder: str, name: str, suffix: str = ".dcm") -> str:
        _sync_file(spooled)
        relative = self._place(spooled, folder, name, suffix)
        _sync_folder(self.root / folder / name[:2])
        return relative

    def _place(self, spooled: Path, folder: str, name: str, suffix: str = ".dcm") -> str:
        """Give a file its name; a rename alone isn't durable."""
        relative = f"{folder}/{name[:2]}/{name}{suffix}"
        place = f"{self.root}/{relative}"
        try:
            os.replace(spooled, place)
        except FileNotFoundError:  # the first one in its folder
            (self.root / folder / name[:2]).mkdir(parents=True, exist_ok=True, mode=0o700)
            _sync_folder(self.root / folder)
            os.replace(spooled, place)
        return relative


def write_durably(path: Path, data: bytes) -> None:
    """Put a whole file in its place, readable by its owner only; a crash leaves the old one or none, never a part."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    _sync_folder(path.parent)


def _sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Put a directory entry on the disk; a rename alone isn't durable. Windows can't and needn't."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
