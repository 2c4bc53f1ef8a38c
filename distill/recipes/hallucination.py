"""Hallucination: a branch that sees colour alone imitates a depth branch, and is shipped in its place."""

from torch import nn
import torch.nn.functional as F

from distill import experiment, students, train
from distill.methods import hallucination


def config():
    return experiment.Experiment(name="hallucination", method="modality hallucination", drop_depth=0.0, drop_color=0.0)


class Lower(students.Encoder):
    """Down to the tie, which is the map at stride 16; the others go up beside it."""

    def forward(self, x):
        return self.encode(x)


class Upper(students.Student):
    """From the tie to logits at stride 4."""

    def __init__(self, c):
        super().__init__(len(c.classes), c.channels, c.decoder, c.expand, c.dilations)
        del self.stem, self.stage4, self.stage8, self.stage16

    def forward(self, maps):
        return self.decode(*maps)


class Shipped(nn.Module):
    """Colour in, logits out."""

    takes = ("color",)

    def __init__(self, model):
        super().__init__()
        self.student = model.student()

    def features(self, color):
        return self.student(color)


def make(c, teach):
    rgb, depth = (hallucination.Branch(Lower(c.channels, c.expand, c.dilations, n), Upper(c)) for n in (3, 1))
    gray = nn.Conv2d(3, 1, 1)  # colour to the one channel that the depth branch reads; begins as the mean
    nn.init.constant_(gray.weight, 1 / 3)
    nn.init.zeros_(gray.bias)
    whole = hallucination.Hallucination(rgb, depth, gray)
    single = nn.ModuleList([whole.rgb, whole.depth])

    def release():
        whole.depth.lower.requires_grad_(True)

    def tie():
        whole.depth.lower.requires_grad_(False)
        whole.hallucination.load_state_dict(whole.depth.state_dict())

    def large(logits):
        return F.interpolate(logits, scale_factor=4.0, mode="bilinear", align_corners=False)

    def alone(b):
        pairs = (whole.rgb, b.x[:, :3]), (whole.depth, b.x[:, 3:])
        return sum(train.loss_of(large(branch(x)[1]), b.y, c) for branch, x in pairs)

    def joint(b):
        out = whole(b.x[:, :3], b.x[:, 3:])
        out["tie_d"], out["tie_h"] = out["tie_d"][2], out["tie_h"][2]
        return hallucination.total(hallucination.losses(out, b.y.long()))

    stages = [experiment.Stage("branches", single, alone, 0.5, begin=release),
              experiment.Stage("hallucinate", whole, joint, 0.5, begin=tie)]
    return whole, stages, Shipped
