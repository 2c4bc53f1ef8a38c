"""Sliding windows and what changes the size of images: convolutions, pools, resizing, padding, sampling."""

import numpy as np
from onnx import numpy_helper

from distill.tests.grid.net import TYPES, Net, ints, normal, pick, shape_of


def window(rng, spatial, kernel, pads=True, dilations=True):
    """Attributes of a sliding window."""
    attrs = {}
    if rng.random() < 0.7:
        attrs["strides"] = ints(rng, 1, 4, spatial)
    if dilations and rng.random() < 0.3:
        attrs["dilations"] = ints(rng, 1, 3, spatial)
    kind = rng.random()
    if pads and kind < 0.5:
        attrs["pads"] = [int(rng.integers(0, kernel[i % spatial])) for i in range(2 * spatial)]
    elif kind < 0.75 and "dilations" not in attrs:
        attrs["auto_pad"] = pick(rng, "SAME_UPPER", "SAME_LOWER", "VALID")
    return attrs


def conv_geometry(rng):
    spatial = pick(rng, 1, 2, 2)
    kernel = ints(rng, 1, 5, spatial)
    groups = pick(rng, 1, 1, 2, 3)
    cin, cout = groups * int(rng.integers(1, 6)), groups * int(rng.integers(1, 6))
    if rng.random() < 0.3:
        groups = cin
        cout = cin * int(rng.integers(1, 3))
    size = ints(rng, 8, 15, spatial)
    return spatial, kernel, groups, cin, cout, size


