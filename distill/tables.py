"""The report's sentences, tables and figures: numbers in, lines of Markdown or a PNG out."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from scipy import stats


def values(cards, data, how, kind="float"):
    return [c[kind][data][how] if kind == "float" else c[kind][data] for c in cards if data in c[kind]]


def spread(v):
    """mean ± s.d. of the seeds."""
    return "–" if not v else f"{np.mean(v):.1f}" + (f" ± {np.std(v, ddof=1):.1f}" if len(v) > 1 else "")


def welch(a, b):
    """p of Welch's two-sided t-test, None where either has fewer than two seeds."""
    if len(a) < 2 or len(b) < 2:
        return None
    return float(stats.ttest_ind(a, b, equal_var=False).pvalue)


def mark(a, b):
    """▲ or ▼ where a is above or below b with p < 0.05."""
    p = welch(a, b)
    return "" if p is None or not p < 0.05 else " ▲" if np.mean(a) > np.mean(b) else " ▼"


def hypothesis(text, a, b):
    """One line: what was expected, what was seen, and whether noise explains it."""
    if not a or not b:
        return f"| {text} | no runs | | |"
    p, gap = welch(a, b), np.mean(a) - np.mean(b)
    verdict = "one seed, says nothing" if p is None else "within noise" if not p < 0.05 else "held" if gap > 0 else "failed"
    return f"| {text} | {spread(a)} against {spread(b)} | {gap:+.1f}{'' if p is None else f', p = {p:.2f}'} | {verdict} |"


def intro(c):
    """What was done to every method alike; c is a card's configuration."""
    return [
        "# Every method on one student, one split, one budget", "",
        "Written by `python -m distill.report` from runs on one machine of two cores that others used at the same time; "
        "`--run` does what is missing. Nothing here was tuned per method.", "",
        f"- **Student**: {c['width']}×{c['height']}, channels {tuple(c['channels'])}, decoder {tuple(c['decoder'])}. Methods with two "
        "branches have two encoders, and so about twice the multiply-accumulates (MMAC).",
        f"- **Budget**: {c['steps']} steps of {c['batch']} pairs, all stages together; teachers {c['teacher_steps']} steps of a wider "
        "network, for each seed. That is **very little**: students are far from done, and objects are often not found. "
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
        "noise.", ""]


def accuracy(found, picture):
    """The main table: mIoU by set, and what quantization changed."""
    early = found["early"]
    lines = ["## Accuracy", "", f"![mIoU of every run; the band is early fusion's range]({picture})", "",
             "| Method | Seeds | MMAC | Pairs | Rooms | Synthetic | int8 − float |", "|---|---|---|---|---|---|---|"]
    for name, runs in found.items():
        row = [spread(values(runs, d, "whole")) + ("" if name == "early" else mark(values(runs, d, "whole"), values(early, d, "whole")))
               for d in ("pairs", "rooms", "synthetic")]
        loss = [c["int8"][d] - c["float"][d]["whole"] for c in runs for d in c["int8"]]
        lines.append(f"| {name} | {len(runs)} | {runs[0]['macs'] / 1e6:.1f} | " + " | ".join(row) + f" | {np.mean(loss):+.2f} (worst {min(loss):+.2f}) |")
    return lines + ["", "int8 is the exported file measured by `edge eval`, quantised after training by min-max.", ""]


def lost(found):
    """The table of a lost modality and of shifted depth."""
    early = found["early"]
    lines = ["## A modality lost, and depth in the wrong place", "",
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
    return lines


def speed(ratios):
    """Times of inference over early fusion's, fastest first."""
    lines = ["## Speed", "", "Median time of inference over early fusion's, one thread, `edge bench` in three rounds in which every "
             "student has its turn, the least of each. The machine was busy; ratios under 1.2 mean nothing.", "",
             "| Method | Time over early fusion's |", "|---|---|"]
    return lines + [f"| {name} | {r:.2f} |" for name, r in sorted(ratios.items(), key=lambda i: i[1])] + [""]


def encodings(scores):
    lines = ["## Depth encodings", "", "How much a patch of 7×7 depth pixels says of background, table and object in the middle: mIoU on "
              "patches of the synthetic test scenes, of a network of two layers on 384 scenes, three seeds. Height and angle are second "
              "bytes beside inverse depth, against one plane per frame found by RANSAC; the runtime makes inverse and linear tables, and "
              "no second byte.", "", "| Encoding | mIoU | Against inverse |", "|---|---|---|"]
    for kind, v in scores.items():
        p = welch(v, scores["inverse"])
        lines.append(f"| {kind} | {spread(v)} | " + ("" if kind == "inverse" else f"{np.mean(v) - np.mean(scores['inverse']):+.1f}, p = {p:.2f}") + " |")
    return lines + [""]


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


def shipped(result):
    """Loss of int8 on the students of models/."""
    if not result:
        return []
    sets = sorted({k for row in result["cards"].values() for k in row})
    lines = ["The shipped students, quantised as their cards say (float − int8 in mIoU, by their cards):", "",
             "| Student | " + " | ".join(sets) + " |", "|---|" + "---|" * len(sets)]
    for name, row in result["cards"].items():
        lines.append(f"| {name} | " + " | ".join(f"{row[k]:+.1f}" if k in row else "–" for k in sets) + " |")
    if "nano" in result:
        nano = result["nano"]
        lines += ["", "`tabletop-nano` at 320×240, its float weights back from the shipped file, so that its weights lie on the grid already "
                  "and only activations can lose; learned scales are 60 steps of 4 pairs:", "", "| Way | Pairs | Rooms | Loss, pairs | Loss, rooms |",
                  "|---|---|---|---|---|"]
        for way, s in nano.items():
            lines.append(f"| {way} | {s['pairs']} | {s['rooms']} | " + " | ".join(f"{nano['float'][k] - s[k]:+.2f}" for k in ("pairs", "rooms")) + " |")
    return lines + [""]


def retrieval(result):
    lines = ["## Frames found by their codes", "", "`hashing` as above, and `places`, the same student with a contrast between the frames of "
             "batches of 24 and 900 steps, seed 1, in int8 through `edge run` and `edge lookup`: mean average precision, and "
             "the share of frames whose first match belongs. Frames of the synthetic camera, which training never saw, belong together "
             "when they show one scene; frames of a recording, seen in training without labels, when at most five frames lie between. Ties "
             "count against the query. Chance is the share of frames that belong.", "", "| Student: source | Query | mAP | First | Chance |", "|---|---|---|---|---|"]
    for source, rows in result.items():
        for query, r in rows.items():
            lines.append(f"| {source} | {query.replace('color', 'colour')} | {r['map']:.2f} | {r['first']:.2f} | {r['chance']:.2f} |")
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


# Figures


def figure_methods(found, path):
    """Every method's seeds as dots, one panel per set."""
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
