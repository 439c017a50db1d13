"""The simulator as the one that sends films: what a modality or an archive does, with its faults.

Sends to whoever is named; made for a rehearsal with films of nobody.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pydicom

from dicom_node import scu
from dicom_node.association import LocalEntity, PeerAddress, open_association
from dicom_node.simulator.faults import FAULTS, Faults, with_another_patient, with_wrong_charset
from llmcxr_ws.errors import DicomError

_LEFT_OUT: Final = 0.4
"""Share of a truncated file that isn't sent."""


@dataclass(frozen=True)
class Sent:
    """One sending: which file, which faults it bore, what the receiver answered."""

    file: str
    faults: tuple[str, ...]
    outcome: str
    note: str


def send(local: LocalEntity, to: PeerAddress, paths: Sequence[Path], faults: Faults) -> Iterator[Sent]:
    """Send each file on an association of its own, as the faults say.

    Raises
    ------
    DicomError
        A file can't be read, or the receiver can't be reached.
    """
    with tempfile.TemporaryDirectory() as folder:
        for number, path in enumerate(paths):
            try:
                uid = str(pydicom.filereader.read_file_meta_info(path).MediaStorageSOPInstanceUID)
            except (OSError, pydicom.errors.InvalidDicomError, AttributeError) as error:
                raise DicomError(f"{path.name} isn't a DICOM file.") from error
            struck = tuple(name for name in FAULTS if faults.strikes(name, uid))
            yield from _send_one(local, to, path, struck, Path(folder, f"{number}.dcm"), faults.delay_s)


def _send_one(
    local: LocalEntity, to: PeerAddress, path: Path, struck: tuple[str, ...], scratch: Path, delay_s: float
) -> Iterator[Sent]:
    if "delay" in struck:
        time.sleep(delay_s)
    if "drop" in struck:
        yield Sent(path.name, struck, "not_sent", "Left out.")
        return
    made = _spoiled(path, struck, scratch)
    if "die" in struck:
        yield Sent(path.name, struck, "unknown", _break_off(local, to, made))
        return
    yield _answered(path.name, struck, scu.store(local, to, [made])[0])
    if "duplicate" in struck:
        yield _answered(path.name, ("duplicate",), scu.store(local, to, [made])[0])
    if "altered" in struck:
        yield _answered(path.name, ("altered",), scu.store(local, to, [_altered(path, scratch)])[0])


def _answered(name: str, struck: tuple[str, ...], result: scu.StoreResult) -> Sent:
    return Sent(name, struck, str(result.outcome), result.sentence)


def _spoiled(path: Path, struck: tuple[str, ...], scratch: Path) -> Path:
    """The file with what is wrong about its content; the original where nothing is."""
    made = path
    if {"patient", "charset"} & set(struck):
        ds = pydicom.dcmread(path)
        if "patient" in struck:
            with_another_patient(ds)
        if "charset" in struck:
            with_wrong_charset(ds)
        ds.save_as(scratch)
        made = scratch
    if "truncate" in struck:
        whole = made.read_bytes()
        scratch.write_bytes(whole[: int(len(whole) * (1 - _LEFT_OUT))])
        made = scratch
    return made


def _altered(path: Path, scratch: Path) -> Path:
    ds = pydicom.dcmread(path)
    pixels = bytearray(ds.PixelData)
    pixels[len(pixels) // 2] ^= 0xFF
    ds.PixelData = bytes(pixels)
    ds.save_as(scratch)
    return scratch


def _break_off(local: LocalEntity, to: PeerAddress, path: Path) -> str:
    """Send half of the object, then close the connection without a word."""
    meta = pydicom.filereader.read_file_meta_info(path)
    kind = str(meta.MediaStorageSOPClassUID), (str(meta.TransferSyntaxUID),)
    with (
        open_association(local, to, [kind]) as association,
        _after(association.raw, path.stat().st_size // 2),
    ):
        try:
            association.raw.send_c_store(path)
        except (RuntimeError, ValueError, OSError) as error:
            return f"Broken off ({type(error).__name__})."
    return "Broken off in the middle."


@contextmanager
def _after(raw: Any, limit: int) -> Iterator[None]:
    """Close an association's connection once so many bytes of it have left."""
    wrapped = raw.dul.socket
    send = wrapped.send
    left = limit

    def counted(data: bytes) -> None:
        nonlocal left
        if len(data) <= left:
            left -= len(data)
            send(data)
            return
        if left:
            send(data[:left])
            left = 0
        wrapped.close()

    wrapped.send = counted
    yield
