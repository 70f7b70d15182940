"""Options that say which model: its name, its size, and any field of its configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from skelgraph.cli.options import Choice
from skelgraph.cli.settings import STREAMS, Names

Function = TypeVar("Function", bound=Callable[..., Any])

# A test holds it against skelgraph.models.MODELS, whose import takes long.
MODELS = ("as_gcn", "st_gcn", "ctr_gcn", "gtn", "conv_gtn")


class ModelChange(click.ParamType):
    """One `key=value`; the key of a nested field has dots, the value is YAML."""

    name = "change"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read `aim.num_types=4` to (("aim", "num_types"), 4)."""
        import yaml

        if isinstance(value, tuple):
            return value
        key, sign, text = str(value).partition("=")
        if not (key and sign):
            self.fail(f"expected KEY=VALUE, got '{value}'", param, ctx)
        try:
            return tuple(key.strip().replace("-", "_").split(".")), yaml.safe_load(text)
        except yaml.YAMLError:
            self.fail(f"expected a value such as 2, true or [1, 2], got '{text}'", param, ctx)


def nest(changes: Iterable[tuple[tuple[str, ...], Any]]) -> dict[str, Any]:
    """Give changes as nested mappings.

    Example:
        >>> nest([(("aim", "num_types"), 4), (("kernel",), 5)])
        {'aim': {'num_types': 4}, 'kernel': 5}
    """
    nested: dict[str, Any] = {}
    for keys, value in changes:
        inner = nested
        for key in keys[:-1]:
            if not isinstance(inner.setdefault(key, {}), dict):
                inner[key] = {}
            inner = inner[key]
        inner[keys[-1]] = value
    return nested


def model_options(function: Function) -> Function:
    """Add the options that say which model."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--model",
        type=Choice(MODELS),
        default="as_gcn",
        show_default=True,
        help="Architecture; see the page about models.",
    ),
    click.option(
        "--preset",
        type=Choice(("auto", "small", "paper")),
        default="auto",
        show_default=True,
        help="Size of the model; auto: small on a CPU.",
    ),
    click.option("--head", type=Choice(("gated", "pooled")), help="Head of the model."),
    click.option("--streams", type=Names(STREAMS), help="Inputs, such as joint,bone."),
    click.option("--a-links/--no-a-links", default=None, help="Learned links, on by default."),
    click.option("--causal", is_flag=True, default=None, help="See no later frame (streaming)."),
    click.option(
        "--set",
        "changes",
        type=ModelChange(),
        multiple=True,
        metavar="KEY=VALUE",
        help="Any field of the model's configuration, such as s_order=2 or aim.num_types=4.",
    ),
)
