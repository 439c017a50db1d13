"""Options declared once in a dataclass reach every command that takes it."""

from dataclasses import dataclass
from typing import Annotated

import typer
from typer.testing import CliRunner

from engine.commands.spread import spread


@dataclass(frozen=True)
class Light:
    colour: Annotated[str, typer.Option("--colour", "--color", help="Its colour.")] = "white"
    watts: Annotated[int, typer.Option(min=1)] = 5


app = typer.Typer()


@app.command()
@spread
def shine(
    places: Annotated[list[str], typer.Argument()], loud: bool = False, *, light: Light, after: int = 3
) -> None:
    """Shine."""
    typer.echo(f"{places} {loud} {light} {after}")


def said(*options: str) -> str:
    return CliRunner().invoke(app, list(options)).output


def test_fields_that_arent_given_have_their_defaults() -> None:
    assert said("a", "b") == f"['a', 'b'] False {Light()} 3\n"


def test_options_reach_the_dataclass_and_the_others_their_parameters() -> None:
    assert said("a", "--color", "red", "--watts", "7", "--loud", "--after", "4") == (
        f"['a'] True {Light('red', 7)} 4\n"
    )


def test_a_field_is_checked_and_helped_as_its_annotation_says() -> None:
    assert "--watts" in said("a", "--watts", "0")
    assert "Its colour." in said("--help")
