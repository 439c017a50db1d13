"""The engine's command groups, one module each; light to import, heavy imports stay inside the commands."""

from collections.abc import Iterator
from contextlib import contextmanager

_TRAINING_EXTRA = frozenset(
    [
        "accelerate",
        "httpx2",
        "matplotlib",
        "onnx",
        "onnxscript",
        "peft",
        "pyarrow",
        "rouge_score",
        "sacrebleu",
        "safetensors",
        "scipy",
        "sklearn",
        "tensorboard",
        "torch",
        "transformers",
    ]
)


@contextmanager
def told() -> Iterator[None]:
    """Pass the engine's own errors on as ones that the command line shows as a sentence."""
    from engine.errors import EngineError
    from llmcxr_ws.errors import EngineFailure

    try:
        yield
    except EngineError as error:
        raise EngineFailure(str(error)) from error
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in _TRAINING_EXTRA:
            raise
        raise EngineFailure(
            f"This command needs {error.name}, which isn't installed.",
            what_to_do="Install the training extra: pip install 'llmcxr-workstation[train]'.",
        ) from error
