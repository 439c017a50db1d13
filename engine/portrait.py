"""What a running model tells of itself, for the window's model page: plain values that JSON can hold."""

from __future__ import annotations

import platform
from typing import Any

from engine.imported import CARD
from engine.model import Model

CARD_CHARACTERS = 60_000


def portrait(model: Model) -> dict[str, Any]:
    """Name, hash, thresholds, findings, runtime and card of an opened model."""
    manifest, backends = model.bundle.manifest, model.backends
    report = manifest.sampling.report
    told = {
        "model_name": manifest.name,
        "model_version": manifest.version,
        "model_device_uid": model.bundle.device_uid,
        "runtime": backends.reason,
        "runtime_name": backends.name,
        "precision": backends.precision,
        "machine": platform.machine(),
        "weights_sha256": manifest.weights_sha256,
        "preprocessing": model.bundle.preprocessing.version,
        "findings_judged": list(manifest.findings.judged),
        "findings_supported": list(manifest.findings_supported),
        "findings_not_judged": list(manifest.findings.not_judged),
        "decision_bias": {
            text: value for text, value in report.decision_bias.items() if text == text.strip()
        },
        "temperature": report.temperature,
        "guard": getattr(manifest, "guard", None) is not None,
        "card": _card(model),
    }
    limits = getattr(manifest, "input_check", None)
    for name in ("reconstruction_max", "reconstruction_min", "structure_min", "correlation_min"):
        value = getattr(limits, name, None)
        if value is not None:
            told[name] = value
    return told


def _card(model: Model) -> str:
    """The card's Markdown; empty where the model came without one."""
    try:
        return (model.bundle.folder / CARD).read_text(encoding="utf-8", errors="replace")[:CARD_CHARACTERS]
    except OSError:
        return ""
