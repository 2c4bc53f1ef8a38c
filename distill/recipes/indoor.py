"""The student `indoor`: rooms in eight classes, from synthetic rooms, from geometry, and from what public Pascal teachers see
on recordings. Its encoder begins, like `tabletop`'s, with what ImageNet taught it.

It is Multimodal Knowledge Expansion (Xue et al., 2021): the teachers see colour alone and label what they are sure of; the
student sees depth too, under the sensors' flaws and with a modality lost at times, and learns those labels beside others.
"""

from pathlib import Path

import numpy as np
import onnx
import torch

from distill import card, data, evaluate, export, labels, preprocess, pseudo, quantise, surfaces, teachers, train
from distill.config import REST, Config, Phase, show
from distill.recipes import tabletop

CLASSES = ["other", "wall", "floor", "ceiling", "table", "chair", "person", "object"]
PALETTE = ["#202020", "#8f8f9f", "#6b4f3a", "#d8d8c8", "#4c9a6a", "#3f7fd0", "#e0b030", "#e2572b"]
TABLE, OBJECT = CLASSES.index("table"), CLASSES.index("object")
PASCAL = {"chair": "chair", "sofa": "chair", "person": "person"}  # tables and objects are the geometry's
TEACHERS = ("espnetv2-2.0", "dicenet-1.75")
SURE = 0.4  # a teacher's probability from which its class counts
SCENES = {  # of the synthetic camera, by entry of the mix: kind and seed of 400 each
    "synthetic": [("mixed", seed) for seed in range(5001, 5009)],
    "synthetic rooms": [("room", seed) for seed in range(5011, 5014)],
    "synthetic bare": [("empty", 5021), ("corridor", 5022)],  # ceilings, mostly
}
WALLS = ("table", "corridor")  # recordings whose outermost upright planes are walls; in `kitchen` they are cabinets too
GEOMETRY = dict(tabletop.ROOMS, corridor=pseudo.Room(focal=585, lowest=0.5))  # pixels: a guess, 585 at 640 like kitchen's
MIX = {"synthetic": 0.46, "synthetic rooms": 0.16, "synthetic bare": 0.08, "kitchen": 0.09, "table": 0.06, "corridor": 0.05,
       "cup": 0.02, "unaligned": 0.02, "taught": 0.03, "pairs": 0.03}

SUMMARY = "rooms in eight classes, from colour and depth: good at tables, floors, walls and objects, weak at chairs, blind to people"
DATA = (
    "5200 scenes of the synthetic camera with labels=indoor (seeds 5001 to 5008 mixed, 5011 to 5013 rooms, 5021 and 5022 without "
    "tables); recordings kitchen, table, cup, corridor and unaligned with pseudo-labels: tables and objects, floors, walls and "
    "ceilings from geometry, chairs and people from ESPNetv2 at scale 2 and DiCENet at 1.75, trained by others on Pascal VOC; 31 "
    "frames of kitchen, table and corridor labelled by hand, and 35 labelled pairs of one table, for tables and objects alone"
)
LIMITS = [
    "people are hardly ever found: synthetic bodies are rare in the scenes and simple, and no recording shows a whole person; most "
    "of them become objects",
    "chairs are found in part: backs and seats, seldom legs, which become other",
    "walls, floors and ceilings of real rooms come from geometry, chairs from public teachers that see a part of them: no real "
    "frame labelled by hand in eight classes is trained on, and the 17 that validate show one person and two ceilings",
    "cabinets become walls, posters and dark doors become other here and there, a machine near the camera becomes a chair or a person",
    "without depth, walls, floors and tables of rooms that it does not know are mixed up; nothing stands in for it when a modality "
    "is lost",
    "the frames of rooms are trained on nowhere, but other frames of the same recordings are",
]
NOTE = ("mIoU and IoU in percent at the labels' own size. synthetic: 200 fresh scenes of 320x240, seed 95001, labels=indoor, over "
        "all eight classes. real: frames labelled by hand in eight classes in distill/labels/indoor.json. rooms: those of "
        "distill/labels/rooms.json, with our classes brought to their three. "
        "no_depth and no_color: that modality set to zero.")


