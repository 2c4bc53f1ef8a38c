"""Modality hallucination (Hoffman, Gupta and Darrell, Learning with Side Information, CVPR 2016).

Three branches: rgb, depth, and hallucination h, which sees RGB and imitates the depth branch's mid-level features. Joint
logits are the mean of two branches' logits. The depth branch is frozen below the tie, h starts from its weights, and the
hallucination term weighs about ten times the largest other. The exported student has the rgb and h branches alone.
"""

import copy

import torch
from torch import nn
import torch.nn.functional as F


class Branch(nn.Module):
    """lower (up to the tie: the layer that is imitated) and upper (from the tie to logits)."""

    def __init__(self, lower: nn.Module, upper: nn.Module):
        super().__init__()
        self.lower, self.upper = lower, upper

    def forward(self, x):
        tie = self.lower(x)
        return tie, self.upper(tie)


class Hallucination(nn.Module):
    """Training form. `to_depth` maps the RGB image to the number of channels that the depth branch reads."""

    def __init__(self, rgb: Branch, depth: Branch, to_depth=None):
        super().__init__()
        self.rgb, self.depth = rgb, depth
        self.hallucination = copy.deepcopy(depth)
        self.to_depth = to_depth or (lambda color: color.mean(1, keepdim=True))
        for p in self.depth.lower.parameters():
            p.requires_grad_(False)

    def train(self, mode: bool = True):
        super().train(mode)
        self.depth.lower.eval()  # running statistics below the tie stay too
        return self

    def forward(self, color, depth):
        _, r = self.rgb(color)
        tie_d, d = self.depth(depth)
        tie_h, h = self.hallucination(self.to_depth(color))
        return {"r": r, "d": d, "h": h, "tie_d": tie_d, "tie_h": tie_h}

    def student(self) -> nn.Module:
        """What is shipped: RGB in, logits out, no depth anywhere."""
        return HallucinationStudent(self.rgb, self.hallucination, self.to_depth)


class HallucinationStudent(nn.Module):
    def __init__(self, rgb, hallucination, to_depth):
        super().__init__()
        self.rgb, self.hallucination, self.to_depth = rgb, hallucination, to_depth

    def forward(self, color):
        return 0.5 * (self.rgb(color)[1] + self.hallucination(self.to_depth(color))[1])


def hallucinate_loss(tie_d, tie_h):
    """‖σ(A_d) − σ(A_h)‖², mean over elements; nothing flows into the depth branch."""
    return (tie_d.detach().sigmoid() - tie_h.sigmoid()).square().mean()


def losses(out, labels, void=255):
    """The five task losses and the hallucination term, by name; labels (b, h, w)."""
    ce = lambda logits: F.cross_entropy(F.interpolate(logits, labels.shape[-2:], mode="bilinear", align_corners=False)
                                        if logits.shape[-2:] != labels.shape[-2:] else logits, labels, ignore_index=void)
    return {"r": ce(out["r"]), "d": ce(out["d"]), "h": ce(out["h"]),
            "rd": ce(0.5 * (out["r"] + out["d"])), "rh": ce(0.5 * (out["r"] + out["h"])),
            "hallucinate": hallucinate_loss(out["tie_d"], out["tie_h"])}


def total(terms, factor=10.0):
    """Σ task losses + γ·hallucination with γ such that the term is `factor` times the largest task loss."""
    tasks = [v for k, v in terms.items() if k != "hallucinate"]
    largest = torch.stack([t.detach() for t in tasks]).max()
    gamma = factor * largest / terms["hallucinate"].detach().clamp_min(1e-8)
    return sum(tasks) + gamma * terms["hallucinate"]
