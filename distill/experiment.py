"""One loop for every method: data → stages of training → int8 → `edge eval` → a card.

A recipe gives a configuration and `make(config, teach)`: a module with everything that is trained, the stages, and the
student to ship. A stage is a loss on batches and the part of the module that it trains. That is all a method has to say.
"""

import copy
import dataclasses
from dataclasses import asdict, dataclass
import functools
import hashlib
import json
import os
from pathlib import Path
from typing import Callable

import numpy as np
import onnx
import torch
import torch.distributed as dist
from torch import nn
import torch.nn.functional as F
from tqdm import tqdm

from distill import augment, data, evaluate, export, labels, networks, quantise, students, train
from distill.config import Config, show

RECORDINGS = ("kitchen", "table", "cup", "corridor")  # unlabelled pairs; frames that validate are left out


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
class Batch:
    """What a loss may see. x [N, 4, h, w] in 0…1; y [N, h, w], None in a stage without labels; u and clean are unlabelled
    pairs with and without the sensors' flaws, [N, 4, h, w]; `index` [N] numbers the frames."""

    x: torch.Tensor
    y: torch.Tensor | None
    u: torch.Tensor | None
    clean: torch.Tensor | None
    index: torch.Tensor | None
    step: int


@dataclass
class Stage:
    name: str
    module: nn.Module  # what is trained: nothing else moves, batch statistics neither
    loss: Callable[[Batch], torch.Tensor]
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


# Data


def sets(c):
    """Training arrays by name, uint8 [N, h, w, 4] and [N, h, w]: what has labels and what has not."""
    size = f"{c.width}x{c.height}"
    folder = data.synthetic(f"methods{c.scenes}", 3001, c.scenes, (320, 240), c.edge)
    x, y, _ = data.cached(f"methods-{c.scenes}-{size}", lambda: data.load(folder, c))
    labelled = {"synthetic": (x[:c.labelled], y[:c.labelled])}
    unlabelled = {"synthetic": x[c.labelled:]}
    real = data.real_data()
    if real.is_dir():
        held_out = data.split()
        labelled["pairs"] = data.cached(f"pairs-{size}", lambda: data.load(
            real / "tabletop-labelled", c, lambda s: s not in held_out, data.void_zero))[:2]
        rooms = [data.cached(f"{name}-{size}-{labels.edition()}", lambda: data.load(
            real / "recordings" / name, c, data.undrawn(name)))[0] for name in RECORDINGS]
        unlabelled["rooms"] = np.concatenate(rooms)
    return labelled, unlabelled


def tests(c):
    """Test folders by name: (folder, flags of edge eval, keep, relabel, classes of the mean or None for all)."""
    found = {"synthetic": (data.synthetic(f"methodtest{c.tests}", 93001, c.tests, (320, 240), c.edge), [], None, None, None)}
    real = data.real_data()
    if real.is_dir():
        held_out = data.split()
        flags = ["--labels", "label3", "--void", "0", "--split", str(data.SPLIT)]
        found["pairs"] = (real / "tabletop-labelled", flags, lambda s: s in held_out, data.void_zero, [1, 2])
        for room in data.labelled():
            found["rooms/" + room.name] = (room, [], None, None, None)
    return found


def views(x, y, c, rng):
    """One pair moved and cut at random: (clean, with the sensors' flaws, classes)."""
    clean, y = augment.geometry(x, y, rng, c.width, c.height)
    depth = augment.depth_flaws(clean[..., 3], clean[..., :3], y, c, rng)
    color = augment.color_flaws(np.ascontiguousarray(clean[..., :3]), rng)
    lost = rng.random()
    if lost < c.drop_depth:
        depth = np.zeros_like(depth)
    elif lost < c.drop_depth + c.drop_color:
        color = np.zeros_like(color)
    return clean, np.dstack([color, depth]), y


def choose(sources, second, share, rng):
    """The name of the source to draw from: the second with this share, where it is there."""
    return second if second in sources and rng.random() < share else "synthetic"


def draw(c, stage, step, labelled, unlabelled, rank=0):
    """Batch `step` of a stage, from (seed, step, rank) alone, so that a run resumes, and methods see the same pairs."""
    number = step % c.pool
    rng = np.random.default_rng([c.seed, 0, number, rank])
    xs, ys, us, cleans, indices = [], [], [], [], []
    for _ in range(c.batch if stage.labelled else 0):
        inputs, classes = labelled[choose(labelled, "pairs", c.real, rng)]
        i = rng.integers(len(inputs))
        _, x, y = views(inputs[i], classes[i], c, rng)
        xs.append(x)
        ys.append(y)
    rng = np.random.default_rng([c.seed, 1, number, rank])
    for _ in range(c.batch if stage.unlabelled else 0):
        name = choose(unlabelled, "rooms", c.room, rng)
        i = rng.integers(len(unlabelled[name]))
        nothing = np.full(unlabelled[name].shape[1:3], c.void, np.uint8)
        clean, u, _ = views(unlabelled[name][i], nothing, c, rng)
        us.append(u)
        cleans.append(clean)
        indices.append(i + (10 ** 6 if name == "rooms" else 0))

    def tensor(images):  # [N, 4, h, w], channels last in memory
        if not images:
            return None
        return torch.from_numpy(np.stack(images).transpose(0, 3, 1, 2)).to(c.device).float() / 255

    y = torch.from_numpy(np.stack(ys)).to(c.device) if ys else None
    index = torch.tensor(indices, device=c.device) if indices else None
    return Batch(tensor(xs), y, tensor(us), tensor(cleans), index, step)


