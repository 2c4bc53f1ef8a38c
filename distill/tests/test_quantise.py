"""Each part of quantization does what it says."""

import copy

import numpy as np
import onnx
import pytest
import torch

from distill import equalise, evaluate, export, graph, qat, quantise, students, train
from distill.config import Config
from distill.tests import quantnets

CONFIG = Config(width=64, height=64, channels=(8, 16, 16, 32), decoder=(16, 16), dilations=(1, 2))
CHANNELS = {"pixels": 4}


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(4)
    return quantnets.smooth_images(rng, 24, 4, 64, 64).astype(np.uint8).transpose(0, 2, 3, 1)  # [N, h, w, 4]


@pytest.fixture(scope="module")
def model(images):
    """A student whose channels have weights of very different reach, as trained networks do, as a float graph."""
    torch.manual_seed(3)
    net = students.build(CONFIG).train()
    x = torch.from_numpy(images.transpose(0, 3, 1, 2).copy()).float() / 255
    with torch.no_grad():
        for m in net.modules():
            if isinstance(m, torch.nn.BatchNorm2d):
                m.weight.copy_(torch.exp(0.9 * torch.randn_like(m.weight)))
                m.bias.normal_(0, 0.3)
        for _ in range(20):
            net(x)
        net.eval()
        logits = net.features(x)
        net.head.bias.copy_((net.head.bias - logits.mean((0, 2, 3))) / logits.std((0, 2, 3)))
        net.head.weight /= logits.std((0, 2, 3))[:, None, None, None]
    return export.float_model(net, CONFIG)


def logits(model, images):
    with torch.no_grad():
        return graph.Graph(model)(equalise.batch(images, CHANNELS))["upsampled"]


def classes(model, images, path):
    onnx.save(model, path)
    return evaluate.onnx_predictor(path)(images)


def test_the_graph_runs_as_onnxruntime_does(model, images, tmp_path):
    """Float and quantised: the same classes but where rounding decides."""
    import onnxruntime

    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    feeds = [{"pixels": x.transpose(2, 0, 1)[None].astype(np.float32) / 255} for x in images[:4]]
    theirs = np.concatenate([session.run(None, f)[0] for f in feeds])
    assert (logits(model, images[:4]).argmax(1).numpy() == theirs).mean() > 0.9995
    quantised = quantise.quantise(model, images, "minmax", CONFIG)
    ours = logits(quantised, images[:4]).argmax(1).numpy()
    assert (ours == classes(quantised, images[:4], tmp_path / "q.onnx")).mean() > 0.995


def test_an_unknown_method_is_refused(model, images):
    for method in ("maxmin", "minmax+fix", ""):
        with pytest.raises(ValueError, match="no method"):
            quantise.quantise(model, images, method, CONFIG)


def test_equalisation_leaves_the_output_and_evens_the_reach(model, images):
    even = equalise.equalise(model)
    a, b = logits(model, images[:4]), logits(even, images[:4])
    torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3 * a.abs().max().item())
    assert len(equalise.chains(model)) >= 5

    def unevenness(m):  # of the pairs' second convolutions' input channels, in factors of e
        values = {t.name: onnx.numpy_helper.to_array(t) for t in m.graph.initializer}
        out = []
        for first, second in equalise.chains(m):
            w1, w2 = values[first.input[1]], values[second.input[1]]
            r1 = np.abs(w1).reshape(len(w1), -1).max(1)
            r2 = np.abs(w2).reshape(len(w2), -1).max(1) if w2.shape[1] == 1 else np.abs(w2).max((0, 2, 3))
            out.append(np.abs(np.log(r1 / r2)).max())
        return max(out)

    assert unevenness(model) > 1 and unevenness(even) < 0.05


@pytest.fixture(scope="module")
def mobile(images):
    """A small student of inverted residuals with ReLU6, channels of very different loudness."""
    torch.manual_seed(6)
    net = students.build(Config(width=64, height=64, network="mobile", stem=16, decoder=(16, 16, 16),
                                stages=((1, 16, 3, 1, 1), (2, 16, 3, 2, 2), (2, 24, 5, 2, 1), (2, 24, 3, 2, 1)))).train()
    with torch.no_grad():
        for m in net.modules():
            if isinstance(m, torch.nn.BatchNorm2d):
                loud = torch.exp(torch.randn(len(m.weight)))
                m.weight.mul_(loud)
                m.bias.add_(0.3 * loud)
        for _ in range(20):
            net(torch.from_numpy(images.transpose(0, 3, 1, 2).copy()).float() / 255)
    return export.float_model(net.eval(), CONFIG)


