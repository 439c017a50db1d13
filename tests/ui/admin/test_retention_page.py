"""Retention in the window: rules written and judged, dry runs, purges that really happened."""

from __future__ import annotations

import ast
import inspect
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest
from PySide6.QtWidgets import QComboBox

from dicom_node.courier import run_round
from dicom_node.steps.desk import Desk
from dicom_node.steps.purging import planned, purge_due
from llmcxr_ws.errors import DatabaseFailure
from llmcxr_ws.keeping import RetentionSeen, retention_seen
from llmcxr_ws.retention import RetentionRule
from llmcxr_ws.states import DeliveryState, StudyState
from llmcxr_ws.store import comparing, configuration, retention, services, studies
from tests.ui.admin.conftest import type_into
from tests.ui.conftest import Seat
from tests.ui.homes import FILMS
from tests.ui.office_seat import nameless
from tests.ui.office_world import Past
from ui.admin import retention as retention_page
from ui.admin.controls import Choice, Ticks
from ui.admin.page import AdministrationPage
from ui.admin.retention import FIELDS, RetentionSection
from ui.admin.retention_words import REASONS, STATES, WHAT, looking_words, why_words
from ui.text import clock

RULE = '\n[[retention]]\nwhat = "films"\nafter_days = 0.000001\nstates = ["excluded"]\n'


@pytest.fixture
def section(page: AdministrationPage) -> RetentionSection:
    page.show_section("retention")
    made = page.section("retention")
    assert isinstance(made, RetentionSection)
    return made


def an_excluded_study(past: Past) -> int:
    """A received film of which no draft is made, as the courier settles it."""
    study_id = past.home.receive(FILMS / "DEMO0001.dcm")
    configuration.import_site(
        past.db,
        configuration.site_text(past.db) + '\n[[rule]]\nname = "none"\nthen = "skip"\n',
        user="service",
    )
    return study_id


def dry_run(section: RetentionSection, seat: Seat) -> list[tuple[str, str, int]]:
    section.run.click()
    seat.qtbot.waitUntil(lambda: not section.command.is_running and section.run.isEnabled(), timeout=90_000)
    return [(row.what, row.why, row.things) for row in section.planned.rows]


def test_every_kind_has_words() -> None:
    field = FIELDS[0]
    assert isinstance(field, Choice)
    assert {value for value, _ in field.options} <= set(WHAT)
    assert {field.name for field in FIELDS} == set(RetentionRule.model_fields)


def test_a_rule_is_written_judged_and_taken_out(
    page: AdministrationPage, section: RetentionSection, seat: Seat
) -> None:
    seat.wait(lambda: "nothing is ever purged" in section.looked.text())
    section.add.click()
    assert "No rule is in force yet" in section.looked.text()
    assert (
        page.draft.tables("retention") == [{"what": "films", "after_days": 365}] and nameless(section) == []
    )
    type_into(section.form, at_least_days="400")
    assert "keeps it longer" in section.form.faults["at_least_days"].text()
    type_into(section.form, at_least_days="14", after_days="0")
    assert "greater than 0" in section.form.faults["after_days"].text()
    type_into(section.form, after_days="180")
    states = section.form.fields["states"]
    assert isinstance(states, Ticks) and states.values == ["confirmed"]  # the default
    states.ticks["excluded"].click()
    section.below.setText("-1")
    section.below.editingFinished.emit()
    assert "greater than or equal to 0" in section.below_fault.text()
    section.below.setText("100")
    section.below.editingFinished.emit()
    assert page.draft.problems == () and page.draft.values["purge_below_gb"] == 100
    assert page.draft.tables("retention")[0]["states"] == ["confirmed", "excluded"]
    section.add.click()
    assert len(page.draft.tables("retention")) == 2
    section.remove.click()
    section.remove.click()
    assert page.draft.tables("retention") == []
    assert "nothing is ever purged" in section.looked.text()


