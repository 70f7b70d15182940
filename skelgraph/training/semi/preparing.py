"""Clips, models and methods of a run with few labels, made once for all its trainings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from skelgraph.data.clip import num_spatial
from skelgraph.data.dataset import ClipSet
from skelgraph.data.store import Store
from skelgraph.data.windows import Windows
from skelgraph.errors import ConfigError
from skelgraph.graphs import Layout
from skelgraph.models import build_model
from skelgraph.nn.recompute import set_recompute
from skelgraph.training.checkpoint import LAST, load_checkpoint, save_checkpoint
from skelgraph.training.clips import clip_set
from skelgraph.training.config import RunConfig, TrainOptions
from skelgraph.training.learner import Learner, Tuning
from skelgraph.training.loop import epoch_seed, has_links
from skelgraph.training.progress import Reporter
from skelgraph.training.resolving import resolve_model
from skelgraph.training.semi.few_split import FewSplit
from skelgraph.training.semi.legs import SUPERVISED, Leg, epochs_of
from skelgraph.training.semi.loop import FewData, load_cycle
from skelgraph.training.semi.method import Method, Setting
from skelgraph.training.semi.methods.table import make_method
from skelgraph.training.semi.narrow import narrow
from skelgraph.training.semi.views import Views
from skelgraph.training.transfer.anatomy import CLASSIFIER
from skelgraph.training.transfer.beginning import Beginning, begin
from skelgraph.training.transfer.industrial import curriculum_stage
from skelgraph.training.transfer.options import StartOptions
from skelgraph.training.transfer.tuning import make_tuning
from skelgraph.transforms.presets import preset

if TYPE_CHECKING:
    from lightning_fabric import Fabric

BEGIN = "begin"
QUARTER, STURM = "quarter", "sturm"


@dataclass(eq=False)
class Prepared:
    """What the trainings of a run share.

    Args:
        config: The run's.
        layout: Skeleton of the model.
        store: Recordings.
        split: Which clips are labelled, and so on.
        clips: Windows of labelled and unlabelled clips, cut as for training.
        scored: Windows of labelled and validation clips, cut as for testing.
        folder: Where the starting weights are kept.
        fabric: Lightning's devices and precision.
        beginning: What is carried over from other weights; None: nothing.
        tunings: How these weights are trained on with each method, by the length of its training.
        messages: What to tell.
    """

    config: RunConfig
    layout: Layout
    store: Store
    split: FewSplit
    clips: ClipSet
    scored: ClipSet
    folder: Path
    fabric: Fabric
    beginning: Beginning | None = None
    tunings: dict[str, Tuning] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def method(self, name: str, leg: Leg) -> Method:
        """Make the method of a training."""
        assert self.config.few is not None
        labels = self.split.given[leg.rows]
        counts = np.bincount(labels, minlength=len(self.store.class_names))
        training = self.config.training
        setting = Setting(
            num_classes=len(self.store.class_names),
            num_unlabelled=len(self._unlabelled()),
            steps=epochs_of(self.config, name) * self.config.few.epoch_steps,
            label_counts=torch.as_tensor(counts, dtype=torch.float32),
            label_smoothing=training.label_smoothing,
            device=self.fabric.device,
        )
        values = {} if name == SUPERVISED else self.config.few.method_options
        return make_method(name, values, setting)

    def data(self, leg: Leg) -> FewData:
        """Give the clips of a training."""
        few, config = self.config.few, self.config
        assert few is not None
        row = self.clips.windows.row
        given = np.where(np.isin(row, leg.rows), self.split.given[row], -1)
        views = Views(
            clips=self.clips,
            unlabelled=self._unlabelled(),
            layout=self.layout,
            data=config.data,
            weak=config.augment,
            strong=preset(few.strong, self.layout, symmetry=self.store.symmetry),
            batch_size=config.training.batch_size,
            ratio=few.unlabelled_ratio,
            seed=epoch_seed(config.training.seed, few.draw_seed),
        )
        held = self.scored.with_windows(self.windows_of(leg.held)) if len(leg.held) else None
        return FewData(views, given, held)

    def hidden_clips(self) -> ClipSet | None:
        """The unlabelled windows, as the history of pseudo-labels counts them."""
        return self.data(_any_leg(self.split)).views.hidden()

    def windows_of(self, rows: np.ndarray) -> Windows:
        """Windows of some labelled or validation clips, cut as for testing."""
        windows = self.scored.windows
        keep = np.isin(windows.row, rows)
        return Windows(windows.row[keep], windows.start[keep], windows.length[keep])

    def labels_of(self, rows: np.ndarray) -> Tensor:
        """Class of each of these windows, int64."""
        row = self.windows_of(rows).row
        known = np.where(
            self.split.given[row] >= 0, self.split.given[row], self.store.clips.label[row]
        )
        return torch.as_tensor(known, dtype=torch.int64)

    def evaluated_model(self, method: str) -> str:
        """Which model a method's result is: empty for the first, else the size of the second."""
        kind = type(self.method(method, _any_leg(self.split)))
        return kind.second_model if kind.evaluated else ""

    def maker(
        self, method: str, origin: Path | None = None
    ) -> Callable[[str, int], Sequence[Learner]]:
        """Give what makes the learners a cycle begins with: (restart, cycle) -> learners.

        Args:
            method: What they train with.
            origin: Folder of a training whose weights the first cycle begins with; a smaller
                model has no part in it.
        """
        second = type(self.method(method, _any_leg(self.split))).second_model

        def make(restart: str, cycle: int) -> Sequence[Learner]:
            tuning = self._tuning(method, restart, cycle)
            taught = None if origin is None or cycle else load_cycle(origin, 0)
            learners = [self._learner("", restart, cycle, tuning, taught)]
            if second == QUARTER:
                learners.append(self._learner(second, restart, cycle, None))
            elif second:
                learners.append(self._learner(second, restart, cycle, tuning, taught))
            return learners

        return make

    def build(self, second: str, seed: int) -> nn.Module:
        """Make a model with fresh weights."""
        torch.manual_seed(seed)
        model, _ = self.resolved(second)
        return model

    def resolved(self, second: str = "") -> tuple[nn.Module, dict[str, Any]]:
        """Make a model, and give its resolved configuration."""
        options = self.config.model
        values = resolve_model(options, num_coords=int(self.store.keypoints.shape[-1]))
        if second == QUARTER:
            values = narrow(values, factor=4)
        model = build_model(
            options.name, self.layout, num_classes=len(self.store.class_names), config=values
        )
        if self.config.training.recompute and not set_recompute(model):
            raise ConfigError(
                f"recompute: expected a model that can, got '{options.name}'. Leave --recompute "
                "out."
            )
        return model, values

    def warm_up(self, report: Reporter) -> None:
        """Make the starting weights: built, carried over, A-links trained; kept in a file.

        The A-links learn from all clips: their loss needs no labels.
        """
        for second in ("", *self._seconds()):
            folder = self._begin(second)
            if (folder / LAST).is_file():
                continue
            model = self.build(second, self.config.training.seed + bool(second))
            if self.config.start is not None and second != QUARTER:
                self.carry(model, self.config.start)
            if has_links(model) and self.config.training.link_epochs:
                report.message("A-links: learning from all clips, without labels")
                self._train_links(model)
            state = {k: v.detach().cpu().clone() for k, v in model.state_dict().items()}
            save_checkpoint(folder, {"weights": state})

    def _seconds(self) -> tuple[str, ...]:
        assert self.config.few is not None
        second = type(self.method(self.config.few.method, _any_leg(self.split))).second_model
        return (second,) if second else ()

    def _begin(self, second: str) -> Path:
        return self.folder / (f"{BEGIN}_{second}" if second else BEGIN)

    def _tuning(self, method: str, restart: str, cycle: int) -> Tuning | None:
        """How weights carried over are trained on; Sturm's loop has a recipe of its own."""
        beginning = self.beginning
        if beginning is None or restart == "scratch":
            return None
        if method != STURM or cycle == 0:
            return self.tunings[method]
        model, _ = self.resolved()
        stage = curriculum_stage([name for name, _ in model.named_parameters()], first=cycle == 1)
        model.load_state_dict(load_checkpoint(self._begin(""))["weights"])
        options = replace(beginning.options, **stage.start)
        return make_tuning(model, options, beginning.carried, training=self.config.training)

    def _learner(
        self,
        second: str,
        restart: str,
        cycle: int,
        tuning: Tuning | None,
        taught: Mapping[str, Tensor] | None = None,
    ) -> Learner:
        seed = self.config.training.seed + bool(second)
        begun: Mapping[str, Tensor] = load_checkpoint(self._begin(second))["weights"]
        model = self.build(second, epoch_seed(seed, cycle))
        if restart == "scratch":
            begun = {k: v for k, v in begun.items() if k.startswith("aim.")}
        elif cycle > 0:
            begun = {k: v for k, v in begun.items() if k not in classifier_names(model)}
        model.load_state_dict(begun, strict=False)
        model.load_state_dict(taught or {}, strict=False)
        return Learner(model, options=self.config.training, fabric=self.fabric, tuning=tuning)

    def carry(self, model: nn.Module, options: StartOptions) -> Beginning:
        """Put the weights to start from into a model."""
        assert self.config.few is not None
        return begin(
            model,
            self.layout,
            options,
            class_names=self.store.class_names,
            num_spatial=num_spatial(self.store.axes),
            training=_lasting(self.config, self.config.few.method),
        )

    def _train_links(self, model: nn.Module) -> None:
        few, training = self.config.few, self.config.training
        assert few is not None
        learner = Learner(model, options=training, fabric=self.fabric)
        learner.set_lr(training.link_lr)
        views = self.data(_any_leg(self.split)).views
        for step in range(training.link_epochs * few.epoch_steps):
            seed = epoch_seed(training.seed, -step - 1 + 2**31)
            torch.manual_seed(seed)
            learner.set_training()
            batch = views.any_batch(step=step, generator=torch.Generator().manual_seed(seed))
            batch = batch.to(self.fabric.device)
            batch = replace(batch, positions=batch.positions.to(learner.dtype))
            terms = learner.bare.warm_up_losses(batch.positions, batch.visible, batch.frames)
            learner.step(sum(terms.values()), alone=learner.links)

    def _unlabelled(self) -> np.ndarray:
        return np.flatnonzero(np.isin(self.clips.windows.row, self.split.unlabelled))


