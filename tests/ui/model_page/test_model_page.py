"""The model page: what an engine told, a shadow beside it, and an acceptance with its record."""

from __future__ import annotations

import re
from socket import gethostname

import pytest

from llmcxr_ws.store import configuration, services, supervision
from tests.ui.conftest import Seat
from tests.ui.office_seat import dialog_of, nameless, open_page
from tests.ui.office_world import ENGINE, Past
from ui.model_page.accept import AcceptDialog
from ui.model_page.page import ModelPage


def shown(seat: Seat, user: str = "ada") -> ModelPage:
    page = open_page(seat, "model", ModelPage, user)
    seat.wait(lambda: seat.tasks.is_idle)
    return page


def test_card_facts_and_speed(past: Past, seat: Seat) -> None:
    past.drafted()
    past.engine()
    page = shown(seat)
    seat.wait(lambda: page.chosen is not None)
    assert "Demonstration model" in page.card.toPlainText() and "**" not in page.card.toPlainText()
    told = dict(page.facts.rows)
    assert told["Hash of the weights"] == "a" * 64
    assert told["Thresholds of drafts, as log-odds"] == "Infiltration +1.5"
    assert told["Findings it can't judge"] == "Fracture, Mass"
    (speed,) = page.speeds.rows
    assert (speed.model, speed.runtime, speed.drafts) == ("demo 1", "onnxruntime float32", 1)
    assert 1.5 < speed.median < 30
    assert "any may draft" in page.hint.text and page.warning.text == ""
    assert nameless(page) == []


def test_the_speed_is_told_for_each_machine_and_this_one_is_named(past: Past, seat: Seat) -> None:
    past.drafted(machine=gethostname())
    past.drafted(machine=gethostname())
    past.drafted(machine="reading-room-2")
    past.engine()
    page = shown(seat)
    seat.wait(lambda: len(page.speeds.rows) == 2)
    said = [page.speeds.model().index(at, 2).data() for at in range(2)]
    assert said == [f"{gethostname()} (this one)", "reading-room-2"]
    assert [row.drafts for row in page.speeds.rows] == [2, 1]


def test_a_card_fetches_nothing(past: Past, seat: Seat) -> None:
    past.engine(card="![x](file:///etc/passwd) <img src='file:///etc/passwd'> [a](http://example.org)")
    page = shown(seat)
    seat.wait(lambda: page.chosen is not None)
    assert page.card.loadResource(2, "file:///etc/passwd") is None and not page.card.openLinks()


def test_no_engine_is_told(past: Past, seat: Seat) -> None:
    page = shown(seat)
    seat.wait(lambda: "No engine runs" in page.hint.text)
    assert not page.accept.isEnabled() and "No second model" in page.compare.words.text()


def test_two_models_side_by_side(past: Past, seat: Seat) -> None:
    past.drafted("The lungs are clear.")
    first = past.drafted("There is an effusion.", ("Pleural Effusion",))
    past.signed(first, "There is an effusion.", ("Pleural Effusion",))
    past.drafted("There is an edema.", ("Edema",))
    past.shadow("There is an edema.", ("Edema",))
    past.shadow("No effusion.")
    past.shadow("", withheld="Unlike a chest film.")
    page = shown(seat)
    seat.wait(lambda: page.compare.comparison is not None)
    found = page.compare.comparison
    assert found is not None and (found.films, found.withheld_second) == (3, 1)
    assert [(pair.name, pair.only_first, pair.both) for pair in found.findings] == [
        ("Pleural Effusion", 1, 0),
        ("Edema", 0, 1),
    ]
    effusion = found.findings[0]
    assert (effusion.first_right.hits, effusion.second_right.hits, effusion.first_right.of) == (1, 0, 1)
    assert [row.accession_number for row in page.compare.films.rows] == ["ACC-2"]
    assert page.compare.first.toPlainText() == "There is an effusion."
    assert page.compare.second.toPlainText() == "No effusion."
    page.compare.only_different.click()
    assert len(page.compare.films.rows) == 3
    page.compare.films.selectRow(2)
    assert "Withheld: Unlike a chest film." in page.compare.second.toPlainText()


