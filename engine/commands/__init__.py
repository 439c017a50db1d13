"""The engine's command groups, one module each; light to import, heavy imports stay inside the commands."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def told() -> Iterator[None]:
    """Pass the engine's own errors on as ones that the command line shows as a sentence."""
    from engine.errors import EngineError
    from llmcxr_ws.errors import EngineFailure

    try:
        yield
    except EngineError as error:
        raise EngineFailure(str(error)) from error
