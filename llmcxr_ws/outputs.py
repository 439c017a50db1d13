"""What can leave this workstation, when, and where to: kinds of document, output rules, destinations beyond DICOM.

The one table behind the validator of site documents, the command line, the window and the reference.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from llmcxr_ws.errors import ConfigError
from llmcxr_ws.secret_files import ENVIRONMENT_NAME, FILE_NAME
from llmcxr_ws.wording import mark

Kind = Literal[
    "draft",
    "signed",
    "provenance",
    "findings",
    "pdf",
    "capture",
    "presentation",
    "key_image",
    "synthetic",
    "oru",
    "fhir",
]
Moment = Literal["draft", "sign"]
Way = Literal["dicom", "hl7", "fhir"]

STAGES: Final[dict[str, Moment]] = {"draft": "draft", "signed": "sign", "addendum": "sign"}
"""What a report is when a document of it is made, and the moment at which that leaves."""

MADE_WITH_REPORT: Final = ("signed", "provenance")
"""Kinds that are built before the report counts as signed; the others follow in the courier's own time."""

NAME: Final = r"^[A-Za-z0-9_.-]+$"
ENDINGS: Final[dict[Way, str]] = {"dicom": ".dcm", "hl7": ".hl7", "fhir": ".json"}
"""How the files of stored documents end."""

SECRETS: Final = frozenset(
    {
        "token_env",
        "token_key",
        "web_token_key",
        "base_url",
        "dicomweb",
        "password_env",
        "password_key",
        "must_give_password_env",
        "must_give_password_key",
    }
)
"""Settings whose refused value is never quoted: somebody may have pasted a token there."""


class Part(BaseModel):
    """A part of the site document: unknown settings are refused, and nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Described:
    """How a kind of document travels, and at which moments it may; the first is meant where a rule names none.

    `of_addenda` says whether an addendum makes another one; `of_draft` that it shows the draft alone, so that it is
    the same at both moments and leaves at one of them.
    """

    way: Way
    moments: tuple[Moment, ...]
    words: str
    of_addenda: bool = False
    of_draft: bool = False


KINDS: Final[dict[str, Described]] = {
    "draft": Described("dicom", ("draft",), "AI draft as an Enhanced SR"),
    "signed": Described("dicom", ("sign",), "signed report as an Enhanced SR; addenda with it", True),
    "provenance": Described("dicom", ("sign",), "origin of each signed sentence as an SR"),
    "findings": Described("dicom", ("sign", "draft"), "AI findings as a Comprehensive 3D SR", of_draft=True),
    "pdf": Described("dicom", ("sign", "draft"), "report with its film as an Encapsulated PDF", True),
    "capture": Described(
        "dicom", ("sign", "draft"), "film with marked regions and a banner (Secondary Capture)", of_draft=True
    ),
    "presentation": Described("dicom", ("sign", "draft"), "marked regions (GSPS)", of_draft=True),
    "key_image": Described("dicom", ("sign", "draft"), "key image (Key Object Selection)", of_draft=True),
    "synthetic": Described(
        "dicom", ("sign", "draft"), "latest generated film; never to a clinical peer", of_draft=True
    ),
    "oru": Described("hl7", ("sign", "draft"), "HL7 v2.5.1 ORU^R01", True),
    "fhir": Described("fhir", ("sign", "draft"), "FHIR R4 DiagnosticReport", True),
}


class OutputRule(Part):
    """One kind of document goes to one destination at one moment."""

    document: Kind = Field(description="Which document is sent; see the table of kinds.")
    to: str = Field(description="Name of the peer, or of the HL7 or FHIR destination.")
    when: Moment | None = Field(
        default=None,
        description="`draft`: as soon as there is a draft, reviewed by nobody; `sign`: once signed, addenda too. "
        "Empty: what the document implies (draft for `draft`, sign for all others).",
    )
    required: bool = Field(
        default=True,
        description="Whether the study is confirmed only when this one is; of what leaves once signed.",
    )

    @property
    def moment(self) -> Moment:
        """When it leaves."""
        return self.when or KINDS[self.document].moments[0]

    @property
    def way(self) -> Way:
        """How it travels."""
        return KINDS[self.document].way


class Hl7Destination(Part):
    """A receiver of HL7 v2 messages by MLLP; in clear, so inside the hospital's network only."""

    name: str = Field(
        min_length=1, max_length=64, pattern=NAME, description="Short name in rules and tables."
    )
    host: str = Field(min_length=1, description="Host name or address.")
    port: int = Field(ge=1, le=65535, description="MLLP port.")
    sending_application: str = Field(
        default="LLMCXR", max_length=20, pattern=r"^[^|^~\\&\r\n]*$", description="MSH-3."
    )
    sending_facility: str = Field(
        default="", max_length=20, pattern=r"^[^|^~\\&\r\n]*$", description="MSH-4."
    )
    receiving_application: str = Field(
        default="", max_length=20, pattern=r"^[^|^~\\&\r\n]*$", description="MSH-5."
    )
    receiving_facility: str = Field(
        default="", max_length=20, pattern=r"^[^|^~\\&\r\n]*$", description="MSH-6."
    )

    @property
    def where(self) -> str:
        """Its address in words."""
        return f"MLLP {self.host}:{self.port}"


