"""Passwords and tokens by reference: what the site document and the settings name, and never hold.

A secret is the value of an environment variable of the process that uses it, or the content of a file in the home's
folder `keys` that only its account can read.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from llmcxr_ws.errors import ConfigError

KEYS_FOLDER: Final = "keys"
ENVIRONMENT_NAME: Final = r"^[A-Z_][A-Z0-9_]{0,127}$|^$"
FILE_NAME: Final = r"^[a-z][a-z0-9_-]{0,63}$|^$"


def read_secret(home: Path, *, env: str, key: str, whose: str, what: str) -> str:
    """The secret that is named; empty where neither name is given.

    Parameters
    ----------
    env, key : str
        Name of an environment variable, or of a file in the folder `keys`.
    whose, what : str
        Who needs it and what it is, for the sentence: ``Peer 'pacs'``, ``password``.

    Raises
    ------
    ConfigError
        It isn't there, isn't text of one line, or others may read its file; the sentence never quotes it.
    """
    if env:
        value = os.environ.get(env, "").strip()
        if not value:
            raise ConfigError(
                f"{whose} needs a {what}: the environment variable {env} is empty.",
                what_to_do="Set it for the node, and start it again.",
            )
        return _one_line(value, whose, what)
    if not key:
        return ""
    path = home / KEYS_FOLDER / key
    try:
        mode = path.stat().st_mode
        value = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{whose} needs a {what}: the file {KEYS_FOLDER}/{key} can't be read.",
            what_to_do="Write it in the home, readable by the node's account only.",
        ) from error
    if others_may_read(mode):
        raise ConfigError(
            f"The {what} file {KEYS_FOLDER}/{key} was refused: others may read it.",
            what_to_do="chmod 600 it.",
        )
    return _one_line(value, whose, what)


def others_may_read(mode: int) -> bool:
    """Whether a file of this mode can be read or changed by accounts other than its owner's."""
    return os.name != "nt" and bool(mode & (stat.S_IRWXG | stat.S_IRWXO))


def _one_line(value: str, whose: str, what: str) -> str:
    if not value.isprintable():
        raise ConfigError(
            f"The {what} of {whose} was refused: it isn't one line of text.",
            what_to_do=f"Write the {what} alone.",
        )
    return value
