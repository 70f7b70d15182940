"""Layouts written as files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given

from skelgraph.graphs import Layout, available_layouts, load_layout
from skelgraph.graphs.writing import layout_text, write_layout
from skelgraph.graphs.yaml_file import parse_yaml
from tests.graphs.made_up import random_layouts


@pytest.mark.parametrize("name", available_layouts())
def test_a_written_layout_is_read_back(name: str, tmp_path: Path) -> None:
    path = tmp_path / "copy.yaml"
    write_layout(load_layout(name), path)
    assert load_layout(path) == load_layout(name)
    assert "  - [left_" in path.read_text() or "_mcp, " in path.read_text()


@given(random_layouts())
def test_any_layout_is_read_back(layout: Layout) -> None:
    description = parse_yaml(layout_text(layout).encode(), where="copy")
    assert Layout.from_dict(description) == layout


@pytest.mark.parametrize("joint", ["yes", "a: b", "Ellenbogen ü", "1", "[x]", "#", "null", "- a"])
def test_awkward_names_are_read_back(joint: str) -> None:
    layout = Layout.from_dict(
        {
            "name": joint,
            "joints": [[joint, None, [0, 0, 0]], ["b", joint, [0, 1, 0]]],
            "parts": {joint: [joint]},
            "centre": joint,
            "reference": [[joint], ["b"]],
        }
    )
    assert Layout.from_dict(parse_yaml(layout_text(layout).encode(), where="copy")) == layout
