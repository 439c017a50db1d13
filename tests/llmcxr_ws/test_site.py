"""The site's document: one validator, and sentences that name the nearest valid key."""

from __future__ import annotations

from typing import Any

import pytest

from llmcxr_ws.errors import ConfigError
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
