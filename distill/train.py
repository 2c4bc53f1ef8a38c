"""The training loop: phases of growing size, AdamW, one cosine per phase, averaged weights, resumable."""

import copy
import json
import math
import os
import time

import numpy as np
import torch
import torch.nn.functional as F

from distill import data, mobile, students, warm
from distill.config import REST
from distill.methods import kd, transfer


def loss_of(logits, classes, config):
    """Cross-entropy plus Dice over the batch; pixels of class void count for nothing.

    A pixel labelled REST is only known to be of one of config.rest: it costs −log of their probability together, and no Dice.
    """
    target = classes.long()  # [N, h, w]
    if config.rest:
        doubt = target == REST
        target = target.masked_fill(doubt, config.void)
        known = (target != config.void).sum()
        entropy = F.cross_entropy(logits, target, ignore_index=config.void, reduction="sum")
        together = logits.logsumexp(1) - logits[:, list(config.rest)].logsumexp(1)  # [N, h, w]
        entropy = (entropy + (together * doubt).sum()) / (known + doubt.sum()).clamp_min(1)
    else:
        entropy = F.cross_entropy(logits, target, ignore_index=config.void)
    known = (target != config.void).unsqueeze(1)  # [N, 1, h, w]
    chance = logits.softmax(1) * known  # [N, C, h, w]
    truth = F.one_hot(target.clamp(max=logits.shape[1] - 1), logits.shape[1]).permute(0, 3, 1, 2) * known
    overlap = (chance * truth).sum((0, 2, 3))  # [C]
    size = chance.sum((0, 2, 3)) + truth.sum((0, 2, 3))
    dice = 1 - (2 * overlap + 1) / (size + 1)
    return entropy + config.dice * dice.mean()


def begin(config, sources, device):
    """The student to train: random, or with the weights of config.start."""
    model = students.build(config)
    if config.pretrained and not config.start:
        mobile.fill(model)
    if config.start:
        warm.fill(model, config.start, sample(config, sources, model.stem[0].in_channels), config.inherit)
    return model.to(device, memory_format=torch.channels_last)


def teacher_of(config, sources, device):
    """The frozen student of both modalities that teaches, or None."""
    if not config.teacher:
        return None
    both = warm.student(config.teacher, sample(config, sources, 4))
    return transfer.freeze(both).to(device, memory_format=torch.channels_last)


