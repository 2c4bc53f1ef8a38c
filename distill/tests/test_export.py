"""The exported file: byte input, one class map, folded batch normalisation, metadata and its digest."""

import json

import numpy as np
import onnx
import pytest
import torch

from distill import evaluate, export, quantise, students
from distill.config import Config

CONFIG = Config(width=64, height=48, channels=(16, 16, 16, 32), decoder=(16, 16))


@pytest.fixture(scope="module")
def student():
    """A small student whose batch statistics are not the initial ones."""
    torch.manual_seed(3)
    model = students.build(CONFIG).train()
    with torch.no_grad():
        for _ in range(20):
            model(torch.rand(4, 4, 48, 64))
        model.head.weight.mul_(4)
    return model.eval()


@pytest.fixture(scope="module")
def inputs():
    return np.random.default_rng(0).integers(0, 256, (6, 48, 64, 4), np.uint8)


@pytest.fixture(scope="module")
def sealed(student, inputs):
    quantised = quantise.quantise(export.float_model(student, CONFIG), inputs, "minmax", CONFIG)
    return export.seal(quantised, export.metadata(CONFIG, "random", 12.34, 11.96))


def test_folding_keeps_the_logits(student):
    x = torch.rand(2, 4, 48, 64)
    with torch.no_grad():
        torch.testing.assert_close(export.fold(student)(x), student(x), rtol=1e-4, atol=1e-4)


def test_byte_input_and_class_map(sealed):
    graph = onnx.load_from_string(sealed).graph
    (source,), (result,) = graph.input, graph.output
    assert source.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    assert [d.dim_value for d in source.type.tensor_type.shape.dim] == [1, 4, 48, 64]
    assert result.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    assert [d.dim_value for d in result.type.tensor_type.shape.dim] == [1, 48, 64]
    operators = {n.op_type for n in graph.node}
    assert operators <= {"QuantizeLinear", "DequantizeLinear", "Conv", "Add", "Resize", "GlobalAveragePool", "ArgMax",
                         "Cast", "Constant"}, operators


def test_int8_agrees_with_float(sealed, student, inputs, tmp_path):
    path = tmp_path / "student.onnx"
    path.write_bytes(sealed)
    quantised = evaluate.onnx_predictor(path)(inputs)
    assert (quantised == evaluate.torch_predictor(student)(inputs)).mean() > 0.9
    assert len(np.unique(quantised)) > 1, "a constant map would agree with anything"


def test_metadata(sealed):
    entries = {p.key: p.value for p in onnx.load_from_string(sealed).metadata_props}
    assert entries["depthwise.format"] == "1" and entries["depthwise.input"] == "64x48"
    assert json.loads(entries["depthwise.classes"]) == ["background", "table", "object"]
    assert json.loads(entries["depthwise.depth"]) == {"kind": "inverse", "near": 0.4, "far": 8.0}
    assert entries["depthwise.float_miou"] == "12.3" and entries["depthwise.int8_miou"] == "12.0"


def test_digest_finds_any_change(sealed):
    assert export.sealed(sealed)
    for place in (100, len(sealed) // 2, len(sealed) - 40):
        broken = bytearray(sealed)
        broken[place] ^= 1
        try:
            assert not export.sealed(bytes(broken))
        except Exception as error:  # a file that no longer parses is found too
            assert "pars" in str(error).lower() or "decod" in str(error).lower()


def test_tabletop_is_within_its_budget():
    from distill.recipes import tabletop

    config = tabletop.config()
    student = students.build(config)
    assert 250e6 < students.macs(student, config.width, config.height) < 450e6
    assert sum(p.numel() for p in student.parameters()) < 3_000_000
