"""Arithmetic in float and whole numbers: products, reductions, elementwise operators, norms, casts."""

import numpy as np
from onnx import TensorProto

from distill.tests.grid.net import TYPES, Net, ints, normal, pick, shape_of


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


def einsum(rng):
    net = Net(rng)
    sizes = dict(zip("bhijdk", ints(rng, 1, 5, 6), strict=True))
    equation = pick(rng, "bhid,bhjd->bhij", "bhij,bhjd->bhid", "ij,jk->ik", "bij,bjk->bik", "bid,dk->bik", "i,j->ij", "bij->bji", "bij->b", "ij,ij->", "...ij,...jk->...ik", "bhi,hij->bhj")
    left = equation.split("->")[0].split(",")
    net.node("Einsum", [net.input(f"x{i}", normal(rng, *[sizes[c] for c in term.replace("...", "bh")])) for i, term in enumerate(left)], equation=equation)
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


def casts(rng):
    net = Net(rng)
    dtypes = [np.float32, np.float64, np.uint8, np.int8, np.int32, np.int64, np.bool_, np.float16]
    source, target = np.dtype(pick(rng, *dtypes)), np.dtype(pick(rng, *dtypes))
    v = (20 * np.abs(normal(rng, 3, 4))).astype(source)
    net.node("Cast", [net.input("x", v)], to=TYPES[target])
    return net.case(types=[TYPES[target]])
