"""Ways to write depth as bytes. The runtime makes `inverse` and `linear` tables; the others are here to be compared.

Depth is in metres, float [h, w], 0 where there is no reading; an encoding is uint8 [h, w, k] with 0 for no reading. Height and
angle are measured against one plane per frame, found by RANSAC (Fischler and Bolles, 1981): the plane that most points lie on.
"""

import numpy as np

NEAR, FAR = 0.4, 8.0  # metres


def byte(t, valid):
    """0…1 → 1…255, 0 where there is no reading."""
    return np.where(valid, 1 + np.rint(254 * np.clip(t, 0, 1)), 0).astype(np.uint8)


def points(depth, fx, fy, cx, cy):
    """Camera coordinates [h, w, 3]: x right, y down, z ahead."""
    v, u = np.indices(depth.shape)
    return np.stack([(u - cx) / fx * depth, (v - cy) / fy * depth, depth], 2)


def plane(p, valid, rng, tries=60):
    """(unit normal towards the camera [3], offset): n·p + offset is the height of p. None with too few readings."""
    q = p[valid]
    if len(q) < 50:
        return None
    q = q[rng.choice(len(q), min(len(q), 600), replace=False)]
    abc = q[rng.integers(len(q), size=(tries, 3))]  # [tries, 3 points, 3]
    n = np.cross(abc[:, 1] - abc[:, 0], abc[:, 2] - abc[:, 0])
    size = np.linalg.norm(n, axis=1, keepdims=True)
    n = n / np.maximum(size, 1e-9)
    offset = -(n * abc[:, 0]).sum(1)
    near = np.abs(q @ n.T + offset) < 0.01 * np.maximum(q[:, 2:], 0.5) ** 2  # noise of depth grows with z²
    best = np.where(size[:, 0] > 1e-6, near.sum(0), 0).argmax()
    n, offset = n[best], offset[best]
    return (n, offset) if offset > 0 else (-n, -offset)  # the camera, at the origin, is above


def normals(p):
    """Unit normals from differences over 2 pixels: [h, w, 3]."""
    dx, dy = np.gradient(p, axis=1), np.gradient(p, axis=0)
    n = np.cross(dy, dx)
    return n / np.maximum(np.linalg.norm(n, axis=2, keepdims=True), 1e-9)


def encode(kind, depth, intrinsics, seed=0):
    """One of inverse, linear, log; or with the inverse byte beside it, height (of −0.2 … 0.6 m above the plane) or angle (the
    cosine between the surface's normal and the plane's)."""
    valid = depth > 0
    z = np.where(valid, depth, 1.0)
    inverse = byte((1 / z - 1 / FAR) / (1 / NEAR - 1 / FAR), valid)
    if kind == "inverse":
        return inverse[..., None]
    if kind == "linear":
        return byte((FAR - z) / (FAR - NEAR), valid)[..., None]
    if kind == "log":
        return byte(np.log(FAR / z) / np.log(FAR / NEAR), valid)[..., None]
    if kind not in ("height", "angle"):
        raise ValueError(f"encodings: no kind {kind!r}: want inverse, linear, log, height or angle")
    p = points(depth, *intrinsics)
    found = plane(p, valid, np.random.default_rng(seed))
    if found is None:
        return np.stack([inverse, np.zeros_like(inverse)], 2)
    n, offset = found
    second = byte(((p @ n + offset) + 0.2) / 0.8, valid) if kind == "height" else byte(0.5 + 0.5 * (normals(p) @ n), valid)
    return np.stack([inverse, second], 2)
