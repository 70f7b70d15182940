"""The trainings of a run with few labels, one after another."""

from __future__ import annotations

import csv
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from skelgraph.data.grouping import group_clips
from skelgraph.data.store import Store
from skelgraph.errors import RunError
from skelgraph.graphs import Layout
from skelgraph.training.config import RunConfig
from skelgraph.training.progress import Reporter
from skelgraph.training.run import SPLIT, write_rows
from skelgraph.training.semi.few_split import split_few
from skelgraph.training.semi.folds import fold_labelled
from skelgraph.training.semi.guard import Judged, candidate, judge
from skelgraph.training.semi.legs import (
    SUPERVISED,
    Leg,
    drop_checkpoints,
    origin_of,
    plan_legs,
    read_result,
    write_result,
)
from skelgraph.training.semi.loop import FewLoop, FewProgress, has_cycle
from skelgraph.training.semi.preparing import Prepared, prepare

if TYPE_CHECKING:
    from lightning_fabric import Fabric

LEGS, LABELLED = "trainings", "labelled.csv"
PILOT_STEPS = 2


@dataclass(frozen=True)
class Ended:
    """Where the trainings of a run ended.

    Args:
        results: Held-out logits of each training, one tensor a cycle.
        progress: Where the last trainings ended, by name.
        seconds: How long all took.
    """

    results: dict[str, list[Any]]
    progress: dict[str, FewProgress]
    seconds: float