def config():
    return Config(
        name="indoor", classes=CLASSES, palette=PALETTE,
        rest=tuple(i for i in range(len(CLASSES)) if i not in (TABLE, OBJECT)), tops=(TABLE, OBJECT), half_turn=0.03, paste=0.0,
        network="mobile", stem=48, stages=tabletop.STAGES, decoder=(64, 32, 16), pretrained=True, careful=0.3,
        method="encoder from EfficientNet-Lite0's ImageNet weights; multimodal knowledge expansion from Pascal teachers and from "
               "geometry beside synthetic rooms; post-training quantization",
        phases=[Phase("small", 192, 144, steps=5500, batch=16, rate=2e-3, mix=MIX),
                Phase("middle", 256, 192, steps=900, batch=16, rate=1e-3, mix=MIX),
                Phase("full", 320, 240, steps=500, batch=16, rate=5e-4, mix=MIX)])


# Data


@torch.no_grad()
def see(colors, names=TEACHERS):
    """The teachers' classes of uint8 [h, w, 3] pictures in ours, where they are sure; void elsewhere: uint8 [h, w] each."""
    nets = [teachers.load(n) for n in names]
    ours = np.full(len(teachers.VOC), 255, np.uint8)  # what Pascal calls background says nothing
    for theirs, name in PASCAL.items():
        ours[teachers.VOC.index(theirs)] = CLASSES.index(name)
    for color in colors:
        x = torch.from_numpy(color.transpose(2, 0, 1)[None].copy()).float() / 255
        p, best = teachers.probabilities(nets, x, mirror=True)[0].max(0)
        yield np.where(p.numpy() > SURE, ours[best.numpy()], 255).astype(np.uint8)


def finer(three):
    """Labels of `tabletop`'s three classes in ours: its background is REST, neither table nor object."""
    return np.select([three == 0, three == 1, three == 2], [REST, TABLE, OBJECT], 255).astype(np.uint8)


def recorded(name, c):
    """(inputs, classes, stems) of a recording: tables and objects of `tabletop`'s data, then floors, walls and ceilings by geometry,
    then what the Pascal teachers are sure of where all that says nothing else."""
    x, three, stems = tabletop.recorded(name, c)
    y = finer(three)
    if name in GEOMETRY:
        extend(y, stems, name, c)
    if name not in ("cup", "unaligned", "pairs"):  # upside down, dark, or void around the table
        wide = (preprocess.resize_color(np.ascontiguousarray(p[..., :3]), 384, 320) for p in x)
        for i, taught in enumerate(see(wide)):
            taught = evaluate.enlarge(taught, c.width, c.height)
            y[i] = np.where((taught != 255) & (y[i] == REST), taught, y[i])
    return x, y, stems


def extend(y, stems, name, c):
    """Floors, walls and ceilings of a recording's frames, from geometry, where y uint8 [N, h, w] says REST."""
    folder = data.real_data() / "recordings" / name
    files = {stem: depth for stem, _, depth, _ in data.pairs(folder)}
    for i, stem in enumerate(stems):
        depth = data.read(files[stem])
        height = c.width * depth.shape[0] // depth.shape[1]  # the frame's own shape: geometry needs square pixels
        metres = preprocess.resize_depth(depth, c.width, height).astype(np.float32) * data.depth_scale(folder)
        seen = surfaces.surfaces(metres, GEOMETRY[name])
        if name not in WALLS:
            seen[seen == surfaces.WALL] = 255
        seen = preprocess.resize_labels(seen, c.width, c.height)
        y[i] = np.where((seen != 255) & (y[i] == REST), seen, y[i])


def source(name, c, edge, count=400):
    """(inputs, classes) of one entry of a phase's mix, or None when this machine lacks the real data for it. count is of the
    scenes of each seed."""
    if name.startswith("synthetic"):
        kind = "indoor" if count == 400 else f"indoor{count}"
        folders = [data.synthetic(kind, seed, count, (320, 240), edge, scene, "indoor") for scene, seed in SCENES[name]]
        parts = [data.cached(f.name, lambda: data.load(f, c)) for f in folders]
        return tuple(np.concatenate([p[i] for p in parts]) for i in (0, 1))
    if not (data.real_data() / "weights").is_dir():
        print(f"data: no recordings and teachers' weights here: training without {name}")
        return None
    return data.cached(f"indoor-{name}-{labels.edition()}", lambda: recorded(name, c))[:2]


# Figures


