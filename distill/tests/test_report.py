"""The report says what the runs say, and how sure that is."""

import argparse
import json

import pytest

from distill import report, studies, tables


def card(name, seed, miou, takes=("pixels",)):
    row = dict(whole=miou, no_depth=miou - 10, no_color=miou - 20, shifted=miou - 1)
    sets = ("pairs", "rooms", "synthetic")
    return dict(name=name, seed=seed, takes=list(takes), macs=3_500_000, float={d: row for d in sets}, int8={d: miou - 0.25 for d in sets},
                config=dict(width=64, height=48, channels=[8], decoder=[16], steps=5, batch=2, teacher_steps=3, labelled=10, scenes=15, tests=4))


def args(folder, out):
    return argparse.Namespace(run=False, studies=False, seeds=3, edge="none", runs=str(folder), out=str(out))


def test_tables_carry_the_runs_figures(tmp_path, capsys):
    for name, scores, takes in (("early", (60.0, 61.0, 62.0), ("pixels",)), ("single-depth", (40.0, 41.0, 42.5), ("depth",)),
                                ("mke", (61.0, 58.0, 63.0), ("pixels",)), ("kd", (70.0,), ("pixels",))):
        for seed, miou in enumerate(scores, 1):
            folder = tmp_path / "runs" / f"{name}-{seed}"
            folder.mkdir(parents=True)
            (folder / "card.json").write_text(json.dumps(card(name, seed, miou, takes)))
    out = tmp_path / "report.md"
    report.write(args(tmp_path / "runs", out))
    text = out.read_text()
    assert "| early | 3 | 3.5 | 61.0 ± 1.0 | 61.0 ± 1.0 | 61.0 ± 1.0 | -0.25 (worst -0.25) |" in text
    assert "| single-depth | 3 | 3.5 | 41.2 ± 1.3 ▼ |" in text, "a difference that is no noise is marked"
    assert "| mke | 3 | 3.5 | 60.7 ± 2.5 | " in text, "one that is noise is not"
    assert "| kd | 1 | 3.5 | 70.0 | " in text, "one seed has no spread and no test"
    assert "| single-depth | blind | 21.2 ± 1.3 ▼ |" in text
    assert "| both > depth alone (rooms) | 61.0 ± 1.0 against 41.2 ± 1.3 | +19.8, p = 0.00 | held |" in text
    assert "| KD > early fusion on labels alone (rooms) | 70.0 against 61.0 ± 1.0 | +9.0 | one seed, says nothing |" in text
    assert "| hallucination > colour alone (rooms) | no runs |" in text
    assert (tmp_path / "report-methods.png").stat().st_size > 2000


def test_without_early_fusion_there_is_nothing_to_compare(tmp_path):
    with pytest.raises(SystemExit, match="no run of early fusion"):
        report.write(args(tmp_path, tmp_path / "report.md"))


def test_hypotheses_fail_too():
    assert tables.hypothesis("a > b", [40, 41, 42], [60, 61, 62]).endswith("| failed |")
    assert tables.hypothesis("a > b", [40, 50, 60], [41, 52, 61]).endswith("| within noise |")


def test_every_run_is_ordered_once():
    runs = list(report.order(3))
    assert len(runs) == len(set(runs)) == 3 * len(report.METHODS)
    assert {r[1:] for r in runs[:3 * report.FIRST]} == set(report.METHODS[:report.FIRST])


def test_ties_count_against_the_query():
    belong = lambda a, b: a // 2 == b // 2
    line = lambda seq, *distances: dict(seq=seq, matches=[dict(seq=i, distance=d) for i, d in enumerate(distances)])
    assert studies.precision([line(0, 0, 1, 5, 9), line(3, 9, 5, 1, 0)], belong) == dict(map=1.0, first=1.0, chance=0.5)
    alike = studies.precision([line(0, 7, 7, 7, 7)], belong)
    assert alike == dict(map=round((1 / 3 + 2 / 4) / 2, 3), first=0.0, chance=0.5), "codes that are all alike find nothing"
    assert studies.precision([line(2, 0, 9, 1, 9)], belong)["map"] == round((1 / 2 + 2 / 4) / 2, 3)