def test_raised_channels_leave_the_output_and_fill_the_reach(mobile, images):
    batches = [equalise.batch(images[i:i + 8], CHANNELS) for i in range(0, len(images), 8)]
    raised = equalise.raise_channels(mobile, batches)
    a, b = logits(mobile, images), logits(raised, images)
    torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3 * a.abs().max().item())
    made = {o: n for n in mobile.graph.node for o in n.output}
    groups = {n.output[0]: n for n in mobile.graph.node if n.op_type == "Conv"}
    deep = [(made[second.input[0]].name, second) for _, second in equalise.chains(mobile, ("Relu", "Clip"))
            if made[second.input[0]].op_type == "Clip" and graph.attributes(groups[second.output[0]])["group"] > 1]
    assert len(deep) >= 4

    def quietest(m, name):  # channel's reach over the loudest's
        reach = torch.stack([graph.Graph(m)(b, keep={name})[name].amax((0, 2, 3)) for b in batches]).amax(0)
        return (reach[reach > 0] / reach.max()).min()

    for name, _ in deep:
        before, after = quietest(mobile, name), quietest(raised, name)
        assert after > min(0.99 * equalise.ROOM, 60 * before), (name, before, after)
    assert any(quietest(mobile, name) < 0.3 for name, _ in deep)


def test_clips_that_do_not_begin_at_zero_keep_their_channels(mobile, images):
    other = onnx.ModelProto()
    other.CopyFrom(mobile)
    for node in other.graph.node:
        if node.op_type == "Clip":
            for holder in [*other.graph.initializer, *(a.t for n in other.graph.node if n.op_type == "Constant" and n.output[0] == node.input[1]
                                                       for a in n.attribute)]:
                if getattr(holder, "name", "") == node.input[1] or holder not in other.graph.initializer:
                    holder.CopyFrom(onnx.numpy_helper.from_array(np.array(-1, np.float32), holder.name))
    batches = [equalise.batch(images[:8], CHANNELS)]
    raised = equalise.raise_channels(other, batches)
    torch.testing.assert_close(logits(raised, images[:4]), logits(other, images[:4]), rtol=0, atol=0)


def test_equalisation_skips_what_others_read():
    """A map that goes two ways keeps its scale."""
    class Fork(torch.nn.Module):
        takes = ("pixels",)

        def __init__(self):
            super().__init__()
            self.a, self.b, self.c = torch.nn.Conv2d(4, 8, 1), torch.nn.Conv2d(8, 3, 1), torch.nn.Conv2d(8, 3, 1)
            self.stem = [self.a]

        def features(self, x):
            y = torch.relu(self.a(x))
            return self.b(y) + self.c(y)

    assert equalise.chains(export.float_model(Fork(), CONFIG)) == []


def conv_means(model, images, names):
    with torch.no_grad():
        out = graph.Graph(model)(equalise.batch(images, CHANNELS), keep=names)
    return {n: out[n].mean((0, 2, 3)) for n in names}


def test_bias_correction_moves_the_mean_error_to_zero(model, images):
    plain = quantise.quantise(model, images, "minmax", CONFIG)
    corrected = quantise.quantise(model, images, "minmax+correct", CONFIG)
    names = {n.name for n in plain.graph.node if n.op_type == "Conv"}
    want = conv_means(model, images, names)  # all of the images are what correction measured on
    before, after = (conv_means(m, images, names) for m in (plain, corrected))
    size = {n: want[n].abs().mean() + 1e-6 for n in names}
    worst = lambda got: max(((got[n] - want[n]).abs().max() / size[n]).item() for n in names)
    assert worst(before) > 0.02 and worst(after) < 0.1 * worst(before)


