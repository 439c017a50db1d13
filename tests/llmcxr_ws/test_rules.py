"""The grammar of routing rules: conditions, what they do, faults with their lines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

import dicom_node
from llmcxr_ws.errors import ConfigError
from llmcxr_ws.film_facts import HeaderFacts, read_facts
from llmcxr_ws.rehearsal import SampleInstance, SampleStudy, rehearse
from llmcxr_ws.routing import Forward, fits, leads_back, route
from llmcxr_ws.rules import PRIORITIES, RoutingRule
from llmcxr_ws.site import SiteConfig, parse_site
from llmcxr_ws.site_document import problems

FILMS = Path(dicom_node.__file__).parent / "films"
PEERS = (
    "".join(
        f'[[peer]]\nname = "{name}"\nae_title = "{name.upper()}"\nhost = "h{number}"\nport = 1\n'
        for number, name in enumerate(("pacs", "archive", "study"))
    )
    + '[[peer]]\nname = "twin"\nae_title = "TWIN"\nhost = "h0"\nport = 1\n'
).replace('name = "study"\n', 'name = "study"\nrole = "research"\ndeidentify = "basic"\nproject = "P"\n')


@pytest.fixture(scope="module")
def film() -> HeaderFacts:
    facts = read_facts(pydicom.dcmread(FILMS / "DEMO0001.dcm"))
    return replace(
        facts,
        view="PA",
        view_says="PA",
        Modality="DX",
        body_part="CHEST",
        patient_age_years=17.9,
        StudyDescription="Thorax in 2 Ebenen",
        SeriesDescription="Thorax pa",
    )


def site(rules: str) -> SiteConfig:
    return parse_site(PEERS + rules)


def rule(name: str, *lines: str) -> str:
    return "\n".join(["[[rule]]", f'name = "{name}"', *lines, ""])


@pytest.mark.parametrize(
    ("conditions", "does"),
    [
        ({"modality": "dx"}, True),
        ({"modality": "CR"}, False),
        ({"body_part": "chest*"}, True),
        ({"body_part": "HAND"}, False),
        ({"study_description": "thorax*"}, True),
        ({"study_description": "thorax"}, False),
        ({"series_description": "*PA"}, True),
        ({"series_description": "*lat*"}, False),
        ({"sop_class": "DigitalXRayImageStorageForPresentation"}, True),
        ({"sop_class": "1.2.840.10008.5.1.4.1.1.1.1"}, True),
        ({"sop_class": "ComputedRadiographyImageStorage"}, False),
        ({"max_age": 17}, True),
        ({"max_age": 16}, False),
        ({"min_age": 18}, False),
        ({"min_age": 17, "max_age": 17}, True),
    ],
)
def test_conditions(film: HeaderFacts, conditions: dict[str, object], does: bool) -> None:
    facts = replace(film, SOPClassUID="1.2.840.10008.5.1.4.1.1.1.1")
    assert fits(RoutingRule(name="x", **conditions), "pacs", facts) is does  # type: ignore[arg-type]


def test_an_unknown_age_fits_no_limit(film: HeaderFacts) -> None:
    assert not fits(RoutingRule(name="x", min_age=0), "pacs", replace(film, patient_age_years=None))


def test_rules_that_pass_add_up_until_one_decides(film: HeaderFacts) -> None:
    rules = site(
        rule("all to archive", 'forward_to = ["archive"]')
        + rule("urgent", 'source = "pacs"', 'priority = "high"')
        + rule("none of these", 'series_description = "*pa"', 'forward_to = ["twin"]', 'then = "skip"')
        + rule("never asked", 'forward_to = ["study"]', 'priority = "low"')
    ).rules
    found = route(rules, "pacs", film)
    assert [one.peer for one in found.forwards] == ["archive", "twin"]
    assert found.priority == PRIORITIES["high"] and found.rule == "none of these" and found.refusal
    other = route(rules, "archive", replace(film, SeriesDescription="lat"))
    assert [one.peer for one in other.forwards] == ["archive", "study"]
    assert other.priority == PRIORITIES["low"] and not other.refusal


def test_what_one_rule_wants_without_its_patient_no_other_gives_away(film: HeaderFacts) -> None:
    for order in ((0, 1), (1, 0)):
        both = (rule("a", 'forward_to = ["study"]'), rule("b", 'deidentify_to = ["study"]'))
        found = route(site(both[order[0]] + both[order[1]]).rules, "pacs", film)
        assert found.forwards == (Forward("study", True, "b"),)


def test_the_same_application_under_another_name_is_where_it_came_from() -> None:
    config = site("")
    assert leads_back(config, "pacs", "pacs") and leads_back(config, "pacs", "twin")
    assert not leads_back(config, "pacs", "archive") and not leads_back(config, "gone", "archive")


def test_a_rehearsal_says_where_it_would_go_and_how_urgently(film: HeaderFacts) -> None:
    facts = replace(film, patient_age_years=40.0).to_dict()
    instances = (SampleInstance("1.1", facts, ""), SampleInstance("1.2", {**facts, "view": "lateral"}, ""))
    sample = SampleStudy(1, "ACC", "pacs", "drafted", True, instances)
    rules = rule("on", 'forward_to = ["archive", "twin"]') + rule("fast", 'view = "PA"', 'priority = "high"')
    (made,) = rehearse(site(rules), [sample])
    (one,) = made.forwards
    assert (one.peer, one.instances, one.deidentify, one.rules) == ("archive", 2, False, ("on",))
    assert made.decision == "drafted" and made.priority == "high"


@pytest.mark.parametrize(
    ("lines", "said", "line"),
    [
        (('forward_to = ["nobody"]',), "no peer 'nobody'", 3),
        (('forward_to = ["archive"]', 'deidentify_to = ["archive"]'), "'archive' the film itself", 4),
        (('source = "pacs"', 'forward_to = ["pacs"]'), "back to 'pacs'", 4),
        (('then = "pass"',), "passes films on and does nothing", 2),
        (('then = "skip"', 'priority = "high"'), "gives their draft a priority", 2),
        (('priority = "high"', 'lifts = ["child"]'), "leaves the draft to other rules and lifts", 2),
        (('sop_class = "ComputedRadiographyStorage"',), "'ComputedRadiographyImageStorage'", 3),
        (("min_age = 18", "max_age = 3"), "fits no age: 18 is above 3", 2),
        (('priority = "urgent"',), "urgent", 3),
        (("min_age = -1",), "greater than or equal to 0", 3),
        (('forward = ["archive"]',), "Did you mean 'forward_to'", 3),
    ],
)
def test_faults_are_named_with_their_line(lines: tuple[str, ...], said: str, line: int) -> None:
    text = PEERS + rule("odd", *lines)
    with pytest.raises(ConfigError) as caught:
        parse_site(text)
    assert said in str(caught.value)
    (fault,) = problems(text)
    assert fault.line == PEERS.count("\n") + line


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (('count_from = "nobody"',), "no peer 'nobody'"),
        (("priors = true", 'retrieve = "move"', "sends = false"), "by C-MOVE and may not send"),
        (('tells = ["hl7"]',), "tells"),
        (("prior_count = 0",), "prior_count"),
    ],
)
def test_peers_that_are_refused(lines: tuple[str, ...], said: str) -> None:
    text = '[[peer]]\nname = "x"\nae_title = "X"\nhost = "h"\nport = 1\n' + "\n".join(lines)
    with pytest.raises(ConfigError, match=said):
        parse_site(text)
