"""Audit messages of a real course of events, by the schema of PS3.15 A.5.1, at a real rsyslog over TLS."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from dicom_node import scu
from dicom_node.association import LocalEntity
from dicom_node.simulator.server import PacsSimulator, SimulatorSettings
from dicom_node.simulator.services import Destination
from dicom_node.turned_away import note_rejections
from dicom_node.watching.audit import AuditMessages
from llmcxr_ws import reading
from llmcxr_ws.errors import AccessError, ConfigError, DicomError
from llmcxr_ws.site import Peer
from llmcxr_ws.states import StudyState
from llmcxr_ws.store import services
from tests.certificates import Authority
from tests.dicom_node.films import write_film
from tests.dicom_node.world import World
from tests.network import answers, free_port, start, wait_for

pytestmark = pytest.mark.peers

SCHEMA = etree.RelaxNG(etree.parse(Path(__file__).parents[1] / "data" / "audit_message.rng"))
RSYSLOG = """
global(workDirectory="{folder}" DefaultNetstreamDriver="gtls" DefaultNetstreamDriverCAFile="{ca}"
       DefaultNetstreamDriverCertFile="{certificate}" DefaultNetstreamDriverKeyFile="{key}")
module(load="imtcp" StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="{auth}")
template(name="raw" type="string" string="%rawmsg%\\n")
ruleset(name="audit") {{ action(type="omfile" file="{output}" template="raw") }}
input(type="imtcp" port="{port}" address="127.0.0.1" ruleset="audit")
"""


class Rsyslog:
    """Debian's rsyslog on a port of loopback, taking TLS alone."""

    def __init__(self, folder: Path, authority: Authority, *, auth: str = "anon") -> None:
        self.port = free_port()
        self.output = folder / "received.log"
        self.folder = folder
        pair = authority.issue("rsyslog")
        self.configuration = folder / "rsyslog.conf"
        self.configuration.write_text(
            RSYSLOG.format(
                folder=folder,
                ca=authority.certificate,
                certificate=pair.certificate,
                key=pair.key,
                output=self.output,
                port=self.port,
                auth=auth,
            )
        )
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it listens."""
        pid = self.folder / "rsyslog.pid"
        self.process = start(
            "rsyslogd", "-n", "-i", pid, "-f", self.configuration, output=self.folder / "rsyslog.out"
        )
        wait_for(lambda: answers(self.port), "rsyslog listens")

    def stop(self) -> None:
        """End it in order, as a restart of the server does."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=20)
            self.process = None

    def messages(self) -> list[str]:
        """What it wrote, header and XML."""
        return self.output.read_text(encoding="utf-8").splitlines() if self.output.exists() else []


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    folder = tmp_path / "tls"
    folder.mkdir()
    return Authority(folder)


@pytest.fixture
def rsyslog(tmp_path: Path, authority: Authority) -> Iterator[Rsyslog]:
    folder = tmp_path / "rsyslog"
    folder.mkdir()
    server = Rsyslog(folder, authority)
    yield server
    server.stop()


@pytest.fixture
def world(tmp_path: Path, rsyslog: Rsyslog, authority: Authority) -> Iterator[World]:
    """A node beside a simulator that sends its audit messages to rsyslog."""
    with PacsSimulator(SimulatorSettings(storage=tmp_path / "pacs", port=0)) as pacs:
        peer = Peer(name="pacs", ae_title="PACS", host="127.0.0.1", port=pacs.port)
        machine = (
            f'audit_messages = "full"\naudit_syslog = "127.0.0.1:{rsyslog.port}"\n'
            f'audit_syslog_ca = "{authority.certificate}"\n'
        )
        world = World(tmp_path / "home", peer, machine=machine)
        pacs.add_destination(Destination("LLMCXR", "127.0.0.1", world.listener.port))
        yield world
        world.close()


