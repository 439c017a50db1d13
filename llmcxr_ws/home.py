"""Where everything that the product keeps lives: one folder, the home.

``--home``, else ``LLMCXR_HOME``, else the folder named in ``/etc/llmcxr/home``, else the user's platform place.
"""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path

from llmcxr_ws.errors import ConfigError

ENVIRONMENT_VARIABLE = "LLMCXR_HOME"
SERVICE_SETTING = Path("/etc/llmcxr/home")


def resolve_home(option: Path | None = None) -> Path:
    """Say which folder is the home, without creating it.

    Raises
    ------
    ConfigError
        The service's setting isn't an absolute path.
    """
    if option is not None:
        return option.expanduser().resolve()
    if value := os.environ.get(ENVIRONMENT_VARIABLE):
        return Path(value).expanduser().resolve()
    if SERVICE_SETTING.is_file():
        home = Path(SERVICE_SETTING.read_text(encoding="utf-8").strip())
        if not home.is_absolute():
            raise ConfigError(
                f"{SERVICE_SETTING} names '{home}', which isn't an absolute path.", what_to_do="Correct it."
            )
        return home
    return user_data_path("llmcxr")


def create_home(home: Path) -> None:
    """Create the home with access for its owner only.

    Raises
    ------
    ConfigError
        The folder can't be created.
    """
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigError(
            f"The home folder {home} can't be created: {error.strerror}.",
            what_to_do=f"Choose another with --home or {ENVIRONMENT_VARIABLE}.",
        ) from error
