"""Floors, ceilings and walls of rooms whose geometry is known to the millimetre."""

import cv2
import numpy as np
import pytest

from distill import pseudo, surfaces

FOCAL, W, H = 280.0, 320, 240
ROOM = pseudo.Room(focal=FOCAL, width=W, lowest=0.9)


def box(pitch=0.0, near=None, low=-1.4, high=1.1, back=3.5, side=1.5):
    """Depth [H, W] in metres of a room seen from inside, and what every pixel shows: WALL, FLOOR, CEILING, or 0 for a cabinet.

    The camera is at height 0, pitched down; the floor lies at low, the ceiling at high, walls at distance back ahead and side
    to both sides; a cabinet front stands at distance near and reaches up to half a metre below the camera.
    """
    x, y = np.meshgrid((np.arange(W) - (W - 1) / 2) / FOCAL, (np.arange(H) - (H - 1) / 2) / FOCAL)
    c, s = np.cos(pitch), np.sin(pitch)
    right, up, ahead = x, -(c * y + s), c - s * y  # of a ray with z = 1 in camera axes
    hits = [(np.where(up < 0, low / up, np.inf), surfaces.FLOOR), (np.where(up > 0, high / up, np.inf), surfaces.CEILING),
            (back / ahead, surfaces.WALL), (side / np.abs(right), surfaces.WALL)]
    if near:
        t = near / ahead
        hits.append((np.where((t * up < -0.5) & (np.abs(t * right) < 1), t, np.inf), 0))
    reach = np.stack([t for t, _ in hits])
    first = reach.argmin(0)
    return reach.min(0).astype(np.float32), np.array([k for _, k in hits])[first]


@pytest.mark.parametrize("pitch", [0.25, 0.45])
def test_a_bare_room(pitch):
    depth, truth = box(pitch)
    got = surfaces.surfaces(depth, ROOM)
    known = got != surfaces.VOID
    assert (got == truth)[known].mean() > 0.98
    for kind in (surfaces.FLOOR, surfaces.WALL):
        assert (got == kind)[truth == kind].mean() > 0.6, kind


def test_a_ceiling_overhead():
    depth, truth = box(0.12, high=0.8, low=-1.0)
    got = surfaces.surfaces(depth, ROOM)
    assert (got == surfaces.CEILING)[truth == surfaces.CEILING].mean() > 0.5
    near = cv2.dilate((truth == surfaces.CEILING).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    assert near[got == surfaces.CEILING].all(), "at most three pixels past the edge, where normals are not trusted"


def test_what_stands_before_a_wall_is_none():
    depth, truth = box(0.3, near=2.2)
    got = surfaces.surfaces(depth, ROOM)
    assert (truth == 0).mean() > 0.1
    assert (got == surfaces.WALL)[truth == 0].mean() < 0.02, "a cabinet's front"
    assert (got == surfaces.WALL)[truth == surfaces.WALL].mean() > 0.5


def test_a_table_top_is_no_floor():
    depth, truth = box(0.4, low=-0.6)
    got = surfaces.surfaces(depth, ROOM)
    assert not (got == surfaces.FLOOR).any(), "a level plane 60 cm below the camera"


def test_upside_down():
    depth = box(0.25)[0][:, 60:]  # left and right differ
    turned = surfaces.surfaces(np.ascontiguousarray(depth[::-1, ::-1]), pseudo.Room(focal=FOCAL, width=W, lowest=0.9, inverted=True))
    np.testing.assert_array_equal(turned[::-1, ::-1], surfaces.surfaces(depth, ROOM))


def test_no_depth_says_nothing():
    assert (surfaces.surfaces(np.zeros((H, W), np.float32), ROOM) == surfaces.VOID).all()
