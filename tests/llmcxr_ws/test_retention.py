"""Nothing that somebody still needs is ever purged: worlds are generated, and judged anew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from llmcxr_ws.domain import Identity
from llmcxr_ws.errors import AccessError, ConfigError
from llmcxr_ws.retention import RetentionRule
from llmcxr_ws.site import parse_site
from llmcxr_ws.states import DeliveryState, ReportState, StudyState
from llmcxr_ws.store import audit, priors, pseudonyms, retention, studies
from llmcxr_ws.store.database import Database
from llmcxr_ws.store.models import (
    Audit,
    Delivery,
    Document,
    Instance,
    Job,
    Prior,
    Pseudonym,
    Report,
    Request,
    Study,
)

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
STATES = ("confirmed", "excluded", "failed", "retracted")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Database:
    db = Database(f"sqlite:///{tmp_path_factory.mktemp('retention') / 'llmcxr.db'}")
    db.upgrade()
    return db


SETTLED: dict[str, object] = {
    "state": "confirmed",
    "age_days": 400.0,
    "held_by": "",
    "unseen": 0,
    "needs_addendum": False,
    "reports": [ReportState.SUPERSEDED, ReportState.SIGNED],
    "deliveries": [
        (DeliveryState.CONFIRMED, "signed", False, True),
        (DeliveryState.CONFIRMED, "pdf", False, True),
    ],
    "job": "done",
    "request": "granted",
    "routed": True,
    "compared": "",
    "rule_states": ("confirmed",),
}
_SIGNED = ReportState.SIGNED
_deliveries = st.tuples(
    st.sampled_from(list(DeliveryState)),
    st.sampled_from(["draft", "signed", "pdf", "capture"]),
    st.booleans(),
    st.booleans(),
)


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, object]:
    """A settled study of which up to three things are otherwise: what stops a purge, and what doesn't."""
    others = {
        "state": st.sampled_from(list(StudyState)),
        "age_days": st.sampled_from([0.0, 5.0, 29.9, 30.1]),
        "held_by": st.just("reader"),
        "unseen": st.just(1),
        "needs_addendum": st.just(True),
        "reports": st.sampled_from(list(ReportState)).map(lambda state: [_SIGNED, state]),
        "deliveries": st.lists(_deliveries, min_size=1, max_size=3),
        "job": st.sampled_from(["queued", "running", "dead", "held", ""]),
        "request": st.sampled_from(["waiting", "refused"]),
        "routed": st.just(False),
        "compared": st.sampled_from(["asked for", "same patient", "being fetched", "ended"]),
        "rule_states": st.just(STATES),
    }
    chosen = draw(st.lists(st.sampled_from(sorted(others)), max_size=3, unique=True))
    return SETTLED | {name: draw(others[name]) for name in chosen}


def build(db: Database, world: dict[str, object], number: int) -> int:
    at = datetime.now(UTC) - timedelta(days=float(str(world["age_days"])))
    with db.write() as session:
        study = Study(
            study_instance_uid=f"1.2.{number}",
            state=world["state"],
            held_by=world["held_by"],
            needs_addendum=world["needs_addendum"],
            instances_assessed=1 - int(str(world["unseen"])),
            received_at=at,
            last_instance_at=at,
        )
        session.add(study)
        session.flush()
        session.add(
            Instance(
                study_id=study.id,
                series_instance_uid="1.2.3",
                sop_instance_uid=f"1.2.{number}.1",
                sop_class_uid="1.2.4",
                path=f"received/{number}.dcm",
                routed=world["routed"],
                size=10,
                sha256="a",
                received_at=at,
            )
        )
        if world["compared"]:
            compare(session, study, str(world["compared"]))
        reports = []
        for version, state in enumerate(world["reports"], start=1):  # type: ignore[arg-type,var-annotated]
            reports.append(
                Report(
                    study_id=study.id,
                    version=version,
                    state=state,
                    film_sop_instance_uid=f"1.2.{number}.1",
                    created_at=at,
                    started_at=at,
                )
            )
            session.add(reports[-1])
        session.flush()
        study.current_report_id = reports[-1].id
        for place, (state, kind, unknown, built) in enumerate(world["deliveries"]):  # type: ignore[arg-type,var-annotated]
            document = Document(
                study_id=study.id,
                report_id=reports[-1].id,
                kind=kind,
                stage="draft" if kind == "draft" else "signed",
                sop_class_uid="1",
                sop_instance_uid=f"1.2.{number}.2.{place}",
                series_instance_uid="1",
                path=f"documents/{number}-{place}.dcm" if built else "",
                sha256="b",
                created_at=at,
            )
            session.add(document)
            session.flush()
            confirmed = at if state == DeliveryState.CONFIRMED else None
            session.add(
                Delivery(
                    document_id=document.id,
                    study_id=study.id,
                    peer="pacs",
                    state=state,
                    outcome_unknown=unknown,
                    confirmed_at=confirmed,
                )
            )
        if world["job"]:
            session.add(Job(kind="draft", study_id=study.id, input_key="k", state=world["job"]))
        if world["request"]:
            session.add(
                Request(
                    kind="sign",
                    user="reader",
                    study_id=study.id,
                    payload="{}",
                    signature=b"",
                    nonce=f"n{number}",
                    state=world["request"],
                )
            )
        return study.id


