"""Writes quant/testdata/golden: small quantised networks, an input of each, and what ONNX Runtime makes of it.

From the repository's root, with the Python set-up of distill/:  python quant/testdata/gen.py
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from distill.tests import quantnets  # noqa: E402

HEIGHT, WIDTH, CLASSES = 32, 48, 4
CASES = {
    "mobilenetv2-qdq-u8s8": ("mobilenetv2", "qdq-u8s8", False),
    "mobilenetv3-qdq-s8s8": ("mobilenetv3", "qdq-s8s8", False),
    "resunet-qdq-tensor": ("resunet", "qdq-tensor", False),
    "deeplab-qoperator": ("deeplab", "qoperator", False),
    "late-qdq-u8s8": ("late", "qdq-u8s8", False),
    "mobilenetv2-classes": ("mobilenetv2", "qdq-u8s8", True),
    "deeplab-float32": ("deeplab", None, False),
}


def slim(path):
    """Drops what no runtime reads (documentation, inferred shapes) and shortens the names of inner values."""
    model = onnx.load(str(path))
    graph = model.graph
    del graph.value_info[:]
    names = {v.name: v.name for v in [*graph.input, *graph.output]} | {"": ""}
    short = lambda name: names.setdefault(name, f"v{len(names)}")  # noqa: E731
    for node in graph.node:
        node.doc_string, node.name = "", node.op_type[0] + str(len(names))
        node.input[:], node.output[:] = map(short, node.input), map(short, node.output)
    for tensor in graph.initializer:
        tensor.name = short(tensor.name)
    onnx.save(model, str(path))


def write(case, folder):
    name, form, tail = CASES[case]
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as tmp:
        source, model = Path(tmp) / "float.onnx", folder / "model.onnx"
        net = quantnets.make(name, CLASSES, HEIGHT, WIDTH, seed=len(case))
        quantnets.export(net, name, source if form else model, HEIGHT, WIDTH)
        if form:
            quantised = Path(tmp) / "int8.onnx" if tail else model
            quantnets.quantise(source, quantised, name, HEIGHT, WIDTH, 3, **quantnets.FORMATS[form])
            if tail:
                quantnets.add_tail(quantised, model, HEIGHT, WIDTH)
    slim(folder / "model.onnx")
    feeds = quantnets.feeds(name, np.random.default_rng(1), HEIGHT, WIDTH)
    for key, value in feeds.items():
        np.save(folder / f"{key}.npy", value.astype(np.uint8))  # whole numbers: the test widens them
    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"])
    np.save(folder / "output.npy", session.run(None, feeds)[0])


if __name__ == "__main__":
    for case in CASES:
        write(case, ROOT / "quant" / "testdata" / "golden" / case)
        print(case)
