"""The Go engine against ONNX Runtime: whole students by argmax agreement, single integer operators bit for bit."""

import json
import subprocess
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from distill.tests import quantnets

ROOT = Path(__file__).parents[2]
HEIGHT, WIDTH, CLASSES = 96, 128, 4


@pytest.fixture(scope="session")
def conform(tmp_path_factory):
    """Runs a model in the Go engine: conform(path, feeds, **options) → list of arrays."""
    folder = tmp_path_factory.mktemp("conform")
    binary = folder / "conform"
    subprocess.run(["go", "build", "-o", binary, "./quant/internal/conform"], cwd=ROOT, check=True)

    def run(model, feeds, **options):
        for name, v in feeds.items():
            np.save(folder / f"{name}.npy", np.ascontiguousarray(v))
        request = dict(model=str(model), inputs={n: str(folder / f"{n}.npy") for n in feeds}, out=str(folder), threads=2, **options)
        done = subprocess.run([binary], input=json.dumps(request), capture_output=True, text=True, check=True)
        answer = json.loads(done.stdout)
        assert not answer["error"], answer["error"]
        return [np.load(p) for p in answer["outputs"].values()], answer

    return run


def onnxruntime(model, feeds, optimised=True):
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    if not optimised:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"]).run(None, feeds)


@pytest.fixture(scope="session", params=list(quantnets.NETS))
def float_model(request, tmp_path_factory):
    """(name, path) of each network, float32."""
    name = request.param
    path = tmp_path_factory.mktemp(name) / "float.onnx"
    net = quantnets.make(name, CLASSES, HEIGHT, WIDTH, seed=len(name))
    quantnets.export(net, name, path, HEIGHT, WIDTH)
    return name, path


def agreement(a, b):
    return float((a.argmax(1) == b.argmax(1)).mean())


def test_float_network(float_model, conform):
    name, path = float_model
    feeds = quantnets.feeds(name, np.random.default_rng(5), HEIGHT, WIDTH)
    (ours,), _ = conform(path, feeds)
    theirs = onnxruntime(path, feeds)[0]
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("form", list(quantnets.FORMATS))
def test_student_agrees(float_model, conform, form, tmp_path):
    """≥ 99.9 % of argmax pixels, or within 0.1 points of ONNX Runtime's agreement with itself, optimised or not."""
    name, path = float_model
    model = tmp_path / "int8.onnx"
    quantnets.quantise(path, model, name, HEIGHT, WIDTH, 3, **quantnets.FORMATS[form])
    best, itself, alive = [], [], set()
    for seed in range(10):
        feeds = quantnets.feeds(name, np.random.default_rng(100 + seed), HEIGHT, WIDTH)
        (ours,), answer = conform(model, feeds, steps=True)
        with_optimiser, without = onnxruntime(model, feeds)[0], onnxruntime(model, feeds, False)[0]
        best.append(max(agreement(ours, with_optimiser), agreement(ours, without)))
        itself.append(agreement(with_optimiser, without))
        alive |= set(np.unique(with_optimiser.argmax(1)))
    assert len(alive) >= 3, "the network has no classes to disagree about"
    print(f"{name} {form}: {np.mean(best):.5f}, onnxruntime with itself {np.mean(itself):.5f}")
    # On s8 activations onnxruntime's optimiser leaves some quantised convolutions in float32, whose sums round otherwise.
    assert np.mean(best) >= (0.995 if form == "qdq-s8s8" else min(0.999, np.mean(itself) - 0.001))
    arena = answer["arena"]
    assert arena["bytes"] <= 1.1 * arena["lower_bound"]
    macs = sum(s["macs"] for s in answer["steps"])
    integer = sum(s["macs"] for s in answer["steps"] if s["kernel"] != "plain")
    # onnxruntime's QOperator form leaves transposed convolutions in float32.
    assert integer == macs or (name, form) == ("resunet", "qoperator"), "a convolution left the integers"


