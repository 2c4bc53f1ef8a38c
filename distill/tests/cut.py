"""A quantised network cut at its codes, so that one run says of every operator what it makes of the same inputs. In the whole
network a code that is rounded the other way in an early layer changes everything behind it; here it changes itself alone."""

import numpy as np
import onnx
from onnx import TensorProto, helper


def makes_codes(node):
    """Whether a node's output is quantised: QuantizeLinear and the QLinear operators."""
    return node.op_type in ("QuantizeLinear", "QGemm") or node.op_type.startswith("QLinear")


# Where each operator has the zero point of what it makes.
PLACE = {"QuantizeLinear": 2, "QLinearConv": 7, "QLinearMatMul": 7, "QGemm": 8, "QLinearAdd": 7, "QLinearMul": 7, "QLinearConcat": 1,
         "QLinearSigmoid": 4, "QLinearLeakyRelu": 4, "QLinearSoftmax": 4, "QLinearAveragePool": 4, "QLinearGlobalAveragePool": 4,
         "QLinearReduceMean": 4, "QLinearWhere": 8}


def tapped(model):
    """The network with every quantised value as an output beside its own, and those values' names and types."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    g = model.graph
    types = {i.name: i.data_type for i in g.initializer}
    types |= {n.output[0]: a.t.data_type for n in g.node if n.op_type == "Constant" for a in n.attribute if a.name == "value"}
    own = {o.name for o in g.output}
    names = {}
    for n in g.node:
        if makes_codes(n) and n.output[0] not in own:
            at = PLACE[n.op_type]
            zero = n.input[at] if at < len(n.input) else ""
            names[n.output[0]] = types.get(zero, TensorProto.UINT8)
    g.output.extend(helper.make_tensor_value_info(name, t, None) for name, t in names.items())
    return model, names


def cut(model, codes):
    """The tapped network with every quantised value read from an input, `NAME.given`, of the codes' shape and type."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    g = model.graph
    for n in g.node:
        for i, name in enumerate(n.input):
            if name in codes:
                n.input[i] = name + ".given"
    for name, v in codes.items():
        g.input.append(helper.make_tensor_value_info(name + ".given", helper.np_dtype_to_tensor_dtype(v.dtype), v.shape))
    return model


def producers(model):
    """Code name → what makes it: the operator, or those between the codes it reads and its QuantizeLinear."""
    made = {o: n for n in model.graph.node for o in n.output}
    names = {}
    for n in model.graph.node:
        if not makes_codes(n):
            continue
        kinds, stack, seen = [], [n], set()
        while stack:
            m = stack.pop()
            if id(m) in seen or m is not n and makes_codes(m):
                continue
            seen.add(id(m))
            if m.op_type not in ("QuantizeLinear", "DequantizeLinear", "Constant"):
                kinds.append(m.op_type)
            stack += [made[i] for i in m.input if i in made]
        names[n.output[0]] = "+".join(sorted(set(kinds))) or n.op_type
    return names


def differences(a, b):
    """(codes, those that differ, the largest difference) of two lists of code arrays."""
    total = differ = largest = 0
    for x, y in zip(a, b):
        d = np.abs(x.astype(np.int16) - y.astype(np.int16))
        total, differ, largest = total + d.size, differ + int((d > 0).sum()), max(largest, int(d.max(initial=0)))
    return total, differ, largest
