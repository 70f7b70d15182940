"""Statistics and losses over two and three processes are those of one with the whole batch."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, distributed

from skelgraph.graphs import load_layout
from skelgraph.models import build_model, resolve_config
from skelgraph.nn.masked_norm import MaskedBatchNorm
from skelgraph.nn.processes import gather_processes, mean_count, sum_processes
from tests.nn.checks import draw, randomise

Work = Callable[[slice], dict[str, Tensor]]
# Rows of six that each process has: unevenly many, and none.
SHARES = (
    pytest.param((slice(0, 4), slice(4, 6)), id="two"),
    pytest.param(
        (slice(0, 5), slice(0, 0), slice(5, 6)), id="three, one empty", marks=pytest.mark.slow
    ),
)


def normalise(rows: slice) -> dict[str, Tensor]:
    """Steps of a norm: a channel that one row alone sees, one that none sees, then no mask."""
    norm = randomise(MaskedBatchNorm(3))
    for seed in range(3):
        mask = draw(6, 3, 5, 1, seed=seed) > -0.5
        mask[1:, 0], mask[0, 0] = False, True
        mask[:, 2] &= seed == 1
        mask |= seed == 2
        x = draw(6, 3, 5, 4, seed=seed)[rows].requires_grad_()
        weight = draw(6, 3, 5, 4, seed=9) * mask
        (norm(x, None if seed == 2 else mask[rows]) * weight[rows]).sum().backward()
    return {**norm.state_dict(), "weight_grad": norm.weight.grad, "x_grad": x.grad}


def learn(rows: slice) -> dict[str, Tensor]:
    """Losses and gradients of a whole model; one clip has no body."""
    torch.manual_seed(0)
    aim = {"dropout": 0.0, "width": 8, "loss_bodies": None, "loss_frames": None}
    tiny = {"channels": (8, 8), "strides": (1, 2), "dropout": 0.0, "forecast": 2, "aim": aim}
    overrides = {**tiny, "tower": {"dropout": 0.0}}
    config = resolve_config("as_gcn", "small", overrides=overrides)
    model = build_model("as_gcn", load_layout("mediapipe_hands"), num_classes=3, config=config)
    model = model.double().train()
    positions, visible = draw(6, 3, 8, 21, 2, seed=3) * 0.1, draw(6, 8, 21, 2, seed=4) > -1
    visible[5], visible[0, :, 3] = False, False
    frames = torch.arange(8) < torch.tensor([8, 8, 7, 8, 6, 8])[:, None]
    out = model(positions[rows], visible[rows], frames[rows], returns=("losses",))
    labels, size = (
        torch.tensor([0, 1, 2, 0, 1, 2])[rows],
        mean_count(torch.tensor(len(frames[rows]))),
    )
    classes = torch.nn.functional.cross_entropy(out.logits, labels, reduction="sum") / size
    losses = {"classes": classes, **out.losses}
    sum(losses.values()).backward()
    found = {name: term.detach() for name, term in losses.items()}
    found |= {name: value.grad for name, value in model.named_parameters()}
    return found | {
        name: value for name, value in model.named_buffers() if value.is_floating_point()
    }


def run_shares(work: Work, shares: tuple[slice, ...], folder: Path) -> list[dict[str, Tensor]]:
    """Run the work in as many processes as there are shares."""
    start = multiprocessing.get_context("spawn").Process
    processes = [
        start(target=_run, args=(work, share, rank, len(shares), folder))
        for rank, share in enumerate(shares)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=120)
        if process.is_alive():
            process.kill()
    assert [process.exitcode for process in processes] == [0] * len(shares)
    return [torch.load(folder / str(rank)) for rank in range(len(shares))]


def _run(work: Work, share: slice, rank: int, count: int, folder: Path) -> None:
    torch.set_num_threads(1)
    torch.nn.functional.gumbel_softmax = lambda logits, **_: logits.softmax(-1)
    if count > 1:
        where = f"file://{folder}/meeting"
        distributed.init_process_group("gloo", init_method=where, rank=rank, world_size=count)
    torch.save(work(share), folder / str(rank))
    if count > 1:
        distributed.destroy_process_group()


@pytest.mark.parametrize("shares", SHARES)
def test_statistics_are_those_of_one_process(shares: tuple[slice, ...], tmp_path: Path) -> None:
    whole = normalise(slice(0, 6))
    parts = run_shares(normalise, shares, tmp_path)
    for name in MaskedBatchNorm(3).state_dict():
        for part in parts:
            torch.testing.assert_close(part[name], whole[name], atol=1e-12, rtol=1e-12)
    x_grad = torch.cat([part["x_grad"] for part in parts])
    torch.testing.assert_close(x_grad, whole["x_grad"], atol=1e-10, rtol=1e-10)
    weight_grad = torch.stack([part["weight_grad"] for part in parts]).sum(0)
    torch.testing.assert_close(weight_grad, whole["weight_grad"], atol=1e-10, rtol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("shares", SHARES)
def test_a_model_learns_as_in_one_process(shares: tuple[slice, ...], tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    whole = run_shares(learn, (slice(0, 6),), tmp_path / "whole")[0]
    parts = run_shares(learn, shares, tmp_path)
    for name, value in whole.items():
        mean = torch.stack([part[name] for part in parts]).mean(0)
        torch.testing.assert_close(mean, value, atol=1e-7, rtol=1e-5, msg=name)


def test_one_process_exchanges_nothing() -> None:
    values = draw(3)
    assert sum_processes(values) is values
    assert torch.equal(gather_processes(values), values[None])
    assert mean_count(torch.tensor(5)).item() == 5
    assert mean_count(torch.tensor(0.25)).item() == 0.25
    assert mean_count(torch.tensor(0)).item() == 1
