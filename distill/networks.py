"""Students of one modality or of two, made of the parts in students.py.

Every network here has `takes`, the names of its inputs ("pixels": 4 channels, "color": 3, "depth": 1), and
`features(*inputs)`, logits at stride 4. `without(lost)` is the part that runs when a modality is lost, where there is one.
"""

import torch
from torch import nn
import torch.nn.functional as F

from distill import students
from distill.methods import adaptive, late

def split(x, takes):
    """Early-fused pixels [N, 4, H, W] → the inputs that a network takes."""
    parts = {"pixels": x, "color": x[:, :3], "depth": x[:, 3:]}
    return [parts[name] for name in takes]


def logits(net, x):
    """[N, 4, H, W] → logits [N, classes, H, W]."""
    return F.interpolate(net.features(*split(x, net.takes)), scale_factor=4.0, mode="bilinear", align_corners=False)


def single(config, takes):
    """A student of one input: "pixels", "color" or "depth"."""
    net = students.build(config, {"pixels": 4, "color": 3, "depth": 1}[takes])
    net.takes = (takes,)
    return net


def encoder(config, inputs):
    return students.Encoder(config.channels, config.expand, config.dilations, inputs)


class Peers(nn.Module):
    """A colour and a depth student, kept apart; their logits or probabilities averaged. Late fusion, and what coordinated,
    mutual and adapted branches are shipped as."""

    takes = ("color", "depth")

    def __init__(self, config, of="logits"):
        super().__init__()
        self.color, self.depth, self.of = single(config, "color"), single(config, "depth"), of

    def features(self, color, depth):
        a, b = self.color.features(color), self.depth.features(depth)  # [N, classes, H/4, W/4] each
        if self.of == "probabilities":
            return 0.5 * (a.softmax(1) + b.softmax(1))
        return late.average([a, b])

    def without(self, lost):
        return {"depth": self.color, "color": self.depth}[lost]


class Sum(nn.Module):
    """Fusion by addition."""

    def forward(self, a, b):
        return a + b


class TwoBranch(students.Student):
    """A colour and a depth encoder, joined at strides 4, 8 and 16, and one decoder.

    joins are three modules (a, b) → fused; with `progressive` the fused map goes on through the colour encoder, as in
    RGB-D networks with gates.
    """

    takes = ("color", "depth")

    def __init__(self, config, joins, progressive=False):
        super().__init__(len(config.classes), config.channels, config.decoder, config.expand, config.dilations, 3)
        self.other = encoder(config, 1)
        self.joins, self.progressive = nn.ModuleList(joins), progressive

    def branches(self, color, depth):
        """(colour, depth) maps at strides 4, 8, 16; not for progressive networks, whose branches are not apart."""
        return list(zip(self.encode(color), self.other.encode(depth)))

    def features(self, color, depth):
        if not self.progressive:
            return self.decode(*[join(a, b) for join, (a, b) in zip(self.joins, self.branches(color, depth))])
        a, b, maps = self.stem(color), self.other.stem(depth), []
        for name, join in zip(("stage4", "stage8", "stage16"), self.joins):
            a, b = getattr(self, name)(a), getattr(self.other, name)(b)
            a = join(a, b)
            maps.append(a)
        return self.decode(*maps)


class AutoJoin(adaptive.AutoFusion):
    """Auto-Fusion as a join of maps: the code alone."""

    def __init__(self, channels):
        super().__init__(2 * channels, channels, maps=True)

    def forward(self, a, b):
        return self.encoder(torch.cat([a, b], 1))

    def reconstruction(self, a, b):
        return super().forward(a, b)[1]


class GanJoin(nn.Module):
    """GAN-Fusion as a join of maps: a generator per modality, each against the other modality's code; concatenated."""

    def __init__(self, channels):
        super().__init__()
        self.color = adaptive.GanFusion(channels, channels, channels // 2, maps=True)
        self.depth = adaptive.GanFusion(channels, channels, channels // 2, maps=True)

    def forward(self, a, b):
        return torch.cat([self.color(a), self.depth(b)], 1)

    def losses(self, a, b):
        """The players' losses, and the reconstruction that keeps the real samples meaningful. The encoders below are not
        moved by the game."""
        a, b = a.detach(), b.detach()
        game = 0
        for gan, target, other in ((self.color, a, b), (self.depth, b, a)):
            game = game + gan.discriminator_loss(target, other) + gan.generator_loss(target) + gan.real(other)[1] / a.shape[1]
        return game


class CodeHead(nn.Module):
    """f16 [N, c, h, w] → bits [N, 64]: maxima over a 2×2 grid, so that a code knows left from right, then two layers.
    Maxima and convolutions of integers are exact, so every runtime gives the same bits."""

    def __init__(self, channels, height, width, bits=64):
        super().__init__()
        self.grid = nn.MaxPool2d((height - height // 2, width - width // 2), (height // 2, width // 2))
        self.hidden, self.bits = nn.Conv2d(channels, 2 * bits, 2), nn.Conv2d(2 * bits, bits, 1)

    def forward(self, f16):
        return self.bits(F.relu(self.hidden(self.grid(f16)))).flatten(1)


class Hashed(TwoBranch):
    """TwoBranch that also gives a 64-bit code of each modality's view."""

    def __init__(self, config):
        super().__init__(config, [Sum(), Sum(), Sum()])
        size = config.channels[3], config.height // 16, config.width // 16
        self.code_color, self.code_depth = CodeHead(*size), CodeHead(*size)

    def both(self, color, depth):
        """(logits at stride 4, {"color": [N, 64], "depth": [N, 64]}); a bit is 1 where its number is not negative."""
        pairs = self.branches(color, depth)
        codes = {"color": self.code_color(pairs[2][0]), "depth": self.code_depth(pairs[2][1])}
        return self.decode(*[a + b for a, b in pairs]), codes
