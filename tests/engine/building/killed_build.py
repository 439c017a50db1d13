"""Build the demonstration model's int8 graph into a folder, killed at the N-th flush to disk."""

import os
import signal
import sys
from pathlib import Path

from engine.building import tensor_file
from engine.building.build import build_language_graph
from engine.building.weights import GraphWeights
from engine.bundle import Bundle, default_bundle_folder
from tests.engine.building.test_language_graph import key_of, sizes_of


def main() -> None:
    """Count down, then die as a pulled plug would: without a word."""
    left = int(sys.argv[2])
    flush = os.fsync

    def counted(descriptor: int) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        flush(descriptor)

    tensor_file.os.fsync = counted
    bundle = Bundle.load(default_bundle_folder())
    weights = GraphWeights(bundle.path("lm.onnx"))
    build_language_graph(Path(sys.argv[1]), key_of(bundle, "int8"), sizes_of(bundle), weights)


if __name__ == "__main__":
    main()
