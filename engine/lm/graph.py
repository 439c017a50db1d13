"""The language model as one ONNX graph for prefill and decoding with an in-place cache.

An own GPT-NeoX forward pass over the Hugging Face state dict, written for export: `TensorScatter` writes the
new keys and values into the cache at each row's position, `Attention` reads the whole cache under an
explicit mask, so the same file serves ONNX Runtime and TensorRT (opset 24). It can't be run in torch: the
two operators are placeholders there. Parity with Hugging Face is checked on the exported file.
"""

from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.errors import CheckpointError
from engine.lm.model import LanguageModelConfig

OPSET = 24
_END = 2**63 - 1


class GraphLayer(nn.Module):
    """One GPT-NeoX layer on an external cache."""

    def __init__(self, config: LanguageModelConfig) -> None:
        super().__init__()
        width = config.hidden
        self.config = config
        self.input_layernorm = nn.LayerNorm(width, config.layer_norm_eps)
        self.post_attention_layernorm = nn.LayerNorm(width, config.layer_norm_eps)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.dense = nn.Linear(width, width)
        self.dense_h_to_4h = nn.Linear(width, 4 * width)
        self.dense_4h_to_h = nn.Linear(4 * width, width)

    def forward(
        self, h: Tensor, turn: tuple[Tensor, Tensor], mask: Tensor, write: Tensor, key: Tensor, value: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """[B, S, W] and caches [B, H, Smax, D] -> the same, updated."""
        config = self.config
        heads, size = config.heads, config.head_dim
        batch, count = h.shape[0], h.shape[1]
        # Per head the projection holds query, key and value side by side.
        mixed = (
            self.query_key_value(self.input_layernorm(h)).view(batch, count, heads, 3 * size).transpose(1, 2)
        )
        query, new_key, new_value = mixed.split(size, dim=-1)
        query, new_key = _rotate(query, *turn), _rotate(new_key, *turn)
        key, value = _scatter(key, new_key, write), _scatter(value, new_value, write)
        attended = _symbolic(
            "Attention",
            (query, key, value, mask),
            {"scale": size**-0.5},
            h.dtype,
            (batch, heads, count, size),
        )
        attended = attended.transpose(1, 2).reshape(batch, count, heads * size)
        inner = functional.gelu(self.dense_h_to_4h(self.post_attention_layernorm(h)))
        return h + self.dense(attended) + self.dense_4h_to_h(inner), key, value


class LanguageModelGraph(nn.Module):
    """GPT-NeoX with inputs ids, write, keep and one key and value cache per layer."""

    rotary_cos: Tensor
    rotary_sin: Tensor

    def __init__(self, config: LanguageModelConfig) -> None:
        super().__init__()
        self.config = config
        self.embed_in = nn.Embedding(config.vocabulary, config.hidden)
        self.layers = nn.ModuleList(GraphLayer(config) for _ in range(config.layers))
        self.final_layer_norm = nn.LayerNorm(config.hidden, config.layer_norm_eps)
        self.lm_head = nn.Linear(config.hidden, config.vocabulary, bias=False)
        cos, sin = _rotary_tables(config)
        self.register_buffer("rotary_cos", cos, persistent=False)
        self.register_buffer("rotary_sin", sin, persistent=False)

    def load_hugging_face(self, state: dict[str, Tensor]) -> None:
        """Take the weights of a GPTNeoXForCausalLM state dict (transformers 4 or 5 layout).

        Raises CheckpointError naming the first key that is missing, unexpected or misshapen.
        """
        wanted = self.state_dict()
        renamed = {_own_name(key): tensor for key, tensor in state.items() if not _is_buffer(key)}
        for key in sorted(wanted.keys() | renamed.keys()):
            if key not in renamed:
                raise CheckpointError(
                    f"The checkpoint lacks {key!r}. Use a GPT-NeoX checkpoint of this size."
                )
            if key not in wanted:
                raise CheckpointError(f"The checkpoint has {key!r}, which this size of GPT-NeoX hasn't.")
            if wanted[key].shape != renamed[key].shape:
                shapes = f"{tuple(renamed[key].shape)}, wanted is {tuple(wanted[key].shape)}"
                raise CheckpointError(f"The checkpoint's {key!r} has the shape {shapes}.")
        self.load_state_dict(renamed)

    def forward(self, ids: Tensor, write: Tensor, keep: Tensor, *caches: Tensor) -> tuple[Tensor, ...]:
        """ids [B, S], write [B], keep [1], caches key_0, value_0, ... -> logits [B, keep, V], caches."""
        positions = write.unsqueeze(1) + torch.arange(ids.shape[1]).unsqueeze(0)
        turn = (self.rotary_cos[positions].unsqueeze(1), self.rotary_sin[positions].unsqueeze(1))
        every = torch.arange(self.config.max_positions).view(1, 1, 1, -1)
        mask = every <= positions.view(ids.shape[0], 1, ids.shape[1], 1)
        h = self.embed_in(ids)
        updated: list[Tensor] = []
        for number, layer in enumerate(self.layers):
            h, key, value = layer(h, turn, mask, write, caches[2 * number], caches[2 * number + 1])
            updated += [key, value]
        # Only the last `keep` positions go through the head.
        last = _symbolic(
            "Slice", (h, -keep, torch.tensor([_END]), torch.tensor([1])), {}, h.dtype, h.shape, version=OPSET
        )
        return (self.lm_head(self.final_layer_norm(last)), *updated)


def export_language_model(graph: LanguageModelGraph, path: Path) -> None:
    """Write the graph as ONNX with the names of the bundle's contract; weights stay inside the file."""
    config = graph.config
    shape = (1, config.heads, config.max_positions, config.head_dim)
    names = [f"{kind}_{number}" for number in range(config.layers) for kind in ("key", "value")]
    caches = tuple(torch.zeros(2, *shape[1:]) for _ in names)
    arguments = (torch.zeros(2, 5, dtype=torch.long), torch.tensor([0, 3]), torch.tensor([1]), *caches)
    batch, count = torch.export.Dim("batch"), torch.export.Dim("count", max=config.max_positions)
    shapes = ({0: batch, 1: count}, {0: batch}, None, tuple({0: batch} for _ in names))
    program = torch.onnx.export(
        graph.eval(),
        arguments,
        dynamo=True,
        opset_version=OPSET,
        input_names=["ids", "write", "keep", *names],
        output_names=["logits", *(f"{name}_out" for name in names)],
        dynamic_shapes=shapes,
        verbose=False,
    )
    if program is None:
        raise CheckpointError("The exporter gave no graph for the language model.")
    model = program.model_proto
    _name_dimensions(model, config)
    onnx.save(model, str(path))


def _symbolic(
    name: str,
    inputs: tuple[Tensor, ...],
    attributes: dict[str, Any],
    dtype: torch.dtype,
    shape: tuple[int | torch.SymInt, ...] | torch.Size,
    version: int | None = None,
) -> Tensor:
    made = torch.onnx.ops.symbolic(
        name, inputs, attributes, dtype=dtype, shape=shape, version=version or OPSET
    )
    return made


def _scatter(cache: Tensor, update: Tensor, write: Tensor) -> Tensor:
    return _symbolic("TensorScatter", (cache, update, write), {"axis": 2}, cache.dtype, cache.shape)


def _rotary_tables(config: LanguageModelConfig) -> tuple[Tensor, Tensor]:
    width = int(config.head_dim * config.rotary_share)
    rates = config.rotary_base ** -(torch.arange(0, width, 2).float() / width)
    angles = torch.outer(torch.arange(config.max_positions).float(), rates)
    angles = torch.cat([angles, angles], dim=-1)
    return angles.cos(), angles.sin()


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    width = cos.shape[-1]
    turned, rest = x[..., :width], x[..., width:]
    half = width // 2
    crossed = torch.cat([-turned[..., half:], turned[..., :half]], dim=-1)
    return torch.cat([turned * cos + crossed * sin, rest], dim=-1)


def _own_name(key: str) -> str:
    if key == "embed_out.weight":
        return "lm_head.weight"
    return key.removeprefix("gpt_neox.").replace(".attention.", ".").replace(".mlp.", ".")


def _is_buffer(key: str) -> bool:
    return key.endswith((".attention.bias", ".attention.masked_bias", "rotary_emb.inv_freq"))


def _name_dimensions(model: onnx.ModelProto, config: LanguageModelConfig) -> None:
    """State the output shapes of the contract; the exporter can't derive them through the placeholders."""
    for value in model.graph.output:
        if value.name == "logits":
            wanted: tuple[str | int, ...] = ("batch", "keep", config.vocabulary)
        else:
            wanted = ("batch", config.heads, config.max_positions, config.head_dim)
        value.type.tensor_type.ClearField("shape")
        for size in wanted:
            dimension = value.type.tensor_type.shape.dim.add()
            if isinstance(size, str):
                dimension.dim_param = size
            else:
                dimension.dim_value = size
