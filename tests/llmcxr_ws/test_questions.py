"""Questions, answers while they grow, and how they end."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from llmcxr_ws import jobs, reading
from llmcxr_ws.domain import QuestionRow
from llmcxr_ws.errors import StoreError
from llmcxr_ws.jobs import Claimed, LeaseLost
from llmcxr_ws.store import questions, studies
from llmcxr_ws.store.database import Database
from tests.llmcxr_ws.world import age_leases, arrive, claim, drafted, due_now, due_study, execute


@pytest.fixture
def asked(db: Database) -> int:
    """A question about a drafted study."""
    return reading.ask(db, drafted(db), user="ruth", text="  Is there\n an effusion? ")


def take(db: Database, owner: str = "worker") -> Claimed:
    return claim(db, owner, kind="answer")


def finish(db: Database, claimed: Claimed, answer: str = "Yes.") -> None:
    questions.finish_answer(db, claimed, text=answer, model_name="demo", model_version="1")


def chunks(db: Database) -> int:
    with db.read() as session:
        return int(session.execute(text("SELECT count(*) FROM answer_chunk")).scalar_one())


def found(db: Database, question_id: int) -> QuestionRow:
    return reading.question(db, question_id)


def test_a_question_is_asked(db: Database, asked: int) -> None:
    row = found(db, asked)
    assert (row.text, row.user, row.state, row.answer) == ("Is there an effusion?", "ruth", "asked", "")
    wanted = questions.begin_answer(db, take(db))
    assert (wanted.question_id, wanted.text) == (asked, "Is there an effusion?")
    assert wanted.film_path == "received/01/1.dcm"


def test_an_answer_grows_and_ends(db: Database, asked: int) -> None:
    claimed = take(db)
    questions.begin_answer(db, claimed)
    for seq, piece in enumerate(("There ", "is ", "none.")):
        questions.add_chunk(db, claimed, seq=seq, text=piece)
    row = found(db, asked)
    assert (row.state, row.answer) == ("answering", "There is none.")
    finish(db, claimed, "There is none.")
    row = found(db, asked)
    assert (row.state, row.answer, row.model_name) == ("answered", "There is none.", "demo")
    assert row.answered_at is not None and row.answered_at >= row.asked_at
    assert chunks(db) == 0
    assert questions.questions_of(db, row.study_id) == [row]


def test_the_pieces_of_a_dead_attempt_are_forgotten(db: Database, asked: int) -> None:
    first = take(db, "first")
    questions.begin_answer(db, first)
    questions.add_chunk(db, first, seq=0, text="Half of")
    age_leases(db)
    second = take(db, "second")
    with pytest.raises(LeaseLost):
        questions.add_chunk(db, first, seq=1, text=" a lie")
    with pytest.raises(LeaseLost):
        finish(db, first, "A lie.")
    questions.begin_answer(db, second)
    assert found(db, asked).answer == ""
    questions.add_chunk(db, second, seq=0, text="The truth")
    assert found(db, asked).answer == "The truth"
    finish(db, second, "The truth.")
    assert found(db, asked).answer == "The truth."


def test_a_question_that_cannot_be_answered_says_so(db: Database, asked: int) -> None:
    outcomes = []
    for _ in range(3):
        claimed = take(db)
        questions.begin_answer(db, claimed)
        outcomes.append(
            questions.answer_attempt_failed(
                db, claimed, code="oom", sentence="Too little memory.", final=False
            )
        )
        due_now(db, "job")
    assert outcomes == [True, True, False]
    row = found(db, asked)
    assert (row.state, row.error_text, row.answer) == ("failed", "Too little memory.", "")


def test_a_final_failure_is_not_tried_again(db: Database, asked: int) -> None:
    claimed = take(db)
    questions.begin_answer(db, claimed)
    assert not questions.answer_attempt_failed(db, claimed, code="blank", sentence="Blank.", final=True)
    assert found(db, asked).state == "failed"
    assert jobs.waiting(db) == {"dead": 1, "done": 1}


@pytest.mark.parametrize("words", ["", "  \n ", "x" * 501])
def test_a_question_too_short_or_too_long(db: Database, words: str) -> None:
    with pytest.raises(StoreError, match="characters was refused"):
        reading.ask(db, drafted(db), user="ruth", text=words)


def test_no_question_about_a_film_that_the_model_may_not_read(db: Database) -> None:
    study_id = arrive(db)
    with pytest.raises(StoreError, match="no film that the model may read"):
        reading.ask(db, study_id, user="ruth", text="Why?")
    studies.settle_without_film(
        db, due_study(db, study_id), code="lateral", sentence="Only laterals.", failed=False
    )
    with pytest.raises(StoreError, match="Only laterals"):
        reading.ask(db, study_id, user="ruth", text="Why?")
    other = drafted(db, 2)
    execute(db, "UPDATE study SET state = 'excluded', reason = 'Blank.' WHERE id = :id", id=other)
    with pytest.raises(StoreError, match="Blank"):
        reading.ask(db, other, user="ruth", text="Why?")


def test_questions_go_before_drafts(db: Database) -> None:
    study_id = drafted(db)
    arrive(db, 2)
    studies.settle_film(
        db, studies.due_studies(db)[0], studies.due_studies(db)[0].instances[0].sop_instance_uid
    )
    reading.ask(db, study_id, user="ruth", text="Why?")
    first = jobs.claim(db, kinds=("draft", "answer"), owner="w", lease_s=10)
    assert first is not None and first.kind == "answer"


def test_a_question_that_is_not_there(db: Database) -> None:
    with pytest.raises(StoreError, match="no question with id 5"):
        reading.question(db, 5)
