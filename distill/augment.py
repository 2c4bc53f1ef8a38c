"""Augmentation that imitates sensors and rooms, on the student's own bytes.

The depth byte is inverse depth, so a stereo or structured-light camera's error, which grows with z², is even noise
here, and disparity steps are steps of the byte. Every function takes a random generator and works on one pair: inputs
uint8 [h, w, 4], classes uint8 [h, w].
"""

import cv2
import numpy as np

cv2.setNumThreads(1)
VOID = 255


def pair(x, y, source, donors, config, rng, width, height):
    """One augmented training pair at the phase's size."""
    if donors and source.startswith("synth") and rng.random() < config.paste:
        x, y = paste(x, y, donors, config, rng)
    if rng.random() < config.half_turn:
        x, y = np.ascontiguousarray(x[::-1, ::-1]), np.ascontiguousarray(y[::-1, ::-1])
    x, y = geometry(x, y, rng, width, height, wrong=source != "pairs")
    depth = x[..., 3]
    if rng.random() < config.drop_depth:
        depth = np.zeros_like(depth)
    else:
        depth = depth_flaws(depth, x[..., :3], y, config, rng)
    dropped = (depth == 0).all()
    color = color_flaws(np.ascontiguousarray(x[..., :3]), rng)
    if not dropped and rng.random() < config.drop_color:
        color = np.zeros_like(color)
    return np.dstack([color, depth]), y


def geometry(x, y, rng, width, height, wrong=True):
    """Flip, scale, stretch, small rotation and shift; depth on its own slightly wrong map, as badly registered.

    The labels move with colour. Where they were drawn by depth, as the labelled pairs' were, whose registration is off by
    some pixels of 640, depth must not move away from them: wrong is False.
    """
    h, w = y.shape
    scale = np.exp(rng.uniform(np.log(0.85), np.log(1.7)))
    aspect = np.exp(rng.uniform(-0.22, 0.22))
    angle = np.deg2rad(rng.normal(0, 4))
    flip = -1.0 if rng.random() < 0.5 else 1.0
    sx, sy = scale * np.sqrt(aspect) * width / w, scale / np.sqrt(aspect) * height / h
    c, s = np.cos(angle), np.sin(angle)
    linear = np.array([[flip * sx * c, -sx * s], [flip * sy * s, sy * c]])  # source pixel → output pixel
    roam = 0.5 * (scale - 1)
    shift = rng.uniform(-1, 1, 2) * np.array([width, height]) * max(roam, 0.05)
    center = np.array([(w - 1) / 2, (h - 1) / 2])
    offset = np.array([(width - 1) / 2, (height - 1) / 2]) + shift - linear @ center
    colors = np.column_stack([linear, offset])
    depths = colors.copy()
    if wrong and rng.random() < 0.5:
        k = width / 320
        depths[:, 2] += rng.normal(0, 2.0 * k, 2) * np.array([1, 0.6])
        depths[:, :2] *= 1 + rng.normal(0, 0.008)
        depths[:, 2] += (colors[:, :2] - depths[:, :2]) @ center
    size = (width, height)
    color = cv2.warpAffine(np.ascontiguousarray(x[..., :3]), colors, size, flags=cv2.INTER_LINEAR,
                           borderMode=cv2.BORDER_REFLECT_101 if rng.random() < 0.5 else cv2.BORDER_CONSTANT)
    depth = cv2.warpAffine(np.ascontiguousarray(x[..., 3]), depths, size, flags=cv2.INTER_NEAREST)
    classes = cv2.warpAffine(y, colors, size, flags=cv2.INTER_NEAREST, borderValue=VOID)
    return np.dstack([color, depth]), classes


