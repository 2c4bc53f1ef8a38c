"""Every method's recipe trains, and its student runs in the Go engine as in ONNX Runtime."""

import importlib
import json
import os
from pathlib import Path
import pkgutil
import subprocess

import numpy as np
import onnx
import pytest
import torch

from distill import data, experiment, export, loop, networks, quantise, recipes, students
from distill.tests import quantnets
from distill.tests.test_quant_onnxruntime import conform, onnxruntime  # noqa: F401 (a fixture)

ROOT = Path(__file__).parents[2]


def methods():
    """Every recipe of one method, with each of its variants."""
    for module in pkgutil.iter_modules(recipes.__path__):
        recipe = importlib.import_module("distill.recipes." + module.name)
        if hasattr(recipe, "make"):
            if hasattr(recipe, "main"):
                continue
            for variant in getattr(recipe, "VARIANTS", ("",)):
                yield pytest.param(recipe, variant, id=module.name + ("-" + variant if variant else ""))


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory):
    """Synthetic scenes, caches and runs in a folder of the tests; no real data."""
    folder, patch = tmp_path_factory.mktemp("recipes"), pytest.MonkeyPatch()
    patch.setattr(data, "WORK", folder)
    patch.setenv("DEPTHWISE_DATA", str(folder / "none"))
    yield folder
    patch.undo()


def configuration(recipe, variant, home, edge):
    c = experiment.smoke(recipe.config())
    c.variant, c.folder, c.edge = variant, str(home / "runs"), edge
    return c


@pytest.fixture(scope="module")
def edge(tmp_path_factory):
    """The edge binary of this tree: scenes and figures come from it."""
    binary = tmp_path_factory.mktemp("edge") / "edge"
    subprocess.run(["go", "build", "-o", binary, "./cmd/edge"], cwd=ROOT, check=True, env={**os.environ, "CGO_ENABLED": "0"})
    return str(binary)


def enliven(net, pixels):
    """Centres and scales the logits of every head, so that each class wins somewhere. pixels [N, 4, h, w] in 0…1."""
    parts = [m for m in net.modules() if isinstance(m, students.Student)]
    outputs = {}
    for part in parts:
        part.head.register_forward_hook(lambda layer, _, out: outputs.__setitem__(layer, out))
    with torch.no_grad():
        net.features(*networks.split(pixels, net.takes))
        for part in parts:
            out = outputs[part.head]
            deviation = out.std((0, 2, 3)).clamp_min(1e-4)
            part.head.bias.copy_((part.head.bias - out.mean((0, 2, 3))) / deviation)
            part.head.weight /= deviation[:, None, None, None]
            part.head._forward_hooks.clear()


@pytest.mark.parametrize("recipe, variant", list(methods()))
def test_int8_agrees_in_both_runtimes(recipe, variant, home, edge, conform, tmp_path):  # noqa: F811
    c = configuration(recipe, variant, home, edge)
    torch.manual_seed(1)
    whole, stages, student = recipe.make(c, lambda takes: experiment.teacher(c, takes))
    before = [p.detach().clone() for p in whole.parameters()]
    net = student(loop.fit(c, whole, stages, tmp_path, show=False)).eval()
    assert any(not torch.equal(a, b) for a, b in zip(before, whole.parameters())), "nothing was trained"
    rng = np.random.default_rng(7)
    images = quantnets.smooth_images(rng, 12, 4, c.height, c.width).astype(np.uint8).transpose(0, 2, 3, 1)  # [N, h, w, 4]
    enliven(net, torch.from_numpy(images.transpose(0, 3, 1, 2).copy()).float() / 255)
    model = tmp_path / "int8.onnx"
    onnx.save(quantise.quantise(export.float_model(net, c), images[:8], "minmax", c), model)
    same, itself, alive = [], [], set()
    for x in images[8:]:
        feeds = quantise.feeds(x, students.channels(net))
        ours, _ = conform(model, feeds)
        theirs, plain = onnxruntime(model, feeds), onnxruntime(model, feeds, False)
        assert len(ours) == len(theirs) == (3 if hasattr(net, "both") else 1)
        same.append(max((ours[0] == theirs[0]).mean(), (ours[0] == plain[0]).mean()))
        itself.append((theirs[0] == plain[0]).mean())
        alive |= set(np.unique(theirs[0]))
        for a, b in zip(ours[1:], theirs[1:]):
            assert a.size == 64
            np.testing.assert_array_equal(a.reshape(-1), b.reshape(-1))
    assert len(alive) == 3, "the network has no classes to disagree about"
    # its optimiser leaves Softmax and its like in floating point: then it may differ from itself without it
    assert np.mean(same) >= 0.999, (same, itself)
