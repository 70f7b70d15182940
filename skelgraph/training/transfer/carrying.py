"""Weights of one model put into another, as far as they mean the same in both."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from skelgraph.errors import RunError
from skelgraph.graphs import Layout
from skelgraph.models.building import find_model
from skelgraph.models.plain import from_plain
from skelgraph.training.transfer.anatomy import CLASSIFIER, Anatomy, Axis, Joint, find_axes
from skelgraph.training.transfer.start import Start, shared_joints

WHOLE, PART, NEW = "whole", "part", "new"
FATES = (WHOLE, PART, NEW)
COLUMNS = ("name", WHOLE, PART, NEW, "why")
LEAST = 0.1  # share of what mixes channels, the classifier aside, that must fit
# Masks, links and what prepares the input fit models of any width: they say nothing of it.
ASIDE = re.compile(r"(^|\.)(classifier|input_norm|aim|s_mask|free|links)(\.|$)")


@dataclass(frozen=True)
class Entry:
    """What became of one parameter or buffer.

    Args:
        name: Its name in the new model.
        fate: `whole`, `part` (of it was carried over, the rest is new) or `new`.
        carried: Numbers carried over.
        size: Numbers in all.
        why: Why not all of it was.
    """

    name: str
    fate: str
    carried: int
    size: int
    why: str = ""


@dataclass(frozen=True)
class Carried:
    """What was carried over into a new model.

    Args:
        entries: One a parameter or buffer, in the model's order.
        shared: Joints of the new layout that the old one has.
        lacking: Joints of the new layout that it has not.
    """

    entries: tuple[Entry, ...] = ()
    shared: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()

    def names(self, fate: str) -> frozenset[str]:
        """Name the parameters and buffers of one fate."""
        return frozenset(entry.name for entry in self.entries if entry.fate == fate)

    def rows(self) -> list[tuple[str, int, int, int, str]]:
        """Count parameters and buffers by part of the model; columns as `COLUMNS`."""
        groups: dict[str, list[Entry]] = {}
        for entry in self.entries:
            groups.setdefault(part_of(entry.name), []).append(entry)
        rows = []
        for name, entries in groups.items():
            whole, part, new = (sum(e.fate == fate for e in entries) for fate in FATES)
            reasons = dict.fromkeys(entry.why for entry in entries if entry.why)
            rows.append((name, whole, part, new, "; ".join(reasons)))
        return rows

    def describe(self) -> str:
        """Say in one line how much was carried over."""
        carried = sum(entry.carried for entry in self.entries)
        total = sum(entry.size for entry in self.entries)
        text = f"{carried:,} of {total:,} numbers carried over"
        if self.lacking:
            known = len(self.shared) + len(self.lacking)
            text += f", {len(self.shared)} of {known} joints shared (new: {_some(self.lacking)})"
        return text

    def to_dict(self) -> dict[str, Any]:
        """Return plain containers, for metrics.json."""
        named = {fate: sorted(self.names(fate)) for fate in FATES}
        return {
            "numbers": sum(entry.size for entry in self.entries),
            "numbers_carried": sum(entry.carried for entry in self.entries),
            "joints_shared": list(self.shared),
            "joints_new": list(self.lacking),
            **named,
            "parts": [dict(zip(COLUMNS, row, strict=True)) for row in self.rows()],
            "reasons": {entry.name: entry.why for entry in self.entries if entry.why},
        }


def carry_over(
    model: nn.Module,
    layout: Layout,
    start: Start,
    *,
    class_names: Sequence[str] = (),
    num_spatial: int = 0,
    keep_classifier: bool = False,
) -> Carried:
    """Copy weights into a new model wherever they mean the same in it.

    Entries of weights are matched by what they stand for: joints by name, inputs by stream and
    coordinate, links by kind, classes by name. What has no counterpart stays as the new model
    was made, so that any layout, class count, coordinates and streams fit.

    Args:
        model: Built by `build_model`; its parameters and buffers change in place.
        layout: Skeleton that it was built for.
        start: Weights to take.
        class_names: Of the new model; needed where the classifier is kept.
        num_spatial: How many of its coordinates are places. 0: all.
        keep_classifier: Carry rows of the classifier over for classes of the same name.

    Raises:
        RunError: If next to nothing fits, because it is another model or of another size.
    """
    num_coords = _config_of(model).num_coords
    new = Anatomy(layout, class_names, num_coords, num_spatial or num_coords, _config_of(model))
    config: Any = from_plain(find_model(start.model).config, start.config)
    old = Anatomy(start.layout, start.class_names, start.num_coords, start.num_spatial, config)
    joints = shared_joints(start.layout, layout)
    state = model.state_dict()
    changed, entries = {}, []
    for name, value in state.items():
        if not keep_classifier and CLASSIFIER in name.split("."):
            entry = Entry(name, NEW, 0, value.numel(), "new classifier")
        else:
            changed[name], entry = _carry(name, value, start.state.get(name), (old, new), joints)
        entries.append(entry)
    _demand_enough(entries, start)
    model.load_state_dict({**state, **changed})
    return Carried(
        entries=tuple(entries),
        shared=tuple(joint for joint in layout.joints if joint in joints),
        lacking=tuple(joint for joint in layout.joints if joint not in joints),
    )


def carry_nothing(model: nn.Module) -> Carried:
    """Describe a model of which nothing was learned before."""
    why = "architecture only"
    return Carried(tuple(Entry(k, NEW, 0, v.numel(), why) for k, v in model.state_dict().items()))


def part_of(name: str) -> str:
    """Name the part of the model that a parameter belongs to, for tables.

    Example:
        >>> part_of("backbone.blocks.3.graph.weight"), part_of("head.classifier.bias")
        ('backbone.blocks.3', 'head.classifier')
    """
    words = name.split(".")[:-1]
    if "blocks" in words:
        return ".".join(words[: words.index("blocks") + 2])
    return ".".join(words[:2])


def _config_of(model: nn.Module) -> Any:
    return model.config


def _carry(
    name: str,
    value: Tensor,
    source: Tensor | None,
    anatomies: tuple[Anatomy, Anatomy],
    joints: Mapping[str, str],
) -> tuple[Tensor, Entry]:
    """Copy what two tensors of one name share; returns the new one and what became of it."""
    if source is None:
        return value, Entry(name, NEW, 0, value.numel(), "not in the source")
    if source.dim() != value.dim():
        return value, Entry(name, NEW, 0, value.numel(), "of another form in the source")
    old, new = (
        find_axes(name, tensor.shape, anatomy)
        for tensor, anatomy in zip((source, value), anatomies, strict=True)
    )
    places, reasons = [], []
    for axis in range(value.dim()):
        if axis in old and axis in new:
            pairs = list(_matches(old[axis], new[axis], joints))
            if len(pairs) < value.shape[axis]:
                reasons.append(f"{len(pairs)} of {value.shape[axis]} {new[axis].what}")
        else:
            size = value.shape[axis]
            pairs = [(i, i) for i in range(size)] if source.shape[axis] == size else []
            if not pairs and size:
                reasons.append(f"size {size}, in the source {source.shape[axis]}")
        places.append(pairs)
    return _copied(name, value, source, places, "; ".join(dict.fromkeys(reasons)))


def _copied(
    name: str,
    value: Tensor,
    source: Tensor,
    places: Sequence[Sequence[tuple[int, int]]],
    why: str,
) -> tuple[Tensor, Entry]:
    size = value.numel()
    if size and not all(places):
        return value, Entry(name, NEW, 0, size, why)
    result = value.clone()
    to = torch.meshgrid(*(torch.tensor([new for new, _ in axis]) for axis in places), indexing="ij")
    at = torch.meshgrid(*(torch.tensor([old for _, old in axis]) for axis in places), indexing="ij")
    result[to] = source[at].to(result)
    count = to[0].numel()
    return result, Entry(name, WHOLE if count == size else PART, count, size, why)


def _matches(old: Axis, new: Axis, joints: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    """Yield the place of each entry of the new axis and that of the old one that is the same."""
    where = {key: place for place, key in enumerate(old.keys)}
    for place, key in enumerate(new.keys):
        # A joint that the old layout lacks has no name there: the key then fits none.
        sought = tuple(joints.get(part) if isinstance(part, Joint) else part for part in key)
        found = where.get(sought)
        if found is not None:
            yield place, found


def _demand_enough(entries: Sequence[Entry], start: Start) -> None:
    # Weights without classes never had a head.
    absent = () if start.class_names else ("head.",)
    others = [e for e in entries if not (ASIDE.search(e.name) or e.name.startswith(absent))]
    total = sum(entry.size for entry in others)
    carried = sum(entry.carried for entry in others)
    if carried >= LEAST * total:
        return
    raise RunError(
        f"{start.path}: expected weights that fit the new model, got those of '{start.model}', of "
        f"which {carried:,} numbers out of {total:,} fit. Keep the model and the sizes of the run, "
        "or take its architecture only: --mode architecture."
    )


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
