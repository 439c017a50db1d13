"""Errors of the engine, standing alone so that a research site can use `engine` without the workstation.

Every message says what was refused, the offending value, and what to do.
"""


class EngineError(Exception):
    """Base of every error the engine raises on purpose."""


class FilmRefused(EngineError):
    """The pixels handed in can't be turned into a film for the tokenizer."""


class VocabularyError(EngineError):
    """A tokenizer file or an id doesn't fit the vocabulary of LLM-CXR."""


class PromptError(EngineError):
    """A prompt can't be built from what was handed in."""


class BundleError(EngineError):
    """A model bundle is missing, damaged, or of a format this version doesn't read."""


class CheckpointError(EngineError):
    """A checkpoint doesn't fit the configured network; the message names the first offending key."""


class DataError(EngineError):
    """A manifest row or a film file can't be used for training."""


class ExportError(EngineError):
    """An exported graph doesn't agree with the network that it was made from."""


class BackendError(EngineError):
    """A runtime can't load or run a graph, or was asked for more than it has room for."""


class GenerationError(EngineError):
    """The model gave nothing that may be passed on as its answer."""


class SettingsError(EngineError):
    """A job's setting is missing, unknown, or out of range; the message names key and value."""


class SynthesisError(EngineError):
    """Questions can't be made as asked: the generator, its model or server, or the texts can't be used."""


class TrainingError(EngineError):
    """A training run can't go on: its loss is no number any more."""


def first_line(error: BaseException) -> str:
    """Give the first line of a library's message, or the error's kind where it has none."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
