"""`llmcxr vqa`: questions and answers to train and evaluate on. Light to import."""

import typer

from engine.commands import told
from engine.settings import add_command
from engine.vqa.settings import SynthesisSettings


def register(app: typer.Typer) -> None:
    """Add the group `vqa`."""
    group = typer.Typer(no_args_is_help=True)
    add_command(group, "synthesize", SynthesisSettings, _synthesize, told)
    app.add_typer(group, name="vqa", help="Make questions and answers about films.")


def _synthesize(settings: SynthesisSettings) -> None:
    """Make question-answer pairs from reports with a language model, or from labels by rules."""
    from engine.vqa.synthesize import synthesize

    outcome = synthesize(settings)
    typer.echo(
        f"{outcome.pairs} pairs for {outcome.sources} films; {outcome.folder} now holds "
        f"{outcome.pairs_in_folder} (vqa.parquet, vqa.jsonl; counts in vqa.json)."
    )
    for reason, count in outcome.refused.items():
        typer.echo(f"  {count:8} {reason}")
