"""Late fusion: two networks, their logits or probabilities averaged."""

import torch
from torch import nn


class LateFusion(nn.Module):
    """Two branches with equal outputs (b, classes, h, w); `of` says what is averaged: "logits" or "probabilities"."""

    def __init__(self, color: nn.Module, depth: nn.Module, of: str = "logits"):
        super().__init__()
        if of not in ("logits", "probabilities"):
            raise ValueError(f"late fusion: cannot average {of!r}; choose logits or probabilities")
        self.color, self.depth, self.of = color, depth, of

    def forward(self, color, depth):
        return average([self.color(color), self.depth(depth)], self.of)


def average(logits: list[torch.Tensor], of: str = "logits") -> torch.Tensor:
    """The mean over branches; for "probabilities" its logarithm, so that softmax of the result is the mean."""
    if of == "logits":
        return torch.stack(logits).mean(0)  # (b, classes, h, w)
    log_p = torch.stack([l.log_softmax(1) for l in logits])  # (branches, b, classes, h, w)
    return log_p.logsumexp(0) - torch.log(torch.tensor(float(len(logits))))
