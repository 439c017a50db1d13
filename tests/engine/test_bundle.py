"""A bundle is read strictly: what was changed, lost or added is named."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine import bundle as bundle_module
from engine.bundle import Bundle, default_bundle_folder, weights_sha256
from engine.errors import BundleError
from tests.engine.factories import make_bundle, write_manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_bundle(tmp_path / "tiny")


def edit_manifest(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def test_load_reads_the_manifest_and_the_tokenizer(folder: Path) -> None:
    bundle = Bundle.load(folder)
    assert bundle.manifest.name == "tiny"
    assert bundle.preprocessing.side == 256
    assert bundle.vocabulary.end == bundle.manifest.vocabulary.end
    assert len(bundle.manifest.input_check.reference) == 32


def test_device_uid_follows_the_weights_alone(tmp_path: Path, folder: Path) -> None:
    first = Bundle.load(folder)
    same = Bundle.load(make_bundle(tmp_path / "again", version="2027.1.0"))
    other = Bundle.load(make_bundle(tmp_path / "other", seed=8))
    assert first.device_uid == same.device_uid
    assert first.device_uid != other.device_uid
    assert first.model_key != same.model_key
    assert re.fullmatch(r"2\.25\.[1-9]\d{0,38}", first.device_uid)
    assert len(first.device_uid) <= 64


@pytest.mark.parametrize("name", ["encoder.onnx", "lm.onnx", "tokenizer.json", "MODEL_CARD.md"])
def test_a_changed_file_is_refused_by_name(folder: Path, name: str) -> None:
    with (folder / name).open("ab") as stream:
        stream.write(b" ")
    with pytest.raises(BundleError, match=re.escape(f"The file {name} of the bundle")):
        Bundle.load(folder)


def test_a_missing_file_is_refused_by_name(folder: Path) -> None:
    (folder / "decoder.onnx").unlink()
    with pytest.raises(BundleError, match=r"lacks its file decoder\.onnx"):
        Bundle.load(folder)


def test_a_file_that_the_manifest_does_not_list_is_refused(folder: Path) -> None:
    (folder / "lm.onnx.data").write_bytes(b"other weights")
    with pytest.raises(BundleError, match=r"holds 'lm\.onnx\.data', which its manifest doesn't list"):
        Bundle.load(folder)


def test_a_name_that_leads_out_of_the_folder_is_refused(folder: Path) -> None:
    edit_manifest(folder, lambda manifest: manifest["files"].update({"../secret": "0" * 64}))
    with pytest.raises(BundleError, match="isn't a plain file name"):
        Bundle.load(folder)


def test_weights_hash_must_be_that_of_the_files(folder: Path) -> None:
    edit_manifest(folder, lambda manifest: manifest.update(weights_sha256="ab" * 32))
    with pytest.raises(BundleError, match="as hash of the weights"):
        Bundle.load(folder)


def test_weights_hash_leaves_the_card_out() -> None:
    files = {"lm.onnx": "1", "lm.onnx.data": "2", "tokenizer.json": "3", "MODEL_CARD.md": "4"}
    assert weights_sha256(files) == weights_sha256({**files, "MODEL_CARD.md": "5"})
    assert weights_sha256(files) != weights_sha256({**files, "lm.onnx.data": "5"})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(format=2), "format"),
        (lambda m: m.pop("sampling"), "sampling"),
        (lambda m: m["sampling"]["report"].update(top_k=3), r"sampling\.report\.top_k"),
        (lambda m: m["language_model"].update(layers="six"), r"language_model\.layers"),
        (lambda m: m.update(surprise=1), "surprise"),
        (lambda m: m["preprocessing"].update(version="9"), "version '9'"),
        (lambda m: m["vocabulary"].update(end=5), "gives end = 5"),
        (lambda m: m["files"].pop("lm.onnx"), r"lists no lm\.onnx"),
    ],
)
def test_a_manifest_of_another_format_is_refused_by_its_key(
    folder: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    edit_manifest(folder, change)
    with pytest.raises(BundleError, match=message):
        Bundle.load(folder)


def test_no_manifest_and_no_json_are_refused(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(BundleError, match="no model bundle"):
        Bundle.load(tmp_path / "nothing")
    (folder / "manifest.json").write_text("{")
    with pytest.raises(BundleError, match="is refused"):
        Bundle.load(folder)


def test_a_rewritten_manifest_is_whole_again(folder: Path) -> None:
    (folder / "MODEL_CARD.md").write_text("changed")
    write_manifest(folder)
    assert Bundle.load(folder).manifest.name == "tiny"


def test_default_bundle_folder_names_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_module.importlib.resources, "files", lambda package: tmp_path)
    with pytest.raises(BundleError, match="no model bundle"):
        default_bundle_folder()
    make_bundle(tmp_path / "bundles" / "demo")
    assert default_bundle_folder() == tmp_path / "bundles" / "demo"
