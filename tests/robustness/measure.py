"""One attack on many sockets at once: what they heard, how long it took, and what it cost the listener."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.robustness.attacks import SLACK_S, Attack
from tests.robustness.target import Target


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What came of an attack; `faults` are the promises that it broke."""

    attack: str
    sockets: int
    heard: dict[str, int]
    deadline_s: float
    slowest_s: float
    kib_each: float
    kib_each_allowed: int
    served_meanwhile_s: float | None
    faults: tuple[str, ...]


def measure(target: Target, attack: Attack) -> Measured:
    """Begin on all sockets at the same moment; a film of somebody else is sent meanwhile."""
    together = threading.Barrier(attack.sockets + attack.serves)

    def one() -> tuple[str, float]:
        together.wait()
        began = time.monotonic()
        return attack.act(target), time.monotonic() - began

    def somebody_else() -> float:
        together.wait()
        return target.serves()

    before = target.memory_kib()
    target.forget_peak()
    with ThreadPoolExecutor(attack.sockets + 1) as threads:
        served = threads.submit(somebody_else) if attack.serves else None
        done = list(threads.map(lambda _: one(), range(attack.sockets)))
    grown = max(target.memory_kib("VmHWM") - before, 0) / attack.sockets
    heard = Counter(said for said, _ in done)
    slowest = max(seconds for _, seconds in done)
    served_s = served.result() if served is not None else None
    wanted = (attack.hears,) if isinstance(attack.hears, str) else attack.hears
    faults = [f"{count} heard {said}" for said, count in heard.items() if said not in wanted]
    faults += [f"nobody heard {said}" for said in wanted if said not in heard]
    if slowest > attack.within_s + SLACK_S:
        faults.append(f"the slowest took {slowest:.1f} s")
    if served_s is not None and served_s > SLACK_S:
        faults.append(f"somebody else waited {served_s:.1f} s")
    if grown > attack.bound_kib:
        faults.append(f"{grown:.0f} KiB for each socket")
    return Measured(
        attack=attack.name,
        sockets=attack.sockets,
        heard=dict(heard),
        deadline_s=attack.within_s,
        slowest_s=round(slowest, 2),
        kib_each=round(grown, 1),
        kib_each_allowed=attack.bound_kib,
        served_meanwhile_s=None if served_s is None else round(served_s, 3),
        faults=(*faults, *target.left_behind(), *_serves_again(target)),
    )


def _serves_again(target: Target) -> list[str]:
    seconds = target.serves()
    return [f"a film afterwards took {seconds:.1f} s"] if seconds > SLACK_S else []
