"""A modality and an archive that tell of a study's images, by pynetdicom as their user (DCMTK has none for MPPS)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import evt

from dicom_node import sop_classes
from dicom_node.association import LocalEntity, open_association
from llmcxr_ws.site import Peer

_SYNTAXES = (sop_classes.EXPLICIT_LITTLE, sop_classes.IMPLICIT_LITTLE)


class Step:
    """A performed procedure step of a modality."""

    def __init__(self, node: Peer, ae_title: str) -> None:
        self.node = node
        self.local = LocalEntity(ae_title=ae_title)
        self.uid: str | None = str(generate_uid(prefix=None))

    def begin(self, *studies: str, status: str = "IN PROGRESS") -> Dataset:
        """N-CREATE; give the response."""
        attributes = Dataset()
        attributes.ScheduledStepAttributesSequence = [_study(uid) for uid in studies]
        attributes.PerformedProcedureStepStatus = status
        attributes.Modality = "DX"
        attributes.PerformedSeriesSequence = []
        named: list[str] = []

        def hear(event: Any) -> None:
            named.append(str(event.message.command_set.get("AffectedSOPInstanceUID", "")))

        with open_association(
            self.local,
            self.node,
            [(sop_classes.PERFORMED_PROCEDURE_STEP, _SYNTAXES)],
            handlers=[(evt.EVT_DIMSE_RECV, hear)],
        ) as association:
            response, _ = association.raw.send_n_create(
                attributes, sop_classes.PERFORMED_PROCEDURE_STEP, self.uid
            )
        self.uid = self.uid or named[0]
        return response

    def end(self, *films: Path, status: str = "COMPLETED") -> Dataset:
        """N-SET with the list of films; give the response."""
        changes = Dataset()
        changes.PerformedProcedureStepStatus = status
        changes.PerformedSeriesSequence = [_series(path, "ReferencedImageSequence") for path in films]
        with open_association(
            self.local, self.node, [(sop_classes.PERFORMED_PROCEDURE_STEP, _SYNTAXES)]
        ) as association:
            response, _ = association.raw.send_n_set(changes, sop_classes.PERFORMED_PROCEDURE_STEP, self.uid)
        return response


def notify(node: Peer, ae_title: str, *films: Path, of_step: bool = False) -> Dataset:
    """Send an Instance Availability Notification for films of one study; give the response."""
    attributes = Dataset()
    attributes.ReferencedPerformedProcedureStepSequence = [Dataset()] if of_step else []
    if of_step:
        item = attributes.ReferencedPerformedProcedureStepSequence[0]
        item.ReferencedSOPClassUID = sop_classes.PERFORMED_PROCEDURE_STEP
        item.ReferencedSOPInstanceUID = generate_uid(prefix=None)
        item.PerformedWorkitemCodeSequence = []
    attributes.StudyInstanceUID = pydicom.dcmread(films[0]).StudyInstanceUID
    attributes.ReferencedSeriesSequence = [_series(path, "ReferencedSOPSequence") for path in films]
    local = LocalEntity(ae_title=ae_title)
    with open_association(local, node, [(sop_classes.INSTANCE_AVAILABILITY, _SYNTAXES)]) as association:
        response, _ = association.raw.send_n_create(
            attributes, sop_classes.INSTANCE_AVAILABILITY, generate_uid(prefix=None)
        )
    return response


def _study(uid: str) -> Dataset:
    item = Dataset()
    item.StudyInstanceUID = uid
    item.AccessionNumber = ""
    return item


def _series(path: Path, keyword: str) -> Dataset:
    film = pydicom.dcmread(path, stop_before_pixels=True)
    image, series = Dataset(), Dataset()
    image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = film.SOPClassUID, film.SOPInstanceUID
    if keyword == "ReferencedSOPSequence":
        image.InstanceAvailability = "ONLINE"
        image.RetrieveAETitle = "PACS"
    series.SeriesInstanceUID = film.SeriesInstanceUID
    setattr(series, keyword, [image])
    return series