def test_the_dry_run_of_what_is_written_says_what_would_go_and_why_the_rest_stays(
    page: AdministrationPage, section: RetentionSection, seat: Seat, past: Past
) -> None:
    past.drafted()
    past.home.receive(FILMS / "DEMO0002.dcm")
    page.draft.write(page.draft.text + RULE.replace('"excluded"', '"confirmed"'))
    found = dry_run(section, seat)
    assert {what for what, _, _ in found} == {"films"} and all(why for _, why, _ in found)
    assert "its study is 'drafted'" in {why for _, why, _ in found}
    assert "0 things would go" in section.line.text
    assert section._document is None  # the written text doesn't stay beside the home


def test_what_the_node_purged_and_when_it_looked_is_told(
    page: AdministrationPage, section: RetentionSection, seat: Seat, past: Past
) -> None:
    study = an_excluded_study(past)
    settings = configuration.site_text(past.db).replace("quiet_s = 30.0", "")
    configuration.import_site(past.db, f"quiet_s = 0.01\n{settings}", user="service")
    desk = Desk.set_up(past.home.workplace)

    def is_excluded() -> bool:
        run_round(desk)
        return studies.study_row(past.db, study).state == StudyState.EXCLUDED

    seat.wait(is_excluded)
    # Only now: a round that finds the study younger than the rule would look again after an hour.
    configuration.import_site(past.db, f"quiet_s = 0.01\n{settings}{RULE}", user="service")
    page.draft.read()
    seat.wait(lambda: bool(page.draft.tables("retention")))
    desk = Desk.set_up(past.home.workplace)
    (rule,) = desk.site.retention
    seat.wait(lambda: [item.why for item in planned(past.home.workplace, rule, short=False)] == [""])
    while purge_due(desk):
        pass
    assert desk.told["retention"]["looked_at"]
    services.register(past.db, "courier", dict(desk.told))
    section.refresh()
    seat.wait(lambda: bool(section.purges.rows))
    (purge,) = section.purges.rows
    assert (purge.what, purge.study_id, purge.things) == ("films", study, 1) and purge.bytes > 0
    seat.wait(lambda: "The node looked last at" in section.looked.text())
    assert "The last purge was at" in section.looked.text()
    assert dry_run(section, seat) == []  # it is gone


def test_a_document_with_a_fault_is_not_tried(page: AdministrationPage, section: RetentionSection) -> None:
    page.draft.write(page.draft.text + "\n[[retention]]\nwhat = 'films'\n")
    section.run.click()
    assert not section.command.is_running and "has a fault" in section.line.text


def test_reasons_are_told_with_their_states() -> None:
    assert why_words("its study is 'drafted'") == "its study is in the state “drafted”"
    assert why_words("nobody has reviewed it") == "nobody has reviewed it"


def test_priors_have_no_states_to_choose(page: AdministrationPage, section: RetentionSection) -> None:
    section.add.click()
    states = section.form.fields["states"]
    assert states.isEnabled()
    page.draft.put(("retention", 0, "what"), "priors")
    assert not states.isEnabled() and page.draft.problems == ()
    page.draft.put(("retention", 0, "states"), ["failed"])
    assert "names states" in section.form.faults["states"].text()
    assert isinstance(states, Ticks) and states.isEnabled()  # so that they can be taken out
    states.ticks["failed"].click()
    assert page.draft.problems == () and not states.isEnabled()


def test_a_rule_that_becomes_one_of_priors_loses_its_states(
    page: AdministrationPage, section: RetentionSection
) -> None:
    section.add.click()
    page.draft.put(("retention", 0, "states"), ["confirmed", "excluded"])
    what = section.form.fields["what"]
    assert isinstance(what, QComboBox)
    what.setCurrentIndex(what.findData("priors"))
    what.activated.emit(what.currentIndex())
    assert page.draft.tables("retention") == [{"what": "priors", "after_days": 365}]
    assert page.draft.problems == ()


