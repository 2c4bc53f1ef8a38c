"""Coordinated representations: two networks kept apart, their deepest features pulled together."""

from distill import experiment, networks
from distill.methods import coordinated

VARIANTS = ("cosine", "l2", "correlation")


def config():
    return experiment.Experiment(name="coordinated", method="coordinated features")


def make(c, teach):
    net = networks.Peers(c)
    weight = {"cosine": 0.2, "l2": 0.02, "correlation": 0.2}[c.variant]

    def loss(b):
        maps = [peer.encode(part) for peer, part in zip((net.color, net.depth), networks.split(b.x, net.takes))]
        near = coordinated.similarity(*[coordinated.pixels(m[2]) for m in maps], c.variant)
        return experiment.peers(net, b, c, maps) + weight * near

    return net, [experiment.Stage("task", net, loss)], lambda whole: whole
