"""Which SOP classes and transfer syntaxes the node speaks, as tables (PS3.4 annex B, PS3.5 annex A).

Only facts, no code that negotiates: the listener, the users and the simulator build their presentation contexts here
so that the conformance statement can be derived from one place.
"""

from __future__ import annotations

from typing import Final

CR_IMAGE: Final = "1.2.840.10008.5.1.4.1.1.1"
DX_FOR_PRESENTATION: Final = "1.2.840.10008.5.1.4.1.1.1.1"
DX_FOR_PROCESSING: Final = "1.2.840.10008.5.1.4.1.1.1.1.1"
SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"
ENHANCED_SR: Final = "1.2.840.10008.5.1.4.1.1.88.22"
COMPREHENSIVE_SR: Final = "1.2.840.10008.5.1.4.1.1.88.33"
COMPREHENSIVE_3D_SR: Final = "1.2.840.10008.5.1.4.1.1.88.34"
PRESENTATION_STATE: Final = "1.2.840.10008.5.1.4.1.1.11.1"
KEY_OBJECT_SELECTION: Final = "1.2.840.10008.5.1.4.1.1.88.59"
ENCAPSULATED_PDF: Final = "1.2.840.10008.5.1.4.1.1.104.1"

IMAGE_CLASSES: Final[tuple[str, ...]] = (
    CR_IMAGE,
    DX_FOR_PRESENTATION,
    DX_FOR_PROCESSING,
    SECONDARY_CAPTURE,
    "1.2.840.10008.5.1.4.1.1.7.1",  # Multi-frame Single Bit Secondary Capture
    "1.2.840.10008.5.1.4.1.1.7.2",  # Multi-frame Grayscale Byte Secondary Capture
    "1.2.840.10008.5.1.4.1.1.7.3",  # Multi-frame Grayscale Word Secondary Capture
    "1.2.840.10008.5.1.4.1.1.7.4",  # Multi-frame True Color Secondary Capture
    "1.2.840.10008.5.1.4.1.1.2",  # CT
    "1.2.840.10008.5.1.4.1.1.2.1",  # Enhanced CT
    "1.2.840.10008.5.1.4.1.1.4",  # MR
    "1.2.840.10008.5.1.4.1.1.6.1",  # Ultrasound
    "1.2.840.10008.5.1.4.1.1.128",  # PET
    "1.2.840.10008.5.1.4.1.1.12.1",  # X-Ray Angiographic
    "1.2.840.10008.5.1.4.1.1.12.2",  # X-Ray Radiofluoroscopic
    "1.2.840.10008.5.1.4.1.1.1.2",  # Digital Mammography, for presentation
    "1.2.840.10008.5.1.4.1.1.1.2.1",  # Digital Mammography, for processing
    "1.2.840.10008.5.1.4.1.1.1.3",  # Digital Intra-Oral, for presentation
)
"""Images a PACS may push with a chest study; what isn't a chest film is excluded later, with its reason."""

DOCUMENT_CLASSES: Final[tuple[str, ...]] = (
    "1.2.840.10008.5.1.4.1.1.88.11",  # Basic Text SR
    ENHANCED_SR,
    COMPREHENSIVE_SR,
    COMPREHENSIVE_3D_SR,
    "1.2.840.10008.5.1.4.1.1.88.65",  # Chest CAD SR
    "1.2.840.10008.5.1.4.1.1.88.67",  # X-Ray Radiation Dose SR
    KEY_OBJECT_SELECTION,
    PRESENTATION_STATE,
    "1.2.840.10008.5.1.4.1.1.11.2",  # Color Softcopy Presentation State
    ENCAPSULATED_PDF,
)
"""Documents that come with a study: priors' reports, key objects, presentation states."""

