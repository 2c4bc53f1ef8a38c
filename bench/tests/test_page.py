"""The page says what was measured: every bar with its figure and whether it is met, every peer that is left out with why."""

import copy

import pytest

from bench import page

EDGE = {"macs": 400e6, "steps": 63, "ms": [2.0, 2.5, 2.2], "share": [0.8, 0.6, 0.7], "gain": [1.0, 1.0, 1.0], "frame": [1.5, 1.2, 1.3], "tail": [1.1, 1.9, 1.4],
        "kinds": [{"pointwise": {"share": 0.7, "of_peak": p, "of_dots": p}, "depthwise": {"share": 0.1, "of_peak": 0.4, "of_dots": 0.53},
                   "dense": {"share": 0.0, "of_peak": 0.0, "of_dots": 0.0}, "rest": {"share": 0.2, "of_peak": 0.0, "of_dots": 0.0}} for p in (0.74, 0.76, 0.9)]}


def peer(*ratios):
    return {"agreement": 0.98765, "first_ms": 90.0, "rss_mb": 66.4, "ratios": list(ratios), "low": [r - 0.25 for r in ratios], "high": [r + 0.5 for r in ratios]}


def row(network, form="full", threads=1, **peers):
    names = {"ort": "ONNX Runtime", "ov": "OpenVINO", "litert": "LiteRT", "mnn": "MNN"}
    return {"network": network, "form": form, "threads": threads, "edge": copy.deepcopy(EDGE), "peers": {names[k]: v for k, v in peers.items()}}


@pytest.fixture
def found():
    two = row("tabletop", threads=2, ort=peer(2.4), litert=peer(2.3), mnn={"reason": "its converter: no"})
    two["edge"]["gain"] = [1.7, 1.85, 1.9]
    return {"rows": [row("tabletop", ort=peer(2.6, 2.5, 9.0), ov=peer(3.0), litert=peer(2.0, 2.1, 2.3), mnn={"reason": "its converter: no"}), two,
                     row("nano", ort=peer(4.0), ov={"reason": "its classes equal edge's on 90.0 % of the pixels alone"}, mnn={"reason": "its converter: no"}),
                     row("tabletop", "logits", ov=peer(1.5))],
            "start": {"first_mask_ms": 45.0, "rss_mb": 41.6, "disk_mb": 14.8}, "machine": {"name": "Some CPU", "peak": 236.4, "clock": 3.69375, "barrier_us": 0.2, "steps": 63, "noise": 1.04},
            "rounds": 3, "frames": 60, "runs": 20, "version": "v1", "no_avx2": None,
            "peers": {n: {"version": "1.2", "disk_mb": 80.0} for n in ("ONNX Runtime", "OpenVINO", "LiteRT", "MNN")}}


def test_bars(found):
    lines = {(b.what, b.network): b.line() for b in page.bars(found)}
    assert lines["faster than ONNX Runtime", "tabletop"] == \
        "| faster than ONNX Runtime | tabletop | ≥ 2.50× | 2.60× (1 thread), 2.40× (2 threads) | 3.71× | 1 of 2 |"
    assert lines["the same, aimed at", "tabletop"].endswith("| no |")
    assert lines["faster than LiteRT", "tabletop"] == "| faster than LiteRT | tabletop | ≥ 2.20× | 2.10× (1 thread), 2.30× (2 threads) | 3.00× | 1 of 2 |"
    assert lines["faster than LiteRT", "mobile (random weights)"].endswith("| –, – |  | not measured |")
    assert lines["logits alone, faster than OpenVINO", "tabletop"].endswith("| ≥ 1.60× | 1.50× (1 thread), – | 2.14× | no |")
    assert lines["AVX2 alone, faster than ONNX Runtime", "tabletop"].endswith("| not measured |")
    assert lines["whole network, of the peak", "tabletop"] == "| whole network, of the peak | tabletop | ≥ 70 % | 70 % |  | yes |"
    assert lines["pointwise layers together, of the peak", "tabletop"].endswith("| ≥ 75 % | 76 % |  | yes |")
    assert lines["depthwise layers together, of their instructions' limit", "tabletop"].endswith("| ≥ 50 % | 53 % |  | yes |")
    assert lines["speed of 2 threads over one", "tabletop"].endswith("| ≥ 1.80× | 1.85× |  | yes |")
    assert lines["whole frame, of its inference", "tabletop"].endswith("| ≤ 1.25× | 1.30× (1 thread), 1.30× (2 threads) |  | no |")
    assert lines["frame, p99 of p50", "tabletop"].endswith("| ≤ 1.50× | 1.40× (1 thread), 1.40× (2 threads) |  | yes |")
    assert lines["start, from exec to the first byte of mask", "tabletop"].endswith("| ≤ 50 ms | 45 ms |  | yes |")
    assert lines["`edge run`'s memory at its peak", "tabletop"].endswith("| ≤ 40 MB | 42 MB |  | no |")


