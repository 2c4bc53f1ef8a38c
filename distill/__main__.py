"""python -m distill RECIPE: trains a student, quantises it, exports it, evaluates it and writes its card."""

import argparse
import importlib
import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # waiting threads sleep: spinning ones starve a shared machine


def main():
    parser = argparse.ArgumentParser(prog="python -m distill", description=__doc__.split(": ", 1)[1])
    parser.add_argument("recipe", help="a module of distill/recipes: tabletop, tabletop-rgb, tabletop-depth, tabletop-nano")
    parser.add_argument("--edge", default="bin/edge", help="the edge binary, for synthetic pairs and evaluation")
    parser.add_argument("--runs", default="distill/runs", help="where checkpoints go; a run resumes from there")
    parser.add_argument("--models", default="models", help="where the finished student and its card go")
    parser.add_argument("--calibration", default="minmax,percentile,entropy",
                        help="quantization calibration methods to try; the best on validation is shipped")
    parser.add_argument("--start", default="", help="an int8 student to go on from, instead of from scratch")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    importlib.import_module("distill.recipes." + args.recipe.replace("-", "_")).main(args)


if __name__ == "__main__":
    main()
