"""What the doctor says of peers, and of HL7 and FHIR destinations."""

from __future__ import annotations

import pytest

from dicom_node import health
from dicom_node.simulator.server import PacsSimulator
from llmcxr_ws.errors import DicomError
from llmcxr_ws.home import ENVIRONMENT_VARIABLE
from llmcxr_ws.store.configuration import import_site
from llmcxr_ws.workplace import Workplace
from tests.receivers import capabilities, running_fhir, running_ris


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
        modality = '[[peer]]\nname = "cr"\nae_title = "CR1"\nhost = "127.0.0.1"\nport = 1\n'
        import_site(workplace.db, site + modality, user="test")
        assert health.check_peers().endswith("; no answer from those that only send to us: cr")
        import_site(workplace.db, site + modality + "worklist = true\n", user="test")
        with pytest.raises(DicomError, match=r"Peer cr .* can't be reached"):
            health.check_peers()
        import_site(workplace.db, site, user="test")
        said = health.check_messages()
        assert "HL7 destination ris" in said and "FHIR destination ehr answered" in said
        ehr.statement = capabilities() | {"fhirVersion": "3.0.2"}
        with pytest.raises(DicomError, match=r"3\.0\.2.*sent as FHIR R4"):
            health.check_messages()
    with pytest.raises(DicomError, match=r"ris at .* can't be reached.*ehr can't be reached"):
        health.check_messages()
