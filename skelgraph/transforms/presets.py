"""Named sets of augmentations, for hands and for bodies."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from skelgraph.errors import ConfigError, unknown_name
from skelgraph.transforms.options import AugmentOptions

if TYPE_CHECKING:
    from skelgraph.data.symmetry import Symmetry
    from skelgraph.graphs import Layout

NONE, WEAK, STRONG = "none", "weak", "strong"
PRESETS = (NONE, WEAK, STRONG)

OFF = AugmentOptions(turn=0.0, tilt=0.0, roll=0.0, scale=0.0)

BODIES = {
    NONE: OFF,
    WEAK: AugmentOptions(turn=15.0, tilt=5.0, roll=5.0, scale=0.1, cut=0.1),
    STRONG: AugmentOptions(
        turn=60.0,
        tilt=20.0,
        roll=20.0,
        scale=0.25,
        bend=8.0,
        sway=5.0,
        limbs=0.15,
        warp=0.4,
        cut=0.3,
        drop_joint=0.1,
        drop_span=0.3,
        drop_time=0.2,
    ),
}
# A hand is held at any angle, seldom two ways alike; its bones are many and short.
HANDS = {
    NONE: OFF,
    WEAK: AugmentOptions(turn=15.0, tilt=10.0, roll=10.0, scale=0.1, cut=0.1),
    STRONG: AugmentOptions(
        turn=45.0,
        tilt=30.0,
        roll=30.0,
        scale=0.25,
        bend=5.0,
        sway=4.0,
        limbs=0.1,
        warp=0.4,
        cut=0.3,
        drop_joint=0.1,
        drop_span=0.3,
        drop_time=0.2,
    ),
}


def preset(name: str, layout: Layout, *, symmetry: Symmetry | None = None) -> AugmentOptions:
    """Give the augmentations of a name, those for hands or those for bodies.

    Args:
        name: `none`; `weak`, after which people still see the same recording; `strong`.
        layout: Its instances decide: hands, or people.
        symmetry: What the data set says of its classes. Where mirroring leaves some class a
            class, half of the clips are mirrored; the same for reversal in `strong`. None:
            neither.

    Raises:
        ConfigError: If the name is unknown.
    """
    if name not in PRESETS:
        raise ConfigError(unknown_name("augment", name, PRESETS))
    options = (HANDS if layout.instances == "hands" else BODIES)[name]
    if symmetry is None or name == NONE:
        return options
    mirror = 0.5 if symmetry.allows("mirror") else 0.0
    reverse = 0.5 if name == STRONG and symmetry.allows("time_reversal") else 0.0
    return replace(options, mirror=mirror, reverse=reverse)
