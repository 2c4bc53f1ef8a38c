"""Knowledge distillation (Hinton et al., 2015), per pixel."""

import torch
import torch.nn.functional as F


def kd_loss(student: torch.Tensor, teacher: torch.Tensor, temperature: float = 4.0) -> torch.Tensor:
    """T²·KL(teacher ‖ student) of softened logits (b, classes, …), mean over pixels. No gradient reaches the teacher."""
    log_s = F.log_softmax(student / temperature, dim=1)
    log_t = F.log_softmax(teacher.detach() / temperature, dim=1)
    return temperature ** 2 * F.kl_div(log_s, log_t, reduction="none", log_target=True).sum(1).mean()


def loss(student, teacher, labels, weight=1.0, temperature=4.0, void=255):
    """Cross-entropy of the labels + weight · KD. labels (b, …) int64; void pixels teach by KD alone."""
    task = F.cross_entropy(student, labels, ignore_index=void) if (labels != void).any() else student.sum() * 0
    return task + weight * kd_loss(student, teacher, temperature)
