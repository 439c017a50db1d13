"""Small made findings, marks, key images, captures and synthetic films for the tests of result documents."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from dicom_node.documents.capture import Capture, build_capture
from dicom_node.documents.findings import Algorithm, Finding, FindingsDocument, build_findings
from dicom_node.documents.key_image import KeyImage, build_key_image
from dicom_node.documents.presentation import Presentation, build_presentation
from dicom_node.documents.regions import Box, Region, tracking_uid
from dicom_node.documents.synthetic import SyntheticFilm, build_synthetic
from llmcxr_ws.imaging import displayed, render
from tests.dicom_node.documents_factory import DEVICE, STARTED
from tests.factories import make_film

WORDS = "Opacity in the right lower zone — ≥ 3 cm."
ALGORITHM = Algorithm(name="LLM-CXR demo", version="0.1.0", parameters=("Region: occlusion",))
KINDS = ("findings", "presentation", "key_image", "capture")


def make_region(box: Box = (8.0, 20.0, 24.0, 44.5), words: str = WORDS) -> Region:
    return Region(
        box=box,
        words=words,
        tracking_uid=tracking_uid("film", DEVICE.uid, words),
        tracking_id="AI sentence 1",
    )


def common(film: Dataset, **more: Any) -> dict[str, Any]:
    return {
        "film": film,
        "device": DEVICE,
        "report_version": 1,
        "started_at": STARTED,
        "institution": "Demonstration Hospital",
        "installation": "test",
        "regions": (make_region(),),
        **more,
    }


def make_finding(name: str = "Effusion", **more: Any) -> Finding:
    values: dict[str, Any] = {
        "name": name,
        "algorithm": ALGORITHM,
        "tracking_uid": tracking_uid("film", DEVICE.uid, name),
        "tracking_id": f"AI classifier: {name}",
        "certainty": 0.1234,
        "presence": "absent",
    }
    return Finding(**{**values, **more})


def make_findings(film: Dataset, **more: Any) -> FindingsDocument:
    region = make_region()
    opacity = make_finding(
        "opacity", region=region, certainty=0.7, presence="present", tracking_uid=region.tracking_uid
    )
    values = {
        "findings": (opacity, make_finding(), make_finding("Something rare", certainty=None, presence=None)),
        "examined": (0.0, 4.0, 56.0, 60.0),
    }
    return FindingsDocument(**{**common(film), **values, **more})


def make_synthetic(**more: Any) -> SyntheticFilm:
    picture = np.add.outer(np.arange(96), np.arange(96)).astype(np.uint8)
    values: dict[str, Any] = {
        "picture": picture,
        "device": DEVICE,
        "seed": 7,
        "drawn_at": STARTED,
        "institution": "Demonstration Hospital",
        "installation": "test",
    }
    return SyntheticFilm(**{**values, **more})


def build_kind(kind: str, film: Dataset | None = None, **more: Any) -> Dataset:
    """A document of one of the kinds, of a small film."""
    film = make_film() if film is None else film
    if kind == "findings":
        return build_findings(make_findings(film, **more))
    if kind == "presentation":
        return build_presentation(Presentation(**common(film, **more)))
    if kind == "key_image":
        return build_key_image(
            KeyImage(**common(film, **{"description": "Film of the draft — ≥ 1.", **more}))
        )
    if kind == "capture":
        return build_capture(Capture(**common(film, **{"picture": render(displayed(film)), **more})))
    return build_synthetic(make_synthetic(**more))
