"""Language models in Hugging Face's layout: any causal LM folder, the official LLM-CXR checkpoint among them.

The files are found and checked before anything is loaded; loading keeps one copy of the weights, in the type
that is asked for (engine.lm.weights). Code that comes with a checkpoint is never run. Not here: the vocabulary's
arithmetic (engine.lm.vocabulary), the growth of a base model's embeddings (engine.lm.model), answering
(engine.runtime).
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

from engine.errors import CheckpointError, VocabularyError, first_line
from engine.lm.vocabulary import Vocabulary
from engine.lm.weights import read_weights

_CONFIG = "config.json"
_TOKENIZER = "tokenizer.json"
# The text side's other files travel along, so that a copied folder stays usable with transformers.
_EXTRAS = ("generation_config.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
           "vocab.json", "merges.txt", "tokenizer.model")  # fmt: skip
# Single file, or index of shards; safetensors are taken where both are there.
_WEIGHTS = (
    ("model.safetensors", "model.safetensors.index.json"),
    ("pytorch_model.bin", "pytorch_model.bin.index.json"),
)
# Tables that older versions of transformers saved with the weights and every version computes anew.
_BUFFERS = (".attention.bias", ".attn.bias", ".masked_bias", ".rotary_emb.inv_freq")
_LOADING: dict[str, Any] = {"ignore_mismatched_sizes": True, "output_loading_info": True}
# From this size on weights and arithmetic are bfloat16, as published; below, float32 costs little.
BFLOAT16_FROM = 400_000_000


@dataclass(frozen=True)
class LanguageModelFolder:
    """What a folder holds, found without loading a weight; `rows` is the height of its embedding table."""

    folder: Path
    architecture: str
    parameters: int
    rows: int
    layers: int
    max_positions: int
    files: tuple[str, ...]


def inspect_folder(folder: str | Path) -> LanguageModelFolder:
    """Find a model's files and sizes, and compare the keys and shapes of its weights with its architecture.

    Raises CheckpointError naming the first file or key that is missing, unexpected or misshapen.
    """
    folder = Path(folder)
    weights = _weight_files(folder)
    config = _config(folder)
    text = config.get_text_config()
    network = _shape_of(folder)
    extras = [name for name in (_TOKENIZER, *_EXTRAS) if (folder / name).is_file()]
    return LanguageModelFolder(
        folder=folder,
        architecture=type(network).__name__,
        parameters=sum(tensor.numel() for tensor in network.parameters()),
        rows=network.get_input_embeddings().weight.shape[0],
        layers=int(getattr(text, "num_hidden_layers", 0)),
        max_positions=positions_of(config),
        files=(_CONFIG, *extras, *weights),
    )


def text_tokenizer(folder: str | Path) -> str:
    """Give the JSON text of a folder's tokenizer, made from its other files where there is no tokenizer.json.

    Raises VocabularyError where the folder has none.
    """
    file = Path(folder) / _TOKENIZER
    try:
        if file.is_file():
            return file.read_text(encoding="utf-8")
        made = AutoTokenizer.from_pretrained(str(folder), local_files_only=True, use_fast=True)
        return str(made.backend_tokenizer.to_str())
    except Exception as error:  # transformers raises many kinds for files it can't make a tokenizer of
        raise VocabularyError(
            f"{folder} has no usable {_TOKENIZER}: {first_line(error)} Put the tokenizer's files beside the weights."
        ) from error


def check_rows(rows: int, vocabulary: Vocabulary, folder: str | Path) -> None:
    """Refuse a language model whose embedding table isn't exactly as high as text tokens and image codes."""
    if rows != vocabulary.size:
        raise CheckpointError(
            f"The language model {folder} has {rows} embedding rows, LLM-CXR needs {vocabulary.size}: "
            f"{vocabulary.text_size} text tokens and {vocabulary.codes} image codes. A base model gets its image "
            "codes in training (`llmcxr train stage1`)."
        )


def open_language_model(folder: str | Path, dtype: torch.dtype, device: str = "cpu") -> nn.Module:
    """Load a folder's weights once, in this type on this device, for answering.

    Raises CheckpointError as :func:`inspect_folder` does.
    """
    folder = Path(folder)
    network: nn.Module = _load(folder, _weight_files(folder), dtype, device)
    # Weights stay as if they learned: by those that don't, torch multiplies one last position of a prompt through a
    # batched product, which takes forty times as long. Nothing is recorded in inference mode.
    return network.eval().requires_grad_(True)


