"""Deep mutual learning (Zhang et al., CVPR 2018), here across modalities: peers teach each other while they learn."""

import torch
import torch.nn.functional as F


def divergence(student: torch.Tensor, peer: torch.Tensor) -> torch.Tensor:
    """KL(peer ‖ student) per pixel, mean; the peer is detached."""
    log_s, log_p = student.log_softmax(1), peer.detach().log_softmax(1)
    return F.kl_div(log_s, log_p, reduction="none", log_target=True).sum(1).mean()


def losses(logits: list[torch.Tensor], labels: torch.Tensor, void=255) -> list[torch.Tensor]:
    """One loss a peer: CE_i + mean over the others of KL(p_j ‖ p_i)."""
    if len(logits) < 2:
        raise ValueError("mutual learning: want at least two peers")
    return [F.cross_entropy(own, labels, ignore_index=void)
            + torch.stack([divergence(own, peer) for j, peer in enumerate(logits) if j != i]).mean()
            for i, own in enumerate(logits)]
