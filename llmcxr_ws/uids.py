"""UIDs that follow from their content, so that making a thing twice gives the same name.

Deliberately no random UIDs: whoever needs one asks pydicom.
"""

from __future__ import annotations

import hashlib
import uuid


def derived_uid(*parts: str) -> str:
    """Return the UUID-derived UID ``2.25.…`` (PS3.5 B.2) of a sequence of texts.

    Equal parts give equal UIDs on every machine; ``("a", "bc")`` and ``("ab", "c")`` differ.
    """
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode("utf-8")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return f"2.25.{uuid.UUID(bytes=digest.digest()[:16], version=5).int}"


IMPLEMENTATION_CLASS_UID = derived_uid("llmcxr-workstation", "implementation class")
IMPLEMENTATION_VERSION_NAME = "LLMCXR_WS_1"