def dtype_for(parameters: int) -> torch.dtype:
    """Choose the type of a model's weights by its size."""
    return torch.bfloat16 if parameters >= BFLOAT16_FROM else torch.float32


def positions_of(config: Any) -> int:
    """Give how many positions a model's configuration allows; 2,048 where it sets no limit."""
    text = config.get_text_config()
    for name in ("max_position_embeddings", "n_positions", "seq_length", "max_seq_len"):
        found = int(getattr(text, name, None) or 0)
        if found > 0:
            return found
    return 2048


def _config(folder: Path) -> Any:
    path = folder / _CONFIG
    try:
        return AutoConfig.from_pretrained(str(folder), local_files_only=True)
    except Exception as error:  # transformers raises many kinds for a configuration it doesn't know
        raise CheckpointError(f"The model configuration {path} can't be used: {first_line(error)}") from error


def _weight_files(folder: Path) -> tuple[str, ...]:
    if not (folder / _CONFIG).is_file():
        raise CheckpointError(
            f"{folder} is no language model: it has no {_CONFIG}. Name the unpacked folder."
        )
    for single, index in _WEIGHTS:
        if (folder / index).is_file():
            names = (*_shards(folder / index), index)
        elif (folder / single).is_file():
            names = (single,)
        else:
            continue
        for name in names:
            if not (folder / name).is_file():
                raise CheckpointError(
                    f"The language model {folder} lacks its file {name}, which {index} lists."
                )
        return names
    raise CheckpointError(
        f"{folder} holds no weights: neither {', '.join(name for pair in _WEIGHTS for name in pair)}."
    )


def _shards(index: Path) -> Iterable[str]:
    try:
        listed = json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise CheckpointError(f"The list of shards {index} can't be read: {error!r}.") from error
    names = sorted({str(name) for name in listed})
    for name in names:
        # A name with a folder in it could point outside of the model.
        if Path(name).name != name:
            raise CheckpointError(
                f"The list of shards {index} names {name!r}, which isn't a plain file name."
            )
    return names


def _shape_of(folder: Path) -> Any:
    """Build the network without values and compare keys and shapes with the files'."""
    return _told(
        folder,
        lambda: AutoModelForCausalLM.from_pretrained(
            str(folder), device_map={"": "meta"}, local_files_only=True, trust_remote_code=False, **_LOADING
        ),
    )


def _load(folder: Path, files: tuple[str, ...], dtype: torch.dtype, device: str) -> Any:
    """Build the network around weights that were read one by one; it shares their memory on the CPU."""
    config = _config(folder)
    weights = [folder / name for name in files if not name.endswith(".json")]
    with torch.device("meta"):
        kind = type(AutoModelForCausalLM.from_config(config))
    state = read_weights(weights, dtype, _BUFFERS)
    return _told(
        folder,
        lambda: kind.from_pretrained(
            None, config=config, state_dict=state, dtype=dtype, device_map={"": device}, **_LOADING
        ),
    )


def _told(folder: Path, load: Callable[[], Any]) -> Any:
    """Load quietly and raise CheckpointError for whatever transformers would only have warned about."""
    quiet = transformers_logging.get_verbosity()
    bars = transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        network, told = load()
    except Exception as error:  # damaged files and unknown classes come as many kinds
        raise CheckpointError(f"The language model {folder} can't be loaded: {first_line(error)}") from error
    finally:
        transformers_logging.set_verbosity(quiet)
        if bars:
            transformers_logging.enable_progress_bar()
    _check_told(told, folder)
    return network


def _check_told(told: dict[str, Any], folder: Path) -> None:
    for key, found, expected in sorted(told["mismatched_keys"]):
        if key.endswith(_BUFFERS):
            continue
        raise CheckpointError(
            f"The tensor {key} of the language model {folder} has the shape {tuple(found)}; expected is "
            f"{tuple(expected)}."
        )
    for key in sorted(told["missing_keys"]):
        raise CheckpointError(f"The language model {folder} lacks the tensor {key}.")
    for key in sorted(key for key in told["unexpected_keys"] if not key.endswith(_BUFFERS)):
        raise CheckpointError(f"The language model {folder} has the unexpected tensor {key}.")
