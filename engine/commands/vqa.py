"""`llmcxr vqa`: questions and answers to train and evaluate on. Light to import."""

import typer

from engine.commands import told
from engine.settings import add_command
from engine.vqa.settings import ReadSettings, SynthesisSettings, TextPairSettings


def register(app: typer.Typer) -> None:
    """Add the group `vqa`."""
    group = typer.Typer(no_args_is_help=True)
    add_command(group, "synthesize", SynthesisSettings, _synthesize, told)
    add_command(group, "texts", TextPairSettings, _texts, told)
    add_command(group, "read", ReadSettings, _read, told)
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


def _texts(settings: TextPairSettings) -> None:
    """Make questions on worded texts, from which a new language model learns to read before it sees films."""
    from engine.vqa.text_pairs import write_text_pairs

    typer.echo(f"{write_text_pairs(settings)} pairs written to {settings.out}.")


def _read(settings: ReadSettings) -> None:
    """Read a published question set for the films of a prepared set, to evaluate or to train on."""
    from engine.vqa.reading import read_set

    reading = read_set(settings)
    typer.echo(f"{reading.joined} of {reading.questions} questions with a film, written to {reading.file}")
    for reason, count in reading.left_out.items():
        typer.echo(f"  {count:8} {reason}")
    for part, told_of in reading.counts.items():
        published = f"{told_of['published_questions']} on {told_of['published_cases']}"
        typer.echo(
            f"  part {part}: {told_of['questions']} questions on {told_of['cases']} cases; published {published}"
        )
