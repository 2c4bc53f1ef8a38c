"""docs/performance.md and its picture from what bench/__main__.py measured: nothing is measured here.

A row is one form of one network at one number of threads:

    {"network", "form": "full" | "logits" | "avx2", "threads",
     "edge": {"macs", "ms": [median a round], "share": [of the peak], "gain": [speed by threads], "frame": [whole frame / inference],
              "tail": [frame's p99 / p50], "kinds": [{kind: {"share", "of_peak", "of_dots"}}]},
     "peers": {name: {"reason"} | {"agreement", "first_ms", "rss_mb", "ratios": [a round], "low": [p10], "high": [p90]}}}

Lists have an entry a round, ratios are a peer's time over edge's in the same round.
"""

from pathlib import Path
from statistics import median
import textwrap

BARRED = ("tabletop", "mobile (random weights)")  # what the bars are about
FORMS = {"full": "Whole networks", "logits": "Logits alone", "avx2": "AVX2 alone"}


def named(count, what):
    return f"{count} {what}{'s' * (count != 1)}"


def ratio(values, digits=2):
    return f"{median(values):.{digits}f}×"


def percent(value):
    return f"{100 * value:.0f} %"


def find(rows, form, network, threads):
    return next((r for r in rows if (r["form"], r["network"], r["threads"]) == (form, network, threads)), None)


class Bar:
    """A bar: what, the wanted figure, the measured ones by their threads, None where there is none, as they are written."""

    def __init__(self, what, network, want, figures, show, least=True, limit=None):
        self.what, self.network, self.want, self.figures, self.show, self.least, self.limit = what, network, want, figures, show, least, limit

    def met(self):
        known = [f for f in self.figures.values() if f is not None]
        if not known:
            return "not measured"
        good = [f >= self.want if self.least else f <= self.want for f in known]
        return "yes" if all(good) and len(known) == len(self.figures) else f"{sum(good)} of {len(self.figures)}" if any(good) else "no"

    def line(self):
        measured = ", ".join("–" if f is None else self.show(f) + (f" ({named(t, 'thread')})" if t else "") for t, f in self.figures.items())
        limit = "" if self.limit is None else self.show(self.limit)
        return f"| {self.what} | {self.network} | {'≥' if self.least else '≤'} {self.show(self.want)} | {measured} | {limit} | {self.met()} |"


def bars(found):
    """All bars, from the same figures as the tables."""
    rows, listed = found["rows"], []
    counts = sorted({r["threads"] for r in rows}) or [1]
    times = lambda v: f"{v:.2f}×"

    def against(peer, form, want, what):
        for network in BARRED:
            figures, limit = {}, None
            for t in counts:
                r = find(rows, form, network, t)
                p = r and r["peers"].get(peer, {})
                figures[t] = median(p["ratios"]) if p and "ratios" in p else None
                if figures[t] is not None and t == 1:
                    limit = figures[t] / median(r["edge"]["share"])
            listed.append(Bar(what, network, want, figures, times, limit=None if form == "avx2" else limit))

    def own(what, network, want, figure, show, threads=(1,), form="full", least=True):
        figures = {}
        for t in threads:
            r = find(rows, form, network, t)
            figures[t if len(threads) > 1 else 0] = None if r is None else figure(r["edge"])
        listed.append(Bar(what, network, want, figures, show, least))

    against("ONNX Runtime", "full", 2.5, "faster than ONNX Runtime")
    against("ONNX Runtime", "full", 3.2, "the same, aimed at")
    against("LiteRT", "full", 2.2, "faster than LiteRT")
    against("OpenVINO", "logits", 1.6, "logits alone, faster than OpenVINO")
    against("ONNX Runtime", "avx2", 1, "AVX2 alone, faster than ONNX Runtime")
    for network in BARRED:
        own("whole network, of the peak", network, 0.7, lambda e: median(e["share"]), percent)
    for kind, of, want in (("pointwise", "of_peak", 0.75), ("depthwise", "of_dots", 0.5)):
        for network in BARRED:
            what = "pointwise layers together, of the peak" if kind == "pointwise" else "depthwise layers together, of their instructions' limit"
            own(what, network, want, lambda e: median(k[kind][of] for k in e["kinds"]), percent)
    if max(counts) > 1:
        for network in BARRED:
            own(f"speed of {max(counts)} threads over one", network, 0.9 * max(counts), lambda e: median(e["gain"]), times, threads=(max(counts),))
    for network in BARRED:
        own("whole frame, of its inference", network, 1.25, lambda e: median(e["frame"]), times, counts, least=False)
        own("frame, p99 of p50", network, 1.5, lambda e: median(e["tail"]), times, counts, least=False)
    start = found.get("start", {})
    listed.append(Bar("start, from exec to the first byte of mask", "tabletop", 50, {0: start.get("first_mask_ms")}, lambda v: f"{v:.0f} ms", False))
    listed.append(Bar("`edge run`'s memory at its peak", "tabletop", 40, {0: start.get("rss_mb")}, lambda v: f"{v:.0f} MB", False))
    return listed


