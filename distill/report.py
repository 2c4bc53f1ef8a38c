"""python -m distill.report writes docs/report.md and its figures from finished runs; --run first does those that are missing.

    OMP_NUM_THREADS=1 nice -n 10 python -m distill.report --run --edge bin/edge

A report can be written at any time: it says how many seeds each row has.
"""

import argparse
import importlib
import json
import os
from pathlib import Path
import subprocess
import time
import traceback

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

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


# Studies that are no row of the table


def study(name, args, make):
    """A result from RUNS/name.json, made when it is missing and --run was given."""
    path = Path(args.runs) / f"{name}.json"
    if not path.exists():
        if not args.run:
            return None
        path.write_text(json.dumps(make(args), indent=1))
        print(f"report: {name} done", flush=True)
    return json.loads(path.read_text())


def gap_points(args):
    from distill.recipes import gap

    points = []
    for seed in (1, 2):
        c = gap.config()
        c.seed, c.folder, c.edge, c.device = seed, args.runs, args.edge, "cpu"
        points += gap.curve(c)
    return points


def quantisation(args):
    """mIoU of the early-fused student of seed 1 on the synthetic test scenes: float, each way to quantise after training,
    and trained with learned scales."""
    import numpy as np
    import onnx
    import torch

    from distill import equalise, evaluate, experiment, export, networks, qat, quantise, train
    from distill.recipes import early

    c = early.config()
    c.folder, c.edge, c.device = args.runs, args.edge, "cpu"
    folder = experiment.run_folder(c)
    net = networks.single(c, "pixels")
    net.load_state_dict(torch.load(folder / "last.pt")["mean"])
    graph, inputs = export.float_model(net.eval(), c), experiment.calibration(c)
    sets = {name: experiment.test_arrays(name, *[(f, k, r) for f, _, k, r, _ in [test]][0], c) + (test[4],)
            for name, test in experiment.tests(c).items() if name in ("synthetic", "pairs")}

    def scores(predict):
        return {name: round(evaluate.mean_iou(evaluate.score(predict, x, t, c), k), 2) for name, (x, t, k) in sets.items()}

    out = {"float": scores(experiment.predictor(net))}
    path = Path(args.runs) / "quantised.onnx"
    for ranges in quantise.METHODS:
        for repairs in ("", "+equalise", "+correct", "+equalise+correct"):
            onnx.save(quantise.quantise(graph, inputs, ranges + repairs, c), path)
            out[ranges + repairs] = scores(evaluate.onnx_predictor(path))
    labelled, unlabelled = experiment.sets(c)
    stage = experiment.Stage("task", net, None)

    def batches(step):
        b = experiment.draw(c, stage, step, labelled, unlabelled)
        return {"pixels": b.x}, b.y

    trained = qat.train(quantise.quantise(graph, inputs, "minmax", c), graph, batches, 100, loss=lambda z, y: 0.1 * train.loss_of(z, y, c))
    onnx.save(trained, path)
    out["learned scales (QAT)"] = scores(evaluate.onnx_predictor(path))
    return out


def depth_encodings(args):
    from distill.recipes import encodings

    c = encodings.config()
    c.edge = args.edge
    return encodings.compare(c)


def speeds(args):
    """The median time of inference of every exported student over that of early fusion, from rounds in which each has its
    turn; the least of three rounds."""
    best = {}
    for _ in range(3):
        for recipe, variant in METHODS:
            name = recipe + ("-" + variant if variant else "")
            path = Path(args.runs) / f"{name}-1" / "student.onnx"
            if not path.exists():
                continue
            done = subprocess.run([args.edge, "bench", "--model", str(path), "--threads", "1", "--frames", "60", "--no-start", "--json"],
                                  capture_output=True, text=True, check=True)
            p50 = json.loads(done.stdout.splitlines()[0])["infer_ms"]["p50"]
            best[name] = min(best.get(name, p50), p50)
    return {name: round(t / best["early"], 2) for name, t in best.items()}


