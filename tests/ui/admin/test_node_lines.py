"""What the node page says of queues, associations, who was turned away, and of a look that fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from dicom_node.turned_away import ASSOCIATIONS, REQUESTS
from llmcxr_ws.errors import DatabaseFailure
from llmcxr_ws.node_state import DestinationQueue, DraftQueue, NodeState, node_state
from llmcxr_ws.states import Actor
from llmcxr_ws.store import audit, configuration, overview, services
from llmcxr_ws.store.models import Job, SiteDocument
from llmcxr_ws.store.watching import Waiting
from tests.ui.conftest import Seat
from tests.ui.evidence.drafts import application
from tests.ui.homes import House
from tests.ui.office_world import Past
from ui.admin import node as node_page
from ui.admin import node_lines
from ui.admin.node import NodeSection
from ui.admin.node_lines import Seen, seen
from ui.admin.page import AdministrationPage
from ui.language import speak


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """The window speaks English, with its plurals."""
    speak(application(), "en")
    yield
    speak(application(), "en")


@pytest.fixture
def found(past: Past) -> NodeState:
    """A node of which nothing runs and where nothing waits."""
    return node_state(past.home.workplace)


def line(found: NodeState, key: str) -> Seen:
    return next(row for row in seen(found) if row.key == key)


def tell(home: House, monkeypatch: pytest.MonkeyPatch, name: str, detail: dict[str, object]) -> None:
    """A listener says that it runs, as one of several machines'."""
    monkeypatch.setattr(services, "service_name", lambda kind: f"{kind}@{name}:1")
    services.register(home.workplace.db, "listener", detail)


def test_drafts_that_are_dead_or_held_are_told(past: Past) -> None:
    past.problems()
    place = past.home.workplace
    dead = line(node_state(place), "drafts")
    assert (dead.state, "1 dead" in dead.found) == ("bad", True) and "Queues" in dead.to_do
    with past.db.write() as session:
        session.execute(update(Job).where(Job.state == "dead").values(state="held"))
    assert "1 held" in line(node_state(place), "drafts").found


@pytest.mark.parametrize(
    ("queue", "state"),
    [
        (DestinationQueue("pacs", 7, 3600.0, 20, 12, 0), "good"),
        (DestinationQueue("pacs", 7, 3 * 86_400.0, 0, 0, 0), "look"),
        (DestinationQueue("pacs", 0, 0.0, 500, 0, 0), "look"),
        (DestinationQueue("pacs", 0, 0.0, 0, 300, 0), "look"),
        (DestinationQueue("pacs", 0, 0.0, 500, 0, 1), "bad"),
    ],
)
def test_a_queue_that_stands_is_something_to_look_at(
    found: NodeState, queue: DestinationQueue, state: str
) -> None:
    said = line(replace(found, destinations=(queue,)), "deliveries")
    assert said.state == state and bool(said.to_do) == (state != "good")
    assert ("pacs" in said.found) == (state != "good")


def test_drafts_that_wait_for_days_and_requests_that_nobody_decides(found: NodeState) -> None:
    assert line(found, "drafts").state == line(found, "requests").state == "good"
    old = replace(found, drafts=DraftQueue(40, 2 * 86_400.0, 0, 0), requests_waiting=Waiting(2, 600.0))
    assert line(old, "drafts").state == "look"
    requests = line(old, "requests")
    assert (requests.state, requests.found) == ("look", "2 waiting, the oldest for 10 min")


