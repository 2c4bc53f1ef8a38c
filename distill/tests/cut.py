"""A quantised network cut at its codes, so that one run says of every operator what it makes of the same inputs. In the whole
network a code that is rounded the other way in an early layer changes everything behind it; here it changes itself alone."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator


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


def exactly(model, name, feeds):
    """The code `name` of a cut network in float64, before it is rounded: ONNX's reference evaluator on the operators between the
    codes that it depends on. None where it does not come from a QuantizeLinear of one scale, or the evaluator fails."""
    g = model.graph
    made = {o: n for n in g.node for o in n.output}
    known = feeds | {i.name: numpy_helper.to_array(i) for i in g.initializer}
    order = {id(n): i for i, n in enumerate(g.node)}
    last = made[name]
    if last.op_type != "QuantizeLinear" or np.size(known[last.input[1]]) != 1:
        return None

    def real(n):
        """What a DequantizeLinear makes."""
        x, scale = value(n.input[0]).astype(np.float64), known[n.input[1]].astype(np.float64)
        zero = known[n.input[2]].astype(np.float64) if len(n.input) > 2 else np.zeros(())
        axis = next((a.i for a in n.attribute if a.name == "axis"), 1)
        if scale.size > 1:
            scale, zero = (s.reshape([-1] + [1] * (x.ndim - 1 - axis % x.ndim)) for s in (scale, zero))
        return (x - zero) * scale

    def value(v):
        if v in known:
            return known[v].astype(np.float64) if known[v].dtype == np.float32 else known[v]
        nodes, inputs, stack = {}, {}, [v]
        while stack:
            u = stack.pop()
            n = made.get(u)
            if not u or u in inputs or n is not None and id(n) in nodes:
                continue
            if n is None or u in known:
                inputs[u] = value(u)
            elif n.op_type == "DequantizeLinear":
                inputs[u] = real(n)
            else:
                nodes[id(n)] = n
                stack += n.input
        if not nodes:
            return inputs[v]
        declared = [helper.make_tensor_value_info(k, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape) for k, x in inputs.items()]
        out = helper.make_tensor_value_info(v, TensorProto.DOUBLE, None)
        part = helper.make_model(helper.make_graph([nodes[i] for i in sorted(nodes, key=order.get)], "part", declared, [out]),
                                 opset_imports=model.opset_import)
        for a in (a for n in part.graph.node if n.op_type == "Constant" for a in n.attribute):
            if a.name == "value" and a.t.data_type == TensorProto.FLOAT:
                a.t.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(a.t).astype(np.float64)))
        return ReferenceEvaluator(part).run(None, inputs)[0]

    try:
        x = value(last.input[0])
    except Exception:  # some operators of the evaluator take float32 alone
        return None
    zero = float(known[last.input[2]].reshape(-1)[0]) if len(last.input) > 2 and last.input[2] else 0.0
    return np.asarray(x, np.float64) / float(known[last.input[1]].reshape(-1)[0]) + zero


def judge(real, ours, literal):
    """Of the codes that differ: [those where ours is the nearest to the exact value, where the literal one is, ties]. A tie is an
    exact value within 1e-6 of the middle."""
    at = ours != literal
    real, ours, literal = real[at], ours[at].astype(np.float64), literal[at].astype(np.float64)
    tie = np.abs(np.abs(real - np.floor(real)) - 0.5) < 1e-6
    a, b = np.abs(real - ours), np.abs(real - literal)
    return [int((~tie & (a < b)).sum()), int((~tie & (a > b)).sum()), int(tie.sum())]