def test_a_figure_on_the_bar_meets_it_and_one_that_is_missing_does_not():
    show = lambda v: f"{v:g}"
    assert page.Bar("a", "n", 2, {1: 2}, show).met() == "yes"
    assert page.Bar("a", "n", 2, {1: 1.999}, show).met() == "no"
    assert page.Bar("a", "n", 2, {1: 2}, show, least=False).met() == "yes"
    assert page.Bar("a", "n", 2, {1: 2.001}, show, least=False).met() == "no"
    assert page.Bar("a", "n", 2, {1: 3, 2: None}, show).met() == "1 of 2"
    assert page.Bar("a", "n", 2, {1: None}, show).met() == "not measured"


def test_tables(found):
    one = page.times_table(found["rows"], "full", 1, ["ONNX Runtime", "OpenVINO", "LiteRT"])
    assert len(one) == 4
    assert one[2] == "| tabletop | 400 | 182 | 70 % | 1.30× | 1.40× | 2.60× [2.35–3.10] | 3.00× [2.75–3.50] | 2.10× [1.85–2.60] |"
    assert one[3] == "| nano | 400 | 182 | 70 % | 1.30× | 1.40× | 4.00× [3.75–4.50] | – | – |"
    two = page.times_table(found["rows"], "full", 2, ["ONNX Runtime"])
    assert two[2:] == ["| tabletop | 400 | 182 | 70 % | 1.85× | 1.30× | 1.40× | 2.40× [2.15–2.90] |"]
    assert all(line.count("|") == one[0].count("|") for line in one)
    kinds = page.kinds_table(found["rows"])
    assert kinds[2] == "| tabletop | 70 % | 76 % | 10 % | 40 % | 53 % | – | – | 20 % |" and len(kinds) == 4
    assert page.agreement_table(found["rows"], 45)[2] == "| tabletop | whole networks | ONNX Runtime | 98.77 % | 2.0× | 66 MB |"
    found["rows"][3]["peers"]["MNN"] = {"reason": "its converter: no"}
    assert page.left_out(found["rows"]) == ["- MNN, whole networks: nano: its converter: no", "- MNN, whole networks, logits alone: tabletop: its converter: no",
                                            "- OpenVINO, whole networks: nano: its classes equal edge's on 90.0 % of the pixels alone"]


def test_page(found, tmp_path):
    page.write(found, tmp_path)
    text = (tmp_path / "performance.md").read_text()
    assert "took at most 1.04 times the shortest in the same round: the machine was quiet." in " ".join(text.split())
    found["machine"]["noise"] = 1.16
    assert "**the machine was busy," in page.page(found)
    assert "236 GMAC/s a core, which is 64.0 multiply-accumulates a cycle at 3.69 GHz" in " ".join(text.split())
    assert all(len(line) < 120 or line.startswith(("|", "-")) for line in text.splitlines())
    assert "all of 2 threads reach a step and leave it takes 0.20 µs while they spin; mobile has 63 steps" in text
    assert "| ONNX Runtime | 1.2 | 80 MB, its Python package |" in text
    assert "## AVX2 alone" in text and "Not measured: left out of this run." in text
    logits = text[text.index("### 1 thread", text.index("## Logits alone")):text.index("## AVX2 alone")]
    assert "| OpenVINO |" in logits and "ONNX Runtime" not in logits, "a peer without a figure has no column"
    for bar in page.bars(found):
        assert bar.line() in text
    assert (tmp_path / "performance.png").stat().st_size > 2000


def test_page_of_one_network(found, tmp_path):
    """--only, --threads 1: tables may be empty."""
    found["rows"] = [row("nano", ort={"reason": "no"})]
    page.write(found, tmp_path)
    assert "| nano | 400 | 182 | 70 % |" in (tmp_path / "performance.md").read_text()
