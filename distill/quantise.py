"""Post-training quantization: QDQ, u8 activations, s8 weights per channel; the calibration method is chosen by data."""

from pathlib import Path
import tempfile

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

from distill import export, students

METHODS = {
    "minmax": (CalibrationMethod.MinMax, {}),
    "percentile": (CalibrationMethod.Percentile, {"CalibPercentile": 99.99}),
    "entropy": (CalibrationMethod.Entropy, {}),
}


class Reader(CalibrationDataReader):
    """Calibration pairs, one at a time: uint8 [N, h, w, 4] → {"pixels": float [1, C, h, w]}, the planes that are read."""

    def __init__(self, inputs, channels):
        self.inputs = iter(inputs[..., students.planes(channels)])

    def get_next(self):
        x = next(self.inputs, None)
        if x is None:
            return None
        return {"pixels": np.ascontiguousarray(x.transpose(2, 0, 1)[None]).astype(np.float32) / 255}


def quantise(model, inputs, method, config):
    """The int8 graph of a float graph, its input uint8."""
    kind, options = METHODS[method]
    pixels = [{"scale": np.array(1 / 255, np.float32), "zero_point": np.array(0, np.uint8)}]
    tail = [n.name for n in model.graph.node if n.op_type in ("Resize", "ArgMax", "Cast") and "upsampled" in (
        list(n.input) + list(n.output)) or n.op_type in ("ArgMax", "Cast")]
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, source)
        channels = model.graph.input[0].type.tensor_type.shape.dim[1].dim_value
        quantize_static(str(source), str(target), Reader(inputs, channels), quant_format=QuantFormat.QDQ, per_channel=True,
                        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, calibrate_method=kind,
                        nodes_to_exclude=tail,
                        extra_options={"TensorQuantOverrides": {"pixels": pixels}, **options})
        quantised = onnx.load(target)
    return export.byte_input(quantised, config)
