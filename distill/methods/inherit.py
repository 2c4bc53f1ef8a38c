"""Inheritance and exploration (Huang et al., Revisiting Knowledge Distillation, CVPR 2021).

The student's channels are split: the first half inherits (similar to the teacher's encoded features), the second half
explores (dissimilar). Encoders squeeze both to factors of one size.
"""

import torch
from torch import nn
import torch.nn.functional as F


class FactorEncoder(nn.Module):
    """(b, c, h, w) → (b, factor, h, w): a 1×1 convolution pair, as small as the factor."""

    def __init__(self, channels: int, factor: int):
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(channels, factor, 1), nn.LeakyReLU(0.1), nn.Conv2d(factor, factor, 1))

    def forward(self, x):
        return self.net(x)


def split(features: torch.Tensor):
    """(b, c, h, w) → inherited (b, c/2, h, w), explored (b, c/2, h, w)."""
    if features.shape[1] % 2:
        raise ValueError(f"inherit: {features.shape[1]} channels do not halve")
    return features.chunk(2, dim=1)


def distance(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Mean L1 distance of unit vectors over everything but the batch: 0 for equal directions."""
    return (F.normalize(a.flatten(1), dim=1) - F.normalize(b.flatten(1), dim=1)).abs().sum(1).mean()


def inheritance_loss(inherited, teacher):
    return distance(inherited, teacher.detach())


def exploration_loss(explored, teacher):
    return -distance(explored, teacher.detach())
