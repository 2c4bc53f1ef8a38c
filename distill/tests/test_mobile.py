"""The student of inverted residuals: ImageNet's weights land where they belong, and its int8 file runs as in ONNX Runtime."""

import numpy as np
import onnx
import pytest
import timm
import torch

from distill import export, mobile, quantise, students, train, warm
from distill.config import Config
from distill.recipes import tabletop
from distill.tests import quantnets
from distill.tests.test_quant_onnxruntime import conform, onnxruntime  # noqa: F401 (a fixture)

CONFIG = Config(width=64, height=48, network="mobile", stem=32, decoder=(32, 16, 16),
                stages=((1, 16, 3, 1, 1), (3, 16, 3, 2, 2), (2, 24, 5, 2, 1), (2, 32, 3, 2, 1), (2, 40, 5, 1, 2)))


@pytest.fixture(scope="module")
def state():
    return mobile.lite0()


def peer(state):
    """timm's EfficientNet-Lite0, which pads as we do, with the same weights; gives a list of maps by stage."""
    net = timm.create_model("efficientnet_lite0").eval()
    ours = {}
    for block in range(16):
        stage, index = [(s, i) for s, n in enumerate((1, 2, 2, 3, 3, 4, 1)) for i in range(n)][block]
        names = (["_depthwise_conv conv_dw", "_bn1 bn1", "_project_conv conv_pw", "_bn2 bn2"] if block == 0 else
                 ["_expand_conv conv_pw", "_bn0 bn1", "_depthwise_conv conv_dw", "_bn1 bn2", "_project_conv conv_pwl", "_bn2 bn3"])
        ours |= {f"_blocks.{block}.{a}": f"blocks.{stage}.{index}.{b}" for a, b in map(str.split, names)}
    ours |= {"_conv_stem": "conv_stem", "_bn0": "bn1"}
    there = {ours[k.rsplit(".", 1)[0]] + "." + k.rsplit(".", 1)[1]: v for k, v in state.items() if k.rsplit(".", 1)[0] in ours}
    missing, surplus = net.load_state_dict(there, strict=False)
    assert not surplus and all(k.startswith(("conv_head", "bn2", "classifier")) for k in missing), missing
    for norm in (m for m in net.modules() if isinstance(m, torch.nn.BatchNorm2d)):
        norm.eps = 1e-3
    return net


def test_the_encoder_is_efficientnet_lite0(state):
    """timm reads normalised pixels and pads with grey where we pad with black, so borders are left out."""
    net, student = peer(state), mobile.MobileStudent(inputs=3, stem=32).eval()
    mobile.fill(student, state)
    x = torch.from_numpy(quantnets.smooth_images(np.random.default_rng(2), 1, 3, 256, 256)).float() / 255
    with torch.no_grad():
        y, want = net.bn1(net.conv_stem((255 * x - 127) / 128)), []
        for stage in net.blocks[:5]:
            y = stage(y)
            want.append(y)
        got = student.encode(x)
    for level, stage, border in ((0, 0, 3), (1, 1, 4), (2, 2, 7)):
        a, b = (m[..., border:-border, border:-border] for m in (got[level], want[stage]))
        assert b.std() > 0.1
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3 * float(b.abs().max()))
    a, b = got[3][..., 6:-6, 6:-6], want[4][..., 6:-6, 6:-6]
    assert torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1] > 0.9, "borders reach the middle by now, and no more than that"


def test_shorter_stages_take_the_first_blocks_of_each(state):
    student = mobile.MobileStudent(stem=48, stages=tabletop.STAGES)
    mobile.fill(student, state)
    for mine, theirs in (((1, 1), 2), ((2, 0), 3), ((3, 2), 7), ((3, 3), 8), ((3, 4), 9)):
        block = student.levels[mine[0]][mine[1]]
        torch.testing.assert_close(block.depthwise[0].weight.data, state[f"_blocks.{theirs}._depthwise_conv.weight"], rtol=0, atol=0)
        torch.testing.assert_close(block.project[1].running_var, state[f"_blocks.{theirs}._bn2.running_var"], rtol=0, atol=0)
    stem = student.stem[0].weight
    assert 0 < stem[:32, 3].std() < stem[:32, :3].std(), "depth begins small, but begins"
    assert (stem[32:] != 0).all()


def test_pretrained_weights_learn_at_their_own_rate():
    student = mobile.MobileStudent(stem=48, stages=tabletop.STAGES)
    groups = train.groups(student, Config(careful=0.25))
    assert sorted(g["share"] for g in groups) == [0.25, 1.0]
    ids = [id(p) for g in groups for p in g["params"]]
    assert sorted(ids) == sorted(id(p) for p in student.parameters()), "each parameter once"
    careful = {id(p) for g in groups if g["share"] != 1 for p in g["params"]}
    assert id(student.levels[0][0].project[0].weight) not in careful and id(student.head.weight) not in careful
    assert id(student.levels[1][0].expand[0].weight) in careful and id(student.levels[3][4].project[1].bias) in careful
    (whole,) = train.groups(student, Config())
    assert len(whole["params"]) == len(ids) and whole["share"] == 1


@pytest.fixture(scope="module")
def trained():
    """A small student whose batch statistics are not the initial ones and whose logits differ."""
    torch.manual_seed(5)
    net = students.build(CONFIG).train()
    with torch.no_grad():
        for _ in range(30):
            net(torch.rand(4, 4, 48, 64))
        net.head.weight.mul_(8)
    return net.eval()


@pytest.fixture(scope="module")
def int8(trained, tmp_path_factory):
    images = quantnets.smooth_images(np.random.default_rng(7), 12, 4, 48, 64).astype(np.uint8).transpose(0, 2, 3, 1)
    path = tmp_path_factory.mktemp("mobile") / "int8.onnx"
    onnx.save(quantise.quantise(export.float_model(trained, CONFIG), images[:8], "minmax", CONFIG), path)
    return path, images[8:]


def test_int8_agrees_in_both_runtimes(int8, conform):  # noqa: F811
    path, images = int8
    alive = set()
    for x in images:
        feeds = {"pixels": np.ascontiguousarray(x.transpose(2, 0, 1)[None])}
        (ours,), _ = conform(path, feeds)
        (theirs,) = onnxruntime(path, feeds)
        assert ours.shape == theirs.shape == (1, 48, 64)
        assert (ours == theirs).mean() >= 0.999
        alive |= set(np.unique(theirs))
    assert len(alive) > 1, "a constant map would agree with anything"


def test_a_file_says_what_its_student_was(int8, trained):
    path, images = int8
    x = torch.from_numpy(images.transpose(0, 3, 1, 2).copy()).float() / 255
    again = warm.student(path, x).eval()
    assert students.macs(again, 64, 48) == students.macs(trained, 64, 48)
    assert [m.stride for m in again.modules() if isinstance(m, torch.nn.Conv2d)] == [
        m.stride for m in trained.modules() if isinstance(m, torch.nn.Conv2d)]
    with torch.no_grad():
        same = (again(x).argmax(1) == trained(x).argmax(1)).float().mean()
    assert same > 0.95


def test_logits_are_at_the_stride_that_it_says(trained):
    x = torch.rand(1, 4, 48, 64)
    with torch.no_grad():
        assert trained.features(x).shape == (1, 3, 48 // trained.stride, 64 // trained.stride)
        assert trained(x).shape == (1, 3, 48, 64)
        assert [f.shape[1:] for f in trained.encode(x)] == [(16, 24, 32), (16, 12, 16), (24, 6, 8), (40, 3, 4)]
