"""The two flavours of TensorRT: one API under two names, imported when it is used and never before."""

from __future__ import annotations

import importlib
import logging
from typing import Any

from engine.errors import BackendError, first_line
from engine.tensorrt_builds import EXTRAS, RTX, Flavour

_LOG = logging.getLogger(__name__)
_TITLES = {"tensorrt_rtx": "TensorRT for RTX", "tensorrt": "TensorRT"}


def import_flavour(flavour: Flavour) -> Any:
    """Import a flavour's module; raise BackendError where it isn't installed or its libraries don't load."""
    extra = EXTRAS[flavour]
    index = "" if flavour == RTX else " with NVIDIA's own package index (docs/gpu.md)"
    try:
        return importlib.import_module(flavour)
    except ModuleNotFoundError as error:
        raise BackendError(
            f"{_TITLES[flavour]} isn't installed ({error.name}). Install the extra {extra!r}{index}."
        ) from error
    # A library that it needs can be missing though the package is there.
    except (ImportError, OSError) as error:
        raise BackendError(
            f"{_TITLES[flavour]} can't be loaded: {first_line(error)}. Install the extra {extra!r} again{index}."
        ) from error


def named(flavour: Flavour, trt: Any) -> str:
    """Name a flavour with its version, for people."""
    return f"{_TITLES[flavour]} {trt.__version__}"


def listening_logger(trt: Any) -> Any:
    """Make a logger for TensorRT whose `errors` are its own words; everything it says goes to the log as DEBUG.

    TensorRT reports failures by a None or a False and says why to its logger alone.
    """

    class Listening(trt.ILogger):  # type: ignore[misc]  # the base is known when the module is
        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.min_severity = trt.ILogger.INFO
            self.errors: list[str] = []

        def log(self, severity: Any, msg: str) -> None:
            """Keep errors, pass everything on."""
            if severity in (trt.ILogger.ERROR, trt.ILogger.INTERNAL_ERROR):
                self.errors.append(msg.strip())
            _LOG.debug("TensorRT: %s", msg)

        def last_words(self) -> str:
            """Give what was said since the last time, and forget it."""
            said = "; ".join(dict.fromkeys(self.errors)) or "it gave no reason"
            self.errors.clear()
            return said

    return Listening()