def test_a_shadow_beside_two_models_is_compared_with_each_by_itself(past: Past, seat: Seat) -> None:
    first, second = past.drafted("Clear."), past.drafted("There is an edema.", ("Edema",))
    past.shadow("There is an edema.", ("Edema",))
    past.shadow("Clear.")
    past.label(second, model_device_uid="2.25.7", model_version="9")
    past.engine(model_device_uid="2.25.1")
    page = shown(seat)
    seat.wait(lambda: page.compare.shadow.count() == 2)
    for number in range(2):
        page.compare.shadow.setCurrentIndex(number)
        found = page.compare.comparison
        assert found is not None and found.films == 1
        assert found.first == ("demo 1" if page.compare.chosen[0].study_id == first else "demo 9")
    # Figures of a model of the same name, but of other weights, aren't recorded with a decision.
    page.compare.shadow.setCurrentIndex(
        next(n for n in range(2) if "demo 9" in page.compare.shadow.itemText(n))
    )
    engine = page.chosen
    assert engine is not None and "films" not in page._figures(engine)


@pytest.mark.usefixtures("node")
def test_an_administrator_accepts_a_model_and_takes_it_back(past: Past, seat: Seat) -> None:
    past.drafted()
    past.engine()
    page = shown(seat)
    seat.wait(page.accept.isEnabled)
    page.accept.click()
    dialog = dialog_of(seat, AcceptDialog)
    assert dict(dialog.figures.rows)["hash of the weights"] == "a" * 64
    assert "median" in dict(dialog.figures.rows)["seconds a draft (onnxruntime float32)"]
    dialog.accept()
    assert "Say why" in dialog.problem.text
    dialog.reason.setPlainText("Tried on 200 films of ours.")
    dialog.accept()
    seat.wait(lambda: [row["accepted_by"] for row in page.accepted.rows] == ["ada"])
    (row,) = supervision.audit_tail(past.db, words="model.accepted")
    assert row.actor == "ada" and "Tried on 200 films" in row.detail and "median" in row.detail
    assert configuration.load_site(past.db).accepts_model("a" * 64)
    assert not page.accept.isEnabled() and page.warning.text == ""

    past.engine(weights_sha256="b" * 64)
    text = configuration.site_text(past.db)
    table = text[text.index("[[accepted_model]]") :].replace('"demo"', '"older"').replace("a" * 64, "b" * 64)
    older = re.sub(r'accepted_at = "\d{4}', 'accepted_at = "2020', table)
    configuration.import_site(past.db, f"{text}\n{older}", user="ada")
    page.refresh()
    seat.wait(lambda: "demo 1 was accepted last" in page.hint.text)
    assert "llmcxr engine --model accepted" in page.hint.text and page.warning.text == ""
    configuration.import_site(past.db, text, user="ada")
    past.engine()
    page.refresh()
    seat.wait(lambda: page.hint.text == "")

    past.engine(weights_sha256="c" * 64, model_name="stranger")
    page.refresh()
    seat.wait(lambda: "stranger 1 drafts for readers here" in page.warning.text)
    seat.window.watching.look_at_services()
    lights = seat.window.lights
    seat.wait(lambda: "nobody accepted" in lights._parts["Engine"][1].text())

    page.accepted.selectRow(0)
    page.withdraw.click()
    again = dialog_of(seat, AcceptDialog)
    again.reason.setPlainText("It missed a pneumothorax.")
    again.accept()
    seat.wait(lambda: page.accepted.rows == ())
    assert configuration.load_site(past.db).accepted_models == ()


def test_a_reader_looks_and_decides_nothing(past: Past, seat: Seat) -> None:
    past.engine()
    page = shown(seat, "anna")
    seat.wait(lambda: page.chosen is not None)
    assert page.accept.isHidden() and page.withdraw.isHidden()


def test_a_shadow_on_duty_is_named_as_one(past: Past, seat: Seat) -> None:
    services.register(past.db, "shadow", ENGINE | {"model_name": "second"})
    page = shown(seat)
    seat.wait(lambda: page.engine.currentText() == "second 1, in the shadow")
    assert dict(page.facts.rows)["Work"].startswith("in the shadow")
