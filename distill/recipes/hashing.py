"""Multi-modal hashing: beside the mask a 64-bit code of each modality's view, near for views of one place."""

from distill import experiment, networks
from distill.methods import hashing


def config():
    return experiment.Experiment(name="hashing", method="cross-modal hashing beside segmentation")


def across(net, b, apart):
    """apart(colour codes, depth codes, same) of two views of the batch's frames, colour of each beside depth of the other.
    Codes are [N, bits]; same [N, N] is 1 where two are of one frame."""
    _, f = net.both(*networks.split(b.u, net.takes))
    _, g = net.both(*networks.split(b.clean, net.takes))
    same = (b.index[:, None] == b.index[None]).float()
    return apart(f["color"], g["depth"], same) + apart(g["color"], f["depth"], same)


def make(c, teach):
    net = networks.Hashed(c)
    stage = experiment.Stage("task", net, lambda b: experiment.task(net, b, c) + 0.2 * across(net, b, hashing.loss), unlabelled=True)
    return net, [stage], lambda whole: whole
