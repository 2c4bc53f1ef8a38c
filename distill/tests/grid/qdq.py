"""Quantised operators as bytes → DequantizeLinear → operator → QuantizeLinear."""

import numpy as np

from distill.tests.grid.net import TYPES, Net, ints, normal, pick, shape_of
from distill.tests.grid.windows import conv_geometry, window


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
