"""The film tokenizer of an imported model as two ONNX graphs; a bundle has its own. Needs torch."""

from pathlib import Path

from engine.exporting.graphs import quiet_exporter
from engine.imported import TOKENIZER_WEIGHTS, ImportedBundle
from engine.tokenizer.config import VQGANConfig
from engine.tokenizer.graph import export_tokenizer
from engine.tokenizer.official import load_official


def write_film_graphs(package: ImportedBundle, encoder: Path, decoder: Path) -> None:
    """Write an imported model's encoder and decoder in float32; raise CheckpointError or ExportError."""
    config = VQGANConfig.from_dict(package.manifest.tokenizer.config)
    tokenizer = load_official(package.folder / TOKENIZER_WEIGHTS, config)
    with quiet_exporter():
        export_tokenizer(tokenizer, encoder, decoder)
