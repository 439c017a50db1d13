"""What goes to a research peer, over the network: de-identified, checked, confirmed under its new UIDs."""

from __future__ import annotations

from pathlib import Path

import pytest

from dicom_node import statuses
from dicom_node.held import documents_at
from dicom_node.simulator.server import PacsSimulator
from llmcxr_ws.errors import AccessError, ConfigError
from llmcxr_ws.site import parse_site
from llmcxr_ws.states import DeliveryState
from llmcxr_ws.store import audit, deliveries, pseudonyms
from llmcxr_ws.store.configuration import import_site
from llmcxr_ws.workplace import SECRET_FILE
from tests.dicom_node.films import write_film
from tests.dicom_node.world import MakeWorld, World, documents_in
from tests.peers import dciodvfy_errors

RESEARCH = """
name = "Test site"
quiet_s = 0.2

[[peer]]
name = "study"
ae_title = "{ae_title}"
host = "127.0.0.1"
port = {port}
role = "research"
deidentify = "basic"
deidentify_options = ["clean_structured_content", "retain_modified_dates"]
project = "LUNG1"

[[output]]
document = "draft"
to = "study"
"""
NAME = "Müller-Lüdenscheidt^Anna"
TEXT = "Compared with the film of Mrs. Mueller from 04.03.2026 the lungs are clear."


def research_world(make_world: MakeWorld, text: str, tmp_path: Path) -> World:
    world = make_world()
    site = RESEARCH.format(ae_title=world.pacs.ae_title, port=world.pacs.port)
    import_site(world.workplace.db, site, user="test")
    film = write_film(tmp_path, "A-1", accession="A-1", patient_name=NAME, patient_id="0012345678")
    assert world.push(film)[0].status == statuses.SUCCESS
    world.draft("A-1", text)
    return world


@pytest.mark.peers
def test_a_draft_reaches_the_study_without_its_patient(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path
) -> None:
    world = research_world(make_world, TEXT, tmp_path)
    world.work_until(
        lambda: [row.state for row in world.deliveries("A-1", "draft")] == [DeliveryState.CONFIRMED],
        "confirmed",
    )
    [received] = documents_in(simulator)
    data = Path(received.filename).read_bytes()
    for left in ("ller", "12345678", "A-1", "20260304", "04.03.2026"):
        assert left.encode() not in data
    assert received.PatientIdentityRemoved == "YES" and received.PatientID.startswith("LUNG1-")
    assert received.LongitudinalTemporalInformationModified == "MODIFIED"
    codes = [item.CodeValue for item in received.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113104", "113107"]
    assert b"[name] from" in data and b"the lungs are clear" in data
    assert dciodvfy_errors(Path(received.filename)) == []
    [held] = list(documents_at(world.workplace, world.desk.local, world.desk.site.peer("study")))
    assert held.found and held.sop_instance_uid == received.SOPInstanceUID

    secret = world.workplace.deidentification_secret()
    [given] = pseudonyms.key_table(world.workplace.db, secret, "LUNG1", by="admin", reason="test")
    assert (given.patient_id, given.pseudonym) == ("0012345678", received.PatientID)
    assert audit.verify(world.workplace.db)[1] is None
    raw = b"".join(path.read_bytes() for path in (tmp_path / "home").glob("llmcxr.db*"))
    assert received.PatientID.encode() in raw
    assert secret not in raw and secret.hex().encode() not in raw
    with pytest.raises(AccessError, match="can't be opened"):
        pseudonyms.key_table(world.workplace.db, b"x" * 32, "LUNG1", by="admin", reason="test")


@pytest.mark.allow_log("kept back")
@pytest.mark.allow_log("commitment report not delivered")
def test_what_would_identify_the_patient_never_leaves(
    make_world: MakeWorld,
    simulator: PacsSimulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Even where the cleaner fails."""
    monkeypatch.setattr("dicom_node.deidentify.text.TextCleaner.clean", lambda self, text: text)
    world = research_world(make_world, TEXT, tmp_path)
    world.work_until(
        lambda: [row.state for row in world.deliveries("A-1", "draft")] == [DeliveryState.IDENTIFYING], "kept"
    )
    [row] = world.deliveries("A-1", "draft")
    assert "(0040,A160)" in row.message and "ueller" not in row.message + caplog.text
    assert documents_in(simulator) == []
    monkeypatch.undo()
    with world.workplace.db.write() as session:
        deliveries.resend(session, row.id)
    world.work_until(lambda: documents_in(simulator), "sent after the cleaner was mended")


@pytest.mark.allow_log("is dead")
def test_an_original_never_leaves_for_a_study(
    make_world: MakeWorld, simulator: PacsSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second lock: also where the first step were left out."""
    monkeypatch.setattr("dicom_node.steps.deidentified.for_delivery", lambda desk, peer, row: row)
    world = research_world(make_world, TEXT, tmp_path)
    world.work_until(
        lambda: [row.state for row in world.deliveries("A-1", "draft")] == [DeliveryState.DEAD], "dead"
    )
    assert documents_in(simulator) == []


@pytest.mark.allow_log("commitment report not delivered")
def test_a_lost_secret_is_never_made_anew(make_world: MakeWorld, tmp_path: Path) -> None:
    world = research_world(make_world, TEXT, tmp_path)
    world.work_until(lambda: pseudonyms.any_given(world.workplace.db), "a pseudonym")
    secret = tmp_path / "home" / SECRET_FILE
    assert secret.stat().st_mode & 0o077 == 0
    secret.unlink()
    with pytest.raises(AccessError, match="pseudonyms were given under it"):
        world.workplace.deidentification_secret()


SITE = RESEARCH.format(ae_title="STUDY", port=104)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('role = "research"', 'role = "clinical"', "clinical"),
        ('project = "LUNG1"', "", "for no project"),
        ('"retain_modified_dates"', '"retain_modified_dates", "retain_full_dates"', "full and for modified"),
        ('"clean_structured_content", ', "", "nothing is left of its content"),
        ('document = "draft"', 'document = "pdf"', "can't be cleaned"),
        ('deidentify = "basic"\n', "", "nothing is de-identified"),
        ('"retain_modified_dates"', '"retain_everything"', "deidentify_options"),
        (
            "[[output]]",
            '[[peer]]\nname = "b"\nae_title = "B"\nhost = "h"\nport = 1\nrole = "research"\n'
            'deidentify = "basic"\nproject = "LUNG1"\n\n[[output]]',
            "differ in their options",
        ),
    ],
)
def test_a_site_that_contradicts_itself_is_refused(old: str, new: str, said: str) -> None:
    parse_site(SITE)
    assert old in SITE
    with pytest.raises(ConfigError, match=said):
        parse_site(SITE.replace(old, new))
