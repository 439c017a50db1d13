"""A site's own rules: the first that fits a film decides; it is named where it alone decides; nonsense is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

import dicom_node
from llmcxr_ws.errors import ConfigError
from llmcxr_ws.film_facts import HeaderFacts, read_facts
from llmcxr_ws.films import Choice, Exclusion, choose_film
from llmcxr_ws.rehearsal import SampleInstance, SampleStudy, rehearse
from llmcxr_ws.routing import SITE_RULE, fits, judge_of
from llmcxr_ws.site import RoutingRule, SiteConfig, parse_site

PEER = '[[peer]]\nname = "pacs"\nae_title = "PACS"\nhost = "h"\nport = 1\n'
FILMS = Path(dicom_node.__file__).parent / "films"


@pytest.fixture(scope="module")
def film() -> HeaderFacts:
    facts = read_facts(pydicom.dcmread(FILMS / "DEMO0001.dcm"))
    return replace(
        facts,
        view="PA",
        view_says="PA",
        Manufacturer="Acme",
        ManufacturerModelName="Mobile 2",
        StationName="ICU-3",
        InstitutionName="East House",
    )


def site(rules: str) -> SiteConfig:
    return parse_site(PEER + rules)


def decided(rules: str, *films: HeaderFacts, source: str = "pacs") -> Choice | Exclusion:
    judge = judge_of(site(rules).rules, source)
    return choose_film([(f"1.{number}", facts) for number, facts in enumerate(films)], judge=judge)


@pytest.mark.parametrize(
    ("conditions", "does"),
    [
        ({}, True),
        ({"source": "pacs"}, True),
        ({"source": "archive"}, False),
        ({"view": "PA"}, True),
        ({"view": "AP"}, False),
        ({"station": "icu-*"}, True),
        ({"station": "icu"}, False),
        ({"institution": "EAST HOUSE"}, True),
        ({"device": "acme mobile*"}, True),
        ({"device": "mobile*"}, False),
        ({"view": "PA", "station": "ER*"}, False),
    ],
)
def test_all_conditions_must_fit_and_an_empty_one_always_does(
    film: HeaderFacts, conditions: dict[str, str], does: bool
) -> None:
    assert fits(RoutingRule(name="x", **conditions), "pacs", film) is does  # type: ignore[arg-type]


def test_a_rule_keeps_films_from_being_drafted_and_is_named(film: HeaderFacts) -> None:
    found = decided('[[rule]]\nname = "no ICU"\nstation = "ICU*"\n', film)
    assert isinstance(found, Exclusion) and found.code == SITE_RULE and "'no ICU'" in found.sentence
    assert decided('[[rule]]\nname = "no ICU"\nstation = "ER*"\n', film) == Choice("1.0")


def test_the_first_rule_that_fits_decides(film: HeaderFacts) -> None:
    rules = (
        '[[rule]]\nname = "PA"\nview = "PA"\nthen = "draft"\n[[rule]]\nname = "no ICU"\nstation = "ICU*"\n'
    )
    assert decided(rules, film) == Choice("1.0")
    assert isinstance(decided(rules, replace(film, view="AP")), Exclusion)


def test_another_film_of_the_study_may_be_drafted(film: HeaderFacts) -> None:
    rules = '[[rule]]\nname = "no ICU"\nstation = "ICU*"\n'
    assert decided(rules, film, replace(film, StationName="ER-1", view="AP")) == Choice("1.1")


def test_an_exclusion_is_lifted_for_the_films_that_fit_alone(film: HeaderFacts) -> None:
    child = replace(film, patient_age_years=6.0)
    rules = '[[rule]]\nname = "teaching"\nstation = "ICU*"\nthen = "draft"\nlifts = ["child"]\n'
    assert decided(rules, child) == Choice("1.0")
    elsewhere = decided(rules, replace(child, StationName="ER-1"))
    assert isinstance(elsewhere, Exclusion) and elsewhere.code == "child"


def test_what_cant_be_drafted_anyway_says_its_own_reason(film: HeaderFacts) -> None:
    found = decided('[[rule]]\nname = "none"\n', replace(film, view="lateral", view_says="LL"))
    assert isinstance(found, Exclusion) and found.code == "lateral"
    # Of two films, the one that only the rule speaks against gives the reason.
    both = decided('[[rule]]\nname = "none"\n', replace(film, view="lateral", view_says="LL"), film)
    assert isinstance(both, Exclusion) and both.code == SITE_RULE


def test_a_rehearsal_asks_the_rules_too(film: HeaderFacts) -> None:
    sample = SampleStudy(1, "ACC", "pacs", "drafted", True, (SampleInstance("1.1", film.to_dict(), ""),))
    (made,) = rehearse(site('[[rule]]\nname = "no ICU"\nsource = "pacs"\nstation = "ICU*"\n'), [sample])
    assert made.decision == "excluded" and "'no ICU'" in made.reason and made.differs
    (other,) = rehearse(site('[[rule]]\nname = "no ICU"\nstation = "ER*"\n'), [sample])
    assert other.decision == "drafted" and not other.differs


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ('[[rule]]\nname = "a"\nsource = "nobody"\n', "no peer 'nobody'"),
        ('[[rule]]\nname = "a"\n[[rule]]\nname = "a"\n', "Two routing rules are called 'a'"),
        ('[[rule]]\nname = "a"\nlifts = ["child"]\n', "skips films and lifts"),
        ('[[rule]]\nname = "a"\nthen = "draft"\nlifts = ["lateral"]\n', "'lateral', which no rule can"),
        ('[[rule]]\nname = "a"\nthen = "perhaps"\n', "perhaps"),
        ('[[rule]]\nname = "a"\nstaton = "x"\n', "Did you mean 'station'"),
        ("[[rule]]\n", "name"),
    ],
)
def test_rules_that_are_refused(rules: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        site(rules)
    assert said in str(caught.value)
