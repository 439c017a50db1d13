"""Fields of a form from the declarations that the site document is checked by: kind, default and help stand there.

A page gives a setting's short title and the words of its values; a setting whose declaration changes changes here
by itself.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from ui.admin.controls import Choice, Field, Several, Text, Tick
from ui.language import mark, tr

NOT_KEPT = mark(
    "This can't be such a name and wasn't kept. A token or password itself is never entered here, only the name "
    "under which the node finds it."
)
_NAMED = ("_env", "_key", "_ca")  # settings that name where a secret, or a certificate, is found
# What a machine makes, and nobody would call a file or a variable: 128 bits and more in hexadecimal digits, also as a
# UUID; a seed of one-time passwords in base32 (RFC 4648).
_HEXADECIMAL = re.compile(r"[0-9a-f]{32,}", re.IGNORECASE)
_BASE32 = re.compile(r"(?=(?:[a-z]*[2-7]){2})[a-z2-7]{16,}", re.IGNORECASE)


def declared(
    model: type[BaseModel],
    name: str,
    title: str,
    *,
    words: Mapping[str, str] | None = None,
    others: str = "",
    hint: str = "",
    has_help: bool = True,
) -> Field:
    """The field of one setting.

    Parameters
    ----------
    title : str
        Marked for the translators, as all words here are.
    words : mapping, optional
        Words of values, for a choice or ticks; without them a value is its own word.
    others : str
        Of ticks: title of the line for values beside those.
    hint : str
        What stands in an empty line; else the default.
    has_help : bool
        Whether the declaration's sentence stands below it; not where the words of its values say as much.
    """
    info = model.model_fields[name]
    kind, said = _without_none(info.annotation), (info.description or "") if has_help else ""
    default = None if info.is_required() else info.get_default(call_default_factory=True)
    if kind is bool:
        return Tick(name, title, bool(default), help=said)
    if get_origin(kind) is Literal:
        values = sorted(get_args(kind), key=lambda value: value != default)
        return Choice(name, title, _options(values, words), help=said)
    if get_origin(kind) is tuple:
        inner = get_args(kind)[0]
        values = list(get_args(inner)) if get_origin(inner) is Literal else list(words or ())
        return Several(name, title, _options(values, words), others, tuple(default or ()), help=said)
    is_number = kind in (int, float)
    return Text(
        name,
        title,
        hint or (f"{default:g}" if is_number and default is not None else ""),
        is_number=is_number,
        is_whole=kind is int,
        may_lack=not info.is_required(),
        refused=_no_secret(info) if name.endswith(_NAMED) else None,
        help=said,
    )


def _without_none(annotation: Any) -> Any:
    """The type of a setting without `| None`, and without what restricts it further."""
    if get_origin(annotation) in (Union, types.UnionType):
        annotation = next(one for one in get_args(annotation) if one is not type(None))
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _options(values: list[str], words: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    return tuple((value, (words or {}).get(value, value)) for value in values)


def _no_secret(info: FieldInfo) -> Callable[[str], str]:
    """Say why a text isn't taken as a secret's name: somebody may have pasted the secret itself."""
    adapter: TypeAdapter[Any] = TypeAdapter(Annotated[str, *info.metadata])

    def refused(text: str) -> str:
        try:
            adapter.validate_python(text)
        except ValidationError:
            return tr(NOT_KEPT)
        return tr(NOT_KEPT) if _looks_like_a_secret(text) else ""

    return refused


def _looks_like_a_secret(text: str) -> bool:
    digits = text.replace("-", "").replace("_", "")
    return bool(_HEXADECIMAL.fullmatch(digits) or _BASE32.fullmatch(text))
