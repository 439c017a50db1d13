"""What a run starts from: a network with its vocabulary, from a folder or new; and writing one as a folder.

A folder holds the Hugging Face layout (config.json, model.safetensors, tokenizer.json) and llmcxr.json, which
says how many image codes follow the text tokens and which image tokenizer they are by.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoModelForCausalLM, PreTrainedModel
from transformers.utils.logging import disable_progress_bar

from engine.data.bpe import train_tokenizer
from engine.errors import CheckpointError
from engine.imported import TOKENIZER_WEIGHTS
from engine.lm.model import LanguageModelConfig, build, grow_embeddings, warm_start_codes
from engine.lm.official import text_tokenizer
from engine.lm.vocabulary import Vocabulary
from engine.safe_write import write_json
from engine.train.common import codes_name, load_checkpoint
from engine.train.instruct.settings import InstructSettings

TOKENIZER, FACTS = "tokenizer.json", "llmcxr.json"
CODEBOOK = "quantize.embedding.weight"


def make_vocabulary(settings: InstructSettings, texts: Sequence[str]) -> Vocabulary:
    """Read the base's tokenizer, or the one given, or train one on the texts; special tokens are added."""
    if settings.base is not None:
        return Vocabulary.from_text(text_tokenizer(settings.base), settings.image_codes)
    if settings.text_tokenizer is not None:
        return Vocabulary.from_file(settings.text_tokenizer, settings.image_codes)
    tokenizer = train_tokenizer(settings.text_tokens, texts)
    return Vocabulary.from_text(tokenizer.to_str(), settings.image_codes)


def make_network(
    settings: InstructSettings, vocabulary: Vocabulary, tokenizer_id: str
) -> tuple[PreTrainedModel, int]:
    """Load the base or make a new network, with a row for every id; give also the number of rows added."""
    if settings.base is None:
        sizes = LanguageModelConfig(
            vocabulary.size, settings.hidden, settings.layers, settings.heads, settings.max_positions
        )
        network: PreTrainedModel = build(sizes, settings.dropout)
        added = vocabulary.codes
    else:
        network = load_network(settings.base, getattr(torch, settings.weights))
        added = grow_embeddings(network, vocabulary)
    if settings.image_tokenizer is not None:
        codebook = read_codebook(settings.image_tokenizer, vocabulary.codes, tokenizer_id)
        warm_start_codes(network, vocabulary, codebook)
    return network, added


def load_network(folder: Path, dtype: torch.dtype = torch.float32) -> PreTrainedModel:
    """Load a causal language model from a folder, never from a network; raise CheckpointError if it can't be."""
    disable_progress_bar()  # a bar of its own for a second's work
    try:
        network = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, dtype=dtype)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise CheckpointError(
            f"{folder} can't be loaded as a causal language model: {error} "
            "Give a folder with config.json, tokenizer.json and weights."
        ) from error
    network.config.use_cache = False
    return network


def load_language_model(folder: Path) -> tuple[PreTrainedModel, Vocabulary]:
    """Load what a run wrote (`best`, `last`): the network in float32 and its vocabulary."""
    facts = read_facts(folder)
    vocabulary = Vocabulary.from_file(folder / TOKENIZER, facts["vocabulary"]["codes"])
    network = load_network(folder)
    if network.get_input_embeddings().num_embeddings != vocabulary.size:
        raise CheckpointError(
            f"The network in {folder} has {network.get_input_embeddings().num_embeddings} embeddings, its "
            f"vocabulary {vocabulary.size} ids. Tokenizer and weights don't belong together."
        )
    return network, vocabulary


def read_facts(folder: Path) -> dict[str, Any]:
    """Read what llmcxr.json tells of a folder; raise CheckpointError where it can't be read."""
    try:
        facts: dict[str, Any] = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"{folder / FACTS} can't be read ({error}). Give a folder that `llmcxr train` wrote."
        ) from error
    return facts


def runs_before(settings: InstructSettings) -> list[dict[str, Any]]:
    """Give the runs that the base came from, oldest first: stage, step, CPU seconds and seed of each."""
    if settings.base is None or not (settings.base / FACTS).is_file():
        return []
    facts = read_facts(settings.base)
    own = {key: facts.get(key) for key in ("stage", "step", "cpu_seconds")}
    return [*facts.get("before", []), {**own, "seed": facts.get("settings", {}).get("seed")}]


def write_language_model(
    folder: Path,
    network: PreTrainedModel,
    state: dict[str, Tensor] | None,
    vocabulary: Vocabulary,
    facts: dict[str, Any],
) -> None:
    """Write a folder that `load_language_model`, and Hugging Face's auto classes, read."""
    network.save_pretrained(folder, state_dict=state)
    (folder / TOKENIZER).write_text(vocabulary.to_text(), encoding="utf-8")
    # The plain class reads tokenizer.json as it stands, whatever the base's own class is.
    write_json(
        folder / "tokenizer_config.json",
        {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False},
    )
    sizes = {
        "text_size": vocabulary.text_size,
        "codes": vocabulary.codes,
        "image_offset": vocabulary.image_offset,
    }
    write_json(folder / FACTS, {"format": 1, "vocabulary": sizes, **facts})


def read_codebook(path: Path, codes: int, tokenizer_id: str) -> Tensor:
    """Read the codebook [codes, C] of an image tokenizer: a checkpoint, or a folder of an imported model.

    Raises CheckpointError where it has none of that size, or isn't the tokenizer `tokenizer_id` (the first
    digits of its file's sha256) that the sets were encoded with.
    """
    file = path / TOKENIZER_WEIGHTS if path.is_dir() else path
    if not file.is_file():
        raise CheckpointError(f"There is no image tokenizer {file}. Give a checkpoint, or an imported model.")
    found = codes_name(file)
    if not found.startswith(tokenizer_id):
        raise CheckpointError(
            f"The sets hold codes of the tokenizer {tokenizer_id}, and {file} is {found[:12]}. "
            "Give the one that encoded them."
        )
    state = load_file(file) if file.suffix == ".safetensors" else load_checkpoint(file)
    inner = state.get("state_dict", state.get("model", state))
    codebook = inner.get(CODEBOOK) if isinstance(inner, dict) else None
    if not isinstance(codebook, Tensor) or len(codebook) != codes:
        held = "none" if not isinstance(codebook, Tensor) else f"{len(codebook)} codes"
        raise CheckpointError(f"{file} should hold {CODEBOOK} of {codes} codes; it holds {held}.")
    return codebook.float()
