"""Real networks in the Go engine beside ONNX Runtime: argmax agreement per network, exporter and quantiser.

    python -m distill.tests.networks                            all; writes docs/networks.md
    python -m distill.tests.networks --rows ROWS --models DIR   keeps rows, models and ONNX Runtime's answers for the next time
    python -m distill.tests.networks --rows ROWS --models DIR --only swin --again     measures those rows again
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnxruntime.quantization import quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from distill.tests import cut, zoo
from distill.tests.quantnets import FORMATS, Reader

ROOT = Path(__file__).parents[2]
EXPORTERS = {"torchscript": False, "dynamo": True}
CALIBRATION, IMAGES = 2, 3
# How ONNX Runtime runs a model: as the file says, node by node; optimised, its default; and with its optimiser let turn s8
# activations into integer operators, as it does by itself on ARM processors and on x86 only when told.
MODES = ("literal", "optimised", "integer")


class Engine:
    """The Go engine as a process: run(model, feeds) → (outputs, answer). An answer with an error has no outputs."""

    def __init__(self, folder, threads=1):
        self.folder, self.threads = Path(folder), threads
        binary = self.folder / "conform"
        subprocess.run(["go", "build", "-o", binary, "./quant/internal/conform"], cwd=ROOT, check=True)
        self.process = subprocess.Popen([binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, model, feeds, **options):
        for i, v in enumerate(feeds.values()):
            np.save(self.folder / f"in{i}.npy", np.asarray(v, order="C"))
        inputs = {n: str(self.folder / f"in{i}.npy") for i, n in enumerate(feeds)}
        request = dict(model=str(model), inputs=inputs, out=str(self.folder), threads=self.threads, **options)
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        paths = sorted((answer["outputs"] or {}).values(), key=lambda p: int(Path(p).stem))  # numbered in the model's order
        return [np.load(p) for p in paths], answer

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def session(model, mode):
    """ONNX Runtime on a model in one of MODES."""
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    if mode == "literal":
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    if mode == "integer":
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
    if prepared != source:
        prepared.unlink()


def images(name, count):
    return [zoo.feeds(name, np.random.default_rng(100 + seed)) for seed in range(count)]


def answers(name, model, count, quantised):
    """ONNX Runtime's logits by mode [count, CLASSES, h, w], and for a quantised network the codes inside the first image's
    literal run: given (what the cut network reads) and made (by mode, what each operator then gives). Kept beside the model."""
    kept = model.with_suffix(".npz")
    if kept.exists():
        with np.load(kept) as z:
            return dict(z)
    # An s8 network alone is another one when integers are allowed.
    modes = MODES if quantised else MODES[:2]
    feeds = images(name, count)
    out = {}
    for mode in modes:
        s = session(model, mode)
        out[mode] = np.concatenate([s.run(None, f)[0] for f in feeds])
        del s
    if quantised:
        whole, names = cut.tapped(onnx.load(str(model)))
    if quantised and names:
        path = model.with_suffix(".cut.onnx")
        onnx.save(whole, str(path))
        codes = dict(zip(names, session(path, "literal").run(list(names), feeds[0])))
        onnx.save(cut.cut(whole, codes), str(path))
        given = {f"{n}.given": v for n, v in codes.items()}
        for n, v in codes.items():
            out["given:" + n] = v
        for mode in modes[1:]:
            s = session(path, mode)
            read = {i.name for i in s.get_inputs()}
            made = s.run(list(names), {k: v for k, v in (feeds[0] | given).items() if k in read})
            for n, v in zip(names, made):
                out[f"{mode}:{n}"] = v
    np.savez(kept, **out)
    return out


def alone(engine, name, model, theirs):
    """Codes that differ from the literal ones when every operator gets the same inputs: {ours, theirs: [of all, differ, largest]}
    and the operators with the most of ours, {operators: [differ, of, largest]}."""
    names = [k[6:] for k in theirs if k.startswith("given:")]
    if not names:
        return {}
    given = {n: theirs["given:" + n] for n in names}
    path = model.with_suffix(".cut.onnx")
    graph = onnx.load(str(path))
    feeds = images(name, 1)[0] | {f"{n}.given": v for n, v in given.items()}
    made, answer = engine.run(path, feeds)
    if answer["error"]:
        return dict(cut=answer["error"])
    order = [o.name for o in graph.graph.output]
    made = dict(zip(order, made))
    row = {"ours": cut.differences([given[n] for n in names], [made[n] for n in names])}
    for mode in MODES[1:]:
        if f"{mode}:{names[0]}" in theirs:
            row[mode] = cut.differences([given[n] for n in names], [theirs[f"{mode}:{n}"] for n in names])
    kinds, verdict = {}, [0, 0, 0]
    makers = cut.producers(graph)
    for n in names:
        t, d, l = cut.differences([given[n]], [made[n]])
        if d:
            k = kinds.setdefault(makers[n], [0, 0, 0])
            kinds[makers[n]] = [k[0] + d, k[1] + t, max(k[2], l)]
            real = cut.exactly(graph, n, feeds)
            if real is not None:
                verdict = [a + b for a, b in zip(verdict, cut.judge(real, made[n], given[n]))]
    row["exact"] = verdict
    row["operators"] = dict(sorted(kinds.items(), key=lambda kv: (-kv[1][2], -kv[1][0]))[:6])
    return dict(cut=row)


def compare(engine, name, model, count=IMAGES, quantised=True):
    """Agreement of the engine with ONNX Runtime and of ONNX Runtime with itself, over random images."""
    try:
        theirs = answers(name, model, count, quantised)
    except Exception as e:
        return dict(error="ONNX Runtime: " + str(e).splitlines()[0][:160])
    mine = []
    for i, feeds in enumerate(images(name, count)):
        out, answer = engine.run(model, feeds, steps=i == 0)
        if answer["error"]:
            return dict(error=answer["error"])
        if i == 0:
            macs = sum(s["macs"] for s in answer["steps"])
            integer = sum(s["macs"] for s in answer["steps"] if s["kernel"] != "plain")
            arena = answer["arena"]
            row = dict(mmac=macs / 1e6, integer=integer / max(macs, 1), arena=arena["bytes"] / max(arena["lower_bound"], 1))
        if not np.isfinite(out[0]).all():
            return dict(error="the logits are not finite")
        mine.append(out[0])
    mine = np.concatenate(mine)
    modes = [m for m in MODES if m in theirs]
    row["with"] = {m: same(mine, theirs[m]) for m in modes}
    row["ours"] = max(row["with"].values())
    row["itself"] = min(same(theirs["literal"], theirs[m]) for m in modes[1:])
    row["alive"] = len(np.unique(theirs["literal"].argmax(1)))
    if quantised:
        row |= alone(engine, name, model, theirs)
    return row


def passed(row):
    """At least 99.9 % of pixels, or within 0.1 points of ONNX Runtime's agreement with itself."""
    return "error" not in row and row["ours"] >= min(0.999, row["itself"] - 0.001)


