"""MKE: a colour teacher's pseudo-labels of unlabelled pairs teach a fused student, which must agree with itself."""

from distill import experiment, networks
from distill.methods import expansion


def config():
    return experiment.Experiment(name="mke", method="multimodal knowledge expansion")


def make(c, teach):
    net, teacher = networks.single(c, "pixels"), teach("color")

    def loss(b):
        pseudo = expansion.pseudo_labels(lambda x: networks.logits(teacher, x), b.clean[:, :3], confidence=0.6)
        unlabelled = expansion.loss(networks.logits(net, b.clean), networks.logits(net, b.u), pseudo)
        return experiment.task(net, b, c) + unlabelled

    return net, [experiment.Stage("task", net, loss, unlabelled=True)], lambda whole: whole
