"""An exported ONNX graph, float or QDQ, run by PyTorch: what quantization-aware training and bias correction work on.

So what is trained or corrected is the very graph that the device runs, not a model of it. Only the operators that our
students export to; another one is an error that names the node.
"""

import numpy as np
import onnx
import torch
from torch import nn
import torch.nn.functional as F

CONSTANT_INPUTS = {"Resize", "Reshape", "Slice", "Pad", "ReduceMean"}  # whose later inputs are settings, not tensors


def attributes(node):
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def pads(a):
    """ONNX's pads of a 2-D window [top, left, bottom, right] → PyTorch's, which must be symmetric."""
    p = a.get("pads", [0, 0, 0, 0])
    if p[0] != p[2] or p[1] != p[3]:
        raise ValueError(f"graph: pads {p} are not symmetric")
    return p[0], p[1]


class Graph(nn.Module):
    """forward(feeds) → tensors by name. Fake quantization is done by `quantise(name of the scale, x)`, so that a subclass
    can learn the scales; weights come from `constant(name)`."""

    def __init__(self, model):
        super().__init__()
        self.model = model
        self.nodes = list(model.graph.node)
        self.values = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
        for node in self.nodes:  # constants among the nodes
            if node.op_type == "Constant":
                self.values[node.output[0]] = onnx.numpy_helper.to_array(attributes(node)["value"])
        self.made = {output: node for node in self.nodes for output in node.output}
        self.stop = "upsampled"  # what comes behind has no gradient

    def constant(self, name):
        return torch.from_numpy(np.array(self.values[name]))

    def is_constant(self, name):
        return name in self.values

    def dequantise_constant(self, node):
        """A weight or bias: integers × scale, along the node's axis."""
        q, scale = self.constant(node.input[0]).float(), self.constant(node.input[1])
        zero = self.constant(node.input[2]).float() if len(node.input) > 2 and node.input[2] else torch.zeros(())
        if scale.dim():
            shape = [-1 if i == attributes(node).get("axis", 1) else 1 for i in range(q.dim())]
            scale, zero = scale.view(shape), zero.view(shape)
        return (q - zero) * scale

    def quantise(self, node, x):
        """Rounded to the node's grid, and real again."""
        scale, zero = float(self.values[node.input[1]]), self.values[node.input[2]]
        low, high = (0, 255) if zero.dtype == np.uint8 else (-128, 127)
        return ((x / scale).round() + int(zero)).clamp(low, high).sub(int(zero)) * scale

    def forward(self, feeds, keep=()):
        """feeds: tensors in 0…1 by input name. Returns {name: tensor} of the logits (`stop`), of further outputs, and of the
        nodes that `keep` names."""
        live, out = dict(feeds), {}
        for node in self.nodes:
            if node.op_type in ("Constant", "ArgMax", "Cast"):  # the class map has no gradient
                continue
            live[node.output[0]] = self.run(node, live)
            if node.name in keep:
                out[node.name] = live[node.output[0]]
        return {**out, **{name: live[name] for name in [self.stop, *(o.name for o in self.model.graph.output)] if name in live}}

    def get(self, live, name):
        return live[name] if name in live else self.constant(name)

    def run(self, node, live):
        kind, a = node.op_type, attributes(node)
        if kind == "DequantizeLinear":
            if self.is_constant(node.input[0]):
                return self.dequantise_constant(node)
            x = live[node.input[0]]
            if node.input[0] in self.made:
                return x  # behind a QuantizeLinear, whose result is real here
            return x  # an input of bytes, fed in 0…1: its scale is 1/255 and its zero point 0
        if kind == "QuantizeLinear":
            return self.quantise(node, live[node.input[0]])
        x = [self.get(live, name) for name in node.input
             if name and not (kind in CONSTANT_INPUTS and self.is_constant(name))]
        if kind == "Conv":
            return F.conv2d(x[0], x[1], x[2] if len(x) > 2 else None, a.get("strides", 1), pads(a), a.get("dilations", 1), a.get("group", 1))
        if kind == "Resize":
            scale = [float(s) for s in self.values[node.input[2]][2:]]
            if a["mode"] == b"nearest":
                return F.interpolate(x[0], scale_factor=tuple(scale))
            return F.interpolate(x[0], scale_factor=tuple(scale), mode="bilinear", align_corners=False)
        if kind == "MaxPool":
            return F.max_pool2d(x[0], a["kernel_shape"], a.get("strides"), pads(a))
        if kind == "Clip":
            bounds = [None if not n else float(self.values[n]) for n in list(node.input[1:]) + ["", ""]][:2]
            return live[node.input[0]].clamp(*bounds)
        if kind in ("Flatten", "Softmax", "Concat", "LeakyRelu", "ReduceMean", "HardSigmoid"):
            return {"Flatten": lambda: x[0].flatten(a.get("axis", 1)),
                    "Softmax": lambda: x[0].softmax(a.get("axis", -1)),
                    "Concat": lambda: torch.cat(x, a["axis"]),
                    "LeakyRelu": lambda: F.leaky_relu(x[0], a.get("alpha", 0.01)),
                    "HardSigmoid": lambda: (x[0] * a.get("alpha", 0.2) + a.get("beta", 0.5)).clamp(0, 1),
                    "ReduceMean": lambda: x[0].mean([int(i) for i in a["axes"]], keepdim=bool(a.get("keepdims", 1)))}[kind]()
        simple = {"Relu": F.relu, "Sigmoid": torch.sigmoid, "Tanh": torch.tanh, "HardSwish": F.hardswish, "Add": torch.add,
                  "Sub": torch.sub, "Mul": torch.mul, "Div": torch.div, "Identity": lambda t: t,
                  "GlobalAveragePool": lambda t: F.adaptive_avg_pool2d(t, 1)}
        if kind in simple:
            return simple[kind](*x)
        raise ValueError(f"graph: node {node.name}: operator {kind} is not known here")


def write(model, name, array):
    """Replaces a constant of the model."""
    for tensor in model.graph.initializer:
        if tensor.name == name:
            old = onnx.numpy_helper.to_array(tensor)
            if old.shape != array.shape:
                raise ValueError(f"graph: constant {name} has shape {old.shape}, not {array.shape}")
            tensor.CopyFrom(onnx.numpy_helper.from_array(array.astype(old.dtype), name))
            return
    raise ValueError(f"graph: no constant {name}")
