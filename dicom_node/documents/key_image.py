"""Build the note that names a draft's film as key image: a Key Object Selection (PS3.16 TID 2010).

Its title is "Of Interest": the model found the film worth reading, nobody has judged it yet. Who selected it is the
model, as observer.
"""

from __future__ import annotations

from dataclasses import dataclass

from highdicom.ko import KeyObjectSelection, KeyObjectSelectionDocument
from highdicom.sr import CodedConcept
from pydicom.dataset import Dataset

from dicom_node.documents import envelope
from dicom_node.documents.header import requests
from dicom_node.documents.image_result import ImageResult, check_words, finish, identification, refused
from dicom_node.documents.observers import device_context

TITLE = ("113000", "DCM", "Of Interest")


@dataclass(frozen=True, kw_only=True, eq=False)
class KeyImage(ImageResult):
    """The film of a draft as its key image; `description` says why, in words."""

    description: str

    def __post_init__(self) -> None:
        super().__post_init__()
        check_words(self.description)


def build_key_image(key_image: KeyImage) -> Dataset:
    """Return the Key Object Selection, ready to be checked by the gate and stored.

    Raises
    ------
    DicomError
        If a value doesn't fit the element that has to hold it.
    """
    film = envelope.stand_in(key_image.film)
    # By these highdicom knows an image, which is referred to as one.
    film.Rows, film.Columns = key_image.film.Rows, key_image.film.Columns
    try:
        content = KeyObjectSelection(
            document_title=CodedConcept(*TITLE),
            referenced_objects=[film],
            observer_device_context=device_context(key_image.device),
            description=key_image.description,
        )
        built = KeyObjectSelectionDocument(
            evidence=[film],
            content=content,
            requested_procedures=requests(key_image.film) or None,
            **identification("key_image", key_image, {"description": key_image.description}),
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise refused("The key image", error) from error
    ds = finish(built, key_image)
    for item in ds.ContentSequence:
        if item.ValueType == "IMAGE":
            # TID 2010 gives its references no concept name; highdicom adds one.
            del item.ConceptNameCodeSequence
    return ds
