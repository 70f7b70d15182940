"""Options of commands that train, one for each field of the configuration.

The defaults are those of the dataclasses in `skelgraph.training.config`, so that the command
line and the library cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, TypeVar

import click

from skelgraph.cli.options import Choice, told
from skelgraph.data.protocol_names import PROTOCOLS
from skelgraph.training.config import (
    CENTRES,
    OPTIMISERS,
    PRECISIONS,
    SCHEDULES,
    SELECTIONS,
    RunConfig,
)
from skelgraph.transforms.options import AugmentOptions
from skelgraph.transforms.presets import PRESETS, preset

Function = TypeVar("Function", bound=Callable[..., Any])

DEFAULTS = RunConfig(layout="")
STREAMS = ("joint", "bone", "joint_motion", "bone_motion")


class Ids(click.ParamType):
    """Whole numbers with commas between them."""

    name = "ids"
    takes_several = True

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read `1,3,5`; a list from a config file is taken as it is."""
        items = value if isinstance(value, (list, tuple)) else str(value).split(",")
        try:
            return tuple(int(item) for item in map(str, items) if item.strip())
        except ValueError:
            self.fail(f"expected whole numbers with commas between them, got '{value}'", param, ctx)


class Several(click.ParamType):
    """Values of another type with commas between them."""

    name = "values"
    takes_several = True

    def __init__(self, one: Any) -> None:
        self.one = click.types.convert_type(one)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read `0,0.5`."""
        items = value if isinstance(value, (list, tuple)) else str(value).split(",")
        return tuple(self.one.convert(str(item).strip(), param, ctx) for item in items)


class Names(click.ParamType):
    """Names out of some choices, with commas between them."""

    name = "names"
    takes_several = True

    def __init__(self, choices: tuple[str, ...]) -> None:
        self.choices = choices

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read `joint,bone`."""
        items = value if isinstance(value, (list, tuple)) else str(value).split(",")
        one = Choice(self.choices)
        return tuple(one.convert(str(item).strip(), param, ctx) for item in items)


# (field, type, help) by part of the configuration; the flag is the field in kebab-case.
SETTINGS: dict[str, tuple[tuple[str, Any, str], ...]] = {
    "protocol": (
        ("protocol", Choice(PROTOCOLS), "How clips are split into train, val and test."),
        ("fold", click.IntRange(min=0), "Which fold of the protocol tests, from 0."),
        ("folds", click.IntRange(min=2), "Folds of the protocols that have folds."),
        ("val_fraction", click.FloatRange(0, 1), "Share of the rest that validates."),
        ("test", Ids(), "Subjects (xsub), cameras (xview) or setups (xset) that test, as 1,3."),
        ("val", Ids(), "The same for validation."),
        ("files", click.Path(), "Split by the CSV (clip,split) or folder of lists given."),
        ("split_seed", click.IntRange(min=0), "Number that fixes what the split leaves to chance."),
    ),
    "data": (
        ("num_frames", click.IntRange(min=0), "Frames sampled from a clip; 0: all, padded."),
        ("crop", float, "Shortest share of a clip that a training sample covers."),
        ("centre", Choice(CENTRES), "Origin: mean centre of the clip, or that of each frame."),
        ("max_gap", click.IntRange(min=0), "Longest gap filled by interpolation, in frames."),
        ("slot", Choice(("left", "right")), "Keep one hand of an ordered pair."),
        ("window", str, "Cut clips into windows of this length: 90 (frames) or 3s."),
        ("overlap", click.FloatRange(0, 1, max_open=True), "Share by which windows overlap."),
        ("test_window", str, "The same for validation and test, if it differs."),
        ("test_overlap", click.FloatRange(0, 1, max_open=True), "Likewise."),
    ),
    "training": (
        ("epochs", click.IntRange(min=1), "Passes over the training clips."),
        ("link_epochs", click.IntRange(min=0), "Passes before, for the A-links alone."),
        ("freeze_links", bool, "Train the A-links in those passes only."),
        ("batch_size", click.IntRange(min=2), "Clips a step."),
        ("lr", float, "Largest learning rate."),
        ("weight_decay", float, "Decay of weight matrices and kernels."),
        ("warmup", click.FloatRange(0, 1), "Share of the steps in which the rate rises."),
        ("schedule", Choice(SCHEDULES), "How the rate goes on after that."),
        ("plateau_patience", click.IntRange(min=0), "Epochs without gain before the rate falls."),
        ("plateau_factor", float, "What the rate is multiplied by on a plateau."),
        ("optimiser", Choice(OPTIMISERS), "Optimiser."),
        ("label_smoothing", float, "Probability spread over the classes."),
        ("class_weights", bool, "Weigh classes by 1 / frequency."),
        ("link_weight", float, "Weight of the A-links' own loss."),
        ("forecast_weight", float, "Weight of the prediction head's loss."),
        ("clip_norm", float, "Largest norm of the gradient; 0: unlimited."),
        ("recompute", bool, "Compute blocks twice: less memory, more time."),
        ("ema", float, "Decay of the averaged weights; 0: off."),
        ("patience", click.IntRange(min=0), "Stop after this many epochs without gain; 0: never."),
        ("select", Choice(SELECTIONS), "Keep the weights of the best or of the last epoch."),
        ("precision", Choice(PRECISIONS), "Arithmetic; auto: bf16-mixed where it is native."),
        ("seed", click.IntRange(min=0), "Number that fixes everything left to chance."),
    ),
    "augment": (
        ("turn", float, "Largest rotation about the vertical, in degrees (3-D)."),
        ("tilt", float, "Largest rotation about the left-right axis, in degrees (3-D)."),
        ("roll", float, "Largest rotation in the picture plane, in degrees."),
        ("scale", float, "Largest relative change of size."),
        ("mirror", click.FloatRange(0, 1), "Probability of a mirrored clip."),
        ("reverse", click.FloatRange(0, 1), "Probability of a clip played backwards."),
        ("bend", float, "Largest angle by which a bone turns in its joint, in degrees."),
        ("sway", float, "The same, changing smoothly over the clip."),
        ("limbs", float, "Largest relative change of the lengths of a part of the body."),
        ("warp", float, "Largest relative change of speed, smooth over the clip."),
        ("cut", click.FloatRange(0, 1, max_open=True), "Largest share cut off a clip's ends."),
        ("mix", click.FloatRange(0, 1), "Probability of parts from another clip of the class."),
        ("mix_unlabelled", bool, "Let clips without a label take parts from each other."),
        ("drop_joint", click.FloatRange(0, 1), "Probability that a joint goes missing."),
        ("drop_span", click.FloatRange(0, 1), "Probability that a part goes missing for a while."),
        ("drop_time", click.FloatRange(0, 1), "Probability that all joints do for a while."),
        ("shear", float, "Largest slope of a shear; changes bone lengths."),
        ("jitter", float, "Noise on every joint and frame, in metres; changes bone lengths."),
        ("drop_axis", click.FloatRange(0, 1), "Probability that an axis becomes 0; not safe."),
    ),
}


