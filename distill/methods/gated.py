"""Gated fusion as RGB-D segmentation networks use it: rgb + g(depth) ∘ depth, g a squeeze-excite gate
(Hu et al., CVPR 2018; ESANet, Seichter et al., ICRA 2021)."""

import torch
from torch import nn


class GatedFusion(nn.Module):
    """(b, c, h, w) twice → (b, c, h, w). A gate forced to 0 leaves the RGB features as they are."""

    def __init__(self, channels: int, reduction: int = 4):
        super().__init__()
        hidden = max(channels // reduction, 8)
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, hidden, 1), nn.ReLU(),
                                  nn.Conv2d(hidden, channels, 1), nn.Sigmoid())

    def forward(self, color, depth):
        return color + self.gate(depth) * depth

    @torch.no_grad()
    def close(self):
        """Forces the gate to exactly 0 in float32: sigmoid(-200) underflows."""
        self.gate[3].weight.zero_()
        self.gate[3].bias.fill_(-200.0)
