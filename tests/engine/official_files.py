"""Makes files in the official layouts with random weights: taming YAML, Lightning checkpoint, 4.28 language model."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
import yaml
from safetensors.torch import save_file
from transformers import GPTNeoXForCausalLM

from engine.lm.model import LanguageModelConfig, build
from engine.lm.vocabulary import Vocabulary
from engine.tokenizer.config import VQGANConfig
from engine.tokenizer.vqgan import VQModel
from tests.engine.factories import _write_tokenizer

SMALL = VQGANConfig(
    resolution=64, ch=32, ch_mult=(1, 1, 2), num_res_blocks=1, attn_resolutions=(16,), z_channels=32, embed_dim=16,
    n_embed=64,
)  # fmt: skip
POSITIONS = 1024


def taming_yaml(path: Path, config: VQGANConfig = SMALL, **changes: Any) -> Path:
    """Write the configuration as taming's training leaves it; `changes` go into ddconfig, or `target`."""
    target = changes.pop("target", "taming.models.vqgan.VQModel")
    ddconfig = {
        "double_z": False,
        "z_channels": config.z_channels,
        "resolution": config.resolution,
        "in_channels": config.in_channels,
        "out_ch": config.out_channels,
        "ch": config.ch,
        "ch_mult": list(config.ch_mult),
        "num_res_blocks": config.num_res_blocks,
        "attn_resolutions": list(config.attn_resolutions),
        "dropout": 0.0,
        **changes,
    }
    loss = {
        "target": "taming.modules.losses.vqperceptual.VQLPIPSWithDiscriminator",
        "params": {"disc_start": 0},
    }
    params = {
        "embed_dim": config.embed_dim,
        "n_embed": config.n_embed,
        "ddconfig": ddconfig,
        "lossconfig": loss,
    }
    model = {"base_learning_rate": 4.5e-6, "target": target, "params": params}
    path.write_text(yaml.safe_dump({"model": model}))
    return path


def small_tokenizer(seed: int = 0, config: VQGANConfig = SMALL) -> VQModel:
    """Give a network with random weights whose codes differ from film to film."""
    torch.manual_seed(seed)
    model = VQModel(config).eval()
    spread = model.quantize.embedding.weight
    with torch.no_grad():
        latent = model.latent(torch.randn(4, config.in_channels, config.resolution, config.resolution))
        spread.copy_(torch.randn_like(spread) * latent.std() + latent.mean())
    return model


def lightning_checkpoint(path: Path, model: VQModel, **changes: torch.Tensor | None) -> Path:
    """Write a checkpoint as Lightning 1.0 does: weights, a loss part, callbacks and settings as its own objects.

    `changes` replace tensors (dots written as two underscores), None removes one.
    """
    state: dict[str, Any] = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    state["loss.discriminator.main.0.weight"] = torch.zeros(4, 3, 4, 4)
    for key, tensor in changes.items():
        state.pop(key.replace("__", "."), None)
        if tensor is not None:
            state[key.replace("__", ".")] = tensor
    with _lightning() as (callback, settings):
        content = {
            "epoch": 3,
            "global_step": 590_000,
            "pytorch-lightning_version": "1.0.8",
            "state_dict": state,
            "callbacks": {callback: {"best_model_score": None}},
            "hyper_parameters": settings(lr=4.5e-6),
        }
        torch.save(content, path)
    return path


def text_tokenizer_file(path: Path) -> Vocabulary:
    """Write a small text tokenizer and give the vocabulary over it and the small film tokenizer's codes."""
    _write_tokenizer(path)
    return Vocabulary.from_file(path, SMALL.n_embed)


