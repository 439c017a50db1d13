"""Steps of a long job as a person sees them: a live list in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

Result = TypeVar("Result")
Report = Callable[[int, int], None]


class Steps:
    """Runs one step after the other and says what it does, how far it is and how long it took."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = time.monotonic()
        self._progress = Progress(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Steps:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def run(self, text: str, action: Callable[[Report], Result]) -> Result:
        """Run `action`, which may call ``report(done, total)`` as it goes on; give its result."""
        task = self._progress.add_task(text, total=1)
        self._line(text)
        shown = (0, 1)

        def report(done: int, total: int) -> None:
            nonlocal shown
            if (done, total) != shown:
                shown = (done, total)
                self._progress.update(task, completed=done, total=total)
                self._line(f"{text}: {done} of {total}")

        result = action(report)
        self._progress.update(task, completed=shown[1], total=shown[1])
        return result

    def _line(self, text: str) -> None:
        if not self._console.is_terminal:
            self._console.print(
                f"[{time.monotonic() - self._started:6.1f} s] {text}", markup=False, highlight=False
            )
