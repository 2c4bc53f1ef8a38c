"""Results of the report that are no row of its tables: each from RUNS/name.json, made when it is missing."""

import json
from pathlib import Path
import subprocess

def study(name, args, make):
    """A result from RUNS/name.json, made when it is missing and --run was given."""
    path = Path(args.runs) / f"{name}.json"
    if not path.exists():
        if not args.run:
            return None
        path.write_text(json.dumps(make(args), indent=1))
        print(f"report: {name} done", flush=True)
    return json.loads(path.read_text())


def gap_points(args):
    from distill.recipes import gap

    points = []
    for seed in (1, 2):
        c = gap.config()
        c.seed, c.folder, c.edge, c.device = seed, args.runs, args.edge, "cpu"
        points += gap.curve(c)
    return points


def quantisation(args):
    """mIoU of the early-fused student of seed 1 on the synthetic test scenes: float, each way to quantise after training,
    and trained with learned scales."""
    import numpy as np
    import onnx
    import torch

    from distill import equalise, evaluate, experiment, export, measure, networks, pool, qat, quantise, train
    from distill.recipes import early

    c = early.config()
    c.folder, c.edge, c.device = args.runs, args.edge, "cpu"
    folder = experiment.run_folder(c)
    net = networks.single(c, "pixels")
    net.load_state_dict(torch.load(folder / "last.pt")["mean"])
    graph, inputs = export.float_model(net.eval(), c), pool.calibration(c)
    sets = {name: measure.test_arrays(name, *[(f, k, r) for f, _, k, r, _ in [test]][0], c) + (test[4],)
            for name, test in pool.tests(c).items() if name in ("synthetic", "pairs")}

    def scores(predict):
        return {name: round(evaluate.mean_iou(evaluate.score(predict, x, t, c), k), 2) for name, (x, t, k) in sets.items()}

    out = {"float": scores(measure.predictor(net))}
    path = Path(args.runs) / "quantised.onnx"
    for ranges in quantise.METHODS:
        for repairs in ("", "+equalise", "+correct", "+equalise+correct"):
            onnx.save(quantise.quantise(graph, inputs, ranges + repairs, c), path)
            out[ranges + repairs] = scores(evaluate.onnx_predictor(path))
    labelled, unlabelled = pool.sets(c)
    stage = experiment.Stage("task", net, None)

    def batches(step):
        b = pool.draw(c, stage, step, labelled, unlabelled)
        return {"pixels": b.x}, b.y

    trained = qat.train(quantise.quantise(graph, inputs, "minmax", c), graph, batches, 100, loss=lambda z, y: 0.1 * train.loss_of(z, y, c))
    onnx.save(trained, path)
    out["learned scales (QAT)"] = scores(evaluate.onnx_predictor(path))
    return out


def depth_encodings(args):
    from distill.recipes import encodings

    c = encodings.config()
    c.edge = args.edge
    return encodings.compare(c)


