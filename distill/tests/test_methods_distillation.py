"""The property of every distillation method."""

import copy

import pytest
import torch
from torch import nn
import torch.nn.functional as F

from distill.methods import (adaptation, attention, boundary, expansion, fitnet, gap, hallucination, inherit, kd, mutual,
                             transfer)


@pytest.fixture(autouse=True)
def fixed_seed():
    torch.manual_seed(0)


def weights(module):
    return [p.detach().clone() for p in module.state_dict().values()]


def same(before, module):
    return all(torch.equal(a, b) for a, b in zip(before, module.state_dict().values()))


def test_kd_is_zero_for_equal_logits_and_its_gradient_is_right():
    s, t = torch.randn(2, 3, 4, 5).double(), torch.randn(2, 3, 4, 5).double()
    assert kd.kd_loss(s, s, 3.0).abs() < 1e-12
    assert kd.kd_loss(s, t, 3.0) > 0
    assert torch.autograd.gradcheck(lambda x: kd.kd_loss(x, t, 3.0), (s.requires_grad_(True),), eps=1e-6, atol=1e-6)
    t.requires_grad_(True)
    kd.kd_loss(s, t).backward()
    assert t.grad is None


def test_kd_gradient_keeps_its_size_at_high_temperature():
    # For large T the gradient tends to that of ½‖s − t‖²/classes with centred logits (Hinton et al., section 2.1).
    s = (0.1 * torch.randn(1, 4)).double().requires_grad_(True)
    t = (0.1 * torch.randn(1, 4)).double()
    kd.kd_loss(s, t, 1000.0).backward()
    want = ((s - s.mean()) - (t - t.mean())).detach() / 4
    assert torch.allclose(s.grad, want, atol=1e-4)


def test_kd_loss_ignores_void_labels():
    s, t = torch.randn(1, 3, 2, 2), torch.randn(1, 3, 2, 2)
    labels = torch.full((1, 2, 2), 255)
    assert torch.allclose(kd.loss(s, t, labels), kd.kd_loss(s, t))


def test_fitnet_stage_1_leaves_the_upper_layers_unchanged_bit_for_bit():
    lower, upper = nn.Conv2d(3, 6, 3, padding=1), nn.Sequential(nn.BatchNorm2d(6), nn.Conv2d(6, 4, 1))
    regressor = fitnet.Regressor(6, 8)
    hint, x = torch.randn(2, 8, 5, 5), torch.randn(2, 3, 5, 5)
    before, low = weights(upper), weights(lower)
    optimiser = torch.optim.SGD(fitnet.stage1_parameters(lower, regressor), lr=0.1, weight_decay=0.1)
    values = []
    for _ in range(20):
        optimiser.zero_grad()
        value = fitnet.hint_loss(hint, lower(x), regressor)
        value.backward()
        optimiser.step()
        values.append(value.item())
    assert values[-1] < values[0]
    assert same(before, upper) and not same(low, lower)


def test_attention_transfer_is_zero_for_equal_maps_and_scale_free_in_the_teacher():
    s, t = torch.randn(2, 5, 6, 6), torch.randn(2, 9, 6, 6)
    assert attention.loss([s], [s]) == 0
    assert torch.allclose(attention.loss([s], [7 * t]), attention.loss([s], [t]), atol=1e-6)
    assert attention.loss([s], [t]) > 0
    with pytest.raises(ValueError):
        attention.loss([s], [t, t])


def test_boundary_samples_flip_or_tie_under_an_unmoved_teacher():
    teacher = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.Tanh(), nn.Conv2d(8, 4, 1))
    x = torch.randn(6, 3, 5, 5)
    before = weights(teacher)
    pushed = boundary.boundary_samples(teacher, x, steps=60)
    assert same(before, teacher) and all(p.grad is None for p in teacher.parameters())
    with torch.no_grad():
        top = teacher(x).topk(2, dim=1).indices
        clean = boundary.margin(teacher(x), top[:, 0], top[:, 1]).flatten(1).mean(1)
        moved = boundary.margin(teacher(pushed), top[:, 0], top[:, 1]).flatten(1).mean(1)
    assert (clean > 0).all()
    assert (moved < clean).all()
    assert (moved.abs() < 0.1 * clean.clamp_min(0.1)).all()
    assert (moved <= 1e-3).all()


