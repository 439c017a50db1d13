"""HL7 receivers and FHIR servers in the administration page: forms, tokens, and tries at real receivers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from llmcxr_ws.store import configuration
from tests.receivers import FhirServer, running_fhir, running_ris, statement_of
from tests.ui.admin.conftest import type_into
from tests.ui.conftest import Seat
from tests.ui.office_seat import nameless
from tests.ui.office_world import Past
from ui.admin.destinations import DestinationsSection
from ui.admin.document import DocumentSection
from ui.admin.page import AdministrationPage


@pytest.fixture
def section(page: AdministrationPage) -> DestinationsSection:
    page.show_section("destinations")
    made = page.section("destinations")
    assert isinstance(made, DestinationsSection)
    return made


@pytest.fixture
def server() -> Iterator[FhirServer]:
    with running_fhir() as made:
        yield made


def fault(section: DestinationsSection, table: str, name: str) -> str:
    return section.forms[table].faults[name].text()


@pytest.mark.usefixtures("node")
def test_destinations_are_added_judged_and_put_in_force(
    page: AdministrationPage, section: DestinationsSection, seat: Seat, past: Past
) -> None:
    assert section.table.rows == () and not section.attempt.isEnabled()
    section.add_hl7.click()
    assert page.draft.problems == () and nameless(section) == []
    type_into(
        section.forms["hl7"], name="ris", host="ris.example.org", port="70000", receiving_application="R|S"
    )
    assert "70000" in fault(section, "hl7", "port") and "R|S" in fault(
        section, "hl7", "receiving_application"
    )
    assert not page.bar.apply.isEnabled()
    type_into(section.forms["hl7"], port="2576", receiving_application="RIS", sending_application="")
    section.add_fhir.click()
    type_into(section.forms["fhir"], name="ris", base_url="ftp://x")
    assert "ftp" not in fault(section, "fhir", "base_url") and "http" in fault(section, "fhir", "base_url")
    type_into(section.forms["fhir"], base_url="https://ehr.example.org/r4")
    assert "Two destinations" in fault(section, "fhir", "name")
    type_into(section.forms["fhir"], name="ehr", token_env="EHR_TOKEN", token_key="ehr")
    assert "twice" in fault(section, "fhir", "token_key")
    type_into(section.forms["fhir"], token_key="", base_url="http://ehr.example.org/r4")
    assert "in clear" in fault(section, "fhir", "base_url")
    type_into(section.forms["fhir"], base_url="https://ehr.example.org/r4")
    page.bar.apply.click()
    seat.wait(lambda: page.draft.in_force.version == 2)
    site = configuration.load_site(past.db)
    assert (site.hl7[0].port, site.hl7[0].receiving_application) == (2576, "RIS")
    assert site.hl7[0].sending_application == "LLMCXR"
    assert (site.fhir[0].token_env, site.fhir[0].token_key) == ("EHR_TOKEN", "")
    assert "# The site of the tests" in configuration.site_text(past.db)


def test_renaming_takes_outputs_along_and_removing_takes_them_out(
    page: AdministrationPage, section: DestinationsSection
) -> None:
    section.add_hl7.click()
    page.draft.add("output", {"document": "oru", "to": "hl71"})
    type_into(section.forms["hl7"], name="ris")
    assert [rule["to"] for rule in page.draft.tables("output")] == ["pacs", "ris"]
    assert page.draft.problems == ()
    section.remove.click()
    assert page.draft.tables("hl7") == [] and not page.draft.problems
    assert [rule["to"] for rule in page.draft.tables("output")] == ["pacs"]


def test_a_token_that_somebody_pastes_is_kept_nowhere(
    page: AdministrationPage, section: DestinationsSection, seat: Seat
) -> None:
    page.show_section("document")
    document = page.section("document")
    assert isinstance(document, DocumentSection)
    page.show_section("destinations")
    section.add_fhir.click()
    for name in ("token_env", "token_key"):
        type_into(section.forms["fhir"], **{name: "eyJhbGciOi.J9-secret"})
        assert "wasn't kept" in fault(section, "fhir", name)
        assert section.forms["fhir"].fields[name].text() == ""  # type: ignore[union-attr]
        assert "eyJ" not in page.draft.text + document.editor.toPlainText()
    type_into(section.forms["fhir"], token_key="ehr")
    assert fault(section, "fhir", "token_key") == ""
    assert page.draft.tables("fhir")[0]["token_key"] == "ehr"


@pytest.mark.usefixtures("node")
def test_a_receiver_is_tried_and_gets_no_message(section: DestinationsSection, seat: Seat) -> None:
    section.add_hl7.click()
    with running_ris() as ris:
        type_into(section.forms["hl7"], port=ris.port)
        section.attempt.click()
        seat.wait(lambda: "takes connections" in section.line.text)
        assert ris.messages == []
    section.attempt.click()
    seat.wait(lambda: "can't be reached" in section.line.text)


@pytest.mark.usefixtures("node")
def test_a_fhir_server_is_tried_and_what_it_lists_is_shown(
    section: DestinationsSection, seat: Seat, server: FhirServer
) -> None:
    server.statement = statement_of()
    section.add_fhir.click()
    type_into(section.forms["fhir"], base_url=server.base_url)
    section.attempt.click()
    seat.wait(lambda: "FHIR 4.0.1" in section.line.text)
    assert [(row.name, row.is_listed) for row in section.resources.rows] == [
        ("DiagnosticReport", True),
        ("ImagingStudy", True),
    ]
    type_into(section.forms["fhir"], base_url=f"{server.base_url}/other")
    assert section.resources.rows == ()
    section.attempt.click()
    seat.wait(lambda: "answered 404" in section.line.text)
    assert server.requests == []
