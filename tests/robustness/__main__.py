"""Attack listeners of its own with everything that is known, and print what they did.

python -m tests.robustness [--json FILE] [NAME ...]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from tests.robustness.attacks import ATTACKS
from tests.robustness.measure import Measured, measure
from tests.robustness.target import Target


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.robustness", description="Attack a listener.")
    parser.add_argument("--json", type=Path, help="Where the figures are written to.")
    parser.add_argument("names", nargs="*", help="Only attacks whose name contains one of these.")
    chosen = parser.parse_args()
    rows: list[Measured] = []
    acknowledged = lost = 0
    print("| attack | sockets | heard | slowest, s | KiB each | a film meanwhile, s |")
    print("|---|---|---|---|---|---|")
    for attack in ATTACKS:
        if chosen.names and not any(name in attack.name for name in chosen.names):
            continue
        with running(attack.associations) as target:  # a fresh one each, or the first would pay for all
            rows.append(measure(target, attack))
            acknowledged, lost = acknowledged + len(target.acknowledged), lost + len(target.lost())
        _print(rows[-1])
    print(f"{acknowledged} films were acknowledged, {lost} of them lost.")
    if chosen.json:
        figures = {"attacks": [asdict(row) for row in rows], "acknowledged": acknowledged, "lost": lost}
        chosen.json.write_text(json.dumps(figures, indent=1))
    sys.exit(1 if lost or any(row.faults for row in rows) else 0)


@contextmanager
def running(associations: int) -> Iterator[Target]:
    """A listener with this limit of associations."""
    with tempfile.TemporaryDirectory() as scratch:
        target = Target(Path(scratch), max_associations=associations).start()
        try:
            yield target
        finally:
            target.stop()


def _print(row: Measured) -> None:
    served = "" if row.served_meanwhile_s is None else f"{row.served_meanwhile_s:.2f}"
    heard = ", ".join(
        said if count == row.sockets else f"{count} {said}" for said, count in row.heard.items()
    )
    cells = (row.attack, str(row.sockets), heard, f"{row.slowest_s:.2f}", f"{row.kib_each:.0f}", served)
    print(f"| {' | '.join(cells)} |", flush=True)
    for fault in row.faults:
        print(f"{row.attack}: {fault}", file=sys.stderr)


if __name__ == "__main__":
    main()
