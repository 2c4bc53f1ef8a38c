"""What frames cost over a long recording: docs/growth.md's paragraph on frames, and docs/frames.png.

    make build && .venv/bin/python -m bench.frames [--frames 100000] [--model tabletop-nano]

Records 100 pairs of the synthetic camera at 160×120 and runs edge run --loop on them, one thread. Every thousand frames are
one row: the least and the median time of their inferences, which the masks' own lines tell, and the resident memory of
the process behind them. The least is what an inference takes when nothing else runs; on a busy machine it is the figure to
look at.
"""

import argparse
import json
from pathlib import Path
import statistics
import subprocess
import tempfile

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402

ROOT = Path(__file__).parents[1]
DOCUMENT, PICTURE = ROOT / "docs/growth.md", ROOT / "docs/frames.png"
BEGIN, END = "<!-- made by bench/frames.py -->\n", "<!-- end of frames -->\n"
GROUP = 1000


def resident(pid):
    """Resident memory of a process, MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1000
    raise ValueError(f"process {pid}: no VmRSS in its status")


def rows(lines, memory, group=GROUP):
    """(least ms, median ms, MB) of every whole group of masks' JSON lines, memory() being read behind each, and the number of lines."""
    times, found, n = [], [], 0
    for line in lines:
        mask = json.loads(line)
        if mask["seq"] != n:
            raise ValueError(f"mask {n} has the sequence number {mask['seq']}")
        n += 1
        times.append(mask["ms"]["infer"])
        if len(times) == group:
            found.append((min(times), statistics.median(times), memory()))
            times = []
    return found, n


def told(found, frames, model):
    """The paragraph."""
    least, median, mb = zip(*found)
    tail = found[len(found) // 2:]
    return (f"Neither time nor memory grows with the frames. `edge run --loop` on a recording of 100 pairs of 160×120 with {model},\n"
            f"one thread, over {frames:,} frames: of every thousand frames in a row, the least time of an inference stays within\n"
            f"{min(least):.3f} and {max(least):.3f} ms ({least[0]:.3f} in the first thousand, {least[-1]:.3f} in the last), its median within\n"
            f"{min(median):.3f} and {max(median):.3f} ms, and resident memory within {min(mb):.1f} and {max(mb):.1f} MB ({mb[0]:.1f} after the first thousand,\n"
            f"{mb[-1]:.1f} after the last; in the second half within {min(m for *_, m in tail):.1f} and {max(m for *_, m in tail):.1f}). Times are of one machine, and\n"
            "only their being equal says anything.\n\n"
            "![Time of an inference and memory against the frames](frames.png)\n")


def draw(found):
    figure, (times, memory) = plt.subplots(1, 2, figsize=(9, 2.8), layout="constrained")
    thousands = range(1, len(found) + 1)
    times.plot(thousands, [least for least, *_ in found], label="least")
    times.plot(thousands, [median for _, median, _ in found], label="median")
    times.set(xlabel="thousand frames", ylabel="inference, ms", ylim=(0, None))
    times.legend()
    memory.plot(thousands, [mb for *_, mb in found])
    memory.set(xlabel="thousand frames", ylabel="resident memory, MB", ylim=(0, None))
    for axis in times, memory:
        axis.grid(alpha=0.3)
    figure.savefig(PICTURE, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--model", default="tabletop-nano")
    parser.add_argument("--edge", default=str(ROOT / "bin/edge"))
    options = parser.parse_args()
    if options.frames < GROUP:
        parser.error(f"--frames {options.frames}: want at least {GROUP}")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([options.edge, "record", "synth:seed=1,width=160,height=120", "-o", folder + "/pairs", "--frames", "100", "-q"], check=True)
        command = [options.edge, "run", folder + "/pairs", "--loop", "--frames", str(options.frames), "--model", options.model,
                   "--threads", "1", "--format", "ndjson", "-q"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as run:
            found, n = rows(run.stdout, lambda: resident(run.pid))
        if run.returncode or n != options.frames:
            raise SystemExit(f"edge run ended with {run.returncode} after {n} of {options.frames} frames")
    draw(found)
    text = DOCUMENT.read_text()
    before, rest = text.split(BEGIN)
    DOCUMENT.write_text(before + BEGIN + told(found, n, options.model) + END + rest.split(END)[1])


if __name__ == "__main__":
    main()
