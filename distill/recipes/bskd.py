"""BSKD: KD on inputs pushed to the teacher's decision boundary, beside the clean ones."""

from distill import experiment, networks
from distill.methods import boundary, kd


def config():
    return experiment.Experiment(name="bskd", method="distillation with boundary-supporting samples")


def make(c, teach):
    net, teacher = networks.single(c, "pixels"), teach("pixels")

    def loss(b):
        clean = kd.kd_loss(networks.logits(net, b.x), networks.logits(teacher, b.x), 2.0)
        total = experiment.task(net, b, c) + 0.25 * clean
        if b.step % 8 == 0:  # a push costs several passes of the teacher: two pairs of every eighth batch
            pushed = boundary.boundary_samples(lambda x: networks.logits(teacher, x), b.x[:2], steps=5, step_size=1.0)
            total = total + 0.25 * kd.kd_loss(networks.logits(net, pushed), networks.logits(teacher, pushed), 2.0)
        return total

    return net, [experiment.Stage("task", net, loss)], lambda whole: whole
