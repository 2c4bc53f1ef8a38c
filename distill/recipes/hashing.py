"""Multi-modal hashing: beside the mask a 64-bit code of each modality's view, near for views of one place."""

from distill import experiment, networks
from distill.methods import hashing


def config():
    return experiment.Experiment(name="hashing", method="cross-modal hashing beside segmentation")


def make(c, teach):
    net = networks.Hashed(c)

    def loss(b):
        _, f = net.both(*networks.split(b.u, net.takes))
        _, g = net.both(*networks.split(b.clean, net.takes))  # another view of the same frames
        same = (b.index[:, None] == b.index[None]).float()  # [N, N]
        codes = hashing.loss(f["color"], g["depth"], same) + hashing.loss(g["color"], f["depth"], same)
        return experiment.task(net, b, c) + 0.2 * codes

    return net, [experiment.Stage("task", net, loss, unlabelled=True)], lambda whole: whole
