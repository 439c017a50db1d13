"""The tokenizer as two ONNX graphs: film to codes and codes to film.

Distances and argmin stay in float32 whatever the weights are stored in. Nothing here trains.
"""

from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from engine.errors import ExportError
from engine.tokenizer.vqgan import VQModel

OPSET = 20


class EncoderGraph(nn.Module):
    """film [B, C, R, R] -> codes [B, side^2] in raster order."""

    def __init__(self, model: VQModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, film: Tensor) -> Tensor:
        """Encode films in [-1, 1]."""
        return self.model.quantize.nearest(self.model.latent(film))


class DecoderGraph(nn.Module):
    """codes [B, side^2] -> film [B, C, R, R] clamped to [-1, 1]."""

    def __init__(self, model: VQModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, codes: Tensor) -> Tensor:
        """Decode code indices."""
        side = self.model.config.side
        z_q = self.model.quantize.embedding(codes).view(-1, side, side, self.model.config.embed_dim)
        return self.model.decode_latent(z_q.permute(0, 3, 1, 2)).clamp(-1.0, 1.0)


def export_tokenizer(model: VQModel, encoder: Path, decoder: Path) -> None:
    """Write both graphs; raise ExportError where the exporter gives none."""
    config = model.eval().config
    film = torch.zeros(2, config.in_channels, config.resolution, config.resolution)
    codes = torch.zeros(2, config.side**2, dtype=torch.long)
    _export(EncoderGraph(model), film, "film", "codes", encoder)
    _export(DecoderGraph(model), codes, "codes", "film", decoder)


def _export(module: nn.Module, example: Tensor, input_name: str, output_name: str, path: Path) -> None:
    program = torch.onnx.export(
        module.eval().to(memory_format=torch.contiguous_format),  # type: ignore[call-overload]
        (example,),
        dynamo=True,
        opset_version=OPSET,
        input_names=[input_name],
        output_names=[output_name],
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        verbose=False,
    )
    if program is None:
        raise ExportError(f"The exporter gave no graph for {path.name}.")
    onnx.save(program.model_proto, str(path))
