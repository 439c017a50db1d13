"""Every setting of a peer in its form: grouped, with help from the declaration, and each fault beside its field."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QCheckBox, QComboBox

from llmcxr_ws import deidentification
from llmcxr_ws.site import Peer
from llmcxr_ws.store import configuration
from tests.ui.admin.conftest import type_into
from tests.ui.conftest import Seat
from tests.ui.office_seat import nameless
from tests.ui.office_world import Past
from ui.admin.controls import Choice, Ticks
from ui.admin.page import AdministrationPage
from ui.admin.peer_fields import GROUPS, LEFT_TO, OPTIONS
from ui.admin.peers import PeersSection
from ui.admin.table_form import TableForm

FIELDS = {field.name: field for group in GROUPS for field in group.fields}


@pytest.fixture
def section(peers: PeersSection) -> PeersSection:
    peers.table.selectRow(1)
    return peers


def tick(form: TableForm, name: str, *values: str) -> None:
    """Click ticks of a form: one by its name alone, or some of several."""
    made = form.fields[name]
    for one in [made.ticks[value] for value in values] if isinstance(made, Ticks) else [made]:
        assert isinstance(one, QCheckBox)
        one.click()


def choose(form: TableForm, name: str, value: str) -> None:
    """Choose a value."""
    box = form.fields[name]
    assert isinstance(box, QComboBox)
    box.setCurrentIndex(box.findData(value))
    box.activated.emit(box.currentIndex())


def test_every_setting_stands_in_the_form_with_what_its_declaration_says() -> None:
    assert set(FIELDS) | set(LEFT_TO) == set(Peer.model_fields)
    for name, field in FIELDS.items():
        assert field.help == Peer.model_fields[name].description, name
    for field in FIELDS.values():  # every value in words of its own
        if isinstance(field, Choice):
            assert all(words != value or value == "research" for value, words in field.options), field.name
    assert set(OPTIONS) == set(deidentification.OPTIONS)


@pytest.mark.usefixtures("node")
def test_what_only_the_text_could_say_is_set_and_put_in_force(
    page: AdministrationPage, section: PeersSection, seat: Seat, past: Past
) -> None:
    form = section.form
    assert nameless(section) == []
    tick(form, "tells", "ian", "mpps")
    tick(form, "classes", "films")
    ticks = form.fields["classes"]
    assert isinstance(ticks, Ticks) and ticks.others is not None
    seat.qtbot.keyClicks(ticks.others, "1.2.840.10008.5.1.4.1.1.104.1")
    ticks.others.editingFinished.emit()
    tick(form, "priors")
    tick(form, "sends")
    type_into(form, prior_years="2.5", prior_count=7, max_mb_s=40, max_associations=3)
    choose(form, "retrieve", "get")
    tick(form, "tls")
    type_into(
        form,
        tls_fingerprint="AB:" * 31 + "CD",
        user="llmcxr",
        password_key="pacs-password",
        must_give_user="archive",
        must_give_password_env="ARCHIVE_PASSWORD",
        dicomweb="https://archive.example.org/dicom-web",
        token_key="archive-token",
    )
    choose(form, "role", "research")
    choose(form, "deidentify", "basic")
    tick(form, "deidentify_options", "retain_uids")
    type_into(form, project="LUNG1")
    assert page.draft.problems == (), page.draft.problems
    page.bar.apply.click()
    seat.wait(lambda: page.draft.in_force.version == 2)
    peer = configuration.load_site(past.db).peer("archive")
    assert peer.tells == ("mpps", "ian") and peer.sends
    assert peer.classes == ("films", "1.2.840.10008.5.1.4.1.1.104.1")
    assert (peer.priors, peer.prior_years, peer.prior_count, peer.retrieve) == (True, 2.5, 7, "get")
    assert (peer.max_mb_s, peer.max_associations) == (40, 3)
    assert (peer.user, peer.password_key) == ("llmcxr", "pacs-password")
    assert (peer.must_give_user, peer.must_give_password_env) == ("archive", "ARCHIVE_PASSWORD")
    assert (peer.tls, peer.tls_fingerprint[-2:]) == (True, "CD")
    assert (peer.dicomweb, peer.token_key) == ("https://archive.example.org/dicom-web", "archive-token")
    assert (peer.deidentify, peer.project, peer.deidentify_options) == ("basic", "LUNG1", ("retain_uids",))
    assert "# the long-term one" in configuration.site_text(past.db)


def test_what_is_emptied_is_taken_out_so_that_the_default_holds(
    page: AdministrationPage, section: PeersSection
) -> None:
    form, values = section.form, lambda: page.draft.tables("peer")[1]
    type_into(form, prior_years="2")
    tick(form, "tells", "ian")
    assert (values()["prior_years"], values()["tells"]) == (2, ["ian"])
    fold = form.folds["Priors and orders"]
    assert fold.head.text() == "Priors and orders: 1 set"
    fold.open()
    assert fold.head.text() == "Priors and orders"  # what is set is seen
    fold.open(False)
    assert fold.head.text() == "Priors and orders: 1 set"
    type_into(form, prior_years="")
    tick(form, "tells", "ian")
    assert not {"prior_years", "tells"} & values().keys()
    assert fold.head.text() == "Priors and orders"


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("tls_fingerprint", "AB:CD", "32 pairs of hexadecimal digits"),
        ("tls_name", "pacs.example.org", "no tls = true"),
        ("max_associations", "0", "greater than or equal to 1"),
        ("prior_count", "21", "less than or equal to 20"),
        ("count_from", "nobody", "There is no peer 'nobody'"),
        ("dicomweb", "ftp://archive", "http"),
        ("project", "two words", "1 to 16 letters"),
        ("workitems", "cad", "VALUE^SCHEME"),
    ],
)
def test_a_fault_stands_beside_its_field_and_opens_its_group(
    page: AdministrationPage, section: PeersSection, name: str, text: str, says: str
) -> None:
    group = next(group for group in GROUPS if any(field.name == name for field in group.fields))
    fold = section.form.folds[group.title]
    assert not fold.is_open
    type_into(section.form, **{name: text})
    fault = section.form.faults[name]
    assert says in fault.text() and fault.isVisible() and fold.is_open and "1 fault" in fold.head.text()
    assert [name for name, one in section.form.faults.items() if one.text()] == [name]
    assert not page.bar.apply.isEnabled()
    page.draft.discard()
    assert not fault.text() and page.draft.problems == ()


def test_faults_between_settings_stand_beside_the_one_to_change(
    page: AdministrationPage, section: PeersSection
) -> None:
    form = section.form
    type_into(form, host="archive.example.org", password_env="PASSWORD")
    assert "no user" in form.faults["user"].text()
    type_into(form, user="llmcxr")
    assert "in clear" in form.faults["password_env"].text()
    page.draft.discard()
    choose(form, "deidentify", "basic")
    assert "is clinical" in form.faults["deidentify"].text()
    choose(form, "role", "research")
    assert "for no project" in form.faults["project"].text()
    type_into(form, project="LUNG1")
    tick(form, "deidentify_options", "retain_full_dates", "retain_modified_dates")
    assert "full and for modified dates" in form.faults["deidentify_options"].text()
    page.draft.discard()
    tick(form, "identity")
    assert "More than one peer" in form.faults["identity"].text()


@pytest.mark.parametrize("name", ["password_env", "must_give_password_key", "token_env", "web_token_key"])
def test_a_pasted_secret_is_never_written_into_the_document(
    page: AdministrationPage, section: PeersSection, name: str
) -> None:
    type_into(section.form, **{name: "eyJhbGciOi.J9-Secret"})
    assert "never entered here" in section.form.faults[name].text()
    assert "Secret" not in page.draft.text and section.form.fields[name].text() == ""  # type: ignore[union-attr]


def test_an_unknown_setting_is_told_above_the_form(page: AdministrationPage, section: PeersSection) -> None:
    page.draft.write(page.draft.text.replace("sends = false", "sents = false"))
    assert "Did you mean 'sends'" in section.form.whole.text() and section.form.whole.isVisible()
