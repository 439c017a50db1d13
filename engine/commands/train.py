"""`llmcxr train`: the trainings, each with one option for every setting and `--config FILE`. Light to import."""

import typer

from engine.classifier.settings import ClassifierSettings
from engine.commands import told
from engine.settings import add_command
from engine.train.instruct.settings import InstructSettings, Stage1Settings, Stage2Settings
from engine.train.vqgan_settings import VQGANSettings

_train = typer.Typer(no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add `llmcxr train`."""
    app.add_typer(_train, name="train", help="Train the tokenizer and the language model.")


def train_vqgan(settings: VQGANSettings) -> None:
    """Train the tokenizer; the defaults are the paper's, engine/recipes has the demonstration's choices."""
    from engine.train.vqgan import train

    train(settings)


def train_films_classifier(settings: ClassifierSettings) -> None:
    """Train a classifier of films: the feature net of the tokenizer's loss, a judge, a reference or a guard."""
    from engine.classifier.train import train_classifier

    train_classifier(settings)


def train_stage1(settings: Stage1Settings) -> None:
    """Train stage 1 of the language model: reports, films, questions and plain language at 30/30/20/20."""
    _instruct(settings)


def train_stage2(settings: Stage2Settings) -> None:
    """Train stage 2 of the language model: refined data, more questions, at 21/21/53/5."""
    _instruct(settings)


def _instruct(settings: InstructSettings) -> None:
    from engine.train.instruct.run import train

    train(settings)


add_command(_train, "vqgan", VQGANSettings, train_vqgan, told)
add_command(_train, "classifier", ClassifierSettings, train_films_classifier, told)
add_command(_train, "stage1", Stage1Settings, train_stage1, told)
add_command(_train, "stage2", Stage2Settings, train_stage2, told)
