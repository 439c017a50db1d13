"""The worker on a real database, a real object store and real DICOM files."""

from __future__ import annotations

import hashlib
import logging
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid
from sqlalchemy import update

from engine.bundle import Bundle
from engine.model import Model
from engine.runtime.backend import Codes, Films, ImageBackend
from engine.runtime.rows import RowBatch
from engine.worker import KINDS, Worker
from engine.worker_pulse import CHUNK_PAUSE_S
from llmcxr_ws import jobs
from llmcxr_ws.domain import Arrival, Identity, QuestionRow, StudyRow
from llmcxr_ws.imaging import displayed, read_dataset, stored_table
from llmcxr_ws.seen import FilmSeen
from llmcxr_ws.states import ReportState, StudyState
from llmcxr_ws.store import audit, questions, reports, services, studies
from llmcxr_ws.store.models import AnswerChunk, Job
from llmcxr_ws.store.types import db_now
from llmcxr_ws.workplace import Workplace
from tests.engine.factories import chest_pixels, make_bundle
from tests.engine.test_generation import said

MARKER = "MARKERNAME^TEST"


@pytest.fixture
def workplace(tmp_path: Path) -> Iterator[Workplace]:
    opened = Workplace.open(tmp_path / "home", upgrade=True)
    yield opened
    opened.close()


class Speaking(RowBatch):
    """A language model that says one text, calling `on_call` with the number of each run."""

    def __init__(self, bundle: Bundle, text: str, on_call: Callable[[int], None] = lambda call: None) -> None:
        super().__init__(bundle.vocabulary.size, 900)
        self._script: Sequence[int] = said(bundle.vocabulary, text)
        self._on_call = on_call
        self._calls = 0

    def _allocate(self, rows: int) -> None:
        pass

    def _run(self, ids: NDArray[np.int64], write: NDArray[np.int64], keep: int) -> NDArray[np.float32]:
        if ids.shape[1] > 1:
            self._calls = 0
        self._on_call(self._calls)
        logits = np.zeros((len(ids), keep, self.vocabulary_size), dtype=np.float32)
        logits[:, :, self._script[self._calls]] = 20.0
        self._calls += 1
        return logits


class Counting:
    """A film tokenizer that counts how often it encodes."""

    def __init__(self, images: ImageBackend) -> None:
        self._images, self.encoded = images, 0
        self.arithmetic = images.arithmetic

    def encode(self, films: Films) -> Codes:
        self.encoded += 1
        return self._images.encode(films)

    def decode(self, codes: Codes) -> Films:
        return self._images.decode(codes)


def speaking(model: Model, text: str, on_call: Callable[[int], None] = lambda call: None) -> Model:
    return Model(model.bundle, replace(model.backends, language=Speaking(model.bundle, text, on_call)))


def film_file(
    path: Path,
    pixels: NDArray[np.uint8] | None,
    photometric: str = "MONOCHROME2",
    view: str = "",
    age: str = "",
) -> Dataset:
    """Write a DX file of 8-bit pixels, or one without pixel data."""
    ds = Dataset()
    ds.SOPClassUID = DigitalXRayImageStorageForPresentation
    ds.SOPInstanceUID = generate_uid()
    ds.StudyInstanceUID = generate_uid()
    ds.SeriesInstanceUID = generate_uid()
    ds.PatientName, ds.PatientID, ds.Modality = MARKER, "MARKERID", "DX"
    ds.ViewPosition, ds.PatientAge = view, age
    ds.PhotometricInterpretation, ds.SamplesPerPixel = photometric, 1
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    if pixels is not None:
        ds.Rows, ds.Columns = pixels.shape
        ds.PixelData = pixels.tobytes()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.save_as(path, enforce_file_format=True)
    return ds


