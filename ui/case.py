"""The study that lies open: its rows, its films, and the hold on it. Loads off the window's thread.

Films are kept for a while, and the next study's are fetched before it is asked for.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial

from PySide6.QtCore import QObject, Signal

from llmcxr_ws.domain import StudyRow
from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.reading import StudyDetail
from llmcxr_ws.states import StudyState
from ui.desk import Badge, Desk
from ui.films import FilmChoice, choices, load_film, overlay_of
from ui.tasks import Tasks, Ticket
from ui.viewer.film import Film

_KEPT_FILMS = 8
HELD_STATES = (StudyState.DRAFTED, StudyState.IN_REVIEW)


class Case(QObject):
    """The open study.

    Signals
    -------
    opened(StudyDetail) : another study lies open
    refreshed(StudyDetail) : the same study in a newer state
    film_ready(Film) : the chosen film can be shown
    film_missing(str) : it can't, and why
    failed(UserFacingError) : something else was refused
    """

    opened = Signal(object)
    refreshed = Signal(object)
    film_ready = Signal(object)
    film_missing = Signal(str)
    failed = Signal(object)

    def __init__(self, tasks: Tasks, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._tasks, self._desk = tasks, desk
        self._badge: Badge | None = None
        self._detail: StudyDetail | None = None
        self._wanted: int | None = None
        self._choices: tuple[FilmChoice, ...] = ()
        self._at = 0
        self._films: OrderedDict[str, Film] = OrderedDict()
        self._loading: dict[str, Ticket] = {}
        self._seen: set[str] = set()

    @property
    def detail(self) -> StudyDetail | None:
        """The open study, in the state it was last read."""
        return self._detail

    @property
    def study_id(self) -> int | None:
        """The study that is open or being opened."""
        return self._wanted

    @property
    def films_unseen(self) -> int:
        """How many films of the open study have not been on the screen."""
        return sum(choice.instance.sop_instance_uid not in self._seen for choice in self._choices)

    @property
    def is_drafted_film(self) -> bool:
        """Whether the film on the screen is the one that the draft is of."""
        return bool(self._choices) and self._choices[self._at].is_drafted

    @property
    def film_count(self) -> int:
        """How many images of the open study can be shown."""
        return len(self._choices)

    def set_badge(self, badge: Badge | None) -> None:
        """Tell who sits here."""
        self._badge = badge

    def open(self, study_id: int) -> None:
        """Open a study and, where it is to be read and nobody has it, hold it; gives the last one back."""
        if self._wanted == study_id:
            return
        self._let_go()
        self._wanted = study_id
        badge = self._badge

        def work() -> StudyDetail:
            detail = self._desk.detail(study_id)
            if badge is not None and badge.may_edit and _is_free(detail.study):
                self._desk.hold(study_id, badge.user)
                detail = self._desk.detail(study_id)
            return detail

        self._tasks.in_store(self, work, self._on_opened, self.failed.emit)

    def refresh(self) -> None:
        """Read the open study again."""
        study_id = self._wanted
        if study_id is not None and self._detail is not None:
            self._tasks.in_store(
                self, lambda: self._desk.detail(study_id), self._on_refreshed, self.failed.emit
            )

    def take_over(self) -> None:
        """Take the open study from whoever holds it."""
        study_id, badge = self._wanted, self._badge
        if study_id is None or badge is None:
            return

        def work() -> StudyDetail:
            self._desk.hold(study_id, badge.user, take_over=True)
            return self._desk.detail(study_id)

        self._tasks.in_store(self, work, self._on_refreshed, self.failed.emit)

    def close(self) -> None:
        """Put the study away."""
        self._let_go()
        self._wanted, self._detail, self._choices = None, None, ()

    def forget_films(self) -> None:
        """Drop all pixels kept in memory."""
        self._films.clear()

    def show_film(self, by: int = 0) -> None:
        """Show the film `by` places further in the study."""
        if self._detail is None:
            return
        if not self._choices:
            self.film_missing.emit("This study has no image that can be shown.")
            return
        self._at = min(max(self._at + by, 0), len(self._choices) - 1)
        self._load(self._detail, self._at, is_wanted=True)

    def prefetch(self, row: StudyRow | None) -> None:
        """Fetch a study's first film, for when it is opened next."""
        if row is None:
            return
        study_id = row.id

        def begin(detail: StudyDetail) -> None:
            if choices(detail):
                self._load(detail, 0, is_wanted=False)

        self._tasks.in_store(self, lambda: self._desk.detail(study_id), begin, lambda _: None)

    def _let_go(self) -> None:
        detail, badge = self._detail, self._badge
        if detail is not None and badge is not None and detail.study.held_by == badge.user:
            self._tasks.in_store(self, partial(self._desk.let_go, detail.study.id, badge.user))

    def _on_opened(self, detail: StudyDetail) -> None:
        if detail.study.id != self._wanted:
            # The reader went on before it was read: give back what was taken meanwhile.
            if self._badge is not None and detail.study.held_by == self._badge.user:
                self._tasks.in_store(self, partial(self._desk.let_go, detail.study.id, self._badge.user))
            return
        self._detail, self._choices, self._at, self._seen = detail, choices(detail), 0, set()
        self.opened.emit(detail)
        self.show_film()

    def _on_refreshed(self, detail: StudyDetail) -> None:
        if detail.study.id != self._wanted:
            return
        shown = self._choices[self._at].instance.sop_instance_uid if self._choices else ""
        self._detail, self._choices = detail, choices(detail)
        uids = [choice.instance.sop_instance_uid for choice in self._choices]
        self._at = uids.index(shown) if shown in uids else 0
        self.refreshed.emit(detail)
        if shown not in uids:
            self.show_film()

    def _load(self, detail: StudyDetail, at: int, *, is_wanted: bool) -> None:
        found = choices(detail)
        choice, place = found[at], (at + 1, len(found))
        uid = choice.instance.sop_instance_uid
        kept = self._films.get(uid)
        if kept is not None:
            self._films.move_to_end(uid)
            if is_wanted:
                self._show(uid, with_overlay(kept, detail, choice, place))
            return
        if uid in self._loading:
            return
        path = self._desk.path_of(choice.instance.path)

        def done(film: Film) -> None:
            self._loading.pop(uid, None)
            self._keep(uid, film)
            if self._is_on_screen(uid):
                self._show(uid, film)

        def failed(error: UserFacingError) -> None:
            self._loading.pop(uid, None)
            if self._is_on_screen(uid):
                self._seen.add(uid)
                self.film_missing.emit(error.sentence)

        work = partial(load_film, path, detail, choice, place)
        self._loading[uid] = self._tasks.in_pixels(self, work, done, failed)

    def _is_on_screen(self, uid: str) -> bool:
        return bool(self._choices) and self._choices[self._at].instance.sop_instance_uid == uid

    def _show(self, uid: str, film: Film) -> None:
        self._seen.add(uid)
        self.film_ready.emit(film)

    def _keep(self, uid: str, film: Film) -> None:
        self._films[uid] = film
        while len(self._films) > _KEPT_FILMS:
            self._films.popitem(last=False)


def with_overlay(film: Film, detail: StudyDetail, choice: FilmChoice, place: tuple[int, int]) -> Film:
    """Return the same film with the corner texts of today."""
    return film.with_overlay(overlay_of(detail, choice, place))


def _is_free(study: StudyRow) -> bool:
    return study.state in HELD_STATES and not study.held_by
