"""Deep mutual learning: a colour and a depth network teach each other while both learn from the labels."""

from distill import experiment, networks, train
from distill.methods import mutual


def config():
    return experiment.Experiment(name="dml", method="deep mutual learning across modalities")


def make(c, teach):
    net = networks.Peers(c)

    def loss(b):
        color, depth = [networks.logits(peer, b.x) for peer in (net.color, net.depth)]
        alone = train.loss_of(color, b.y, c) + train.loss_of(depth, b.y, c)
        return alone + mutual.divergence(color, depth) + mutual.divergence(depth, color)

    return net, [experiment.Stage("task", net, loss)], lambda whole: whole