def test_inheritance_draws_near_and_exploration_draws_away():
    student, teacher = torch.randn(4, 8, 3, 3), torch.randn(4, 4, 3, 3)
    for loss, half, sign in ((inherit.inheritance_loss, 0, -1), (inherit.exploration_loss, 1, +1)):
        x = student.clone().requires_grad_(True)
        optimiser = torch.optim.SGD([x], lr=0.5)
        before = inherit.distance(inherit.split(x)[half], teacher).item()
        other = inherit.split(x)[1 - half].detach().clone()
        for _ in range(20):
            optimiser.zero_grad()
            loss(inherit.split(x)[half], teacher).backward()
            optimiser.step()
        after = inherit.distance(inherit.split(x)[half], teacher).item()
        assert sign * (after - before) > 0
        assert torch.equal(inherit.split(x)[1 - half], other)


def test_inheritance_swapping_halves_swaps_them():
    x, t = torch.randn(2, 6, 3, 3), torch.randn(2, 3, 3, 3)
    swapped = torch.cat([x[:, 3:], x[:, :3]], 1)
    a, b = inherit.split(x)
    c, d = inherit.split(swapped)
    assert torch.equal(inherit.inheritance_loss(a, t), inherit.inheritance_loss(d, t))
    assert torch.equal(inherit.exploration_loss(b, t), inherit.exploration_loss(c, t))


def pairs(n, seed, noise=0.3):
    """Toy pairs: labels are readable from colour; depth is another, nonlinear view of the same latent."""
    g = torch.Generator().manual_seed(seed)
    z = torch.randn(n, 4, generator=g)
    y = (z[:, 0] * z[:, 1] > 0).long() + 2 * (z[:, 2] > 0).long()
    mix = torch.randn(4, 12, generator=torch.Generator().manual_seed(99))
    color = torch.cat([z, z[:, :1] * z[:, 1:2]], 1)
    depth = torch.tanh(z @ mix) + noise * torch.randn(n, 12, generator=g)
    return color, depth, y


def mlp(d, out, hidden=32):
    return nn.Sequential(nn.Linear(d, hidden), nn.ReLU(), nn.Linear(hidden, out))


def train(net, inputs, y, steps=200, lr=1e-2):
    optimiser = torch.optim.Adam(net.parameters(), lr=lr)
    for _ in range(steps):
        optimiser.zero_grad()
        F.cross_entropy(net(inputs), y).backward()
        optimiser.step()
    return net


def accuracy(net, x, y):
    with torch.no_grad():
        return (net(x).argmax(1) == y).double().mean().item()


def test_transfer_reads_no_label_keeps_its_teacher_and_beats_from_scratch():
    color, depth, y = pairs(2000, 1)
    teacher = nn.Sequential(mlp(5, 16), nn.ReLU())
    head = nn.Linear(16, 4)
    train(nn.Sequential(teacher, head), color, y)
    transfer.freeze(teacher)
    before = weights(teacher)
    body = nn.Sequential(mlp(12, 16, 64), nn.ReLU())
    optimiser = torch.optim.Adam(body.parameters(), lr=1e-2)
    as_map = lambda net: (lambda x: net(x)[:, :, None, None])
    for _ in range(300):
        transfer.step(as_map(teacher), as_map(body), color, depth, optimiser)
    assert same(before, teacher)
    few = slice(0, 24)
    _, test_depth, test_y = pairs(1000, 2)
    transferred = train(nn.Sequential(body, copy.deepcopy(head)), depth[few], y[few], steps=30, lr=1e-3)
    scratch = train(nn.Sequential(mlp(12, 16, 64), nn.ReLU(), nn.Linear(16, 4)), depth[few], y[few], steps=300)
    assert accuracy(transferred, test_depth, test_y) > accuracy(scratch, test_depth, test_y) + 0.05


