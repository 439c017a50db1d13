"""A draft, an answer and a drawn film by every runtime and precision, with the same seed, beside each other.

    python -m benchmarks.same_seed [--films N] [--json FILE]

Runs of equal precision have to agree in every word and code; where a precision differs from float32, what differs is
shown. The demonstration model on the films that ship.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.drafts import FILMS
from engine.building.package import build_package
from engine.builds import CPU_PRECISIONS
from engine.commands.opening import film_context, read_film
from engine.model import Model
from engine.models import load_package, open_model
from engine.runtime.select import FLOAT32, ONNXRUNTIME, TORCH

SEED = 7
QUESTION = "Is there pneumonia?"
REPORT = "Findings consistent with pneumonia."


@dataclass(frozen=True)
class Said:
    """What one runtime gave: a draft and an answer for each film, and the codes of one drawn film."""

    drafts: tuple[str, ...]
    answers: tuple[str, ...]
    drawn: tuple[int, ...]


def main() -> None:
    """Run everything, print a table, and end with status 1 where runs of float32 differ."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--films", type=int, default=14)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    films = sorted(FILMS.glob("*.dcm"))[: arguments.films]
    with tempfile.TemporaryDirectory() as made:
        compared = [facts(*row) for row in beside_each_other(Path(made), films)]
    if arguments.json:
        arguments.json.write_text(json.dumps(compared, indent=1) + "\n", encoding="utf-8")
    print(table(compared))
    if any(row["precision"] == FLOAT32 and not row["equal"] for row in compared):
        sys.exit("Runs in float32 differ.")


def beside_each_other(builds: Path, films: list[Path]) -> list[tuple[str, str, Said, Said]]:
    """Give runtime, precision, what it said, and what torch's float32 said."""
    reference = said(open_model("demo", runtime=TORCH, threads=1), films)
    rows = [(TORCH, FLOAT32, reference, reference)]
    shipped = open_model("demo", runtime=ONNXRUNTIME, threads=1)
    rows.append((f"{ONNXRUNTIME}, the shipped graph", FLOAT32, said(shipped, films), reference))
    # A bundle's own graph stands for its float32.
    for precision in (one for one in CPU_PRECISIONS if one != FLOAT32):
        build_package(load_package("demo"), precision, builds)
        model = open_model("demo", runtime=ONNXRUNTIME, threads=1, precision=precision, builds=builds)
        rows.append((ONNXRUNTIME, precision, said(model, films), reference))
    return rows


def said(model: Model, films: list[Path]) -> Said:
    """Draft and ask with every film, and draw one."""
    drafts, answers = [], []
    for path in films:
        codes = model.encode(read_film(path, model.bundle.preprocessing))
        context = film_context(model, path)
        drafts.append(model.report(codes, seed=SEED, context=context).text)
        answers.append(model.answer(codes, QUESTION, seed=SEED, context=context).text)
    return Said(tuple(drafts), tuple(answers), model.generate(REPORT, seed=SEED).codes)


def facts(runtime: str, precision: str, given: Said, reference: Said) -> dict[str, Any]:
    """Compare one runtime with the reference: counts, and every text that differs."""
    pairs = [
        *zip(given.drafts, reference.drafts, strict=True),
        *zip(given.answers, reference.answers, strict=True),
    ]
    return {
        "runtime": runtime,
        "precision": precision,
        "equal": given == reference,
        "equal_drafts": sum(a == b for a, b in zip(given.drafts, reference.drafts, strict=True)),
        "equal_answers": sum(a == b for a, b in zip(given.answers, reference.answers, strict=True)),
        "of": len(given.drafts),
        "equal_codes": sum(a == b for a, b in zip(given.drawn, reference.drawn, strict=True)),
        "differences": [{"reference": wanted, "given": got} for got, wanted in pairs if got != wanted],
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Give the comparison as Markdown, with the texts that differ below."""
    lines = [
        "| runtime | precision | equal drafts | equal answers | equal codes of a drawn film |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        lines.append(
            f"| {row['runtime']} | {row['precision']} | {row['equal_drafts']}/{row['of']} | "
            f"{row['equal_answers']}/{row['of']} | {row['equal_codes']}/256 |"
        )
    for row in rows:
        for one in row["differences"]:
            lines += ["", f"{row['precision']}: {one['given']}", f"float32: {one['reference']}"]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
