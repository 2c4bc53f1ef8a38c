"""The shipped student `tabletop`: synthetic pairs, the labelled real pairs, and rooms that show no table."""

from pathlib import Path

import numpy as np

from distill import augment, data, evaluate, train
from distill.config import Config, Phase

SYNTHETIC = [1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008]  # seeds of 400 scenes each


def config():
    few = {"synthetic-4": 0.72, "pairs": 0.18, "corridor": 0.10}  # the first phase starts while later scenes are made
    all_ = {"synthetic-8": 0.72, "pairs": 0.18, "corridor": 0.10}
    return Config(phases=[
        Phase("start", 192, 144, steps=1000, batch=16, rate=3e-3, mix=few),
        Phase("small", 192, 144, steps=3500, batch=16, rate=3e-3, mix=all_),
        Phase("full", 320, 240, steps=1200, batch=16, rate=1e-3, mix=all_),
    ])


def source(name, c, edge):
    """(inputs, classes) of one entry of a phase's mix, or None when this machine lacks the real data for it."""
    if name.startswith("synthetic-"):
        parts = []
        for seed in SYNTHETIC[:int(name.split("-")[1])]:
            folder = data.synthetic("train", seed, 400, (480, 360), edge)
            parts.append(data.cached(f"synth-{seed}", lambda: data.load(folder, c)))
        return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
    real = data.real_data()
    if not real.is_dir():
        print(f"data: {real} is not here: training without {name}")
        return None
    if name == "pairs":
        held_out = data.split()
        return data.cached(name, lambda: data.load(
            real / "tabletop-labelled", c, lambda s: s not in held_out, data.void_zero))[:2]
    if name == "corridor":
        labelled = {n.split("/")[1] for n in data.labels.read() if n.startswith("corridor/")}
        return data.cached(name, lambda: data.load(
            real / "recordings" / name, c, lambda s: s not in labelled, data.all_background))[:2]
    raise ValueError(f"tabletop: no data called {name!r}")


def checker(c):
    """A function that gives the averaged student's mIoU on the real validation sets, for the log."""
    real = data.real_data()
    if not real.is_dir():
        return lambda model: {}
    held_out = data.split()
    pairs = evaluate.labelled(real / "tabletop-labelled", c, lambda s: s in held_out, data.void_zero)
    rooms = {f.name: evaluate.labelled(f, c) for f in data.rooms()}

    def check(model):
        predict = evaluate.torch_predictor(model)
        figures = {"pairs": evaluate.mean_iou(evaluate.score(predict, *pairs, c), [1, 2])}
        total = 0
        for name, room in rooms.items():
            matrix = evaluate.score(predict, *room, c)
            total = total + matrix
            figures[name] = evaluate.mean_iou(matrix)
        figures["rooms"] = evaluate.mean_iou(total)
        return {k: round(v, 1) for k, v in figures.items()}

    return check


def main(args):
    c = config()
    folder = Path(args.runs) / c.name
    folder.mkdir(parents=True, exist_ok=True)
    pairs = source("pairs", c, args.edge)
    donors = augment.objects(*pairs) if pairs else []

    def sources(phase):
        found = {name: source(name, c, args.edge) for name in phase.mix}
        return {name: arrays for name, arrays in found.items() if arrays}

    train.run(c, sources, donors, checker(c), str(folder), threads=args.threads)
