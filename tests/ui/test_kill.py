"""A window killed in the middle of an edit: the edit is there again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from llmcxr_ws.store import reports, studies
from tests.ui.conftest import Seat
from tests.ui.homes import PASSWORD, House

# A window of its own process that types and then does nothing but wait for its end.
_VICTIM = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtTest import QTest
from ui.app import run

home, password = Path(sys.argv[1]), sys.argv[2]

def begin(window, tasks):
    window.entry.user.setText("anna")
    window.entry.secret.box.setText(password)
    window.entry.confirm.click()
    typed = []

    def look():
        if window.is_open and not window.worklist.current():
            window.worklist.choose_first()
        elif window.report.detail is not None and not typed:
            typed.append(True)
            window.report.editor.setFocus()
            QTest.keyClicks(window.report.editor, " Typed before the kill.")
            print("TYPED", flush=True)

    window.timer = QTimer(window, interval=50)
    window.timer.timeout.connect(look)
    window.timer.start()

run(home, "anna", when_open=begin)
"""


def test_kill_minus_nine_loses_two_seconds_of_typing_at_most(
    home: House, seat_at: Callable[[], Seat]
) -> None:
    study = home.drafted("DEMO0001.dcm", "Clear lungs.")
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(Path(__file__).parents[2])}
    victim = subprocess.Popen(
        [sys.executable, "-c", _VICTIM, str(home.home), PASSWORD],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert victim.stdout is not None
    try:
        assert victim.stdout.readline().strip() == "TYPED"
        deadline = time.monotonic() + 10

        def is_saved() -> bool:
            report = reports.current_report(home.workplace.db, study)
            return report is not None and report.edit_text is not None

        typed_at = time.monotonic()
        while not is_saved() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert time.monotonic() - typed_at < 5.0, "the autosave came too late"
    finally:
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        victim.stdout.close()
    assert victim.returncode == -signal.SIGKILL
    assert studies.study_row(home.workplace.db, study).held_by == "anna"
    seat = seat_at()
    seat.log_in()
    seat.open(study)
    assert seat.window.report.text() == "Clear lungs. Typed before the kill."
    assert not seat.window.report.editor.isReadOnly()
    assert seat.window.report.editor.ai_text == "Clear lungs."
