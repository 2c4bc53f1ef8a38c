"""Real networks in the Go engine beside ONNX Runtime: argmax agreement per network, exporter and quantiser.

    python -m distill.tests.networks                 every network; writes docs/networks.md
    python -m distill.tests.networks --only swin     those whose name has "swin", printed alone
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch
from onnxruntime.quantization import quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from distill.tests import zoo
from distill.tests.quantnets import FORMATS, Reader

ROOT = Path(__file__).parents[2]
EXPORTERS = {"torchscript": False, "dynamo": True}
CALIBRATION, IMAGES = 4, 6


class Engine:
    """The Go engine as a process: run(model, feeds) → (outputs, answer). An answer with an error has no outputs."""

    def __init__(self, folder):
        self.folder = Path(folder)
        binary = self.folder / "conform"
        subprocess.run(["go", "build", "-o", binary, "./quant/internal/conform"], cwd=ROOT, check=True)
        self.process = subprocess.Popen([binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, model, feeds, **options):
        for name, v in feeds.items():
            np.save(self.folder / f"{name}.npy", np.ascontiguousarray(v))
        request = dict(model=str(model), inputs={n: str(self.folder / f"{n}.npy") for n in feeds}, out=str(self.folder), threads=2, **options)
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return [np.load(p) for p in (answer["outputs"] or {}).values()], answer

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def session(model, optimised, arm=False):
    """ONNX Runtime on a model. With arm, its optimiser may turn s8 activations into integer operators, as on ARM processors it does by
    itself; on x86 it leaves them in float32 unless told."""
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    if not optimised:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    if arm:
        options.add_session_config_entry("session.qdqisint8allowed", "1")
    return ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def same(a, b):
    """The part of pixels whose greatest class is the same."""
    return float((a.argmax(1) == b.argmax(1)).mean())


def quantise(name, source, target, form):
    """The int8 network of a float one, after ONNX Runtime's own preparation where it can read the graph."""
    prepared = target.with_suffix(".prepared.onnx")
    with zoo.quiet():
        try:
            quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        except Exception:  # shape inference that fails on a network does not hinder its quantisation
            prepared = source
        rng = np.random.default_rng(3)
        quantize_static(str(prepared), str(target), Reader([zoo.feeds(name, rng) for _ in range(CALIBRATION)]), **FORMATS[form])


def compare(engine, name, model, images=IMAGES):
    """Agreement of the engine with ONNX Runtime and of ONNX Runtime with itself, over random images."""
    try:
        best, plain, arm = session(model, True), session(model, False), session(model, True, arm=True)
    except Exception as e:
        return dict(error="ONNX Runtime: " + str(e).splitlines()[0][:160])
    ours, itself, alive, row = [], [], set(), {}
    for seed in range(images):
        feeds = zoo.feeds(name, np.random.default_rng(100 + seed))
        mine, answer = engine.run(model, feeds, steps=seed == 0)
        if answer["error"]:
            return dict(error=answer["error"])
        if seed == 0:
            macs = sum(s["macs"] for s in answer["steps"])
            integer = sum(s["macs"] for s in answer["steps"] if s["kernel"] != "plain")
            arena = answer["arena"]
            row = dict(mmac=macs / 1e6, integer=integer / max(macs, 1), arena=arena["bytes"] / max(arena["lower_bound"], 1))
        a, b, c = (s.run(None, feeds)[0] for s in (best, plain, arm))
        if not np.isfinite(mine[0]).all():
            return dict(error="the logits are not finite")
        ours.append(max(same(mine[0], o) for o in (a, b, c)))
        itself.append(min(same(a, b), same(c, b)))
        alive |= set(np.unique(b.argmax(1)).tolist())
    return row | dict(ours=float(np.mean(ours)), itself=float(np.mean(itself)), alive=len(alive))


def passed(row):
    """At least 99.9 % of pixels, or within 0.1 points of ONNX Runtime's agreement with itself."""
    return "error" not in row and row["ours"] >= min(0.999, row["itself"] - 0.001)


def forms(name, exporter):
    """The forms that a network is quantised to after an exporter: two each, all four over both."""
    turn = hashlib.sha256(name.encode()).digest()[0] + 2 * list(EXPORTERS).index(exporter)
    list_ = list(FORMATS)
    return [list_[turn % 4], list_[(turn + 1) % 4]]


