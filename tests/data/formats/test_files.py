"""Finding the files of a source."""

from __future__ import annotations

from pathlib import Path

import pytest

from skelgraph.data.formats import files
from skelgraph.data.formats.files import find_files, first_files
from skelgraph.data.formats.table import FORMATS
from tests.data.formats import test_array_sets, test_kinetics_json


def test_a_look_passes_over_what_is_not_read(tmp_path: Path) -> None:
    for name in ("._a.pose", ".trash/b.pose", "deep/c.pose", "d.pose"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.pose").mkdir()
    found = find_files(tmp_path, "*.pose")
    assert [file.name for file in found] == ["d.pose", "c.pose"]
    assert sorted(first_files(tmp_path, "*.pose")) == found
    assert first_files(tmp_path, "*.pose", 1)[0] in found


def test_a_look_comes_to_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LOOKED_THROUGH", 3)
    for name in ("a/1.csv", "a/2.csv", "a/3.csv", "b/4.pose"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert first_files(tmp_path, "*.pose") == []
    assert find_files(tmp_path, "*.pose") == [tmp_path / "b" / "4.pose"]


def test_hidden_sets_are_not_seen(tmp_path: Path) -> None:
    hidden = tmp_path / ".trash"
    hidden.mkdir()
    test_array_sets.stgcn(hidden)
    test_kinetics_json.write(hidden, test_kinetics_json.video([[test_kinetics_json.body(0.3)]]))
    assert [name for name, module in FORMATS.items() if module.recognises(tmp_path)] == []
    assert [name for name, module in FORMATS.items() if module.recognises(hidden)] == [
        "kinetics_json",
        "stgcn_arrays",
    ]


def test_hidden_files_alone_are_no_source(tmp_path: Path) -> None:
    for ending in ("bvh", "c3d", "pose", "skeleton", "json", "csv", "npy"):
        (tmp_path / f"._a.{ending}").write_text("joint.x,joint.y,joint.z,a,b,c\n1,2,3,4,5,6\n")
    assert [name for name, module in FORMATS.items() if module.recognises(tmp_path)] == []
