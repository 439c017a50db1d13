"""Destinations beyond DICOM are tried without a report: hl7apy's MLLP server, an HTTP server, nobody, strangers."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dicom_node.messages.trying import Tried, try_fhir, try_hl7
from dicom_node.steps.desk import Desk
from llmcxr_ws.outputs import FhirDestination, Hl7Destination
from llmcxr_ws.store import accounts, configuration, requests
from llmcxr_ws.workplace import Workplace
from tests.dicom_node.test_probe import decided
from tests.network import free_port
from tests.receivers import FhirServer, running_fhir, running_ris, statement_of


def hl7(port: int) -> Tried:
    return try_hl7(Hl7Destination(name="ris", host="127.0.0.1", port=port), connect_s=2)


def fhir_of(url: str, **more: str) -> FhirDestination:
    return FhirDestination(name="ehr", base_url=url, **more)  # type: ignore[arg-type]


@pytest.fixture
def server() -> Iterator[FhirServer]:
    with running_fhir() as made:
        yield made


def ask(server: FhirServer, home: Path, **more: str) -> Tried:
    return try_fhir(fhir_of(server.base_url, **more), home, silence_s=3, with_token=True)


def test_a_receiver_of_hl7_is_called_and_gets_no_message() -> None:
    with running_ris() as ris:
        found = hl7(ris.port)
        assert found.reached and found.fits and "No message was sent" in found.sentence
        assert ris.messages == []


def test_nobody_a_stranger_and_one_who_hangs_up_are_told_apart() -> None:
    nobody = hl7(free_port())
    assert not nobody.reached and "can't be reached" in nobody.sentence and nobody.what_to_do
    for greeting, words in ((b"220 mail\r\n", "speaks first"), (b"", "closes it at once")):
        with socket.create_server(("127.0.0.1", 0)) as listening:

            def answer(listening: socket.socket = listening, greeting: bytes = greeting) -> None:
                connection, _ = listening.accept()
                with connection:
                    connection.sendall(greeting)

            thread = threading.Thread(target=answer)
            thread.start()
            found = hl7(listening.getsockname()[1])
            thread.join()
        assert found.reached and not found.fits and words in found.sentence


def test_a_fhir_server_says_its_version_and_what_it_takes(server: FhirServer, tmp_path: Path) -> None:
    server.statement = statement_of()
    found = ask(server, tmp_path)
    assert found.reached and found.fits and "FHIR 4.0.1, Ward Server 7" in found.sentence
    assert [(one.name, one.listed) for one in found.resources] == [
        ("DiagnosticReport", True),
        ("ImagingStudy", True),
    ]
    assert found.resources[0].interactions == ("read", "update", "conditional update")
    assert server.looks == [("/r4/metadata", "")] and server.requests == []


def test_what_speaks_against_a_server_is_said(server: FhirServer, tmp_path: Path) -> None:
    server.statement = statement_of("5.0.0", types=("ImagingStudy",))
    found = ask(server, tmp_path)
    assert found.reached and not found.fits
    assert "R4" in found.what_to_do and "doesn't list DiagnosticReport" in found.what_to_do
    statement = json.loads(statement_of())
    statement["rest"][0]["resource"][0]["conditionalUpdate"] = False
    server.statement = json.dumps(statement).encode()
    assert "conditional update" in ask(server, tmp_path).what_to_do
    del statement["rest"][0]["resource"][0]["conditionalUpdate"]
    server.statement = json.dumps(statement).encode()
    assert ask(server, tmp_path).fits  # it doesn't say
    for strange in (b"<html>", b"[]", b'{"resourceType": "OperationOutcome"}'):
        server.statement = strange
        assert "something else than a CapabilityStatement" in ask(server, tmp_path).sentence
    server.statement = (
        b'{"resourceType":"CapabilityStatement","rest":[{"resource":[1]},2],"software":[],"fhirVersion":4}'
    )
    assert "of no version" in ask(server, tmp_path).sentence


def test_a_redirect_is_not_followed_and_an_unreachable_server_is_told(
    server: FhirServer, tmp_path: Path
) -> None:
    server.location = f"{server.base_url}/other"
    assert "answered 302" in ask(server, tmp_path).sentence and len(server.looks) == 1
    away = fhir_of(f"http://127.0.0.1:{free_port()}/r4")
    assert not try_fhir(away, tmp_path, silence_s=2, with_token=True).reached


# On an administrator's request


@pytest.fixture
def desk(workplace: Workplace) -> Iterator[Desk]:
    for name, role in (("ann", "admin"), ("rita", "reader")):
        accounts.create_user(
            workplace.db, workplace.service_key(), name=name, password="a long one", role=role
        )
    yield Desk.set_up(workplace)


def put_in_force(desk: Desk, server: FhirDestination) -> None:
    text = "".join(f'{name} = "{value}"\n' for name, value in server.model_dump().items() if value)
    configuration.import_site(desk.db, f"[[fhir]]\n{text}", user="service")


def test_a_token_goes_only_where_it_is_in_force(
    desk: Desk, server: FhirServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a form that nobody put in force could have the node hand a token to anybody."""
    monkeypatch.setenv("EHR_TOKEN", "secret-1")
    server.token = "secret-1"
    there = fhir_of(server.base_url, token_env="EHR_TOKEN")
    put_in_force(desk, fhir_of("https://ehr.example.org/r4", token_env="EHR_TOKEN"))
    state, outcome = decided(desk, "ann", "try", {"fhir": there.model_dump()})
    found = json.loads(outcome)
    assert state == "granted" and "answered 401" in found["sentence"] and "in force" in found["what_to_do"]
    assert [said for _, said in server.looks] == [""]
    put_in_force(desk, there)
    _, outcome = decided(desk, "ann", "try", {"fhir": there.model_dump()})
    assert json.loads(outcome)["fits"] and server.looks[-1][1] == "Bearer secret-1"
    assert "secret-1" not in outcome
    monkeypatch.delenv("EHR_TOKEN")
    _, outcome = decided(desk, "ann", "try", {"fhir": there.model_dump()})
    assert "EHR_TOKEN is empty" in json.loads(outcome)["sentence"] and len(server.looks) == 2


@pytest.mark.allow_log("refused")
def test_who_may_not_and_what_can_not_be_tried(desk: Desk, server: FhirServer) -> None:
    there = fhir_of(server.base_url).model_dump()
    assert decided(desk, "rita", "try", {"fhir": there})[0] == "refused"
    state, outcome = decided(desk, "ann", "try", {"hl7": {"name": "ris", "host": "h", "port": 0}})
    assert state == "refused" and "'port'" in outcome
    in_clear = there | {"base_url": "http://ehr.example.org/r4", "token_key": "ehr"}
    assert "travel in clear" in decided(desk, "ann", "try", {"fhir": in_clear})[1]
    pasted = there | {"token_env": "ya29.secret"}
    assert "ya29" not in decided(desk, "ann", "try", {"fhir": pasted})[1]
    assert decided(desk, "ann", "try", {})[0] == "refused"
    assert server.looks == [] and requests.waiting_requests(desk.db) == []


def test_a_receiver_is_tried_by_the_courier(desk: Desk) -> None:
    with running_ris() as ris:
        there = {"name": "ris", "host": "127.0.0.1", "port": ris.port}
        state, outcome = decided(desk, "ann", "try", {"hl7": there})
    assert state == "granted" and json.loads(outcome)["fits"]
