"""Why more modalities: colour alone, depth alone and both, on growing numbers of labelled scenes; the gap in risk."""

import json
from pathlib import Path

import torch

from distill import experiment, loop, measure, networks
from distill.config import show

SIZES = (24, 96, 384)  # labelled synthetic scenes
TAKES = ("color", "depth", "pixels")


def config():
    return experiment.Experiment(name="gap", method="early fusion and single modalities on growing data", real=0.0,
                                 drop_depth=0.0, drop_color=0.0)


def curve(c, sizes=SIZES):
    """Points {takes, scenes, seed, risk}: risk is 1 − mIoU of fresh synthetic scenes, 0…1. Finished ones are read again."""
    points = []
    for size in sizes:
        for takes in TAKES:
            c.variant, c.labelled = f"{takes}-{size}", size
            folder = experiment.run_folder(c)
            folder.mkdir(parents=True, exist_ok=True)
            done = folder / "point.json"
            if not done.exists():
                torch.manual_seed(c.seed)
                net = networks.single(c, takes)
                stage = experiment.Stage("task", net, lambda b: experiment.task(net, b, c))
                net = loop.fit(c, net, [stage], folder)
                risk = 1 - measure.figures(net, c, ("synthetic",))["synthetic"]["whole"] / 100
                done.write_text(json.dumps(dict(takes=takes, scenes=size, seed=c.seed, risk=round(risk, 4))))
            points.append(json.loads(done.read_text()))
    return points


def main(args):
    c = config()
    c.folder, c.edge, c.seed = args.runs, args.edge, args.seed
    sizes = SIZES
    if args.smoke:
        experiment.smoke(c)
        c.folder, sizes = str(Path(args.runs) / "smoke"), (2, 4)
    torch.set_num_threads(args.threads)
    print(show(c), flush=True)
    for p in curve(c, sizes):
        print(f"{p['takes']:7} {p['scenes']:4} scenes: risk {p['risk']:.3f}")
