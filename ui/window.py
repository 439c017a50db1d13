"""The main window: puts the parts together and carries what the reader wants from one to the other.

Decides nothing about reports: edits and requests go through `ui.desk`, outcomes are read from the store.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QAction, QCloseEvent, QKeySequence
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
from ui.case import Case
from ui.chat.panel import ChatPanel
from ui.desk import Badge, Desk
from ui.evidence.drawing import DrawingDialog
from ui.evidence.panel import EvidencePanel
from ui.film_panel import FilmPanel
from ui.header import Header
from ui.keys_page import KeysPage
from ui.report.panel import ReportPanel
from ui.report.unsaved import UnsavedDialog
from ui.services import ServiceLights
from ui.shortcuts import SHORTCUTS, Scope
from ui.sign.dialogs import RejectDialog, SignDialog, ToSign
from ui.sign.entry import EntryPage
from ui.sign.take_over import TakeOverDialog
from ui.tasks import Tasks
from ui.theme import DARK
from ui.viewer import Film
from ui.worklist.panel import WorklistPanel

TITLE = "LLM-CXR Workstation"
POLL_MS = 500
SERVICES_MS = 3000
CLOSE_MS = 3000
_MESSAGE_MS = 12_000


class MainWindow(QMainWindow):
    """The reading window of one person."""

    def __init__(self, tasks: Tasks, desk: Desk, user: str = "") -> None:
        super().__init__()
        self._tasks, self._desk = tasks, desk
        self.badge: Badge | None = None
        self.setWindowTitle(TITLE)
        self.case = Case(tasks, desk, self)
        self.worklist = WorklistPanel(DARK)
        self.film = FilmPanel()
        self.report = ReportPanel(tasks, desk)
        self.evidence = EvidencePanel(tasks, desk)
        self.chat = ChatPanel(tasks, desk)
        self.header = Header(self.lock, self.show_keys)
        self.lights = ServiceLights()
        self.entry = EntryPage(tasks, desk, user)
        self._pages = QStackedWidget()
        self._lay_out()
        self._connect()
        self._add_actions()
        self._is_polling = False
        self._poll = QTimer(self, interval=POLL_MS)
        self._poll.timeout.connect(self._look)
        self._services = QTimer(self, interval=SERVICES_MS)
        self._services.timeout.connect(self._look_at_services)
        self._idle = QTimer(self, singleShot=True, interval=max(int(desk.idle_lock_min * 60_000), 1))
        self._idle.timeout.connect(self.lock)
        self._is_closing = False
        self._last_resort = QTimer(self, singleShot=True)
        self._last_resort.timeout.connect(self.close)
        QApplication.instance().installEventFilter(self)  # type: ignore[union-attr]

    def _lay_out(self) -> None:
        self._right = right = QSplitter(Qt.Orientation.Vertical)
        right.addWidget(self.report)
        right.addWidget(self.evidence)
        right.addWidget(self.chat)
        right.setStretchFactor(0, 3)
        right.setStretchFactor(1, 0)
        right.setStretchFactor(2, 2)
        self._columns = columns = QSplitter(Qt.Orientation.Horizontal)
        for part in (self.worklist, self.film, right):
            columns.addWidget(part)
        columns.setStretchFactor(1, 1)
        columns.setSizes([472, 738, 390])
        for splitter in (right, columns):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(4)
        work = QWidget()
        layout = QVBoxLayout(work)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(columns, 1)
        self._work = work
        self._pages.addWidget(self.entry)
        self._pages.addWidget(work)
        self.setCentralWidget(self._pages)
        self.statusBar().addWidget(self.lights)
        self.statusBar().setSizeGripEnabled(False)

    def _connect(self) -> None:
        self.entry.entered.connect(self._on_entered)
        self.entry.other_wanted.connect(self._on_other_person)
        self.worklist.chosen.connect(self._on_chosen)
        self.film.step_requested.connect(self.case.show_film)
        self.case.opened.connect(self._on_opened)
        self.case.refreshed.connect(self._on_refreshed)
        self.case.film_ready.connect(self._on_film)
        self.case.film_missing.connect(self.film.show_nothing)
        self.report.sign_wanted.connect(self.sign)
        self.report.reject_wanted.connect(self.reject)
        self.report.take_over_wanted.connect(self.take_over)
        self.report.new_version.connect(self.case.refresh)
        self.chat.draw_wanted.connect(self.draw)
        for source in (self.case.failed, self.chat.failed, self.evidence.failed, self._tasks.failed):
            source.connect(self.say_error)

    def _add_actions(self) -> None:
        targets = {
            "study.next": partial(self.worklist.step, 1),
            "study.previous": partial(self.worklist.step, -1),
            "focus.search": self.worklist.search.setFocus,
            "focus.worklist": self.worklist.table.setFocus,
            "focus.film": self.film.view.setFocus,
            "focus.report": self.report.editor.setFocus,
            "focus.question": self.chat.box.setFocus,
            "focus.evidence": self.evidence.list.setFocus,
            "evidence.next": partial(self.evidence.pick, 1),
            "evidence.previous": partial(self.evidence.pick, -1),
            "evidence.clear": self.evidence.clear,
            "chat.insert": self.chat.insert_last,
            "drawing.open": self.draw,
            "report.original": self.report.toggle_original,
            "report.reject": self.reject,
            "report.sign": self.sign,
            "window.lock": self.lock,
            "window.shortcuts": self.show_keys,
            "window.quit": self.close,
        }
        for entry in SHORTCUTS:
            if entry.scope is Scope.WINDOW:
                action = QAction(entry.text, self)
                action.setShortcuts([QKeySequence(keys) for keys in entry.keys])
                action.triggered.connect(partial(self._run, entry.action, targets[entry.action]))
                self.addAction(action)

    def _run(self, name: str, target: object) -> None:
        """Run an action; a covered window answers only to closing and to the list of keys."""
        if callable(target) and (self.is_open or name in ("window.quit", "window.shortcuts")):
            target()

    # Who sits here

    @property
    def is_open(self) -> bool:
        """Whether somebody is logged in and the window isn't locked."""
        return self._pages.currentWidget() is self._work

    def lock(self) -> None:
        """Cover the window and forget the key; work is saved and kept."""
        if not self.is_open or self.badge is None:
            return
        self.report.autosave.flush()
        self._close_dialogs()
        self.badge = self.badge.locked()
        self._tell_badge()
        self.setWindowTitle(TITLE)
        self.entry.ask_again(self.badge)
        self._pages.setCurrentWidget(self.entry)
        self._idle.stop()

    def _on_entered(self, badge: Badge) -> None:
        self.badge = badge
        self._tell_badge()
        self._pages.setCurrentWidget(self._work)
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
        self.case.close()
        self.case.forget_films()
        self._show_nothing()
        self.badge = None
        self._tell_badge()
        self.worklist.table.clearSelection()
        self.entry.user.clear()
        self.entry.ask_name()

    def _tell_badge(self) -> None:
        for part in (self.case, self.report, self.chat):
            part.set_badge(self.badge)
        self.header.show_badge(self.badge)

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
        self.chat.stop_looking()
        self.evidence.stop_looking()

    def _on_changes(self, rows: tuple[StudyRow, ...]) -> None:
        self._is_polling = False
        if not rows:
            return
        self.worklist.merge(rows)
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
            self.report.autosave.flush(go, lambda error: self._ask_to_leave(error, go))

    def _ask_to_leave(self, error: UserFacingError, go: Callable[[], None]) -> None:
        """The words on the screen can't be saved: leave them, or stay and copy them."""

        def leave() -> None:
            self.report.autosave.watch(None, None)
            go()

        def stay() -> None:
            if self.case.study_id is not None:
                self.worklist.choose(self.case.study_id)

        self._open(UnsavedDialog(self, error.sentence, leave, stay))

    def _on_opened(self, detail: StudyDetail) -> None:
        self.film.show_nothing("Loading the film…")
        self._on_refreshed(detail)
        self.case.prefetch(self.worklist.neighbour())

    def _on_refreshed(self, detail: StudyDetail) -> None:
        self.header.show_study(detail)
        self.report.show_study(detail)
        self.evidence.show_study(detail)
        self.chat.show_study(detail)
        self.film.show_count(self.case.film_count)
        if self.is_open:
            self._show_title(detail)

    def _on_film(self, film: Film) -> None:
        self.film.show_film(film)
        rows, columns = film.levels[0].shape
        self.evidence.show_film((columns, rows), is_drafted=self.case.is_drafted_film)

    def _show_nothing(self) -> None:
        self.header.show_study(None)
        self.report.show_nothing()
        self.evidence.show_nothing()
        self.evidence.show_film(None, is_drafted=False)
        self.chat.show_nothing()
        self.film.show_nothing("No study chosen")
        self.film.show_count(0)
        self._show_title(None)

    def _show_title(self, detail: StudyDetail | None) -> None:
        accession = detail.study.identity.accession_number if detail else ""
        self.setWindowTitle(f"{accession} – {TITLE}" if accession else TITLE)

    def say_error(self, error: UserFacingError) -> None:
        """Show a refused wish in the status bar."""
        self.statusBar().showMessage(error.sentence, _MESSAGE_MS)

    # What the reader asks for

    def sign(self) -> None:
        """Ask for the one confirmation and write the sign request."""
        if not self.report.sign.isEnabled():
            self.statusBar().showMessage(self.report.sign.toolTip(), _MESSAGE_MS)
            return
        self.report.autosave.flush(self._open_sign_dialog, self.say_error)

    def _open_sign_dialog(self) -> None:
        detail, badge = self.report.detail, self.badge
        if detail is None or badge is None or not self.is_open:
            return
        to_sign = ToSign(detail, self.report.text(), self.case.films_unseen)
        dialog = SignDialog(self, self._tasks, self._desk, badge, to_sign)
        dialog.accepted.connect(self.case.refresh)
        self._open(dialog)

    def reject(self) -> None:
        """Ask for the reason and write the request to reject the draft."""
        detail, badge = self.report.detail, self.badge
        if detail is None or detail.report is None or badge is None or not self.report.reject.isEnabled():
            return
        report = detail.report

        def send(reason: str) -> None:
            self._tasks.in_store(
                self,
                lambda: self._desk.reject(badge, report, reason),
                lambda _: self.case.refresh(),
                self.say_error,
            )

        self._open(RejectDialog(self, send))

    def draw(self) -> None:
        """Show the synthetic films of this study and draw another from the report's text."""
        detail, badge = self.case.detail, self.badge
        if detail is None or badge is None or not self.is_open:
            return
        report_id = detail.report.id if detail.report is not None else None
        dialog = DrawingDialog(
            self,
            self._tasks,
            self._desk,
            study_id=detail.study.id,
            report_id=report_id,
            user=badge.user,
            text=self.report.text(),
        )
        self._open(dialog)

    def take_over(self) -> None:
        """Take the study from whoever holds it, after asking."""
        detail = self.case.detail
        if detail is not None:
            self._open(TakeOverDialog(self, detail.study, self.case.take_over))

    def show_keys(self) -> None:
        """Show all keys."""
        self._open(KeysPage(self))

    def _open(self, dialog: QDialog) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setModal(True)
        dialog.open()

    def _close_dialogs(self) -> None:
        for dialog in self.findChildren(QDialog):
            dialog.reject()

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
            # A store that doesn't answer must not keep the window open for ever.
            self._last_resort.start(CLOSE_MS)
            self.report.autosave.flush(self._give_back_and_close, self._ask_to_close)
            return
        super().closeEvent(event)

    def _ask_to_close(self, error: UserFacingError) -> None:
        def leave() -> None:
            self.report.autosave.watch(None, None)
            self.close()

        self._last_resort.stop()
        self._is_closing = False
        self._poll.start()
        self._services.start()
        self._idle.start()
        self._open(UnsavedDialog(self, error.sentence, leave, lambda: None))

    def _give_back_and_close(self) -> None:
        self.case.close()

        def nothing() -> None:
            """Come after everything that was written before."""

        def close(_: None) -> None:
            self.close()

        self._tasks.in_store(self, nothing, close)
