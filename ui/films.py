"""From a received file to a film on the screen: the hall's imaging gives the pixels, the store the words.

Runs on the pixel threads; touches no database.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from llmcxr_ws.domain import InstanceRow
from llmcxr_ws.errors import ImagingError
from llmcxr_ws.imaging import Displayed, displayed
from llmcxr_ws.reading import StudyDetail
from ui.text import dicom_date, patient_line, person_name, study_moment
from ui.viewer.film import Film, Overlay
from ui.viewer.look import Look


@dataclass(frozen=True)
class FilmChoice:
    """One image of a study that can be shown, and how it is called."""

    instance: InstanceRow
    title: str
    is_drafted: bool


def choices(detail: StudyDetail) -> tuple[FilmChoice, ...]:
    """Return the images of a study, the one that was drafted first."""
    drafted = detail.report.film_sop_instance_uid if detail.report else detail.study.film_sop_instance_uid
    found = [
        FilmChoice(row, view_of(row), row.sop_instance_uid == drafted)
        for row in detail.instances
        if row.defect or row.facts.get("has_pixels", True)
    ]
    return tuple(sorted(found, key=lambda choice: not choice.is_drafted))


def view_of(row: InstanceRow) -> str:
    """Return the view of an image in words, as the header says it."""
    return str(row.facts.get("view") or "view unknown")


def load_film(path: Path, detail: StudyDetail, choice: FilmChoice, place: tuple[int, int]) -> Film:
    """Decode an image and build its pyramid.

    Parameters
    ----------
    place : (n, of)
        Which of how many images of the study this is, counted from 1.

    Raises
    ------
    ImagingError
        The image was set aside as defective, or can't be decoded; the sentence says why.
    """
    if choice.instance.defect:
        raise ImagingError(choice.instance.defect)
    image = displayed(path)
    rows = _square(image)
    padding = image.padding_mask
    return Film.from_pixels(
        image.levels if rows is None else image.levels[rows],
        values=image.units.astype(np.float64),
        looks=_looks(image),
        inverse=image.invert,
        padding=padding if rows is None or padding is None else padding[rows],
        overlay=overlay_of(detail, choice, place),
        stretch=1.0 if rows is None else len(rows) / image.levels.shape[0],
    )


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


def overlay_of(detail: StudyDetail, choice: FilmChoice, place: tuple[int, int]) -> Overlay:
    """Return the corner texts of an image: who, what and when, and which way it lies."""
    study, facts = detail.study, choice.instance.facts
    orientation = [str(part) for part in facts.get("patient_orientation", ())] + ["", ""]
    accession = study.identity.accession_number
    drafted = ("film of the draft",) if choice.is_drafted else ()
    return Overlay(
        top_left=(person_name(study.identity.patient_name), patient_line(study.identity, study.study_date)),
        top_right=(
            study.study_description or "Chest",
            study_moment(study) or dicom_date(study.study_date),
            f"Acc. {accession}" if accession else "no accession number",
        ),
        bottom_left=(*drafted, f"{choice.title}  ·  film {place[0]} of {place[1]}"),
        row_end=orientation[0],
        column_end=orientation[1],
    )
