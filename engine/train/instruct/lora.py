"""Low-rank adapters on every linear layer, and merging them into plain weights for what a run writes."""

import warnings
from collections.abc import Mapping

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor
from transformers import PreTrainedModel

from engine.train.instruct.settings import InstructSettings

_PREFIX = "base_model.model."
_ADAPTER = ".default"


def add_adapters(network: PreTrainedModel, settings: InstructSettings, new_rows: bool) -> PeftModel:
    """Freeze the network and add adapters; embeddings with new rows are trained whole beside them."""
    tables = (network.get_input_embeddings(), network.get_output_embeddings())
    trained = [name.rpartition(".")[2] for name, module in network.named_modules() if module in tables]
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        target_modules="all-linear",
        modules_to_save=trained if new_rows else None,
    )
    with warnings.catch_warnings():
        # peft asks newer versions of transformers by an older name.
        warnings.filterwarnings("ignore", ".*is_gradient_checkpointing", FutureWarning)
        return get_peft_model(network, config)


@torch.no_grad()
def merged_state(state: Mapping[str, Tensor], settings: InstructSettings) -> dict[str, Tensor]:
    """Give the plain network's state with the adapters added to their weights: W + alpha/rank · B A."""
    scale = settings.lora_alpha / settings.lora_rank
    merged: dict[str, Tensor] = {}
    for key, value in state.items():
        name = key.removeprefix(_PREFIX)
        if ".lora_" in name or ".original_module." in name:
            continue
        if ".base_layer." in name:
            stem = key.removesuffix(".base_layer.weight")
            if f"{stem}.lora_A{_ADAPTER}.weight" in state:
                up, down = (state[f"{stem}.lora_{part}{_ADAPTER}.weight"] for part in ("B", "A"))
                value = (value.float() + scale * (up.float() @ down.float())).to(value.dtype)
            name = name.replace(".base_layer.", ".")
        merged[name.replace(f".modules_to_save{_ADAPTER}.", ".")] = value
    return merged
