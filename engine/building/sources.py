"""Where a build's weights come from: a bundle's own graph, or the Hugging Face folder of an imported model."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.building.neox import NeoXSizes, Weights
from engine.building.weights import FolderWeights, GraphWeights, TorchFileWeights
from engine.bundle import Bundle
from engine.errors import ExportError
from engine.imported import ImportedBundle

_CONFIG = "config.json"
_SAFE, _ZIPPED = ".safetensors", ".bin"
# What the graph computes; a model that says otherwise would be built wrong without a word.
_MUST_BE = {
    "use_parallel_residual": True,
    "hidden_act": "gelu",
    "tie_word_embeddings": False,
    "attention_bias": True,
}


@dataclass(frozen=True)
class Source:
    """The sizes of a language model and its weights."""

    sizes: NeoXSizes
    weights: Weights


def source_of(package: Bundle | ImportedBundle) -> Source:
    """Open the language model of a bundle or an imported model; raise ExportError where none can be built from it."""
    if isinstance(package, Bundle):
        shape, layout = package.manifest.language_model, package.manifest.vocabulary
        weights = _bundle_weights(package)
        hidden = shape.heads * shape.head_dim
        return Source(
            NeoXSizes(
                vocabulary=layout.text_size + layout.codes, hidden=hidden, inner=weights.inner, layers=shape.layers,
                heads=shape.heads, max_positions=shape.max_positions, rotary=weights.rotary,
                rotary_base=weights.rotary_base, epsilon=weights.epsilon,
            ),
            weights,
        )  # fmt: skip
    entry = package.manifest.language_model
    if entry is None:
        raise ExportError(
            f"{package.manifest.name} has no language model to build. Import one beside its tokenizer."
        )
    folder = package.language_folder
    return Source(folder_sizes(folder), _folder_weights(folder, list(entry.files)))


def _bundle_weights(package: Bundle) -> GraphWeights:
    path = package.path("lm.onnx")
    try:
        return GraphWeights(path)
    except (KeyError, IndexError, StopIteration) as error:
        raise ExportError(
            f"{path} isn't a language graph of `llmcxr model export`, from which alone a build is made ({error!r}). "
            "It runs as it is."
        ) from error


def _folder_weights(folder: Path, files: list[str]) -> Weights:
    safe = [name for name in files if name.endswith(_SAFE)]
    return (
        FolderWeights(folder, safe)
        if safe
        else TorchFileWeights(folder, [n for n in files if n.endswith(_ZIPPED)])
    )


def folder_sizes(folder: Path) -> NeoXSizes:
    """Read a GPT-NeoX's sizes from its config.json (transformers 4 or 5); raise ExportError for another kind."""
    config = _config(folder)
    if config.get("model_type") != "gpt_neox":
        raise ExportError(
            f"A build takes GPT-NeoX models (dolly, Pythia), and {folder} is {config.get('model_type')!r}. "
            "It runs in torch as it is."
        )
    for name, value in _MUST_BE.items():
        if config.get(name, value) != value:
            raise ExportError(
                f"{folder} has {name} {config[name]!r}; a build takes {value!r} alone. It runs in torch."
            )
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    # Older versions wrote `type`.
    kind = rope.get("rope_type", rope.get("type", "default"))
    if kind != "default":
        raise ExportError(f"{folder} has the rope_type {kind!r}; a build takes 'default' alone.")
    try:
        return _sizes(config, rope)
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise ExportError(
            f"{folder / _CONFIG} doesn't give the sizes of a GPT-NeoX ({error!r}). Write it again with transformers' "
            "save_pretrained."
        ) from error


def _config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
        if not isinstance(config, dict):
            raise ValueError("it is no JSON object")
    except (OSError, ValueError) as error:
        raise ExportError(f"{folder / _CONFIG} can't be read: {error}. Import the model again.") from error
    return config


def _sizes(config: dict[str, Any], rope: dict[str, Any]) -> NeoXSizes:
    head = config["hidden_size"] // config["num_attention_heads"]
    share = rope.get("partial_rotary_factor", config.get("rotary_pct", 0.25))
    return NeoXSizes(
        vocabulary=config["vocab_size"], hidden=config["hidden_size"], inner=config["intermediate_size"],
        layers=config["num_hidden_layers"], heads=config["num_attention_heads"],
        max_positions=config["max_position_embeddings"], rotary=int(head * share),
        rotary_base=float(rope.get("rope_theta", config.get("rotary_emb_base", 10000))),
        epsilon=config.get("layer_norm_eps", 1e-5),
    )  # fmt: skip
