"""Segmentation networks that others wrote, with random but well-scaled weights: torchvision, timm,
segmentation-models-pytorch, transformers; and two-input students of our own fusion methods. Inputs are whole numbers
0…255 as float [1, C, 96, 128]; outputs are logits [1, CLASSES, h, w], normalised so that several classes are alive."""

import contextlib
import io
import warnings

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from distill.methods.attention import attention
from distill.methods.gated import GatedFusion
from distill.methods.late import LateFusion
from distill.tests.quantnets import block, smooth_images

CLASSES, HEIGHT, WIDTH = 5, 96, 128


class Pyramid(nn.Module):
    """A timm backbone's last three maps, each through a 1×1 convolution, upsampled to the first and summed."""

    def __init__(self, name, levels=3, **options):
        super().__init__()
        import timm

        self.body = timm.create_model(name, pretrained=False, features_only=True, **options)
        self.levels = levels
        self.lateral = nn.ModuleList([nn.Conv2d(c, 24, 1) for c in self.body.feature_info.channels()[-levels:]])
        self.head = nn.Conv2d(24, CLASSES, 1)

    def forward(self, x):
        maps = [m.permute(0, 3, 1, 2) if m.shape[1] != lateral.in_channels else m  # some libraries' maps are channels-last
                for lateral, m in zip(self.lateral, self.body(x)[-self.levels:])]
        maps = [lateral(m) for lateral, m in zip(self.lateral, maps)]  # [1, 24, h_i, w_i]
        y = maps[0]
        for m in maps[1:]:
            y = y + F.interpolate(m, size=y.shape[2:], mode="bilinear", align_corners=False)
        return self.head(F.relu(y))


