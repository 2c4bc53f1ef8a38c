"""Coordinated representations: two encoders kept apart, their features pulled together.

`similarity` has the pairwise losses; `dcca` the canonical correlation of Andrew et al. (Deep Canonical Correlation
Analysis, ICML 2013). Features are (n, d); feature maps are flattened to pixels by `pixels`.
"""

import torch
import torch.nn.functional as F


def pixels(features: torch.Tensor) -> torch.Tensor:
    """(b, c, h, w) → (b·h·w, c)."""
    return features.permute(0, 2, 3, 1).flatten(0, 2)


def similarity(a: torch.Tensor, b: torch.Tensor, kind: str = "cosine") -> torch.Tensor:
    """A loss that is 0 for equal features. cosine: scale-free per row; l2: not; correlation: shift- and scale-free."""
    if kind == "cosine":
        return (1 - F.cosine_similarity(a, b, dim=-1)).mean()
    if kind == "l2":
        return (a - b).square().sum(-1).mean()
    if kind == "correlation":
        a, b = a - a.mean(0), b - b.mean(0)  # (n, d)
        return (1 - F.cosine_similarity(a, b, dim=0)).mean()
    raise ValueError(f"coordinated: no similarity {kind!r}; choose cosine, l2 or correlation")


def inverse_root(m: torch.Tensor) -> torch.Tensor:
    """M^-½ of a symmetric positive matrix (d, d)."""
    values, vectors = torch.linalg.eigh(m)
    return vectors @ torch.diag(values.clamp_min(torch.finfo(m.dtype).tiny).rsqrt()) @ vectors.T


def dcca(a: torch.Tensor, b: torch.Tensor, r: float = 1e-3) -> torch.Tensor:
    """The total canonical correlation ‖Σ11^-½ Σ12 Σ22^-½‖_tr of (n, d1) and (n, d2): at most min(d1, d2).

    Σii + rI; the norm is the sum of singular values. Maximise it (train on its negative); use double precision.
    """
    n = a.shape[0]
    if n < 2:
        raise ValueError(f"dcca: {n} samples, want at least 2")
    a, b = a - a.mean(0), b - b.mean(0)
    s11 = a.T @ a / (n - 1) + r * torch.eye(a.shape[1], dtype=a.dtype, device=a.device)
    s22 = b.T @ b / (n - 1) + r * torch.eye(b.shape[1], dtype=b.dtype, device=b.device)
    s12 = a.T @ b / (n - 1)
    return torch.linalg.svdvals(inverse_root(s11) @ s12 @ inverse_root(s22)).sum()
