"""Paired-data domain adaptation between the modalities' features: correlation alignment (Deep CORAL, Sun and Saenko,
2016), which matches means and covariances; pairs let it be asked on the same scenes."""

import torch


def moments(x: torch.Tensor):
    """(n, d) → mean (d,), covariance (d, d)."""
    mean = x.mean(0)
    centred = x - mean
    return mean, centred.T @ centred / max(len(x) - 1, 1)


def coral(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """‖μ_a − μ_b‖²/d + ‖C_a − C_b‖²_F/(4d²) of features (n, d)."""
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"adaptation: features of {a.shape[1]} and {b.shape[1]} dimensions")
    (ma, ca), (mb, cb) = moments(a), moments(b)
    d = a.shape[1]
    return (ma - mb).square().sum() / d + (ca - cb).square().sum() / (4 * d * d)
