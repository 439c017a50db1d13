"""Results beyond DICOM: HL7 v2 messages by MLLP and FHIR resources by HTTP, made of the same written sentences."""
