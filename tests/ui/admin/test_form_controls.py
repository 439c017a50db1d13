"""What a form's controls do under a person's hands: nothing changes unasked, nothing shown is untrue."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QLineEdit, QWidget

from llmcxr_ws.site import parse_site
from tests.ui.admin.conftest import type_into
from tests.ui.conftest import Seat
from ui.admin.controls import Ticks
from ui.admin.declared import NOT_KEPT
from ui.admin.outputs import OutputsSection
from ui.admin.page import AdministrationPage
from ui.admin.peers import PeersSection
from ui.admin.retention import RetentionSection
from ui.admin.table_form import ONE_STAYS, TableForm
from ui.language import tr
from ui.widgets import choice


@pytest.fixture
def form(peers: PeersSection) -> TableForm:
    peers.table.selectRow(0)
    return peers.form


def line(form: TableForm, name: str) -> QLineEdit:
    made = form.fields[name]
    assert isinstance(made, QLineEdit)
    return made


def type_over(form: TableForm, name: str, text: str) -> None:
    """Type with a keyboard over what stands there; Enter isn't pressed."""
    made = line(form, name)
    made.setFocus()
    made.selectAll()
    QTest.keyClicks(made, text)


def set_in_text(page: AdministrationPage, setting: str) -> None:
    """Write a setting of the first peer into the text."""
    page.draft.write(page.draft.text.replace("identity = true", f"identity = true\n{setting}"))


def turn(made: QWidget) -> bool:
    """Turn the wheel over a widget, downwards; whether it took the turn, else what it stands in scrolls."""
    at, by = QPointF(5, 5), QPoint(0, -120)
    none = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False
    event = QWheelEvent(at, made.mapToGlobal(at), by, by, *none)
    QApplication.sendEvent(made, event)
    return event.isAccepted()


def test_the_wheel_over_a_choice_is_left_to_the_form(page: AdministrationPage, form: TableForm) -> None:
    assert not turn(form.fields["role"]) and not page.draft.is_changed


def test_a_choice_is_turned_by_the_wheel_only_where_somebody_went_to_it(seat: Seat) -> None:
    box = choice("one of two")
    box.addItems(["a", "b"])
    seat.qtbot.addWidget(box)
    box.show()
    box.clearFocus()
    assert not turn(box)
    assert box.currentText() == "a" and box.focusPolicy() is Qt.FocusPolicy.StrongFocus
    box.activateWindow()
    box.setFocus()
    seat.wait(box.hasFocus)
    assert turn(box) and box.currentText() == "b"


@pytest.mark.parametrize("value", ['"yes"', "1", '"true"', "true", '"no"', "0", "false"])
def test_a_tick_shows_what_is_in_force(page: AdministrationPage, form: TableForm, value: str) -> None:
    set_in_text(page, f"from_host = {value}")
    made = form.fields["from_host"]
    assert isinstance(made, QCheckBox) and page.draft.problems == ()
    assert made.isChecked() is parse_site(page.draft.text).peers[0].from_host


def test_what_was_entered_is_no_longer_being_typed(page: AdministrationPage, form: TableForm) -> None:
    before = line(form, "host").text()
    type_over(form, "host", "127.0.0.9")
    QTest.keyClick(line(form, "host"), Qt.Key.Key_Return)
    assert page.draft.tables("peer")[0]["host"] == "127.0.0.9"
    page.draft.discard()
    assert line(form, "host").text() == before
    page.draft.put(("peer", 0, "host"), "127.0.0.5")
    assert line(form, "host").text() == "127.0.0.5"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("prior_years", "2,5", 2.5),
        ("prior_years", "1e3", 1000.0),
        ("prior_count", "7.0", 7),
        ("prior_count", "1e1", 10),
        ("max_mb_s", "0,125", 0.125),
        # What may mean either, or nothing, is left for the validator to refuse.
        ("max_mb_s", "1,000", "1,000"),
        ("max_associations", "2,5", "2,5"),
        ("prior_years", "nan", "nan"),
    ],
)
def test_numbers_are_read_as_people_write_them(
    page: AdministrationPage, form: TableForm, name: str, text: str, value: object
) -> None:
    type_into(form, **{name: text})
    written = page.draft.tables("peer")[0][name]
    assert written == value and type(written) is type(value)
    assert bool(form.faults[name].text()) is isinstance(value, str)


