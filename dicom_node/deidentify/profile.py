"""One project's profile: which options hold, and the key from which pseudonyms, UIDs and dates follow.

Everything is an HMAC of what it replaces under the project's key: the same patient has the same pseudonym in every
study of a project, another one in every other project, and who doesn't hold the key can't make either.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from pydicom.dataset import Dataset

from llmcxr_ws.deidentification import check_options

_DIGITS: Final = 10
_MOST_DAYS: Final = 3650
_LEAST_DAYS: Final = 30


@dataclass(frozen=True)
class Profile:
    """The basic profile with its options, for one project.

    Parameters
    ----------
    project : str
        Its name; pseudonyms begin with it.
    key : bytes
        The project's key, 32 bytes.
    options : frozenset of str
        Names of :data:`llmcxr_ws.deidentification.OPTIONS`.

    Raises
    ------
    ConfigError
        The options contradict each other.
    """

    project: str
    key: bytes
    options: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        check_options(sorted(self.options), f"The project '{self.project}'")

    @property
    def dates(self) -> str:
        """REMOVED, MODIFIED or UNMODIFIED: Longitudinal Temporal Information Modified (0028,0303)."""
        if "retain_full_dates" in self.options:
            return "UNMODIFIED"
        return "MODIFIED" if "retain_modified_dates" in self.options else "REMOVED"

    def pseudonym(self, ds: Dataset) -> str:
        """The patient's pseudonym, which stands as Patient ID and Patient's Name."""
        digest = self._hmac("patient", patient_of(ds))
        letters = base64.b32encode(digest).decode("ascii")[:_DIGITS]
        return f"{self.project}-{letters}".upper()

    def uid(self, uid: str) -> str:
        """The UID that takes another one's place (2.25., PS3.5 B.2)."""
        if not uid:
            return ""
        return f"2.25.{uuid.UUID(bytes=self._hmac('uid', uid)[:16], version=4).int}"

    def days(self, ds: Dataset) -> int:
        """By how many days the patient's dates go back: 30 to 3679, the same for all of a patient's studies."""
        number = int.from_bytes(self._hmac("days", patient_of(ds))[:8], "big")
        return _LEAST_DAYS + number % _MOST_DAYS

    def shifted(self, ds: Dataset, day: date) -> date:
        """A date as the patient's others: earlier by :meth:`days`."""
        try:
            return day - timedelta(days=self.days(ds))
        except OverflowError:
            return date(1, 1, 1)

    def _hmac(self, what: str, value: str) -> bytes:
        return hmac.new(self.key, f"{what}\0{value}".encode(), hashlib.sha256).digest()


def patient_of(ds: Dataset) -> str:
    """Who the patient is, for the HMAC: ID and issuer; without an ID the study stands for the patient."""
    patient_id = str(ds.get("PatientID") or "").strip()
    if not patient_id:
        return f"study\0{ds.get('StudyInstanceUID', '')}"
    return f"{patient_id}\0{str(ds.get('IssuerOfPatientID') or '').strip()}"


def project_key(secret: bytes, project: str) -> bytes:
    """The key of one project, made of the installation's secret."""
    return hmac.new(secret, f"project\0{project}".encode(), hashlib.sha256).digest()
