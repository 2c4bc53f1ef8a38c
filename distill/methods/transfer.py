"""Cross-modal supervision transfer (Gupta, Hoffman and Malik, CVPR 2016): a depth network learns from unlabelled pairs
to reproduce a frozen RGB teacher's mid-level features; labels come only afterwards."""

import torch
from torch import nn


def freeze(teacher: nn.Module) -> nn.Module:
    """Evaluation mode and no gradients: neither weights nor running statistics move."""
    teacher.eval()
    for p in teacher.parameters():
        p.requires_grad_(False)
    return teacher


def loss(student_features: torch.Tensor, teacher_features: torch.Tensor, project: nn.Module | None = None):
    """Mean squared distance at the chosen layer; `project` maps the student's channels to the teacher's."""
    s = project(student_features) if project is not None else student_features
    if s.shape[-2:] != teacher_features.shape[-2:]:
        s = nn.functional.interpolate(s, teacher_features.shape[-2:], mode="bilinear", align_corners=False)
    return (s - teacher_features.detach()).square().mean()


def step(teacher, student, color, depth, optimiser, project=None):
    """One step of the transfer stage. It takes pairs only: there is no argument through which a label could come."""
    with torch.no_grad():
        target = teacher(color)  # (b, c, h, w)
    value = loss(student(depth), target, project)
    optimiser.zero_grad()
    value.backward()
    optimiser.step()
    return value.item()
