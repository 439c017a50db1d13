"""HL7 messages and FHIR resources: what stands in them, and what becomes of them on the way."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dicom_node.documents.values import put
from dicom_node.messages import fhir, mllp, oru, rest
from llmcxr_ws.errors import ConfigError, DicomError
from llmcxr_ws.outputs import FhirDestination, Hl7Destination
from tests.dicom_node.narratives import narrative
from tests.factories import make_film
from tests.receivers import FhirServer, Ris, running_fhir, running_ris

RIS = Hl7Destination(name="ris", host="127.0.0.1", port=1, receiving_facility="East")


@pytest.fixture
def ris() -> Iterator[Ris]:
    with running_ris() as running:
        yield running


@pytest.fixture
def ehr() -> Iterator[FhirServer]:
    with running_fhir() as running:
        yield running


def segment(text: str, name: str, number: int = 0) -> list[str]:
    found = [line.split("|") for line in text.split("\r") if line.startswith(name)]
    return found[number]


def test_status_and_content_by_stage() -> None:
    for stage, status in (("draft", "P"), ("signed", "F"), ("addendum", "C")):
        told = narrative(stage)
        text = oru.build_oru(told, RIS)
        message = oru.read(text)
        assert segment(text, "OBR")[25] == status
        assert {line.split("|")[11] for line in text.split("\r") if line.startswith("OBX")} == {status}
        assert oru.sentences_of(message) == told.sentences
        assert ("AI DRAFT - not reviewed" in text) == (stage == "draft")
        assert list(oru.check_oru(text, told, [told.film])) == []
    assert "The lateral film shows no effusion" in text and "No effusion." in text  # C holds all of it


def test_a_withdrawal_says_so_and_nothing_of_the_content() -> None:
    told = narrative()
    text = oru.build_oru(told, RIS, withdrawn_at=datetime(2026, 11, 3, tzinfo=UTC))
    assert segment(text, "OBR")[25] == "X" and segment(text, "OBX")[11] == "W"
    assert segment(text, "OBR")[3] == segment(oru.build_oru(told, RIS), "OBR")[3]
    assert not any(sentence in text for sentence in told.sentences)
    resource = json.loads(fhir.build_report(told, withdrawn=True))
    assert resource["status"] == "entered-in-error" and not any(s in str(resource) for s in told.sentences)


def test_names_and_separators_survive() -> None:
    film = make_film(
        PatientName="Yamada|^Tarou^M^Dr.^Jr=山田^太郎=やまだ^たろう",
        PatientID="A^1|\\F\\",
        SpecificCharacterSet="ISO_IR 192",
    )
    told = narrative("signed", film, "Size 3 ~ 4 cm ^ | & \\ \\F\\ done.", "Zwei\nZeilen.")
    text = oru.build_oru(told, RIS)
    assert list(oru.check_oru(text, told, [film])) == []
    assert oru.sentences_of(oru.read(text)) == (told.sentences[0], "Zwei Zeilen.")
    groups = segment(text, "PID")[5].split("~")
    assert groups[0] == "Yamada\\F\\^Tarou^M^Jr^Dr.^^L^A" and groups[1] == "山田^太郎^^^^^L^I"
    assert segment(text, "MSH")[17] == "UNICODE UTF-8" and segment(text, "MSH")[5] == "East"


def test_another_patient_s_header_is_a_fault() -> None:
    told = narrative()
    for keyword in ("PatientID", "PatientName", "AccessionNumber", "IssuerOfPatientID", "StudyInstanceUID"):
        other = make_film(**{keyword: "1.2.3"})
        assert any(keyword in said for said in oru.check_oru(oru.build_oru(told, RIS), told, [other]))
        assert any(keyword in said for said in fhir.check_fhir(fhir.build_report(told), told, [other]))
    longer = narrative("signed", told.film, "Something else.")
    assert list(oru.check_oru(oru.build_oru(told, RIS), longer, [told.film]))
    assert list(fhir.check_fhir(fhir.build_report(told), longer, [told.film]))


@pytest.mark.parametrize("issuer", ["", "HOSPITAL", "The hospital & its other houses"])
def test_who_issued_a_patient_s_id_is_told(issuer: str) -> None:
    """PID-3.4 is a namespace up to 20 characters, else a local identifier; FHIR tells it of an ID alone."""
    told = narrative("signed", make_film(PatientID="P-1", IssuerOfPatientID=issuer))
    assert list(oru.check_oru(oru.build_oru(told, RIS), told, [told.film])) == []
    assert list(fhir.check_fhir(fhir.build_report(told), told, [told.film])) == []
    nobody = narrative("signed", make_film(PatientID="", IssuerOfPatientID=issuer))
    assert list(fhir.check_fhir(fhir.build_report(nobody), nobody, [nobody.film])) == []


def test_the_same_message_has_the_same_control_id_and_another_another() -> None:
    one, again = oru.build_oru(narrative(), RIS), oru.build_oru(narrative(), RIS)
    assert one == again
    assert (
        len({segment(oru.build_oru(narrative(s), RIS), "MSH")[9] for s in ("draft", "signed", "addendum")})
        == 3
    )


def test_what_does_not_fit_is_refused_without_a_quotation() -> None:
    film = make_film()
    put(film, "PatientBirthDate", "DA", "FEMALE")
    with pytest.raises(DicomError, match="doesn't conform to ORU"):
        oru.build_oru(narrative("signed", film), RIS)
    try:
        oru.build_oru(narrative("signed", film), RIS)
    except DicomError as error:
        assert "FEMALE" not in error.sentence


def _send(ris: Ris, text: str) -> mllp.Answer:
    to = Hl7Destination(name="ris", host="127.0.0.1", port=ris.port)
    data = text.encode()
    return mllp.send(to, data, oru.control_id_of(data), connect_s=2, silence_s=5)


def test_acknowledgements(ris: Ris) -> None:
    text = oru.build_oru(narrative(), RIS)
    assert _send(ris, text) == mllp.Answer(True)
    assert ris.messages == [text.rstrip("\r")] or ris.messages == [text]
    ris.codes, ris.error = ["AE", "AR", "AR"], ""
    error, reject = _send(ris, text), _send(ris, text)
    assert (error.taken, error.retry, reject.taken, reject.retry) == (False, True, False, False)
    assert "AR (reject" in reject.sentence
    ris.error = "207"
    busy = _send(ris, text)
    assert busy.retry and "207" in busy.sentence


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"", "closed the connection"),
        (b"\x0bnot hl7\x1c\r", "something else than HL7"),
        (b"\x0bMSH|^~\\&|||||20260101||ACK|1|P|2.5.1\rMSA|AA|other\r\x1c\r", "another message"),
        (b"\x0bMSH|^~\\&|||||2026", "closed the connection"),
    ],
)
def test_an_answer_that_is_none_leaves_the_outcome_unknown(answer: bytes, says: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(100_000)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        to = Hl7Destination(name="ris", host="127.0.0.1", port=server.getsockname()[1])
        said = mllp.send(to, b"MSH|x\r", "1", connect_s=2, silence_s=3)
        thread.join()
    assert not said.taken and said.retry and said.unknown and says in said.sentence


def test_nobody_there_is_no_unknown_outcome() -> None:
    said = mllp.send(RIS, b"MSH|x\r", "1", connect_s=2, silence_s=2)
    assert said.retry and not said.unknown and "can't be reached" in said.sentence
    away = FhirDestination(name="ehr", base_url="http://127.0.0.1:1/r4")
    gone = rest.put(away, fhir.build_report(narrative()), Path("."), silence_s=2)
    assert gone.retry and not gone.unknown and "can't be reached" in gone.sentence


def test_the_same_report_is_one_resource_through_its_life(ehr: FhirServer, tmp_path: Path) -> None:
    to = FhirDestination(name="ehr", base_url=ehr.base_url)
    for stage, status in (
        ("draft", "preliminary"),
        ("signed", "final"),
        ("signed", "final"),
        ("addendum", "appended"),
    ):
        assert rest.put(to, fhir.build_report(narrative(stage)), tmp_path, silence_s=5) == mllp.Answer(True)
        assert ehr.only["status"] == status
    assert [status for _, status in ehr.requests] == [201, 200, 200, 200]
    rest.put(to, fhir.build_report(narrative(), withdrawn=True), tmp_path, silence_s=5)
    assert ehr.only["status"] == "entered-in-error"


@pytest.mark.parametrize(
    ("status", "retry"), [(503, True), (401, True), (412, False), (422, False), (302, False)]
)
def test_what_a_server_refuses(ehr: FhirServer, tmp_path: Path, status: int, retry: bool) -> None:
    ehr.answers = [status]
    to = FhirDestination(name="ehr", base_url=ehr.base_url)
    said = rest.put(to, fhir.build_report(narrative()), tmp_path, silence_s=5)
    assert (said.taken, said.retry) == (False, retry) and str(status) in said.sentence


def test_a_token_comes_from_the_environment_or_the_key_folder(
    ehr: FhirServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ehr.token = "s3cret"
    resource = fhir.build_report(narrative())
    by_key = FhirDestination(name="ehr", base_url=ehr.base_url, token_key="ehr")
    with pytest.raises(ConfigError, match="keys/ehr can't be read"):
        rest.put(by_key, resource, tmp_path, silence_s=5)
    (tmp_path / "keys").mkdir()
    key = tmp_path / "keys" / "ehr"
    key.write_text("s3cret\n")
    key.chmod(0o644)
    with pytest.raises(ConfigError, match="others may read it"):
        rest.put(by_key, resource, tmp_path, silence_s=5)
    key.chmod(0o600)
    assert rest.put(by_key, fhir.build_report(narrative()), tmp_path, silence_s=5).taken
    by_name = FhirDestination(name="ehr", base_url=ehr.base_url, token_env="TEST_TOKEN")
    with pytest.raises(ConfigError, match="TEST_TOKEN is empty"):
        rest.put(by_name, resource, tmp_path, silence_s=5)
    monkeypatch.setenv("TEST_TOKEN", "s3cret")
    assert rest.put(by_name, fhir.build_report(narrative()), tmp_path, silence_s=5).taken
    monkeypatch.setenv("TEST_TOKEN", "s3cret\r\nX-Evil: 1")
    with pytest.raises(ConfigError) as refused:
        rest.put(by_name, resource, tmp_path, silence_s=5)
    assert "s3cret" not in refused.value.sentence
