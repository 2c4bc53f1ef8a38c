"""ONNX Runtime's own quantised operators."""

import numpy as np
from onnx import TensorProto

from distill.tests.grid.net import TYPES, Net, ints, normal, pick, shape_of
from distill.tests.grid.windows import conv_geometry, window


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
