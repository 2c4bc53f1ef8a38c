"""Figures of an experiment's student: the float network on tests with a modality lost or shifted, the int8 file by `edge eval`."""

import numpy as np
import torch

from distill import data, evaluate, networks, pool

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
    for name, (folder, _, keep, relabel, _) in pool.tests(c).items():
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
    keep = {name: classes for name, (*_, classes) in pool.tests(c).items()}
    return {name: {how: round(evaluate.mean_iou(m, keep.get(name)), 2) for how, m in rows.items()} for name, rows in out.items()}


def int8_figures(path, c):
    """mIoU in percent of the exported file by set, by the edge binary. Folders of equal flags are read in one call."""
    groups = {}
    for name, (folder, flags, _, _, classes) in pool.tests(c).items():
        groups.setdefault(name.split("/")[0], ([], flags, classes))[0].append(str(folder))
    out = {}
    for name, (folders, flags, classes) in groups.items():
        matrix = np.array(evaluate.edge(c.edge, path, folders, *flags, "--threads", "1")["confusion"])[:, :len(c.classes)]
        out[name] = round(evaluate.mean_iou(matrix, classes), 2)
    return out
