"""Layouts by name or from a file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from skelgraph.errors import LayoutError, unknown_name
from skelgraph.graphs.checking_composites import find_attach_faults, find_composite_faults
from skelgraph.graphs.checking_rules import KEY, find_source_faults
from skelgraph.graphs.composing import compose, subset
from skelgraph.graphs.description import FaultyLayoutError
from skelgraph.graphs.layout import Layout

SUFFIXES = (".yaml", ".yml")


def available_layouts() -> tuple[str, ...]:
    """List the names of the shipped layouts, in alphabetical order."""
    return tuple(sorted(_shipped()))


def load_layout(name_or_path: str | Path) -> Layout:
    """Load a shipped layout by its name, or a layout from a YAML file.

    Args:
        name_or_path: A name of `available_layouts`, or a path: a `Path`, or a text that ends
            in .yaml or .yml or holds a folder separator.

    Raises:
        LayoutError: If the name is unknown, or the file is missing or faulty; all of a file's
            faults come in one message.

    Example:
        >>> load_layout("kinect_v2").num_joints
        25
    """
    if not is_path(name_or_path):
        return _load_shipped(str(name_or_path))
    return _load_file(Path(name_or_path))


def is_path(name_or_path: str | Path) -> bool:
    """Tell a layout file's path from a shipped layout's name."""
    if isinstance(name_or_path, Path):
        return True
    return name_or_path.lower().endswith(SUFFIXES) or os.sep in name_or_path or "/" in name_or_path


def read_description(path: Path) -> Any:
    """Read a layout file without checking what it says.

    Raises:
        LayoutError: If there is no such file, or it is no YAML in UTF-8.
    """
    from skelgraph.graphs.yaml_file import parse_yaml

    try:
        content = path.read_bytes()
    except OSError as error:
        raise LayoutError(
            f"{path}: expected a layout file, got '{error.strerror}'. Give a YAML file, or a name "
            "of `skelgraph layouts list`."
        ) from error
    return parse_yaml(content, where=path.name)


def _load_file(path: Path) -> Layout:
    """Load a user's file; the layouts that its rules name are looked up as well.

    Shipped files need not look theirs up each time: a test does.
    """
    description = read_description(path)
    sources, faults = _rule_sources(description, folder=path.parent)
    try:
        layout = _from_description(description, where=path.name, folder=path.parent)
    except FaultyLayoutError as error:
        raise FaultyLayoutError(path.name, [*error.faults, *faults]) from error
    for key, source in sources.items():
        faults += find_source_faults(key, layout.rules[key], source.joints)
    if faults:
        raise FaultyLayoutError(path.name, faults)
    named = {sources[key].name if key in sources else key: own for key, own in layout.rules.items()}
    return replace(layout, rules=named)


def _rule_sources(description: Any, *, folder: Path) -> tuple[dict[str, Layout], list[str]]:
    """Load the layouts that a file's own rules take joints from, and list those that fail."""
    listed = description.get(KEY) if isinstance(description, Mapping) else None
    if not isinstance(listed, Mapping):
        return {}, []
    sources, faults = {}, []
    for key in filter(lambda key: isinstance(key, str), listed):
        try:
            sources[key] = _rule_source(key, folder=folder)
        except LayoutError as error:
            faults.append(f"{KEY}, {key}: {error}")
    return sources, faults


def _rule_source(key: str, *, folder: Path) -> Layout:
    if not is_path(key):
        return _load_shipped(key)
    path = folder / key
    description = read_description(path)
    # Its own rules may name this very file.
    bare = description
    if isinstance(description, Mapping):
        bare = {name: value for name, value in description.items() if name != KEY}
    return _from_description(bare, where=path.name, folder=path.parent)


@cache
def _shipped() -> dict[str, Any]:
    folder = resources.files("skelgraph.graphs") / "layouts"
    return {
        file.name.removesuffix(".yaml"): file
        for file in folder.iterdir()
        if file.name.endswith(".yaml")
    }


@cache
def _load_shipped(name: str) -> Layout:
    from skelgraph.graphs.yaml_file import parse_yaml

    if name not in _shipped():
        raise LayoutError(unknown_name("layout", name, _shipped()))
    where = f"{name}.yaml"
    description = parse_yaml(_shipped()[name].read_bytes(), where=where)
    return _from_description(description, where=where, folder=None)


def _from_description(description: Any, *, where: str, folder: Path | None) -> Layout:
    if not isinstance(description, Mapping) or "compose" not in description:
        return Layout.from_dict(description, where=where)
    faults = find_composite_faults(description)
    if faults:
        raise FaultyLayoutError(where, faults)
    entries = description["compose"]
    layouts = _component_layouts(entries, where=where, folder=folder)
    faults = find_attach_faults(entries, [layout.joints for layout in layouts])
    if faults:
        raise FaultyLayoutError(where, faults)
    return Layout.from_dict(compose(description, layouts), where=where)


def _component_layouts(
    entries: Sequence[Mapping[str, Any]], *, where: str, folder: Path | None
) -> list[Layout]:
    layouts, faults = [], []
    for place, entry in enumerate(entries):
        try:
            layouts.append(_component_layout(entry, folder=folder))
        except LayoutError as error:
            faults.append(f"compose[{place}]: {error}")
    if faults:
        raise FaultyLayoutError(where, faults)
    return layouts


def _component_layout(entry: Mapping[str, Any], *, folder: Path | None) -> Layout:
    named: str | Path = entry["layout"]
    if is_path(named):
        path = (folder or Path()) / named
        description = read_description(path)
        if isinstance(description, Mapping) and "compose" in description:
            raise LayoutError(
                f"layout: expected one that is not composed itself, got '{named}'. "
                "List its parts instead."
            )
        layout = _from_description(description, where=path.name, folder=path.parent)
    else:
        layout = _load_shipped(named)
    if layout.components:
        raise LayoutError(
            f"layout: expected one that is not composed itself, got '{named}'. "
            "List its parts instead."
        )
    joints = entry.get("joints")
    return layout if joints is None else subset(layout, joints)
