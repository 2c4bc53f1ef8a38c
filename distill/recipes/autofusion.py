"""Auto-Fusion: the deepest features squeezed into a code that can be decoded into both again."""

from distill import experiment, networks


def config():
    return experiment.Experiment(name="autofusion", method="auto-fusion")


def make(c, teach):
    deep = networks.AutoJoin(c.channels[3])
    net = networks.TwoBranch(c, [networks.Sum(), networks.Sum(), deep])

    def loss(b):
        color, depth = net.branches(*networks.split(b.x, net.takes))[2]
        reconstruction = deep.reconstruction(color.detach(), depth.detach())  # else features shrink to please it
        return experiment.task(net, b, c) + 0.1 * reconstruction / (2 * c.channels[3])

    return net, [experiment.Stage("task", net, loss)], lambda whole: whole
