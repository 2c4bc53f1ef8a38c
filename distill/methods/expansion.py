"""Multimodal Knowledge Expansion (Xue et al., ICCV 2021): a teacher of one modality pseudo-labels unlabelled pairs; a
student of both learns from them, and is asked to agree with itself under augmentation."""

import torch
import torch.nn.functional as F


@torch.no_grad()
def pseudo_labels(teacher, color, confidence=0.0, void=255):
    """The teacher's classes for (b, 3, h, w) or (b, d): (b, …) int64, void where its probability is below confidence."""
    p, label = teacher(color).softmax(1).max(1)
    return torch.where(p >= confidence, label, torch.full_like(label, void))


def loss(clean, augmented, pseudo, weight=1.0, void=255):
    """Cross-entropy of the augmented view's logits against the pseudo-labels + weight · consistency of the two views."""
    task = F.cross_entropy(augmented, pseudo, ignore_index=void) if (pseudo != void).any() else augmented.sum() * 0
    consistency = (clean.detach().softmax(1) - augmented.softmax(1)).square().sum(1).mean()
    return task + weight * consistency
