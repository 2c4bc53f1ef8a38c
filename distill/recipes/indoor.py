"""The student `indoor`: rooms in eight classes, from synthetic rooms, and from what public Pascal teachers see on recordings.

It is Multimodal Knowledge Expansion: the teachers see colour alone and label what they are sure of; the student sees depth
too, learns those labels beside the synthetic rooms' exact ones, and has to agree with itself under the sensors' flaws.
"""

from dataclasses import asdict
import hashlib
import json
from pathlib import Path

import numpy as np
import torch

from distill import data, evaluate, experiment, export, networks, quantise, students, teachers
from distill.config import show
from distill.methods import expansion

CLASSES = ["other", "wall", "floor", "ceiling", "table", "chair", "person", "object"]
PALETTE = ["#202020", "#8f8f9f", "#6b4f3a", "#d8d8c8", "#4c9a6a", "#3f7fd0", "#e0b030", "#e2572b"]
PASCAL = {"diningtable": "table", "chair": "chair", "sofa": "chair", "person": "person", "bottle": "object"}
RECORDINGS = ("kitchen", "table")  # `cup` hangs upside down, which the teachers have never seen
SUMMARY = "rooms in eight classes, from colour and depth: a first version, best at walls, floors and tables"
DATA = ("1000 synthetic scenes (seeds 5001, 5002) with exact labels; recordings kitchen and table with pseudo-labels of "
        "ESPNetv2 at scale 2 and DiCENet at 1.75, trained by others on Pascal VOC")
LIMITS = [
    "a first version: few steps, a small student",
    "walls, floors, ceilings and objects were learned from synthetic rooms alone; no real frame has labels of them",
    "the real validation frames are labelled for tables and objects only; other frames of kitchen and table were trained on",
    "people and chairs are coarse in the synthetic rooms",
]


def config():
    return experiment.Experiment(
        name="indoor", method="multimodal knowledge expansion from Pascal teachers, beside synthetic rooms; post-training quantization",
        classes=CLASSES, palette=PALETTE, width=160, height=128, channels=(16, 16, 32, 64), decoder=(32, 32), dilations=(1, 2, 3),
        steps=300, batch=6, rate=5e-3, average=0.98, pool=300, real=0.25, room=0.6, drop_depth=0.1, drop_color=0.08, calibration=64)


@torch.no_grad()
def see(inputs, names=("espnetv2-2.0", "dicenet-1.75"), sure=0.6):
    """The teachers' classes of uint8 [N, h, w, 4] in ours, where they are sure; void elsewhere: uint8 [N, h, w]."""
    nets = [teachers.load(n) for n in names]
    ours = np.full(len(teachers.VOC), 255, np.uint8)  # what Pascal calls background says nothing
    for theirs, name in PASCAL.items():
        ours[teachers.VOC.index(theirs)] = CLASSES.index(name)
    out = []
    for x in inputs:
        color = torch.from_numpy(x[..., :3].transpose(2, 0, 1)[None].copy()).float() / 255
        p, best = teachers.probabilities(nets, color, mirror=False)[0].max(0)
        out.append(np.where(p.numpy() > sure, ours[best.numpy()], 255).astype(np.uint8))
    return np.stack(out)


def pseudo(recording, c):
    """(inputs, classes) of a recording as the teachers see it at 320 × 256, brought to the student's size."""
    wide = experiment.Experiment(width=320, height=256)
    validates = {name.split("/")[1] for name in data.labels.read() if name.startswith(recording + "/")}
    every = {stem for i, (stem, *_) in enumerate(data.pairs(data.real_data() / "recordings" / recording)) if i % 3 == 0}
    load = lambda size: data.load(data.real_data() / "recordings" / recording, size, lambda s: s in every - validates)
    seen = see(load(wide)[0])
    inputs, _, stems = load(c)
    return inputs, np.stack([evaluate.enlarge(s, c.width, c.height) for s in seen]), stems


def sets(c, frames=((5001, 700, "mixed"), (5002, 300, "room"))):
    """Labelled and unlabelled sources for the experiment's loop."""
    size = f"{c.width}x{c.height}"
    parts = []
    for seed, count, scene in frames:
        folder = data.synthetic("indoor", seed, count, (320, 240), c.edge, scene, "indoor")
        parts.append(data.cached(f"indoor-{seed}-{size}", lambda: data.load(folder, c)))
    x, y = (np.concatenate([p[i] for p in parts]) for i in (0, 1))
    labelled, unlabelled = {"synthetic": (x, y)}, {"synthetic": x}
    if (data.real_data() / "weights").is_dir():
        real = [data.cached(f"indoor-{name}-{size}", lambda: pseudo(name, c)) for name in RECORDINGS]
        labelled["pairs"] = tuple(np.concatenate([r[i] for r in real]) for i in (0, 1))
        unlabelled["rooms"] = labelled["pairs"][0]
    else:
        print("data: no teachers' weights here: training on synthetic rooms alone")
    return labelled, unlabelled


