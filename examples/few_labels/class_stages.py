"""The stages of Sturm's table: base classes, then novel classes with few labels in three ways."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from class_split import Half

from skelgraph.training.config import FewOptions, ProtocolOptions, RunConfig
from skelgraph.training.transfer.options import StartOptions

BASE = "base classes"
FEW, PRETRAINED, PSEUDO, ALL = "few labels", "pretrained", "pseudo-labels", "all labels"
STAGES = (FEW, PRETRAINED, PSEUDO, ALL)
KEY = ("split", "stage", "seed")
HEADER = (
    *KEY,
    "novel",
    "labels",
    "val_top1",
    "kept",
    "test_top1",
    "test_macro_f1",
    "f1",
    "test_clips",
    "seconds",
)


@dataclass(frozen=True)
class Stage:
    """One run.

    Args:
        split: Number of the class split.
        name: One of `STAGES`, or `BASE`.
        seed: Source of all chance, the draw of the labels too.
        half: The clips: of base classes for `BASE`, else of novel ones.
        config: What all runs share; its `few` names the method of `PSEUDO`.
        work: Where runs go.
    """

    split: int
    name: str
    seed: int
    half: Half
    config: RunConfig
    work: Path

    @property
    def key(self) -> tuple[str, ...]:
        """Values of the columns `KEY`."""
        return (str(self.split), self.name, str(self.seed))

    def __str__(self) -> str:
        return " / ".join(self.key)


def stage_config(stage: Stage) -> RunConfig:
    """Configure a run: its clips, its seed, and for novel classes its labels and its start."""
    config = replace(
        stage.config,
        store=str(stage.half.store.resolve()),
        protocol=ProtocolOptions(protocol="files", files=str(stage.half.files.resolve())),
        training=replace(stage.config.training, seed=stage.seed),
    )
    if stage.name == BASE:
        return replace(config, few=None)
    few = replace(stage.config.few or FewOptions(), draw_seed=stage.seed)
    if stage.name != PSEUDO:
        few = replace(few, method="supervised", method_options={})
    if stage.name == ALL:
        few = replace(few, label_budget="all")
    start = None
    if stage.name in (PRETRAINED, PSEUDO):
        start = StartOptions(str(base_folder(stage.work, stage.split).resolve()))
    return replace(config, few=few, start=start)


def base_folder(work: Path, split: int) -> Path:
    """Where the run on a split's base classes lies."""
    return work / "runs" / f"{split}_base"


def do(stage: Stage) -> dict[str, Any]:
    """Train, go on with what an earlier call left, and give the row."""
    from skelgraph.training.semi.running import train_few
    from skelgraph.training.supervised import train

    config = stage_config(stage)
    if stage.name == BASE:
        folder = base_folder(stage.work, stage.split)
        metrics = train(config, folder, resume=(folder / "config.yaml").exists())
        return _row(stage, metrics) | {"labels": metrics["train"]["num_clips"]}
    folder = stage.work / "runs" / "_".join(stage.key).replace(" ", "_")
    metrics = train_few(config, folder, resume=(folder / "config.yaml").exists())
    return _row(stage, metrics) | {
        "labels": sum(metrics["labels"]["labels_by_class"].values()),
        "kept": metrics["kept"],
    }


def _row(stage: Stage, metrics: dict[str, Any]) -> dict[str, Any]:
    test = metrics["test"]
    f1 = dict(zip(metrics["classes"], (round(value, 4) for value in test["f1"]), strict=True))
    return {
        **dict(zip(KEY, stage.key, strict=True)),
        "novel": "" if stage.name == BASE else json.dumps(stage.half.classes),
        "val_top1": metrics.get("val", {}).get("top1", ""),
        "kept": "",
        "test_top1": test["top1"],
        "test_macro_f1": test["macro_f1"],
        "f1": json.dumps(f1),
        "test_clips": test["num_clips"],
    }
