"""Supervision transfer: a depth student learns a frozen colour teacher's features on unlabelled pairs, then its labels."""

from torch import nn

from distill import experiment, networks
from distill.methods import transfer


def config():
    return experiment.Experiment(name="transfer", method="cross-modal supervision transfer", drop_depth=0.0, drop_color=0.0)


class Transferred(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.net = networks.single(c, "depth")
        self.project = nn.Conv2d(c.channels[3], c.teacher_channels[3], 1)
        self.body = nn.ModuleList([self.net.stem, self.net.stage4, self.net.stage8, self.net.stage16, self.project])


def make(c, teach):
    whole, teacher = Transferred(c), transfer.freeze(teach("color"))
    net = whole.net

    def imitate(b):
        return transfer.loss(net.encode(b.u[:, 3:])[2], teacher.encode(b.clean[:, :3])[2], whole.project)

    stages = [experiment.Stage("transfer", whole.body, imitate, 0.4, labelled=False, unlabelled=True),
              experiment.Stage("task", net, lambda b: experiment.task(net, b, c), 0.6)]
    return whole, stages, lambda w: w.net
