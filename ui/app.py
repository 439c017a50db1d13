"""Starting the window: application, theme, log, and what happens to a defect.

A defect (anything that isn't a `UserFacingError`) goes to the log with its traceback and is shown as an
internal error without any of its text: a message from deep inside may quote a patient.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import shiboken6
from PySide6.QtCore import (
    QLibraryInfo,
    QMessageLogContext,
    QObject,
    QSize,
    Qt,
    QTimer,
    QtMsgType,
    Signal,
    qInstallMessageHandler,
)
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget

from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.log import logger
from llmcxr_ws.workplace import Workplace
from ui.desk import Desk
from ui.language import read_all, speak, tr
from ui.person import Person
from ui.tasks import Tasks
from ui.theme import apply_theme
from ui.window import TITLE, MainWindow
from ui.workstation import Workstation

_LOG = logger(__name__)
_SIZE = QSize(1600, 1000)


class Defects(QObject):
    """Logs defects and shows one dialog for them, never two at a time."""

    _arrived = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._window: QWidget | None = None
        self._is_shown = False
        self._arrived.connect(self._show)

    def set_window(self, window: QWidget) -> None:
        """Tell above which window the dialog goes."""
        self._window = window

    def install(self) -> None:
        """Take over what would end up as a traceback on a terminal that nobody sees."""
        sys.excepthook = self._on_uncaught
        threading.excepthook = lambda caught: self.report(caught.exc_value)

    def report(self, error: BaseException | None) -> None:
        """Log a defect: its kind and where it happened, not its message; then show the dialog."""
        frames = traceback.extract_tb(error.__traceback__) if error is not None else []
        places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
        _LOG.error("window.defect", kind=type(error).__name__, at=" < ".join(reversed(places)))
        self._arrived.emit(type(error).__name__)

    def _on_uncaught(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
        elif isinstance(error, UserFacingError) and isinstance(self._window, MainWindow):
            self._window.say_error(error)
        else:
            self.report(error)

    def _show(self, kind: str) -> None:
        if self._is_shown:
            return
        self._is_shown = True
        box = QMessageBox(self._window)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setWindowTitle(tr("Internal error"))
        box.setText(tr("Internal error ({kind})", kind=kind))
        box.setInformativeText(
            tr(
                "Something inside the program went wrong. What you have written is saved as far as the window "
                "says so. The log has the details for your administrator; they hold no patient data."
            )
        )
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.finished.connect(self._on_closed)
        box.open()

    def _on_closed(self, _: int) -> None:
        self._is_shown = False


def make_application() -> QApplication:
    """Return the one application, with the window's own theme."""
    running = QApplication.instance()
    app = running if isinstance(running, QApplication) else _started_application()
    app.setApplicationName("llmcxr")
    app.setApplicationDisplayName(TITLE)
    apply_theme(app)
    read_all()
    return app


def _started_application() -> QApplication:
    """Start Qt; where it can't reach the screen it aborts the process, so its last words are made a sentence."""
    said: list[str] = []

    def listen(kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
        said.append(message.strip())
        if kind is QtMsgType.QtFatalMsg:
            reason = " ".join(line for line in said[:-1] if line) or message
            print(f"llmcxr: Qt doesn't start: {reason}", file=sys.stderr, flush=True)
            os._exit(1)

    qInstallMessageHandler(listen)
    try:
        return QApplication([TITLE])
    finally:
        qInstallMessageHandler(None)
        for message in said:
            _LOG.info("window.qt", message=message)


class Seating(QObject):
    """Keeps one main window on the screen: another language is another window with the same person and study."""

    def __init__(
        self, tasks: Tasks, desk: Desk, defects: Defects, user: str, remembered: Path | None = None
    ) -> None:
        """Make the first window.

        Parameters
        ----------
        remembered : Path, optional
            File with the looks of the last log-in at this machine.
        """
        super().__init__()
        self._tasks, self._desk, self._defects = tasks, desk, defects
        self._person = Person(tasks, desk, self, workstation=Workstation(tasks, remembered, self))
        app = QApplication.instance()
        if app is not None:
            speak(app, self._person.preferences.language)
        self.window = self._make(user)

    def _make(self, user: str) -> MainWindow:
        made = MainWindow(self._tasks, self._desk, user, self._person)
        self._defects.set_window(made)
        # Later: whoever asked for the language is still at work in the window that goes.
        made.language_changed.connect(self._renew, Qt.ConnectionType.QueuedConnection)
        return made

    def _renew(self) -> None:
        """Save, then put a new window in the place of the old one."""
        self.window.report.flush(self._replace, self.window.say_error)

    def _replace(self) -> None:
        old, badge = self.window, self.window.badge
        study = old.case.study_id if old.is_open else None
        old.retire()
        new = self.window = self._make(old.entry.user.text())
        new.setGeometry(old.geometry())
        new.showMaximized() if old.isMaximized() else new.show()
        if badge is not None:
            new.come_back(badge, study)
        old.hide()
        old.deleteLater()

    def end(self) -> None:
        """Take the window down while the application still stands, its parts in their right order."""
        if shiboken6.isValid(self.window):
            shiboken6.delete(self.window)


def run(
    home: Path | None,
    user: str,
    *,
    remembered: Path | None = None,
    when_open: Callable[[MainWindow, Tasks], None] | None = None,
) -> int:
    """Open the window and work until it is closed; return the exit status.

    Parameters
    ----------
    remembered : Path, optional
        File with the looks of the last log-in at this machine (`ui.workstation.standard_file`).
    when_open : callable, optional
        Called once the window is on the screen; the screenshot uses it.
    """
    app = make_application()
    defects = Defects()
    defects.install()
    workplace = Workplace.open(home)
    tasks = Tasks()
    tasks.defect.connect(defects.report)
    seating = Seating(tasks, Desk(workplace), defects, user, remembered)
    window = seating.window
    window.resize(_SIZE.boundedTo(app.primaryScreen().availableSize()))
    window.show()
    # Python runs these at the next look at the worklist, half a second later at most.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: seating.window.close())
    if when_open is not None:
        QTimer.singleShot(0, lambda: when_open(window, tasks))
    try:
        return app.exec()
    finally:
        tasks.close()
        workplace.close()
        seating.end()


def platform_facts() -> str:
    """Return Qt's version and the platform plug-in that draws, after starting them."""
    app = make_application()
    version = QLibraryInfo.version().toString()
    return f"Qt {version}, platform '{app.platformName()}', font '{app.font().family()}'"
