"""A few of the real networks, each after one exporter and in one form by turns; `python -m distill.tests.networks` runs all."""

import numpy as np
import pytest

from distill.tests import cut, networks, zoo

QUICK = ["late fusion, logits", "gated fusion", "cross attention", "smp Linknet mobilenet_v2", "timm ghostnet_050",
         "timm mobilenetv4_conv_small", "timm vit_tiny", "transformers MobileNetV2"]


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    e = networks.Engine(tmp_path_factory.mktemp("engine"))
    yield e
    e.close()


@pytest.mark.parametrize("name", QUICK)
def test_network_agrees(engine, name, tmp_path):
    form = list(networks.FORMATS)[QUICK.index(name) % 4]
    rows = list(networks.measure(engine, tmp_path, name, ["torchscript"], float_too=False, pick=lambda *_: [form], count=2))
    for row in rows:
        print(networks.line(row))
        assert "error" not in row, row["error"]
        assert row["alive"] >= 3
        assert networks.passed(row), networks.line(row)
        assert row["cut"]["ours"][2] <= 1, row["cut"]  # no operator alone is off by more than a code


def test_every_form_is_measured():
    for name in zoo.NETS:
        assert {f for e in networks.EXPORTERS for f in networks.forms(name, e)} == set(networks.FORMATS), name


def test_codes_are_judged_by_the_exact_value():
    real, literal = np.array([4.2, 4.8, 4.5, 7.0, 2.4]), np.array([4, 4, 4, 7, 2], np.uint8)
    ours = np.array([4, 5, 5, 7, 3], np.uint8)  # as the literal, nearer, a tie, as the literal, farther
    assert cut.judge(real, ours, literal) == [1, 1, 1]
    assert cut.differences([literal], [ours]) == (5, 3, 1)
