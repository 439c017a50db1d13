"""Make docs/gallery/ anew: every page and dialog of the window, light and dark, at 100 % and 150 % of the text size.

As docs/window.png it shows what a reader would see: the demonstration's PACS, node and engine run, the films are
those that ship, drafts and answers are the model's. A new page or dialog is a new entry in `SCENES`.

    python docs/make_gallery.py [--out FOLDER] [--only NAME,NAME] [--looks dark-100,light-150] [--bundle FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from make_screenshot import prepare
from PIL import Image
from PySide6.QtCore import QEventLoop
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from llmcxr_ws import reading
from llmcxr_ws.demo.scene import PASSWORD, READER, set_up
from llmcxr_ws.demo.scene import Scene as Stage
from llmcxr_ws.demo.walk import QUESTION, sign_unread
from llmcxr_ws.domain import StudyRow
from llmcxr_ws.states import ReportState, StudyState
from llmcxr_ws.store import accounts, studies
from llmcxr_ws.workplace import Workplace
from ui.admin.destinations import DestinationsSection
from ui.admin.display_dialog import DisplayDialog
from ui.admin.outputs import OutputsSection
from ui.admin.page import AdministrationPage
from ui.admin.peers import PeersSection
from ui.admin.pseudonyms import DeidentificationSection, KeyTableDialog
from ui.admin.retention import RetentionSection
from ui.admin.rule_dialog import RuleDialog
from ui.admin.rules import RulesSection
from ui.admin.self_test import SelfTestSection
from ui.app import Defects, Seating, make_application
from ui.desk import Desk
from ui.evidence.drawing import DrawingDialog
from ui.pages import READING
from ui.refused_dialog import RefusedDialog
from ui.tasks import Tasks
from ui.window import MainWindow

SIZE = (1600, 1000)
# Qt's own imaginary monitor is too small for such a window.
MONITOR = {"name": "monitor", "x": 0, "y": 0, "width": 1920, "height": 1200}
MONITORS = {"screens": [MONITOR | {"logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1}]}
LOOKS = ("dark-100", "light-100", "dark-150", "light-150")
WAIT_S = 120.0
ADMINISTRATOR = "administrator"
# What some dictation systems leave of a letter that they don't know.
LOST = "The lungs are clear. The heart takes 52 \N{REPLACEMENT CHARACTER} of the chest."
# Of a picture: enough for a grey film beside the themes' colours, and an eighth of the bytes.
COLOURS = 256


class Sitting:
    """One person at a window, and what a scene may do there."""

    def __init__(self, app: QApplication, home: Path, accession: str) -> None:
        self.app, self.accession, self.look = app, accession, LOOKS[0]
        self.workplace = Workplace.open(home)
        self.tasks, self.defects = Tasks(), Defects()
        self.tasks.defect.connect(self._on_defect)
        self._seating = Seating(self.tasks, Desk(self.workplace), self.defects, READER)
        self.window.resize(*SIZE)
        self.window.show()

    @property
    def window(self) -> MainWindow:
        """The window."""
        return self._seating.window

    @staticmethod
    def _on_defect(error: Exception) -> None:
        raise SystemExit(f"The window has a defect: {error!r}")

    def wait(self, what: str, condition: Callable[[], bool]) -> None:
        """Wait until something is true; say what didn't come."""
        end = time.monotonic() + WAIT_S
        while not condition():
            if time.monotonic() > end:
                raise SystemExit(f"{what} didn't come.")
            self.app.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)
            time.sleep(0.01)

    def rest(self, seconds: float = 1.2) -> None:
        """Let everything come to rest: marks in the text, smooth films."""
        end = time.monotonic() + seconds
        self.wait("rest", lambda: time.monotonic() > end and self.tasks.is_idle)

    def wear(self, look: str) -> None:
        """Put a theme and a text size on."""
        self.look = look
        theme, size = look.split("-")
        wanted = self.window.person.preferences.with_value("theme", theme).with_value("text_size", int(size))
        self.window.person.set_preferences(wanted)

    def be(self, user: str) -> None:
        """Log in as somebody."""
        window = self.window
        if window.badge is not None and window.badge.user == user:
            return
        if window.badge is not None:
            window.lock()
            window.entry.other.click()
        window.entry.user.setText(user)
        window.entry.secret.box.setText(PASSWORD)
        window.entry.confirm.click()
        self.wait("The log-in", lambda: window.is_open)
        self.wear(self.look)

    def open_study(self) -> None:
        """Open the study that most pictures show, as the reader, with a question asked."""
        self.choose(lambda row: row.identity.accession_number == self.accession)
        window = self.window
        if not window.chat.is_answered:
            window.chat.box.setText(QUESTION)
            window.chat.ask()
            self.wait("The answer", lambda: window.chat.is_answered)

    def choose(self, is_wanted: Callable[[StudyRow], bool]) -> None:
        """Open the first study of a kind, as the reader, with the checks in front."""
        self.be(READER)
        window = self.window
        window.pages.show_page(READING)
        self.wait("The worklist", lambda: any(is_wanted(row) for row in window.worklist.model.rows()))
        chosen = next(row for row in window.worklist.model.rows() if is_wanted(row))

        def is_there() -> bool:
            detail = window.case.detail
            return detail is not None and detail.study.id == chosen.id and window.film.view.film is not None

        if not is_there():
            window.worklist.choose(chosen.id)
            self.wait("The film", is_there)
        window.side.show_part(window.report.guards)

    def speak(self, language: str) -> None:
        """Give the window of the person here another language."""
        before, preferences = self.window, self.window.person.preferences
        if preferences.language != language:
            before.person.set_preferences(preferences.with_value("language", language))
            self.wait("The window in another language", lambda: self.window is not before)
            self.window.resize(*SIZE)
            self.wait("The window", lambda: self.window.is_open)

    def close(self) -> None:
        """Leave."""
        self.window.stop_looking()
        self.window.report.autosave.watch(None, None)
        self.tasks.close()
        self.workplace.close()


