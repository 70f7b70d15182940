"""The option `--set KEY=VALUE`: any field of a model's configuration."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

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
