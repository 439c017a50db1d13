"""Outputs beside the report: planned with it, built by the courier, dead with their reason where they can't be."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dicom_node import courier
from dicom_node.simulator.server import PacsSimulator
from dicom_node.sop_classes import ENCAPSULATED_PDF, KEY_OBJECT_SELECTION
from dicom_node.steps import outputs
from dicom_node.steps.desk import Desk
from dicom_node.steps.outputs import NothingToSend, Wanted, make_outputs
from llmcxr_ws.errors import StoreError
from llmcxr_ws.states import DeliveryState, StudyState
from llmcxr_ws.store import deliveries
from llmcxr_ws.store.configuration import import_site
from llmcxr_ws.store.models import Delivery, Report, SentenceMap
from tests.dicom_node.films import make_film, write_film
from tests.dicom_node.test_after_signature import add
from tests.dicom_node.world import SITE, MakeWorld, World, decided, documents_in, drafted, in_pacs
from tests.peers import run_peer
from tests.receivers import Ris, running_ris

THERE = "The heart is enlarged."
RULE = '\n[[output]]\ndocument = "{document}"\nto = "{to}"\n'
HL7 = '\n[[hl7]]\nname = "ris"\nhost = "127.0.0.1"\nport = {port}\n'


@pytest.fixture
def ris() -> Iterator[Ris]:
    with running_ris() as running:
        yield running


def site(world: World, more: str) -> None:
    text = SITE.format(ae_title=world.pacs.ae_title, port=world.pacs.port, commitment="auto")
    import_site(world.workplace.db, text + more, user="test")


@pytest.mark.allow_log("document not made")
def test_what_can_t_be_built_is_dead_with_its_reason_and_built_when_sent_again(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world()
    site(world, RULE.format(document="pdf", to="pacs"))
    drafted(world, simulator, tmp_path)
    world.ask_signature("A-1", "No acute finding \U00013000.")  # an Egyptian hieroglyph
    world.work_until(
        lambda: (
            world.deliveries("A-1", "signed")
            and world.deliveries("A-1", "signed")[0].state == DeliveryState.CONFIRMED
        ),
        "the report is confirmed",
    )
    [pdf] = world.deliveries("A-1", "pdf")
    assert pdf.state == DeliveryState.DEAD and "U+13000 (EGYPTIAN HIEROGLYPH" in pdf.message
    assert world.study("A-1").state == StudyState.SIGNED  # a required output is missing
    monkeypatch.setitem(outputs.BUILDERS, "pdf", _plain_pdf)
    with world.workplace.db.write() as session:
        deliveries.resend(session, pdf.id)
    world.work_until_state("A-1", StudyState.CONFIRMED)
    assert len(documents_in(simulator, ENCAPSULATED_PDF)) == 1


def _plain_pdf(desk: Desk, wanted: Wanted) -> dict[str, Any]:
    from dicom_node.documents.encapsulated import encapsulate
    from dicom_node.steps import compose

    return compose.keep(desk, encapsulate(wanted.narrative, b"%PDF-1.7\n%%EOF\n"), [])


def test_a_kind_with_nothing_to_send_holds_nobody_up(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(desk: Desk, wanted: Wanted) -> dict[str, Any]:
        raise NothingToSend("No region of this report is marked.")

    monkeypatch.setitem(outputs.BUILDERS, "presentation", none)
    world = make_world()
    site(world, RULE.format(document="presentation", to="pacs"))
    drafted(world, simulator, tmp_path)
    world.ask_signature("A-1")
    world.work_until_state("A-1", StudyState.CONFIRMED)
    [row] = world.deliveries("A-1", "presentation")
    assert (row.state, row.required, row.message) == (
        DeliveryState.HELD,
        False,
        "No region of this report is marked.",
    )


@pytest.mark.allow_log("document not made")
@pytest.mark.allow_log("put off")
def test_a_defect_of_a_builder_stops_nothing_else(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(desk: Desk, wanted: Wanted) -> dict[str, Any]:
        raise KeyError("a patient's name")

    monkeypatch.setitem(outputs.BUILDERS, "pdf", broken)
    monkeypatch.delitem(outputs.BUILDERS, "capture")
    world = make_world()
    site(world, RULE.format(document="pdf", to="pacs") + RULE.format(document="capture", to="pacs"))
    drafted(world, simulator, tmp_path)
    world.ask_signature("A-1")
    world.work_until(
        lambda: (
            [row.state for kind in ("pdf", "capture") for row in world.deliveries("A-1", kind)]
            == ["dead", "dead"]
        ),
        "both are dead",
    )
    world.work_until(
        lambda: world.deliveries("A-1", "signed")[0].state == "confirmed", "the report is confirmed"
    )
    [pdf], [capture] = world.deliveries("A-1", "pdf"), world.deliveries("A-1", "capture")
    assert "failed over" in pdf.message and "patient" not in pdf.message
    assert "makes no document of the kind 'capture'" in capture.message


@pytest.mark.allow_log("not delivered")
def test_a_newer_message_takes_the_place_of_one_that_has_not_left(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path, ris: Ris
) -> None:
    world = make_world()
    early = RULE.format(document="oru", to="ris") + 'when = "draft"\n'
    site(world, HL7.format(port=1) + early + RULE.format(document="oru", to="ris"))
    drafted(world, simulator, tmp_path)
    world.work_until(
        lambda: any(row.attempts for row in world.deliveries("A-1", "oru")), "a try that reaches nobody"
    )
    world.ask_signature("A-1")
    world.work_until_state("A-1", StudyState.SIGNED)
    site(world, HL7.format(port=ris.port) + early + RULE.format(document="oru", to="ris"))
    world.work_until_state("A-1", StudyState.CONFIRMED)
    states = [(row.stage, row.state) for row in world.deliveries("A-1", "oru")]
    assert states == [("draft", DeliveryState.HELD), ("signed", DeliveryState.CONFIRMED)]
    assert len(ris.messages) == 1 and "|F|" in ris.messages[0]
    site(world, HL7.format(port=ris.port) + RULE.format(document="oru", to="ris"))
    assert decided(world, add(world))[0] == "granted"
    world.work_until(lambda: len(ris.messages) == 2, "the addendum")
    with (
        pytest.raises(StoreError, match="newer version"),
        world.workplace.db.write() as session,
    ):
        signed = session.get_one(Delivery, world.deliveries("A-1", "oru")[1].id)
        signed.state = DeliveryState.DEAD
        session.flush()
        deliveries.resend(session, signed.id)
    world.work_until_state("A-1", StudyState.CONFIRMED)


@pytest.mark.allow_log("delivery is dead")
def test_what_is_made_of_a_synthetic_film_never_leaves_for_a_clinical_peer(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    """Whatever the rules say: the outbox looks at what it sends."""
    world = make_world()
    site(world, RULE.format(document="key_image", to="pacs"))
    film = make_film("A-1", accession="A-1")
    film.SyntheticData = "YES"
    in_pacs(simulator, film, "A-1")
    path = tmp_path / "A-1.dcm"
    film.save_as(path, enforce_file_format=True)
    world.push(path)
    world.draft("A-1")
    world.ask_signature("A-1")
    world.work_until(
        lambda: (
            [row.state for kind in ("signed", "key_image") for row in world.deliveries("A-1", kind)]
            == [DeliveryState.CONFIRMED, DeliveryState.DEAD]
        ),
        "the key image is dead, and the report confirmed",
    )
    [row] = world.deliveries("A-1", "key_image")
    assert row.message.startswith("Synthetic data aren't sent to the clinical peer 'pacs'.")
    assert documents_in(simulator, KEY_OBJECT_SELECTION) == []


def test_a_report_that_moved_on_is_not_built(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path, ris: Ris, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world()
    site(world, HL7.format(port=ris.port) + RULE.format(document="oru", to="ris") + 'when = "draft"\n')
    monkeypatch.setattr("dicom_node.courier.STEPS", tuple(s for s in courier.STEPS if s is not make_outputs))
    drafted(world, simulator, tmp_path)
    world.work_until(lambda: world.deliveries("A-1", "oru"), "the message is planned")
    world.ask_signature("A-1")
    world.work_until_state("A-1", StudyState.CONFIRMED)
    assert not make_outputs(world.desk)
    [row] = world.deliveries("A-1", "oru")
    assert row.state == DeliveryState.HELD and ris.messages == []


@pytest.mark.peers
def test_a_sentence_whose_map_is_ready_is_marked_in_the_pdf(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = make_world()
    site(world, RULE.format(document="pdf", to="pacs"))
    in_pacs(simulator, make_film("A-1", accession="A-1"), "A-1")
    world.push(write_film(tmp_path, "A-1", accession="A-1"))
    world.draft("A-1", f"{THERE} No pleural effusion. There is a deleted fracture.")
    study = world.study("A-1")
    with world.workplace.db.write() as session:
        report = session.get_one(Report, study.report_id)
        for sentence in (THERE, "No pleural effusion.", "There is a deleted fracture."):
            digest = hashlib.sha256(sentence.encode()).hexdigest()
            session.add(
                SentenceMap(
                    report_id=report.id,
                    sentence=sentence,
                    sentence_sha256=digest,
                    state="ready",
                    rows=2,
                    columns=2,
                    values=[0.0, 0.1, 0.0, 1.0],
                )
            )
    world.ask_signature("A-1", f"{THERE} No pleural effusion.")
    world.work_until_state("A-1", StudyState.CONFIRMED)
    [ds] = documents_in(simulator, ENCAPSULATED_PDF)
    (tmp_path / "fetched.pdf").write_bytes(ds.EncapsulatedDocument[: ds.EncapsulatedDocumentLength])
    text = run_peer("pdftotext", tmp_path / "fetched.pdf", "-").stdout.decode()
    # A box around what a denial rests on would be read as a finding.
    assert (
        f"{THERE} [1]" in text and "effusion. [" not in text and "[2]" not in text and "deleted" not in text
    )
    assert "Boxes: what the model's sentence of that number rests on most" in " ".join(text.split())