def forms(name, exporter):
    """The forms that a network is quantised to after an exporter: two each, all four over both."""
    turn = hashlib.sha256(name.encode()).digest()[0] + 2 * list(EXPORTERS).index(exporter)
    list_ = list(FORMATS)
    return [list_[turn % 4], list_[(turn + 1) % 4]]


def measure(engine, folder, name, exporters=tuple(EXPORTERS), float_too=True, pick=forms, count=IMAGES, wanted=lambda *_: True):
    """Rows of one network, one per exporter and form, of those that are wanted. Models that are in the folder are taken as they
    are."""
    folder = Path(folder) / name.replace(" ", "-").replace(",", "").replace("/", "-")
    folder.mkdir(parents=True, exist_ok=True)
    net = None
    for exporter in exporters:
        todo = [f for f in (["float32"] if float_too else []) + list(pick(name, exporter)) if wanted(name, exporter, f)]
        head = dict(name=name, exporter=exporter)
        source = folder / f"{exporter}.onnx"
        targets = {f: source if f == "float32" else folder / f"{exporter}-{f}.onnx" for f in todo}
        if not source.exists() and not all(t.exists() for t in targets.values()):
            try:
                net = net or zoo.make(name)
                zoo.export(net, name, source, EXPORTERS[exporter])
            except Exception as e:
                source.unlink(missing_ok=True)
                yield head | dict(form="float32", error="export: " + brief(e))
                continue
        for form, target in targets.items():
            if form != "float32" and not target.exists():
                try:
                    quantise(name, source, target, form)
                except Exception as e:
                    target.unlink(missing_ok=True)
                    yield head | dict(form=form, error="quantize_static: " + brief(e))
                    continue
            quantised = form != "float32"
            yield head | dict(form=form) | compare(engine, name, target, count if quantised else 1, quantised)


