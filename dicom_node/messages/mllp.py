"""Send one HL7 message by MLLP and read its acknowledgement (HL7 v2.5.1 chapter 2.9.2; MLLP release 1).

hl7apy has a server and no client; python-hl7's client reads an answer in one piece and waits for ever, so the
frame is written and read here.
"""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from typing import Final

from hl7apy.core import Message
from hl7apy.exceptions import HL7apyException
from hl7apy.parser import parse_message

from llmcxr_ws.outputs import Hl7Destination

_START, _END = b"\x0b", b"\x1c\x0d"
_MOST_BYTES: Final = 1_000_000
# Table 0357: the receiver failed for a reason of its own, or the record is locked; everything else won't change.
_PASSING: Final = ("206", "207")
_CODES: Final = {"AE": "error", "AR": "reject", "CE": "error", "CR": "reject"}


@dataclass(frozen=True)
class Answer:
    """What became of a message: taken, or not and whether another try makes sense; `unknown`: nobody knows."""

    taken: bool
    retry: bool = False
    unknown: bool = False
    sentence: str = ""


def send(
    to: Hl7Destination, message: bytes, control_id: str, *, connect_s: float, silence_s: float
) -> Answer:
    """Send a message and wait for its answer; never raises for what the network or the receiver does."""
    where = f"HL7 destination {to.name} at {to.host}:{to.port}"
    try:
        connection = socket.create_connection((to.host, to.port), timeout=connect_s)
    except OSError as error:
        return Answer(
            False, retry=True, sentence=f"{where} can't be reached: {error.strerror or 'no answer'}."
        )
    with connection:
        try:
            connection.settimeout(silence_s)
            connection.sendall(_START + message + _END)
            answer = _read_frame(connection, silence_s)
        except OSError as error:
            reason = "it said nothing in time" if isinstance(error, TimeoutError) else "the connection broke"
            return Answer(False, retry=True, unknown=True, sentence=f"{where} didn't acknowledge: {reason}.")
    if answer is None:
        return Answer(
            False, retry=True, unknown=True, sentence=f"{where} closed the connection without an answer."
        )
    return judge(answer, control_id, where)


def judge(answer: bytes, control_id: str, where: str) -> Answer:
    """Draw the conclusion from an acknowledgement.

    AA (or CA): taken. AE: an error, tried again. AR: rejected for good, unless its ERR-3 says that the receiver was
    busy or failed (206, 207). What isn't an acknowledgement of this message leaves its outcome unknown.
    """
    try:
        message = parse_message(answer.decode("utf-8", "replace"), find_groups=False)
        code, about = str(message.msa.msa_1.value or ""), str(message.msa.msa_2.value or "")
    except (HL7apyException, AttributeError, ValueError, IndexError):
        return Answer(
            False, retry=True, unknown=True, sentence=f"{where} answered with something else than HL7."
        )
    if about != control_id:
        return Answer(
            False, retry=True, unknown=True, sentence=f"{where} acknowledged another message than this one."
        )
    if code in ("AA", "CA"):
        return Answer(True)
    kind = _CODES.get(code)
    if kind is None:
        return Answer(
            False, retry=True, unknown=True, sentence=f"{where} answered with no known acknowledgement code."
        )
    reason = _error_code(message)
    detail = f" {reason}" if reason else ""
    retry = kind == "error" or reason in _PASSING
    return Answer(False, retry=retry, sentence=f"{where} answered {code} ({kind}{detail}).")


def _error_code(message: Message) -> str:
    """ERR-3's code (table 0357), or nothing; its text may quote a patient and isn't read."""
    try:
        code = str(message.err.err_3.cwe_1.value or "")
    except (HL7apyException, AttributeError, IndexError):
        return ""
    return code if code.isdigit() and len(code) <= 4 else ""


def _read_frame(connection: socket.socket, silence_s: float) -> bytes | None:
    """The bytes between start and end block; None where the other side closes before."""
    deadline = time.monotonic() + silence_s
    data = b""
    while _END not in data:
        left = deadline - time.monotonic()
        if left <= 0 or len(data) > _MOST_BYTES:
            raise TimeoutError
        connection.settimeout(left)
        chunk = connection.recv(65536)
        if not chunk:
            return None
        data += chunk
    start = data.find(_START)
    return data[start + 1 : data.index(_END)]
