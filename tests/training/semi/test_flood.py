"""The curriculum when the model that it starts from takes 30 % of the classes for others.

On simulated hands whose truth is known, with a small network on distances between joints: the rule
and its loop are tested here, not the skeleton model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from skelgraph.data.store import write_store
from skelgraph.data.synthetic import simulate
from skelgraph.graphs import load_layout
from skelgraph.training.clips import clip_set
from skelgraph.training.config import DataOptions
from skelgraph.training.semi.guard import candidate, compare
from skelgraph.training.semi.method import Setting
from skelgraph.training.semi.methods.curriculum import Curriculum, CurriculumOptions

STEPS = 100
DRAWS = 6
CONFUSED = 0.3
HELD, TEST = 0, 1


@dataclass(frozen=True, eq=False)
class Known:
    """Simulated clips as features, with their truth."""

    features: Tensor
    labels: np.ndarray
    subject: np.ndarray
    repetition: np.ndarray
    num_classes: int


@dataclass(frozen=True, eq=False)
class Draw:
    """People of one draw, and what the starting model takes each class for."""

    source: np.ndarray
    labelled: np.ndarray
    unlabelled: np.ndarray
    held: np.ndarray
    test: np.ndarray
    taken_for: np.ndarray


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    clips, names = simulate(load_layout("mediapipe_hands"), clips_per_class=4)
    store = write_store(
        tmp_path_factory.mktemp("data") / "hands", clips, class_names=names, provenance={}
    )
    data = DataOptions(num_frames=16)
    rows = np.arange(len(clips))
    prepared = clip_set(store, rows, layout=store.layout, data=data, testing=True)
    batch = prepared.batch(rows, num_frames=16)
    hand = batch.visible.sum((1, 2)).argmax(1)
    places = batch.positions.permute(0, 4, 2, 3, 1)[torch.arange(len(hand)), hand]  # (N, T, V, C)
    return Known(
        describe(places),
        prepared.labels,
        store.clips.subject,
        store.clips.repetition,
        len(names),
    )


def describe(places: Tensor) -> Tensor:
    """What distances and speeds of joints do in a clip, standardised, (N, features)."""
    pairs = torch.triu_indices(*[places.shape[2]] * 2, 1)
    apart = torch.cdist(places, places)[:, :, pairs[0], pairs[1]]
    size = apart.mean((1, 2), keepdim=True)
    apart, speed = apart / size, places.diff(dim=1).norm(dim=-1) / size
    late, early = apart[:, 8:].mean(1), apart[:, :8].mean(1)
    parts = [apart.mean(1), apart.std(1), late - early, speed.mean(1), speed[:, :, 0]]
    features = torch.cat([*parts, places[:, :, 0].std(1)], dim=1)
    return (features - features.mean(0)) / (features.std(0) + 1e-6)


def draw(known: Known, seed: int) -> Draw:
    """Three people for the start, two labelled (two clips a class), four unlabelled, three test."""
    chance = np.random.default_rng(seed)
    people = chance.permutation(12)
    source, labelled, unlabelled, test = (
        np.flatnonzero(np.isin(known.subject, people[first:last]))
        for first, last in ((0, 3), (3, 5), (5, 9), (9, 12))
    )
    confused = chance.permutation(known.num_classes)[: round(CONFUSED * known.num_classes)]
    taken_for = np.arange(known.num_classes)
    taken_for[confused] = np.roll(confused, 1)
    given = known.repetition[labelled] < 2
    return Draw(source, labelled[given], unlabelled, labelled[~given], test, taken_for)


class Trainer:
    """A network of one hidden layer on the features."""

    def __init__(self, known: Known, drawn: Draw, seed: int) -> None:
        self.known, self.drawn, self.seed = known, drawn, seed
        taught = drawn.taken_for[known.labels[drawn.source]]
        self.start = self.train(self.make(seed), drawn.source, taught).state_dict()

    def make(self, seed: int) -> nn.Sequential:
        torch.manual_seed(seed)
        width, classes = self.known.features.shape[1], self.known.num_classes
        return nn.Sequential(
            nn.Linear(width, 64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, classes)
        )

    def begin(self, restart: str, cycle: int) -> nn.Sequential:
        """Give the weights that the loop gives: all of the start's in the first cycle only."""
        model = self.make(100 * self.seed + cycle)
        if restart == "start":
            kept = {k: v for k, v in self.start.items() if cycle == 0 or not k.startswith("3.")}
            model.load_state_dict(kept, strict=False)
        return model

    def train(self, model: nn.Sequential, places: np.ndarray, labels: np.ndarray) -> nn.Sequential:
        optimiser = torch.optim.AdamW(model.parameters(), 2e-3, weight_decay=0.05)
        features, target = self.known.features[places], torch.as_tensor(labels)
        for _ in range(STEPS):
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(features), target, label_smoothing=0.1).backward()
            optimiser.step()
        return model.eval()

    @torch.no_grad()
    def probabilities(self, model: nn.Sequential, places: np.ndarray) -> Tensor:
        return model(self.known.features[places]).softmax(1)

    def accuracy(self, model: nn.Sequential, places: np.ndarray) -> float:
        predicted = self.probabilities(model, places).argmax(1).numpy()
        return float((predicted == self.known.labels[places]).mean())


