"""Pseudo-labels from geometry for unlabelled recordings: level planes above the floor are tables, what stands on them
is an object, the rest is background, and whatever the geometry leaves in doubt is void.

Steps for one frame: normals of the depth image; the direction "up" as the mean of the normals that agree with the
camera's own up; heights along it; peaks of the level pixels' heights as planes; the floor as a plane far below; then
each table top's footprint on the ground decides what lies on it. Frames without a consistent direction are dropped.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

VOID = 255


@dataclass
class Room:
    """What must be known of a recording; lengths in metres."""

    focal: float  # pixels at the width below
    width: int = 640
    lowest: float = 1.05  # a level plane farther below the camera than this is no table
    rise: float = 0.45  # how high an object may be
    single: bool = False  # one top is all there is: other level planes (window sills) are void
    haze: float = 20.0  # beyond this distance, what is a little higher than the top is void: counters seen edge-on
    inverted: bool = False  # the camera hangs upside down
    hands: bool = False  # somebody reaches over the top: what rises from it is void
    seat: float = 0.58  # a level plane less than this above the floor is a seat


def points_of(depth, focal):
    """Metres, camera axes (x right, y down, z forward): float32 [h, w, 3]."""
    h, w = depth.shape
    x, y = np.meshgrid(np.arange(w, dtype=np.float32) - (w - 1) / 2, np.arange(h, dtype=np.float32) - (h - 1) / 2)
    return np.dstack([x * depth / focal, y * depth / focal, depth])


def normals_of(points, step=3):
    """Unit normals towards the camera and where they are trusted: float32 [h, w, 3], bool [h, w]."""
    left, right = np.roll(points, step, 1), np.roll(points, -step, 1)
    up, down = np.roll(points, step, 0), np.roll(points, -step, 0)
    n = np.cross(right - left, down - up)
    n /= np.maximum(np.linalg.norm(n, axis=2, keepdims=True), 1e-9)
    n = np.where((n * points).sum(2, keepdims=True) > 0, -n, n)
    z = points[..., 2]
    spread = np.maximum.reduce([left[..., 2], right[..., 2], up[..., 2], down[..., 2]]) - np.minimum.reduce(
        [left[..., 2], right[..., 2], up[..., 2], down[..., 2]])
    good = (z > 0) & (np.minimum.reduce([left[..., 2], right[..., 2], up[..., 2], down[..., 2]]) > 0)
    good &= spread < 0.08 * z + 0.02
    good[:step], good[-step:], good[:, :step], good[:, -step:] = False, False, False, False
    return n, good


def upward(normals, good):
    """Up in camera axes from the level pixels, or None when they are too few or do not agree."""
    n = normals[good & (normals[..., 1] < -0.45)]
    if len(n) < 0.03 * good.size:
        return None
    sample = n[:: max(1, len(n) // 400)]
    support = (sample @ n[:: max(1, len(n) // 4000)].T > np.cos(np.deg2rad(10))).sum(1)
    up = sample[support.argmax()]
    for angle in (12, 8, 6):
        near = n[n @ up > np.cos(np.deg2rad(angle))]
        if len(near) < 0.02 * good.size:
            return None
        up = near.mean(0) / np.linalg.norm(near.mean(0))
    return up


def planes_of(heights, level, smallest):
    """Heights of level planes, largest first: peaks of a 1 cm histogram, at least 5 cm apart."""
    values = heights[level]
    if len(values) == 0:
        return []
    low = values.min() - 0.05
    bins = np.bincount(((values - low) / 0.01).astype(int))
    counts = np.convolve(bins, np.ones(3), "same")
    found = []
    while counts.max() >= smallest:
        i = int(counts.argmax())
        near = values[np.abs(values - (low + 0.01 * i + 0.005)) < 0.02]
        found.append(float(np.median(near)))
        counts[max(0, i - 5):i + 6] = 0
    return found


def label(depth, color, room):
    """Classes uint8 [h, w] of one frame (depth in metres, float32 [h, w]; colour uint8 [h, w, 3]), or None."""
    if room.inverted:
        upright = label(depth[::-1, ::-1], np.ascontiguousarray(color[::-1, ::-1]), replace(room, inverted=False))
        return None if upright is None else upright[::-1, ::-1]
    h, w = depth.shape
    points = points_of(depth, room.focal * w / room.width)
    normals, good = normals_of(points)
    up = upward(normals, good)
    if up is None:
        return None
    heights = points @ up  # metres above the camera, so mostly negative
    level = good & (normals @ up > np.cos(np.deg2rad(18)))
    valid = depth > 0
    classes = np.where(valid, 0, VOID).astype(np.uint8)
    side = np.cross(up, [0.0, 0.0, 1.0])
    side /= np.linalg.norm(side)
    ahead = np.cross(side, up)
    cell = 0.02
    gx = np.clip((points @ side / cell + 200).astype(int), 0, 399)  # ±4 m
    gy = np.clip((np.abs(points @ ahead) / cell).astype(int), 0, 399)
    heights_found = planes_of(heights, level, 0.012 * h * w)
    floor = min([p for p in heights_found if p < -room.lowest], default=-np.inf)
    tops = []
    for height in heights_found:
        if height < -room.lowest or height > -0.12 or height < floor + room.seat:
            continue
        slack = 0.018 + 0.006 * depth**2
        off = np.abs(heights - height)
        top = valid & (off < slack) & cv2.dilate(level.astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool)
        if room.single and tops:
            classes[top & (classes == 0)] = VOID
            continue
        top &= classes != 2  # a lid on the table is no table
        ground = np.zeros((400, 400), np.uint8)
        np.add.at(ground, (gy[top & level], gx[top & level]), 1)
        ground = cv2.morphologyEx((ground > 0).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
        count, parts, stats, _ = cv2.connectedComponentsWithStats(ground)
        footprint, core = np.zeros_like(ground), np.zeros_like(ground)
        for i in range(1, count):
            if stats[i][4] * cell * cell < 0.06:  # smaller than 600 cm²: a seat's corner, a book, a shelf
                continue
            part = (parts == i).astype(np.uint8)
            footprint |= part
            outline, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
            hull = np.zeros_like(ground)
            cv2.fillConvexPoly(hull, cv2.convexHull(np.vstack(outline)), 1)
            filled = cv2.morphologyEx(part, cv2.MORPH_CLOSE, np.ones((25, 25), np.uint8)) & hull
            core |= cv2.erode(filled, np.ones((5, 5), np.uint8))
        if not footprint.any():
            classes[top & (classes == 0)] = VOID
            continue
        tops.append(height)
        wide = cv2.dilate(footprint, np.ones((7, 7), np.uint8))[gy, gx].astype(bool)
        inside = core[gy, gx].astype(bool)
        above = valid & (heights > height + slack) & (heights < height + room.rise)
        doubt = valid & (heights > height - 0.04) & (heights < height + room.rise) & wide
        classes[doubt & (classes == 0)] = VOID
        classes[above & inside & (classes != 1)] = 2
        classes[above & inside & (off < 2 * slack)] = VOID  # too low to tell from noise
        on = top & footprint[gy, gx].astype(bool)
        classes[on] = 1
        on &= (classes == 1)
        flat = strange(color, on)  # papers and cables lie flat: colour alone tells them
        classes[flat] = VOID
    if not tops:
        return None
    if room.hands:
        classes[classes == 2] = VOID
    far = (depth > room.haze) & (heights > tops[0] - 0.05) & (heights < tops[0] + 0.7)
    classes[far & (classes != 1)] = VOID
    return soften(classes)


def strange(color, on):
    """Pixels of a top whose colour is far from the top's usual one: bool [h, w]."""
    if on.sum() < 50:
        return np.zeros_like(on)
    lab = cv2.cvtColor(cv2.GaussianBlur(color, (3, 3), 0), cv2.COLOR_RGB2LAB).astype(np.float32)
    typical = np.median(lab[on], axis=0)
    away = np.abs((lab - typical) * np.array([0.5, 1.0, 1.0], np.float32))
    limit = 2.5 * np.median(away[on], axis=0).sum() + 8
    return on & (away.sum(2) > limit)


def soften(classes):
    """Void along the borders between classes, where depth is ragged and perhaps badly registered."""
    known = classes != VOID
    shown = np.where(known, classes, 0).astype(np.uint8)
    edge = np.zeros_like(known)
    for c in (1, 2):
        m = (shown == c).astype(np.uint8)
        m = cv2.morphologyEx(m, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        classes[(shown == c) & (m == 0)] = VOID
        edge |= (cv2.dilate(m, np.ones((5, 5), np.uint8)) != cv2.erode(m, np.ones((3, 3), np.uint8)))
    classes[edge] = VOID
    return classes
