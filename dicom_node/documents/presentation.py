"""Build the regions of a draft as a Grayscale Softcopy Presentation State (PS3.3 A.33.1): marks over the film.

The film itself stays as it is; a viewer lays the boxes and their words over it. Modality LUT, window and polarity
are those that the film's header asks for first, because a presentation state replaces them (PS3.4 N.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from highdicom import PresentationLUTTransformation
from highdicom.pr import (
    GraphicAnnotation,
    GraphicLayer,
    GraphicObject,
    GrayscaleSoftcopyPresentationState,
    TextObject,
)
from pydicom.dataset import Dataset

from dicom_node.documents import envelope
from dicom_node.documents.header import copy_attribute
from dicom_node.documents.image_result import (
    ImageResult,
    finish,
    identification,
    reference,
    refused,
    show_body_part,
)
from dicom_node.documents.regions import Region
from dicom_node.documents.values import plain_copy
from llmcxr_ws.elements import number
from llmcxr_ws.errors import DicomError
from llmcxr_ws.grey import read_windows
from llmcxr_ws.spacing import read_spacing

MARK: Final = "AI DRAFT - not reviewed"
_LAYER: Final = "AI"
_LONGEST_WORDS: Final = 200


@dataclass(frozen=True, kw_only=True, eq=False)
class Presentation(ImageResult):
    """The regions of one film; without any there is nothing to present."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.regions:
            raise DicomError("The draft has no region on the film, so there are no marks to write.")


def build_presentation(presentation: Presentation) -> Dataset:
    """Return the presentation state, ready to be checked by the gate and stored.

    Raises
    ------
    DicomError
        If a value doesn't fit the element that has to hold it.
    """
    film = presentation.film
    header = _header(film)
    layer = GraphicLayer(_LAYER, 1, description="Regions that the words of an AI draft depend on")
    try:
        annotation = GraphicAnnotation(
            referenced_images=[header],
            graphic_layer=layer,
            graphic_objects=[_box(region) for region in presentation.regions],
            text_objects=[*(_words(region) for region in presentation.regions), _mark()],
        )
        keywords = identification("presentation", presentation, {})
        date, time = keywords.pop("content_date"), keywords.pop("content_time")
        built = GrayscaleSoftcopyPresentationState(
            referenced_images=[header],
            content_label="AI_MARKS",
            content_description=MARK,
            concept_name=None,
            content_creator_name=None,
            graphic_annotations=[annotation],
            graphic_layers=[layer],
            presentation_lut_transformation=PresentationLUTTransformation(
                presentation_lut_shape="INVERSE" if _is_inverted(film) else "IDENTITY"
            ),
            **keywords,
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise refused("The marks", error) from error
    # highdicom takes the clock's time.
    built.PresentationCreationDate, built.PresentationCreationTime = date, time
    ds = finish(built, presentation)
    show_body_part(ds, film)
    _show_as_the_film(ds, film)
    return ds


def _header(film: Dataset) -> Dataset:
    """Return what highdicom may see of the film; greys are taken over by hand."""
    header = envelope.stand_in(film)
    header.Rows, header.Columns = film.Rows, film.Columns
    header.SamplesPerPixel = 1
    return header


def _box(region: Region) -> GraphicObject:
    return GraphicObject(
        graphic_type="POLYLINE",
        graphic_data=np.array(region.outline),
        units="PIXEL",
        tracking_id=region.tracking_id,
        tracking_uid=region.tracking_uid,
    )


def _words(region: Region) -> TextObject:
    left, top, _, _ = region.box
    return TextObject(
        text_value=region.words[:_LONGEST_WORDS],
        units="PIXEL",
        anchor_point=(left, top),
        anchor_point_visible=True,
        tracking_id=region.tracking_id,
        tracking_uid=region.tracking_uid,
    )


def _mark() -> TextObject:
    return TextObject(
        text_value=MARK, units="DISPLAY", bounding_box=(0.02, 0.02, 0.5, 0.06), text_justification="LEFT"
    )


def _is_inverted(film: Dataset) -> bool:
    shape = film.get("PresentationLUTShape")
    if shape in ("IDENTITY", "INVERSE"):
        return bool(shape == "INVERSE")
    return bool(film.get("PhotometricInterpretation") == "MONOCHROME1")


def _show_as_the_film(ds: Dataset, film: Dataset) -> None:
    """Take over modality LUT, the first window or table, and the shape of the pixels."""
    slope = number(film, "RescaleSlope")
    if film.get("ModalityLUTSequence"):
        ds.ModalityLUTSequence = [plain_copy(film.ModalityLUTSequence[0])]
    elif slope is not None:
        ds.RescaleIntercept = _ds(number(film, "RescaleIntercept") or 0)
        ds.RescaleSlope = _ds(slope)
        copy_attribute(film, ds, "RescaleType")
        if not ds.get("RescaleType"):
            ds.RescaleType = "US"
    voi = _voi(film)
    if voi is not None:
        ds.SoftcopyVOILUTSequence = [voi]
    spacing = read_spacing(film)
    if spacing is not None and spacing.row_mm != spacing.column_mm:
        area = ds.DisplayedAreaSelectionSequence[0]
        area.PresentationPixelAspectRatio = [round(1000 * spacing.row_mm), round(1000 * spacing.column_mm)]


def _voi(film: Dataset) -> Dataset | None:
    """Return what the header asks for first, as the window shows it: a table before a window (PS3.4 N.2)."""
    item = Dataset()
    windows = read_windows(film)
    if film.get("VOILUTSequence"):
        item.VOILUTSequence = [plain_copy(film.VOILUTSequence[0])]
    elif windows:
        item.WindowCenter, item.WindowWidth = _ds(windows[0].center), _ds(windows[0].width)
        if windows[0].function != "LINEAR":
            item.VOILUTFunction = windows[0].function
    else:
        return None
    item.ReferencedImageSequence = [reference(film)]
    return item


def _ds(value: float) -> Any:
    """Return a number as a decimal string of at most 16 characters."""
    return f"{value:.10g}"
