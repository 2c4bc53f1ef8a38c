"""What every method of an experiment trains and is tested on: synthetic scenes, labelled pairs and recordings, drawn by seed
and step alone, so that methods see the same pairs."""

from dataclasses import dataclass

import numpy as np
import torch

from distill import augment, data, labels, quantise

RECORDINGS = ("kitchen", "table", "cup", "corridor")  # unlabelled pairs; frames that validate are left out


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


def calibration(c):
    """Pairs for quantization calibration: labelled and unlabelled, some without depth, some without colour."""
    labelled, unlabelled = sets(c)
    return quantise.sample([x for x, _ in labelled.values()] + list(unlabelled.values()), c.calibration, c.seed, colorless=8)
