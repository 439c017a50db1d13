"""The Fréchet distance: Gaussians with a known one, invariances, encoders from files and what they refuse."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
import torch

from engine.errors import CheckpointError, DataError
from engine.evaluate.encoders import Encoder, inception_encoder
from engine.evaluate.fid import fid, frechet, frechet_interval


def exactly(mean: list[float], spread: list[float]) -> np.ndarray:
    """Rows whose mean and (diagonal) covariance are exactly these: a scaled cross."""
    size = len(mean)
    cross = np.concatenate([np.eye(size), -np.eye(size)])
    rows: np.ndarray = np.asarray(mean) + cross * np.asarray(spread) * np.sqrt((2 * size - 1) / 2)
    return rows


def test_gaussians_with_a_known_distance() -> None:
    a, b = exactly([0.0, 0.0, 0.0], [1.0, 2.0, 3.0]), exactly([3.0, 0.0, 4.0], [2.0, 2.0, 1.0])
    assert np.allclose(np.cov(a.T), np.diag([1.0, 4.0, 9.0]))
    # |mean|² 25, and per axis (sa - sb)²: 1, 0, 4.
    assert frechet(a, b) == pytest.approx(30.0)
    assert frechet(a, a) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("films", [40, 6])
def test_equals_the_textbook_formula(films: int) -> None:
    """With more films than features and with fewer."""
    random = np.random.default_rng(3)
    a, b = (
        random.normal(size=(films, 12)),
        0.5 + random.normal(size=(films + 5, 12)) @ random.normal(size=(12, 12)),
    )
    root = scipy.linalg.sqrtm(np.cov(a.T) @ np.cov(b.T) + 1e-12 * np.eye(12)).real
    textbook = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(np.cov(a.T) + np.cov(b.T) - 2 * root)
    assert frechet(a, b) == pytest.approx(textbook, rel=1e-3)


def test_rotation_and_order_change_nothing() -> None:
    random = np.random.default_rng(4)
    a, b = random.normal(size=(30, 5)), 1 + random.normal(size=(25, 5))
    turn = np.linalg.qr(random.normal(size=(5, 5)))[0]
    assert frechet(a @ turn, b @ turn) == pytest.approx(frechet(a, b))
    assert frechet(random.permutation(b), a) == pytest.approx(frechet(a, b))


def test_interval_holds_the_figure_and_shrinks_with_films() -> None:
    random = np.random.default_rng(5)

    def width(films: int) -> float:
        a, b = random.normal(size=(films, 4)), 1 + random.normal(size=(films, 4))
        names = [str(i) for i in range(films)]
        found = frechet_interval(a, b, names, names, draws=100)
        assert found.low <= found.value <= found.high
        return found.high - found.low

    assert width(400) < width(25)


def test_two_films_are_needed() -> None:
    with pytest.raises(DataError, match="needs two films"):
        frechet(np.zeros((1, 4)), np.zeros((3, 4)))


class Stub(torch.nn.Module):
    """Takes what the published Inception file takes, and gives four pooled features."""

    def forward(self, img: torch.Tensor, return_features: bool = False) -> torch.Tensor:
        if img.dtype != torch.uint8 or not return_features:
            raise RuntimeError("uint8 films and features, please")
        grey = img.to(torch.float32)[:, 0]
        return torch.nn.functional.adaptive_avg_pool2d(grey[:, None], 2).flatten(1)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "inception-2015-12-05.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.script(Stub()).save(str(path))  # type: ignore[no-untyped-call]
    return path


def test_inception_from_a_file_records_where_it_came_from(script: Path) -> None:
    encoder = inception_encoder(script)
    films = np.linspace(-1, 1, 6 * 64 * 64, dtype=np.float32).reshape(6, 1, 64, 64)
    names = [str(i) for i in range(6)]
    found = fid(encoder, films, films[::-1].copy(), names, names, draws=5)
    assert found.interval is not None
    assert found.interval.value == pytest.approx(0.0, abs=1e-6)
    assert found.to_json()["real_films"] == 6
    assert found.to_json()["file"] == script.name
    assert len(found.to_json()["sha256"]) == 64


def test_files_that_are_no_encoder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="There is no file"):
        inception_encoder(tmp_path / "none.pt")
    (tmp_path / "text.pt").write_text("no network", encoding="utf-8")
    with pytest.raises(CheckpointError, match="isn't a TorchScript file"):
        inception_encoder(tmp_path / "text.pt")


def test_distance_of_shifted_films_by_hand() -> None:
    seen: list[np.ndarray] = []

    def features(films: np.ndarray) -> np.ndarray:
        seen.append(films)
        return films.reshape(len(films), -1).astype(np.float64)

    films = np.random.default_rng(0).normal(size=(3, 1, 2, 2)).astype(np.float32)
    found = fid(
        Encoder("FID, x", "as is", features), films, films + 1, ["a", "b", "c"], ["d", "e", "f"], draws=4
    )
    assert found.interval is not None
    assert found.interval.value == pytest.approx(4.0, rel=1e-5)
    assert "3 generated against 3 real" in found.how
