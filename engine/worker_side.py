"""What the worker does beside drafts and answers: maps of sentences, synthetic films, round trips, labels.

Each is a job of its own whose result is written in the transaction that ends it. Work that nobody waits for gives
way, at its next token, to work that somebody does.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.errors import EngineError
from engine.evaluate.labeler import labels_of
from engine.evidence.draft import falls, map_blocks, says_normal
from engine.evidence.occlusion import GRID
from engine.evidence.round_trip import Likeness, combined, feature_likeness, token_likeness
from engine.lm.vocabulary import CODES_PER_IMAGE
from engine.model import Model
from engine.pictures import marked_png
from engine.preprocess import Film
from llmcxr_ws.domain import NewDrawing, NewMap
from llmcxr_ws.errors import StoreError, UserFacingError
from llmcxr_ws.jobs import Claimed
from llmcxr_ws.objects import ObjectStore
from llmcxr_ws.store import drawings, labels, maps
from llmcxr_ws.store.database import Database

OnStep = Callable[[], None]
_SHARE_PAUSE_S = 0.5


@dataclass(frozen=True)
class SideWork:
    """The work of one model on one database and object store; `film` reads a received file as the model sees it."""

    db: Database
    objects: ObjectStore
    model: Model
    film: Callable[[str], Film]

    def map(self, claimed: Claimed, on_step: OnStep) -> str:
        """Make the maps of a draft's sentences."""
        wanted = maps.begin(self.db, claimed)
        refusal = self._of_another_model(wanted.model_device_uid)
        if refusal:
            return self._refused(claimed, "other_model", refusal)
        began = time.perf_counter()
        try:
            found = falls(self.model, wanted.codes, wanted.context, wanted.ids, on_step)
        except EngineError as error:
            return self._refused(claimed, "model_failed", str(error))
        blocks = map_blocks(self.model)
        measured = self.model.evidence is not None and self.model.evidence.maps is not None
        facts = {
            "side": blocks.side,
            "stride": blocks.stride,
            "neutral": "model" if measured else "grey",
            "seconds": round(time.perf_counter() - began, 3),
        }
        made = [
            NewMap(
                one.text,
                GRID,
                GRID,
                one.falls,
                {
                    **facts,
                    "log_probability": round(one.log_probability, 4),
                    "says_normal": says_normal(one.text),
                },
            )
            for one in found
        ]
        maps.finish(self.db, claimed, made)
        return f"{len(made)} maps"

    def draw(self, claimed: Claimed, on_step: OnStep) -> str:
        """Draw a synthetic film from a text and keep its marked picture."""
        wanted = drawings.begin(self.db, claimed)
        began = time.perf_counter()
        counted = _Shares(
            lambda share: drawings.note_share(self.db, claimed, share), on_step, CODES_PER_IMAGE
        )
        seed = wanted.drawing_id if wanted.seed is None else wanted.seed
        try:
            drawn = self.model.generate(wanted.text, seed=seed, on_step=counted.step)
            data = marked_png(drawn.film, f"{self.model.name}, seed {drawn.seed}")
            path = self.objects.put_drawing(data)
        except StoreError:
            raise
        except UserFacingError as error:
            return self._refused(claimed, "not_kept", error.sentence)
        except EngineError as error:
            return self._refused(claimed, "model_failed", str(error))
        facts = {"share": 1.0, "seconds": round(time.perf_counter() - began, 3)}
        sha256 = hashlib.sha256(data).hexdigest()
        drawings.finish(self.db, claimed, self._drawing(drawn.seed, drawn.codes, path, sha256, facts))
        return "drawn"

    def round_trip(self, claimed: Claimed, on_step: OnStep) -> str:
        """Draw a film from a draft and hold it against the draft's own; only where that was shown to say anything."""
        wanted = drawings.begin_round_trip(self.db, claimed)
        entry = self.model.evidence.round_trip if self.model.evidence is not None else None
        refusal = self._of_another_model(wanted.model_device_uid)
        if entry is None or not entry.is_on or refusal:
            return self._refused(
                claimed, "round_trip_off", refusal or "The round trip is off for this model."
            )
        try:
            drawn = self.model.generate(wanted.text, seed=wanted.drawing_id, on_step=on_step)
            token = token_likeness(wanted.codes, drawn.codes, self.model.bundle.vocabulary.codes)
            looked, seen = self.model.look(self.film(wanted.film_path)), self.model.look(drawn.film)
        except StoreError:
            raise
        except UserFacingError as error:
            return self._refused(claimed, "film_unreadable", error.sentence)
        except EngineError as error:
            return self._refused(claimed, "model_failed", str(error))
        feature = feature_likeness(looked, seen, entry.spread) if looked and seen and entry.spread else None
        likeness = Likeness(token, feature)
        facts = {"token": token, "feature": feature, "score": round(combined(likeness, entry), 4)}
        facts |= {name: getattr(entry, name) for name in ("advise_below", "auroc", "low", "high")}
        drawings.finish(self.db, claimed, self._drawing(drawn.seed, drawn.codes, "", "", facts))
        return "compared"

    def label(self, claimed: Claimed, on_step: OnStep) -> str:
        """Read a signed text's labels."""
        labels.finish(self.db, claimed, labels_of(labels.begin(self.db, claimed)))
        return "labelled"

    def attempt_failed(self, claimed: Claimed, *, code: str, sentence: str, final: bool) -> bool:
        """Try a job of these kinds again later, or end what it was for with a sentence."""
        ends = {maps.KIND: maps.attempt_failed, labels.KIND: labels.attempt_failed}
        end = ends.get(claimed.kind, drawings.attempt_failed)
        return end(self.db, claimed, code=code, sentence=sentence, final=final)

    def _refused(self, claimed: Claimed, code: str, sentence: str) -> str:
        self.attempt_failed(claimed, code=code, sentence=sentence, final=True)
        return f"failed: {code}"

    def _of_another_model(self, device_uid: str) -> str:
        if device_uid == self.model.bundle.device_uid:
            return ""
        return (
            f"The draft is of another model than this engine's {self.model.name}, whose weights say nothing of it. "
            "Start an engine with the model of the draft."
        )

    def _drawing(
        self, seed: int, codes: tuple[int, ...], path: str, sha256: str, facts: dict[str, Any]
    ) -> NewDrawing:
        manifest = self.model.bundle.manifest
        return NewDrawing(
            seed=seed,
            codes=codes,
            model_name=manifest.name,
            model_version=manifest.version,
            model_device_uid=self.model.bundle.device_uid,
            path=path,
            sha256=sha256,
            facts=facts,
        )


class _Shares:
    """Counts the tokens of a film and says a few times a second how much of it is drawn."""

    def __init__(self, write: Callable[[float], None], on_step: OnStep, steps: int) -> None:
        self._write, self._on_step, self._steps = write, on_step, steps
        self._done, self._written_at = 0, time.monotonic()

    def step(self) -> None:
        """Count one."""
        self._on_step()
        self._done += 1
        now = time.monotonic()
        if now - self._written_at >= _SHARE_PAUSE_S:
            self._written_at = now
            self._write(min(1.0, self._done / self._steps))
