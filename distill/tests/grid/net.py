"""A graph under construction, what a family makes of it, and the draws that all families share."""

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