def live_through(world: World, tmp_path: Path) -> None:
    """A film from its arrival to its confirmed report, a stranger at the door, and a wrong password."""
    services.register(world.workplace.db, "listener", world.listener.detail())
    film = write_film(tmp_path, "a", accession="AUD1", patient_id="PID-77")
    scu.store(LocalEntity(ae_title="MODALITY"), world.pacs, [film])
    world.push(film)
    world.draft("AUD1")
    world.ask_signature("AUD1")
    world.work_until_state("AUD1", StudyState.CONFIRMED)
    with pytest.raises(AccessError):
        reading.log_in(world.workplace.db, "reader", "wrong")
    with pytest.raises(DicomError):
        scu.echo(LocalEntity(ae_title="STRANGER"), world.node)
    note_rejections(world.workplace, world.listener.tally)


def xml_of(line: str) -> etree._Element:
    """The XML of a syslog line, which must be a header of RFC 5424, a byte order mark, and the message."""
    header, _, body = line.partition("\ufeff")
    words = header.split()
    assert words[0] == "<85>1" and words[3] == "llmcxr" and words[5:] == ["DICOM+RFC3881", "-"], header
    return etree.fromstring(body.encode())


def kinds(messages: list[etree._Element]) -> Counter[tuple[str, str, str]]:
    """Event, action and outcome of each message."""
    found: Counter[tuple[str, str, str]] = Counter()
    for message in messages:
        event = message.find("EventIdentification")
        code = event.find("EventID").get("csd-code")
        found[code, event.get("EventActionCode"), event.get("EventOutcomeIndicator")] += 1
    return found


@pytest.mark.allow_log("rejected")
def test_a_whole_course_reaches_rsyslog_and_fits_the_schema(
    world: World, rsyslog: Rsyslog, tmp_path: Path
) -> None:
    audit = AuditMessages(world.workplace)
    live_through(world, tmp_path)
    written = audit.read_on()
    rsyslog.start()
    audit.send_all()
    wait_for(lambda: len(rsyslog.messages()) == written, f"rsyslog has {written} messages")
    messages = [xml_of(line) for line in rsyslog.messages()]
    for message in messages:
        assert SCHEMA.validate(message), SCHEMA.error_log
    found = kinds(messages)
    for event in (
        ("110100", "E", "0"),  # the listener started
        ("110108", "E", "0"),  # the node entered the network
        ("110104", "C", "0"),  # the film came
        ("110114", "E", "0"),  # the reader logged in
        ("110114", "E", "4"),  # somebody didn't
        ("110112", "E", "0"),  # the PACS was asked for the identity
        ("110103", "C", "0"),  # the report was signed
        ("110102", "E", "0"),  # its sending began
        ("110104", "R", "0"),  # and ended
        ("110113", "E", "4"),  # a stranger was turned away
    ):
        assert found[event] >= 1, (event, found)
    [arrival] = [
        m
        for m in messages
        if m.find("EventIdentification").get("EventActionCode") == "C"
        and m.find("EventIdentification/EventID").get("csd-code") == "110104"
    ]
    ids = {
        o.find("ParticipantObjectIDTypeCode").get("csd-code"): o.get("ParticipantObjectID")
        for o in arrival.findall("ParticipantObjectIdentification")
    }
    assert ids["2"].startswith("PID-77") and ids["110180"] == world.study("AUD1").study_instance_uid
    assert audit.read_on() == 0


