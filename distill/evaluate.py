"""Figures: confusion matrices of a student over folders of labelled pairs, at the labels' own size, as `edge eval` does."""

import json
import subprocess

import numpy as np
import torch

from distill import data, preprocess, students


def enlarge(classes, width, height):
    """A class map at another size, nearest: uint8 [height, width]."""
    return preprocess.resize_labels(classes, width, height)


def confusion(predicted, truth, count, void=255):
    """Pixels of true class i (row) called j (column): int64 [count, count]; void is left out."""
    known = truth != void
    index = truth[known].astype(np.int64) * count + predicted[known]
    return np.bincount(index, minlength=count * count).reshape(count, count)


def ious(matrix):
    """Intersection over union of each class; nan for a class that is neither there nor predicted."""
    hit = np.diag(matrix).astype(np.float64)
    union = matrix.sum(0) + matrix.sum(1) - hit
    return np.where(union > 0, hit / np.maximum(union, 1), np.nan)


def mean_iou(matrix, classes=None):
    """Mean IoU in percent over the given classes, or all."""
    values = ious(matrix)
    return float(100 * np.nanmean(values if classes is None else values[classes]))


def torch_predictor(model, device="cpu"):
    """inputs uint8 [N, h, w, 4] → classes uint8 [N, h, w] by a PyTorch student, which gets the planes that it reads."""
    planes = students.planes(model.stem[0].in_channels)

    def predict(inputs):
        inputs = inputs[..., planes]
        x = torch.from_numpy(np.ascontiguousarray(inputs.transpose(0, 3, 1, 2))).to(device)
        with torch.no_grad():
            return model(x.float() / 255).argmax(1).byte().cpu().numpy()

    return predict


def onnx_predictor(path, threads=1):
    """inputs uint8 [N, h, w, 4] → classes uint8 [N, h, w] by onnxruntime, one pair at a time, the planes that it reads."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name, planes = session.get_inputs()[0].name, students.planes(session.get_inputs()[0].shape[1])

    def predict(inputs):
        inputs = inputs[..., planes]
        maps = [session.run(None, {name: np.ascontiguousarray(x.transpose(2, 0, 1)[None])})[0] for x in inputs]
        return np.stack([m.reshape(inputs.shape[1:3]) for m in maps])

    return predict


def labelled(folder, config, keep=None, relabel=None):
    """A folder for evaluation: inputs uint8 [N, h, w, 4] and the labels at their own size, a list of uint8 [H, W]."""
    inputs, _, stems = data.load(folder, config, keep, relabel, show=False)
    files = {stem: label for stem, _, _, label in data.pairs(folder)}
    truths = [data.read(files[s]) for s in stems]
    if relabel:
        truths = [relabel(t, t.shape) for t in truths]
    return inputs, truths


def score(predict, inputs, truths, config, lose=None):
    """The confusion matrix over a set; lose is None, "depth" or "color"."""
    matrix = np.zeros((len(config.classes),) * 2, np.int64)
    for x, truth in zip(inputs, truths):
        x = x.copy()
        if lose == "depth":
            x[..., 3] = 0
        elif lose == "color":
            x[..., :3] = 0
        classes = predict(x[None])[0]
        matrix += confusion(enlarge(classes, truth.shape[1], truth.shape[0]), truth, len(config.classes), config.void)
    return matrix


def table(predict, sets, config):
    """Figures of one student over sets {name: (inputs, truths, classes)}: mIoU in percent, whole and with a modality lost.

    classes are the indices that the mean is over; None means all.
    """
    figures = {}
    for name, (inputs, truths, classes) in sets.items():
        row = {}
        for lose in (None, "depth", "color"):
            matrix = score(predict, inputs, truths, config, lose)
            row[{None: "miou", "depth": "no_depth", "color": "no_color"}[lose]] = round(mean_iou(matrix, classes), 1)
            if lose is None:
                row["iou"] = {c: None if np.isnan(v) else round(100 * v, 1)
                              for c, v in zip(config.classes, ious(matrix))}
        figures[name] = {"frames": len(truths), **row}
    return figures


def edge(binary, model, folders, *flags):
    """What `edge eval --json` says of a model on a folder, or a list of them: its "total"."""
    folders = [str(f) for f in folders] if isinstance(folders, (list, tuple)) else [str(folders)]
    out = subprocess.run([binary, "eval", *folders, "--model", str(model), "--json", *flags], check=True, capture_output=True)
    return json.loads(out.stdout)["results"][0]["total"]
