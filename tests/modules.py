"""The source files of the package, and the names they are imported by."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Folder in the repository -> package it is installed as.
FOLDERS = {"skelgraph": "skelgraph", "graphs": "skelgraph.graphs", "cli": "skelgraph.cli"}


def source_files() -> dict[str, Path]:
    """Map every module of the package to its file."""
    found = {}
    for folder, package in FOLDERS.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            if parts[-1] == "__init__":
                parts = parts[:-1]
            found[".".join((package, *parts))] = path
    return found


def module_names() -> list[str]:
    """Name every module of the package but the one that runs when it is imported."""
    return [name for name in source_files() if not name.endswith("__main__")]
