"""How long a key takes to its glyph in a report of 3,000 characters, with all marks, against Qt's bare editor.

Both in the same run. A key is everything from the key event to the painted text. Marks are made in the pauses of
typing; `pause_work_ms` is how long a key that falls into one waits at most.

    QT_QPA_PLATFORM=offscreen python -m benchmarks.typing [--json FILE] [--keys N]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QVBoxLayout, QWidget

from llmcxr_ws import macros
from ui.app import make_application
from ui.report.changes import sources
from ui.report.editor import ReportEditor
from ui.report.spell_check import SpellCheck
from ui.report.tracking import TrackingStrip
from ui.tasks import Tasks
from ui.theme import DARK

CHARACTERS = 3000
SIZE = (420, 520)
_SENTENCES = (
    "The cardiac silhouette is of normal size and shape in segment {}.",
    "There is a small pleural effusion on the left, level {}, with minor atelectasis.",
    "No pneumothorax is seen at site {} on either side.",
    "The mediastinal contours of view {} are unremarkable for age.",
)


def texts() -> tuple[str, str]:
    """An AI text of half the length, and a report of 3,000 characters that keeps, edits and adds."""
    ai = [_SENTENCES[n % 4].format(n) for n in range(24)]
    mine = [
        line if n % 3 else line.replace("small", "large").replace("normal", "increased")
        for n, line in enumerate(ai)
    ]
    del mine[5::7]
    n = 0
    while len(" ".join(mine)) < CHARACTERS:
        mine.append(f"Own words about finding number {n} that no draft has said before.")
        n += 1
    return " ".join(ai), " ".join(mine)[:CHARACTERS]


def key_times(editor: QPlainTextEdit, keys: int, *, pauses: bool) -> list[float]:
    """Milliseconds from each key event to the painted text."""
    times = []
    for number in range(keys + 5):
        letter = "effusion "[number % 9]
        began = time.perf_counter()
        QApplication.sendEvent(
            editor, QKeyEvent(QEvent.Type.KeyPress, 0, Qt.KeyboardModifier.NoModifier, letter)
        )
        editor.viewport().repaint()
        times.append((time.perf_counter() - began) * 1000)
        end = time.perf_counter() + (0.9 if pauses and number % 40 == 39 else 0.01)
        while time.perf_counter() < end:
            QApplication.processEvents()
    return times[5:]


def pause_work(editor: ReportEditor) -> list[float]:
    """Milliseconds of bringing all marks up to date after a key, twenty times."""
    times = []
    for _ in range(20):
        editor.insertPlainText("x")
        began = time.perf_counter()
        editor.mark()
        QApplication.processEvents()
        times.append((time.perf_counter() - began) * 1000)
    return times


def summary(times: list[float]) -> dict[str, float]:
    """Median, 95th percentile and longest."""
    ordered = sorted(times)
    return {
        "median": round(statistics.median(ordered), 2),
        "p95": round(ordered[int(0.95 * (len(ordered) - 1))], 2),
        "longest": round(ordered[-1], 2),
    }


def measure(keys: int = 200) -> dict[str, Any]:
    """Measure both editors."""
    make_application()
    ai, mine = texts()
    tasks = Tasks()
    page = QWidget()
    editor = ReportEditor(DARK)
    layout = QVBoxLayout(page)
    layout.addWidget(editor)
    layout.addWidget(TrackingStrip(editor, DARK))
    spelling = SpellCheck(tasks, editor, lambda _: None)
    editor.know(sources(macros.sentence_patterns((macros.Macro("nl", "The lungs are clear [side]."),))))
    plain = QPlainTextEdit()
    for shown in (page, plain):
        shown.resize(*SIZE)
        shown.show()
    editor.load(mine, ai)
    plain.setPlainText(mine)
    for _ in range(50):
        QApplication.processEvents()
        time.sleep(0.02)
    ours = key_times(editor, keys, pauses=True)
    bare = key_times(plain, keys, pauses=False)
    work = pause_work(editor)
    tasks.close()
    return {
        "characters": len(mine),
        "spelling": spelling.hint or "on",
        "marks": len(editor.extraSelections()),
        "struck_through": len(editor.ghosts),
        "key_to_glyph_ms": summary(ours),
        "bare_editor_ms": summary(bare),
        "pause_work_ms": summary(work),
        "ratios": {"ours_vs_bare_editor": round(statistics.median(ours) / statistics.median(bare), 2)},
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--keys", type=int, default=200)
    options = parser.parse_args()
    found = json.dumps(measure(options.keys), indent=2)
    print(found)
    if options.json:
        options.json.write_text(found + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