def teachers(args):
    """Figures of the colour teachers that MKE's students learned from, by seed."""
    import torch

    from distill import experiment, networks
    from distill.recipes import mke

    out = {}
    for seed in (1, 2, 3):
        c = mke.config()
        c.seed, c.folder, c.edge, c.device = seed, args.runs, args.edge, "cpu"
        if not (Path(args.runs) / f"teacher-color-{seed}" / "teacher.pt").exists():
            continue
        out[seed] = experiment.figures(experiment.teacher(c, "color"), c)
    return out


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


def values(cards, data, how, kind="float"):
    return [c[kind][data][how] if kind == "float" else c[kind][data] for c in cards if data in c[kind]]


def spread(v):
    """mean ± s.d. of the seeds."""
    import numpy as np

    return "–" if not v else f"{np.mean(v):.1f}" + (f" ± {np.std(v, ddof=1):.1f}" if len(v) > 1 else "")


def welch(a, b):
    """p of Welch's two-sided t-test, None where either has fewer than two seeds."""
    from scipy import stats

    if len(a) < 2 or len(b) < 2:
        return None
    return float(stats.ttest_ind(a, b, equal_var=False).pvalue)


def mark(a, b):
    """▲ or ▼ where a is above or below b with p < 0.05."""
    import numpy as np

    p = welch(a, b)
    return "" if p is None or not p < 0.05 else " ▲" if np.mean(a) > np.mean(b) else " ▼"


def hypothesis(text, a, b):
    """One line: what was expected, what was seen, and whether noise explains it."""
    import numpy as np

    if not a or not b:
        return f"| {text} | no runs | | |"
    p, gap = welch(a, b), np.mean(a) - np.mean(b)
    verdict = "one seed, says nothing" if p is None else "within noise" if not p < 0.05 else "held" if gap > 0 else "failed"
    return f"| {text} | {spread(a)} against {spread(b)} | {gap:+.1f}{'' if p is None else f', p = {p:.2f}'} | {verdict} |"


