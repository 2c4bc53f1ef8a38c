"""Encodings of depth: exact at their ends, and a plane is found as it lies."""

import numpy as np
import pytest

from distill import encodings, preprocess

K = (60.0, 60.0, 31.5, 23.5)


def scene():
    """A table top 0.5 m below a camera that looks 40° down, and a box 0.1 m high on it: depth [48, 64] and who is box."""
    v, u = np.indices((48, 64))
    ray = np.stack([(u - K[2]) / K[0], (v - K[3]) / K[1], np.ones((48, 64))], 2)
    a = np.deg2rad(40)
    up = np.array([0, -np.cos(a), -np.sin(a)])
    down = -(ray @ up)  # how far down a metre of z goes
    depth = np.where(down > 0.05, 0.5 / np.maximum(down, 0.05), 0)
    box = (np.abs(u - 30) < 8) & (np.abs(v - 28) < 6)
    return np.where(box, 0.4 / down, depth), box, up


def test_inverse_and_linear_are_the_runtimes():
    depth = np.array([[0.0, 0.4, 1.0, 3.3, 8.0, 0.2, 9.0]])
    for kind in ("inverse", "linear"):
        table = preprocess.depth_table(kind, 0.4, 8.0, 0.001)
        np.testing.assert_array_equal(encodings.encode(kind, depth, K)[..., 0], table[np.rint(depth * 1000).astype(int)])


def test_log_is_1_far_255_near_and_even_in_ratios():
    depth = np.array([[0.0, 0.4, 8.0, np.sqrt(0.4 * 8.0)]])
    assert encodings.encode("log", depth, K)[0, :, 0].tolist() == [0, 255, 1, 128]


def test_the_plane_that_most_lies_on_is_found():
    depth, box, up = scene()
    depth = depth + np.random.default_rng(1).normal(0, 0.001, depth.shape) * (depth > 0)
    n, offset = encodings.plane(encodings.points(depth, *K), depth > 0, np.random.default_rng(0))
    assert np.degrees(np.arccos(n @ up)) < 2 and offset == pytest.approx(0.5, abs=0.02)


def test_height_and_angle():
    depth, box, up = scene()
    height = encodings.encode("height", depth, K)[..., 1].astype(float)
    metres = (height - 1) / 254 * 0.8 - 0.2
    on = (depth > 0) & ~box
    assert np.median(metres[on]) == pytest.approx(0, abs=0.01) and np.median(metres[box]) == pytest.approx(0.1, abs=0.02)
    assert (height[depth == 0] == 0).all()
    angle = encodings.encode("angle", depth, K)[..., 1]
    assert np.median(angle[on]) > 250
    wall = np.full((48, 64), 2.0)
    wall[30:] = scene()[0][30:]
    assert np.median(encodings.encode("angle", wall, K)[5:20, :, 1]) != np.median(encodings.encode("angle", wall, K)[35:, :, 1])


def test_without_readings_there_is_no_plane():
    assert not encodings.encode("height", np.zeros((48, 64)), K).any()
    with pytest.raises(ValueError, match="no kind"):
        encodings.encode("cube", np.ones((2, 2)), K)
