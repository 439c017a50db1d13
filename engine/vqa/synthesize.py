"""One run of question synthesis: texts or labels in, weighted pairs with provenance out, every refusal counted.

The work of a model is journalled (`engine.vqa.journal`), so a run that was stopped goes on with the reports
that are left. The results are written at the end, whole.
"""

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.data.prepared import PreparedSet
from engine.data.records import QuestionAnswer
from engine.errors import SynthesisError
from engine.progress import track
from engine.vqa import filters, parsing
from engine.vqa.generator import Generator, Provenance
from engine.vqa.journal import Entry, Journal
from engine.vqa.licences import licence_of, licence_warning
from engine.vqa.results import Row, write_results
from engine.vqa.rules import RULES_VERSION, RuleSet, make_pairs
from engine.vqa.settings import SynthesisSettings
from engine.vqa.sources import Report, read_reports, reports_of

CUT_OFF = "output: cut off at the length limit"


@dataclass(frozen=True)
class Outcome:
    """What a run made: pairs of this run, pairs in the folder, and what was refused for which reason."""

    folder: Path
    pairs: int
    pairs_in_folder: int
    sources: int
    refused: dict[str, int]


def _to_stderr(text: str) -> None:
    print(text, file=sys.stderr)


def synthesize(settings: SynthesisSettings, tell: Callable[[str], None] = _to_stderr) -> Outcome:
    """Make pairs as the settings say; `tell` gets warnings about licences.

    Raises SynthesisError where settings, texts, model or server can't be used, DataError for a set that can't.
    """
    prepared = PreparedSet.open(settings.set) if settings.set is not None else None
    folder = settings.out or settings.set
    if folder is None or (prepared is None and settings.reports is None):
        raise SynthesisError(
            "Nothing to make questions from. Give --set DIR, or --reports FILE and --out DIR."
        )
    if settings.generator == "rules":
        return _by_rules(settings, prepared, folder)
    reports, dropped = _reports(settings, prepared)
    return _by_model(settings, prepared, folder, reports, dropped, tell)


def _by_rules(settings: SynthesisSettings, prepared: PreparedSet | None, folder: Path) -> Outcome:
    if prepared is None:
        raise SynthesisError("Rules make questions from labels, so they need a prepared set. Give --set DIR.")
    records = [row for row in prepared.records if settings.split in ("", row.split)]
    records = records[: settings.limit or None]
    rules = RuleSet(
        judged=settings.judged,
        schemes=settings.schemes,
        wordings=settings.wordings,
        per_subject=settings.per_subject,
        subject_weights=settings.subject_weights,
        outside_per_film=settings.outside_per_film,
        beyond_per_film=settings.beyond_per_film,
        max_weight=settings.max_weight,
        seed=settings.seed,
    )
    pairs, dropped = make_pairs(records, rules)
    licences = {record.key: record.licence for record in records}
    generator = f"{RULES_VERSION} {rules.wordings} seed {rules.seed}"
    rows = [
        _row(
            QuestionAnswer(
                pair.key,
                pair.question,
                pair.answer,
                source="labels",
                generator=generator,
                licence="; ".join(part for part in (licences[pair.key], settings.licence_note) if part),
                weight=pair.weight,
            ),
            {"subject": pair.subject, "state": pair.state},
        )
        for pair in pairs
    ]
    facts = {"rules": RULES_VERSION}
    scope = [record.key for record in records]
    return _finish(settings, prepared, folder, rows, generator, scope, dropped, facts)


def _by_model(
    settings: SynthesisSettings,
    prepared: PreparedSet | None,
    folder: Path,
    reports: Sequence[Report],
    dropped: Mapping[str, int],
    tell: Callable[[str], None],
) -> Outcome:
    generator = _generator(settings)
    provenance = generator.provenance
    warning = licence_warning(provenance.model, getattr(generator, "architecture", ""))
    if warning:
        tell(f"Warning: {warning}")
    journal = Journal(folder, provenance)
    refused = Counter(dropped)
    refused.update(_write(generator, journal, reports, settings.batch_size))
    rows: list[Row] = []
    for report in reports:
        if journal.has(report):
            entry = journal.entries[report.key]
            pairs, reasons = judge(entry, settings.min_answer_words)
            refused.update(reasons)
            licence = licence_of(report.licence, settings.licence_note, provenance.model)
            rows += [
                _model_row(key, pair, entry, provenance, licence) for key in report.keys for pair in pairs
            ]
    facts = {"provenance": provenance.facts(), "licence_warning": warning}
    scope = [key for report in reports for key in report.keys]
    return _finish(settings, prepared, folder, rows, provenance.short, scope, refused, facts)


