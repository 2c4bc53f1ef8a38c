"""Early fusion: colour and depth are the four channels of one input."""

from distill import experiment, networks


def config():
    return experiment.Experiment(name="early", method="early fusion, from scratch")


def make(c, teach):
    net = networks.single(c, "pixels")
    return net, [experiment.Stage("task", net, lambda b: experiment.task(net, b, c))], lambda whole: whole
