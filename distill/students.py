"""The students' architecture: plain convolutions early, inverted residuals at stride 16, a small top-down decoder.

Everything is made for an integer engine: ReLU only, widths in multiples of 16, nearest upsampling inside, bilinear
upsampling once at the end. Input: float [N, 4, H, W] in 0…1 for R, G, B, D, [N, 3, H, W] for colour or
[N, 1, H, W] for depth alone (a byte / 255; no mean is taken off, so that zero padding
means "nothing here" for colour and "no reading" for depth). Output: logits [N, classes, H, W].
"""

import torch
from torch import nn
import torch.nn.functional as F

from distill import mobile


def conv(inputs, outputs, kernel=3, stride=1, groups=1, dilation=1, relu=True):
    """Convolution, batch normalisation (folded at export) and perhaps ReLU."""
    layers = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2 * dilation, dilation, groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*layers, *([nn.ReLU(inplace=True)] if relu else []))


class Residual(nn.Module):
    """Two 3×3 convolutions beside the identity."""

    def __init__(self, channels):
        super().__init__()
        self.first = conv(channels, channels)
        self.second = conv(channels, channels, relu=False)

    def forward(self, x):  # [N, C, H, W] → the same
        return F.relu(x + self.second(self.first(x)))


class Inverted(nn.Module):
    """MobileNetV2's block (Sandler et al., 2018, section 3.3): widen, depthwise, narrow without activation."""

    def __init__(self, channels, expand, dilation):
        super().__init__()
        wide = channels * expand
        self.body = nn.Sequential(
            conv(channels, wide, 1),
            conv(wide, wide, 3, groups=wide, dilation=dilation),
            conv(wide, channels, 1, relu=False),
        )

    def forward(self, x):  # [N, C, H, W] → the same
        return x + self.body(x)


class Encoder(nn.Module):
    """The way down: [N, inputs, H, W] → feature maps at strides 4, 8 and 16."""

    def __init__(self, channels=(16, 32, 64, 128), expand=2, dilations=(1, 2, 1, 3), inputs=4):
        super().__init__()
        c2, c4, c8, c16 = channels
        self.stem = conv(inputs, c2, stride=2)
        self.stage4 = nn.Sequential(conv(c2, c4, stride=2), Residual(c4))
        self.stage8 = nn.Sequential(conv(c4, c8, stride=2), Residual(c8))
        self.stage16 = nn.Sequential(conv(c8, c16, stride=2), *[Inverted(c16, expand, d) for d in dilations])

    def encode(self, x):
        """Features at strides 4, 8 and 16: [N, c4, H/4, W/4], [N, c8, H/8, W/8], [N, c16, H/16, W/16]."""
        f4 = self.stage4(self.stem(x))
        f8 = self.stage8(f4)
        return f4, f8, self.stage16(f8)


class Student(Encoder):
    """Segmentation of one input: early-fused RGB-D, or one modality. `takes` names the input."""

    takes = ("pixels",)
    stride = 4  # of the logits

    def __init__(self, classes=3, channels=(16, 32, 64, 128), decoder=(64, 32), expand=2, dilations=(1, 2, 1, 3), inputs=4):
        super().__init__(channels, expand, dilations, inputs)
        _, c4, c8, c16 = channels
        d8, d4 = decoder
        self.top = conv(c16, d8, 1, relu=False)
        self.context = nn.Conv2d(c16, d8, 1)
        self.lateral8 = conv(c8, d8, 1, relu=False)
        self.smooth8 = conv(d8, d8)
        self.narrow = conv(d8, d4, 1, relu=False)
        self.lateral4 = conv(c4, d4, 1, relu=False)
        self.smooth4 = conv(d4, d4)
        self.head = nn.Conv2d(d4, classes, 1)

    def decode(self, f4, f8, f16):
        """Logits at stride 4 from the features: [N, classes, H/4, W/4]."""
        context = self.context(F.adaptive_avg_pool2d(f16, 1))  # [N, d8, 1, 1]: what kind of view this is
        p16 = F.relu(self.top(f16) + context)  # [N, d8, H/16, W/16]
        p8 = self.smooth8(F.relu(self.lateral8(f8) + F.interpolate(p16, scale_factor=2.0)))  # [N, d8, H/8, W/8]
        p4 = self.smooth4(F.relu(self.lateral4(f4) + F.interpolate(self.narrow(p8), scale_factor=2.0)))
        return self.head(p4)

    def features(self, x):
        """Logits at stride 4: [N, classes, H/4, W/4]."""
        return self.decode(*self.encode(x))

    def forward(self, x):
        return F.interpolate(self.features(x), scale_factor=4.0, mode="bilinear", align_corners=False)


def planes(channels):
    """What a student of so many input channels reads of R, G, B, D: all, colour alone, or depth alone."""
    return {4: slice(0, 4), 3: slice(0, 3), 1: slice(3, 4)}[channels]


def channels(model):
    """The channels of each input that a student takes, by its name."""
    return {name: {"color": 3, "depth": 1}.get(name) or model.stem[0].in_channels for name in model.takes}


def build(config, inputs=None):
    """A student of the configuration's modalities, or of so many input channels."""
    inputs = inputs or sum({"color": 3, "depth": 1}[m] for m in config.modalities)
    if config.network == "mobile":
        return mobile.MobileStudent(len(config.classes), inputs, config.stem, config.stages or mobile.LITE0, config.decoder)
    return Student(len(config.classes), config.channels, config.decoder, config.expand, config.dilations, inputs)


def macs(model, width, height):
    """Multiply-accumulates of one forward pass, convolutions only, counted by running one."""
    total = 0

    def count(layer, inputs, output):
        nonlocal total
        total += output.shape[2] * output.shape[3] * layer.weight.numel()

    hooks = [m.register_forward_hook(count) for m in model.modules() if isinstance(m, nn.Conv2d)]
    was, _ = model.training, model.eval()
    with torch.no_grad():
        model.features(*[torch.zeros(1, n, height, width) for n in channels(model).values()])
    model.train(was)
    for hook in hooks:
        hook.remove()
    return total
