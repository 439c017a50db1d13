"""Paths of studies, series and instances below a base URL (PS3.18 10.4.1, 10.6.1); what a refused request means."""

from __future__ import annotations

from typing import Final

from dicom_node.scu import Keys
from dicom_node.web.http import Reply, WebConnection
from llmcxr_ws.errors import DicomError

JSON_TYPES: Final = ("application/dicom+json", "application/json")
LARGEST_TEXT: Final = 32_000_000
LEVELS: Final = ("STUDY", "SERIES", "IMAGE")
_COLLECTIONS: Final = {"STUDY": "studies", "SERIES": "series", "IMAGE": "instances"}
_ABOVE: Final = (("StudyInstanceUID", "studies"), ("SeriesInstanceUID", "series"))


def search(level: str, keys: Keys) -> tuple[str, list[tuple[str, str]]]:
    """Path and query of a search (PS3.18 10.6.1); UIDs of the levels above go into the path."""
    upper = level.upper()
    if upper not in LEVELS:
        raise DicomError(f"QIDO-RS has no level {upper}.", what_to_do="One of: STUDY, SERIES, IMAGE.")
    rest, path = dict(keys), ""
    for keyword, collection in _ABOVE[: LEVELS.index(upper)]:
        value = rest.get(keyword, "")
        if not (isinstance(value, str) and _is_one(value)):
            break
        path += f"/{collection}/{value}"
        del rest[keyword]
    query = []
    for keyword, value in rest.items():
        text = value if isinstance(value, str) else ",".join(value)
        query.append((keyword, text) if text else ("includefield", keyword))
    return f"{path}/{_COLLECTIONS[upper]}", query


def resource(level: str, keys: Keys) -> str:
    """The path of a study, series or instance (PS3.18 10.4.1)."""
    wanted = (*_ABOVE, ("SOPInstanceUID", "instances"))
    path = ""
    for keyword, collection in wanted[: LEVELS.index(level.upper()) + 1]:
        value = keys.get(keyword, "")
        if not (isinstance(value, str) and _is_one(value)):
            raise DicomError(f"WADO-RS needs one {keyword} at level {level.upper()}.")
        path += f"/{collection}/{value}"
    return path


def failure(connection: WebConnection, reply: Reply, service: str) -> DicomError:
    """What a status other than success means."""
    connection.close()
    what_to_do = {
        401: "Check its token (token_env or token_key).",
        403: "Ask its administrator to allow it.",
        404: "It doesn't hold what was asked for, or its base URL is another.",
    }.get(reply.status, "Look at the peer's log.")
    return DicomError(f"{connection.who} answered {service} with {reply.status}.", what_to_do=what_to_do)


def printable(media_type: str) -> str:
    """A media type that may stand in a sentence."""
    plain = all(letter.isalnum() or letter in "/+.-" for letter in media_type)
    return f"'{media_type}'" if media_type and plain and len(media_type) < 60 else "no media type"


def _is_one(uid: str) -> bool:
    return bool(uid) and all(letter.isdigit() or letter == "." for letter in uid)
