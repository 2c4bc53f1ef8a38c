"""Small segmentation networks for holding the Go engine against ONNX Runtime: random weights, scaled so that every
class is alive in the output, exported and quantised. Shapes: input [N, 4, H, W] uint8 (as float), logits [N, K, h, w]."""

from dataclasses import dataclass

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from torch import nn
from torch.nn import functional as F


def block(i, o, k=3, s=1, d=1, groups=1, act=nn.ReLU):
    layers = [nn.Conv2d(i, o, k, s, d * (k // 2), d, groups, bias=False), nn.BatchNorm2d(o)]
    return nn.Sequential(*layers, act()) if act else nn.Sequential(*layers)


class Inverted(nn.Module):
    """MobileNetV2's block: expand, depthwise, project, and the residual where shapes allow."""

    def __init__(self, i, o, stride, k=3, act=nn.ReLU6, squeeze=False):
        super().__init__()
        hidden = 4 * i
        self.residual = stride == 1 and i == o
        self.expand, self.depth = block(i, hidden, 1, act=act), block(hidden, hidden, k, stride, groups=hidden, act=act)
        self.squeeze = nn.Sequential(nn.Conv2d(hidden, 8, 1), nn.ReLU(), nn.Conv2d(8, hidden, 1)) if squeeze else None
        self.project = block(hidden, o, 1, act=None)

    def forward(self, x):
        y = self.depth(self.expand(x))
        if self.squeeze is not None:
            y = y * F.hardsigmoid(self.squeeze(F.adaptive_avg_pool2d(y, 1)))
        y = self.project(y)
        return x + y if self.residual else y


class MobileNetV2(nn.Module):
    """Encoder of inverted residuals, feature-pyramid decoder."""

    def __init__(self, classes, act=nn.ReLU6, squeeze=False):
        super().__init__()
        self.stem = block(4, 12, 3, 2, act=act)
        self.low = nn.Sequential(Inverted(12, 12, 1, act=act), Inverted(12, 20, 2, act=act))
        self.high = nn.Sequential(Inverted(20, 24, 2, 5 if squeeze else 3, act, squeeze), Inverted(24, 24, 1, 3, act, squeeze))
        self.lateral, self.top = nn.Conv2d(20, 16, 1), nn.Conv2d(24, 16, 1)
        self.smooth, self.head = block(16, 16), nn.Conv2d(16, classes, 1)

    def forward(self, x):
        low = self.low(self.stem(x / 255))
        high = self.high(low)
        up = F.interpolate(self.top(high), scale_factor=2, mode="bilinear", align_corners=False)
        return self.head(self.smooth(up + self.lateral(low)))


class MobileNetV3(MobileNetV2):
    """The same with hard-swish and squeeze-and-excite."""

    def __init__(self, classes):
        super().__init__(classes, nn.Hardswish, True)


class ResUNet(nn.Module):
    """Residual encoder, max pooling, transposed convolutions and skip concatenations."""

    def __init__(self, classes):
        super().__init__()
        self.stem, self.pool = block(4, 12, 7, 2), nn.MaxPool2d(3, 2, 1)
        self.a, self.b, self.short = block(12, 16), block(16, 16, act=None), block(12, 16, 1, act=None)
        self.down = block(16, 24, 3, 2)
        self.up = nn.ConvTranspose2d(24, 16, 2, 2)
        self.merge, self.head = block(32, 16), nn.Conv2d(16, classes, 3, padding=1)

    def forward(self, x):
        x = self.pool(self.stem(x / 255))
        x = F.relu(self.b(self.a(x)) + self.short(x))
        return self.head(self.merge(torch.cat([self.up(self.down(x)), x], 1)))


class DeepLab(nn.Module):
    """Dilated branches and image pooling side by side."""

    def __init__(self, classes):
        super().__init__()
        self.stem = nn.Sequential(block(4, 12, 3, 2), block(12, 16, 3, 2))
        self.branches = nn.ModuleList([block(16, 12, 1), block(16, 12, 3, d=2), block(16, 12, 3, d=4)])
        self.image, self.project = nn.Sequential(nn.Conv2d(16, 12, 1), nn.ReLU()), block(48, 24, 1)
        self.head = nn.Conv2d(24, classes, 1)

    def forward(self, x):
        x = self.stem(x / 255)
        image = F.interpolate(self.image(x.mean((2, 3), keepdim=True)), size=x.shape[2:], mode="nearest")
        return self.head(self.project(torch.cat([b(x) for b in self.branches] + [image], 1)))


class LateFusion(nn.Module):
    """Two encoders, colour and depth, joined by a gate."""

    def __init__(self, classes):
        super().__init__()
        self.color = nn.Sequential(block(3, 12, 3, 2), block(12, 16, 3, 2))
        self.depth = nn.Sequential(block(1, 8, 3, 2), block(8, 16, 3, 2, act=nn.LeakyReLU))
        self.gate, self.head = nn.Conv2d(32, 16, 1), nn.Conv2d(16, classes, 1)

    def forward(self, color, depth):
        c, d = self.color(color / 255), self.depth(depth / 255)
        g = torch.sigmoid(self.gate(torch.cat([c, d], 1)))
        return self.head(g * c + (1 - g) * d)


NETS = {"mobilenetv2": MobileNetV2, "mobilenetv3": MobileNetV3, "resunet": ResUNet, "deeplab": DeepLab, "late": LateFusion}

FORMATS = {
    "qdq-u8s8": dict(quant_format=QuantFormat.QDQ, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, per_channel=True),
    "qdq-s8s8": dict(quant_format=QuantFormat.QDQ, activation_type=QuantType.QInt8, weight_type=QuantType.QInt8, per_channel=True),
    "qdq-tensor": dict(quant_format=QuantFormat.QDQ, activation_type=QuantType.QUInt8, weight_type=QuantType.QUInt8, per_channel=False),
    "qoperator": dict(quant_format=QuantFormat.QOperator, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, per_channel=True),
}


def smooth_images(rng, n, channels, height, width):
    """Images with large shapes and some noise: [n, channels, height, width] float32 of whole numbers in 0…255."""
    coarse = torch.from_numpy(rng.random((n, channels, 6, 8), dtype=np.float32))
    image = F.interpolate(coarse, size=(height, width), mode="bicubic", align_corners=False).numpy()
    image = image * 255 + rng.normal(0, 8, image.shape)
    return np.clip(np.rint(image), 0, 255).astype(np.float32)


def feeds(name, rng, height, width):
    """One set of inputs for a network, by input name."""
    x = smooth_images(rng, 1, 4, height, width)
    return {"color": x[:, :3], "depth": x[:, 3:]} if name == "late" else {"image": x}


def make(name, classes, height, width, seed):
    """A network with random weights, statistics measured, and logits centred so that every class wins somewhere."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net = NETS[name](classes)
    for m in net.modules():
        if isinstance(m, nn.BatchNorm2d):
            nn.init.uniform_(m.weight, 0.6, 1.4)
            nn.init.uniform_(m.bias, -0.4, 0.4)
    batches = [[torch.from_numpy(v) for v in feeds(name, rng, height, width).values()] for _ in range(12)]
    with torch.no_grad():
        net.train()
        for b in batches:
            net(*b)
        net.eval()
        logits = torch.cat([net(*b) for b in batches])  # [12, K, h, w]
        deviation = logits.std((0, 2, 3))
        net.head.weight /= deviation[:, None, None, None]
        net.head.bias -= logits.mean((0, 2, 3))
        net.head.bias /= deviation
    return net


def export(net, name, path, height, width, dynamo=False):
    """Writes the float32 network as ONNX."""
    rng = np.random.default_rng(0)
    example = feeds(name, rng, height, width)
    torch.onnx.export(net, tuple(torch.from_numpy(v) for v in example.values()), str(path), opset_version=18 if dynamo else 17,
                      input_names=list(example), output_names=["logits"], dynamo=dynamo, external_data=False)


@dataclass
class Reader(CalibrationDataReader):
    batches: list

    def get_next(self):
        return self.batches.pop() if self.batches else None


def quantise(source, target, name, height, width, seed, **options):
    """Quantises a float ONNX file on random images."""
    rng = np.random.default_rng(seed)
    quantize_static(str(source), str(target), Reader([feeds(name, rng, height, width) for _ in range(8)]), **options)


def add_tail(source, target, height, width):
    """Appends upsample → ArgMax → Cast to a network's logits: the output becomes uint8 classes [N, height, width]."""
    model = onnx.load(str(source))
    g = model.graph
    logits = g.output[0].name
    g.initializer.append(numpy_helper.from_array(np.array([height, width], np.int64), "tail_hw"))
    shape = helper.make_node("Shape", [logits], ["tail_shape"], end=2)
    sizes = helper.make_node("Concat", ["tail_shape", "tail_hw"], ["tail_sizes"], axis=0)
    up = helper.make_node("Resize", [logits, "", "", "tail_sizes"], ["tail_up"], mode="linear",
                          coordinate_transformation_mode="half_pixel")
    top = helper.make_node("ArgMax", ["tail_up"], ["tail_top"], axis=1, keepdims=0)
    cast = helper.make_node("Cast", ["tail_top"], ["classes"], to=TensorProto.UINT8)
    g.node.extend([shape, sizes, up, top, cast])
    del g.output[:]
    g.output.append(helper.make_tensor_value_info("classes", TensorProto.UINT8, None))
    onnx.save(model, str(target))
