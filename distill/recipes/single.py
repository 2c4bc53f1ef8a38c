"""One modality alone, from scratch: what every method with two has to beat."""

from distill import experiment, networks

VARIANTS = ("color", "depth")


def config():
    return experiment.Experiment(name="single", method="one modality, from scratch", drop_depth=0.0, drop_color=0.0)


def make(c, teach):
    net = networks.single(c, c.variant)
    return net, [experiment.Stage("task", net, lambda b: experiment.task(net, b, c))], lambda whole: whole
