"""The language model as a Hugging Face GPT-NeoX, for training and as the reference of the export.

The architecture is dolly-v2's (rotary on a quarter of the head, parallel residual, untied embeddings) at
any size. Not here: the graph that the runtime executes, which engine.lm.graph makes from the state dict.
"""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM, PreTrainedModel

from engine.lm.vocabulary import Vocabulary


@dataclass(frozen=True)
class LanguageModelConfig:
    """Sizes of the language model; `vocabulary` counts text tokens and image codes."""

    vocabulary: int
    hidden: int = 192
    layers: int = 5
    heads: int = 4
    max_positions: int = 512
    rotary_share: float = 0.25
    rotary_base: float = 10000.0
    layer_norm_eps: float = 1e-5

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.hidden // self.heads

    def to_dict(self) -> dict[str, Any]:
        """Give the configuration as JSON-ready values."""
        return asdict(self)


def build(config: LanguageModelConfig, dropout: float = 0.0) -> GPTNeoXForCausalLM:
    """Make a randomly initialised network of this size."""
    neox = GPTNeoXConfig(
        vocab_size=config.vocabulary,
        hidden_size=config.hidden,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        intermediate_size=4 * config.hidden,
        max_position_embeddings=config.max_positions,
        hidden_act="gelu",
        rope_parameters={
            "rope_type": "default",
            "rope_theta": config.rotary_base,
            "partial_rotary_factor": config.rotary_share,
        },
        layer_norm_eps=config.layer_norm_eps,
        use_parallel_residual=True,
        tie_word_embeddings=False,
        hidden_dropout=dropout,
        attention_dropout=0.0,
        bos_token_id=0,
        eos_token_id=0,
        use_cache=False,
    )
    return GPTNeoXForCausalLM(neox)


def grow_embeddings(network: PreTrainedModel, vocabulary: Vocabulary) -> int:
    """Give both embedding tables one row for every id of the vocabulary, and the number of rows added.

    Rows that were there keep their values; new ones start as the network's own random ones, as published.
    Nothing is rounded up, so a table that was padded may lose unused rows (a negative number).
    """
    rows: int = network.get_input_embeddings().num_embeddings
    if rows != vocabulary.size:
        network.resize_token_embeddings(vocabulary.size, mean_resizing=False)
    return vocabulary.size - rows


@torch.no_grad()
def warm_start_codes(network: PreTrainedModel, vocabulary: Vocabulary, codebook: Tensor) -> None:
    """Start the embeddings of the image tokens from the codebook [codes, C], so that like codes look alike.

    The codebook is standardised, projected to the hidden width by a fixed random matrix that keeps distances,
    and scaled to the spread of the other embeddings.
    """
    width = network.get_input_embeddings().embedding_dim
    generator = torch.Generator().manual_seed(0)
    standard = (codebook - codebook.mean(dim=0)) / codebook.std(dim=0).clamp(min=1e-6)
    square = torch.randn(width, standard.shape[1], generator=generator)
    projected = (
        standard @ torch.linalg.qr(square)[0].t() if width >= standard.shape[1] else standard[:, :width]
    )
    for table in (network.get_input_embeddings().weight, network.get_output_embeddings().weight):
        spread = table.std()
        table[vocabulary.image_offset :] = projected / projected.std() * spread
