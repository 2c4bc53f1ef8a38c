"""QDQ ONNX → the file that LiteRT reads, so that it runs the very same integers: same weights, scales and zero points.

uint8 becomes int8 by taking 128 off values and zero points. Convolutions of a stride of 2 pad on all sides in ONNX, where
LiteRT's own padding is lopsided, so these are padded by an operator of their own, as converters from PyTorch do.
An operator that is not carried raises ValueError naming it.
"""

import flatbuffers
import numpy as np
import onnx
from ai_edge_litert import schema_py_generated as tfl
from onnx import numpy_helper

TYPES = {np.dtype(np.int8): tfl.TensorType.INT8, np.dtype(np.int32): tfl.TensorType.INT32,
         np.dtype(np.int64): tfl.TensorType.INT64, np.dtype(np.uint8): tfl.TensorType.UINT8}


class Writer:
    """Collects tensors and operators of one graph; tensors are NHWC."""

    def __init__(self, model):
        graph = onnx.shape_inference.infer_shapes(model).graph
        self.nodes = list(graph.node)
        self.constants = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
        self.constants |= {n.output[0]: numpy_helper.to_array(n.attribute[0].t) for n in graph.node if n.op_type == "Constant"}
        self.maker = {o: n for n in graph.node for o in n.output}
        self.readers = {}
        for n in graph.node:
            for i in n.input:
                self.readers.setdefault(i, []).append(n)
        self.shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim]
                       for v in [*graph.input, *graph.value_info, *graph.output]}
        self.tensors, self.buffers, self.operators, self.codes = [], [tfl.BufferT()], [], []
        self.done = {}  # ONNX name → index of the tensor that holds it
        self.made = {}  # index of a convolution's output → indices of its weights and bias
        self.graph = graph

    def tensor(self, name, shape, kind, scale=None, zero=None, axis=0, data=None):
        t = tfl.TensorT()
        t.name, t.shape, t.type = name.encode(), [int(d) for d in shape], TYPES[np.dtype(kind)]
        t.buffer = 0
        if data is not None:
            b = tfl.BufferT()
            b.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
            self.buffers.append(b)
            t.buffer = len(self.buffers) - 1
        if scale is not None:
            q = tfl.QuantizationParametersT()
            q.scale = np.atleast_1d(np.asarray(scale, np.float32))
            q.zeroPoint = np.broadcast_to(np.asarray(zero, np.int64), q.scale.shape).copy()
            q.quantizedDimension = axis
            t.quantization = q
        self.tensors.append(t)
        return len(self.tensors) - 1

    def op(self, code, inputs, outputs, options=None, kind=None):
        if code not in self.codes:
            self.codes.append(code)
        o = tfl.OperatorT()
        o.opcodeIndex, o.inputs, o.outputs = self.codes.index(code), inputs, outputs
        if options is not None:
            o.builtinOptions, o.builtinOptionsType = options, kind
        self.operators.append(o)

    def quantised(self, value):
        """(tensor of 8 bits, scale, zero) of a value that comes from a DequantizeLinear of an activation."""
        dq = self.maker[value]
        if dq.op_type != "DequantizeLinear":
            raise ValueError(f"litert: {value} comes from {dq.op_type}, want DequantizeLinear")
        return self.done[dq.input[0]]

    def result(self, value):
        """The 8-bit tensor behind a float value's (ReLU and) QuantizeLinear, made here, and whether there is a ReLU."""
        relu = False
        (reader, *more) = self.readers[value]
        if reader.op_type == "Relu":
            relu, value = True, reader.output[0]
            (reader, *more) = self.readers[value]
        if reader.op_type != "QuantizeLinear" or more:
            raise ValueError(f"litert: {value} goes to {reader.op_type}, want one QuantizeLinear")
        scale, zero = self.constants[reader.input[1]], self.constants[reader.input[2]]
        offset = 128 if zero.dtype == np.uint8 else 0
        n, c, h, w = self.shapes[reader.output[0]]
        i = self.tensor(reader.output[0], [n, h, w, c], np.int8, scale, int(zero) - offset)
        self.done[reader.output[0]] = i
        return i, relu

    def constant(self, data, name="c"):
        return self.tensor(name, np.shape(data), np.asarray(data).dtype, data=data)

    def convolution(self, node):
        a = {x.name: onnx.helper.get_attribute_value(x) for x in node.attribute}
        x = self.quantised(node.input[0])
        wq, bq = self.maker[node.input[1]], self.maker[node.input[2]]
        weights, scale = self.constants[wq.input[0]], self.constants[wq.input[1]]
        bias = self.constants[bq.input[0]]
        out, depth, kh, kw = weights.shape
        group, stride, dilation = a.get("group", 1), a["strides"][0], a["dilations"][0]
        pads = a.get("pads", [0] * 4)
        if len(set(pads)) > 1 or group not in (1, out) or stride != a["strides"][1]:
            raise ValueError(f"litert: Conv {node.name}: pads {pads}, group {group} of {out}")
        deep = group == out and depth == 1 and group > 1
        layout = weights.transpose(1, 2, 3, 0) if deep else weights.transpose(0, 2, 3, 1)  # [1,h,w,O] or [O,h,w,I]
        w = self.tensor(wq.input[0], layout.shape, np.int8, scale, 0, 3 if deep else 0, layout)
        xq = self.tensors[x].quantization
        b = self.tensor(bq.input[0], bias.shape, np.int32, np.float32(xq.scale[0]) * np.atleast_1d(scale), 0, 0, bias)
        same = stride == 1 and pads[0] == dilation * (kh - 1) // 2
        if pads[0] and not same:
            n, h, wd, c = self.tensors[x].shape
            padded = self.tensor(self.tensors[x].name.decode() + "/padded", [n, h + 2 * pads[0], wd + 2 * pads[0], c], np.int8, xq.scale,
                                 xq.zeroPoint)
            p = np.array([[0, 0], [pads[0]] * 2, [pads[0]] * 2, [0, 0]], np.int32)
            self.op(tfl.BuiltinOperator.PAD, [x, self.constant(p)], [padded], tfl.PadOptionsT(), tfl.BuiltinOptions.PadOptions)
            x = padded
        y, relu = self.result(node.output[0])
        self.made[y] = w, b
        o = tfl.DepthwiseConv2DOptionsT() if deep else tfl.Conv2DOptionsT()
        o.padding = tfl.Padding.SAME if same else tfl.Padding.VALID
        o.strideH = o.strideW = stride
        o.dilationHFactor = o.dilationWFactor = dilation
        o.fusedActivationFunction = tfl.ActivationFunctionType.RELU if relu else tfl.ActivationFunctionType.NONE
        if deep:
            o.depthMultiplier = 1
            self.op(tfl.BuiltinOperator.DEPTHWISE_CONV_2D, [x, w, b], [y], o, tfl.BuiltinOptions.DepthwiseConv2DOptions)
        else:
            self.op(tfl.BuiltinOperator.CONV_2D, [x, w, b], [y], o, tfl.BuiltinOptions.Conv2DOptions)

    def add(self, node):
        a, b = (self.quantised(i) for i in node.input)
        y, relu = self.result(node.output[0])
        o = tfl.AddOptionsT()
        o.fusedActivationFunction = tfl.ActivationFunctionType.RELU if relu else tfl.ActivationFunctionType.NONE
        self.op(tfl.BuiltinOperator.ADD, [a, b], [y], o, tfl.BuiltinOptions.AddOptions)

    def simple(self, node, code, options, kind):
        """An operator from 8-bit values to 8-bit values of any scale."""
        inputs = [self.quantised(i) for i in node.input]
        y, _ = self.result(node.output[0])
        self.op(code, inputs, [y], options, kind)

    def multiply(self, node):
        self.simple(node, tfl.BuiltinOperator.MUL, tfl.MulOptionsT(), tfl.BuiltinOptions.MulOptions)

    def hard_swish(self, node):
        """x · relu6(x + 3) / 6 as an addition and a multiplication: XNNPACK takes HARD_SWISH in float alone, and what it
        does not take goes to a plain loop, ten times as slow.

        Where a convolution alone makes x and nothing else reads it, the file says that its values are X = x / √6, and the
        scales of its weights and bias are divided as well, which leaves its integers as they are. Then
        X · clamp(X + 3 / √6, 0, √6) is the result, and the clamp is where 8 bits end. Otherwise a second multiplication
        divides by 6.
        """
        x = self.quantised(node.input[0])
        y, _ = self.result(node.output[0])
        alone = len(self.readers[node.input[0]]) == 1 and len(self.readers[self.maker[node.input[0]].input[0]]) == 1
        fold = np.sqrt(np.float32(6)) if x in self.made and alone else np.float32(1)
        for i in (x, *self.made.get(x, ())) if fold > 1 else ():
            self.tensors[i].quantization.scale = self.tensors[i].quantization.scale / fold
        shape = self.tensors[x].shape
        six = self.tensor(node.name + "/relu6", shape, np.int8, 6 / fold / 255, -128)
        three = self.tensor(node.name + "/3", [1], np.int8, 3 / fold / 255, -128, data=np.array([127], np.int8))
        self.op(tfl.BuiltinOperator.ADD, [x, three], [six], tfl.AddOptionsT(), tfl.BuiltinOptions.AddOptions)
        if fold == 1:
            sixth = self.tensor(node.name + "/sixth", [1], np.int8, 1 / 6 / 255, -128, data=np.array([127], np.int8))
            part = self.tensor(node.name + "/hardsigmoid", shape, np.int8, 1 / 255, -128)
            self.op(tfl.BuiltinOperator.MUL, [six, sixth], [part], tfl.MulOptionsT(), tfl.BuiltinOptions.MulOptions)
            six = part
        self.op(tfl.BuiltinOperator.MUL, [x, six], [y], tfl.MulOptionsT(), tfl.BuiltinOptions.MulOptions)

    def leaky_relu(self, node):
        o = tfl.LeakyReluOptionsT()
        o.alpha = next((x.f for x in node.attribute if x.name == "alpha"), 0.01)
        self.simple(node, tfl.BuiltinOperator.LEAKY_RELU, o, tfl.BuiltinOptions.LeakyReluOptions)

    def hard_sigmoid(self, node):
        """relu6(x + 3) / 6, as converters write it, which is ONNX's with alpha = 1/6 and beta = 1/2."""
        a = {x.name: x.f for x in node.attribute}
        if abs(a.get("alpha", 0.2) - 1 / 6) > 1e-6 or a.get("beta", 0.5) != 0.5:
            raise ValueError(f"litert: HardSigmoid {node.name}: alpha {a.get('alpha', 0.2)}, beta {a.get('beta', 0.5)}")
        x = self.quantised(node.input[0])
        y, _ = self.result(node.output[0])
        six = self.tensor(node.name + "/relu6", self.tensors[x].shape, np.int8, 6 / 255, -128)
        three = self.tensor(node.name + "/3", [1], np.int8, 3 / 255, -128, data=np.array([127], np.int8))
        sixth = self.tensor(node.name + "/sixth", [1], np.int8, 1 / 6 / 255, -128, data=np.array([127], np.int8))
        o = tfl.AddOptionsT()
        o.fusedActivationFunction = tfl.ActivationFunctionType.RELU6
        self.op(tfl.BuiltinOperator.ADD, [x, three], [six], o, tfl.BuiltinOptions.AddOptions)
        self.op(tfl.BuiltinOperator.MUL, [six, sixth], [y], tfl.MulOptionsT(), tfl.BuiltinOptions.MulOptions)

    def max_pool(self, node):
        """In the scale of its input, padded with the least value, which is 0 behind a ReLU; then requantised."""
        a = {x.name: onnx.helper.get_attribute_value(x) for x in node.attribute}
        x = self.quantised(node.input[0])
        n, c, h, w = self.shapes[node.output[0]]
        kh, kw = a["kernel_shape"]
        stride, pads = a["strides"][0], a.get("pads", [0] * 4)
        if len(set(pads)) > 1 or stride != a["strides"][1] or a.get("ceil_mode", 0) or set(a.get("dilations", [1])) != {1}:
            raise ValueError(f"litert: MaxPool {node.name}: pads {pads}, strides {a['strides']}")
        q = self.tensors[x].quantization
        if pads[0]:
            if q.zeroPoint[0] != -128:
                raise ValueError(f"litert: MaxPool {node.name}: padding where 0 is not the least value")
            _, ih, iw, _ = self.tensors[x].shape
            padded = self.tensor(node.name + "/padded", [n, ih + 2 * pads[0], iw + 2 * pads[0], c], np.int8, q.scale, q.zeroPoint)
            p = np.array([[0, 0], [pads[0]] * 2, [pads[0]] * 2, [0, 0]], np.int32)
            self.op(tfl.BuiltinOperator.PAD, [x, self.constant(p)], [padded], tfl.PadOptionsT(), tfl.BuiltinOptions.PadOptions)
            x = padded
        y = self.tensor(node.output[0], [n, h, w, c], np.int8, q.scale, q.zeroPoint)
        o = tfl.Pool2DOptionsT()
        o.padding, o.strideH, o.strideW, o.filterHeight, o.filterWidth = tfl.Padding.VALID, stride, stride, kh, kw
        self.op(tfl.BuiltinOperator.MAX_POOL_2D, [x], [y], o, tfl.BuiltinOptions.Pool2DOptions)
        z, _ = self.result(node.output[0])
        self.op(tfl.BuiltinOperator.QUANTIZE, [y], [z], tfl.QuantizeOptionsT(), tfl.BuiltinOptions.QuantizeOptions)

    def transposed(self, node):
        a = {x.name: onnx.helper.get_attribute_value(x) for x in node.attribute}
        x = self.quantised(node.input[0])
        wq = self.maker[node.input[1]]
        weights, scale = self.constants[wq.input[0]], self.constants[wq.input[1]]
        if set(a.get("pads", [0])) != {0} or a.get("group", 1) != 1 or len(node.input) > 2 or np.size(scale) > 1 or \
                a["strides"][0] != a["strides"][1]:
            raise ValueError(f"litert: ConvTranspose {node.name}: {a}")
        layout = weights.transpose(1, 2, 3, 0)  # [O,h,w,I]
        w = self.tensor(wq.input[0], layout.shape, np.int8, scale, 0, 0, layout)
        y, relu = self.result(node.output[0])
        o = tfl.TransposeConvOptionsT()
        o.padding, o.strideH, o.strideW = tfl.Padding.VALID, a["strides"][0], a["strides"][1]
        o.fusedActivationFunction = tfl.ActivationFunctionType.RELU if relu else tfl.ActivationFunctionType.NONE
        size = self.constant(np.array(self.tensors[y].shape, np.int32))
        self.op(tfl.BuiltinOperator.TRANSPOSE_CONV, [size, w, x], [y], o, tfl.BuiltinOptions.TransposeConvOptions)

    def concat(self, node):
        parts = [self.quantised(i) for i in node.input]
        y, _ = self.result(node.output[0])
        q = self.tensors[y].quantization
        for i, part in enumerate(parts):  # all in the output's scale
            t = self.tensors[part]
            if (t.quantization.scale[0], t.quantization.zeroPoint[0]) != (q.scale[0], q.zeroPoint[0]):
                parts[i] = self.tensor(f"{node.name}/{i}", t.shape, np.int8, q.scale, q.zeroPoint)
                self.op(tfl.BuiltinOperator.QUANTIZE, [part], [parts[i]], tfl.QuantizeOptionsT(), tfl.BuiltinOptions.QuantizeOptions)
        o = tfl.ConcatenationOptionsT()
        o.axis = 3
        self.op(tfl.BuiltinOperator.CONCATENATION, parts, [y], o, tfl.BuiltinOptions.ConcatenationOptions)

    def pool(self, node):
        x = self.quantised(node.input[0])
        y, _ = self.result(node.output[0])
        o = tfl.ReducerOptionsT()
        o.keepDims = True
        self.op(tfl.BuiltinOperator.MEAN, [x, self.constant(np.array([1, 2], np.int32))], [y], o, tfl.BuiltinOptions.ReducerOptions)

    def resize(self, node):
        """Values and scale stay: LiteRT resizes 8-bit values as they are."""
        a = {x.name: onnx.helper.get_attribute_value(x) for x in node.attribute}
        x = self.quantised(node.input[0])
        n, c, h, w = self.shapes[node.output[0]]
        last = self.readers[node.output[0]][0].op_type == "ArgMax"
        q = self.tensors[x].quantization
        y = self.tensor(node.output[0], [n, h, w, c], np.int8, q.scale, q.zeroPoint)
        size = self.constant(np.array([h, w], np.int32))
        if a["mode"] == b"linear":
            o = tfl.ResizeBilinearOptionsT()
            o.halfPixelCenters = a["coordinate_transformation_mode"] == b"half_pixel"
            self.op(tfl.BuiltinOperator.RESIZE_BILINEAR, [x, size], [y], o, tfl.BuiltinOptions.ResizeBilinearOptions)
        else:
            self.op(tfl.BuiltinOperator.RESIZE_NEAREST_NEIGHBOR, [x, size], [y], tfl.ResizeNearestNeighborOptionsT(),
                    tfl.BuiltinOptions.ResizeNearestNeighborOptions)
        if last:
            self.done[node.output[0]] = y
            return
        z, _ = self.result(node.output[0])
        if (self.tensors[z].quantization.scale[0], self.tensors[z].quantization.zeroPoint[0]) == (q.scale[0], q.zeroPoint[0]):
            self.done[self.readers[node.output[0]][0].output[0]] = y
            return
        self.op(tfl.BuiltinOperator.QUANTIZE, [y], [z], tfl.QuantizeOptionsT(), tfl.BuiltinOptions.QuantizeOptions)

    def argmax(self, node):
        x = self.done[node.input[0]] if node.input[0] in self.done else self.quantised(node.input[0])
        n, h, w, _ = self.tensors[x].shape
        index = self.tensor(node.output[0], [n, h, w], np.int32)
        o = tfl.ArgMaxOptionsT()
        o.outputType = tfl.TensorType.INT32
        self.op(tfl.BuiltinOperator.ARG_MAX, [x, self.constant(np.array(3, np.int32))], [index], o, tfl.BuiltinOptions.ArgMaxOptions)
        self.done[node.output[0]] = index

    def cast(self, node):
        x = self.done[node.input[0]]
        y = self.tensor(node.output[0], self.tensors[x].shape, np.uint8)
        o = tfl.CastOptionsT()
        o.inDataType, o.outDataType = tfl.TensorType.INT32, tfl.TensorType.UINT8
        self.op(tfl.BuiltinOperator.CAST, [x], [y], o, tfl.BuiltinOptions.CastOptions)
        self.done[node.output[0]] = y

    def write(self):
        (source,) = self.graph.input
        (dq,) = self.readers[source.name]
        n, c, h, w = self.shapes[source.name]
        zero = self.constants[dq.input[2]]
        x = self.tensor(source.name, [n, h, w, c], np.int8, self.constants[dq.input[1]], int(zero) - 128 * (zero.dtype == np.uint8))
        self.done[source.name] = x
        carried = {"Conv": self.convolution, "Add": self.add, "Concat": self.concat, "GlobalAveragePool": self.pool,
                   "Resize": self.resize, "ArgMax": self.argmax, "Cast": self.cast, "Mul": self.multiply,
                   "HardSwish": self.hard_swish, "HardSigmoid": self.hard_sigmoid, "LeakyRelu": self.leaky_relu,
                   "MaxPool": self.max_pool, "ConvTranspose": self.transposed}
        for node in self.nodes:
            if node.op_type in ("QuantizeLinear", "DequantizeLinear", "Relu", "Constant"):
                continue
            if node.op_type not in carried:
                raise ValueError(f"operator {node.op_type} is not carried into LiteRT's file")
            carried[node.op_type](node)
        graph = tfl.SubGraphT()
        graph.tensors, graph.operators, graph.name = self.tensors, self.operators, b"student"
        graph.inputs, graph.outputs = [x], [self.done[o.name] for o in self.graph.output]
        model = tfl.ModelT()
        model.version, model.subgraphs, model.buffers, model.description = 3, [graph], self.buffers, b"student"
        model.operatorCodes = []
        for code in self.codes:
            k = tfl.OperatorCodeT()
            k.builtinCode, k.deprecatedBuiltinCode, k.version = code, min(code, 127), 1
            model.operatorCodes.append(k)
        b = flatbuffers.Builder(1 << 20)
        b.Finish(model.Pack(b), b"TFL3")
        return bytes(b.Output())


def convert(path):
    """The bytes of LiteRT's file for a QDQ ONNX file."""
    return Writer(onnx.load(path)).write()
