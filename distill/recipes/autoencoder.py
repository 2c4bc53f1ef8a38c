"""Bimodal deep autoencoder: one code learns to reconstruct both modalities, then its encoder learns to segment."""

import torch
from torch import nn
import torch.nn.functional as F

from distill import experiment, networks


def config():
    return experiment.Experiment(name="autoencoder", method="bimodal deep autoencoder, then fine-tuned")


class Code(nn.Module):
    """The shared code: both modalities' deepest features, joined by a 1×1 convolution."""

    def __init__(self, channels):
        super().__init__()
        self.shared = nn.Conv2d(2 * channels, channels, 1)

    def forward(self, a, b):
        return F.relu(self.shared(torch.cat([a, b], 1)))


class Pretraining(nn.Module):
    """Encoders and code of a student, and decoders back to both modalities at stride 4, thrown away afterwards."""

    def __init__(self, net, channels):
        super().__init__()
        self.net = net
        self.decoders = nn.ModuleDict({name: nn.Sequential(
            nn.Conv2d(channels, 32, 3, padding=1), nn.ReLU(), nn.Upsample(scale_factor=4.0),
            nn.Conv2d(32, n, 3, padding=1)) for name, n in (("color", 3), ("depth", 1))})

    def loss(self, x):
        """Whole, without colour, without depth; the targets are whole always. x [N, 4, h, w]."""
        color, depth = x[:, :3], x[:, 3:]
        inputs = torch.cat([color, color * 0, color]), torch.cat([depth, depth, depth * 0])  # [3N, …]
        code = self.net.joins[2](*self.net.branches(*inputs)[2])
        target = F.avg_pool2d(x, 4)  # [N, 4, h/4, w/4]
        return (F.mse_loss(self.decoders["color"](code), target[:, :3].repeat(3, 1, 1, 1))
                + F.mse_loss(self.decoders["depth"](code), target[:, 3:].repeat(3, 1, 1, 1)))


def make(c, teach):
    net = networks.TwoBranch(c, [networks.Sum(), networks.Sum(), Code(c.channels[3])])
    whole = Pretraining(net, c.channels[3])
    stages = [experiment.Stage("reconstruct", whole, lambda b: 10 * whole.loss(b.clean), 0.3, labelled=False, unlabelled=True),
              experiment.Stage("task", net, lambda b: experiment.task(net, b, c), 0.7)]
    return whole, stages, lambda w: w.net
