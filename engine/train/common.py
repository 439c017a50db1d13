"""What the trainings on pixels share: checkpoints, the course of the rate, lines of progress.

No trainer framework: each training keeps its own loop and calls these helpers.
"""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.bundle import sha256_of
from engine.errors import CheckpointError
from engine.safe_write import replacing


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint so that a crash leaves the old one or the new one, never half of one."""
    with replacing(path) as temporary:
        torch.save(state, temporary)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint without running code from it; raise CheckpointError where it can't be read."""
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises many kinds for a damaged or unsafe file
        raise CheckpointError(f"The checkpoint {path} can't be read: {error}") from error
    return state


def codes_name(file: Path) -> str:
    """Give the sha256 that a tokenizer's codes are found by: that of the file with its encoder's weights.

    A checkpoint of which the decoder alone was trained encodes as the one that it started from.
    """
    return str(_own(file).get("encodes_as") or sha256_of(file))


def runs_before(start: Path | None) -> list[dict[str, Any]]:
    """Give the runs of ours that a tokenizer to start from came from, oldest first: steps, CPU seconds, seed."""
    facts = {} if start is None else _own(start).get("facts", {})
    if not facts:
        return []
    own = {key: facts.get(key) for key in ("step", "cpu_seconds")}
    return [*facts.get("before", []), {**own, "seed": facts.get("settings", {}).get("seed")}]


def _own(file: Path) -> dict[str, Any]:
    """Read a checkpoint of ours; one of another kind holds nothing that we know."""
    try:
        held = {} if file.suffix == ".safetensors" else load_checkpoint(file)
    except CheckpointError:
        return {}
    return held if isinstance(held, dict) else {}


def cosine_rate(step: int, total: int, warm_up: int, floor: float = 0.05) -> float:
    """Give the factor of the learning rate: linear warm-up, then a cosine down to `floor`."""
    if step < warm_up:
        return (step + 1) / warm_up
    progress = min(1.0, (step - warm_up) / max(1, total - warm_up))
    return floor + (1.0 - floor) * 0.5 * (1.0 + float(np.cos(np.pi * progress)))


class Progress:
    """Lines of `step, losses, CPU seconds` on standard output, also kept as JSON lines beside the run."""

    def __init__(self, log: Path, cpu_seconds: float = 0.0) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log
        self._before = cpu_seconds
        self._start = time.process_time()

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds used by this run, those before a resume included."""
        return self._before + time.process_time() - self._start

    def report(self, stage: str, step: int, total: int, **values: float) -> None:
        """Print one line and append it to the log."""
        record = {"stage": stage, "step": step, "cpu_s": round(self.cpu_seconds, 1), **values}
        with self._log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
        shown = "  ".join(f"{name} {value:.4g}" for name, value in values.items())
        print(f"{stage} {step}/{total}  {shown}  {record['cpu_s']:.0f} CPU-s", flush=True)
