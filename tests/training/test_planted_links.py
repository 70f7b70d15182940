"""What examples/results/planted_links.py measures, and a short run of it."""

from __future__ import annotations

import csv
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from skelgraph.data.store import write_store
from skelgraph.data.synthetic import Planted, simulate_planted_pair
from skelgraph.graphs import load_layout
from skelgraph.nn.a_links import AimConfig, ALinks
from skelgraph.training.config import DataOptions, ModelOptions, RunConfig, TrainOptions
from skelgraph.training.supervised import train
from skelgraph.transforms.options import AugmentOptions
from tests.graphs.made_up import chain
from tests.modules import ROOT

SCRIPT = ROOT / "examples" / "results" / "planted_links.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("planted_links", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_rank_of_the_planted_pair_by_hand(script: ModuleType) -> None:
    """Links from row to column; joint 0 leads joint 2."""
    links = torch.tensor([[9.0, 0.1, 0.6], [0.2, 9.0, 0.6], [0.8, 0.3, 9.0]])
    rank, value, others = script.auroc(links, 0, 2)
    assert rank == pytest.approx((3 + 0.5) / 5)
    assert value == pytest.approx(0.6)
    assert others == pytest.approx((0.1 + 0.2 + 0.6 + 0.8 + 0.3) / 5)
    assert script.auroc(links, 2, 0)[0] == 1


def links_of_new_subjects(planted: Planted, *, steps: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Probability of any link, [sender, receiver], in clips of 'together' and of 'apart'.

    The links learn from all subjects but the last two, without classes, and are asked of those.
    """
    positions = torch.tensor(np.stack([clip.keypoints[:, 0] for clip in planted.clips]))
    positions = positions.permute(0, 3, 1, 2)
    subject = torch.tensor([clip.subject for clip in planted.clips])
    label = torch.tensor([clip.label for clip in planted.clips])
    new = subject >= subject.max() - 1
    visible = torch.ones(positions.shape[0], *positions.shape[2:], dtype=torch.bool)
    torch.manual_seed(0)
    config = AimConfig(
        width=16, movement=True, memory=True, max_lag=4, loss_bodies=8, loss_frames=12
    )
    module = ALinks(3, config=config)
    optimiser = torch.optim.AdamW(module.parameters(), 5e-3)
    for _ in range(steps):
        batch = (~new).nonzero()[:, 0][torch.randperm(int((~new).sum()))[:16]]
        losses = module.losses(module(positions[batch], visible[batch], None))
        optimiser.zero_grad()
        sum(losses.values()).backward()
        torch.nn.utils.clip_grad_norm_(module.parameters(), 5.0)
        optimiser.step()
    with torch.no_grad():
        links = module.eval()(positions[new], visible[new], None)
        found = 1 - module.probabilities(links)[:, 0, 0]
    return found[label[new] == 0].mean(0), found[label[new] == 1].mean(0)


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_a_planted_link_is_found(script: ModuleType, seed: int) -> None:
    """Where the pair moves together it ranks first; where it does not, its link is weaker."""
    layout = load_layout("florence3d")
    planted = simulate_planted_pair(layout, subjects=7, clips_per_class=12, frames=50, seed=seed)
    together, apart = links_of_new_subjects(planted, steps=120)
    leader, follower = layout.indices(planted.joints)
    rank, value, _ = script.auroc(together, leader, follower)
    assert rank >= 0.95
    assert value > apart[leader, follower] + 0.2


@pytest.mark.slow
def test_without_a_links_the_planted_class_is_harder(script: ModuleType, tmp_path: Path) -> None:
    """The same network on the same clips: new people's classes are told by the links alone."""
    layout = chain(6)
    planted = simulate_planted_pair(
        layout, pair=("j0", "j5"), subjects=6, clips_per_class=80, frames=50, seed=0
    )
    store = write_store(
        tmp_path / "clips", planted.clips, class_names=planted.class_names, provenance={}
    )

    def accuracy(way: str) -> float:
        overrides = {**script.NETWORK, **script.WAYS[way]}
        config = RunConfig(
            layout="",
            store=str(store.path),
            data=DataOptions(num_frames=0, crop=1.0),
            model=ModelOptions(preset="small", overrides=overrides),
            training=TrainOptions(
                epochs=15,
                link_epochs=15,
                link_lr=5e-3,
                freeze_links=overrides.get("a_links", True),
                precision="32-true",
            ),
            augment=AugmentOptions(turn=0.0, tilt=0.0, roll=0.0, scale=0.0),
        )
        metrics = train(config, tmp_path / way)
        assert metrics["test"]["num_clips"] == 320  # chance has a standard error of 0.03
        return float(metrics["test"]["top1"])

    found, blind = accuracy("all three"), accuracy("no A-links")
    assert found >= 0.9
    assert blind <= 0.65


@pytest.mark.slow
def test_a_short_run(tmp_path: Path) -> None:
    few = ["--subjects", "3", "--clips-per-class", "2", "--epochs", "1", "--link-epochs", "1"]
    command = [
        sys.executable,
        str(SCRIPT),
        "--output",
        str(tmp_path),
        "--layout",
        "mediapipe_hands",
    ]
    command += few
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    for _ in range(2):  # the second time from the runs that are there
        done = subprocess.run(
            [*command, "--seeds", "1"], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert [row["links"] for row in rows] == ["as shipped", "likeness", "all three", "no A-links"]
    for row in rows[:3]:
        assert all(0 <= float(row[name]) <= 1 for name in ("auroc", "pair", "apart", "others"))
    assert rows[3]["auroc"] == "-"
