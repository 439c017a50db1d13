"""Which action PS3.15 asks for at each attribute: table E.1-1 with the columns of the options.

The column of the basic profile is that of dicom-anonymizer's database of edition 2026c. The library holds no
options, so their columns stand here, by keyword. Where the table leaves a choice by the type of the attribute, the
one is taken that keeps every object whole: a value that says nothing rather than none, none rather than no attribute.
"""

from __future__ import annotations

from enum import Enum
from functools import cache
from typing import Final

from dicomanonymizer.dicomfields_selector import dicom_anonymization_database_selector
from pydicom.datadict import dictionary_VR, tag_for_keyword

EDITION: Final = "2026c"


def words(text: str) -> tuple[str, ...]:
    """The words of a text: a long list that can be read."""
    return tuple(text.split())


class Action(Enum):
    """What becomes of an attribute (PS3.15 E.1.1, table E.1-1a)."""

    REMOVE = "X"
    EMPTY = "Z"
    DUMMY = "D"
    UID = "U"
    CLEAN = "C"
    KEEP = "K"
    SHIFT = "shift"


_CHOSEN: Final = {
    "X_TAGS": Action.REMOVE,
    "Z_TAGS": Action.EMPTY,
    "D_TAGS": Action.DUMMY,
    "U_TAGS": Action.UID,
    "Z_D_TAGS": Action.DUMMY,
    "X_Z_TAGS": Action.EMPTY,
    "X_D_TAGS": Action.DUMMY,
    "X_Z_D_TAGS": Action.DUMMY,
    "X_Z_U_STAR_TAGS": Action.UID,
}

# Date and time VRs that stay under no option.
_NEVER_RETAINED: Final = ("PatientBirthDate", "PatientBirthTime", "GPSTimeStamp")

DEVICE: Final = words(
    """
BeamHoldTransitionDateTime CalibrationDate CalibrationDateTime CalibrationTime CassetteID DateOfInstallation
DateOfLastCalibration DateOfLastDetectorCalibration DateOfManufacture DateTimeOfLastCalibration DetectorID
DeviceDescription DeviceLabel DeviceSerialNumber DeviceUID GantryID GeneratorID LensMake LensModel
LensSerialNumber LensSpecification ManufacturerDeviceClassUID ManufacturerDeviceIdentifier ModifyingDeviceID
ModifyingSystem PerformedStationGeographicLocationCodeSequence PerformedStationName
PerformedStationNameCodeSequence PlateID ScheduledProcedureStepLocation
ScheduledStationGeographicLocationCodeSequence ScheduledStationName ScheduledStationNameCodeSequence
ScheduledStudyLocation SourceManufacturer SourceSerialNumber StationName TimeOfLastCalibration
TimeOfLastDetectorCalibration TransducerIdentificationSequence TreatmentMachineName UDISequence
UniqueDeviceIdentifier XRayDetectorID XRayDetectorLabel XRaySourceID
"""
)
DEVICE_CLEANED: Final = words(
    """
DestinationAE NetworkID Originator PerformedStationAETitle ReceivingAE RequestingAE RetrieveAETitle
ScheduledStationAETitle ScheduledStudyLocationAETitle SelectorAEValue StationAETitle
"""
)
INSTITUTION: Final = words(
    """
ClinicalTrialCoordinatingCenterName ClinicalTrialProtocolEthicsCommitteeName ClinicalTrialSiteID
ClinicalTrialSiteName InstitutionAddress InstitutionalDepartmentName InstitutionalDepartmentTypeCodeSequence
InstitutionCodeSequence InstitutionName SourceOfPreviousValues
"""
)
PATIENT: Final = words(
    """
EthnicGroup EthnicGroupCodeSequence PatientAge PatientSex PatientSexNeutered PatientSize PatientWeight
PregnancyStatus SelectorASValue SmokingStatus
"""
)
PATIENT_CLEANED: Final = ("Allergies", "PatientState", "PreMedication", "SpecialNeeds")
STRUCTURED: Final = ("AcquisitionContextSequence", "ContentSequence", "SpecimenPreparationSequence")
GRAPHICS: Final = ("GraphicAnnotationSequence",)
UIDS: Final = words(
    """
AffectedSOPInstanceUID ReferencedImageSequence AnnotationGroupUID ReferencedStudySequence
ReferencedPerformedProcedureStepSequence SourceImageSequence
"""
)
# Retired or foreign to projection radiography ones are left out: they go, as the basic profile says.
DESCRIPTORS: Final = words(
    """
AcquisitionComments AcquisitionDeviceProcessingDescription AcquisitionProtocolDescription
AdditionalPatientHistory AdmittingDiagnosesCodeSequence AdmittingDiagnosesDescription Allergies
AnnotationGroupDescription AnnotationGroupLabel ClinicalTrialSeriesDescription ClinicalTrialTimePointDescription
CommentsOnRadiationDose CommentsOnThePerformedProcedureStep ContrastBolusAgent ContributionDescription
DerivationDescription DeviceSettingDescription EntityDescription EntityLabel EntityLongLabel EntityName
FrameComments IdentifyingComments ImageComments ImagingServiceRequestComments Impressions
InterpretationDiagnosisDescription InterpretationText LabelText LongDeviceDescription MedicalAlerts Occupation
PatientComments PatientState PerformedProcedureStepDescription ProtocolName
ReasonForRequestedProcedureCodeSequence ReasonForStudy ReasonForTheAttributeModification
ReasonForTheImagingServiceRequest ReasonForTheRequestedProcedure ReasonForVisit ReasonForVisitCodeSequence
RequestAttributesSequence RequestedContrastAgent RequestedProcedureComments RequestedProcedureDescription
RequestedSeriesDescription ResultsComments ScheduledProcedureStepDescription SelectorLOValue SelectorLTValue
SelectorSHValue SelectorSTValue SelectorUTValue SeriesDescription ServiceEpisodeDescription StudyComments
StudyDescription UserContentLabel UserContentLongLabel VisitComments
"""
)

