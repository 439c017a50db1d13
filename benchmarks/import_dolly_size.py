"""Import a language model of dolly-v2-3b's size with random weights and let it answer; print memory and seconds.

    python -m benchmarks.import_dolly_size [--copy] [--tokens N] [--folder DIR]

Makes 2.78 billion parameters shard by shard in a temporary folder (about 6 GB, in the layout of transformers 4.28),
imports them beside a film tokenizer of the official size, and drafts the first words for a film. Import and answer
are processes of their own; each one's peak resident memory counts, the file pages that it has mapped included.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
GIB = 1024**3
TEXT_SIZE, CODES = 50281, 1024
LAYERS_PER_SHARD = 4
ANSWER = """
import json, sys, time
from engine.bundle import Sampling
from engine.lm.prompt import REPORT_INSTRUCTIONS, report_prompt
from engine.models import open_model
from engine.runtime.generation import generate_text
import numpy as np
start = time.monotonic()
model = open_model("big", sys.argv[1], threads=int(sys.argv[2]))
opened = time.monotonic()
film = np.random.default_rng(0).uniform(-1, 1, (3, 256, 256)).astype(np.float32)
codes = model.check_film(film).codes
encoded = time.monotonic()
prompt = report_prompt(model.bundle.vocabulary, codes, REPORT_INSTRUCTIONS[0])
first = []
said = generate_text(model.backends.language, model.bundle.vocabulary, prompt,
    Sampling(temperature=1.0, top_p=0.92, max_new_tokens=int(sys.argv[3]), seed=1),
    on_step=lambda: first.append(time.monotonic()))
done = time.monotonic()
print(json.dumps({"open_s": opened - start, "encode_s": encoded - opened, "prompt_ids": len(prompt),
    "first_token_s": first[0] - encoded, "tokens": len(said.token_probabilities),
    "further_token_s": (done - first[0]) / max(1, len(said.token_probabilities) - 1),
    "runtime": model.backends.reason}))
