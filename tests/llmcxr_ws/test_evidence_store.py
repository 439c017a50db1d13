"""Maps, synthetic films and labels in the store: asked for, made by one engine, not by one that is too late."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select, update

from llmcxr_ws import jobs
from llmcxr_ws.domain import NewDrawing, NewMap
from llmcxr_ws.errors import StoreError
from llmcxr_ws.jobs import Claimed, LeaseLost
from llmcxr_ws.states import ReportState
from llmcxr_ws.store import drawings, labels, maps, questions, reports, studies, transitions
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Audit, Job, Report, SentenceMap
from llmcxr_ws.store.types import db_now
from tests.llmcxr_ws.world import arrive, claim, new_draft, settle

TEXT = "Pneumonia is present. Infiltration is present."
FIRST, SECOND = "Pneumonia is present.", "Infiltration is present."
MODEL = {"model_name": "tiny", "model_version": "1", "model_device_uid": "2.25.7"}


def drafted(db: Database, *, withheld: str = "", then_maps: bool = False, trip: bool = False) -> int:
    assert settle(db, arrive(db))
    claimed = claim(db)
    assert reports.begin_draft(db, claimed) is not None
    draft = new_draft(
        claimed,
        ai_text=TEXT,
        evidence={"ids": [5, 6], "context": "View: PA."},
        withheld=withheld,
        labels={"Pneumonia": "positive"},
        **MODEL,
    )
    return reports.finish_draft(db, claimed, draft, then_maps=then_maps, then_round_trip=trip)


def made(sentence: str) -> NewMap:
    return NewMap(sentence, 2, 2, (0.0, 1.0, 2.0, 3.0), {"seconds": 0.1})


def test_one_job_makes_the_maps_of_all_sentences(db: Database) -> None:
    report = drafted(db)
    asked = maps.ask(db, report, sentence=SECOND)
    assert (asked.state, asked.is_open) == ("asked", True)
    assert maps.ask(db, report, sentence=FIRST).state == "asked"
    claimed = claim(db, kind="map")
    wanted = maps.begin(db, claimed)
    assert (wanted.codes, wanted.ids, wanted.context) == ((1, 2, 3), (5, 6), "View: PA.")
    assert wanted.model_device_uid == "2.25.7"
    assert {row.state for row in maps.maps_of(db, report)} == {"computing"}
    maps.finish(db, claimed, [made(FIRST), made(SECOND)])
    found = maps.map_by_id(db, asked.id)
    assert (found.state, found.rows, found.columns, found.values) == ("ready", 2, 2, (0.0, 1.0, 2.0, 3.0))
    # A map that is there is given at once and asked of nobody.
    assert maps.ask(db, report, sentence=FIRST).state == "ready"
    assert jobs.claim(db, kinds=["map"], owner="one", lease_s=60) is None


def test_what_isnt_a_sentence_of_the_draft_has_no_map(db: Database) -> None:
    report = drafted(db)
    with pytest.raises(StoreError, match="Only a sentence that the AI wrote"):
        maps.ask(db, report, sentence="Fracture of a rib.")


def test_a_withheld_draft_has_no_maps_and_queues_none(db: Database) -> None:
    report = drafted(db, withheld="Too weak.", then_maps=True, trip=True)
    with pytest.raises(StoreError, match="withheld"):
        maps.ask(db, report, sentence=FIRST)
    assert jobs.claim(db, kinds=["map", "roundtrip"], owner="one", lease_s=60) is None


def test_maps_that_follow_a_draft_wait_and_come_to_the_front_when_asked_for(db: Database) -> None:
    report = drafted(db, then_maps=True)
    study = reports.report_by_id(db, report).study_id
    drawings.ask(db, study, user="anna", text="Normal.")
    assert jobs.is_waiting_above(db, ["map", "draw"], -5)
    maps.ask(db, report, sentence=FIRST)
    first = jobs.claim(db, kinds=["map", "draw"], owner="one", lease_s=60)
    assert first is not None and (first.kind, first.priority) == ("map", 9)
    assert not jobs.is_waiting_above(db, ["map", "draw"], first.priority)


def test_a_map_that_failed_can_be_asked_for_again(db: Database) -> None:
    report = drafted(db)
    row = maps.ask(db, report, sentence=FIRST)
    claimed = claim(db, kind="map")
    maps.begin(db, claimed)
    assert not maps.attempt_failed(db, claimed, code="other_model", sentence="Of another model.", final=True)
    failed = maps.map_by_id(db, row.id)
    assert (failed.state, failed.error_text) == ("failed", "Of another model.")
    assert maps.ask(db, report, sentence=FIRST).state == "asked"
    assert claim(db, kind="map").attempt == 1


def test_a_sentence_that_the_engine_didnt_find_ends_in_words(db: Database) -> None:
    report = drafted(db)
    row = maps.ask(db, report, sentence=SECOND)
    claimed = claim(db, kind="map")
    maps.begin(db, claimed)
    maps.finish(db, claimed, [made(FIRST)])
    found = maps.map_by_id(db, row.id)
    assert found.state == "failed" and "no such sentence" in found.error_text


def lose(db: Database, claimed: Claimed) -> None:
    """Let another engine take the job over."""
    with db.write() as session:
        session.execute(update(Job).where(Job.id == claimed.id).values(lease_until=db_now(-1)))
    assert jobs.claim(db, kinds=[claimed.kind], owner="two", lease_s=60) is not None


def test_an_engine_that_lost_its_lease_changes_nothing(db: Database) -> None:
    report = drafted(db)
    study = reports.report_by_id(db, report).study_id
    maps.ask(db, report, sentence=FIRST)
    drawing = drawings.ask(db, study, user="anna", text="Normal.")
    map_job, draw_job = claim(db, kind="map"), claim(db, kind="draw")
    maps.begin(db, map_job)
    drawings.begin(db, draw_job)
    lose(db, map_job)
    lose(db, draw_job)
    with pytest.raises(LeaseLost):
        maps.finish(db, map_job, [made(FIRST)])
    with pytest.raises(LeaseLost):
        drawings.finish(db, draw_job, NewDrawing(1, (1,), path="x", **MODEL))
    with pytest.raises(LeaseLost):
        drawings.note_share(db, draw_job, 0.5)
    with db.read() as session:
        assert all(not row.values for row in session.scalars(select(SentenceMap)))
    assert drawings.drawing(db, drawing).path == ""


def test_a_drawing_is_asked_for_drawn_and_kept_with_its_seed_and_model(db: Database) -> None:
    report = drafted(db)
    study = reports.report_by_id(db, report).study_id
    drawing = drawings.ask(db, study, user="anna", text=" Pneumonia. ", seed=4, report_id=report)
    claimed = claim(db, kind="draw")
    wanted = drawings.begin(db, claimed)
    assert (wanted.drawing_id, wanted.text, wanted.seed) == (drawing, "Pneumonia.", 4)
    drawings.note_share(db, claimed, 0.25)
    assert (drawings.drawing(db, drawing).state, drawings.drawing(db, drawing).share) == ("drawing", 0.25)
    drawings.finish(
        db, claimed, NewDrawing(4, (1, 2), path="drawings/a.png", sha256="ab", facts={"share": 1.0}, **MODEL)
    )
    row = drawings.drawing(db, drawing)
    assert (row.state, row.seed, row.path, row.model_name, row.share) == (
        "drawn",
        4,
        "drawings/a.png",
        "tiny",
        1.0,
    )
    assert row.drawn_at is not None
    assert [one.id for one in drawings.drawings_of(db, study)] == [drawing]


@pytest.mark.parametrize(
    ("text", "seed", "said"),
    [("  ", None, "0 characters"), ("x" * 2001, None, "2001 characters"), ("Normal.", -1, "seed -1")],
)
def test_a_drawing_of_nothing_or_too_much_is_refused(
    db: Database, text: str, seed: int | None, said: str
) -> None:
    study = reports.report_by_id(db, drafted(db)).study_id
    with pytest.raises(StoreError, match=said):
        drawings.ask(db, study, user="anna", text=text, seed=seed)


def test_a_drawing_that_failed_says_why(db: Database) -> None:
    study = reports.report_by_id(db, drafted(db)).study_id
    drawing = drawings.ask(db, study, user="anna", text="Normal.")
    claimed = claim(db, kind="draw")
    drawings.begin(db, claimed)
    assert drawings.attempt_failed(db, claimed, code="internal", sentence="It broke.", final=False)
    assert drawings.drawing(db, drawing).state == "asked"


def test_the_round_trip_follows_a_draft_behind_everything_else(db: Database) -> None:
    report = drafted(db, then_maps=True, trip=True)
    study = reports.report_by_id(db, report).study_id
    assert reports.report_by_id(db, report).evidence["ids"] == [5, 6]
    kinds = ["map", "draw", "roundtrip", "label"]
    assert claim(db, kind="map").priority == -5
    last = jobs.claim(db, kinds=kinds, owner="one", lease_s=60)
    assert last is not None and last.kind == "roundtrip"
    wanted = drawings.begin_round_trip(db, last)
    assert (wanted.text, wanted.codes, wanted.model_device_uid) == (TEXT, (1, 2, 3), "2.25.7")
    facts = {"score": -0.5, "advise_below": -0.4, "auroc": 0.65, "low": 0.6, "high": 0.7}
    drawings.finish(db, last, NewDrawing(1, (1,), facts=facts, **MODEL))
    found = drawings.round_trip_of(db, report)
    assert found is not None and (found.score, found.advise_below, found.low) == (-0.5, -0.4, 0.6)
    # It is no film for teaching.
    assert drawings.drawings_of(db, study) == []


def test_a_signed_report_is_read_by_the_labeler(db: Database) -> None:
    report_id = drafted(db)
    with db.write() as session:
        report = session.get(Report, report_id)
        assert report is not None and report.ai_labels == {"Pneumonia": "positive"}
        transitions.await_signature(session, report, "")
        transitions.sign_report(session, report, "anna", "No pneumonia.")
    claimed = claim(db, kind="label")
    assert labels.begin(db, claimed) == "No pneumonia."
    labels.finish(db, claimed, {"Pneumonia": "negative"})
    with db.read() as session:
        report = session.get(Report, report_id)
        assert report is not None and report.state == ReportState.SIGNED
        assert report.signed_labels == {"Pneumonia": "negative"}
    with pytest.raises(LeaseLost):
        labels.finish(db, claimed, {})


def answered(db: Database, study: int, answer: str) -> int:
    """Ask about the film and answer as an engine does; give the question's id."""
    question = questions.ask(db, study, user="anna", text="What is there?")
    claimed = claim(db, kind="answer")
    questions.begin_answer(db, claimed)
    questions.finish_answer(db, claimed, text=answer, model_name="tiny", model_version="1")
    return question


