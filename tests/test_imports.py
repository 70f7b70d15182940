"""Who may import whom, what a bare import costs, and what the package holds."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest

from skelgraph.cli.group import COMMANDS
from tests.modules import FOLDERS, ROOT, source_files

# Lower may not import higher; those on one level may import each other.
LEVELS = {
    "axes": 0,
    "errors": 0,
    "files": 0,
    "graphs": 1,
    "data": 2,
    "transforms": 2,
    "plots": 2,
    "nn": 3,
    "models": 4,
    "explain": 5,
    "evaluation": 5,
    "report": 5,
    "training": 6,
    "live": 6,
    "bench": 7,
    "cli": 8,
    "__main__": 9,
}
# Heavy packages and the only parts that may load them as they are imported.
HEAVY_AT_IMPORT = {
    "torch": {
        *("bench", "data.batching", "data.dataset", "data.graph_item", "data.joining"),
        "data.sampling",
        *("transforms", "nn", "models", "training", "evaluation", "explain"),
    },
    "torch_geometric": set[str](),
    "mediapipe": set[str](),
    "av": set[str](),
    "PIL": set[str](),
    "matplotlib": {"plots"},
    "lightning": {"training"},
    "lightning_fabric": {"training"},
    "torchmetrics": {"evaluation", "training"},
    "sklearn": set[str](),
}
SOURCES = source_files()


def imported_names(tree: ast.AST, *, whole: bool) -> list[str]:
    """List what a file imports: everywhere, or only as the module itself is imported."""
    nodes = ast.walk(tree) if whole else _outside_functions(tree)
    names = []
    for node in nodes:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def _outside_functions(tree: ast.AST) -> list[ast.AST]:
    found = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or _only_for_types(node):
            continue
        found += [node, *_outside_functions(node)]
    return found


def _only_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def part_of(module: str) -> str:
    """Name the part of the package that a module belongs to, '' for the package itself."""
    words = module.split(".")
    return words[1] if len(words) > 1 else ""


def parsed(path: Path) -> ast.AST:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("module", [name for name in SOURCES if name != "skelgraph"])
def test_imports_go_one_way(module: str) -> None:
    level = LEVELS[part_of(module)]
    for name in imported_names(parsed(SOURCES[module]), whole=True):
        if name.startswith("skelgraph.") and part_of(name) in LEVELS:
            assert LEVELS[part_of(name)] <= level, f"{module} imports {name}"


@pytest.mark.parametrize("module", SOURCES)
def test_no_relative_imports(module: str) -> None:
    nodes = [n for n in ast.walk(parsed(SOURCES[module])) if isinstance(n, ast.ImportFrom)]
    assert all(node.level == 0 for node in nodes)


@pytest.mark.parametrize("module", SOURCES)
def test_heavy_packages_are_loaded_where_they_may(module: str) -> None:
    inside = module.removeprefix("skelgraph").removeprefix(".")
    for name in imported_names(parsed(SOURCES[module]), whole=False):
        allowed = HEAVY_AT_IMPORT.get(name.split(".")[0])
        if allowed is not None:
            assert inside in allowed or inside.split(".")[0] in allowed, f"{module} loads {name}"


@pytest.mark.parametrize("module", ["skelgraph", *(m for m, _ in COMMANDS.values())])
def test_import_is_light(module: str) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()
    assert not {*HEAVY_AT_IMPORT, "numpy", "scipy", "rich"} & set(loaded)


def test_packages_of_setup_cfg_are_those_of_the_tree() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = config["options"]["packages"].split()
    folders = {
        ".".join((FOLDERS[top], *path.parent.relative_to(ROOT / top).parts))
        for top in FOLDERS
        for path in (ROOT / top).rglob("*.py")
    }
    assert sorted(listed) == sorted(folders)
    assert all((path := SOURCES.get(name)) and path.name == "__init__.py" for name in listed)


def test_no_module_is_named_after_the_standard_library() -> None:
    stems = {path.stem for path in SOURCES.values()} - {"__init__", "__main__"}
    assert not stems & set(sys.stdlib_module_names)
    assert not stems & {"utils", "common", "helpers", "misc"}


def test_every_package_that_is_imported_is_asked_for() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    extras = config["options.extras_require"]
    wanted = config["options"]["install_requires"] + extras["test"] + extras["formats"]
    asked = {re.split(r"[<>=!~;\[ ]", line)[0].lower() for line in wanted.split("\n") if line}
    names = {"yaml": "pyyaml", "sklearn": "scikit-learn", "PIL": "pillow"}
    for module, path in SOURCES.items():
        for name in imported_names(parsed(path), whole=True):
            top = name.split(".")[0]
            if top in sys.stdlib_module_names or top == "skelgraph":
                continue
            package = names.get(top, top.replace("_", "-"))
            assert package in asked, f"{module} imports {top}, which setup.cfg does not ask for"


def test_constraints_pin_what_setup_cfg_asks_for() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.split("==")[0].lower() for line in lines if "==" in line}
    extras = config["options.extras_require"]
    wanted = config["options"]["install_requires"] + extras["test"] + extras["formats"]
    asked = {re.split(r"[<>=!~;\[ ]", line)[0].lower() for line in wanted.split("\n") if line}
    assert asked <= pinned
