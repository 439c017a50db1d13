"""The one family of exceptions whose text may be shown to people.

LlmcxrError
├── UserFacingError          what was refused, the value, and what to do
│   ├── ConfigError          a setting, a peer, a rule
│   ├── StoreError           the database or its schema
│   │   └── DatabaseFailure  the database itself can't be used: what was asked of it isn't at fault
│   ├── ObjectStoreError     the folder of received files and documents
│   ├── ImagingError         pixels that can't be shown or read
│   ├── DicomError           an association, a service, a data set
│   ├── EngineFailure        the model could not answer
│   ├── AccessError          a user, a password, a key, a role
│   └── TransitionError      a state change that the tables don't know
└── everything else is a defect: logged with its traceback, shown as an internal error
"""

from __future__ import annotations


class LlmcxrError(Exception):
    """Base of every exception raised on purpose by this product."""


class UserFacingError(LlmcxrError):
    """An error whose sentence may be shown to people.

    Parameters
    ----------
    message : str
        What was refused, with the offending value. No patient data where it can reach a log.
    what_to_do : str
        The next step for the person who reads it; empty when there is none.
    """

    def __init__(self, message: str, *, what_to_do: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.what_to_do = what_to_do

    @property
    def sentence(self) -> str:
        """The message followed by what to do."""
        return f"{self.message} {self.what_to_do}".strip()

    def __str__(self) -> str:
        return self.sentence


class ConfigError(UserFacingError):
    """A setting, a peer or a rule was refused.

    Parameters
    ----------
    place : tuple
        Where it stands in the site document, ("fhir", 0, "base_url") say; empty where that isn't known.
    """

    def __init__(self, message: str, *, what_to_do: str = "", place: tuple[str | int, ...] = ()) -> None:
        super().__init__(message, what_to_do=what_to_do)
        self.place = place


class StoreError(UserFacingError):
    """The database refused or is not the one this program needs."""


class DatabaseFailure(StoreError):
    """The database can't be used now; whatever was asked of it may succeed later."""


class ObjectStoreError(UserFacingError):
    """The folder of received files and documents can't be used."""


class ImagingError(UserFacingError):
    """Pixel data can't be read or shown."""


class DicomError(UserFacingError):
    """A DICOM peer, service or data set failed."""


class EngineFailure(UserFacingError):
    """The model could not give an answer."""


class AccessError(UserFacingError):
    """A user, password, key or role was refused."""


class TransitionError(UserFacingError):
    """A state change that the state tables don't know."""