def stages(net, c):
    def loss(b):
        if b.step % 4:
            return experiment.task(net, b, c)
        apart = expansion.loss(networks.logits(net, b.clean), networks.logits(net, b.u),
                               torch.full_like(b.u[:, 0], c.void).long())  # consistency alone: labels come with x
        return experiment.task(net, b, c) + apart

    return [experiment.Stage("expand", net, loss, unlabelled=True)]


def real_figures(predict, c):
    """IoU of table and object, and of all else, on the hand-labelled frames, whose three classes ours are brought to."""
    three = np.array([0, 0, 0, 0, 1, 0, 0, 2], np.uint8)
    matrix = np.zeros((3, 3), np.int64)
    for folder in data.rooms():
        inputs, truths = evaluate.labelled(folder, c)
        for x, truth in zip(inputs, truths):
            seen = evaluate.enlarge(three[predict(x[None])[0]], truth.shape[1], truth.shape[0])
            matrix += evaluate.confusion(seen, truth, 3)
    return {name: round(100 * v, 1) for name, v in zip(("else", "table", "object"), evaluate.ious(matrix))}


def main(args):
    c = config()
    c.folder, c.edge, c.seed = args.runs, args.edge, args.seed
    count = 150
    if args.smoke:
        c.steps, c.batch, c.pool, c.folder, count = 4, 2, 4, str(Path(args.runs) / "smoke"), 4
    torch.set_num_threads(args.threads)
    print(show(c), flush=True)
    folder = experiment.run_folder(c)
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(c.seed)
    net = networks.single(c, "pixels")
    sources = sets(c, ((5901, 6, "mixed"),)) if args.smoke else sets(c)
    net = experiment.fit(c, net, stages(net, c), folder, sources=sources)
    finish(net, c, sources, count, args, folder)


def finish(net, c, sources, count, args, folder):
    """Quantises in the ways of --calibration, keeps what does best on fresh synthetic rooms by `edge eval`, writes model and
    card: beside the checkpoints on a smoke run, else into --models."""
    fresh = data.synthetic(f"indoortest{count}" if args.smoke else "indoortest", 95001, count, (320, 240), c.edge, "mixed", "indoor")
    graph, rng = export.float_model(net, c), np.random.default_rng(c.seed)
    pool = np.concatenate([x for x, _ in sources[0].values()])
    inputs = pool[rng.choice(len(pool), min(len(pool), c.calibration), replace=False)]
    inputs[::8, ..., 3] = 0
    x, truths = evaluate.labelled(fresh, c)
    float_matrix = evaluate.score(experiment.predictor(net), x, truths, c)
    float_miou = evaluate.mean_iou(float_matrix)
    tried, files = {}, {}
    for method in args.calibration.split(","):
        path = folder / f"int8-{method}.onnx"
        path.write_bytes(export.seal(quantise.quantise(graph, inputs, method, c), export.metadata(c, DATA, float_miou, 0, net)))
        tried[method] = round(evaluate.edge(c.edge, path, fresh)["miou"], 2)
        files[method] = path
    best = max(tried, key=tried.get)
    model = quantise.quantise(graph, inputs, best, c)
    sealed = export.seal(model, export.metadata(c, DATA, float_miou, tried[best], net))
    result = evaluate.edge(c.edge, files[best], fresh)
    card = {
        "name": c.name, "summary": SUMMARY, "classes": c.classes, "method": c.method, "float_miou": round(float_miou, 1),
        "int8_miou": round(tried[best], 1), "input": f"{c.width}x{c.height}",
        "depth": {"kind": c.depth_kind, "near": c.depth_near, "far": c.depth_far},
        "macs": students.macs(net, c.width, c.height), "bytes": len(sealed), "sha256": hashlib.sha256(sealed).hexdigest(),
        "data": DATA, "seed": c.seed,
        "figures": {"synthetic": {"frames": count, "iou": {k: None if v is None else round(v, 1) for k, v in result["iou"].items()}}},
        "figures_note": "mIoU and IoU in percent: of synthetic fresh scenes (seed 95001, labels=indoor), int8, by edge eval; of "
                        "rooms, the hand-labelled real frames, with our classes brought to their three.",
        "quantization": {"chosen": best, "mean_validation_miou": tried}, "limits": LIMITS, "recipe": "python -m distill indoor",
        "config": asdict(c),
    }
    if data.real_data().is_dir():
        card["figures"]["rooms"] = real_figures(evaluate.onnx_predictor(files[best]), c)
    out = folder if args.smoke else Path(args.models)
    (out / f"{c.name}.onnx").write_bytes(sealed)
    (out / f"{c.name}.json").write_text(json.dumps(card, indent=1) + "\n")
    print(json.dumps({k: card[k] for k in ("macs", "float_miou", "int8_miou", "figures", "quantization")}, indent=1))
