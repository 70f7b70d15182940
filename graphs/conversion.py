"""Recordings of one layout turned into another: by joint names, and by the layouts' rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from skelgraph.errors import LayoutError
from skelgraph.graphs.layout import HANDS, SLOTS, Component, Layout

Names = tuple[str, ...]
ABSENT = -1


@dataclass(frozen=True, eq=False)
class JointConversion:
    """Where each joint of a target layout comes from, invented ones included.

    Args:
        source: Layout of the recording.
        target: Layout asked for.
        slots: For each target body slot, the names of the source joints that each target
            joint is the mean of, none where it stays missing. One entry if every body is
            converted alike.
        prefixes: What stands before the joint names of each slot in the source.
        source_body: For each target slot the source body that feeds it, -1 if none. None:
            every source body feeds the slot of its own number.
    """

    source: Layout
    target: Layout
    slots: tuple[Mapping[str, Names], ...]
    prefixes: tuple[str, ...] = ("",)
    source_body: tuple[int, ...] | None = None

    def apply(self, keypoints: np.ndarray) -> np.ndarray:
        """Build the target's joints; a mean is missing if one of its joints is.

        Args:
            keypoints: Floats, NaN where missing, shape (T, M_source, V_source, C).

        Returns:
            A new array, shape (T, M_target, V_target, C).
        """
        return self._build(keypoints, np.mean)

    def apply_to_scores(self, confidence: np.ndarray) -> np.ndarray:
        """Give the target's scores; that of a mean is the lowest of its joints'.

        Args:
            confidence: Floats, shape (T, M_source, V_source).

        Returns:
            A new array, NaN where a joint comes from nowhere, shape (T, M_target, V_target).
        """
        return self._build(confidence, np.min)

    @property
    def by_name(self) -> Names:
        """Target joints that are the source's joints of the same name."""
        return tuple(joint for joint, names in self._own.items() if names == self._same(joint))

    @property
    def taken(self) -> dict[str, str]:
        """Target joints that are another joint of the source."""
        return {
            joint: names[0]
            for joint, names in self._own.items()
            if len(names) == 1 and names != self._same(joint)
        }

    @property
    def invented(self) -> dict[str, Names]:
        """Target joints that no sensor saw: the mean of several of the source."""
        return {joint: names for joint, names in self._own.items() if len(names) > 1}

    @property
    def missing(self) -> Names:
        """Target joints that stay missing."""
        return tuple(joint for joint, names in self._own.items() if not names)

    @property
    def dropped(self) -> Names:
        """Source joints that nothing comes from."""
        used = {name for slot in self.slots for names in slot.values() for name in names}
        return tuple(name for name in self.source.joints if name not in used)

    @property
    def _own(self) -> Mapping[str, Names]:
        """What a slot is made from; two hands are made alike."""
        return next((slot for slot in self.slots if any(slot.values())), self.slots[0])

    def _same(self, joint: str) -> Names:
        return (self.prefixes[self.slots.index(self._own)] + joint,)

    def to_dict(self) -> dict[str, Any]:
        """Return plain containers, for reports."""
        return {
            "from": self.source.name,
            "to": self.target.name,
            "by_name": len(self.by_name),
            "taken": self.taken,
            "invented": {joint: list(names) for joint, names in self.invented.items()},
            "missing": list(self.missing),
            "dropped": list(self.dropped),
        }

    def notes(self) -> list[str]:
        """Say in words what was taken, invented, left missing and dropped."""
        hands = self.source_body is not None
        means = [f"{joint} = mean of {', '.join(names)}" for joint, names in self.invented.items()]
        facts = {
            "taken from another joint": [f"{new} = {old}" for new, old in self.taken.items()],
            "invented": means,
            "missing": self.missing,
            "dropped": self.dropped,
        }
        where = f"{self.source.name} -> {self.target.name}"
        return [
            f"{where}: {len(self.by_name)} of {self.target.num_joints} joints by name"
            + (", hands of the first body only" if hands else ""),
            *(f"{where}: {what}: {'; '.join(items)}" for what, items in facts.items() if items),
        ]

    def _build(self, values: np.ndarray, join: Callable[..., Any]) -> np.ndarray:
        frames, bodies = values.shape[:2]
        fed_by = tuple(range(bodies)) if self.source_body is None else self.source_body
        shape = (frames, len(fed_by), self.target.num_joints, *values.shape[3:])
        result = np.full(shape, np.nan, dtype=values.dtype)
        if self.source_body is None:
            self._fill(result, values, self.slots[0], join)
            return result
        for slot, body in enumerate(fed_by):
            if 0 <= body < bodies:
                part = result[:, slot : slot + 1], values[:, body : body + 1]
                self._fill(*part, self.slots[slot], join)
        return result

    def _fill(
        self,
        result: np.ndarray,
        values: np.ndarray,
        names: Mapping[str, Names],
        join: Callable[..., Any],
    ) -> None:
        single = [joint for joint, own in names.items() if len(own) == 1]
        old = [self.source.index(names[joint][0]) for joint in single]
        result[:, :, self.target.indices(single)] = values[:, :, old]
        for joint, own in names.items():
            if len(own) > 1:
                several = values[:, :, self.source.indices(own)]
                result[:, :, self.target.index(joint)] = join(several, axis=2)