SENT: Final[dict[str, str]] = {
    "draft": ENHANCED_SR,
    "signed": ENHANCED_SR,
    "provenance": COMPREHENSIVE_SR,
    "findings": COMPREHENSIVE_3D_SR,
    "pdf": ENCAPSULATED_PDF,
    "capture": SECONDARY_CAPTURE,
    "presentation": PRESENTATION_STATE,
    "key_image": KEY_OBJECT_SELECTION,
    "synthetic": SECONDARY_CAPTURE,
}
"""The class of each kind of the output matrix that travels by DICOM."""
WITHDRAWAL: Final = KEY_OBJECT_SELECTION
"""The class of the note that takes any of them back: who gets one of them may get a note as well."""

STORAGE_CLASSES: Final = IMAGE_CLASSES + DOCUMENT_CLASSES

IMPLICIT_LITTLE: Final = "1.2.840.10008.1.2"
EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
UNCOMPRESSED: Final[tuple[str, ...]] = (
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    "1.2.840.10008.1.2.1.99",  # Deflated Explicit VR Little Endian
    "1.2.840.10008.1.2.2",  # Explicit VR Big Endian (retired, still met)
)
COMPRESSED: Final[tuple[str, ...]] = (
    "1.2.840.10008.1.2.5",  # RLE Lossless
    "1.2.840.10008.1.2.4.50",  # JPEG Baseline
    "1.2.840.10008.1.2.4.51",  # JPEG Extended
    "1.2.840.10008.1.2.4.57",  # JPEG Lossless
    "1.2.840.10008.1.2.4.70",  # JPEG Lossless, first-order prediction
    "1.2.840.10008.1.2.4.80",  # JPEG-LS Lossless
    "1.2.840.10008.1.2.4.81",  # JPEG-LS Near-lossless
    "1.2.840.10008.1.2.4.90",  # JPEG 2000 Lossless
    "1.2.840.10008.1.2.4.91",  # JPEG 2000
    "1.2.840.10008.1.2.4.201",  # HTJ2K Lossless
    "1.2.840.10008.1.2.4.202",  # HTJ2K Lossless RPCL
    "1.2.840.10008.1.2.4.203",  # HTJ2K
)

VERIFICATION: Final = "1.2.840.10008.1.1"
STORAGE_COMMITMENT: Final = "1.2.840.10008.1.20.1"
STORAGE_COMMITMENT_INSTANCE: Final = "1.2.840.10008.1.20.1.1"
"""The well-known SOP instance of the push model (PS3.4 J.3.5)."""

PERFORMED_PROCEDURE_STEP: Final = "1.2.840.10008.3.1.2.3.3"
INSTANCE_AVAILABILITY: Final = "1.2.840.10008.5.1.4.33"
NOTICES: Final[tuple[str, ...]] = (PERFORMED_PROCEDURE_STEP, INSTANCE_AVAILABILITY)
"""By which peers tell which images a study has (PS3.4 annexes F and R)."""

PATIENT_ROOT_FIND: Final = "1.2.840.10008.5.1.4.1.2.1.1"
PATIENT_ROOT_MOVE: Final = "1.2.840.10008.5.1.4.1.2.1.2"
PATIENT_ROOT_GET: Final = "1.2.840.10008.5.1.4.1.2.1.3"
STUDY_ROOT_FIND: Final = "1.2.840.10008.5.1.4.1.2.2.1"
WORKLIST_FIND: Final = "1.2.840.10008.5.1.4.31"
STUDY_ROOT_MOVE: Final = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_ROOT_GET: Final = "1.2.840.10008.5.1.4.1.2.2.3"

USED: Final[tuple[str, ...]] = (
    VERIFICATION,
    STORAGE_COMMITMENT,
    WORKLIST_FIND,
    STUDY_ROOT_FIND,
    STUDY_ROOT_MOVE,
    STUDY_ROOT_GET,
    PATIENT_ROOT_FIND,
    PATIENT_ROOT_MOVE,
    PATIENT_ROOT_GET,
)
"""What is asked of others (SCU), storage apart."""