def compare(session: Session, study: Study, how: str) -> None:
    """Another study beside which this one is looked at."""
    other = Study(study_instance_uid=f"{study.study_instance_uid}.9", state="drafted")
    if how == "same patient":
        study.patient_id = other.patient_id = f"P{study.id}"
    elif how in ("ended", "being fetched"):
        other.state = "confirmed"
    session.add(other)
    session.flush()
    if how != "same patient":
        state = "fetching" if how == "being fetched" else "here"
        uid = study.study_instance_uid
        session.add(Prior(study_id=other.id, study_instance_uid=uid, peer="pacs", state=state))


def purge_everything(db: Database, study_id: int, states: tuple[str, ...]) -> set[str]:
    """What the rules take of one study."""
    taken: set[str] = set()
    for what in ("films", "documents", "drafts"):
        rule = RetentionRule(what=what, after_days=30, states=states)  # type: ignore[arg-type]
        items = retention.of_studies(db, rule, short=False, study_id=study_id)
        going = [one for one in items if not one.why]
        limited = retention.of_studies(db, rule, short=False, limit=10_000, study_id=study_id)
        assert {one.row_id for one in limited if one.study_id == study_id and not one.why} == {
            one.row_id for one in going
        }
        if items:  # also what the plan says stays is offered: the purge judges for itself
            gone = retention.purge(db, rule, items, taken.add, short=False)
            assert {one.row_id for one in gone} == {one.row_id for one in going}
    return taken


_number = iter(range(1, 10**6))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(worlds())
def test_nothing_that_is_needed_is_ever_purged(shared: Database, world: dict[str, object]) -> None:
    number = next(_number)
    study_id = build(shared, world, number)
    taken = purge_everything(shared, study_id, world["rule_states"])  # type: ignore[arg-type]
    if not taken:
        return
    assert world["state"] in world["rule_states"]  # type: ignore[operator]
    assert float(str(world["age_days"])) > 30
    assert not world["held_by"] and not world["unseen"] and not world["needs_addendum"]
    open_states = {"draft", "withheld", "preliminary", "sign_pending"}
    assert not open_states & set(world["reports"])  # type: ignore[call-overload]
    assert world["job"] in ("", "done") and world["request"] != "waiting"
    if f"received/{number}.dcm" in taken:
        assert world["routed"] and world["compared"] in ("", "ended")
    for place, (state, kind, unknown, _) in enumerate(world["deliveries"]):  # type: ignore[arg-type,var-annotated]
        path = f"documents/{number}-{place}.dcm"
        # Unsent, on its way, not confirmed, dead, kept back: all of the study stays.
        assert state in ("confirmed", "held")
        if state == "held":
            assert not unknown
            assert path not in taken
            can_go_again = not (world["state"] == "retracted" or kind == "draft")
            assert not can_go_again, "a held document that can be released keeps its study"
        if path in taken and world["state"] == "confirmed":
            assert kind in ("pdf", "capture"), "a retraction needs it"


def test_what_is_settled_and_old_does_go(db: Database) -> None:
    """The other way round: a rule that never purged anything would pass the test above."""
    world = dict(SETTLED)
    number = next(_number)
    study_id = build(db, world, number)
    taken = purge_everything(db, study_id, ("confirmed",))
    assert taken == {f"received/{number}.dcm", f"documents/{number}-1.dcm"}
    row = studies.study_row(db, study_id)
    assert row.purged_at is not None and row.state == StudyState.CONFIRMED
    assert purge_everything(db, study_id, ("confirmed",)) == set()
    with db.read() as session:
        instance = session.scalars(select(Instance).where(Instance.study_id == study_id)).one()
        assert instance.purged_at is not None
        assert session.scalars(select(Document.purged_at).where(Document.study_id == study_id)).all()
    assert audit.verify(db)[1] is None


def test_a_prior_has_a_rule_of_its_own_and_stays_while_it_is_compared_with(db: Database) -> None:
    number = next(_number)
    world = SETTLED | {
        "state": "excluded",
        "reports": [ReportState.REJECTED],
        "deliveries": [],
        "routed": False,
    }
    study_id = build(db, world | {"compared": "asked for"}, number)
    with db.write() as session:
        session.get_one(Study, study_id).is_prior = True

    def going(what: str) -> set[str]:
        rule = RetentionRule.model_validate(
            {"what": what, "after_days": 30} | ({"states": STATES} if what == "films" else {})
        )
        items = retention.of_studies(db, rule, short=False)
        offered = [item for item in items if item.study_id == study_id]
        taken: set[str] = set()
        if offered:
            retention.purge(db, rule, offered, taken.add, short=False)
        return taken

    assert going("films") == going("priors") == set()
    with db.write() as session:
        other = session.scalars(select(Study).where(Study.state == "drafted")).one()
        other.state = StudyState.CONFIRMED
        other.held_by = "reader"
    assert going("priors") == set(), "somebody has the other one open again"
    with db.write() as session:
        session.get_one(Study, other.id).held_by = ""
    assert going("films") == set()
    assert going("priors") == {f"received/{number}.dcm"}
    assert priors.want(db, study_id, "archive", [(f"1.2.{number}", ("1",))]) == 1, "purged: fetched again"


