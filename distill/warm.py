"""A student's float weights back from its int8 file: where a later training run, or a teacher, begins.

The file has batch normalisation folded into its convolutions. Training needs it, so it is put back such that nothing
changes: each layer's statistics are measured on given inputs, and its scale and shift undo them.
"""

import numpy as np
import onnx
import torch
from torch import nn

from distill import graph, mobile, students
from distill.config import Config


def convolutions(path):
    """{module's name: (weight float [O, I/groups, kh, kw], bias float [O])} of an int8 file that distill.export wrote."""
    file = onnx.load(path).graph
    constants = {t.name: onnx.numpy_helper.to_array(t) for t in file.initializer}
    makers = {out: node for node in file.node for out in node.output}

    def real(name):
        node = makers[name]
        if node.op_type != "DequantizeLinear":
            raise ValueError(f"warm: {path}: {name} comes from {node.op_type}, want DequantizeLinear")
        q, scale = constants[node.input[0]].astype(np.float32), constants[node.input[1]]
        return torch.from_numpy(q * scale.reshape(-1, *[1] * (q.ndim - 1)))

    return {module(n): (real(n.input[1]), real(n.input[2])) for n in file.node if n.op_type == "Conv"}


def module(conv):
    """The module's name of an exported convolution, from its bias: "student.stem.0.bias" → "stem.0"."""
    return conv.input[2].removeprefix("student.").removesuffix(".bias")


def strides(path):
    """{module's name: (stride, dilation)} of the file's convolutions."""
    found = {module(node): graph.attributes(node) for node in onnx.load(path).graph.node if node.op_type == "Conv"}
    return {name: (a["strides"][0], a["dilations"][0]) for name, a in found.items()}


def build(path):
    """The student of a file, its architecture read from the file and its weights random."""
    shapes, steps = {name: tuple(w.shape) for name, (w, _) in convolutions(path).items()}, strides(path)
    wide = lambda name: shapes[name][0]  # filters
    inputs, classes = shapes["stem.0"][1], wide("head")
    if "levels.0.0.depthwise.0" in shapes:
        blocks = [n.removesuffix(".depthwise.0") for n in shapes if n.startswith("levels.") and n.endswith(".depthwise.0")]
        stages, width = [], wide("stem.0")
        for block in sorted(blocks, key=lambda n: [int(i) for i in n.split(".")[1:]]):
            out, step = wide(block + ".project.0"), steps[block + ".depthwise.0"][0]
            stages.append((wide(block + ".depthwise.0") // width, out, shapes[block + ".depthwise.0"][2], step, 1))
            width = out
        return mobile.MobileStudent(classes, inputs, wide("stem.0"), stages, (wide("top.0"), wide("narrow8.0"), wide("narrow4.0")))
    widths = [wide(n) for n in ("stem.0", "stage4.0.0", "stage8.0.0", "stage16.0.0")]
    inverted = sorted((int(n.split(".")[1]), n) for n in shapes if n.startswith("stage16.") and n.endswith(".body.1.0"))
    expand = wide(inverted[0][1]) // widths[3] if inverted else Config.expand
    dilations = [steps[name][1] for _, name in inverted]
    return students.Student(classes, widths, (wide("top.0"), wide("narrow.0")), expand, dilations, inputs)


def student(path, inputs):
    """The student of a file with its weights; inputs as fill wants them."""
    return fill(build(path), path, inputs)


def fill(student, path, inputs, inherit=()):
    """Gives a student the weights of an int8 file of the same architecture; inputs float [N, C, H, W] measure statistics.
    A student of other classes inherits: for each of its classes, the file's class whose row of the head it begins with.

    A first convolution of more channels than the student reads loses those of the other modality: of R, G, B, D a colour
    student keeps the first three, a depth student the last.
    """
    stored = convolutions(path)
    layers = {m: name for name, m in student.named_modules() if isinstance(m, nn.Conv2d)}
    if set(layers.values()) != set(stored):
        raise ValueError(f"warm: {path}: its convolutions are not the student's: {sorted(set(layers.values()) ^ set(stored))}")
    was = student.training
    student.eval()
    followers = {}  # convolution → its batch normalisation
    for module in student.modules():
        if isinstance(module, nn.Sequential) and len(module) > 1 and isinstance(module[1], nn.BatchNorm2d):
            followers[module[0]] = module[1]

    def take(layer, _, output):
        weight, bias = stored[layers[layer]]
        if inherit and layers[layer] == "head":
            weight, bias = weight[list(inherit)], bias[list(inherit)]
        if weight.shape[1] == 4 and layer.in_channels in (1, 3) and layer.groups == 1:
            weight = weight[:, :3] if layer.in_channels == 3 else weight[:, 3:]
        if weight.shape != layer.weight.shape:
            raise ValueError(f"warm: {path}: {layers[layer]} is {tuple(weight.shape)}, the student's {tuple(layer.weight.shape)}")
        layer.weight.data.copy_(weight)
        plain = layer._conv_forward(take.input, layer.weight, None)
        norm = followers.get(layer)
        if norm is None:
            layer.bias.data.copy_(bias)
            return plain + bias.view(1, -1, 1, 1)
        mean, spread = plain.mean((0, 2, 3)), plain.var((0, 2, 3), unbiased=False)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(spread)
        norm.weight.data.copy_((spread + norm.eps).sqrt())
        norm.bias.data.copy_(bias + mean)
        return plain

    def remember(layer, inputs):
        take.input = inputs[0]

    hooks = [h for m in layers for h in (m.register_forward_pre_hook(remember), m.register_forward_hook(take))]
    with torch.no_grad():
        student(inputs)
    for hook in hooks:
        hook.remove()
    return student.train(was)
