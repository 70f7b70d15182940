"""What is compared: a method with its options, and the steps that it may take."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from groups import three_groups, write_split
from sets import LabelSet, open_set

from skelgraph.training.config import (
    FewOptions,
    ModelOptions,
    ProtocolOptions,
    RunConfig,
    TrainOptions,
)
from skelgraph.training.run import METRICS, read_config, write_config
from skelgraph.training.transfer.configuring import FINETUNE_LR
from skelgraph.training.transfer.options import StartOptions

SCRATCH, SHIPPED = "scratch", "simulated"
SUPERVISED, TRANSFERRED, ALL_LABELS = "supervised", "transferred", "all labels"
ALL = "all"
LEGS = "trainings"
KEY = ("phase", "set", "arm", "budget", "draw")
HEADER = (
    *KEY,
    "start",
    "labels",
    "unlabelled",
    "val_top1",
    "val_nll",
    "kept",
    "test_top1",
    "test_macro_f1",
    "method_test_top1",
    "test_clips",
    "steps",
    "seconds",
)
EPOCH_STEPS, UNLABELLED_RATIO, FOLDS = 20, 3, 2


@dataclass(frozen=True)
class Arm:
    """One way to train.

    Args:
        name: As tables call it.
        method: A key of `skelgraph.training.semi.methods.table.METHODS`.
        options: Fields of the method's options that differ from its defaults.
        share: Factor of the epochs: a dear method takes fewer, so that it has no more time.
        batch_size: Labelled clips a step.
    """

    name: str
    method: str
    options: dict[str, Any] = field(default_factory=dict)
    share: float = 1.0
    batch_size: int = 8


@dataclass(frozen=True)
class Task:
    """One run.

    Args:
        phase: Part of the comparison.
        one: The recordings.
        arm: What trains.
        start: `scratch` or `simulated`.
        budget: Labels, as of `FewOptions.label_budget`.
        draw: Number of the draw: who is in which group, which clips are labelled, and the seed.
        effort: Epochs of a method, of `EPOCH_STEPS` steps.
        supervised: Epochs of the supervised training that methods begin with.
        work: Where stores and runs go.
    """

    phase: str
    one: LabelSet
    arm: Arm
    start: str
    budget: str
    draw: int
    effort: int
    supervised: int
    work: Path

    @property
    def key(self) -> tuple[str, ...]:
        """Values of the columns `KEY`."""
        return (self.phase, self.one.name, self.arm.name, self.budget, str(self.draw))

    @property
    def epochs(self) -> int:
        """Epochs of its training, of a cycle where it has several."""
        whole = self.supervised if self.arm.method == SUPERVISED else self.effort
        return max(1, round(whole * self.arm.share))

    def __str__(self) -> str:
        return " / ".join(self.key)


def make_config(task: Task) -> RunConfig:
    """Write a task's split file and configure its run."""
    store = open_set(task.one, task.work)
    everything = task.budget == ALL
    split = task.work / "splits" / f"{task.one.name}_{task.draw}{'_all' * everything}.csv"
    part = three_groups(store.clips, draw=task.draw, cameras=task.one.cameras)
    write_split(split, store.clips, part, all_labels=everything)
    return RunConfig(
        layout=task.one.layout,
        store=str(store.path.resolve()),
        protocol=ProtocolOptions(protocol="files", files=str(split.resolve())),
        data=task.one.data,
        model=ModelOptions(preset="small"),
        training=TrainOptions(
            epochs=task.epochs,
            # The weights that ship have learned their A-links.
            link_epochs=0 if task.start == SHIPPED else 3,
            batch_size=task.arm.batch_size,
            label_smoothing=0.0,
            lr=FINETUNE_LR if task.start == SHIPPED else TrainOptions.lr,
            seed=task.draw,
        ),
        augment=task.one.augment,
        few=FewOptions(
            method=task.arm.method,
            method_options=task.arm.options,
            label_budget=task.budget,
            draw_seed=task.draw,
            epoch_steps=EPOCH_STEPS,
            supervised_epochs=task.epochs if task.arm.method == SUPERVISED else task.supervised,
            unlabelled_ratio=UNLABELLED_RATIO,
            guard_folds=FOLDS,
            guard=not everything,  # nothing is compared with the reference by validation
        ),
        start=_start(task),
    )


def _start(task: Task) -> StartOptions | None:
    """Weights that ship, whose A-links stay as they are, or none."""
    if task.start != SHIPPED:
        return None
    return StartOptions(f"simulated:{task.one.shipped}", freeze=("aim",))


def do(task: Task) -> dict[str, Any]:
    """Train, go on with what an earlier call left, and give the row."""
    from skelgraph.training.semi.running import train_few

    config, folder = make_config(task), run_folder(task)
    if not folder.exists():
        borrow(task, config, folder)
    metrics = train_few(config, folder, resume=(folder / "config.yaml").exists())
    return {
        **dict(zip(KEY, task.key, strict=True)),
        "start": task.start,
        "steps": config.training.epochs * EPOCH_STEPS,
        **measured(metrics),
    }


def run_folder(task: Task) -> Path:
    """Where a run goes; with another effort it is another run."""
    name = "_".join((*task.key, str(task.supervised), str(task.epochs))).replace(" ", "_")
    return task.work / "runs" / name


def borrow(task: Task, config: RunConfig, folder: Path) -> None:
    """Begin a method's run with the supervised trainings of the run that did nothing else.

    They are the same: same start, same labels, same steps.
    """
    name = TRANSFERRED if task.start == SHIPPED else SUPERVISED
    lender = run_folder(replace(task, arm=Arm(name, SUPERVISED)))
    if task.arm.method == SUPERVISED or not (lender / METRICS).is_file():
        return
    lent = read_config(lender)
    if (lent.training.epochs, lent.training.batch_size) != (
        task.supervised,
        config.training.batch_size,
    ):
        return
    target = folder.with_name(f".{folder.name}.begun")
    shutil.rmtree(target, ignore_errors=True)
    own = ("begin", "supervised", "fold*_supervised")
    for source in (path for pattern in own for path in (lender / LEGS).glob(pattern)):
        shutil.copytree(source, target / LEGS / source.name)
    write_config(target, config)
    target.rename(folder)


def measured(metrics: dict[str, Any]) -> dict[str, Any]:
    """Take from `metrics.json` what the tables show.

    Validation is the method's own, not that of the model which the guard kept, since it chooses
    among methods; it is empty where no labelled clip could be held out.
    """
    val = metrics["after"].get("val", {})
    return {
        "labels": sum(metrics["labels"]["labels_by_class"].values()),
        "unlabelled": metrics["unlabelled"]["num_clips"] if "unlabelled" in metrics else 0,
        "val_top1": val.get("top1", ""),
        "val_nll": val.get("nll", ""),
        "kept": metrics["kept"],
        "test_top1": metrics["test"]["top1"],
        "test_macro_f1": metrics["test"]["macro_f1"],
        "method_test_top1": metrics["after"]["test"]["top1"],
        "test_clips": metrics["test"]["num_clips"],
    }
