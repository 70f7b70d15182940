"""Values that no run can have, whatever it trains."""

from __future__ import annotations

from typing import Any

from skelgraph.errors import ConfigError, list_faults, unknown_name
from skelgraph.training.config import (
    BEGINNINGS,
    CENTRES,
    OPTIMISERS,
    PRECISIONS,
    SCHEDULES,
    SELECTIONS,
    FewOptions,
    RunConfig,
)
from skelgraph.training.transfer.options import MODES, StartOptions
from skelgraph.transforms import options as augmenting

AMOUNTS = (
    "link_lr",
    "weight_decay",
    "link_weight",
    "forecast_weight",
    "clip_norm",
    "patience",
    "plateau_patience",
)


def check(config: RunConfig) -> None:
    """Reject values that no run can have.

    Raises:
        ConfigError: With all faults, one a line.
    """
    data, training, few = config.data, config.training, config.few or FewOptions()
    faults = [
        unknown_name(name, value, choices)
        for name, value, choices in (
            ("centre", data.centre, CENTRES),
            ("optimiser", training.optimiser, OPTIMISERS),
            ("select", training.select, SELECTIONS),
            ("schedule", training.schedule, SCHEDULES),
            ("precision", training.precision, PRECISIONS),
            ("begin", few.begin, BEGINNINGS),
        )
        if value not in choices
    ]
    if config.start is not None and config.start.mode not in MODES:
        faults.append(unknown_name("mode", config.start.mode, MODES))
    faults += [
        f"{name}: expected {rule}, got {value}. Give another value."
        for name, value, rule, fits in (
            ("epochs", training.epochs, "at least 1", training.epochs >= 1),
            ("link_epochs", training.link_epochs, "at least 0", training.link_epochs >= 0),
            (
                "freeze_links",
                f"link_epochs {training.link_epochs}",
                "link_epochs of at least 1 before",
                training.link_epochs >= 1 or not training.freeze_links,
            ),
            ("batch_size", training.batch_size, "at least 2", training.batch_size >= 2),
            ("lr", training.lr, "a positive number", training.lr > 0),
            (
                "supervised_epochs",
                few.supervised_epochs,
                "at least 0",
                few.supervised_epochs >= 0,
            ),
            ("num_frames", data.num_frames, "at least 0", data.num_frames >= 0),
            ("crop", data.crop, "a share in (0, 1]", 0 < data.crop <= 1),
            ("ema", training.ema, "a decay in [0, 1)", 0 <= training.ema < 1),
            (
                "label_smoothing",
                training.label_smoothing,
                "a share in [0, 1)",
                0 <= training.label_smoothing < 1,
            ),
            (
                "plateau_factor",
                training.plateau_factor,
                "a share in (0, 1)",
                0 < training.plateau_factor < 1,
            ),
            *_start_rules(config.start),
            *_amounts(config),
        )
        if not fits
    ]
    if config.model.overrides.get("forecast"):
        faults += _forecast_faults(config)
    if faults:
        raise ConfigError(list_faults(faults))


def _start_rules(start: StartOptions | None) -> list[tuple[str, Any, str, bool]]:
    """Name, value, rule and whether it holds, of the options of a start."""
    if start is None:
        return []
    rules = [
        ("lr_decay", start.lr_decay, "at least 1", start.lr_decay >= 1),
        ("l2_start", start.l2_start, "at least 0", start.l2_start >= 0),
        ("unfreeze_epochs", start.unfreeze_epochs, "at least 0", start.unfreeze_epochs >= 0),
    ]
    rates = [
        (f"lr_group, {part}", rate, "at least 0", rate >= 0) for part, rate in start.rates.items()
    ]
    return rules + rates


def _amounts(config: RunConfig) -> list[tuple[str, float, str, bool]]:
    """Name, value, rule and whether it holds, of what is 0 or more and of what is a share."""
    training, augment = config.training, config.augment
    amounts = {
        **{name: getattr(training, name) for name in AMOUNTS},
        **{name: getattr(augment, name) for name in augmenting.AMOUNTS},
    }
    shares = {
        "warmup": training.warmup,
        **{name: getattr(augment, name) for name in augmenting.SHARES},
    }
    return [
        ("cut", augment.cut, "a share in [0, 1)", 0 <= augment.cut < 1),
        *((name, value, "at least 0", value >= 0) for name, value in amounts.items()),
        *((name, value, "a share in [0, 1]", 0 <= value <= 1) for name, value in shares.items()),
    ]


def _forecast_faults(config: RunConfig) -> list[str]:
    """What a prediction head needs of its input: frames a fixed time apart, one origin a clip."""
    data, augment = config.data, config.augment
    rules = (
        ("num_frames", 0, "frames sampled from clips lie no fixed time apart", "--num-frames 0"),
        ("centre", "clip", "an origin in each frame hides where the body goes", "--centre clip"),
    )
    faults = [
        f"{name}: expected {wanted} beside a prediction head ({why}), got "
        f"{getattr(data, name)}. Give {flag}."
        for name, wanted, why, flag in rules
        if getattr(data, name) != wanted
    ]
    return faults + [
        f"{name}: expected 0 beside a prediction head (it learns how fast people move), got "
        f"{getattr(augment, name)}. Give --{name} 0."
        for name in ("warp", "cut", "reverse")
        if getattr(augment, name) != 0
    ]
