"""A model straight from a training run: a film tokenizer and a language model's folder, answering like a bundle.

For studies, where exporting every row would be in the way. What ships is exported (`engine.exporting`) and is
measured as a bundle.
"""

from dataclasses import replace
from pathlib import Path

from engine.bundle import Findings, Instructions, Sampling, TaskSampling
from engine.errors import CheckpointError
from engine.imported import (
    TEXT_TOKENIZER,
    ImportedBundle,
    ImportedLanguageModel,
    ImportedManifest,
    ImportedTokenizer,
    layout_of,
)
from engine.lm.prompt import GENERATE_INSTRUCTIONS, REPORT_INSTRUCTIONS
from engine.lm.vocabulary import Vocabulary
from engine.model import Model
from engine.models import Tokenizer, open_tokenizer
from engine.runtime.select import Backends

LENGTHS = {"report": 128, "answer": 256, "generate": 300, "instruct": 256}
TOP_P = 0.92


def open_run(
    tokenizer: str | Path,
    language: str | Path,
    models: Path | None = None,
    greedy: bool = False,
    threads: int = 1,
) -> Model:
    """Open a tokenizer (`demo`, a name, a folder, or best.pt of a training) with a run's `best` or `last`.

    Samples as published (top-p 0.92) unless `greedy`. Raises CheckpointError where the two don't fit.
    """
    from engine.lm.official import dtype_for, inspect_folder, open_language_model
    from engine.runtime.hf_backend import HuggingFaceLanguageModel, best_device

    folder = Path(language)
    images = open_tokenizer(tokenizer, models, threads)
    found = inspect_folder(folder)
    vocabulary = Vocabulary.from_file(folder / TEXT_TOKENIZER, images.codes)
    if found.rows != vocabulary.size:
        raise CheckpointError(
            f"The language model in {folder} has {found.rows} embeddings; its tokenizer and the {images.codes} codes "
            f"of {images.name} need {vocabulary.size}. They weren't trained together."
        )
    network = open_language_model(folder, dtype_for(found.parameters), best_device())
    language_model = HuggingFaceLanguageModel(network, vocabulary.size, found.max_positions)
    entry = ImportedLanguageModel(
        found.architecture, found.parameters, found.layers, found.max_positions, str(folder), str(folder), {}
    )
    bundle = ImportedBundle(folder, _manifest(images, vocabulary, entry, greedy), images.preprocessing)
    return Model(bundle, Backends(language_model, images.images, "torch", "a training run"))


def _manifest(
    images: Tokenizer, vocabulary: Vocabulary, entry: ImportedLanguageModel, greedy: bool
) -> ImportedManifest:
    one = Sampling() if greedy else Sampling(temperature=1.0, top_p=TOP_P)
    sampling = {task: replace(one, max_new_tokens=length) for task, length in LENGTHS.items()}
    return ImportedManifest(
        format=1,
        name="run",
        version="run",
        created="",
        intended_use="research only; not for clinical use",
        files={},
        weights_sha256="",
        preprocessing=images.preprocessing.to_manifest(),
        tokenizer=ImportedTokenizer({}, 0, 0, images.name, "", "", ""),
        language_model=entry,
        vocabulary=layout_of(vocabulary, images.codes_per_image),
        sampling=TaskSampling(**sampling),
        findings=Findings(judged=(), not_judged=()),
        input_check=None,
        instructions=Instructions(report=REPORT_INSTRUCTIONS, generate=GENERATE_INSTRUCTIONS),
        licence="",
        training={},
    )