def sample(config, sources, channels):
    """A few unaugmented inputs of the first phase, to measure statistics on: float [N, C, h, w]."""
    phase = config.phases[0]
    x = np.concatenate([inputs[:: max(1, len(inputs) // 8)][:8] for inputs, _ in sources(phase).values()])
    x = torch.from_numpy(np.ascontiguousarray(x[..., students.planes(channels)].transpose(0, 3, 1, 2))).float() / 255
    return F.interpolate(x, (phase.height, phase.width))


def objective(model, teacher, x, classes, config, phase):
    """The loss of one batch. x float [N, 4, h, w] in 0…1, classes uint8 [N, h, w], not read in a phase without labels."""
    seen = x[:, students.planes(model.stem[0].in_channels)]
    if teacher is None:
        return loss_of(model(seen), classes, config)
    features = model.encode(seen)
    logits = model.decode(*features)
    with torch.no_grad():
        shown = teacher.encode(x)
        answer = F.interpolate(teacher.decode(*shown), logits.shape[2:], mode="area")
    loss = config.lesson * kd.kd_loss(logits, answer, temperature=2.0)
    for mine, theirs in zip(features[-2:], shown[-2:]) if config.mimic else ():  # strides 8 and 16
        loss = loss + config.mimic * transfer.loss(mine, theirs) / theirs.var().clamp_min(1e-6)
    if phase.labels:
        loss = loss + loss_of(F.interpolate(logits, classes.shape[1:], mode="bilinear"), classes, config)
    return loss


def groups(model, config):
    """The optimizer's parameter groups; `share` is a group's learning rate over the phase's."""
    if config.careful == 1:
        return [{"params": list(model.parameters()), "share": 1.0}]
    careful = {id(p) for p in model.pretrained()}
    return [{"params": [p for p in model.parameters() if (id(p) in careful) == slow], "share": config.careful if slow else 1.0}
            for slow in (False, True)]


def rate_at(step, phase):
    """Linear warm-up over a twentieth of the phase, then half a cosine down to a hundredth."""
    warm = max(1, phase.steps // 20)
    if step < warm:
        return phase.rate * (step + 1) / warm
    return phase.rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, phase.steps - warm))))


def average(mean, model, decay):
    """mean ← decay·mean + (1 − decay)·model, batch statistics included."""
    with torch.no_grad():
        for a, b in zip(mean.state_dict().values(), model.state_dict().values()):
            if a.dtype.is_floating_point:
                a.mul_(decay).add_(b, alpha=1 - decay)
            else:
                a.copy_(b)


def save(path, state):
    torch.save(state, path + ".part")
    os.replace(path + ".part", path)


def run(config, sources, donors, checks, folder, device="cpu", every=200, threads=2):
    """Trains through all phases, resuming from folder/last.pt; returns the averaged student.

    sources(phase) gives the phase's arrays by name; checks is called with the averaged student every few hundred steps
    and returns figures for the log.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(config.seed)
    fast = config.network == "mobile" and torch.backends.cpu.get_cpu_capability() == "AVX512"
    model = begin(config, sources, device)
    teacher = teacher_of(config, sources, device)
    mean = copy.deepcopy(model).eval()
    optimizer = torch.optim.AdamW(groups(model, config), weight_decay=config.decay)
    done, first, total = 0, 0, 0
    last = os.path.join(folder, "last.pt")
    if os.path.exists(last):
        state = torch.load(last, map_location=device)
        model.load_state_dict(state["model"])
        mean.load_state_dict(state["mean"])
        optimizer.load_state_dict(state["optimizer"])
        done, first, total = state["phase"], state["step"], state["total"]
        print(f"resuming at phase {done}, step {first}", flush=True)
    for index, phase in enumerate(config.phases):
        if index < done:
            continue
        start = first if index == done else 0
        if start == phase.steps:
            continue
        batches = data.Batches(config, phase, index, sources(phase), donors)
        loader = torch.utils.data.DataLoader(batches, batch_size=None, sampler=range(start, phase.steps), num_workers=1,
                                             prefetch_factor=4)
        clock, seen, recent = time.time(), 0, []
        for step, (x, classes) in enumerate(loader, start):
            rate = rate_at(step, phase)
            for group in optimizer.param_groups:
                group["lr"] = rate * group["share"]
            model.train()
            with torch.autocast(device, torch.bfloat16, enabled=fast):
                loss = objective(model, teacher, x.to(device).float() / 255, classes.to(device), config, phase)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            total += 1
            average(mean, model, min(config.average, (1 + total) / (10 + total)))
            recent.append(loss.item())
            seen += len(x)
            if (step + 1) % 50 == 0:
                line = dict(phase=phase.name, step=step + 1, of=phase.steps, loss=round(sum(recent) / len(recent), 4),
                            rate=round(rate, 6), images_per_second=round(seen / (time.time() - clock), 1))
                print(json.dumps(line), flush=True)
                clock, seen, recent = time.time(), 0, []
            if (step + 1) % every == 0 or step + 1 == phase.steps:
                save(last, dict(model=model.state_dict(), mean=mean.state_dict(), optimizer=optimizer.state_dict(),
                                phase=index, step=step + 1, total=total))
            if (step + 1) % (2 * every) == 0 or step + 1 == phase.steps:
                line = json.dumps(dict(phase=phase.name, step=step + 1, **checks(mean)))
                print(line, flush=True)
                with open(os.path.join(folder, "log.jsonl"), "a") as log:
                    log.write(line + "\n")
        save(os.path.join(folder, f"{index}-{phase.name}.pt"), dict(model=mean.state_dict()))
    return mean
