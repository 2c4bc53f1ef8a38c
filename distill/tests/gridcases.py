"""Random one-operator models: attributes, shapes and element types, as exporters and quantisers write them.

Each family is a function of a random generator that returns a Case. A family draws what ONNX allows; what ONNX Runtime
refuses is skipped by the test, what the engine refuses or answers otherwise is a fault.
"""

from dataclasses import dataclass, field

import numpy as np
from onnx import TensorProto, helper, numpy_helper

TYPES = {np.dtype(n): t for n, t in dict(float32=TensorProto.FLOAT, float64=TensorProto.DOUBLE, uint8=TensorProto.UINT8, int8=TensorProto.INT8,
                                         int32=TensorProto.INT32, int64=TensorProto.INT64, bool=TensorProto.BOOL, float16=TensorProto.FLOAT16).items()}


@dataclass
class Case:
    """A model, its feeds, and how far apart answers may lie: relative and absolute, or whole quantisation steps."""

    model: object
    feeds: dict
    rtol: float = 1e-4
    atol: float = 1e-5
    steps: int = 0
    apart: float = 0.0  # share of elements that may differ by up to `steps`


@dataclass
class Net:
    """A graph under construction."""

    rng: np.random.Generator
    opset: int = 17
    nodes: list = field(default_factory=list)
    inits: list = field(default_factory=list)
    inputs: list = field(default_factory=list)
    feeds: dict = field(default_factory=dict)

    def input(self, name, v):
        self.inputs.append(helper.make_tensor_value_info(name, TYPES[v.dtype], v.shape))
        self.feeds[name] = v
        return name

    def init(self, name, v):
        self.inits.append(numpy_helper.from_array(np.asarray(v), name))
        return name

    def node(self, op, inputs, outputs=("y",), domain="", **attrs):
        self.nodes.append(helper.make_node(op, list(inputs), list(outputs), name=f"{op} {len(self.nodes)}", domain=domain, **attrs))
        return outputs[0]

    def case(self, outputs=("y",), types=(TensorProto.FLOAT,), **tolerance):
        infos = [helper.make_tensor_value_info(n, t, None) for n, t in zip(outputs, types, strict=True)]
        graph = helper.make_graph(self.nodes, "case", self.inputs, infos, self.inits)
        imports = [helper.make_opsetid("", self.opset), helper.make_opsetid("com.microsoft", 1)]
        return Case(helper.make_model(graph, opset_imports=imports, ir_version=9), self.feeds, **tolerance)


def pick(rng, *choices):
    return choices[rng.integers(len(choices))]


def ints(rng, lo, hi, n):
    return [int(v) for v in rng.integers(lo, hi, n)]


def normal(rng, *shape):
    return rng.normal(size=shape).astype(np.float32)


def shape_of(rng, rank, lo=1, hi=7):
    return tuple(ints(rng, lo, hi, rank))


# Float operators.


def window(rng, spatial, kernel, pads=True, dilations=True):
    """Attributes of a sliding window."""
    attrs = {}
    if rng.random() < 0.7:
        attrs["strides"] = ints(rng, 1, 4, spatial)
    if dilations and rng.random() < 0.3:
        attrs["dilations"] = ints(rng, 1, 3, spatial)
    kind = rng.random()
    if pads and kind < 0.5:
        attrs["pads"] = [int(rng.integers(0, kernel[i % spatial])) for i in range(2 * spatial)]
    elif kind < 0.75 and "dilations" not in attrs:
        attrs["auto_pad"] = pick(rng, "SAME_UPPER", "SAME_LOWER", "VALID")
    return attrs


def conv_geometry(rng):
    spatial = pick(rng, 1, 2, 2)
    kernel = ints(rng, 1, 5, spatial)
    groups = pick(rng, 1, 1, 2, 3)
    cin, cout = groups * int(rng.integers(1, 6)), groups * int(rng.integers(1, 6))
    if rng.random() < 0.3:
        groups = cin
        cout = cin * int(rng.integers(1, 3))
    size = ints(rng, 8, 15, spatial)
    return spatial, kernel, groups, cin, cout, size


