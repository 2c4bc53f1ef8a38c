"""Quantization-aware training with learned scales (LSQ: Esser et al., Learned Step Size Quantization, ICLR 2020).

Activations are u8 per tensor, weights s8 per output channel, the arithmetic of the exported graph: what is trained is what
runs. Works on networks whose batch normalisation is folded.
"""

import copy

import numpy as np
import torch
from torch import nn

from distill import graph
from distill.methods import kd


class Step(torch.autograd.Function):
    """Round to a grid with scale s between levels low and high. Straight through inside; the gradient of s is the paper's
    equation 3, times g, its section 2.2."""

    @staticmethod
    def forward(ctx, x, s, low, high, g):
        q = x / s
        ctx.save_for_backward(q, s)
        ctx.levels = low, high, g
        return q.clamp(low, high).round() * s

    @staticmethod
    def backward(ctx, grad):
        q, s = ctx.saved_tensors
        low, high, g = ctx.levels
        inside = (q > low) & (q < high)
        slope = torch.where(inside, q.round() - q, q.clamp(low, high))
        to_s = grad * slope * g
        axes = [i for i in range(q.dim()) if i >= s.dim() or s.shape[i] == 1]
        to_s = to_s.sum(axes, keepdim=True).view(s.shape) if s.dim() else to_s.sum()
        return grad * inside, to_s, None, None, None


class Weights(nn.Module):
    """s8 per output channel, levels −127 … 127; begins at the largest magnitude. Scales are learned by their logarithms, so
    that a step is relative and a scale stays positive."""

    def __init__(self, weight):
        super().__init__()
        peak = weight.detach().flatten(1).abs().amax(1).clamp_min(1e-6)
        self.log = nn.Parameter((peak / 127).log().view(-1, *[1] * (weight.dim() - 1)))

    @property
    def scale(self):
        return self.log.exp()

    def forward(self, w):
        return Step.apply(w, self.scale, -127, 127, (w[0].numel() * 127) ** -0.5)


class Activations(nn.Module):
    """u8 per tensor: levels 0 … 255 around a fixed zero point that keeps 0 exact; begins at the range that was observed."""

    def __init__(self, low, high):
        super().__init__()
        low, high = min(float(low), 0.0), max(float(high), 1e-4)
        scale = (high - low) / 255
        self.zero = int(round(-low / scale))
        self.log = nn.Parameter(torch.tensor(scale).log())

    @property
    def scale(self):
        return self.log.exp()

    def forward(self, x):
        return Step.apply(x, self.scale, -self.zero, 255 - self.zero, (x[0].numel() * 255) ** -0.5)


class Trained(graph.Graph):
    """A QDQ graph whose scales, weights and biases learn. Weights begin at the float graph's, where it is given."""

    def __init__(self, model, float_model=None):
        super().__init__(model)
        exact = {} if float_model is None else graph.Graph(float_model).values
        self.real, self.steps = nn.ParameterDict(), nn.ModuleDict()
        self.kind = {}
        readers = {name: node for node in self.nodes if node.op_type == "Conv" for name in node.input[1:]}
        for node in self.nodes:
            key = node.output[0].replace(".", "/")
            if node.op_type == "DequantizeLinear" and self.is_constant(node.input[0]) and node.output[0] in readers:
                value = super().dequantise_constant(node)
                name = node.input[0].removesuffix("_quantized")
                if value.dim() == 4:
                    if name in exact and exact[name].shape == tuple(value.shape):
                        value = torch.from_numpy(exact[name].copy())
                    self.steps[key] = Weights(value)
                self.real[key] = nn.Parameter(value.clone())
            elif node.op_type == "QuantizeLinear":
                scale, zero = float(self.values[node.input[1]]), int(self.values[node.input[2]])
                if self.values[node.input[2]].dtype != np.uint8:
                    raise ValueError(f"qat: node {node.name}: activations are not u8")
                shared = self.kind.get(node.input[1])
                if shared is None:
                    self.kind[node.input[1]] = key
                    self.steps[key] = Activations(-zero * scale, (255 - zero) * scale)

    def dequantise_constant(self, node):
        key = node.output[0].replace(".", "/")
        if key not in self.real:
            return super().dequantise_constant(node)
        return self.steps[key](self.real[key]) if key in self.steps else self.real[key]

    def quantise(self, node, x):
        return self.steps[self.kind[node.input[1]]](x)

    @torch.no_grad()
    def written(self):
        """The QDQ model with what was learned, as integers and scales."""
        model = copy.deepcopy(self.model)
        scales = {}
        for name, key in self.kind.items():
            scales[name] = np.float32(self.steps[key].scale.item())
            graph.write(model, name, np.asarray(scales[name]))
        for node in self.nodes:
            if node.op_type != "Conv":
                continue
            weight = self.made[node.input[1]]
            key = weight.output[0].replace(".", "/")
            s = self.steps[key].scale
            graph.write(model, weight.input[0], (self.real[key] / s).clamp(-127, 127).round().numpy())
            graph.write(model, weight.input[1], s.flatten().numpy())
            if len(node.input) > 2:
                bias = self.made[node.input[2]]
                into = self.made[node.input[0]].input[1]  # the scale of the DequantizeLinear before the convolution
                step = np.float32(scales.get(into, self.values[into])) * s.flatten().numpy()
                graph.write(model, bias.input[1], step)
                real = self.real[bias.output[0].replace(".", "/")].numpy()
                graph.write(model, bias.input[0], np.rint(real / step).clip(-2**31, 2**31 - 1))
        return model


def train(quantised, float_model, batches, steps, rate=2e-4, scale_rate=2e-3, temperature=2.0, loss=None):
    """Fine-tunes a QDQ graph: batches(step) → (feeds, classes or None); its loss is KL to the float graph's logits, plus
    loss(logits, classes) where there are classes and a loss. Returns the QDQ model."""
    net, reference = Trained(quantised, float_model), graph.Graph(float_model)
    scales = [m.log for m in net.steps.values()]
    optimizer = torch.optim.Adam([dict(params=list(net.real.values()), lr=rate), dict(params=scales, lr=scale_rate)])
    for step in range(steps):
        feeds, classes = batches(step)
        with torch.no_grad():
            target = reference(feeds)[reference.stop]
        logits = net(feeds)[net.stop]
        value = kd.kd_loss(logits, target, temperature)
        if loss is not None and classes is not None:
            value = value + loss(logits, classes)
        optimizer.zero_grad()
        value.backward()
        for group, peak in zip(optimizer.param_groups, (rate, scale_rate)):
            group["lr"] = peak * (1 - step / steps)
        optimizer.step()
    return net.written()
