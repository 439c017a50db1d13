"""LLM-CXR as one object: a bundle or an imported model, opened, with a method for each thing it does.

The worker, the commands and a research notebook all come through here; engine.models opens by name. Texts are
what the model said; what mustn't be passed on is withheld or refused with its reason, never reworded. A draft or an
answer is a task, which asks for texts and makes something of them: alone at once, in a batch as rows become free
(engine.together), with the same steps.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np

from engine import input_check
from engine.bundle import Bundle, Sampling, default_bundle_folder
from engine.data.templates import context_line, tells_child
from engine.errors import EngineError, GenerationError, PromptError
from engine.evidence.file import EvidenceFile, evidence_of
from engine.guard import GuardReading
from engine.imported import ImportedBundle
from engine.input_check import InputCheck
from engine.lm.prompt import answer_prompt, generate_prompt, instruct_prompt, report_prompt
from engine.lm.vocabulary import CODES_PER_IMAGE
from engine.preprocess import Film
from engine.question import asked_about, says_of
from engine.runtime.batching import TextRequest
from engine.runtime.generation import (
    OnStep,
    OnText,
    TextAnswer,
    generate_image,
    generate_images,
    generate_text,
    openings_log_probability,
)
from engine.runtime.select import AUTO, Backends, open_backends
from engine.runtime.speculation import Speculation, speculation_of

Made = TypeVar("Made")
# What asks for one text after the other, and makes something of them.
Task = Generator[TextRequest, TextAnswer, Made]

# The marks that de-identification leaves in training reports.
_DEIDENTIFIED = re.compile(r"_{2,}")
# What answers to be led by a draft begin with (engine.vqa.rules).
YES, NO = "Yes", "No"
_DRAFTS_KEPT = 256
# Between the seeds of a film's candidates, far from the seeds that people count up.
_NEXT_CANDIDATE = 1_000_003


@dataclass(frozen=True)
class Draft:
    """A draft impression of one film.

    `confidence` is the geometric mean of the token probabilities: how sure the model is of its wording, not
    how likely the finding is. A withheld draft keeps its text as evidence and is not shown as a draft.
    """

    text: str
    confidence: float
    token_probabilities: tuple[float, ...]
    ids: tuple[int, ...]
    seed: int
    instruction: str
    decision: Literal["draft", "withheld"]
    reason: str
    # None where the bundle has no guard, or the draft was made without the film itself.
    guard: GuardReading | None = None


@dataclass(frozen=True)
class Answer:
    """The answer to a question or an instruction; `finished` is false where it was cut at its longest."""

    text: str
    confidence: float
    token_probabilities: tuple[float, ...]
    seed: int
    finished: bool


@dataclass(frozen=True)
class GeneratedFilm:
    """A synthetic film [C, 256, 256] in [-1, 1] and the 256 codes it was decoded from.

    `seed` is the one that gives it again; of several free tries that of the one that gave a film.
    """

    codes: tuple[int, ...]
    film: Film
    seed: int


class Model:
    """An opened bundle or imported model; one request at a time.

    With `free` every task samples without masks, as the published code does, and a film may take up to `tries`
    draws (engine.runtime.generation). `speculation` is there where the bundle has a phrase store; None decodes texts
    token by token.
    """

    def __init__(
        self, bundle: Bundle | ImportedBundle, backends: Backends, free: bool = False, tries: int = 1
    ) -> None:
        self.bundle = bundle
        self.backends = backends
        self.free = free
        self.tries = tries
        self.speculation: Speculation | None = speculation_of(bundle)
        self._drafts: dict[tuple[tuple[int, ...], str | None], str] = {}

    @classmethod
    def open(cls, folder: str | Path | None = None, runtime: str = AUTO, threads: int | None = None) -> Model:
        """Load and open a bundle, by default the one that ships; raise EngineError where it can't be."""
        bundle = Bundle.load(default_bundle_folder() if folder is None else folder)
        return cls(bundle, open_backends(bundle, runtime, threads))

    @property
    def name(self) -> str:
        """The bundle's name and version in one."""
        return f"{self.bundle.manifest.name} {self.bundle.manifest.version}"

    @cached_property
    def evidence(self) -> EvidenceFile | None:
        """How this model's sentences are judged (engine.evidence); None where nobody measured it."""
        return evidence_of(self.bundle)

    def check_film(self, film: Film) -> InputCheck:
        """Judge whether a film [C, 256, 256] is one the model can speak about.

        A model without limits takes every film with contrast, and the verdict's `note` says so.
        """
        return self.check_films([film])[0]

    def check_films(self, films: Sequence[Film]) -> list[InputCheck]:
        """Judge films as `check_film` does, encoding them together."""
        shown = [place for place, film in enumerate(films) if not input_check.is_flat(film)]
        checks = [input_check.blank() for _ in films]
        if not shown:
            return checks
        codes = self.backends.images.encode(np.stack([films[place] for place in shown]))
        limits = self.bundle.manifest.input_check
        copies = None if limits is None else self.backends.images.decode(codes)
        for row, place in enumerate(shown):
            numbers = tuple(int(code) for code in codes[row])
            if limits is None or copies is None:
                checks[place] = input_check.unchecked(numbers)
            else:
                checks[place] = input_check.verdict(films[place], copies[row], numbers, limits)
        return checks

    def context(self, view: str, age_years: float | None) -> str | None:
        """Give the line that the prompts of a film of this view and age hold, None where they hold none.

        Every way to a draft or an answer asks here, so that a bundle is used as it was trained and measured.
        """
        if not self.bundle.manifest.context:
            return None
        return context_line(view, None if age_years is None else int(age_years))

    def encode(self, film: Film) -> tuple[int, ...]:
        """Turn a film [C, 256, 256] into its 256 codes in raster order."""
        return tuple(int(code) for code in self.backends.images.encode(film[None])[0])

    def decode(self, codes: Sequence[int]) -> Film:
        """Turn 256 codes into a film [C, 256, 256]."""
        if len(codes) != CODES_PER_IMAGE:
            raise PromptError(f"A film has {CODES_PER_IMAGE} codes, {len(codes)} were given.")
        film: Film = self.backends.images.decode(np.array([codes], dtype=np.int64))[0]
        return film

    def report(
        self,
        codes: Sequence[int],
        seed: int | None = None,
        context: str | None = None,
        on_step: OnStep | None = None,
        film: Film | None = None,
    ) -> Draft:
        """Draft the impression of a film given as codes; raise GenerationError where no text came.

        With the film itself [C, 256, 256] the bundle's guard looks at it as well; that changes no text.
        """
        return self._alone(self.report_task(codes, seed, context, self.look(film)), None, on_step)

    def report_task(
        self,
        codes: Sequence[int],
        seed: int | None = None,
        context: str | None = None,
        looked: Mapping[str, float] | None = None,
    ) -> Task[Draft]:
        """Give what `report` does as a task; `looked` is what `look` gives for the film."""
        instruction = self.bundle.manifest.instructions.report[0]
        prompt = report_prompt(self.bundle.vocabulary, codes, instruction, context)
        sampling = self._seeded(self.bundle.manifest.sampling.report, seed)
        if tells_child(context):
            sampling = replace(sampling, decision_bias={**sampling.decision_bias, **sampling.child_bias})
        try:
            said = yield TextRequest(prompt, sampling)
        except GenerationError:
            self._keep_draft(tuple(codes), context, sampling.seed, "")
            raise
        reason = self._withheld(said)
        self._keep_draft(tuple(codes), context, sampling.seed, "" if reason else said.text)
        return Draft(
            text=said.text,
            confidence=geometric_mean(said.token_probabilities),
            token_probabilities=said.token_probabilities,
            ids=said.ids,
            seed=said.seed,
            instruction=instruction,
            decision="withheld" if reason else "draft",
            reason=reason,
            guard=self._guarded(looked, "" if reason else said.text),
        )

    def look(self, film: Film | None) -> dict[str, float] | None:
        """Give what the bundle's guard says of a film [C, 256, 256]; None without a guard or a film."""
        guard = self.backends.guard
        return None if guard is None or film is None else guard.probabilities(film)

    def answer(
        self,
        codes: Sequence[int],
        question: str,
        seed: int | None = None,
        on_text: OnText | None = None,
        on_step: OnStep | None = None,
        context: str | None = None,
    ) -> Answer:
        """Answer a question about a film given as codes, handing out text as it comes.

        Where the bundle's `draft_weight` says so, a yes or no leans towards the draft of the same film.
        Raises GenerationError for a question about a finding outside the model's range, an empty answer,
        and one with the marks of de-identified reports.
        """
        return self._alone(self.answer_task(codes, question, seed, context), on_text, on_step)

    def answer_task(
        self, codes: Sequence[int], question: str, seed: int | None = None, context: str | None = None
    ) -> Task[Answer]:
        """Give what `answer` does as a task; it raises the same errors."""
        outside = self._outside(question)
        if outside:
            raise GenerationError(f"The question is about {outside}. {self._range()}")
        prompt = answer_prompt(self.bundle.vocabulary, question, codes, context)
        sampling = self._seeded(self.bundle.manifest.sampling.answer, seed)
        if sampling.draft_weight and not sampling.free:
            sampling = yield from self._leaning(sampling, question, tuple(codes), context)
        return self._passed_on((yield TextRequest(prompt, sampling, streams=True)))

    def instruct(
        self,
        instruction: str,
        input: str | None = None,
        seed: int | None = None,
        on_text: OnText | None = None,
        on_step: OnStep | None = None,
    ) -> Answer:
        """Follow an instruction in plain language, without a film, handing out text as it comes.

        Raises GenerationError as `answer` does; `input` is the text that the instruction is about.
        """
        outside = self._outside(f"{instruction}\n{input or ''}")
        if outside:
            raise GenerationError(f"The instruction is about {outside}. {self._range()}")
        prompt = instruct_prompt(self.bundle.vocabulary, instruction, input)
        tasks = self.bundle.manifest.sampling
        sampling = self._seeded(tasks.instruct or tasks.answer, seed)
        return self._passed_on(self._text(prompt, sampling, on_text, on_step))

    def generate(
        self, report_text: str, seed: int | None = None, on_step: OnStep | None = None
    ) -> GeneratedFilm:
        """Draw the film that a report describes; synthetic, and to be marked so wherever it goes."""
        instruction = self.bundle.manifest.instructions.generate[0]
        prompt = generate_prompt(self.bundle.vocabulary, report_text, instruction)
        unasked = generate_prompt(self.bundle.vocabulary, None, instruction)
        sampling = self._seeded(self.bundle.manifest.sampling.generate, seed)
        language, vocabulary = self.backends.language, self.bundle.vocabulary
        if sampling.free or sampling.candidates <= 1:
            drawn = generate_image(language, vocabulary, prompt, sampling, on_step, unasked)
            return GeneratedFilm(drawn.codes, self.decode(drawn.codes), drawn.seed)
        seeds = [sampling.seed + _NEXT_CANDIDATE * place for place in range(sampling.candidates)]
        films = generate_images(language, vocabulary, prompt, sampling, seeds, on_step, unasked)
        kept = max(films, key=lambda film: self._says_again(film.codes, report_text))
        return GeneratedFilm(kept.codes, self.decode(kept.codes), sampling.seed)

    def _says_again(self, codes: Sequence[int], report_text: str) -> float:
        """Give the log-probability of what a report says, were the film with these codes drafted."""
        vocabulary = self.bundle.vocabulary
        prompt = report_prompt(vocabulary, codes, self.bundle.manifest.instructions.report[0])
        return openings_log_probability(self.backends.language, vocabulary, prompt, report_text)

    def _leaning(
        self, sampling: Sampling, question: str, codes: tuple[int, ...], context: str | None
    ) -> Task[Sampling]:
        """Let a yes or no lean towards what the draft of the same film says of what is asked."""
        asked = asked_about(question)
        if asked is None:
            return sampling
        if (codes, context) not in self._drafts:
            # A draft that fails is kept as one without a word.
            with suppress(GenerationError):
                yield from self.report_task(codes, context=context)
        said = says_of(asked[0], self._drafts[codes, context])
        if said is None:
            return sampling
        half = sampling.draft_weight / 2 * (1 if said == asked[1] else -1)
        return replace(sampling, decision_bias={**sampling.decision_bias, YES: half, NO: -half})

    def _keep_draft(self, codes: tuple[int, ...], context: str | None, seed: int, text: str) -> None:
        """Keep the text of a film's draft, which answers may lean towards; only the one by the model's own seed."""
        if self.free or seed != self.bundle.manifest.sampling.report.seed:
            return
        if len(self._drafts) >= _DRAFTS_KEPT:
            del self._drafts[next(iter(self._drafts))]
        self._drafts[codes, context] = text

    def _guarded(self, looked: Mapping[str, float] | None, text: str) -> GuardReading | None:
        guard = self.backends.guard
        return None if guard is None or looked is None else guard.judge(looked, text)

    def _alone(self, task: Task[Made], on_text: OnText | None, on_step: OnStep | None) -> Made:
        """Carry a task out, one text at a time."""
        try:
            request = next(task)
            while True:
                try:
                    streamed = on_text if request.streams else None
                    said = self._text(list(request.prompt), request.sampling, streamed, on_step)
                except EngineError as error:
                    request = task.throw(error)
                else:
                    request = task.send(said)
        except StopIteration as ended:
            made: Made = ended.value
            return made

    def _text(
        self, prompt: list[int], sampling: Sampling, on_text: OnText | None, on_step: OnStep | None
    ) -> TextAnswer:
        return generate_text(
            self.backends.language,
            self.bundle.vocabulary,
            prompt,
            sampling,
            on_text,
            on_step,
            self.speculation,
        )

    def _seeded(self, sampling: Sampling, seed: int | None) -> Sampling:
        chosen = sampling if seed is None else replace(sampling, seed=seed)
        return replace(chosen, free=True, tries=self.tries, guidance=1.0) if self.free else chosen

    def _passed_on(self, said: TextAnswer) -> Answer:
        if _DEIDENTIFIED.search(said.text):
            raise GenerationError(
                "The answer holds blanks of de-identified training text and is refused. Word the "
                "question anew."
            )
        confidence = geometric_mean(said.token_probabilities)
        return Answer(said.text, confidence, said.token_probabilities, said.seed, said.finished)

    def _withheld(self, said: TextAnswer) -> str:
        if not said.finished:
            return "The model didn't end its text; the draft is withheld. Report the film without it."
        if _DEIDENTIFIED.search(said.text):
            return "The draft holds blanks of de-identified training text and is withheld."
        outside = self._outside(said.text)
        if outside:
            return f"The draft speaks of {outside} and is withheld. {self._range()}"
        return ""

    def _outside(self, text: str) -> str:
        """The first finding in a text that the model wasn't tested to judge, or nothing."""
        for finding in self.bundle.manifest.findings.not_judged:
            if re.search(rf"\b{re.escape(finding)}(?:s|es)?\b", text, re.IGNORECASE):
                return finding
        return ""

    def _range(self) -> str:
        return f"The model speaks only of: {', '.join(self.bundle.manifest.findings.judged)}."


def geometric_mean(probabilities: Sequence[float]) -> float:
    """Give the geometric mean of token probabilities; 0 where one of them is 0."""
    values = np.array(probabilities, dtype=np.float64)
    return float(np.exp(np.log(values).mean())) if values.size and values.min() > 0.0 else 0.0
