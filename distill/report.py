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

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is loaded

from distill import studies, tables  # noqa: E402


METHODS = [  # (recipe, variant); those that the hypotheses are about come first
    ("single", "color"), ("single", "depth"), ("early", ""), ("mke", ""), ("transfer", ""), ("hallucination", ""), ("kd", ""),
    ("late", "logits"), ("gated", ""), ("late", "probabilities"), ("tfn", ""), ("lmf", ""), ("autoencoder", ""),
    ("coordinated", "cosine"), ("coordinated", "l2"), ("coordinated", "correlation"), ("dcca", ""), ("autofusion", ""),
    ("ganfusion", ""), ("hashing", ""), ("fitnet", ""), ("attention", "pixels"), ("attention", "color"), ("bskd", ""),
    ("iekd", ""), ("dml", ""), ("adaptation", ""), ("hard", "hardswish"), ("hard", "squeeze"), ("hard", "attention"),
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
    except Exception:  # one method's failure is a missing row of the report, not the end of the others
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


# Writing


def cards(args):
    """{title: [card of each seed]} of the finished runs, in the order of METHODS."""
    found = {}
    for recipe, variant in METHODS:
        title = recipe + ("-" + variant if variant else "")
        for seed in range(1, args.seeds + 1):
            path = Path(args.runs) / f"{title}-{seed}" / "card.json"
            if path.exists():
                found.setdefault(title, []).append(json.loads(path.read_text()))
    return found


def write(args):
    found = cards(args)
    if "early" not in found:
        raise SystemExit(f"report: {args.runs}: no run of early fusion is finished; --run does it")
    out, early = Path(args.out), found["early"]
    lines = [*tables.intro(early[0]["config"]), *tables.accuracy(found, f"{out.stem}-methods.png"), *tables.lost(found)]
    lines += tables.hypotheses(found, studies.study("teachers", args, studies.teachers))
    lines += tables.quantised(studies.study("quantisation", args, studies.quantisation), found)
    lines += tables.shipped(studies.study("shipped", args, studies.shipped))
    for name, make, text in (("speeds", studies.speeds, tables.speed), ("encodings", studies.depth_encodings, tables.encodings),
                             ("retrieval", studies.retrieval, tables.retrieval)):
        result = studies.study(name, args, make)
        lines += text(result) if result else []
    points = studies.study("gap-points", args, studies.gap_points)
    if points:
        tables.figure_gap(points, out.with_name(out.stem + "-gap.png"))
        lines += tables.gap_text(points, out)
    tables.figure_methods(found, out.with_name(out.stem + "-methods.png"))
    notes = Path(__file__).parent / "report_notes.md"
    if notes.exists():
        lines += [notes.read_text().rstrip()]
    out.write_text("\n".join(lines).rstrip() + "\n")
    print(f"report: {out}: {len(found)} methods, {sum(map(len, found.values()))} runs")


def main():
    parser = argparse.ArgumentParser(prog="python -m distill.report", description=__doc__.split("\n")[0])
    parser.add_argument("--run", action="store_true", help="do the missing runs and studies first")
    parser.add_argument("--studies", action="store_true", help="with --run: the studies alone, on the runs that there are")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--edge", default="bin/edge")
    parser.add_argument("--runs", default="distill/runs/report")
    parser.add_argument("--out", default="docs/report.md")
    args = parser.parse_args()
    if args.run and not args.studies:
        for seed, recipe, variant in order(args.seeds):
            one(recipe, variant, seed, args)
    write(args)


if __name__ == "__main__":
    main()