_COLUMNS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "retain_device_identity": (DEVICE, DEVICE_CLEANED),
    "retain_institution_identity": (INSTITUTION, ()),
    "retain_patient_characteristics": (PATIENT, PATIENT_CLEANED),
    "retain_uids": (UIDS, ()),
    "clean_structured_content": ((), STRUCTURED),
    "clean_graphics": ((), GRAPHICS),
    "clean_descriptors": ((), DESCRIPTORS),
}
"""Option to what it keeps, and what it cleans."""


@cache
def basic() -> dict[int, Action]:
    """Table E.1-1's column of the basic profile: tag to action. Repeating groups: see :func:`of_repeating`."""
    tables = dicom_anonymization_database_selector(f"dicomfields_{EDITION}")
    return {
        tag[0] << 16 | tag[1]: action
        for name, action in _CHOSEN.items()
        for tag in tables[name]
        if len(tag) == 2
    }


@cache
def _repeating() -> tuple[tuple[int, int], ...]:
    tables = dicom_anonymization_database_selector(f"dicomfields_{EDITION}")
    masked = [tag for name in _CHOSEN for tag in tables[name] if len(tag) == 4]
    return tuple((tag[0] << 16 | tag[1], tag[2] << 16 | tag[3]) for tag in masked)


def of_repeating(tag: int) -> bool:
    """Whether the table removes an attribute of a repeating group: curves, overlay data and comments."""
    return any(tag & mask == wanted & mask for wanted, mask in _repeating())


@cache
def actions(options: frozenset[str], dates: str) -> dict[int, Action]:
    """The whole table under a set of options.

    Parameters
    ----------
    dates : str
        REMOVED, MODIFIED or UNMODIFIED, as of :attr:`Profile.dates`.
    """
    table = dict(basic())
    if dates != "REMOVED":
        never = {tag_for_keyword(keyword) for keyword in _NEVER_RETAINED}
        timed = [tag for tag in table if _vr(tag) in ("DA", "DT", "TM") and tag not in never]
        timed.append(tag_for_keyword("TimezoneOffsetFromUTC") or 0)
        table |= dict.fromkeys(timed, Action.KEEP if dates == "UNMODIFIED" else Action.SHIFT)
    if "retain_uids" in options:
        table |= {tag: Action.KEEP for tag, action in table.items() if action is Action.UID}
    for option in sorted(options & _COLUMNS.keys()):
        kept, cleaned = _COLUMNS[option]
        for keyword in kept:
            tag = tag_for_keyword(keyword) or 0
            # Dates of calibration are a device's identity, yet dates: their option says what becomes of them.
            if tag and not (_vr(tag) in ("DA", "DT", "TM") and table.get(tag) is Action.SHIFT):
                table[tag] = Action.KEEP
        for keyword in cleaned:
            tag = tag_for_keyword(keyword) or 0
            if tag and table.get(tag) is not Action.KEEP:
                table[tag] = Action.CLEAN
    table.pop(0, None)
    return table


def _vr(tag: int) -> str:
    try:
        return dictionary_VR(tag)
    except KeyError:
        return ""