class FhirDestination(Part):
    """A FHIR R4 server; the token's name stands here, never the token."""

    name: str = Field(
        min_length=1, max_length=64, pattern=NAME, description=mark("Short name in rules and tables.")
    )
    base_url: str = Field(
        description=mark("Base URL, such as https://fhir.example.org/r4; no user, no query.")
    )
    token_env: str = Field(
        default="",
        max_length=128,
        pattern=ENVIRONMENT_NAME,
        description=mark(
            "Name of the courier's environment variable that holds the bearer token, in capitals."
        ),
    )
    token_key: str = Field(
        default="",
        max_length=64,
        pattern=FILE_NAME,
        description=mark("Or name of a file in the home's folder `keys` (mode 0600) that holds it."),
    )

    @field_validator("base_url")
    @classmethod
    def _plain_url(cls, value: str) -> str:
        return plain_url(value)

    @property
    def host(self) -> str:
        """Host name or address of its URL."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def where(self) -> str:
        """Its address in words."""
        return f"FHIR {self.base_url}"


def way_of(path: str) -> Way:
    """How the stored bytes of a document travel, by the ending of their path."""
    return "hl7" if path.endswith(ENDINGS["hl7"]) else "fhir" if path.endswith(ENDINGS["fhir"]) else "dicom"


def plain_url(value: str) -> str:
    """A base URL without the slash at its end.

    Raises
    ------
    ValueError
        It isn't one of http or https, or holds more than host, port and path.
    """
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("it isn't an http or https URL")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("it may hold no user, password, query or fragment")
    try:
        _ = parts.port
    except ValueError as error:
        raise ValueError("its port isn't one") from error
    return value.rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_token(
    what: str,
    url: str,
    token_env: str,
    token_key: str,
    place: tuple[str | int, ...] = (),
    setting: str = "base_url",
) -> None:
    """Refuse two tokens at once, and a token that would travel in clear.

    Parameters
    ----------
    what : str
        The destination in words, for the sentence.
    place : tuple
        Where it stands in the site document, ("fhir", 0) say; empty where it doesn't.
    setting : str
        The name of its URL there.

    Raises
    ------
    ConfigError
        Names the destination.
    """
    if token_env and token_key:
        raise ConfigError(
            f"{what} names its token twice.",
            what_to_do="Leave token_env or token_key.",
            place=(*place, "token_key") if place else (),
        )
    if (token_env or token_key) and url.startswith("http:") and not is_loopback(urlsplit(url).hostname or ""):
        raise ConfigError(
            f"{what} was refused: its token would travel in clear.",
            what_to_do="Use https.",
            place=(*place, setting) if place else (),
        )


def check_rule(rule: OutputRule, way: Way, role: str) -> None:
    """Refuse a rule that makes no sense for a destination.

    Parameters
    ----------
    way : str
        How the destination is reached.
    role : str
        A peer's role; empty for others.

    Raises
    ------
    ConfigError
        Names the document and the destination.
    """
    described = KINDS[rule.document]
    if rule.when is not None and rule.when not in described.moments:
        raise ConfigError(
            f"The output rule that sends '{rule.document}' to '{rule.to}' was refused: it can't leave "
            f"when = '{rule.when}'.",
            what_to_do=f"Write when = '{described.moments[0]}', or leave it out.",
        )
    if described.way != way:
        table = {"dicom": "[[peer]]", "hl7": "[[hl7]]", "fhir": "[[fhir]]"}[described.way]
        raise ConfigError(
            f"The output rule that sends '{rule.document}' to '{rule.to}' was refused: '{rule.to}' can't take it.",
            what_to_do=f"Name a destination of a {table} table.",
        )
    if rule.document == "synthetic" and role == "clinical":
        raise ConfigError(
            f"The output rule that sends 'synthetic' to '{rule.to}' was refused: generated films aren't sent to "
            "clinical peers.",
            what_to_do="Name a peer with role = 'research' or 'test'.",
        )