def times_table(rows, form, threads, peers):
    """edge beside its peers."""
    full = form == "full"
    head = ["Network", "MMAC", "edge: GMAC/s", "of the peak", *(["gain"] if threads > 1 else []), *(["frame", "p99 of p50"] if full else []), *peers]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for r in rows:
        if (r["form"], r["threads"]) != (form, threads):
            continue
        e = r["edge"]
        cells = [r["network"], f"{e['macs'] / 1e6:.0f}", f"{e['macs'] / median(e['ms']) / 1e6:.0f}", percent(median(e["share"]))]
        cells += [ratio(e["gain"])] if threads > 1 else []
        cells += [ratio(e["frame"]), ratio(e["tail"])] if full else []
        for peer in peers:
            p = r["peers"].get(peer, {})
            cells.append(f"{ratio(p['ratios'])} [{median(p['low']):.2f}–{median(p['high']):.2f}]" if "ratios" in p else "–")
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def kinds_table(rows):
    """Where the time goes, and how near each kind of layer comes to the peak."""
    lines = ["| Network | pointwise: time | of the peak | depthwise: time | of the peak | of its limit | dense: time | of the peak | rest: time |",
             "|---|---|---|---|---|---|---|---|---|"]
    for r in rows:
        if (r["form"], r["threads"]) != ("full", 1):
            continue
        mid = lambda kind, what: percent(median(k[kind][what] for k in r["edge"]["kinds"])) if any(k[kind]["share"] > 0 for k in r["edge"]["kinds"]) else "–"
        cells = [mid("pointwise", "share"), mid("pointwise", "of_peak"), mid("depthwise", "share"), mid("depthwise", "of_peak"), mid("depthwise", "of_dots"),
                 mid("dense", "share"), mid("dense", "of_peak"), mid("rest", "share")]
        lines.append(f"| {r['network']} | " + " | ".join(cells) + " |")
    return lines


def agreement_table(rows, start_ms):
    lines = ["| Network | Form | Peer | Agreement | Start | Memory |", "|---|---|---|---|---|---|"]
    for r in rows:
        if r["threads"] != 1:
            continue
        for peer, p in r["peers"].items():
            if "ratios" in p:
                lines.append(f"| {r['network']} | {FORMS[r['form']].lower()} | {peer} | {100 * p['agreement']:.2f} % | {p['first_ms'] / start_ms:.1f}× | "
                             f"{p['rss_mb']:.0f} MB |")
    return lines


def left_out(rows):
    """Why a peer has no figure, once a reason and the forms that it holds for."""
    forms = {}
    for r in rows:
        for peer, p in r["peers"].items():
            if "reason" in p:
                forms.setdefault((peer, p["reason"], r["network"]), set()).add(r["form"])
    networks = {}
    for (peer, reason, network), found in forms.items():
        where = ", ".join(FORMS[f].lower() for f in FORMS if f in found)
        networks.setdefault((peer, where, reason), []).append(network)
    return [f"- {peer}, {where}: {', '.join(sorted(names))}: {reason}" for (peer, where, reason), names in sorted(networks.items())]


INTRODUCTION = """`make bench` wrote this page in one interleaved run of {asked}: in each, {frames} inferences of edge and {runs} of
each peer, back to back, batch 1, the same input, every contender in turn. A ratio says how many times as long a peer takes for the
same int8 network: 2.5× is two and a half times edge's time. It is the median over the rounds of the peer's median time divided by
edge's in the same round; in brackets are the peer's tenth and ninetieth percentile likewise. Answers are compared first. Networks of
random weights are described in `bench/nets.py`; *mobile* is like a MobileNetV2."""

MACHINE = """Processor: {name}. Its peak, measured by edge on registers alone, is {peak:.0f} GMAC/s a core, which is {a_cycle:.1f}
multiply-accumulates a cycle at {clock:.2f} GHz. With the fewest threads nine in ten of edge's inferences took at most {noise:.2f} times the
shortest in the same round{quiet}"""

QUIET = 1.15  # the most that noise is on a machine that does nothing else

BARS = """What the project wants of itself, and this run's figures. *At the peak* is what the ratio would be, with one thread, if edge
ran at 100 % of this machine's peak: no program can be faster with these instructions, and a bar above it cannot be met here. A
processor that issues two dot products a cycle leaves twice the room."""

DEPTHWISE = """Depthwise layers are held to their own instructions' limit: a dot product takes four taps, so that a 3×3 window of 9 takes
12 products, a 5×5 one of 25 takes 28, and the peak of their multiply-accumulates is that much lower."""

ABOUT = {
    "full": """Upsampling to full size and argmax inside. Gain: how many times as fast as one thread, in the same round. Frame: what edge
takes for a whole 640×480 frame, from registration to the mask as ndjson, as a multiple of its inference within that frame; and its
99th percentile over its median.""",
    "logits": """The same networks without upsampling and argmax. edge measures the graph as its file has it (`edge bench --graph`), from
bytes in NCHW to bytes in NCHW, as ONNX Runtime and OpenVINO do; LiteRT's are in NHWC. Agreement is of the greatest logit.""",
    "avx2": """edge with its AVX-512 and AVX-VNNI kernels off, peers limited to AVX2: copies of their packages in which CPUID is answered
without AVX-512, AVX-VNNI and AMX (`bench/avx2.py`); oneDNN's own switch is set too. Some peers add products of bytes in pairs of 16
bits there, which saturate and change answers a little; edge's arithmetic is the same on every processor. *Of the peak* is here of
what products of 16 bits and their sums reach on registers (VPMADDWD, VPADDD), which are exact."""}

