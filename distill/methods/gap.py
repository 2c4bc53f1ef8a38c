"""Why more modalities help (Huang et al., What Makes Multi-modal Learning Better than Single, NeurIPS 2021): the risk of
{A}, {B} and {A, B} as labelled data grows."""

from dataclasses import dataclass

import torch
from torch import nn
import torch.nn.functional as F


@dataclass
class Point:
    """One trained network: which modalities it saw, how many samples, its error on held-out samples (0–1)."""

    modalities: str
    samples: int
    seed: int
    risk: float


def fit(x, y, classes, steps=300, hidden=32, seed=0):
    """A small network on (n, d) → classes, trained on all of the samples at once."""
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(x.shape[1], hidden), nn.ReLU(), nn.Linear(hidden, classes))
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-2, weight_decay=1e-4)
    for _ in range(steps):
        optimiser.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimiser.step()
    return net


@torch.no_grad()
def risk(net, x, y):
    return (net(x).argmax(1) != y).double().mean().item()


def curve(train, test, sizes, seeds, classes):
    """train, test: (a (n, da), b (n, db), y (n,)). Returns a Point per modality set, size and seed."""
    points = []
    for size in sizes:
        for seed in seeds:
            pick = torch.randperm(len(train[2]), generator=torch.Generator().manual_seed(seed))[:size]
            for name, view in (("A", lambda s: s[0]), ("B", lambda s: s[1]), ("AB", lambda s: torch.cat([s[0], s[1]], 1))):
                net = fit(view(train)[pick], train[2][pick], classes, seed=seed)
                points.append(Point(name, size, seed, risk(net, view(test), test[2])))
    return points