def figure_methods(found, path):
    """Every method's seeds as dots, one panel per set."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    names = list(found)
    fig, axes = plt.subplots(1, 3, figsize=(11, 0.26 * len(names) + 1.2), sharey=True)
    for axis, data in zip(axes, ("pairs", "rooms", "synthetic")):
        base = values(found.get("early", []), data, "whole")
        if base:
            axis.axvspan(min(base), max(base), color="0.9")
        for i, name in enumerate(names):
            v = values(found[name], data, "whole")
            axis.plot(v, [i] * len(v), "o", ms=4, color="C0", alpha=0.7)
        axis.set_title(data, fontsize=9)
        axis.set_xlabel("mIoU, percent", fontsize=8)
        axis.tick_params(labelsize=7)
        axis.grid(axis="x", alpha=0.3)
    axes[0].set_yticks(range(len(names)), names)
    axes[0].invert_yaxis()
    fig.tight_layout()
    fig.savefig(path, dpi=70)
    plt.close(fig)


def figure_gap(points, path):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import numpy as np

    fig, axis = plt.subplots(figsize=(4.5, 3))
    for takes, label in (("color", "colour"), ("depth", "depth"), ("pixels", "both")):
        sizes = sorted({p["scenes"] for p in points})
        risk = [[p["risk"] for p in points if p["takes"] == takes and p["scenes"] == s] for s in sizes]
        axis.errorbar(sizes, [np.mean(r) for r in risk], [np.ptp(r) / 2 for r in risk], marker="o", ms=4, capsize=3, label=label)
    axis.set_xscale("log")
    axis.set_xticks(sizes, sizes)
    axis.set_xlabel("labelled scenes")
    axis.set_ylabel("risk, 1 − mIoU")
    axis.legend(fontsize=8)
    axis.grid(alpha=0.3)
    fig.tight_layout()
    fig.savefig(path, dpi=70)
    plt.close(fig)


def write(args):
    import numpy as np

    found = cards(args)
    if "early" not in found:
        raise SystemExit(f"report: {args.runs}: no run of early fusion is finished; --run does it")
    out, early = Path(args.out), found["early"]
    c = early[0]["config"]
    lines = [
        "# Every method on one student, one split, one budget", "",
        "Written by `python -m distill.report` from runs on one machine of two cores that others used at the same time; "
        "`--run` does what is missing. Nothing here was tuned per method.", "",
        f"- **Student**: {c['width']}×{c['height']}, channels {tuple(c['channels'])}, decoder {tuple(c['decoder'])}. Methods with two "
        "branches have two encoders, and so about twice the multiply-accumulates (MMAC).",
        f"- **Budget**: {c['steps']} steps of {c['batch']} pairs, all stages together; teachers {c['teacher_steps']} steps of a wider "
        "network, for each seed. That is **very little**: students are far from done, and objects are often not found at all. "
        "The table says what a method does early on, on a small student, and no more. `tabletop`'s card has what training to the "
        "end gives.",
        f"- **Data**: {c['labelled']} synthetic scenes and 35 labelled real pairs with labels; for methods that use pairs without "
        f"labels, {c['scenes'] - c['labelled']} more scenes and the recordings kitchen, table, cup and corridor.",
        f"- **Tests**: `pairs`, the 10 real pairs of distill/splits/tabletop.json, mean over table and object; `rooms`, 13 frames of "
        f"the recordings labelled by hand, other frames of which are among the pairs without labels; `synthetic`, {c['tests']} fresh "
        "scenes. mIoU in percent at the labels' own size, mean ± standard deviation over seeds.",
        "- **Lost and shifted**: depth or colour set to zero, or depth 3 pixels of the student's input to the right (30 pixels at "
        "640). Networks of two separable branches (late, coordinated, dcca, dml, adaptation) answer with the branch that is left, "
        "as the runtime's policy would.",
        "- **Noise**: ▲ and ▼ mark a difference from early fusion with p < 0.05 in Welch's two-sided t-test over seeds, not "
        "corrected for the number of comparisons: of twenty such tests, one is expected to be marked by chance. All else is within "
        "noise.", "", "## Accuracy", "", f"![mIoU of every run; the band is early fusion's range]({out.stem}-methods.png)", "",
        "| Method | Seeds | MMAC | Pairs | Rooms | Synthetic | int8 − float |", "|---|---|---|---|---|---|---|"]
    for name, runs in found.items():
        row = [spread(values(runs, d, "whole")) + ("" if name == "early" else mark(values(runs, d, "whole"), values(early, d, "whole")))
               for d in ("pairs", "rooms", "synthetic")]
        loss = [c["int8"][d] - c["float"][d]["whole"] for c in runs for d in c["int8"]]
        lines.append(f"| {name} | {len(runs)} | {runs[0]['macs'] / 1e6:.1f} | " + " | ".join(row) + f" | {np.mean(loss):+.2f} (worst {min(loss):+.2f}) |")
    lines += ["", "int8 is the exported file measured by `edge eval`, quantised after training by min-max.", "",
              "## A modality lost, and depth in the wrong place", "",
              "| Method | Rooms, no depth | Rooms, no colour | Rooms, shifted | Synthetic, no depth | Synthetic, no colour | Synthetic, shifted |",
              "|---|---|---|---|---|---|---|"]
    for name, runs in found.items():
        takes = runs[0]["takes"]
        cells = []
        for d in ("rooms", "synthetic"):
            for how in ("no_depth", "no_color", "shifted"):
                blind = how == "no_depth" and takes == ["depth"] or how == "no_color" and takes == ["color"]
                cells.append("blind" if blind else spread(values(runs, d, how)) +
                             ("" if name == "early" else mark(values(runs, d, how), values(early, d, how))))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += hypotheses(found, study("teachers", args, teachers))
    lines += quantised(study("quantisation", args, quantisation), found)
    ratios = study("speeds", args, speeds)
    if ratios:
        lines += ["## Speed", "", "Median time of inference over early fusion's, one thread, `edge bench` in three rounds in which "
                  "every student has its turn, the least of each. The machine was busy; ratios under 1.2 mean nothing.", "",
                  "| " + " | ".join(ratios) + " |", "|" + "---|" * len(ratios), "| " + " | ".join(f"{r:.2f}" for r in ratios.values()) + " |", ""]
    scores = study("encodings", args, depth_encodings)
    if scores:
        lines += ["## Depth encodings", "", "How much a patch of 7×7 depth pixels says of background, table and object in the middle: mIoU on "
                  "patches of the synthetic test scenes, of a network of two layers on 384 scenes, three seeds. Height and angle are second "
                  "bytes beside inverse depth, against one plane per frame found by RANSAC; the runtime makes inverse and linear tables, and "
                  "no second byte.", "", "| Encoding | mIoU | Against inverse |", "|---|---|---|"]
        for kind, v in scores.items():
            p = welch(v, scores["inverse"])
            lines.append(f"| {kind} | {spread(v)} | " + ("" if kind == "inverse" else f"{np.mean(v) - np.mean(scores['inverse']):+.1f}, p = {p:.2f}") + " |")
        lines.append("")
    points = study("gap-points", args, gap_points)
    if points:
        figure_gap(points, out.with_name(out.stem + "-gap.png"))
        lines += gap_text(points, out)
    figure_methods(found, out.with_name(out.stem + "-methods.png"))
    notes = Path(__file__).parent / "report_notes.md"
    if notes.exists():
        lines += [notes.read_text().rstrip()]
    out.write_text("\n".join(lines).rstrip() + "\n")
    print(f"report: {out}: {len(found)} methods, {sum(map(len, found.values()))} runs")


def hypotheses(found, taught):
    v = lambda name, data, how="whole": values(found.get(name, []), data, how)
    lines = ["", "## Expected orders", "", "| Expected | Seen | Difference | Verdict |", "|---|---|---|---|"]
    for data in ("rooms", "synthetic"):
        lines.append(hypothesis(f"both > colour alone ({data})", v("early", data), v("single-color", data)))
        lines.append(hypothesis(f"both > depth alone ({data})", v("early", data), v("single-depth", data)))
        lines.append(hypothesis(f"transferred depth > depth from scratch ({data})", v("transfer", data), v("single-depth", data)))
        lines.append(hypothesis(f"hallucination > colour alone ({data})", v("hallucination", data), v("single-color", data)))
        if taught:
            lines.append(hypothesis(f"MKE's student > its teacher ({data})", v("mke", data), [f[data]["whole"] for f in taught.values() if data in f]))
        lines.append(hypothesis(f"MKE > early fusion on labels alone ({data})", v("mke", data), v("early", data)))
        lines.append(hypothesis(f"KD > early fusion on labels alone ({data})", v("kd", data), v("early", data)))
    return lines + [""]


def quantised(result, found):
    if not result:
        return []
    lines = ["## Quantization", "", "Early fusion, seed 1. `+equalise` and `+correct` are cross-layer equalisation and bias correction; "
             "learned scales are 100 steps of quantization-aware training from min-max. Loss against float in mIoU.", "",
             "| Way | Synthetic | Pairs | Loss, synthetic |", "|---|---|---|---|"]
    for way, s in result.items():
        lines.append(f"| {way} | {s['synthetic']} | {s.get('pairs', '–')} | {result['float']['synthetic'] - s['synthetic']:+.2f} |")
    hard = [n for n in ("early", "hard-hardswish", "hard-squeeze", "hard-attention", "gated", "late-probabilities") if n in found]
    lines += ["", "Parts that are known to be hard, quantised after training by min-max (loss, float − int8, over all seeds and sets):", "",
              "| Network | Mean loss | Worst loss |", "|---|---|---|"]
    for name in hard:
        loss = [c["float"][d]["whole"] - c["int8"][d] for c in found[name] for d in c["int8"]]
        lines.append(f"| {name} | {sum(loss) / len(loss):+.2f} | {max(loss):+.2f} |")
    return lines + [""]


def gap_text(points, out):
    lines = ["## Why more modalities", "", "Risk, 1 − mIoU on the synthetic test scenes, of the same student on colour, depth or both, with more "
             "labelled scenes (`python -m distill gap`); bars span the seeds.", "", f"![Risk of colour, depth and both]({out.stem}-gap.png)", ""]
    sizes = sorted({p["scenes"] for p in points})
    lines += ["| Takes | " + " | ".join(f"{s} scenes" for s in sizes) + " |", "|---|" + "---|" * len(sizes)]
    for takes, label in (("color", "colour"), ("depth", "depth"), ("pixels", "both")):
        row = [[p["risk"] for p in points if p["takes"] == takes and p["scenes"] == s] for s in sizes]
        lines.append(f"| {label} | " + " | ".join(f"{sum(r) / len(r):.3f}" for r in row) + " |")
    return lines + [""]


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
