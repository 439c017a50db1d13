"""Measure speculative decoding: seconds with and without it, accepted tokens, and whether every text is the same.

    python -m benchmarks.speculative --json FILE

Drafts of the films that ship (none was trained on), by the demonstration model and its phrase store. Each film is
drafted both ways in turn, so that whatever else the machine does hits both. The model's reports are worded from few
templates, which flatters the share of drafted tokens that hold; radiologists' reports will have a smaller one.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.builds import CPU_PRECISIONS
from engine.bundle import Bundle, Sampling
from engine.data.manifest import read_manifest
from engine.data.templates import context
from engine.evaluate.precision_backends import built, opened_build
from engine.lm.prompt import report_prompt
from engine.lm.vocabulary import Vocabulary
from engine.model import Model
from engine.preprocess import film_from_array, film_from_file
from engine.runtime.backend import LanguageBackend
from engine.runtime.generation import TextAnswer, generate_text
from engine.runtime.speculation import PhraseStore, Speculation, speculation_of
from llmcxr_ws import imaging

FILMS = Path(__file__).parents[1] / "dicom_node" / "films"


class PrefillClock:
    """A backend that counts the seconds spent on prompts, which both ways of decoding share."""

    def __init__(self, backend: LanguageBackend) -> None:
        self.backend, self.seconds = backend, 0.0

    def prefill(self, rows: Sequence[Sequence[int]]) -> Any:
        """Time the prompt; see the protocol."""
        begun = time.perf_counter()
        logits = self.backend.prefill(rows)
        self.seconds += time.perf_counter() - begun
        return logits

    def __getattr__(self, name: str) -> Any:
        return getattr(self.backend, name)


def speculative_figures(
    backend: LanguageBackend,
    vocabulary: Vocabulary,
    prompts: Sequence[Sequence[int]],
    sampling: Sampling,
    store: PhraseStore,
    rounds: int = 5,
) -> dict[str, Any]:
    """Give `speculative_vs_plain` (seconds of plain decoding over those of speculative, prompts left out) and more.

    `with_prompt` is the same ratio with the prompts' seconds, `accepted_per_step` the tokens that one call of the
    model gave, `same_texts` the share of prompts whose ids are equal (it has to be 1), `probability_difference` the
    greatest difference of a token's probability. Each round draws with its own seed.
    """
    clock = PrefillClock(backend)
    speculation = Speculation(store)
    seconds = {"plain": 0.0, "speculative": 0.0}
    prompt_seconds = {"plain": 0.0, "speculative": 0.0}
    same, apart, tokens = 0, 0.0, 0
    for number in range(rounds):
        drawing = replace(sampling, seed=sampling.seed + number)
        for place, prompt in enumerate(prompts):
            answers: dict[str, TextAnswer] = {}
            ways = ("plain", "speculative") if (number + place) % 2 else ("speculative", "plain")
            for way in ways:
                clock.seconds, begun = 0.0, time.perf_counter()
                ahead = speculation if way == "speculative" else None
                answers[way] = generate_text(clock, vocabulary, prompt, drawing, speculation=ahead)
                seconds[way] += time.perf_counter() - begun - clock.seconds
                prompt_seconds[way] += clock.seconds
            plain, other = answers["plain"], answers["speculative"]
            equal = (plain.ids, plain.finished, plain.text) == (other.ids, other.finished, other.text)
            same += equal
            tokens += len(plain.token_probabilities)
            if equal:
                pairs = np.array([plain.token_probabilities, other.token_probabilities])
                apart = max(apart, float(np.abs(pairs[0] - pairs[1]).max()))
    tally, drafts = speculation.tally, rounds * len(prompts)
    whole = {way: seconds[way] + prompt_seconds[way] for way in seconds}
    return {
        "speculative_vs_plain": seconds["plain"] / seconds["speculative"],
        "with_prompt": whole["plain"] / whole["speculative"],
        "accepted_per_step": (tally.tokens - drafts) / (tally.calls + tally.again),
        "same_texts": same / drafts,
        "probability_difference": apart,
        "drafts": drafts,
        "tokens_per_draft": tokens / drafts,
        "milliseconds_per_token_plain": 1e3 * seconds["plain"] / (tokens - drafts),
        "milliseconds_per_prompt": 1e3 * prompt_seconds["plain"] / drafts,
        "tally": asdict(tally),
    }


def verify_figures(
    backend: LanguageBackend, prompts: Sequence[Sequence[int]], texts: Sequence[Sequence[int]]
) -> dict[str, float]:
    """Compare logits of ids given together with those of single steps, for a text after each prompt.

    `equal` is the share of logits that are equal to the bit, `pair_difference` the greatest change of the difference
    between the likeliest logit and one of the next four: what `verify_tolerance` has to cover.
    """
    equal, pairs = [], [0.0]
    for prompt, ids in zip(prompts, texts, strict=True):
        backend.prefill([prompt])
        steps = np.concatenate([backend.step([id_]) for id_ in ids])
        backend.reset([0], len(prompt))
        moved = backend.score([ids], keep=len(ids))[0] - steps
        equal.append(float((moved == 0).mean()))
        likeliest = np.argsort(-steps, axis=1)[:, :5]
        near = np.take_along_axis(moved, likeliest, axis=1)
        pairs.append(float(np.abs(near[:, 1:] - near[:, :1]).max()))
    return {"equal": float(np.mean(equal)), "pair_difference": max(pairs)}


def shipped_prompts(model: Model) -> list[list[int]]:
    """Give the report prompts of the films that ship, each with its view and age as the workstation tells them."""
    from engine.commands.opening import film_context

    prompts = []
    for path in sorted(FILMS.glob("*.dcm")):
        pixels = imaging.stored(path)
        codes = model.encode(film_from_array(pixels.values, model.bundle.preprocessing, pixels.padding_mask))
        instruction = model.bundle.manifest.instructions.report[0]
        prompts.append(report_prompt(model.bundle.vocabulary, codes, instruction, film_context(model, path)))
    return prompts


def manifest_prompts(model: Model, manifest: Path, images: Path | None, source: str) -> list[list[int]]:
    """Give the report prompts of a manifest's validation films of one source, with view and age band."""
    instruction = model.bundle.manifest.instructions.report[0]
    rows = [row for row in read_manifest(manifest, images) if row.split == "val" and row.source == source]
    films = [(film_from_file(row.file, model.bundle.preprocessing), context(row)) for row in rows]
    return [
        report_prompt(model.bundle.vocabulary, model.encode(film), instruction, line) for film, line in films
    ]


