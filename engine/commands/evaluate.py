"""`llmcxr evaluate`: one command for each table, figures as JSON, Markdown and pictures. Light to import."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from engine.commands import told
from engine.evaluate.settings import (
    AnswerSettings,
    FilmReportSettings,
    FilmSettings,
    FloorSettings,
    GenerateSettings,
    PrecisionSettings,
    ReferenceSettings,
    TokenizerSettings,
)
from engine.settings import add_command

if TYPE_CHECKING:
    from engine.data.manifest import FilmRow
    from engine.evaluate.floors import Floors
    from engine.evaluate.results import Table
    from engine.model import Model
    from engine.preprocess import Film

evaluate_app = typer.Typer(no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add `llmcxr evaluate`."""
    app.add_typer(evaluate_app, name="evaluate", help="Measure a model, one command for each table.")


def evaluate_report(settings: FilmReportSettings) -> None:
    """Measure the drafts of films with labels: NIH adults first, every source apart, floors beside them."""
    from engine.evaluate.film_tables import films_csv, report_pictures, report_tables
    from engine.evaluate.report import evaluate_report as evaluate

    model, rows = open_for(settings), rows_of(settings)
    with_context = context_given(model, settings.context)
    result = evaluate(
        model, rows, _floors(settings, model), with_context, film_reader(model), draws=settings.draws
    )
    tables = report_tables(result.figures)
    leave(
        "report",
        settings,
        result.figures,
        tables,
        lambda: report_pictures(result),
        {"films.csv": films_csv(result)},
    )


def evaluate_answer(settings: AnswerSettings) -> None:
    """Ask every film every finding in held-out wordings: balanced accuracy, agreement with drafts, floors."""
    from engine.evaluate.answer import answer_tables
    from engine.evaluate.answer import evaluate_answer as evaluate

    model, rows = open_for(settings), rows_of(settings)
    figures = evaluate(
        model,
        rows,
        _floors(settings, model),
        context_given(model, settings.context),
        settings.wordings,
        film_reader(model),
        settings.draws,
    )
    leave("answer", settings, figures, answer_tables(figures), dict)


def evaluate_floors(settings: FloorSettings) -> None:
    """Fit the floors on the training split and write them as one small file that ships beside the model."""
    from engine.data.manifest import read_manifest
    from engine.evaluate.cohort import load_cohort
    from engine.evaluate.floors import fit_floors
    from engine.evaluate.floors_file import save_floors

    model = open_for(settings, language_model=False)
    rows = [row for row in read_manifest(settings.manifest, settings.images) if row.split != "test"]
    floors = fit_floors(load_cohort(model, rows, film_reader(model)), settings.seed, settings.fewest)
    size = save_floors(floors, model, settings.out)
    typer.echo(f"{settings.out}: {size / 1e3:.0f} kB, sources {', '.join(sorted(floors))}.")


def evaluate_kermany(settings: FilmReportSettings) -> None:
    """Measure the children's films of Kermany et al.: normal against pneumonia, and three classes."""
    from engine.evaluate.kermany import evaluate_kermany as evaluate
    from engine.evaluate.kermany import kermany_tables

    model = open_for(settings)
    with_context, read = context_given(model, settings.context), film_reader(model)
    training = split_of(settings, "train")
    figures = evaluate(model, rows_of(settings), training, with_context, read, settings.draws)
    leave("kermany", settings, figures, kermany_tables(figures), dict)


def evaluate_tokenizer(settings: TokenizerSettings) -> None:
    """Compare films with their copies: a judge's AUROC and agreement, a probe on codes, PSNR, SSIM, a sheet."""
    from engine.evaluate.tokenizer import copy_films, tokenizer_figures, tokenizer_pictures, tokenizer_tables

    model, rows = open_for(settings, language_model=False), rows_of(settings)
    copies = copy_films(model, rows, film_reader(model), settings.judge, settings.pictures)
    figures = tokenizer_figures(copies, _floors(settings, model), settings.draws)
    figures["model"] = model.bundle.model_key
    leave("tokenizer", settings, figures, tokenizer_tables(figures), lambda: tokenizer_pictures(copies))


