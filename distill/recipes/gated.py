"""Gated fusion: at every stage depth's features pass a squeeze-excite gate and join colour's."""

from distill import experiment, networks
from distill.methods import gated


def config():
    return experiment.Experiment(name="gated", method="squeeze-excite gated fusion")


def make(c, teach):
    net = networks.TwoBranch(c, [gated.GatedFusion(n) for n in c.channels[1:]], progressive=True)
    return net, [experiment.Stage("task", net, lambda b: experiment.task(net, b, c))], lambda whole: whole