@dataclass(frozen=True)
class Scene:
    """One picture: its name, what it shows in words, and how it comes onto the screen.

    Attributes
    ----------
    show : brings it about and returns the widget to take; a dialog is closed again
    """

    name: str
    title: str
    show: Callable[[Sitting], QWidget]


def _log_in(sitting: Sitting) -> QWidget:
    return sitting.window


def _reading(sitting: Sitting) -> QWidget:
    sitting.open_study()
    sitting.window.worklist.table.setFocus()
    return sitting.window


def _asking(sitting: Sitting) -> QWidget:
    sitting.open_study()
    if sitting.window.film.view.is_showing_seen:
        sitting.window.film.view.toggle_seen()
    sitting.window.side.show_part(sitting.window.chat)
    return sitting.window


def _evidence(sitting: Sitting) -> QWidget:
    sitting.open_study()
    panel = sitting.window.evidence
    sitting.window.side.show_part(panel)
    lit: list[bool] = []
    panel.heat_changed.connect(lambda heat, _: lit.append(heat is not None))
    # Of some sentences no part of the film stands out: the first that has one is shown.
    for at in range(panel.list.count()):
        panel.list.setCurrentRow(at)
        sitting.wait("The map", lambda: not panel.is_looking)
        if lit and lit[-1]:
            break
    return sitting.window


def _drawing(sitting: Sitting) -> QWidget:
    shown = dialog(lambda window: window.wishes.draw())(sitting)
    if not isinstance(shown, DrawingDialog):
        raise SystemExit(f"{shown} opened instead of the synthetic films.")
    sitting.rest(0.3)
    if not shown.picture.is_shown:
        shown.draw_button.click()
        sitting.wait("The synthetic film", lambda: shown.picture.is_shown)
    return shown


def _addendum(sitting: Sitting) -> QWidget:
    sitting.choose(lambda row: row.state is StudyState.CONFIRMED)
    addenda = sitting.window.report.addenda
    if addenda.editor.isHidden() or not addenda.text():
        sitting.window.wishes.begin_addendum()
        sitting.wait("The addendum", lambda: addenda.editor.isVisible() and not addenda.editor.isReadOnly())
        addenda.editor.setPlainText("The clinic asked about the costophrenic angles: both are free.")
    return sitting.window


def _german(sitting: Sitting) -> QWidget:
    sitting.be(READER)
    sitting.speak("de")
    return _reading(sitting)


def _model_view(sitting: Sitting) -> QWidget:
    sitting.open_study()
    view = sitting.window.film.view
    if not view.is_showing_seen:
        view.toggle_seen()
    return sitting.window


def _worklist(sitting: Sitting) -> QWidget:
    sitting.open_study()
    return sitting.window.worklist


