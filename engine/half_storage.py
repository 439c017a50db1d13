"""Weights of an ONNX file stored as float16 with a Cast, computed in float32.

Only tensors whose values float16 holds exactly are changed, so the graph computes the same numbers; round
the network first (engine.train.rounding) to make that all of its weights.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

_SMALLEST = 256


def store_half(path: Path) -> int:
    """Rewrite the ONNX file in place and give the number of tensors now stored as float16."""
    model = onnx.load(str(path))
    graph = model.graph
    changed = 0
    casts = []
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < _SMALLEST:
            continue
        values = numpy_helper.to_array(tensor)
        half = values.astype(np.float16)
        if not np.array_equal(half.astype(np.float32), values):
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(half, f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], f"{name}_cast", to=TensorProto.FLOAT))
        changed += 1
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    # Traces of where the exporter ran: names of source files and stacks have no place in what ships.
    for node in graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for entry in (*graph.input, *graph.output, *graph.value_info, *graph.initializer):
        entry.doc_string = ""
        if hasattr(entry, "metadata_props"):
            del entry.metadata_props[:]
    del graph.metadata_props[:]
    del model.metadata_props[:]
    graph.doc_string = model.doc_string = ""
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return changed
