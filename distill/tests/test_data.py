"""Folders, splits and what the labels mean; the real data's own facts where it is at hand."""

import json

import numpy as np
from PIL import Image
import pytest

from distill import data, preprocess, pseudo
from distill.config import Config

CONFIG = Config(width=32, height=24)


def write(folder, stem, color, depth, label=None):
    for kind, image in (("color", color), ("depth", depth), ("label3", label)):
        if image is not None:
            (folder / kind).mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(folder / kind / f"{stem}.png")


def test_loads_a_folder(tmp_path):
    rng = np.random.default_rng(0)
    for stem in ("a", "b"):
        write(tmp_path, stem, rng.integers(0, 256, (48, 64, 3), np.uint8), rng.integers(0, 4000, (48, 64)).astype(np.uint16),
              rng.integers(0, 3, (48, 64)).astype(np.uint8))
    write(tmp_path, "lone", np.zeros((48, 64, 3), np.uint8), None)  # no depth: no pair
    (tmp_path / "calibration.json").write_text(json.dumps({"depth_scale": 0.0005}))
    inputs, classes, stems = data.load(tmp_path, CONFIG, show=False)
    assert stems == ["a", "b"] and inputs.shape == (2, 24, 32, 4) and classes.shape == (2, 24, 32)
    depth = data.read(tmp_path / "depth" / "b.png")
    table = preprocess.depth_table("inverse", 0.4, 8.0, 0.0005)
    np.testing.assert_array_equal(inputs[1, ..., 3], table[preprocess.resize_depth(depth, 32, 24)])
    _, classes, stems = data.load(tmp_path, CONFIG, lambda s: s == "a", data.void_zero, show=False)
    assert stems == ["a"] and set(np.unique(classes)) == {1, 2, 255}


def test_nothing_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="no color/"):
        data.pairs(tmp_path)


def test_batches_depend_on_seed_phase_and_step_alone():
    from distill.config import Phase

    x = np.random.default_rng(0).integers(0, 256, (5, 24, 32, 4), np.uint8)
    y = np.random.default_rng(1).integers(0, 3, (5, 24, 32)).astype(np.uint8)
    phase = Phase("p", 32, 24, 10, 3, 1e-3, {"real": 1.0, "absent": 1.0})
    one, two = (data.Batches(CONFIG, phase, 0, {"real": (x, y)}, []) for _ in range(2))
    one[0], one[1]  # what came before must not matter
    assert (one[7][0] == two[7][0]).all() and (one[7][1] == two[7][1]).all()
    assert not (one[7][0] == one[8][0]).all()
    assert not (one[7][0] == data.Batches(CONFIG, phase, 1, {"real": (x, y)}, [])[7][0]).all()


def test_split_is_of_the_real_pairs():
    folder = data.real_data() / "tabletop-labelled"
    if not folder.is_dir():
        pytest.skip(f"no real pairs at {folder}")
    stems = {p[0] for p in data.pairs(folder)}
    assert len(stems) == 45 and data.split() < stems and len(data.split()) == 10


def room(h=120, w=160, focal=140.0, tilt=0.6):
    """Depth in metres and true classes of a floor, a wall, a table 0.75 m high and a box on it, camera at 1.4 m."""
    y, x = np.mgrid[0:h, 0:w].astype(np.float64)
    ray = np.dstack([(x - (w - 1) / 2) / focal, (y - (h - 1) / 2) / focal, np.ones((h, w))])
    c, s = np.cos(tilt), np.sin(tilt)  # the camera looks down by tilt: world x right, y down, z ahead
    world = np.dstack([ray[..., 0], c * ray[..., 1] + s * ray[..., 2], -s * ray[..., 1] + c * ray[..., 2]])
    depth, classes = np.full((h, w), 3.0 / np.maximum(world[..., 2], 1e-6)), np.zeros((h, w), np.uint8)

    def plane(height, x0, x1, z0, z1, value):
        t = np.where(world[..., 1] > 1e-6, height / np.maximum(world[..., 1], 1e-6), np.inf)
        px, pz = t * world[..., 0], t * world[..., 2]
        hit = (t < depth) & (px > x0) & (px < x1) & (pz > z0) & (pz < z1)
        depth[hit], classes[hit] = t[hit], value

    plane(1.4, -9, 9, 0, 9, 0)
    plane(0.65, -0.6, 0.6, 0.5, 1.5, 1)
    plane(0.50, -0.12, 0.12, 0.8, 1.1, 2)
    front = 0.8 / np.maximum(world[..., 2], 1e-6)  # the box's front face
    hit = (front < depth) & (np.abs(front * world[..., 0]) < 0.12) & (front * world[..., 1] > 0.5) & (front * world[..., 1] < 0.65)
    depth[hit], classes[hit] = front[hit], 2
    return depth.astype(np.float32), classes


def test_geometry_finds_table_and_box():
    depth, truth = room()
    color = np.full((*depth.shape, 3), 128, np.uint8)
    got = pseudo.label(depth, color, pseudo.Room(focal=140.0, width=160))
    assert got is not None
    known = got != pseudo.VOID
    assert known.mean() > 0.5
    assert (got[known] == truth[known]).mean() > 0.97
    low = (truth == 1) & known
    assert (got[low] == 1).mean() > 0.99, "a top taken for an object"
    for c in (0, 1, 2):
        assert (got[truth == c] == c).mean() > 0.4, c


def test_geometry_drops_a_bare_wall():
    depth = np.full((120, 160), 2.0, np.float32)
    assert pseudo.label(depth, np.zeros((120, 160, 3), np.uint8), pseudo.Room(focal=140.0, width=160)) is None
