"""Folders of pairs → arrays of the student's own bytes, prepared once and read from memory while training."""

from contextlib import contextmanager
import fcntl
import json
import os
from pathlib import Path
import shutil
import subprocess

import numpy as np
from PIL import Image
import torch
from tqdm import tqdm

from distill import augment, labels, preprocess

ROOT = Path(__file__).resolve().parents[1]
WORK = Path(__file__).resolve().parent / "data"  # caches and synthetic recordings, not in the repository
SPLIT = Path(__file__).resolve().parent / "splits" / "tabletop.json"


def real_data():
    """The folder of real recordings and labelled pairs: $DEPTHWISE_DATA, else ../shared/data beside the repository."""
    return Path(os.environ.get("DEPTHWISE_DATA", ROOT.parent / "shared" / "data"))


def pairs(folder):
    """(stem, colour file, depth file, label file or None) of every colour image, in order of its name."""
    folder = Path(folder)

    def first(*names):
        return next((folder / n for n in names if (folder / n).is_dir()), None)

    color, depth = first("color", "rgb"), first("depth")
    truth = first("label3", "label8", "labels", "label")
    if color is None or depth is None:
        raise FileNotFoundError(f"data: {folder}: no color/ (or rgb/) and depth/")
    found = []
    for image in sorted(color.iterdir()):
        reading = depth / (image.stem + ".png")
        if image.suffix.lower() not in (".png", ".jpg", ".jpeg") or not reading.exists():
            continue
        label = truth / (image.stem + ".png") if truth else None
        found.append((image.stem, image, reading, label if label and label.exists() else None))
    if not found:
        raise FileNotFoundError(f"data: {folder}: no colour image with a depth image of its name")
    return found


def depth_scale(folder):
    """Metres per unit: calibration.json's, else a millimetre."""
    path = Path(folder) / "calibration.json"
    if not path.exists():
        return 0.001
    return float(json.loads(path.read_text()).get("depth_scale", 0.001))


def load(folder, config, keep=None, relabel=None, show=True):
    """A folder's pairs as the student's bytes: uint8 [N, h, w, 4], classes uint8 [N, h, w] and the stems.

    keep(stem) chooses pairs; relabel(classes or None, shape) → classes maps what is stored to the student's classes.
    """
    table = preprocess.depth_table(config.depth_kind, config.depth_near, config.depth_far, depth_scale(folder))
    chosen = [p for p in pairs(folder) if keep is None or keep(p[0])]
    inputs = np.zeros((len(chosen), config.height, config.width, 4), np.uint8)
    classes = np.full(inputs.shape[:3], config.void, np.uint8)
    for i, (_, color, depth, label) in enumerate(tqdm(chosen, Path(folder).name, disable=None if show else True)):
        inputs[i] = preprocess.fuse(read(color), read(depth), table, config.width, config.height)
        truth = read(label) if label else None
        if relabel:
            truth = relabel(truth, inputs.shape[1:3])
        if truth is not None:
            classes[i] = preprocess.resize_labels(truth, config.width, config.height)
    return inputs, classes, [p[0] for p in chosen]


def read(path):
    """An image as an array: uint8 [H, W, 3], or its own type [H, W] when it has one channel."""
    with Image.open(path) as image:
        if image.mode in ("L", "P", "I", "I;16", "I;16B"):
            return np.asarray(image)
        return np.asarray(image.convert("RGB"))


def void_zero(truth, shape):
    """The labelled pairs' 0 means "not labelled"."""
    return np.where(truth == 0, 255, truth).astype(np.uint8)


def all_background(truth, shape):
    """For recordings that show no table top at all."""
    return np.zeros(shape, np.uint8)


def split():
    return set(json.loads(SPLIT.read_text())["validation"])


@contextmanager
def alone(path):
    """Lets one process at a time make what belongs at path: those of torchrun begin together, and need the same data."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.with_name(path.name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def cached(name, make):
    """(inputs, classes, stems) from distill/data/cache/name.npz, made when missing."""
    path = WORK / "cache" / f"{name}.npz"
    with alone(path):
        if not path.exists():
            inputs, classes, stems = make()
            part = path.with_suffix(".part.npz")
            np.savez(part, inputs=inputs, classes=classes, stems=np.array(stems))
            part.rename(path)
    with np.load(path) as stored:
        return stored["inputs"], stored["classes"], [str(s) for s in stored["stems"]]


def synthetic(name, seed, frames, size, edge, scene="mixed", labels="tabletop"):
    """A recording of our own synthetic camera, one new scene per frame, made by `edge record` when missing."""
    folder = WORK / "synth" / f"{name}-{seed}"
    with alone(folder):
        if folder.exists():
            return folder
        part = folder.with_name(folder.name + ".part")
        shutil.rmtree(part, ignore_errors=True)  # of a run that was broken off
        source = f"synth:seed={seed},scene={scene},cut=1,frames={frames},width={size[0]},height={size[1]}"
        source += "" if labels == "tabletop" else f",labels={labels}"
        command = [edge, "record", source, "--labels", "--register", "-q", "-o", str(part)]
        subprocess.run(command, check=True)
        part.rename(folder)
    return folder


def undrawn(recording):
    """keep of load, for training on labels that are made for a whole recording, or on none: the frames that nobody
    labelled by hand. Those that were validate, or are taught with their own labels."""
    by_hand = labels.drawn(recording, (*labels.HELD_OUT, labels.TAUGHT))
    return lambda stem: stem not in by_hand


def labelled(path=labels.ROOMS, edge="bin/edge"):
    """The hand-labelled frames of a file, one folder per recording."""
    out = WORK / f"{path.stem}-{labels.edition()}"
    with alone(out):
        return labels.export(real_data() / "recordings", out, path, edge)


def taught(config):
    """The hand-labelled frames that are there to train on, all recordings in one: as load gives them."""
    found = [load(folder, config, show=False) for folder in labelled(labels.TAUGHT)]
    return np.concatenate([x for x, _, _ in found]), np.concatenate([y for _, y, _ in found]), sum((s for *_, s in found), [])


class Batches(torch.utils.data.Dataset):
    """Batch number `step` of a phase, drawn and augmented from (seed, phase, step) alone, so that training resumes."""

    def __init__(self, config, phase, index, sources, donors):
        self.config, self.phase, self.index = config, phase, index
        self.sources, self.donors = sources, donors  # name → (inputs, classes); objects to paste
        self.names = [n for n in phase.mix if n in sources]
        share = np.array([phase.mix[n] for n in self.names], np.float64)
        self.share = share / share.sum()

    def __len__(self):
        return self.phase.steps

    def __getitem__(self, step):
        rng = np.random.default_rng([self.config.seed, self.index, step])
        inputs, classes = [], []
        for name in rng.choice(self.names, self.phase.batch, p=self.share):
            x, y = self.sources[name]
            i = rng.integers(len(x))
            a, b = augment.pair(x[i], y[i], name, self.donors, self.config, rng, self.phase.width, self.phase.height)
            inputs.append(a)
            classes.append(b)
        x = torch.from_numpy(np.stack(inputs).transpose(0, 3, 1, 2))  # [N, 4, h, w] uint8, channels last in memory
        return x, torch.from_numpy(np.stack(classes))  # [N, h, w] uint8