def signed(db: Database, report_id: int, text: str) -> dict[str, object]:
    """Sign a text; give the audit row's detail."""
    with db.write() as session:
        report = session.get_one(Report, report_id)
        transitions.await_signature(session, report, "")
        transitions.sign_report(session, report, "anna", text)
    with db.read() as session:
        row = session.scalars(select(Audit).where(Audit.event == "report.signed")).one()
        detail: dict[str, object] = json.loads(row.detail)
        return detail


def test_the_signatures_audit_row_names_the_answers_that_stand_in_the_text(db: Database) -> None:
    report = drafted(db)
    study = reports.report_by_id(db, report).study_id
    first = answered(db, study, "Yes, mild edema is present. It is on the left.")
    answered(db, study, "No effusion.")
    answered(db, study, FIRST)
    row = signed(db, report, f"{FIRST} Yes, mild edema is present. My own words.")
    assert row["answers"] == [first]
    kept = questions.question(db, first)
    assert (kept.model_name, kept.model_version, kept.answered_at is not None) == ("tiny", "1", True)
    # The words themselves stay out of the trail.
    assert "edema" not in json.dumps(row)


def test_a_text_without_answers_names_none(db: Database) -> None:
    report = drafted(db)
    answered(db, reports.report_by_id(db, report).study_id, "No effusion.")
    assert "answers" not in signed(db, report, TEXT)


def test_an_answer_that_came_is_a_change_of_its_study(db: Database) -> None:
    report = drafted(db)
    study = reports.report_by_id(db, report).study_id
    before = max(row.updated_seq for row in studies.worklist(db, since=0))
    answered(db, study, "No.")
    assert [row.id for row in studies.worklist(db, since=before)] == [study]