def _fill(sitting: Sitting, section: object) -> None:
    """Have a section of the administration show what it is there for."""
    if isinstance(section, SelfTestSection):
        sitting.wait("The self-test", lambda: bool(section.table.rows) and not section.is_running)
    elif isinstance(section, PeersSection) and not section.abilities.rows:
        sitting.wait("The peers", section.probe.isEnabled)
        section.probe.click()
        sitting.wait("The probe", lambda: bool(section.abilities.rows))
    elif isinstance(section, RetentionSection):
        _fill_retention(sitting, section)
    elif isinstance(section, DeidentificationSection) and not section.projects.rows:
        _fill_pseudonyms(sitting, section)
    elif isinstance(section, RulesSection | OutputsSection) and not section.table.rows:
        sitting.rest()
        if isinstance(section, RulesSection):  # written, and not put in force
            section.draft.add("rule", {"name": "Films taken in bed", "source": "pacs", "view": "AP"})
        section.run.click()
        sitting.wait("The dry run", lambda: bool(section.table.rows))


def _fill_retention(sitting: Sitting, section: RetentionSection) -> None:
    """Rules that are written, and not put in force; what they would purge."""
    if section.planned.rows:
        return
    sitting.rest()
    states = ["confirmed", "excluded", "failed"]
    section.draft.add(
        "retention", {"what": "films", "after_days": 180, "at_least_days": 14, "states": states}
    )
    section.draft.add("retention", {"what": "logs", "after_days": 30})
    section.start()
    sitting.wait("The dry run", lambda: not section.command.is_running)


def _fill_pseudonyms(sitting: Sitting, section: DeidentificationSection) -> None:
    """Two projects that studies went to."""
    home = sitting.workplace.home
    command = [sys.executable, "-m", "llmcxr_ws.cli", "deidentify", "export"]
    for project, count in (("LUNG-1", 9), ("TEACHING", 3)):
        rows = studies.worklist(sitting.workplace.db)[:count]
        chosen = [part for row in rows for part in ("--study", str(row.id))]
        with tempfile.TemporaryDirectory() as out:
            subprocess.run(
                [*command, *chosen, "--project", project, "--out", out],
                env={**os.environ, "LLMCXR_HOME": str(home)},
                check=False,  # a film that is kept back is an error there, and none here
                capture_output=True,
            )
    section.refresh()
    sitting.wait("The projects", lambda: len(section.projects.rows) == 2)


def page(name: str, section: str = "") -> Callable[[Sitting], QWidget]:
    """Return how an administrator comes to a page, and to a section of it."""

    def show(sitting: Sitting) -> QWidget:
        sitting.be(ADMINISTRATOR)
        sitting.window.pages.show_page(name)
        made = sitting.window.pages.made(name)
        if isinstance(made, AdministrationPage):
            if section not in ("rules", "retention"):
                made.draft.discard()
            made.show_section(section)
            shown = made.section(section)
            _fill(sitting, shown)
        sitting.rest(3.0)
        return sitting.window

    return show


def _rule(sitting: Sitting) -> QWidget:
    page("administration", "rules")(sitting)
    made = sitting.window.pages.made("administration")
    section = made.section("rules") if isinstance(made, AdministrationPage) else None
    if not isinstance(section, RulesSection):
        raise SystemExit("The rules aren't there.")
    section.add.click()
    sitting.wait("The rule", lambda: sitting.window.findChild(RuleDialog) is not None)
    shown = sitting.window.findChild(RuleDialog)
    if not isinstance(shown, RuleDialog):
        raise SystemExit("The rule's dialog is gone.")
    shown.name.setText("Mobile films of the intensive care unit")
    shown.texts["station"].setText("ICU*")
    return shown


def _destinations(sitting: Sitting) -> QWidget:
    shown = page("administration", "destinations")(sitting)
    made = sitting.window.pages.made("administration")
    section = made.section("destinations") if isinstance(made, AdministrationPage) else None
    if not isinstance(section, DestinationsSection):
        raise SystemExit("The destinations aren't there.")
    draft = made.draft if isinstance(made, AdministrationPage) else None
    if draft is None or section.table.rows:
        return shown
    # Written, and not put in force. At the first one's address only the demonstration's PACS listens.
    port = draft.tables("peer")[0]["port"]
    draft.add("hl7", {"name": "ris", "host": "127.0.0.1", "port": port, "receiving_application": "RIS"})
    draft.add("fhir", {"name": "ehr", "base_url": "https://127.0.0.1/r4", "token_env": "EHR_TOKEN"})
    section.table.selectRow(0)
    section.attempt.click()
    sitting.wait("The try", lambda: "No message was sent" in section.line.text)
    sitting.rest(0.3)
    return shown


