"""The paper's tables on our own pairs: reports (1, 2, 5), generated films (4, 6), questions (3), kept language.

Each function gives figures for the JSON file and tables for the Markdown one, with the paper's row below where
the paper has that table. Nothing is generated here.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.evaluate import paper
from engine.evaluate.agreement import Policy, image_agreement, report_agreement, states_of
from engine.evaluate.encoders import Encoder
from engine.evaluate.fid import Features, fid_of_features
from engine.evaluate.grading import Answered, accuracy
from engine.evaluate.measured import Measured
from engine.evaluate.nlg import nlg_metrics
from engine.evaluate.paper import NOT_THE_SAME_FILMS, PaperTable
from engine.evaluate.reference import TextPair
from engine.evaluate.results import Cell, Table
from engine.evaluate.statistics import DRAWS, Interval, Scores

Figures = dict[str, Any]
Result = tuple[Figures, list[Table]]
_UNCERTAIN = {
    "negative": "a doubtful label counts as negative",
    "positive": "a doubtful label counts as positive",
    "ignore": "a doubtful label, on either side, is left out",
}


def report_tables(
    pairs: Sequence[TextPair],
    uncertain: Policy = "negative",
    nltk_data: Path | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Result:
    """Measure drafts against reference reports: Tables 1, 2 and 5."""
    patients = [pair.patient for pair in pairs]
    said, meant = (states_of([getattr(pair, side) for pair in pairs]) for side in ("generated", "reference"))
    labels = report_agreement(said, meant, patients, uncertain, draws, seed)
    likeness = nlg_metrics(
        [pair.generated for pair in pairs],
        [pair.reference for pair in pairs],
        patients,
        nltk_data,
        draws,
        seed,
    )
    figures = {
        "n": len(pairs),
        "refused": sum(bool(pair.refused) for pair in pairs),
        "empty": sum(not pair.generated.strip() for pair in pairs),
        "distinct_drafts": len({pair.generated for pair in pairs}),
        "uncertain": uncertain,
        **labels,
        "nlg": {one.name: one.to_json() for one in likeness},
    }
    notes = (
        f"Rule labeler of this project; {_UNCERTAIN[uncertain]}; no mention is negative.",
        NOT_THE_SAME_FILMS,
    )
    hard = ("AUROC of hard labels: (sensitivity + specificity) / 2.", *notes)
    tables = [
        beside(paper.REPORT_AUROC, labels["auroc"], len(pairs), hard),
        beside(paper.REPORT_F1, labels["f1"], len(pairs), notes),
        beside(paper.REPORT_JACCARD, labels["jaccard"], len(pairs), (notes[1],)),
        beside(
            paper.REPORT_NLG,
            {one.name: one.cell for one in likeness},
            len(pairs),
            (*(one.note for one in likeness), NOT_THE_SAME_FILMS),
        ),
    ]
    return figures, tables


def agreement_tables(
    generated: Scores,
    original: Scores,
    patients: Sequence[str],
    classes: Sequence[str],
    thresholds: Mapping[str, float],
    judge: str,
    draws: int = DRAWS,
) -> Result:
    """Measure a classifier's labels of generated films against those of the originals: Table 4."""
    found = image_agreement(generated, original, patients, classes, thresholds, draws)
    how = (
        f"Truth is the answer of {judge} to the original film, at its own thresholds (0.5 where it has none).",
        "A classifier that was in the tokenizer's loss favours its own tokenizer, as in the paper.",
        NOT_THE_SAME_FILMS,
    )
    return {"classifier": judge, **found}, [
        beside(paper.IMAGE_AUROC, found["auroc"], len(patients), how, classes),
        beside(paper.IMAGE_F1, found["f1"], len(patients), how, classes),
    ]


def fid_table(measured: Sequence[Measured], n: int) -> Result:
    """Put Fréchet distances beside Table 6."""
    notes = (
        *(one.note for one in measured),
        "The distance falls with the number of films.",
        NOT_THE_SAME_FILMS,
    )
    table = beside(paper.FID, {one.name: one.cell for one in measured}, n, notes)
    return {one.name: one.to_json() for one in measured}, [table]


def distances(
    encoder: Encoder, original: Features, generated: Features, patients: Sequence[str], draws: int
) -> Measured:
    """Give one encoder's Fréchet distance for paired films."""
    return fid_of_features(encoder, original, generated, patients, patients, draws)


def question_tables(
    answers: Sequence[Answered], grades: Mapping[str, float] | None, draws: int = DRAWS
) -> Result:
    """Measure answers by rule, exact match and people: Table 3."""
    found = accuracy(answers, grades, draws)
    groups = list(found["exact"])
    rows: list[list[Cell]] = [
        [f"{way}, {len(answers)} questions", *groups_of.values()] for way, groups_of in found.items()
    ]
    known: dict[str, float] = {}
    for published in (paper.VQA_BY_FINDING, paper.VQA_BY_KIND):
        known |= dict(zip(published.columns, published.rows["LLM-CXR"], strict=True))
    notes = (
        "The rule gives 0, 0.5 or 1 (docs/evaluation.md); the paper's answers were graded by hand.",
        NOT_THE_SAME_FILMS,
    )
    row: list[Cell] = [f"{paper.OURS}, Table 3", *(known.get(group) for group in groups)]
    table = Table("Questions about films", ["", *groups], rows, row, notes)
    return {"n": len(answers), "accuracy": found}, [table]


def beside(
    table: PaperTable,
    ours: Mapping[str, Cell],
    n: int,
    notes: Sequence[str] = (),
    columns: Sequence[str] | None = None,
) -> Table:
    """Lay our figures in the paper's columns (or in ours, with the averages behind), the paper's row below."""
    names = list(table.columns if columns is None else (*columns, *paper.AVERAGES))
    row: list[Cell] = [f"here, {n} films", *(ours.get(name) for name in names)]
    return Table(
        f"{table.title} (Table {table.number})", ["", *names], [row], table.ours(names), tuple(notes)
    )


def language_table(
    figures: Mapping[str, Mapping[str, Interval]], change: Interval | None, text: str, documents: int
) -> Table:
    """Put perplexity before and after beside each other; the final paper prints none."""
    rows: list[list[Cell]] = [
        [name, found["perplexity"], found["bits_per_byte"]] for name, found in figures.items()
    ]
    if change is not None:
        rows.append(["change (after - before)", None, change])
    notes = (
        f"{text}, {documents} documents. Image tokens count in the probabilities.",
        "The final paper prints no perplexity; of its first version 2.64 before and 4.45 after is reported.",
    )
    return Table("Language kept", ["", "perplexity per token", "bits per byte"], rows, None, notes)
