"""Names of destinations: what names them follows, and never goes over to another that is called so for a while."""

from __future__ import annotations

import pytest

from tests.ui.admin.conftest import type_into
from ui.admin.destinations import DestinationsSection
from ui.admin.page import AdministrationPage
from ui.admin.peers import PeersSection
from ui.admin.site_draft import SiteDraft

MORE = """
[[output]]
document = "pdf"
to = "archive"

[[hl7]]
name = "ris"
host = "127.0.0.1"
port = 2575

[[output]]
document = "oru"
to = "ris"

[[rule]]
name = "on"
source = "pacs"
forward_to = ["archive"]
"""


@pytest.fixture
def section(peers: PeersSection, page: AdministrationPage) -> PeersSection:
    page.draft.write(page.draft.text + MORE)
    page.draft.put(("peer", 1, "count_from"), "pacs")
    assert page.draft.problems == ()
    return peers


def call(section: PeersSection, at: int, *names: str) -> None:
    """Type names of a peer, one after the other."""
    section.table.select_where(lambda row: row[0] == at)
    for name in names:
        type_into(section.form, name=name)


def named(draft: SiteDraft) -> list[object]:
    """Who is named: by the outputs, the rule and the count."""
    rule, counted = draft.tables("rule"), [peer.get("count_from") for peer in draft.tables("peer")]
    return [
        *(output["to"] for output in draft.tables("output")),
        *(name for one in rule for name in (one["source"], *one["forward_to"])),
        *(name for name in counted if name),
    ]


@pytest.mark.parametrize("on_the_way", ["archive", "ris", ""])
def test_a_name_that_is_taken_or_empty_for_a_while_mixes_up_nothing(
    page: AdministrationPage, section: PeersSection, on_the_way: str
) -> None:
    call(section, 0, on_the_way)
    assert page.draft.problems and named(page.draft) == ["pacs", "archive", "ris", "pacs", "archive", "pacs"]
    call(section, 1, "store")
    call(section, 0, "main")
    assert named(page.draft) == ["main", "store", "ris", "main", "store", "main"]
    assert page.draft.problems == ()


def test_two_that_swap_their_names_keep_what_is_theirs(
    page: AdministrationPage, section: PeersSection
) -> None:
    call(section, 0, "archive")
    call(section, 1, "pacs")
    assert named(page.draft) == ["archive", "pacs", "ris", "archive", "pacs", "archive"]
    assert page.draft.problems == ()


def test_what_is_discarded_or_written_as_text_is_not_remembered(
    page: AdministrationPage, section: PeersSection
) -> None:
    text = page.draft.text
    call(section, 0, "archive")
    page.draft.write(text.replace('"pacs"', '"first"'))
    page.draft.write(page.draft.text.replace('name = "first"', 'name = "archive"'))
    call(section, 0, "last")  # the two were written so as text: nobody knows whose the outputs are
    assert named(page.draft) == ["first", "archive", "ris", "first", "archive", "first"]


def test_removing_one_of_two_of_a_name_leaves_the_other_its_outputs(
    page: AdministrationPage, section: PeersSection
) -> None:
    call(section, 0, "archive")
    section.remove.click()
    assert [peer["name"] for peer in page.draft.tables("peer")] == ["archive"]
    assert [rule["to"] for rule in page.draft.tables("output")] == ["archive", "ris"]
    assert page.draft.tables("rule") == []
    page.draft.write(page.draft.text + '\n[[peer]]\nname = "archive"\nae_title = "B"\nhost = "b"\nport = 1\n')
    call(section, 1)
    section.remove.click()
    assert [rule["to"] for rule in page.draft.tables("output")] == ["archive", "ris"]


def test_the_later_of_two_keeps_its_outputs_when_the_earlier_goes(
    page: AdministrationPage, section: PeersSection
) -> None:
    call(section, 1, "pacs")
    call(section, 0)
    section.remove.click()  # and so the other one's name is its own
    assert [peer["name"] for peer in page.draft.tables("peer")] == ["pacs"]
    assert [rule["to"] for rule in page.draft.tables("output")] == ["pacs", "ris"]


def test_a_receiver_never_takes_over_a_peer_s_outputs(
    page: AdministrationPage, section: PeersSection
) -> None:
    page.show_section("destinations")
    destinations = page.section("destinations")
    assert isinstance(destinations, DestinationsSection)
    type_into(destinations.forms["hl7"], name="pacs")
    type_into(destinations.forms["hl7"], name="his")
    assert [rule["to"] for rule in page.draft.tables("output")] == ["pacs", "archive", "his"]
    assert page.draft.problems == ()
