"""Secrets by reference: bearer tokens and certificates lie in the home's folder `keys`, or in the environment.

A site document names them and never holds them; no sentence quotes one.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final, Protocol

from llmcxr_ws.errors import ConfigError

KEYS_FOLDER: Final = "keys"
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
        It isn't there, or others may read its file; the sentence never quotes it.
    """
    whose = f"{what} '{to.name}'"
    if to.token_env:
        value = os.environ.get(to.token_env, "").strip()
        if not value:
            raise ConfigError(
                f"{whose} needs a token: the environment variable {to.token_env} is empty.",
                what_to_do="Set it for the courier, and start the node again.",
            )
        return _plain(value, whose)
    return token_in_file(to.token_key, home, whose) if to.token_key else ""


def token_in_file(key: str, home: Path, whose: str) -> str:
    """The token in a file of the folder `keys`.

    Raises
    ------
    ConfigError
        As :func:`token`.
    """
    path = home / KEYS_FOLDER / key
    try:
        mode = path.stat().st_mode
        value = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{whose} needs a token: the file {KEYS_FOLDER}/{key} can't be read.",
            what_to_do="Write it in the home, readable by the node's account only.",
        ) from error
    if os.name != "nt" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(
            f"The token file {KEYS_FOLDER}/{key} was refused: others may read it.",
            what_to_do="chmod 600 it.",
        )
    return _plain(value, whose)


def presented_token(key: str, home: Path, whose: str) -> str:
    """The token that somebody must present to us, from a file of the folder `keys`.

    Raises
    ------
    ConfigError
        As :func:`token`, or it is too short.
    """
    value = token_in_file(key, home, whose)
    if len(value) < SHORTEST:
        raise ConfigError(
            f"The token of {whose} was refused: it has fewer than {SHORTEST} characters.",
            what_to_do="Write a long random one, such as `openssl rand -hex 32` gives.",
        )
    return value


def _plain(value: str, whose: str) -> str:
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ConfigError(
            f"The token of {whose} was refused: it isn't one plain word.",
            what_to_do="Write the token alone.",
        )
    return value
