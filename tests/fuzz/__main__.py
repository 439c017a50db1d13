"""Run the fuzzer over the receiving path until an input breaks a promise or the runs are done.

    python -m tests.fuzz --runs 1000000 --corpus DIR

An input that breaks a promise is written to the working folder (``crash-...``); give its name to try it again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["dicom_node", "pydicom", "pynetdicom"]):
    from tests.fuzz import receiving

_ROOM_MB = 200
_WARM = 20_000


class Counted:
    """The world, with the inputs counted and its memory watched."""

    def __init__(self, world: receiving.World, runs: int) -> None:
        self.world, self.runs = world, runs
        self.began = time.monotonic()
        self.warm_mb = 0.0

    def __call__(self, data: bytes) -> None:
        self.world.feed(data)
        fed = self.world.fed
        if fed == _WARM:
            self.warm_mb = _resident_mb()
        elif fed and fed % _WARM == 0:
            grown = _resident_mb() - self.warm_mb
            rate = fed / (time.monotonic() - self.began)
            print(f"{fed} inputs, {rate:.0f} a second, memory {grown:+.0f} MB since {_WARM}", flush=True)
            if grown > _ROOM_MB:
                raise receiving.Defect(f"{grown:.0f} MB of memory were not given back")


def _resident_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz the receiving path.")
    parser.add_argument("--runs", type=int, default=1_000_000, help="Inputs; 0: try the given files only.")
    parser.add_argument("--seed", type=int, default=0, help="Of the fuzzer; 0: by the clock.")
    parser.add_argument("--corpus", type=Path, help="Folder that keeps what was found; default: a new one.")
    parser.add_argument("inputs", type=Path, nargs="*", help="Files to try again.")
    chosen = parser.parse_args()
    memory = Path("/dev/shm")  # a disk that needs no sync
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as scratch:
        world = receiving.World(Path(scratch))
        for path in chosen.inputs:
            world.feed(path.read_bytes())
        if not chosen.runs or chosen.inputs:
            return
        corpus = chosen.corpus or Path(scratch) / "corpus"
        corpus.mkdir(parents=True, exist_ok=True)
        for name, data in receiving.seeds():
            (corpus / name.replace(" ", "-")).write_bytes(data)
        options = [
            f"-runs={chosen.runs}",
            f"-seed={chosen.seed}",
            f"-max_len={receiving.LONGEST}",
            "-rss_limit_mb=3000",
            "-timeout=30",
            "-print_final_stats=1",
            "-verbosity=0",
        ]
        atheris.Setup([sys.argv[0], *options, str(corpus)], Counted(world, chosen.runs))
        atheris.Fuzz()  # ends the process


if __name__ == "__main__":
    main()
