"""Late fusion: two networks, their logits or probabilities averaged; each is trained on its own labels too."""

import torch

from distill import experiment, networks, train

VARIANTS = ("logits", "probabilities")


def config():
    return experiment.Experiment(name="late", method="late fusion")


def make(c, teach):
    net = networks.Peers(c, c.variant)

    def loss(b):
        joint = networks.logits(net, b.x)
        if c.variant == "probabilities":
            joint = torch.log(joint.clamp_min(1e-6))  # softmax of it is the mean of the probabilities
        alone = [train.loss_of(networks.logits(peer, b.x), b.y, c) for peer in (net.color, net.depth)]
        return train.loss_of(joint, b.y, c) + 0.5 * sum(alone)

    return net, [experiment.Stage("task", net, loss)], lambda whole: whole
