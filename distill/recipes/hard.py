"""What is hard to quantise: early fusion with hard-swish, squeeze-and-excite or attention, beside plain ReLU."""

import torch
from torch import nn
import torch.nn.functional as F

from distill import experiment, networks

VARIANTS = ("hardswish", "squeeze", "attention")


def config():
    return experiment.Experiment(name="hard", method="early fusion with parts that are hard to quantise")


class Squeeze(nn.Module):
    """Squeeze-and-excite (Hu et al., CVPR 2018) behind a layer, with MobileNetV3's hard sigmoid."""

    def __init__(self, layer, channels):
        super().__init__()
        self.layer = layer
        self.gate = nn.Sequential(nn.Conv2d(channels, 8, 1), nn.ReLU(), nn.Conv2d(8, channels, 1))

    def forward(self, x):
        x = self.layer(x)
        return x * F.hardsigmoid(self.gate(F.adaptive_avg_pool2d(x, 1)))


class Attention(nn.Module):
    """Every pixel of the deepest map looks at every other (Wang et al., Non-local Neural Networks, CVPR 2018)."""

    def __init__(self, layer, channels):
        super().__init__()
        self.layer = layer
        self.query, self.key, self.value = (nn.Conv2d(channels, channels, 1) for _ in range(3))

    def forward(self, x):
        x = self.layer(x)
        q, k, v = (f(x).flatten(2) for f in (self.query, self.key, self.value))  # [N, c, h·w]
        weights = (q.transpose(1, 2) @ k * x.shape[1] ** -0.5).softmax(2)  # [N, h·w, h·w]
        return x + (v @ weights.transpose(1, 2)).view(x.shape)


def replace(module, old, make):
    """Every part of this type becomes another."""
    for name, child in module.named_children():
        if isinstance(child, old):
            setattr(module, name, make())
        else:
            replace(child, old, make)


def make(c, teach):
    net = networks.single(c, "pixels")
    if c.variant == "hardswish":
        replace(net, nn.ReLU, nn.Hardswish)
    else:
        part = {"squeeze": Squeeze, "attention": Attention}[c.variant]
        net.stage16 = part(net.stage16, c.channels[3])
    return net, [experiment.Stage("task", net, lambda b: experiment.task(net, b, c))], lambda whole: whole
