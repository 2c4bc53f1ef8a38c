"""The public teachers load whole and see on real frames what is there."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from distill import data, labels, teachers

WEIGHTS = data.real_data() / "weights"
needs_weights = pytest.mark.skipif(not WEIGHTS.is_dir(), reason=f"{WEIGHTS} is not here")


@pytest.mark.parametrize("make", [lambda: teachers.EspNet(0.5), lambda: teachers.DiceNet(1.75)])
def test_shapes(make):
    net = make().eval()
    with torch.no_grad():
        assert net(torch.rand(1, 3, 96, 160)).shape == (1, 21, 96, 160)


def test_shuffle_interleaves_groups():
    x = torch.arange(6.0).view(1, 6, 1, 1)
    assert teachers.Shuffle(2)(x).flatten().tolist() == [0, 3, 1, 4, 2, 5]


def see(names, recording, stem, size=(448, 352)):
    """Class probabilities [21, h, w] and the image's size."""
    color = data.read(labels.find(data.real_data() / "recordings" / recording / "color", stem))
    x = torch.from_numpy(color.copy()).permute(2, 0, 1)[None].float() / 255
    x = F.interpolate(x, (size[1], size[0]), mode="bilinear", antialias=True)
    return teachers.probabilities([teachers.load(n) for n in names], x)[0]


@needs_weights
@pytest.mark.parametrize("name", list(teachers.FILES))
def test_every_weight_finds_its_place(name):
    net = teachers.load(name)
    assert not any(p.requires_grad for p in net.parameters()) and not net.training


@needs_weights
@pytest.mark.parametrize("name", ["espnetv2-2.0", "dicenet-1.75"])
def test_a_kitchen_has_table_chair_and_monitor_where_they_are(name):
    best = see([name], "kitchen", "frame-000245").argmax(0).numpy()  # [352, 448]
    for thing, rows, columns in (("diningtable", slice(230, 352), slice(0, 448)), ("chair", slice(180, 352), slice(0, 250)),
                                 ("tvmonitor", slice(0, 60), slice(330, 448))):
        found = best == teachers.VOC.index(thing)
        assert 0.004 < found.mean() < 0.4, thing
        assert found[rows, columns].sum() > 0.75 * found.sum(), thing


@needs_weights
def test_what_is_called_dining_table_is_table_or_stands_on_one():
    """Over the hand-labelled frames of the kitchen."""
    hit = called = 0
    for name, shapes in labels.read().items():
        recording, stem = name.split("/")
        if recording != "kitchen":
            continue
        p = see(["dicenet-1.75"], recording, stem, (320, 256))
        table = (p.argmax(0) == teachers.VOC.index("diningtable")).numpy()
        truth = np.asarray(labels.rasterise(shapes, 640, 480, labels.classes()).resize((320, 256), 0))
        called += table[truth != 255].sum()
        hit += (table & ((truth == 1) | (truth == 2))).sum()
    assert called > 20_000 and hit > 0.85 * called