def three(predict, c):
    """A predictor of `tabletop`'s three classes: all but tables and objects is background."""
    table = np.array([{TABLE: 1, OBJECT: 2}.get(i, 0) for i in range(len(c.classes))], np.uint8)
    return lambda x: table[predict(x)]


def sets(c, edge, count=200):
    """{name: (inputs, truths, classes of the mean)} of fresh synthetic scenes and of real frames, eight classes."""
    fresh = data.synthetic(f"indoortest{count}", 95001, count, (320, 240), edge, "mixed", "indoor")
    return {"synthetic": (*evaluate.labelled(fresh, c), None)} | drawn("real", labels.INDOOR, c, edge)


def drawn(name, path, c, edge):
    """{name: (inputs, truths, classes of the mean)} of frames labelled by hand; empty without the recordings."""
    if not data.real_data().is_dir():
        return {}
    found = [evaluate.labelled(folder, c) for folder in data.labelled(path, edge)]
    return {name: (np.concatenate([x for x, _ in found]), sum((t for _, t in found), []), None)}


def figures(predict, eight, rooms, c):
    """What the card says: of the sets labelled in eight classes, and of those in `tabletop`'s three."""
    return evaluate.table(predict, eight, c) | evaluate.table(three(predict, c), rooms, Config())


def checker(c, edge, count=60):
    """A function that gives the averaged student's figures on other synthetic scenes and the real frames, for the log."""
    name = "indoorcheck" if count == 60 else f"indoorcheck{count}"
    scenes = evaluate.labelled(data.synthetic(name, 94001, count, (320, 240), edge, "mixed", "indoor"), c)
    eight = {"synthetic": (*scenes, None)} | drawn("real", labels.INDOOR, c, edge)
    rooms = drawn("rooms", labels.ROOMS, c, edge)

    def check(model):
        predict = evaluate.torch_predictor(model)
        found = {name: evaluate.mean_iou(evaluate.score(predict, x, t, c)) for name, (x, t, _) in eight.items()}
        for name, (x, t, _) in rooms.items():
            found[name] = evaluate.mean_iou(evaluate.score(three(predict, c), x, t, Config()))
        return {k: round(v, 1) for k, v in found.items()}

    return check


def main(args):
    c = config()
    c.seed = args.seed
    if args.smoke:
        c.phases = [Phase("smoke", 64, 64, steps=2, batch=2, rate=1e-3, mix={"synthetic bare": 1.0})]
    print(show(c), flush=True)
    folder = Path(args.runs) / ("smoke" if args.smoke else "") / c.name
    folder.mkdir(parents=True, exist_ok=True)

    def sources(phase):
        found = {name: source(name, c, args.edge, *([4] if args.smoke else [])) for name in phase.mix}
        return {name: arrays for name, arrays in found.items() if arrays}

    student = train.run(c, sources, [], checker(c, args.edge, 4 if args.smoke else 60), str(folder), threads=args.threads)
    finish(student, c, args, folder, sources(c.phases[-1]))


def finish(student, c, args, folder, sources):
    """Quantises in the ways of --calibration, keeps what does best on fresh synthetic rooms, and writes model and card: into
    --models, on a smoke run beside the checkpoints."""
    eight, rooms = sets(c, args.edge, 4 if args.smoke else 200), drawn("rooms", labels.ROOMS, c, args.edge)
    inputs = quantise.sample([x for x, _ in sources.values()], c.calibration, c.seed)

    def score(path):
        x, truths, _ = eight["synthetic"]
        return evaluate.mean_iou(evaluate.score(evaluate.onnx_predictor(path, args.threads), x, truths, c))

    best, path, tried = quantise.choose(export.float_model(student, c), inputs, args.calibration.split(","), c, folder, score)
    found = {"float": figures(evaluate.torch_predictor(student), eight, rooms, c),
             "int8": figures(evaluate.onnx_predictor(path, args.threads), eight, rooms, c)}
    entries = export.metadata(c, DATA, *(found[kind]["synthetic"]["miou"] for kind in ("float", "int8")))
    sealed = export.seal(onnx.load(path), entries)
    out = folder if args.smoke else Path(args.models)
    card.write(out, c, sealed, student, found, tried, best, SUMMARY, DATA, LIMITS, tabletop.milestones(folder), note=NOTE)
