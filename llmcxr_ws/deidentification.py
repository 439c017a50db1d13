"""What a site may ask of de-identification: the options of PS3.15 Annex E by name, with their codes.

The one list behind the validator of site documents, the command line, the node and the reference. How a data set is
de-identified is the node's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from llmcxr_ws.errors import ConfigError

Option = Literal[
    "clean_graphics",
    "clean_structured_content",
    "clean_descriptors",
    "retain_full_dates",
    "retain_modified_dates",
    "retain_patient_characteristics",
    "retain_device_identity",
    "retain_institution_identity",
    "retain_uids",
    "retain_safe_private",
]

BASIC: Final = ("113100", "Basic Application Confidentiality Profile")
OPTIONS: Final[dict[str, tuple[str, str]]] = {
    "clean_graphics": ("113103", "Clean Graphics Option"),
    "clean_structured_content": ("113104", "Clean Structured Content Option"),
    "clean_descriptors": ("113105", "Clean Descriptors Option"),
    "retain_full_dates": ("113106", "Retain Longitudinal Temporal Information Full Dates Option"),
    "retain_modified_dates": ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    "retain_patient_characteristics": ("113108", "Retain Patient Characteristics Option"),
    "retain_device_identity": ("113109", "Retain Device Identity Option"),
    "retain_uids": ("113110", "Retain UIDs Option"),
    "retain_safe_private": ("113111", "Retain Safe Private Option"),
    "retain_institution_identity": ("113112", "Retain Institution Identity Option"),
}
"""Name in the site document to code and meaning of CID 7050 (PS3.16)."""

PROJECT: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,15}$|^$"
"""A project's name: it stands before each pseudonym."""

NEEDS: Final[dict[str, Option]] = {
    **dict.fromkeys(("draft", "signed", "provenance", "findings", "key_image"), "clean_structured_content"),
    "presentation": "clean_graphics",
}
"""Without its option a document of this kind would be sent without what it says."""

NEVER: Final[dict[str, str]] = {
    "pdf": "what a PDF shows can't be cleaned",
    "capture": "what is burned into a picture can't be told from a name",
}
"""Kinds of document that aren't sent de-identified, and why."""


def check_options(options: Sequence[str], whose: str, place: tuple[str | int, ...] = ()) -> None:
    """Refuse options that contradict each other.

    Raises
    ------
    ConfigError
        Names who asks for them, and `place`, where they stand in the site document.
    """
    unknown = [one for one in options if one not in OPTIONS]
    if unknown:
        raise ConfigError(
            f"{whose} asks for '{unknown[0]}', which isn't an option of de-identification.",
            what_to_do=f"One of: {', '.join(OPTIONS)}.",
            place=place,
        )
    if "retain_full_dates" in options and "retain_modified_dates" in options:
        raise ConfigError(
            f"{whose} asks for full and for modified dates.",
            what_to_do="Leave one of the two options.",
            place=place,
        )
