"""How the cost of a student grows with its size, its width and the threads: docs/growth.md and docs/growth.png.

    make build && .venv/bin/python -m bench.growth [--rounds 3] [--threads 1,2]

Times a MobileNetV2-like student with random weights (bench.nets) in edge bench at sizes from 160×120 to 1280×960 and
widths from ×0.25 to ×2, interleaved, and adds up the least time of each step: what the network takes when nothing else
runs, even on a busy machine; more threads than one need a quiet one. Prints time per multiply-accumulate relative
to 320×240 and ×1 on one thread: on a machine without caches' limits it would be 1 everywhere.
"""

import argparse
import json
from pathlib import Path
import subprocess
import tempfile

import matplotlib
import onnx

from bench import nets

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402

ROOT = Path(__file__).parents[1]
DOCUMENT, PICTURE = ROOT / "docs/growth.md", ROOT / "docs/growth.png"
BEGIN, END = "<!-- made by bench/growth.py -->\n", "<!-- end -->\n"
SIZES = [(160, 120), (320, 240), (640, 480), (1280, 960)]
WIDTHS = [0.25, 0.5, 1, 2]
BASE = (320, 240, 1)


def measure(model, threads, seconds):
    """Threads → (least ms of each step, multiply-accumulates, bytes of arena)."""
    command = [ROOT / "bin/edge", "bench", "--model", model, "--threads", ",".join(map(str, threads)), "--no-start", "--json",
               "--frames", "100000", "--seconds", str(seconds), "--size", "320x240", "--quiet"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return {r["threads"]: ([s["min_ms"] for s in r["steps"]], r["macs"], r["arena_bytes"]) for r in map(json.loads, lines)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=lambda text: [int(n) for n in text.split(",")], default=[1], help="such as 1,2; the first is the base")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each measurement")
    options = parser.parse_args()
    cases = sorted({(w, h, 1) for w, h in SIZES} | {(*BASE[:2], factor) for factor in WIDTHS})
    best = {}
    with tempfile.TemporaryDirectory() as folder:
        for w, h, factor in cases:
            model, _ = nets.build("mobile", h, w, factor=factor)
            onnx.save(model, Path(folder) / f"{w}x{h}x{factor}.onnx")
        for _ in range(options.rounds):
            for w, h, factor in cases:
                for threads, found in measure(Path(folder) / f"{w}x{h}x{factor}.onnx", options.threads, options.seconds).items():
                    key = w, h, factor, threads
                    steps = best.get(key, found)[0]
                    best[key] = [min(pair) for pair in zip(steps, found[0], strict=True)], *found[1:]
    per_mac = {key: sum(steps) / macs for key, (steps, macs, _) in best.items()}
    base = per_mac[(*BASE, options.threads[0])]
    columns = ["Size", "Width", "Million multiply-accumulates", "Arena, bytes a pixel",
               *(f"Time per multiply-accumulate, {n} thread{'s' * (n > 1)}" for n in options.threads)]
    lines = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    for w, h, factor in cases:
        _, macs, arena = best[w, h, factor, options.threads[0]]
        times = (f"{per_mac[w, h, factor, n] / base:.2f}" for n in options.threads)
        lines.append("| " + " | ".join([f"{w}×{h}", f"×{factor:g}", f"{macs / 1e6:.0f}", f"{arena / w / h:.1f}", *times]) + " |")
    text = DOCUMENT.read_text()
    before, rest = text.split(BEGIN)
    DOCUMENT.write_text(before + BEGIN + "\n".join(lines) + "\n" + END + rest.split(END)[1])
    draw({key: v / base for key, v in per_mac.items()}, options.threads)


def draw(relative, counts):
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True, layout="constrained")
    for threads in counts:
        axes[0].plot(range(len(SIZES)), [relative[w, h, 1, threads] for w, h in SIZES], "o-", label=f"{threads} thread{'s' * (threads > 1)}")
        axes[1].plot(range(len(WIDTHS)), [relative[(*BASE[:2], f, threads)] for f in WIDTHS], "o-")
    axes[0].set_xticks(range(len(SIZES)), [f"{w}×{h}" for w, h in SIZES])
    axes[1].set_xticks(range(len(WIDTHS)), [f"×{f:g}" for f in WIDTHS])
    axes[0].set(xlabel="size, width ×1", ylabel="time per multiply-accumulate\n(320×240, ×1 = 1)", ylim=(0, None))
    axes[1].set(xlabel="width of all layers, 320×240")
    axes[0].legend()
    for axis in axes:
        axis.grid(alpha=0.3)
    figure.savefig(PICTURE, dpi=110)


if __name__ == "__main__":
    main()