def test_a_value_of_the_wrong_kind_is_mended_by_typing_it_and_by_nothing_else(
    page: AdministrationPage, form: TableForm
) -> None:
    set_in_text(page, "user = 5")
    assert form.faults["user"].text()
    line(form, "user").editingFinished.emit()  # somebody only went by
    assert page.draft.tables("peer")[0]["user"] == 5
    form.folds["Security"].open()
    type_over(form, "user", "5")
    QTest.keyClick(line(form, "user"), Qt.Key.Key_Return)
    assert page.draft.tables("peer")[0]["user"] == "5"
    assert not form.faults["user"].text()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("token_key", "a3f9c0ffee0123456789abcdef012345"),
        ("web_token_key", "a3f9c0ff-ee01-2345-6789-abcdef012345"),
        ("password_env", "JBSWY3DPEHPK3PXP"),
        ("password_key", "jbswy3dpehpk3pxp"),
        ("web_ca", "eyJhbGciOi.J9-Secret"),
    ],
)
def test_a_secret_that_would_do_as_a_name_is_not_kept(
    page: AdministrationPage, form: TableForm, name: str, text: str
) -> None:
    type_into(form, **{name: text})
    assert form.faults[name].text() == tr(NOT_KEPT) and line(form, name).text() == ""
    assert text not in page.draft.text and not page.draft.is_changed


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("token_env", "HOSPITALARCHIVETOKEN"),
        ("password_env", "PACS_2_RESEARCH_3"),
        ("web_ca", "hospital-authorities-2026"),
        ("token_key", "deadbeef"),
    ],
)
def test_a_name_is_kept(page: AdministrationPage, form: TableForm, name: str, text: str) -> None:
    type_into(form, **{name: text})
    assert page.draft.tables("peer")[0][name] == text


def test_that_a_secret_was_not_kept_is_said_until_its_entry_is_gone(
    page: AdministrationPage, peers: PeersSection, form: TableForm
) -> None:
    fault = form.faults["token_key"]
    for gone in (page.draft.discard, peers.remove.click):
        type_into(form, token_key="eyJhbGciOi.J9-Secret")
        type_into(form, user="llmcxr")
        assert fault.text() == tr(NOT_KEPT)
        gone()
        assert fault.text() == ""


def test_the_first_thing_typed_can_be_put_in_force_or_discarded_at_once(
    page: AdministrationPage, form: TableForm, seat: Seat
) -> None:
    assert not page.bar.apply.isEnabled() and not page.bar.discard.isEnabled()
    before = page.draft.text
    type_over(form, "host", "127.0.0.9")
    assert page.bar.apply.isEnabled() and not page.draft.is_changed
    seat.wait(line(form, "host").hasFocus)
    QTest.mouseClick(page.bar.discard, Qt.MouseButton.LeftButton)
    assert page.draft.text == before and not page.bar.apply.isEnabled()
    assert line(form, "host").text() != "127.0.0.9"
    type_over(form, "host", "127.0.0.9")
    QTest.mouseClick(page.bar.apply, Qt.MouseButton.LeftButton)
    assert page.draft.tables("peer")[0]["host"] == "127.0.0.9"
    assert page.bar.line.is_busy  # the node was asked


def test_a_line_that_is_left_as_it_was_leaves_nothing_to_put_in_force(
    page: AdministrationPage, form: TableForm
) -> None:
    before = line(form, "host").text()
    type_over(form, "host", before)
    QTest.keyClick(line(form, "host"), Qt.Key.Key_Return)
    assert not page.draft.is_changed and not page.bar.apply.isEnabled()


def test_a_group_that_was_closed_over_its_fault_stays_closed(
    page: AdministrationPage, form: TableForm
) -> None:
    fold = form.folds["Priors and orders"]
    type_into(form, prior_count="99")
    assert fold.is_open
    fold.open(False)
    type_into(form, max_associations="3")
    assert not fold.is_open and "1 fault" in fold.head.text()
    page.draft.put(("peer", 0, "prior_years"), -1)
    assert fold.is_open  # another fault


def test_a_screen_reader_says_help_and_fault_at_the_control(
    page: AdministrationPage, form: TableForm
) -> None:
    said = line(form, "port").accessibleDescription
    helped = said()
    assert helped
    type_into(form, port="0")
    assert said().startswith(helped) and form.faults["port"].text() in said()
    ticks = form.fields["classes"]
    assert isinstance(ticks, Ticks) and ticks.others is not None
    assert all(
        "empty: all that the node takes" in one.accessibleDescription() for one in ticks.ticks.values()
    )
    page.draft.put(("peer", 0, "classes"), ["nothing"])
    assert form.faults["classes"].text() in ticks.ticks["films"].accessibleDescription()
    assert form.faults["classes"].text() in ticks.others.accessibleDescription()


def test_the_last_state_of_a_retention_rule_stays_ticked(page: AdministrationPage) -> None:
    page.show_section("retention")
    section = page.section("retention")
    assert isinstance(section, RetentionSection)
    section.add.click()
    ticks = section.form.fields["states"]
    assert isinstance(ticks, Ticks)
    ticks.ticks["excluded"].click()
    ticks.ticks["confirmed"].click()
    ticks.ticks["excluded"].click()
    assert ticks.values == ["excluded"] == page.draft.tables("retention")[0]["states"]
    assert section.form.faults["states"].text() == tr(ONE_STAYS)
    ticks.ticks["failed"].click()
    assert ticks.values == ["excluded", "failed"] and not section.form.faults["states"].text()


@pytest.mark.parametrize(("value", "way"), [('"no"', "sent"), ('"yes"', "required")])
def test_the_output_matrix_says_what_is_required(page: AdministrationPage, value: str, way: str) -> None:
    page.show_section("outputs")
    section = page.section("outputs")
    assert isinstance(section, OutputsSection)
    page.draft.write(page.draft.text.replace('to = "pacs"', f'to = "pacs"\nrequired = {value}'))
    assert page.draft.problems == () and section.cells["signed", "pacs"].currentData() == way
