"""What a run with few labels may be asked for, checked before anything is written."""

from __future__ import annotations

from skelgraph.errors import ConfigError, list_faults
from skelgraph.training.config import FEW_UNUSED, RunConfig, TrainOptions
from skelgraph.training.config_checks import check


def check_few(config: RunConfig) -> None:
    """Refuse options that do not fit.

    Raises:
        ConfigError: With all faults of the options.
    """
    if config.few is None:
        raise ConfigError("few: expected options of few labels, got none. Give a method and more.")
    if config.store is None:
        raise ConfigError("data: expected a store, got none. Give --data STORE.")
    if frames := config.model.overrides.get("forecast"):
        raise ConfigError(
            "forecast: expected no prediction head in training with few labels, whose views change "
            f"how fast people move, got one of {frames} frames. Give --set forecast=0."
        )
    check(config)
    defaults = TrainOptions()
    faults = [
        f"{name}: expected nothing beside few labels, which have no use for it, got "
        f"{getattr(config.training, name)}. Leave it out."
        for name in FEW_UNUSED
        if getattr(config.training, name) != getattr(defaults, name)
    ]
    if config.training.schedule == "plateau":
        faults.append(
            "schedule: expected cosine or constant, got plateau, which needs a validation part. "
            "Give another."
        )
    if faults:
        raise ConfigError(list_faults(faults))
