"""One way for every method: data (pool) → stages of training (loop) → int8 → figures (measure) → a card.

A recipe gives a configuration and `make(config, teach)`: a module with everything that is trained, the stages, and the
student to ship. A stage is a loss on batches and the part of the module that it trains. That is all a method has to say.
"""

import copy
from dataclasses import asdict, dataclass
import hashlib
import json
from pathlib import Path
from typing import Callable

import torch
import torch.distributed as dist
from torch import nn
import torch.nn.functional as F

from distill import export, loop, measure, networks, pool, quantise, students, train
from distill.config import Config, show


@dataclass
class Experiment(Config):
    """A small student and a small budget, the same for every method, so that methods can be compared."""

    width: int = 64
    height: int = 48
    channels: tuple = (8, 16, 32, 48)
    decoder: tuple = (16, 16)
    dilations: tuple = (1, 2)
    variant: str = ""  # of the method: what is averaged, which similarity, which modality
    steps: int = 400  # over all stages of the student
    batch: int = 8
    pool: int = 150  # different batches; they come again after that
    rate: float = 8e-3  # peak, one cosine per stage
    average: float = 0.97
    drop_depth: float = 0.12
    drop_color: float = 0.12
    half_turn: float = 0.0
    paste: float = 0.0
    scenes: int = 640  # synthetic frames: the first `labelled` of them with their labels, the others without
    labelled: int = 384
    tests: int = 60  # synthetic frames of another seed
    real: float = 0.25  # share of labelled real pairs in a labelled batch, where they are
    room: float = 0.5  # share of recordings in an unlabelled batch, where they are
    calibration: int = 48
    teacher_channels: tuple = (16, 16, 48, 64)
    teacher_decoder: tuple = (32, 16)
    teacher_steps: int = 500
    device: str = "cuda" if torch.cuda.is_available() else "cpu"
    folder: str = "distill/runs"
    edge: str = "bin/edge"
    every: int = 100  # steps between checkpoints

    def title(self):
        return self.name + ("-" + self.variant if self.variant else "")


def smoke(c):
    """A few steps on a few scenes, to see that everything holds together."""
    c.steps, c.teacher_steps, c.batch, c.scenes, c.labelled, c.tests, c.calibration = 4, 2, 2, 6, 4, 2, 4
    c.width, c.height, c.every = 64, 64, 2
    return c


@dataclass
class Stage:
    name: str
    module: nn.Module  # what is trained: nothing else moves, batch statistics neither
    loss: Callable[[pool.Batch], torch.Tensor]
    share: float = 1.0  # of the configuration's steps
    labelled: bool = True
    unlabelled: bool = False
    begin: Callable[[], None] | None = None  # before the first step


def task(net, batch, c):
    """The loss of plain training."""
    return train.loss_of(networks.logits(net, batch.x), batch.y, c)


def peers(net, batch, c, maps):
    """The loss of two networks side by side, each on its own logits; maps are their features, already made."""
    alone = [peer.decode(*m) for peer, m in zip((net.color, net.depth), maps)]  # [N, classes, h/4, w/4]
    full = [F.interpolate(a, scale_factor=4.0, mode="bilinear", align_corners=False) for a in alone]
    return sum(train.loss_of(a, batch.y, c) for a in full)


def teacher(c, takes):
    """A wider network of plain training, for this seed: frozen. Trained once and kept beside the runs."""
    wide = copy.deepcopy(c)
    wide.name, wide.variant, wide.steps = "teacher", takes, c.teacher_steps
    wide.channels, wide.decoder = c.teacher_channels, c.teacher_decoder
    if takes != "pixels":
        wide.drop_depth = wide.drop_color = 0.0
    folder = run_folder(wide)
    torch.manual_seed(wide.seed)
    net = networks.single(wide, takes)
    done = folder / "teacher.pt"
    if done.exists():
        net.load_state_dict(torch.load(done))
    else:
        folder.mkdir(parents=True, exist_ok=True)
        net = loop.fit(wide, net, [Stage("task", net, lambda b: task(net, b, wide))], folder)
        if loop.ranks()[0] == 0:
            train.save(str(done), net.state_dict())
    net.requires_grad_(False)
    return net.eval().to(c.device)


def run_folder(c):
    return Path(c.folder) / f"{c.title()}-{c.seed}"


def ship(net, c, method, path):
    """Quantises and seals the student: an int8 ONNX file with metadata at path."""
    graph = export.float_model(net, c)
    quantised = quantise.quantise(graph, pool.calibration(c), "minmax", c)
    entries = export.metadata(c, "synthetic scenes, labelled pairs, recordings", 0, 0, net)
    entries.update(name=c.title(), method=method)
    path.write_bytes(export.seal(quantised, entries))
    return entries


def run(c, make, method):
    """Trains, ships and measures one student; returns its card. What is done already is not done again."""
    folder = run_folder(c)
    folder.mkdir(parents=True, exist_ok=True)
    card = folder / "card.json"
    rank, _ = loop.ranks()
    if card.exists():
        return json.loads(card.read_text())
    if rank == 0:
        print(show(c), flush=True)
    torch.manual_seed(c.seed)
    whole, stages, student = make(c, lambda takes: teacher(c, takes))
    torch.manual_seed(c.seed)
    net = student(loop.fit(c, whole, stages, folder)).eval()
    if rank != 0:
        return None
    path = folder / "student.onnx"
    figs = measure.figures(net, c)
    ship(net, c, method, path)
    content = dict(name=c.title(), method=method, seed=c.seed, takes=list(net.takes), macs=students.macs(net, c.width, c.height),
                   parameters=sum(p.numel() for p in net.parameters()), bytes=path.stat().st_size,
                   stages=[dict(name=s.name, steps=max(1, round(c.steps * s.share))) for s in stages],
                   float=figs, int8=measure.int8_figures(path, c), sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
                   config=asdict(c))
    card.write_text(json.dumps(content, indent=1) + "\n")
    return content


def main(args, recipe):
    """What `python -m distill RECIPE` does for a recipe of one method."""
    c = recipe.config()
    variants = getattr(recipe, "VARIANTS", ("",))
    c.variant = args.variant or variants[0]
    if c.variant not in variants:
        raise SystemExit(f"distill: {c.name}: no variant {c.variant!r}; choose {', '.join(v for v in variants if v) or 'none'}")
    c.folder, c.edge, c.seed = args.runs, args.edge, args.seed
    torch.set_num_threads(args.threads)
    if args.smoke:
        smoke(c)
        c.folder = str(Path(args.runs) / "smoke")
    card = run(c, recipe.make, recipe.__doc__.split("\n")[0])
    if card:
        print(json.dumps({k: card[k] for k in ("name", "seed", "macs", "float", "int8")}, indent=1))
    if dist.is_initialized():
        dist.destroy_process_group()
