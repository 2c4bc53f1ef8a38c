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


def test_labels_drawn_by_depth_stay_with_it():
    x, y = (a.repeat(4, 0).repeat(4, 1) for a in scene())
    x[..., 3] = 50 + 50 * y
    apart = 0
    for seed in range(20):
        moved, classes = augment.geometry(x, y, np.random.default_rng(seed), 320, 240, wrong=False)
        known = classes != augment.VOID
        np.testing.assert_array_equal(moved[..., 3][known], 50 + 50 * classes[known])
        moved, classes = augment.geometry(x, y, np.random.default_rng(seed), 320, 240)
        known = (classes != augment.VOID) & (moved[..., 3] > 0)
        apart += (moved[..., 3][known] != 50 + 50 * classes[known]).any()
    assert 4 <= apart <= 16, "otherwise depth is on a map of its own, half of the time"


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


# Each flaw that sensors have, found among many draws.


def draws(count=200, color_value=None):
    """depth_flaws of a flat wall at 1 m (byte 87 or so) beside a nearer block, over many seeds."""
    h, w = 60, 80
    depth = np.full((h, w), 90, np.uint8)
    depth[20:40, 30:50] = 150
    color = np.full((h, w, 3), 120, np.uint8)
    if color_value is not None:
        color[:, :20] = color_value
    classes = np.zeros((h, w), np.uint8)
    for seed in range(count):
        yield augment.depth_flaws(depth, color, classes, CONFIG, np.random.default_rng(seed)), depth


def metres(byte):
    far = 1 / CONFIG.depth_far
    return 1 / ((byte - 1.0) * (1 / CONFIG.depth_near - far) / 254 + far)


def test_depth_noise_grows_with_the_square_of_the_distance():
    near, far = 200, 40
    color, classes = np.full((60, 80, 3), 120, np.uint8), np.zeros((60, 80), np.uint8)

    def deviation(byte):  # in metres, the noise within one picture, over draws without another flaw of the whole picture
        out = []
        for seed in range(150):
            d = augment.depth_flaws(np.full((60, 80), byte, np.uint8), color, classes, CONFIG, np.random.default_rng(seed)).astype(float)
            d = d[d > 0]
            if len(d) > 500:
                z = metres(d)
                out.append(z.std() / z.mean() ** 2)
        return np.mean(out)

    assert deviation(near) == pytest.approx(deviation(far), rel=0.3), "noise over z² does not depend on z"


def test_holes_come_at_edges():
    edge = np.zeros((60, 80), bool)
    edge[17:43, 27:53] = True
    edge[23:37, 33:47] = False
    lost = np.mean([(d == 0) for d, _ in draws()], axis=0)
    assert lost[edge].mean() > 1.3 * lost[5:15, 5:75].mean()


@pytest.mark.parametrize("value", [5, 255], ids=["dark", "shiny"])
def test_dark_and_shiny_things_lose_depth(value):
    plain, odd = (np.mean([(d[:, :20] == 0).mean() for d, _ in draws(color_value=v)]) for v in (None, value))
    assert odd > plain + 0.05


def test_disparity_comes_in_steps():
    ramp = np.tile(np.linspace(40, 200, 160).astype(np.uint8), (20, 1))
    color, classes = np.full((20, 160, 3), 120, np.uint8), np.zeros((20, 160), np.uint8)
    levels = [len(np.unique(augment.depth_flaws(ramp, color, classes, CONFIG, np.random.default_rng(s)))) for s in range(200)]
    assert np.percentile(levels, 90) > 110 and sum(n < 75 for n in levels) > 5, "some pictures have few levels, most have many"


def test_borders_go_missing():
    border = [(d[:, :3] == 0).all() or (d[:, -3:] == 0).all() or (d[:3] == 0).all() or (d[-3:] == 0).all()
              for d, _ in draws() if (d > 0).mean() > 0.5]
    assert 0.1 < np.mean(border) < 0.8


def test_depth_is_registered_a_few_pixels_wrong():
    """The block's edge in depth against its edge in colour, in pixels of a 320 × 240 input."""
    x, y = np.zeros((240, 320, 4), np.uint8), np.zeros((240, 320), np.uint8)
    x[60:180, 80:240], x[..., 3] = 200, np.where(x[..., 0] > 0, 200, 50)
    x[60:180, 80:240, 3] = 200
    offsets = []
    for seed in range(80):
        moved, _ = augment.geometry(x, y, np.random.default_rng(seed), 320, 240)
        color, depth = moved[..., 0] > 100, moved[..., 3] > 120
        if 2000 < color.sum() and 2000 < depth.sum():
            offsets.append(np.linalg.norm(np.argwhere(color).mean(0) - np.argwhere(depth).mean(0)))
    assert np.mean(np.array(offsets) > 0.8) > 0.25, "some are off"
    assert np.mean(np.array(offsets) < 0.3) > 0.25, "some are not"
    assert np.max(offsets) < 12


def colors(count=200):
    patch = np.zeros((40, 60, 3), np.uint8)
    patch[:] = 100
    patch[:, 30:] = 160
    return np.stack([augment.color_flaws(patch, np.random.default_rng(s)) for s in range(count)]).astype(float), patch


def test_exposure_and_white_balance_vary():
    seen, patch = colors()
    brightness = seen[:, :, 5:25].mean((1, 2, 3))
    assert brightness.std() > 15 and brightness.min() < 80 and brightness.max() > 120
    tint = seen[:, :, 5:25, 0].mean((1, 2)) - seen[:, :, 5:25, 2].mean((1, 2))
    assert tint.std() > 4


def test_motion_blurs_edges():
    seen, _ = colors()
    width = [(np.abs(np.diff(s.mean((0, 2)))) > 0.15 * np.ptp(s.mean((0, 2)))).sum() for s in seen if np.ptp(s.mean((0, 2))) > 15]
    assert np.mean(np.array(width) >= 3) > 0.03 and np.mean(np.array(width) <= 1) > 0.4
