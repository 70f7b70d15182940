"""Model configurations as plain values, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass, replace
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from skelgraph.errors import ConfigError, unknown_name

T = TypeVar("T")


def to_plain(config: Any) -> dict[str, Any]:
    """Give a configuration dataclass as values that JSON and YAML can hold.

    Args:
        config: A dataclass, whose fields may be dataclasses.
    """
    return {key: _plain(value) for key, value in asdict(config).items()}


def from_plain(kind: type[T], values: Mapping[str, Any]) -> T:
    """Read what `to_plain` wrote; what is left out keeps its default.

    Args:
        kind: The dataclass to build.
        values: Fields by name; those of a nested dataclass as a mapping.

    Raises:
        ConfigError: If a key is unknown.
    """
    hints = get_type_hints(kind)
    _demand_known(kind, values, what=kind.__name__)
    options: dict[str, Any] = {}
    for key, value in values.items():
        if is_dataclass(hints[key]) and isinstance(value, Mapping):
            value = from_plain(hints[key], value)
        options[key] = tuple(value) if isinstance(value, list) else value
    return kind(**options)


def override(config: T, overrides: Mapping[str, Any], *, what: str | None = None) -> T:
    """Give a copy of a configuration with some fields changed.

    Args:
        config: A dataclass, whose fields may be dataclasses.
        overrides: Fields by name; those of a nested dataclass as a mapping.
        what: What is configured, for messages. None: the dataclass's name.

    Raises:
        ConfigError: If a key is unknown or a value of another kind than the field's.
    """
    what = what or type(config).__name__
    _demand_known(type(config), overrides, what=what)
    hints = get_type_hints(type(config))
    changed = {}
    for key, value in overrides.items():
        old = getattr(config, key)
        value = tuple(value) if isinstance(value, list) else value
        if is_dataclass(old) and isinstance(value, Mapping):
            value = override(old, value, what=f"{what}, {key}")
        elif not _fits(value, hints[key]):
            raise ConfigError(
                f"{what}, {key}: expected {_name(hints[key])}, got {value!r}. Give such a value."
            )
        changed[key] = value
    return replace(config, **changed)  # type: ignore[type-var]


def _fits(value: Any, hint: Any) -> bool:
    """Tell whether a value is of a field's type: a plain type, a tuple of one, or one or None."""
    if get_origin(hint) is UnionType or get_origin(hint) is Union:
        return any(_fits(value, one) for one in get_args(hint))
    if get_origin(hint) is tuple:
        return isinstance(value, tuple) and all(_fits(item, get_args(hint)[0]) for item in value)
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, hint)


def _name(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) and not get_args(hint) else str(hint)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (tuple, list)) else value


def _demand_known(kind: type, values: Mapping[str, Any], *, what: str) -> None:
    names = [field.name for field in fields(kind)]
    for key in values:
        if key not in names:
            raise ConfigError(unknown_name(f"{what}, key", key, names))