class Tokens(nn.Module):
    """A timm transformer of one scale: its tokens as a map, and a 1×1 head."""

    def __init__(self, name, patch=16, extra=0, **options):
        super().__init__()
        import timm

        self.body = timm.create_model(name, pretrained=False, num_classes=0, **options)
        self.patch, self.extra = patch, extra
        self.head = nn.Conv2d(self.body.num_features, CLASSES, 1)

    def forward(self, x):
        t = self.body.forward_features(x)  # [1, extra + h·w, C]
        if t.dim() == 3:
            t = t[:, self.extra:].transpose(1, 2).reshape(1, -1, x.shape[2] // self.patch, x.shape[3] // self.patch)
        return self.head(t)


class Key(nn.Module):
    """One entry of what a network returns."""

    def __init__(self, body, key):
        super().__init__()
        self.body, self.key = body, key

    def forward(self, x):
        return self.body(x)[self.key]


class Logits(nn.Module):
    """A transformers model's logits."""

    def __init__(self, body):
        super().__init__()
        self.body = body

    def forward(self, x):
        return self.body(pixel_values=x, return_dict=True).logits


class Encoder(nn.Module):
    """A small encoder for the fusion students: stride 4, 24 channels."""

    def __init__(self, inputs):
        super().__init__()
        self.body = nn.Sequential(block(inputs, 12, 3, 2), block(12, 24, 3, 2, act=nn.SiLU), block(24, 24, groups=24, act=nn.Hardswish))

    def forward(self, x):
        return self.body(x)


class Up(nn.Module):
    """Transposed convolutions back to half the input's size."""

    def __init__(self, inputs=24):
        super().__init__()
        self.up = nn.ConvTranspose2d(inputs, 16, 4, 2, 1)
        self.norm, self.head = nn.BatchNorm2d(16), nn.Conv2d(16, CLASSES, 3, padding=1)

    def forward(self, x):
        return self.head(F.relu(self.norm(self.up(x))))


class Early(nn.Module):
    """Colour and depth joined before the first convolution."""

    def __init__(self):
        super().__init__()
        self.body, self.up = Encoder(4), Up()

    def forward(self, color, depth):
        return self.up(self.body(torch.cat([color, depth], 1)))


class Gated(nn.Module):
    """Two encoders, the depth's features gated into the colour's."""

    def __init__(self):
        super().__init__()
        self.color, self.depth, self.gate, self.up = Encoder(3), Encoder(1), GatedFusion(24), Up()

    def forward(self, color, depth):
        return self.up(self.gate(self.color(color), self.depth(depth)))


class Branch(nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.body, self.up = Encoder(inputs), Up()

    def forward(self, x):
        return self.up(self.body(x))


class CrossAttention(nn.Module):
    """Colour asks depth: multi-head attention of one map on the other, and each map's own attention as a weight."""

    def __init__(self):
        super().__init__()
        self.color, self.depth = Encoder(3), Encoder(1)
        self.down = nn.AvgPool2d(4)
        self.attention, self.norm, self.up = nn.MultiheadAttention(24, 4, batch_first=True), nn.LayerNorm(24), Up()

    def forward(self, color, depth):
        c, d = self.color(color), self.depth(depth)  # [1, 24, h, w]
        q, k = self.down(c).flatten(2).transpose(1, 2), self.down(d).flatten(2).transpose(1, 2)
        a, _ = self.attention(q, k, k, need_weights=False)
        a = self.norm(q + a).transpose(1, 2).reshape(1, 24, c.shape[2] // 4, c.shape[3] // 4)
        w = 16 * attention(c).reshape(1, 1, c.shape[2], c.shape[3])
        return self.up(c + F.interpolate(a, scale_factor=4.0, mode="bilinear", align_corners=False) + w * d)


class Bottleneck(nn.Module):
    """ENet's: narrow, a 5×5 convolution as a column and a row, wide again, a dilated one beside it, PReLU per channel."""

    def __init__(self, channels):
        super().__init__()
        narrow = channels // 2
        self.body = nn.Sequential(nn.Conv2d(channels, narrow, 1), nn.PReLU(narrow), nn.Conv2d(narrow, narrow, (5, 1), padding=(2, 0)),
                                  nn.Conv2d(narrow, narrow, (1, 5), padding=(0, 2)), nn.BatchNorm2d(narrow), nn.PReLU(narrow))
        self.wide = nn.Conv2d(narrow, channels, 3, padding=4, dilation=4)
        self.act = nn.PReLU(channels)

    def forward(self, x):
        return self.act(x + self.wide(self.body(x)))


class ENet(nn.Module):
    """A stem whose convolution and pool lie side by side, bottlenecks with PReLU, and transposed convolutions back up."""

    def __init__(self):
        super().__init__()
        self.stem, self.pool, self.act = nn.Conv2d(4, 12, 3, 2, 1), nn.MaxPool2d(2), nn.PReLU(16)
        self.down = nn.Sequential(nn.Conv2d(16, 32, 2, 2), nn.PReLU(32))
        self.body = nn.Sequential(Bottleneck(32), Bottleneck(32))
        self.up, self.head = nn.ConvTranspose2d(32, 16, 3, 2, 1, output_padding=1), nn.ConvTranspose2d(16, CLASSES, 2, 2)

    def forward(self, x):
        y = self.act(torch.cat([self.stem(x), self.pool(x)], 1))
        return self.head(self.act(self.up(self.body(self.down(y))) + y))


def smp(kind, encoder, **options):
    import segmentation_models_pytorch as library

    return getattr(library, kind)(encoder, encoder_weights=None, in_channels=4, classes=CLASSES, **options)


def torchvision(name, **options):
    from torchvision.models import segmentation

    return Key(getattr(segmentation, name)(weights=None, weights_backbone=None, num_classes=CLASSES, **options), "out")


def transformers(kind, **options):
    import transformers as library

    config = getattr(library, kind + "Config")(num_labels=CLASSES, **options)
    head = {"Dinov2": "Dinov2ForImageClassification"}.get(kind, kind + "ForSemanticSegmentation")
    return Logits(getattr(library, head)(config))


def upernet(backbone, **options):
    import transformers as library

    body = getattr(library, backbone + "Config")(out_features=["stage1", "stage2", "stage3", "stage4"], **options)
    config = library.UperNetConfig(backbone_config=body, num_labels=CLASSES, hidden_size=32, use_auxiliary_head=False,
                                   pool_scales=[1, 2, 3])
    return Logits(library.UperNetForSemanticSegmentation(config))


SIZE = dict(img_size=(HEIGHT, WIDTH))

# name → (builder, channels of its inputs). Two numbers: a colour and a depth input.
NETS = {
    # Ours: fusion of two inputs.
    "early fusion": (Early, (3, 1)),
    "late fusion, logits": (lambda: LateFusion(Branch(3), Branch(1)), (3, 1)),
    "late fusion, probabilities": (lambda: LateFusion(Branch(3), Branch(1), "probabilities"), (3, 1)),
    "gated fusion": (Gated, (3, 1)),
    "cross attention": (CrossAttention, (3, 1)),
    "ENet with PReLU": (ENet, (4,)),
    # torchvision.
    "torchvision deeplabv3_mobilenet_v3_large": (lambda: torchvision("deeplabv3_mobilenet_v3_large"), (3,)),
    "torchvision lraspp_mobilenet_v3_large": (lambda: torchvision("lraspp_mobilenet_v3_large"), (3,)),
    "torchvision fcn_resnet50": (lambda: torchvision("fcn_resnet50"), (3,)),
    # segmentation-models-pytorch.
    "smp Unet resnet18": (lambda: smp("Unet", "resnet18"), (4,)),
    "smp Unet scSE mobilenet_v2": (lambda: smp("Unet", "mobilenet_v2", decoder_attention_type="scse"), (4,)),
    "smp UnetPlusPlus timm-efficientnet-b0": (lambda: smp("UnetPlusPlus", "efficientnet-b0", decoder_channels=(64, 48, 32, 24, 16)), (4,)),
    "smp MAnet resnet18": (lambda: smp("MAnet", "resnet18", decoder_channels=(64, 48, 32, 24, 16)), (4,)),
    "smp Linknet mobilenet_v2": (lambda: smp("Linknet", "mobilenet_v2"), (4,)),
    "smp FPN densenet121": (lambda: smp("FPN", "densenet121", decoder_pyramid_channels=64, decoder_segmentation_channels=32), (4,)),
    "smp PSPNet resnet18": (lambda: smp("PSPNet", "resnet18"), (4,)),
    "smp PAN mobilenet_v2": (lambda: smp("PAN", "mobilenet_v2"), (4,)),
    "smp DeepLabV3Plus mobileone_s0": (lambda: smp("DeepLabV3Plus", "mobileone_s0", decoder_channels=64), (4,)),
    "smp UPerNet resnet18": (lambda: smp("UPerNet", "resnet18", decoder_channels=48), (4,)),
    "smp Segformer mit_b0": (lambda: smp("Segformer", "mit_b0", decoder_segmentation_channels=64), (4,)),
    # timm.
    "timm regnety_002": (lambda: Pyramid("regnety_002", in_chans=4), (4,)),
    "timm densenet121": (lambda: Pyramid("densenet121", in_chans=4), (4,)),
    "timm mobilenetv4_conv_small": (lambda: Pyramid("mobilenetv4_conv_small", in_chans=4), (4,)),
    "timm ghostnet_050": (lambda: Pyramid("ghostnet_050", in_chans=4), (4,)),
    "timm efficientnet_lite0": (lambda: Pyramid("efficientnet_lite0", in_chans=4), (4,)),
    "timm convnext_atto": (lambda: Pyramid("convnext_atto", in_chans=4), (4,)),
    "timm convnextv2_atto": (lambda: Pyramid("convnextv2_atto", in_chans=4), (4,)),
    "timm mobilevit_xxs": (lambda: Pyramid("mobilevit_xxs", in_chans=4), (4,)),
    "timm mobilevitv2_050": (lambda: Pyramid("mobilevitv2_050", in_chans=4), (4,)),
    "timm fastvit_t8": (lambda: Pyramid("fastvit_t8", in_chans=4), (4,)),
    "timm repvgg_a0": (lambda: Pyramid("repvgg_a0", in_chans=4), (4,)),
    "timm hrnet_w18_small": (lambda: Pyramid("hrnet_w18_small", in_chans=4), (4,)),
    "timm efficientformerv2_s0": (lambda: Pyramid("efficientformerv2_s0", in_chans=4, **SIZE), (4,)),
    "timm edgenext_xx_small": (lambda: Pyramid("edgenext_xx_small", in_chans=4), (4,)),
    "timm mixnet_s": (lambda: Pyramid("mixnet_s", in_chans=4), (4,)),
    "timm poolformerv2_s12": (lambda: Pyramid("poolformerv2_s12", in_chans=4), (4,)),
    "timm pvt_v2_b0": (lambda: Pyramid("pvt_v2_b0", in_chans=4), (4,)),
    "timm swin_tiny": (lambda: Pyramid("swin_tiny_patch4_window7_224", in_chans=4, window_size=4, embed_dim=48, depths=(2, 2, 2, 2),
                                         num_heads=(2, 2, 4, 4), **SIZE), (4,)),
    "timm vit_tiny": (lambda: Tokens("vit_tiny_patch16_224", extra=1, depth=4, in_chans=4, **SIZE), (4,)),
    "timm mixer_s32": (lambda: Tokens("mixer_s32_224", 32, in_chans=4, **SIZE), (4,)),
    "timm efficientvit_b0": (lambda: Pyramid("efficientvit_b0", in_chans=4), (4,)),
    "timm skresnet18": (lambda: Pyramid("skresnet18", in_chans=4), (4,)),
    "timm inception_next_atto": (lambda: Pyramid("inception_next_atto", in_chans=4), (4,)),
    "timm mambaout_femto": (lambda: Pyramid("mambaout_femto", in_chans=4), (4,)),
    "timm nfnet_l0": (lambda: Pyramid("nfnet_l0", in_chans=4), (4,)),
    "timm repvit_m0_9": (lambda: Pyramid("repvit_m0_9", in_chans=4), (4,)),
    "timm dla46_c": (lambda: Pyramid("dla46_c", in_chans=4), (4,)),
    "timm starnet_s1": (lambda: Pyramid("starnet_s1", in_chans=4), (4,)),
    "timm xcit_nano": (lambda: Tokens("xcit_nano_12_p16_224", extra=1, depth=4, in_chans=4, **SIZE), (4,)),
    "timm convnext_zepto_rms": (lambda: Pyramid("convnext_zepto_rms", in_chans=4), (4,)),
    "timm swiftformer_xs": (lambda: Pyramid("swiftformer_xs", in_chans=4), (4,)),
    "timm shvit_s1": (lambda: Pyramid("shvit_s1", in_chans=4), (4,)),
    "timm efficientvit_m0": (lambda: Pyramid("efficientvit_m0", in_chans=4), (4,)),
    "timm ghostnetv3_050": (lambda: Pyramid("ghostnetv3_050", in_chans=4), (4,)),
    "timm eva02_tiny": (lambda: Tokens("eva02_tiny_patch14_224", 14, extra=1, depth=3, in_chans=4, img_size=(98, 126)), (4,)),
    "timm vit_small_dinov3": (lambda: Tokens("vit_small_patch16_dinov3", extra=5, depth=3, in_chans=4, **SIZE), (4,)),
    # transformers.
    "transformers Segformer": (lambda: transformers("Segformer", num_channels=4, depths=[1, 1, 1, 1], decoder_hidden_size=64), (4,)),
    "transformers MobileViT": (lambda: transformers("MobileViT", num_channels=4, hidden_sizes=[32, 48, 64], neck_hidden_sizes=[8, 16, 24, 32, 48, 64, 96]), (4,)),
    "transformers MobileNetV2": (lambda: transformers("MobileNetV2", num_channels=4, depth_multiplier=0.35), (4,)),
    "transformers DPT": (lambda: transformers("DPT", num_channels=4, hidden_size=48, num_hidden_layers=4, num_attention_heads=4, intermediate_size=96,
                                              image_size=96, patch_size=16, backbone_out_indices=[0, 1, 2, 3], neck_hidden_sizes=[16, 24, 32, 48],
                                              fusion_hidden_size=24, use_auxiliary_head=False), (4,)),
    "transformers Beit": (lambda: transformers("Beit", num_channels=4, hidden_size=48, num_hidden_layers=4, num_attention_heads=4, intermediate_size=96,
                                               image_size=96, patch_size=16, out_indices=[1, 2, 3, 4], use_auxiliary_head=False,
                                               use_relative_position_bias=True, pool_scales=[1, 2, 3]), (4,)),
    "transformers UperNet ConvNext": (lambda: upernet("ConvNext", num_channels=4, hidden_sizes=[24, 32, 48, 64], depths=[1, 1, 2, 1]), (4,)),
    "transformers UperNet Swin": (lambda: upernet("Swin", num_channels=4, embed_dim=24, depths=[2, 2, 2, 2], num_heads=[2, 2, 4, 4], window_size=4, image_size=96), (4,)),
}

# Networks whose configuration has one number for the size, or that need more than 96 rows.
SIZES = {"transformers DPT": (96, 96), "transformers Beit": (96, 96), "transformers UperNet Swin": (96, 96), "smp PAN mobilenet_v2": (128, 128),
         "torchvision fcn_resnet50": (64, 64), "timm eva02_tiny": (98, 126)}


def feeds(name, rng):
    """One set of inputs by input name."""
    channels = NETS[name][1]
    x = smooth_images(rng, 1, sum(channels), *SIZES.get(name, (HEIGHT, WIDTH)))
    return {"color": x[:, :3], "depth": x[:, 3:]} if len(channels) == 2 else {"image": x}


class Scaled(nn.Module):
    """Bytes in, logits out: the input's scale, the network, and each class's mean and deviation taken off."""

    def __init__(self, body):
        super().__init__()
        self.body = body
        self.register_buffer("gain", torch.ones(CLASSES))
        self.register_buffer("offset", torch.zeros(CLASSES))

    def forward(self, *x):
        y = self.body(*[(v - 127.5) * (1 / 64) for v in x])
        return y * self.gain[:, None, None] + self.offset[:, None, None]


def randomise(net):
    """Well-scaled random weights: normalisations away from the identity, and nothing that starts at zero left there."""
    for m in net.modules():
        if isinstance(m, (nn.BatchNorm2d, nn.BatchNorm1d, nn.LayerNorm, nn.GroupNorm)) and m.weight is not None:
            nn.init.uniform_(m.weight, 0.6, 1.4)
            if m.bias is not None:
                nn.init.uniform_(m.bias, -0.3, 0.3)
        if isinstance(m, (nn.BatchNorm2d, nn.BatchNorm1d)):
            m.momentum = None  # the mean over the batches seen
            m.reset_running_stats()
        if isinstance(m, (nn.Dropout, nn.Dropout2d)):
            m.p = 0.0
        for k in ("drop_prob", "drop_path_prob"):
            if isinstance(getattr(m, k, None), float):
                setattr(m, k, 0.0)
    for name, p in net.named_parameters():
        if p.dim() > 1 and float(p.detach().std()) < 1e-6:  # tables of positions, gates, zero-initialised weights
            nn.init.normal_(p, 0, 0.2)
        elif p.dim() >= 1 and float(p.detach().abs().max()) < 1e-3 and "bias" not in name:  # layer scale
            nn.init.uniform_(p, 0.3, 0.7)


def make(name, seed=0):
    """The network, its statistics measured on random images. Raises ValueError when fewer than three classes live."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    with quiet():
        net = Scaled(NETS[name][0]())
    randomise(net)
    batches = [[torch.from_numpy(v) for v in feeds(name, rng).values()] for _ in range(8)]
    with torch.no_grad():
        net.eval()
        for m in net.modules():
            if isinstance(m, (nn.BatchNorm2d, nn.BatchNorm1d)):
                m.train()
        # One pixel a channel has no deviation: such layers keep mean 0 and variance 1.
        for m in net.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.register_forward_pre_hook(settle)
        for b in batches:
            net(*b)
        for m in net.modules():
            m._forward_pre_hooks.clear()
        net.eval()
        logits = torch.cat([net(*b) for b in batches])  # [8, CLASSES, h, w]
        deviation = logits.std((0, 2, 3))
        net.gain.copy_(1 / deviation)
        net.offset.copy_(-logits.mean((0, 2, 3)) / deviation)
        alive = len(torch.cat([net(*b) for b in batches]).argmax(1).unique())
    if alive < 3:
        raise ValueError(f"{name}: only {alive} classes are alive")
    return net


def settle(layer, inputs):
    """Puts a batch normalisation into evaluation where its input has one pixel."""
    x = inputs[0]
    layer.train(x.numel() // x.shape[1] > 1)


@contextlib.contextmanager
def quiet():
    """No output and no warnings from the libraries."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def export(net, name, path, dynamo):
    """Writes the float32 network as ONNX: TorchScript at opset 17, dynamo at opset 18."""
    example = feeds(name, np.random.default_rng(0))
    with quiet():
        torch.onnx.export(net, tuple(torch.from_numpy(v) for v in example.values()), str(path), opset_version=18 if dynamo else 17,
                          input_names=list(example), output_names=["logits"], dynamo=dynamo, external_data=False)
