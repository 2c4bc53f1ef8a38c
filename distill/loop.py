"""The training of an experiment: its stages one after the other, resumable, on one process or several."""

import copy
import dataclasses
from dataclasses import dataclass
import functools
import os
from pathlib import Path

import torch
import torch.distributed as dist
from tqdm import tqdm

from distill import pool, train


@dataclass
class Pace:
    """What train.rate_at reads."""

    steps: int
    rate: float


def ranks():
    """(this process's rank, how many there are): 0 of 1 without torchrun."""
    world = int(os.environ.get("WORLD_SIZE", 1))
    if world > 1 and not dist.is_initialized():
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    return (dist.get_rank(), world) if world > 1 else (0, 1)


def share_gradients(parameters, world):
    """The mean of the ranks' gradients, so that every rank takes the same step."""
    for p in parameters:
        if p.grad is not None:
            dist.all_reduce(p.grad)
            p.grad /= world


@torch.no_grad()
def average(mean, model, decay):
    """mean ← decay·mean + (1 − decay)·model, batch statistics included."""
    pairs = [(a, b) for a, b in zip(mean.state_dict().values(), model.state_dict().values()) if a.dtype.is_floating_point]
    torch._foreach_lerp_([a for a, _ in pairs], [b for _, b in pairs], 1 - decay)


def fit(c, whole, stages, folder, show=True, sources=None):
    """Runs the stages, resuming from folder/last.pt; returns the module with averaged weights. sources are what
    pool.sets(c) gives, if they are others."""
    rank, world = ranks()
    labelled, unlabelled = sources or pool.sets(c)
    torch.manual_seed(c.seed + 1000 * rank)
    whole.to(c.device, memory_format=torch.channels_last)
    last = Path(folder) / "last.pt"
    state = torch.load(last, map_location=c.device) if last.exists() else None
    mean, total = copy.deepcopy(whole).eval(), 0
    for number, stage in enumerate(stages):
        if state and number < state["stage"]:
            continue
        if stage.begin:
            stage.begin()
        whole.eval()
        stage.module.train()
        parameters = [p for p in stage.module.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(parameters, lr=c.rate, weight_decay=c.decay)
        steps, begin = max(1, round(c.steps * stage.share)), 0
        if state and number == state["stage"]:
            whole.load_state_dict(state["whole"])
            mean.load_state_dict(state["mean"])
            optimizer.load_state_dict(state["optimizer"])
            begin, total = state["step"], state["total"]
            torch.set_rng_state(state["random"].cpu())
        bar = tqdm(range(begin, steps), f"{c.title()} {stage.name}", initial=begin, total=steps,
                   disable=None if show and rank == 0 else True)
        pace = Pace(steps, c.rate)
        again = functools.cache(lambda step: pool.draw(c, stage, step, labelled, unlabelled, rank))
        for step in bar:
            for group in optimizer.param_groups:
                group["lr"] = train.rate_at(step, pace)
            loss = stage.loss(dataclasses.replace(again(step % c.pool), step=step))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            if world > 1:
                share_gradients(parameters, world)
            torch.nn.utils.clip_grad_norm_(parameters, 5.0)
            optimizer.step()
            total += 1
            average(mean, whole, min(c.average, (1 + total) / (10 + total)))
            if not torch.isfinite(loss):
                raise ValueError(f"loop: {c.title()}: stage {stage.name}: step {step}: the loss is {loss.item()}")
            if step % 10 == 0:
                bar.set_postfix(loss=f"{loss.item():.3f}")
            if rank == 0 and ((step + 1) % c.every == 0 or step + 1 == steps):
                train.save(str(last), dict(whole=whole.state_dict(), mean=mean.state_dict(), total=total, stage=number,
                                           optimizer=optimizer.state_dict(), step=step + 1, random=torch.get_rng_state()))
        state = None
    if world > 1:
        for tensor in mean.state_dict().values():  # batch statistics are each rank's own
            dist.broadcast(tensor, 0)
    return mean.cpu().eval()
