"""Parts of a model by name, and its layers from the top down."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from skelgraph.errors import ConfigError
from skelgraph.training.transfer.anatomy import CLASSIFIER

INPUT = (
    "input_norm",
    "aim",
    "gtn.input_norm",
    "gtn.step_tower.embed",
    "gtn.channel_tower.embed",
    "gtn.channel_tower.identity",
)
LAYER = re.compile(r"^(?:(?:backbone\.)?(?:blocks)|gtn\.\w+\.encoder\.layers)\.(\d+)\.")
TOP, HEAD, BOTTOM = -2, -1, 10**6


def select(names: Sequence[str], part: str) -> frozenset[str]:
    """Choose the parameters of a part: its words follow one another in their names.

    Example:
        >>> sorted(select(["backbone.blocks.0.norm.bias", "head.gate.bias"], "blocks.0"))
        ['backbone.blocks.0.norm.bias']
    """
    words = part.split(".")
    return frozenset(name for name in names if _within(words, name.split(".")))


def check_parts(names: Sequence[str], parts: Iterable[str], *, what: str) -> None:
    """Refuse parts that a model does not have.

    Args:
        names: Its parameters.
        parts: What was asked for.
        what: The option, for the message.

    Raises:
        ConfigError: With the nearest part.
    """
    for part in parts:
        if not select(names, part):
            raise ConfigError(_unknown_part(names, part, what))


def layer_groups(names: Sequence[str]) -> list[tuple[str, ...]]:
    """Group a model's parameters by layer, from the classifier down to the input.

    The classifier is the first group, then what is left of the head, then one block of the
    backbone (or one layer of both towers of the series models) after the other, and last what
    prepares the input, A-link inference among it.
    """
    groups: dict[int, list[str]] = {}
    for name in names:
        groups.setdefault(_depth(name), []).append(name)
    return [tuple(groups[depth]) for depth in sorted(groups)]


def _depth(name: str) -> int:
    if CLASSIFIER in name.split("."):
        return TOP
    found = LAYER.match(name)
    if found:
        # The last layer is the highest.
        return BOTTOM - 1 - int(found.group(1))
    return BOTTOM if any(name.startswith(f"{part}.") or name == part for part in INPUT) else HEAD


def _within(words: Sequence[str], path: Sequence[str]) -> bool:
    size = len(words)
    return any(path[i : i + size] == list(words) for i in range(len(path) - size + 1))


def _unknown_part(names: Sequence[str], part: str, what: str) -> str:
    paths = [name.split(".") for name in names]
    known = {".".join(path[:size]) for path in paths for size in range(1, len(path) + 1)}
    known |= {word for path in paths for word in path if not word.isdigit()}
    near = difflib.get_close_matches(part, sorted(known), n=1, cutoff=0.5)
    top = ", ".join(dict.fromkeys(path[0] for path in paths))
    hint = f"Did you mean '{near[0]}'?" if near else f"Its largest parts are {top}."
    return f"{what}: expected a part of the model, such as {CLASSIFIER}, got '{part}'. {hint}"
