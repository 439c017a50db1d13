"""The main window: puts the parts together and carries what the reader wants from one to the other.

Decides nothing about reports: edits and requests go through `ui.desk`, outcomes are read from the store. What the
person at it has set (`ui.person`) is applied by `ui.habits`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QMainWindow,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from llmcxr_ws.domain import StudyRow
from llmcxr_ws.errors import DatabaseFailure, StoreError, UserFacingError
from llmcxr_ws.reading import StudyDetail
from ui.actions import add_actions
from ui.busy import BusyLight
from ui.case import Case
from ui.chat.panel import ChatPanel
from ui.comparison import Comparison
from ui.desk import Badge, Desk
from ui.evidence.panel import EvidencePanel
from ui.film_panel import FilmPanel
from ui.habits import Habits
from ui.header import Header
from ui.language import tr
from ui.language_choice import LanguageChoice
from ui.pages import READING, PageStack
from ui.person import Person
from ui.places import Watch
from ui.report.panel import ReportPanel
from ui.report.unsaved import UnsavedDialog
from ui.scrolling import Scrolled
from ui.services import ServiceLights
from ui.side import SidePane
from ui.sign.entry import EntryPage
from ui.tasks import Tasks
from ui.viewer import Film
from ui.viewer.heat import Region
from ui.watching import Watching
from ui.wishes import Wishes
from ui.worklist.panel import WorklistPanel

TITLE = "LLM-CXR Workstation"
CLOSE_MS = 3000
_MESSAGE_MS = 12_000


class MainWindow(QMainWindow):
    """The reading window of one person.

    Signals
    -------
    language_changed : the person here speaks another language than this window was made in
    moved : the window stands elsewhere or has another size
    """

    language_changed = Signal()
    moved = Signal()

    def __init__(self, tasks: Tasks, desk: Desk, user: str = "", person: Person | None = None) -> None:
        super().__init__()
        self._tasks, self._desk = tasks, desk
        self.person = person if person is not None else Person(tasks, desk, self)
        self.badge: Badge | None = None
        self.setWindowTitle(TITLE)
        self.case = Case(tasks, desk, self)
        self.worklist = WorklistPanel()
        self.film = FilmPanel()
        self.report = ReportPanel(tasks, desk)
        self.evidence = EvidencePanel(tasks, desk)
        self.chat = ChatPanel(tasks, desk)
        self.header = Header(self.lock)
        self.lights = ServiceLights()
        self.entry = EntryPage(tasks, desk, user)
        self._covers = QStackedWidget()
        self.wishes = Wishes(self, tasks, desk)
        self._lay_out()
        self.watching = Watching(tasks, desk, lambda: self.badge, self.worklist, self.lights, self)
        self._connect()
        Watch(self).moved.connect(self.moved)
        self.habits = Habits(self)
        self.actions_by_name = add_actions(self)
        self.habits.apply_all()
        self._idle = QTimer(self, singleShot=True, interval=max(int(desk.idle_lock_min * 60_000), 1))
        self._idle.timeout.connect(self.lock)
        self._is_closing = False
        self._begin_with: int | None = None
        self._chosen: int | None = None
        self._last_resort = QTimer(self, singleShot=True)
        self._last_resort.timeout.connect(self._on_no_answer)
        QApplication.instance().installEventFilter(self)  # type: ignore[union-attr]

    def _lay_out(self) -> None:
        self._right = right = QSplitter(Qt.Orientation.Vertical)
        report = QWidget()
        inside = QVBoxLayout(report)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        inside.addWidget(Scrolled(self.report, least=180), 1)
        inside.addWidget(self.report.foot)
        right.addWidget(report)
        self.side = SidePane(self.report.guards, self.evidence, self.chat)
        right.addWidget(self.side)
        for at, stretch in enumerate((3, 2)):
            right.setStretchFactor(at, stretch)
        self._columns = columns = QSplitter(Qt.Orientation.Horizontal)
        for part in (self.worklist, self.film, right):
            columns.addWidget(part)
        columns.setStretchFactor(1, 1)
        columns.setSizes([580, 630, 390])
        right.setSizes([610, 360])
        for splitter in (right, columns):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(4)
            splitter.splitterMoved.connect(self.moved)
        work = QWidget()
        layout = QVBoxLayout(work)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.pages = PageStack(self._tasks, self._desk, columns)
        layout.addWidget(self.header)
        layout.addWidget(self.pages, 1)
        self._work = work
        self._covers.addWidget(self._door())
        self._covers.addWidget(work)
        self.setCentralWidget(self._covers)
        self.statusBar().addWidget(self.lights)
        self.busy = BusyLight(self._tasks)
        self.statusBar().addPermanentWidget(self.busy)
        self.statusBar().setSizeGripEnabled(False)

    def _door(self) -> QWidget:
        """Return what covers the window: the log-in, and below it the choice of a language."""
        self.languages = LanguageChoice(self.person)
        door = QWidget()
        layout = QVBoxLayout(door)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.entry, 1)
        layout.addWidget(self.languages, 0, Qt.AlignmentFlag.AlignHCenter)
        return door

    def go_to(self, part: QWidget) -> None:
        """Bring the keyboard to a part of the reading page, in whichever window it is."""
        if self.worklist.isAncestorOf(part):
            self.worklist.show()
        part.window().activateWindow()
        part.setFocus()

    def toggle_worklist(self) -> None:
        """Hide the worklist, so that film and report have its room, or show it again."""
        self.worklist.setVisible(not self.worklist.isVisible())

    def sizes(self) -> dict[str, list[int]]:
        """Return how the parts share the window."""
        return {"columns": self._columns.sizes(), "right": self._right.sizes()}

    def set_sizes(self, sizes: Mapping[str, object]) -> None:
        """Share the window as it was; what doesn't fit the parts is left out."""
        for name, splitter in (("columns", self._columns), ("right", self._right)):
            wanted = sizes.get(name)
            if (
                isinstance(wanted, list)
                and len(wanted) == splitter.count()
                and all(isinstance(size, int) for size in wanted)
            ):
                splitter.setSizes(wanted)

    def take_film(self) -> None:
        """Put the film between worklist and report, wherever it was."""
        self._columns.insertWidget(1, self.film)
        self._columns.setStretchFactor(1, 1)

    def _connect(self) -> None:
        self.pages.shown.connect(self._on_page)
        self.entry.entered.connect(self._on_entered)
        self.entry.other_wanted.connect(self._on_other_person)
        self.worklist.chosen.connect(self._on_chosen)
        self.film.step_requested.connect(self.case.show_film)
        self.case.opened.connect(self._on_opened)
        self.case.refreshed.connect(self._on_refreshed)
        self.case.not_opened.connect(self._on_not_opened)
        self.case.film_ready.connect(self._on_film)
        self.case.film_missing.connect(self._on_no_film)
        self.case.comparisons_changed.connect(self._on_comparisons)
        self.case.comparison_ready.connect(self.film.show_comparison)
        self.case.comparison_missing.connect(self.film.show_no_comparison)
        self.case.comparison_reported.connect(self.film.show_reports)
        self.film.comparison_wanted.connect(self.case.compare)
        self.film.said.connect(self.say)
        self.report.sign_wanted.connect(self.wishes.sign)
        self.report.reject_wanted.connect(self.wishes.reject)
        self.report.refusal_wanted.connect(self.wishes.show_refusals)
        self.report.take_over_wanted.connect(self.wishes.take_over)
        self.report.actions_row.hand_on_wanted.connect(self.wishes.hand_on)
        self.report.actions_row.send_back_wanted.connect(self.wishes.send_back)
        self.report.actions_row.addendum_wanted.connect(self.wishes.begin_addendum)
        self.report.actions_row.retract_wanted.connect(self.wishes.retract)
        self.report.actions_row.again_wanted.connect(self.wishes.report_again)
        self.report.addenda.sign_wanted.connect(self.wishes.sign_addendum)
        self.report.new_version.connect(self.case.refresh)
        self.chat.draw_wanted.connect(self.wishes.draw)
        self.chat.insert_wanted.connect(self._on_answer)
        self.evidence.heat_changed.connect(self._on_heat)
        self.watching.changed.connect(self._on_changes)
        self.watching.failed.connect(self.say_error)
        sources = (self.case, self.chat, self.evidence, self.report, self._tasks)
        for source in (part.failed for part in sources):
            source.connect(self.say_error)

    def show_page(self, name: str) -> None:
        """Show a page, or say that it isn't for the person here."""
        if name != READING and name not in {page.name for page in self.pages.open_to(self.badge)}:
            self.say(tr("This page isn't open to your role."))
            return
        self.pages.show_page(name)

    def take_over(self) -> None:
        """Ask whether the open study is to be taken from its reader, where it can be."""
        if self.report.take_over.isHidden():
            self.say(tr("No study is open that another reader holds."))
        else:
            self.wishes.take_over()

    # Who sits here

    @property
    def is_open(self) -> bool:
        """Whether somebody is logged in and the window isn't locked."""
        return self._covers.currentWidget() is self._work

    def lock(self) -> None:
        """Cover the window and forget the key; work is saved and kept."""
        if not self.is_open or self.badge is None:
            return
        self.report.save_now()
        self._close_dialogs()
        self.badge = self.badge.locked()
        self.habits.cover()
        self._tell_badge()
        self.setWindowTitle(TITLE)
        self.statusBar().clearMessage()
        self.entry.ask_again(self.badge)
        self._covers.setCurrentIndex(0)
        self.pages.set_active(False)
        self._idle.stop()

    def _on_entered(self, badge: Badge) -> None:
        """Somebody proved who he is: read what he set, then let him in."""
        self.person.come(badge.user, partial(self.let_in, badge))

    def let_in(self, badge: Badge) -> None:
        """Uncover the window."""
        self.badge = badge
        self.habits.uncover()
        self._tell_badge()
        self._covers.setCurrentWidget(self._work)
        self.pages.set_active(True)
        self._show_title(self.case.detail)
        self._idle.start()
        self.watching.begin()
        self.worklist.table.setFocus()

    def _on_other_person(self) -> None:
        """Another one wants to log in: what the locked person wrote is saved first, or given up knowingly."""

        def leave() -> None:
            self.report.give_up()
            self._forget_person()

        def otherwise(error: UserFacingError) -> None:
            if isinstance(error, DatabaseFailure):
                # Kept under the writer's name, and tried again until the database takes them.
                self._forget_person()
            else:
                self.open_dialog(UnsavedDialog(self, error.sentence, leave, lambda: None))

        self.report.flush(self._forget_person, otherwise)

    def _forget_person(self) -> None:
        """Give the study back, and leave nothing of whoever sat here on the screen."""
        if self.is_open:
            return
        self.case.close()
        self.case.forget_films()
        self._show_nothing()
        self.badge = None
        self.person.go()
        self._tell_badge()
        self.worklist.forget_person()
        self.watching.forget_person()
        self.statusBar().clearMessage()
        self.entry.user.clear()
        self.entry.ask_name()

    def _tell_badge(self) -> None:
        for part in (self.case, self.report, self.chat):
            part.set_badge(self.badge)
        self.header.show_badge(self.badge)
        self.languages.setVisible(self.badge is None)
        self.pages.set_badge(self.badge)
        self.worklist.set_user(self.badge.user if self.badge else "")
        self.show_menu()

    def show_menu(self) -> None:
        """Show which pages there are for this person, and the keys in force."""
        others = self.pages.open_to(self.badge)
        pages = [(READING, tr("Reading")), *((page.name, tr(page.title)) for page in others)]
        self.header.show_menu(pages, self.pages.name, self.actions_by_name)

    def _on_page(self, name: str) -> None:
        self.report.save_now()
        self.show_menu()
        if name == READING:
            self.worklist.table.setFocus()

    def come_back(self, badge: Badge, study_id: int | None) -> None:
        """Take the place of another window of the same person, with the study that lay open there."""
        if badge.key is None:
            self.badge = badge
            self.entry.ask_again(badge)
            return
        self.let_in(badge)
        if study_id is not None:
            self.case.open(study_id)
            self._begin_with = study_id

    def retire(self) -> None:
        """Make room for another window of the same person; nothing is given back."""
        self.habits.note_places()
        self.habits.end()
        self.stop_looking()
        QApplication.instance().removeEventFilter(self)  # type: ignore[union-attr]

    # What is on the screen

    def stop_looking(self) -> None:
        """Fetch nothing any more."""
        self.watching.stop()
        self._idle.stop()
        self.busy.stop()
        self.pages.stop()
        self.chat.stop_looking()
        self.evidence.stop_looking()

    def _on_changes(self, rows: tuple[StudyRow, ...]) -> None:
        if self._begin_with is not None:
            begin_with, self._begin_with = self._begin_with, None
            self.worklist.choose(begin_with)
        detail = self.case.detail
        if detail is not None and any(row.id == detail.study.id for row in rows):
            self.case.refresh()

    def _on_chosen(self, study_id: int) -> None:
        """Open a study once the words of the last one are saved; of several chosen meanwhile, the last."""
        self._chosen = study_id
        if study_id == self.case.study_id:
            return

        def is_still_wanted() -> bool:
            return self._chosen == study_id and self.case.study_id != study_id

        def go() -> None:
            if is_still_wanted():
                self.case.open(study_id)

        def ask(error: UserFacingError) -> None:
            if is_still_wanted():
                self._ask_to_leave(error, go)

        self.report.flush(go, ask)

    def _ask_to_leave(self, error: UserFacingError, go: Callable[[], None]) -> None:
        """The words on the screen can't be saved: leave them, or stay and copy them."""

        def leave() -> None:
            self.report.give_up()
            go()

        self.open_dialog(UnsavedDialog(self, error.sentence, leave, self._choose_open_study))

    def _choose_open_study(self) -> None:
        """Have the worklist stand on the study that is on the screen."""
        if self.case.study_id is not None:
            self.worklist.choose(self.case.study_id)
        else:
            self.worklist.table.clearSelection()

    def _on_not_opened(self, study_id: int) -> None:
        current = self.worklist.current()
        if current is not None and current.id == study_id:
            self._choose_open_study()

    def _on_opened(self, detail: StudyDetail) -> None:
        self._on_no_film(tr("Loading the film…"))
        self._on_refreshed(detail)
        self.case.prefetch(self.worklist.neighbour())

    def _on_refreshed(self, detail: StudyDetail) -> None:
        self.header.show_study(detail)
        self.report.show_study(detail)
        self.evidence.show_study(detail)
        self.chat.show_study(detail)
        # Answers lean on what the model sees: they stay hidden with the draft.
        self._hide_model(self.report.is_draft_hidden)
        self.film.show_count(self.case.film_count)
        if self.is_open:
            self._show_title(detail)

    def _on_film(self, film: Film) -> None:
        self.film.show_film(film)
        self.evidence.show_film(film.stored_size, is_drafted=self.case.is_drafted_film_shown)

    def _on_no_film(self, words: str) -> None:
        self.film.show_nothing(words)
        self.evidence.show_film(None, is_drafted=False)

    def _hide_model(self, is_hidden: bool) -> None:
        self.chat.setVisible(not is_hidden)
        self.evidence.set_covered(is_hidden)

    def _on_answer(self, text: str, source: str) -> None:
        """Put an answer into the report and say where it comes from, or that nobody may write there."""
        is_in = self.report.insert_text(text)
        self.say(source if is_in else tr("The report can't be written in now: the answer wasn't put in."))

    def _on_heat(self, heat: npt.NDArray[np.float32] | None, region: Region | None) -> None:
        self.film.view.set_heat(heat, region or (0.0, 0.0, 0.0, 0.0))

    def _on_comparisons(self, found: tuple[Comparison, ...]) -> None:
        self.film.show_comparisons(found, self.case.film_title)

    def say(self, sentence: str) -> None:
        """Show a sentence in the status bar for a while."""
        self.statusBar().showMessage(sentence, _MESSAGE_MS)

    def _show_nothing(self) -> None:
        self.header.show_study(None)
        self.report.show_nothing()
        self.evidence.show_nothing()
        self.chat.show_nothing()
        self._on_no_film(tr("No study chosen"))
        self.film.show_count(0)
        self.film.show_comparisons((), "")
        self._show_title(None)

    def _show_title(self, detail: StudyDetail | None) -> None:
        accession = detail.study.identity.accession_number if detail else ""
        self.setWindowTitle(f"{accession} – {TITLE}" if accession else TITLE)

    def say_error(self, error: UserFacingError) -> None:
        """Show a refused wish in the status bar."""
        self.statusBar().showMessage(error.sentence, _MESSAGE_MS)

    def open_dialog(self, dialog: QDialog) -> None:
        """Open a dialog over the window."""
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setModal(True)
        dialog.open()

    def _close_dialogs(self) -> None:
        for dialog in self.findChildren(QDialog):
            dialog.done(QDialog.DialogCode.Rejected)  # also one that lets nobody cancel just now

    # Qt

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Count any key or pointer as a sign of life."""
        kinds = (QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress, QEvent.Type.MouseMove, QEvent.Type.Wheel)
        if event.type() in kinds and self._idle.isActive():
            self._idle.start()
        return False

    def closeEvent(self, event: QCloseEvent) -> None:
        """Save, give the study back, then close."""
        if not self._is_closing:
            event.ignore()
            self._is_closing = True
            self.stop_looking()
            self.habits.note_places()
            # A store that doesn't answer must not keep the window open for ever.
            self._last_resort.start(CLOSE_MS)
            self.report.flush(self._give_back_and_close, self._ask_to_close)
            return
        self.habits.end()
        super().closeEvent(event)

    def _on_no_answer(self) -> None:
        """The store doesn't answer: close where nothing is lost by it, else ask."""
        if self.report.is_settled:
            self.close()
        else:
            seconds = CLOSE_MS // 1000
            self._ask_to_close(
                StoreError(tr("The database hasn't answered for {seconds} seconds.", seconds=seconds))
            )

    def _ask_to_close(self, error: UserFacingError) -> None:
        if not self._is_closing:
            return  # it was asked before, and answered

        def leave() -> None:
            self.report.give_up()
            self.case.close()
            self._is_closing = True
            self.close()

        self._last_resort.stop()
        self._is_closing = False
        self.busy.go_on()
        self.watching.begin()
        if self.is_open:
            self.pages.set_active(True)
            self._idle.start()
        # What the panels look for themselves, they look for again.
        self.case.refresh()
        self.open_dialog(UnsavedDialog(self, error.sentence, leave, lambda: None))

    def _give_back_and_close(self) -> None:
        if not self._is_closing:
            return  # the reader was asked meanwhile, and stays
        self.case.close()

        def nothing() -> None:
            """Come after everything that was written before."""

        def close(_: None) -> None:
            self.close()

        self._tasks.in_store(self, nothing, close)
