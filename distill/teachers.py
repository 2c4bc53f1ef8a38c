"""Public RGB teachers of Pascal VOC's 21 classes: ESPNetv2 (Mehta et al., CVPR 2019) and DiCENet (Mehta et al., TPAMI 2020).

Written here to load the weights that the authors published (github.com/sacmehta/EdgeNets); modules carry the names that
their files use. Input: colour [N, 3, H, W] in 0…1, H and W in multiples of 32; output: logits [N, 21, H, W].
"""

from collections import OrderedDict
import math
from pathlib import Path

import torch
from torch import nn
import torch.nn.functional as F

from distill import data

VOC = ("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog",
       "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor")
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, of colour in 0…1

ESPNET_WIDTHS = {0.5: (16, 32, 64, 128), 2.0: (32, 128, 256, 512)}  # at strides 2, 4, 8, 16
DICENET_WIDTHS = {1.75: (24, 24, 210, 420)}


def named(**layers):
    return nn.Sequential(OrderedDict(layers))


def convolution(i, o, kernel=3, stride=1, groups=1, dilation=1):
    return nn.Conv2d(i, o, kernel, stride, kernel // 2 * dilation, dilation, groups, bias=False)


def conv_bn_act(i, o, kernel=3, stride=1, groups=1):
    return named(conv=convolution(i, o, kernel, stride, groups), bn=nn.BatchNorm2d(o), act=nn.PReLU(o))


def cbr(i, o, kernel=3, stride=1, groups=1):
    """The same under the names of the decoder's and DiCENet's files."""
    return named(cbr=nn.Sequential(convolution(i, o, kernel, stride, groups), nn.BatchNorm2d(o), nn.PReLU(o)))


def br(n):
    return named(br=nn.Sequential(nn.BatchNorm2d(n), nn.PReLU(n)))


def resize(x, height, width):
    """Up by bilinear interpolation with corners aligned, down by means; as the networks were trained."""
    if x.shape[2] < height or x.shape[3] < width:
        return F.interpolate(x, (height, width), mode="bilinear", align_corners=True)
    return F.adaptive_avg_pool2d(x, (height, width)) if x.shape[2:] != (height, width) else x


class Shuffle(nn.Module):
    """Channels of g groups interleaved."""

    def __init__(self, groups):
        super().__init__()
        self.groups = groups

    def forward(self, x):
        n, c, h, w = x.shape
        return x.view(n, self.groups, c // self.groups, h, w).transpose(1, 2).reshape(n, c, h, w)


class Pyramid(nn.Module):
    """Efficient pyramid pooling: depthwise 3×3 at five scales of the map, merged; the decoder's block."""

    SCALES = (2.0, 1.5, 1.0, 0.5, 0.1)

    def __init__(self, i, middle, o, last=False):
        super().__init__()
        wide = middle * len(self.SCALES)
        self.projection_layer = cbr(i, middle, 1)
        self.stages = nn.ModuleList([convolution(middle, middle, groups=middle) for _ in self.SCALES])
        self.merge_layer = nn.Sequential(br(wide), Shuffle(len(self.SCALES)), cbr(wide, middle, groups=middle),
                                         nn.Conv2d(middle, o, 1, bias=last))
        self.br = nn.Identity() if last else br(o)

    def forward(self, x):
        x = self.projection_layer(x)
        h, w = x.shape[2:]
        maps = []
        for scale, stage in zip(self.SCALES, self.stages):
            size = max(5, math.ceil(h * scale)), max(5, math.ceil(w * scale))
            if scale > 1:
                y = F.adaptive_avg_pool2d(stage(F.interpolate(x, size, mode="bilinear", align_corners=True)), (h, w))
            elif scale < 1:
                y = F.interpolate(stage(F.adaptive_avg_pool2d(x, size)), (h, w), mode="bilinear", align_corners=True)
            else:
                y = stage(x)
            maps.append(y)
        return self.br(self.merge_layer(torch.cat(maps, 1)))


class Lateral(nn.Module):
    """An encoder's map on its way to the decoder: grouped 3×3, weighted by what the whole map says."""

    def __init__(self, i, o):
        super().__init__()
        self.wt_layer = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(i, o, 1, bias=False), nn.Sigmoid())
        self.expansion_layer = cbr(i, o, groups=math.gcd(i, o))

    def forward(self, x):
        return self.expansion_layer(x) * self.wt_layer(x)


class Decoder(nn.Module):
    """Four pyramids from stride 16 to 2, with laterals between. The two files name its parts differently."""

    def __init__(self, widths, classes, pyramid, lateral, norm):
        super().__init__()
        w2, w4, w8, w16 = widths
        steps = [w16, 64, 48, 32, classes]
        self.parts = [[], [], []]
        for i in range(4):
            self.add(0, pyramid[i], Pyramid(steps[i], min(classes // 2, 16), steps[i + 1], last=i == 3))
        for i, width in enumerate((w8, w4, w2)):
            self.add(1, lateral[i], Lateral(width, steps[i + 1]))
            self.add(2, norm[i], nn.Sequential(nn.BatchNorm2d(steps[i + 1]), nn.PReLU(steps[i + 1])))

    def add(self, kind, name, module):
        self.add_module(name, module)
        self.parts[kind].append(name)

    def decode(self, f2, f4, f8, f16, size):
        pyramids, laterals, norms = ([getattr(self, name) for name in names] for names in self.parts)
        x = pyramids[0](f16)
        for pyramid, lateral, norm, f in zip(pyramids[1:], laterals, norms, (f8, f4, f2)):
            x = pyramid(norm(lateral(f) + F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)))
        return F.interpolate(x, size, mode="bilinear", align_corners=True)

    def forward(self, color):
        """[N, 3, H, W] in 0…1 → logits [N, classes, H, W]."""
        mean, deviation = (color.new_tensor(v).view(1, 3, 1, 1) for v in (MEAN, DEVIATION))
        color = (color - mean) / deviation
        return self.decode(*self.base_net(color), color.shape[2:])


# ESPNetv2


class Eesp(nn.Module):
    """Reduce, dilated depthwise branches that add up, expand; half of a downsampling when stride is 2."""

    def __init__(self, i, o, stride, reach, branches=4):
        super().__init__()
        n = o // branches
        kernels = sorted(3 + 2 * k if 3 + 2 * k <= reach else 3 for k in range(branches))
        self.stride = stride
        self.proj_1x1 = conv_bn_act(i, n, 1, groups=branches)
        self.spp_dw = nn.ModuleList(
            [named(conv=convolution(n, n, 3, stride, n, dilation=(k - 1) // 2)) for k in kernels])
        self.conv_1x1_exp = named(conv=convolution(o, o, 1, groups=branches), bn=nn.BatchNorm2d(o))
        self.br_after_cat = named(bn=nn.BatchNorm2d(o), act=nn.PReLU(o))
        self.module_act = nn.PReLU(o)

    def forward(self, x):
        small = self.proj_1x1(x)
        maps = [self.spp_dw[0](small)]
        for branch in self.spp_dw[1:]:
            maps.append(branch(small) + maps[-1])
        y = self.conv_1x1_exp(self.br_after_cat(torch.cat(maps, 1)))
        return y if self.stride == 2 else self.module_act(x + y)


class Down(nn.Module):
    """Means beside an EESP of stride 2, and the shrunken image itself added."""

    def __init__(self, i, o, reach):
        super().__init__()
        self.eesp = Eesp(i, o - i, 2, reach)
        self.inp_reinf = nn.Sequential(conv_bn_act(3, 3), named(conv=convolution(3, o, 1), bn=nn.BatchNorm2d(o)))
        self.act = nn.PReLU(o)

    def forward(self, x, image):
        pool = lambda t: F.avg_pool2d(t, 3, 2, 1)
        y = torch.cat([pool(x), self.eesp(x)], 1)
        while image.shape[2] > y.shape[2]:
            image = pool(image)
        return self.act(y + self.inp_reinf(image))


class EspEncoder(nn.Module):
    def __init__(self, widths):
        super().__init__()
        w2, w4, w8, w16 = widths
        self.level1 = conv_bn_act(3, w2, stride=2)
        self.level2_0, self.level3_0, self.level4_0 = Down(w2, w4, 13), Down(w4, w8, 11), Down(w8, w16, 9)
        self.level3 = nn.Sequential(*[Eesp(w8, w8, 1, 9) for _ in range(3)])
        self.level4 = nn.Sequential(*[Eesp(w16, w16, 1, 7) for _ in range(7)])

    def forward(self, image):
        f2 = self.level1(image)
        f4 = self.level2_0(f2, image)
        f8 = self.level3(self.level3_0(f4, image))
        return f2, f4, f8, self.level4(self.level4_0(f8, image))


class EspNet(Decoder):
    def __init__(self, scale, classes=21):
        super().__init__(ESPNET_WIDTHS[scale], classes, [f"bu_dec_l{i}" for i in (1, 2, 3, 4)],
                         [f"merge_enc_dec_l{i}" for i in (2, 3, 4)], [f"bu_br_l{i}" for i in (2, 3, 4)])
        self.base_net = EspEncoder(ESPNET_WIDTHS[scale])


# DiCENet


class Dice(nn.Module):
    """Depthwise 3×3 along each of the three axes of the volume; its maps have a fixed `side`, so others are resized."""

    def __init__(self, channels, side):
        super().__init__()
        self.side = side
        self.conv_channel = convolution(channels, channels, groups=channels)
        self.conv_width, self.conv_height = convolution(side, side, groups=side), convolution(side, side, groups=side)
        self.br_act = br(3 * channels)
        self.vol_shuffle = Shuffle(3)
        self.weight_avg_layer = cbr(3 * channels, channels, 1, groups=channels)
        self.proj_layer = cbr(channels, channels, groups=channels)
        self.linear_comb_layer = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, channels // 4, 1, bias=False), nn.ReLU(),
            nn.Conv2d(channels // 4, channels, 1, bias=False), nn.Sigmoid())

    def forward(self, x):
        h, w = x.shape[2:]
        rows = self.conv_height(resize(x, self.side, w).transpose(1, 2)).transpose(1, 2)
        columns = self.conv_width(resize(x, h, self.side).transpose(1, 3)).transpose(1, 3)
        y = torch.cat([self.conv_channel(x), resize(rows, h, w), resize(columns, h, w)], 1)
        y = self.weight_avg_layer(self.vol_shuffle(self.br_act(y)))
        return self.proj_layer(y) * self.linear_comb_layer(y)


class StridedDice(nn.Module):
    def __init__(self, channels, side):
        super().__init__()
        self.left_layer = nn.Sequential(cbr(channels, channels, stride=2, groups=channels), cbr(channels, channels, 1))
        self.right_layer = nn.Sequential(nn.AvgPool2d(3, 2, 1), Dice(channels, side), cbr(channels, channels, 1))
        self.shuffle = Shuffle(2)

    def forward(self, x):
        return self.shuffle(torch.cat([self.left_layer(x), self.right_layer(x)], 1))


class ShuffleDice(nn.Module):
    """Half of the input's channels pass, the others make the rest of the output's."""

    def __init__(self, i, o, side):
        super().__init__()
        self.left = round(i / 2)
        self.layer_right = nn.Sequential(cbr(i - self.left, o - self.left, 1), Dice(o - self.left, side))
        self.shuffle = Shuffle(2)

    def forward(self, x):
        return self.shuffle(torch.cat([x[:, :self.left], self.layer_right(x[:, self.left:])], 1))


class DiceEncoder(nn.Module):
    def __init__(self, widths):
        super().__init__()
        w2, w4, w8, w16 = widths
        level = lambda i, o, side, count: nn.Sequential(
            StridedDice(i, side), ShuffleDice(2 * i, o, side), *[ShuffleDice(o, o, side) for _ in range(count - 1)])
        self.level1, self.level2 = cbr(3, w2, stride=2), nn.MaxPool2d(3, 2, 1)
        self.level3, self.level4 = level(w4, w8, 28, 3), level(w8, w16, 14, 7)  # sides of a 224 × 224 image

    def forward(self, image):
        f2 = self.level1(image)
        f4 = self.level2(f2)
        f8 = self.level3(f4)
        return f2, f4, f8, self.level4(f8)


class DiceNet(Decoder):
    def __init__(self, scale, classes=21):
        sizes = ("16x16", "32x32", "64x64", "128x128")
        super().__init__(DICENET_WIDTHS[scale], classes, ["eff_pool_" + s for s in sizes],
                         ["proj_enc_" + s for s in sizes[1:]], ["bu_br_" + s for s in sizes[1:]])
        self.base_net = DiceEncoder(DICENET_WIDTHS[scale])


# Loading and use


FILES = {"espnetv2-0.5": ("espnetv2_s_0.5_pascal_256x256.pth", lambda: EspNet(0.5)),
         "espnetv2-2.0": ("espnetv2_s_2.0_pascal_384x384.pth", lambda: EspNet(2.0)),
         "dicenet-1.75": ("dicenet_s_1.75_pascal_384x384.pth", lambda: DiceNet(1.75))}


def load(name, folder=None):
    """The frozen teacher of this name, from folder, or weights/ beside the real data. Every weight must find its place."""
    file, make = FILES[name]
    net = make()
    state = torch.load(Path(folder or data.real_data() / "weights") / file, map_location="cpu", weights_only=True)
    net.load_state_dict(state, strict=True)
    return net.requires_grad_(False).eval()


@torch.no_grad()
def probabilities(teachers, color, mirror=True):
    """The mean over teachers, and mirror images: colour [N, 3, H, W] in 0…1 → [N, 21, H, W]."""
    views = [net(color).softmax(1) for net in teachers]
    if mirror:
        views += [net(color.flip(3)).softmax(1).flip(3) for net in teachers]
    return sum(views) / len(views)