def convert_joints(source: Layout, target: Layout) -> JointConversion:
    """Find how recordings of `source` become recordings of `target`, joints invented if need be.

    A rule of the target for this source goes first (see `Layout.rules`), then the joint of the
    same name. Rules for a layout that the source is composed of hold as well, those for the
    source itself before them. Joints that neither gives stay missing. Hands inside a composite
    fill the slots they belong to.

    Unlike `map_joints`, which only picks joints that are there, this may leave joints missing
    and invent midpoints: say what it did with `notes`.

    Args:
        source: Layout of the recordings.
        target: Layout asked for.

    Raises:
        LayoutError: If the source gives no joint of the target, or a rule names joints that
            the source lacks.

    Example:
        >>> from skelgraph.graphs import load_layout
        >>> kinect, openpose = load_layout("kinect_v2"), load_layout("openpose_body25")
        >>> convert_joints(kinect, openpose).invented
        {'mid_hip': ('left_hip', 'right_hip')}
    """
    hands = {part.slot: part for part in source.components if part.slot}
    if target.instances == HANDS and hands:
        found = _from_hands(source, target, hands)
    else:
        found = JointConversion(source, target, (_origins(source, target),))
    if len(found.missing) == target.num_joints:
        raise LayoutError(
            f"layout '{target.name}': expected recordings that have some of its joints, got "
            f"recordings of '{source.name}', which have none. Choose another layout, or give a "
            "layout file whose section 'from' says how."
        )
    return found


def _from_hands(source: Layout, target: Layout, hands: Mapping[str, Component]) -> JointConversion:
    slots: list[Mapping[str, Names]] = []
    for slot in SLOTS:
        part = hands.get(slot)
        if part is None:
            slots.append(dict.fromkeys(target.joints, ()))
            continue
        rules = _prefixed(target.rules.get(part.layout, {}), part.prefix)
        slots.append(_chosen(source, target, rules, prefixes=[part.prefix]))
    return JointConversion(
        source,
        target,
        tuple(slots),
        prefixes=tuple(hands[slot].prefix if slot in hands else "" for slot in SLOTS),
        source_body=tuple(0 if slot in hands else ABSENT for slot in SLOTS),
    )


def _origins(source: Layout, target: Layout) -> dict[str, Names]:
    if source.joints == target.joints:
        return {joint: (joint,) for joint in target.joints}
    bodies = [part for part in source.components if part.slot is None]
    rules: dict[str, Names] = {}
    for part in bodies:
        rules.update(_prefixed(target.rules.get(part.layout, {}), part.prefix))
    own = target.rules.get(source.name, {})
    _check_rules(source, target, own)
    rules.update(own)
    prefixes = dict.fromkeys(["", *(part.prefix for part in bodies)])
    return _chosen(source, target, rules, prefixes=list(prefixes))


def _chosen(
    source: Layout, target: Layout, rules: Mapping[str, Names], *, prefixes: Sequence[str]
) -> dict[str, Names]:
    """Give each target joint its rule, else the joint of its name; a subset may lack either."""
    known = set(source.joints)

    def origin(joint: str) -> Names:
        if joint in rules:
            return rules[joint] if set(rules[joint]) <= known else ()
        return next(((prefix + joint,) for prefix in prefixes if prefix + joint in known), ())

    return {joint: origin(joint) for joint in target.joints}


def _prefixed(rules: Mapping[str, Names], prefix: str) -> dict[str, Names]:
    return {joint: tuple(prefix + name for name in names) for joint, names in rules.items()}


def _check_rules(source: Layout, target: Layout, rules: Mapping[str, Names]) -> None:
    known = set(source.joints)
    lacking = sorted({name for names in rules.values() for name in names if name not in known})
    if lacking:
        raise LayoutError(
            f"layout '{target.name}', from, {source.name}: expected joints of the recordings, got "
            f"{', '.join(lacking)}, which they lack. Correct the layout file."
        )
