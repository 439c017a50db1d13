"""Whose report it is: the one thing that no reason overrules."""

from __future__ import annotations

from llmcxr_ws.guards.objections import Facts, Objection
from llmcxr_ws.guards.wording import objection


def check(facts: Facts) -> list[Objection]:
    """Object to a study without a patient ID: nobody could say whose report it is.

    That the PACS names the same patient is asked by the node, at every signature.
    """
    if facts.patient_id.strip():
        return []
    return [objection("identity.no_patient_id")]
