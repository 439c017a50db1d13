"""What the trainings on pixels share beside their films: device, precision, log, and the last checkpoint.

One process or several under `accelerate launch`; the first one writes. Knows no network and no loss.
"""

import math
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter

from engine.errors import TrainingError
from engine.train.common import Progress, load_checkpoint, save_checkpoint
from engine.train.film_settings import FilmSettings, Head

LAST, BEST = "last.pt", "best.pt"
CPU = "cpu"


class FilmRun:
    """The surroundings of one run: where it computes, what it writes, and its state from before, if any."""

    def __init__(self, settings: FilmSettings) -> None:
        torch.set_num_threads(settings.threads)
        torch.manual_seed(settings.seed)
        self.settings = settings
        # A stage leaves parts of the network unused, and processes must know that they needn't wait for those.
        unused = DistributedDataParallelKwargs(find_unused_parameters=True)
        self.accelerator = Accelerator(cpu=settings.device == "cpu", kwargs_handlers=[unused])
        self.device: torch.device = self.accelerator.device
        self.process = (int(self.accelerator.process_index), int(self.accelerator.num_processes))
        self.before = self._state_before()
        cpu_seconds = 0.0 if self.before is None else float(self.before["cpu_seconds"])
        self.progress = Progress(settings.out / "metrics.jsonl", cpu_seconds)
        self._board: SummaryWriter | None = None
        if self.before is not None and self.first:
            print(f"goes on from {settings.out / LAST}, after {cpu_seconds:.0f} CPU-s", flush=True)

    @property
    def device_name(self) -> str:
        """Name what computes: the GPU's own name, or cpu."""
        return torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else self.device.type

    @property
    def first(self) -> bool:
        """Tell whether this is the process that writes."""
        return bool(self.accelerator.is_main_process)

    def autocast(self) -> AbstractContextManager[Any]:
        """Give the precision of the trained networks' passes."""
        if self.settings.precision == "fp32":
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    def report(self, stage: str, step: int, total: int, **values: float) -> None:
        """Print and keep the figures of a step."""
        if not self.first:
            return
        self.progress.report(stage, step, total, **values)
        board = self._writer()
        if board is not None:
            for name, value in values.items():
                board.add_scalar(f"{stage}/{name}", value, step)

    def picture(self, name: str, step: int, pixels: NDArray[np.uint8]) -> None:
        """Keep a grey picture [H, W] in TensorBoard."""
        board = self._writer()
        if self.first and board is not None:
            board.add_image(name, pixels, step, dataformats="HW")

    def save(self, **state: Any) -> None:
        """Write the last checkpoint whole."""
        if self.first:
            common = {
                "cpu_seconds": self.progress.cpu_seconds,
                "torch_random": torch.get_rng_state(),
                "settings": self.settings.model_dump(mode="json"),
            }
            save_checkpoint(self.settings.out / LAST, {**state, **common})
            if self._board is not None:
                self._board.flush()

    def restore_random(self) -> None:
        """Put torch's random state back where the last checkpoint left it (dropout draws from it)."""
        if self.before is not None:
            torch.set_rng_state(self.before["torch_random"])

    def close(self) -> None:
        """End the metrics' file."""
        if self._board is not None:
            self._board.close()

    def _writer(self) -> SummaryWriter | None:
        if self._board is None and self.settings.tensorboard and self.first:
            folder: Path = self.settings.out / "tensorboard"
            self._board = SummaryWriter(str(folder))
        return self._board

    def _state_before(self) -> dict[str, Any] | None:
        path = self.settings.out / LAST
        if not path.exists():
            return None
        if not self.settings.resume:
            raise TrainingError(
                f"The folder {self.settings.out} holds a run already ({LAST}). Name another folder, or go on "
                "with it by --resume."
            )
        return load_checkpoint(path)


def check_same(before: dict[str, Any], settings: FilmSettings, keys: tuple[str, ...]) -> None:
    """Raise TrainingError where a resumed run's settings that fix its networks differ from the file's."""
    now = settings.model_dump(mode="json")
    for key in keys:
        if before["settings"].get(key) != now[key]:
            raise TrainingError(
                f"The run in {settings.out} was started with {key} {before['settings'].get(key)!r}, now it is "
                f"{now[key]!r}. Keep the setting, or start a run in another folder."
            )


def check_best(weights: Iterable[str], figures: Iterable[str]) -> None:
    """Raise TrainingError for a name in `best_by` that the validation films don't give, before hours are spent."""
    known = list(figures)
    for name in weights:
        if name not in known:
            raise TrainingError(
                f"best_by names {name!r}, which the validation films don't give. Choose from: {', '.join(known)}."
            )


def check_number(loss: Tensor, stage: str, step: int, steps: int) -> None:
    """Raise TrainingError for a loss that is no number, before what it made is saved."""
    if not math.isfinite(float(loss)):
        raise TrainingError(
            f"The loss of the {stage} stage is no number any more at step {step} of {steps}. Go on from "
            f"{LAST} with a smaller learning_rate or with clip."
        )


def judged_heads(heads: Sequence[Head], targets: NDArray[np.float32]) -> list[str]:
    """Name the heads that films with these targets [N, heads] have both answers for."""
    return [
        head.name
        for column, head in enumerate(heads)
        if {0.0, 1.0} <= set(np.unique(targets[~np.isnan(targets[:, column]), column]).tolist())
    ]


def weighted(figures: dict[str, float], weights: dict[str, float]) -> float:
    """Give the weighted mean of named figures."""
    return float(np.average([figures[name] for name in weights], weights=list(weights.values())))
