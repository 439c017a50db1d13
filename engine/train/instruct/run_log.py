"""What a run tells: progress on standard error, lines on standard output, log.jsonl and TensorBoard files."""

import json
import math
import time
from collections.abc import Iterator, Sequence
from typing import Any

from torch.utils.tensorboard import SummaryWriter
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from engine.errors import TrainingError
from engine.progress import track
from engine.train.instruct.settings import InstructSettings

_KEPT = ("loss", "grad_norm", "learning_rate")


class RunLog(TrainerCallback):  # type: ignore[misc]  # transformers comes without types
    """Writes every figure of the trainer down; stops the run where the loss is no number."""

    def __init__(self, settings: InstructSettings, told: Sequence[str]) -> None:
        self.settings = settings
        self.validation: dict[str, float] = {}
        self._told = told
        self._before_s = 0.0
        self._start_s = time.process_time()
        self._board: SummaryWriter | None = None
        self._steps: Iterator[int] | None = None

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of this process, those before a crash included."""
        return self._before_s + time.process_time() - self._start_s

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Open the log in the first process and say what the run starts with."""
        if not state.is_world_process_zero:
            return
        self._before_s = self._spent_before(state.global_step)
        for line in self._told:
            print(line, flush=True)
        self._board = SummaryWriter(str(self.settings.out / "tensorboard"), purge_step=state.global_step + 1)
        left = range(state.global_step, state.max_steps)
        self._steps = iter(track(left, "steps", total=state.max_steps, done=state.global_step))
        next(self._steps, None)  # a step counts once the next one is asked for

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Count the step; the last one is always validated and saved, and nothing is saved unlooked at."""
        if self._steps is not None:
            next(self._steps, None)
        if state.global_step >= state.max_steps:
            control.should_evaluate = control.should_save = True
        control.should_log |= control.should_save

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        """Write the figures of a step; raise TrainingError for a loss or gradient that is no number."""
        figures = {
            name: value for name, value in (logs or {}).items() if name in _KEPT or name[:5] == "eval_"
        }
        for name, what in (("loss", "loss"), ("grad_norm", "gradient's norm")):
            if not math.isfinite(figures.get(name, 0.0)):
                raise TrainingError(
                    f"The {what} is {figures[name]} at step {state.global_step}. Go on from the last checkpoint "
                    "with --resume and a lower learning_rate or clip."
                )
        if any(name[:5] == "eval_" for name in figures):
            self.validation = {name[5:]: value for name, value in figures.items() if name[:5] == "eval_"}
        if self._board is None or not figures:
            return
        for name, value in figures.items():
            self._board.add_scalar(name.replace("eval_", "validation/"), value, state.global_step)
        with (self.settings.out / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": state.global_step, "cpu_s": self.cpu_seconds, **figures}) + "\n")
        shown = "  ".join(f"{name.replace('eval_', '')} {value:.4g}" for name, value in figures.items())
        kind = "validation" if "eval_loss" in figures else "step"
        print(f"{kind} {state.global_step}/{state.max_steps}  {shown}", flush=True)

    def _spent_before(self, step: int) -> float:
        """Read from the log how many CPU seconds the steps before this start took."""
        log = self.settings.out / "log.jsonl"
        lines = log.read_text(encoding="utf-8").splitlines() if step and log.exists() else []
        spent = [line["cpu_s"] for line in map(_line, lines) if line and line["step"] <= step]
        return float(max(spent, default=0.0))

    def close(self) -> None:
        """Close what is open, also after an error."""
        if self._board is not None:
            self._board.close()
        if self._steps is not None:
            self._steps.close()  # type: ignore[attr-defined]  # track is a generator
            self._steps = None


def _line(text: str) -> dict[str, float]:
    """Read one line of the log; a crash may have cut the last one off."""
    try:
        values: dict[str, float] = json.loads(text)
    except ValueError:
        return {}
    return values
