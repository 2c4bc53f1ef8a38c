"""Hashing for lookup: the codes learn to tell the frames of a large batch apart, first alone, then beside the mask."""

from distill import experiment, networks
from distill.methods import hashing
from distill.recipes.hashing import across


def config():
    return experiment.Experiment(name="places", method="cross-modal hashing by contrast beside segmentation", batch=24, steps=900,
                                 pool=200, rate=4e-3)


def make(c, teach):
    net = networks.Hashed(c)

    def apart(x, y, same):
        near = hashing.quantisation(x, y, hashing.codes(x, y).detach())
        return hashing.contrast(x, y, same) + 0.02 * near + hashing.balance(x, y)

    def loss(b):
        return experiment.task(net, b, c) + across(net, b, apart)

    stages = [experiment.Stage("task", net, lambda b: experiment.task(net, b, c), 0.25),
              experiment.Stage("places", net, loss, 0.75, unlabelled=True)]
    return net, stages, lambda whole: whole
