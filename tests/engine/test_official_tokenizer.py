"""Official VQ-GAN files: the sizes of a taming YAML, a Lightning checkpoint to the key, and every refusal."""

from __future__ import annotations

import ast
import os
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from engine.errors import CheckpointError
from engine.tokenizer.config import OFFICIAL
from engine.tokenizer.official import load_official, read_config, read_state
from tests.engine.official_files import SMALL, lightning_checkpoint, small_tokenizer, taming_yaml

KEYS = Path(__file__).parents[1] / "data" / "vqgan_official_keys.tsv"


def test_the_official_yaml_gives_the_official_sizes(tmp_path: Path) -> None:
    assert read_config(taming_yaml(tmp_path / "official.yaml", OFFICIAL)) == OFFICIAL


@pytest.mark.parametrize(
    "config",
    [
        SMALL,
        replace(SMALL, resolution=32, ch_mult=(1, 2), attn_resolutions=()),
        replace(SMALL, in_channels=1, out_channels=1, n_embed=512, num_res_blocks=2),
    ],
)
def test_any_size_of_that_shape_round_trips(tmp_path: Path, config: Any) -> None:
    model = small_tokenizer(config=config)
    checkpoint = lightning_checkpoint(tmp_path / "last.ckpt", model)
    loaded = load_official(checkpoint, read_config(taming_yaml(tmp_path / "model.yaml", config)))
    film = torch.rand(2, config.in_channels, config.resolution, config.resolution) * 2 - 1
    codes = model.encode(film)
    assert len(codes.unique()) > 4
    assert torch.equal(loaded.encode(film), codes)
    assert torch.equal(loaded.decode(codes), model.decode(codes))
    assert not loaded.training


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        pytest.param({"target": "taming.models.vqgan.GumbelVQ"}, "GumbelVQ", id="gumbel"),
        pytest.param({"double_z": True}, "double_z to True", id="double z"),
        pytest.param({"attn_type": "linear"}, "attn_type", id="attention"),
        pytest.param({"ch_mult": "1,2"}, "ch_mult must be a list", id="no list"),
        pytest.param({"ch": 48}, "48 channels", id="groups"),
        pytest.param({"resolution": 66}, "resolution 66", id="resolution"),
        pytest.param({"z_channels": None}, "z_channels must be a whole number", id="missing"),
        pytest.param({"depth": 3}, "ddconfig.depth", id="unknown"),
    ],
)
def test_a_configuration_of_another_network_is_refused(
    tmp_path: Path, changes: dict[str, Any], named: str
) -> None:
    with pytest.raises(CheckpointError, match=named):
        read_config(taming_yaml(tmp_path / "model.yaml", **changes))


@pytest.mark.parametrize("text", ["", "a: [", "model: {}", "model: {params: {embed_dim: 4}}"])
def test_a_file_that_is_no_taming_yaml_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "model.yaml").write_text(text)
    with pytest.raises(CheckpointError, match=r"model\.yaml"):
        read_config(tmp_path / "model.yaml")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        pytest.param(
            {"quant_conv__bias": None}, r"lacks the tensor quant_conv\.bias of shape \(16,\)", id="missing"
        ),
        pytest.param(
            {"encoder__conv_in__weight": torch.zeros(32, 1, 3, 3)},
            r"encoder\.conv_in\.weight .* has the shape \(32, 1, 3, 3\); expected is \(32, 3, 3, 3\)",
            id="misshapen",
        ),
        pytest.param(
            {"quantize__other": torch.zeros(2)}, r"unexpected tensor quantize\.other", id="unexpected"
        ),
        pytest.param(
            {"quant_conv__bias": torch.full((16,), torch.nan)},
            r"quant_conv\.bias .* aren't numbers",
            id="NaN",
        ),
    ],
)
def test_a_wrong_checkpoint_names_the_first_key(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    checkpoint = lightning_checkpoint(tmp_path / "last.ckpt", small_tokenizer(), **changes)
    with pytest.raises(CheckpointError, match=told):
        load_official(checkpoint, SMALL)


def test_a_damaged_checkpoint_names_the_tensor(tmp_path: Path) -> None:
    checkpoint = lightning_checkpoint(tmp_path / "last.ckpt", small_tokenizer())
    content = bytearray(checkpoint.read_bytes())
    weight = small_tokenizer().decoder.mid.block_1.conv1.weight.detach().numpy().tobytes()
    content[content.index(weight) + 1000] ^= 1
    checkpoint.write_bytes(content)
    with pytest.raises(
        CheckpointError, match=r"damaged: the tensor decoder\.mid\.block_1\.conv1\.weight differs"
    ):
        read_state(checkpoint)


@pytest.mark.parametrize("size", [0, 100, 50_000])
def test_a_checkpoint_cut_short_is_refused(tmp_path: Path, size: int) -> None:
    checkpoint = lightning_checkpoint(tmp_path / "last.ckpt", small_tokenizer())
    checkpoint.write_bytes(checkpoint.read_bytes()[:size])
    with pytest.raises(CheckpointError, match="damaged or no checkpoint"):
        read_state(checkpoint)


class Harmful:
    """Would leave a file behind when a pickle is read carelessly."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.file),)


def test_nothing_in_a_checkpoint_is_run(tmp_path: Path) -> None:
    torch.save({"state_dict": {}, "callbacks": Harmful(tmp_path / "ran")}, tmp_path / "bad.ckpt")
    with pytest.raises(CheckpointError, match=r"mkdir.*nothing of it was run"):
        read_state(tmp_path / "bad.ckpt")
    assert not (tmp_path / "ran").exists()


def test_what_holds_no_tensors_is_refused(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "list.pt")
    torch.save({"epoch": 3, "lr": 0.1}, tmp_path / "numbers.pt")
    torch.save({"state_dict": {}}, tmp_path / "empty.pt")
    for name, told in (
        ("list.pt", "holds a list"),
        ("numbers.pt", "epoch is a int"),
        ("empty.pt", "no weights"),
    ):
        with pytest.raises(CheckpointError, match=told):
            read_state(tmp_path / name)
    with pytest.raises(CheckpointError, match="no checkpoint file"):
        read_state(tmp_path / "missing.ckpt")


def test_plain_and_safetensors_state_dicts_are_read(tmp_path: Path) -> None:
    state = dict(small_tokenizer().state_dict())
    torch.save(state, tmp_path / "state.pt")
    save_file(state, tmp_path / "state.safetensors")
    for name in ("state.pt", "state.safetensors"):
        assert read_state(tmp_path / name).keys() == state.keys()
    (tmp_path / "state.safetensors").write_bytes(b"\x10" * 40)
    with pytest.raises(CheckpointError, match="safetensors"):
        read_state(tmp_path / "state.safetensors")


def test_the_official_size_loads_strictly(tmp_path: Path) -> None:
    lines = [line.split("\t") for line in KEYS.read_text().splitlines() if not line.startswith("#")]
    # Zeros from one stored number each: the full shapes at a small file.
    state = {key: torch.zeros(1).expand(ast.literal_eval(shape)) for key, shape in lines}
    torch.save({"state_dict": {**state, "loss.logvar": torch.zeros(1)}}, tmp_path / "official.ckpt")
    model = load_official(tmp_path / "official.ckpt", OFFICIAL)
    assert len(model.state_dict()) == 343
    assert sum(tensor.numel() for tensor in model.parameters()) == 72_141_699
    assert zipfile.is_zipfile(tmp_path / "official.ckpt")
