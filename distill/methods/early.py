"""Early fusion: x = [RGB ‖ D] before the first layer."""

import torch
from torch import nn


def widen_input(conv: nn.Conv2d, extra: int = 1) -> nn.Conv2d:
    """The same convolution with `extra` more input channels whose weights are zero: it starts equal to the RGB one."""
    if conv.groups != 1:
        raise ValueError(f"early fusion: the first convolution has {conv.groups} groups, want 1")
    wide = nn.Conv2d(conv.in_channels + extra, conv.out_channels, conv.kernel_size, conv.stride, conv.padding,
                     conv.dilation, bias=conv.bias is not None, padding_mode=conv.padding_mode)
    with torch.no_grad():
        wide.weight.zero_()
        wide.weight[:, :conv.in_channels] = conv.weight  # (out, in, k, k)
        if conv.bias is not None:
            wide.bias.copy_(conv.bias)
    return wide


def fuse(color: torch.Tensor, depth: torch.Tensor) -> torch.Tensor:
    """(b, 3, h, w) and (b, 1, h, w) → (b, 4, h, w)."""
    return torch.cat([color, depth], dim=1)