def send(
    workplace: Workplace,
    pixels: NDArray[np.uint8] | None,
    damage: bool = False,
    view: str = "",
    age: str = "",
) -> int:
    """Put a film where the node would, complete its study and queue its draft; give the study's id."""
    spooled = workplace.objects.spool_file()
    ds = film_file(spooled, pixels, view=view, age=age)
    if damage:
        spooled.write_bytes(spooled.read_bytes()[:-5000])
    data = spooled.read_bytes()
    arrival = Arrival(
        study_instance_uid=ds.StudyInstanceUID,
        series_instance_uid=ds.SeriesInstanceUID,
        sop_instance_uid=ds.SOPInstanceUID,
        sop_class_uid=ds.SOPClassUID,
        transfer_syntax_uid=ds.file_meta.TransferSyntaxUID,
        path=workplace.objects.keep(spooled, ds.SOPInstanceUID),
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        identity=Identity(patient_name=MARKER, patient_id="MARKERID"),
    )
    recorded = studies.record_arrival(workplace.db, arrival)
    due = next(study for study in studies.due_studies(workplace.db) if study.id == recorded.study_id)
    assert studies.settle_film(workplace.db, due, ds.SOPInstanceUID)
    return recorded.study_id


def worker(workplace: Workplace, model: Model, lease_s: float = 30.0) -> Worker:
    return Worker(workplace.db, workplace.objects, model, lease_s=lease_s, poll_s=0.05)


def study(workplace: Workplace, study_id: int) -> StudyRow:
    return studies.study_row(workplace.db, study_id)


def expire_leases(workplace: Workplace) -> None:
    with workplace.db.write() as session:
        session.execute(update(Job).where(Job.state == "running").values(lease_until=db_now(-1)))


def ask(workplace: Workplace, study_id: int, text: str) -> Callable[[], QuestionRow]:
    question_id = questions.ask(workplace.db, study_id, user="reader", text=text)
    return lambda: questions.question(workplace.db, question_id)


def test_a_film_becomes_a_draft_in_the_models_own_words(workplace: Workplace, model: Model) -> None:
    pixels = chest_pixels(seed=3)
    study_id = send(workplace, pixels)
    assert worker(workplace, model).run(once=True) == 1
    row = study(workplace, study_id)
    assert row.state == StudyState.DRAFTED
    report = reports.current_report(workplace.db, study_id)
    assert report is not None and report.state == ReportState.DRAFT
    codes = model.encode(film_of(pixels, model))
    expected = model.report(codes)
    assert (report.ai_text, report.codes, report.confidence) == (expected.text, codes, expected.confidence)
    assert report.model_device_uid == model.bundle.device_uid
    assert report.film_sop_instance_uid == row.film_sop_instance_uid
    assert report.evidence["ids"] == list(expected.ids)
    assert report.evidence["machine"] == socket.gethostname()
    assert jobs.waiting(workplace.db) == {"done": 1}
    assert audit.verify(workplace.db)[1] is None


def test_a_draft_keeps_how_its_film_was_made(workplace: Workplace, model: Model) -> None:
    pixels = chest_pixels(seed=3)
    study_id = send(workplace, pixels)
    worker(workplace, model).run(once=True)
    report = reports.current_report(workplace.db, study_id)
    assert report is not None
    seen = FilmSeen.from_evidence(report.evidence)
    assert seen is not None
    (instance,) = studies.instances_of(workplace.db, study_id)
    ds = read_dataset(workplace.objects.path(instance.path))
    image = displayed(ds)
    expected = np.rint((film_of(pixels, model)[0] + 1) * 127.5).astype(np.uint8)
    assert np.array_equal(seen.picture(image, stored_table(ds, image)[0]), expected)


