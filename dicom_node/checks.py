"""Health checks of the node beside its port and its peers: the line for the PACS team, and servers' clocks."""

from __future__ import annotations

import email.utils
import socket
import urllib.error
import urllib.request
from collections import Counter
from datetime import UTC, datetime
from typing import Final

from llmcxr_ws.clocks import Offset, judge
from llmcxr_ws.config import MachineConfig
from llmcxr_ws.outputs import is_loopback

_PATIENCE_S: Final = 5.0
_ANYWHERE: Final = ("0.0.0.0", "::", "")


def line_for_the_pacs_team() -> str:
    """What another node's administrator must enter, ready to be copied."""
    from llmcxr_ws.commands import open_workplace

    with open_workplace() as workplace:
        config = workplace.config
    address = _reached_at(config.bind_host)
    return (
        f"AE title {config.ae_title}, host {address} ({socket.gethostname()}), {_ports(config)}; "
        f"takes {taken()}; {_stow(config)}sends {sent()}; statement: docs/conformance-statement.md"
    )


def _reached_at(host: str) -> str:
    return own_address() if host in _ANYWHERE else host


def _ports(config: MachineConfig) -> str:
    """The ports of the listener, and which of them speaks TLS."""
    if not config.tls_port:
        return f"port {config.dicom_port}"
    if config.tls_port == config.dicom_port:
        return f"port {config.dicom_port} (TLS only)"
    return f"port {config.dicom_port}, by TLS port {config.tls_port}"


def _stow(config: MachineConfig) -> str:
    """Where instances are stored by STOW-RS; nothing where they aren't."""
    if not config.web_port:
        return ""
    from dicom_node.web.server import address_of

    reached = address_of(config, _reached_at(config.web_host))
    return f"takes STOW-RS at {reached}{' (this machine only)' if is_loopback(config.web_host) else ''}; "


def own_address() -> str:
    """The address by which this machine leaves its network; nothing is sent to find it out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(
                ("192.0.2.1", 9)
            )  # RFC 5737: an address that is nobody's; a datagram socket sends nothing
            found: str = probe.getsockname()[0]
        except OSError:
            return socket.gethostname()
    return found


def taken() -> str:
    """What the listener takes, from its own contexts, in a few words."""
    from pydicom.uid import UID

    from dicom_node.listener import accepted_contexts
    from dicom_node.sop_classes import DOCUMENT_CLASSES, STORAGE_CLASSES

    contexts = accepted_contexts()
    classes = [str(context.abstract_syntax) for context in contexts]
    kinds = Counter(
        "documents" if uid in DOCUMENT_CLASSES else "images" for uid in classes if uid in STORAGE_CLASSES
    )
    syntaxes = {str(uid) for context in contexts for uid in context.transfer_syntax}
    others = [UID(uid).name.removesuffix(" SOP Class") for uid in classes if uid not in STORAGE_CLASSES]
    stored = ", ".join(f"{count} classes of {what}" for what, count in sorted(kinds.items(), reverse=True))
    return f"C-STORE ({stored}, {len(syntaxes)} transfer syntaxes), {', '.join(others)}"


def sent() -> str:
    """What the node asks of others, in a few words."""
    return (
        "C-ECHO, C-STORE (SR, KO, PR, SC, PDF), C-FIND, C-MOVE, C-GET, Modality Worklist, storage commitment, or "
        "STOW-RS, QIDO-RS, WADO-RS and UPS-RS"
    )


def clocks_of_servers() -> str:
    """Compare with what FHIR servers say in their Date header (RFC 9110 6.6.1); DICOM and MLLP tell no time.

    Raises
    ------
    ConfigError
        A server's clock is off.
    """
    from llmcxr_ws.commands import open_workplace

    with open_workplace() as workplace:
        servers = workplace.site().fhir
    if not servers:
        return "no peer tells its time: DICOM and HL7 can't, and no FHIR server is configured"
    offsets = [found for one in servers if (found := _offset_of(one.name, one.base_url)) is not None]
    if not offsets:
        return "no FHIR server told its time"
    return judge(offsets, None).partition(";")[0]


def _offset_of(name: str, base_url: str) -> Offset | None:
    if not base_url.startswith(("http://", "https://")):
        return None
    request = urllib.request.Request(f"{base_url.rstrip('/')}/metadata", method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE_S) as response:
            said = response.headers.get("Date")
    except urllib.error.HTTPError as error:
        said = error.headers.get("Date")
    except (OSError, ValueError):
        return None  # whether it can be reached is another check's business
    now = datetime.now(UTC)
    try:
        there = email.utils.parsedate_to_datetime(said) if said else None
    except ValueError:
        there = None
    if there is None:
        return None
    seconds = (there.replace(tzinfo=there.tzinfo or UTC) - now).total_seconds()
    # The header is cut to whole seconds: up to one second behind is none.
    return Offset(f"FHIR server {name}", seconds if seconds > 0 else min(seconds + 1.0, 0.0))
