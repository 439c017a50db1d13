"""`llmcxr evaluate`: what needs reference texts, and the studies. Light to import; registers on the same group."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from engine.commands import told
from engine.evaluate.study_settings import (
    DrawnFilmSettings,
    LanguageSettings,
    OutSettings,
    QuestionSettings,
    ShiftSettings,
    StudySettings,
    TextSettings,
)
from engine.settings import add_command

if TYPE_CHECKING:
    from engine.evaluate.reference_tables import Outcome

Kind = TypeVar("Kind", TextSettings, DrawnFilmSettings, QuestionSettings, LanguageSettings, StudySettings)


def register(evaluate: typer.Typer) -> None:
    """Add these commands to the group `evaluate`."""
    add_command(evaluate, "texts", TextSettings, evaluate_texts, told)
    add_command(evaluate, "films", DrawnFilmSettings, evaluate_films, told)
    add_command(evaluate, "questions", QuestionSettings, evaluate_questions, told)
    add_command(evaluate, "instruct", LanguageSettings, evaluate_instruct, told)
    add_command(evaluate, "ablation", StudySettings, evaluate_ablation, told)
    add_command(evaluate, "scaling", StudySettings, evaluate_scaling, told)
    add_command(evaluate, "shift", ShiftSettings, evaluate_shift, told)


def evaluate_texts(settings: TextSettings) -> None:
    """Measure drafts against reference reports: label AUROC, F1 and Jaccard, BLEU to CIDEr (Tables 1, 2, 5)."""
    from engine.evaluate.reference_tables import measure_texts

    _leave(settings, lambda: measure_texts(_at_home(settings)))


def evaluate_films(settings: DrawnFilmSettings) -> None:
    """Measure films drawn from reports against the originals: label agreement and FID (Tables 4, 6)."""
    from engine.evaluate.reference_tables import measure_films

    _leave(settings, lambda: measure_films(_at_home(settings)))


def evaluate_questions(settings: QuestionSettings) -> None:
    """Grade answers to questions about films: exact, by rule, and by people where they graded (Table 3)."""
    from engine.evaluate.reference_tables import measure_questions

    _leave(settings, lambda: measure_questions(_at_home(settings)))


def evaluate_instruct(settings: LanguageSettings) -> None:
    """Measure plain language kept: perplexity of a text before and after tuning, responses to instructions."""
    from engine.evaluate.reference_tables import measure_language

    _leave(settings, lambda: measure_language(_at_home(settings)))


def evaluate_ablation(settings: StudySettings) -> None:
    """Train and measure the paper's ablation rows, or a plan's own (Tables 7 to 9); goes on where it stopped."""
    from engine.evaluate.study import ablation_rows

    _study(_at_home(settings), ablation_rows(settings), "Ablations (Tables 7 to 9)", True)


def evaluate_scaling(settings: StudySettings) -> None:
    """Train and measure the same data on bases of several sizes; goes on where it stopped."""
    from engine.evaluate.study import scaling_rows

    _study(_at_home(settings), scaling_rows(settings), "Base models", False)


def evaluate_shift(settings: ShiftSettings) -> None:
    """Measure one file of predictions by source, view, age band, sex and scanner; runs no model."""
    from engine.evaluate.shift import manifest_rows, read_predictions, shift, shift_pictures

    def measure() -> Outcome:
        rows, scanners = manifest_rows(settings.manifest, settings.split, settings.source)
        found = read_predictions(settings.predictions, rows, scanners)
        return (*shift(found, settings.draws, settings.seed), shift_pictures(found))

    _leave(settings, measure)


def _at_home(settings: Kind) -> Kind:
    """Say where models lie: the setting, else LLMCXR_MODELS, else the home's."""
    from engine.commands.opening import models_folder

    return settings.model_copy(update={"models": models_folder(settings.models)})


def _study(settings: StudySettings, rows: list[Any], title: str, with_paper: bool) -> None:
    from engine.evaluate.results import write_results
    from engine.evaluate.study import run_study, study_table

    found = run_study(settings, rows)
    table = study_table(title, found, with_paper)
    write_results(settings.out, {"rows": found}, [table])
    typer.echo(table.to_markdown())


def _leave(settings: OutSettings, measure: Callable[[], Outcome]) -> None:
    """Write what was asked for and print every table."""
    from engine.evaluate.results import write_json, write_results

    figures, tables, pictures = measure()
    if settings.json_ is not None:
        write_json(settings.json_, figures)
    if settings.out is not None:
        write_results(settings.out, figures, tables, pictures)
    for table in tables:
        typer.echo(table.to_markdown())