def shipped(args, steps=60, batch=4):
    """Loss of int8 on the shipped students, mIoU: {"cards": {name: {set: float − int8}}} by their cards, and for `tabletop-nano`
    {"nano": {way: {set: mIoU}}}: float weights back from its file, quantised after training, and trained with learned scales."""
    import numpy as np
    import onnx
    import torch

    from distill import data, evaluate, export, qat, quantise, students, train, warm
    from distill.config import Phase
    from distill.recipes import tabletop, tabletop_nano

    cards = {p.stem: json.loads(p.read_text()) for p in sorted(Path("models").glob("*.json"))}
    out = {"cards": {name: {k: round(v["miou"] - card["figures"]["int8"][k]["miou"], 1) for k, v in card["figures"]["float"].items()
                            if "/" not in k} for name, card in cards.items()}}
    real = data.real_data()
    if not real.is_dir():
        return out
    torch.manual_seed(1)
    c = tabletop_nano.config()
    mix = {"synthetic-1": 0.4, "pairs": 0.25, "taught": 0.35}
    sources = {name: tabletop.source(name, c, args.edge) for name in mix}
    some = np.concatenate([x[:: max(1, len(x) // 12)][:12] for x, _ in sources.values()])
    net = warm.fill(students.build(c), "models/tabletop-nano.onnx", torch.from_numpy(some.transpose(0, 3, 1, 2).copy()).float() / 255)
    graph = export.float_model(net.eval(), c)
    held_out, rooms = data.split(), [evaluate.labelled(f, c) for f in data.labelled()]
    sets = {"pairs": (*evaluate.labelled(real / "tabletop-labelled", c, lambda s: s in held_out, data.void_zero), [1, 2]),
            "rooms": (np.concatenate([x for x, _ in rooms]), sum((t for _, t in rooms), []), None)}

    def scores(predict):
        return {name: round(evaluate.mean_iou(evaluate.score(predict, x, t, c), k), 2) for name, (x, t, k) in sets.items()}

    path = Path(args.runs) / "nano.onnx"
    nano = {"float": scores(evaluate.torch_predictor(net))}
    quantised = quantise.quantise(graph, some, "minmax", c)
    onnx.save(quantised, path)
    nano["minmax"] = scores(evaluate.onnx_predictor(path))
    batches = data.Batches(c, Phase("qat", c.width, c.height, steps, batch, 0, mix), 0, sources, [])

    def draw(step):
        x, y = batches[step]
        return {"pixels": x.float() / 255}, y

    onnx.save(qat.train(quantised, graph, draw, steps, loss=lambda z, y: 0.1 * train.loss_of(z, y, c)), path)
    nano["learned scales (QAT)"] = scores(evaluate.onnx_predictor(path))
    return out | {"nano": nano}


def retrieval(args, frames=200, cut=20):
    """How well codes find frames, through `edge run` and `edge lookup`: {student, source: {direction: {map, first, chance}}}. A frame of
    the synthetic camera belongs to those of its scene; one of a recording to those at most five frames away."""
    from distill import data, experiment
    from distill.recipes import hashing, places

    sources = {f"synthetic, {frames // cut} scenes": (f"synth:seed=777,cut={cut},frames={frames},width=320,height=240", lambda a, b: a // cut == b // cut)}
    for name in ("kitchen", "table") if data.real_data().is_dir() else ():
        sources[name] = (str(data.real_data() / "recordings" / name), lambda a, b: abs(a - b) <= 5)
    out = {}
    for recipe in (hashing, places):
        c = recipe.config()
        c.folder, c.edge, c.device = args.runs, args.edge, "cpu"
        experiment.run(c, recipe.make, recipe.__doc__.split("\n")[0])  # or what an earlier run left
        model, codes = experiment.run_folder(c) / "student.onnx", Path(args.runs) / "codes.ndjson"
        for name, (source, belong) in sources.items():
            subprocess.run([args.edge, "run", source, "-m", str(model), "--format", "ndjson", "-q", "-o", str(codes)], check=True)
            for a, b in (("color", "depth"), ("depth", "color")):
                found = subprocess.run([args.edge, "lookup", str(codes), str(codes), "--from", a, "--to", b, "-k", "100000", "-q"],
                                       check=True, capture_output=True, text=True).stdout
                rows = out.setdefault(f"{c.name}: {name}", {})
                rows[f"{a} finds {b}"] = precision([json.loads(line) for line in found.splitlines()], belong)
    return out


def precision(lines, belong):
    """Mean average precision, the share of queries whose first match belongs, and the mean share of frames that do, of what
    `edge lookup` wrote. Frames at one distance count as if in the order least kind to the query: codes that are all alike find
    nothing."""
    import numpy as np

    scores = []
    for line in lines:
        ranked = sorted((m["distance"], belong(line["seq"], m["seq"])) for m in line["matches"])  # False before True
        hit = np.array([h for _, h in ranked])
        scores.append(((np.cumsum(hit) / np.arange(1, len(hit) + 1))[hit].mean(), hit[0], hit.mean()))
    return dict(zip(("map", "first", "chance"), (round(float(v), 3) for v in np.mean(scores, 0))))


def speeds(args):
    """The median time of inference of every exported student over that of early fusion, from rounds in which each has its
    turn; the least of three rounds."""
    best = {}
    for _ in range(3):
        for recipe, variant in METHODS:
            name = recipe + ("-" + variant if variant else "")
            path = Path(args.runs) / f"{name}-1" / "student.onnx"
            if not path.exists():
                continue
            done = subprocess.run([args.edge, "bench", "--model", str(path), "--threads", "1", "--frames", "60", "--no-start", "--json"],
                                  capture_output=True, text=True, check=True)
            p50 = json.loads(done.stdout.splitlines()[0])["infer_ms"]["p50"]
            best[name] = min(best.get(name, p50), p50)
    return {name: round(t / best["early"], 2) for name, t in best.items()}


def teachers(args):
    """Figures of the colour teachers that MKE's students learned from, by seed."""
    import torch

    from distill import experiment, measure, networks
    from distill.recipes import mke

    out = {}
    for seed in (1, 2, 3):
        c = mke.config()
        c.seed, c.folder, c.edge, c.device = seed, args.runs, args.edge, "cpu"
        if not (Path(args.runs) / f"teacher-color-{seed}" / "teacher.pt").exists():
            continue
        out[seed] = measure.figures(experiment.teacher(c, "color"), c)
    return out
