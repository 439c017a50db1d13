"""The peer: transformers' own generate in bfloat16, timed token by token."""

from __future__ import annotations

import itertools
import statistics
import time
from pathlib import Path
from typing import Any

import torch
from transformers import DynamicCache
from transformers.generation.streamers import BaseStreamer

from engine.builds import BuildManifest
from engine.lm.official import open_language_model
from engine.runtime.hybrid_backend import HybridLanguageModel


class _Clock(BaseStreamer):  # type: ignore[misc]
    """Notes when each token comes; the first call is the prompt."""

    def __init__(self) -> None:
        self.at: list[float] = []

    def put(self, value: Any) -> None:
        self.at.append(time.perf_counter())

    def end(self) -> None:
        """Nothing is left to be noted."""


class HuggingFace:
    """A causal LM of transformers in bfloat16 with its dynamic cache and its default attention."""

    def __init__(self, folder: Path) -> None:
        self.network: Any = open_language_model(folder, torch.bfloat16)

    @torch.inference_mode()
    def prefill(self, prompt: list[int]) -> None:
        """Read a prompt into a fresh cache and compute the logits after it."""
        self.network(torch.tensor([prompt]), past_key_values=DynamicCache(), use_cache=True, logits_to_keep=1)

    def step_time(self, prompt: list[int], steps: int) -> float:
        """Give the median of the seconds between the tokens of a generate."""
        clock = _Clock()
        self.network.generate(
            torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt), dtype=torch.long), streamer=clock,
            max_new_tokens=steps + 1, min_new_tokens=steps + 1, do_sample=False, pad_token_id=0,
        )  # fmt: skip
        # The first call hands over the prompt.
        return statistics.median(later - sooner for sooner, later in itertools.pairwise(clock.at[1:]))

    def hybrid(self, folder: Path, manifest: BuildManifest, threads: int) -> HybridLanguageModel:
        """Put this network in front of a build of the same weights."""
        return HybridLanguageModel(folder, manifest, self.network, threads)
