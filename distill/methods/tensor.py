"""Tensor fusion, whole (TFN, Zadeh et al., EMNLP 2017) and in low rank (LMF, Liu et al., ACL 2018).

Both work on the last dimension, so that vectors (b, d) and pixels (b, h, w, d) are treated alike.
"""

import torch
from torch import nn


def append_one(h: torch.Tensor) -> torch.Tensor:
    """(…, d) → (…, d + 1): [h; 1]. The constant keeps the single-modality terms in the product."""
    return torch.cat([h, h.new_ones(*h.shape[:-1], 1)], dim=-1)


def outer(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """(…, da), (…, db) → (…, da + 1, db + 1): [a; 1] ⊗ [b; 1]; the last column is [a; 1], the last row [b; 1]."""
    return append_one(a).unsqueeze(-1) * append_one(b).unsqueeze(-2)


class TensorFusion(nn.Module):
    """TFN: the flattened outer product, then a linear layer. (…, da), (…, db) → (…, out)."""

    def __init__(self, da: int, db: int, out: int):
        super().__init__()
        self.linear = nn.Linear((da + 1) * (db + 1), out)

    def forward(self, a, b):
        return self.linear(outer(a, b).flatten(-2))


class LowRankFusion(nn.Module):
    """LMF: h = Σ_r w_r · (W_a^r [a; 1]) ∘ (W_b^r [b; 1]) + bias; the tensor is never formed."""

    def __init__(self, da: int, db: int, out: int, rank: int = 4):
        super().__init__()
        self.factor_a = nn.Parameter(torch.empty(rank, da + 1, out))
        self.factor_b = nn.Parameter(torch.empty(rank, db + 1, out))
        self.weight = nn.Parameter(torch.empty(rank))
        self.bias = nn.Parameter(torch.zeros(out))
        nn.init.xavier_normal_(self.factor_a)
        nn.init.xavier_normal_(self.factor_b)
        nn.init.normal_(self.weight, mean=1.0, std=0.1)

    def forward(self, a, b):
        pa = torch.einsum("...d,rdo->...ro", append_one(a), self.factor_a)  # (…, rank, out)
        pb = torch.einsum("...d,rdo->...ro", append_one(b), self.factor_b)  # (…, rank, out)
        return torch.einsum("...ro,r->...o", pa * pb, self.weight) + self.bias

    def full_weight(self) -> torch.Tensor:
        """The linear layer that TFN would need for the same result: (out, (da + 1)(db + 1))."""
        full = torch.einsum("r,rio,rjo->oij", self.weight, self.factor_a, self.factor_b)
        return full.flatten(1)


class PixelFusion(nn.Module):
    """Tensor fusion of feature maps, pixel by pixel, after 1×1 convolutions to `reduced` channels.

    (b, ca, h, w), (b, cb, h, w) → (b, out, h, w). rank 0 is TFN, a positive rank LMF. LMF is written as 1×1 convolutions,
    a product and a 1×1 convolution, which is what integer runtimes are fast at.
    """

    def __init__(self, ca: int, cb: int, out: int, reduced: int = 16, rank: int = 0):
        super().__init__()
        self.rank = rank
        self.reduce_a = nn.Sequential(nn.Conv2d(ca, reduced, 1), nn.ReLU())
        self.reduce_b = nn.Sequential(nn.Conv2d(cb, reduced, 1), nn.ReLU())
        if rank:
            self.factor_a = nn.Conv2d(reduced, rank * out, 1)  # the bias is the appended 1's column
            self.factor_b = nn.Conv2d(reduced, rank * out, 1)
            self.mix = nn.Conv2d(rank * out, out, 1, groups=1)
        else:
            self.mix = nn.Conv2d((reduced + 1) ** 2, out, 1)

    def forward(self, a, b):
        a, b = self.reduce_a(a), self.reduce_b(b)  # (b, reduced, h, w)
        if self.rank:
            return self.mix(self.factor_a(a) * self.factor_b(b))
        one = torch.ones_like(a[:, :1])
        a1, b1 = torch.cat([a, one], 1), torch.cat([b, one], 1)  # (b, reduced + 1, h, w)
        # Blocks of [a; 1] scaled by one channel of [b; 1] each: the outer product without a rank-5 tensor.
        return self.mix(torch.cat([a1 * b1[:, j:j + 1] for j in range(b1.shape[1])], dim=1))