@pytest.mark.parametrize("q, slope", [(0.3, -0.3), (0.7, 0.3), (2.4, -0.4), (-0.2, 0.2), (9.0, 7.0), (7.0, 7.0), (-3.0, -2.0)])
def test_lsq_gradient_is_the_papers(q, slope):
    """Equation 3: −v/s + round(v/s) inside, the level outside; and 1 or 0 for v."""
    s, low, high, g = torch.tensor(0.5, requires_grad=True), -2, 7, 0.25
    x = torch.tensor([0.5 * q], requires_grad=True)
    y = qat.Step.apply(x, s, low, high, g)
    assert y.item() == pytest.approx(0.5 * min(max(round(q), low), high))
    y.backward()
    assert s.grad.item() == pytest.approx(g * slope, abs=1e-6)
    assert x.grad.item() == (1.0 if low < q < high else 0.0)


def test_lsq_gradient_per_channel():
    x = torch.randn(3, 5)
    s = torch.tensor([[0.1], [0.2], [0.4]], requires_grad=True)
    qat.Step.apply(x, s, -4, 4, 1.0).sum().backward()
    for i in range(3):
        t = s[i].detach().clone().requires_grad_(True)
        qat.Step.apply(x[i:i + 1], t.view(1, 1), -4, 4, 1.0).sum().backward()
        torch.testing.assert_close(s.grad[i], t.grad)


def test_writing_what_was_not_trained_changes_little(model, images, tmp_path):
    quantised = quantise.quantise(model, images, "minmax", CONFIG)
    again = qat.Trained(quantised, model).written()
    same = classes(quantised, images[:8], tmp_path / "a.onnx") == classes(again, images[:8], tmp_path / "b.onnx")
    assert same.mean() > 0.99


def test_training_comes_nearer_to_float_and_is_written_as_it_ran(model, images, tmp_path):
    rough = equalise_badly(quantise.quantise(model, images, "minmax", CONFIG))
    want = logits(model, images[16:]).argmax(1).numpy()
    before = (classes(rough, images[16:], tmp_path / "before.onnx") == want).mean()
    trained = qat.train(rough, model, lambda step: (equalise.batch(images[4 * (step % 4):][:4], CHANNELS), None), 30, scale_rate=0.1)
    got = classes(trained, images[16:], tmp_path / "after.onnx")
    assert (got == want).mean() > before + 0.2 * (1 - before)
    assert (logits(trained, images[16:]).argmax(1).numpy() == got).mean() > 0.99


def equalise_badly(model):
    """Makes every other activation scale four times too large: ranges that calibration got wrong."""
    model = copy.deepcopy(model)
    scales = sorted({n.input[1] for n in model.graph.node if n.op_type == "QuantizeLinear"})
    values = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    for name in scales[::2]:
        graph.write(model, name, values[name] * 4)
    return model


def test_sample_takes_as_many_of_each_and_drops_modalities():
    pools = [np.full((n, 4, 4, 4), 10 * (i + 1), np.uint8) for i, n in enumerate((40, 40, 5))]
    for pool in pools:
        pool[..., 1] = 1 + np.arange(len(pool))[:, None, None]
    x = quantise.sample(pools, 48, 3)
    of = x[..., 0].max((1, 2))  # 0 where colour was dropped
    assert len(x) == 16 + 16 + 5 and set(of[:16]) == {0, 10} and set(of[16:32]) == {0, 20} and set(of[32:]) == {0, 30}
    assert list(np.flatnonzero(x[..., 3].max((1, 2)) == 0)) == [0, 8, 16, 24, 32]
    assert list(np.flatnonzero(of == 0)) == [4, 20, 36] and (x[4, ..., :3] == 0).all()
    assert (x == quantise.sample(pools, 48, 3)).all() and all((p > 0).all() for p in pools)


def test_choose_keeps_what_scores_best(model, images, tmp_path):
    given = {"minmax": 40.0, "percentile": 61.237, "minmax+equalise": 50.0}
    best, path, scores = quantise.choose(model, images[:4], list(given), CONFIG, tmp_path, lambda p: given[p.stem.removeprefix("int8-")])
    assert (best, path) == ("percentile", tmp_path / "int8-percentile.onnx") and scores == {**given, "percentile": 61.24}
    files = {m: (tmp_path / f"int8-{m}.onnx").read_bytes() for m in given}
    assert len(set(files.values())) == 3
