"""The loop learns, resumes to the same weights, and ignores void."""

import numpy as np
import torch

from distill import students, train
from distill.config import REST, Config, Phase


def toy(steps=(30,)):
    return Config(width=64, height=48, channels=(16, 16, 16, 32), decoder=(16, 16), average=0.9, paste=0, drop_depth=0,
                  drop_color=0, phases=[Phase(f"p{i}", 64, 48, n, 4, 5e-3, {"toy": 1.0}) for i, n in enumerate(steps)])


def sources(phase):
    y = np.zeros((6, 48, 64), np.uint8)
    y[:, 24:] = 1
    y[:, 16:32, 20:40] = 2
    x = np.zeros((6, 48, 64, 4), np.uint8)
    for c in range(3):
        x[..., c] = 30 + 150 * (y == c)
    x[..., 3] = 60 + 50 * y
    return {"toy": (x, y)}


def test_learns(tmp_path, capsys):
    model = train.run(toy(), sources, [], lambda m: {}, str(tmp_path), threads=1)
    x, y = sources(None)["toy"]
    with torch.no_grad():
        got = model(torch.from_numpy(x.transpose(0, 3, 1, 2).copy()).float() / 255).argmax(1).numpy()
    assert (got == y).mean() > 0.8


def test_resumed_run_equals_an_unbroken_one(tmp_path, capsys):
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    whole.mkdir(), halves.mkdir()
    one = train.run(toy((6, 6)), sources, [], lambda m: {}, str(whole), every=3, threads=1)

    class Stop(Exception):
        pass

    def stop(model):
        raise Stop

    try:  # the first check comes after step 6 of 6; its checkpoint is already on disk
        train.run(toy((6, 6)), sources, [], stop, str(halves), every=3, threads=1)
        raise AssertionError("the run was not broken")
    except Stop:
        pass
    two = train.run(toy((6, 6)), sources, [], lambda m: {}, str(halves), every=3, threads=1)
    for (name, a), b in zip(one.state_dict().items(), two.state_dict().values()):
        torch.testing.assert_close(a, b, rtol=0, atol=0, msg=name)


def test_void_counts_for_nothing():
    config = toy()
    logits = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    classes = torch.randint(0, 3, (2, 8, 8), generator=torch.Generator().manual_seed(1)).byte()
    classes[:, :4] = 255
    other = logits.clone()
    other[:, :, :4] += 3 * torch.randn(2, 3, 4, 8)
    torch.testing.assert_close(train.loss_of(logits, classes, config), train.loss_of(other, classes, config))
    other[:, :, 4:] += torch.randn(2, 3, 4, 8)
    assert train.loss_of(logits, classes, config) != train.loss_of(other, classes, config)


def test_rate_warms_up_and_falls():
    phase = Phase("p", 64, 48, 100, 4, 1e-2, {})
    rates = [train.rate_at(i, phase) for i in range(100)]
    assert rates[0] < rates[4] and max(rates) <= 1e-2 and rates[-1] < 2e-4
    assert all(a >= b for a, b in zip(rates[5:], rates[6:]))


def test_odd_sizes_are_refused_by_shape():
    model = students.build(toy()).eval()
    with torch.no_grad():
        assert model(torch.zeros(1, 4, 48, 64)).shape == (1, 3, 48, 64)


def test_rest_asks_for_no_class_but_those_it_names():
    config = toy()
    config.rest, config.dice = (0, 2), 0.0
    logits = torch.zeros(1, 3, 2, 2)
    classes = torch.full((1, 2, 2), REST, dtype=torch.uint8)
    one = train.loss_of(logits, classes, config)
    torch.testing.assert_close(one, torch.log(torch.tensor(1.5)))  # −log(2/3)
    for likely, cost in ((0, 0.0), (2, 0.0), (1, 20.0)):
        sure = logits.clone()
        sure[:, likely] = 20
        torch.testing.assert_close(train.loss_of(sure, classes, config), torch.tensor(cost), atol=1.0, rtol=0)
    both = logits.clone()
    both[:, 0] = both[:, 2] = 20  # which of the two does not matter
    torch.testing.assert_close(train.loss_of(both, classes, config), torch.tensor(0.0), atol=1e-6, rtol=0)


def test_rest_counts_as_one_pixel_each_and_void_as_none():
    config = toy()
    config.rest, config.dice = (0, 2), 0.0
    logits = torch.zeros(1, 3, 2, 2)
    classes = torch.tensor([[[1, REST], [255, 255]]], dtype=torch.uint8)
    want = (torch.log(torch.tensor(3.0)) + torch.log(torch.tensor(1.5))) / 2
    torch.testing.assert_close(train.loss_of(logits, classes, config), want)
    known = torch.tensor([[[1, 0], [2, 255]]], dtype=torch.uint8)
    with_rest = train.loss_of(torch.randn(1, 3, 2, 2), known, config)
    config.rest = ()
    assert with_rest.isfinite() and train.loss_of(logits, known, config).isfinite()
    assert train.loss_of(logits, torch.full_like(classes, 255), toy_rest()) == 0, "nothing is known: nothing is lost"


def toy_rest():
    config = toy()
    config.rest, config.dice = (0, 2), 0.0
    return config
