"""What our loop uses of pynetdicom's inside, and that it answers and stores byte for byte as pynetdicom does."""

from __future__ import annotations

import inspect
import io
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import UID
from pynetdicom import evt
from pynetdicom.association import Association, ServiceUser
from pynetdicom.dimse_messages import C_STORE_RQ, C_STORE_RSP, DIMSEMessage
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dsutils import create_file_meta, decode, encode
from pynetdicom.dul import DULServiceProvider
from pynetdicom.pdu import P_DATA_TF
from pynetdicom.pdu_primitives import P_DATA

from dicom_node import sop_classes
from dicom_node.provider import ProviderLimits, answer, service_contexts, start_provider, storage_contexts
from dicom_node.served import ServedAssociation, _UpperLayer
from dicom_node.store_command import (
    StoreRequest,
    Verdict,
    command_pdu,
    file_prefix,
    read_store_request,
    store_response,
)
from llmcxr_ws.store import studies
from llmcxr_ws.workplace import Workplace
from tests.dicom_node.films import make_film
from tests.dicom_node.raw_peer import RawPeer, pdu, request, store_command, value

ROOT = Path(__file__).parents[2]
_UIDS = st.text("0123456789.", min_size=1, max_size=64)


def test_pynetdicom_is_pinned_exactly() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    [pin] = [one for one in project["dependencies"] if one.startswith("pynetdicom")]
    assert pin == f"pynetdicom=={version('pynetdicom')}"


def test_the_inside_that_the_loop_relies_on() -> None:
    """A new version must be read again where one of these is no longer so."""
    source = inspect.getsource(Association)
    for name in ("dul", "dimse", "acse", "_accepted_cx", "_rejected_cx"):
        assert re.search(rf"self\.{name}\b.*=", source), name
    assert 'setattr(self.assoc, "abort", self.assoc._abort_nonblocking)' in inspect.getsource(
        sys.modules["pynetdicom.acse"]
    )
    for function in (Association._abort_blocking, Association._abort_nonblocking, Association.kill):
        assert callable(function)
    assert list(inspect.signature(Association._serve_request).parameters) == ["self", "msg", "context_id"]
    assert list(inspect.signature(DIMSEMessage.decode_msg).parameters) == ["self", "primitive", "assoc"]
    assert "self._contexts = value" in inspect.getsource(ServiceUser)  # not copied: negotiation only reads it
    asked = {
        name
        for module in ("acse", "association", "dimse", "service_class", "service_class_n")
        for name in re.findall(r"\bdul\.(\w+)", inspect.getsource(sys.modules[f"pynetdicom.{module}"]))
    }
    known_absent = {"start", "idle_timer_expired", "state_machine", "run_reactor", "DULServiceProvider"}
    ours = set(dir(_UpperLayer)) | {"socket", "artim_timer", "event_queue", "_idle_timer"}
    assert asked - known_absent <= ours
    assert {"send_pdu", "receive_pdu", "peek_next_pdu", "stop_dul", "kill_dul"} <= set(
        dir(DULServiceProvider)
    )
    assert ServedAssociation._abort_blocking is not Association._abort_blocking


def _stock_request(uid: str, sop_class: str, message_id: int, priority: int) -> bytes:
    primitive = C_STORE()
    primitive.MessageID, primitive.Priority = message_id, priority
    primitive.AffectedSOPClassUID, primitive.AffectedSOPInstanceUID = UID(sop_class), UID(uid)
    primitive.DataSet = io.BytesIO(b"x")
    message = C_STORE_RQ()
    message.primitive_to_message(primitive)
    encoded = encode(message.command_set, True, True)
    assert encoded is not None
    return encoded


@pytest.mark.filterwarnings("ignore")
@given(_UIDS, st.sampled_from(sop_classes.STORAGE_CLASSES), st.integers(0, 65535), st.sampled_from([0, 1, 2]))
def test_requests_are_read_as_pynetdicom_writes_them(
    uid: str, sop_class: str, message_id: int, priority: int
) -> None:
    found = read_store_request(_stock_request(uid, sop_class, message_id, priority))
    assert found == StoreRequest(message_id, sop_class, uid, True)


@pytest.mark.filterwarnings("ignore")
@given(st.binary(max_size=120))
def test_bytes_are_read_as_pynetdicom_reads_them_or_not_at_all(data: bytes) -> None:
    for command in (data, store_command("1.2.3")[: len(data)] + data, store_command("1.2.3") + data):
        found = read_store_request(command)
        if found is not None:
            stock = decode(io.BytesIO(command), True, True)
            assert (found.AffectedSOPInstanceUID, found.AffectedSOPClassUID, found.message_id) == (
                stock.AffectedSOPInstanceUID,
                stock.AffectedSOPClassUID,
                stock.MessageID,
            )


