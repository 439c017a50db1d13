"""How fast, and how surely, objects are sent, against DCMTK's storescu and pynetdicom's own way.

One interleaved run: in every pass each cell (size by receiver) visits every sender in turn, on one association, to
the same receiver: `storescp +B` (which writes what comes and syncs nothing) and Orthanc. TCP_NODELAY=1 on both sides,
PDU 128 KiB. Ours and pynetdicom's time is that of association and sending without the interpreter's start; storescu's
is the whole process. What is compared is the median of the passes. Then many small objects are sent, and what arrived
is counted. Peak memory is of our process and pynetdicom's; the system counts storescu's with what it was forked from.

    python -m benchmarks.send --json FILE [--passes N] [--count N] [--no-orthanc]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.receivers import free_port, tool

PDU: Final = 131_072
SENDERS: Final = ("ours", "storescu", "pynetdicom")
UID_ROOT: Final = "1.2.826.0.1.3680043.8.498."
_UID_LENGTH: Final = 60
BARS: Final = {
    "sr_per_second": (100.0, "at least"),
    "10_mb_vs_storescu": (0.6, "at least"),
    "lost": (0.0, "at most"),
}


@dataclass(frozen=True)
class Cell:
    """One measurement: so many objects of one size."""

    name: str
    bytes: int
    count: int


CELLS: Final = (Cell("10 MB", 10_240_000, 24), Cell("1 MB", 1_048_576, 120), Cell("SR, 34 kB", 32_768, 500))


def main() -> None:
    """Measure, print, and write the JSON file; or, as a process of its own, send a folder."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="Where the figures are written to.")
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument("--count", type=int, default=10_000, help="Small objects sent to be counted.")
    parser.add_argument("--no-orthanc", action="store_true")
    parser.add_argument("--send", nargs=4, metavar=("SENDER", "AE", "PORT", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.send:
        print(json.dumps(_send_folder(*arguments.send)))
        return
    with tempfile.TemporaryDirectory() as made:
        figures = measured(Path(made), arguments)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({name: figures[name] for name in ("ratios", "bars", "counted")}, indent=1))


def measured(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Every cell with every receiver and sender in turn, then the count."""
    files = {cell.name: _objects(folder / "objects" / cell.name.replace(" ", "_"), cell) for cell in CELLS}
    receivers = ("storescp",) if arguments.no_orthanc else ("storescp", "orthanc")
    rows: dict[tuple[str, str, str], list[dict[str, float]]] = defaultdict(list)
    for _ in range(arguments.passes):
        for cell in CELLS:
            for receiver in receivers:
                for sender in SENDERS:
                    with Receiver(receiver, folder / "received") as peer:
                        rows[(cell.name, receiver, sender)].append(_sent(sender, peer, files[cell.name]))
    cells = {
        f"{cell.name} to {receiver} by {sender}": _summary(cell, rows[(cell.name, receiver, sender)])
        for cell in CELLS
        for receiver in receivers
        for sender in SENDERS
    }
    counted = _counted(folder, arguments.count)
    small, large = "SR, 34 kB to storescp", "10 MB to storescp"
    ratios = {
        "sr_per_second": cells[f"{small} by ours"]["per_second"],
        "lost": counted["lost"],
        **{
            f"{name}_vs_{other}": cells[f"{what} by ours"]["per_second"]
            / cells[f"{what} by {other}"]["per_second"]
            for name, what in (("10_mb", large), ("sr", small))
            for other in SENDERS[1:]
        },
        "cpu_per_gb_vs_storescu": cells[f"{large} by ours"]["cpu_s_per_gb"]
        / cells[f"{large} by storescu"]["cpu_s_per_gb"],
        "cpu_per_sr_vs_storescu": cells[f"{small} by ours"]["cpu_ms_each"]
        / cells[f"{small} by storescu"]["cpu_ms_each"],
    }
    return {
        "machine": {"cpus": os.cpu_count(), "system": platform.platform(), "load": os.getloadavg()},
        "ratios": {name: round(value, 3) for name, value in ratios.items()},
        "bars": {name: {"bar": bar, "met": _met(ratios[name], *bar)} for name, bar in BARS.items()},
        "counted": counted,
        "cells": cells,
    }


class Receiver:
    """A process that takes objects on `port`, with an empty folder."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind, self.folder, self.port = kind, folder, free_port()
        self.ae_title = kind.upper()

    def __enter__(self) -> Receiver:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        command = self._storescp() if self.kind == "storescp" else self._orthanc()
        environment = {**os.environ, "TCP_NODELAY": "1"}
        with (self.folder.parent / "log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)
        deadline = time.monotonic() + 20
        while not _answers(self.port):
            if time.monotonic() > deadline or self._process.poll() is not None:
                sys.exit(f"{self.kind} doesn't start; see its output.")
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def _storescp(self) -> list[str]:
        options = ["+B", "-od", str(self.folder), "-pdu", str(PDU), "-aet", self.ae_title]
        return [tool("storescp"), *options, str(self.port)]

    def _orthanc(self) -> list[str]:
        settings = {
            "StorageDirectory": str(self.folder / "storage"),
            "IndexDirectory": str(self.folder / "index"),
            "HttpServerEnabled": False,
            "DicomAet": self.ae_title,
            "DicomPort": self.port,
            "DicomAlwaysAllowStore": True,
            "DicomCheckCalledAet": True,
            "MaximumPduLength": PDU,
            "Plugins": [],
        }
        file = self.folder / "orthanc.json"
        file.write_text(json.dumps(settings))
        return [tool("Orthanc"), str(file)]


def _sent(sender: str, peer: Receiver, folder: Path) -> dict[str, float]:
    """Send a folder's files; seconds, CPU seconds, peak memory in MB, and how many were taken."""
    if sender != "storescu":
        command = [
            sys.executable, "-m", "benchmarks.send", "--send", sender, peer.ae_title, str(peer.port), str(folder)
        ]  # fmt: skip
        said = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
        result: dict[str, float] = json.loads(said.stdout)
        return result
    command = [tool("storescu"), "-pdu", str(PDU), "-aec", peer.ae_title, "+sd", "127.0.0.1", str(peer.port)]
    started = time.monotonic()
    process = subprocess.Popen([*command, str(folder)], env={**os.environ, "TCP_NODELAY": "1"})
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status:
        sys.exit(f"storescu ended with {status}.")
    return {
        "seconds": time.monotonic() - started,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "stored": len(list(folder.iterdir())),
    }


def _send_folder(sender: str, ae_title: str, port: str, folder: str) -> dict[str, float]:
    """In a process of its own: what :func:`_sent` gives, for our sender or the library's."""
    import resource

    from dicom_node import scu
    from dicom_node.association import LocalEntity, open_association
    from dicom_node.storing import Outcome, look_at, store_contexts
    from llmcxr_ws.site import Peer

    peer = Peer(name="peer", ae_title=ae_title, host="127.0.0.1", port=int(port))
    paths = sorted(Path(folder).iterdir())
    before, started = time.process_time(), time.monotonic()
    if sender == "ours":
        stored = sum(one.outcome is Outcome.STORED for one in scu.store(LocalEntity(), peer, paths))
    else:
        stored = 0
        with open_association(LocalEntity(), peer, store_contexts([look_at(paths[0]).kind])) as association:
            for number, path in enumerate(paths):
                stored += association.raw.send_c_store(path, msg_id=number % 65535 + 1).get("Status") == 0
    seconds, cpu_s = time.monotonic() - started, time.process_time() - before
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "cpu_s": cpu_s, "peak_mb": peak_mb, "stored": stored}


def _counted(folder: Path, count: int) -> dict[str, int]:
    """Send many small objects on one association; how many the peer said it has, and how many it has."""
    objects = _objects(folder / "objects" / "counted", Cell("counted", 8192, count))
    with Receiver("storescp", folder / "received") as peer:
        told = int(_sent("ours", peer, objects)["stored"])
        arrived = len(list(peer.folder.iterdir()))
    return {"sent": count, "told": told, "arrived": arrived, "lost": count - min(told, arrived)}


def _summary(cell: Cell, rows: list[dict[str, float]]) -> dict[str, float]:
    if any(row["stored"] != cell.count for row in rows):
        sys.exit(f"{cell.name}: not all were taken.")
    seconds = statistics.median(row["seconds"] for row in rows)
    cpu_s = statistics.median(row["cpu_s"] for row in rows)
    total = cell.bytes * cell.count
    peaks = [row["peak_mb"] for row in rows if "peak_mb" in row]
    return {
        "per_second": round(cell.count / seconds, 1),
        "mb_per_second": round(total / seconds / 1e6, 1),
        "cpu_s_per_gb": round(cpu_s / total * 1e9, 3),
        "cpu_ms_each": round(cpu_s / cell.count * 1e3, 3),
        **({"peak_mb": round(max(peaks), 1)} if peaks else {}),
    }


def _objects(folder: Path, cell: Cell) -> Path:
    """Files of made objects, each with its own SOP Instance UID: SRs by their class for small ones, films else."""
    from io import BytesIO

    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian

    from dicom_node.sop_classes import DX_FOR_PRESENTATION, ENHANCED_SR

    folder.mkdir(parents=True)
    made = Dataset()
    made.SOPClassUID = UID(DX_FOR_PRESENTATION if cell.bytes > 100_000 else ENHANCED_SR)
    made.SOPInstanceUID = UID(_uid(0))
    made.StudyInstanceUID, made.SeriesInstanceUID = UID_ROOT + "7", UID_ROOT + "6"
    made.PatientName, made.PatientID, made.StudyDate, made.Modality = "Bench^Mark", "B-1", "20260304", "OT"
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    made.add_new(0x00420011, "OB", os.urandom(cell.bytes))
    stream = BytesIO()
    made.save_as(stream, enforce_file_format=True)
    template, uid = stream.getvalue(), _uid(0).encode()
    for number in range(cell.count):
        (folder / f"{number:05d}.dcm").write_bytes(template.replace(uid, _uid(number).encode()))
    return folder


def _uid(number: int) -> str:
    return f"{UID_ROOT}8.1{number:0{_UID_LENGTH - len(UID_ROOT) - 3}d}"


def _met(value: float, bar: float, sense: str) -> bool:
    return value >= bar if sense == "at least" else value <= bar


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    main()
