"""Read multipart/related as it comes (RFC 2387, PS3.18 8.6.1.2), and write its frame.

python-multipart finds the boundaries: its lower parser knows nothing of forms and holds nothing of a part.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from llmcxr_ws.errors import DicomError

DICOM: Final = "application/dicom"
# It warns of what it raises too.
logging.getLogger("python_multipart").setLevel(logging.CRITICAL)
MOST_PARTS: Final = 10_000
_MOST_HEADERS: Final = 16
_LONGEST_HEADER: Final = 4096


@dataclass(frozen=True)
class PartBegins:
    """A part begins; its headers by lower-case name."""

    headers: Mapping[str, str]

    @property
    def media_type(self) -> str:
        """Its media type without parameters, in lower case; application/dicom where it names none."""
        return parse_media_type(self.headers.get("content-type", ""))[0] or DICOM


class Mark(Enum):
    """What else happens in a body besides bytes."""

    PART_ENDS = "part ends"


Event = PartBegins | bytes | Mark


class BrokenMultipart(DicomError):
    """A body isn't multipart/related with the boundary that its header names."""


class Related:
    """Splits one body; feed it whatever arrives."""

    def __init__(self, boundary: bytes) -> None:
        self.ended = False
        self.parts = 0
        self._events: list[Event] = []
        self._headers: dict[str, str] = {}
        self._field = bytearray()
        self._value = bytearray()
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._part_begins,
                    "on_header_field": lambda data, start, end: self._field.extend(data[start:end]),
                    "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                    "on_header_end": self._header_ends,
                    "on_headers_finished": self._headers_end,
                    "on_part_data": lambda data, start, end: self._events.append(data[start:end]),
                    "on_part_end": lambda: self._events.append(Mark.PART_ENDS),
                    "on_end": self._body_ends,
                },
                max_header_count=_MOST_HEADERS,
                max_header_size=_LONGEST_HEADER,
            )
        except FormParserError as error:
            raise BrokenMultipart("The boundary is too long.") from error

    def feed(self, data: bytes) -> Iterator[Event]:
        """Yield what happens in the next bytes.

        Raises
        ------
        BrokenMultipart
            They don't fit; it says nothing of their content.
        """
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise BrokenMultipart("The body isn't multipart with the boundary that it names.") from error
        events, self._events = self._events, []
        yield from events

    def _part_begins(self) -> None:
        self.parts += 1
        if self.parts > MOST_PARTS:
            raise BrokenMultipart(f"The body has more than {MOST_PARTS} parts.")
        self._headers = {}

    def _header_ends(self) -> None:
        name = self._field.decode("latin-1").lower()
        self._headers[name] = self._value.decode("latin-1").strip()
        self._field.clear()
        self._value.clear()

    def _headers_end(self) -> None:
        self._events.append(PartBegins(self._headers))

    def _body_ends(self) -> None:
        self.ended = True


def parse_media_type(value: str) -> tuple[str, dict[str, str]]:
    """A Content-Type's media type in lower case and its parameters by lower-case name (RFC 9110 8.3.1)."""
    kind, parameters = parse_options_header(value)
    return kind.decode("latin-1").strip().lower(), {
        name.decode("latin-1").lower(): text.decode("latin-1") for name, text in parameters.items()
    }


def new_boundary() -> str:
    """A boundary that no content holds but by a chance of 2^-128."""
    return secrets.token_hex(16)


def part_head(boundary: str, media_type: str = DICOM) -> bytes:
    """What stands before the bytes of a part."""
    return f"--{boundary}\r\nContent-Type: {media_type}\r\n\r\n".encode("ascii")


def body_tail(boundary: str) -> bytes:
    """What stands behind the bytes of the last part."""
    return f"\r\n--{boundary}--\r\n".encode("ascii")
