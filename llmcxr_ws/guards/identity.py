"""Whose report it is: the one thing that no reason overrules."""

from __future__ import annotations

from llmcxr_ws.guards.objections import Facts, Objection


def check(facts: Facts) -> list[Objection]:
    """Object to a study without a patient ID: nobody could say whose report it is.

    That the PACS names the same patient is asked by the node, at every signature.
    """
    if facts.patient_id.strip():
        return []
    sentence = "The study bears no patient ID. Have it corrected in the PACS and sent again."
    return [Objection("identity.no_patient_id", sentence, overrulable=False)]
