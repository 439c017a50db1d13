"""Settings: one declaration gives the options, the file's keys and the refusals."""

from pathlib import Path

import pytest
import typer
from pydantic import Field
from typer.testing import CliRunner

from engine.errors import SettingsError
from engine.settings import Settings, add_command


class Baking(Settings):
    out: Path = Field(description="Folder of the loaf.")
    minutes: int = Field(40, ge=1, description="Time in the oven.")
    shares: tuple[float, ...] = Field((0.5, 0.5), description="Flour and water.")
    crust: bool = Field(True, description="Whether it gets a crust.")


def baked(*arguments: str) -> Baking:
    seen: list[Baking] = []
    app = typer.Typer()

    def bake(settings: Baking) -> None:
        """Bake a loaf."""
        seen.append(settings)

    add_command(app, "bake", Baking, bake)
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return seen[0]


def test_options_lie_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "bread.yaml"
    file.write_text("out: there\nminutes: 50\ncrust: false\n", encoding="utf-8")
    settings = baked("--config", str(file), "--minutes", "30", "--shares", "[0.6, 0.4]")
    assert settings == Baking(out=Path("there"), minutes=30, shares=(0.6, 0.4), crust=False)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    settings = Baking(out=Path("here"), minutes=7)
    file = tmp_path / "bread.yaml"
    file.write_text(settings.to_yaml(), encoding="utf-8")
    assert Baking.read(file) == settings


def test_one_entry_of_a_list_needs_no_brackets() -> None:
    assert baked("--out", "x", "--shares", "1").shares == (1.0,)


def test_a_list_that_is_cut_off_is_told_in_a_sentence() -> None:
    with pytest.raises(SettingsError, match=r"Setting shares: '\[0.6' can't be read"):
        baked("--out", "x", "--shares", "[0.6")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"out": "x", "minutes": 0}, "minutes"),
        ({"minutes": 3}, "out: it must be given"),
        ({"out": "x", "sugar": 1}, "sugar: there is none of that name"),
        ({"out": "x", "shares": ["much"]}, "'much'"),
    ],
)
def test_a_wrong_setting_is_named(values: dict[str, object], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        Baking.read(None, values)


def test_a_file_that_is_no_table_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bread.yaml"
    file.write_text("just words\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="no `key: value` lines"):
        Baking.read(file)