def field(rng, width, height, cells):
    """A smooth random field of about `cells` bumps across: float32 [height, width], roughly normal."""
    coarse = rng.standard_normal((max(2, cells * height // width), cells)).astype(np.float32)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)


def depth_flaws(depth, color, classes, config, rng):
    """Noise, steps, scale, holes, shadows beside edges, cut-off ranges, missing borders, and depth cut to the table."""
    h, w = depth.shape
    valid = depth > 0
    d = depth.astype(np.float32)
    if rng.random() < 0.6:  # another distance: z × s makes 1/z ÷ s; bytes are affine in 1/z
        far = 1 / config.depth_far
        step = (1 / config.depth_near - far) / 254
        inverse = ((d - 1) * step + far) / np.exp(rng.normal(0, 0.16))
        d = (inverse - far) / step + 1
    if rng.random() < 0.6:
        d += field(rng, w, h, int(rng.integers(6, 40))) * rng.uniform(0, 1.0)
        d += rng.standard_normal((h, w), np.float32) * rng.uniform(0, 1.2)
    if rng.random() < 0.2:
        step = rng.uniform(1, 4)
        d = np.round(d / step) * step
    d = np.clip(np.rint(d), 1, 255).astype(np.uint8)
    if rng.random() < 0.5:  # the far side of an edge is hidden from the projector or the second eye
        k = int(rng.integers(2, 1 + max(3, w // 40)))
        anchor = (0, 0) if rng.random() < 0.5 else (k - 1, 0)
        near = cv2.dilate(np.where(valid, d, 0).astype(np.uint8), np.ones((1, k), np.uint8), anchor=anchor)
        valid &= ~(near > d.astype(np.int16) + rng.integers(3, 12))
    if rng.random() < 0.35:  # ragged edges
        near = cv2.dilate(d, np.ones((3, 3), np.uint8)).astype(np.int16) - cv2.erode(d, np.ones((3, 3), np.uint8))
        valid &= ~((near > 6) & (rng.random((h, w)) < rng.uniform(0.3, 1)))
    if rng.random() < 0.4:  # patches lost
        valid &= field(rng, w, h, int(rng.integers(4, 24))) < rng.uniform(1.0, 2.2)
    luma = color.max(axis=2)
    if rng.random() < 0.25:  # dark things swallow the pattern
        valid &= ~((luma < rng.uniform(10, 60)) & (field(rng, w, h, 16) > rng.uniform(-1, 1)))
    if rng.random() < 0.25:  # shiny ones throw it elsewhere
        valid &= ~((luma > rng.uniform(225, 252)) & (field(rng, w, h, 16) > rng.uniform(-1, 1)))
    if rng.random() < 0.2:
        valid &= d >= rng.integers(5, 45)  # too far
    if rng.random() < 0.15:
        valid &= d <= rng.integers(170, 250)  # too near
    if rng.random() < 0.5:  # borders that the depth camera does not see
        for side in range(4):
            if rng.random() < 0.4:
                n = int(rng.uniform(0, 0.08) * (h if side < 2 else w))
                valid[(slice(0, n), slice(h - n, h), slice(None), slice(None))[side],
                      (slice(None), slice(None), slice(0, n), slice(w - n, w))[side]] = False
    cut = rng.random()
    if cut < 0.08:  # cut to the table and what is on it, as some data sets are
        valid &= np.isin(classes, config.tops)
    elif cut < 0.14:  # or to anything
        x0, x1 = np.sort(rng.integers(0, w + 1, 2))
        y0, y1 = np.sort(rng.integers(0, h + 1, 2))
        inside = np.zeros_like(valid)
        inside[y0:y1, x0:x1] = True
        valid &= inside if rng.random() < 0.5 else ~inside
    return np.where(valid, d, 0).astype(np.uint8)


def color_flaws(color, rng):
    """Exposure, white balance, gamma, contrast, saturation, uneven light, blur, noise and JPEG blocks."""
    h, w = color.shape[:2]
    level = np.arange(256, dtype=np.float32) / 255
    gain = np.exp(rng.normal(0, 0.25)) * np.exp(rng.normal(0, 0.10, 3))
    gamma = np.exp(rng.normal(0, 0.22))
    contrast, pivot = np.exp(rng.normal(0, 0.18)), rng.uniform(0.3, 0.6)
    curve = ((level[:, None] ** gamma) * gain - pivot) * contrast + pivot + rng.normal(0, 0.03)
    table = np.clip(curve * 255, 0, 255).astype(np.uint8).reshape(256, 1, 3)
    color = cv2.LUT(color, table)
    if rng.random() < 0.4:  # towards or away from grey
        gray = color.mean(axis=2, keepdims=True, dtype=np.float32)
        color = np.clip(gray + (color - gray) * rng.uniform(0.0, 1.6), 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        light = np.exp(field(rng, w, h, int(rng.integers(2, 5))) * rng.uniform(0.05, 0.35))
        color = np.clip(color * light[..., None], 0, 255).astype(np.uint8)
    blur = rng.random()
    if blur < 0.12:
        color = cv2.GaussianBlur(color, (0, 0), rng.uniform(0.4, 1.4) * w / 320)
    elif blur < 0.22:  # motion
        n = int(rng.integers(3, 3 + max(2, w // 32)))
        kernel = np.zeros((n, n), np.float32)
        a = rng.uniform(0, np.pi)
        c = (n - 1) / 2
        cv2.line(kernel, (round(c - c * np.cos(a)), round(c - c * np.sin(a))),
                 (round(c + c * np.cos(a)), round(c + c * np.sin(a))), 1.0)
        color = cv2.filter2D(color, -1, kernel / kernel.sum())
    if rng.random() < 0.35:
        noise = rng.standard_normal((h, w, 3), np.float32) * rng.uniform(1, 14)
        color = np.clip(color + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.15:
        _, packed = cv2.imencode(".jpg", color, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 80))])
        color = cv2.imdecode(packed, cv2.IMREAD_COLOR)
    return color


def objects(inputs, classes, smallest=150):
    """Every separate object of labelled pairs: (patch uint8 [h, w, 4], mask bool [h, w], byte of depth at its foot)."""
    found = []
    for x, y in zip(inputs, classes):
        solid = cv2.morphologyEx((y == 2).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
        count, parts, stats, _ = cv2.connectedComponentsWithStats(solid)
        for i in range(1, count):
            x0, y0, w, h, area = stats[i]
            if area < smallest:
                continue
            mask = parts[y0:y0 + h, x0:x0 + w] == i
            patch = x[y0:y0 + h, x0:x0 + w].copy()
            foot = patch[-max(2, h // 8):, :, 3][mask[-max(2, h // 8):]]
            if (foot > 0).sum() > 5:
                found.append((patch, mask, float(np.median(foot[foot > 0]))))
    return found


def paste(x, y, donors, config, rng):
    """Real objects set on the pair's table, sized and moved in depth to where their foot lands."""
    x, y = x.copy(), y.copy()
    h, w = y.shape
    far = 1 / config.depth_far
    step = (1 / config.depth_near - far) / 254
    spots = np.flatnonzero((y == 1) & (x[..., 3] > 1))
    if len(spots) < 500:
        return x, y
    for _ in range(int(rng.integers(1, 4))):
        fy, fx = divmod(int(rng.choice(spots)), w)
        patch, mask, foot = donors[rng.integers(len(donors))]
        ratio = ((float(x[fy, fx, 3]) - 1) * step + far) / ((foot - 1) * step + far)  # of inverse depths
        size = ratio * np.exp(rng.normal(-0.15, 0.3))
        if not 0.2 < size < 2.2:
            continue
        pw, ph = max(4, round(patch.shape[1] * size)), max(4, round(patch.shape[0] * size))
        if rng.random() < 0.5:
            patch, mask = patch[:, ::-1], mask[:, ::-1]
        interpolation = cv2.INTER_AREA if size < 1 else cv2.INTER_LINEAR
        color = cv2.resize(np.ascontiguousarray(patch[..., :3]), (pw, ph), interpolation=interpolation)
        depth = cv2.resize(np.ascontiguousarray(patch[..., 3]), (pw, ph), interpolation=cv2.INTER_NEAREST)
        inside = cv2.resize(mask.astype(np.uint8), (pw, ph), interpolation=cv2.INTER_NEAREST) > 0
        color = color * np.exp(rng.normal(0, 0.25)) * np.exp(rng.normal(0, 0.15, 3))
        x0, y0 = fx - pw // 2, fy - ph + 1
        cx0, cy0, cx1, cy1 = max(x0, 0), max(y0, 0), min(x0 + pw, w), min(y0 + ph, h)
        if cx1 - cx0 < 3 or cy1 - cy0 < 3:
            continue
        cut = (slice(cy0 - y0, cy1 - y0), slice(cx0 - x0, cx1 - x0))
        here = (slice(cy0, cy1), slice(cx0, cx1))
        m = inside[cut]
        soft = cv2.GaussianBlur(m.astype(np.float32), (3, 3), 0)[..., None] * m[..., None]
        x[here][..., :3] = np.clip(x[here][..., :3] * (1 - soft) + color[cut] * soft, 0, 255).astype(np.uint8)
        d = depth[cut].astype(np.float32)
        moved = (((d - 1) * step + far) * ratio - far) / step + 1
        moved = np.where(d > 0, np.clip(np.rint(moved), 1, 255), 0).astype(np.uint8)
        x[here][..., 3] = np.where(m, moved, x[here][..., 3])
        y[here] = np.where(m, 2, y[here])
        if rng.random() < 0.5:  # the hole beside it
            n = int(rng.integers(1, 5))
            side = np.zeros_like(m)
            side[:, n:] = m[:, :-n]
            x[here][..., 3][side & ~m] = 0
    return x, y
