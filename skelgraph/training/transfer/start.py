"""Weights that a training starts from, with what they were learned on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from torch import Tensor

from skelgraph.errors import LayoutError, RunError, list_faults, unknown_name
from skelgraph.graphs import Layout, available_layouts, convert_joints, load_layout
from skelgraph.models import build_model
from skelgraph.training.config import DataOptions, from_dict
from skelgraph.training.weights import find_weights, read_weights

SIMULATED = "simulated"
BATCH_COUNT = "num_batches"


@dataclass(frozen=True, eq=False)
class Start:
    """Weights and what they were learned on.

    Args:
        path: The weights file.
        checksum: Its SHA-256, in hexadecimal.
        state: Parameters and buffers by name.
        layout: Skeleton of the clips.
        model: A key of `skelgraph.models.MODELS`.
        config: The model's resolved configuration, plain values.
        class_names: One a row of the classifier; none for weights without labels.
        data: How clips were prepared and sampled.
        num_coords: Coordinates a joint.
        num_spatial: How many of them are places.
        provenance: Where the weights come from.
    """

    path: Path
    checksum: str
    state: Mapping[str, Tensor]
    layout: Layout
    model: str
    config: Mapping[str, Any]
    class_names: tuple[str, ...]
    data: DataOptions
    num_coords: int
    num_spatial: int
    provenance: Mapping[str, Any]


def load_start(source: str | Path, *, layout: Layout | None = None, num_spatial: int = 0) -> Start:
    """Read weights to start from.

    Args:
        source: Run folder, weights file (of a run, or of pretraining, which has no classes), or
            `simulated` / `simulated:NAME` for weights that are shipped.
        layout: Skeleton of the new run, by which `simulated` alone is chosen.
        num_spatial: How many coordinates of a joint are places in its recordings, which decides
            between weights for one layout. 0: not known.

    Raises:
        RunError: If there are no such weights, or the file is damaged or does not fit its own
            description.
    """
    if is_shipped(source):
        file = _shipped(str(source), layout, num_spatial)
    else:
        file = find_weights(source)
    metadata, state = read_weights(file)
    try:
        start = _start(file, metadata, state)
        wanted = _shapes_of(start)
    except (KeyError, TypeError, AttributeError, ValueError, RuntimeError) as error:
        raise RunError(
            f"{file}: expected weights with their description, got {type(error).__name__} "
            f"({' '.join(str(error).split())[:200]}). Use the file as skelgraph wrote it."
        ) from error
    _demand_fitting(start, wanted)
    return start


def shipped_weights() -> dict[str, Path]:
    """Map the names of the shipped weights to their files."""
    folder = Path(str(resources.files("skelgraph") / "weights"))
    return {path.stem: path for path in sorted(folder.glob("*.safetensors"))}


def is_shipped(source: str | Path) -> bool:
    """Tell whether a source is the name of shipped weights, and no file or folder."""
    word = str(source)
    named = word == SIMULATED or word.startswith(f"{SIMULATED}:")
    return named and not Path(word).exists()


def _shipped(source: str, layout: Layout | None, num_spatial: int) -> Path:
    known = shipped_weights()
    if not known:
        raise RunError(
            f"{source}: expected weights shipped with skelgraph, found none. Train a run on "
            "simulated clips, `skelgraph train --layout NAME`, and give its folder."
        )
    _, sign, name = source.partition(":")
    if sign:
        if name not in known:
            raise RunError(unknown_name(source, name, known))
        return known[name]
    if layout is None:
        raise RunError(
            f"{source}: expected the name of shipped weights, got none. Give one of "
            f"{', '.join(f'{SIMULATED}:{name}' for name in known)}."
        )
    return max(known.values(), key=lambda file: _likeness(file, layout, num_spatial))


def _likeness(file: Path, layout: Layout, num_spatial: int) -> tuple[bool, int, bool]:
    """How well weights suit: hands or people alike, then joints shared, then coordinates."""
    metadata, _ = read_weights(file)
    own = Layout.from_dict(metadata["layout"])
    shared = len(shared_joints(own, layout))
    return own.instances == layout.instances, shared, metadata["num_spatial"] == num_spatial


def shared_joints(source: Layout, target: Layout) -> dict[str, str]:
    """Find which joints of another layout are those of this one: target joint -> source joint.

    Joints are the same by name, by name within the part of a composite, or because the target's
    rules say so (`Layout.rules`). One that is the mean of several is not shared.

    Example:
        >>> from skelgraph.graphs import load_layout
        >>> found = shared_joints(load_layout("kinect_v2"), load_layout("kinect_v1"))
        >>> found["left_elbow"]
        'left_elbow'
    """
    shared = _parts_of(source, target)
    try:
        conversion = convert_joints(source, _with_rules(target))
    except LayoutError:  # nothing in common, or rules that do not fit: names alone then
        return {joint: joint for joint in target.joints if joint in source.joints} | shared
    for slot in conversion.slots:
        for joint, names in slot.items():
            if len(names) == 1:
                shared.setdefault(joint, names[0])
    return shared


def _with_rules(layout: Layout) -> Layout:
    """The shipped layout in place of an equal one; stores and weights keep no rules."""
    if layout.name not in available_layouts():
        return layout
    shipped = load_layout(layout.name)
    return shipped if shipped == layout else layout


def _parts_of(source: Layout, target: Layout) -> dict[str, str]:
    """Joints of a composite's parts that are the source's own layout."""
    return {
        target.joints[joint]: own
        for part in target.components
        if part.layout == source.name
        for joint in part.joints
        if (own := target.joints[joint].removeprefix(part.prefix)) in source.joints
    }


def _start(file: Path, metadata: Mapping[str, Any], state: Mapping[str, Tensor]) -> Start:
    num_coords = int(metadata["num_coords"])
    return Start(
        path=file,
        checksum=hashlib.sha256(file.read_bytes()).hexdigest(),
        state=_spread_counts(state),
        layout=Layout.from_dict(metadata["layout"]),
        model=metadata["model"]["name"],
        config=metadata["model"]["config"],
        class_names=tuple(metadata["class_names"]),
        data=from_dict(DataOptions, metadata["data"], where="data"),
        num_coords=num_coords,
        num_spatial=int(metadata.get("num_spatial") or num_coords),
        provenance=metadata["provenance"],
    )


def _spread_counts(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give each channel of a norm its own count of batches; older files have one for all."""
    spread = dict(state)
    for name, value in state.items():
        norm, _, what = name.rpartition(".")
        if what == BATCH_COUNT and value.dim() == 0:
            spread[name] = value.expand(len(state[f"{norm}.running_mean"])).clone()
    return spread


def _shapes_of(start: Start) -> dict[str, tuple[int, ...]]:
    """Shapes that the weights of the model described beside them have."""
    classes = max(len(start.class_names), 1)
    model = build_model(start.model, start.layout, num_classes=classes, config=start.config)
    return {name: tuple(value.shape) for name, value in model.state_dict().items()}


def _demand_fitting(start: Start, wanted: Mapping[str, tuple[int, ...]]) -> None:
    """Raise RunError unless the weights are those of the model described beside them."""
    unknown = sorted(set(start.state) - set(wanted))
    # Weights that were learned without labels may lack their head.
    missing = sorted(set(wanted) - set(start.state)) if start.class_names else []
    others = [
        (name, wanted[name], tuple(value.shape))
        for name, value in start.state.items()
        if name in wanted and wanted[name] != tuple(value.shape)
    ]
    faults = [f"expected no weights '{name}', got some" for name in unknown]
    faults += [f"expected weights '{name}', got none" for name in missing]
    faults += [f"expected '{name}' of shape {size}, got {got}" for name, size, got in others]
    if faults:
        step = "Use the file as skelgraph wrote it."
        raise RunError(list_faults(f"{start.path}: {fault}. {step}" for fault in faults))
