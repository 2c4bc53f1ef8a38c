"""Domain adaptation on pairs: the means and covariances of both modalities' features are matched (CORAL)."""

from distill import experiment, networks
from distill.methods import adaptation, coordinated


def config():
    return experiment.Experiment(name="adaptation", method="paired moment matching (CORAL)")


def make(c, teach):
    net = networks.Peers(c)

    def loss(b):
        maps = [peer.encode(part) for peer, part in zip((net.color, net.depth), networks.split(b.x, net.takes))]
        other = [peer.encode(part)[2] for peer, part in zip((net.color, net.depth), networks.split(b.u, net.takes))]
        apart = adaptation.coral(*[coordinated.pixels(m) for m in other])
        return experiment.peers(net, b, c, maps) + 0.2 * apart

    return net, [experiment.Stage("task", net, loss, unlabelled=True)], lambda whole: whole
