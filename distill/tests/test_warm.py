"""Weights come back from a shipped file unchanged, and students of one modality read what is theirs."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from distill import evaluate, export, preprocess, quantise, students, train, warm
from distill.config import Config, Phase
from distill.recipes import tabletop

MODELS = Path(preprocess.__file__).parents[1] / "models"
MODEL = MODELS / "tabletop.onnx"


def like_tabletop(**changes):
    """The configuration of the shipped file MODEL, changed."""
    return dataclasses.replace(tabletop.config(), **changes)


def pixels(n=3, h=96, w=128):
    return np.random.default_rng(4).integers(0, 256, (n, h, w, 4), np.uint8)


def batch(x, planes=slice(0, 4)):
    return torch.from_numpy(x[..., planes].transpose(0, 3, 1, 2).copy()).float() / 255


@pytest.mark.parametrize("path", sorted(MODELS.glob("*.onnx")), ids=lambda path: path.stem)
def test_batch_normalisation_comes_back_without_changing_an_output(path):
    student = warm.build(path)
    warm.fill(student, path, batch(pixels(), students.planes(student.stem[0].in_channels)))
    norms = [m for m in student.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert all((n.running_var != 1).any() for n in norms), "statistics were measured"
    stored = warm.convolutions(path)
    folded = export.fold(student)
    for name, module in folded.named_modules():
        if isinstance(module, torch.nn.Conv2d):
            weight, bias = stored.pop(name)
            torch.testing.assert_close(module.weight, weight, rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(module.bias, bias, rtol=1e-3, atol=1e-4)
    assert not stored


def test_one_modality_keeps_its_planes_of_the_first_layer():
    whole, _ = warm.convolutions(MODEL)["stem.0"]
    for modality, planes in (("color", slice(0, 3)), ("depth", slice(3, 4))):
        student = students.build(like_tabletop(modalities=(modality,)))
        warm.fill(student, MODEL, batch(pixels(), planes))
        torch.testing.assert_close(student.stem[0].weight.data, whole[:, planes], rtol=0, atol=0)


def test_another_architecture_is_refused_by_name():
    with pytest.raises(ValueError, match="context is"):
        warm.fill(students.build(like_tabletop(decoder=(48, 32, 16))), MODEL, batch(pixels()))


def test_other_classes_begin_with_the_rows_that_they_inherit():
    student = students.build(like_tabletop(classes=list("abcd")))
    warm.fill(student, MODEL, batch(pixels()), inherit=(2, 0, 1, 0))
    weight, bias = warm.convolutions(MODEL)["head"]
    for mine, theirs in enumerate((2, 0, 1, 0)):
        torch.testing.assert_close(student.head.weight.data[mine], weight[theirs], rtol=0, atol=0)
        assert student.head.bias[mine] == bias[theirs]
    with pytest.raises(ValueError, match="head is"):
        warm.fill(students.build(like_tabletop(classes=list("abcd"))), MODEL, batch(pixels()))


def test_a_phase_without_labels_reads_none():
    config = Config(modalities=("depth",), mimic=0.1)
    student = students.build(config)
    teacher = students.build(Config()).eval()
    x = batch(pixels(2))
    phase = Phase("transfer", 128, 96, 1, 2, 1e-3, {}, labels=False)
    losses = [train.objective(student, teacher, x, torch.full((2, 96, 128), k, dtype=torch.uint8), config, phase).item()
              for k in (0, 2)]
    assert losses[0] == losses[1]
    phase.labels = True
    losses = [train.objective(student, teacher, x, torch.full((2, 96, 128), k, dtype=torch.uint8), config, phase).item()
              for k in (0, 2)]
    assert losses[0] != losses[1]


def test_a_student_of_another_network_learns_from_answers_alone():
    """The teacher's logits are at stride 2, the student's at 4: a cell is the mean of four. Of equal answers KD costs nothing."""
    config = Config(channels=(8, 16, 24, 64), decoder=(24, 16))
    phase = Phase("small", 128, 96, 1, 2, 1e-3, {}, labels=False)
    student, teacher, x = students.build(config).eval(), warm.build(MODEL).eval(), batch(pixels(2))
    assert (student.stride, teacher.stride) == (4, 2)
    empty = torch.zeros(2, 96, 128, dtype=torch.uint8)
    assert train.objective(student, teacher, x, empty, config, phase) > 1e-3
    answer = F.avg_pool2d(teacher.features(x), 2)
    student.decode = lambda *maps: answer
    torch.testing.assert_close(train.objective(student, teacher, x, empty, config, phase), torch.tensor(0.0), atol=1e-5, rtol=0)


def test_teacher_gets_no_gradient_and_student_sees_its_planes_alone():
    config = Config(modalities=("color",), mimic=0.1)
    student, teacher = students.build(config), students.build(Config()).eval()
    x = batch(pixels(2)).requires_grad_()
    phase = Phase("learn", 128, 96, 1, 2, 1e-3, {})
    train.objective(student, teacher, x, torch.zeros(2, 96, 128, dtype=torch.uint8), config, phase).backward()
    assert all(p.grad is None for p in teacher.parameters())
    assert (x.grad[:, :3] != 0).any() and (x.grad[:, 3] == 0).all()


@pytest.mark.parametrize("modality", ["color", "depth"])
def test_a_student_of_one_modality_quantises_and_says_so(modality, tmp_path):
    config = Config(width=64, height=48, channels=(16, 16, 16, 32), decoder=(16, 16), modalities=(modality,))
    student = students.build(config).eval()
    data = pixels(6, 48, 64)
    model = quantise.quantise(export.float_model(student, config), data, "minmax", config)
    path = tmp_path / "one.onnx"
    path.write_bytes(export.seal(model, export.metadata(config, "test", 0, 0)))
    other = data.copy()
    other[..., 3:] = 0 if modality == "color" else other[..., 3:]
    other[..., :3] = 0 if modality == "depth" else other[..., :3]
    predict = evaluate.onnx_predictor(path)
    assert (predict(data) == predict(other)).all(), "the other modality is not read"
    assert (predict(data) == evaluate.torch_predictor(student)(data)).mean() > 0.9