def of_films(things: int, **more: object) -> dict[str, object]:
    """A row of a dry run."""
    said = {"what": "films", "why": "", "things": things, "studies": 1, "bytes": 10, "oldest_days": 4.0}
    return {**said, **more}


def test_a_disk_that_is_short_is_said_whichever_rows_come_last(section: RetentionSection) -> None:
    section._on_told([of_films(3, disk_short=True)])
    section._on_told([])
    section._on_end(0, True)
    assert "The disk is short" in section.line.text


def test_what_a_dry_run_found_goes_when_the_rules_are_others(
    page: AdministrationPage, section: RetentionSection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(section.command, "start", lambda arguments: None)
    section.add.click()
    section.start()
    section._on_told([of_films(3)])
    section._on_end(0, True)
    page.draft.write(page.draft.text + "# a comment\n")
    assert len(section.planned.rows) == 1
    page.draft.put(("retention", 0, "after_days"), 3000)
    assert section.planned.rows == () and "run it again" in section.line.text


def test_a_folder_for_temporary_files_that_takes_nothing_locks_nothing(
    page: AdministrationPage, section: RetentionSection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    section.add.click()
    section.run.click()
    assert section.run.isEnabled() and not section.line.is_busy and not section.command.is_running
    assert "folder for temporary files: No such file" in section.line.text


def test_a_next_look_is_named_only_where_there_will_be_one() -> None:
    now = datetime.now(UTC)
    lately, long_ago = now - timedelta(minutes=5), now - timedelta(days=3)
    runs = RetentionSeen(lately, True, True, ())
    assert f"looks again at {clock(lately + timedelta(hours=1))}" in looking_words(runs, has_written=True)
    for seen, said in (
        (replace(runs, looked_at=long_ago), "The next look is due"),
        (replace(runs, is_running=False), "The courier doesn't run"),
        (replace(runs, looked_at=None, is_running=False), "The courier doesn't run"),
        (replace(runs, looked_at=None), "hasn't told yet"),
        (replace(runs, has_rules=False), "No rule is in force"),
    ):
        words = looking_words(seen, has_written=True)
        assert said in words and "looks again" not in words
    assert "nothing is ever purged" in looking_words(replace(runs, has_rules=False), has_written=False)


def test_a_courier_and_rules_in_force_are_seen(past: Past) -> None:
    place = past.home.workplace
    assert retention_seen(place) == RetentionSeen(None, False, False, ())
    services.register(past.db, "courier", {"retention": {"looked_at": "2026-01-02T03:04:05+00:00"}})
    configuration.import_site(past.db, configuration.site_text(past.db) + RULE, user="service")
    found = retention_seen(place)
    assert found.is_running and found.has_rules and found.looked_at is not None


def test_a_failed_look_is_said_until_the_next_and_no_longer(
    section: RetentionSection, seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(place: object) -> RetentionSeen:
        raise DatabaseFailure("The database can't be reached.", what_to_do="See that it runs.")

    seat.wait(lambda: bool(section.looked.text()))
    with monkeypatch.context() as patched:
        patched.setattr(retention_page, "retention_seen", fail)
        section.refresh()
        seat.wait(lambda: "can't be reached" in section.line.text)
    section.refresh()
    seat.wait(lambda: section.line.text == "")


def test_every_state_that_a_reason_names_has_words() -> None:
    states = [*StudyState, *DeliveryState]
    assert {state.value.replace("_", " ") for state in states} == set(STATES)


@pytest.mark.parametrize("module", [comparing, retention])
def test_every_reason_of_the_store_has_words(module: ModuleType) -> None:
    tree = ast.parse(inspect.getsource(module))
    said = {
        part.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Return) and node.value is not None
        for part in ast.walk(node.value)
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and " " in part.value
    }
    told = {piece for piece in said if not piece.endswith((" is '", " to "))}
    assert told and told <= set(REASONS)