def demonstration_figures(
    builds: Path, rounds: int = 5, threads: int = 1, prompts: Sequence[Sequence[int]] | None = None
) -> dict[str, Any]:
    """Measure the demonstration model: its own graph and a build in each precision, greedy and at temperature 1.

    `prompts` are those of the films that ship, where none are given.
    """
    model = Model.open(threads=threads)
    bundle, prompts = model.bundle, prompts or shipped_prompts(model)
    assert isinstance(bundle, Bundle)
    found = speculation_of(bundle)
    assert found is not None, "the demonstration bundle has no phrase store"
    backends: dict[str, LanguageBackend] = {"shipped graph": model.backends.language}
    for precision in CPU_PRECISIONS:
        backends[precision] = opened_build(built(bundle, precision, builds), threads)
    greedy = bundle.manifest.sampling.report
    warm = replace(greedy, temperature=1.0)
    figures: dict[str, Any] = {}
    for name, backend in backends.items():
        texts = [generate_text(backend, bundle.vocabulary, prompt, greedy).ids for prompt in prompts]
        figures[name] = {
            "greedy": speculative_figures(backend, bundle.vocabulary, prompts, greedy, found.store, rounds),
            "temperature 1": speculative_figures(
                backend, bundle.vocabulary, prompts, warm, found.store, rounds
            ),
            "together against step by step": verify_figures(backend, prompts, texts),
        }
    return figures


def main() -> None:
    """Print the figures as JSON, or write them."""
    import tempfile

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="write to this file instead")
    parser.add_argument("--rounds", type=int, default=5, help="how often each film is drafted both ways")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--manifest", type=Path, help="validation films of this table instead")
    parser.add_argument("--images", type=Path, help="folder of its films; else the table's own")
    parser.add_argument("--source", default="nih-cxr14", help="source of its films")
    given = parser.parse_args()
    prompts = None
    if given.manifest is not None:
        prompts = manifest_prompts(Model.open(threads=1), given.manifest, given.images, given.source)
    with tempfile.TemporaryDirectory() as folder:
        figures = demonstration_figures(Path(folder), given.rounds, given.threads, prompts)
    text = json.dumps(figures, indent=1)
    if given.json is None:
        print(text)
    else:
        given.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
