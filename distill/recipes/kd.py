"""KD: a wider fused teacher's softened logits beside the labels."""

from distill import experiment, networks
from distill.methods import kd


def config():
    return experiment.Experiment(name="kd", method="knowledge distillation from a wider fused teacher")


def make(c, teach):
    net, teacher = networks.single(c, "pixels"), teach("pixels")

    def loss(b):
        return experiment.task(net, b, c) + 0.25 * kd.kd_loss(networks.logits(net, b.x), networks.logits(teacher, b.x), 2.0)

    return net, [experiment.Stage("task", net, loss)], lambda whole: whole
