"""`skelgraph layouts`: list, show, check."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from skelgraph.cli.group import root
from skelgraph.graphs import available_layouts, load_layout


def run(*words: Any) -> Result:
    return CliRunner().invoke(root, ["layouts", *map(str, words)])


def test_list() -> None:
    result = run("list")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["layout", *available_layouts()]
    assert "25     24  people     Kinect v2, 25 joints" in result.stdout


def test_list_as_json() -> None:
    found = json.loads(run("list", "--json").stdout)
    assert found["schema_version"] == 1
    assert [layout["name"] for layout in found["layouts"]] == list(available_layouts())
    assert found["layouts"][4]["max_bodies"] == 2


@pytest.mark.parametrize("name", available_layouts())
def test_show(name: str) -> None:
    result = run("show", name)
    layout = load_layout(name)
    assert result.exit_code == 0
    assert layout.title in result.stdout
    rows = result.stdout.splitlines()[-layout.num_joints :]
    assert [row.split()[1] for row in rows] == list(layout.joints)


def test_show_as_json() -> None:
    found = json.loads(run("show", "coco17", "--json").stdout)
    assert found["num_edges"] == 18
    assert found["layout"] == load_layout("coco17").to_dict()


@pytest.mark.parametrize(
    ("suffix", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")]
)
def test_show_writes_a_figure(tmp_path: Path, suffix: str, start: bytes) -> None:
    path = tmp_path / f"figure.{suffix}"
    result = run("show", "mads", "--output", path)
    assert result.exit_code == 0
    assert path.read_bytes().startswith(start)
    assert f"wrote {path}" in result.stderr
    assert run("show", "mads", "--output", path).exit_code == 1
    assert run("show", "mads", "--output", path, "--force", "--quiet").stderr == ""


def test_show_writes_a_file_to_start_from(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    assert run("show", "openpose_upper8_hands", "--output", path).exit_code == 0
    assert load_layout(path) == load_layout("openpose_upper8_hands")
    result = run("check", path)
    assert (result.exit_code, result.stdout) == (
        0,
        f"{path}: layout 'openpose_upper8_hands' has no faults: 50 joints, 55 edges.\n",
    )


def test_check_lists_all_faults(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    run("show", "mads", "--output", path)
    path.write_text(path.read_text().replace("centre: [neck]", "centre: [nek]\nvirtul: []"))
    result = run("check", path)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "got 2 faults" in result.stderr
    found = json.loads(run("check", path, "--json").stdout)
    assert found["valid"] is False
    assert [fault.split(":")[0] for fault in found["faults"]] == ["keys", "centre"]


def test_check_of_what_is_no_file(tmp_path: Path) -> None:
    result = run("check", tmp_path / "none.yaml", "--json")
    assert result.exit_code == 1
    assert "No such file" in json.loads(result.stdout)["faults"][0]
    assert result.stderr.count("\n") == 1


def test_check_as_json(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    run("show", "mads", "--output", path)
    found = json.loads(run("check", path, "--json").stdout)
    assert (found["valid"], found["faults"], found["num_joints"]) == (True, [], 19)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("show", "madz"), 1, "Did you mean 'mads'?"),
        (("show", "mads", "--output", "figure.gif"), 2, "expected one of .pdf, .png, .svg, .yaml"),
        (("show",), 2, "Missing argument 'NAME_OR_FILE'"),
        (("chck",), 2, "No such command 'chck'"),
    ],
)
def test_wrong_usage(words: tuple[str, ...], code: int, message: str) -> None:
    result = run(*words)
    assert result.exit_code == code
    assert message in result.stderr
    assert "Traceback" not in result.stderr