def language_model(
    folder: Path, form: str = "bin", seed: int = 0, rows: int | None = None, tokenizer: Path | None = None
) -> GPTNeoXForCausalLM:
    """Write a tiny GPT-NeoX as transformers 4.28 did and give the network; `form` is bin, shards or safetensors."""
    folder.mkdir(parents=True)
    vocabulary = text_tokenizer_file(folder / "tokenizer.json")
    if tokenizer is not None:
        shutil.copyfile(tokenizer, folder / "tokenizer.json")
    torch.manual_seed(seed)
    config = LanguageModelConfig(
        rows or vocabulary.size, hidden=32, layers=2, heads=2, max_positions=POSITIONS
    )
    network = build(config).eval()
    _larger_steps(network)
    (folder / "config.json").write_text(json.dumps(_old_config(config)))
    state = old_layout(network)
    if form == "bin":
        torch.save(state, folder / "pytorch_model.bin")
    else:
        _write_shards(folder, state, safe=form == "safetensors")
    return network


def old_layout(network: GPTNeoXForCausalLM) -> dict[str, torch.Tensor]:
    """Give the state dict under the names of transformers 4.28, with the buffers that it saved."""
    config = network.config
    state = {
        key.replace("lm_head.", "embed_out."): tensor.clone() for key, tensor in network.state_dict().items()
    }
    size = config.max_position_embeddings
    for layer in range(config.num_hidden_layers):
        attention = f"gpt_neox.layers.{layer}.attention."
        state[attention + "bias"] = torch.ones(1, 1, size, size, dtype=torch.bool).tril()
        state[attention + "masked_bias"] = torch.tensor(-1e9)
        state[attention + "rotary_emb.inv_freq"] = torch.ones(2)
    return state


def _larger_steps(network: GPTNeoXForCausalLM) -> None:
    """Widen the weights, so that what stands in the context changes the logits clearly."""
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.dim() == 2:
                parameter.mul_(8.0)


def _old_config(config: LanguageModelConfig) -> dict[str, Any]:
    return {
        "architectures": ["GPTNeoXForCausalLM"],
        "model_type": "gpt_neox",
        "vocab_size": config.vocabulary,
        "hidden_size": config.hidden,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "intermediate_size": 4 * config.hidden,
        "max_position_embeddings": config.max_positions,
        "hidden_act": "gelu",
        "rotary_pct": 0.25,
        "rotary_emb_base": 10000,
        "layer_norm_eps": 1e-5,
        "initializer_range": 0.02,
        "use_parallel_residual": True,
        "tie_word_embeddings": False,
        "bos_token_id": 0,
        "eos_token_id": 0,
        "torch_dtype": "float32",
        "transformers_version": "4.28.1",
    }


def _write_shards(folder: Path, state: dict[str, torch.Tensor], safe: bool) -> None:
    names = sorted(state)
    kind = "model" if safe else "pytorch_model"
    suffix = "safetensors" if safe else "bin"
    files = {
        name: f"{kind}-{1 + index * 2 // len(names):05}-of-00002.{suffix}" for index, name in enumerate(names)
    }
    for file in sorted(set(files.values())):
        part = {name: state[name].contiguous() for name in names if files[name] == file}
        if safe:
            save_file(part, folder / file, metadata={"format": "pt"})
        else:
            torch.save(part, folder / file)
    index = {"metadata": {}, "weight_map": files}
    (folder / f"{kind}.{suffix}.index.json").write_text(json.dumps(index))


@contextmanager
def _lightning() -> Iterator[tuple[type, type]]:
    """Stand-ins for two classes of Lightning's, importable only while the checkpoint is written."""
    modules = {name: ModuleType(name) for name in ("pytorch_lightning", "pytorch_lightning.callbacks")}
    callback = type("ModelCheckpoint", (), {"__module__": "pytorch_lightning.callbacks"})
    settings = type("AttributeDict", (dict,), {"__module__": "pytorch_lightning"})
    modules["pytorch_lightning.callbacks"].ModelCheckpoint = callback  # type: ignore[attr-defined]
    modules["pytorch_lightning"].AttributeDict = settings  # type: ignore[attr-defined]
    sys.modules.update(modules)
    try:
        yield callback, settings
    finally:
        for name in modules:
            del sys.modules[name]
