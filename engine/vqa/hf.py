"""Questions from an instruction model in a local Hugging Face folder; nothing is ever downloaded.

Works with any causal language model that Transformers loads: by its chat template where the tokenizer has one,
else by a plain prompt. Runs in batches, seeded for each batch, so that a run that was stopped goes on to the
same pairs. Code that comes with a model is never run.
"""

import hashlib
import pickle
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError

from engine.errors import SynthesisError
from engine.vqa.generator import Provenance, Reply, seed_of
from engine.vqa.prompt import PROMPT_VERSION, plain_request, request
from engine.vqa.settings import SynthesisSettings
from engine.vqa.sources import Report

TOO_LONG = "report: longer than the model can read"
_BLOCK = 1 << 20
_NOT_LOADED = (
    OSError,
    ValueError,
    KeyError,
    ImportError,
    RuntimeError,
    EOFError,
    pickle.UnpicklingError,
    SafetensorError,
)


class LocalModel:
    """An instruction model of this machine that writes question-answer pairs."""

    def __init__(self, settings: SynthesisSettings) -> None:
        """Load model and tokenizer; raise SynthesisError where the folder holds none that can be used."""
        folder = Path(settings.model).expanduser()
        if not settings.model or not (folder / "config.json").is_file():
            raise SynthesisError(
                f"{settings.model!r} isn't the folder of a Hugging Face model (no config.json in it). Give such "
                "a folder with --model; models aren't downloaded."
            )
        self._settings = settings
        self._tokenizer = _load(transformers.AutoTokenizer, folder)
        self._model = _load(
            transformers.AutoModelForCausalLM,
            folder,
            dtype=getattr(torch, settings.dtype),
            device_map=_device_map(settings.device),
        ).eval()
        self._pad = _pad_id(self._tokenizer)
        self.provenance = Provenance(
            generator="hf",
            model=folder.resolve().name,
            model_sha256=folder_sha256(folder),
            prompt=PROMPT_VERSION + (" chat" if self._chat else " plain"),
            request_sha256=hashlib.sha256(self._text("", settings.pairs).encode()).hexdigest(),
            seed=settings.seed,
            sampling={
                "temperature": settings.temperature,
                "top_p": settings.top_p,
                "max_new_tokens": settings.max_new_tokens,
            },
        )

    @property
    def architecture(self) -> str:
        """Name the model's architecture as its configuration does."""
        return str(getattr(self._model.config, "model_type", ""))

    def replies(self, batches: Sequence[Sequence[Report]]) -> Iterator[Reply]:
        """Write for each batch; a report that leaves no room for an answer is refused, never cut."""
        for batch in batches:
            prompts = {report: self._ids(report) for report in batch}
            fitting = [report for report in batch if self._fits(prompts[report])]
            yield from (
                Reply(report, "", refused=TOO_LONG) for report in batch if not self._fits(prompts[report])
            )
            if fitting:
                seed = seed_of(self._settings.seed, [report.key for report in batch])
                written = self._generate([prompts[report] for report in fitting], seed)
                for report, ids in zip(fitting, written, strict=True):
                    yield self._reply(report, ids)

    @property
    def _chat(self) -> bool:
        return bool(self._tokenizer.chat_template)

    def _text(self, report: str, pairs: int) -> str:
        # A special token's text inside a report must not end the turn.
        for token in filter(None, self._tokenizer.all_special_tokens):
            report = report.replace(token, " ")
        if not self._chat:
            return plain_request(report, pairs)
        turn = [{"role": "user", "content": request(report, pairs)}]
        return str(self._tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True))

    def _ids(self, report: Report) -> list[int]:
        text = self._text(report.text, self._settings.pairs)
        # A chat template writes the tokens of the beginning itself.
        return list(self._tokenizer(text, add_special_tokens=not self._chat)["input_ids"])

    def _fits(self, ids: list[int]) -> bool:
        positions = getattr(self._model.config, "max_position_embeddings", None)
        return positions is None or len(ids) + self._settings.max_new_tokens <= positions

    @torch.inference_mode()
    def _generate(self, prompts: list[list[int]], seed: int) -> list[list[int]]:
        """Sample a continuation for each prompt [batch, length], padded on the left."""
        longest = max(map(len, prompts))
        ids = torch.tensor([[self._pad] * (longest - len(prompt)) + prompt for prompt in prompts])
        mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts])
        device = self._model.device
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            written = self._model.generate(
                input_ids=ids.to(device),
                attention_mask=mask.to(device),
                generation_config=self._sampling(),
            )
        rows: list[list[int]] = written[:, longest:].tolist()
        return rows

    def _sampling(self) -> transformers.GenerationConfig:
        settings = self._settings
        own = self._model.generation_config
        ends = own.eos_token_id if own.eos_token_id is not None else self._tokenizer.eos_token_id
        sampled: dict[str, Any] = (
            {"do_sample": True, "temperature": settings.temperature, "top_p": settings.top_p, "top_k": 0}
            if settings.temperature > 0
            else {"do_sample": False}
        )
        return transformers.GenerationConfig(
            max_new_tokens=settings.max_new_tokens, pad_token_id=self._pad, eos_token_id=ends, **sampled
        )

    def _reply(self, report: Report, ids: list[int]) -> Reply:
        ends = self._sampling().eos_token_id
        all_ends = set(ends) if isinstance(ends, list) else {ends}
        stop = next((place for place, id_ in enumerate(ids) if id_ in all_ends), None)
        text = str(self._tokenizer.decode(ids[:stop], skip_special_tokens=True))
        return Reply(report, text, cut_off=stop is None, model=self.provenance.model)


def folder_sha256(folder: Path) -> str:
    """Give the sha256 over names and contents of a model folder's files, subfolders and hidden files aside."""
    total = hashlib.sha256()
    for path in sorted(entry for entry in folder.iterdir() if entry.is_file() and entry.name[0] != "."):
        content = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                content.update(block)
        total.update(f"{path.name} {content.hexdigest()}\n".encode())
    return total.hexdigest()


def _load(kind: Any, folder: Path, **options: Any) -> Any:
    try:
        return kind.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False, **options)
    except _NOT_LOADED as error:
        raise SynthesisError(
            f"The model in {folder} can't be loaded: {error}. Give a folder that Transformers loads as a causal "
            "language model without code of its own."
        ) from error


def _device_map(device: str) -> str:
    if device != "auto":
        return device
    return "auto" if torch.cuda.is_available() else "cpu"


def _pad_id(tokenizer: Any) -> int:
    """Any id does for padding, because padded places are masked; the tokenizer's own where it has one."""
    for id_ in (tokenizer.pad_token_id, tokenizer.eos_token_id):
        if id_ is not None:
            return int(id_)
    return 0
