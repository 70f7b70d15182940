"""A new model that begins with weights learned elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from skelgraph.data.clip import num_spatial as num_spatial_of
from skelgraph.data.store import Store
from skelgraph.errors import RunError
from skelgraph.graphs import Layout
from skelgraph.training.config import RunConfig, TrainOptions
from skelgraph.training.learner import Tuning
from skelgraph.training.transfer.carrying import Carried, carry_nothing, carry_over
from skelgraph.training.transfer.options import StartOptions
from skelgraph.training.transfer.start import SIMULATED, Start, is_shipped, load_start
from skelgraph.training.transfer.tuning import make_tuning


@dataclass(frozen=True, eq=False)
class Beginning:
    """How a model began.

    Args:
        options: What was asked for.
        start: The weights.
        carried: What of them is in the model.
        tuning: How they are trained on.
    """

    options: StartOptions
    start: Start
    carried: Carried
    tuning: Tuning

    def origin(self) -> dict[str, Any]:
        """Say where the weights come from, for provenance: plain values."""
        return {
            "source": self.options.source,
            "checksum": self.start.checksum,
            "mode": self.options.mode,
            "provenance": dict(self.start.provenance),
        }

    @property
    def numbers_frozen(self) -> int:
        """Count the numbers that never move."""
        return sum(e.size for e in self.carried.entries if e.name in self.tuning.frozen)

    def describe(self) -> str:
        """Say in one line what is taken from where and what of it is frozen."""
        return (
            f"start: {self.options.source}, {self.carried.describe()}; "
            f"{self.numbers_frozen:,} frozen"
        )

    def to_dict(self) -> dict[str, Any]:
        """Say all, for metrics.json: plain values."""
        return {
            **self.origin(),
            "carried": self.carried.to_dict(),
            "frozen": sorted(self.tuning.frozen),
            "numbers_frozen": self.numbers_frozen,
        }


def begin(
    model: nn.Module,
    layout: Layout,
    options: StartOptions,
    *,
    class_names: Sequence[str],
    num_spatial: int,
    training: TrainOptions,
) -> Beginning:
    """Put the weights of a start into a new model and say how they are trained on.

    Args:
        model: Built by `build_model`; changed in place.
        layout: Skeleton that it was built for.
        options: What was asked for.
        class_names: Of the new model.
        num_spatial: How many of its coordinates are places.
        training: Learning rate and length of the run.

    Raises:
        RunError: If the weights are missing, damaged, not those that the run began with, or do
            not fit.
        ConfigError: If options name a part that the model does not have, or leave nothing to
            move.
    """
    start = load_start(options.source, layout=layout)
    if options.checksum not in (None, start.checksum):
        raise RunError(
            f"{start.path}: expected the weights that the run began with (SHA-256 "
            f"{str(options.checksum)[:12]}...), got others ({start.checksum[:12]}...). Put those "
            "back, or begin again with --force."
        )
    if options.mode == "architecture":
        carried = carry_nothing(model)
    else:
        carried = carry_over(
            model,
            layout,
            start,
            class_names=class_names,
            num_spatial=num_spatial,
            keep_classifier=options.keep_classifier,
        )
    tuning = make_tuning(model, options, carried, training=training)
    return Beginning(options, start, carried, tuning)


def resolve_start(config: RunConfig, layout: Layout) -> RunConfig:
    """Settle which weights a run starts from, so that one that goes on takes the same.

    Raises:
        RunError: If there are no such weights.
    """
    options = config.start
    if options is None or options.checksum is not None:
        return config
    places = 0 if config.store is None else num_spatial_of(Store.open(config.store).axes)
    start = load_start(options.source, layout=layout, num_spatial=places)
    source = str(start.path.resolve())
    if is_shipped(options.source):
        source = f"{SIMULATED}:{start.path.stem}"
    return replace(config, start=replace(options, source=source, checksum=start.checksum))
