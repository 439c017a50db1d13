"""The export takes a tokenizer and a language model that belong together, and leaves what is there alone."""

import json
from pathlib import Path

import pytest
import torch

from engine.bundle import sha256_of
from engine.errors import ExportError
from engine.exporting.bundle import export_bundle
from engine.exporting.settings import ExportSettings


def settings(folder: Path, encoded_by: str) -> ExportSettings:
    """Settings of an export whose language model was trained on codes of the tokenizer `encoded_by`."""
    torch.save({"model": {}, "encodes_as": ""}, folder / "tokenizer.pt")
    (folder / "lm").mkdir()
    (folder / "lm" / "llmcxr.json").write_text(json.dumps({"image_tokenizer": encoded_by}))
    return ExportSettings(
        tokenizer=folder / "tokenizer.pt", language_model=folder / "lm", manifest=folder / "films.csv",
        out=folder / "bundle", version="1",
    )  # fmt: skip


def test_a_language_model_of_another_tokenizer_is_refused(tmp_path: Path) -> None:
    asked = settings(tmp_path, "0123456789ab")
    found = sha256_of(asked.tokenizer)[:12]
    with pytest.raises(ExportError, match=f"codes of the tokenizer 0123456789ab, and .* is {found}"):
        export_bundle(asked)
    assert not asked.out.exists() and not list(tmp_path.glob(".bundle*"))


def test_a_folder_that_is_no_bundle_is_left_alone(tmp_path: Path) -> None:
    asked = settings(tmp_path, "0123456789ab")
    asked.out.mkdir()
    (asked.out / "letter.txt").write_text("mine")
    with pytest.raises(ExportError, match="isn't a bundle"):
        export_bundle(asked)
    assert (asked.out / "letter.txt").read_text() == "mine"