def _displays(sitting: Sitting) -> QWidget:
    page("administration", "peers")(sitting)
    made = sitting.window.pages.made("administration")
    section = made.section("peers") if isinstance(made, AdministrationPage) else None
    if not isinstance(section, PeersSection):
        raise SystemExit("The peers aren't there.")
    section.displays.click()
    shown = sitting.window.findChild(DisplayDialog)
    if not isinstance(shown, DisplayDialog):
        raise SystemExit("The displays' dialog isn't there.")
    shown.agreed.setChecked(True)
    shown.send.click()
    sitting.wait("The test objects", lambda: shown.send.isEnabled() and not shown.line.is_busy)
    for kind in ("film", "signed", "pdf"):
        shown.rows[kind].tick.setChecked(True)
    return shown


def _key_table(sitting: Sitting) -> QWidget:
    page("administration", "pseudonyms")(sitting)
    made = sitting.window.pages.made("administration")
    section = made.section("pseudonyms") if isinstance(made, AdministrationPage) else None
    if not isinstance(section, DeidentificationSection):
        raise SystemExit("De-identification isn't there.")
    section.projects.selectRow(0)
    section.save.click()
    shown = sitting.window.findChild(KeyTableDialog)
    if not isinstance(shown, KeyTableDialog):
        raise SystemExit("The key table's dialog isn't there.")
    shown.reason.setText("A finding that its patient has to hear of")
    return shown


def _is_open(row: StudyRow) -> bool:
    return row.state in (StudyState.DRAFTED, StudyState.IN_REVIEW)


def _refusal(sitting: Sitting) -> QWidget:
    """A reader asks for the signature of a text that lost a letter; the gate refuses its document."""
    db = sitting.workplace.db
    chosen = [
        row
        for row in reading.worklist(db)
        if _is_open(row) and row.identity.accession_number != sitting.accession
    ]
    study = chosen[-1].id
    if not any(row.state is ReportState.REFUSED for row in reading.open_study(db, study).versions):
        key = reading.log_in(db, READER, PASSWORD)
        sign_unread(db, key, reading.open_study(db, study), LOST)
    sitting.choose(lambda row: row.id == study)
    report = sitting.window.report
    sitting.wait("The refusal", report.refused.isVisible)
    return sitting.window


def _gate(sitting: Sitting) -> QWidget:
    _refusal(sitting)
    sitting.window.wishes.show_refusals()
    sitting.wait("What the gate found", lambda: sitting.window.findChild(RefusedDialog) is not None)
    shown = sitting.window.findChild(RefusedDialog)
    if not isinstance(shown, RefusedDialog):
        raise SystemExit("The dialog is gone.")
    return shown


def dialog(open_it: Callable[[MainWindow], None], *, is_signed: bool = False) -> Callable[[Sitting], QWidget]:
    """Return how a dialog over the open study, or over a signed one, is shown."""

    def show(sitting: Sitting) -> QWidget:
        if is_signed:
            sitting.choose(lambda row: row.state is StudyState.CONFIRMED)
        else:
            sitting.open_study()
        open_it(sitting.window)
        found: list[QDialog] = []

        def is_there() -> bool:
            found[:] = [made for made in sitting.window.findChildren(QDialog) if made.isVisible()]
            return bool(found)

        sitting.wait("The dialog", is_there)
        return found[-1]

    return show


# The log-in comes first: it is the only one that nobody may be logged in for.
SCENES: tuple[Scene, ...] = (
    Scene("log-in", "Log-in", _log_in),
    Scene("reading", "Reading: worklist, film, draft and checks", _reading),
    Scene("evidence", "What a sentence rests on", _evidence),
    Scene("model_view", "What the model saw of the film", _model_view),
    Scene("asking", "Questions about the film", _asking),
    Scene("drawing", "A synthetic film for teaching", _drawing),
    Scene("reject", "A draft is rejected with a reason", dialog(lambda window: window.wishes.reject())),
    Scene("worklist", "The worklist", _worklist),
    Scene("columns", "Columns of the worklist", dialog(lambda window: window.worklist.choose_columns())),
    Scene("filter", "A filter of the worklist", dialog(lambda window: window.worklist.save_filter())),
    Scene("sign", "The confirmation before a signature", dialog(lambda window: window.wishes.sign())),
    Scene("addendum", "An addendum to a signed report", _addendum),
    Scene(
        "retract",
        "A signed report is withdrawn",
        dialog(lambda window: window.wishes.retract(), is_signed=True),
    ),
    Scene("keys", "All keys, and changing them", dialog(lambda window: window.habits.show_keys())),
    Scene("preferences", "Preferences", dialog(lambda window: window.habits.show_preferences())),
    Scene("model", "The model page", page("model")),
    Scene("quality", "The quality page", page("quality")),
    *(
        Scene(f"administration-{name}", f"Administration: {title}", page("administration", name))
        for name, title in (
            ("node", "the node's state"),
            ("peers", "peers"),
            ("rules", "rules"),
            ("outputs", "which document goes where"),
            ("retention", "retention and its dry run"),
            ("document", "the site document"),
            ("queues", "queues"),
            ("log", "the live log"),
            ("disk", "disk"),
            ("throughput", "throughput"),
            ("pseudonyms", "de-identification"),
            ("users", "users"),
            ("self_test", "the self-test"),
        )
    ),
    Scene("rule", "A routing rule", _rule),
    Scene("administration-destinations", "Administration: HL7 and FHIR", _destinations),
    Scene("displays", "What a peer's displays show", _displays),
    Scene("key-table", "The key table is written into a file", _key_table),
    Scene("refused", "A report that the gate refused", _refusal),
    Scene("gate", "What the gate found", _gate),
    # Last: the window keeps the language.
    Scene("german", "Reading, in German", _german),
)


