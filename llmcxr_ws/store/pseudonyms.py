"""The key table of de-identification: whose pseudonym is whose, sealed under the de-identification key.

A row is written when a pseudonym is first given. Reading the table back is an administrator's act, and leaves a row
in the audit trail before anything is shown.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from sqlalchemy import Select, func, select

from llmcxr_ws.domain import Identity
from llmcxr_ws.errors import AccessError
from llmcxr_ws.store import audit
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import Pseudonym

_NONCE: Final = 12


@dataclass(frozen=True)
class Given:
    """One pseudonym and whose it is."""

    project: str
    pseudonym: str
    patient_id: str
    issuer_of_patient_id: str
    patient_name: str
    patient_birth_date: str
    first_at: datetime


def any_given(db: Database) -> bool:
    """Whether any pseudonym was given so far."""
    with db.read() as session:
        return bool(session.scalar(select(func.count(Pseudonym.id))))


def note(db: Database, secret: bytes, project: str, pseudonym: str, identity: Identity) -> None:
    """Write down whose pseudonym it is, once."""
    with db.read() as session:
        if session.scalar(_of(project, pseudonym)) is not None:
            return
    whose = json.dumps(
        [
            identity.patient_id,
            identity.issuer_of_patient_id,
            identity.patient_name,
            identity.patient_birth_date,
        ],
        ensure_ascii=False,
    )
    nonce = os.urandom(_NONCE)
    sealed = nonce + _cipher(secret).encrypt(nonce, whose.encode(), _bound(project, pseudonym))
    with db.write() as session:
        if session.scalar(_of(project, pseudonym)) is None:
            session.add(Pseudonym(project=project, pseudonym=pseudonym, sealed=sealed))


def key_table(db: Database, secret: bytes, project: str, *, by: str, reason: str) -> list[Given]:
    """The whole table of a project; an audit row says who read it and why.

    Raises
    ------
    AccessError
        A row can't be opened: the key is another one.
    """
    with db.write() as session:
        rows = session.scalars(
            select(Pseudonym).where(Pseudonym.project == project).order_by(Pseudonym.pseudonym)
        ).all()
        audit.append(
            session,
            actor=by,
            event="deidentify.key_table_read",
            project=project,
            rows=len(rows),
            reason=reason,
        )
    return [_open(secret, row) for row in rows]


def _open(secret: bytes, row: Pseudonym) -> Given:
    try:
        nonce, sealed = row.sealed[:_NONCE], row.sealed[_NONCE:]
        whose = json.loads(_cipher(secret).decrypt(nonce, sealed, _bound(row.project, row.pseudonym)))
    except (InvalidTag, ValueError) as error:
        raise AccessError(
            "The key table can't be opened with this key of de-identification.",
            what_to_do="Restore deidentify.key from a backup of the same time.",
        ) from error
    patient_id, issuer, name, birth_date = whose
    return Given(row.project, row.pseudonym, patient_id, issuer, name, birth_date, row.first_at)


def _of(project: str, pseudonym: str) -> Select[int]:
    return select(Pseudonym.id).where(Pseudonym.project == project, Pseudonym.pseudonym == pseudonym)


def _bound(project: str, pseudonym: str) -> bytes:
    return f"{project}\0{pseudonym}".encode()


def _cipher(secret: bytes) -> ChaCha20Poly1305:
    return ChaCha20Poly1305(hmac.new(secret, b"key table", hashlib.sha256).digest())
