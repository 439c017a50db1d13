"""Observer context of a document (PS3.16 TID 1002 to 1004): the model, and the person who signs or rejects."""

from __future__ import annotations

from highdicom.sr import (
    CodedConcept,
    DeviceObserverIdentifyingAttributes,
    ObserverContext,
    PersonObserverIdentifyingAttributes,
)
from pydicom.sr.codedict import codes

from dicom_node.documents.report import Device, Person


def device_context(device: Device) -> ObserverContext:
    """Return the content items that name a model as observer."""
    return ObserverContext(
        observer_type=CodedConcept.from_code(codes.DCM.Device),
        observer_identifying_attributes=DeviceObserverIdentifyingAttributes(
            uid=device.uid,
            name=f"{device.model_name} {device.version}",
            manufacturer_name=device.manufacturer,
            model_name=device.model_name,
            serial_number=device.serial or None,
        ),
    )


def person_context(person: Person, *, verifies: bool = False) -> ObserverContext:
    """Return the content items that name a person as observer; who signs has the role Verifying (CID 7453).

    What somebody is in the hospital (CID 7452) isn't said: the workstation's roles tell what a user may do here.
    """
    return ObserverContext(
        observer_type=CodedConcept.from_code(codes.DCM.Person),
        observer_identifying_attributes=PersonObserverIdentifyingAttributes(
            name=person.name,
            login_name=person.identifier or None,
            organization_name=person.organisation,
            role_in_procedure=CodedConcept.from_code(codes.DCM.Verifying) if verifies else None,
        ),
    )
