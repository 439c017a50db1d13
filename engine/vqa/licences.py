"""Warnings about models whose terms limit what their outputs may be used for.

A reminder from the names and architectures of well-known families, not a legal opinion and not complete: the
user reads the terms of the model in hand and notes them with --licence-note, which is kept with every pair.
"""

import re

_FAMILIES = (
    (
        r"llama[-_ ]?2|vicuna|llama[-_ ]?3(?![.\d])",
        "The Llama 2 and Llama 3 licences forbid to improve other language models with the model's outputs. "
        "Pairs made by it may be a breach where another model is trained on them.",
    ),
    (
        r"llama",
        "Llama licences limit what may be trained on the model's outputs, by version: some forbid it for other "
        "models, later ones ask for a name and a notice.",
    ),
    (
        r"gemma",
        "Gemma's terms extend to models that are trained on its outputs to perform like it.",
    ),
    (
        r"\bgpt-?[345o]|chatgpt|claude|gemini",
        "The terms of hosted models mostly forbid to train competing models on their outputs.",
    ),
)


def licence_warning(model: str, architecture: str = "") -> str | None:
    """Give the warning for a model by its name or architecture, or None for a family without one."""
    text = f"{model} {architecture}".lower()
    for pattern, warning in _FAMILIES:
        if re.search(pattern, text):
            return f"{warning} Read the terms of {model} and note them with --licence-note."
    return None


def licence_of(report_licence: str, note: str, model: str) -> str:
    """Give the terms that a pair stands under: those of its report and those of its model's outputs."""
    terms = note or f"terms of the outputs of {model} not stated"
    return "; ".join(part for part in (report_licence, terms) if part)
