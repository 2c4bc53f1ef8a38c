"""DCCA: two networks kept apart, the canonical correlation of their deepest features raised."""

from torch import nn

from distill import experiment, networks
from distill.methods import coordinated


def config():
    return experiment.Experiment(name="dcca", method="deep canonical correlation analysis")


class Projected(nn.Module):
    """The peers, and narrow views of their features that are correlated; only the peers are shipped."""

    def __init__(self, c, width=8):
        super().__init__()
        self.peers = networks.Peers(c)
        self.views = nn.ModuleList([nn.Conv2d(c.channels[3], width, 1) for _ in range(2)])


def make(c, teach):
    whole = Projected(c)
    net = whole.peers

    def loss(b):
        maps = [peer.encode(part) for peer, part in zip((net.color, net.depth), networks.split(b.x, net.takes))]
        views = [coordinated.pixels(view(m[2])).double() for view, m in zip(whole.views, maps)]
        return experiment.peers(net, b, c, maps) - 0.02 * coordinated.dcca(*views, r=1e-2).float()

    return whole, [experiment.Stage("task", whole, loss)], lambda w: w.peers