def test_fused_tail(conform, tmp_path):
    """Upsample → ArgMax → Cast becomes one step, and both runtimes draw the same classes."""
    float_path, int8, full = tmp_path / "f.onnx", tmp_path / "q.onnx", tmp_path / "full.onnx"
    net = quantnets.make("mobilenetv2", CLASSES, HEIGHT, WIDTH, seed=1)
    quantnets.export(net, "mobilenetv2", float_path, HEIGHT, WIDTH)
    quantnets.quantise(float_path, int8, "mobilenetv2", HEIGHT, WIDTH, 3, **quantnets.FORMATS["qdq-u8s8"])
    quantnets.add_tail(int8, full, HEIGHT, WIDTH)
    feeds = quantnets.feeds("mobilenetv2", np.random.default_rng(9), HEIGHT, WIDTH)
    (ours,), answer = conform(full, feeds, steps=True)
    assert answer["steps"][-1]["op"] == "resize argmax"
    assert float((ours == onnxruntime(full, feeds)[0]).mean()) >= 0.999
    # The same map from the logits, by the option.
    (mapped,), _ = conform(int8, feeds, class_map=True)
    assert (mapped == ours[0]).all()


def qlinear_conv(rng, path, case):
    """Writes a one-node QLinearConv model for a random case; returns its feed."""
    cin, cout, k, groups, signed, unsigned_weights, per_channel = case
    x_type, w_type = (np.int8 if signed else np.uint8), (np.uint8 if unsigned_weights else np.int8)
    info = np.iinfo(x_type)
    scale = rng.uniform(0.001, 0.01, cout if per_channel else ()).astype(np.float32)
    values = dict(
        x_scale=np.float32(0.02), x_zero=x_type(rng.integers(info.min, info.max + 1)),
        w=rng.integers(np.iinfo(w_type).min, np.iinfo(w_type).max + 1, (cout, cin // groups, k, k)).astype(w_type),
        w_scale=scale, w_zero=np.full(scale.shape, 121 if unsigned_weights else 0, w_type),
        y_scale=np.float32(0.02 * 0.0055 * 85 * np.sqrt(cin // groups * k * k)), y_zero=x_type(rng.integers(info.min, info.max + 1)),
        bias=rng.integers(-4000, 4000, cout).astype(np.int32))
    stride, dilation = int(rng.integers(1, 3)), int(rng.integers(1, 3)) if k > 1 else 1
    node = helper.make_node("QLinearConv", ["x", "x_scale", "x_zero", "w", "w_scale", "w_zero", "y_scale", "y_zero", "bias"], ["y"],
                            group=groups, strides=[stride, int(rng.integers(1, 3))], dilations=[dilation, dilation],
                            pads=[int(v) for v in rng.integers(0, k, 4)])
    x_onnx = TensorProto.INT8 if signed else TensorProto.UINT8
    shape = [int(rng.integers(1, 3)), cin, int(rng.integers(9, 21)), int(rng.integers(9, 21))]
    graph = helper.make_graph([node], "conv", [helper.make_tensor_value_info("x", x_onnx, shape)],
                              [helper.make_tensor_value_info("y", x_onnx, None)],
                              [numpy_helper.from_array(np.asarray(v), n) for n, v in values.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return {"x": rng.integers(info.min, info.max + 1, shape).astype(x_type)}


@pytest.mark.parametrize("seed", range(40))
def test_qlinearconv_bit_exact(conform, tmp_path, seed):
    rng = np.random.default_rng(seed)
    cin, cout, k = int(rng.integers(1, 50)), int(rng.integers(1, 50)), int(rng.choice([1, 2, 3, 5]))
    kind = seed % 4
    groups = 1
    if kind == 1:  # depthwise
        cout = groups = cin
    elif kind == 2:  # grouped
        groups = int(rng.integers(2, 4))
        cin, cout = cin * groups, cout * groups
    signed = bool(rng.integers(0, 2))
    path = tmp_path / "conv.onnx"
    feeds = qlinear_conv(rng, path, (cin, cout, k, groups, signed, not signed and seed % 3 == 0, bool(rng.integers(0, 2))))
    for disable in ([], ["simd"]):
        (ours,), _ = conform(path, feeds, disable=disable)
        np.testing.assert_array_equal(ours, onnxruntime(path, feeds)[0])
