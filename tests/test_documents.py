"""What the README and the documentation show is true: code runs, commands exist, files are read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from skelgraph.cli.group import COMMANDS
from skelgraph.graphs import load_layout
from tests.cli_lines import faults_of, shown_lines
from tests.modules import ROOT, source_files

DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]


def blocks(path: Path, language: str) -> list[str]:
    """Find a document's code blocks of a language."""
    pattern = rf"^```{language}\n(.*?)^```$"
    return re.findall(pattern, path.read_text(encoding="utf-8"), flags=re.M | re.S)


@pytest.mark.parametrize("name", NAMES)
def test_python_blocks_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks(ROOT / name, "python"):
        exec(compile(block, name, "exec"), names)  # a document's blocks follow one another


@pytest.mark.parametrize("name", NAMES)
def test_commands_exist_with_their_options(name: str) -> None:
    text = "\n".join(blocks(ROOT / name, "bash"))
    assert [fault for line in shown_lines(text) for fault in faults_of(line)] == []


@pytest.mark.parametrize("name", NAMES)
def test_commands_in_the_text_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for word in re.findall(r"`skelgraph ([a-z-]+)", text):
        assert word in COMMANDS, f"{name} names a command '{word}'"


@pytest.mark.parametrize("name", NAMES)
def test_links_between_documents_lead_somewhere(name: str) -> None:
    made = {"commands.md"}  # docs/hooks.py writes it
    for target in re.findall(r"\]\(([^)#:]+\.md)[^)]*\)", (ROOT / name).read_text("utf-8")):
        assert target in made or ((ROOT / name).parent / target).is_file(), target


def test_layout_files_that_are_shown_are_right(tmp_path: Path) -> None:
    shown = [block for block in blocks(ROOT / "docs/layouts.md", "yaml") if "joints:" in block]
    assert shown
    for block in shown:
        path = tmp_path / "shown.yaml"
        path.write_text(block, encoding="utf-8")
        assert load_layout(path).num_joints > 1


def test_readme_lists_every_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `skelgraph ([a-z-]+)`", text, flags=re.M) == list(COMMANDS)


def test_first_and_test_command_are_one_line_each() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    first = re.search(r"<!-- main command -->\n```bash\n(.+)\n```", text)
    second = re.search(r"<!-- test command -->\n```bash\n(.+)\n```", text)
    assert first and first.group(1).endswith("&& skelgraph train --layout mediapipe_hands")
    assert second and second.group(1).endswith("&& pytest")
    assert "test command" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_no_document_names_a_place_to_take_packages_from() -> None:
    for path in [*DOCUMENTS, *ROOT.glob("*.*"), ROOT / ".ci" / "run", ROOT / "Makefile"]:
        if path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            assert not re.search(r"index-url|find-links|/simple\b", text), path


def test_documents_that_the_source_names_exist() -> None:
    for path in [*source_files().values(), *(ROOT / "examples").rglob("*.py")]:
        for name in re.findall(r"\b(?:docs|examples)/\w+\.\w+", path.read_text(encoding="utf-8")):
            assert (ROOT / name).is_file(), f"{path} names {name}"
