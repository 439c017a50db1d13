"""What a command needs and isn't installed is told as a sentence; anything else stays a defect."""

from __future__ import annotations

import importlib
import sys

import pytest

from engine.commands import told
from llmcxr_ws.errors import EngineFailure


def test_a_missing_part_of_the_training_extra_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx2", None)
    with pytest.raises(EngineFailure, match=r"needs httpx2"), told():
        importlib.import_module("httpx2")


def test_a_missing_module_of_ours_stays_a_defect() -> None:
    with pytest.raises(ModuleNotFoundError), told():
        importlib.import_module("engine.vqa.nowhere")
