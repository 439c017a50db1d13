"""Measure the guards on real reports: how often they object, what they find of planted mistakes, how long they take.

    python -m benchmarks.guards --reports NLMCXR_reports.tgz [--show CODE]

The Open-i reports come inside the torchxrayvision wheel (`torchxrayvision/data/NLMCXR_reports.tgz`, CC BY-NC-ND 4.0:
read here, never copied). They were written with earlier films at hand, so objections to comparison say how many of
them compare, not how many are wrong. What was taken out of them stands as XXXX, which is left out here: it would
count as something left to be filled in.
"""

import argparse
import json
import re
import statistics
import tarfile
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

from llmcxr_ws.guards import Facts, Objection, objections
from llmcxr_ws.guards.statements import statements

FACTS = Facts(orientation=("L", "F"), patient_id="1")
OTHER = {"left": "right", "right": "left"}


def read_reports(archive: Path) -> list[str]:
    """Give every report that has both sections, as the editor keeps it."""
    texts = []
    with tarfile.open(archive) as tar:
        for member in tar:
            file = tar.extractfile(member) if member.name.endswith(".xml") else None
            if file is None:
                continue
            parts = {
                part.get("Label"): part.text or ""
                for part in ElementTree.parse(file).getroot().iter("AbstractText")
            }
            findings, impression = (
                re.sub(r"\s*\bX{2,}\b", "", parts.get(name, "")).strip()
                for name in ("FINDINGS", "IMPRESSION")
            )
            if findings and impression:
                texts.append(f"Findings:\n{findings}\n\nImpression:\n{impression}")
    return texts


def found(text: str, code: str) -> set[str]:
    """Give the sentences of the objections of one rule."""
    return {one.sentence for one in objections(text, FACTS) if one.code == code}


def with_denial(text: str) -> str | None:
    """Plant the denial of the first finding that a report affirms without denying it; None where there is none."""
    said = statements(text)
    denied = {one.finding for one in said if one.state == "denied"}
    for one in said:
        if one.state == "affirmed" and one.finding not in denied | {"support device"}:
            return f"{text} No {one.finding}."
    return None


def with_other_side(text: str) -> str | None:
    """Turn the sides of the impression, where findings and impression have one finding on the same one side."""
    sides: dict[tuple[str, str], set[str]] = {}
    for one in statements(text):
        if one.state == "affirmed":
            sides.setdefault((one.section, one.finding), set()).update(one.sides or {"?"})
    same = [
        finding
        for (section, finding), held in sides.items()
        if section == "findings"
        and len(held) == 1
        and "?" not in held
        and sides.get(("impression", finding)) == held
        and finding != "support device"
    ]
    if not same:
        return None
    head, heading, impression = text.partition("Impression:")
    return head + heading + re.sub(r"\b(left|right)\b", lambda m: OTHER[m[0].lower()], impression, flags=re.I)


def main() -> None:
    """Print the figures as JSON, and with `--show` what one rule objects to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reports", type=Path, required=True)
    parser.add_argument("--show", default="", help="print the objections of this rule, each once")
    choice = parser.parse_args()
    texts = read_reports(choice.reports)
    counted: Counter[str] = Counter()
    shown: dict[str, Objection] = {}
    milliseconds = []
    for text in texts:
        statements.cache_clear()
        began = time.perf_counter()
        made = objections(text, FACTS)
        milliseconds.append((time.perf_counter() - began) * 1e3)
        counted.update({one.code for one in made})
        shown.update({one.sentence: one for one in made if one.code == choice.show})
    for sentence in shown:
        print(sentence)
    planted = {}
    for name, plant, code in (
        ("denial", with_denial, "contradiction.negation"),
        ("other_side", with_other_side, "laterality.sections"),
    ):
        pairs = [(text, changed) for text in texts if (changed := plant(text)) is not None]
        caught = sum(bool(found(changed, code) - found(text, code)) for text, changed in pairs)
        planted[name] = {
            "planted": len(pairs),
            "found": caught,
            "share": round(caught / max(len(pairs), 1), 3),
        }
    print(
        json.dumps(
            {
                "reports": len(texts),
                "objected_to": {code: round(count / len(texts), 4) for code, count in counted.most_common()},
                "planted": planted,
                "ms": {
                    "median": round(statistics.median(milliseconds), 2),
                    "p99": round(statistics.quantiles(milliseconds, n=100)[98], 2),
                },
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
