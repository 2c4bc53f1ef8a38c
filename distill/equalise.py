"""Three repairs of post-training quantization that need no training. Two are of Nagel et al., Data-Free Quantization Through
Weight Equalization and Bias Correction, ICCV 2019: cross-layer equalisation of a float graph, section 4.1, and bias correction
of a quantised one, section 4.2 with measured means. The third equalises activations by their measured reach, as in Meller et
al., Same, Same But Different, ICML 2019, which works where weights say little: after batch normalisation is folded."""

import copy

import numpy as np
import onnx
import torch

from distill import graph, students


def chains(model, between=("Relu",)):
    """(first, second) Conv nodes with at most one of these activations between them, where nothing else reads what lies
    between: a channel may change its scale on the way and nobody sees it."""
    readers, made = {}, {o: n for n in model.graph.node for o in n.output}
    for node in model.graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    outputs = {o.name for o in model.graph.output}
    found = []
    for second in (n for n in model.graph.node if n.op_type == "Conv"):
        name = second.input[0]
        first = made.get(name)
        if first is not None and first.op_type in between and len(readers[name]) == 1 and name not in outputs:
            name = first.input[0]
            first = made.get(name)
        if first is not None and first.op_type == "Conv" and len(readers[name]) == 1 and name not in outputs:
            found.append((first, second))
    return found


def equalise(model, rounds=20):
    """A copy of a float graph whose channels between two convolutions have weights of equal reach on both sides: with
    r1, r2 the largest magnitudes of channel i before and behind, s = √(r1·r2)/r2, W1[i] ÷ s, b1[i] ÷ s, W2[·, i] × s. ReLU
    passes a positive scale, so the network's output stays what it was."""
    model = copy.deepcopy(model)
    values = {t.name: onnx.numpy_helper.to_array(t).copy() for t in model.graph.initializer}
    pairs = [(a, b) for a, b in chains(model) if a.input[1] in values and b.input[1] in values]
    for _ in range(rounds):
        for first, second in pairs:
            w1, w2 = values[first.input[1]], values[second.input[1]]  # [o, i/groups, k, k]
            depthwise = w2.shape[1] == 1 and w2.shape[0] == w1.shape[0]
            if not depthwise and w2.shape[1] != w1.shape[0]:
                continue  # grouped otherwise
            r1 = np.abs(w1).reshape(len(w1), -1).max(1)
            r2 = np.abs(w2).reshape(len(w2), -1).max(1) if depthwise else np.abs(w2).max((0, 2, 3))
            s = np.where((r1 > 1e-8) & (r2 > 1e-8), np.sqrt(r1 / np.maximum(r2, 1e-8)), 1.0).clip(1e-3, 1e3).astype(np.float32)
            w1 /= s[:, None, None, None]
            if len(first.input) > 2:
                values[first.input[2]] /= s
            w2 *= s[:, None, None, None] if depthwise else s[None, :, None, None]
    for name in {n for pair in pairs for node in pair for n in node.input[1:]}:
        graph.write(model, name, values[name])
    return model


ROOM = 0.75  # of a tensor's reach is filled by a raised channel, so that inputs which were not measured fit


@torch.no_grad()
def raise_channels(model, batches, most=64.0):
    """A copy of a float graph whose quiet channels between two convolutions are raised to fill most of the reach of the loudest
    beside them, which is what one scale for all of them leaves bits to. With m the largest measured value of channel i and M
    of all, s = ROOM·M/m, at least 1 and at most `most`: W1[i] × s, b1[i] × s, W2[·, i] ÷ s. Before a depthwise convolution that costs
    nothing, its weights have a scale a channel; before another one its inputs share a scale, so it gets √s. Clip(0, c) passes s like
    ReLU while no channel is raised beyond M ≤ c: the network's output stays what it was on the batches."""
    model = copy.deepcopy(model)
    values = {t.name: onnx.numpy_helper.to_array(t).copy() for t in model.graph.initializer}
    made = {o: n for n in model.graph.node for o in n.output}
    reach, reference = {}, graph.Graph(model)
    from_zero = lambda node: node.op_type == "Relu" or node.op_type == "Clip" and float(reference.values[node.input[1]]) == 0
    pairs = [(a, made[b.input[0]], b) for a, b in chains(model, ("Relu", "Clip"))]
    pairs = [(a, between, b) for a, between, b in pairs if between is not a and from_zero(between)]
    for feeds in batches:
        for name, y in reference(feeds, keep={node.name for _, node, _ in pairs}).items():
            reach[name] = np.maximum(reach.get(name, 0), y.amax((0, 2, 3)).numpy())
    for first, between, second in pairs:
        w1, w2, m = values[first.input[1]], values[second.input[1]], reach[between.name]
        depthwise = w2.shape[1] == 1 and w2.shape[0] == w1.shape[0]
        if not depthwise and w2.shape[1] != w1.shape[0]:
            continue  # grouped otherwise
        s = np.where(m > 0, ROOM * m.max() / np.maximum(m, 1e-12), 1.0).clip(1, most).astype(np.float32)
        s = s if depthwise else np.sqrt(s)
        w1 *= s[:, None, None, None]
        if len(first.input) > 2:
            values[first.input[2]] *= s
        w2 /= s[:, None, None, None] if depthwise else s[None, :, None, None]
    for name in {n for a, _, b in pairs for node in (a, b) for n in node.input[1:]}:
        graph.write(model, name, values[name])
    return model


@torch.no_grad()
def correct(quantised, float_model, batches):
    """A copy of a QDQ graph whose convolutions' outputs have, channel by channel, the mean that they have in the float
    graph over the calibration batches (feeds by input name, float in 0…1). From input to output, so that each layer is
    corrected on what the corrected ones before it give."""
    model = copy.deepcopy(quantised)
    wanted = {}
    convolutions = [n for n in model.graph.node if n.op_type == "Conv" and len(n.input) > 2]
    reference = graph.Graph(float_model)
    names = {n.name for n in convolutions}
    for feeds in batches:
        for name, y in reference(feeds, keep=names).items():
            wanted.setdefault(name, []).append(y)
    for node in convolutions:
        running = graph.Graph(model)
        got = torch.cat([running(feeds, keep={node.name})[node.name] for feeds in batches])
        error = (torch.cat(wanted[node.name]) - got).mean((0, 2, 3)).numpy()  # [o]
        bias = running.made[node.input[2]]  # DequantizeLinear of int32, scale = input's × weights'
        scale = running.values[bias.input[1]]
        integers = running.values[bias.input[0]].astype(np.int64) + np.rint(error / scale).astype(np.int64)
        graph.write(model, bias.input[0], integers.clip(-2**31, 2**31 - 1))
    return model


def batches(inputs, channels):
    """batch of eight pairs at a time: a list."""
    return [batch(inputs[i:i + 8], channels) for i in range(0, len(inputs), 8)]


def batch(inputs, channels):
    """uint8 [N, h, w, 4] → what each input of a graph reads, float [N, C, h, w] in 0…1, by name."""
    x = torch.from_numpy(np.ascontiguousarray(inputs.transpose(0, 3, 1, 2))).float() / 255
    return {name: x[:, students.planes(n)] for name, n in channels.items()}
