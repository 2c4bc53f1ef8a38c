"""Labels drawn by hand: the files' own facts, what they become as pictures, and that what validates is not trained on."""

import json

import numpy as np
from PIL import Image
import pytest

from distill import data, labels
from distill.config import Config
from distill.recipes import indoor, tabletop

FILES = sorted(labels.FOLDER.glob("*.json"))
CONFIG = Config(width=32, height=24)


def write(path, frames, **more):
    path.write_text(json.dumps({"about": "test", "frames": frames, **more}))
    return path


def square(name, x0, y0, x1, y1):
    return {"class": name, "polygon": [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]}


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_file_has_known_classes_inside_the_picture(path):
    frames, known = labels.read(path), labels.classes(path)
    assert len(frames) >= 12
    for name, shapes in frames.items():
        height = 360 if name.startswith("cup/") else 480
        corners = np.array([corner for shape in shapes for corner in shape["polygon"]]).reshape(-1, 2)
        assert (corners >= 0).all() and (corners <= (640, height)).all(), name
        found = np.unique(labels.rasterise(shapes, 640, height, known))
        assert set(found) <= set(known.values()), name
        assert len(found) > 1 or not shapes or name.endswith("/*"), name


def test_what_validates_is_not_taught_and_no_frame_is_in_two_files():
    assert set(labels.HELD_OUT) | {labels.TAUGHT} == set(FILES), "a file that is neither held out nor taught"
    names = [name for path in (labels.ROOMS, labels.VIEWS, labels.TAUGHT) for name in labels.read(path)]
    assert len(set(names)) == len(names)
    assert set(labels.read(labels.INDOOR)) <= set(labels.read(labels.ROOMS)) | set(labels.read(labels.VIEWS))
    for path in labels.HELD_OUT:
        assert not set(labels.read(path)) & set(labels.read(labels.TAUGHT)), path


def test_frames_that_validate_are_kept_out(tmp_path, monkeypatch):
    one = write(tmp_path / "one.json", {"kitchen/a": [], "table/b": []})
    two = write(tmp_path / "two.json", {"kitchen/c": []})
    monkeypatch.setattr(labels, "HELD_OUT", (one, two))
    monkeypatch.setattr(labels, "TAUGHT", write(tmp_path / "taught.json", {"kitchen/d": [], "kitchen/*": []}))
    keep = data.undrawn("kitchen")  # d has better labels than those that are made for every frame
    assert [stem for stem in "abcde" if keep(stem)] == ["b", "e"]


def test_what_was_prepared_with_other_labels_has_another_name(tmp_path, monkeypatch):
    monkeypatch.setattr(labels, "FOLDER", tmp_path)
    path = write(tmp_path / "one.json", {"kitchen/a": []})
    before = labels.edition()
    assert labels.edition() == before
    write(path, {"kitchen/b": []})
    assert labels.edition() != before


@pytest.mark.parametrize("name", ["corridor", "unaligned"])
def test_recipes_train_on_no_frame_that_validates(name, tmp_path, monkeypatch):
    if not (data.real_data() / "recordings").is_dir():
        pytest.skip(f"no recordings at {data.real_data()}")
    monkeypatch.setattr(data, "WORK", tmp_path)
    _, _, stems = tabletop.recorded(name, CONFIG)
    validate = labels.drawn(name, labels.HELD_OUT)
    assert validate and not set(stems) & validate
    everything = {stem for stem, *_ in data.pairs(data.real_data() / "recordings" / name)}
    left_out = set(tabletop.LOW_TABLES) if name == "corridor" else set()
    assert set(stems) == everything - validate - labels.drawn(name, [labels.TAUGHT]) - left_out


def test_shapes_over_labels_keep_what_they_do_not_cover():
    under = np.ones((24, 32), np.uint8)
    shapes = [square("object", 0, 0, 31, 23)]  # on an image of 64 × 48
    got = np.asarray(labels.rasterise(shapes, 64, 48, labels.classes(), under=under))
    assert got.shape == (24, 32) and got[5, 5] == 2 and got[20, 28] == 1
    got = np.asarray(labels.rasterise([square("table", 40, 10, 60, 20)], 64, 48, labels.classes()))
    assert got[15, 50] == 1 and got.sum() == 21 * 11, "x and y"


@pytest.mark.parametrize("ground, outside", [({}, 0), ({"ground": "void"}, 255), ({"ground": "floor"}, 1)])
def test_exports_a_recording_with_its_scale(ground, outside, tmp_path):
    folder = tmp_path / "recordings" / "lab"
    for kind, image in (("rgb", np.zeros((48, 64, 3), np.uint8)), ("depth", np.full((48, 64), 900, np.uint16))):
        (folder / kind).mkdir(parents=True)
        Image.fromarray(image).save(folder / kind / "7.png")
    (folder / "calibration.json").write_text('{"depth_scale": 0.0005}')
    path = write(tmp_path / "labels.json", {"lab/7": [square("floor", 8, 8, 40, 40), square("void", 20, 20, 30, 30)]},
                 classes=["other", "floor", "lamp"], **ground)
    (out,) = labels.export(tmp_path / "recordings", tmp_path / "out", path)
    assert data.depth_scale(out) == 0.0005
    ((stem, color, depth, label),) = data.pairs(out)
    assert stem == "7" and label.parent.name == "label3" and (data.read(depth) == 900).all() and data.read(color).shape == (48, 64, 3)
    got = data.read(label)
    assert (got[2, 2], got[10, 10], got[25, 25]) == (outside, 1, 255)


def test_shapes_of_other_files_come_last(tmp_path):
    write(tmp_path / "tops.json", {"lab/7": [square("table", 0, 0, 9, 9)], "lab/8": []})
    path = write(tmp_path / "rooms.json", {"lab/7": [square("floor", 0, 0, 20, 20)]}, classes=["floor", "table"], then=["tops.json"])
    frames = labels.read(path)
    assert set(frames) == {"lab/7"}
    got = np.asarray(labels.rasterise(frames["lab/7"], 32, 24, labels.classes(path), labels.VOID))
    assert (got[5, 5], got[15, 15], got[22, 25]) == (1, 0, 255)


def test_indoor_knows_the_recipe_s_classes_and_labels_them_all():
    known = labels.classes(labels.INDOOR)
    assert list(known) == [*indoor.CLASSES, "void"] and list(known.values()) == [*range(8), labels.VOID]
    frames = labels.read(labels.INDOOR)
    found = {shape["class"] for shapes in frames.values() for shape in shapes}
    assert found == set(known) and len({name.split("/")[0] for name in frames}) == 6  # recordings


def test_faults_name_place_and_fact(tmp_path):
    for shape in (square("shelf", 0, 0, 2, 2), {"class": "table", "polygon": [[0, 0], [1, 1]]}):
        with pytest.raises(ValueError, match=r"kitchen/a: shape 1 needs a known class and three corners"):
            labels.read(write(tmp_path / "bad.json", {"kitchen/a": [square("void", 0, 0, 1, 1), shape]}))
    path = write(tmp_path / "lost.json", {"attic/a": []})
    with pytest.raises(FileNotFoundError, match=r"0 files named attic\.\*, want 1"):
        labels.export(tmp_path, tmp_path / "out", path)
