"""Operators that move elements and change shapes, and lists of tensors."""

import numpy as np
from onnx import TensorProto

from distill.tests.grid.net import TYPES, Net, normal, pick, shape_of


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