class FewJob:
    """One run after its options are known to fit."""

    def __init__(
        self, config: RunConfig, layout: Layout, folder: Path, fabric: Fabric, report: Reporter
    ) -> None:
        assert config.few is not None and config.store is not None
        self.config, self.few, self.folder = config, config.few, folder
        self.fabric, self.report = fabric, report
        self.store = Store.open(config.store)
        self.split = split_few(self.store, config.protocol, config.few)
        self.folds, self.grouped_by = self._folds()
        self.legs = plan_legs(
            config.few.method, self.split.labelled, folds=self.folds, val=self.split.val
        )
        self._describe()
        self.prepared: Prepared = prepare(
            config, layout, self.store, self.split, folder=folder / LEGS, fabric=fabric
        )
        for line in self.prepared.messages:
            report.message(line)

    def write_split(self) -> None:
        """Write which clips are labelled, unlabelled, validate and test."""
        for name, header, rows in self._split_tables():
            write_rows(self.folder / name, header, rows)

    def check_split(self) -> None:
        """Refuse to go on with other clips or labels than the run began with.

        Trainings that are finished have learned from those, and are not repeated.

        Raises:
            RunError: If the store, or the file of labels, has changed since.
        """
        for name, header, rows in self._split_tables():
            path = self.folder / name
            if not path.is_file():  # stopped before it was written: nothing has been trained
                continue
            with path.open(newline="", encoding="utf-8") as file:
                kept = {tuple(row) for row in csv.reader(file)}
            others = sorted(kept ^ {header, *rows})
            if others:
                count = len({clip for clip, _ in others})
                raise RunError(
                    f"{path}: expected the clips and labels that the run began with, got others "
                    f"for {count} clip(s), '{others[0][0]}' among them. Put the store and the file "
                    "of labels back, or begin again with --force."
                )

    def _split_tables(self) -> list[tuple[str, tuple[str, str], list[tuple[str, str]]]]:
        """Name, header and rows of the files that say which clip is what."""
        names = self.store.clips.name
        parts = (
            ("train", self.split.labelled),
            ("unlabelled", self.split.unlabelled),
            ("val", self.split.val),
            ("test", self.split.test),
        )
        rows = [(str(names[row]), part) for part, chosen in parts for row in chosen]
        classes, given = self.store.class_names, self.split.given
        labelled = [(str(names[row]), classes[given[row]]) for row in self.split.labelled]
        return [(SPLIT, ("clip", "split"), rows), (LABELLED, ("clip", "label"), labelled)]

    def run(self) -> Ended:
        """Train all that is not trained yet."""
        self.prepared.warm_up(self.report)
        self._estimate()
        results: dict[str, list[Any]] = {}
        progress: dict[str, FewProgress] = {}
        for number, leg in enumerate(self.legs, start=1):
            self.report.message(f"training {number}/{len(self.legs)}: {leg.name}")
            held, last = self._train(leg, results)
            results[leg.name] = held
            if last is not None:
                progress[leg.name] = last
        seconds = sum(self._seconds(leg, progress) for leg in self.legs)
        return Ended(results, progress, seconds)

    def held_out(self, method: str) -> list[str]:
        """Names of the trainings whose held-out clips judge a method."""
        in_folds = [leg.name for leg in self.legs if leg.method == method and leg.fold is not None]
        return in_folds or ([method] if len(self.split.val) else [])

    def judge(self, method: str, results: dict[str, list[Any]]) -> Judged | None:
        """How a method does on all clips held out; None without any.

        A method that keeps its best cycle is scored at the cycle that the other folds prefer, so
        that no clip has a say in the cycle that it is scored at.
        """
        names = self.held_out(method)
        if not names:
            return None
        cycles = [results[name] for name in names]
        labels = [self.held_labels(name) for name in names]
        return judge(cycles, labels, best=self._keeps_best(method))

    def held_labels(self, name: str) -> Any:
        """Class of each held-out window of a training."""
        return self.prepared.labels_of(self._leg(name).held)

    def held_groups(self, name: str) -> np.ndarray:
        """Group of each held-out window of a training."""
        groups, _ = group_clips(self.store.clips)
        return groups[self.prepared.windows_of(self._leg(name).held).row]

    def training_folder(self, name: str) -> Path:
        """Where a training keeps what it needs to go on."""
        return self.folder / LEGS / name

    def _leg(self, name: str) -> Leg:
        return next(leg for leg in self.legs if leg.name == name)

    def _folds(self) -> tuple[list[np.ndarray], str]:
        if not self.few.guard or self.few.full_validation:
            return [], ""
        return fold_labelled(
            self.store.clips,
            self.split.labelled,
            self.split.given,
            folds=self.few.guard_folds,
            seed=self.few.draw_seed,
        )

    def _train(
        self, leg: Leg, results: dict[str, list[Any]]
    ) -> tuple[list[Any], FewProgress | None]:
        """Train one leg, or read what it left."""
        folder = self.training_folder(leg.name)
        if leg.fold is not None and (found := read_result(folder)) is not None:
            # A run that was killed may not have done it.
            drop_checkpoints(folder, weights=leg.method != SUPERVISED)
            return found[0], None
        if (taught := self._begins_taught(leg)) and self._origin(leg) is None:
            raise RunError(
                f"{self.training_folder(origin_of(leg))}: expected the weights of the supervised "
                f"training, which {leg.name} begins with, got none. Remove that folder and "
                "--resume: it is then done again."
            )
        loop = self.training(leg, temperature=self._temperature(leg, results))
        cycles = self._num_cycles(leg, loop, results)
        self.report.start(
            cycles * loop.epochs, self.few.epoch_steps, done=loop.epochs_done(taught=taught)
        )
        try:
            progress = loop.run(num_cycles=cycles, taught=taught)
        finally:  # a bar that was left would keep the terminal's cursor
            self.report.finish(loop.progress)
        if leg.fold is not None:
            seconds = sum(row["seconds"] for row in progress.history)
            write_result(folder, progress.held, seconds)
            drop_checkpoints(folder, weights=leg.method != SUPERVISED)
            return progress.held, None
        return progress.held, progress

    def _seconds(self, leg: Leg, progress: dict[str, FewProgress]) -> float:
        """How long a training took, in whatever process: one that goes on counts it too."""
        if leg.name in progress:
            return sum(row["seconds"] for row in progress[leg.name].history)
        found = read_result(self.training_folder(leg.name))
        return 0.0 if found is None else found[1]

    def _num_cycles(self, leg: Leg, loop: FewLoop, results: dict[str, list[Any]]) -> int:
        """All cycles; in the last training up to the one that validation in folds prefers."""
        total = loop.method.num_cycles
        if leg.fold is None and not len(leg.held) and self._keeps_best(leg.method):
            found = self.judge(leg.method, results)
            return total if found is None else found.candidate.cycle + 1
        return total

    def _keeps_best(self, method: str) -> bool:
        options = self.prepared.method(method, self.legs[-1]).options
        return getattr(options, "keep", "last") == "best"

    def _temperature(self, leg: Leg, results: dict[str, list[Any]]) -> float:
        """The supervised model's, by the other folds; 1 where nothing was held out."""
        if leg.method == SUPERVISED or not self.few.calibrate:
            return 1.0
        import torch

        names = [n for n in self.held_out(SUPERVISED) if n in results]
        names = [n for n in names if leg.fold is None or self._leg(n).fold != leg.fold]
        if not names:
            return 1.0
        logits = torch.cat([results[name][-1] for name in names])
        labels = torch.cat([self.held_labels(name) for name in names])
        return candidate(logits, labels).temperature

    def training(self, leg: Leg, *, temperature: float = 1.0) -> FewLoop:
        """Make the loop of one training.

        Args:
            leg: Which.
            temperature: Divides logits before a cycle's labels are chosen.
        """
        prepared = self.prepared
        return FewLoop(
            prepared.method(leg.method, leg),
            prepared.data(leg),
            config=self.config,
            make=prepared.maker(leg.method, self._origin(leg)),
            temperature=temperature,
            folder=self.training_folder(leg.name),
            fabric=self.fabric,
            report=self.report,
            record=leg.fold is None and leg.method != SUPERVISED,
        )

    def _begins_taught(self, leg: Leg) -> bool:
        return leg.method != SUPERVISED and self.few.begin == "supervised"

    def _origin(self, leg: Leg) -> Path | None:
        """Folder of the supervised training that a method begins with; None: there is none yet."""
        folder = self.training_folder(origin_of(leg))
        ready = self._begins_taught(leg) and has_cycle(folder, 0)
        return folder if ready else None

    def _estimate(self) -> None:
        """Say how long it will take, from a few steps of each kind."""
        seconds, parts = 0.0, []
        for name in dict.fromkeys(leg.method for leg in self.legs):
            legs = [leg for leg in self.legs if leg.method == name]
            left = [leg for leg in legs if not (self.training_folder(leg.name)).exists()]
            if not left:
                continue
            loop = self.training(left[-1])
            cost = _seconds_a_step(loop)
            cycles = loop.method.num_cycles
            if cycles > 1 and self._begins_taught(left[-1]):
                cycles -= 1
            steps = loop.steps * cycles
            seconds += cost * steps * len(left)
            parts.append(f"{len(left)} x {steps} steps of {name} at {1000 * cost:.0f} ms")
        if parts:
            minutes = max(1, round(seconds / 60))
            self.report.message(f"about {minutes} min of training: {', '.join(parts)}")

    def _describe(self) -> None:
        split, store = self.split, self.store
        subjects = store.clips.subject
        parts = (
            ("labelled", split.labelled),
            ("unlabelled", split.unlabelled),
            ("val", split.val),
            ("test", split.test),
        )
        for name, rows in parts:
            if not len(rows) and name == "val":
                continue
            people = len({int(one) for one in subjects[rows] if one >= 0})
            self.report.message(f"{name}: {len(rows)} clips of {people} known subject(s)")
        by_class = split.details["labels_by_class"].values()
        self.report.message(
            f"labels a class: {min(by_class)} to {max(by_class)}; "
            f"{split.details['share']:.1%} of the clips that train"
        )
        if split.details["left_out"]:
            self.report.message(f"left out: {split.details['left_out']} clips")
        if self.few.guard and not self.few.full_validation:
            self._describe_folds()

    def _describe_folds(self) -> None:
        if not self.folds:
            self.report.message(
                "guard: no labelled clip can be held out, so nothing is compared: the method's "
                "model is kept as it is, uncalibrated"
            )
        elif self.grouped_by == "recording":
            self.report.message(
                f"guard: {len(self.folds)} folds of the labelled clips that share people: what "
                "they measure is higher than on other people"
            )


def _seconds_a_step(loop: FewLoop) -> float:
    """Time a few steps, after one that warms up."""
    loop.try_step(0)
    started = time.perf_counter()
    for step in range(PILOT_STEPS):
        loop.try_step(step)
    return (time.perf_counter() - started) / PILOT_STEPS
