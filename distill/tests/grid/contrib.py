"""What ONNX Runtime's optimiser, its tools for few bits and its channels-last layout write."""

import numpy as np
from onnx import TensorProto

from distill.tests.grid.net import Net, ints, normal, pick
from distill.tests.grid.windows import conv_geometry, window


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
