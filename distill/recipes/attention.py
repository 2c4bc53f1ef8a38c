"""Attention transfer: a fused or a colour student looks where a wider fused teacher looks, at three depths."""

from distill import experiment, networks
from distill.methods import attention

VARIANTS = ("pixels", "color")


def config():
    return experiment.Experiment(name="attention", method="attention transfer from a wider fused teacher")


def make(c, teach):
    if c.variant != "pixels":
        c.drop_depth = c.drop_color = 0.0
    net, teacher = networks.single(c, c.variant), teach("pixels")

    def loss(b):
        maps = net.encode(*networks.split(b.x, net.takes))
        return experiment.task(net, b, c) + 0.5 * attention.loss(list(maps), list(teacher.encode(b.x)))

    return net, [experiment.Stage("task", net, loss)], lambda whole: whole
