"""python -m distill RECIPE: trains a student, quantises it, exports it, evaluates it and writes its card."""

import argparse
import importlib
import os
import pkgutil

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # waiting threads sleep: spinning ones starve a shared machine


def recipes():
    """The modules of distill/recipes by name, and the first line that each says of itself."""
    from distill import recipes as package

    for module in pkgutil.iter_modules(package.__path__):
        yield module.name, importlib.import_module(f"distill.recipes.{module.name}")


def main():
    parser = argparse.ArgumentParser(prog="python -m distill", description=__doc__.split(": ", 1)[1],
                                     epilog="torchrun -m distill RECIPE … trains on several GPUs or processes.")
    parser.add_argument("recipe", nargs="?", help="a module of distill/recipes; --list shows them")
    parser.add_argument("--list", action="store_true", help="list the recipes and their variants")
    parser.add_argument("--variant", help="which form of the method; the first one listed if not given")
    parser.add_argument("--seed", type=int, default=1, help="of a method's recipe")
    parser.add_argument("--smoke", action="store_true", help="a few steps on a few scenes: does it all hold together?")
    parser.add_argument("--edge", default="bin/edge", help="the edge binary, for synthetic pairs and evaluation")
    parser.add_argument("--runs", default="distill/runs", help="where checkpoints go; a run resumes from there")
    parser.add_argument("--models", default="models", help="where a shipped student and its card go")
    parser.add_argument("--calibration", default="minmax,percentile,minmax+raise",
                        help="quantization calibration methods to try for a shipped student; the best on validation is taken")
    parser.add_argument("--start", default="", help="an int8 student to go on from, instead of from scratch")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    if args.list:
        for name, module in recipes():
            variants = getattr(module, "VARIANTS", ())
            print(f"{name:14} {module.__doc__.splitlines()[0]}{' [' + ', '.join(variants) + ']' if variants else ''}")
        return
    if not args.recipe:
        parser.error("which recipe? --list shows them")
    try:
        module = importlib.import_module("distill.recipes." + args.recipe.replace("-", "_"))
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("distill.recipes."):
            raise
        parser.error(f"no recipe {args.recipe!r}; --list shows them")
    if hasattr(module, "main"):
        module.main(args)
        return
    from distill import experiment

    experiment.main(args, module)


if __name__ == "__main__":
    main()
