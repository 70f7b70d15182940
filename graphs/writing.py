"""Layouts as files that people can read and change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from skelgraph.graphs.checking_rules import KEY, write_rules
from skelgraph.graphs.layout import Layout

HEADING = "# Neutral positions: x to the person's right, y up, z away from the camera, metres."


def write_layout(layout: Layout, path: str | Path) -> None:
    """Write a layout as a YAML file that `load_layout` reads back as an equal layout.

    A composite is written as one skeleton, with its components named.

    Args:
        layout: Skeleton to write.
        path: File to write; one that is there is replaced.
    """
    Path(path).write_text(layout_text(layout), encoding="utf-8")


def layout_text(layout: Layout) -> str:
    """Word a layout as YAML, a row for each joint; keys that hold nothing are left out."""
    import yaml

    def flow(value: Any) -> str:
        text: str = yaml.safe_dump(
            value, default_flow_style=True, width=10**6, allow_unicode=True, sort_keys=False
        )
        return text.removesuffix("...\n").strip()

    lines = []
    for key, value in {**layout.to_dict(), KEY: write_rules(layout.rules)}.items():
        if key == "joints":
            lines += [HEADING, "joints:"]
        elif isinstance(value, list) and value and isinstance(value[0], (list, dict)):
            lines.append(f"{key}:")
        elif isinstance(value, dict) and value:
            lines += [
                f"{key}:",
                *(f"  {flow(part)}: {flow(names)}" for part, names in value.items()),
            ]
            continue
        else:
            lines += [f"{key}: {flow(value)}"] if value else []
            continue
        lines += [f"  - {flow(item)}" for item in value]
    return "\n".join(lines) + "\n"
