"""What the guards say, in the window's language. The sentence that is overruled and kept stays the English one."""

from __future__ import annotations

from llmcxr_ws.guards import Objection, why
from llmcxr_ws.guards.wording import SENTENCES
from ui.language import mark, tr

# As `llmcxr_ws.guards.lexicon` calls them; a test holds the two together.
FINDINGS = (
    mark("pleural effusion"),
    mark("pneumothorax"),
    mark("pneumonia"),
    mark("consolidation"),
    mark("infiltrate"),
    mark("opacity"),
    mark("atelectasis"),
    mark("edema"),
    mark("congestion"),
    mark("cardiomegaly"),
    mark("mediastinal widening"),
    mark("nodule"),
    mark("granuloma"),
    mark("mass"),
    mark("mediastinal mass"),
    mark("lung lesion"),
    mark("emphysema"),
    mark("fibrosis"),
    mark("pleural thickening"),
    mark("hernia"),
    mark("fracture"),
    mark("tuberculosis"),
    mark("free air"),
    mark("support device"),
)


def sentence_of(objection: Objection) -> str:
    """Return what an objection says; its own sentence where it is of a rule that this window doesn't know."""
    if objection.key not in SENTENCES:
        return objection.sentence
    values = dict(objection.values)
    if "finding" in values:
        values["finding"] = finding_name(values["finding"])
    if "findings" in values:
        values["findings"] = ", ".join(finding_name(name) for name in values["findings"].split(", "))
    return tr(SENTENCES[objection.key]).format(**values)


def why_of(objection: Objection) -> str:
    """Return why its rule is there."""
    words = why(objection.code)
    return tr(words) if words else ""


def finding_name(name: str) -> str:
    """Return what a finding is called; a bundle's own name where it isn't of the guards' words."""
    plain = name.replace("_", " ").strip().lower()
    found = tr(plain) if plain in FINDINGS else ""
    if not found or found == plain:
        return name  # as its bundle writes it
    return found
