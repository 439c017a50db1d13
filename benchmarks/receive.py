"""How fast the listener takes films in, against the machine itself, DCMTK's storescp and Orthanc.

One interleaved run: in every pass each cell (size by associations) visits every receiver in turn, with the same
`storescu` as sender (TCP_NODELAY=1, PDU 128 KiB). "Physical" is a loopback copy, write, fsync and rename of the same
files. What is compared is the median of the passes; memory and idle cost are the listener's own.

    python -m benchmarks.receive --json FILE [--passes N] [--folder DIR] [--soak N]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from benchmarks.receivers import (
    CALLED,
    CALLING,
    PDU,
    RECEIVERS,
    Ours,
    Physical,
    Receiver,
    machine,
    send_physical,
    tool,
)
from dicom_node.sop_classes import DX_FOR_PRESENTATION

UID_ROOT: Final = "1.2.826.0.1.3680043.8.498."
_UID_LENGTH: Final = 60


@dataclass(frozen=True)
class Cell:
    """One measurement: films of one size on so many associations at once, so many on each.

    So many that the start of `storescu` and its association, 16 ms in sum, don't count: the bare machine has none.
    """

    name: str
    rows: int
    columns: int
    associations: int
    count: int
    nagle: bool = False


CELLS: Final[tuple[Cell, ...]] = (
    Cell("10 MB x1", 2500, 2048, 1, 24),
    Cell("10 MB x4", 2500, 2048, 4, 24),  # its processor time comes in hundredths of a second
    Cell("10 MB x8", 2500, 2048, 8, 6),
    Cell("1 MB x1", 1024, 512, 1, 360),
    Cell("1 MB x4", 1024, 512, 4, 40),
    Cell("34 kB x1", 128, 128, 1, 1500),
    Cell("34 kB x4", 128, 128, 4, 200),
    Cell("34 kB x1, Nagle", 128, 128, 1, 40, nagle=True),
)
# What was asked: the ratio's name, the bar, and whether it must be reached or not be passed.
BARS: Final[dict[str, tuple[float, str]]] = {
    "throughput_vs_physical": (0.8, "at least"),
    "throughput_vs_orthanc": (2.5, "at least"),
    "cpu_per_gb_vs_storescp": (1.3, "at most"),
    "small_nagle_vs_storescp": (5.0, "at least"),
    "small_nagle_vs_orthanc": (5.0, "at least"),
    "10 MB x1 vs physical": (0.75, "at least"),
    "10 MB x1 vs orthanc": (3.0, "at least"),
    "1 MB x1 vs physical": (0.7, "at least"),
    "1 MB x1 vs orthanc": (2.0, "at least"),
    "34 kB x1 vs orthanc": (1.5, "at least"),
    "34 kB x1 CPU ms per instance": (1.0, "at most"),
    "80 idle associations, % of a core": (1.0, "at most"),
    "eight 10 MB streams, peak MB": (110.0, "at most"),
    "eight 40 MB streams, peak vs 10 MB": (1.05, "at most"),
    "20,000 films, peak vs the first 1,000": (1.05, "at most"),
}


class Films:
    """Files of one size whose UIDs are made new before each use, so that no receiver sees one twice."""

    def __init__(self, folder: Path, cell: Cell) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        template = _film(cell.rows, cell.columns)
        self.size = len(template)
        self._places = _places(template, _uid("8", 0)), _places(template, _uid("9", 0))
        self.paths = [folder / f"{n}.dcm" for n in range(cell.associations * cell.count)]
        for path in self.paths:
            path.write_bytes(template)

    def renew(self, first: int) -> int:
        """Number instances and studies (four films each) from `first` on; give the next number."""
        for path in self.paths:
            with path.open("r+b") as file:
                for places, uid in zip(self._places, (_uid("8", first), _uid("9", first // 4)), strict=True):
                    for place in places:
                        file.seek(place)
                        file.write(uid.encode())
            first += 1
        return first


def _uid(kind: str, number: int) -> str:
    return f"{UID_ROOT}{kind}.1{number:0{_UID_LENGTH - len(UID_ROOT) - 3}d}"


def _places(data: bytes, uid: str) -> list[int]:
    found, at = [], data.find(uid.encode())
    while at >= 0:
        found.append(at)
        at = data.find(uid.encode(), at + 1)
    return found


def _film(rows: int, columns: int) -> bytes:
    """A DX film of noise with the header that a film has, as a file."""
    from io import BytesIO

    film = Dataset()
    film.SOPClassUID, film.SOPInstanceUID = DX_FOR_PRESENTATION, _uid("8", 0)
    film.StudyInstanceUID, film.SeriesInstanceUID = _uid("9", 0), _uid("7", 0)
    film.SpecificCharacterSet = "ISO_IR 100"
    film.ImageType = ["ORIGINAL", "PRIMARY", ""]
    film.StudyDate = film.SeriesDate = film.AcquisitionDate = film.ContentDate = "20260304"
    film.StudyTime = film.SeriesTime = film.AcquisitionTime = film.ContentTime = "050607.123"
    film.AccessionNumber, film.Modality, film.PresentationIntentType = "BENCH-1", "DX", "FOR PRESENTATION"
    film.Manufacturer, film.ManufacturerModelName, film.StationName = "Maker", "Model", "ROOM1"
    film.InstitutionName, film.StudyDescription, film.SeriesDescription = "Hospital", "Chest", "Chest PA"
    film.ReferringPhysicianName, film.PatientName = "Doctor^A", "Bench^Mark"
    film.PatientID, film.PatientBirthDate, film.PatientSex, film.PatientAge = "B-1", "19700102", "F", "056Y"
    film.BodyPartExamined, film.ViewPosition, film.KVP, film.Exposure = "CHEST", "PA", "120", "2"
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "272479007", "SCT", "postero-anterior"
    film.ViewCodeSequence = [code]
    film.PatientOrientation, film.ImageLaterality, film.BurnedInAnnotation = ["L", "F"], "U", "NO"
    film.StudyID, film.SeriesNumber, film.InstanceNumber = "1", "1", "1"
    film.SamplesPerPixel, film.PhotometricInterpretation = 1, "MONOCHROME2"
    film.Rows, film.Columns, film.BitsAllocated, film.BitsStored, film.HighBit = rows, columns, 16, 12, 11
    film.PixelRepresentation = 0
    film.ImagerPixelSpacing = [0.15, 0.15]
    film.WindowCenter, film.WindowWidth, film.LossyImageCompression = "2048", "4096", "00"
    film.PixelData = np.random.default_rng(1).integers(0, 4096, rows * columns, np.uint16).tobytes()
    film.file_meta = FileMetaDataset()
    film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = BytesIO()
    film.save_as(made, enforce_file_format=True)
    return made.getvalue()


def send(receiver: Receiver, cell: Cell, films: Films) -> float:
    """Send a cell's films on as many associations at once; give the seconds."""
    groups = [films.paths[n :: cell.associations] for n in range(cell.associations)]
    started = time.perf_counter()
    if isinstance(receiver, Physical):
        threads = [threading.Thread(target=send_physical, args=(receiver.port, group)) for group in groups]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.perf_counter() - started
    environment = {**os.environ, "TCP_NODELAY": "0" if cell.nagle else "1"}
    options = ["-R", "-aet", CALLING, "-aec", CALLED, "-pdu", str(PDU), "127.0.0.1", str(receiver.port)]
    senders = [
        subprocess.Popen(
            [tool("storescu"), *options, *map(str, group)],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for group in groups
    ]
    said = [sender.communicate()[1] for sender in senders]
    seconds = time.perf_counter() - started
    if any(sender.returncode for sender in senders):
        sys.exit(f"{receiver.name}, {cell.name}: a sender failed: {b' '.join(said).decode()[-1000:]}")
    return seconds


def measured(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Run every pass and give the figures."""
    chosen = [cell for cell in CELLS if not arguments.cells or cell.name in arguments.cells]
    films = {cell.name: Films(folder / "films" / cell.name, cell) for cell in chosen}
    seen: dict[str, dict[str, list[dict[str, float]]]] = defaultdict(lambda: defaultdict(list))
    number = 1
    for turn in range(arguments.passes):
        with receivers(folder / f"pass-{turn}") as running:
            for cell in chosen:
                for receiver in running[turn % len(running) :] + running[: turn % len(running)]:
                    if cell.nagle and isinstance(receiver, Physical):
                        continue
                    number = films[cell.name].renew(number)
                    seen[cell.name][receiver.name].append(_visit(receiver, cell, films[cell.name]))
        print(f"pass {turn + 1} of {arguments.passes} done", file=sys.stderr, flush=True)
    cells = {
        cell.name: {
            name: {key: round(statistics.median(one[key] for one in visits), 3) for key in visits[0]}
            for name, visits in seen[cell.name].items()
        }
        for cell in chosen
    }
    figures = {"machine": machine(), "passes": arguments.passes, "cells": cells}
    figures["llmcxr"] = own_figures(folder / "own", folder / "films", arguments.soak)
    figures["ratios"] = ratios(cells, figures["llmcxr"])
    figures["bars"] = {
        name: judged(figures["ratios"][name], *bar) for name, bar in BARS.items() if name in figures["ratios"]
    }
    return figures


@contextmanager
def receivers(folder: Path) -> Iterator[list[Receiver]]:
    """All receivers, running, each with nothing in it."""
    running: list[Receiver] = []
    try:
        for kind in RECEIVERS:
            running.append(kind(folder))
        yield running
    finally:
        for receiver in running:
            receiver.stop()


def _visit(receiver: Receiver, cell: Cell, films: Films) -> dict[str, float]:
    os.sync()  # what another receiver left unsynced mustn't be written during this one's time
    receiver.forget_peak()
    before = receiver.cpu_s()
    seconds = send(receiver, cell, films)
    time.sleep(0.1)  # a child that has just ended is counted when it is waited for
    cpu = receiver.cpu_s() - before
    peak = receiver.peak_mb()
    receiver.forget_files()
    count = len(films.paths)
    return {
        "mb_per_s": count * films.size / seconds / 1e6,
        "instances_per_s": count / seconds,
        "cpu_s_per_gb": cpu / (count * films.size) * 1e9,
        "cpu_ms_per_instance": cpu / count * 1e3,
        "peak_mb": peak,
    }


def own_figures(folder: Path, films: Path, soak: int) -> dict[str, Any]:
    """What is measured of the listener alone: idle associations, eight streams, and many instances."""
    ours = Ours(folder)
    try:
        figures: dict[str, Any] = {"idle_percent_of_core": idle_cost(ours)}
        eight = Cell("eight", 2500, 2048, 8, 6)
        number = 10**9
        large = Films(films / "eight", eight)
        number = large.renew(number)
        figures["eight_streams"] = _visit(ours, eight, large)
        larger = Cell("eight, larger", 5000, 4096, 8, 2)
        largest = Films(films / "larger", larger)
        number = largest.renew(number)
        figures["eight_larger_streams"] = _visit(ours, larger, largest)
        if soak:
            figures["soak"] = _soak(ours, films, soak, number)
        return figures
    finally:
        ours.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _soak(ours: Receiver, films: Path, count: int, number: int) -> dict[str, Any]:
    """Send many small films on associations of a thousand; give the memory at every tenth of the way."""
    small = Films(films / "soak", Cell("soak", 128, 128, 1, 1000))
    rows = []
    for sent in range(0, count, 1000):
        number = small.renew(number)
        ours.forget_peak()
        send(ours, Cell("soak", 128, 128, 1, 1000), small)
        rows.append({"instances": sent + 1000, "peak_mb": round(ours.peak_mb(), 1)})
    return {"first": rows[0], "last": rows[-1], "rows": rows}


def idle_cost(ours: Receiver, count: int = 80, seconds: float = 10.0) -> float:
    """CPU of so many associations that say nothing, in per cent of a core."""
    request = association_request()
    connections = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", ours.port))
        connection.sendall(request)
        if connection.recv(1) != b"\x02":
            sys.exit("An idle association was refused.")
        connections.append(connection)
    time.sleep(1.0)
    before, started = ours.cpu_s(), time.perf_counter()
    time.sleep(seconds)
    spent = (ours.cpu_s() - before) / (time.perf_counter() - started)
    for connection in connections:
        connection.close()
    return round(100 * spent, 2)


def association_request() -> bytes:
    """An A-ASSOCIATE-RQ with the verification service (PS3.8 9.3.2)."""

    def item(kind: int, body: bytes) -> bytes:
        return struct.pack(">BxH", kind, len(body)) + body

    context = item(0x30, b"1.2.840.10008.1.1") + item(0x40, b"1.2.840.10008.1.2")
    user = item(0x51, struct.pack(">L", PDU)) + item(0x52, b"1.2.3")
    body = struct.pack(">H2x16s16s32x", 1, CALLED.ljust(16).encode(), CALLING.ljust(16).encode())
    body += item(0x10, b"1.2.840.10008.3.1.1.1") + item(0x20, b"\x01\0\0\0" + context) + item(0x50, user)
    return b"\x01\0" + struct.pack(">L", len(body)) + body


def ratios(cells: dict[str, Any], own: dict[str, Any]) -> dict[str, float]:
    """Everything that is compared; the six named ones mean 10 MB on four associations, and 34 kB with Nagle on."""
    found: dict[str, float] = {}
    for cell, rows in cells.items():
        for name in rows:
            if name != "llmcxr":
                found[f"{cell} vs {name}"] = rows["llmcxr"]["mb_per_s"] / rows[name]["mb_per_s"]
                found[f"{cell} CPU vs {name}"] = rows["llmcxr"]["cpu_s_per_gb"] / max(
                    rows[name]["cpu_s_per_gb"], 1e-9
                )
    for cell, rows in cells.items():
        if cell.startswith("34 kB"):
            found[f"{cell} CPU ms per instance"] = rows["llmcxr"]["cpu_ms_per_instance"]
    for name, key in (
        ("throughput_vs_physical", "10 MB x4 vs physical"),
        ("throughput_vs_storescp", "10 MB x4 vs storescp"),
        ("throughput_vs_orthanc", "10 MB x4 vs orthanc"),
        ("cpu_per_gb_vs_storescp", "10 MB x4 CPU vs storescp"),
        ("small_nagle_vs_storescp", "34 kB x1, Nagle vs storescp"),
        ("small_nagle_vs_orthanc", "34 kB x1, Nagle vs orthanc"),
    ):
        if key in found:
            found[name] = found[key]
    found["80 idle associations, % of a core"] = own["idle_percent_of_core"]
    found["eight 10 MB streams, peak MB"] = own["eight_streams"]["peak_mb"]
    found["eight 40 MB streams, peak vs 10 MB"] = (
        own["eight_larger_streams"]["peak_mb"] / own["eight_streams"]["peak_mb"]
    )
    if soak := own.get("soak"):
        name = f"{soak['last']['instances']:,} films, peak vs the first 1,000"
        found[name] = soak["last"]["peak_mb"] / soak["first"]["peak_mb"]
    return {name: round(value, 3) for name, value in found.items()}


def judged(value: float, bar: float, how: str) -> dict[str, Any]:
    """Set a ratio beside what was asked of it."""
    reached = value >= bar if how == "at least" else value <= bar
    return {"value": value, "bar": bar, "asked": how, "reached": reached}


def table(figures: dict[str, Any]) -> str:
    """The cells and the ratios as Markdown."""
    lines = [
        "| cell | receiver | MB/s | instances/s | CPU s/GB | CPU ms each | peak MB |",
        "|---|---|---|---|---|---|---|",
    ]
    for cell, rows in figures["cells"].items():
        for name, row in rows.items():
            lines.append(
                f"| {cell} | {name} | {row['mb_per_s']:.0f} | {row['instances_per_s']:.0f} "
                f"| {row['cpu_s_per_gb']:.2f} | {row['cpu_ms_per_instance']:.2f} | {row['peak_mb']:.0f} |"
            )
    lines += ["", "| ratio | value | asked |", "|---|---|---|"]
    for name, value in figures["ratios"].items():
        bar = figures["bars"].get(name)
        asked = "" if bar is None else f"{bar['asked']} {bar['bar']}{'' if bar['reached'] else ': missed'}"
        lines.append(f"| {name} | {value} | {asked} |")
    lines += [
        "",
        f"listener alone: {json.dumps(figures['llmcxr'])}",
        f"machine: {json.dumps(figures['machine'])}",
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, print tables, and write the JSON file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="Where the figures are written to.")
    parser.add_argument("--passes", type=int, default=5)
    parser.add_argument(
        "--folder", type=Path, help="Where the receivers' stores lie; on the disk to measure."
    )
    parser.add_argument(
        "--soak", type=int, default=20_000, help="So many small films one after the other, for memory."
    )
    parser.add_argument("--cells", action="append", default=[], help="Only this cell; may be repeated.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as made:
        figures = measured(Path(made), arguments)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(table(figures))


if __name__ == "__main__":
    main()
