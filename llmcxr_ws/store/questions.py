"""Questions about a film, their answers while they are written, and the ended ones."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from llmcxr_ws import jobs
from llmcxr_ws.domain import QuestionRow
from llmcxr_ws.errors import StoreError
from llmcxr_ws.jobs import Claimed
from llmcxr_ws.states import StudyState
from llmcxr_ws.store import audit, transitions
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import AnswerChunk, Instance, Question
from llmcxr_ws.store.studies import get_study
from llmcxr_ws.store.types import db_now

MAX_LENGTH = 500


@dataclass(frozen=True)
class QuestionInput:
    """What an engine needs to answer."""

    question_id: int
    text: str
    film_sop_instance_uid: str
    film_path: str


def ask(db: Database, study_id: int, *, user: str, text: str) -> int:
    """Queue a question about the study's film; give the question's id.

    Raises
    ------
    StoreError
        The question is empty or too long, or the study has no film that the model may read.
    """
    text = " ".join(text.split())
    if not 1 <= len(text) <= MAX_LENGTH:
        raise StoreError(
            f"A question of {len(text)} characters was refused.",
            what_to_do=f"Ask in 1 to {MAX_LENGTH} characters.",
        )
    with db.write() as session:
        study = get_study(session, study_id)
        if not study.film_sop_instance_uid or study.state in (StudyState.EXCLUDED, StudyState.FAILED):
            raise StoreError("The study has no film that the model may read.", what_to_do=study.reason)
        question = Question(study_id=study_id, user=user, text=text)
        session.add(question)
        session.flush()
        jobs.enqueue(
            session,
            kind="answer",
            study_id=study_id,
            input_key=hashlib.sha256(f"question {question.id}".encode()).hexdigest(),
            payload={"question": question.id, "film": study.film_sop_instance_uid},
            priority=10,  # a person is waiting
        )
        audit.append(session, actor=user, event="question.asked", study_id=study_id, question=question.id)
        return question.id


def ask_again(session: Session, question_id: int) -> None:
    """Let a question wait for an answer again after its job was queued afresh."""
    session.execute(
        update(Question)
        .where(Question.id == question_id)
        .values(state="asked", error_text="", answered_at=None)
    )


def begin_answer(db: Database, claimed: Claimed) -> QuestionInput:
    """Say what is asked and of which film; forget the pieces of an attempt that died."""
    with db.write() as session:
        jobs.require_ours(session, claimed)
        question = session.get(Question, int(claimed.payload["question"]))
        film = str(claimed.payload["film"])
        path = session.scalar(select(Instance.path).where(Instance.sop_instance_uid == film))
        if question is None or path is None:
            raise StoreError(f"Job {claimed.id} speaks of a question or film that isn't there.")
        question.state = "answering"
        _forget_chunks(session, question.id)
        return QuestionInput(question.id, question.text, film, path)


def add_chunk(db: Database, claimed: Claimed, *, seq: int, text: str) -> None:
    """Append a piece of the answer; five to ten a second at most."""
    with db.write(ordered=False) as session:
        jobs.require_ours(session, claimed)
        session.add(
            AnswerChunk(
                question_id=int(claimed.payload["question"]), attempt=claimed.attempt, seq=seq, text=text
            )
        )


def finish_answer(db: Database, claimed: Claimed, *, text: str, model_name: str, model_version: str) -> None:
    """Write the whole answer and end its job."""
    with jobs.finishing(db, claimed) as session:
        _end(
            session,
            claimed,
            state="answered",
            answer=text,
            model_name=model_name,
            model_version=model_version,
        )


def answer_attempt_failed(db: Database, claimed: Claimed, *, code: str, sentence: str, final: bool) -> bool:
    """Try again later, or end the question with its sentence; True when it will be tried again."""
    return jobs.attempt_failed(
        db,
        claimed,
        code=code,
        sentence=sentence,
        final=final,
        ended=lambda session: _end(session, claimed, state="failed", error_text=sentence),
    )


def questions_of(db: Database, study_id: int) -> list[QuestionRow]:
    """A study's questions, oldest first; an answer in the making shows what there is of it."""
    with db.read() as session:
        rows = session.scalars(
            select(Question).where(Question.study_id == study_id).order_by(Question.id)
        ).all()
        return [_row(session, row) for row in rows]


def question(db: Database, question_id: int) -> QuestionRow:
    """One question."""
    with db.read() as session:
        row = session.get(Question, question_id)
        if row is None:
            raise StoreError(f"There is no question with id {question_id}.")
        return _row(session, row)


def _row(session: Session, row: Question) -> QuestionRow:
    answer = row.answer
    if row.state == "answering":
        chunks = session.scalars(
            select(AnswerChunk)
            .where(AnswerChunk.question_id == row.id)
            .order_by(AnswerChunk.attempt, AnswerChunk.seq)
        ).all()
        latest = max((chunk.attempt for chunk in chunks), default=0)
        answer = "".join(chunk.text for chunk in chunks if chunk.attempt == latest)
    return QuestionRow(
        id=row.id,
        study_id=row.study_id,
        user=row.user,
        text=row.text,
        state=row.state,
        answer=answer,
        error_text=row.error_text,
        model_name=row.model_name,
        model_version=row.model_version,
        asked_at=row.asked_at,
        answered_at=row.answered_at,
    )


def _forget_chunks(session: Session, question_id: int) -> None:
    session.execute(delete(AnswerChunk).where(AnswerChunk.question_id == question_id))


def _end(session: Session, claimed: Claimed, **values: str) -> None:
    question_id = int(claimed.payload["question"])
    _forget_chunks(session, question_id)
    transitions.touch(session, get_study(session, claimed.study_id))
    session.execute(update(Question).where(Question.id == question_id).values(answered_at=db_now(), **values))
