"""Measure the rule labeler against NegBio's gold table of the Open-i reports: precision, recall, F1 per finding.

    python -m benchmarks.labeler --gold openi_gld_std14.csv --test-ids openi-testset.txt --reports NLMCXR_reports.tgz

The gold table and the test list lie in the ncbi-nlp/NegBio repository (US government work); the texts come inside
the torchxrayvision wheel (`torchxrayvision/data/NLMCXR_reports.tgz`, CC BY-NC-ND 4.0: read here, never copied).
The labeler's rules were tuned on the reports outside of the test list alone.
"""

import argparse
import csv
import tarfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from engine.evaluate.labeler import label, label_nih
from engine.evaluate.phrases import NIH

NORMAL = "normal"


def read_texts(archive: Path) -> dict[str, str]:
    """Give findings and impression of every report of the archive by its id (CXR1 …); some have neither."""
    texts = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            file = tar.extractfile(member) if member.name.endswith(".xml") else None
            if file is None:
                continue
            report = ElementTree.parse(file).getroot()
            sections = {part.get("Label"): part.text or "" for part in report.iter("AbstractText")}
            name = report.find("uId")
            if name is not None and name.get("id"):
                parts = (sections.get("FINDINGS", ""), sections.get("IMPRESSION", ""))
                texts[name.get("id", "")] = "\n\n".join(parts)
    return texts


def held(text: str, uncertain: bool) -> set[str]:
    """Give the NIH names a text affirms, and `normal` where CheXpert's No Finding is positive."""
    states = ("positive", "uncertain") if uncertain else ("positive",)
    found = {name for name, state in label_nih(text).items() if state in states}
    return found | ({NORMAL} if label(text)["No Finding"] else set())


def scores(said: list[bool], gold: list[bool]) -> tuple[float, float, float]:
    """Give precision, recall and F1; 0 where there is nothing to divide by."""
    hit = sum(a and b for a, b in zip(said, gold, strict=True))
    precision, recall = hit / max(sum(said), 1), hit / max(sum(gold), 1)
    return precision, recall, 2 * hit / max(sum(said) + sum(gold), 1)


def main() -> None:
    """Print one Markdown table: every finding, then micro and macro averages over the findings."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gold", type=Path, required=True)
    parser.add_argument("--reports", type=Path, required=True)
    parser.add_argument("--test-ids", type=Path, help="only these reports; without it, all of the table")
    parser.add_argument("--tuning", action="store_true", help="the reports outside of --test-ids instead")
    parser.add_argument("--uncertain", action="store_true", help="count a finding thought possible as named")
    choice = parser.parse_args()
    texts = read_texts(choice.reports)
    with choice.gold.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if texts.get(row["filename"], "").strip()]
    if choice.test_ids is not None:
        ids = set(choice.test_ids.read_text(encoding="utf-8").split())
        rows = [row for row in rows if (row["filename"] in ids) != choice.tuning]
    found = [held(texts[row["filename"]], choice.uncertain) for row in rows]
    print(f"{len(rows)} reports\n\n| | gold | said | precision | recall | F1 |\n|---|---|---|---|---|---|")
    every_said: list[bool] = []
    every_gold: list[bool] = []
    f1s = []
    for name in (*NIH, NORMAL):
        said, gold = [name in names for names in found], [row[name] == "1" for row in rows]
        print_row(name, said, gold)
        if name != NORMAL and any(gold):
            f1s.append(scores(said, gold)[2])
            every_said += said
            every_gold += gold
    print_row("micro, without normal", every_said, every_gold)
    print(f"| macro ({len(f1s)} with examples) | | | | | {sum(f1s) / len(f1s):.3f} |")


def print_row(name: str, said: list[bool], gold: list[bool]) -> None:
    """Print one row of the table."""
    figures = " | ".join(f"{value:.3f}" for value in scores(said, gold))
    print(f"| {name} | {sum(gold)} | {sum(said)} | {figures} |")


if __name__ == "__main__":
    main()