def prepare(
    config: RunConfig,
    layout: Layout,
    store: Store,
    split: FewSplit,
    *,
    folder: Path,
    fabric: Fabric,
) -> Prepared:
    """Prepare clips, and make the model once, which shows whether the options fit.

    Raises:
        SkelgraphError: If they do not.
    """
    pool = np.union1d(split.labelled, split.unlabelled)
    clips = clip_set(store, pool, layout=layout, data=config.data, testing=False)
    known = np.union1d(split.labelled, split.val)
    scored = clip_set(store, known, layout=layout, data=config.data, testing=True)
    prepared = Prepared(config, layout, store, split, clips, scored, folder, fabric)
    assert config.few is not None
    prepared.method(config.few.method, _any_leg(split))  # refuses options that do not fit
    if config.few.method != SUPERVISED and not len(split.unlabelled):
        raise ConfigError(
            f"label_budget: expected unlabelled clips for method '{config.few.method}', got none. "
            "Give a smaller budget, or --method supervised."
        )
    model, _ = prepared.resolved()
    if config.start is not None:
        prepared.beginning = prepared.carry(model, config.start)
        prepared.tunings = _tunings(config, config.start, model, prepared.beginning)
        carried = prepared.beginning.carried.describe()
        prepared.messages.append(f"start: {config.start.source}, {carried}")
        prepared.messages += _doubts(prepared.beginning, store)
    prepared.messages.append(
        f"model {config.model.name}, preset {config.model.preset}: "
        f"{sum(p.numel() for p in model.parameters()):,} parameters, {fabric.device}, "
        f"{config.training.precision}"
    )
    return prepared


def _tunings(
    config: RunConfig, start: StartOptions, model: nn.Module, beginning: Beginning
) -> dict[str, Tuning]:
    """Say for each method how the weights carried over are trained on."""
    assert config.few is not None
    return {
        name: make_tuning(model, start, beginning.carried, training=_lasting(config, name))
        for name in (SUPERVISED, config.few.method)
    }


def _doubts(beginning: Beginning, store: Store) -> list[str]:
    """Say it where the start may know the labels of clips that are held out, or that test."""
    start = beginning.start
    if not start.class_names or start.provenance.get("data") != store.path.name:
        return []
    return [
        f"start: these weights learned from labels of '{store.path.name}'; if that is this store, "
        "clips that are held out or test may be among them, and scores come out too high"
    ]


def _lasting(config: RunConfig, method: str) -> TrainOptions:
    """Options of a training with a method, with the epochs that it has."""
    return replace(config.training, epochs=epochs_of(config, method))


def classifier_names(model: nn.Module) -> set[str]:
    """Names of the parameters that give the logits."""
    return {name for name, _ in model.named_parameters() if CLASSIFIER in name.split(".")}


def _any_leg(split: FewSplit) -> Leg:
    return Leg("", SUPERVISED, split.labelled, split.labelled[:0])