def test_the_copies_of_a_forwarded_film_go_with_it(db: Database, tmp_path: Path) -> None:
    number = next(_number)
    study_id = build(db, SETTLED | {"deliveries": []}, number)
    copy = "documents/ab/copy.dcm"
    with db.write() as session:
        film = session.scalars(select(Instance).where(Instance.study_id == study_id)).one()
        document = Document(
            study_id=study_id,
            instance_id=film.id,
            kind="forwarded",
            sop_class_uid="1",
            sop_instance_uid=film.sop_instance_uid,
            series_instance_uid="1",
            path=film.path,
            sha256="a",
        )
        session.add(document)
        session.flush()
        row = Delivery(
            document_id=document.id, study_id=study_id, peer="study", state="confirmed", confirmed_at=LONG_AGO
        )
        row.copy_path = copy
        session.add(row)
    assert not retention.is_purged(db, copy)
    assert purge_everything(db, study_id, ("confirmed",)) == {f"received/{number}.dcm", copy}
    assert retention.is_purged(db, copy), "a crash now doesn't bring it back"
    studies.note_returned(db, f"1.2.{number}.1", "1-2-3")
    with db.read() as session:
        assert session.get_one(Document, document.id).purged_at is None


def test_the_disk_lets_go_earlier_only_as_far_as_the_rule_says(shared: Database) -> None:
    number = next(_number)
    study_id = build(shared, SETTLED | {"age_days": 5.0}, number)

    def going(at_least: float | None, *, short: bool) -> int:
        rule = RetentionRule(what="films", after_days=30, at_least_days=at_least)
        items = retention.of_studies(shared, rule, short=short, study_id=study_id)
        return sum(not item.why for item in items if item.study_id == study_id)

    assert going(4, short=True) == 1
    assert going(4, short=False) == going(6, short=True) == going(None, short=True) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[retention]]\nwhat = "films"\nafter_days = 1\n' * 2, "Two retention rules"),
        ('[[retention]]\nwhat = "films"\nafter_days = 1\nat_least_days = 2\n', "keeps it longer"),
        ('[[retention]]\nwhat = "spool"\nafter_days = 0.5\n', "too short"),
        ('[[retention]]\nwhat = "films"\nafter_days = 1\nstates = ["drafted"]\n', "states"),
        ('[[retention]]\nwhat = "films"\nafter_days = 0\n', "after_days"),
        ('[[retention]]\nwhat = "priors"\nafter_days = 1\nstates = ["excluded"]\n', "Leave them out"),
    ],
)
def test_rules_that_make_no_sense_are_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_site(text)


def test_a_purge_that_was_never_written_is_put_back(tmp_path: Path) -> None:
    from llmcxr_ws.objects import ObjectStore

    objects = ObjectStore(tmp_path / "objects")
    objects.create("uuid")
    spooled = objects.spool_file()
    spooled.write_bytes(b"film")
    path = objects.keep(spooled, "1.2.3")
    assert objects.discard(path) and not objects.path(path).exists()
    assert objects.empty_trash(lambda _: False) == 0
    assert objects.path(path).read_bytes() == b"film"
    objects.discard(path)
    assert objects.empty_trash(lambda _: True) == 4
    assert not objects.path(path).exists() and not objects.discard(path)


def test_a_file_in_quarantine_is_reviewed_once(db: Database) -> None:
    assert retention.review(db, ["quarantine/a", "quarantine/b", "quarantine/a"], by="boss") == 2
    assert retention.review(db, ["quarantine/b", "quarantine/c"], by="boss") == 1
    assert retention.reviewed(db) == {"quarantine/a", "quarantine/b", "quarantine/c"}


def test_the_key_table_says_whose_a_pseudonym_is_to_who_has_the_key(db: Database) -> None:
    whose = Identity("12345678", "Klinik", "Müller^Anna", "19510203", "F", "A-1")
    secret = b"s" * 32
    for _ in range(2):
        pseudonyms.note(db, secret, "LUNG", "LUNG-ABC", whose)
    pseudonyms.note(db, secret, "HEART", "HEART-ABC", whose)
    [given] = pseudonyms.key_table(db, secret, "LUNG", by="boss", reason="a finding")
    assert (given.pseudonym, given.patient_name, given.patient_birth_date) == (
        "LUNG-ABC",
        "Müller^Anna",
        "19510203",
    )
    with db.read() as session:
        [row] = session.scalars(select(Audit)).all()
        [sealed] = session.scalars(select(Pseudonym.sealed).where(Pseudonym.project == "LUNG")).all()
    assert (row.actor, row.event) == ("boss", "deidentify.key_table_read") and "a finding" in row.detail
    assert b"12345678" not in sealed and b"ller" not in sealed
    with pytest.raises(AccessError):
        pseudonyms.key_table(db, b"t" * 32, "LUNG", by="boss", reason="a finding")
