"""Post-training quantization: QDQ, u8 activations, s8 weights per channel; the calibration method is chosen by data.

A method is a way to measure the ranges of activations, min-max, percentile or entropy, and perhaps repairs after a plus:
"minmax+raise", "percentile+equalise+correct" (see equalise.py).
"""

from pathlib import Path
import tempfile

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

from distill import equalise, export, students

METHODS = {
    "minmax": (CalibrationMethod.MinMax, {}),
    "percentile": (CalibrationMethod.Percentile, {"CalibPercentile": 99.99}),
    "entropy": (CalibrationMethod.Entropy, {}),
}


class Reader(CalibrationDataReader):
    """Calibration pairs, one at a time: uint8 [N, h, w, 4] → the inputs of a graph, float [1, C, h, w]."""

    def __init__(self, inputs, channels):
        self.inputs, self.channels = iter(inputs), channels

    def get_next(self):
        x = next(self.inputs, None)
        return None if x is None else {k: v.astype(np.float32) / 255 for k, v in feeds(x, self.channels).items()}


def feeds(x, channels):
    """One pair's bytes, uint8 [h, w, 4] → what each input reads of it, by name: uint8 [1, C, h, w]."""
    return {name: np.ascontiguousarray(x[..., students.planes(n)].transpose(2, 0, 1)[None]) for name, n in channels.items()}


def reads(model):
    """The channels of each of a graph's inputs, by name."""
    return {i.name: i.type.tensor_type.shape.dim[1].dim_value for i in model.graph.input}


def repaired(model, inputs, method):
    """The float graph that a method quantises: the same function, with channels of even reach if it asks for that."""
    if "equalise" in method.split("+"):
        model = equalise.equalise(model)
    if "raise" in method.split("+"):
        model = equalise.raise_channels(model, equalise.batches(inputs, reads(model)))
    return model


def quantise(model, inputs, method, config):
    """The int8 graph of a float graph, its input uint8."""
    ranges, *repairs = method.split("+")
    if ranges not in METHODS or not set(repairs) <= {"equalise", "raise", "correct"}:
        raise ValueError(f"quantise: no method {method!r}: want {', '.join(METHODS)}, then perhaps +equalise, +raise and +correct")
    kind, options = METHODS[ranges]
    model = repaired(model, inputs, method)
    channels = reads(model)
    byte = [{"scale": np.array(1 / 255, np.float32), "zero_point": np.array(0, np.uint8)}]
    tail = [n.name for n in model.graph.node if n.op_type in ("Resize", "ArgMax", "Cast") and "upsampled" in (
        list(n.input) + list(n.output)) or n.op_type in ("ArgMax", "Cast")]
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, source)
        quantize_static(str(source), str(target), Reader(inputs, channels), quant_format=QuantFormat.QDQ, per_channel=True,
                        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, calibrate_method=kind,
                        nodes_to_exclude=tail,
                        extra_options={"TensorQuantOverrides": {name: byte for name in channels}, **options})
        quantised = onnx.load(target)
    quantised = export.byte_inputs(quantised, config)
    if "correct" in repairs:
        some = inputs[:: max(1, len(inputs) // 32)]
        quantised = equalise.correct(quantised, model, equalise.batches(some, channels))
    return quantised


def sample(pools, count, seed, colorless=16):
    """About `count` pairs to measure ranges on, as many from each of the pools, uint8 [N, h, w, 4]: every eighth without depth,
    from the fifth on every `colorless`-th without colour."""
    rng = np.random.default_rng(seed)
    share = max(1, count // len(pools))
    inputs = np.concatenate([x[rng.choice(len(x), min(share, len(x)), replace=False)] for x in pools])
    inputs[::8, ..., 3] = 0
    inputs[4::colorless, ..., :3] = 0
    return inputs


def choose(model, inputs, methods, config, folder, score):
    """Quantises by each of the methods into folder/int8-METHOD.onnx: the method with the highest score(file), its file, and the
    scores by method."""
    files, scores = {}, {}
    for method in methods:
        files[method] = folder / f"int8-{method}.onnx"
        onnx.save(quantise(model, inputs, method, config), files[method])
        scores[method] = round(float(score(files[method])), 2)
        print(f"quantization calibration by {method}: {scores[method]} mIoU", flush=True)
    best = max(scores, key=scores.get)
    return best, files[best], scores
