"""What is kept of a draft: the words, what they were made of and by, and what was measured of them."""

from __future__ import annotations

import socket
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.bundle import Manifest
from engine.evaluate.labeler import labels_of
from engine.evidence.draft import DraftEvidence
from engine.evidence.occlusion import GRID
from engine.guard import Agreement, GuardReading
from engine.imported import ImportedManifest
from engine.input_check import InputCheck
from engine.model import Draft, Model
from engine.preprocess import Film, PreprocessingSpec, Stored, cut_of, film_and_greys
from llmcxr_ws.domain import NewDraft
from llmcxr_ws.seen import FilmSeen
from llmcxr_ws.store.reports import DraftInput


@dataclass(frozen=True)
class SeenFilm:
    """A film that was accepted: its check, its context line if prompts hold one, itself, and how it was made."""

    check: InputCheck
    context: str | None
    film: Film
    made: FilmSeen

    def region(self) -> dict[str, Any]:
        """Give the part of the film that the model sees, as shares of its sides, and the grid of its tokens."""
        rows, columns = self.made.size
        return {**self.made.shares, "rows": rows, "columns": columns, "grid": [GRID, GRID]}


def film_and_seen(
    stored: Stored, spec: PreprocessingSpec, padding_mask: NDArray[np.bool_] | None = None
) -> tuple[Film, FilmSeen]:
    """Turn stored values [H, W] into the film that the model sees, and say how, for whoever wants to see it too."""
    film, made = film_and_greys(stored, spec, padding_mask)
    rows, columns = stored.shape
    scaled, cut = cut_of(rows, columns, spec.side, to_even=spec.crop == "even")
    size = (rows, columns)
    return film, FilmSeen(spec.version, size, made.low, made.high, made.levels, scaled, cut, spec.resample)


def new_draft(
    model: Model,
    wanted: DraftInput,
    seen: SeenFilm,
    draft: Draft,
    judged: DraftEvidence,
    started_at: datetime,
) -> NewDraft:
    """Give a draft as the store keeps it: withheld where the model's thresholds or its sentences say so."""
    bundle = model.bundle
    check = asdict(seen.check)
    check.pop("codes")
    return NewDraft(
        film_sop_instance_uid=wanted.film_sop_instance_uid,
        instances=wanted.instances,
        ai_text=draft.text,
        confidence=draft.confidence,
        codes=seen.check.codes,
        model_name=bundle.manifest.name,
        model_version=bundle.manifest.version,
        model_device_uid=bundle.device_uid,
        seed=draft.seed,
        started_at=started_at,
        evidence={
            "ids": list(draft.ids),
            "token_probabilities": [round(value, 6) for value in draft.token_probabilities],
            "instruction": draft.instruction,
            "context": seen.context,
            "input_check": check,
            "seen": seen.region(),
            "sentences": [asdict(sentence) for sentence in judged.sentences],
            "samples": judged.samples,
            "preprocessing": bundle.preprocessing.version,
            "film_seen": seen.made.to_evidence(),
            "runtime": model.backends.name,
            "precision": model.backends.precision,
            "machine": socket.gethostname(),
            "findings_judged": list(bundle.manifest.findings.judged),
            "findings_supported": list(bundle.manifest.findings_supported),
            "findings_not_judged": list(bundle.manifest.findings.not_judged),
            "answers_led_by_draft": bundle.manifest.sampling.answer.draft_weight > 0,
            "guard": _guard_evidence(draft.guard),
            "guard_thresholds": _guard_thresholds(bundle.manifest),
        },
        withheld=draft.reason or judged.withheld,
        labels=labels_of(draft.text),
    )


def guard_counter(agreement: Agreement, weights_sha256: str) -> str:
    """Name the counter of a guard's verdicts on the drafts of the weights with this hash."""
    return f"guard {agreement} {weights_sha256[:12]}"


def _guard_evidence(reading: GuardReading | None) -> dict[str, Any] | None:
    if reading is None:
        return None
    rounded = {label: round(value, 6) for label, value in reading.probabilities.items()}
    return {**asdict(reading), "probabilities": rounded}


def _guard_thresholds(manifest: Manifest | ImportedManifest) -> dict[str, float]:
    """Give the guard's thresholds by label: those of the collection that its verdict on abnormal is of."""
    entry = manifest.guard if isinstance(manifest, Manifest) else None
    if entry is None:
        return {}
    collection = entry.abnormal.rpartition("/")[0]
    return {
        label: round(value, 6)
        for label, value in entry.thresholds.items()
        if label.rpartition("/")[0] == collection
    }
