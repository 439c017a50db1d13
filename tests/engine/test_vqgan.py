"""The VQ-GAN: the published layout to the key, the legacy loss, raster order, and its ONNX graphs."""

import ast
import dataclasses
import warnings
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch

from engine.half_storage import store_half
from engine.tokenizer.codebook import cluster, restart_dead
from engine.tokenizer.config import DEMO, OFFICIAL, VQGANConfig
from engine.tokenizer.graph import export_tokenizer
from engine.tokenizer.vqgan import Quantizer, VQModel
from engine.train.rounding import round_to_half

KEYS = Path(__file__).parents[1] / "data" / "vqgan_official_keys.tsv"
TINY = VQGANConfig(
    resolution=32, in_channels=1, out_channels=1, ch=32, ch_mult=(1, 2), num_res_blocks=1, stem=4,
    attn_resolutions=(4,), z_channels=16, embed_dim=8, n_embed=32,
)  # fmt: skip


@pytest.fixture
def tiny() -> VQModel:
    torch.manual_seed(0)
    model = VQModel(TINY)
    model.quantize.embedding.weight.data.normal_()
    return round_to_half(model).eval()


def test_official_configuration_has_the_published_keys_and_shapes() -> None:
    with torch.device("meta"):
        model = VQModel(OFFICIAL)
    lines = [line.split("\t") for line in KEYS.read_text().splitlines() if not line.startswith("#")]
    wanted = {key: ast.literal_eval(shape) for key, shape in lines}
    assert {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()} == wanted
    assert len(wanted) == 343
    assert sum(tensor.numel() for tensor in model.parameters()) == 72_141_699
    assert OFFICIAL.side == 16


def test_demo_configuration_gives_256_codes() -> None:
    assert DEMO.side == 16
    assert VQGANConfig.from_dict(DEMO.to_dict()) == DEMO


def test_no_attribute_is_called_code() -> None:
    with torch.device("meta"):
        model = VQModel(TINY)
    assert not any(hasattr(module, "code") for module in model.modules())


def test_beta_weighs_the_codebook_term() -> None:
    quantizer = Quantizer(dataclasses.replace(TINY, n_embed=2, embed_dim=2, beta=0.25))
    quantizer.embedding.weight.data = torch.tensor([[0.0, 0.0], [10.0, 10.0]])
    z = torch.full((1, 2, 1, 1), 1.0, requires_grad=True)
    loss = quantizer(z).loss
    loss.backward()
    assert loss.item() == pytest.approx(1.25)
    # Each of two values is 1 away: the commitment gradient is 2 * 1 / 2, the codebook's a quarter of that.
    assert z.grad is not None
    assert z.grad.flatten().tolist() == pytest.approx([1.0, 1.0])
    assert quantizer.embedding.weight.grad is not None
    assert quantizer.embedding.weight.grad[0].tolist() == pytest.approx([-0.25, -0.25])


def test_indices_are_in_raster_order() -> None:
    quantizer = Quantizer(dataclasses.replace(TINY, n_embed=6, embed_dim=1))
    quantizer.embedding.weight.data = torch.arange(6.0).unsqueeze(1)
    grid = torch.arange(6.0).reshape(1, 1, 2, 3)
    assert quantizer.nearest(grid).tolist() == [[0, 1, 2, 3, 4, 5]]


def test_decoding_indices_equals_decoding_what_the_quantizer_gave(tiny: VQModel) -> None:
    film = torch.rand(2, 1, 32, 32) * 2 - 1
    with torch.no_grad():
        reconstruction, quantized = tiny(film)
    again = tiny.decode(quantized.indices)
    assert torch.allclose(reconstruction.clamp(-1, 1), again, atol=1e-5)
    assert torch.equal(tiny.encode(film), quantized.indices)


def test_straight_through_gradient_reaches_the_encoder(tiny: VQModel) -> None:
    reconstruction, _ = tiny(torch.rand(1, 1, 32, 32))
    reconstruction.square().mean().backward()
    gradient = tiny.encoder.conv_in.weight.grad
    assert gradient is not None
    assert gradient.abs().sum() > 0


def test_clustered_codebook_finds_the_clusters() -> None:
    generator = torch.Generator().manual_seed(0)
    centres = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    points = centres.repeat(50, 1) + 0.1 * torch.randn(150, 2, generator=generator)
    found = cluster(points, 3, 20, torch.Generator().manual_seed(3))
    assert torch.cdist(centres, found).min(dim=1).values.max() < 0.5


def test_dead_entries_move_and_used_ones_stay() -> None:
    quantizer = Quantizer(dataclasses.replace(TINY, n_embed=3, embed_dim=2))
    quantizer.embedding.weight.data = torch.zeros(3, 2)
    moved = restart_dead(quantizer, torch.tensor([5, 0, 1]), torch.ones(4, 2), torch.Generator())
    assert moved == 1
    assert quantizer.embedding.weight.tolist() == [[0, 0], [1, 1], [0, 0]]


@pytest.mark.allow_log("torchvision is not installed")
def test_exported_graphs_give_the_same_codes_and_films(tiny: VQModel, tmp_path: Path) -> None:
    encoder, decoder = tmp_path / "encoder.onnx", tmp_path / "decoder.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own warnings about its own parts
        export_tokenizer(tiny, encoder, decoder)
    before = encoder.stat().st_size
    assert store_half(encoder) > 5
    assert encoder.stat().st_size < 0.7 * before
    store_half(decoder)
    film = torch.rand(3, 1, 32, 32) * 2 - 1
    codes = ort.InferenceSession(str(encoder)).run(["codes"], {"film": film.numpy()})[0]
    assert codes.dtype == np.int64
    assert np.array_equal(codes, tiny.encode(film).numpy())
    films = ort.InferenceSession(str(decoder)).run(["film"], {"codes": codes})[0]
    assert np.abs(films - tiny.decode(torch.from_numpy(codes)).numpy()).max() < 1e-4
