"""Bearer tokens by reference: those that we present to others, and those that others must present to us.

Where secrets lie is :mod:`llmcxr_ws.secret_files`'s; no sentence quotes one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Protocol

from llmcxr_ws.errors import ConfigError
from llmcxr_ws.secret_files import read_secret

SHORTEST: Final = 16
"""A shorter token that somebody else presents to us could be guessed."""


class HasToken(Protocol):
    """A destination that may name the token which we present to it."""

    @property
    def name(self) -> str: ...
    @property
    def token_env(self) -> str: ...
    @property
    def token_key(self) -> str: ...


def token(to: HasToken, home: Path, *, what: str = "FHIR destination") -> str:
    """The bearer token that a destination names; empty where it names none.

    Raises
    ------
    ConfigError
        It isn't there, isn't one plain word, or others may read its file; the sentence never quotes it.
    """
    return _read(home, f"{what} '{to.name}'", env=to.token_env, key=to.token_key)


def presented_token(key: str, home: Path, whose: str) -> str:
    """The token that somebody must present to us, from a file of the folder `keys`.

    Raises
    ------
    ConfigError
        As :func:`token`, or it is too short.
    """
    value = _read(home, whose, key=key)
    if len(value) < SHORTEST:
        raise ConfigError(
            f"The token of {whose} was refused: it has fewer than {SHORTEST} characters.",
            what_to_do="Write a long random one, such as `openssl rand -hex 32` gives.",
        )
    return value


def _read(home: Path, whose: str, *, env: str = "", key: str = "") -> str:
    value = read_secret(home, env=env, key=key, whose=whose, what="token")
    if not value.isascii() or " " in value:
        raise ConfigError(
            f"The token of {whose} was refused: it isn't one plain word.",
            what_to_do="Write the token alone.",
        )
    return value
