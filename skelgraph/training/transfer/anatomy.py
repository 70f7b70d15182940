"""What the entries along a weight's axes stand for: joints, coordinates, classes, links."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from skelgraph.graphs import Layout
from skelgraph.graphs.layout import HANDS
from skelgraph.nn.forecast_head import RECENT

COORDINATES = ("x", "y", "z")
CONFIDENCE = "confidence"
CLASSIFIER = "classifier"

Key = tuple[Any, ...]


class Joint(str):
    """The name of a joint inside a key; another layout may have another name for it."""

    __slots__ = ()


@dataclass(frozen=True)
class Axis:
    """The entries of one axis.

    Args:
        what: What they are, in the plural.
        keys: What each stands for; two entries of two models are the same if their keys are.
    """

    what: str
    keys: tuple[Key, ...]


@dataclass(frozen=True, eq=False)
class Anatomy:
    """What a model was built for.

    Args:
        layout: Skeleton.
        class_names: One a logit.
        num_coords: Coordinates a joint.
        num_spatial: How many of them are places.
        config: The model's configuration.
    """

    layout: Layout
    class_names: Sequence[str]
    num_coords: int
    num_spatial: int
    config: Any

    @property
    def coordinates(self) -> tuple[str, ...]:
        """Name of each coordinate."""
        rest = self.num_coords - self.num_spatial
        return (*COORDINATES[: self.num_spatial], *(CONFIDENCE,) * rest)

    @property
    def joints(self) -> tuple[Joint, ...]:
        """Name of each joint."""
        return tuple(Joint(name) for name in self.layout.joints)

    @property
    def channels(self) -> tuple[Key, ...]:
        """Stream and coordinate of each input channel of a joint."""
        return tuple(product(self.config.streams, self.coordinates))

    @property
    def bodies(self) -> tuple[Key, ...]:
        """Slot and joint of each place on the joint axis of the series models."""
        slots = range(self.layout.max_bodies) if self.layout.instances == HANDS else (None,)
        return tuple(product(slots, self.joints))

    @property
    def series(self) -> tuple[Key, ...]:
        """Stream, coordinate, slot and joint of each channel of the series models."""
        return tuple((*channel, *body) for channel, body in product(self.channels, self.bodies))


def find_axes(name: str, shape: Sequence[int], anatomy: Anatomy) -> dict[int, Axis]:
    """Say what the entries of a parameter or buffer stand for.

    Args:
        name: Its name in the model.
        shape: Its shape.
        anatomy: What the model was built for.

    Returns:
        Axes by number. Entries of the others have no meaning of their own: they are the same
        only where the model's widths are.
    """
    found: dict[int, Axis] = {}
    for pattern, axes in RULES:
        if re.search(pattern, name):
            for number, describe in axes.items():
                axis = describe(anatomy, shape[number])
                if axis is not None:
                    found[number] = axis
    return found


def _axis(what: str, keys: Iterable[Any]) -> Axis:
    return Axis(what, tuple(key if isinstance(key, tuple) else (key,) for key in keys))


def _classes(anatomy: Anatomy, size: int) -> Axis:
    # Weights that were learned without labels have a row that belongs to no class.
    return _axis("classes", anatomy.class_names or (None,) * size)


def _joints(anatomy: Anatomy, size: int) -> Axis:
    return _axis("joints", anatomy.joints)


def _joint_inputs(anatomy: Anatomy, size: int) -> Axis:
    return _axis(
        "inputs", ((joint, *key) for joint, key in product(anatomy.joints, anatomy.channels))
    )


def _inputs(anatomy: Anatomy, size: int) -> Axis:
    return _axis("inputs", (*anatomy.channels, "visible"))


def _coordinates(anatomy: Anatomy, size: int) -> Axis:
    return _axis("coordinates", anatomy.coordinates)


def _link_series(anatomy: Anatomy, size: int) -> Axis:
    frames = size // anatomy.num_coords
    return _axis("inputs", ((frames, *key) for key in product(range(frames), anatomy.coordinates)))


def _s_links(anatomy: Anatomy, size: int) -> Axis:
    config = anatomy.config
    return _axis("links", (("s", config.s_order, config.s_form, i) for i in range(size)))


def _free_links(anatomy: Anatomy, size: int) -> Axis:
    return _axis("links", (("free", i) for i in range(size)))


def _links(anatomy: Anatomy, size: int) -> Axis:
    config = anatomy.config
    actional = config.aim.num_types - 1 if config.a_links else 0
    fixed = size - config.free_links - actional
    keys = _s_links(anatomy, fixed).keys + _free_links(anatomy, config.free_links).keys
    return Axis("links", (*keys, *(("a", i) for i in range(actional))))


def _speeds(anatomy: Anatomy, size: int) -> Axis:
    return _axis("inputs", product(anatomy.coordinates, range(RECENT)))


def _forecast_inputs(anatomy: Anatomy, size: int) -> Axis:
    features = (("feature", i) for i in range(anatomy.config.channels[-1]))
    poses = (("pose", name) for name in anatomy.coordinates)
    return _axis("inputs", (*features, *poses, *_speeds(anatomy, size).keys))


def _forecasts(anatomy: Anatomy, size: int) -> Axis:
    frames = range(size // anatomy.num_coords)
    return _axis("coordinates", product(frames, anatomy.coordinates))


def _frames(anatomy: Anatomy, size: int) -> Axis:
    return _axis("frames", range(size))


def _series(anatomy: Anatomy, size: int) -> Axis:
    return _axis("inputs", anatomy.series)


def _flagged_series(anatomy: Anatomy, size: int) -> Axis:
    flags = (("seen", *body) for body in anatomy.bodies) if anatomy.config.flags else ()
    return _axis("inputs", (*anatomy.series, *flags))


def _courses(anatomy: Anatomy, size: int) -> Axis:
    frames = anatomy.config.frames
    values = [(frames, "value", i) for i in range(frames)]
    flags = [(frames, "seen", i) for i in range(frames)] if anatomy.config.flags else []
    return _axis("frames", values + flags)


def _flattened(anatomy: Anatomy, size: int) -> Axis | None:
    """Features of both towers side by side; of pooled ones no entry has a meaning of its own."""
    config = anatomy.config
    if not getattr(config, "flatten", False):
        return None
    width = range(config.tower.width)
    steps = ((config.frames, *key) for key in product(range(config.frames), width))
    channels = ((*key, i) for key, i in product(anatomy.series, width))
    return _axis("features", (*steps, *channels))


Describe = Callable[[Anatomy, int], Axis | None]

# Name of a parameter or buffer -> number of an axis -> what its entries stand for.
RULES: tuple[tuple[str, Mapping[int, Describe]], ...] = (
    (r"(^|\.)classifier\.(weight|bias)$", {0: _classes}),
    (r"^input_norm\.", {0: _joint_inputs}),
    (r"\.s_mask$", {0: _s_links, 1: _joints, 2: _joints}),
    (r"\.graph\.free$", {0: _free_links, 1: _joints, 2: _joints}),
    (r"\.graph\.links$", {1: _joints, 2: _joints}),
    (r"^(backbone|forecaster\.shrink)\.blocks\.\d+\.graph\.weight$", {0: _links}),
    (r"^backbone\.blocks\.0\.graph\.weight$", {1: _inputs}),
    (r"^blocks\.0\.graph\.(receive|send|value)\.weight$", {1: _inputs}),
    (r"^blocks\.0\.graph_shortcut\.mix\.weight$", {1: _inputs}),
    (r"^head\.joint_tower\.identity$", {0: _joints}),
    (r"^aim\.encoder\.embed\.first\.weight$", {1: _link_series}),
    (r"^aim\.decoder\.from_input\.weight$", {1: _coordinates}),
    (r"^aim\.decoder\.out\.6\.(weight|bias)$", {0: _coordinates}),
    (r"^forecaster\.motion_norm\.", {0: _speeds}),
    (r"^forecaster\.mix\.weight$", {0: _s_links, 1: _forecast_inputs}),
    (r"^forecaster\.out\.(weight|bias)$", {0: _forecasts}),
    (r"^forecaster\.carry$", {0: _frames}),
    (r"^gtn\.input_norm\.", {0: _series}),
    (r"^gtn\.step_tower\.embed\.(conv\.)?weight$", {1: _flagged_series}),
    (r"^gtn\.channel_tower\.identity$", {0: _series}),
    (r"^gtn\.channel_tower\.embed\.weight$", {1: _courses}),
    (r"^gtn\.(gate\.score|classifier)\.weight$", {1: _flattened}),
)
