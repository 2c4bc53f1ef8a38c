"""A pair's images to the student's bytes: the NumPy side of docs/preprocess.md, byte for byte the runtime's.

Colour is uint8 [H, W, 3], depth is uint16 [H, W], a fused input is uint8 [h, w, 4] (R, G, B, D).
"""

import numpy as np


def taps(size, out):
    """Colour weights of one axis: source pixels int64 [out, k], their weights int32 [out, k], and the total of a row."""
    j = np.arange(out)[:, None]
    if out <= size:  # box weights: source i covers cells [i·out, (i+1)·out), output j covers [j·in, (j+1)·in)
        begin = j * size // out
        i = begin + np.arange(int((-(-(j + 1) * size // out) - begin).max()))
        weights = np.minimum((i + 1) * out, (j + 1) * size) - np.maximum(i * out, j * size)
        return np.minimum(i, size - 1), np.maximum(weights, 0).astype(np.int32), size
    center = (2 * j + 1) * size - out  # bilinear, half-pixel centres, border repeated
    i = center // (2 * out)  # floors
    f = center - i * 2 * out
    i = np.clip(np.concatenate([i, i + 1], 1), 0, size - 1)
    return i, np.concatenate([2 * out - f, f], 1).astype(np.int32), 2 * out


def resize_color(color, width, height):
    """Exact weighted means, rounded half up: uint8 [height, width, 3]."""
    iy, wy, ty = taps(color.shape[0], height)
    ix, wx, tx = taps(color.shape[1], width)
    rows = sum(color[iy[:, k]].astype(np.int32) * wy[:, k, None, None] for k in range(iy.shape[1]))  # [h, W, 3]
    rows = rows.astype(np.int64) if 255 * ty * tx >= 1 << 31 else rows
    sums = sum(rows[:, ix[:, k]] * wx[:, k, None] for k in range(ix.shape[1]))  # [h, w, 3]
    return ((sums + tx * ty // 2) // (tx * ty)).astype(np.uint8)


def spans(size, out):
    """Depth boxes of one axis: begin and end of each output's source pixels, int64 [out] each."""
    j = np.arange(out)
    if out <= size:
        return j * size // out, (j + 1) * size // out
    begin = (2 * j + 1) * size // (2 * out)
    return begin, begin + 1


def resize_depth(depth, width, height):
    """Means of the readings that agree with their box's reference: uint16 [height, width], 0 = no reading."""
    y0, y1 = spans(depth.shape[0], height)
    x0, x1 = spans(depth.shape[1], width)
    cy, cx = (y0 + y1 - 1) // 2, (x0 + x1 - 1) // 2
    boxes = [
        (dy, dx) for dy in range(int((y1 - y0).max())) for dx in range(int((x1 - x0).max()))
    ]  # top to bottom, left to right
    source = depth.astype(np.int32)
    center = source[cy[:, None], cx[None, :]]  # [h, w]
    nearest = np.zeros_like(center)
    best = np.full_like(center, np.iinfo(np.int32).max)
    readings = []
    for dy, dx in boxes:
        y, x = y0 + dy, x0 + dx
        inside = (y < y1)[:, None] & (x < x1)[None, :]
        d = np.where(inside, source[np.minimum(y, y1 - 1)[:, None], np.minimum(x, x1 - 1)[None, :]], 0)
        readings.append(d)
        far = (((y - cy) ** 2)[:, None] + ((x - cx) ** 2)[None, :]).astype(np.int32)
        closer = (d > 0) & (far < best)
        np.copyto(nearest, d, where=closer)
        np.copyto(best, far, where=closer)
    reference = np.where(center > 0, center, nearest)
    total, count = np.zeros_like(center), np.zeros_like(center)
    for d in readings:
        agrees = (d > 0) & (32 * np.abs(d - reference) <= reference)
        total += np.where(agrees, d, 0)
        count += agrees
    mean = (total + count // 2) // np.maximum(count, 1)
    return np.where(reference > 0, mean, 0).astype(np.uint16)


def resize_labels(labels, width, height):
    """The class at each output pixel's centre: uint8 [height, width]."""
    y = (2 * np.arange(height) + 1) * labels.shape[0] // (2 * height)
    x = (2 * np.arange(width) + 1) * labels.shape[1] // (2 * width)
    return labels[y[:, None], x[None, :]]


def depth_table(kind, near, far, scale):
    """The byte of every raw reading: uint8 [65536]; scale is metres per unit."""
    z = np.arange(65536, dtype=np.float64) * scale
    z[0] = 1.0  # any finite value: entry 0 is set below
    if kind == "inverse":
        inverse_far = 1.0 / far
        t = (1.0 / z - inverse_far) / (1.0 / near - inverse_far)
    elif kind == "linear":
        t = (far - z) / (far - near)
    else:
        raise ValueError(f"preprocess: depth kind {kind!r}, want inverse or linear")
    table = 1.0 + np.rint(254.0 * np.clip(t, 0.0, 1.0))  # rint rounds half to even
    table[0] = 0
    return table.astype(np.uint8)


def fuse(color, depth, table, width, height):
    """One early-fused input: uint8 [height, width, 4]."""
    d = table[resize_depth(depth, width, height)]  # [h, w]
    return np.concatenate([resize_color(color, width, height), d[..., None]], axis=2)