@pytest.fixture(scope="session")
def telling(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A tiny bundle whose prompts hold view and age band, as its manifest says."""
    folder = make_bundle(tmp_path_factory.mktemp("bundles") / "telling", context=True)
    return Model.open(folder, threads=1)


def test_view_and_age_band_are_told_where_the_bundle_was_trained_with_them(
    workplace: Workplace, model: Model, telling: Model
) -> None:
    pixels = chest_pixels(seed=3)
    codes = model.encode(film_of(pixels, model))
    line = "View: PA. Age: 60 years or more."
    assert telling.report(codes, context=line).ids != telling.report(codes).ids
    for used, context in ((telling, line), (model, None)):
        study_id = send(workplace, pixels, view="PA", age="071Y")
        worker(workplace, used).run(once=True)
        report = reports.current_report(workplace.db, study_id)
        assert report is not None and report.evidence["context"] == context
        assert report.evidence["ids"] == list(used.report(codes, context=context).ids)
        answered = ask(workplace, study_id, "What is seen?")
        worker(workplace, used).run(once=True)
        assert answered().answer == used.answer(codes, "What is seen?", context=context).text
    # A film whose header tells neither: the prompt says so, as in training.
    study_id = send(workplace, pixels)
    worker(workplace, telling).run(once=True)
    report = reports.current_report(workplace.db, study_id)
    assert report is not None and report.evidence["context"] == "Age: not known."


def film_of(pixels: NDArray[np.uint8], model: Model) -> NDArray[np.float32]:
    from engine.preprocess import film_from_array

    return film_from_array(pixels, model.bundle.preprocessing, source="file")


def test_monochrome1_gives_the_film_of_monochrome2(
    workplace: Workplace, model: Model, tmp_path: Path
) -> None:
    pixels = chest_pixels(seed=4)
    engine = worker(workplace, model)
    film_file(workplace.objects.root / "bright.dcm", pixels)
    film_file(workplace.objects.root / "dark.dcm", 255 - pixels, "MONOCHROME1")
    assert np.array_equal(engine.film("bright.dcm"), engine.film("dark.dcm"))
    assert np.array_equal(engine.film("bright.dcm"), film_of(pixels, model))


@pytest.mark.parametrize(
    ("pixels", "reason"),
    [
        pytest.param(np.full((300, 300), 7, dtype=np.uint8), "nothing to read", id="blank"),
        pytest.param(
            np.random.default_rng(1).integers(0, 256, (300, 300), dtype=np.uint8), "radiograph", id="noise"
        ),
        pytest.param(255 - chest_pixels(), "polarity", id="inverted"),
        pytest.param(chest_pixels(height=100, width=90), "short side", id="small"),
    ],
)
def test_what_the_input_check_refuses_is_excluded_with_a_sentence(
    workplace: Workplace, model: Model, pixels: NDArray[np.uint8], reason: str
) -> None:
    study_id = send(workplace, pixels)
    after = send(workplace, chest_pixels())
    assert worker(workplace, model).run(once=True) == 2
    row = study(workplace, study_id)
    assert (row.state, row.reason_code) == (StudyState.EXCLUDED, "input_check")
    assert reason in row.reason
    assert study(workplace, after).state == StudyState.DRAFTED


@pytest.mark.parametrize(
    ("pixels", "damage", "reason"),
    [(None, False, "no pixel data"), (chest_pixels(), True, "cut short")],
    ids=["without pixels", "truncated"],
)
def test_unreadable_films_fail_with_a_sentence_and_stop_nothing(
    workplace: Workplace, model: Model, pixels: NDArray[np.uint8] | None, damage: bool, reason: str
) -> None:
    study_id = send(workplace, pixels, damage)
    after = send(workplace, chest_pixels())
    worker(workplace, model).run(once=True)
    row = study(workplace, study_id)
    assert (row.state, row.reason_code) == (StudyState.FAILED, "film_unreadable")
    assert reason in row.reason
    assert study(workplace, after).state == StudyState.DRAFTED


def test_a_model_without_a_word_fails_the_study(workplace: Workplace, model: Model) -> None:
    study_id = send(workplace, chest_pixels())
    worker(workplace, speaking(model, "")).run(once=True)
    row = study(workplace, study_id)
    assert (row.state, row.reason_code) == (StudyState.FAILED, "model_failed")
    assert "without a word" in row.reason
    assert reports.current_report(workplace.db, study_id) is None


def test_a_withheld_draft_is_kept_as_withheld(workplace: Workplace, model: Model) -> None:
    study_id = send(workplace, chest_pixels())
    worker(workplace, speaking(model, "Compared with ___.")).run(once=True)
    report = reports.current_report(workplace.db, study_id)
    assert report is not None and report.state == ReportState.WITHHELD
    assert "de-identified" in report.reason
    assert report.ai_text == "Compared with ___."


@pytest.mark.allow_log("job.failed")
def test_a_defect_is_tried_again_and_ends_in_a_sentence(
    workplace: Workplace, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "RETRY_PAUSE_S", 0.01)

    def defect(call: int) -> None:
        raise ZeroDivisionError("a defect")

    study_id = send(workplace, chest_pixels())
    engine = worker(workplace, speaking(model, "text", defect))
    taken = 0
    while taken < 3:
        assert study(workplace, study_id).state != StudyState.FAILED
        taken += engine.run(once=True)
        time.sleep(0.06)
    assert engine.run(once=True) == 0
    row = study(workplace, study_id)
    assert (row.state, row.reason_code) == (StudyState.FAILED, "internal")
    assert "ZeroDivisionError" in row.reason
    assert jobs.waiting(workplace.db) == {"dead": 1}


@pytest.mark.allow_log("job.lease_lost")
def test_a_worker_that_outlived_its_lease_changes_nothing(
    workplace: Workplace, model: Model, caplog: pytest.LogCaptureFixture
) -> None:
    study_id = send(workplace, chest_pixels())
    taken: list[jobs.Claimed] = []

    def somebody_else_takes_over(call: int) -> None:
        if call == 2:
            expire_leases(workplace)
            other = jobs.claim(workplace.db, kinds=KINDS, owner="other", lease_s=60)
            assert other is not None
            taken.append(other)

    worker(workplace, speaking(model, "Old words.", somebody_else_takes_over)).run(once=True)
    assert "job.lease_lost" in caplog.text
    assert study(workplace, study_id).state == StudyState.DRAFTING
    assert reports.current_report(workplace.db, study_id) is None
    assert jobs.heartbeat(workplace.db, taken[0], 60)
    assert jobs.waiting(workplace.db) == {"running": 1}


def test_the_lease_is_renewed_while_the_model_works(workplace: Workplace, model: Model) -> None:
    study_id = send(workplace, chest_pixels())

    calls: list[int] = []

    def slow(call: int) -> None:
        time.sleep(0.2)
        calls.append(call)
        assert jobs.claim(workplace.db, kinds=KINDS, owner="other", lease_s=60) is None

    worker(workplace, speaking(model, "The lungs are clear. " * 2, slow), lease_s=1.0).run(once=True)
    assert len(calls) * 0.2 > 2.0
    assert study(workplace, study_id).state == StudyState.DRAFTED
    report = reports.current_report(workplace.db, study_id)
    assert report is not None and report.version == 1


def test_a_stopped_worker_gives_its_job_back(workplace: Workplace, model: Model) -> None:
    study_id = send(workplace, chest_pixels())
    engine = worker(workplace, model)

    def stop(call: int) -> None:
        if call == 1:
            engine.stop()

    engine = worker(workplace, speaking(model, "some words", stop))
    assert engine.run() == 1
    assert jobs.waiting(workplace.db) == {"queued": 1}
    assert services.running(workplace.db) == []
    assert worker(workplace, model).run(once=True) == 1
    assert study(workplace, study_id).state == StudyState.DRAFTED


@pytest.mark.allow_log("job.exhausted")
def test_a_job_whose_workers_all_died_ends_in_a_sentence(workplace: Workplace, model: Model) -> None:
    study_id = send(workplace, chest_pixels())
    for attempt in range(3):
        claimed = jobs.claim(workplace.db, kinds=KINDS, owner=f"dead{attempt}", lease_s=60)
        assert claimed is not None
        assert reports.begin_draft(workplace.db, claimed) is not None
        expire_leases(workplace)
    assert worker(workplace, model).run(once=True) == 0
    row = study(workplace, study_id)
    assert (row.state, row.reason_code) == (StudyState.FAILED, "engine_died")
    assert "stopped in the middle" in row.reason


@pytest.mark.allow_log("engine.database_failed")
def test_a_database_that_does_not_answer_is_asked_again(
    workplace: Workplace, model: Model, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    study_id = send(workplace, chest_pixels())
    engine = worker(workplace, speaking(model, "Clear.", lambda call: engine.stop() if call == 3 else None))
    claim, tries = jobs.claim, []

    def failing_at_first(*args: object, **kwargs: object) -> jobs.Claimed | None:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("the disk is away")
        return claim(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs, "claim", failing_at_first)
    with pytest.raises(OSError, match="the disk is away"):
        engine.run(once=True)
    tries.clear()
    engine.run()
    assert sum("engine.database_failed" in str(record.msg) for record in caplog.records) == 2
    assert len(tries) == 2
    assert study(workplace, study_id).state == StudyState.DRAFTING


def test_a_question_is_answered_in_streamed_pieces(workplace: Workplace, model: Model) -> None:
    study_id = send(workplace, chest_pixels())
    worker(workplace, model).run(once=True)
    answered = ask(workplace, study_id, "Is there a pneumonia?")
    seen: list[str] = []

    def slowly(call: int) -> None:
        time.sleep(CHUNK_PAUSE_S / 2)
        seen.append(answered().answer)

    text = "There is no pneumonia on this film."
    worker(workplace, speaking(model, text, slowly)).run(once=True)
    row = answered()
    assert (row.state, row.answer) == ("answered", text)
    assert row.model_name == "tiny"
    growing = sorted(set(seen), key=len)
    assert len(growing) >= 4
    assert all(text.startswith(piece) for piece in growing)
    with workplace.db.read() as session:
        pieces = session.query(AnswerChunk).count()
    assert pieces <= len(seen) / 2 + 2


def test_questions_after_a_draft_dont_encode_the_film_again(workplace: Workplace, model: Model) -> None:
    study_id = send(workplace, chest_pixels())
    images = Counting(model.backends.images)
    counted = Model(model.bundle, replace(model.backends, images=images))
    engine = worker(workplace, counted)
    engine.run(once=True)
    assert images.encoded == 1
    answers = [ask(workplace, study_id, question) for question in ("What is there?", "Is there an effusion?")]
    engine.run(once=True)
    assert [row().state for row in answers] == ["answered", "answered"]
    assert images.encoded == 1
    later = ask(workplace, study_id, "What is there?")
    worker(workplace, counted).run(once=True)
    assert (later().state, images.encoded) == ("answered", 2)


@pytest.mark.parametrize(
    ("question", "said", "reason"),
    [
        ("Is there a pneumothorax?", "yes", "speaks only of"),
        ("What is there?", "as on ___", "de-identified"),
        ("What is there?", "", "without a word"),
    ],
)
def test_a_question_that_gets_no_answer_ends_with_a_sentence(
    workplace: Workplace, model: Model, question: str, said: str, reason: str
) -> None:
    study_id = send(workplace, chest_pixels())
    worker(workplace, model).run(once=True)
    answered = ask(workplace, study_id, question)
    worker(workplace, speaking(model, said)).run(once=True)
    row = answered()
    assert row.state == "failed"
    assert reason in row.error_text
    assert study(workplace, study_id).state == StudyState.DRAFTED


def test_the_engine_shows_that_it_runs(workplace: Workplace, model: Model) -> None:
    send(workplace, chest_pixels())
    seen: list[services.ServiceRow] = []
    speaker = speaking(model, "word", lambda call: seen.extend(services.running(workplace.db)))
    worker(workplace, speaker).run(once=True)
    assert seen[0].kind == "engine"
    assert seen[0].detail["model_name"] == "tiny"
    assert seen[0].detail["model_device_uid"] == model.bundle.device_uid
    assert services.running(workplace.db) == []


def test_the_log_names_no_patient(
    workplace: Workplace, model: Model, caplog: pytest.LogCaptureFixture
) -> None:
    study_id = send(workplace, chest_pixels())
    send(workplace, None)
    with caplog.at_level(logging.DEBUG):
        worker(workplace, model).run(once=True)
    assert "draft.made" in caplog.text
    film = study(workplace, study_id).film_sop_instance_uid
    assert not any(secret in caplog.text for secret in ("MARKERNAME", "MARKERID", film))
