"""From the worklist to the signed report in Orthanc, at the real window, by pointer and by keyboard alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.request import Request, urlopen

import pydicom
import pytest

from llmcxr_ws.demo.scene import PASSWORD, READER, Scene, set_up, wait_until_ready
from llmcxr_ws.demo.walk import DELIVERY_S, DRAFT_S, Walk
from llmcxr_ws.states import StudyState
from tests.acceptance.hands import Hands, hands_at
from tests.peers import require

ADDED = "Seen by hand."
OVERRULE = "Overrule this objection with a reason"
NOTHING_STANDS = ("Nothing was found to object to.", "Every objection is overruled")
WHY = "Looked at it by hand"
FILMS = 2

pytestmark = [pytest.mark.peers, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """Orthanc, node and engine with two studies drafted."""
    require("Orthanc")
    scene = set_up(tmp_path_factory.mktemp("house") / "home", "orthanc")
    walk = Walk(scene)
    try:
        wait_until_ready(scene)
        walk.list_films()
        del walk.films[FILMS:]
        walk.fill_pacs()
        walk.send_to_node()
        scene.company.wait_for("The last draft", walk.all_drafted, timeout_s=DRAFT_S)
        yield walk
    finally:
        scene.company.stop()
        scene.workplace.close()


def test_by_keyboard_alone(walk: Walk, tmp_path: Path) -> None:
    accession = walk.films[0].accession
    with hands_at(walk.scene.workplace.home, tmp_path) as hands:
        hands.wait("the log-in is there", lambda: hands.sees("User name"))
        hands.type(READER)
        hands.key("Tab")
        hands.type(PASSWORD)
        hands.key("Return")
        hands.wait("the worklist is there", lambda: hands.reads(accession))
        hands.key("ctrl+f")
        hands.type(accession)
        hands.key("alt+Down")
        _edit_and_sign(hands, walk, accession)
    _check(walk, accession)


def test_by_pointer(walk: Walk, tmp_path: Path) -> None:
    accession = walk.films[1].accession
    with hands_at(walk.scene.workplace.home, tmp_path) as hands:
        hands.click_into("User name", kind="QLineEdit")
        hands.type(READER)
        hands.click_into("Password", kind="QLineEdit")
        hands.type(PASSWORD)
        hands.click("Log in", kind="QPushButton")

        def is_open() -> bool:
            """Rows move while studies change: whoever misses one clicks again."""
            hands.click_row(accession)
            return hands.sees("Sign the report", is_enabled=True)

        hands.wait("the film can be signed", is_open)
        hands.drag("Film", 60, 40)
        hands.click_into("Report text", kind="ReportEditor")
        hands.key("ctrl+End")
        hands.type(f" {ADDED}")
        hands.wait("the words are in the report", lambda: hands.reads(ADDED))
        hands.click("Sign the report")
        hands.wait("the dialog is there", lambda: hands.sees("Text to be signed"))
        _overrule(hands)
        hands.click_into("Password", kind="QLineEdit")
        hands.type(PASSWORD)
        hands.click("Sign the report", kind="QPushButton")
        _signed(walk, hands, accession)
    _check(walk, accession)


def _edit_and_sign(hands: Hands, walk: Walk, accession: str) -> None:
    hands.wait("the draft can be signed", lambda: hands.sees("Sign the report", is_enabled=True))
    hands.key("F4", "ctrl+End")
    hands.type(f" {ADDED}")
    hands.wait("the words are in the report", lambda: hands.reads(ADDED))
    hands.key("F12")
    hands.wait("the dialog is there", lambda: hands.sees("Text to be signed"))
    _overrule(hands)
    hands.tab_to("Password")
    hands.type(PASSWORD)
    hands.key("Return")
    _signed(walk, hands, accession)


def _overrule(hands: Hands) -> None:
    """Overrule what the checks object to; the list scrolls with the focus."""
    while not any(hands.reads(words) for words in NOTHING_STANDS):
        hands.tab_to(OVERRULE)
        hands.key("space")
        hands.tab_to("Reason to overrule")
        hands.type(WHY)
        hands.key("Return")


def _signed(walk: Walk, hands: Hands, accession: str) -> None:
    hands.wait("the dialog is gone", lambda: not hands.sees("Text to be signed"))

    def is_confirmed() -> bool:
        rows = {row.identity.accession_number: row.state for row in walk.rows()}
        return rows[accession] == StudyState.CONFIRMED

    hands.wait("the report is confirmed by the PACS", is_confirmed, DELIVERY_S)


def _check(walk: Walk, accession: str) -> None:
    """Orthanc itself holds the signed report with the sentence that was typed."""
    texts = _signed_texts(walk.scene, accession)
    assert len(texts) == 1
    assert ADDED in texts[0]


def _signed_texts(scene: Scene, accession: str) -> list[str]:
    settings = json.loads((scene.workplace.home / "pacs" / "orthanc.json").read_text(encoding="utf-8"))
    base = f"http://127.0.0.1:{settings['HttpPort']}"
    query = {"Level": "Series", "Query": {"AccessionNumber": accession, "Modality": "SR"}, "Expand": True}
    request = Request(f"{base}/tools/find", json.dumps(query).encode(), method="POST")
    with urlopen(request, timeout=30) as answer:
        series = json.load(answer)
    texts = []
    for instance in (one for row in series for one in row["Instances"]):
        with urlopen(f"{base}/instances/{instance}/file", timeout=30) as answer:
            dataset = pydicom.dcmread(BytesIO(answer.read()))
        if dataset.VerificationFlag == "VERIFIED":
            texts.append("\n".join(str(e.value) for e in dataset.iterall() if e.keyword == "TextValue"))
    return texts
