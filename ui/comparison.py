"""Which films may stand beside the one on the screen, in which order, and how they are called."""

from __future__ import annotations

from dataclasses import dataclass

from llmcxr_ws.domain import OtherStudy, StudyRow
from llmcxr_ws.reading import StudyDetail
from ui.films import FilmChoice, can_be_shown, choices, kind_of, view_of
from ui.language import tr
from ui.text import dicom_date, parse_date


@dataclass(frozen=True)
class Comparison:
    """A film that may stand beside the one on the screen."""

    study: StudyRow
    choice: FilmChoice
    place: tuple[int, int]
    title: str
    is_same_study: bool

    @property
    def uid(self) -> str:
        """The SOP Instance UID of the film."""
        return self.choice.uid


def comparisons(
    detail: StudyDetail, others: tuple[OtherStudy, ...], shown: FilmChoice
) -> tuple[Comparison, ...]:
    """Return the films to compare with, the most useful first.

    Earlier films of the same kind of view come first, the latest of them before the others; then other earlier
    films, other films of this study, and later ones. Nothing is guessed of an unknown view: it is called so.
    """
    found = [
        (_rank(detail.study, other.study, choice, shown), made)
        for other in others
        for choice, made in _of_other(detail.study, other)
    ]
    own = choices(detail)
    found += [
        (
            2,
            Comparison(
                detail.study, choice, (n + 1, len(own)), tr("This study: {view}", view=choice.title), True
            ),
        )
        for n, choice in enumerate(own)
        if choice.uid != shown.uid
    ]
    # Studies come latest first and the sort is stable.
    return tuple(made for _, made in sorted(found, key=lambda pair: pair[0]))


def current_title(study: StudyRow, choice: FilmChoice) -> str:
    """Return what stands over the film of the open study."""
    day = dicom_date(study.study_date) or tr("no date")
    return tr("Current: {date}, {view}", date=day, view=choice.title)


def _of_other(study: StudyRow, other: OtherStudy) -> list[tuple[FilmChoice, Comparison]]:
    rows = [row for row in other.instances if can_be_shown(row)]
    made = []
    for number, row in enumerate(rows):
        choice = FilmChoice(row, view_of(row), is_drafted=False)
        title = _title(study, other, choice)
        made.append((choice, Comparison(other.study, choice, (number + 1, len(rows)), title, False)))
    return made


def _title(study: StudyRow, other: OtherStudy, choice: FilmChoice) -> str:
    day = dicom_date(other.study.study_date) or tr("no date")
    days = _days_between(other.study, study)
    if days is None:
        title = tr("Other study: {date}, {view}", date=day, view=choice.title)
    elif days == 0:
        title = tr("Same day: {date}, {view}", date=day, view=choice.title)
    elif days > 0:
        title = tr("Prior: {date}, {view}, %n day(s) before", "", days, date=day, view=choice.title)
    else:
        title = tr("Later: {date}, {view}, %n day(s) after", "", -days, date=day, view=choice.title)
    return tr("{title} (another name in its header)", title=title) if other.has_other_name else title


def _rank(study: StudyRow, other: StudyRow, choice: FilmChoice, shown: FilmChoice) -> int:
    days = _days_between(other, study)
    if days is not None and days < 0:
        return 3
    kind = kind_of(shown.instance)
    return 0 if kind and kind_of(choice.instance) == kind else 1


def _days_between(earlier: StudyRow, later: StudyRow) -> int | None:
    first, last = parse_date(earlier.study_date), parse_date(later.study_date)
    return (last - first).days if first is not None and last is not None else None