@pytest.mark.filterwarnings("ignore")
@given(
    _UIDS,
    st.sampled_from([0, 0xA700, 0xC000, 0xA900, 0x0110, 0xC001]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="\\"), max_size=64),
    st.integers(0, 65535),
    st.integers(1, 127),
)
def test_responses_are_pynetdicom_s_byte_for_byte(
    uid: str, status: int, comment: str, message_id: int, context: int
) -> None:
    comment = comment.strip()
    primitive = C_STORE()
    primitive.MessageIDBeingRespondedTo, primitive.Status = message_id, status
    primitive.AffectedSOPClassUID = UID(sop_classes.DX_FOR_PRESENTATION)
    primitive.AffectedSOPInstanceUID = UID(uid)
    if comment:
        primitive.ErrorComment = comment
    message = C_STORE_RSP()
    message.primitive_to_message(primitive)
    [data] = message.encode_msg(context, 16384)
    stock = P_DATA_TF()
    stock.from_primitive(data)
    ours = store_response(
        StoreRequest(message_id, sop_classes.DX_FOR_PRESENTATION, uid, True), Verdict(status, comment)
    )
    assert command_pdu(context, ours) == stock.encode()
    assert isinstance(data, P_DATA)


@pytest.mark.filterwarnings("ignore")
@given(
    _UIDS,
    st.sampled_from(sop_classes.STORAGE_CLASSES),
    st.sampled_from(["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"]),
)
def test_what_stands_before_the_data_set_is_what_pydicom_writes(
    uid: str, sop_class: str, syntax: str
) -> None:
    stock = io.BytesIO()
    write_file_meta_info(
        stock,
        create_file_meta(
            sop_class_uid=UID(sop_class),
            sop_instance_uid=UID(uid),
            transfer_syntax=UID(syntax),
            implementation_uid=UID("1.2.3"),
            implementation_version="OURS",
        ),
    )
    assert file_prefix(sop_class, uid, syntax, ("1.2.3", "OURS")) == bytes(128) + b"DICM" + stock.getvalue()


def _conversation(port: int, uid: str, data: bytes) -> list[tuple[int, bytes]]:
    """Store a film in three fragments, echo, release: what the other side says, PDU by PDU."""
    with RawPeer(port, associate=False) as peer:
        peer.send(request())
        said = [peer.read()]
        parts = [data[:700], data[700:5000], data[5000:]]
        peer.send(value(3, store_command(uid)), value(0, parts[0]), value(0, parts[1]), value(2, parts[2]))
        said.append(peer.read())
        peer.send(pdu(5, bytes(4)))
        return [*said, peer.read()]


def test_the_whole_conversation_and_the_stored_file(workplace: Workplace, node: Any, tmp_path: Path) -> None:
    """The same bytes sent to the loop and to pynetdicom's own server, with a handler that keeps the file."""
    film = make_film("same")
    data = encode(film, False, True)
    assert data is not None
    kept: list[bytes] = []

    def keep(event: Any) -> Any:
        kept.append(event.dataset_path.read_bytes())
        return answer(0)

    contexts = [*service_contexts([sop_classes.VERIFICATION]), *storage_contexts(sop_classes.STORAGE_CLASSES)]
    stock = start_provider("LLMCXR", ("127.0.0.1", 0), contexts, [(evt.EVT_C_STORE, keep)], ProviderLimits())
    try:
        uid = str(film.SOPInstanceUID)
        theirs, ours = (_conversation(port, uid, data) for port in (stock.port, node.port))
    finally:
        stock.stop()
    assert ours == theirs
    [row] = studies.instances_of(workplace.db, studies.worklist(workplace.db)[0].id)
    files = [workplace.objects.path(row.path).read_bytes(), *kept]
    assert [file[-len(data) :] for file in files] == [data, data]
    metas = [pydicom.dcmread(io.BytesIO(file)).file_meta for file in files]
    for meta in metas:  # each names the software that wrote it
        del meta.ImplementationClassUID, meta.ImplementationVersionName, meta.FileMetaInformationGroupLength
    assert metas[0] == metas[1]


def test_the_listener_s_process_loads_no_decoders() -> None:
    script = (
        "from dicom_node.lean import without_decoders; without_decoders(); import sys, dicom_node.listener;"
        "unneeded = {'numpy', 'PIL', 'pylibjpeg', 'alembic', 'cryptography', 'requests', 'rich'};"
        "loaded = unneeded & {name for name, it in sys.modules.items() if it};"
        "sys.exit(', '.join(sorted(loaded)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
