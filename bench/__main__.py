"""edge beside the runtimes that a user could pick instead: python -m bench --edge bin/edge --out docs

Every model runs in every runtime, in turn, round after round, so that a change of the machine's speed meets all of them. A
peer whose answer differs from edge's on more than --differ of the pixels, or that can't run a model, is listed with the
reason. All run inferences back to back; what a frame adds in edge stands beside. bench/page.py makes the page of it.
"""

import argparse
from importlib.metadata import files, version
import json
from pathlib import Path
import platform
import subprocess
import statistics
import sys
import tempfile

import numpy as np
import onnx
from tqdm import tqdm

from bench import avx2, nets, page
from bench.peer import PEERS

DISTRIBUTIONS = {"ONNX Runtime": "onnxruntime", "OpenVINO": "openvino", "LiteRT": "ai-edge-litert", "MNN": "MNN", "ncnn": "ncnn"}
FRAMES, RUNS = 60, 20  # a round, of edge and of a peer


class Peer:
    """A peer's process. What it said after loading is in said, once ready has waited for it."""

    def __init__(self, name, model, threads, source, environment=None):
        self.process = subprocess.Popen([sys.executable, "-m", "bench.peer", name, str(model), str(threads), str(source)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)

    def ready(self):
        line = self.process.stdout.readline()
        self.said = json.loads(line) if line else {"error": f"its process ended with {self.process.wait()}"}
        return self

    def run(self, times):
        """The milliseconds of so many inferences; None from a process that has ended."""
        try:
            self.process.stdin.write(f"{times}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return None
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def close(self):
        """Ends the process; its exit status."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        return self.process.wait()


def output(*command):
    """What a command prints; its error ends the run."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"bench: {' '.join(map(str, command))}: exit status {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def edge_bench(edge, model, threads, frames, *flags):
    """The results of edge bench by their threads."""
    said = output(edge, "bench", "--model", model, "--threads", ",".join(map(str, threads)), "--frames", frames, "--json", "-q", *flags)
    return {r["threads"]: r for r in map(json.loads, said.splitlines())}


def edge_answer(edge, model, source, folder, *flags):
    output(edge, "infer", model, "--in", source, "--out", folder, "-q", *flags)
    return np.load(next(Path(folder).glob("*.npy")))


def agreement(answer, truth):
    """The part of the pixels with the same class: of class maps, or of logits [1, C, H, W], the first of the greatest."""
    if answer.shape != truth.shape and answer.size == truth.size and truth.ndim < 4:
        answer = answer.reshape(truth.shape)  # class maps with an axis more or less
    if answer.shape != truth.shape:
        return 0.0
    if truth.ndim == 4:
        answer, truth = answer.argmax(1), truth.argmax(1)
    return float((answer == truth).mean())


def classes(truth):
    return len(np.unique(truth.argmax(1) if truth.ndim == 4 else truth))


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


def scene(edge, name, told, channels, height, width, folder):
    """A picture of the synthetic camera as a student sees it: uint8 [1, C, H, W], of colour, depth or both. told is its metadata."""
    from PIL import Image

    room = "scene=room," if "wall" in told.get("depthwise.classes", "") else ""
    target = Path(folder) / f"scene-{name}"
    output(edge, "record", f"synth:seed=5,{room}width={width},height={height}", "-o", target, "--frames", 1, "--register", "-q")
    color = np.asarray(Image.open(next(target.glob("rgb/*.png"))).convert("RGB")).transpose(2, 0, 1)
    z = np.asarray(Image.open(next(target.glob("depth/*.png")))).astype(np.float64)
    z *= json.loads((target / "calibration.json").read_text())["depth_scale"]
    how = json.loads(told.get("depthwise.depth", '{"kind": "inverse", "near": 0.4, "far": 8.0}'))
    near, far = how["near"], how["far"]
    with np.errstate(divide="ignore"):
        t = (1 / z - 1 / far) / (1 / near - 1 / far) if how["kind"] == "inverse" else (far - z) / (far - near)
    depth = np.where(z > 0, 1 + np.rint(254 * np.clip(t, 0, 1)), 0).astype(np.uint8)[None]
    path = Path(f"{target}.npy")
    np.save(path, {1: depth, 3: color, 4: np.concatenate([color, depth])}[channels][None])
    return path


def models(edge, folder, shipped):
    """{name: (file, input)}: the shipped students, then the networks of random weights."""
    found = {}
    for path in sorted(Path(shipped).glob("*.onnx")):
        model = onnx.load(path)
        _, channels, height, width = (d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim)
        found[path.stem] = path, scene(edge, path.stem, {p.key: p.value for p in model.metadata_props}, channels, height, width, folder)
    for name in nets.NETS:
        path = Path(folder) / f"net-{name}.onnx"
        onnx.save(nets.build(name)[0], path)
        found[f"{name} (random weights)"] = path, pixels(4, 240, 320, folder)
    return found


def contenders(path, source, counts, truth, differ, environment, failed):
    """({threads: {peer: its row}}, {(threads, peer): its process}) of the peers that give edge's answer. failed keeps the reasons
    of those that can't run the model, who need not try again with more threads or with a part of it."""
    rows, alive = {t: {} for t in counts}, {}
    for t in counts:
        started = {}
        for peer in avx2.PACKAGES if environment else PEERS:
            if peer in failed:
                rows[t][peer] = {"reason": failed[peer]}
                continue
            try:
                started[peer] = Peer(peer, path, t, source, environment and environment(peer))
            except (OSError, ValueError, subprocess.CalledProcessError) as error:
                failed[peer] = f"no copy of it for AVX2: {error}"
                rows[t][peer] = {"reason": failed[peer]}
                continue
            if t == min(counts):
                started[peer].ready()  # alone: its start is measured
        for peer, p in started.items():
            said = p.said if hasattr(p, "said") else p.ready().said
            reason = said.get("error")
            if reason:
                failed[peer] = reason
            else:
                answer = np.load(said["output"])
                Path(said.pop("output")).unlink()
                same = agreement(answer, truth)
                if same < 1 - differ:
                    reason = f"its classes equal edge's on {100 * same:.1f} % of the pixels alone"
                elif environment and not said["asked"]:
                    reason = "its library does not ask by CPUID what the processor has"
                elif environment and said["exceeded"]:
                    reason = "it uses AVX-512 although the processor seems to lack it"
            if reason:
                rows[t][peer] = {"reason": reason}
                p.close()
                continue
            rows[t][peer] = {"agreement": same, "first_ms": said["first_ms"], "rss_mb": said["rss_mb"], "ratios": [], "low": [], "high": []}
            alive[t, peer] = p
    return rows, alive


def measure(edge, name, form, path, source, counts, rounds, folder, differ, failed):
    """A row for each number of threads of one form of one model."""
    off = ["--disable=avx512vnni", "--disable=avxvnni"] if form == "avx2" else []
    flags = [*off, "--graph"] if form == "logits" else [*off, "--no-start"]
    truth = edge_answer(edge, path, source, Path(folder) / f"edge-{form}-{path.stem}", *off)
    if classes(truth) < 2:
        raise SystemExit(f"bench: {name}: one class everywhere in edge's answer: nothing to compare")
    rows, alive = contenders(path, source, counts, truth, differ, avx2.environment if form == "avx2" else None, failed)
    mine = {t: {"ms": [], "share": [], "gain": [], "frame": [], "tail": [], "noise": [], "kinds": []} for t in counts}
    for _ in range(rounds):
        measured = edge_bench(edge, path, counts, FRAMES, *flags)
        for t, b in measured.items():
            m, ms = mine[t], b["steady_ms"]["p50"]
            m["macs"] = b["macs"]
            m["steps"] = len(b["steps"])
            m["ms"].append(ms)
            m["noise"].append(b["steady_ms"]["p90"] / b["least_ms"])
            m["share"].append(b["macs"] / ms / 1e6 / b["peak_gmacs"])
            m["gain"].append(measured[min(counts)]["steady_ms"]["p50"] / ms)
            m["kinds"].append({k["kind"]: {"share": k["share"], "of_peak": k["of_peak"], "of_dots": k["of_dots"]} for k in b["kinds"]})
            m["machine"] = {"peak": b["peak_gmacs"] / t, "clock": b["clock_ghz"], "barrier_us": b["barrier_us"]}
            if form == "full":
                m["frame"].append(b["frame_ms"]["p50"] / b["infer_ms"]["p50"])
                m["tail"].append(b["frame_ms"]["p99"] / b["frame_ms"]["p50"])
        for (t, peer), p in list(alive.items()):
            times = p.run(RUNS)
            if times is None:
                rows[t][peer] = {"reason": f"its process ended with {alive.pop((t, peer)).close()} while it ran"}
                continue
            times = np.array(times) / mine[t]["ms"][-1]
            for key, value in zip(("low", "ratios", "high"), np.percentile(times, (10, 50, 90))):
                rows[t][peer][key].append(float(value))
    for p in alive.values():
        p.close()
    return [{"network": name, "form": form, "threads": t, "edge": mine[t], "peers": rows[t]} for t in counts]


STARTS = 9


def start(edge):
    """Medians over STARTS processes, each of which is exec'd, gives a mask and ends: one start says little."""
    found = [edge_bench(edge, "tabletop", [1], 20)[1] for _ in range(STARTS)]
    median = {key: statistics.median(b[key] for b in found) for key in ("first_mask_ms", "rss_mb")}
    return {**median, "disk_mb": Path(edge).stat().st_size / 1e6}


def installed():
    """Each peer's version and the bytes of what its package installed."""
    return {peer: {"version": version(name), "disk_mb": sum(f.locate().stat().st_size for f in files(name) if f.locate().is_file()) / 1e6}
            for peer, name in DISTRIBUTIONS.items()}


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def machine(rows):
    """What edge measured of it, the best of all rows."""
    said = [(r["threads"], r["edge"]["machine"]) for r in rows if r["form"] != "avx2"]
    shared = [m["barrier_us"] for t, m in said if t > 1]
    fewest = min(r["threads"] for r in rows)
    noise = [n for r in rows if r["threads"] == fewest for n in r["edge"]["noise"]]
    mobile = next((r["edge"]["steps"] for r in rows if r["network"].startswith("mobile (")), 0)
    return {"name": processor(), "peak": max(m["peak"] for _, m in said), "clock": max(m["clock"] for _, m in said),
            "barrier_us": min(shared) if shared and mobile else 0, "steps": mobile, "noise": float(np.median(noise))}


def main():
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edge", default="bin/edge")
    parser.add_argument("--models", default="models")
    parser.add_argument("--out", default="docs")
    parser.add_argument("--threads", type=lambda text: sorted(int(n) for n in text.split(",")), default=[1, 2], help="such as 1,2")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", default="", help="names of networks that contain this")
    parser.add_argument("--differ", type=float, default=0.03, help="share of pixels that may differ")
    parser.add_argument("--keep", type=Path, help="a file for the figures, from which --page writes the page again")
    parser.add_argument("--page", type=Path, help="measure nothing: write the page of figures that --keep kept")
    args = parser.parse_args()
    if args.page:
        return page.write(json.loads(args.page.read_text()), args.out)
    rows, no_avx2 = [], None
    with tempfile.TemporaryDirectory() as folder:
        chosen = {n: m for n, m in models(args.edge, folder, args.models).items() if args.only in n}
        work = [(n, "full", *m) for n, m in chosen.items()]
        for name, (path, source) in chosen.items():
            short = Path(folder) / f"logits-{path.name}"
            onnx.save(nets.logits(onnx.load(path)), short)
            work.append((name, "logits", short, source))
        if platform.machine() == "x86_64":
            work += [(n, "avx2", *chosen[n]) for n in page.BARRED if n in chosen]
        else:
            no_avx2 = f"a processor of {platform.machine()}"
        failed = {name: {} for name in chosen}  # whole networks come before their parts
        for name, form, path, source in tqdm(work, disable=None):
            known = {} if form == "avx2" else failed[name]
            done = measure(args.edge, name, form, path, source, args.threads, args.rounds, folder, args.differ, known)
            rows += done
            for r in done:
                line = {p: round(float(np.median(v["ratios"])), 2) if "ratios" in v else v["reason"] for p, v in r["peers"].items()}
                print(json.dumps({"network": name, "form": form, "threads": r["threads"], "share": round(float(np.median(r["edge"]["share"])), 2), **line}), flush=True)
        said = output(args.edge, "version").split()
        found = {"rows": rows, "start": start(args.edge), "machine": machine(rows), "rounds": args.rounds, "frames": FRAMES, "runs": RUNS,
                 "peers": installed(), "version": said[1] if len(said) > 1 else "unknown", "no_avx2": no_avx2}
    if args.keep:
        args.keep.write_text(json.dumps(found))
    page.write(found, args.out)
    if found["machine"]["noise"] > page.QUIET:
        print(f"bench: the machine was busy: nine in ten inferences took up to {found['machine']['noise']:.2f} times the shortest", file=sys.stderr)


if __name__ == "__main__":
    main()