def train_cycles(
    known: Known, seed: int, options: CurriculumOptions
) -> tuple[Trainer, list[nn.Sequential]]:
    """The starting model, then that of each cycle; the first cycle has the given labels alone."""
    drawn = draw(known, seed)
    trainer = Trainer(known, drawn, seed)
    given = known.labels[drawn.labelled]
    counts = torch.bincount(torch.as_tensor(given), minlength=known.num_classes)
    setting = Setting(
        num_classes=known.num_classes,
        num_unlabelled=len(drawn.unlabelled),
        steps=STEPS,
        label_counts=counts,
    )
    method, model = Curriculum(options, setting), trainer.make(0)
    model.load_state_dict(trainer.start)
    models = [model.eval()]
    for cycle in range(method.num_cycles):
        probabilities = trainer.probabilities(models[-1], drawn.unlabelled) if cycle else None
        plan = method.plan(cycle, probabilities)
        taught = (plan.labels >= 0).numpy()
        places = np.r_[drawn.labelled, drawn.unlabelled[taught]]
        labels = np.r_[given, plan.labels.numpy()[taught]]
        restart = plan.restart if cycle else "start"
        models.append(trainer.train(trainer.begin(restart, cycle), places, labels))
    return trainer, models


def run(known: Known, seed: int, options: CurriculumOptions) -> np.ndarray:
    """Accuracy on held-out clips and on test: of the start, then after each cycle, (7, 2)."""
    trainer, models = train_cycles(known, seed, options)
    parts = (trainer.drawn.held, trainer.drawn.test)
    return np.array([[trainer.accuracy(model, part) for part in parts] for model in models])


@pytest.mark.slow
def test_a_balanced_curriculum_survives_a_flood_of_wrong_labels(known: Known) -> None:
    options = CurriculumOptions(labelling="remove", restart="start", ranking="balanced")
    scores = np.array([run(known, seed, options) for seed in range(DRAWS)])
    supervised = scores[:, 1, TEST].mean()
    # The start is wrong about the confused classes, else there would be nothing to survive.
    assert scores[:, 0, TEST].mean() < supervised - 0.1
    best = 1 + scores[:, 1:, HELD].argmax(1)
    kept = scores[np.arange(DRAWS), best, TEST].mean()
    # Arithmetic differs between machines: one clip in a hundred.
    assert kept >= supervised - 0.01
    # Without a choice by validation it holds nearly as well.
    assert scores[:, -1, TEST].mean() > supervised - 0.05
    plain = CurriculumOptions(labelling="remove", restart="start", ranking="all")
    flooded = np.array([run(known, seed, plain) for seed in range(DRAWS)])
    assert flooded[:, -1, TEST].mean() < supervised - 0.05


def report(known: Known, seed: int, options: CurriculumOptions) -> dict[str, Any]:
    """What the guard says of the last cycle beside supervised training, on held-out clips."""
    trainer, models = train_cycles(known, seed, options)
    held = trainer.drawn.held
    labels = torch.as_tensor(known.labels[held])
    with torch.no_grad():
        logits = [model(known.features[held]) for model in (models[1], models[-1])]
    supervised, flooded = (candidate(one, labels) for one in logits)
    right = (logits[0].argmax(1) == labels, logits[1].argmax(1) == labels)
    return compare(supervised, flooded, right=right, groups=known.subject[held])


@pytest.mark.slow
def test_the_guard_reports_a_flood_of_wrong_labels(known: Known) -> None:
    flooded = CurriculumOptions(labelling="remove", restart="start", ranking="all", keep="last")
    reports = [report(known, seed, flooded) for seed in range(DRAWS)]
    assert {told["prefers"] for told in reports} == {"supervised"}
    assert np.mean([told["difference"] for told in reports]) < -0.05
    # The held-out clips are of two people: what two agree on is no proof.
    assert not any(told["decided"] for told in reports)
