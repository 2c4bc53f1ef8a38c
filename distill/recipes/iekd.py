"""IE-KD: half of the student's channels inherit the teacher's features, the other half explore away from them."""

from torch import nn

from distill import experiment, networks
from distill.methods import inherit


def config():
    return experiment.Experiment(name="iekd", method="inheritance and exploration")


class Halves(nn.Module):
    """The student, and encoders to factors of one size; the teacher's encoder also decodes, so that its factor says
    something. Only the student is shipped."""

    def __init__(self, c, factor=16):
        super().__init__()
        self.net = networks.single(c, "pixels")
        self.inherited = inherit.FactorEncoder(c.channels[3] // 2, factor)
        self.explored = inherit.FactorEncoder(c.channels[3] // 2, factor)
        self.teacher = inherit.FactorEncoder(c.teacher_channels[3], factor)
        self.decode = nn.Conv2d(factor, c.teacher_channels[3], 1)


def make(c, teach):
    whole, teacher = Halves(c), teach("pixels")
    net = whole.net

    def loss(b):
        f4, f8, f16 = net.encode(b.x)
        hint = teacher.encode(b.x)[2]
        factor = whole.teacher(hint)  # learns by reconstruction alone
        halves = inherit.split(f16)
        near = inherit.inheritance_loss(whole.inherited(halves[0]), factor)
        far = inherit.exploration_loss(whole.explored(halves[1]), factor)
        again = (whole.decode(factor) - hint).square().mean()
        return experiment.task(net, b, c) + 0.01 * near + 0.01 * far + again

    return whole, [experiment.Stage("task", whole, loss)], lambda w: w.net
