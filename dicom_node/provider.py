"""Accepting associations by pynetdicom's own server, for the simulator; what handlers share with the listener.

The listener has a loop of its own (:mod:`dicom_node.loop`).
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydicom.dataset import Dataset
from pynetdicom import evt
from pynetdicom.ae import ApplicationEntity
from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.transport import ThreadedAssociationServer

from dicom_node import sop_classes
from dicom_node.association import MAX_PDU_BYTES, prepare_pynetdicom, tune_socket
from llmcxr_ws.errors import DicomError
from llmcxr_ws.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

_BACKLOG: Final = 128
"""Connections the kernel holds for us; the library's 5 turns senders away in a burst."""


@dataclass(frozen=True, kw_only=True)
class ProviderLimits:
    """What one provider allows."""

    max_associations: int = 20
    silence_s: float = 30.0  # without a byte, inside a PDU or between messages
    negotiation_s: float = 10.0  # until the A-ASSOCIATE-RQ is complete


class Provider:
    """A running provider of DICOM services."""

    def __init__(self, entity: Any, server: Any) -> None:
        self._entity = entity
        self._server = server
        self.port: int = server.server_address[1]

    @property
    def associations(self) -> int:
        """How many associations are open."""
        return len(self._server.active_associations)

    def stop(self, grace_s: float = 0.0) -> None:
        """Stop accepting; abort what is still open after `grace_s` seconds."""
        server = self._server
        server.shutdown()
        deadline = time.monotonic() + grace_s
        while server.active_associations and time.monotonic() < deadline:
            time.sleep(0.02)
        for association in server.active_associations:
            association.abort()
            association.join(timeout=2.0)


def start_provider(
    ae_title: str,
    address: tuple[str, int],
    contexts: Sequence[PresentationContext],
    handlers: Sequence[tuple[Any, ...]],
    limits: ProviderLimits,
    tls: ssl.SSLContext | None = None,
) -> Provider:
    """Listen on `address` (port 0: a free one) and serve in the background.

    Associations that name another called AE title are rejected.

    Raises
    ------
    DicomError
        The port is taken, or the address isn't ours.
    """
    prepare_pynetdicom()
    ThreadedAssociationServer.request_queue_size = _BACKLOG
    entity = ApplicationEntity(ae_title=ae_title)
    entity.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    entity.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    entity.require_called_aet = True
    entity.maximum_associations = limits.max_associations
    entity.maximum_pdu_size = MAX_PDU_BYTES
    entity.network_timeout = limits.silence_s
    entity.acse_timeout = limits.negotiation_s
    entity.dimse_timeout = limits.silence_s
    try:
        server = entity.start_server(
            address,
            block=False,
            contexts=list(contexts),  # the entity's own list would lose their roles
            evt_handlers=[(evt.EVT_CONN_OPEN, tune_socket, [limits.silence_s]), *handlers],
            ssl_context=tls,
        )
    except OSError as error:
        raise DicomError(
            f"{ae_title} can't listen on {address[0]}:{address[1]}: {error.strerror}.",
            what_to_do="Stop what uses that port, or choose another.",
        ) from error
    return Provider(entity, server)


def reject(event: Any, result: int, source: int, diagnostic: int) -> None:
    """Turn an association request down (PS3.8 table 9-21) from an EVT_REQUESTED handler."""
    event.assoc.acse.send_reject(result, source, diagnostic)
    event.assoc.kill()  # waits until the answer has left; else the socket is closed before it


def storage_contexts(classes: Sequence[str], *, both_roles: bool = False) -> list[PresentationContext]:
    """Contexts to accept storage in every transfer syntax of the tables; with `both_roles` also to give by C-GET."""
    contexts = []
    for sop_class in classes:
        context = build_context(sop_class, [*sop_classes.UNCOMPRESSED, *sop_classes.COMPRESSED])
        if both_roles:
            context.scu_role = True
            context.scp_role = True
        contexts.append(context)
    return contexts


def service_contexts(classes: Sequence[str], *, both_roles: bool = False) -> list[PresentationContext]:
    """Contexts of services other than storage, in the two basic transfer syntaxes."""
    contexts = []
    for sop_class in classes:
        context = build_context(sop_class, [sop_classes.EXPLICIT_LITTLE, sop_classes.IMPLICIT_LITTLE])
        if both_roles:
            context.scu_role = True
            context.scp_role = True
        contexts.append(context)
    return contexts


def data_set_of(event: Any, name: str) -> Dataset:
    """The data set of a DIMSE request, by the name under which pynetdicom's event has it, every value decoded.

    Raises
    ------
    DicomError
        It can't be decoded; the library's decoders break in many ways, with many kinds of exception.
    """
    try:
        found: Dataset = getattr(event, name)
        for element in found.iterall():
            element.value  # noqa: B018 - values are decoded when they are asked for
    except Exception as error:
        raise DicomError(f"The data set can't be decoded ({type(error).__name__}).") from error
    return found


def answer(code: int, comment: str = "") -> Dataset:
    """A DIMSE status with its error comment, cut to the 64 characters of an LO."""
    status = Dataset()
    status.Status = code
    if comment:
        status.ErrorComment = comment.encode("ascii", "replace").decode()[:64]
    return status