def brief(e):
    """An exception's first sentence, without the colours that some have."""
    return f"{type(e).__name__}: " + re.sub("\x1b\\[\\d*m", "", str(e).splitlines()[0]).split(". ")[0][:110]


def key(row):
    return row["name"], row["exporter"], row["form"]


def line(row):
    head = f"{row['name']} | {row['exporter']} | {row['form']}"
    if "error" in row:
        return f"{head} | | | | | | | | | {row['error']}"
    nearest = max(row["with"], key=row["with"].get)
    return (f"{head} | {100 * row['ours']:.2f} | {nearest} | {100 * row['itself']:.2f} | {codes(row)} | {row['mmac']:.0f} | "
            f"{100 * row['integer']:.0f} | {row['arena']:.2f} | {'' if passed(row) else 'below'}")


def rate(c):
    """Of [codes, those that differ, the largest difference]: those that differ in a million."""
    return f"{1e6 * c[1] / c[0]:.1f}" + (f" (by {c[2]})" if c[2] > 1 else "") if c[1] else "0"


def codes(row):
    """Two columns: ours, and ONNX Runtime's where it differs more."""
    c = row.get("cut") or ""
    if isinstance(c, str):
        return f"{c} | "
    return rate(c["ours"]) + " | " + rate(max((c[m] for m in MODES[1:] if m in c), key=lambda v: v[1]))


HEAD = """# Real networks

Written by `python -m distill.tests.networks`, but for the last part; do not edit the table. Networks of torchvision, timm,
segmentation-models-pytorch and transformers, and two-input students, with random weights scaled so that at least three of five
classes are alive ([zoo.py](../distill/tests/zoo.py)), written by both PyTorch exporters, quantised by onnxruntime's
`quantize_static`, and run by the engine and by ONNX Runtime {version} on the same {images} random images.

ONNX Runtime answers a quantised file in more than one way: *literal*, node by node with its optimiser off: what the file
says, QuantizeLinear and DequantizeLinear around operators in float32; *optimised*, its default, which turns u8 activations
into integer operators and leaves s8 in float32 on x86; and *integer*, optimised with `session.qdqisint8allowed`, as it does
for s8 by itself on ARM processors.

*Agreement* is the percentage of pixels that the engine and the named one of these, the nearest, give the same class; *itself*
is ONNX Runtime's literal answer against its optimised ones, the least. A row passes with 99.9, or within 0.1 of *itself*.
With random weights one code that is rounded the other way in an early layer spreads to the whole map, so neither says
whether an operator is right. *Codes* does: every quantised value of the literal run on the first image is given to the
network cut there ([cut.py](../distill/tests/cut.py)), every operator works on the same inputs, and what it makes is held against the literal
codes: how many in a million differ (by more than one where it says so), for the engine and for ONNX Runtime optimised.
*Integer* is the percentage of multiply-accumulates in int8; *arena* the activations' bytes over the lower bound.

{summary}

| Network | Exporter | Form | Agreement | with | Itself | Codes | ONNX Runtime's | MMAC | Integer | Arena | |
|---|---|---|---|---|---|---|---|---|---|---|---|
"""

