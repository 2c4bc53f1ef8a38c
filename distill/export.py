"""A PyTorch student → a float ONNX graph with uint8-sized meaning: input 0…1, output the class map; and the metadata."""

import hashlib
import json

import onnx
from onnx import TensorProto, helper
import torch
from torch import nn

from distill import __version__, students


class Logits(nn.Module):
    """What is traced: the student up to its logits, before upsampling, and its codes if it makes any."""

    def __init__(self, student):
        super().__init__()
        self.student = student

    def forward(self, *inputs):
        if not hasattr(self.student, "both"):
            return self.student.features(*inputs)
        logits, codes = self.student.both(*inputs)
        return logits, *codes.values()


def fold(student):
    """A copy of the student in evaluation mode with every batch normalisation folded into its convolution."""
    import copy

    student = copy.deepcopy(student).cpu().eval().to(memory_format=torch.contiguous_format)
    for module in student.modules():
        if isinstance(module, nn.Sequential) and len(module) > 1 and isinstance(module[1], nn.BatchNorm2d):
            module[0] = torch.nn.utils.fusion.fuse_conv_bn_eval(module[0], module[1])
            module[1] = nn.Identity()
    return student


def float_model(student, config):
    """The float graph: inputs by the student's `takes`, such as "pixels" [1, 4 (or 3, or 1), H, W] in 0…1 → "classes" uint8 [1, H, W],
    and "code_color", "code_depth" [1, 64] where the student makes codes."""
    import io

    buffer = io.BytesIO()
    inputs = tuple(torch.zeros(1, n, config.height, config.width) for n in students.channels(student).values())
    codes = ["code_color", "code_depth"] if hasattr(student, "both") else []
    torch.onnx.export(Logits(fold(student)).eval(), inputs, buffer, opset_version=17, dynamo=False,
                      input_names=list(student.takes), output_names=["logits", *codes])
    model = onnx.load_from_string(buffer.getvalue())
    finish(model.graph, config, getattr(student, "stride", 4))
    return onnx.shape_inference.infer_shapes(model)


def finish(graph, config, stride):
    """Appends bilinear upsampling by the logits' stride, argmax over classes and the cast to bytes."""
    scales = helper.make_tensor("upsample.scales", TensorProto.FLOAT, [4], [1.0, 1.0, stride, stride])
    graph.initializer.append(scales)
    graph.node.extend([
        helper.make_node("Resize", ["logits", "", scales.name], ["upsampled"], "upsample", mode="linear",
                         coordinate_transformation_mode="half_pixel"),
        helper.make_node("ArgMax", ["upsampled"], ["indices"], "argmax", axis=1, keepdims=0),
        helper.make_node("Cast", ["indices"], ["classes"], "cast", to=TensorProto.UINT8),
    ])
    graph.output.remove(next(o for o in graph.output if o.name == "logits"))
    graph.output.insert(
        0, helper.make_tensor_value_info("classes", TensorProto.UINT8, [1, config.height, config.width]))


def byte_inputs(model, config):
    """The graph's inputs become uint8: the QuantizeLinear behind each is the identity on bytes and is taken out."""
    graph = model.graph
    values = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}
    inputs = {i.name: i.type.tensor_type.shape.dim[1].dim_value for i in graph.input if i.name not in values}
    del graph.input[:]
    for name, channels in inputs.items():
        consumers = [n for n in graph.node if name in n.input]
        if [n.op_type for n in consumers] != ["QuantizeLinear"]:
            raise ValueError(f"export: input {name} goes to {[n.op_type for n in consumers]}, want one QuantizeLinear")
        quantize = consumers[0]
        scale, zero = float(values[quantize.input[1]]), int(values[quantize.input[2]])
        if zero != 0 or abs(scale * 255 - 1) > 1e-6:
            raise ValueError(f"export: input {name} has scale {scale} and zero point {zero}, want 1/255 and 0")
        for node in graph.node:
            node.input[:] = [name if i == quantize.output[0] else i for i in node.input]
        graph.node.remove(quantize)
        graph.input.append(helper.make_tensor_value_info(
            name, TensorProto.UINT8, [1, channels, config.height, config.width]))
    del graph.value_info[:]
    return onnx.shape_inference.infer_shapes(model)


def metadata(config, data, float_miou, int8_miou, student=None):
    """Everything that the runtime must know, as `depthwise.` keys; of one fused input if no student is given."""
    takes = getattr(student, "takes", ("pixels",))
    modalities = config.modalities if takes == ("pixels",) else takes
    fusion = "none" if len(modalities) == 1 else "early" if takes == ("pixels",) else "two-branch"
    codes = {"color": "code_color", "depth": "code_depth"} if hasattr(student, "both") else {}
    return {
        "format": "1",
        "name": config.name,
        "classes": json.dumps(config.classes),
        "palette": json.dumps(config.palette),
        "void": str(config.void),
        "input": f"{config.width}x{config.height}",
        "color_order": "rgb",
        "depth": json.dumps({"kind": config.depth_kind, "near": config.depth_near, "far": config.depth_far}),
        "fusion": fusion,
        "modalities": json.dumps(modalities),
        **({"codes": json.dumps(codes)} if codes else {}),
        "method": config.method,
        "data": data,
        "float_miou": f"{float_miou:.1f}",
        "int8_miou": f"{int8_miou:.1f}",
        "exporter": f"depthwise-distill {__version__}",
    }


def seal(model, entries):
    """Serialised bytes with the metadata; `depthwise.sha256` is the digest of the file with its own 64 digits as '0'."""
    del model.metadata_props[:]
    for key, value in {**entries, "sha256": "0" * 64}.items():
        model.metadata_props.add(key="depthwise." + key, value=value)
    data = model.SerializeToString(deterministic=True)
    digest = hashlib.sha256(data).hexdigest().encode()
    if data.count(b"0" * 64) != 1:
        raise ValueError("export: the placeholder of the digest is not unique in the file")
    return data.replace(b"0" * 64, digest)


def sealed(data):
    """Whether a model file's bytes still match its digest."""
    entries = {p.key: p.value for p in onnx.load_from_string(data).metadata_props}
    digest = entries.get("depthwise.sha256", "").encode()
    if len(digest) != 64 or data.count(digest) != 1:
        return False
    return hashlib.sha256(data.replace(digest, b"0" * 64)).hexdigest().encode() == digest
