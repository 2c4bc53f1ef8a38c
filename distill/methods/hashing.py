"""Multi-modal hashing after Deep Cross-Modal Hashing (Jiang and Li, CVPR 2017): two encoders to k-bit codes.

F, G are the two modalities' real codes (n, k); similar (n, n) is 1 where two samples belong together. With Θ = ½ F Gᵀ the
pairwise negative log-likelihood is Σ softplus(Θ) − S·Θ; B = sign(F + G).
"""

import torch
import torch.nn.functional as F_


def sign(x: torch.Tensor) -> torch.Tensor:
    """±1, with 0 counted as +1: a code never holds a third value."""
    return torch.where(x >= 0, 1.0, -1.0).to(x.dtype)


def codes(f, g):
    """The shared binary code B = sign(F + G): (n, k) of ±1."""
    return sign(f + g)


def likelihood(f, g, similar):
    """Mean pairwise negative log-likelihood; softplus keeps it finite for large Θ."""
    theta = 0.5 * f @ g.T  # (n, n)
    return (F_.softplus(theta) - similar * theta).mean()


def quantisation(f, g, b):
    """Distance of the real codes from the binary one."""
    return ((b - f).square() + (b - g).square()).mean()


def balance(f, g):
    """0 when every bit is +1 for one half of the samples and −1 for the other."""
    return (f.mean(0).square() + g.mean(0).square()).mean()


def loss(f, g, similar, gamma=1.0, eta=1.0):
    return likelihood(f, g, similar) + gamma * quantisation(f, g, codes(f, g).detach()) + eta * balance(f, g)


def hamming(a, b):
    """Distances between ±1 codes (n, k) and (m, k): (n, m), in bits."""
    return (a.shape[1] - a @ b.T) / 2


def mean_average_precision(query, base, relevant):
    """mAP of ranking `base` by Hamming distance to each `query`; relevant (n, m) is bool. Ties keep base order."""
    order = hamming(query, base).argsort(dim=1, stable=True)  # (n, m)
    hits = relevant.gather(1, order).double()
    ranks = torch.arange(1, hits.shape[1] + 1, dtype=torch.double)
    precision = hits.cumsum(1) / ranks
    found = hits.sum(1)
    keep = found > 0
    return ((precision * hits).sum(1)[keep] / found[keep]).mean().item()


def contrast(f, g, similar, temperature=4.0):
    """Cross-entropy of finding, among all g, those that belong to each f: InfoNCE (van den Oord et al., 2018) over Θ. Unlike the
    likelihood it is not content with codes that are all at a right angle."""
    chance = (0.5 * f @ g.T / temperature).log_softmax(1)  # (n, n)
    return -((chance * similar).sum(1) / similar.sum(1)).mean()
