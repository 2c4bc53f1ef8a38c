"""`tabletop-depth`: depth alone, for when colour is lost, by cross-modal supervision transfer (Gupta et al., 2016): first
the frozen teacher's features and answers on pairs whose labels are not read, then labels beside them."""

from distill.config import Phase
from distill.recipes import tabletop

SUMMARY = "table tops and what is on them, from depth alone: what the runtime turns to when colour is lost"
LIMITS = ["flat things on a table, and all that returns no depth, are not seen", *tabletop.LIMITS]


def config():
    c = tabletop.of_one("tabletop-depth", "depth")
    c.method = "supervision transfer from tabletop, then labels; quantization-aware training"
    c.learn = 150
    c.phases = [
        Phase("transfer", 256, 192, steps=200, batch=16, rate=1.5e-3, mix=tabletop.POLISH, labels=False),
        Phase("labels", 256, 192, steps=350, batch=16, rate=1.2e-3, mix=tabletop.POLISH),
        Phase("finish", 320, 240, steps=250, batch=16, rate=5e-4, mix=tabletop.POLISH),
    ]
    return c


def main(args):
    tabletop.make(config(), args, SUMMARY, tabletop.DATA, LIMITS)
