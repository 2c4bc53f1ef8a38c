"""FitNet: first the lower student fits a wider teacher's features through a regressor, then KD."""

from torch import nn

from distill import experiment, networks
from distill.methods import fitnet, kd


def config():
    return experiment.Experiment(name="fitnet", method="FitNet: hints, then knowledge distillation")


class Guided(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.net = networks.single(c, "pixels")
        self.regressor = fitnet.Regressor(c.channels[2], c.teacher_channels[2])  # thrown away after stage 1
        self.lower = nn.ModuleList([self.net.stem, self.net.stage4, self.net.stage8, self.regressor])


def make(c, teach):
    whole, teacher = Guided(c), teach("pixels")
    net = whole.net

    def hint(b):
        guided = net.stage8(net.stage4(net.stem(b.x)))
        return fitnet.hint_loss(teacher.encode(b.x)[1], guided, whole.regressor)

    def loss(b):
        return experiment.task(net, b, c) + 0.25 * kd.kd_loss(networks.logits(net, b.x), networks.logits(teacher, b.x), 2.0)

    stages = [experiment.Stage("hint", whole.lower, hint, 0.25), experiment.Stage("kd", net, loss, 0.75)]
    return whole, stages, lambda w: w.net