def setting_options(
    function: Function,
    *,
    defaults: RunConfig = DEFAULTS,
    without: Collection[str] = (),
    texts: Mapping[str, str] = MappingProxyType({}),
) -> Function:
    """Add an option for each setting.

    Args:
        function: A command.
        defaults: Where the default of each option stands.
        without: Fields that the command has no use for.
        texts: Help of fields that mean something else here.
    """
    function = click.option(
        "--augment",
        type=Choice(PRESETS),
        help="Augmentations by name, other ones for hands than for bodies; options go before it.",
    )(function)
    for part, settings in reversed(SETTINGS.items()):
        for field, kind, text in reversed(settings):
            if field in without:
                continue
            default = getattr(getattr(defaults, part), field)
            flag = "--" + field.replace("_", "-")
            if kind is bool:
                flag = f"{flag}/--no-{flag[2:]}"
            option = click.option(
                flag,
                field,
                type=kind,
                default=default,
                show_default=default is not None,
                help=texts.get(field, text),
            )
            function = option(function)
    return function


def open_setting_options(function: Function) -> Function:
    """Add an option for each setting, without a default: what a run starts from has its own."""
    for settings in reversed(SETTINGS.values()):
        for field, kind, text in reversed(settings):
            flag = "--" + field.replace("_", "-")
            if kind is bool:
                flag = f"{flag}/--no-{flag[2:]}"
            function = click.option(flag, field, type=kind, default=None, help=text)(function)
    return function


def told_settings(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Collect the settings that were given, by part of the configuration."""
    return {
        part: {field: values[field] for field, _, _ in settings if values[field] is not None}
        for part, settings in SETTINGS.items()
    }


def apply_settings(config: RunConfig, values: Mapping[str, Any]) -> RunConfig:
    """Put the options' values into a configuration; what has no option stays."""
    for part, settings in SETTINGS.items():
        chosen = {field: values[field] for field, _, _ in settings if field in values}
        config = replace(config, **{part: replace(getattr(config, part), **chosen)})
    return with_preset(config, values)


def with_preset(config: RunConfig, values: Mapping[str, Any]) -> RunConfig:
    """Take the augmentations of --augment, where it is given; single options go before it."""
    # A run that goes on has its own configuration, and here no layout.
    if values.get("augment") is None or not (config.layout or config.store):
        return config
    given = {field: values[field] for field, _, _ in SETTINGS["augment"] if told(field)}
    return replace(config, augment=replace(_preset(values["augment"], config), **given))


def _preset(name: str, config: RunConfig) -> AugmentOptions:
    from skelgraph.data.store import Store
    from skelgraph.training.starting import resolve_layout

    symmetry = None if config.store is None else Store.open(config.store).symmetry
    return preset(name, resolve_layout(config), symmetry=symmetry)
