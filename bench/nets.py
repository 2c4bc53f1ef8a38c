"""Int8 students for measuring speed: random weights, scaled so that activations neither vanish nor saturate, written as
QDQ ONNX (u8 or s8 activations, s8 weights) without training or calibration. The same seed gives the same file.

    python -m bench.nets DIR            # every network of NETS, one file each

A network is a function of a Net, which writes nodes as it is called. Shapes: [1, C, H, W].
"""

import argparse
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CLASSES = 3


class Net:
    """Builds one QDQ graph. Values are names of real tensors after a DequantizeLinear; shapes are kept beside them."""

    def __init__(self, height, width, inputs=4, signed=False, per_channel=True, seed=0):
        self.rng = np.random.default_rng(seed)
        self.signed, self.per_channel = signed, per_channel
        self.type = np.int8 if signed else np.uint8
        self.nodes, self.constants, self.count = [], [], 0
        self.macs = {"pointwise": 0, "depthwise": 0, "dense": 0}
        self.shape, self.spread = {}, {}
        kind = TensorProto.INT8 if signed else TensorProto.UINT8
        self.input = helper.make_tensor_value_info("pixels", kind, [1, inputs, height, width])
        self.size = height, width
        self.shape["pixels"] = inputs, height, width
        self.image = self.dequantise("pixels", 1 / 255, 0)
        self.spread[self.image] = 0.6  # root of the mean square

    def name(self, what):
        self.count += 1
        return f"{what}_{self.count}"

    def constant(self, value, what="c"):
        name = self.name(what)
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(self, op, inputs, what=None, **attributes):
        out = self.name(what or op.lower())
        self.nodes.append(helper.make_node(op, inputs, [out], name=out, **attributes))
        return out

    def dequantise(self, x, scale, zero):
        """zero counts from the least value of the type."""
        zero = self.type(zero - 128 if self.signed else zero)
        out = self.node("DequantizeLinear", [x, self.constant(np.float32(scale)), self.constant(zero)])
        self.shape[out] = self.shape[x]
        return out

    def store(self, x, shape, spread, positive):
        """Quantises real values of a root mean square to 8 bits and back: the range is 3.5 times as wide."""
        scale, zero = (3.5 * spread / 255, 0) if positive else (7 * spread / 255, 128)
        z = self.type(zero - 128 if self.signed else zero)
        q = self.node("QuantizeLinear", [x, self.constant(np.float32(scale)), self.constant(z)])
        self.shape[q] = shape
        out = self.dequantise(q, scale, zero)
        self.spread[out] = spread
        return out

    def conv(self, x, out, k=3, stride=1, groups=1, dilation=1, act="relu"):
        """act: relu, hardswish, leaky or None."""
        c, h, w = self.shape[x]
        pad = dilation * (k // 2)
        oh, ow = (h + 2 * pad - dilation * (k - 1) - 1) // stride + 1, (w + 2 * pad - dilation * (k - 1) - 1) // stride + 1
        depth = c // groups * k * k
        weights = np.clip(np.rint(self.rng.normal(0, 40, (out, c // groups, k, k))), -127, 127).astype(np.int8)
        # Outputs with a spread of about 1: a ReLU halves it, the rest of the factor is for means that aren't 0.
        real = 1 / (np.sqrt(depth) * 40 * self.spread[x])
        scale = (real * self.rng.uniform(0.7, 1.4, out) if self.per_channel else np.full(1, real)).astype(np.float32)
        scale = scale if self.per_channel else scale[0]
        x_scale = self.scale_of(x)
        bias = np.rint(self.rng.normal(0, 0.3, out) / (np.float64(x_scale) * scale)).astype(np.int32)
        w_name, b_name = self.constant(weights, "w"), self.constant(bias, "b")
        zero = np.zeros(np.shape(scale), np.int8)
        axis = {"axis": 0} if self.per_channel else {}
        dq = self.node("DequantizeLinear", [w_name, self.constant(scale), self.constant(zero)], **axis)
        b_scale = np.asarray(np.float32(x_scale) * scale, np.float32)
        bq = self.node("DequantizeLinear", [b_name, self.constant(b_scale), self.constant(np.zeros(np.shape(scale), np.int32))], **axis)
        y = self.node("Conv", [x, dq, bq], kernel_shape=[k, k], strides=[stride] * 2, pads=[pad] * 4, dilations=[dilation] * 2, group=groups)
        kind = "pointwise" if k == 1 and groups == 1 else "depthwise" if groups == c and c == out else "dense"
        self.macs[kind] += oh * ow * out * depth
        return self.activate(y, (out, oh, ow), act)

    def activate(self, y, shape, act):
        if act == "relu":
            return self.store(self.node("Relu", [y]), shape, 0.7, True)
        y = self.store(y, shape, 1.0, False)
        if act == "hardswish":
            return self.store(self.node("HardSwish", [y]), shape, 0.58, False)
        if act == "leaky":
            return self.store(self.node("LeakyRelu", [y], alpha=0.1), shape, 0.7, False)
        return y

    def scale_of(self, x):
        """The scale that x was dequantised with."""
        node = next(n for n in self.nodes if n.output[0] == x)
        return numpy_helper.to_array(next(c for c in self.constants if c.name == node.input[1]))[()]

    def add(self, a, b, relu=False):
        spread = float(np.hypot(self.spread[a], self.spread[b]))
        y = self.node("Add", [a, b])
        return self.store(self.node("Relu", [y]) if relu else y, self.shape[a], spread * (0.75 if relu else 1), relu)

    def mul(self, a, b):
        return self.store(self.node("Mul", [a, b]), self.shape[a], self.spread[a] * 0.5, False)

    def pool(self, x):
        """Global average."""
        c, _, _ = self.shape[x]
        return self.store(self.node("GlobalAveragePool", [x]), (c, 1, 1), max(self.spread[x] * 0.7, 0.1), False)

    def max_pool(self, x):
        c, h, w = self.shape[x]
        y = self.node("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
        return self.store(y, (c, (h + 1) // 2, (w + 1) // 2), self.spread[x] * 1.2, True)

    def sigmoid(self, x):
        return self.store(self.node("HardSigmoid", [x], alpha=1 / 6), self.shape[x], 0.5, True)

    def concat(self, *parts):
        _, h, w = self.shape[parts[0]]
        c = sum(self.shape[p][0] for p in parts)
        return self.store(self.node("Concat", list(parts), axis=1), (c, h, w), max(self.spread[p] for p in parts), False)

    def resize(self, x, height, width, mode="linear", coordinates="half_pixel"):
        c, h, w = self.shape[x]
        scales = self.constant(np.array([1, 1, height / h, width / w], np.float32))
        options = {"nearest_mode": "floor"} if mode == "nearest" else {}
        if mode == "nearest":
            coordinates = "asymmetric"
        y = self.node("Resize", [x, "", scales], mode=mode, coordinate_transformation_mode=coordinates, **options)
        return self.store(y, (c, height, width), self.spread[x], False)

    def up(self, x, factor, mode="linear"):
        _, h, w = self.shape[x]
        return self.resize(x, h * factor, w * factor, mode)

    def up_conv(self, x, out):
        """A transposed convolution 2×2 with a stride of 2."""
        c, h, w = self.shape[x]
        weights = np.clip(np.rint(self.rng.normal(0, 40, (c, out, 2, 2))), -127, 127).astype(np.int8)
        scale = np.float32(1 / (np.sqrt(c) * 40 * self.spread[x]))
        dq = self.node("DequantizeLinear", [self.constant(weights, "w"), self.constant(scale), self.constant(np.int8(0))])
        y = self.node("ConvTranspose", [x, dq], kernel_shape=[2, 2], strides=[2, 2])
        self.macs["dense"] += h * w * c * out * 4
        return self.store(y, (out, 2 * h, 2 * w), 1.0, False)

    def model(self, x, classes=True, coordinates="half_pixel"):
        """Ends in a class map of the input's size, or in the logits x as bytes."""
        if classes:
            height, width = self.size
            _, h, w = self.shape[x]
            scales = self.constant(np.array([1, 1, height / h, width / w], np.float32))
            y = self.node("Resize", [x, "", scales], mode="linear", coordinate_transformation_mode=coordinates)
            y = self.node("ArgMax", [y], axis=1, keepdims=0)
            self.nodes.append(helper.make_node("Cast", [y], ["classes"], name="classes", to=TensorProto.UINT8))
            out = helper.make_tensor_value_info("classes", TensorProto.UINT8, [1, height, width])
        else:
            q = next(n for n in self.nodes if n.output[0] == x).input[0]
            last = next(n for n in self.nodes if n.output[0] == q)
            last.output[0] = "logits"
            self.nodes = [n for n in self.nodes if n.output[0] != x]
            out = helper.make_tensor_value_info("logits", self.input.type.tensor_type.elem_type, [1, *self.shape[x]])
        graph = helper.make_graph(self.nodes, "student", [self.input], [out], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        height, width = self.size
        facts = {"format": "1", "name": "random", "classes": '["a", "b", "c"]', "palette": '["#202020", "#4c9a6a", "#e2572b"]',
                 "void": "255", "input": f"{width}x{height}", "color_order": "rgb", "fusion": "early",
                 "depth": '{"kind": "inverse", "near": 0.4, "far": 8.0}', "modalities": '["color", "depth"]'}
        helper.set_model_props(model, {f"depthwise.{key}": value for key, value in facts.items()})
        onnx.checker.check_model(model)
        return model


def inverted(net, x, out, stride=1, expand=6, k=3, act="relu", squeeze=False):
    """MobileNetV2's block."""
    c, _, _ = net.shape[x]
    y = net.conv(x, c * expand, 1, act=act) if expand > 1 else x
    y = net.conv(y, c * expand, k, stride, c * expand, act=act)
    if squeeze:
        s = net.conv(net.conv(net.pool(y), max(c * expand // 8, 8), 1), c * expand, 1, act=None)
        y = net.mul(y, net.sigmoid(s))
    y = net.conv(y, out, 1, act=None)
    return net.add(x, y) if stride == 1 and c == out else y


def mobile(net, factor=1.0, act="relu", k=3, squeeze=False):
    """A MobileNetV2-like encoder and a light decoder: logits at a quarter of the size. At 240×320 and factor 1:
    398 million multiply-accumulates, 347 pointwise, 34 depthwise, 17 dense."""

    def width(n):
        return max(int(n * factor + 4) // 8 * 8, 8)

    block = dict(act=act, k=k, squeeze=squeeze)
    x = net.conv(net.image, width(24), 3, 2, act=act)
    x = inverted(net, x, width(16), expand=1, act=act)
    x = inverted(net, x, width(24), 2, **block)
    low = inverted(net, x, width(24), **block)
    x = inverted(net, low, width(32), 2, **block)
    for _ in range(2):
        x = inverted(net, x, width(32), **block)
    middle = x
    x = inverted(net, x, width(64), 2, **block)
    for _ in range(3):
        x = inverted(net, x, width(64), **block)
    x = inverted(net, x, width(96), **block)
    for _ in range(2):
        x = inverted(net, x, width(96), **block)
    d = width(64)
    x = net.conv(x, width(384), 1, act=act)
    x = net.conv(x, d, 1, act=None)
    x = net.add(net.resize(x, *net.shape[middle][1:]), net.conv(middle, d, 1, act=None), relu=True)
    x = separable(net, x, d, act)
    x = net.add(net.resize(x, *net.shape[low][1:]), net.conv(low, d, 1, act=None), relu=True)
    for _ in range(2):
        x = separable(net, x, d, act)
    return net.conv(x, CLASSES, 1, act=None)


def separable(net, x, out, act):
    c, _, _ = net.shape[x]
    return net.conv(net.conv(x, c, 3, groups=c, act=act), out, 1, act=act)


def residual(net):
    """Plain residual blocks, max pooling, transposed convolutions and concatenation."""
    x = net.max_pool(net.conv(net.image, 24, 5, 2))
    for _ in range(2):
        x = net.add(x, net.conv(net.conv(x, 24), 24, act=None), relu=True)
    skip = x
    x = net.conv(x, 40, 3, 2)
    x = net.add(x, net.conv(net.conv(x, 40, dilation=2), 40, act=None), relu=True)
    x = net.conv(x, 72, 3, 2)
    x = net.add(x, net.conv(net.conv(x, 72, dilation=2), 72, act=None), relu=True)
    x = net.conv(net.up_conv(x, 40), 40, act="leaky")
    x = net.conv(net.concat(net.up_conv(x, 24), skip), 24)
    return net.conv(x, CLASSES, 1, act=None)


def context(net):
    """Separable encoder to a stride of 8, dilated branches beside image pooling; logits at an eighth of the size."""
    x = net.conv(net.image, 16, 3, 2)
    for out, stride in ((24, 2), (40, 2), (56, 1), (56, 1)):
        c, _, _ = net.shape[x]
        x = net.conv(net.conv(x, c, 3, stride, c), out, 1)
    branches = [net.conv(x, 36, 1), *(net.conv(net.conv(x, 56, 3, groups=56, dilation=d), 36, 1) for d in (2, 4, 6))]
    image = net.conv(net.pool(x), 36, 1)
    branches.append(net.resize(image, *net.shape[x][1:], mode="nearest"))
    return net.conv(net.conv(net.concat(*branches), 64, 1), CLASSES, 1, act=None)


def mobile_v3(net):
    """The same with hard-swish, squeeze-and-excite and 5×5 depthwise."""
    return mobile(net, 0.75, "hardswish", 5, True)


NETS = {"mobile": mobile, "mobile-v3": mobile_v3, "residual": residual, "context": context}


SEEDS = {"mobile-v3": 19}  # of weights whose class map has more than one class, told apart clearly; 0 for the others


def build(name, height=240, width=320, classes=True, factor=1.0, **options):
    """A network of NETS, or mobile times a factor of its widths: the ONNX model, its multiply-accumulates by kind."""
    net = Net(height, width, **{"seed": SEEDS.get(name, 0), **options})
    logits = mobile(net, factor) if factor != 1 else NETS[name](net)
    return net.model(logits, classes), net.macs


def logits(model):
    """A copy of a model that ends in Resize and ArgMax, cut where its 8-bit logits are."""
    cut = onnx.ModelProto()
    cut.CopyFrom(model)
    maker = {o: n for n in cut.graph.node for o in n.output}
    node = maker[cut.graph.output[0].name]
    behind = []
    while node.op_type != "QuantizeLinear":
        if node.op_type not in ("Cast", "ArgMax", "Resize", "DequantizeLinear"):
            raise ValueError(f"nets: {node.op_type} {node.name} between the logits and the class map")
        behind.append(node)
        node = maker[node.input[0]]
    zero = next(t for t in cut.graph.initializer if t.name == node.input[2])
    size = onnx.shape_inference.infer_shapes(model).graph.value_info
    shape = next([d.dim_value for d in v.type.tensor_type.shape.dim] for v in size if v.name == node.output[0])
    for n in behind:
        cut.graph.node.remove(n)
    read = {i for n in cut.graph.node for i in n.input}
    for t in [t for t in cut.graph.initializer if t.name not in read]:
        cut.graph.initializer.remove(t)
    del cut.graph.output[:]
    cut.graph.output.append(helper.make_tensor_value_info(node.output[0], zero.data_type, shape))
    del cut.metadata_props[:]  # which say what the file is no longer
    onnx.checker.check_model(cut)
    return cut


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name in NETS:
        for suffix, classes in (("", True), ("-logits", False)):
            model, macs = build(name, classes=classes)
            onnx.save(model, folder / f"{name}{suffix}.onnx")
        parts = ", ".join(f"{kind} {n / 1e6:.1f}" for kind, n in macs.items())
        print(f"{name}: {sum(macs.values()) / 1e6:.1f} million multiply-accumulates, {parts}")


if __name__ == "__main__":
    main()
