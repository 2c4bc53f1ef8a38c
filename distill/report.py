"""python -m distill.report writes docs/report.md and its figures from finished runs; --run first does those that are missing.

    OMP_NUM_THREADS=1 nice -n 10 python -m distill.report --run --edge bin/edge

A report can be written at any time: it says how many seeds each row has.
"""

import argparse
import importlib
import json
import os
from pathlib import Path
import time
import traceback

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

METHODS = [  # (recipe, variant); those that the hypotheses are about come first
    ("single", "color"), ("single", "depth"), ("early", ""), ("mke", ""), ("transfer", ""), ("hallucination", ""), ("kd", ""),
    ("late", "logits"), ("gated", ""), ("late", "probabilities"), ("tfn", ""), ("lmf", ""), ("autoencoder", ""),
    ("coordinated", "cosine"), ("coordinated", "l2"), ("coordinated", "correlation"), ("dcca", ""), ("autofusion", ""),
    ("ganfusion", ""), ("hashing", ""), ("fitnet", ""), ("attention", "pixels"), ("attention", "color"), ("bskd", ""),
    ("iekd", ""), ("dml", ""), ("adaptation", ""),
]
FIRST = 6  # of them have all their seeds done before the others begin


def one(recipe, variant, seed, args):
    """Trains and measures one student, or reads the card of the run that did."""
    import torch

    from distill import experiment

    module = importlib.import_module("distill.recipes." + recipe)
    c = module.config()
    c.variant, c.seed, c.folder, c.edge, c.device = variant, seed, args.runs, args.edge, "cpu"
    begin, cpu = time.time(), time.process_time()
    done = (experiment.run_folder(c) / "card.json").exists()
    torch.set_num_threads(1)
    try:
        card = experiment.run(c, module.make, module.__doc__.split("\n")[0])
    except Exception:  # one method's failure is a line of the report, not the end of the others
        traceback.print_exc()
        return
    if not done:
        print(f"report: {c.title()} seed {seed}: {time.time() - begin:.0f} s, {time.process_time() - cpu:.0f} s of CPU, "
              f"{card['float']}", flush=True)


def order(seeds):
    """All seeds of what the hypotheses are about, then of the rest, seed by seed."""
    for which in (METHODS[:FIRST], METHODS[FIRST:]):
        for seed in range(1, seeds + 1):
            for recipe, variant in which:
                yield seed, recipe, variant


def main():
    parser = argparse.ArgumentParser(prog="python -m distill.report", description=__doc__.split("\n")[0])
    parser.add_argument("--run", action="store_true", help="do the missing runs first")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--edge", default="bin/edge")
    parser.add_argument("--runs", default="distill/runs/report")
    parser.add_argument("--out", default="docs/report.md")
    args = parser.parse_args()
    if args.run:
        for seed, recipe, variant in order(args.seeds):
            one(recipe, variant, seed, args)


if __name__ == "__main__":
    main()
