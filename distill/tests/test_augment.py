"""Augmentation keeps what it must keep: labels follow colour, missing stays missing, the same seed gives the same pair."""

import cv2
import numpy as np
import pytest

from distill import augment
from distill.config import Config

CONFIG = Config()


def scene(h=60, w=80):
    """A table with a box on it before a wall: colour tells the class, depth is a slope."""
    y = np.zeros((h, w), np.uint8)
    y[h // 2:] = 1
    y[h // 2 - 8:h // 2 + 12, 30:45] = 2
    x = np.zeros((h, w, 4), np.uint8)
    x[..., 0], x[..., 1], x[..., 2] = 40 + 80 * (y == 0), 40 + 80 * (y == 1), 40 + 80 * (y == 2)
    x[..., 3] = np.linspace(40, 200, h).astype(np.uint8)[:, None]
    return x, y


@pytest.mark.parametrize("seed", range(20))
def test_labels_follow_color(seed):
    x, y = (a.repeat(4, 0).repeat(4, 1) for a in scene())
    moved, classes = augment.geometry(x, y, np.random.default_rng(seed), 320, 240)
    assert moved.shape == (240, 320, 4) and classes.shape == (240, 320)
    kernel = np.ones((3, 3), np.uint8)
    inside = cv2.erode(classes, kernel) == cv2.dilate(classes, kernel)  # off the borders, where colours mix
    inside &= classes != augment.VOID
    assert inside.sum() > 500
    np.testing.assert_array_equal(moved[..., :3].argmax(2)[inside], classes[inside])


def test_same_generator_same_pair():
    x, y = scene()
    a = augment.pair(x, y, "real", [], CONFIG, np.random.default_rng(5), 80, 60)
    b = augment.pair(x, y, "real", [], CONFIG, np.random.default_rng(5), 80, 60)
    np.testing.assert_array_equal(a[0], b[0])
    np.testing.assert_array_equal(a[1], b[1])


def test_no_reading_is_never_invented():
    x, y = scene()
    x[20:40, 10:30, 3] = 0
    for seed in range(30):
        d = augment.depth_flaws(x[..., 3], x[..., :3], y, CONFIG, np.random.default_rng(seed))
        assert d.dtype == np.uint8 and (d[20:40, 10:30] == 0).all()


def test_a_pair_never_loses_both_modalities():
    x, y = scene()
    config = Config(drop_depth=0.9, drop_color=0.9)
    for seed in range(60):
        a, _ = augment.pair(x, y, "real", [], config, np.random.default_rng(seed), 80, 60)
        assert a[..., :3].any() or a[..., 3].any()


def test_pasted_objects_stand_on_the_table_at_its_distance():
    x, y = scene()
    donors = augment.objects(x[None], y[None])
    assert len(donors) == 1
    bare = x.copy()
    bare[..., :3] = np.where((y == 2)[..., None], [40, 120, 40], x[..., :3])
    empty = np.where(y == 2, 1, y).astype(np.uint8)
    pasted = 0
    for seed in range(20):
        a, b = augment.paste(bare, empty, donors, CONFIG, np.random.default_rng(seed))
        new = (b == 2) & (empty != 2)
        pasted += bool(new.any())
        np.testing.assert_array_equal(b[~new], empty[~new])
        if new.any():
            foot = np.flatnonzero(new.any(1)).max()
            ground = bare[foot, 0, 3].astype(int)
            if foot < 59:  # not cut off by the image
                assert abs(np.median(a[foot][new[foot]][:, 3].astype(int)) - ground) < 0.12 * ground
    assert pasted > 10
