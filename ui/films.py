"""From a received file to a film on the screen: the hall's imaging gives the pixels, the store the words.

Runs on the pixel threads; touches no database.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from llmcxr_ws.domain import InstanceRow, StudyRow
from llmcxr_ws.errors import ImagingError
from llmcxr_ws.imaging import Displayed, displayed, read_dataset, stored_table
from llmcxr_ws.reading import StudyDetail
from llmcxr_ws.seen import FilmSeen
from ui.language import mark, tr
from ui.text import clock, dicom_date, patient_line, person_name, study_moment
from ui.viewer.film import Film, Overlay, Seen
from ui.viewer.look import Look

_FRONTAL = ("PA", "AP", "frontal")
# What the header's view is called beyond the usual letters.
_VIEWS = {
    "frontal": mark("frontal"),
    "lateral": mark("lateral"),
    "oblique": mark("oblique"),
    "unknown": mark("view unknown"),
}


@dataclass(frozen=True)
class FilmChoice:
    """One image of a study that can be shown, how it is called, and how the model saw it, where that is known."""

    instance: InstanceRow
    title: str
    is_drafted: bool
    seen: FilmSeen | None = None

    @property
    def uid(self) -> str:
        """Its SOP Instance UID."""
        return self.instance.sop_instance_uid


def choices(detail: StudyDetail) -> tuple[FilmChoice, ...]:
    """Return the images of a study, the one that was drafted first."""
    drafted = detail.report.film_sop_instance_uid if detail.report else detail.study.film_sop_instance_uid
    seen = FilmSeen.from_evidence(detail.report.evidence) if detail.report else None
    found = [
        FilmChoice(row, view_of(row), is_drafted, seen if is_drafted else None)
        for row in detail.instances
        for is_drafted in (row.sop_instance_uid == drafted,)
        if can_be_shown(row)
    ]
    return tuple(sorted(found, key=lambda choice: not choice.is_drafted))


def can_be_shown(row: InstanceRow) -> bool:
    """Whether an instance is an image, or was meant to be one."""
    return bool(row.defect or row.facts.get("has_pixels", True))


def view_of(row: InstanceRow) -> str:
    """Return the view of an image in words, as the header says it."""
    view = str(row.facts.get("view") or "unknown")
    return tr(_VIEWS[view]) if view in _VIEWS else view


def kind_of(row: InstanceRow) -> str:
    """Return "frontal" for PA and AP too, else the view that the header names; empty where it names none."""
    view = str(row.facts.get("view") or "")
    return "frontal" if view in _FRONTAL else "" if view == "unknown" else view


def load_film(path: Path, study: StudyRow, choice: FilmChoice, place: tuple[int, int]) -> Film:
    """Decode an image, build its pyramid, and draw what the model saw of it.

    Parameters
    ----------
    place : (n, of)
        Which of how many images of the study this is, counted from 1.

    Raises
    ------
    ImagingError
        The image was set aside as defective, was purged, or can't be decoded; the sentence says why.
    """
    if choice.instance.defect:
        raise ImagingError(choice.instance.defect)
    if choice.instance.purged_at is not None:
        when = clock(choice.instance.purged_at)
        raise ImagingError(
            tr("This film was purged on {time} by a retention rule; its report stays.", time=when)
        )
    ds = read_dataset(path)
    image = displayed(ds)
    rows = _square(image)
    padding = image.padding_mask
    film = Film.from_pixels(
        image.levels if rows is None else image.levels[rows],
        values=image.units.astype(np.float64),
        looks=_looks(image),
        inverse=image.invert,
        padding=padding if rows is None or padding is None else padding[rows],
        overlay=overlay_of(study, choice, place),
        spacing=image.spacing,
        stretch=1.0 if rows is None else len(rows) / image.levels.shape[0],
    )
    return (
        film if choice.seen is None else film.with_seen(_seen(choice.seen, image, stored_table(ds, image)[0]))
    )


def see_again(path: Path, film: Film, seen: FilmSeen) -> Film:
    """Return a film that is shown already with what the model saw of it: a draft came, or a newer one.

    Raises
    ------
    ImagingError
        The image can't be decoded any more.
    """
    ds = read_dataset(path)
    image = displayed(ds)
    return film.with_seen(_seen(seen, image, stored_table(ds, image)[0]))


def _seen(
    seen: FilmSeen, image: Displayed, stored: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
) -> Seen | None:
    """Return what the model saw, or None where the draft speaks of a picture of another size."""
    if seen.size != image.levels.shape:
        return None
    return Seen(look=seen.curve(image, stored), picture=seen.picture(image, stored), region=seen.region)


def _looks(image: Displayed) -> tuple[Look, ...]:
    others: tuple[Look, ...] = (*image.voi_luts, *image.windows)
    return (image.voi, *(look for look in others if look is not image.voi))


def _square(image: Displayed) -> npt.NDArray[np.intp] | None:
    """Return the rows to repeat or leave out so that pixels become square; None where they are."""
    if abs(image.pixel_aspect - 1.0) < 0.005:
        return None
    rows = image.levels.shape[0]
    wanted = max(round(rows * image.pixel_aspect), 1)
    nearest: npt.NDArray[np.intp] = ((np.arange(wanted) + 0.5) * rows / wanted).astype(np.intp)
    return nearest


def overlay_of(study: StudyRow, choice: FilmChoice, place: tuple[int, int]) -> Overlay:
    """Return the corner texts of an image: who, what and when, and which way it lies."""
    facts = choice.instance.facts
    orientation = [str(part) for part in facts.get("patient_orientation", ())] + ["", ""]
    accession = study.identity.accession_number
    drafted = (tr("film of the draft"),) if choice.is_drafted else ()
    number = tr("{view} · film {number} of {count}", view=choice.title, number=place[0], count=place[1])
    return Overlay(
        top_left=(person_name(study.identity.patient_name), patient_line(study.identity, study.study_date)),
        top_right=(
            study.study_description or tr("Chest"),
            study_moment(study) or dicom_date(study.study_date),
            tr("Acc. {number}", number=accession) if accession else tr("no accession number"),
        ),
        bottom_left=(*drafted, number),
        row_end=orientation[0],
        column_end=orientation[1],
    )
