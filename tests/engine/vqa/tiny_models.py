"""Tiny Hugging Face models made on the spot: one writes noise, one writes one sentence that was built into it."""

from __future__ import annotations

from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers

CHAT = (
    "{% for message in messages %}<user>{{ message['content'] }}{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
WORDS = [
    "[PAD]",
    "[UNK]",
    "<end>",
    "<user>",
    "<assistant>",
    "question",
    "answer",
    "lungs",
    "clear",
    "X",
    "-",
    "ray",
]


def make_model(folder: Path, says: str | None = None, chat: bool = True, positions: int = 1024) -> Path:
    """Save a tokenizer and a GPT-NeoX of width 32; with `says`, it writes just that and ends.

    What it says is one token. The hidden state after that token is e0's opposite of any other's, and the output
    layer turns one into the token and the other into the end.
    """
    vocabulary = {word: place for place, word in enumerate([*WORDS, *([says] if says else [])])}
    raw = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw, unk_token="[UNK]", eos_token="<end>", pad_token="[PAD]"
    )
    if chat:
        tokenizer.chat_template = CHAT
    tokenizer.save_pretrained(str(folder))
    torch.manual_seed(0)
    config = transformers.GPTNeoXConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=positions,
        bos_token_id=2,
        eos_token_id=2,
        initializer_range=0.5,
    )
    model = transformers.GPTNeoXForCausalLM(config)
    if says:
        _build_in(model, vocabulary[says])
    model.save_pretrained(str(folder))
    return folder


@torch.no_grad()
def _build_in(model: transformers.GPTNeoXForCausalLM, token: int) -> None:
    for layer in model.gpt_neox.layers:
        for part in (layer.attention.dense, layer.mlp.dense_4h_to_h):
            part.weight.zero_()
            part.bias.zero_()
    model.gpt_neox.embed_in.weight[:, 0] = -20
    model.gpt_neox.embed_in.weight[token, 0] = 20
    out = model.get_output_embeddings().weight
    out.zero_()
    out[token, 0] = -20
    out[model.config.eos_token_id, 0] = 20
