"""Depth encodings compared: how much a small patch of depth says of table, object and background in each."""

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn
import torch.nn.functional as F

from distill import data, encodings, evaluate, experiment, preprocess

KINDS = ("inverse", "linear", "log", "height", "angle")
REACH = 3  # a patch is 7 × 7 pixels


def config():
    return experiment.Experiment(name="encodings", method="depth encodings, patches of 7 × 7")


def raw(folder, count, c):
    """Depth in metres [N, h, w], classes uint8 [N, h, w] and intrinsics at the student's size."""
    camera = json.loads((Path(folder) / "calibration.json").read_text())
    chosen = data.pairs(folder)[:count]
    scale = data.depth_scale(folder)
    depth = np.stack([preprocess.resize_depth(data.read(d), c.width, c.height) for _, _, d, _ in chosen]) * scale
    classes = np.stack([preprocess.resize_labels(data.read(y), c.width, c.height) for *_, y in chosen])
    k = camera["color"]  # depth is registered to it
    sx, sy = c.width / k["width"], c.height / k["height"]
    return depth, classes, (k["fx"] * sx, k["fy"] * sy, (k["cx"] + 0.5) * sx - 0.5, (k["cy"] + 0.5) * sy - 0.5)


def patches(encoded, y, rng, count):
    """count patches [count, k·7·7] in 0…1 and the classes of their middles [count]."""
    n, h, w, _ = encoded.shape
    padded = np.pad(encoded, ((0, 0), (REACH, REACH), (REACH, REACH), (0, 0)))
    i, v, u = rng.integers(n, size=count), rng.integers(h, size=count), rng.integers(w, size=count)
    side = np.arange(2 * REACH + 1)
    x = padded[i[:, None, None], v[:, None, None] + side[:, None], u[:, None, None] + side]  # [count, 7, 7, k]
    return torch.from_numpy(x.reshape(count, -1)).float() / 255, torch.from_numpy(y[i, v, u]).long()


def score(train, test, seed, steps=250):
    """mIoU in percent on patches of the test scenes, of a small network."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    x, y = patches(*test, rng, 30000)
    net = nn.Sequential(nn.Linear(x.shape[1], 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 3))
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for _ in range(steps):
        a, b = patches(*train, rng, 2048)
        loss = F.cross_entropy(net(a), b)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        return evaluate.mean_iou(evaluate.confusion(net(x).argmax(1).numpy().astype(np.uint8), y.numpy(), 3))


def compare(c, seeds=(1, 2, 3), count=384):
    """{kind: mIoU of each seed}."""
    sets = [raw(data.synthetic(f"methods{c.scenes}", 3001, c.scenes, (320, 240), c.edge), count, c),
            raw(data.synthetic(f"methodtest{c.tests}", 93001, c.tests, (320, 240), c.edge), c.tests, c)]
    out = {}
    for kind in KINDS:
        train, test = [(np.stack([encodings.encode(kind, d, k, i) for i, d in enumerate(depth)]), y) for depth, y, k in sets]
        out[kind] = [round(score(train, test, seed), 2) for seed in seeds]
    return out


def main(args):
    c = config()
    c.edge = args.edge
    if args.smoke:
        experiment.smoke(c)
    torch.set_num_threads(args.threads)
    for kind, scores in compare(c, count=c.labelled).items():
        print(f"{kind:8} " + " ".join(f"{s:.1f}" for s in scores))
