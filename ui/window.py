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
from PySide6.QtGui import QAction, QCloseEvent, QMoveEvent, QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QMainWindow,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from llmcxr_ws.domain import ServiceRow, StudyRow
from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.reading import StudyDetail
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
from ui.pages import PAGES, READING, PageStack
from ui.person import Person
from ui.report.panel import ReportPanel
from ui.report.unsaved import UnsavedDialog
from ui.scrolling import Scrolled
from ui.services import ServiceLights
from ui.shortcuts import SHORTCUTS, Scope
from ui.sign.entry import EntryPage
from ui.tasks import Tasks
from ui.viewer import Film
from ui.viewer.heat import Region
from ui.wishes import Wishes
from ui.worklist.panel import WorklistPanel

TITLE = "LLM-CXR Workstation"
POLL_MS = 500
SERVICES_MS = 3000
CLOSE_MS = 3000
_MESSAGE_MS = 12_000
# What works while the window is covered.
_COVERED = ("window.quit", "window.shortcuts", "window.larger", "window.smaller")


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
        self._connect()
        self.habits = Habits(self)
        self._add_actions()
        self.habits.apply_all()
        self._is_polling = False
        self._poll = QTimer(self, interval=POLL_MS)
        self._poll.timeout.connect(self._look)
        self._services = QTimer(self, interval=SERVICES_MS)
        self._services.timeout.connect(self._look_at_services)
        self._idle = QTimer(self, singleShot=True, interval=max(int(desk.idle_lock_min * 60_000), 1))
        self._idle.timeout.connect(self.lock)
        self._is_closing = False
        self._begin_with: int | None = None
        self._last_resort = QTimer(self, singleShot=True)
        self._last_resort.timeout.connect(self.close)
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
        right.addWidget(Scrolled(self.evidence, least=90, hugs=True))
        right.addWidget(Scrolled(self.chat, least=120))
        for at, stretch in enumerate((3, 0, 2)):
            right.setStretchFactor(at, stretch)
        self._columns = columns = QSplitter(Qt.Orientation.Horizontal)
        for part in (self.worklist, self.film, right):
            columns.addWidget(part)
        columns.setStretchFactor(1, 1)
        columns.setSizes([580, 630, 390])
        right.setSizes([560, 150, 260])
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
        self._covers.addWidget(self.entry)
        self._covers.addWidget(work)
        self.setCentralWidget(self._covers)
        self.statusBar().addWidget(self.lights)
        self.busy = BusyLight(self._tasks)
        self.statusBar().addPermanentWidget(self.busy)
        self.statusBar().setSizeGripEnabled(False)

    def _go_to_list(self, part: QWidget) -> None:
        self.worklist.show()
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
        self.case.film_ready.connect(self._on_film)
        self.case.film_missing.connect(self.film.show_nothing)
        self.case.comparisons_changed.connect(self._on_comparisons)
        self.case.comparison_ready.connect(self.film.show_comparison)
        self.case.comparison_missing.connect(self.film.show_no_comparison)
        self.film.comparison_wanted.connect(self.case.compare)
        self.film.said.connect(self.say)
        self.report.sign_wanted.connect(self.wishes.sign)
        self.report.reject_wanted.connect(self.wishes.reject)
        self.report.take_over_wanted.connect(self.wishes.take_over)
        self.report.actions_row.hand_on_wanted.connect(self.wishes.hand_on)
        self.report.actions_row.send_back_wanted.connect(self.wishes.send_back)
        self.report.actions_row.addendum_wanted.connect(self.wishes.begin_addendum)
        self.report.actions_row.retract_wanted.connect(self.wishes.retract)
        self.report.addenda.sign_wanted.connect(self.wishes.sign_addendum)
        self.report.new_version.connect(self.case.refresh)
        self.chat.draw_wanted.connect(self.wishes.draw)
        self.chat.insert_wanted.connect(self.report.insert_text)
        self.evidence.heat_changed.connect(self._on_heat)
        sources = (self.case, self.chat, self.evidence, self.report, self._tasks)
        for source in (part.failed for part in sources):
            source.connect(self.say_error)

    def _add_actions(self) -> None:
        targets = {
            "study.next": partial(self.worklist.step, 1),
            "study.previous": partial(self.worklist.step, -1),
            "focus.search": partial(self._go_to_list, self.worklist.search),
            "focus.worklist": partial(self._go_to_list, self.worklist.table),
            "focus.film": self.film.view.setFocus,
            "focus.report": self.report.editor.setFocus,
            "focus.question": self.chat.box.setFocus,
            "report.findings": partial(self.report.editor.go_to_section, "findings"),
            "report.impression": partial(self.report.editor.go_to_section, "impression"),
            "report.undo": self.report.editor.undo,
            "report.redo": self.report.editor.redo,
            "report.find": self.report.finder.begin,
            "report.expand": self.report.expand,
            "report.macros": self.report.edit_macros,
            "report.clean": self.report.toggle_clean,
            "report.unlock": self.report.show_draft,
            "change.next": partial(self.report.editor.step_change, 1),
            "change.previous": partial(self.report.editor.step_change, -1),
            "change.accept": self.report.editor.accept_current,
            "change.reject": self.report.editor.reject_current,
            "change.accept_all": self.report.editor.accept_all,
            "focus.evidence": self.evidence.list.setFocus,
            "evidence.next": partial(self.evidence.pick, 1),
            "evidence.previous": partial(self.evidence.pick, -1),
            "evidence.clear": self.evidence.clear,
            "chat.insert": self.chat.insert_last,
            "drawing.open": self.wishes.draw,
            "report.original": self.report.toggle_original,
            "report.reject": self.wishes.reject,
            "report.sign": self.wishes.sign,
            "worklist.filters": self.worklist.show_filters,
            "worklist.columns": self.worklist.choose_columns,
            "report.hand_on": self.wishes.hand_on,
            "report.send_back": self.wishes.send_back,
            "report.addendum": self.wishes.begin_addendum,
            "report.retract": self.wishes.retract,
            "focus.guards": self.report.guards.fold.setFocus,
            "window.lock": self.lock,
            "window.preferences": self.habits.show_preferences,
            "window.worklist": self.toggle_worklist,
            "window.larger": self.habits.larger,
            "window.smaller": self.habits.smaller,
            "window.film": self.habits.toggle_film_window,
            "window.shortcuts": self.habits.show_keys,
            "window.quit": self.close,
        }
        for name in (READING, *(page.name for page in PAGES)):
            targets[f"page.{name}"] = partial(self.pages.show_page, name)
        self.actions_by_name: dict[str, QAction] = {}
        for entry in SHORTCUTS:
            if entry.scope is Scope.WINDOW:
                action = QAction(tr(entry.text), self)
                action.triggered.connect(partial(self._run, entry.action, targets[entry.action]))
                self.addAction(action)
                self.actions_by_name[entry.action] = action

    def _run(self, name: str, target: object) -> None:
        """Run an action; a covered window answers only to what doesn't touch the work."""
        if not callable(target) or not (self.is_open or name in _COVERED):
            return
        if name.startswith("focus."):
            self.pages.show_page(READING)
        elif not name.startswith(("window.", "page.")) and self.pages.name != READING:
            self.statusBar().showMessage(tr("This key works on the reading page only."), _MESSAGE_MS)
            return
        target()

    # Who sits here

    @property
    def is_open(self) -> bool:
        """Whether somebody is logged in and the window isn't locked."""
        return self._covers.currentWidget() is self._work

    def lock(self) -> None:
        """Cover the window and forget the key; work is saved and kept."""
        if not self.is_open or self.badge is None:
            return
        self.report.autosave.flush()
        self.report.addenda.autosave.flush()
        self._close_dialogs()
        self.badge = self.badge.locked()
        self.habits.cover()
        self._tell_badge()
        self.setWindowTitle(TITLE)
        self.entry.ask_again(self.badge)
        self._covers.setCurrentWidget(self.entry)
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
        if not self._poll.isActive():
            self._poll.start()
            self._services.start()
            self._look()
            self._look_at_services()
        self.worklist.table.setFocus()

    def _on_other_person(self) -> None:
        """The locked person's study is given back before another one logs in."""
        self.report.autosave.flush()
        self.report.addenda.autosave.flush()
        self.case.close()
        self.case.forget_films()
        self._show_nothing()
        self.badge = None
        self.person.go()
        self._tell_badge()
        self.worklist.table.clearSelection()
        self.entry.user.clear()
        self.entry.ask_name()

    def _tell_badge(self) -> None:
        for part in (self.case, self.report, self.chat):
            part.set_badge(self.badge)
        self.header.show_badge(self.badge)
        self.pages.set_badge(self.badge)
        self.worklist.set_user(self.badge.user if self.badge else "")
        self.show_menu()

    def show_menu(self) -> None:
        """Show which pages there are for this person, and the keys in force."""
        others = self.pages.open_to(self.badge)
        pages = [(READING, tr("Reading")), *((page.name, tr(page.title)) for page in others)]
        self.header.show_menu(pages, self.pages.name, self.actions_by_name)

    def _on_page(self, name: str) -> None:
        self.report.autosave.flush()
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

    def _look(self) -> None:
        """Fetch what changed on the worklist; one look at a time."""
        if not self._is_polling:
            self._is_polling = True
            since = self.worklist.model.last_seq
            self._tasks.in_store(self, lambda: self._desk.changes(since), self._on_changes, self._on_no_store)

    def stop_looking(self) -> None:
        """Fetch nothing any more."""
        for timer in (self._poll, self._services, self._idle):
            timer.stop()
        self.busy.stop()
        self.pages.stop()
        self.chat.stop_looking()
        self.evidence.stop_looking()

    def _on_changes(self, rows: tuple[StudyRow, ...]) -> None:
        self._is_polling = False
        if not rows:
            return
        self.worklist.merge(rows)
        if self._begin_with is not None:
            begin_with, self._begin_with = self._begin_with, None
            self.worklist.choose(begin_with)
        detail = self.case.detail
        if detail is not None and any(row.id == detail.study.id for row in rows):
            self.case.refresh()

    def _on_no_store(self, error: UserFacingError) -> None:
        self._is_polling = False
        self.lights.show_no_database()
        self.say_error(error)

    def _look_at_services(self) -> None:
        def done(rows: tuple[ServiceRow, ...]) -> None:
            self.lights.show_services(rows)

        self._tasks.in_store(self, self._desk.services, done, lambda _: self.lights.show_no_database())

    def _on_chosen(self, study_id: int) -> None:
        if study_id != self.case.study_id:
            go = partial(self.case.open, study_id)
            self._save_all(go, lambda error: self._ask_to_leave(error, go))

    def _save_all(self, then: Callable[[], None], otherwise: Callable[[UserFacingError], None]) -> None:
        """Save addendum and report, then go on; what can't be saved is told instead."""
        self.report.addenda.autosave.flush(partial(self.report.autosave.flush, then, otherwise), otherwise)

    def _forget_unsaved(self) -> None:
        for one in (self.report.autosave, self.report.addenda.autosave):
            one.watch(None, None)

    def _ask_to_leave(self, error: UserFacingError, go: Callable[[], None]) -> None:
        """The words on the screen can't be saved: leave them, or stay and copy them."""

        def leave() -> None:
            self._forget_unsaved()
            go()

        def stay() -> None:
            if self.case.study_id is not None:
                self.worklist.choose(self.case.study_id)

        self.open_dialog(UnsavedDialog(self, error.sentence, leave, stay))

    def _on_opened(self, detail: StudyDetail) -> None:
        self.film.show_nothing(tr("Loading the film…"))
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
        rows, columns = film.levels[0].shape
        self.evidence.show_film((columns, rows), is_drafted=self.case.is_drafted_film_shown)

    def _hide_model(self, is_hidden: bool) -> None:
        self.chat.setVisible(not is_hidden)
        self.evidence.set_covered(is_hidden)

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
        self.evidence.show_film(None, is_drafted=False)
        self.chat.show_nothing()
        self.film.show_nothing(tr("No study chosen"))
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
            self._save_all(self._give_back_and_close, self._ask_to_close)
            return
        self.habits.end()
        super().closeEvent(event)

    def moveEvent(self, event: QMoveEvent) -> None:
        """Tell where the window stands."""
        super().moveEvent(event)
        self.moved.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Tell how large the window is."""
        super().resizeEvent(event)
        self.moved.emit()

    def changeEvent(self, event: QEvent) -> None:
        """Tell whether the window fills the screen."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.WindowStateChange:
            self.moved.emit()

    def _ask_to_close(self, error: UserFacingError) -> None:
        def leave() -> None:
            self._forget_unsaved()
            self.close()

        self._last_resort.stop()
        self._is_closing = False
        self.busy.go_on()
        self.pages.set_active(True)
        self._poll.start()
        self._services.start()
        self._idle.start()
        self.open_dialog(UnsavedDialog(self, error.sentence, leave, lambda: None))

    def _give_back_and_close(self) -> None:
        self.case.close()

        def nothing() -> None:
            """Come after everything that was written before."""

        def close(_: None) -> None:
            self.close()

        self._tasks.in_store(self, nothing, close)