def measure(engine, folder, name, exporters=tuple(EXPORTERS), float_too=True, pick=forms, images=IMAGES):
    """Rows of one network, one per exporter and form."""
    folder = Path(folder)
    net = zoo.make(name)
    for exporter in exporters:
        source = folder / "float.onnx"
        head = dict(name=name, exporter=exporter)
        try:
            zoo.export(net, name, source, EXPORTERS[exporter])
        except Exception as e:
            yield head | dict(form="float32", error=f"export: {type(e).__name__}: {str(e).splitlines()[0][:120]}")
            continue
        if float_too:
            yield head | dict(form="float32") | compare(engine, name, source, 2)
        for form in pick(name, exporter):
            target = folder / "int8.onnx"
            try:
                quantise(name, source, target, form)
            except Exception as e:
                yield head | dict(form=form, error=f"quantize_static: {type(e).__name__}: {str(e).splitlines()[0][:120]}")
                continue
            yield head | dict(form=form) | compare(engine, name, target, images)


def line(row):
    if "error" in row:
        return f"{row['name']} | {row['exporter']} | {row['form']} | | | | | | {row['error']}"
    verdict = "" if passed(row) else "below"
    return (f"{row['name']} | {row['exporter']} | {row['form']} | {100 * row['ours']:.2f} | {100 * row['itself']:.2f} | "
            f"{row['mmac']:.0f} | {100 * row['integer']:.0f} | {row['arena']:.2f} | {verdict}")


HEAD = """# Real networks

Written by `python -m distill.tests.networks`; do not edit. Networks of torchvision, timm, segmentation-models-pytorch
and transformers, and two-input students, with random weights scaled so that at least three of five classes are alive
([zoo.py](../distill/tests/zoo.py)), written by both PyTorch exporters, quantised by onnxruntime's `quantize_static`.

*Agreement* is the percentage of pixels to which the engine and ONNX Runtime give the same class, over {images} random
images (the best of ONNX Runtime optimised, not optimised, and optimised with integers for s8 activations, which it does by
itself on ARM alone); *itself* is ONNX Runtime optimised, either way, against not. A row passes with 99.9, or within 0.1 of
*itself*: with random weights one code that is rounded the other way in an early layer spreads to the whole map. *Integer* is the percentage of multiply-accumulates in int8; *arena* the activations'
bytes over the lower bound.

{summary}

| Network | Exporter | Form | Agreement | Itself | MMAC | Integer | Arena | |
|---|---|---|---|---|---|---|---|---|
"""


def document(rows):
    quantised = [r for r in rows if r["form"] != "float32"]
    ran = [r for r in rows if "error" not in r]
    names = {r["name"] for r in rows}
    summary = (f"{len(names)} networks; {sum(map(passed, quantised))} of {len(quantised)} quantised rows and "
               f"{sum(passed(r) for r in rows if r['form'] == 'float32')} of {len(rows) - len(quantised)} float32 rows pass. "
               f"Largest arena ratio: {max((r['arena'] for r in ran), default=0):.3f}.")
    return HEAD.format(images=IMAGES, summary=summary) + "".join(f"| {line(r)} |\n" for r in rows)


def main():
    parser = argparse.ArgumentParser(prog="python -m distill.tests.networks")
    parser.add_argument("--only", action="append", default=[], help="networks whose name has this in it")
    parser.add_argument("--exporter", choices=EXPORTERS, action="append")
    parser.add_argument("--rows", type=Path, help="JSON lines of rows: those there are kept, new ones appended")
    parser.add_argument("--keep", type=Path, help="folder in which the last model files stay")
    args = parser.parse_args()
    torch.set_num_threads(1)
    rows = []
    if args.rows and args.rows.exists():
        rows = [json.loads(l) for l in args.rows.read_text().splitlines()]
    known = {r["name"] for r in rows}
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        engine = Engine(folder)
        for name in zoo.NETS:
            if name in known or args.only and not any(o in name for o in args.only):
                continue
            start = time.monotonic()
            new = []
            for row in measure(engine, folder, name, args.exporter or tuple(EXPORTERS)):
                print(line(row), flush=True)
                new.append(row)
            print(f"  {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
            rows += new
            if args.rows:
                with args.rows.open("a") as f:
                    f.writelines(json.dumps(r) + "\n" for r in new)
        engine.close()
    if not args.only and not args.exporter:
        rows.sort(key=lambda r: list(zoo.NETS).index(r["name"]))
        (ROOT / "docs" / "networks.md").write_text(document(rows))
    return 0 if all(map(passed, rows)) else 1


if __name__ == "__main__":
    sys.exit(main())