"""


def main() -> None:
    """Make, import, answer, and print one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hidden", type=int, default=2560)
    parser.add_argument("--layers", type=int, default=32)
    parser.add_argument("--heads", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=12, help="How many tokens of a draft to wait for.")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--copy", action="store_true", help="Import a copy, which needs the disk space twice."
    )
    parser.add_argument("--folder", type=Path, help="Where the temporary folder is made.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as made:
        print(json.dumps(measured(Path(made), arguments), indent=1))


def measured(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Run every step in `folder` and give its figures."""
    sizes = (arguments.hidden, arguments.layers, arguments.heads)
    make_s, parameters = _timed(lambda: make_language_model(folder / "language", *sizes))
    make_tokenizer(folder)
    how = "--copy" if arguments.copy else "--reference"
    bring_in = [
        "import sys; from llmcxr_ws.cli import main; main()", "model", "import", "big",
        "--tokenizer", folder / "last.ckpt", "--tokenizer-config", folder / "project.yaml",
        "--language-model", folder / "language", "--models", folder / "models", how,
    ]  # fmt: skip
    import_s, _ = _timed(lambda: _child(bring_in))
    import_peak = _children_peak()
    answered = json.loads(_child([ANSWER, folder / "models", arguments.threads, arguments.tokens]))
    return {
        "parameters": parameters,
        "make_s": round(make_s, 1),
        "import_s": round(import_s, 1),
        "import_peak_gib": round(import_peak, 2),
        **{key: round(value, 2) if isinstance(value, float) else value for key, value in answered.items()},
        # The larger of the two children; memory of children that have ended is never forgotten.
        "peak_gib": round(_children_peak(), 2),
    }


def make_language_model(folder: Path, hidden: int, layers: int, heads: int) -> int:
    """Write a GPT-NeoX with random bfloat16 weights, never more than a shard in memory; give its parameters."""
    import torch
    from safetensors.torch import save_file

    folder.mkdir()
    shutil.copyfile(ROOT / "tests" / "data" / "20B_tokenizer.json", folder / "tokenizer.json")
    rows = TEXT_SIZE + CODES
    (folder / "config.json").write_text(json.dumps(_config(hidden, layers, heads, rows)))
    ends = {"gpt_neox.final_layer_norm.weight": (hidden,), "gpt_neox.final_layer_norm.bias": (hidden,)}
    parts: list[dict[str, tuple[int, ...]]] = [{"gpt_neox.embed_in.weight": (rows, hidden)}]
    for start in range(0, layers, LAYERS_PER_SHARD):
        numbers = range(start, min(layers, start + LAYERS_PER_SHARD))
        parts.append({name: shape for number in numbers for name, shape in _layer(number, hidden).items()})
    parts.append({**ends, "embed_out.weight": (rows, hidden)})
    torch.manual_seed(0)
    torch.set_num_threads(1)
    placed: dict[str, str] = {}
    parameters = 0
    for number, part in enumerate(parts, 1):
        file = f"model-{number:05}-of-{len(parts):05}.safetensors"
        tensors = {name: (torch.randn(shape) * 0.02).bfloat16() for name, shape in part.items()}
        save_file(tensors, folder / file, metadata={"format": "pt"})
        placed |= dict.fromkeys(part, file)
        parameters += sum(tensor.numel() for tensor in tensors.values())
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": placed}))
    return parameters


def make_tokenizer(folder: Path) -> None:
    """Write a film tokenizer of the official size with random weights, and its YAML."""
    import torch
    import yaml

    from engine.tokenizer.config import OFFICIAL
    from engine.tokenizer.vqgan import VQModel

    torch.manual_seed(0)
    torch.save({"state_dict": VQModel(OFFICIAL).state_dict()}, folder / "last.ckpt")
    sizes = {
        "double_z": False, "z_channels": OFFICIAL.z_channels, "resolution": OFFICIAL.resolution,
        "in_channels": 3, "out_ch": 3, "ch": OFFICIAL.ch, "ch_mult": list(OFFICIAL.ch_mult),
        "num_res_blocks": OFFICIAL.num_res_blocks, "attn_resolutions": [16], "dropout": 0.0,
    }  # fmt: skip
    params = {"embed_dim": OFFICIAL.embed_dim, "n_embed": OFFICIAL.n_embed, "ddconfig": sizes}
    model = {"target": "taming.models.vqgan.VQModel", "params": params}
    (folder / "project.yaml").write_text(yaml.safe_dump({"model": model}))


def _config(hidden: int, layers: int, heads: int, rows: int) -> dict[str, Any]:
    return {
        "architectures": ["GPTNeoXForCausalLM"], "model_type": "gpt_neox", "vocab_size": rows,
        "hidden_size": hidden, "num_hidden_layers": layers, "num_attention_heads": heads,
        "intermediate_size": 4 * hidden, "max_position_embeddings": 2048, "hidden_act": "gelu",
        "rotary_pct": 0.25, "rotary_emb_base": 10000, "layer_norm_eps": 1e-5, "initializer_range": 0.02,
        "use_parallel_residual": True, "tie_word_embeddings": False, "bos_token_id": 0, "eos_token_id": 0,
        "torch_dtype": "bfloat16", "transformers_version": "4.28.1",
    }  # fmt: skip


def _layer(number: int, hidden: int) -> dict[str, tuple[int, ...]]:
    prefix = f"gpt_neox.layers.{number}."
    shapes: dict[str, tuple[int, ...]] = {}
    for name, rows, columns in (
        ("attention.query_key_value", 3 * hidden, hidden),
        ("attention.dense", hidden, hidden),
        ("mlp.dense_h_to_4h", 4 * hidden, hidden),
        ("mlp.dense_4h_to_h", hidden, 4 * hidden),
    ):
        shapes |= {f"{prefix}{name}.weight": (rows, columns), f"{prefix}{name}.bias": (rows,)}
    for name in ("input_layernorm", "post_attention_layernorm"):
        shapes |= {f"{prefix}{name}.weight": (hidden,), f"{prefix}{name}.bias": (hidden,)}
    return shapes


def _child(arguments: list[Any]) -> str:
    command = [sys.executable, "-c", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(f"The step failed:\n{done.stderr}")
    return done.stdout


def _children_peak() -> float:
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / GIB


def _timed(work: Any) -> tuple[float, Any]:
    start = time.monotonic()
    result = work()
    return time.monotonic() - start, result


if __name__ == "__main__":
    main()
