"""Hashing for lookup: the codes learn to tell the frames of a large batch apart, first alone, then beside the mask."""

from distill import experiment, networks
from distill.methods import hashing


def config():
    return experiment.Experiment(name="places", method="cross-modal hashing by contrast beside segmentation", batch=24, steps=900,
                                 pool=200, rate=4e-3)


def make(c, teach):
    net = networks.Hashed(c)

    def codes(b):
        _, f = net.both(*networks.split(b.u, net.takes))
        _, g = net.both(*networks.split(b.clean, net.takes))  # another view of the same frames
        same = (b.index[:, None] == b.index[None]).float()  # [N, N]

        def apart(x, y):
            near = hashing.quantisation(x, y, hashing.codes(x, y).detach())
            return hashing.contrast(x, y, same) + 0.02 * near + hashing.balance(x, y)

        return apart(f["color"], g["depth"]) + apart(g["color"], f["depth"])

    stages = [experiment.Stage("task", net, lambda b: experiment.task(net, b, c), 0.25),
              experiment.Stage("places", net, lambda b: experiment.task(net, b, c) + codes(b), 0.75, unlabelled=True)]
    return net, stages, lambda whole: whole
