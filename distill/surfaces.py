"""Floors, ceilings and walls of an unlabelled depth image, from geometry alone: where a room ends.

The floor is the lowest level plane that lies well below the camera, a ceiling what faces down above it. A wall is an upright
plane with nothing behind it: the fronts of cabinets, which stand before a wall, are none. What is none of the three, or in
doubt, is void.
"""

from dataclasses import replace

import cv2
import numpy as np

from distill import pseudo

VOID, WALL, FLOOR, CEILING = 255, 1, 2, 3
OVERHEAD = 0.5  # metres above the camera where a ceiling may begin


def surfaces(depth, room):
    """WALL, FLOOR, CEILING and VOID, uint8 [h, w], of depth float32 [h, w] in metres; all void where "up" is not found."""
    if room.inverted:
        return surfaces(depth[::-1, ::-1], replace(room, inverted=False))[::-1, ::-1]
    h, w = depth.shape
    points = pseudo.points_of(depth, room.focal * w / room.width)
    normals, good = pseudo.normals_of(points)
    out = np.full((h, w), VOID, np.uint8)
    up = pseudo.upward(normals, good)
    if up is None:
        return out
    heights, tilt = points @ up, normals @ up  # metres above the camera; 1 faces up
    slack = 0.02 + 0.008 * depth**2
    level = good & (tilt > np.cos(np.deg2rad(18)))
    for height in sorted(pseudo.planes_of(heights, level, 0.012 * h * w))[:1]:
        if height < -room.lowest:
            out[(depth > 0) & (np.abs(heights - height) < slack) & grown(level)] = FLOOR
    facing = good & (tilt < -np.cos(np.deg2rad(18)))
    for height in pseudo.planes_of(heights, facing, 0.006 * h * w):
        if height > OVERHEAD:
            out[(depth > 0) & (np.abs(heights - height) < slack) & grown(facing)] = CEILING
    upright = good & (np.abs(tilt) < np.sin(np.deg2rad(12)))
    for normal, offset in walls(points, normals, upright, up):
        off = points @ normal - offset
        out[(depth > 0) & (np.abs(off) < 1.5 * slack) & grown(upright) & (out == VOID)] = WALL
    return shrink(out)


def grown(mask):
    """A mask and its neighbourhood, where normals are not trusted."""
    return cv2.dilate(mask.astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool)


def walls(points, normals, upright, up, smallest=0.03, behind=0.02):
    """Upright planes n·p = offset of at least a share `smallest` of the image, with at most a share `behind` of all points
    more than a hand behind them: [(n float [3], offset in metres)]."""
    side = np.cross(up, [0.0, 0.0, 1.0])
    side /= np.linalg.norm(side)
    ahead = np.cross(side, up)
    angle = np.degrees(np.arctan2(normals @ side, normals @ ahead)) % 360
    seen = points[..., 2] > 0
    votes = np.bincount(angle[upright].astype(int), minlength=360)
    found = []
    for _ in range(4):
        around = np.convolve(np.concatenate([votes[-4:], votes, votes[:4]]), np.ones(9), "valid")
        if around.max() < smallest * upright.size:
            break
        peak = int(around.argmax()) + 0.5
        votes[np.arange(int(peak) - 12, int(peak) + 13) % 360] = 0
        normal = np.cos(np.deg2rad(peak)) * ahead + np.sin(np.deg2rad(peak)) * side
        here = upright & (np.abs((angle - peak + 180) % 360 - 180) < 12)
        if not here.any():
            continue
        normal = normals[here].mean(0)
        normal -= (normal @ up) * up
        normal /= np.linalg.norm(normal)
        offsets = points @ normal  # towards the camera: a wall's is the lowest of all
        for offset in pseudo.planes_of(offsets, here, smallest * upright.size):
            if (seen & (offsets < offset - 0.2)).mean() < behind:
                found.append((normal, offset))
    return found


def shrink(classes):
    """Void along the borders of each surface, and where it is a speck."""
    out = np.full_like(classes, VOID)
    for c in (WALL, FLOOR, CEILING):
        mask = cv2.morphologyEx((classes == c).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
        out[cv2.erode(cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)), np.ones((3, 3), np.uint8)) > 0] = c
    return out
