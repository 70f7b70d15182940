"""`skelgraph report`: where the page goes, what is said, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from skelgraph.cli.group import root
from skelgraph.graphs import load_layout
from skelgraph.training.reporting import CLIPS, ReportOptions
from skelgraph.training.supervised import train
from tests.training.clips import make_config, make_store


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    store = make_store(folder / "store", load_layout("coco17"), subjects=3, each=1)
    train(make_config(store, epochs=1), folder / "run")
    return folder / "run"


def report(*words: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `skelgraph report ...`."""
    result = CliRunner().invoke(root, ["report", *map(str, words), "--check", "0"])
    return result.exit_code, result.stdout, result.stderr


def test_the_page_lies_in_the_run_and_is_not_replaced_unasked(run: Path) -> None:
    path = run / "report.html"
    code, output, said = report(run, "--method", "cam", "--clips", "2")
    assert (code, output) == (0, f"{path}\n")
    assert "importance (class activation) of" in said
    first = path.read_bytes()
    code, _, error = report(run)
    assert code == 1 and "expected a path that is free" in error
    assert report(run, "--method", "cam", "--clips", "2", "--force")[0] == 0
    assert path.read_bytes() == first


def test_json_says_what_the_page_holds(run: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    code, output, said = report(run, "--method", "none", "-o", path, "--json", "--quiet")
    assert (code, said) == (0, "")
    found = json.loads(output)
    assert found["output"] == str(path) and found["size"] == path.stat().st_size
    assert found["method"] is None and found["notes"] == []
    assert found["clips"]["shown"] == found["clips"]["all"]
    assert [row["part"] for row in found["scores"]] == ["train", "val", "test"]


def test_wrong_names_and_runs_are_refused(run: Path, tmp_path: Path) -> None:
    code, _, error = report(run, "-o", tmp_path / "a.pdf")
    assert code == 2 and "expected a file name ending in .html" in error
    code, _, error = report(tmp_path / "none", "-o", tmp_path / "a.html")
    assert code == 1 and "expected a trained run" in error
    assert not list(tmp_path.iterdir())


def test_the_defaults_are_the_librarys() -> None:
    command = root.get_command(None, "report")  # type: ignore[arg-type]
    assert command is not None
    found = {param.name: param.default for param in command.params}
    assert found["clips"] == CLIPS == ReportOptions().clips
    assert found["checked"] == ReportOptions().checked
