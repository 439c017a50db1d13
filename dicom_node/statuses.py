"""Status codes and rejection reasons of DICOM as sentences (PS3.7 annex C, PS3.4 B.2.3 and C.4, PS3.8 table 9-21).

Tables and look-ups only; which of them is worth another try is said here too, when that is done isn't.
"""

from __future__ import annotations

from typing import Final

from llmcxr_ws.log import quote

SUCCESS: Final = 0x0000
CANCEL: Final = 0xFE00
PENDING: Final = (0xFF00, 0xFF01)

INVALID_ATTRIBUTE: Final = 0x0106
DUPLICATE_SOP_INSTANCE: Final = 0x0111
NO_SUCH_INSTANCE: Final = 0x0112
MISSING_ATTRIBUTE: Final = 0x0120
PROCESSING_FAILURE: Final = 0x0110
SOP_CLASS_NOT_SUPPORTED: Final = 0x0122
NOT_AUTHORISED: Final = 0x0124
OUT_OF_RESOURCES: Final = 0xA700
MOVE_DESTINATION_UNKNOWN: Final = 0xA801
DOES_NOT_MATCH_CLASS: Final = 0xA900
CANNOT_UNDERSTAND: Final = 0xC000
DUPLICATE_UID_OTHER_CONTENT: Final = 0xC001
TRUNCATED: Final = 0xC002
UNREADABLE: Final = 0xC003
TOO_LARGE: Final = 0xC004
OTHER_STUDY: Final = 0xA901
SYNTAX_NOT_SUPPORTED: Final = 0xC122
"""PS3.18 I.2.2: the transfer syntax isn't supported."""

CALLING_NOT_RECOGNISED: Final = (1, 1, 3)
"""Result, source and reason of an A-ASSOCIATE-RJ: permanent, by the service user, calling AE title not recognised."""
UNSUPPORTED_VERSION: Final = (1, 2, 2)
"""The same: protocol version not supported."""
CONGESTED: Final = (2, 3, 1)
"""The same: transient, temporary congestion."""
LIMIT_REACHED: Final = (2, 3, 2)
"""The same: transient, the limit of associations is reached."""

USER_NOT_IDENTIFIED: Final = (1, 2, 1)
"""The same by the service provider (ACSE), no reason given: what PS3.7 D.3.3.7 leaves for a failed user identity."""

REJECTIONS: Final[dict[tuple[int, int], tuple[str, str]]] = {
    (1, 1): ("it gave no reason", "Ask its administrator whether AE title {calling} is allowed."),
    (1, 2): ("it doesn't know the application context", "Check that a DICOM service listens on that port."),
    (1, 3): (
        "calling AE title '{calling}' not recognised",
        "Ask its administrator to add AE title {calling} with this machine's address.",
    ),
    (1, 7): (
        "called AE title '{called}' not recognised",
        "Correct the peer's AE title in the site's configuration.",
    ),
    (2, 1): (
        "its software gave no reason",
        "Where it asks for a user, check the peer's user and password; else ask its administrator.",
    ),
    (2, 2): ("it doesn't support this protocol version", "Ask its administrator."),
    (3, 1): ("temporary congestion", "It is tried again later."),
    (3, 2): ("its limit of associations is reached", "It is tried again later."),
}
"""(source, reason) of an A-ASSOCIATE-RJ: what happened, what to do."""

_FAILURES: Final[dict[int, str]] = {
    0x0110: "processing failure",
    0x0111: "duplicate SOP instance",
    0x0112: "no such SOP instance",
    0x0115: "invalid argument value",
    0x0117: "invalid SOP instance",
    0x0118: "no such SOP class",
    0x0119: "class and instance don't fit",
    0x0122: "SOP class not supported",
    0x0124: "not authorised",
    0x0210: "duplicate invocation",
    0x0211: "unrecognised operation",
    0x0212: "mistyped argument",
    0x0213: "out of resources",
    0xA700: "out of resources",
    0xA701: "out of resources: can't count the matches",
    0xA702: "out of resources: can't perform the transfers",
    0xA801: "move destination unknown",
    0xA900: "the data set doesn't fit its SOP class",
    0xA901: "it belongs to another study than the one named",
    0xC122: "transfer syntax not supported",
    0xFE00: "cancelled",
}


def is_success(status: int) -> bool:
    """Whether the object is with the peer: success, or a warning that it was changed or shortened (PS3.4 B.2.3)."""
    return status == SUCCESS or status & 0xF000 == 0xB000 or status in (0x0001, 0x0107, 0x0116)


def is_transient(status: int) -> bool:
    """Whether the same request may succeed later: the peer is out of resources or failed inside."""
    return status & 0xFF00 == 0xA700 or status in (0x0110, 0x0213)


def explain(status: int, comment: str = "") -> str:
    """A status as text: hexadecimal, its meaning, and the peer's own comment in «», which no log shows."""
    meaning = _FAILURES.get(status)
    if meaning is None:
        meaning = {0xA700: "out of resources", 0xA900: "the data set doesn't fit its SOP class"}.get(
            status & 0xFF00, ""
        )
    if not meaning:
        meaning = {0xB000: "stored with a warning", 0xC000: "it can't understand the data set"}.get(
            status & 0xF000, "failed"
        )
    return f"{status:04X}H, {meaning}" + (f" ({quote(comment)})" if comment else "")
