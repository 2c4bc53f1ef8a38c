"""Adaptive fusion (Sahu and Vechtomova, EACL 2021): Auto-Fusion and GAN-Fusion.

Features are (…, d), or with maps=True (b, d, h, w): the same layers pixel by pixel, as 1×1 convolutions, which integer
runtimes are fast at.
"""

import torch
from torch import nn
import torch.nn.functional as F


def layer(inputs: int, outputs: int, maps: bool) -> nn.Module:
    return nn.Conv2d(inputs, outputs, 1) if maps else nn.Linear(inputs, outputs)


class AutoFusion(nn.Module):
    """concat → d/2 tanh → code, decoded back. `forward` gives the code and J = mean ‖ẑ − z‖² to add to the task loss."""

    def __init__(self, d: int, code: int, maps: bool = False):
        super().__init__()
        hidden, self.dim = max(d // 2, code), 1 if maps else -1
        self.encoder = nn.Sequential(layer(d, hidden, maps), nn.Tanh(), layer(hidden, code, maps), nn.ReLU())
        self.decoder = nn.Sequential(layer(code, hidden, maps), nn.Tanh(), layer(hidden, d, maps))

    def forward(self, *features):
        z = torch.cat(features, dim=self.dim)  # (…, d)
        code = self.encoder(z)
        return code, (self.decoder(code) - z).square().sum(self.dim).mean()


class GanFusion(nn.Module):
    """For one target modality t: a generator G(z_t + noise) against a discriminator whose real sample is the
    Auto-Fusion code of the other modalities. The generator's output is the fused feature."""

    def __init__(self, d_target: int, d_others: int, code: int, noise: float = 0.1, maps: bool = False):
        super().__init__()
        self.noise = noise
        self.generator = nn.Sequential(layer(d_target, d_target, maps), nn.LeakyReLU(0.2), layer(d_target, code, maps))
        self.real = AutoFusion(d_others, code, maps)
        self.discriminator = nn.Sequential(layer(code, code, maps), nn.LeakyReLU(0.2), layer(code, 1, maps))

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
