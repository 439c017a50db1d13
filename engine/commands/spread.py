"""Options that several commands share, declared once: typer itself has no way to take a dataclass apart."""

import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import Any, TypeVar, get_type_hints

Result = TypeVar("Result")


def spread(command: Callable[..., Result]) -> Callable[..., Result]:
    """Give a command an option for each field of its keyword-only dataclass parameters, in their place.

    The fields carry typer's annotations and have defaults; the command gets the dataclass made of those that
    are given. All are given by keyword, as typer does.
    """
    hints = get_type_hints(command, include_extras=True)
    kept: list[inspect.Parameter] = []
    made: dict[str, Any] = {}
    for parameter in inspect.signature(command).parameters.values():
        kind = hints[parameter.name]
        if isinstance(kind, type) and is_dataclass(kind):
            made[parameter.name] = kind
            kept += _options(kind)
        else:
            kept.append(parameter.replace(annotation=kind, kind=inspect.Parameter.KEYWORD_ONLY))

    @wraps(command)
    def spread_command(**options: Any) -> Result:
        for name, kind in made.items():
            given = [field.name for field in fields(kind) if field.name in options]
            options[name] = kind(**{key: options.pop(key) for key in given})
        return command(**options)

    del spread_command.__wrapped__  # else typer reads the command's own signature
    spread_command.__signature__ = inspect.Signature(kept)  # type: ignore[attr-defined]
    spread_command.__annotations__ = {one.name: one.annotation for one in kept}
    return spread_command


def _options(kind: type) -> list[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    return [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name]
        )
        for field in fields(kind)
    ]
