"""Boundary-supporting samples (Heo et al., Knowledge Distillation with Adversarial Samples Supporting Decision Boundary,
AAAI 2019), per pixel: inputs pushed by the teacher's own gradient towards the boundary between a pixel's class and the
runner-up. KD runs on those inputs beside the clean ones."""

import torch


def margin(logits: torch.Tensor, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """(b, classes, h, w) and two class maps (b, h, w) → logit(first) − logit(second), per pixel."""
    return (logits.gather(1, first.unsqueeze(1)) - logits.gather(1, second.unsqueeze(1))).squeeze(1)


def boundary_samples(teacher, inputs, steps=20, step_size=0.5, overshoot=0.02):
    """Pushes each input until its mean margin under the teacher just flips or ties. Returns inputs of the same shape.

    Newton steps along the gradient g of the margin: x ← x − step·m/‖g‖²·g, as DeepFool takes them, with a small
    overshoot; an image stops when its margin is no longer positive. The teacher is not trained: no parameter of it
    receives a gradient.
    """
    with torch.no_grad():
        top = teacher(inputs).topk(2, dim=1).indices  # (b, 2, h, w)
    first, second = top[:, 0], top[:, 1]
    x = inputs.detach().clone()
    alive = torch.ones(len(x), dtype=torch.bool, device=x.device)
    for _ in range(steps):
        x.requires_grad_(True)
        m = margin(teacher(x), first, second).flatten(1).mean(1)  # (b,)
        (g,) = torch.autograd.grad(m.sum(), x)
        alive &= m.detach() > 0
        if not alive.any():
            break
        norm = g.flatten(1).square().sum(1).clamp_min(1e-12)
        size = torch.where(alive, step_size * (m.detach() + overshoot) / norm, torch.zeros_like(norm))
        x = (x - size.view(-1, *[1] * (x.dim() - 1)) * g).detach()
    return x.detach()
