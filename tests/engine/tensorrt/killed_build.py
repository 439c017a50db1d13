"""Build the demonstration model's engines into a folder, killed while the second one is written."""

import os
import signal
import sys
from pathlib import Path

from engine.building import tensorrt_engine
from engine.building.sources import source_of
from engine.building.tensorrt_engine import Built, Graphs, build_engines, engine_key
from engine.bundle import Bundle, default_bundle_folder
from tests.engine.tensorrt.conftest import LIMITS


def main() -> None:
    """Write the first engine, half of the second, and die as a pulled plug would."""
    bundle = Bundle.load(default_bundle_folder())
    write = tensorrt_engine._write

    def cut_off(path: Path, built: Built) -> None:
        if path.name != "lm.engine":
            path.with_name(f".{path.name}.tmp").write_bytes(bytes(built.plan)[:1000])
            os.kill(os.getpid(), signal.SIGKILL)
        write(path, built)

    tensorrt_engine._write = cut_off
    graphs = Graphs(Path(sys.argv[2]), bundle.path("encoder.onnx"), bundle.path("decoder.onnx"))
    key = engine_key(bundle.manifest.weights_sha256, "float16", "tensorrt_rtx", ["sm86"], LIMITS)
    build_engines(Path(sys.argv[1]), key, graphs, source_of(bundle).sizes)


if __name__ == "__main__":
    main()