def evaluate_generate(settings: GenerateSettings) -> None:
    """Generate films asked normal and asked abnormal and let a judge tell them apart; nearest training films."""
    from engine.classifier.model import Classifier
    from engine.evaluate.generate import (
        asked_texts,
        generate_figures,
        generate_films,
        generate_pictures,
        generate_tables,
        nearest_films,
    )

    model, rows = open_for(settings), rows_of(settings)
    judge = None if settings.judge is None else Classifier.load(settings.judge)
    read = film_reader(model)
    drawn = generate_films(model, asked_texts(rows, settings.films // 2, settings.seed), settings.seed)
    training = split_of(settings, "train")
    nearest, distances = nearest_films(drawn, training or rows, read)
    figures = generate_figures(drawn, judge, distances, settings.draws)
    figures |= {"model": model.bundle.model_key, "seed": settings.seed}
    figures["nearest_looked_for_among"] = (
        f"{len(training)} training films"
        if training
        else f"{len(rows)} films of split {settings.split}: the manifest has no training films"
    )
    leave(
        "generate",
        settings,
        figures,
        generate_tables(figures),
        lambda: generate_pictures(drawn, nearest, read, settings.pictures),
    )


def evaluate_precision(settings: PrecisionSettings) -> None:
    """Compare a bundle's drafts in every precision that runs here with torch in float32: texts, labels, seconds."""
    from contextlib import nullcontext
    from tempfile import TemporaryDirectory

    from engine.evaluate.precision import evaluate_precision as evaluate
    from engine.evaluate.precision_tables import precision_pictures, precision_tables

    model, rows = open_for(settings), rows_of(settings)
    with TemporaryDirectory() if settings.builds is None else nullcontext(settings.builds) as builds:
        figures = evaluate(
            model,
            rows,
            Path(builds),
            context_given(model, settings.context),
            film_reader(model),
            settings.threads,
            settings.draws,
        )
    tables = precision_tables(figures)
    leave("precision", settings, figures, tables, lambda: precision_pictures(figures))
    typer.echo(tables[1].to_markdown())
    for name in figures["not_fit"]:
        typer.echo(
            f"{name} costs more than {figures['most_lost']} of macro-F1: not fit for a default.", err=True
        )


def evaluate_reference(settings: ReferenceSettings) -> None:
    """Compare the model with supervised references on the same films: the share of their skill that it keeps."""
    from engine.evaluate.supervised import evaluate_reference as evaluate
    from engine.evaluate.supervised import reference_tables

    model = open_for(settings)
    figures = evaluate(
        model,
        settings.reference,
        rows_of(settings),
        split_of(settings, "val"),
        context_given(model, settings.context),
        film_reader(model),
        settings.draws,
        settings.cpu_seconds_per_step,
    )
    leave("reference", settings, figures, reference_tables(figures), dict)


def evaluate_seeds(
    files: Annotated[list[Path], typer.Argument(help="Result files, one for each training seed.")],
    json_file: Annotated[Path | None, typer.Option("--json", help="JSON file of means and ranges.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Floors and strata too.")] = False,
) -> None:
    """Print the mean and range of every figure over the result files of several training seeds."""
    from engine.evaluate.results import write_json
    from engine.evaluate.seeds import across_seeds, read_figures, seeds_table

    with told():
        found = across_seeds([read_figures(file) for file in files])
        found["evaluation"] = "seeds"
        if json_file is not None:
            write_json(json_file, found)
    typer.echo(seeds_table(found, everything).to_markdown())


def open_for(settings: FilmSettings | FloorSettings, language_model: bool = True) -> Model:
    """Open the model that the settings name."""
    from engine.commands.opening import models_folder
    from engine.models import open_model

    folder = models_folder(settings.models)
    return open_model(settings.model, folder, threads=settings.threads, language_model=language_model)


def rows_of(settings: FilmSettings) -> list[FilmRow]:
    """Read the films of the settings' split and source."""
    from engine.data.manifest import read_manifest
    from engine.errors import DataError

    rows = read_manifest(settings.manifest, settings.images, any_split=True)
    chosen = [
        row for row in rows if settings.split in ("all", row.split) and settings.source in ("", row.source)
    ]
    if not chosen:
        of = f" of source {settings.source!r}" if settings.source else ""
        raise DataError(f"The manifest {settings.manifest} has no film{of} in split {settings.split}.")
    known = sum(row.split != "test" for row in chosen)
    if settings.split == "all" and known:
        typer.echo(
            f"{known} of the {len(chosen)} films are of the training or validation split: a model that was trained "
            "or chosen on them looks better than it is. --split test leaves them out.",
            err=True,
        )
    return chosen


def split_of(settings: FilmSettings, split: str) -> list[FilmRow]:
    """Read the films of another split of the same manifest, none where it has none."""
    from engine.data.manifest import read_manifest

    rows = read_manifest(settings.manifest, settings.images, any_split=True)
    return [row for row in rows if row.split == split and settings.source in ("", row.source)]


def context_given(model: Model, chosen: bool | None) -> bool:
    """Tell whether the model is told view and age band."""
    return model.bundle.manifest.context if chosen is None else chosen


def _floors(settings: FilmReportSettings | TokenizerSettings, model: Model) -> Floors | None:
    """Read the floors file, else the model's own, else fit on the manifest's training split; else none."""
    from engine.data.manifest import read_manifest
    from engine.evaluate.cohort import load_cohort
    from engine.evaluate.floors import FEWEST, fitted_floors
    from engine.evaluate.floors_file import FILE, load_floors

    shipped = model.bundle.folder / FILE
    if settings.floors is not None or shipped.is_file():
        return load_floors(settings.floors or shipped, model)
    rows = read_manifest(settings.manifest, settings.images, any_split=True)
    known = [row for row in rows if row.split != "test" and settings.source in ("", row.source)]
    trained = sum(row.split == "train" for row in known)
    # Fitted on the films that are measured, each film would be its own nearest neighbour.
    same = trained and settings.split in ("all", "train")
    floors = fitted_floors(load_cohort(model, known, film_reader(model))) if trained and not same else {}
    if not floors:
        why = f"a source needs {FEWEST} normal and {FEWEST} abnormal ones"
        why = f"with --split {settings.split} they are measured themselves" if same else why
        typer.echo(
            f"No floors file and {trained} training films; floors that need them are left out: {why}. Make {FILE} "
            "with `llmcxr evaluate floors`.",
            err=True,
        )
    return floors or None


def film_reader(model: Model) -> Any:
    """Read pictures by the model's form for files and DICOM instances by its form for DICOM."""
    from engine.commands.opening import read_film
    from engine.errors import FilmRefused
    from llmcxr_ws.errors import UserFacingError

    spec = model.bundle.preprocessing

    def read(path: Path) -> Film:
        try:
            return read_film(path, spec)
        except UserFacingError as error:
            # The evaluation names the film and knows the engine's own errors alone.
            raise FilmRefused(error.sentence) from error

    return read


def leave(
    evaluation: str,
    settings: FilmSettings,
    figures: dict[str, Any],
    tables: Sequence[Table],
    pictures: Any,
    files: dict[str, str] | None = None,
) -> None:
    """Write what was asked for and print the first table."""
    from engine.errors import DataError
    from engine.evaluate.results import write_json, write_results

    figures |= {"evaluation": evaluation, "split": settings.split}
    _warn(figures)
    if settings.json_ is not None:
        write_json(settings.json_, figures)
    if settings.out is not None:
        try:
            drawn = pictures()
        except ModuleNotFoundError as error:
            raise DataError(
                f"The pictures need the package {error.name}. Install the extra `train`, or leave out --out."
            ) from error
        write_results(settings.out, figures, tables, drawn)
        for name, text in (files or {}).items():
            (settings.out / name).write_text(text, encoding="utf-8")
    typer.echo(tables[0].to_markdown())


def _warn(figures: dict[str, Any]) -> None:
    """Say on standard error what makes a figure less than it seems."""
    for sentence in figures.get("unread", ()):
        typer.echo(f"Left out of every figure: {sentence}", err=True)
    if figures.get("labels_not_known"):
        names = ", ".join(f"{name} ({count})" for name, count in figures["labels_not_known"].items())
        typer.echo(f"Labels that are no names of the NIH's and count as abnormal alone: {names}.", err=True)
    if figures.get("n") == 0 and "population" in figures:
        typer.echo(
            f"No film with labels belongs to the top level ({figures['population']}): its figures are empty. Check "
            "the manifest's columns source, age and labels.",
            err=True,
        )


add_command(evaluate_app, "report", FilmReportSettings, evaluate_report, told)
add_command(evaluate_app, "answer", AnswerSettings, evaluate_answer, told)
add_command(evaluate_app, "floors", FloorSettings, evaluate_floors, told)
add_command(evaluate_app, "kermany", FilmReportSettings, evaluate_kermany, told)
add_command(evaluate_app, "tokenizer", TokenizerSettings, evaluate_tokenizer, told)
add_command(evaluate_app, "generate", GenerateSettings, evaluate_generate, told)
add_command(evaluate_app, "precision", PrecisionSettings, evaluate_precision, told)
add_command(evaluate_app, "reference", ReferenceSettings, evaluate_reference, told)
evaluate_app.command("seeds")(evaluate_seeds)
