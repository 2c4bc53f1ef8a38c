"""FitNet (Romero et al., ICLR 2015): stage 1 fits the student's guided layer to the teacher's hint, stage 2 is KD.

The student is split by its caller into lower (up to the guided layer) and the rest: stage 1 is given the lower part and
the regressor alone, so that nothing above can move.
"""

import torch
from torch import nn


class Regressor(nn.Module):
    """1×1 convolution from the student's guided channels to the teacher's hint channels; thrown away after stage 1."""

    def __init__(self, guided: int, hint: int):
        super().__init__()
        self.map = nn.Conv2d(guided, hint, 1)

    def forward(self, x):
        return self.map(x)


def hint_loss(hint: torch.Tensor, guided: torch.Tensor, regressor: nn.Module) -> torch.Tensor:
    """½‖u_h − r(v_g)‖², mean over elements; the maps are brought to the hint's size by bilinear resizing."""
    v = regressor(guided)
    if v.shape[-2:] != hint.shape[-2:]:
        v = nn.functional.interpolate(v, hint.shape[-2:], mode="bilinear", align_corners=False)
    return 0.5 * (hint.detach() - v).square().mean()


def stage1_parameters(lower: nn.Module, regressor: nn.Module):
    """What stage 1 may train."""
    return list(lower.parameters()) + list(regressor.parameters())