def branch(channels):
    lower = nn.Sequential(nn.Conv2d(channels, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU())
    return hallucination.Branch(lower, nn.Conv2d(6, 3, 1))


def test_hallucination_freezes_depth_below_the_tie_and_starts_from_its_weights():
    model = hallucination.Hallucination(branch(3), branch(1))
    assert all(torch.equal(a, b) for a, b in zip(weights(model.depth), weights(model.hallucination)))
    model.train()
    before = weights(model.depth.lower)
    labels = torch.randint(0, 3, (2, 8, 8))
    terms = hallucination.losses(model(torch.randn(2, 3, 8, 8), torch.randn(2, 1, 8, 8)), labels)
    assert set(terms) == {"r", "d", "h", "rd", "rh", "hallucinate"}
    hallucination.total(terms).backward()
    assert all(p.grad is None or p.grad.abs().sum() == 0 for p in model.depth.lower.parameters())
    assert same(before, model.depth.lower)
    assert all(p.grad.abs().sum() > 0 for p in model.depth.upper.parameters())
    assert all(p.grad.abs().sum() > 0 for p in model.hallucination.lower[0].parameters())
    assert all(p.grad.abs().sum() > 0 for p in model.rgb.lower[0].parameters())


def test_hallucination_term_weighs_ten_times_the_largest_task_loss():
    terms = {k: torch.tensor(v) for k, v in dict(r=1.0, d=2.0, h=0.5, rd=0.1, rh=0.2, hallucinate=0.01).items()}
    assert torch.allclose(hallucination.total(terms), torch.tensor(3.8 + 20.0))


def test_hallucination_student_has_no_depth_input():
    model = hallucination.Hallucination(branch(3), branch(1)).eval()
    student = model.student().eval()
    color = torch.randn(1, 3, 8, 8)
    out = model(color, torch.randn(1, 1, 8, 8))
    assert torch.allclose(student(color), 0.5 * (out["r"] + out["h"]))


def test_hallucination_gradient_of_the_term_stays_out_of_depth():
    d, h = torch.randn(1, 2, 3, 3, requires_grad=True), torch.randn(1, 2, 3, 3, requires_grad=True)
    hallucination.hallucinate_loss(d, h).backward()
    assert d.grad is None and h.grad.abs().sum() > 0
    assert hallucination.hallucinate_loss(h, h) == 0


def test_expansion_void_below_confidence():
    logits = torch.tensor([[2.0, 0.0], [0.1, 0.0]])
    assert expansion.pseudo_labels(lambda _: logits, torch.zeros(2, 1), confidence=0.8).tolist() == [0, 255]


def test_mutual_learning_detaches_peers_and_is_ce_for_identical_ones():
    a, b = torch.randn(2, 3, 4, 4, requires_grad=True), torch.randn(2, 3, 4, 4, requires_grad=True)
    labels = torch.randint(0, 3, (2, 4, 4))
    assert mutual.divergence(a, a).abs() < 1e-7
    first, second = mutual.losses([a, a], labels)
    assert torch.allclose(first, F.cross_entropy(a, labels), atol=1e-6) and torch.allclose(first, second)
    mutual.losses([a, b], labels)[0].backward()
    assert a.grad.abs().sum() > 0 and b.grad is None


def test_adaptation_moves_statistics_together_and_keeps_the_task():
    color, depth, y = pairs(1500, 5)

    def run(weight, steps=400):
        torch.manual_seed(0)
        net_a, net_b, head = mlp(5, 8), mlp(12, 8), nn.Linear(8, 4)
        optimiser = torch.optim.Adam([*net_a.parameters(), *net_b.parameters(), *head.parameters()], lr=1e-2)
        for _ in range(steps):
            a, b = net_a(color), net_b(depth)
            optimiser.zero_grad()
            (F.cross_entropy(head(a), y) + F.cross_entropy(head(b), y) + weight * adaptation.coral(a, b)).backward()
            optimiser.step()
        with torch.no_grad():
            a, b = net_a(color), net_b(depth)
            return adaptation.coral(a, b).item(), (head(b).argmax(1) == y).double().mean().item()

    apart, before = run(0.0)
    near, after = run(0.05)
    assert near < 0.01 * apart
    assert after > before - 0.03
    assert adaptation.coral(color, color) == 0


def test_gap_curve_has_a_point_for_every_set_size_and_seed():
    a, b, y = pairs(800, 7)
    ta, tb, ty = pairs(500, 8)
    points = gap.curve((a, b, y), (ta, tb, ty), sizes=[20, 400], seeds=[0, 1], classes=4)
    assert {(p.modalities, p.samples, p.seed) for p in points} == {(m, s, k) for m in ("A", "B", "AB") for s in (20, 400) for k in (0, 1)}
    mean = lambda m, s: sum(p.risk for p in points if p.modalities == m and p.samples == s) / 2
    assert mean("AB", 400) < mean("AB", 20)
    assert mean("AB", 400) <= mean("B", 400) + 0.01
    assert all(0 <= p.risk <= 1 for p in points)