# Training


def ranks():
    """(this process's rank, how many there are): 0 of 1 without torchrun."""
    world = int(os.environ.get("WORLD_SIZE", 1))
    if world > 1 and not dist.is_initialized():
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    return (dist.get_rank(), world) if world > 1 else (0, 1)


def share_gradients(parameters, world):
    """The mean of the ranks' gradients, so that every rank takes the same step."""
    for p in parameters:
        if p.grad is not None:
            dist.all_reduce(p.grad)
            p.grad /= world


@torch.no_grad()
def average(mean, model, decay):
    """mean ← decay·mean + (1 − decay)·model, batch statistics included."""
    pairs = [(a, b) for a, b in zip(mean.state_dict().values(), model.state_dict().values()) if a.dtype.is_floating_point]
    torch._foreach_lerp_([a for a, _ in pairs], [b for _, b in pairs], 1 - decay)


def fit(c, whole, stages, folder, show=True, sources=None):
    """Runs the stages, resuming from folder/last.pt; returns the module with averaged weights. sources are what sets(c)
    gives, if they are others."""
    rank, world = ranks()
    labelled, unlabelled = sources or sets(c)
    torch.manual_seed(c.seed + 1000 * rank)
    whole.to(c.device, memory_format=torch.channels_last)
    last = Path(folder) / "last.pt"
    state = torch.load(last, map_location=c.device) if last.exists() else None
    mean, total = copy.deepcopy(whole).eval(), 0
    for number, stage in enumerate(stages):
        if state and number < state["stage"]:
            continue
        if stage.begin:
            stage.begin()
        whole.eval()
        stage.module.train()
        parameters = [p for p in stage.module.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(parameters, lr=c.rate, weight_decay=c.decay)
        steps, begin = max(1, round(c.steps * stage.share)), 0
        if state and number == state["stage"]:
            whole.load_state_dict(state["whole"])
            mean.load_state_dict(state["mean"])
            optimizer.load_state_dict(state["optimizer"])
            begin, total = state["step"], state["total"]
            torch.set_rng_state(state["random"].cpu())
        bar = tqdm(range(begin, steps), f"{c.title()} {stage.name}", initial=begin, total=steps,
                   disable=None if show and rank == 0 else True)
        phase = _Phase(steps, c.rate)
        again = functools.cache(lambda step: draw(c, stage, step, labelled, unlabelled, rank))
        for step in bar:
            for group in optimizer.param_groups:
                group["lr"] = train.rate_at(step, phase)
            loss = stage.loss(dataclasses.replace(again(step % c.pool), step=step))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            if world > 1:
                share_gradients(parameters, world)
            torch.nn.utils.clip_grad_norm_(parameters, 5.0)
            optimizer.step()
            total += 1
            average(mean, whole, min(c.average, (1 + total) / (10 + total)))
            if not torch.isfinite(loss):
                raise ValueError(f"experiment: {c.title()}: stage {stage.name}: step {step}: the loss is {loss.item()}")
            if step % 10 == 0:
                bar.set_postfix(loss=f"{loss.item():.3f}")
            if rank == 0 and ((step + 1) % c.every == 0 or step + 1 == steps):
                train.save(str(last), dict(whole=whole.state_dict(), mean=mean.state_dict(), total=total, stage=number,
                                           optimizer=optimizer.state_dict(), step=step + 1, random=torch.get_rng_state()))
        state = None
    if world > 1:
        for tensor in mean.state_dict().values():  # batch statistics are each rank's own
            dist.broadcast(tensor, 0)
    return mean.cpu().eval()


@dataclass
class _Phase:
    steps: int
    rate: float


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
        net = fit(wide, net, [Stage("task", net, lambda b: task(net, b, wide))], folder)
        if ranks()[0] == 0:
            train.save(str(done), net.state_dict())
    net.requires_grad_(False)
    return net.eval().to(c.device)


def run_folder(c):
    return Path(c.folder) / f"{c.title()}-{c.seed}"


# Figures

LOSSES = ("whole", "no_depth", "no_color", "shifted")


def spoil(x, how):
    """A test input with one modality lost, or its depth 3 pixels of the input to the right."""
    x = x.copy()
    if how == "no_depth":
        x[..., 3] = 0
    elif how == "no_color":
        x[..., :3] = 0
    elif how == "shifted":
        x[..., 3:, 3], x[..., :3, 3] = x[..., :-3, 3].copy(), 0
    return x


def predictor(net):
    """uint8 [N, h, w, 4] → uint8 [N, h, w] by a float network."""

    @torch.no_grad()
    def predict(x):
        x = torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2))).float() / 255
        return networks.logits(net, x).argmax(1).byte().numpy()

    return predict


