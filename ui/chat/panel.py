"""The question box: a question, the answer as it is written, and what was asked before.

The model's template has no turns: earlier questions are shown but never fed back. Every answer is marked as
the AI's, and can be put into the report with where it comes from.
"""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QTimer, QUrl, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QTextBrowser, QVBoxLayout, QWidget

from llmcxr_ws.domain import QuestionRow
from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.reading import StudyDetail
from ui.chat.suggested import suggested_questions
from ui.desk import Badge, Desk
from ui.language import tr
from ui.tasks import Tasks
from ui.text import clock
from ui.theme import Theme, current, follow
from ui.widgets import button, label, show_keys_of

POLL_MS = 150
# After the store failed: it is asked again, not so often.
AGAIN_MS = 2000
_OPEN = ("asked", "answering")
_INSERT = "insert"


class ChatPanel(QWidget):
    """Asks about the current study's film.

    Signals
    -------
    failed(UserFacingError) : a question was refused
    insert_wanted(str, str) : an answer is to go into the report, with where it comes from
    draw_wanted : a synthetic film is to be drawn from the report's text
    """

    failed = Signal(object)
    insert_wanted = Signal(str, str)
    draw_wanted = Signal()

    def __init__(self, tasks: Tasks, desk: Desk) -> None:
        super().__init__()
        self._tasks, self._desk = tasks, desk
        self._badge: Badge | None = None
        self._study_id: int | None = None
        self._questions: dict[int, QuestionRow] = {}
        self._is_asking = False
        self._is_ended = False
        self._poll = QTimer(self, interval=POLL_MS, singleShot=True)
        self._poll.timeout.connect(self._look)
        self.transcript = QTextBrowser()
        self.transcript.setAccessibleName(tr("Questions and answers"))
        self.transcript.document().setDocumentMargin(8)
        # A link is chosen by pointer, or by Tab and Return; it names an answer and leads nowhere.
        self.transcript.setOpenLinks(False)
        self.transcript.anchorClicked.connect(self._on_link)
        self.box = QLineEdit()
        self.box.setAccessibleName(tr("Question about the film"))
        self.box.setPlaceholderText(tr("Ask about this film"))
        self.box.setMaxLength(500)
        self.box.returnPressed.connect(self.ask)
        self.ask_button = button(tr("Ask"), self.ask, name=tr("Ask the question"))
        self.suggestions = QComboBox()
        self.suggestions.setAccessibleName(tr("Suggested questions"))
        self._suggest(None)
        self.suggestions.activated.connect(self._on_suggestion)
        heading = QHBoxLayout()
        heading.addWidget(label(tr("Ask the model"), "heading"))
        heading.addStretch(1)
        self.draw_button = button(
            tr("Draw a film…"),
            self.draw_wanted.emit,
            name=tr("Draw a synthetic film from the report's text"),
        )
        show_keys_of(self.draw_button, "drawing.open", tr("Draw a synthetic film for teaching"))
        self.insert_button = button(
            tr("Insert"), self.insert_last, name=tr("Insert the last answer into the report")
        )
        show_keys_of(self.insert_button, "chat.insert")
        heading.addWidget(self.draw_button)
        line = QHBoxLayout()
        line.addWidget(self.box, 1)
        line.addWidget(self.ask_button)
        line.addWidget(self.insert_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 10)
        layout.setSpacing(8)
        layout.addLayout(heading)
        layout.addWidget(self.suggestions)
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
        self._is_ended = True
        self._poll.stop()

    def show_study(self, detail: StudyDetail) -> None:
        """Show a study's questions, or what became of them."""
        if detail.study.id != self._study_id:
            self.box.clear()
        self._study_id = detail.study.id if detail.study.film_sop_instance_uid else None
        self._questions = {row.id: row for row in detail.questions}
        self._suggest(detail)
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
        # The box stays open for the next question: a disabled one would hand the keyboard to something else.
        self.box.clear()
        self._set_enabled()

        def done(row: QuestionRow) -> None:
            self._is_asking = False
            if row.study_id == self._study_id:
                self._questions[row.id] = row
                self._draw()
                self._watch()
            self._set_enabled()

        def failed(error: UserFacingError) -> None:
            self._is_asking = False
            if study_id == self._study_id:
                self.box.setText(f"{text} {self.box.text()}".strip())
            self._set_enabled()
            self.failed.emit(error)

        self._tasks.in_store(self, lambda: self._desk.ask(study_id, user, text), done, failed)

    def insert_last(self) -> None:
        """Hand the last answer over for the report."""
        answered = [row for row in self._questions.values() if row.state == "answered"]
        if answered and self._badge is not None and self._badge.may_edit:
            self._insert(answered[-1])

    def _on_link(self, url: QUrl) -> None:
        row = self._questions.get(int(url.path())) if url.scheme() == _INSERT else None
        if row is not None and self._badge is not None and self._badge.may_edit:
            self._insert(row)

    def _insert(self, row: QuestionRow) -> None:
        self.insert_wanted.emit(row.answer, provenance(row))

    def _suggest(self, detail: StudyDetail | None) -> None:
        """Offer the questions that the model of this draft can be asked."""
        wanted = suggested_questions(detail)
        if wanted != tuple(self.suggestions.itemData(at) for at in range(1, self.suggestions.count())):
            self.suggestions.clear()
            self.suggestions.addItem(tr("Suggested questions"))
            for question in wanted:
                self.suggestions.addItem(tr(question), question)

    def _on_suggestion(self, at: int) -> None:
        if at > 0:
            # As the model is asked: in English.
            self.box.setText(self.suggestions.itemData(at))
            self.suggestions.setCurrentIndex(0)
            self.box.setFocus()

    def _set_enabled(self) -> None:
        can_ask = self._study_id is not None and self._badge is not None
        for control in (self.box, self.suggestions):
            control.setEnabled(can_ask)
        self.ask_button.setEnabled(can_ask and not self._is_asking)
        self.draw_button.setEnabled(self._study_id is not None and self._badge is not None)
        may_write = self._badge is not None and self._badge.may_edit
        is_answered = any(row.state == "answered" for row in self._questions.values())
        self.insert_button.setEnabled(may_write and is_answered)

    def _watch(self, pause_ms: int = POLL_MS) -> None:
        if not self._is_ended and any(row.state in _OPEN for row in self._questions.values()):
            self._poll.start(pause_ms)
        else:
            self._poll.stop()

    def _look(self) -> None:
        """Fetch what there is of the open answers; one look at a time."""
        open_ids = [row.id for row in self._questions.values() if row.state in _OPEN]

        def fetch() -> tuple[QuestionRow, ...]:
            return tuple(self._desk.question(question_id) for question_id in open_ids)

        def failed(error: UserFacingError) -> None:
            self.failed.emit(error)
            self._watch(AGAIN_MS)

        if open_ids:
            self._tasks.in_store(self, fetch, self._on_rows, failed)

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
        self._set_enabled()


