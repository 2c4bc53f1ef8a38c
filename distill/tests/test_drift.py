"""`edge eval --drift` beside ONNX Runtime: a student exported as float and int8, layer by layer."""

import json
import subprocess
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
import onnxruntime
from PIL import Image
import torch

from distill import export, preprocess, quantise, students
from distill.config import Config
from distill.tests import quantnets

ROOT = Path(__file__).parents[2]
CONFIG = Config(width=64, height=64, channels=(8, 16, 16, 32), decoder=(16, 16), dilations=(1, 2))
FRAMES = 3


def recording(folder, images):
    """Writes frames, uint8 [N, h, w, 4] with the last channel as depth; returns what the student is given of each, [1, 4, h, w]."""
    for name in ("color", "depth"):
        (folder / name).mkdir(parents=True)
    table = preprocess.depth_table(CONFIG.depth_kind, CONFIG.depth_near, CONFIG.depth_far, 0.001)
    pixels = []
    for i, x in enumerate(images):
        color, depth = np.ascontiguousarray(x[..., :3]), 500 + 25 * x[..., 3].astype(np.uint16)  # mm
        Image.fromarray(color).save(folder / "color" / f"{i:04}.png")
        Image.fromarray(depth).save(folder / "depth" / f"{i:04}.png")
        fused = preprocess.fuse(color, depth, table, CONFIG.width, CONFIG.height)
        pixels.append(np.ascontiguousarray(fused.transpose(2, 0, 1)[None]))
    return pixels


def with_outputs(model, names):
    """ONNX Runtime's session, unoptimised, that gives these values."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    del model.graph.output[:]
    model.graph.output.extend(onnx.ValueInfoProto(name=n) for n in names)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def test_signal_to_noise_is_onnxruntimes(tmp_path):
    torch.manual_seed(5)
    images = quantnets.smooth_images(np.random.default_rng(5), 12, 4, 64, 64).astype(np.uint8).transpose(0, 2, 3, 1)  # [N, h, w, 4]
    net = students.build(CONFIG).train()
    with torch.no_grad():
        for _ in range(10):
            net(torch.from_numpy(images.transpose(0, 3, 1, 2).copy()).float() / 255)
    float_model = export.float_model(net.eval(), CONFIG)
    int8 = quantise.quantise(float_model, list(images), "minmax", CONFIG)
    entries = export.metadata(CONFIG, "made up", 0.0, 0.0)
    (tmp_path / "float.onnx").write_bytes(float_model.SerializeToString())
    (tmp_path / "int8.onnx").write_bytes(export.seal(int8, entries))
    frames = recording(tmp_path / "frames", images[:FRAMES])
    edge = tmp_path / "edge"
    subprocess.run(["go", "build", "-o", edge, "./cmd/edge"], cwd=ROOT, check=True)
    done = subprocess.run([edge, "eval", "--json", "--drift", tmp_path / "float.onnx", tmp_path / "int8.onnx", tmp_path / "frames"],
                          capture_output=True, text=True, check=True)
    ours = json.loads(done.stdout)
    assert ours["frames"] == FRAMES and ours["by_name"] == len(ours["layers"])
    layers = {x["name"]: x for x in ours["layers"]}
    stored = {n.input[0] for n in int8.graph.node if n.op_type == "QuantizeLinear"}
    float_names = {o for n in float_model.graph.node for o in n.output}
    assert set(layers) == stored & float_names and len(layers) >= 10, (sorted(layers), sorted(stored & float_names))

    quantises = {n.input[0]: n for n in int8.graph.node if n.op_type == "QuantizeLinear"}
    values = {t.name: numpy_helper.to_array(t) for t in int8.graph.initializer}
    names = list(layers)
    a = with_outputs(float_model, names)
    b = with_outputs(int8, [quantises[n].output[0] for n in names])
    signal, noise = np.zeros(len(names)), np.zeros(len(names))
    for pixels in frames:
        real = a.run(None, {"pixels": pixels.astype(np.float32) / np.float32(255)})
        coded = b.run(None, {"pixels": pixels})
        for k, (x, q, name) in enumerate(zip(real, coded, names)):
            scale, zero = (values[v].astype(np.float64) for v in quantises[name].input[1:3])
            signal[k] += (x.astype(np.float64) ** 2).sum()
            noise[k] += ((x - scale * (q - zero)) ** 2).sum()
    theirs = 10 * np.log10(signal / noise)
    mine = np.array([layers[n]["snr_db"] for n in names])
    worst = np.abs(mine - theirs).max()
    print(f"{len(names)} layers, {mine.min():.1f} to {mine.max():.1f} dB, at most {worst:.4f} dB from ONNX Runtime's")
    assert worst < 0.1
    alone = [x["alone_db"] for x in ours["layers"]]
    assert alone == sorted(alone)
