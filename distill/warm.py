"""A student's float weights back from its int8 file: where a later training run, or a teacher, begins.

The file has batch normalisation folded into its convolutions. Training needs it, so it is put back such that nothing
changes: each layer's statistics are measured on given inputs, and its scale and shift undo them.
"""

import numpy as np
import onnx
import torch
from torch import nn


def convolutions(path):
    """{module's name: (weight float [O, I/groups, kh, kw], bias float [O])} of an int8 file that distill.export wrote."""
    graph = onnx.load(path).graph
    constants = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}
    makers = {out: node for node in graph.node for out in node.output}

    def real(name):
        node = makers[name]
        if node.op_type != "DequantizeLinear":
            raise ValueError(f"warm: {path}: {name} comes from {node.op_type}, want DequantizeLinear")
        q, scale = constants[node.input[0]].astype(np.float32), constants[node.input[1]]
        return torch.from_numpy(q * scale.reshape(-1, *[1] * (q.ndim - 1)))

    def module(bias):  # "student.stem.0.bias" → "stem.0"
        return bias.removeprefix("student.").removesuffix(".bias")

    return {module(n.input[2]): (real(n.input[1]), real(n.input[2])) for n in graph.node if n.op_type == "Conv"}


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
