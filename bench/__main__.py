"""edge beside the runtimes that a user could pick instead: python -m bench --edge bin/edge --out docs

Every model runs in every runtime, in turn, round after round, so that a change of the machine's speed meets all of them;
each ratio is the median over rounds of (the peer's median time / edge's). A peer whose answer differs from edge's on more
than --differ of the pixels, or that can't run a model, is listed with the reason. All run inferences back to back; what a
frame adds in edge stands beside.
"""

import argparse
import json
from pathlib import Path
import platform
import subprocess
import sys
import tempfile

import numpy as np
from tqdm import tqdm

from bench import nets
from bench.peer import PEERS
from importlib.metadata import version

PACKAGES = {"ONNX Runtime": "onnxruntime", "OpenVINO": "openvino", "LiteRT": "ai-edge-litert", "MNN": "MNN", "ncnn": "ncnn"}


class Peer:
    """A peer's process."""

    def __init__(self, name, model, threads, source):
        self.process = subprocess.Popen([sys.executable, "-m", "bench.peer", name, str(model), str(threads), str(source)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        self.said = json.loads(line) if line else {"error": f"its process ended with {self.process.wait()}"}

    def run(self, times):
        self.process.stdin.write(f"{times}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def edge_bench(edge, model, threads, frames, *flags):
    command = [edge, "bench", "--model", str(model), "--threads", str(threads), "--frames", str(frames), "--json", "-q", *flags]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def edge_answer(edge, model, source, folder):
    subprocess.run([edge, "infer", str(model), "--in", str(source), "--out", str(folder), "-q"], check=True, capture_output=True)
    return np.load(next(Path(folder).glob("*.npy")))


def pixels(channels, height, width, folder):
    """A smooth random picture: uint8 [1, C, H, W]."""
    coarse = np.random.default_rng(1).integers(0, 256, (channels, height // 20 + 2, width // 20 + 2)).astype(np.float32)
    rows, columns = np.arange(height) / 20, np.arange(width) / 20
    r, c = rows.astype(int), columns.astype(int)
    fr, fc = (rows - r)[:, None], (columns - c)[None]
    x = ((1 - fr) * (1 - fc) * coarse[:, r][:, :, c] + (1 - fr) * fc * coarse[:, r][:, :, c + 1]
         + fr * (1 - fc) * coarse[:, r + 1][:, :, c] + fr * fc * coarse[:, r + 1][:, :, c + 1])
    path = Path(folder) / f"pixels-{channels}-{height}x{width}.npy"
    np.save(path, np.clip(np.rint(x), 0, 255).astype(np.uint8)[None])
    return path


def models(folder, shipped):
    """{name: (file, channels, whether edge bench can run it as a student)}."""
    import onnx

    found = {}
    for path in sorted(Path(shipped).glob("*.onnx")):
        shape = [d.dim_value for d in onnx.load(path).graph.input[0].type.tensor_type.shape.dim]
        found[path.stem] = (path, shape[1], shape[2:])
    for name in nets.NETS:
        path = Path(folder) / f"net-{name}.onnx"
        model = nets.build(name)[0]
        told = {"classes": '["a", "b", "c"]', "depth": '{"kind": "inverse", "near": 0.4, "far": 8.0}'}
        onnx.helper.set_model_props(model, {"depthwise." + key: value for key, value in told.items()})
        onnx.save(model, path)
        found[f"{name} (random weights)"] = (path, 4, [240, 320])
    return found


def measure(edge, name, path, source, threads, rounds, folder, differ):
    """One row per contender of one model at one number of threads."""
    out = Path(folder) / f"edge-{path.stem}"
    truth = edge_answer(edge, path, source, out)
    rows, alive = {}, {}
    for peer in PEERS:
        p = Peer(peer, path, threads, source)
        if "error" in p.said:
            rows[peer] = {"reason": p.said["error"]}
            continue
        answer = np.load(p.said.pop("output"))
        same = float((answer.reshape(-1) == truth.reshape(-1)).mean()) if answer.size == truth.size else 0.0
        if same < 1 - differ:
            rows[peer] = {"reason": f"its classes equal edge's on {100 * same:.1f} % of the pixels alone"}
            p.close()
            continue
        alive[peer] = p
        rows[peer] = {"agreement": same, **p.said, "times": [], "ratios": []}
    mine = {"times": [], "share": [], "frame": []}
    for _ in range(rounds):
        b = edge_bench(edge, path, threads, 40, "--no-start")
        steady = b["steady_ms"]["p50"]
        mine["times"].append(steady)
        mine["share"].append(b["macs"] / steady / 1e6 / b["peak_gmacs"])
        mine["frame"].append(b["frame_ms"]["p50"] / b["infer_ms"]["p50"])
        mine["macs"] = b["macs"]
        for peer, p in alive.items():
            times = p.run(20)
            rows[peer]["times"] += times
            rows[peer]["ratios"].append(float(np.median(times)) / steady)
    for p in alive.values():
        p.close()
    return mine, rows


def start(edge):
    b = edge_bench(edge, "tabletop", 1, 20)
    return b["first_mask_ms"], b["rss_mb"]


def report(results, cold, rounds, out):
    lines = ["# Performance", "",
             "`make bench` wrote this page. Ratios say how many times as long a peer takes for the same int8 network, upsampling and",
             "argmax inside, batch 1: 2.5 is two and a half times edge's time. Each is the median over the rounds of one interleaved",
             f"run ({rounds} rounds of 40 inferences of edge and 20 of each peer), with the least and the greatest round in brackets.",
             "All run back to back. Frame: what edge takes for a whole 640x480 frame, from registration to the mask as ndjson, as a",
             "multiple of its inference within that frame. Networks of random weights are described in `bench/nets.py`.", "",
             f"Processor: {processor()}. Peers: " + ", ".join(f"{n} {version(p)}" for n, p in PACKAGES.items()) + ".", ""]
    for threads in sorted({t for _, t in results}):
        lines += [f"## {threads} thread{'s' if threads > 1 else ''}", "",
                  "| Network | MMAC | edge: share of the measured peak | frame | " + " | ".join(PEERS) + " |",
                  "|---|---|---|---|" + "---|" * len(PEERS)]
        for (name, t), (mine, rows) in results.items():
            if t != threads:
                continue
            cells = [f"{np.median(r['ratios']):.2f}× [{min(r['ratios']):.2f}–{max(r['ratios']):.2f}]" if "ratios" in r else "–"
                     for r in rows.values()]
            lines.append(f"| {name} | {mine['macs'] / 1e6:.0f} | {100 * np.median(mine['share']):.0f} % | "
                         f"{np.median(mine['frame']):.2f}× | " + " | ".join(cells) + " |")
        lines.append("")
    lines += ["## Agreement, start and memory", "",
              "At one thread. Agreement: pixels of the class map equal to edge's. Start: from loading the file to the end of the first",
              "inference, libraries already loaded, as a ratio to the whole of edge's start from exec to the first byte of mask.",
              "Memory: peak of the peer's process, Python inside, beside that of `edge run`.", "",
              "| Network | Peer | Agreement | Start | Memory |", "|---|---|---|---|---|"]
    for (name, t), (_, rows) in results.items():
        if t == 1:
            for peer, r in rows.items():
                if "ratios" in r:
                    lines.append(f"| {name} | {peer} | {100 * r['agreement']:.2f} % | {r['first_ms'] / cold[0]:.1f}× | {r['rss_mb']:.0f} MB |")
    lines += ["", f"`edge run` peaks at {cold[1]:.0f} MB.", "", "LiteRT rounds the upsampled logits to 8 bits before the argmax; that is where it differs.",
              "", "## Left out", ""]
    reasons = {}
    for (name, _), (_, rows) in results.items():
        for peer, r in rows.items():
            if "reason" in r:
                reasons.setdefault((peer, r["reason"]), set()).add(name)
    lines += [f"- {peer}: {', '.join(sorted(names))}: {reason}" for (peer, reason), names in sorted(reasons.items())]
    lines += ["", "![Time of each peer as a multiple of edge's](performance.png)", "",
              "[growth.md](growth.md) shows how cost grows, [arm64.md](arm64.md) what is known of arm64 without a board, and",
              "[depthfirst.md](depthfirst.md) why blocks are not run depth first.", ""]
    Path(out, "performance.md").write_text("\n".join(lines))
    picture(results, Path(out, "performance.png"))


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def picture(results, path):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows = [(name, r) for (name, t), (_, r) in results.items() if t == 1]
    fig, ax = plt.subplots(figsize=(8, 0.5 + 0.55 * len(rows)))
    shown = [p for p in PEERS if any("ratios" in r.get(p, {}) for _, r in rows)]
    for k, peer in enumerate(shown):
        y = [i + 0.8 * (k + 0.5) / len(shown) - 0.4 for i, (_, r) in enumerate(rows) if "ratios" in r[peer]]
        ax.barh(y, [np.median(r[peer]["ratios"]) for _, r in rows if "ratios" in r[peer]], 0.8 / len(shown), label=peer)
    ax.axvline(1, color="black", lw=0.8)
    ax.set_yticks(range(len(rows)), [n for n, _ in rows])
    ax.invert_yaxis()
    ax.set_xlabel("time as a multiple of edge's, 1 thread")
    ax.legend(frameon=False)
    fig.tight_layout()
    fig.savefig(path, dpi=90)


def main():
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edge", default="bin/edge")
    parser.add_argument("--models", default="models")
    parser.add_argument("--out", default="docs")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", default="", help="names of networks that contain this")
    parser.add_argument("--differ", type=float, default=0.03, help="share of pixels that may differ")
    args = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        chosen = {n: m for n, m in models(folder, args.models).items() if args.only in n}
        work = [(n, *m, int(t)) for t in args.threads.split(",") for n, m in chosen.items()]
        for name, path, channels, size, threads in tqdm(work, disable=None):
            source = pixels(channels, *size, folder)
            results[name, threads] = measure(args.edge, name, path, source, threads, args.rounds, folder, args.differ)
            mine, rows = results[name, threads]
            line = {p: round(float(np.median(r["ratios"])), 2) if "ratios" in r else r["reason"] for p, r in rows.items()}
            print(json.dumps({"network": name, "threads": threads, "share": round(float(np.median(mine["share"])), 2), **line}), flush=True)
        report(results, start(args.edge), args.rounds, args.out)


if __name__ == "__main__":
    main()
