"""Other studies of the same patient, for a film beside a film.

The same patient is the same Patient ID from issuers that don't contradict each other. Where birth date or sex
contradict, it is somebody else. Another name is borne, as after a marriage, where the birth date agrees; that it
is another one is said.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from llmcxr_ws.domain import OtherStudy
from llmcxr_ws.store import studies
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Study

_MOST = 20
_SETTLES = ("issuer_of_patient_id", "patient_birth_date", "patient_sex")


def studies_of_same_patient(db: Database, study_id: int) -> list[OtherStudy]:
    """Return the other studies of a study's patient, the latest first and 20 at most; none without a Patient ID."""
    with db.read() as session:
        return studies_of_same_patient_in(session, study_id)


def studies_of_same_patient_in(session: Session, study_id: int) -> list[OtherStudy]:
    """As :func:`studies_of_same_patient`, in the caller's transaction."""
    mine = studies.row_in(session, study_id).identity
    if not mine.patient_id.strip():
        return []
    ids = session.scalars(
        select(Study.id)
        .where(Study.patient_id == mine.patient_id, Study.id != study_id)
        .order_by(Study.study_date.desc(), Study.study_time.desc(), Study.id.desc())
    )
    found = []
    for row in (studies.row_in(session, other) for other in ids.all()):
        theirs = row.identity
        settled = {
            name
            for name in mine.differences(theirs)
            if name not in _SETTLES or (getattr(mine, name).strip() and getattr(theirs, name).strip())
        }
        has_other_name = "patient_name" in settled
        is_born_alike = bool(mine.patient_birth_date.strip() and theirs.patient_birth_date.strip())
        if settled & set(_SETTLES) or (has_other_name and not is_born_alike):
            continue
        instances = tuple(studies.instances_in(session, row.id))
        found.append(OtherStudy(row, instances, has_other_name))
        if len(found) == _MOST:
            break
    return found
