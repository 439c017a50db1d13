"""The kinds of document that leave, in the window's words."""

from __future__ import annotations

from ui.language import mark, tr

_NAMES = {
    "draft": mark("AI draft, marked as not reviewed"),
    "signed": mark("Signed report"),
    "provenance": mark("Origin of each sentence"),
    "findings": mark("AI findings"),
    "pdf": mark("Report as PDF"),
    "capture": mark("Film with regions"),
    "presentation": mark("Marked regions"),
    "key_image": mark("Key image"),
    "synthetic": mark("Generated films"),
    "oru": mark("HL7 message (ORU)"),
    "fhir": mark("FHIR report"),
    "film": mark("Film"),
    "addendum": mark("Addendum"),
    "forwarded": mark("Received image, forwarded"),
    "rejection": mark("Note that a draft was rejected"),
    "retraction": mark("Note that a report was retracted"),
}


def document_name(document: str) -> str:
    """Return a kind of document in words."""
    return tr(_NAMES[document]) if document in _NAMES else document