def main() -> None:
    """Play the demonstration, take all pictures, write the page that shows them."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--out", type=Path, default=Path(__file__).with_name("gallery"))
    options.add_argument("--bundle", type=Path, help="model bundle; else the one that ships")
    options.add_argument("--only", default="", help="names of scenes, comma between them; else all")
    options.add_argument("--looks", default=",".join(LOOKS))
    chosen = options.parse_args()
    if chosen.bundle:
        os.environ["LLMCXR_BUNDLE"] = str(chosen.bundle.resolve())
    names = chosen.only.split(",") if chosen.only else [scene.name for scene in SCENES]
    scenes = [scene for scene in SCENES if scene.name in names]
    chosen.out.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="llmcxr-gallery-"))
    (folder / "monitors.json").write_text(json.dumps(MONITORS), encoding="utf-8")
    os.environ["QT_QPA_PLATFORM"] = f"offscreen:configfile={folder / 'monitors.json'}"
    home = folder / "home"
    try:
        stage = set_up(home, "simulator")
        try:
            accession = prepare(stage)
            hire(stage)
            photograph(stage.workplace.home, accession, scenes, chosen.looks.split(","), chosen.out)
        finally:
            stage.company.stop()
            stage.workplace.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not chosen.only and chosen.looks == ",".join(LOOKS):
        (chosen.out / "README.md").write_text(index(), encoding="utf-8")
    # Qt takes windows down in an order of its own when Python ends; there is nothing left to be saved.
    sys.stdout.flush()
    os._exit(0)


def hire(stage: Stage) -> None:
    """Add an administrator, for the pages that readers don't open."""
    accounts.create_user(
        stage.workplace.db,
        stage.workplace.service_key(),
        name=ADMINISTRATOR,
        password=PASSWORD,
        role="admin",
        display_name="Administrator^Demo",
        organization="Demonstration Hospital",
        by="demo",
    )


def photograph(home: Path, accession: str, scenes: list[Scene], looks: list[str], out: Path) -> None:
    """Take every scene in every look."""
    sitting = Sitting(make_application(), home, accession)
    for scene in scenes:
        for look in looks:
            sitting.wear(look)
            shown = scene.show(sitting)
            sitting.rest()
            save(shown, out / f"{scene.name}-{look}.png")
            if isinstance(shown, QDialog):
                shown.reject()
                sitting.rest(0.1)
            print(out / f"{scene.name}-{look}.png", flush=True)
    sitting.close()


def save(widget: QWidget, file: Path) -> None:
    """Write a picture of a widget with few colours."""
    widget.grab().save(str(file))
    with Image.open(file) as whole:
        small = whole.convert("RGB").quantize(COLOURS, kmeans=2, dither=Image.Dither.NONE)
    small.save(file, optimize=True)


def index() -> str:
    """Return the page that shows all pictures."""
    parts = [
        "# The window in pictures\n",
        "<!-- Made by docs/make_gallery.py; change its scenes instead. -->\n",
        "Real films that ship, drafts and answers of the model that ships. Left dark, right light; then at 150 %.\n",
    ]
    for scene in SCENES:
        parts.append(f"## {scene.title}\n")
        for size in ("100", "150"):
            pictures = [
                f"![{scene.title}, {theme}, {size} %]({scene.name}-{theme}-{size}.png)"
                for theme in ("dark", "light")
            ]
            parts.append("| dark | light |\n|---|---|\n| " + " | ".join(pictures) + " |\n")
    return "\n".join(parts)


if __name__ == "__main__":
    main()
