"""Adaptive fusion (Sahu and Vechtomova, EACL 2021): Auto-Fusion and GAN-Fusion. Features are (…, d)."""

import torch
from torch import nn
import torch.nn.functional as F


class AutoFusion(nn.Module):
    """concat → d/2 tanh → code, decoded back. `forward` gives the code and J = mean ‖ẑ − z‖² to add to the task loss."""

    def __init__(self, d: int, code: int):
        super().__init__()
        hidden = max(d // 2, code)
        self.encoder = nn.Sequential(nn.Linear(d, hidden), nn.Tanh(), nn.Linear(hidden, code), nn.ReLU())
        self.decoder = nn.Sequential(nn.Linear(code, hidden), nn.Tanh(), nn.Linear(hidden, d))

    def forward(self, *features):
        z = torch.cat(features, dim=-1)  # (…, d)
        code = self.encoder(z)
        return code, (self.decoder(code) - z).square().sum(-1).mean()


class GanFusion(nn.Module):
    """For one target modality t: a generator G(z_t + noise) against a discriminator whose real sample is the
    Auto-Fusion code of the other modalities. The generator's output is the fused feature."""

    def __init__(self, d_target: int, d_others: int, code: int, noise: float = 0.1):
        super().__init__()
        self.noise = noise
        self.generator = nn.Sequential(nn.Linear(d_target, d_target), nn.LeakyReLU(0.2), nn.Linear(d_target, code))
        self.real = AutoFusion(d_others, code)
        self.discriminator = nn.Sequential(nn.Linear(code, code), nn.LeakyReLU(0.2), nn.Linear(code, 1))

    def forward(self, target):
        noise = self.noise * torch.randn_like(target) if self.training else 0.0
        return self.generator(target + noise)  # (…, code)

    def discriminator_loss(self, target, *others):
        """Trains the discriminator alone: both samples are detached."""
        real, _ = self.real(*others)
        fake = self(target)
        yes, no = self.discriminator(real.detach()), self.discriminator(fake.detach())
        return F.binary_cross_entropy_with_logits(yes, torch.ones_like(yes)) + \
            F.binary_cross_entropy_with_logits(no, torch.zeros_like(no))

    def generator_loss(self, target):
        """Trains the generator alone: the discriminator's parameters are held constant."""
        frozen = {k: v.detach() for k, v in self.discriminator.named_parameters()}
        verdict = torch.func.functional_call(self.discriminator, frozen, (self(target),))
        return F.binary_cross_entropy_with_logits(verdict, torch.ones_like(verdict))
