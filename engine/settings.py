"""Settings of the engine's long jobs: declared once as a pydantic model, read from YAML, set on the command line.

A job's `Settings` subclass is the one place where a choice is named, typed, bounded and described; the
command's options, the YAML file's keys, the checks and the documentation follow from it. Nothing here knows
a job.
"""

import inspect
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, Any, Self, get_args, get_origin

import typer
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from engine.errors import SettingsError, first_line


class Settings(BaseModel):
    """Base of every job's settings: frozen, and a key that isn't declared is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def read(cls, file: str | Path | None = None, values: Mapping[str, Any] | None = None) -> Self:
        """Read a YAML file, lay `values` over it and check the whole; None in `values` means not given.

        Raises SettingsError naming the file or key, the value and what is allowed.
        """
        given = {
            **_from_yaml(file),
            **{key: value for key, value in (values or {}).items() if value is not None},
        }
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise SettingsError(_told(error, file)) from error

    def choices(self) -> dict[str, Any]:
        """Give every setting as JSON-ready values but those that name places on this machine."""
        return {
            key: value
            for key, value in self.model_dump(mode="json").items()
            if not _is_place(getattr(self, key))
        }

    def to_yaml(self) -> str:
        """Give every setting as YAML that `read` takes, paths as text."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def _is_place(value: Any) -> bool:
    return isinstance(value, Path) or (
        isinstance(value, tuple | list) and any(isinstance(one, Path) for one in value)
    )


def add_command(
    app: typer.Typer,
    name: str,
    kind: type[Settings],
    run: Callable[[Any], None],
    guard: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> None:
    """Add the command `name` with one option for each setting and `--config FILE`; `run` gets the settings.

    The help is `run`'s docstring. Options stay unset unless given, so that they lie over the file's values.
    Everything runs inside `guard`, which may turn the engine's errors into those of the command line.
    """

    def command(**options: Any) -> None:
        with guard():
            file = options.pop("config")
            fields = kind.model_fields
            run(kind.read(file, {key: _value(key, fields[key], text) for key, text in options.items()}))

    config = Annotated[
        Path | None, typer.Option("--config", help="YAML file of settings; options go before it.")
    ]
    parameters = [_parameter("config", config)]
    parameters += [_parameter(key, _option(key, info)) for key, info in kind.model_fields.items()]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {entry.name: entry.annotation for entry in parameters}
    command.__doc__ = run.__doc__
    app.command(name)(command)


def _parameter(name: str, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _option(key: str, info: FieldInfo) -> Any:
    words = [info.description or ""]
    if info.is_required():
        words.append("[required here or in the file]")
    elif info.default not in (None, ""):
        words.append(f"[default: {info.default}]")
    # A field whose name pydantic has taken ends in "_", as Python's own words do.
    flag = f"--{key.rstrip('_').replace('_', '-')}"
    switch = bool in (info.annotation, *get_args(info.annotation))
    declared = f"{flag}/--no-{flag[2:]}" if switch else flag
    return Annotated[_plain(info.annotation) | None, typer.Option(declared, help=" ".join(words).strip())]


def _value(key: str, info: FieldInfo, given: Any) -> Any:
    """Read the text of a list or table as YAML (`[a, b]`, `{a: 0.3}`), plain text for a list as its one entry."""
    kind = get_origin(info.annotation)
    if not isinstance(given, str) or kind is None:
        return given
    if not given.startswith(("[", "{")):
        return [given] if kind in (list, tuple) else given
    try:
        return yaml.safe_load(given)
    except yaml.YAMLError as error:
        raise SettingsError(
            f"Setting {key}: {given!r} can't be read as a list or table ({first_line(error)}). Write it as "
            "'[a, b]' or '{a: 0.3}', in quotes."
        ) from error


def _plain(annotation: Any) -> Any:
    """The type that the command line parses; anything else comes as text."""
    kinds = [kind for kind in (annotation, *get_args(annotation)) if kind in (bool, int, float, Path)]
    return kinds[0] if kinds and get_origin(annotation) not in (tuple, list, dict) else str


def _from_yaml(file: str | Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        values = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"Can't read the settings file {file}: {error}. Give a YAML file.") from error
    if not isinstance(values, dict):
        raise SettingsError(f"The settings file {file} holds no `key: value` lines.")
    return values


def _told(error: ValidationError, file: str | Path | None) -> str:
    where = f" (file {file})" if file is not None else ""
    lines = [
        f"Setting {'.'.join(str(part) for part in entry['loc'])}: {entry['msg']}, got {entry['input']!r}."
        if entry["type"] not in ("missing", "extra_forbidden")
        else f"Setting {'.'.join(str(part) for part in entry['loc'])}: "
        + ("it must be given." if entry["type"] == "missing" else "there is none of that name.")
        for entry in error.errors()
    ]
    return " ".join(lines) + where
