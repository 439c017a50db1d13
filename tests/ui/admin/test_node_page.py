"""The node's state: what a listener tells and writes down, certificates that end, queues that stand."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pynetdicom import AE

from dicom_node import admission, listener, reception, web
from dicom_node.listener import Listener, note_rejections
from dicom_node.sop_classes import VERIFICATION
from llmcxr_ws.node_state import Certificate, node_state
from llmcxr_ws.store import services
from tests.certificates import Authority
from tests.ui.conftest import Seat
from tests.ui.homes import House
from tests.ui.office_world import Past
from ui.admin import node as node_page
from ui.admin.node import NodeSection
from ui.admin.node_lines import Seen
from ui.admin.page import AdministrationPage


@pytest.fixture
def running(home: House, past: Past) -> Iterator[Listener]:
    """A listener that tells of itself as the node's process does."""
    made = Listener(home.workplace)
    made.start(port=0)
    yield made
    made.stop()


@pytest.fixture
def section(page: AdministrationPage) -> NodeSection:
    page.show_section("node")
    made = page.section("node")
    assert isinstance(made, NodeSection)
    return made


def of(section: NodeSection, key: str) -> Seen:
    return next(row for row in section.table.rows if row.key == key)


def test_nothing_runs_and_each_line_says_what_to_do(section: NodeSection, seat: Seat) -> None:
    seat.wait(lambda: bool(section.table.rows))
    for key, state in (("listener", "bad"), ("courier", "bad"), ("engine", "look")):
        row = of(section, key)
        assert (row.state, row.found) == (state, "doesn't run") and "Start" in row.to_do
    assert of(section, "associations").state == "look"
    assert of(section, "certificates").found == "none is used: there is no TLS"
    assert "Listener" in section.verdict.text() and "things to look at" in section.verdict.text()


@pytest.mark.allow_log("association rejected")
def test_a_listener_its_associations_and_whom_it_turns_away(
    section: NodeSection, seat: Seat, past: Past, running: Listener
) -> None:
    known, stranger = AE(ae_title="PACS"), AE(ae_title="STRANGER")
    for entity in (known, stranger):
        entity.add_requested_context(VERIFICATION)
    ours = past.home.workplace.config.ae_title
    for _ in range(2):
        # The library's user now and then takes the rejection for an abort: what counts is how the listener told it.
        assert not stranger.associate("127.0.0.1", running.port, ae_title=ours).is_established
    with_us = known.associate("127.0.0.1", running.port, ae_title=ours)
    assert with_us.is_established
    services.register(past.db, "listener", running.detail())
    note_rejections(past.home.workplace, running.tally)
    section.refresh()
    seat.wait(lambda: bool(section.turned_away.rows))
    with_us.release()
    (row,) = section.turned_away.rows
    assert (row.calling, row.host, row.reason, row.count) == (
        "STRANGER",
        "127.0.0.1",
        "calling AE title unknown",
        2,
    )
    assert of(section, "listener").state == "good" and ours in of(section, "listener").found
    assert of(section, "associations").found == "1 open now, 20 at most"
    assert of(section, "turned_away").found == "2 associations in the last day"


def test_what_was_received_and_what_stands_in_the_queues(
    section: NodeSection, seat: Seat, past: Past
) -> None:
    past.signed(past.drafted(), "The lungs are clear.")
    past.problems()
    detail = {
        "open": 20,
        "instances": [["pacs", "stored", 3], ["", "not_authorised", 1]],
        "bytes": [["pacs", "stored", 30_000_000]],
    }
    services.register(past.db, "listener", {"tally": detail})
    by_web = {"instances": [["pacs", "stored", 2]], "bytes": [["pacs", "stored", 5_000_000]]}
    services.register(past.db, "web", {"tally": by_web})
    section.refresh()
    seat.wait(lambda: bool(section.queues.rows) and bool(section.received.rows))
    (queue,) = section.queues.rows
    assert (queue.name, queue.dead) == ("pacs", 1) and queue.waiting >= 1
    deliveries = of(section, "deliveries")
    assert deliveries.state == "bad" and "1 dead" in deliveries.found and "Queues" in deliveries.to_do
    assert of(section, "associations").state == "look" and "turned away" in of(section, "associations").to_do
    assert [(row.outcome, row.instances, row.bytes) for row in section.received.rows] == [
        ("not_authorised", 1, 0),
        ("stored", 5, 35_000_000),
    ]


def test_certificates_that_end_soon_or_can_t_be_read(home: House, past: Past, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca")
    soon = authority.issue("soon", days=(-1.0, 5.0))
    config = home.workplace.config.model_copy(
        update={"tls_certificate": str(soon.certificate), "tls_trusted": str(tmp_path / "nothing.pem")}
    )
    home.workplace.config = config
    found = {one.setting: one for one in node_state(home.workplace).certificates}
    assert 3 < found["tls_certificate"].days_left < 6 and not found["tls_certificate"].is_good
    assert "can't be read" in found["tls_trusted"].problem
    long = Certificate("a", "a.pem", datetime.now(UTC) + timedelta(days=90), 90.0)
    assert long.is_good


def whys_of(path: Path) -> set[str]:
    """Literals that a module gives as the reason (`why`) why a request is refused."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        is_why = isinstance(node, ast.Assign) and [getattr(one, "id", "") for one in node.targets] == ["why"]
        if is_why or (isinstance(node, ast.keyword) and node.arg == "why"):
            value = node.value  # type: ignore[attr-defined]
            parts = (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,)
            found |= {str(one.value) for one in parts if isinstance(one, ast.Constant) and one.value}
    return found


def test_every_reason_and_outcome_of_the_node_has_words() -> None:
    """Literals of the listener's and admission's own calls: what they write is what the window translates."""
    said = set()
    for module, name, at in ((admission, "_rejected", 0), (listener, "rejected", 3)):
        for call in ast.walk(ast.parse(inspect.getsource(module))):
            called = call.func if isinstance(call, ast.Call) else None
            if getattr(called, "attr", getattr(called, "id", "")) == name:
                given = call.args[at] if len(call.args) > at else None  # type: ignore[attr-defined]
                if isinstance(given, ast.Constant):
                    said.add(given.value)
    assert said and said <= set(node_page.REASONS)
    by_web = set().union(*(whys_of(path) for path in Path(web.__file__).parent.glob("*.py")))
    assert {"nothing shown", "not configured to send"} <= by_web <= set(node_page.REASONS)
    assert set(reception.OUTCOMES.values()) <= set(node_page.OUTCOMES)
