"""The site's document: one validator, and sentences that name the nearest valid key."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from llmcxr_ws import site_document
from llmcxr_ws.errors import ConfigError
from llmcxr_ws.outputs import KINDS, Kind
from llmcxr_ws.site import parse_site
from llmcxr_ws.store import configuration
from llmcxr_ws.store.database import Database
from tests.llmcxr_ws.world import events


def peer(name: str = "pacs", ae_title: str = "PACS", host: str = "127.0.0.1", **more: Any) -> str:
    values = {"name": name, "ae_title": ae_title, "host": host, "port": 104} | more
    lines = [f"{key} = {str(v).lower() if isinstance(v, bool) else repr(v)}" for key, v in values.items()]
    return "\n".join(["[[peer]]", *lines, ""])


def output(document: str = "signed", to: str = "pacs", **more: str) -> str:
    values = {"document": document, "to": to} | more
    return "\n".join(["[[output]]", *(f"{key} = {value!r}" for key, value in values.items()), ""])


def test_the_draft_comes_first_unless_the_site_says_otherwise() -> None:
    assert not parse_site("").reader_first
    assert parse_site("reader_first = true").reader_first
    with pytest.raises(ConfigError, match="Did you mean 'reader_first'"):
        parse_site("readers_first = true")


def test_a_whole_document() -> None:
    site = parse_site(
        'name = "East"\nquiet_s = 5\n'
        + peer(identity=True, role="test")
        + peer("b", "B C", "10.0.0.9")
        + output()
    )
    assert (site.name, site.quiet_s, site.send_drafts) == ("East", 5, False)
    assert (site.peer("pacs").role, site.peer("b").role) == ("test", "clinical")
    assert site.peer_of(" B C ") is site.peer("b") and site.peer_of("b c") is None
    assert site.identity_peer() is site.peer("pacs")
    assert parse_site(peer() + output("draft")).send_drafts
    with pytest.raises(ConfigError, match=r"no peer 'c'\. Configured are: pacs, b"):
        site.peer("c")


def test_an_empty_document_sends_nothing_anywhere() -> None:
    site = parse_site("")
    assert (site.peers, site.outputs, site.identity_peer(), site.send_drafts) == ((), (), None, False)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nmae = 'x'", r"'nmae' is unknown\. Did you mean 'name'\?"),
        (peer().replace("peer", "peers"), r"'peers' is unknown\. Did you mean 'peer'\?"),
        (peer(ae_titel="x"), r"'peer\.0\.ae_titel' is unknown\. Did you mean 'ae_title'\?"),
        (
            peer().replace("ae_title", "ae_titel"),
            r"'peer\.0\.ae_titel' is unknown\. Did you mean 'ae_title'\?",
        ),
        ('[[peer]]\nname = "p"', r"'peer\.0\.ae_title' is missing"),
        ('[peer]\nname = "p"', r"write it as \[\[peer\]\]"),
        (peer() + output(two="x"), r"'output\.0\.two' is unknown"),
        (peer(port=0), r"'peer\.0\.port' = 0 was refused"),
        (peer(role="boss"), r"'peer\.0\.role' = 'boss' was refused"),
        (peer(ae_title=""), r"'peer\.0\.ae_title'"),
        (peer(ae_title="PACS "), r"'peer\.0\.ae_title'"),
        (peer(ae_title="X" * 17), r"'peer\.0\.ae_title'"),
        (peer(name="a b"), r"'peer\.0\.name'"),
        ("quiet_s = 0", "'quiet_s' = 0"),
        ("quiet_s = inf", "'quiet_s' = inf"),
        ("peer = 5", "'peer' = 5 was refused"),
        ("name =", "isn't valid TOML"),
        (peer() + peer(ae_title="B"), "Two peers have the name 'pacs'"),
        (peer() + peer("b"), "Two peers have the ae_title 'PACS'"),
        (peer(identity=True) + peer("b", "B", identity=True), "More than one peer has identity"),
        (peer() + output(to="elsewhere"), "no peer 'elsewhere'"),
        (peer() + output() + output(), "Two output rules send 'signed' to 'pacs'"),
        (peer() + output("rejection"), r"'output\.0\.document' = 'rejection'"),
    ],
)
def test_what_is_refused(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse_site(text)


@pytest.mark.parametrize("host", ["10.0.0.1", "pacs.example", "0.0.0.0", "::", "127.1", "localhost.evil"])
def test_a_demonstration_refuses_everything_but_loopback(host: str) -> None:
    with pytest.raises(ConfigError, match="loopback only"):
        parse_site(peer(host=host), demo=True)
    parse_site(peer(host=host))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_a_demonstration_takes_loopback(host: str) -> None:
    assert parse_site(peer(host=host), demo=True).peers[0].host == host


def test_documents_are_kept_by_version(db: Database) -> None:
    assert (configuration.site_version(db), configuration.site_text(db)) == (0, "")
    for version, text in enumerate((peer(), peer() + output()), start=1):
        assert configuration.import_site(db, text, user="service") == version
    assert configuration.site_text(db, 1) == peer()
    assert len(configuration.load_site(db).outputs) == 1
    with pytest.raises(ConfigError):
        configuration.import_site(db, "peer = 5", user="service")
    assert (configuration.site_version(db), events(db)) == (2, ["site.imported", "site.imported"])


def hl7(name: str = "ris", **more: object) -> str:
    values = {"name": name, "host": "ris.local", "port": 2575} | more
    return "\n".join(["[[hl7]]", *(f"{key} = {value!r}" for key, value in values.items()), ""])


def fhir(name: str = "ehr", **more: object) -> str:
    values = {"name": name, "base_url": "https://ehr.local/r4"} | more
    return "\n".join(["[[fhir]]", *(f"{key} = {value!r}" for key, value in values.items()), ""])


def test_the_whole_matrix() -> None:
    rules = [output(kind, role) for kind, role in (("oru", "ris"), ("fhir", "ehr"), ("synthetic", "lab"))]
    rules += [output(kind) for kind in KINDS if KINDS[kind].way == "dicom" and kind != "synthetic"]
    rules += [output("oru", "ris", when="draft"), output("pdf", when="draft")]
    site = parse_site(peer() + peer("lab", "LAB", role="research") + hl7() + fhir() + "".join(rules))
    moments = {(rule.document, rule.moment) for rule in site.outputs}
    assert {kind for kind, _ in moments} == set(KINDS) == set(get_args(Kind))
    assert ("draft", "draft") in moments and ("signed", "sign") in moments and ("oru", "draft") in moments
    assert site.send_drafts
    assert [one.name for one in site.destinations] == ["pacs", "lab", "ris", "ehr"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (peer() + output(when="draft"), "it can't leave when = 'draft'"),
        (peer() + output("draft", when="sign"), "it can't leave when = 'sign'"),
        (peer() + output("provenance", when="draft"), "it can't leave when"),
        (peer() + output("pdf", when="later"), r"'output\.0\.when' = 'later'"),
        (peer() + output("oru"), r"'pacs' can't take it\. Name a destination of a \[\[hl7\]\] table"),
        (hl7() + output("pdf", "ris"), r"of a \[\[peer\]\] table"),
        (hl7() + output("fhir", "ris"), r"of a \[\[fhir\]\] table"),
        (peer() + output("synthetic"), "generated films aren't sent to clinical peers"),
        (peer() + output("pdf") + output("pdf", when="sign"), "Two output rules send 'pdf'"),
        (
            peer() + peer("b", "B") + output("capture") + output("capture", "b", when="draft"),
            "at two moments",
        ),
        (peer() + hl7("pacs"), "Two destinations have the name 'pacs'"),
        (hl7() + fhir("ris"), "Two destinations have the name 'ris'"),
        (hl7(receiving_facility="a|b"), r"'hl7\.0\.receiving_facility'"),
        (hl7(prot=1), r"'hl7\.0\.prot' is unknown\. Did you mean 'port'"),
        (fhir(base_url="ftp://x"), r"'fhir\.0\.base_url' was refused \(its value isn't shown\)"),
        (fhir(base_url="http://ehr.local", token_env="TOKEN"), "its token would travel in clear"),
        (fhir(token_env="A", token_key="b"), "names its token twice"),
    ],
)
def test_what_makes_no_sense_is_refused(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse_site(text)
    assert site_document.problems(text)


@pytest.mark.parametrize(
    "more",
    [{"token_env": "eyJ.secret"}, {"token_key": "Bearer secret"}, {"base_url": "https://u:secret@x/r4"}],
)
def test_a_token_that_was_pasted_into_the_document_is_never_quoted(more: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_site(fhir(**more))
    assert "secret" not in refused.value.sentence
    assert "secret" not in site_document.problems(fhir(**more))[0].sentence


def test_a_demonstration_s_messages_stay_on_loopback_too() -> None:
    for text in (hl7(), fhir()):
        with pytest.raises(ConfigError, match="loopback only"):
            parse_site(text, demo=True)
    parse_site(hl7(host="127.0.0.1") + fhir(base_url="http://localhost:8080/r4"), demo=True)
