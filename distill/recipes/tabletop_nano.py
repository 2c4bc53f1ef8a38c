"""`tabletop-nano`: under 100 million multiply-accumulates, for when the time is short; taught by `tabletop`."""

from distill.config import Phase
from distill.recipes import tabletop

SUMMARY = "table tops and what is on them, from colour and depth, at a fifth of tabletop's cost"
LIMITS = ["less sure of small and thin objects than tabletop", *tabletop.LIMITS]


def config():
    c = tabletop.config()
    c.name, c.teacher = "tabletop-nano", "models/tabletop.onnx"
    c.network, c.pretrained, c.careful = "plain", False, 1.0
    c.channels, c.decoder = (8, 16, 24, 64), (24, 16)
    c.method = "early fusion, from scratch with tabletop as its teacher; post-training quantization"
    c.phases = [
        Phase("small", 192, 144, steps=2000, batch=16, rate=5e-3, mix=tabletop.POLISH),
        Phase("full", 320, 240, steps=240, batch=16, rate=1e-3, mix=tabletop.POLISH),
    ]
    return c


def main(args):
    tabletop.make(config(), args, SUMMARY, tabletop.DATA, LIMITS)
