"""The property of every representation method."""

import pytest
import torch
from torch import nn

from distill.methods import adaptive, autoencoder, coordinated, early, gated, hashing, late, tensor


@pytest.fixture(autouse=True)
def fixed_seed():
    torch.manual_seed(0)


def small(channels=3, classes=4):
    return nn.Sequential(nn.Conv2d(channels, 8, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(8, classes, 1))


def test_early_fusion_with_zero_depth_weights_equals_the_rgb_network_exactly():
    rgb = small()
    fused = nn.Sequential(early.widen_input(rgb[0]), rgb[1], rgb[2])
    color, depth = torch.randn(2, 3, 9, 7), torch.randn(2, 1, 9, 7)
    assert torch.equal(fused(early.fuse(color, depth)), rgb(color))
    with torch.no_grad():
        fused[0].weight[:, 3] = 1
    assert not torch.equal(fused(early.fuse(color, depth)), rgb(color))


@pytest.mark.parametrize("of", ["logits", "probabilities"])
def test_late_fusion_ignores_the_order_and_two_equal_branches_equal_one(of):
    a, b = torch.randn(2, 4, 5, 6), torch.randn(2, 4, 5, 6)
    assert torch.allclose(late.average([a, b], of), late.average([b, a], of), atol=1e-6)
    assert torch.allclose(late.average([a, a], of).softmax(1), a.softmax(1), atol=1e-6)
    mean = late.average([a, b], of).softmax(1)
    if of == "probabilities":
        assert torch.allclose(mean, (a.softmax(1) + b.softmax(1)) / 2, atol=1e-6)
    else:
        assert torch.allclose(late.average([a, b], of), (a + b) / 2)


def test_tensor_fusion_has_the_single_modalities_at_the_appended_one():
    a, b = torch.randn(5, 3), torch.randn(5, 4)
    z = tensor.outer(a, b)  # (5, 4, 5)
    assert z.shape == (5, 4, 5)
    assert torch.equal(z[:, :3, 4], a)
    assert torch.equal(z[:, 3, :4], b)
    assert torch.equal(z[:, 3, 4], torch.ones(5))
    assert torch.allclose(z[:, :3, :4], a[:, :, None] * b[:, None, :])


def test_low_rank_fusion_equals_tensor_fusion_with_the_summed_weight():
    a, b = torch.randn(6, 5).double(), torch.randn(6, 7).double()
    low = tensor.LowRankFusion(5, 7, 3, rank=4).double()
    full = tensor.outer(a, b).flatten(1) @ low.full_weight().T + low.bias
    assert torch.allclose(low(a, b), full, atol=1e-5)
    whole = tensor.TensorFusion(5, 7, 3).double()
    with torch.no_grad():
        whole.linear.weight.copy_(low.full_weight())
        whole.linear.bias.copy_(low.bias)
    assert torch.allclose(whole(a, b), low(a, b), atol=1e-5)


def test_every_factor_of_low_rank_fusion_is_registered_and_gets_a_gradient():
    low = tensor.LowRankFusion(5, 7, 3, rank=4)
    low(torch.randn(6, 5), torch.randn(6, 7)).square().sum().backward()
    names = {name for name, _ in low.named_parameters()}
    assert names == {"factor_a", "factor_b", "weight", "bias"}
    for name, p in low.named_parameters():
        assert p.grad is not None and (p.grad.flatten(1) if p.dim() > 1 else p.grad[:, None]).abs().sum(1).min() > 0, name


@pytest.mark.parametrize("rank", [1, 2, 5])
def test_low_rank_parameters_grow_with_rank_times_outputs_times_widths(rank):
    da, db, out = 5, 7, 3
    low = tensor.LowRankFusion(da, db, out, rank)
    assert sum(p.numel() for p in low.parameters()) == rank * out * ((da + 1) + (db + 1)) + rank + out


def test_pixel_fusion_of_rank_0_is_the_outer_product_at_every_pixel():
    fuse = tensor.PixelFusion(6, 5, 3, reduced=4)
    a, b = torch.randn(2, 6, 3, 4), torch.randn(2, 5, 3, 4)
    ra, rb = fuse.reduce_a(a).permute(0, 2, 3, 1), fuse.reduce_b(b).permute(0, 2, 3, 1)
    z = tensor.outer(ra, rb).transpose(-1, -2).flatten(-2)  # blocks of [a; 1] for each entry of [b; 1]
    want = nn.functional.linear(z, fuse.mix.weight.flatten(1), fuse.mix.bias).permute(0, 3, 1, 2)
    assert torch.allclose(fuse(a, b), want, atol=1e-5)


def test_autoencoder_zeroes_inputs_but_not_targets():
    a, b = torch.randn(4, 3), torch.randn(4, 2)
    (ia, ib), (ta, tb) = autoencoder.with_missing(a, b)
    assert torch.equal(ia[4:8], torch.zeros(4, 3)) and torch.equal(ib[8:], torch.zeros(4, 2))
    assert torch.equal(ia[:4], a) and torch.equal(ib[:4], b) and torch.equal(ib[4:8], b) and torch.equal(ia[8:], a)
    assert torch.equal(ta, torch.cat([a] * 3)) and torch.equal(tb, torch.cat([b] * 3))


def test_autoencoder_reconstructs_a_zeroed_modality_better_than_the_mean():
    latent = torch.randn(512, 2)
    a, b = latent @ torch.randn(2, 6), latent @ torch.randn(2, 5)
    model = autoencoder.BimodalAutoencoder(6, 5, code=4)
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(400):
        optimiser.zero_grad()
        autoencoder.loss(model, a[:400], b[:400]).backward()
        optimiser.step()
    with torch.no_grad():
        ra, _ = model(torch.zeros_like(a[400:]), b[400:])
        _, rb = model(a[400:], torch.zeros_like(b[400:]))
    assert (ra - a[400:]).square().mean() < 0.2 * a[400:].var(0).mean()
    assert (rb - b[400:]).square().mean() < 0.2 * b[400:].var(0).mean()


@pytest.mark.parametrize("kind", ["cosine", "l2", "correlation"])
def test_similarity_is_zero_for_equal_features(kind):
    a = torch.randn(32, 5)
    assert coordinated.similarity(a, a, kind).abs() < 1e-6
    assert coordinated.similarity(a, torch.randn(32, 5), kind) > 0.1


def test_similarity_scale_and_shift():
    a, b = torch.randn(32, 5), torch.randn(32, 5)
    assert torch.allclose(coordinated.similarity(3 * a, b, "cosine"), coordinated.similarity(a, b, "cosine"), atol=1e-6)
    assert not torch.allclose(coordinated.similarity(3 * a, b, "l2"), coordinated.similarity(a, b, "l2"))
    assert torch.allclose(coordinated.similarity(3 * a + 7, b, "correlation"), coordinated.similarity(a, b, "correlation"), atol=1e-5)
    assert not torch.allclose(coordinated.similarity(a + 7, b, "cosine"), coordinated.similarity(a, b, "cosine"), atol=1e-3)


def views(n=400, d1=4, d2=3):
    latent = torch.randn(n, 2).double()
    a = latent @ torch.randn(2, d1).double() + 0.5 * torch.randn(n, d1).double()
    b = latent @ torch.randn(2, d2).double() + 0.5 * torch.randn(n, d2).double()
    return a, b


def test_dcca_is_bounded_and_equals_the_nuclear_norm():
    a, b = views()
    value = coordinated.dcca(a, b, r=0.0)
    assert 0 < value <= 3 + 1e-9
    assert torch.allclose(coordinated.dcca(a, a, r=0.0), torch.tensor(4.0).double(), atol=1e-8)
    ac, bc = a - a.mean(0), b - b.mean(0)
    s11, s22, s12 = ac.T @ ac / 399, bc.T @ bc / 399, ac.T @ bc / 399
    l1, l2 = torch.linalg.cholesky(s11), torch.linalg.cholesky(s22)
    t = torch.linalg.solve(l1, s12) @ torch.linalg.inv(l2).T  # same singular values by another road
    assert torch.allclose(value, torch.linalg.matrix_norm(t, "nuc"), atol=1e-8)
    elementwise = torch.sqrt((t.T @ t).abs()).trace()
    assert not torch.allclose(value, elementwise, atol=1e-3)


def test_dcca_is_invariant_to_affine_maps_without_regularisation():
    a, b = views()
    m = torch.randn(4, 4).double() + 3 * torch.eye(4).double()
    assert torch.allclose(coordinated.dcca(a @ m + 5, b, r=0.0), coordinated.dcca(a, b, r=0.0), atol=1e-7)


def test_dcca_gradient_matches_finite_differences():
    a, b = views(n=20)
    a.requires_grad_(True)
    assert torch.autograd.gradcheck(lambda x: coordinated.dcca(x, b, r=0.1), (a,), eps=1e-6, atol=1e-5)


def test_auto_fusion_reaches_zero_on_data_of_low_rank():
    z = torch.rand(256, 2) @ torch.rand(2, 8)
    model = adaptive.AutoFusion(8, code=4)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    first = model(z)[1].item()
    for _ in range(1500):
        optimiser.zero_grad()
        model(z[:, :5], z[:, 5:])[1].backward()
        optimiser.step()
    assert model(z)[1].item() < 0.01 * first


def grads(module):
    return [p.grad is not None and p.grad.abs().sum() > 0 for p in module.parameters()]


def test_gan_fusion_steps_touch_one_player_each():
    gan = adaptive.GanFusion(6, 8, code=4)
    target, others = torch.randn(16, 6), (torch.randn(16, 5), torch.randn(16, 3))
    gan.discriminator_loss(target, *others).backward()
    assert all(grads(gan.discriminator)) and not any(grads(gan.generator)) and not any(grads(gan.real))
    gan.zero_grad()
    gan.generator_loss(target).backward()
    assert all(grads(gan.generator)) and not any(grads(gan.discriminator))


def test_gated_fusion_with_gate_0_equals_the_rgb_network():
    fuse = gated.GatedFusion(16)
    color, depth = torch.randn(2, 16, 5, 5), torch.randn(2, 16, 5, 5)
    assert not torch.equal(fuse(color, depth), color)
    fuse.close()
    assert torch.equal(fuse(color, depth), color)


def test_hashing_codes_losses_and_balance():
    f, g = torch.randn(8, 16), torch.randn(8, 16)
    b = hashing.codes(f, g)
    assert set(b.unique().tolist()) <= {-1.0, 1.0}
    assert hashing.codes(torch.zeros(1, 4), torch.zeros(1, 4)).tolist() == [[1.0] * 4]
    similar = torch.eye(8)
    assert torch.isfinite(hashing.loss(1e4 * f, 1e4 * g, similar))
    half = torch.tensor([[1.0], [-1.0]]).repeat(4, 16)
    assert hashing.balance(half, -half) == 0
    assert hashing.balance(half.abs(), half) > 0
    assert hashing.hamming(b, b).diagonal().abs().max() == 0
    assert hashing.hamming(b, -b).diagonal().min() == 16


def test_hashing_retrieves_across_modalities():
    classes = torch.arange(200) % 5
    centres_a, centres_b = 2 * torch.randn(5, 12), 2 * torch.randn(5, 9)
    a, b = centres_a[classes] + torch.randn(200, 12), centres_b[classes] + torch.randn(200, 9)
    similar = (classes[:, None] == classes[None]).float()
    enc_a, enc_b = nn.Linear(12, 32), nn.Linear(9, 32)
    optimiser = torch.optim.Adam([*enc_a.parameters(), *enc_b.parameters()], lr=1e-2)
    for _ in range(200):
        optimiser.zero_grad()
        hashing.loss(enc_a(a[:150]), enc_b(b[:150]), similar[:150, :150]).backward()
        optimiser.step()
    relevant = similar[150:, :150].bool()
    found = hashing.mean_average_precision(hashing.sign(enc_a(a[150:])), hashing.sign(enc_b(b[:150])), relevant)
    chance = hashing.mean_average_precision(hashing.sign(torch.randn(50, 32)), hashing.sign(torch.randn(150, 32)), relevant)
    assert chance < 0.35 and found > chance + 0.4


def test_contrast_asks_each_code_to_find_its_own():
    f = hashing.sign(torch.randn(6, 64, generator=torch.Generator().manual_seed(3)))
    same = torch.eye(6)
    alike = torch.ones(6, 64)
    assert torch.allclose(hashing.contrast(alike, alike, same), torch.tensor(6.0).log()), "codes that are all alike find nothing"
    assert hashing.contrast(f, f, same) < 0.1 < hashing.contrast(f, f.roll(1, 0), same)
    pairs = torch.block_diag(torch.ones(2, 2), torch.ones(2, 2))
    twins = hashing.sign(torch.randn(2, 64, generator=torch.Generator().manual_seed(5))).repeat_interleave(2, 0)
    assert torch.allclose(hashing.contrast(twins, twins, pairs), torch.tensor(2.0).log(), atol=0.1), "two belong: each is found half the time"