def test_arrays(name, folder, keep, relabel, c):
    """A test folder's inputs uint8 [N, h, w, 4] and its labels at their own size, uint8 [N, H, W]; read once."""

    def make():
        inputs, truths = evaluate.labelled(folder, c, keep, relabel)
        return inputs, np.stack(truths), []

    key = f"{name.replace('/', '-')}-{c.tests if name == 'synthetic' else 'all'}-{c.width}x{c.height}"
    return data.cached("test-" + key, make)[:2]


def figures(net, c, only=None):
    """mIoU in percent of the float network by set: whole, with a modality lost, and with depth shifted. A lost modality is
    left to the part that does without it, where the network has one: what the runtime would do."""
    out = {}
    for name, (folder, _, keep, relabel, _) in tests(c).items():
        if only and name not in only:
            continue
        inputs, truths = test_arrays(name, folder, keep, relabel, c)
        rows = out.setdefault(name.split("/")[0], {how: 0 for how in LOSSES})
        for how in LOSSES:
            lost = {"no_depth": "depth", "no_color": "color"}.get(how)
            part = net.without(lost) if lost and hasattr(net, "without") else net
            if lost and lost in part.takes and len(part.takes) == 1:
                part = None  # nothing is left to see
            predict = predictor(part) if part else lambda x: np.zeros(x.shape[:3], np.uint8)
            maps = [predict(spoil(inputs[i:i + 16], how)) for i in range(0, len(inputs), 16)]
            for classes_map, truth in zip(np.concatenate(maps), truths):
                bigger = evaluate.enlarge(classes_map, truth.shape[1], truth.shape[0])
                rows[how] = rows[how] + evaluate.confusion(bigger, truth, len(c.classes), c.void)
    keep = {name: classes for name, (*_, classes) in tests(c).items()}
    return {name: {how: round(evaluate.mean_iou(m, keep.get(name)), 2) for how, m in rows.items()} for name, rows in out.items()}


def int8_figures(path, c):
    """mIoU in percent of the exported file by set, by the edge binary. Folders of equal flags are read in one call."""
    groups = {}
    for name, (folder, flags, _, _, classes) in tests(c).items():
        groups.setdefault(name.split("/")[0], ([], flags, classes))[0].append(str(folder))
    out = {}
    for name, (folders, flags, classes) in groups.items():
        matrix = np.array(evaluate.edge(c.edge, path, folders, *flags, "--threads", "1")["confusion"])[:, :len(c.classes)]
        out[name] = round(evaluate.mean_iou(matrix, classes), 2)
    return out


# The whole way


def calibration(c):
    """Pairs for quantization calibration: labelled and unlabelled, some without depth, some without colour."""
    labelled, unlabelled = sets(c)
    rng = np.random.default_rng(c.seed)
    pool = [x for x, _ in labelled.values()] + list(unlabelled.values())
    share = max(1, c.calibration // len(pool))
    inputs = np.concatenate([x[rng.choice(len(x), min(share, len(x)), replace=False)] for x in pool])
    inputs[::8, ..., 3] = 0
    inputs[4::8, ..., :3] = 0
    return inputs


def ship(net, c, method, path):
    """Quantises and seals the student: an int8 ONNX file with metadata at path."""
    graph = export.float_model(net, c)
    quantised = quantise.quantise(graph, calibration(c), "minmax", c)
    entries = export.metadata(c, "synthetic scenes, labelled pairs, recordings", 0, 0, net)
    entries.update(name=c.title(), method=method)
    path.write_bytes(export.seal(quantised, entries))
    return entries


def run(c, make, method):
    """Trains, ships and measures one student; returns its card. What is done already is not done again."""
    folder = run_folder(c)
    folder.mkdir(parents=True, exist_ok=True)
    card = folder / "card.json"
    rank, _ = ranks()
    if card.exists():
        return json.loads(card.read_text())
    if rank == 0:
        print(show(c), flush=True)
    torch.manual_seed(c.seed)
    whole, stages, student = make(c, lambda takes: teacher(c, takes))
    torch.manual_seed(c.seed)
    net = student(fit(c, whole, stages, folder)).eval()
    if rank != 0:
        return None
    path = folder / "student.onnx"
    figs = figures(net, c)
    ship(net, c, method, path)
    content = dict(name=c.title(), method=method, seed=c.seed, takes=list(net.takes), macs=students.macs(net, c.width, c.height),
                   parameters=sum(p.numel() for p in net.parameters()), bytes=path.stat().st_size,
                   stages=[dict(name=s.name, steps=max(1, round(c.steps * s.share))) for s in stages],
                   float=figs, int8=int8_figures(path, c), sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
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
