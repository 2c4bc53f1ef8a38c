"""Bimodal deep autoencoder (Ngiam et al., Multimodal Deep Learning, ICML 2011).

One shared code reconstructs both modalities. Training adds copies in which one modality is zeroed at the input while
both targets stay, so that the code of one modality learns to tell of the other.
"""

import torch
from torch import nn
import torch.nn.functional as F


class BimodalAutoencoder(nn.Module):
    """Vectors or pixels (…, da) and (…, db) → a shared code (…, code) → both again."""

    def __init__(self, da: int, db: int, code: int, hidden: int = 64):
        super().__init__()
        self.encode_a = nn.Sequential(nn.Linear(da, hidden), nn.ReLU())
        self.encode_b = nn.Sequential(nn.Linear(db, hidden), nn.ReLU())
        self.shared = nn.Linear(2 * hidden, code)
        self.decode_a = nn.Sequential(nn.Linear(code, hidden), nn.ReLU(), nn.Linear(hidden, da))
        self.decode_b = nn.Sequential(nn.Linear(code, hidden), nn.ReLU(), nn.Linear(hidden, db))

    def code(self, a, b):
        return self.shared(torch.cat([self.encode_a(a), self.encode_b(b)], dim=-1))

    def forward(self, a, b):
        code = self.code(a, b)
        return self.decode_a(code), self.decode_b(code)


def with_missing(a, b):
    """The batch three times: whole, with a zeroed, with b zeroed. Returns inputs (a, b) and the untouched targets."""
    inputs = torch.cat([a, torch.zeros_like(a), a]), torch.cat([b, b, torch.zeros_like(b)])  # (3·batch, d)
    targets = torch.cat([a, a, a]), torch.cat([b, b, b])
    return inputs, targets


def loss(model, a, b):
    """Mean squared reconstruction error of both modalities over the tripled batch."""
    (ia, ib), (ta, tb) = with_missing(a, b)
    ra, rb = model(ia, ib)
    return F.mse_loss(ra, ta) + F.mse_loss(rb, tb)
