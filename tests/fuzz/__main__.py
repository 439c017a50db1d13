"""Run the fuzzer over the receiving path until an input breaks a promise or the runs are done.

    python -m tests.fuzz --runs 1000000 --corpus DIR
    python -m tests.fuzz --reach --corpus DIR        # which lines no input in DIR gets to

An input that breaks a promise is written to the working folder (``crash-...``); give its name to try it again.
Resident memory is told as it goes, and with it the blocks that Python has in use: the fuzzer keeps its corpus and
what it knows of it in memory too, and the allocator gives pages back late; blocks are ours.
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
import tempfile
import time
from pathlib import Path

import atheris

# Not pydicom: to watch its many ways takes as long as all the rest, and what it raises is seen all the same.
with atheris.instrument_imports(include=["dicom_node", "pynetdicom"]):
    from tests.fuzz import inputs, reach, receiving

_ROOM_MB = 200
_ROOM_BLOCKS = 100_000
"""Of some 800,000 that are in use: what one block for each tenth input of a million would be."""
_SOUND = 0.25
_WARM = 20_000


class Counted:
    """The world, with the inputs counted and its memory watched."""

    def __init__(self, world: receiving.World, runs: int) -> None:
        self.world, self.runs = world, runs
        self.began = time.monotonic()
        self.fed = 0
        self.warm_mb, self.warm_blocks = 0.0, 0

    def __call__(self, data: bytes) -> None:
        self.world.feed(data)
        self.fed += 1
        fed = self.fed
        if fed == _WARM:
            self.warm_mb, self.warm_blocks = _resident_mb(), self._blocks()
        elif fed and fed % _WARM == 0:
            grown, blocks = _resident_mb() - self.warm_mb, self._blocks() - self.warm_blocks
            rate = fed / (time.monotonic() - self.began)
            print(
                f"{fed} inputs, {rate:.0f} a second, {self.world.kept} objects acknowledged; since {_WARM}: memory "
                f"{grown:+.0f} MB, blocks {blocks:+d}",
                flush=True,
            )
            if grown > _ROOM_MB or blocks > _ROOM_BLOCKS:
                raise receiving.Defect(f"{grown:.0f} MB, {blocks} blocks of memory were not given back")
        if fed == self.runs:
            self.world.check_all()

    def _blocks(self) -> int:
        """Blocks of memory that Python's objects have in use, without what the world remembers of its objects."""
        gc.collect()
        return sys.getallocatedblocks() - 2 * self.world.remembered


class Mutator:
    """In one of four, a sound object with a few bytes changed: most of those are still taken, and have to be kept."""

    def __init__(self) -> None:
        self._sound = [data for name, data in inputs.seeds() if "data set" in name or name.startswith("web ")]

    def __call__(self, data: bytes, most: int, seed: int) -> bytes:
        chance = random.Random(seed)
        if chance.random() > _SOUND:
            mutated: bytes = atheris.Mutate(data, most)
            return mutated
        made = bytearray(chance.choice(self._sound))
        for _ in range(chance.randrange(5)):
            made[chance.randrange(1, len(made))] = chance.randrange(256)
        return bytes(made[:most])


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
    parser.add_argument("--reach", action="store_true", help="Say what the inputs in --corpus don't reach.")
    parser.add_argument("inputs", type=Path, nargs="*", help="Files to try again.")
    chosen = parser.parse_args()
    memory = Path("/dev/shm")  # a disk that needs no sync
    if chosen.reach:
        given = [path.read_bytes() for path in sorted(chosen.corpus.iterdir())] if chosen.corpus else []
        say_reach(given)
        return
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
        dictionary = Path(scratch) / "words"
        dictionary.write_text("".join(f'"{_escaped(word)}"\n' for word in inputs.words()))
        options = [
            f"-runs={chosen.runs}",
            f"-seed={chosen.seed}",
            f"-max_len={receiving.LONGEST}",
            f"-dict={dictionary}",
            "-rss_limit_mb=3000",
            "-timeout=30",
            "-print_final_stats=1",
            "-verbosity=0",
        ]
        atheris.Setup(
            [sys.argv[0], *options, str(corpus)], Counted(world, chosen.runs), custom_mutator=Mutator()
        )
        atheris.Fuzz()  # ends the process


def _escaped(word: bytes) -> str:
    """As libFuzzer's dictionaries are written."""
    return "".join(f"\\x{byte:02x}" for byte in word)


def say_reach(given: list[bytes]) -> None:
    """Print, of each module between a socket and the disk, the lines that neither a seed nor these inputs reach."""
    with tempfile.TemporaryDirectory() as scratch, reach.Reach() as reached:
        world = receiving.World(Path(scratch))
        for data in (*(data for _, data in receiving.seeds()), *given):
            world.feed(data)
        world.close()
    for module, lines, missed in reached.missed():
        print(f"{module}: {lines - len(missed)} of {lines}; not {', '.join(map(str, missed)) or 'one'}")


if __name__ == "__main__":
    main()
