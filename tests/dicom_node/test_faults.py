"""What the node does when its peer fails: each fault of the simulator, as receiver and as sender, and each habit.

After every one of them nothing is lost and whatever didn't work has a state and a sentence.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from sqlalchemy import select

from dicom_node import scu
from dicom_node.association import LocalEntity
from dicom_node.simulator.faults import FAULTS, Faults, parse_faults, with_wrong_charset
from dicom_node.simulator.profiles import PROFILES, habits_of
from dicom_node.simulator.sender import Sent, send
from dicom_node.simulator.server import PacsSimulator, SimulatorSettings
from dicom_node.simulator.services import Destination
from dicom_node.sop_classes import ENHANCED_SR
from llmcxr_ws import site_document
from llmcxr_ws.completeness import sentence
from llmcxr_ws.domain import DeliveryRow
from llmcxr_ws.errors import ConfigError
from llmcxr_ws.site import Peer
from llmcxr_ws.states import StudyState
from llmcxr_ws.store import configuration, requests, studies
from llmcxr_ws.store.models import Delivery
from tests.dicom_node.films import write_film
from tests.dicom_node.world import World, documents_in

Rehearsal = Callable[..., tuple[World, PacsSimulator]]
MACHINE = "commitment_timeout_s = 1\ndelivery_attempts = 4\nnetwork_timeout_s = 5\n"

pytestmark = pytest.mark.allow_log(
    "not delivered",
    "delivery is dead",
    "not confirmed",
    "request refused",
    "refused",
    "commitment",
    "can't ask",
    "signature waits",
)


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    """A node beside a simulator with faults or habits, which begin after :func:`holds` has filled it."""
    closing: list[Callable[[], None]] = []

    def make(
        faults: Faults | None = None, profile: str = "", **options: object
    ) -> tuple[World, PacsSimulator]:
        settings = SimulatorSettings(
            storage=tmp_path / "pacs",
            port=0,
            habits=habits_of([profile] if profile else []),
            faults=faults or Faults(),
        )
        pacs = PacsSimulator(settings).start()
        closing.append(pacs.stop)
        peer = Peer(name="pacs", ae_title="PACS", host="127.0.0.1", port=pacs.port)
        world = World(tmp_path / "home", peer, machine=MACHINE, **options)  # type: ignore[arg-type]
        closing.append(world.close)
        pacs.add_destination(Destination("LLMCXR", "127.0.0.1", world.listener.port))
        return world, pacs

    yield make
    for close in reversed(closing):
        close()


def holds(pacs: PacsSimulator, path: Path, spool: Path) -> None:
    """Put a film into the archive without any fault."""
    copy = spool / f"copy-{path.name}"
    copy.write_bytes(path.read_bytes())
    pacs.archive.keep(copy)
    for held in pacs.archive.instances():
        os.utime(held.path, (0, 0))  # long ago: an archive with a slow index finds it too


def signed(world: World, pacs: PacsSimulator, tmp_path: Path, **facts: str) -> None:
    """A film at both, drafted, its signature asked for."""
    film = write_film(tmp_path, "a", accession="F1", **facts)
    holds(pacs, film, tmp_path)
    world.push(film)
    world.draft("F1")
    world.ask_signature("F1")


def only(world: World, kind: str = "signed") -> DeliveryRow:
    """The one delivery of a kind."""
    [row] = world.deliveries("F1", kind)
    return row


def test_refused_twice_and_then_taken(rehearsal: Rehearsal, tmp_path: Path) -> None:
    world, pacs = rehearsal(Faults({"refuse": 1.0}, times=2))
    signed(world, pacs, tmp_path)
    world.work_until(lambda: "A700H" in only_or(world), "the refusal is shown with its status")
    world.work_until_state("F1", StudyState.CONFIRMED)
    assert only(world).attempts == 3
    assert len(documents_in(pacs)) == 1


def test_refused_for_ever_ends_in_dead_letters(rehearsal: Rehearsal, tmp_path: Path) -> None:
    world, pacs = rehearsal(Faults({"refuse": 1.0}))
    signed(world, pacs, tmp_path)
    world.work_until(lambda: only_state(world) == "dead", "it is dead")
    assert only(world).attempts == 4 and "out of resources" in only(world).message
    assert world.study("F1").state == StudyState.SIGNED


@pytest.mark.parametrize("fault", ["drop", "truncate"])
def test_success_without_keeping_is_found_out_and_sent_again(
    rehearsal: Rehearsal, tmp_path: Path, fault: str
) -> None:
    world, pacs = rehearsal(Faults({fault: 1.0}, times=1))
    signed(world, pacs, tmp_path)
    world.work_until_state("F1", StudyState.CONFIRMED)
    assert only(world).attempts == 2
    [report] = documents_in(pacs)
    assert report.CompletionFlag == "COMPLETE"


def test_a_dying_receiver_gets_it_once(rehearsal: Rehearsal, tmp_path: Path) -> None:
    world, pacs = rehearsal(Faults({"die": 1.0}, times=1))
    signed(world, pacs, tmp_path)
    world.work_until_state("F1", StudyState.CONFIRMED)
    assert len(documents_in(pacs)) == 1
    assert pacs.settings.faults.struck["die"] >= 1


def test_a_slow_receiver_is_waited_for(rehearsal: Rehearsal, tmp_path: Path) -> None:
    world, pacs = rehearsal(Faults({"delay": 1.0}, times=1, delay_s=0.4))
    signed(world, pacs, tmp_path)
    world.work_until_state("F1", StudyState.CONFIRMED)
    assert only(world).attempts == 1


def test_an_answer_that_comes_too_late_leaves_one_object(rehearsal: Rehearsal, tmp_path: Path) -> None:
    world, pacs = rehearsal(Faults({"delay": 1.0}, times=1, delay_s=1.3))
    impatient = replace(world.desk.local.timeouts, response_s=0.6)
    world.desk.local = replace(world.desk.local, timeouts=impatient)
    signed(world, pacs, tmp_path)
    world.work_until(lambda: "isn't known" in only_or(world), "the outcome is said to be unknown")
    world.work_until_state("F1", StudyState.CONFIRMED)
    assert len(documents_in(pacs)) == 1


def test_a_report_of_commitment_that_comes_twice_confirms_once(rehearsal: Rehearsal, tmp_path: Path) -> None:
    world, pacs = rehearsal(Faults({"duplicate": 1.0}))
    signed(world, pacs, tmp_path)
    world.work_until_state("F1", StudyState.CONFIRMED)
    assert confirmed_by(world) == "commitment" and only(world).attempts == 1


@pytest.mark.parametrize(
    ("fault", "name"), [("patient", "Person^Test"), ("charset", "Müller^Jörg")], ids=["patient", "charset"]
)
def test_a_wrong_identity_stops_the_signature_and_nothing_leaves(
    rehearsal: Rehearsal, tmp_path: Path, fault: str, name: str
) -> None:
    world, pacs = rehearsal(Faults({fault: 1.0}))
    signed(world, pacs, tmp_path, patient_name=name)
    world.work_until(lambda: outcome(world), "the request is decided")
    assert world.study("F1").state in (StudyState.DRAFTED, StudyState.IN_REVIEW)
    assert world.deliveries("F1", "signed") == [] and documents_in(pacs) == []


# As sender


def sending(world: World, faults: Faults, *paths: Path) -> list[Sent]:
    """Send films to the node as the PACS with faults."""
    return list(send(LocalEntity(ae_title="PACS"), world.node, paths, faults))


def test_a_truncated_film_is_refused_set_aside_and_shown(rehearsal: Rehearsal, tmp_path: Path) -> None:
    world, _ = rehearsal()
    film = write_film(tmp_path, "a", accession="F1")
    [sent] = sending(world, Faults({"truncate": 1.0}), film)
    assert sent.outcome == "refused" and "C002H" in sent.note
    world.work_until_state("F1", StudyState.FAILED)
    assert world.study("F1").reason
    assert [s.outcome for s in sending(world, Faults(), film)] == ["stored"]
    world.work_until_state("F1", StudyState.COMPLETE)


def test_a_sender_that_dies_leaves_nothing_half(rehearsal: Rehearsal, tmp_path: Path) -> None:
    world, _ = rehearsal()
    film = write_film(tmp_path, "a", accession="F1", size=600)
    [sent] = sending(world, Faults({"die": 1.0}), film)
    assert sent.outcome == "unknown"
    assert studies.find_study(world.workplace.db, accession_number="F1") is None
    assert [s.outcome for s in sending(world, Faults(), film)] == ["stored"]
    spool = world.workplace.objects.root / "spool"
    world.work_until(lambda: not list(spool.iterdir()), "the spool is empty")


def test_a_film_sent_twice_is_one_and_an_altered_one_is_refused(rehearsal: Rehearsal, tmp_path: Path) -> None:
    world, _ = rehearsal()
    film = write_film(tmp_path, "a", accession="F1")
    sent = sending(world, Faults({"duplicate": 1.0, "altered": 1.0}), film)
    assert [one.outcome for one in sent] == ["stored", "stored", "refused"]
    assert "C001H" in sent[-1].note
    assert len(list(world.workplace.objects.files())) == 1
    assert len(list((world.workplace.objects.root / "quarantine").rglob("*.dcm"))) == 1


def test_a_second_film_of_another_patient_is_never_signed(rehearsal: Rehearsal, tmp_path: Path) -> None:
    """It is kept, for it may be the right one; the signature is refused with both patients before it."""
    world, pacs = rehearsal()
    first = write_film(tmp_path, "a", accession="F1")
    holds(pacs, first, tmp_path)
    sending(world, Faults(), first)
    second = tmp_path / "second.dcm"
    _sibling(first).save_as(second)
    [sent] = sending(world, Faults({"patient": 1.0}), second)
    assert sent.outcome == "stored" and sent.faults == ("patient",)
    world.draft("F1")
    world.ask_signature("F1")
    world.work_until(lambda: outcome(world), "the request is decided")
    assert outcome(world).startswith("An image of this study bears another patient's ID.")
    assert world.deliveries("F1", "signed") == [] and documents_in(pacs) == []


def test_a_film_in_a_wrong_character_set_is_kept_as_it_came(rehearsal: Rehearsal, tmp_path: Path) -> None:
    world, pacs = rehearsal()
    film = write_film(tmp_path, "a", accession="F1", patient_name="Müller^Jörg")
    holds(pacs, film, tmp_path)
    assert [s.outcome for s in sending(world, Faults({"charset": 1.0}), film)] == ["stored"]
    world.draft("F1")
    world.ask_signature("F1")
    world.work_until(lambda: outcome(world), "the PACS names the patient otherwise")
    assert documents_in(pacs) == []


def test_a_film_that_was_dropped_is_missed_by_the_count_and_comes_later(
    rehearsal: Rehearsal, tmp_path: Path
) -> None:
    """The archive has two, the modality gave one up: the study waits for the other by name, and goes on with it."""
    world, pacs = rehearsal()
    site = configuration.site_text(world.workplace.db)
    counted = site_document.with_value(site, ("peer", 0, "count_from"), "pacs")
    configuration.import_site(world.workplace.db, "patience_s = 60\n" + counted, user="test")
    first, second = write_film(tmp_path, "a", accession="F1"), tmp_path / "second.dcm"
    _sibling(first).save_as(second)
    holds(pacs, first, tmp_path)
    holds(pacs, second, tmp_path)
    assert [s.outcome for s in sending(world, Faults(), first)] == ["stored"]
    assert [s.outcome for s in sending(world, Faults({"drop": 1.0}), second)] == ["not_sent"]
    missing = str(pydicom.dcmread(second).SOPInstanceUID)
    wanted = f"Waits for 1 image that pacs listed: {missing}."
    world.work_until(lambda: sentence(world.study("F1").completeness) == wanted, "it names what is missing")
    assert world.study("F1").state == StudyState.RECEIVING
    assert [s.outcome for s in sending(world, Faults(), second)] == ["stored"]
    world.work_until_state("F1", StudyState.COMPLETE)
    assert world.study("F1").instances == 2


def test_a_film_that_comes_after_the_draft_reopens_the_study(rehearsal: Rehearsal, tmp_path: Path) -> None:
    """Delayed for longer than the quiet time: drafted without it, and then once more with both."""
    world, _ = rehearsal()
    first, second = write_film(tmp_path, "a", accession="F1"), tmp_path / "second.dcm"
    _sibling(first).save_as(second)
    sending(world, Faults(), first)
    world.draft("F1")
    assert world.study("F1").state == StudyState.DRAFTED
    [sent] = sending(world, Faults({"delay": 1.0}, delay_s=0.2), second)
    assert sent.outcome == "stored" and sent.faults == ("delay",)
    world.draft("F1")  # once it is complete again
    assert world.study("F1").instances == 2


# Habits


@pytest.mark.parametrize("profile", ["no-commitment", "silent-commitment", "no-counts", "slow-index"])
def test_a_habit_that_only_costs_time_or_a_question(
    rehearsal: Rehearsal, tmp_path: Path, profile: str
) -> None:
    world, pacs = rehearsal(profile=profile)
    signed(world, pacs, tmp_path)
    world.work_until_state("F1", StudyState.CONFIRMED)
    wanted = "find" if "commitment" in profile else "commitment"
    assert confirmed_by(world) == wanted


def test_an_archive_without_structured_reports_leaves_a_dead_delivery(
    rehearsal: Rehearsal, tmp_path: Path
) -> None:
    world, pacs = rehearsal(profile="no-structured-reports")
    signed(world, pacs, tmp_path)
    world.work_until(lambda: only_state(world) == "dead", "it is dead")
    assert only(world).message
    assert documents_in(pacs, ENHANCED_SR) == []


def test_a_merged_patient_stops_the_signature(rehearsal: Rehearsal, tmp_path: Path) -> None:
    world, pacs = rehearsal(profile="merged-patients")
    signed(world, pacs, tmp_path)
    world.work_until(lambda: outcome(world), "the request is decided")
    assert world.deliveries("F1", "signed") == []


def test_an_archive_without_counts_gives_none(rehearsal: Rehearsal, tmp_path: Path) -> None:
    world, pacs = rehearsal(profile="no-counts")
    holds(pacs, write_film(tmp_path, "a", accession="F1"), tmp_path)
    keys = {"AccessionNumber": "F1", "NumberOfStudyRelatedInstances": ""}
    [match] = scu.find(LocalEntity(), world.pacs, "STUDY", keys)
    assert "NumberOfStudyRelatedInstances" not in match


# The tables


def test_the_same_seed_strikes_the_same_objects() -> None:
    def struck(seed: int) -> list[bool]:
        faults = Faults({"drop": 0.5}, seed=seed)
        return [faults.strikes("drop", f"1.2.{number}") for number in range(64)]

    assert struck(1) == struck(1) != struck(2)
    assert 10 < sum(struck(1)) < 54


@pytest.mark.parametrize("text", ["drip", "drop=2", "drop=x", "drop=0", "altered"])
def test_a_fault_that_isnt_one_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_faults([text], sending=False)


def test_a_profile_that_isnt_one_is_refused() -> None:
    with pytest.raises(ConfigError, match="no-commitment"):
        habits_of(["no-such-habit"])


def test_every_fault_and_habit_stands_in_the_rehearsal_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "administration.md").read_text(encoding="utf-8")
    assert [name for name in (*FAULTS, *PROFILES) if f"`{name}`" not in page] == []


def test_a_wrong_character_set_is_what_a_careless_sender_writes() -> None:
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.PatientName = "Müller"
    with_wrong_charset(ds)
    assert str(ds.PatientName) == "MÃ¼ller"


def outcome(world: World) -> str:
    """Why the sign request was refused; empty while it waits."""
    db = world.workplace.db
    rows = [row for row in requests.requests_of(db, world.study("F1").id) if row.kind == "sign"]
    return rows[-1].outcome if rows[-1].state == "refused" else ""


def _sibling(path: Path) -> Dataset:
    """Another film of the same study and series."""
    ds = pydicom.dcmread(path)
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid(prefix=None)
    return ds


def confirmed_by(world: World) -> str:
    """How the signed report's storage was confirmed."""
    with world.workplace.db.read() as session:
        return session.scalars(select(Delivery.confirmed_by).where(Delivery.id == only(world).id)).one()


def only_state(world: World) -> str:
    """State of the signed report's delivery; empty before there is one."""
    rows = world.deliveries("F1", "signed")
    return str(rows[0].state) if rows else ""


def only_or(world: World) -> str:
    """Its message; empty before there is one."""
    rows = world.deliveries("F1", "signed")
    return rows[0].message if rows else ""
