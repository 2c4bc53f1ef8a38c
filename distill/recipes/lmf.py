"""LMF: the tensor fusion of the deepest features in low rank, without forming the tensor."""

from distill import experiment, networks
from distill.methods import tensor


def config():
    return experiment.Experiment(name="lmf", method="low-rank multimodal fusion")


def make(c, teach):
    deep = tensor.PixelFusion(c.channels[3], c.channels[3], c.channels[3], reduced=12, rank=4)
    net = networks.TwoBranch(c, [networks.Sum(), networks.Sum(), deep])
    return net, [experiment.Stage("task", net, lambda b: experiment.task(net, b, c))], lambda whole: whole
