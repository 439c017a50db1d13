"""The engine's process: claims jobs, drafts films and answers questions, one at a time; the rest in worker_side.

It meets the rest only in the database and the object store. A result is written in the transaction that ends its
job, on condition that the job is still ours, so a worker that was paused beyond its lease changes nothing. Every
job ends with a result, a sentence, or back in the queue; nothing but a signal ends the loop.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime

from pydicom.dataset import Dataset

from engine.errors import EngineError, FilmRefused
from engine.evidence.draft import EVIDENCE_BUDGET_S, examine, map_seconds
from engine.input_check import InputCheck
from engine.model import Draft, Model
from engine.portrait import portrait
from engine.preprocess import Film
from engine.worker_pulse import Chunks, Pulse
from engine.worker_record import SeenFilm, film_and_seen, guard_counter, new_draft
from engine.worker_side import SideWork
from llmcxr_ws import imaging, jobs
from llmcxr_ws.errors import StoreError, UserFacingError
from llmcxr_ws.film_facts import read_facts
from llmcxr_ws.jobs import Claimed, LeaseLost
from llmcxr_ws.log import logger, mask
from llmcxr_ws.objects import ObjectStore
from llmcxr_ws.seen import FilmSeen
from llmcxr_ws.store import drawings, labels, maps, questions, reports, services
from llmcxr_ws.store.database import Database

KINDS = ("draft", "answer", maps.KIND, drawings.DRAW, drawings.ROUND_TRIP, labels.KIND)
# How often work that nobody waits for looks whether somebody waits for other work.
_GIVE_WAY_S = 0.5
# Films whose codes are kept for further questions: some kilobytes each.
FILMS_REMEMBERED = 256

log = logger("engine.worker")


class Stopped(Exception):
    """The job in hand goes back into the queue: the worker was asked to end, or other work comes first."""


class Refused(Exception):
    """The film isn't one to draft; `code` and the sentence go to the study."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class Worker:
    """One engine on one database and object store."""

    def __init__(
        self,
        db: Database,
        objects: ObjectStore,
        model: Model,
        *,
        lease_s: float,
        poll_s: float,
        evidence_budget_s: float = EVIDENCE_BUDGET_S,
    ) -> None:
        self._db = db
        self._objects = objects
        self._model = model
        self._lease_s = lease_s
        self._poll_s = poll_s
        self._evidence_budget_s = evidence_budget_s
        # How long a draft's maps take here; measured at the first draft.
        self._maps_s: float | None = None
        self._side = SideWork(db, objects, model, self.film)
        # By their paths, under which the store never puts anything else.
        self._recent: OrderedDict[str, tuple[InputCheck, str | None]] = OrderedDict()
        self._stop = threading.Event()
        self._owner = services.service_name("engine")

    def stop(self) -> None:
        """Ask the worker to end; a job in hand goes back into the queue at its next token."""
        self._stop.set()

    def run(self, *, once: bool = False) -> int:
        """Work until stopped, or with `once` until the queue is empty; give the number of jobs taken up."""
        services.register(self._db, "engine", portrait(self._model))
        log.info("engine.started", model=self._model.name, runtime=self._model.backends.reason)
        pulse = Pulse(self._db, self._owner, self._lease_s)
        taken = 0
        try:
            while not self._stop.is_set():
                if self._work(pulse, once=once):
                    taken += 1
                elif once:
                    break
                else:
                    self._stop.wait(self._poll_s)
        finally:
            pulse.close()
            services.unregister(self._db, self._owner)
            log.info("engine.ended", jobs=taken)
        return taken

    def _work(self, pulse: Pulse, *, once: bool) -> bool:
        """Do one job; False when there was none, or when the database didn't answer and will be asked again."""
        try:
            self._bury_exhausted()
            claimed = jobs.claim(self._db, kinds=KINDS, owner=self._owner, lease_s=self._lease_s)
        except Exception:  # process boundary: whatever ails the database, the worker waits and asks again
            log.exception("engine.database_failed")
            if once:
                raise
            self._stop.wait(1.0)
            return False
        if claimed is None:
            return False
        pulse.hold(claimed)
        try:
            self._do(claimed, pulse)
        finally:
            pulse.hold(None)
        return True

    def _do(self, claimed: Claimed, pulse: Pulse) -> None:
        began = time.monotonic()
        log.info("job.claimed", job=claimed.id, kind=claimed.kind, attempt=claimed.attempt)
        try:
            outcome = self._outcome(claimed, pulse)
            log.info("job.ended", job=claimed.id, outcome=outcome, seconds=round(time.monotonic() - began, 2))
        except LeaseLost:
            log.warning("job.lease_lost", job=claimed.id, attempt=claimed.attempt, changed="nothing")
        except Stopped:
            self._give_back(claimed)
        except Exception as error:  # process boundary: a defect must end in the job's row, not the worker
            log.exception("job.failed", job=claimed.id, kind=claimed.kind)
            self._end_after_defect(claimed, error)

    def _outcome(self, claimed: Claimed, pulse: Pulse) -> str:
        if claimed.kind in ("draft", "answer"):
            return self._draft(claimed, pulse) if claimed.kind == "draft" else self._answer(claimed, pulse)
        work = {
            maps.KIND: self._side.map,
            drawings.DRAW: self._side.draw,
            drawings.ROUND_TRIP: self._side.round_trip,
            labels.KIND: self._side.label,
        }[claimed.kind]
        return work(claimed, self._watch(pulse, claimed))

    def _draft(self, claimed: Claimed, pulse: Pulse) -> str:
        wanted = reports.begin_draft(self._db, claimed)
        if wanted is None:
            return "obsolete"
        started_at = datetime.now(UTC)
        try:
            seen = self._checked(wanted.film_path)
            watch = self._watch(pulse, claimed)
            draft = self._model.report(seen.check.codes, context=seen.context, on_step=watch, film=seen.film)
            codes, context = seen.check.codes, seen.context
            judged = examine(self._model, codes, context, draft, self._evidence_budget_s, watch)
            then_maps = self._maps_follow(codes, context)
        except Refused as refusal:
            return self._end_draft(claimed, refusal.code, refusal.sentence, excluded=True)
        except StoreError:
            raise  # the database, not the film: the attempt is repeated
        except UserFacingError as error:
            return self._end_draft(claimed, "film_unreadable", error.sentence, excluded=False)
        except EngineError as error:
            return self._end_draft(claimed, "model_failed", str(error), excluded=False)
        made = new_draft(self._model, wanted, seen, draft, judged, started_at)
        trip = self._model.evidence.round_trip if self._model.evidence is not None else None
        reports.finish_draft(
            self._db,
            claimed,
            made,
            counted=self._counted(draft),
            then_maps=then_maps,
            then_round_trip=trip is not None and trip.is_on,
        )
        log.info(
            "draft.made",
            job=claimed.id,
            film=mask(wanted.film_sop_instance_uid),
            decision="withheld" if made.withheld else "draft",
            guard=draft.guard.agreement if draft.guard else "none",
        )
        return "withheld" if made.withheld else "draft"

    def _maps_follow(self, codes: tuple[int, ...], context: str | None) -> bool:
        """Tell whether maps are made by themselves: they were measured for this model, and are quick enough here."""
        if self._model.evidence is None or self._model.evidence.maps is None:
            return False
        if self._maps_s is None:
            self._maps_s = map_seconds(self._model, codes, context)
            log.info("maps.estimated", seconds=round(self._maps_s, 2), budget=self._evidence_budget_s)
        return self._maps_s <= self._evidence_budget_s

    def _counted(self, draft: Draft) -> tuple[str, ...]:
        """Name the counters that a draft adds one to: how often this model and its guard go along."""
        if draft.guard is None:
            return ()
        return (guard_counter(draft.guard.agreement, self._model.bundle.manifest.weights_sha256),)

    def _end_draft(self, claimed: Claimed, code: str, sentence: str, *, excluded: bool) -> str:
        reports.end_draft(self._db, claimed, code=code, sentence=sentence, excluded=excluded)
        return f"{'excluded' if excluded else 'failed'}: {code}"

    def _answer(self, claimed: Claimed, pulse: Pulse) -> str:
        asked = questions.begin_answer(self._db, claimed)
        chunks = Chunks(lambda seq, text: questions.add_chunk(self._db, claimed, seq=seq, text=text))
        try:
            check, context = self._seen(asked.film_path)
            answer = self._model.answer(
                check.codes,
                asked.text,
                on_text=chunks.push,
                on_step=self._watch(pulse, claimed),
                context=context,
            )
        except Refused as refusal:
            return self._end_answer(claimed, refusal.code, refusal.sentence)
        except StoreError:
            raise
        except UserFacingError as error:
            return self._end_answer(claimed, "film_unreadable", error.sentence)
        except EngineError as error:
            return self._end_answer(claimed, "model_failed", str(error))
        manifest = self._model.bundle.manifest
        questions.finish_answer(
            self._db,
            claimed,
            text=answer.text,
            model_name=manifest.name,
            model_version=manifest.version,
        )
        return "answered"

    def _end_answer(self, claimed: Claimed, code: str, sentence: str) -> str:
        questions.answer_attempt_failed(self._db, claimed, code=code, sentence=sentence, final=True)
        return f"failed: {code}"

    def _checked(self, path: str) -> SeenFilm:
        """Read a received film and pass it through the input check; raise Refused where it isn't accepted."""
        dataset = imaging.read_dataset(self._objects.path(path))
        try:
            film, made = self._film(dataset)
        except FilmRefused as error:
            raise Refused("input_check", str(error)) from error
        check = self._model.check_film(film)
        if not check.accepted:
            raise Refused("input_check", check.reason)
        facts = read_facts(dataset)
        context = self._model.context(facts.view, facts.patient_age_years)
        self._recent[path] = check, context
        if len(self._recent) > FILMS_REMEMBERED:
            self._recent.popitem(last=False)
        return SeenFilm(check, context, film, made)

    def _seen(self, path: str) -> tuple[InputCheck, str | None]:
        """Give a film's check and context line; one of the last films, as after its draft, isn't encoded again."""
        if path not in self._recent:
            self._checked(path)
        self._recent.move_to_end(path)
        return self._recent[path]

    def film(self, path: str) -> Film:
        """Turn a file of the object store into the film the model sees, float32 [C, 256, 256].

        Raises ImagingError for pixels that can't be decoded, FilmRefused for what isn't a film.
        """
        return self._film(imaging.read_dataset(self._objects.path(path)))[0]

    def _film(self, dataset: Dataset) -> tuple[Film, FilmSeen]:
        pixels = imaging.stored(dataset)
        return film_and_seen(pixels.values, self._model.bundle.preprocessing, pixels.padding_mask)

    def _watch(self, pulse: Pulse, claimed: Claimed) -> Callable[[], None]:
        """Give what every token calls: a stop, a lost lease, or work that comes first ends the job in hand."""
        looked_at = time.monotonic()

        def on_step() -> None:
            nonlocal looked_at
            if self._stop.is_set():
                raise Stopped
            pulse.check()
            if claimed.priority < 0 and time.monotonic() - looked_at > _GIVE_WAY_S:
                looked_at = time.monotonic()
                if jobs.is_waiting_above(self._db, KINDS, claimed.priority):
                    raise Stopped

        return on_step

    def _bury_exhausted(self) -> None:
        """End the work of jobs whose every worker died."""
        sentence = (
            "The engine stopped in the middle of this work each time it was tried. "
            "See its log, then have the study sent again."
        )
        for dead in jobs.exhausted(self._db, KINDS):
            try:
                self._fail(dead, "engine_died", sentence)
            except LeaseLost:
                continue  # another worker was quicker
            log.error("job.exhausted", job=dead.id, kind=dead.kind, attempts=dead.attempt)

    def _give_back(self, claimed: Claimed) -> None:
        try:
            jobs.release(self._db, claimed)
            log.info("job.released", job=claimed.id)
        except Exception:  # process boundary: the worker is ending; the lease runs out instead
            log.exception("job.not_released", job=claimed.id)

    def _end_after_defect(self, claimed: Claimed, error: Exception) -> None:
        sentence = (
            f"The engine met an internal error ({type(error).__name__}). "
            "See its log, then have the study sent again."
        )
        try:
            self._fail(claimed, "internal", sentence)
        except LeaseLost:
            log.warning("job.lease_lost", job=claimed.id, attempt=claimed.attempt, changed="nothing")
        except Exception:  # process boundary: the database itself may be what failed; the lease then runs out
            log.exception("job.not_ended", job=claimed.id)

    def _fail(self, claimed: Claimed, code: str, sentence: str) -> bool:
        if claimed.kind == "draft":
            return reports.draft_attempt_failed(self._db, claimed, code=code, sentence=sentence)
        if claimed.kind != "answer":
            return self._side.attempt_failed(claimed, code=code, sentence=sentence, final=False)
        return questions.answer_attempt_failed(self._db, claimed, code=code, sentence=sentence, final=False)
