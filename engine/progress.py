"""How far a long job is: a bar on a terminal, plain lines every few seconds anywhere else, on standard error.

It counts and times, and says nothing about the items, which may be patients'.
"""

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import TextIO, TypeVar

Item = TypeVar("Item")

LINE_EVERY_S = 5.0


def track(
    items: Iterable[Item],
    what: str,
    total: int | None = None,
    done: int = 0,
    stream: TextIO | None = None,
    every_s: float = LINE_EVERY_S,
) -> Iterator[Item]:
    """Yield the items while showing how many of `total` are done.

    `total` is taken from the items where they know their number. `done` items were done by an earlier run;
    they count in `total` and not in the rate. The end is always told, an early one too.
    """
    out = sys.stderr if stream is None else stream
    if total is None and isinstance(items, Sized):
        total = len(items) + done
    if out.isatty():
        yield from _bar(items, what, total, done, out)
    else:
        yield from _lines(items, what, total, done, out, every_s)


def _bar(items: Iterable[Item], what: str, total: int | None, done: int, out: TextIO) -> Iterator[Item]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=out)) as progress:
        task = progress.add_task(what, total=total, completed=done)
        for item in items:
            yield item
            progress.advance(task)


def _lines(
    items: Iterable[Item], what: str, total: int | None, done: int, out: TextIO, every_s: float
) -> Iterator[Item]:
    start = last = time.monotonic()
    count = 0
    try:
        for item in items:
            yield item
            count += 1
            now = time.monotonic()
            if now - last >= every_s:
                last = now
                out.write(_line(what, done + count, total, count, now - start))
                out.flush()
    finally:
        out.write(_line(what, done + count, total, count, time.monotonic() - start))
        out.flush()


def _line(what: str, count: int, total: int | None, counted_now: int, passed_s: float) -> str:
    of = "" if total is None else f"/{total}"
    if not counted_now or passed_s <= 0:
        return f"{what}: {count}{of}\n"
    rate = counted_now / passed_s
    left = "" if total is None or total <= count else f", {_time((total - count) / rate)} left"
    return f"{what}: {count}{of}, {rate:.3g}/s, {_time(passed_s)} passed{left}\n"


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