def conv(rng):
    spatial, kernel, groups, cin, cout, size = conv_geometry(rng)
    net = Net(rng)
    ins = [net.input("x", normal(rng, int(rng.integers(1, 3)), cin, *size)), net.init("w", normal(rng, cout, cin // groups, *kernel))]
    if rng.random() < 0.6:
        ins.append(net.init("b", normal(rng, cout)))
    net.node("Conv", ins, group=groups, **window(rng, spatial, kernel))
    return net.case()


def conv_transpose(rng):
    spatial, kernel, groups, cin, cout, size = conv_geometry(rng)
    cout = -(-cout // groups) * groups
    net = Net(rng)
    ins = [net.input("x", normal(rng, int(rng.integers(1, 3)), cin, *size)), net.init("w", normal(rng, cin, cout // groups, *kernel))]
    if rng.random() < 0.6:
        ins.append(net.init("b", normal(rng, cout)))
    attrs = window(rng, spatial, kernel)
    strides = attrs.get("strides", [1] * spatial)
    if rng.random() < 0.5:
        attrs["output_padding"] = [int(rng.integers(0, s)) for s in strides]
    if rng.random() < 0.3:  # from two less than the pads would leave to as much as a stride adds
        full = [(n - 1) * s + (k - 1) * d + 1 for n, s, k, d in zip(size, strides, kernel, attrs.get("dilations", [1] * spatial), strict=True)]
        attrs["output_shape"] = [n + int(rng.integers(-2, s)) for n, s in zip(full, strides, strict=True)]
        attrs.pop("output_padding", None)
    net.node("ConvTranspose", ins, group=groups, **attrs)
    return net.case()


def pool(rng):
    spatial = pick(rng, 1, 2, 2)
    kernel = ints(rng, 1, 5, spatial)
    op = pick(rng, "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool")
    net = Net(rng, opset=pick(rng, 17, 19))
    x = net.input("x", normal(rng, 2, 3, *ints(rng, 7, 14, spatial)))
    if op.startswith("Global"):
        net.node(op, [x])
        return net.case()
    attrs = dict(kernel_shape=kernel, **window(rng, spatial, kernel, dilations=op == "MaxPool" or net.opset == 19 and op == "AveragePool"))
    if op != "LpPool" and "auto_pad" not in attrs and rng.random() < 0.5:
        attrs["ceil_mode"] = 1
    if attrs.get("auto_pad", "").startswith("SAME"):  # ONNX Runtime's pads would be negative, which it then refuses or misreads
        attrs["strides"] = [min(s, k) for s, k in zip(attrs.get("strides", [1] * spatial), kernel, strict=True)]
    if op == "AveragePool" and rng.random() < 0.5:
        attrs["count_include_pad"] = 1
    net.node(op, [x], **attrs)
    return net.case()


COORDINATES = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "half_pixel_symmetric", "tf_crop_and_resize"]


def resize(rng):
    net = Net(rng, opset=pick(rng, 11, 13, 18, 19))
    spatial = pick(rng, 1, 2, 2)
    lead = pick(rng, (1, 2), (2, 3))
    size = ints(rng, 2, 9, spatial)
    dtype = pick(rng, np.float32, np.float32, np.uint8)
    x = net.input("x", normal(rng, *lead, *size) if dtype == np.float32 else rng.integers(0, 256, (*lead, *size)).astype(dtype))
    coord = COORDINATES[rng.integers(6 if net.opset >= 19 else 4)] if rng.random() < 0.9 else "half_pixel"
    mode = pick(rng, "nearest", "linear", "cubic" if spatial == 2 and dtype == np.float32 else "linear")
    attrs = dict(mode=mode, coordinate_transformation_mode=coord)
    if mode == "nearest":
        attrs["nearest_mode"] = pick(rng, "round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
    if mode == "cubic":
        attrs["cubic_coeff_a"] = pick(rng, -0.75, -0.5)
        if rng.random() < 0.3:
            attrs["exclude_outside"] = 1
    if net.opset >= 18 and mode != "nearest" and rng.random() < 0.3 and coord != "tf_crop_and_resize" and dtype == np.float32:
        attrs["antialias"] = 1
    ins = [x, ""]
    if coord == "tf_crop_and_resize":
        roi = np.zeros(2 * (2 + spatial), np.float32)
        roi[2 + spatial:] = 1
        roi[2:2 + spatial], roi[4 + spatial:] = rng.uniform(-0.1, 0.3, spatial), rng.uniform(0.6, 1.1, spatial)
        ins[1] = net.init("roi", roi)
        attrs["extrapolation_value"] = 3.0
    elif net.opset == 11:
        ins[1] = net.init("roi", np.zeros(0, np.float32))
    if rng.random() < 0.5:
        exact = (2.0, 0.5, 3.0, 1.5, 0.75, 1.0)
        scales = [pick(rng, *exact, *((1.7, 2.6, 0.6) if dtype == np.float32 else ())) for _ in size]
        if any(int(s * n) < 1 or s == 1 and coord == "tf_crop_and_resize" for s, n in zip(scales, size, strict=True)):
            scales = [2.0] * spatial
        ins.append(net.init("scales", np.array([1, 1, *scales], np.float32)))
    else:
        ins += [net.init("empty", np.zeros(0, np.float32)) if net.opset == 11 else "",
                net.init("sizes", np.array([*lead, *(n + pick(rng, -1, 1, 2, 5) for n in size)], np.int64))]
        if net.opset >= 18 and coord != "tf_crop_and_resize" and "antialias" not in attrs and rng.random() < 0.4:
            attrs["keep_aspect_ratio_policy"], attrs["axes"] = pick(rng, "not_larger", "not_smaller"), list(range(2, 2 + spatial))
            net.inits[-1] = numpy_helper.from_array(numpy_helper.to_array(net.inits[-1])[2:], "sizes")
    net.node("Resize", ins, **attrs)
    return net.case(types=[TYPES[np.dtype(dtype)]], steps=1 if dtype == np.uint8 else 0, apart=0.1)


def pad(rng):
    net = Net(rng, opset=pick(rng, 10, 13, 18, 19))
    mode = pick(rng, "constant", "edge", "reflect", *(["wrap"] if net.opset == 19 else []))
    v = normal(rng, *shape_of(rng, int(rng.integers(2, 5)), 3, 7))
    low = -1 if mode == "constant" else 0
    pads = np.array(ints(rng, low, 3, 2 * v.ndim), np.int64)
    x = net.input("x", v)
    if net.opset == 10:
        net.node("Pad", [x], mode=mode, pads=[int(p) for p in np.maximum(pads, 0)], value=0.5)
        return net.case()
    ins = [x, net.init("pads", pads)]
    if mode == "constant" and rng.random() < 0.7:
        ins.append(net.init("value", np.float32(1.25)))
    if net.opset >= 18 and rng.random() < 0.5:
        axes = rng.permutation(v.ndim)[:2]
        net.inits[0].CopyFrom(numpy_helper.from_array(pads[:4], "pads"))
        ins += [""] * (3 - len(ins)) + [net.init("axes", axes - (v.ndim if rng.random() < 0.5 else 0))]
    net.node("Pad", ins, mode=mode)
    return net.case()


def slices(rng):
    net = Net(rng, opset=pick(rng, 9, 13))
    v = pick(rng, normal(rng, *shape_of(rng, 3, 3, 9)), rng.integers(0, 99, shape_of(rng, 3, 3, 9)))
    n = int(rng.integers(1, 4))
    axes = rng.permutation(3)[:n]
    starts, ends = rng.integers(-10, 10, n), rng.integers(-10, 10, n)
    x = net.input("x", v)
    if net.opset == 9:
        net.node("Slice", [x], axes=[int(a) for a in axes], starts=[0] * n, ends=[int(max(e, 1)) for e in ends])
    else:
        steps = rng.choice([1, 1, 2, -1, -2, 3], n)
        spans = [len(range(*slice(int(s), int(e), int(t)).indices(v.shape[a]))) for s, e, t, a in zip(starts, ends, steps, axes, strict=True)]
        for i, span in enumerate(spans):
            if span == 0:
                starts[i], ends[i], steps[i] = 0, 2**62, 1
        net.node("Slice", [x, net.init("s", starts), net.init("e", ends), net.init("a", axes), net.init("t", steps)])
    return net.case(types=[TYPES[v.dtype]])


def matmul(rng):
    net = Net(rng)
    m, k, n = ints(rng, 1, 9, 3)
    batch = shape_of(rng, int(rng.integers(0, 3)), 1, 4)
    left = tuple(d if rng.random() < 0.7 else 1 for d in batch)
    a, b = normal(rng, *left, m, k), normal(rng, *batch, k, n)
    if rng.random() < 0.2:
        a = normal(rng, k)
    elif rng.random() < 0.2:
        b = normal(rng, k)
    net.node("MatMul", [net.input("a", a), pick(rng, net.input, net.init)("b", b)])
    return net.case()


def gemm(rng):
    net = Net(rng)
    m, k, n = ints(rng, 1, 9, 3)
    ta, tb = int(rng.integers(2)), int(rng.integers(2))
    ins = [net.input("a", normal(rng, *((k, m) if ta else (m, k)))), net.init("b", normal(rng, *((n, k) if tb else (k, n))))]
    if rng.random() < 0.7:
        ins.append(net.init("c", normal(rng, *pick(rng, (n,), (1, n), (m, 1), (m, n), (1,), ()))))
    net.node("Gemm", ins, transA=ta, transB=tb, alpha=pick(rng, 1.0, 0.5), beta=pick(rng, 1.0, 2.0))
    return net.case()


def reduce(rng):
    net = Net(rng, opset=pick(rng, 11, 13, 18))
    op = pick(rng, "Mean", "Sum", "Max", "Min", "Prod", "L1", "L2", "SumSquare", "LogSum", "LogSumExp")
    dtype = pick(rng, np.float32, np.float32, np.int32) if op in ("Sum", "Max", "Min", "Prod", "Mean") else np.float32
    v = normal(rng, *shape_of(rng, int(rng.integers(1, 5)), 1, 4 if op == "Prod" else 6))
    if op == "LogSum":
        v = np.abs(v) + 0.1
    if dtype == np.int32:
        v = rng.integers(*((1, 3) if op == "Prod" else (-9, 9)), v.shape).astype(dtype)
    axes = [int(a) for a in rng.permutation(v.ndim)[:int(rng.integers(0, v.ndim + 1))]]
    if rng.random() < 0.5:
        axes = [a - v.ndim for a in axes]
    attrs = dict(keepdims=int(rng.integers(2)))
    ins = [net.input("x", v)]
    if net.opset >= 18 or net.opset >= 13 and op == "Sum":
        if axes or rng.random() < 0.5:
            ins.append(net.init("axes", np.array(axes, np.int64)))
        if rng.random() < 0.3:
            attrs["noop_with_empty_axes"] = 1
    elif axes:
        attrs["axes"] = axes
    net.node("Reduce" + op, ins, **attrs)
    return net.case(types=[TYPES[np.dtype(dtype)]])


def elementwise(rng):
    net = Net(rng)
    op = pick(rng, "Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Mod", "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "PRelu", "Mean", "Sum")
    dtype = pick(rng, np.float32, np.int64, np.int32)
    if op in ("PRelu", "Mean", "Sum"):
        dtype = np.float32
    shape = shape_of(rng, int(rng.integers(1, 5)), 1, 5)
    other = tuple(d if rng.random() < 0.6 else 1 for d in shape)[int(rng.integers(len(shape))):]

    def make(s):
        v = normal(rng, *s) if dtype == np.float32 else rng.integers(1, 9, s).astype(dtype)
        return np.abs(v) + 0.1 if op == "Pow" and dtype == np.float32 else np.asarray(v)
    a, b = make(shape), make(other)
    if op != "PRelu" and rng.random() < 0.5:
        a, b = b, a
    names = [net.input("a", a), pick(rng, net.input, net.init)("b", b)]
    attrs = dict(fmod=1) if op == "Mod" and dtype == np.float32 else {}
    net.node(op, names, **attrs)
    logical = op in ("Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual")
    return net.case(types=[TensorProto.BOOL if logical else TYPES[np.dtype(dtype)]])


def unary(rng):
    net = Net(rng, opset=pick(rng, 13, 18, 20, 22))
    ops = dict(Relu={}, LeakyRelu=dict(alpha=0.2), Elu=dict(alpha=1.5), Selu={}, Celu=dict(alpha=0.7), HardSigmoid=dict(alpha=0.15, beta=0.4), Sigmoid={},
               Tanh={}, Erf={}, Exp={}, Softplus={}, Abs={}, Neg={}, Floor={}, Ceil={}, Round={}, Reciprocal={}, Softsign={}, Sign={}, Sin={}, Cos={},
               ThresholdedRelu=dict(alpha=0.5), Atan={}, Sinh={}, Cosh={}, Asinh={}, Tan={}, Shrink=dict(lambd=0.4, bias=0.1), HardSwish={}, IsNaN={})
    if net.opset >= 18:
        ops["Mish"] = {}
    if net.opset >= 20:
        ops["Gelu"] = dict(approximate=pick(rng, "none", "tanh"))
    op = pick(rng, *ops)
    if op == "HardSwish" and net.opset < 14:
        op = "Relu"
    net.node(op, [net.input("x", 3 * normal(rng, *shape_of(rng, 3)))], **ops[op])
    return net.case(types=[TensorProto.BOOL if op == "IsNaN" else TensorProto.FLOAT])


def softmax(rng):
    net = Net(rng, opset=pick(rng, 11, 13))
    rank = int(rng.integers(1, 5))
    net.node(pick(rng, "Softmax", "LogSoftmax", "Hardmax"), [net.input("x", normal(rng, *shape_of(rng, rank)))], axis=int(rng.integers(-rank, rank)))
    return net.case()


def norm(rng):
    net = Net(rng, opset=21)
    n, c = int(rng.integers(1, 3)), 2 * int(rng.integers(1, 5))
    x = net.input("x", normal(rng, n, c, *shape_of(rng, int(rng.integers(1, 3)), 2, 6)))
    op = pick(rng, "BatchNormalization", "InstanceNormalization", "GroupNormalization", "LayerNormalization", "LRN", "LpNormalization", "MeanVarianceNormalization")
    s, b = net.init("s", normal(rng, c)), net.init("b", normal(rng, c))
    rank = net.feeds["x"].ndim
    if op == "BatchNormalization":
        net.node(op, [x, s, b, net.init("m", normal(rng, c)), net.init("v", np.abs(normal(rng, c)) + 0.1)], epsilon=1e-3)
    elif op == "InstanceNormalization":
        net.node(op, [x, s, b], epsilon=1e-3)
    elif op == "GroupNormalization":
        net.node(op, [x, s, b], num_groups=pick(rng, 1, 2, c))
    elif op == "LayerNormalization":
        axis = int(rng.integers(1, rank))
        tail = net.feeds["x"].shape[axis:]
        ins = [x, net.init("ls", normal(rng, *tail))] + ([net.init("lb", normal(rng, *tail))] if rng.random() < 0.6 else [])
        net.node(op, ins, axis=pick(rng, axis, axis - rank))
    elif op == "LRN":
        net.node(op, [x], size=pick(rng, 3, 5), alpha=0.01, bias=1.5)
    elif op == "LpNormalization":
        net.node(op, [x], axis=int(rng.integers(-rank, rank)), p=pick(rng, 1, 2))
    else:
        net.node(op, [x], axes=pick(rng, [0, 2], [2], [1, 2]))
    return net.case(rtol=1e-3, atol=1e-4)


def move(rng):
    net = Net(rng, opset=18)
    v = pick(rng, normal(rng, 2, 3, 4, 5), rng.integers(0, 99, (2, 3, 4, 5)), rng.integers(0, 99, (2, 3, 4, 5)).astype(np.uint8))
    x = net.input("x", v)
    axis = int(rng.integers(-4, 4))
    n = v.shape[axis]
    op = pick(rng, "Transpose", "Gather", "GatherElements", "GatherND", "Concat", "Split", "Tile", "Expand", "Flatten", "Squeeze", "Where", "ScatterElements",
              "ScatterND", "Reshape", "Unsqueeze", "Trilu", "OneHot", "DepthToSpace", "SpaceToDepth", "ArgMax", "TopK", "CumSum")
    outs, types = ["y"], [TYPES[v.dtype]]
    if op == "Transpose":
        net.node(op, [x], perm=[int(p) for p in rng.permutation(4)])
    elif op == "Gather":
        net.node(op, [x, pick(rng, net.init, net.input)("i", rng.integers(-n, n, shape_of(rng, int(rng.integers(0, 3)))).astype(pick(rng, np.int64, np.int32)))], axis=axis)
    elif op == "GatherElements":
        s = list(v.shape)
        s[axis] = 3
        net.node(op, [x, net.input("i", rng.integers(-n, n, s))], axis=axis)
    elif op == "GatherND":
        batch = int(rng.integers(0, 2))
        net.node(op, [x, net.input("i", rng.integers(-2, 2, (2, 3, int(rng.integers(1, 3)))))], batch_dims=batch)
    elif op == "ScatterElements":
        s = list(v.shape)
        s[axis] = n
        i = np.broadcast_to(rng.permutation(n).reshape([-1 if k == axis % 4 else 1 for k in range(4)]), s).copy()
        net.node(op, [x, net.init("i", i), net.init("u", v[::-1].copy())], axis=axis)
    elif op == "ScatterND":
        net.node(op, [x, net.init("i", np.array([[1, 0], [0, 2]])), net.init("u", v[:, 0].copy())], **(dict(reduction="add") if v.dtype == np.float32 else {}))
    elif op == "Concat":
        net.node(op, [x, net.init("c", v[:, :, :, :].copy()), x], axis=axis)
    elif op == "Split":
        if rng.random() < 0.5:
            outs = ["y", "z"]
            net.node(op, [x], outs, axis=axis, num_outputs=2)
        else:
            outs = ["y", "z"]
            net.node(op, [x, net.init("s", np.array([1, n - 1]))], outs, axis=axis)
        types = types * 2
    elif op == "Tile":
        net.node(op, [x, net.init("r", rng.integers(1, 3, 4))])
    elif op == "Expand":
        net.node(op, [net.init("one", v[:, :1, :, :1].copy()), net.init("s", np.array([1, 3, 1, 5]))])
        net.node("Add", ["y", x], ["y2"])
        outs = ["y2"]
        if v.dtype == np.uint8:
            outs = ["y"]
    elif op == "Flatten":
        net.node(op, [x], axis=int(rng.integers(-4, 5)))
    elif op == "Squeeze":
        net.node("Unsqueeze", [x, net.init("a", np.array([0, -2]))], ["u"])
        net.node(op, ["u"] + ([net.init("b", np.array([-2]))] if rng.random() < 0.5 else []))
    elif op == "Unsqueeze":
        net.node(op, [x, net.init("a", np.array(pick(rng, [0], [-1, 1], [4, 2])))])
    elif op == "Reshape":
        net.node(op, [x, net.init("s", np.array(pick(rng, [0, -1], [6, 0, -1], [-1], [2, 3, 20, 1])))])
    elif op == "Where":
        net.node(op, [net.input("c", rng.random(pick(rng, (4, 5), (2, 3, 4, 5), (3, 1, 1))) < 0.5), x, net.init("o", v[:1].copy())])
    elif op == "Trilu":
        net.node(op, [x, net.init("k", np.int64(rng.integers(-3, 4)))], upper=int(rng.integers(2)))
    elif op == "OneHot":
        net.node(op, [net.input("i", rng.integers(-5, 5, (2, 3))), net.init("d", np.int64(5)), net.init("v", np.array([0, 7], v.dtype))], axis=int(rng.integers(-1, 3)))
    elif op == "DepthToSpace":
        w = normal(rng, 1, 12, 2, 3)
        net.node(op, [net.input("w", w)], blocksize=2, mode=pick(rng, "DCR", "CRD"))
        types = [TensorProto.FLOAT]
    elif op == "SpaceToDepth":
        net.node(op, [net.input("w", normal(rng, 1, 2, 4, 6))], blocksize=2)
        types = [TensorProto.FLOAT]
    elif op == "ArgMax":
        net.node(pick(rng, "ArgMax", "ArgMin"), [x], axis=axis, keepdims=int(rng.integers(2)), select_last_index=int(rng.integers(2)))
        types = [TensorProto.INT64]
    elif op == "TopK":
        outs = ["y", "z"]
        net.node(op, [net.input("w", normal(rng, 3, 4, 5)), net.init("k", np.array([2]))], outs, axis=int(rng.integers(-3, 3)), largest=int(rng.integers(2)))
        types = [TensorProto.FLOAT, TensorProto.INT64]
    elif op == "CumSum":
        net.node(op, [net.input("w", normal(rng, 3, 4, 5)), net.init("a", np.int64(rng.integers(-3, 3)))], exclusive=int(rng.integers(2)), reverse=int(rng.integers(2)))
        types = [TensorProto.FLOAT]
    net.inputs = [i for i in net.inputs if any(i.name in n.input for n in net.nodes)]
    net.feeds = {i.name: net.feeds[i.name] for i in net.inputs}
    return net.case(outs, types)


def casts(rng):
    net = Net(rng)
    dtypes = [np.float32, np.float64, np.uint8, np.int8, np.int32, np.int64, np.bool_, np.float16]
    source, target = np.dtype(pick(rng, *dtypes)), np.dtype(pick(rng, *dtypes))
    v = (20 * np.abs(normal(rng, 3, 4))).astype(source)
    net.node("Cast", [net.input("x", v)], to=TYPES[target])
    return net.case(types=[TYPES[target]])


def einsum(rng):
    net = Net(rng)
    sizes = dict(zip("bhijdk", ints(rng, 1, 5, 6), strict=True))
    equation = pick(rng, "bhid,bhjd->bhij", "bhij,bhjd->bhid", "ij,jk->ik", "bij,bjk->bik", "bid,dk->bik", "i,j->ij", "bij->bji", "bij->b", "ij,ij->", "...ij,...jk->...ik", "bhi,hij->bhj")
    left = equation.split("->")[0].split(",")
    net.node("Einsum", [net.input(f"x{i}", normal(rng, *[sizes[c] for c in term.replace("...", "bh")])) for i, term in enumerate(left)], equation=equation)
    return net.case()


def grid_sample(rng):
    net = Net(rng, opset=pick(rng, 16, 20))
    modes = ("bilinear", "nearest", "bicubic") if net.opset == 16 else ("linear", "nearest", "cubic")
    x = net.input("x", normal(rng, 2, 3, *shape_of(rng, 2, 3, 8)))
    g = net.input("g", rng.uniform(-1.3, 1.3, (2, *shape_of(rng, 2, 2, 6), 2)).astype(np.float32))
    net.node("GridSample", [x, g], mode=pick(rng, *modes), padding_mode=pick(rng, "zeros", "border", "reflection"), align_corners=int(rng.integers(2)))
    return net.case(rtol=1e-3, atol=1e-3)


FLOAT = [conv, conv_transpose, pool, resize, pad, slices, matmul, gemm, reduce, elementwise, unary, softmax, norm, move, casts, einsum, grid_sample]


# Quantised operators, QDQ: bytes → DequantizeLinear → operator → QuantizeLinear.


def quantise(net, name, source, scale, zero):
    net.node("QuantizeLinear", [source, net.init(name + " s", np.float32(scale)), net.init(name + " z", zero)], [name])
    return name


def dequantised(net, name, shape, dtype):
    """An 8-bit input and the name of its real value."""
    info = np.iinfo(dtype)
    zero = dtype(net.rng.integers(info.min, info.max + 1))
    net.input(name, net.rng.integers(info.min, info.max + 1, shape).astype(dtype))
    scale = np.float32(net.rng.uniform(0.01, 0.03))
    return net.node("DequantizeLinear", [name, net.init(name + " s", scale), net.init(name + " z", zero)], [name + " real"])


def weights(net, name, shape, axis, dtype=np.int8):
    info = np.iinfo(dtype)
    per_channel = net.rng.random() < 0.5
    n = shape[axis] if per_channel else 1
    scale = net.rng.uniform(0.002, 0.01, n).astype(np.float32)
    zero = np.zeros(n, dtype) if dtype == np.int8 else net.rng.integers(100, 150, n).astype(dtype)
    q = net.init(name, net.rng.integers(info.min, info.max + 1, shape).astype(dtype))
    s, z = net.init(name + " s", scale if per_channel else scale[0]), net.init(name + " z", zero if per_channel else zero[0])
    return net.node("DequantizeLinear", [q, s, z], [name + " real"], axis=axis)


def qdq(rng):
    net = Net(rng, opset=17)
    dtype = pick(rng, np.uint8, np.int8)
    y_zero = dtype(rng.integers(np.iinfo(dtype).min, np.iinfo(dtype).max + 1))
    y_scale = rng.uniform(0.02, 0.06)
    op = pick(rng, "Conv", "Conv", "ConvTranspose", "Gemm", "MatMul", "MatMul", "MatMul 2", "Add", "Sub", "Mul", "Div", "Min", "Max", "Concat", "MaxPool", "AveragePool",
              "GlobalAveragePool", "ReduceMean", "Resize", "Pad", "Slice", "Transpose", "Reshape", "Relu", "LeakyRelu", "Sigmoid", "HardSwish", "Tanh", "Clip",
              "Softmax", "Split", "PRelu", "LayerNormalization", "Conv then", "Where", "Erf", "Squeeze", "Expand", "InstanceNormalization")
    shape = (int(rng.integers(1, 3)), int(rng.integers(1, 10)), int(rng.integers(3, 12)), int(rng.integers(3, 12)))
    if op.startswith("Conv"):
        _, kernel, groups, cin, cout, size = conv_geometry(rng)
        spatial = len(kernel)
        x = dequantised(net, "x", (shape[0], cin, *size), dtype)
        wtype = np.uint8 if dtype == np.uint8 and rng.random() < 0.3 else np.int8
        attrs = window(rng, spatial, kernel)
        if op == "ConvTranspose":
            cout = -(-cout // groups) * groups
            w = weights(net, "w", (cin, cout // groups, *kernel), 1, wtype)
            if rng.random() < 0.4:
                attrs["output_padding"] = [int(rng.integers(0, s)) for s in attrs.get("strides", [1] * spatial)]
            y = net.node("ConvTranspose", [x, w], ["f"], group=groups, **attrs)
        else:
            w = weights(net, "w", (cout, cin // groups, *kernel), 0, wtype)
            y = net.node("Conv", [x, w, net.init("b", normal(rng, cout))], ["f"], group=groups, **attrs)
        if op == "Conv then":
            y = net.node(pick(rng, "Relu", "LeakyRelu", "Sigmoid", "HardSwish"), [y], ["g"])
        y_scale = y_scale * np.sqrt(cin // groups * np.prod(kernel)) * 0.5
    elif op == "Gemm":
        m, k, n = ints(rng, 1, 20, 3)
        tb = int(rng.integers(2))
        y = net.node("Gemm", [dequantised(net, "x", (m, k), dtype), weights(net, "w", (n, k) if tb else (k, n), 1 - tb), net.init("b", normal(rng, n))], ["f"], transB=tb)
        y_scale *= np.sqrt(k)
    elif op == "MatMul":
        m, k, n = ints(rng, 1, 20, 3)
        lead = shape_of(rng, int(rng.integers(0, 3)), 1, 4)
        y = net.node("MatMul", [dequantised(net, "x", (*lead, m, k), dtype), weights(net, "w", (k, n), 1)], ["f"])
        y_scale *= np.sqrt(k)
    elif op == "MatMul 2":
        m, k, n = ints(rng, 1, 12, 3)
        lead = shape_of(rng, int(rng.integers(0, 3)), 1, 4)
        y = net.node("MatMul", [dequantised(net, "x", (*lead, m, k), dtype), dequantised(net, "x2", (*lead, k, n), dtype)], ["f"])
        y_scale *= np.sqrt(k)
    elif op in ("Add", "Sub", "Mul", "Div", "Min", "Max"):
        a = dequantised(net, "x", shape, dtype)
        other = pick(rng, shape, (1, shape[1], 1, 1), (shape[0], shape[1], 1, 1), (1,), (shape[0], 1, shape[2], shape[3]))
        if op == "Div":
            b = net.init("b", np.float32(rng.uniform(1, 2, other)))
        else:
            b = dequantised(net, "x2", other, dtype) if rng.random() < 0.7 else weights(net, "c", other, 1 if len(other) > 1 else 0)
        y = net.node(op, [a, b] if op in ("Sub", "Div") or rng.random() < 0.5 else [b, a], ["f"])
    elif op == "Concat":
        axis = pick(rng, 1, 1, -3, 2, 3)
        parts = []
        for i in range(int(rng.integers(2, 4))):
            s = list(shape)
            s[axis] = int(rng.integers(1, 9))
            parts.append(dequantised(net, f"x{i}", s, dtype))
        y = net.node("Concat", parts, ["f"], axis=axis)
    elif op in ("MaxPool", "AveragePool"):
        kernel = ints(rng, 1, 4, 2)
        attrs = window(rng, 2, kernel, dilations=op == "MaxPool")
        if op == "AveragePool" and rng.random() < 0.5:
            attrs["count_include_pad"] = 1
        y = net.node(op, [dequantised(net, "x", shape, dtype)], ["f"], kernel_shape=kernel, ceil_mode=int(rng.integers(2)), **attrs)
    elif op == "ReduceMean":
        y = net.node(op, [dequantised(net, "x", shape, dtype)], ["f"], axes=pick(rng, [2, 3], [-1, -2], [1], [3], [0, 1]), keepdims=int(rng.integers(2)))
    elif op == "Resize":
        mode = pick(rng, "nearest", "linear", "cubic")
        coord = pick(rng, "half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel")
        attrs = dict(nearest_mode=pick(rng, "floor", "round_prefer_floor", "ceil", "round_prefer_ceil")) if mode == "nearest" else {}
        if rng.random() < 0.5:
            how = ["", net.init("z", np.array([1, 1, *rng.uniform(0.5, 3, 2)], np.float32))]
        else:
            how = ["", "", net.init("z", np.array([*shape[:2], *ints(rng, 2, 25, 2)], np.int64))]
        y = net.node(op, [dequantised(net, "x", shape, dtype), *how], ["f"], mode=mode, coordinate_transformation_mode=coord, **attrs)
    elif op == "Pad":
        mode = pick(rng, "constant", "edge", "reflect")
        ins = [dequantised(net, "x", shape, dtype), net.init("p", np.array([0, 0, *ints(rng, 0, 3, 2), 0, 0, *ints(rng, 0, 3, 2)], np.int64))]
        if mode == "constant" and rng.random() < 0.5:
            ins.append(net.init("v", np.float32(pick(rng, 0, 1.5, -1.5))))
        y = net.node(op, ins, ["f"], mode=mode)
    elif op == "Slice":
        y = net.node(op, [dequantised(net, "x", shape, dtype), net.init("a", np.array([0, 1])), net.init("b", np.array([shape[1], 99])), net.init("c", np.array([1, 2])),
                          net.init("d", np.array([1, 2]))], ["f"])
    elif op == "Split":
        y = net.node(op, [dequantised(net, "x", (2, 6, 3, 4), dtype), net.init("a", np.array([2, 4]))], ["f0", "f"], axis=1)
        y = "f"
    elif op == "Transpose":
        y = net.node(op, [dequantised(net, "x", shape, dtype)], ["f"], perm=[int(p) for p in rng.permutation(4)])
    elif op == "Reshape":
        y = net.node(op, [dequantised(net, "x", shape, dtype), net.init("a", np.array(pick(rng, [0, -1], [-1], [0, 0, -1])))], ["f"])
    elif op == "Squeeze":
        y = net.node("GlobalAveragePool", [dequantised(net, "x", shape, dtype)], ["g"])
        y = net.node(op, ["g", net.init("a", np.array([2, 3]))], ["f"])
    elif op == "Expand":
        y = net.node(op, [dequantised(net, "x", (shape[0], shape[1], 1, 1), dtype), net.init("a", np.array(shape))], ["f"])
    elif op == "PRelu":
        y = net.node(op, [dequantised(net, "x", shape, dtype), net.init("a", normal(rng, shape[1], 1, 1))], ["f"])
    elif op == "Where":
        y = net.node(op, [net.input("c", rng.random(shape) < 0.5), dequantised(net, "x", shape, dtype), net.init("a", np.float32(-1))], ["f"])
    elif op == "LayerNormalization":
        y = net.node(op, [dequantised(net, "x", shape, dtype), net.init("a", normal(rng, shape[3])), net.init("b", normal(rng, shape[3]))], ["f"])
    elif op == "InstanceNormalization":
        y = net.node(op, [dequantised(net, "x", shape, dtype), net.init("a", normal(rng, shape[1])), net.init("b", normal(rng, shape[1]))], ["f"])
    elif op == "Clip":
        y = net.node(op, [dequantised(net, "x", shape, dtype), net.init("a", np.float32(-0.5)), net.init("b", np.float32(1.1))], ["f"])
    elif op == "Softmax":
        y = net.node(op, [dequantised(net, "x", shape, dtype)], ["f"], axis=pick(rng, 1, 3, -1))
        y_scale, y_zero = 1 / 256, dtype(np.iinfo(dtype).min)
    else:
        y = net.node(op, [dequantised(net, "x", shape, dtype)], ["f"])
    quantise(net, "y", y, y_scale, y_zero)
    return net.case(types=[TYPES[np.dtype(dtype)]], steps=1, apart=0.02)


# ONNX Runtime's own quantised operators.


def qoperator(rng):
    net = Net(rng, opset=17)
    ms = "com.microsoft"
    dtype = pick(rng, np.uint8, np.int8)
    info = np.iinfo(dtype)
    shape = shape_of(rng, 4, 2, 9)

    def scale(name, lo=0.01, hi=0.03):
        return net.init(name + "_s", np.float32(rng.uniform(lo, hi)))

    def zero(name):
        return net.init(name + "_z", dtype(rng.integers(info.min, info.max + 1)))

    def q(name, s, constant=False):
        v = rng.integers(info.min, info.max + 1, s).astype(dtype)
        return [(net.init if constant else net.input)(name, v), scale(name), zero(name)]
    op = pick(rng, "QLinearAdd", "QLinearMul", "QLinearConcat", "QLinearSigmoid", "QLinearLeakyRelu", "QLinearSoftmax", "QLinearAveragePool",
              "QLinearGlobalAveragePool", "QGemm", "QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger", "DynamicQuantizeLinear", "QLinearWhere",
              "DynamicQuantizeMatMul", "MatMulIntegerToFloat")
    types, tolerance = [TYPES[np.dtype(dtype)]], dict(steps=1, apart=0.02)
    if op in ("QLinearAdd", "QLinearMul"):
        other = pick(rng, shape, shape[1:], (1, shape[1], 1, 1), ())
        net.node(op, q("a", shape) + q("b", other, rng.random() < 0.3) + [scale("y", 0.03, 0.06), zero("y")], domain=ms)
    elif op == "QLinearConcat":
        axis = pick(rng, 1, 0, 3)
        parts = []
        for i in range(3):
            s = list(shape)
            s[axis] = int(rng.integers(1, 6))
            parts += q(f"x{i}", s)
        net.node(op, [scale("y"), zero("y"), *parts], domain=ms, axis=axis)
    elif op in ("QLinearSigmoid", "QLinearLeakyRelu"):
        net.node(op, q("x", shape) + [scale("y", 0.004, 0.02), zero("y")], domain=ms, **(dict(alpha=0.1) if "Leaky" in op else {}))
    elif op == "QLinearSoftmax":
        axis = pick(rng, 1, 3)
        y = [net.init("y_s", np.float32(1 / 256)), net.init("y_z", dtype(info.min))]
        net.node(op, q("x", shape) + y, domain=ms, axis=axis, opset=pick(rng, 12, 13))
    elif op in ("QLinearAveragePool", "QLinearGlobalAveragePool"):
        attrs = dict(channels_last=int(rng.integers(2)))
        if "Global" not in op:
            kernel = ints(rng, 1, 4, 2)
            attrs.update(kernel_shape=kernel, strides=ints(rng, 1, 3, 2), pads=[int(rng.integers(0, kernel[i % 2])) for i in range(4)],
                         count_include_pad=int(rng.integers(2)), ceil_mode=int(rng.integers(2)))
        net.node(op, q("x", (2, 7, 8, 9)) + [scale("y"), zero("y")], domain=ms, **attrs)
    elif op == "QGemm":
        m, k, n = ints(rng, 1, 20, 3)
        tb = int(rng.integers(2))
        w = [net.init("w", rng.integers(-128, 128, (n, k) if tb else (k, n)).astype(np.int8)), net.init("w_s", np.float32(0.01)), net.init("w_z", np.int8(0))]
        c = net.init("c", rng.integers(-500, 500, n).astype(np.int32)) if rng.random() < 0.7 else ""
        net.node(op, q("a", (m, k)) + w + [c, scale("y", 0.05, 0.1), zero("y")], domain=ms, transB=tb, alpha=1.0)
    elif op == "QLinearConv":
        spatial, kernel, groups, cin, cout, size = conv_geometry(rng)
        w = [net.init("w", rng.integers(-128, 128, (cout, cin // groups, *kernel)).astype(np.int8)), net.init("w_s", np.float32(0.01)), net.init("w_z", np.int8(0))]
        net.node(op, q("x", (2, cin, *size)) + w + [scale("y", 0.05, 0.1), zero("y")], group=groups, **window(rng, spatial, kernel))
        tolerance = dict(steps=0)
    elif op == "QLinearMatMul":
        m, k, n = ints(rng, 1, 16, 3)
        lead = shape_of(rng, int(rng.integers(0, 3)), 1, 4)
        net.node(op, q("a", (*lead, m, k)) + q("b", (k, n), rng.random() < 0.6) + [scale("y", 0.03, 0.06), zero("y")])
    elif op == "ConvInteger":
        spatial, kernel, groups, cin, cout, size = conv_geometry(rng)
        x = net.input("x", rng.integers(0, 256, (2, cin, *size)).astype(np.uint8))
        w = net.init("w", rng.integers(0, 256, (cout, cin // groups, *kernel)).astype(np.uint8))
        net.node(op, [x, w, net.init("xz", np.uint8(120)), net.init("wz", np.uint8(130))], group=groups, **window(rng, spatial, kernel))
        types, tolerance = [TensorProto.INT32], {}
    elif op == "MatMulInteger":
        m, k, n = ints(rng, 1, 16, 3)
        lead = shape_of(rng, int(rng.integers(0, 3)), 1, 4)
        a, w = net.input("a", rng.integers(0, 256, (*lead, m, k)).astype(np.uint8)), net.init("w", rng.integers(-128, 128, (k, n)).astype(np.int8))
        wz = net.init("wz", pick(rng, np.int8(3), rng.integers(-3, 3, n).astype(np.int8)))
        net.node(op, [a, w, net.init("az", np.uint8(7)), wz])
        types, tolerance = [TensorProto.INT32], {}
    elif op == "DynamicQuantizeLinear":
        net.node(op, [net.input("x", normal(rng, *shape))], ["y", "s", "z"])
        return net.case(["y", "s", "z"], [TensorProto.UINT8, TensorProto.FLOAT, TensorProto.UINT8], steps=1, apart=0.01)
    elif op == "QLinearWhere":
        net.node(op, [net.input("c", rng.random(shape) < 0.5)] + q("a", shape) + q("b", shape) + [scale("y"), zero("y")], domain=ms)
    else:
        m, k, n = ints(rng, 1, 16, 3)
        w, ws = net.init("w", rng.integers(-128, 128, (k, n)).astype(np.int8)), net.init("ws", np.float32(rng.uniform(0.01, 0.02, n)))
        wz, bias = net.init("wz", np.zeros(n, np.int8)), net.init("bias", normal(rng, n))
        if op == "DynamicQuantizeMatMul":
            net.node(op, [net.input("a", normal(rng, 2, m, k)), w, ws, wz, bias], domain=ms)
        else:
            a = net.input("a", rng.integers(0, 256, (2, m, k)).astype(np.uint8))
            net.node(op, [a, w, net.init("as", np.float32(0.02)), ws, net.init("az", np.uint8(120)), wz, bias], domain=ms)
        types, tolerance = [TensorProto.FLOAT], dict(rtol=1e-3, atol=1e-3)
    return net.case(types=types, **tolerance)


def fused(rng):
    """What ONNX Runtime's optimiser, its tools for few bits and its channels-last layout write."""
    net = Net(rng, opset=17)
    ms = "com.microsoft"
    batch, length, heads, size = int(rng.integers(1, 3)), int(rng.integers(2, 7)), int(rng.integers(1, 4)), int(rng.integers(1, 5))
    hidden = heads * size
    op = pick(rng, "Attention", "QAttention", "MultiHeadAttention", "MatMulNBits", "NhwcMaxPool", "QLinearConv", "Pad", "Trilu", "TransposeMatMul", "GridSample", "GatherND")
    types = [TensorProto.FLOAT]

    def mask(keys):
        kind = rng.integers(3)
        if kind == 0:
            return ""
        if kind == 1:
            return net.input("m", rng.integers(1, keys + 1, batch).astype(np.int32))
        return net.input("m", (rng.random((batch, keys)) < 0.7).astype(np.int32))
    if op == "Attention":
        v = int(rng.integers(1, 5)) * heads if rng.random() < 0.3 else hidden
        ins = [net.input("x", normal(rng, batch, length, 5)), net.init("w", normal(rng, 5, 2 * hidden + v)), net.init("b", normal(rng, 2 * hidden + v)), mask(length)]
        if rng.random() < 0.3:
            ins += ["", net.input("s", normal(rng, batch, heads, length, length))]
        attrs = dict(qkv_hidden_sizes=[hidden, hidden, v]) if v != hidden else {}
        net.node(op, ins, domain=ms, num_heads=heads, unidirectional=int(rng.random() < 0.3), **attrs)
        return net.case(rtol=1e-3, atol=1e-3)
    if op == "QAttention":
        x = [net.input("x", rng.integers(0, 256, (batch, length, 5)).astype(np.uint8)), net.init("w", rng.integers(-128, 128, (5, 3 * hidden)).astype(np.int8))]
        net.node(op, [*x, net.init("b", normal(rng, 3 * hidden)), net.init("xs", np.float32(0.02)), net.init("ws", np.float32(0.01)), mask(length),
                      net.init("xz", np.uint8(120)), net.init("wz", np.int8(pick(rng, 0, 3)))], domain=ms, num_heads=heads)
        return net.case(rtol=1e-3, atol=1e-3)
    if op == "MultiHeadAttention":
        keys = int(rng.integers(2, 7))
        ins = [net.input("q", normal(rng, batch, length, hidden)), net.input("k", normal(rng, batch, keys, hidden)), net.input("v", normal(rng, batch, keys, hidden)),
               net.init("b", normal(rng, 3 * hidden)) if rng.random() < 0.5 else "", mask(keys)]
        net.node(op, ins, domain=ms, num_heads=heads, **(dict(scale=0.3) if rng.random() < 0.3 else {}))
        return net.case(rtol=1e-3, atol=1e-3)
    if op == "MatMulNBits":
        k, n, block = int(rng.integers(1, 70)), int(rng.integers(1, 9)), pick(rng, 16, 32)
        blocks = -(-k // block)
        ins = [net.input("a", normal(rng, batch, length, k)), net.init("w", rng.integers(0, 256, (n, blocks, block // 2)).astype(np.uint8)),
               net.init("s", rng.uniform(0.01, 0.1, n * blocks).astype(np.float32))]
        if rng.random() < 0.5:
            ins.append(net.init("z", rng.integers(0, 256, n * -(-blocks // 2)).astype(np.uint8)))
        net.node(op, ins, domain=ms, K=k, N=n, bits=4, block_size=block)
        return net.case(rtol=1e-3, atol=1e-3)
    if op == "NhwcMaxPool":
        kernel = ints(rng, 1, 4, 2)
        net.node(op, [net.input("x", rng.integers(0, 256, (batch, 8, 9, 5)).astype(np.uint8))], domain=ms, kernel_shape=kernel, **window(rng, 2, kernel))
        types = [TensorProto.UINT8]
    elif op == "QLinearConv":
        _, kernel, groups, cin, cout, size = conv_geometry(rng)
        last = len(size) == 2 and rng.random() < 0.7
        shape = (batch, *size, cin) if last else (batch, cin, *size)
        x = [net.input("x", rng.integers(0, 256, shape).astype(np.uint8)), net.init("xs", np.float32(0.02)), net.init("xz", np.uint8(7))]
        w = [net.init("w", rng.integers(-128, 128, (cout, cin // groups, *kernel)).astype(np.int8)), net.init("ws", np.float32(0.01)), net.init("wz", np.int8(0))]
        net.node(op, [*x, *w, net.init("ys", np.float32(0.07)), net.init("yz", np.uint8(100))], domain=ms, group=groups, channels_last=int(last), **window(rng, len(size), kernel))
        return net.case(types=[TensorProto.UINT8], steps=0 if len(size) == 2 else 1, apart=0.02)
    elif op == "Pad":
        net.node(op, [net.input("x", normal(rng, 2, 3, 4)), net.init("p", np.array(ints(rng, 0, 3, 6), np.int64)), net.init("v", np.float32(1.5))], domain=ms)
    elif op == "Trilu":
        net.node(op, [net.input("x", normal(rng, 2, 4, 5)), net.init("k", np.int64(rng.integers(-2, 3)))], domain=ms, upper=int(rng.integers(2)))
    elif op == "TransposeMatMul":
        ta, tb = int(rng.integers(2)), int(rng.integers(2))
        a, b = (3, 4) if ta else (4, 3), (5, 3) if tb else (3, 5)
        net.node(op, [net.input("a", normal(rng, batch, *a)), net.init("b", normal(rng, *b))], domain=ms, transA=ta, transB=tb, alpha=pick(rng, 1.0, 0.5))
    elif op == "GridSample":
        x, g = net.input("x", normal(rng, batch, 2, 5, 6)), net.input("g", rng.uniform(-1.2, 1.2, (batch, 3, 4, 2)).astype(np.float32))
        net.node(op, [x, g], domain=ms, mode=pick(rng, "bilinear", "nearest"), padding_mode=pick(rng, "zeros", "border"), align_corners=int(rng.integers(2)))
    else:
        net.node(op, [net.input("x", normal(rng, 3, 4)), net.init("i", rng.integers(0, 3, (2, 2)).astype(np.int64))], domain=ms)
    return net.case(types=types)


def volume(rng):
    """Windows over three axes."""
    net = Net(rng, opset=pick(rng, 17, 19))
    op = pick(rng, "Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool")
    kernel, groups = ints(rng, 1, 4, 3), pick(rng, 1, 1, 2)
    size = ints(rng, 5, 9, 3)
    cin, cout = groups * int(rng.integers(1, 4)), groups * int(rng.integers(1, 4))
    x = net.input("x", normal(rng, 2, cin, *size))
    if op.startswith("Global"):
        net.node(op, [x])
    elif op == "Conv":
        net.node(op, [x, net.init("w", normal(rng, cout, cin // groups, *kernel)), net.init("b", normal(rng, cout))], group=groups, **window(rng, 3, kernel))
    elif op == "ConvTranspose":
        attrs = window(rng, 3, kernel)
        if attrs.get("auto_pad") != "VALID":
            attrs.pop("auto_pad", None)
        if rng.random() < 0.5:
            attrs["output_padding"] = [int(rng.integers(0, s)) for s in attrs.get("strides", [1] * 3)]
        net.node(op, [x, net.init("w", normal(rng, cin, cout // groups, *kernel)), net.init("b", normal(rng, cout))], group=groups, **attrs)
    else:
        attrs = window(rng, 3, kernel, dilations=op == "MaxPool")
        if attrs.get("auto_pad", "").startswith("SAME"):
            attrs["strides"] = [min(s, k) for s, k in zip(attrs.get("strides", [1] * 3), kernel, strict=True)]
        if op != "LpPool" and "auto_pad" not in attrs and rng.random() < 0.5:
            attrs["ceil_mode"] = 1
        if op == "AveragePool" and rng.random() < 0.5:
            attrs["count_include_pad"] = 1
        net.node(op, [x], kernel_shape=kernel, **attrs)
    return net.case()


def sequence(rng):
    """A tensor split into a list, the list changed, and put together again."""
    net = Net(rng, opset=17)
    shape = shape_of(rng, 3, 2, 7)
    axis = int(rng.integers(3))
    x = net.input("x", normal(rng, *shape))
    how = pick(rng, "single", "single squeezed", "chunks", "sizes", "construct")
    keep = True
    if how.startswith("single"):
        keep = how == "single"
        net.node("SplitToSequence", [x], ["s"], axis=axis, keepdims=int(keep))
        count = shape[axis]
    elif how == "chunks":
        chunk = int(rng.integers(1, shape[axis] + 1))
        net.node("SplitToSequence", [x, net.init("c", np.int64(chunk))], ["s"], axis=axis)
        count = -(-shape[axis] // chunk)
    elif how == "sizes":
        first = int(rng.integers(1, shape[axis]))
        net.node("SplitToSequence", [x, net.init("c", np.array([first, shape[axis] - first], np.int64))], ["s"], axis=axis - 3)
        count = 2
    else:
        net.node("Relu", [x], ["r"])
        net.node("SequenceConstruct", [x, "r", x], ["s"])
        count = 3
    last = "s"
    if rng.random() < 0.5:
        net.node("SequenceAt", [last, net.init("p", np.int64(rng.integers(-count, count)))], ["e"])
        net.node("SequenceInsert", [last, "e", *([net.init("q", np.int64(rng.integers(-count, count + 1)))] if rng.random() < 0.7 else [])], ["t"])
        last = "t"
        count += 1
    if count > 1 and rng.random() < 0.5:
        net.node("SequenceErase", [last, *([net.init("o", np.int64(rng.integers(-count, count)))] if rng.random() < 0.7 else [])], ["u"])
        last = "u"
    if rng.random() < 0.3:
        net.node("SequenceLength", [last])
        return net.case(types=[TensorProto.INT64])
    same = how in ("single", "single squeezed", "construct")
    new = int(same and rng.random() < 0.5)
    net.node("ConcatFromSequence", [last], axis=axis if keep or new else int(rng.integers(2)), new_axis=new)
    return net.case()


FAMILIES = {f.__name__: f for f in FLOAT + [qdq, qoperator, fused, sequence, volume]}