def test_every_port_has_its_own_limit_and_listeners_are_counted_together(
    past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = past.home.workplace
    both = {"port": 11112, "tls_port": 2762}
    tell(past.home, monkeypatch, "one", both | {"tally": {"open": 15, "instances": [["pacs", "stored", 5]]}})
    state = node_state(place)
    said = line(state, "associations")
    assert (said.state, said.found) == ("good", "15 open now, 40 at most: 20 on each port")
    tell(
        past.home, monkeypatch, "two", {"port": 1, "tally": {"open": 7, "instances": [["pacs", "stored", 2]]}}
    )
    state = node_state(place)
    assert (state.open_associations, state.most_associations) == (22, 60)
    assert [row.instances for row in state.received] == [7]
    place.config = place.config.model_copy(update={"tls_port": place.config.dicom_port})
    tell(past.home, monkeypatch, "two", {"tally": {"open": 1}})
    assert node_state(place).most_associations == 60  # one port for both


def test_refused_requests_are_told_apart_from_associations(past: Past) -> None:
    for what, count, reason in ((REQUESTS, 40, "nothing shown"), (ASSOCIATIONS, 3, "not by TLS")):
        audit.note(
            past.db, actor=Actor.NODE, event="association.rejected", calling="", host="10.0.0.1",
            reason=reason, count=count, what=what,
        )  # fmt: skip
    state = node_state(past.home.workplace)
    assert (
        line(state, "turned_away").found
        == "3 associations in the last day; 40 STOW-RS requests in the last day"
    )
    assert [(row.what, row.count) for row in state.turned_away] == [(REQUESTS, 40), (ASSOCIATIONS, 3)]
    assert node_lines.REQUESTS == REQUESTS


def test_a_reason_with_a_detail_has_words_of_its_own() -> None:
    said = node_page.reason_words
    assert said("TLS: no shared cipher") == "the TLS handshake failed: no shared cipher"
    assert said("user identity of type 4") == "user identity of type 4"
    assert said("not by TLS") == "not by TLS"


def test_a_folder_of_trusted_certificates_that_can_t_be_read_is_a_line(
    past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = past.home.workplace
    place.config = place.config.model_copy(update={"tls_trusted": str(tmp_path)})

    def refuse(folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)  # root, which tests may be, reads any folder
    (certificate,) = node_state(place).certificates
    assert certificate.setting == "tls_trusted" and "Permission denied" in certificate.problem


def test_a_node_without_a_site_document_says_so(past: Past, found: NodeState) -> None:
    assert line(found, "site").found == "in force"
    with past.db.write() as session:
        for row in session.query(SiteDocument):
            session.delete(row)
    assert configuration.site_version(past.db) == 0
    said = line(node_state(past.home.workplace), "site")
    assert said.state == "look" and "none is in force" in said.found


def test_purges_and_readings_stay_however_long_the_trail_grows(
    past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit.note(past.db, actor="ada", event="deidentify.key_table_read", project="P", rows=3, reason="r")
    audit.note(past.db, actor=Actor.NODE, event="retention.purged", what="logs", items=1, bytes=1)
    for _ in range(3):
        audit.note(past.db, actor="ada", event="user.logged_in")
    monkeypatch.setattr(overview, "SEARCHED", 2)
    assert len(overview.key_readings(past.db)) == len(overview.purges(past.db)) == 1


def test_a_clock_is_off_by_a_number_of_the_window_s_language(found: NodeState) -> None:
    off = replace(found, clock_off_s=-12.3)
    assert "12.3 s" in line(off, "clock").found
    speak(application(), "de")
    assert "12,3 s" in line(off, "clock").found


def test_a_look_that_fails_is_no_good_news_and_the_next_takes_it_back(
    page: AdministrationPage, seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.show_section("node")
    section = page.section("node")
    assert isinstance(section, NodeSection)
    seat.wait(lambda: bool(section.table.rows))

    def fail(place: object) -> NodeState:
        raise DatabaseFailure("The database can't be reached.", what_to_do="See that it runs.")

    with monkeypatch.context() as patched:
        patched.setattr(node_page, "node_state", fail)
        section.refresh()
        seat.wait(lambda: "can't be reached" in section.line.text)
    assert "isn't known" in section.verdict.text() and section.verdict.property("tone") == "bad"
    section.refresh()
    seat.wait(lambda: section.line.text == "")
    assert "to look at" in section.verdict.text()


def test_looks_don_t_pile_up(page: AdministrationPage, seat: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    page.show_section("node")
    section = page.section("node")
    assert isinstance(section, NodeSection)
    asked = []
    read = section.office.read
    monkeypatch.setattr(section.office, "read", lambda *given: (asked.append(1), read(*given))[1])
    seat.wait(lambda: bool(section.table.rows))
    asked.clear()
    section.refresh()
    for _ in range(5):
        section._timer.timeout.emit()
    assert len(asked) == 1
    seat.wait(lambda: section._asked is not None and section._asked.is_done)
    section._timer.timeout.emit()
    assert len(asked) == 2
