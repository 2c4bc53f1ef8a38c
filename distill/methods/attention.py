"""Attention transfer (Zagoruyko and Komodakis, ICLR 2017): match where the networks look, at several depths."""

import torch
import torch.nn.functional as F


def attention(features: torch.Tensor) -> torch.Tensor:
    """(b, c, h, w) → (b, h·w): sum of squared channels, scaled to unit length, so free of the features' scale."""
    return F.normalize(features.square().sum(1).flatten(1), dim=1)


def loss(student: list[torch.Tensor], teacher: list[torch.Tensor]) -> torch.Tensor:
    """Mean squared distance of the maps, summed over depths. The teacher's maps are resized to the student's."""
    if len(student) != len(teacher):
        raise ValueError(f"attention transfer: {len(student)} student maps for {len(teacher)} teacher maps")
    total = student[0].new_zeros(())
    for s, t in zip(student, teacher):
        t = t.detach()
        if t.shape[-2:] != s.shape[-2:]:
            t = F.interpolate(t, s.shape[-2:], mode="bilinear", align_corners=False)
        total = total + (attention(s) - attention(t)).square().sum(1).mean()
    return total
