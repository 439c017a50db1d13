"""A second model in the shadow of the first: drafts the same films, shows them to no reader, for a comparison.

It takes no jobs. It looks for recent drafts by other models that it hasn't drafted itself, does them one at a time
while nobody waits for a draft, and writes them beside. What it is killed in the middle of, it begins again.
"""

from __future__ import annotations

import threading
import time
from dataclasses import asdict

from engine.errors import EngineError, FilmRefused
from engine.evaluate.labeler import labels_of
from engine.evidence.draft import EVIDENCE_BUDGET_S, examine
from engine.model import Draft, Model
from engine.portrait import portrait
from engine.preprocess import film_from_array
from llmcxr_ws import imaging, jobs
from llmcxr_ws.errors import StoreError, UserFacingError
from llmcxr_ws.film_facts import read_facts
from llmcxr_ws.log import logger
from llmcxr_ws.objects import ObjectStore
from llmcxr_ws.store import modelling, services
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.modelling import NewShadow, ShadowWanted

BEAT_S = 5.0
IDLE_S = 2.0

log = logger("engine.shadow")


class _Interrupted(Exception):
    """The process was asked to end in the middle of a film, which is begun again next time."""


class Shadow:
    """One model in the shadow of whatever drafts on this database."""

    def __init__(
        self,
        db: Database,
        objects: ObjectStore,
        model: Model,
        *,
        within: int,
        poll_s: float,
        evidence_budget_s: float = EVIDENCE_BUDGET_S,
    ) -> None:
        self._db, self._objects, self._model = db, objects, model
        self._within, self._poll_s, self._budget_s = within, poll_s, evidence_budget_s
        self._left_out: tuple[int, ...] = ()
        self._stop = threading.Event()

    def stop(self) -> None:
        """Ask it to end at its next token."""
        self._stop.set()

    def run(self, *, once: bool = False) -> int:
        """Work until stopped, or with `once` until nothing is left; give the number of films drafted."""
        name = services.register(self._db, "shadow", portrait(self._model))
        log.info("shadow.started", model=self._model.name, within=self._within)
        beat = threading.Thread(target=self._beat, args=(name,), name="shadow-beat", daemon=True)
        beat.start()
        done = 0
        try:
            while not self._stop.is_set():
                worked = self._step(once=once)
                done += bool(worked)
                if worked is None and once:
                    break
                if not worked:
                    self._stop.wait(max(self._poll_s, 0.0 if once else IDLE_S))
        finally:
            self._stop.set()
            beat.join()
            services.unregister(self._db, name)
            log.info("shadow.ended", films=done, left_out=len(self._left_out))
        return done

    def _step(self, *, once: bool) -> bool | None:
        """Draft one film; None when there is none left, False when the time isn't right."""
        try:
            if self._somebody_waits():
                return False
            wanted = modelling.next_for_shadow(
                self._db, self._model.bundle.device_uid, within=self._within, skip=self._left_out
            )
            if wanted is None:
                return None
            return self._draft(wanted)
        except StoreError as error:
            if once:
                raise
            log.warning("shadow.database_failed", reason=error.message)
            return False

    def _somebody_waits(self) -> bool:
        counted = jobs.waiting(self._db)
        return bool(counted.get("queued") or counted.get("running"))

    def _draft(self, wanted: ShadowWanted) -> bool:
        began = time.monotonic()
        try:
            made = self._made(wanted, began)
        except _Interrupted:
            return False
        except StoreError:
            raise
        except (UserFacingError, EngineError) as error:
            return self._leave_out(wanted, type(error).__name__)
        except Exception:  # process boundary: a defect on one film must not keep the others from it
            log.exception("shadow.defect", report=wanted.report_id)
            return self._leave_out(wanted, "internal error")
        kept = modelling.record_shadow(self._db, wanted, made)
        log.info("shadow.drafted", report=wanted.report_id, seconds=round(made.seconds, 2), kept=kept)
        return kept

    def _leave_out(self, wanted: ShadowWanted, reason: str) -> bool:
        self._left_out = (*self._left_out, wanted.report_id)
        log.warning("shadow.left_out", report=wanted.report_id, reason=reason)
        return False

    def _made(self, wanted: ShadowWanted, began: float) -> NewShadow:
        dataset = imaging.read_dataset(self._objects.path(wanted.film_path))
        pixels = imaging.stored(dataset)
        try:
            film = film_from_array(pixels.values, self._model.bundle.preprocessing, pixels.padding_mask)
        except FilmRefused as error:
            return self._new(wanted, None, str(error), began)
        check = self._model.check_film(film)
        if not check.accepted:
            return self._new(wanted, None, check.reason, began)
        facts = read_facts(dataset)
        context = self._model.context(facts.view, facts.patient_age_years)
        draft = self._model.report(check.codes, context=context, on_step=self._watch, film=film)
        judged = examine(self._model, check.codes, context, draft, self._budget_s, self._watch)
        return self._new(wanted, draft, draft.reason or judged.withheld, began)

    def _new(self, wanted: ShadowWanted, draft: Draft | None, withheld: str, began: float) -> NewShadow:
        """What is kept of one film; a film that this model wouldn't draft is a finding, too."""
        manifest, backends = self._model.bundle.manifest, self._model.backends
        text = draft.text if draft is not None else ""
        return NewShadow(
            text=text,
            confidence=draft.confidence if draft is not None else None,
            withheld=withheld,
            labels=labels_of(text) if text else {},
            facts={
                "weights_sha256": manifest.weights_sha256,
                "runtime": backends.name,
                "precision": backends.precision,
                # Both texts read by one labeler of one version, whatever read the draft at its time.
                "draft_labels": labels_of(wanted.draft_text) if wanted.draft_text else {},
                "guard": asdict(draft.guard)["agreement"] if draft is not None and draft.guard else "",
            },
            model_name=manifest.name,
            model_version=manifest.version,
            model_device_uid=self._model.bundle.device_uid,
            seconds=time.monotonic() - began,
        )

    def _watch(self) -> None:
        if self._stop.is_set():
            raise _Interrupted

    def _beat(self, name: str) -> None:
        while not self._stop.wait(BEAT_S):
            services.beat(self._db, name)