def provenance(row: QuestionRow) -> str:
    """Return where an answer comes from, for whoever puts it into the report."""
    return tr(
        "Answer of {model} {version} to the question “{question}”, {time}",
        model=row.model_name,
        version=row.model_version,
        question=row.text,
        time=clock(row.answered_at or row.asked_at),
    )


def as_html(rows: tuple[QuestionRow, ...], theme: Theme) -> str:
    """Return questions and answers as rich text; whatever was typed or generated is escaped."""
    if not rows:
        words = tr(
            "No questions yet. Each question stands alone: the model sees the film and your words, not what was "
            "asked before."
        )
        return f'<p style="color:{theme.muted}">{escape(words)}</p>'
    return "".join(_entry(row, theme) for row in rows)


def _entry(row: QuestionRow, theme: Theme) -> str:
    who = f'<span style="color:{theme.muted}">{escape(row.user)}, {clock(row.asked_at)}</span>'
    words = f'<span style="font-weight:600">{escape(row.text)}</span>'
    question = f'<p style="margin:6px 0 2px 0">{words} &nbsp;{who}</p>'
    return question + f'<p style="margin:0 0 8px 0">{_answer(row, theme)}</p>'


def _answer(row: QuestionRow, theme: Theme) -> str:
    match row.state:
        case "failed":
            return _span(theme.bad, tr("No answer: {reason}", reason=row.error_text))
        case "answered":
            mark = _span(theme.muted, f" · {row.model_name} {row.model_version}".rstrip())
            said = _span(theme.ai, tr("AI: {answer}", answer=row.answer))
            words = escape(tr("Insert into the report"))
            link = f'<a href="{_INSERT}:{row.id}" style="color:{theme.focus}">{words}</a>'
            return f"{said}{mark} &nbsp;{link}"
        case "answering":
            return _span(theme.ai, tr("AI: {answer} …", answer=row.answer))
        case _:
            return _span(theme.muted, tr("Waiting for the engine…"))


def _span(colour: str, words: str) -> str:
    return f'<span style="color:{colour}">{escape(words)}</span>'
