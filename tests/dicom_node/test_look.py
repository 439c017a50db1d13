"""Trying HL7 and FHIR destinations, and what the doctor says of them and of the peers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dicom_node import health
from dicom_node.messages.look import Look, look_at
from dicom_node.simulator.server import PacsSimulator
from llmcxr_ws.errors import DicomError
from llmcxr_ws.home import ENVIRONMENT_VARIABLE
from llmcxr_ws.outputs import FhirDestination, Hl7Destination
from llmcxr_ws.store.configuration import import_site
from llmcxr_ws.workplace import Workplace
from tests.network import free_port
from tests.receivers import capabilities, running_fhir, running_ris


def look(base_url: str, home: Path, **more: Any) -> Look:
    return look_at(FhirDestination(name="ehr", base_url=base_url, **more), home, silence_s=5)


def test_an_hl7_destination_is_tried_by_its_connection_alone(tmp_path: Path) -> None:
    with running_ris() as ris:
        to = Hl7Destination(name="ris", host="127.0.0.1", port=ris.port)
        found = look_at(to, tmp_path, silence_s=5)
        assert ris.messages == []
    assert found.fit and "accepts connections" in found.sentence
    away = look_at(to.model_copy(update={"port": free_port()}), tmp_path, silence_s=2)
    assert not away.reached and "ris at 127.0.0.1" in away.sentence and away.what_to_do


def test_a_fhir_server_is_asked_what_it_takes(tmp_path: Path) -> None:
    with running_fhir() as server:
        found = look(server.base_url, tmp_path)
        assert found.fit and found.sentence == "FHIR destination ehr takes reports."
        assert found.software == "A server 7.2" and server.reports == {}
        server.statement = capabilities()
        del server.statement["rest"][0]["resource"][0]["conditionalUpdate"]
        unsaid = look(server.base_url, tmp_path)
        assert unsaid.fit and "Whether by conditional update, it doesn't say." in unsaid.sentence


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (capabilities() | {"fhirVersion": "5.0.0"}, "it speaks FHIR 5.0.0, not R4"),
        (capabilities() | {"rest": []}, "doesn't say that it takes updates of DiagnosticReport"),
        (capabilities(interaction=[{"code": "read"}]), "doesn't say that it takes updates"),
        (capabilities(conditionalUpdate=False), "no conditional updates"),
        ({"resourceType": "OperationOutcome"}, "something else than a CapabilityStatement"),
        (["nothing"], "something else than a CapabilityStatement"),
        (capabilities() | {"rest": "odd"}, "something else than a CapabilityStatement"),
    ],
)
def test_a_server_that_does_not_fit_says_why(tmp_path: Path, statement: object, said: str) -> None:
    with running_fhir() as server:
        server.statement = statement
        found = look(server.base_url, tmp_path)
    assert found.reached and not found.fit and said in found.sentence and found.what_to_do


def test_a_token_is_needed_and_follows_no_redirect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running_fhir() as server, running_fhir() as elsewhere:
        server.token = "secret"
        assert "answered 401" in look(server.base_url, tmp_path).sentence
        monkeypatch.setenv("EHR_TOKEN", "secret")
        assert look(server.base_url, tmp_path, token_env="EHR_TOKEN").fit
        server.location = f"{elsewhere.base_url}/metadata"
        found = look(server.base_url, tmp_path, token_env="EHR_TOKEN")
        assert not found.fit and "answered 302" in found.sentence
    monkeypatch.setenv("EHR_TOKEN", "")
    missing = look(server.base_url, tmp_path, token_env="EHR_TOKEN")
    assert not missing.fit and "EHR_TOKEN is empty" in missing.sentence
    monkeypatch.setenv("EHR_TOKEN", "secret")
    assert "can't be reached" in look(server.base_url, tmp_path, token_env="EHR_TOKEN").sentence


def test_the_doctor_tries_every_destination(
    workplace: Workplace, simulator: PacsSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(workplace.home))
    assert health.check_messages() == "no HL7 or FHIR destination is configured"
    with pytest.raises(DicomError, match=r"Peer pacs .* can't be reached"):
        health.check_peers()
    with running_ris() as ris, running_fhir() as ehr:
        site = (
            f'[[peer]]\nname = "pacs"\nae_title = "PACS"\nhost = "127.0.0.1"\nport = {simulator.port}\n'
            '[[output]]\ndocument = "signed"\nto = "pacs"\n'
            f'[[hl7]]\nname = "ris"\nhost = "127.0.0.1"\nport = {ris.port}\n'
            f'[[fhir]]\nname = "ehr"\nbase_url = "{ehr.base_url}"\n'
        )
        import_site(workplace.db, site, user="test")
        assert health.check_peers() == "1 answer and take what is sent there"
        said = health.check_messages()
        assert "HL7 destination ris" in said and "FHIR destination ehr takes reports." in said
        ehr.statement = capabilities() | {"fhirVersion": "3.0.2"}
        with pytest.raises(DicomError, match=r"3\.0\.2, not R4"):
            health.check_messages()
    with pytest.raises(DicomError, match=r"ris at .* can't be reached.*ehr can't be reached"):
        health.check_messages()
