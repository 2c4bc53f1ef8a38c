"""GAN-Fusion: a generator per modality learns to make what Auto-Fusion makes of the other modality."""

from distill import experiment, networks


def config():
    return experiment.Experiment(name="ganfusion", method="GAN-fusion")


def make(c, teach):
    deep = networks.GanJoin(c.channels[3])
    net = networks.TwoBranch(c, [networks.Sum(), networks.Sum(), deep])

    def loss(b):
        color, depth = net.branches(*networks.split(b.x, net.takes))[2]
        return experiment.task(net, b, c) + 0.05 * deep.losses(color, depth)

    return net, [experiment.Stage("task", net, loss)], lambda whole: whole
