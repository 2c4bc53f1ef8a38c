"""distill: RGB-D students, from data to one int8 ONNX file and its card."""

__version__ = "0.1.0"