# What follows the table in docs/networks.md is written by hand, from this line on.
BY_HAND = "\n## "


def document(rows, old=""):
    """The page, with what the old one has behind its table."""
    quantised = [r for r in rows if r["form"] != "float32"]
    ran = [r for r in rows if "error" not in r]
    cuts = [r["cut"] for r in ran if isinstance(r.get("cut"), dict)]
    ours, theirs = ([sum(v) for v in zip(*((c[m][0], c[m][1]) for c in cuts if m in c))] for m in ("ours", "optimised"))
    most = [max(c[m][2] for c in cuts if m in c) for m in ("ours", "optimised")]
    summary = (f"{len({r['name'] for r in rows})} networks; {sum(map(passed, quantised))} of {len(quantised)} quantised rows and "
               f"{sum(passed(r) for r in rows if r['form'] == 'float32')} of {len(rows) - len(quantised)} float32 rows pass. Of "
               f"{ours[0] / 1e6:.0f} million codes {ours[1]} differ from the literal ones, by {most[0]} the most; of ONNX Runtime's "
               f"optimised {theirs[1]}, by {most[1]}. Largest arena ratio: {max((r['arena'] for r in ran), default=0):.3f}.")
    tail = old[old.index(BY_HAND):] if BY_HAND in old else ""
    summary = textwrap.fill(summary, 126)
    return HEAD.format(images=IMAGES, version=ort.__version__, summary=summary) + "".join(f"| {line(r)} |\n" for r in rows) + tail


def read(path):
    """Rows of a file, the last of each network, exporter and form."""
    rows = {}
    if path and path.exists():
        for l in path.read_text().splitlines():
            r = json.loads(l)
            rows[key(r)] = r
    return rows


def main():
    parser = argparse.ArgumentParser(prog="python -m distill.tests.networks")
    parser.add_argument("--only", action="append", default=[], help="networks whose name has this in it")
    parser.add_argument("--exporter", choices=EXPORTERS, action="append")
    parser.add_argument("--form", choices=["float32", *FORMATS], action="append")
    parser.add_argument("--rows", type=Path, help="JSON lines of rows: those there are kept, new ones appended")
    parser.add_argument("--again", action="store_true", help="measure also the rows that are kept")
    parser.add_argument("--models", type=Path, help="folder in which models and ONNX Runtime's answers stay, and are taken from")
    args = parser.parse_args()
    torch.set_num_threads(1)
    rows = read(args.rows)

    def wanted(name, exporter, form):
        return ((args.again or (name, exporter, form) not in rows and rows.get((name, exporter, "float32"), {}).get("error") is None)
                and form in (args.form or ["float32", *FORMATS]) and exporter in (args.exporter or EXPORTERS))

    with tempfile.TemporaryDirectory() as temporary:
        engine = Engine(temporary)
        for name in zoo.NETS:
            if args.only and not any(o in name for o in args.only):
                continue
            start = time.monotonic()
            for row in measure(engine, args.models or temporary, name, wanted=wanted):
                print(line(row), flush=True)
                rows[key(row)] = row
                if args.rows:
                    with args.rows.open("a") as f:
                        f.write(json.dumps(row) + "\n")
            print(f"  {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
        engine.close()
    if set(zoo.NETS) <= {r["name"] for r in rows.values()}:
        order = [*zoo.NETS]
        page = ROOT / "docs" / "networks.md"
        page.write_text(document(sorted((r for r in rows.values() if r["name"] in order), key=lambda r: order.index(r["name"])),
                                 page.read_text() if page.exists() else ""))
    return 0 if all(map(passed, rows.values())) else 1


if __name__ == "__main__":
    sys.exit(main())
