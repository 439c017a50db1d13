"""`llmcxr evaluate evidence` and `roundtrip`: what is shown beside a draft, measured. Light to import."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from engine.commands import told
from engine.commands.evaluate import context_given, film_reader, leave, open_for, rows_of, split_of
from engine.evaluate.evidence_settings import EvidenceSettings, RoundTripSettings
from engine.settings import add_command

if TYPE_CHECKING:
    from engine.evidence.file import EvidenceFile
    from engine.model import Model


def register(app: typer.Typer) -> None:
    """Add the two commands."""
    add_command(app, "evidence", EvidenceSettings, evaluate_evidence, told)
    add_command(app, "roundtrip", RoundTripSettings, evaluate_roundtrip, told)


def evaluate_evidence(settings: EvidenceSettings) -> None:
    """Measure where sentences rest on the film (deletion test) and how sure they are; set the evidence file."""
    from engine.evaluate.evidence import evaluate_evidence as evaluate
    from engine.evaluate.evidence_tables import evidence_pictures, evidence_tables

    _check_split(settings.split, settings.add)
    model = open_for(settings)
    with_context, read = context_given(model, settings.context), film_reader(model)
    figures, made = evaluate(
        model, rows_of(settings), split_of(settings, "train"), settings, with_context, read
    )
    tables = evidence_tables(figures)
    leave("evidence", settings, figures, tables, lambda: evidence_pictures(figures))
    for table in tables[1:]:
        typer.echo(table.to_markdown())
    if settings.add:
        _put(model, made)


def evaluate_roundtrip(settings: RoundTripSettings) -> None:
    """Measure whether a film drawn from a draft is more like its own film than like others of source and view."""
    from engine.evaluate.roundtrip import evaluate_roundtrip as evaluate
    from engine.evaluate.roundtrip import roundtrip_tables
    from engine.evidence.file import EvidenceFile

    _check_split(settings.split, settings.add)
    model = open_for(settings)
    figures, entry = evaluate(
        model, rows_of(settings), settings, context_given(model, settings.context), film_reader(model)
    )
    leave("roundtrip", settings, figures, roundtrip_tables(figures), dict)
    if settings.add:
        held = model.evidence or EvidenceFile(1, model.bundle.manifest.weights_sha256)
        _put(model, EvidenceFile(1, held.weights_sha256, held.confidence, held.maps, entry))


def _check_split(split: str, add: bool) -> None:
    from engine.errors import DataError

    if add and split != "val":
        raise DataError(
            f"--add was given with --split {split}: what is chosen for a model is chosen on validation films. "
            "Measure with --split val, or leave --add out."
        )


def _put(model: Model, made: EvidenceFile) -> None:
    from engine.evidence.card import write_beside

    write_beside(model.bundle, made)
    typer.echo(
        f"{model.bundle.folder}: evidence.json and its card are written. The weights and the Device UID stay.",
        err=True,
    )
