"""Every page and dialog of the window as a scene: what has to be in the home, and how it comes onto the screen.

The tests for everybody (names, Tab, sizes) walk all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtWidgets import QDialog, QWidget

from llmcxr_ws import reading
from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.prior_report import Paragraph, PriorReport
from tests.ui.conftest import Seat
from tests.ui.homes import PASSWORD, House
from tests.ui.sign.node import decide
from ui.admin.display_dialog import DisplayDialog
from ui.admin.page import AdministrationPage
from ui.admin.pseudonyms import KeyTableDialog
from ui.admin.rule_dialog import RuleDialog
from ui.admin.users import UserDialog
from ui.evidence.drawing import DrawingDialog
from ui.keys_page import KeyDialog, KeysPage
from ui.model_page.accept import AcceptDialog
from ui.office import Office
from ui.preferences_dialog import PreferencesDialog
from ui.refusals import Refusal
from ui.refused_dialog import RefusedDialog
from ui.report.macro_dialog import MacroDialog
from ui.report.reject import RejectDialog
from ui.report.renewed import Renewal, RenewalDialog
from ui.report.unsaved import RefusedWordsDialog, UnsavedDialog
from ui.sign.dialogs import HAND_ON, SignDialog
from ui.sign.retract import RetractDialog
from ui.sign.send_back import SendBackDialog
from ui.sign.take_over import TakeOverDialog
from ui.theme import LIVE
from ui.worklist.columns_dialog import ColumnsDialog
from ui.worklist.filters import Filter, SavedFilters
from ui.worklist.filters_dialog import FilterDialog, FiltersDialog

DRAFT = "Heart size is normal. There is a small left pleural effusion. No pneumothorax."


@dataclass(frozen=True)
class Scene:
    """One scene.

    Attributes
    ----------
    prepare : puts what is needed into the home
    show : brings it onto the screen and returns the window or dialog that it is about
    dialog : what it is about, where that isn't the window itself
    """

    name: str
    prepare: Callable[[House], None]
    show: Callable[[Seat], QWidget]
    dialog: type[QDialog] | None = None


def _study(home: House) -> None:
    home.drafted("DEMO0001.dcm", DRAFT)
    home.drafted("DEMO0002.dcm", "Words", withheld="The confidence is too low.")


def _nothing(_: House) -> None:
    pass


def _entry(seat: Seat) -> QWidget:
    return seat.window


def _locked(seat: Seat) -> QWidget:
    seat.log_in(pin="4711")
    seat.window.lock()
    return seat.window


def _reading(seat: Seat) -> QWidget:
    seat.log_in()
    seat.open(1)
    window = seat.window
    window.report.editor.setPlainText(f"{DRAFT} Compare with earlier films.")
    window.report.editor.mark()
    window.worklist.table.setFocus()
    return window


def _comparing(seat: Seat) -> QWidget:
    """The report of a prior under the films, as it stands while two are compared."""
    _reading(seat)
    said = PriorReport((Paragraph("Impression", "Small nodule."),), "verified", "Reader^Rita", "20250501")
    seat.window.film.prior_report.show_reports((said,))
    return seat.window


def _dialog(open_it: Callable[[Seat], object]) -> Callable[[Seat], QWidget]:
    def show(seat: Seat) -> QWidget:
        _reading(seat)
        open_it(seat)
        found: list[QDialog] = []

        def is_there() -> bool:
            found[:] = [dialog for dialog in seat.window.findChildren(QDialog) if dialog.isVisible()]
            return bool(found)

        seat.wait(is_there)
        return found[-1]

    return show


def _asked(kind: str) -> Callable[[House], None]:
    """Return what puts a study into the home whose report was handed on ("preliminary") or signed ("sign")."""

    def prepare(home: House) -> None:
        text = "Heart size is normal. No effusion. No fracture. No mass."
        study = home.drafted("DEMO0001.dcm", text)
        home.add_user("rob", "resident")
        db, is_signed = home.workplace.db, kind == "sign"
        key = reading.log_in(db, "anna" if is_signed else "rob", PASSWORD)
        ask = reading.request_signature if is_signed else reading.request_preliminary
        ask(db, key, reading.open_study(db, study), text)
        assert [row.state for row in decide(home)] == ["granted"]

    return prepare


def _wish(name: str) -> Callable[[Seat], QWidget]:
    """Return how a reader comes to a dialog about the report as it stands."""

    def show(seat: Seat) -> QWidget:
        seat.log_in()
        seat.open(1)
        getattr(seat.window.wishes, name)()
        seat.wait(lambda: any(dialog.isVisible() for dialog in seat.window.findChildren(QDialog)))
        return next(dialog for dialog in seat.window.findChildren(QDialog) if dialog.isVisible())

    return show


def _filters(seat: Seat) -> None:
    seat.window.worklist.set_filters(SavedFilters((Filter("Mine", mine=True), Filter("Night"))), begins=False)
    seat.window.worklist.edit_filters()


def _key(seat: Seat) -> None:
    seat.window.habits.show_keys()
    seat.window.findChildren(KeysPage)[0].change.click()


def _unsaved(seat: Seat) -> None:
    error = UserFacingError("The study is held by 'ben'.", what_to_do="Take it over.")
    seat.window.open_dialog(UnsavedDialog(seat.window, error.sentence, lambda: None, lambda: None))


def _refused(seat: Seat) -> None:
    sentence = "The study is held by 'ben' now. Copy your words, or take it over again."
    seat.window.open_dialog(RefusedWordsDialog(seat.window, f"{DRAFT} Typed too late.", sentence))


def _renewed(seat: Seat) -> None:
    renewal = Renewal(2, DRAFT, f"{DRAFT} Old fracture of a rib.", is_kept=True)
    seat.window.open_dialog(RenewalDialog(seat.window, renewal, LIVE))


def _macros(seat: Seat) -> None:
    seat.wait(lambda: seat.window.report.own.is_read)
    seat.window.report.edit_macros()


def _take_over(seat: Seat) -> None:
    detail = seat.window.case.detail
    if detail is not None:
        seat.window.open_dialog(TakeOverDialog(seat.window, detail.study, lambda: None))


def _accept(seat: Seat) -> None:
    figures = {"hash of the weights": "a" * 64, "seconds a draft": "1.2"}
    about = "llm-cxr 1 is to draft for this site. The figures below are recorded with your reason."
    seat.window.open_dialog(
        AcceptDialog(seat.window, title="Accept the model", about=about, figures=figures, on_decided=print)
    )


def _rule(seat: Seat) -> None:
    begun = {"name": "Mobile films", "view": "AP", "device": "Acme*", "then": "draft", "lifts": ["derived"]}
    RuleDialog(seat.window, begun, ["pacs"], print).open()


def _displays(seat: Seat) -> None:
    office = Office(seat.tasks, seat.home.workplace, seat.window)
    DisplayDialog(seat.window, office, {"name": "pacs", "shows": ["pdf"]}, print).open()


def _key_table(seat: Seat) -> None:
    KeyTableDialog(seat.window, "LUNG-1", "administrator").open()


def _refused_documents(seat: Seat) -> None:
    refusals = [
        Refusal(
            "AI draft to pacs",
            "The document wasn't sent.",
            ("Modality is missing.", "StudyID is too long."),
            1,
        )
    ]
    office = Office(seat.tasks, seat.home.workplace, seat.window)
    RefusedDialog(seat.window, office, refusals, lambda place, key, number: number).open()


def _user(name: str) -> Callable[[Seat], None]:
    return lambda seat: seat.window.open_dialog(UserDialog(seat.window, name))


def _call(name: str) -> Callable[[Seat], QWidget]:
    def open_it(seat: Seat) -> None:
        part = seat.window
        *path, last = name.split(".")
        for step in path:
            part = getattr(part, step)
        getattr(part, last)()

    return _dialog(open_it)


def _page(name: str, section: str = "") -> Callable[[Seat], QWidget]:
    """Return how an administrator comes to a page, and to a section of it."""

    def show(seat: Seat) -> QWidget:
        seat.home.add_user("ada", "admin")
        seat.log_in("ada")
        seat.window.pages.show_page(name)
        page = seat.window.pages.made(name)
        if isinstance(page, AdministrationPage) and section:
            page.show_section(section)
        seat.qtbot.wait(300)
        return seat.window

    return show


SECTIONS = (
    "peers",
    "destinations",
    "rules",
    "outputs",
    "document",
    "queues",
    "log",
    "disk",
    "throughput",
    "users",
    "self_test",
)

SCENES: tuple[Scene, ...] = (
    Scene("log-in", _nothing, _entry),
    Scene("locked", _nothing, _locked),
    Scene("reading", _study, _reading),
    Scene("comparing", _study, _comparing),
    Scene("keys", _study, _call("habits.show_keys"), KeysPage),
    Scene("change keys", _study, _dialog(_key), KeyDialog),
    Scene("preferences", _study, _call("habits.show_preferences"), PreferencesDialog),
    Scene("columns", _study, _call("worklist.choose_columns"), ColumnsDialog),
    Scene("filter", _study, _call("worklist.save_filter"), FilterDialog),
    Scene("filters", _study, _dialog(_filters), FiltersDialog),
    Scene("sign", _study, _call("wishes.sign"), SignDialog),
    Scene(
        "reject",
        _study,
        _dialog(lambda seat: seat.window.open_dialog(RejectDialog(seat.window, print))),
        RejectDialog,
    ),
    Scene("take over", _study, _dialog(_take_over), TakeOverDialog),
    Scene("unsaved", _study, _dialog(_unsaved), UnsavedDialog),
    Scene("hand on", _study, _dialog(lambda seat: seat.window.wishes._open_sign_dialog(HAND_ON)), SignDialog),
    Scene("send back", _asked("preliminary"), _wish("send_back"), SendBackDialog),
    Scene("retract", _asked("sign"), _wish("retract"), RetractDialog),
    Scene("refused words", _study, _dialog(_refused), RefusedWordsDialog),
    Scene("macros", _study, _dialog(_macros), MacroDialog),
    Scene("renewed draft", _study, _dialog(_renewed), RenewalDialog),
    Scene("synthetic film", _study, _call("wishes.draw"), DrawingDialog),
    Scene("accept a model", _study, _dialog(_accept), AcceptDialog),
    Scene("routing rule", _study, _dialog(_rule), RuleDialog),
    Scene("displays of a peer", _study, _dialog(_displays), DisplayDialog),
    Scene("key table", _study, _dialog(_key_table), KeyTableDialog),
    Scene("what the gate found", _study, _dialog(_refused_documents), RefusedDialog),
    Scene("new user", _study, _dialog(_user("")), UserDialog),
    Scene("new password", _study, _dialog(_user("ben")), UserDialog),
    *(Scene(f"administration: {name}", _study, _page("administration", name)) for name in SECTIONS),
    Scene("model", _study, _page("model")),
    Scene("quality", _study, _page("quality")),
)