WHERE = """One thread, whole networks, each step's least time in a round. What is not a convolution is *rest*: additions, tables,
resizing, argmax."""

AGREEMENT = """At one thread. Agreement: pixels of the class map equal to edge's. Start: from loading the file to the end of the first
inference, libraries already loaded and the model converted where a peer has a format of its own, as a ratio to the whole of edge's
start from exec to the first byte of mask. Memory: peak of the peer's process, Python inside, beside that of `edge run`."""

LITERT = """LiteRT rounds the upsampled logits to 8 bits before the argmax; that is where it differs. Its hard-swish is an addition and a
multiplication of 8 bits, the form that XNNPACK has kernels for."""


def paragraph(text, **values):
    return [*textwrap.wrap(" ".join(text.split()).format(**values), 119, break_long_words=False, break_on_hyphens=False), ""]


def page(found):
    rows, start, machine = found["rows"], found["start"], found["machine"]
    counts = sorted({r["threads"] for r in rows})
    peers = list(found["peers"])
    lines = ["# Performance", "", *paragraph(INTRODUCTION, asked=named(found["rounds"], "round"), frames=found["frames"], runs=found["runs"]),
             *paragraph(MACHINE, **machine, a_cycle=machine["peak"] / machine["clock"],
                        quiet=": the machine was quiet." if machine["noise"] <= QUIET else ": **the machine was busy, and the figures are not to be relied on.**"),
             "| Runtime | Version | On disk |", "|---|---|---|", f"| edge | {found['version']} | {start['disk_mb']:.0f} MB, students inside |",
             *(f"| {name} | {p['version']} | {p['disk_mb']:.0f} MB, its Python package |" for name, p in found["peers"].items()), "",
             "## Bars", "", *paragraph(BARS), "| Bar | Network | Wanted | Measured | At the peak | Met |", "|---|---|---|---|---|---|",
             *(bar.line() for bar in bars(found)), "", *paragraph(DEPTHWISE)]
    for form in FORMS:
        here = [t for t in counts if any(r["form"] == form and r["threads"] == t for r in rows)]
        lines += [f"## {FORMS[form]}", "", *paragraph(ABOUT[form])]
        if not here:
            why = form == "avx2" and found.get("no_avx2") or "left out of this run"
            lines += [f"Not measured: {why}.", ""]
        shown = [p for p in peers if any("ratios" in r["peers"].get(p, {}) for r in rows if r["form"] == form)]
        for t in here:
            lines += [f"### {named(t, 'thread')}", "", *times_table(rows, form, t, shown), ""]
        if here and form == "full" and machine["barrier_us"]:
            lines += paragraph("That all of {n} threads reach a step and leave it takes {barrier_us:.2f} µs while they spin; mobile has {steps} steps.",
                               n=max(counts), **machine)
    lines += ["## Where the time goes", "", *paragraph(WHERE), *kinds_table(rows), "",
              "## Agreement, start and memory", "", *paragraph(AGREEMENT), *agreement_table(rows, start["first_mask_ms"]), "", *paragraph(LITERT),
              "## Left out", "", *left_out(rows), "", "![Time of each peer as a multiple of edge's](performance.png)", "",
              "[growth.md](growth.md) shows how cost grows, [arm64.md](arm64.md) what is known of arm64 without a board, and",
              "[depthfirst.md](depthfirst.md) why blocks are not run depth first.", ""]
    return "\n".join(lines)


def picture(found, path):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows = [r for r in found["rows"] if (r["form"], r["threads"]) == ("full", 1)]
    fig, ax = plt.subplots(figsize=(8, 0.8 + 0.55 * len(rows)))
    shown = [p for p in found["peers"] if any("ratios" in r["peers"].get(p, {}) for r in rows)]
    for k, peer in enumerate(shown):
        have = [(i, r) for i, r in enumerate(rows) if "ratios" in r["peers"].get(peer, {})]
        y = [i + 0.8 * (k + 0.5) / len(shown) - 0.4 for i, _ in have]
        ax.barh(y, [median(r["peers"][peer]["ratios"]) for _, r in have], 0.8 / len(shown), label=peer)
    ax.axvline(1, color="black", lw=0.8)
    ax.set_yticks(range(len(rows)), [r["network"] for r in rows])
    ax.invert_yaxis()
    ax.set_xlabel("time as a multiple of edge's, 1 thread")
    if shown:
        ax.legend(frameon=False)
    fig.tight_layout()
    fig.savefig(path, dpi=90)
    plt.close(fig)


def write(found, out):
    Path(out, "performance.md").write_text(page(found))
    picture(found, Path(out, "performance.png"))