def judge(entry: Entry, min_answer_words: int) -> tuple[list[tuple[str, str]], Counter[str]]:
    """Parse and filter what a model wrote for one report; give the pairs and the refusals by reason."""
    if entry.refused:
        return [], Counter([entry.refused])
    parsed = parsing.parse_pairs(entry.text)
    refused = parsed.rejected
    if entry.cut_off and refused.pop(parsing.NOT_WHOLE, 0):
        refused[CUT_OFF] += 1
    good: list[tuple[str, str]] = []
    for question, answer in parsed.pairs:
        reason = filters.reason_to_refuse(question, answer, min_answer_words)
        if reason:
            refused[reason] += 1
        else:
            good.append((question, answer))
    once, repeats = filters.without_repeats(good)
    if repeats:
        refused[filters.TWICE] += repeats
    return once, refused


def _write(
    generator: Generator, journal: Journal, reports: Sequence[Report], batch_size: int
) -> Counter[str]:
    """Let the model write for the reports that the journal lacks, and give the refusals that it can't hold.

    Batches are cut from all reports, done or not, so that a report meets the same batch in every run.
    """
    by_length = sorted(reports, key=lambda report: (len(report.text), report.key))
    batches = [by_length[start : start + batch_size] for start in range(0, len(by_length), batch_size)]
    left = [batch for batch in batches if not all(map(journal.has, batch))]
    if generator.provenance.generator == "server":
        left = [[report] for batch in left for report in batch if not journal.has(report)]
    refused: Counter[str] = Counter()
    if left:
        todo = sum(map(len, left))
        replies = generator.replies(left)
        with journal.opened() as file:
            for reply in track(replies, "questions", len(reports), done=len(reports) - todo):
                if reply.again:
                    refused[reply.refused] += 1
                else:
                    journal.add(file, reply)
    return refused


def _reports(
    settings: SynthesisSettings, prepared: PreparedSet | None
) -> tuple[list[Report], dict[str, int]]:
    if settings.reports is not None:
        reports, dropped = read_reports(settings.reports)
    elif prepared is not None:
        records = [row for row in prepared.records if settings.split in ("", row.split)]
        reports, dropped = reports_of(records, whole=settings.text == "report")
    if prepared is not None:
        strangers = sum(report.key not in prepared.rows for report in reports)
        if strangers:
            raise SynthesisError(
                f"{strangers} of {len(reports)} texts belong to films that aren't in the set {prepared.folder}."
            )
    if not reports:
        raise SynthesisError(
            "There is no report text to make questions from. Use --generator rules for labels."
        )
    return reports[: settings.limit or None], dropped


def _generator(settings: SynthesisSettings) -> Generator:
    if settings.generator == "server":
        from engine.vqa.server import Server

        return Server(settings)
    from engine.vqa.hf import LocalModel

    return LocalModel(settings)


def _model_row(key: str, pair: tuple[str, str], entry: Entry, provenance: Provenance, licence: str) -> Row:
    made = {
        "model": entry.model or provenance.model,
        "model_sha256": provenance.model_sha256,
        "prompt": provenance.prompt,
        "request_sha256": provenance.request_sha256,
        "seed": provenance.seed,
        "sampling": provenance.sampling,
        "text_sha256": entry.text_sha256,
        "time": entry.time,
    }
    question, answer = pair
    return _row(QuestionAnswer(key, question, answer, "report", provenance.short, licence), made)


def _row(pair: QuestionAnswer, provenance: Mapping[str, Any]) -> Row:
    return {**asdict(pair), "provenance": dict(provenance)}


def _finish(
    settings: SynthesisSettings,
    prepared: PreparedSet | None,
    folder: Path,
    rows: Sequence[Row],
    generator: str,
    scope: Sequence[str],
    refused: Mapping[str, int],
    facts: Mapping[str, Any],
) -> Outcome:
    counts = dict(sorted(refused.items()))
    summary = {
        "settings": settings.model_dump(mode="json"),
        **facts,
        "films": len(scope),
        "films_with_pairs": len({row["key"] for row in rows}),
        "pairs": len(rows),
        "refused": counts,
        "licences": sorted({row["licence"] for row in rows}),
    }
    total = write_results(folder, prepared, rows, generator, scope, summary, settings.replace)
    return Outcome(folder, len(rows), total, len(scope), counts)
