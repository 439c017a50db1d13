"""The study that lies open: its rows, its films, and the hold on it. Loads off the window's thread.

Films are kept for a while, and the next study's are fetched before it is asked for.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal

from llmcxr_ws.domain import OtherStudy, StudyRow
from llmcxr_ws.errors import UserFacingError
from llmcxr_ws.prior_report import PriorReport
from llmcxr_ws.reading import StudyDetail
from llmcxr_ws.seen import FilmSeen
from llmcxr_ws.states import StudyState
from ui.comparison import Comparison, comparisons, current_title
from ui.desk import Badge, Desk
from ui.films import FilmChoice, choices, load_film, overlay_of, see_again
from ui.language import tr
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
    comparisons_changed(tuple of Comparison) : the films that may stand beside the one on the screen
    comparison_ready(Film, Comparison) : the film to compare with can be shown
    comparison_missing(str, Comparison) : it can't, and why
    comparison_reported(tuple of PriorReport, Comparison) : what was reported of the study to compare with
    not_opened(int) : a study couldn't be opened; the one on the screen stays
    failed(UserFacingError) : something was refused, and why
    """

    opened = Signal(object)
    refreshed = Signal(object)
    film_ready = Signal(object)
    film_missing = Signal(str)
    comparisons_changed = Signal(object)
    comparison_ready = Signal(object, object)
    comparison_missing = Signal(str, object)
    comparison_reported = Signal(object, object)
    not_opened = Signal(int)
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
        self._seen_beside: set[str] = set()
        self._drawn_as: dict[str, FilmSeen | None] = {}
        self._others: tuple[OtherStudy, ...] = ()
        self._compared: Comparison | None = None
        self._is_film_awaited = False
        self._postponed: list[Callable[[], None]] = []

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
        return sum(choice.uid not in self._seen for choice in self._choices)

    @property
    def films_compared(self) -> tuple[str, ...]:
        """The films of other studies that stood beside those of the open one, by SOP Instance UID."""
        return tuple(sorted(self._seen_beside))

    @property
    def film_count(self) -> int:
        """How many images of the open study can be shown."""
        return len(self._choices)

    @property
    def is_drafted_film_shown(self) -> bool:
        """Whether the film on the screen is the one that the draft speaks of."""
        return bool(self._choices) and self._choices[self._at].is_drafted

    @property
    def film_title(self) -> str:
        """What the film on the screen is called beside another one."""
        if self._detail is None or not self._choices:
            return ""
        return current_title(self._detail.study, self._choices[self._at])

    def set_badge(self, badge: Badge | None) -> None:
        """Tell who sits here."""
        self._badge = badge

    def open(self, study_id: int) -> None:
        """Open a study and, where it is to be read and nobody has it, hold it; then give the last one back.

        Where it can't be opened the last one stays, and stays held: it is on the screen, and may be written into.
        """
        if self._wanted == study_id:
            return
        self._wanted = study_id
        badge = self._badge
        self._tasks.in_store(
            self,
            partial(self._taken_up, study_id, badge),
            partial(self._on_opened, badge),
            partial(self._on_not_opened, study_id),
        )

    def _taken_up(self, study_id: int, badge: Badge | None) -> StudyDetail:
        """Read a study and hold it where it is to be read and nobody has it; on the store's thread."""
        detail = self._desk.detail(study_id)
        if badge is not None and badge.may_edit and _is_free(detail.study):
            self._desk.hold(study_id, badge.user)
            detail = self._desk.detail(study_id)
        return detail

    def _on_not_opened(self, study_id: int, error: UserFacingError) -> None:
        """Stay with what is on the screen, so that the refused study can be tried once more."""
        if self._wanted == study_id:
            self._wanted = self._detail.study.id if self._detail is not None else None
            self.not_opened.emit(study_id)
            self.failed.emit(error)

    def refresh(self) -> None:
        """Read the study on the screen again."""
        if self._detail is not None:
            study_id = self._detail.study.id
            self._tasks.in_store(
                self, lambda: self._desk.detail(study_id), self._on_refreshed, self.failed.emit
            )

    def take_over(self) -> None:
        """Take the study on the screen from whoever holds it."""
        badge = self._badge
        if self._detail is None or badge is None:
            return
        study_id = self._detail.study.id

        def work() -> StudyDetail:
            self._desk.hold(study_id, badge.user, take_over=True)
            return self._desk.detail(study_id)

        self._tasks.in_store(self, work, self._on_refreshed, self.failed.emit)

    def close(self) -> None:
        """Put the study away."""
        self._let_go(self._badge, self._detail)
        self._wanted, self._detail, self._choices = None, None, ()
        self._others, self._compared, self._postponed = (), None, []

    def forget_films(self) -> None:
        """Drop all pixels kept in memory, and those on their way."""
        for ticket in self._loading.values():
            ticket.cancel()
        self._loading.clear()
        self._films.clear()
        self._drawn_as.clear()

    def show_film(self, by: int = 0) -> None:
        """Show the film `by` places further in the study."""
        if self._detail is None:
            return
        if not self._choices:
            self.film_missing.emit(tr("This study has no image that can be shown."))
            self._tell_comparisons()
            self._do_postponed()
            return
        self._at = min(max(self._at + by, 0), len(self._choices) - 1)
        if self._choices[self._at].uid not in self._films:
            # Not the film before under this one's name.
            self.film_missing.emit(tr("Loading the film…"))
        self._load(self._detail, self._at, is_wanted=True)
        self._tell_comparisons()

    def compare(self, with_film: Comparison | None) -> None:
        """Fetch a film to stand beside the one on the screen; None for none any more."""
        self._compared = with_film
        if with_film is not None:
            self._load_choice(with_film.study, with_film.choice, with_film.place)
            self._look_for_reports(with_film)

    def _look_for_reports(self, comparison: Comparison) -> None:
        other = next((one for one in self._others if one.study.id == comparison.study.id), None)
        if other is None:
            return

        def done(reports: tuple[PriorReport, ...]) -> None:
            if self._compared is not None and self._compared.uid == comparison.uid:
                self.comparison_reported.emit(reports, comparison)

        self._tasks.in_store(self, partial(self._desk.prior_reports, other), done, self.failed.emit)

    def prefetch(self, row: StudyRow | None) -> None:
        """Fetch a study's first film, for when it is opened next."""
        if row is None:
            return
        study_id = row.id

        def begin(detail: StudyDetail) -> None:
            if choices(detail):
                self._load(detail, 0, is_wanted=False)

        def fetch() -> None:
            self._tasks.in_store(self, lambda: self._desk.detail(study_id), begin, lambda _: None)

        self._after_film(fetch)

    def _let_go(self, badge: Badge | None, detail: StudyDetail | None) -> None:
        if detail is not None and badge is not None and detail.study.held_by == badge.user:
            self._tasks.in_store(self, partial(self._desk.let_go, detail.study.id, badge.user))

    def _on_opened(self, badge: Badge | None, detail: StudyDetail) -> None:
        """Show a study that was read and held for whoever sat here then."""
        before = self._detail
        is_on_screen = before is not None and before.study.id == detail.study.id
        if detail.study.id != self._wanted:
            # The reader went on before it was read: give back what was taken meanwhile.
            if not is_on_screen:
                self._let_go(badge, detail)
            return
        if is_on_screen:
            # The reader came back before the other one was read.
            self._on_refreshed(detail)
            return
        self._detail, self._choices, self._at = detail, choices(detail), 0
        self._seen, self._seen_beside = set(), set()
        self._others, self._compared = (), None
        self._is_film_awaited, self._postponed = True, []
        self.opened.emit(detail)
        # Only now: what was typed into it until this moment is on its way to the store.
        self._let_go(badge, before)
        self.show_film()
        self._after_film(partial(self._look_for_others, detail.study.id))

    def _look_for_others(self, study_id: int) -> None:
        self._tasks.in_store(
            self,
            lambda: self._desk.other_studies(study_id),
            partial(self._on_others, study_id),
            self.failed.emit,
        )

    def _on_others(self, study_id: int, others: tuple[OtherStudy, ...]) -> None:
        if self._detail is not None and study_id == self._detail.study.id:
            self._others = others
            self._tell_comparisons()

    def _tell_comparisons(self) -> None:
        if self._detail is None or not self._choices:
            self.comparisons_changed.emit(())
            return
        found = comparisons(self._detail, self._others, self._choices[self._at])
        self.comparisons_changed.emit(found)
        if found:
            # The likeliest comparison is fetched ahead.
            first = found[0]
            self._after_film(partial(self._load_choice, first.study, first.choice, first.place))

    def _on_refreshed(self, detail: StudyDetail) -> None:
        if self._detail is None or detail.study.id != self._detail.study.id:
            return
        before = [choice.uid for choice in self._choices]
        shown = before[self._at] if before else ""
        self._detail, self._choices = detail, choices(detail)
        uids = [choice.uid for choice in self._choices]
        self._at = uids.index(shown) if shown in uids else 0
        self.refreshed.emit(detail)
        if shown not in uids:
            self.show_film()
            return
        if shown in self._films:
            self._load(detail, self._at, is_wanted=True)
        if uids != before:
            self._tell_comparisons()

    def _load(self, detail: StudyDetail, at: int, *, is_wanted: bool) -> None:
        found = choices(detail)
        choice, place = found[at], (at + 1, len(found))
        kept = self._films.get(choice.uid)
        if kept is None:
            self._load_choice(detail.study, choice, place)
        elif is_wanted:
            self._films.move_to_end(choice.uid)
            self._show(choice.uid, kept.with_overlay(overlay_of(detail.study, choice, place)))
            self._see_again(kept, detail, choice)

    def _load_choice(self, study: StudyRow, choice: FilmChoice, place: tuple[int, int]) -> None:
        """Decode a film unless it is kept or on its way, then show it where it is wanted by then."""
        uid = choice.uid
        if uid in self._films:
            self._films.move_to_end(uid)
            self._offer(uid)
            return
        if uid in self._loading:
            return

        def work() -> Film:
            return load_film(self._desk.path_of(choice.instance.path), study, choice, place)

        def done(film: Film) -> None:
            self._loading.pop(uid, None)
            self._keep(uid, film)
            # It may have been asked for as another's prior, or before a draft came: shown as what it is now.
            if self._is_on_screen(uid) and self._detail is not None:
                self._load(self._detail, self._at, is_wanted=True)
            self._offer(uid)

        def failed(error: UserFacingError) -> None:
            self._loading.pop(uid, None)
            if self._is_on_screen(uid):
                self._seen.add(uid)
                self.film_missing.emit(error.sentence)
                self._do_postponed()
            if self._compared is not None and self._compared.uid == uid:
                self.comparison_missing.emit(error.sentence, self._compared)

        self._drawn_as[uid] = choice.seen
        self._loading[uid] = self._tasks.in_pixels(self, work, done, failed)

    def _offer(self, uid: str) -> None:
        """Hand over a film that is kept and wanted for comparison, with the words for that."""
        wanted = self._compared
        if wanted is not None and wanted.uid == uid:
            overlay = overlay_of(wanted.study, wanted.choice, wanted.place)
            if not wanted.is_same_study:
                self._seen_beside.add(uid)
            self.comparison_ready.emit(self._films[uid].with_overlay(overlay), wanted)

    def _see_again(self, film: Film, detail: StudyDetail, choice: FilmChoice) -> None:
        """Draw what the model saw where a draft came after the film was decoded, or another draft."""
        seen, uid = choice.seen, choice.uid
        if seen is None or seen == self._drawn_as.get(uid):
            return
        self._drawn_as[uid] = seen

        def done(again: Film) -> None:
            if self._drawn_as.get(uid) != seen:
                return  # A newer draft's was asked for meanwhile.
            self._keep(uid, again)
            if self._is_on_screen(uid) and self._detail is not None:
                place = (self._at + 1, len(self._choices))
                overlay = overlay_of(self._detail.study, self._choices[self._at], place)
                self._show(uid, again.with_overlay(overlay))

        def work() -> Film:
            return see_again(self._desk.path_of(choice.instance.path), film, seen)

        # What fails here has failed before the draft could be made of it: nothing more to say.
        self._tasks.in_pixels(self, work, done, lambda _: None)

    def _is_on_screen(self, uid: str) -> bool:
        return bool(self._choices) and self._choices[self._at].uid == uid

    def _show(self, uid: str, film: Film) -> None:
        self._seen.add(uid)
        self.film_ready.emit(film)
        self._do_postponed()

    def _after_film(self, work: Callable[[], None]) -> None:
        """Do something once the film that the reader waits for is on the screen, so that nothing delays that."""
        if self._is_film_awaited:
            self._postponed.append(work)
        else:
            work()

    def _do_postponed(self) -> None:
        self._is_film_awaited = False
        postponed, self._postponed = self._postponed, []
        for work in postponed:
            work()

    def _keep(self, uid: str, film: Film) -> None:
        self._films[uid] = film
        for old in tuple(self._films):
            if len(self._films) <= _KEPT_FILMS:
                return
            if not (old == uid or self._is_on_screen(old)):
                del self._films[old]
                self._drawn_as.pop(old, None)


def _is_free(study: StudyRow) -> bool:
    return study.state in HELD_STATES and not study.held_by