def conv(rng):
    spatial, kernel, groups, cin, cout, size = conv_geometry(rng)
    net = Net(rng)
    ins = [net.input("x", normal(rng, int(rng.integers(1, 3)), cin, *size)), net.init("w", normal(rng, cout, cin // groups, *kernel))]
    if rng.random() < 0.6:
        ins.append(net.init("b", normal(rng, cout)))
    net.node("Conv", ins, group=groups, **window(rng, spatial, kernel))
    return net.case()


def conv_transpose(rng):
    spatial, kernel, groups, cin, cout, size = conv_geometry(rng)
    cout = -(-cout // groups) * groups
    net = Net(rng)
    ins = [net.input("x", normal(rng, int(rng.integers(1, 3)), cin, *size)), net.init("w", normal(rng, cin, cout // groups, *kernel))]
    if rng.random() < 0.6:
        ins.append(net.init("b", normal(rng, cout)))
    attrs = window(rng, spatial, kernel)
    strides = attrs.get("strides", [1] * spatial)
    if rng.random() < 0.5:
        attrs["output_padding"] = [int(rng.integers(0, s)) for s in strides]
    if rng.random() < 0.3:  # from two less than the pads would leave to as much as a stride adds
        full = [(n - 1) * s + (k - 1) * d + 1 for n, s, k, d in zip(size, strides, kernel, attrs.get("dilations", [1] * spatial), strict=True)]
        attrs["output_shape"] = [n + int(rng.integers(-2, s)) for n, s in zip(full, strides, strict=True)]
        attrs.pop("output_padding", None)
    net.node("ConvTranspose", ins, group=groups, **attrs)
    return net.case()


def pool(rng):
    spatial = pick(rng, 1, 2, 2)
    kernel = ints(rng, 1, 5, spatial)
    op = pick(rng, "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool")
    net = Net(rng, opset=pick(rng, 17, 19))
    x = net.input("x", normal(rng, 2, 3, *ints(rng, 7, 14, spatial)))
    if op.startswith("Global"):
        net.node(op, [x])
        return net.case()
    attrs = dict(kernel_shape=kernel, **window(rng, spatial, kernel, dilations=op == "MaxPool" or net.opset == 19 and op == "AveragePool"))
    if op != "LpPool" and "auto_pad" not in attrs and rng.random() < 0.5:
        attrs["ceil_mode"] = 1
    if attrs.get("auto_pad", "").startswith("SAME"):  # ONNX Runtime's pads would be negative, which it then refuses or misreads
        attrs["strides"] = [min(s, k) for s, k in zip(attrs.get("strides", [1] * spatial), kernel, strict=True)]
    if op == "AveragePool" and rng.random() < 0.5:
        attrs["count_include_pad"] = 1
    net.node(op, [x], **attrs)
    return net.case()


def volume(rng):
    """Windows over three axes."""
    net = Net(rng, opset=pick(rng, 17, 19))
    op = pick(rng, "Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool")
    kernel, groups = ints(rng, 1, 4, 3), pick(rng, 1, 1, 2)
    size = ints(rng, 5, 9, 3)
    cin, cout = groups * int(rng.integers(1, 4)), groups * int(rng.integers(1, 4))
    x = net.input("x", normal(rng, 2, cin, *size))
    if op.startswith("Global"):
        net.node(op, [x])
    elif op == "Conv":
        net.node(op, [x, net.init("w", normal(rng, cout, cin // groups, *kernel)), net.init("b", normal(rng, cout))], group=groups, **window(rng, 3, kernel))
    elif op == "ConvTranspose":
        attrs = window(rng, 3, kernel)
        if attrs.get("auto_pad") != "VALID":
            attrs.pop("auto_pad", None)
        if rng.random() < 0.5:
            attrs["output_padding"] = [int(rng.integers(0, s)) for s in attrs.get("strides", [1] * 3)]
        net.node(op, [x, net.init("w", normal(rng, cin, cout // groups, *kernel)), net.init("b", normal(rng, cout))], group=groups, **attrs)
    else:
        attrs = window(rng, 3, kernel, dilations=op == "MaxPool")
        if attrs.get("auto_pad", "").startswith("SAME"):
            attrs["strides"] = [min(s, k) for s, k in zip(attrs.get("strides", [1] * 3), kernel, strict=True)]
        if op != "LpPool" and "auto_pad" not in attrs and rng.random() < 0.5:
            attrs["ceil_mode"] = 1
        if op == "AveragePool" and rng.random() < 0.5:
            attrs["count_include_pad"] = 1
        net.node(op, [x], kernel_shape=kernel, **attrs)
    return net.case()


COORDINATES = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "half_pixel_symmetric", "tf_crop_and_resize"]


def resize(rng):
    net = Net(rng, opset=pick(rng, 11, 13, 18, 19))
    spatial = pick(rng, 1, 2, 2)
    lead = pick(rng, (1, 2), (2, 3))
    size = ints(rng, 2, 9, spatial)
    dtype = pick(rng, np.float32, np.float32, np.uint8)
    x = net.input("x", normal(rng, *lead, *size) if dtype == np.float32 else rng.integers(0, 256, (*lead, *size)).astype(dtype))
    coord = COORDINATES[rng.integers(6 if net.opset >= 19 else 4)] if rng.random() < 0.9 else "half_pixel"
    mode = pick(rng, "nearest", "linear", "cubic" if spatial == 2 and dtype == np.float32 else "linear")
    attrs = dict(mode=mode, coordinate_transformation_mode=coord)
    if mode == "nearest":
        attrs["nearest_mode"] = pick(rng, "round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
    if mode == "cubic":
        attrs["cubic_coeff_a"] = pick(rng, -0.75, -0.5)
        if rng.random() < 0.3:
            attrs["exclude_outside"] = 1
    if net.opset >= 18 and mode != "nearest" and rng.random() < 0.3 and coord != "tf_crop_and_resize" and dtype == np.float32:
        attrs["antialias"] = 1
    ins = [x, ""]
    if coord == "tf_crop_and_resize":
        roi = np.zeros(2 * (2 + spatial), np.float32)
        roi[2 + spatial:] = 1
        roi[2:2 + spatial], roi[4 + spatial:] = rng.uniform(-0.1, 0.3, spatial), rng.uniform(0.6, 1.1, spatial)
        ins[1] = net.init("roi", roi)
        attrs["extrapolation_value"] = 3.0
    elif net.opset == 11:
        ins[1] = net.init("roi", np.zeros(0, np.float32))
    if rng.random() < 0.5:
        exact = (2.0, 0.5, 3.0, 1.5, 0.75, 1.0)
        scales = [pick(rng, *exact, *((1.7, 2.6, 0.6) if dtype == np.float32 else ())) for _ in size]
        if any(int(s * n) < 1 or s == 1 and coord == "tf_crop_and_resize" for s, n in zip(scales, size, strict=True)):
            scales = [2.0] * spatial
        ins.append(net.init("scales", np.array([1, 1, *scales], np.float32)))
    else:
        ins += [net.init("empty", np.zeros(0, np.float32)) if net.opset == 11 else "",
                net.init("sizes", np.array([*lead, *(n + pick(rng, -1, 1, 2, 5) for n in size)], np.int64))]
        if net.opset >= 18 and coord != "tf_crop_and_resize" and "antialias" not in attrs and rng.random() < 0.4:
            attrs["keep_aspect_ratio_policy"], attrs["axes"] = pick(rng, "not_larger", "not_smaller"), list(range(2, 2 + spatial))
            net.inits[-1] = numpy_helper.from_array(numpy_helper.to_array(net.inits[-1])[2:], "sizes")
    net.node("Resize", ins, **attrs)
    return net.case(types=[TYPES[np.dtype(dtype)]], steps=1 if dtype == np.uint8 else 0, apart=0.1)


def pad(rng):
    net = Net(rng, opset=pick(rng, 10, 13, 18, 19))
    mode = pick(rng, "constant", "edge", "reflect", *(["wrap"] if net.opset == 19 else []))
    v = normal(rng, *shape_of(rng, int(rng.integers(2, 5)), 3, 7))
    low = -1 if mode == "constant" else 0
    pads = np.array(ints(rng, low, 3, 2 * v.ndim), np.int64)
    x = net.input("x", v)
    if net.opset == 10:
        net.node("Pad", [x], mode=mode, pads=[int(p) for p in np.maximum(pads, 0)], value=0.5)
        return net.case()
    ins = [x, net.init("pads", pads)]
    if mode == "constant" and rng.random() < 0.7:
        ins.append(net.init("value", np.float32(1.25)))
    if net.opset >= 18 and rng.random() < 0.5:
        axes = rng.permutation(v.ndim)[:2]
        net.inits[0].CopyFrom(numpy_helper.from_array(pads[:4], "pads"))
        ins += [""] * (3 - len(ins)) + [net.init("axes", axes - (v.ndim if rng.random() < 0.5 else 0))]
    net.node("Pad", ins, mode=mode)
    return net.case()


def grid_sample(rng):
    net = Net(rng, opset=pick(rng, 16, 20))
    modes = ("bilinear", "nearest", "bicubic") if net.opset == 16 else ("linear", "nearest", "cubic")
    x = net.input("x", normal(rng, 2, 3, *shape_of(rng, 2, 3, 8)))
    g = net.input("g", rng.uniform(-1.3, 1.3, (2, *shape_of(rng, 2, 2, 6), 2)).astype(np.float32))
    net.node("GridSample", [x, g], mode=pick(rng, *modes), padding_mode=pick(rng, "zeros", "border", "reflection"), align_corners=int(rng.integers(2)))
    return net.case(rtol=1e-3, atol=1e-3)