@pytest.mark.allow_log("rejected")
def test_a_server_that_is_away_loses_nothing(world: World, rsyslog: Rsyslog, tmp_path: Path) -> None:
    audit = AuditMessages(world.workplace)
    rsyslog.start()
    services.register(world.workplace.db, "listener", world.listener.detail())
    first = audit.read_on()
    audit.send_all()
    rsyslog.stop()
    live_through(world, tmp_path)
    second = audit.read_on()
    with pytest.raises(DicomError, match="didn't take"):
        audit.send_all()
    assert audit.spool.backlog_bytes() > 0
    audit = AuditMessages(world.workplace)  # the watcher was started again meanwhile
    third = audit.read_on()
    rsyslog.start()
    audit.send_all()
    wait_for(lambda: len(rsyslog.messages()) >= first + second + third, "all messages are there")
    bodies = [line.partition("\ufeff")[2] for line in rsyslog.messages()]
    assert len(bodies) == len(set(bodies)) == first + second + third
    assert audit.spool.backlog_bytes() == 0


def test_a_server_that_nobody_vouches_for_gets_nothing(
    world: World, tmp_path: Path, authority: Authority
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    foreign = Rsyslog(elsewhere, Authority(elsewhere, "Other authority"))
    foreign.start()
    try:
        world.workplace.config = world.workplace.config.model_copy(
            update={"audit_syslog": f"127.0.0.1:{foreign.port}"}
        )
        audit = AuditMessages(world.workplace)
        services.register(world.workplace.db, "listener")
        assert audit.read_on()
        with pytest.raises(DicomError, match="isn't trusted"):
            audit.send_all()
        assert foreign.messages() == []
    finally:
        foreign.stop()


def test_a_server_that_asks_for_our_certificate_gets_it(
    world: World, tmp_path: Path, authority: Authority
) -> None:
    folder = tmp_path / "strict"
    folder.mkdir()
    strict = Rsyslog(folder, authority, auth="x509/certvalid")
    strict.start()
    try:
        ours = authority.issue("node")
        update = {"audit_syslog": f"localhost:{strict.port}"}
        world.workplace.config = world.workplace.config.model_copy(update=update)
        services.register(world.workplace.db, "listener")
        without = AuditMessages(world.workplace)
        written = without.read_on()
        with pytest.raises(DicomError):
            without.send_all()
        update |= {"audit_syslog_certificate": str(ours.certificate), "audit_syslog_key": str(ours.key)}
        world.workplace.config = world.workplace.config.model_copy(update=update)
        AuditMessages(world.workplace).send_all()
        wait_for(lambda: len(strict.messages()) == written, "they are there")
    finally:
        strict.stop()


@pytest.mark.allow_log("rejected")
def test_masked_messages_name_nobody(world: World, tmp_path: Path) -> None:
    world.workplace.config = world.workplace.config.model_copy(update={"audit_messages": "masked"})
    audit = AuditMessages(world.workplace)
    live_through(world, tmp_path)
    assert audit.read_on() > 5
    [file] = audit.spool.folder.glob("messages-*.xml")
    text = file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    study = world.study("AUD1")
    assert not [value for value in ("PID-77", "AUD1", study.study_instance_uid, "Person") if value in text]
    for line in text.splitlines():
        assert SCHEMA.validate(etree.fromstring(line.encode())), SCHEMA.error_log


def test_what_a_crash_left_of_a_line_is_not_sent(world: World) -> None:
    audit = AuditMessages(world.workplace)
    services.register(world.workplace.db, "listener")
    written = audit.read_on()
    [file] = audit.spool.folder.glob("messages-*.xml")
    with file.open("ab") as half:
        half.write(b"<?xml version='1.0'?><AuditMess")
    batch = audit.spool.waiting()
    assert batch is not None and len(batch.messages) == written
    audit.spool.append([b"<a/>"])
    batch = audit.spool.waiting()
    assert batch is not None and batch.messages[-1] == b"<a/>" and len(batch.messages) == written + 1


def test_settings_that_cant_be_used_are_said(world: World) -> None:
    for update in ({"audit_syslog": "host:port"}, {"audit_syslog_ca": "/nowhere"}):
        broken = world.workplace.config.model_copy(update=update)
        world.workplace.config, before = broken, world.workplace.config
        with pytest.raises(ConfigError):
            AuditMessages(world.workplace)
        world.workplace.config = before
