"""`tabletop-rgb`: colour alone, for when depth is lost. It begins from the fused student's weights without those of depth;
the fused student, which sees depth, teaches it with its logits and its features at strides 8 and 16, so that the colour
student hallucinates what depth would have added (Hoffman et al., 2016, inside one branch)."""

from distill.config import Phase
from distill.recipes import tabletop

SUMMARY = "table tops and what is on them, from colour alone: what the runtime turns to when depth is lost"
LIMITS = [
    "of tables in rooms it sees less than the fused student: plain tops and plain floors look alike without depth",
    *tabletop.LIMITS,
]


def config():
    c = tabletop.of_one("tabletop-rgb", "color")
    c.method = "distilled from tabletop by logits and hallucinated features; post-training quantization"
    c.phases = [
        Phase("learn", 256, 192, steps=500, batch=16, rate=1.5e-3, mix=tabletop.POLISH),
        Phase("finish", 320, 240, steps=250, batch=16, rate=5e-4, mix=tabletop.POLISH),
    ]
    return c


def main(args):
    tabletop.make(config(), args, SUMMARY, tabletop.DATA, LIMITS)
