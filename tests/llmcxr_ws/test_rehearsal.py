"""A rehearsal decides as the node does, and says where a document would send what."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

import dicom_node
from llmcxr_ws.film_facts import HeaderFacts, read_facts
from llmcxr_ws.rehearsal import SampleInstance, SampleStudy, Sending, rehearse
from llmcxr_ws.site import parse_site
from tests.llmcxr_ws.world import SITE

FILMS = Path(dicom_node.__file__).parent / "films"


@pytest.fixture(scope="module")
def frontal() -> HeaderFacts:
    return read_facts(pydicom.dcmread(FILMS / "DEMO0001.dcm"))


def study(*facts: HeaderFacts, source: str = "pacs", state: str = "drafted", defect: str = "") -> SampleStudy:
    instances = [SampleInstance(f"1.{n}", fact.to_dict(), "") for n, fact in enumerate(facts)]
    if defect:
        instances.append(SampleInstance("1.99", {}, defect))
    return SampleStudy(1, "ACC", source, state, True, tuple(instances))


def test_a_film_is_drafted_and_sent_as_the_matrix_says(frontal: HeaderFacts) -> None:
    (made,) = rehearse(SITE, [study(frontal)])
    assert (made.decision, made.film, made.quiet_s) == ("drafted", f"{frontal.Modality} {frontal.view}", 30.0)
    at = {peer.name: f"{peer.ae_title}@{peer.host}:{peer.port}" for peer in SITE.peers}
    assert made.sends == (
        Sending("draft", "pacs", True, "draft", at["pacs"]),
        Sending("signed", "pacs", True, "sign", at["pacs"]),
        Sending("signed", "archive", False, "sign", at["archive"]),
    )
    assert not made.differs


def test_an_excluded_study_says_why_and_sends_no_draft(frontal: HeaderFacts) -> None:
    child = replace(frontal, patient_age_years=6.0)
    (made,) = rehearse(SITE, [study(child)])
    assert made.decision == "excluded" and "child" in made.reason and made.differs
    assert {sending.document for sending in made.sends} == {"signed"}


def test_a_study_that_was_excluded_and_then_signed_stands_as_it_would(frontal: HeaderFacts) -> None:
    child = replace(study(replace(frontal, patient_age_years=6.0), state="signed"), has_film=False)
    (made,) = rehearse(SITE, [child])
    assert made.decision == "excluded" and not made.differs


def test_a_peer_that_gets_another_name_is_known_by_its_ae_title(frontal: HeaderFacts) -> None:
    text = '[[peer]]\nname="main"\nae_title="{}"\nhost="h"\nport=1\n'
    title = SITE.peer("pacs").ae_title
    (renamed,) = rehearse(parse_site(text.format(title)), [study(frontal)], in_force=SITE)
    assert renamed.decision == "drafted" and not renamed.differs
    (other,) = rehearse(parse_site(text.format("OTHER")), [study(frontal)], in_force=SITE)
    assert other.decision == "not_taken" and f"'{title}' of 'pacs'" in other.reason


def test_a_damaged_image_fails_and_an_unknown_or_silent_source_isn_t_taken(frontal: HeaderFacts) -> None:
    (damaged,) = rehearse(SITE, [study(defect="Its pixels end too early.")])
    assert damaged.decision == "failed" and "too early" in damaged.reason
    (stranger,) = rehearse(SITE, [study(frontal, source="room9")])
    assert stranger.decision == "not_taken" and "room9" in stranger.reason and stranger.sends == ()
    mute = parse_site('[[peer]]\nname="pacs"\nae_title="P"\nhost="h"\nport=1\nsends=false\nquiet_s=3\n')
    (refused,) = rehearse(mute, [study(frontal)])
    assert refused.decision == "not_taken" and refused.quiet_s == 3.0


def test_facts_of_an_older_version_are_read_again_by_the_node() -> None:
    (made,) = rehearse(
        SITE, [SampleStudy(1, "A", "pacs", "drafted", True, (SampleInstance("1", {"view": "PA"}, ""),))]
    )
    assert made.decision == "failed" and "older version" in made.reason


def test_facts_keep_where_a_film_was_made_and_old_ones_still_hold(frontal: HeaderFacts) -> None:
    ds = pydicom.dcmread(FILMS / "DEMO0001.dcm")
    ds.Manufacturer, ds.ManufacturerModelName, ds.StationName = "Acme", "DR 5", "XR3"
    assert (read_facts(ds).ManufacturerModelName, read_facts(ds).StationName) == ("DR 5", "XR3")
    older = {key: value for key, value in frontal.to_dict().items() if key != "StationName"}
    assert HeaderFacts.from_dict(older).StationName == ""
    with pytest.raises(KeyError):
        HeaderFacts.from_dict({"view": "PA"})


def test_every_rule_of_the_matrix_says_what_goes_where_and_when(frontal: HeaderFacts) -> None:
    text = (
        '[[peer]]\nname="pacs"\nae_title="P"\nhost="h"\nport=104\n'
        '[[hl7]]\nname="ris"\nhost="ris.local"\nport=2575\n[[fhir]]\nname="ehr"\nbase_url="https://ehr.local/r4/"\n'
        '[[output]]\ndocument="oru"\nto="ris"\nwhen="draft"\n[[output]]\ndocument="oru"\nto="ris"\n'
        '[[output]]\ndocument="fhir"\nto="ehr"\nrequired=false\n[[output]]\ndocument="pdf"\nto="pacs"\n'
    )
    (made,) = rehearse(parse_site(text), [study(frontal)])
    assert made.sends == (
        Sending("oru", "ris", True, "draft", "MLLP ris.local:2575"),
        Sending("oru", "ris", True, "sign", "MLLP ris.local:2575"),
        Sending("fhir", "ehr", False, "sign", "FHIR https://ehr.local/r4"),
        Sending("pdf", "pacs", True, "sign", "P@h:104"),
    )
    (child,) = rehearse(parse_site(text), [study(replace(frontal, patient_age_years=6.0))])
    assert {sending.when for sending in child.sends} == {"sign"}
