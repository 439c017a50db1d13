"""What the patterns of settings ask for, in words: a person who typed something else is told that, not a pattern."""

from __future__ import annotations

from typing import Final

from llmcxr_ws.deidentification import PROJECT
from llmcxr_ws.outputs import NAME
from llmcxr_ws.secret_files import ENVIRONMENT_NAME, FILE_NAME

AE_TITLE: Final = r"^[!-\[\]-~]([ -\[\]-~]*[!-\[\]-~])?$"
"""PS3.5 table 6.2-1, AE: no backslash, no control characters; and no outer spaces, which carry no meaning."""
FINGERPRINT: Final = r"^([0-9A-Fa-f]{2}:?){32}$|^$"
WORKITEM_CODE: Final = r"^[^\^]{1,16}\^[^\^]{1,16}$|^$"

ASKED: Final[dict[str, str]] = {
    NAME: "a name has letters, digits and . _ - only",
    AE_TITLE: "an AE title has 1 to 16 characters of ASCII, no backslash, and no space before or behind",
    FINGERPRINT: "a SHA-256 has 32 pairs of hexadecimal digits, with colons between them or without",
    ENVIRONMENT_NAME: "a variable's name has capitals, digits and _ only",
    FILE_NAME: "such a file's name has small letters, digits, - and _ only, and begins with a letter",
    WORKITEM_CODE: "a code is written as VALUE^SCHEME",
    PROJECT: "a project's name has 1 to 16 letters, digits, - and _",
}
