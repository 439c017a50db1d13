"""The question box: a question, the answer as it is written, and what was asked before.

The model's template has no turns: earlier questions are shown but never fed back. Every answer is marked as
the AI's.
"""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QTextBrowser, QVBoxLayout, QWidget

from llmcxr_ws.domain import QuestionRow
from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.reading import SUGGESTED_QUESTIONS, StudyDetail
from ui.desk import Badge, Desk
from ui.tasks import Tasks
from ui.text import clock
from ui.theme import Theme, current, follow
from ui.widgets import button, label

POLL_MS = 150
_OPEN = ("asked", "answering")


class ChatPanel(QWidget):
    """Asks about the current study's film.

    Signals
    -------
    failed(UserFacingError) : a question was refused
    """

    failed = Signal(object)

    def __init__(self, tasks: Tasks, desk: Desk) -> None:
        super().__init__()
        self._tasks, self._desk = tasks, desk
        self._badge: Badge | None = None
        self._study_id: int | None = None
        self._questions: dict[int, QuestionRow] = {}
        self._is_asking = False
        self._poll = QTimer(self, interval=POLL_MS)
        self._poll.timeout.connect(self._look)
        self.transcript = QTextBrowser()
        self.transcript.setAccessibleName("Questions and answers")
        self.transcript.document().setDocumentMargin(8)
        self.box = QLineEdit()
        self.box.setAccessibleName("Question about the film")
        self.box.setPlaceholderText("Ask about this film")
        self.box.setMaxLength(500)
        self.box.returnPressed.connect(self.ask)
        self.ask_button = button("Ask", self.ask, name="Ask the question")
        self.suggestions = QComboBox()
        self.suggestions.setAccessibleName("Suggested questions")
        self.suggestions.addItem("Suggested questions")
        self.suggestions.addItems(SUGGESTED_QUESTIONS)
        self.suggestions.activated.connect(self._on_suggestion)
        heading = QHBoxLayout()
        heading.addWidget(label("Ask the model", "heading"))
        heading.addStretch(1)
        heading.addWidget(self.suggestions)
        line = QHBoxLayout()
        line.addWidget(self.box, 1)
        line.addWidget(self.ask_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 10)
        layout.setSpacing(8)
        layout.addLayout(heading)
        layout.addWidget(self.transcript, 1)
        layout.addLayout(line)
        self._set_enabled()
        follow(self._draw)

    @property
    def is_answered(self) -> bool:
        """Whether there are questions and none of them is open."""
        rows = self._questions.values()
        return bool(rows) and not self._is_asking and all(row.state not in _OPEN for row in rows)

    def set_badge(self, badge: Badge | None) -> None:
        """Tell who sits here."""
        self._badge = badge
        self._set_enabled()

    def show_nothing(self) -> None:
        """Empty the panel."""
        self._study_id, self._questions = None, {}
        self._poll.stop()
        self.box.clear()
        self._draw()
        self._set_enabled()

    def stop_looking(self) -> None:
        """Fetch nothing any more."""
        self._poll.stop()

    def show_study(self, detail: StudyDetail) -> None:
        """Show a study's questions, or what became of them."""
        if detail.study.id != self._study_id:
            self.box.clear()
        self._study_id = detail.study.id if detail.study.film_sop_instance_uid else None
        self._questions = {row.id: row for row in detail.questions}
        self._draw()
        self._set_enabled()
        self._watch()

    def ask(self) -> None:
        """Put the question in the box."""
        text, study_id = self.box.text().strip(), self._study_id
        if not text or study_id is None or self._badge is None or self._is_asking:
            return
        user = self._badge.user
        self._is_asking = True
        self._set_enabled()

        def done(row: QuestionRow) -> None:
            self._is_asking = False
            if row.study_id == self._study_id:
                self.box.clear()
                self._questions[row.id] = row
                self._draw()
                self._watch()
            self._set_enabled()

        def failed(error: UserFacingError) -> None:
            self._is_asking = False
            self._set_enabled()
            self.failed.emit(error)

        self._tasks.in_store(self, lambda: self._desk.ask(study_id, user, text), done, failed)

    def _on_suggestion(self, at: int) -> None:
        if at > 0:
            self.box.setText(self.suggestions.itemText(at))
            self.suggestions.setCurrentIndex(0)
            self.box.setFocus()

    def _set_enabled(self) -> None:
        can_ask = self._study_id is not None and self._badge is not None and not self._is_asking
        for control in (self.box, self.ask_button, self.suggestions):
            control.setEnabled(can_ask)

    def _watch(self) -> None:
        if any(row.state in _OPEN for row in self._questions.values()):
            self._poll.start()
        else:
            self._poll.stop()

    def _look(self) -> None:
        """Fetch what there is of the open answers; one look at a time."""
        open_ids = [row.id for row in self._questions.values() if row.state in _OPEN]
        if not open_ids:
            self._poll.stop()
            return
        self._poll.stop()

        def fetch() -> tuple[QuestionRow, ...]:
            return tuple(self._desk.question(question_id) for question_id in open_ids)

        self._tasks.in_store(self, fetch, self._on_rows)

    def _on_rows(self, rows: tuple[QuestionRow, ...]) -> None:
        for row in rows:
            if row.study_id == self._study_id:
                self._questions[row.id] = row
        self._draw()
        self._watch()

    def _draw(self) -> None:
        bar = self.transcript.verticalScrollBar()
        was_at_end = bar.value() >= bar.maximum() - 4
        self.transcript.setHtml(as_html(tuple(self._questions.values()), current()))
        if was_at_end:
            bar.setValue(bar.maximum())


def as_html(rows: tuple[QuestionRow, ...], theme: Theme) -> str:
    """Return questions and answers as rich text; whatever was typed or generated is escaped."""
    if not rows:
        return (
            f'<p style="color:{theme.muted}">No questions yet. Each question stands alone: the model sees the film '
            "and your words, not what was asked before.</p>"
        )
    return "".join(_entry(row, theme) for row in rows)


def _entry(row: QuestionRow, theme: Theme) -> str:
    who = f'<span style="color:{theme.muted}">{escape(row.user)}, {clock(row.asked_at)}</span>'
    words = f'<span style="font-weight:600">{escape(row.text)}</span>'
    question = f'<p style="margin:6px 0 2px 0">{words} &nbsp;{who}</p>'
    return question + f'<p style="margin:0 0 8px 0">{_answer(row, theme)}</p>'


def _answer(row: QuestionRow, theme: Theme) -> str:
    match row.state:
        case "failed":
            return f'<span style="color:{theme.bad}">No answer: {escape(row.error_text)}</span>'
        case "answered":
            model = escape(f"{row.model_name} {row.model_version}".strip())
            mark = f'<span style="color:{theme.muted}"> · {model}</span>'
            return f'<span style="color:{theme.ai}">AI: {escape(row.answer)}</span>{mark}'
        case "answering":
            return f'<span style="color:{theme.ai}">AI: {escape(row.answer)} …</span>'
        case _:
            return f'<span style="color:{theme.muted}">Waiting for the engine…</span>'
