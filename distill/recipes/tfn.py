"""TFN: the outer product of both modalities' deepest features, pixel by pixel."""

from distill import experiment, networks
from distill.methods import tensor


def config():
    return experiment.Experiment(name="tfn", method="tensor fusion network")


def make(c, teach):
    deep = tensor.PixelFusion(c.channels[3], c.channels[3], c.channels[3], reduced=12)
    net = networks.TwoBranch(c, [networks.Sum(), networks.Sum(), deep])
    return net, [experiment.Stage("task", net, lambda b: experiment.task(net, b, c))], lambda whole: whole
