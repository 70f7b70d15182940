"""Finding the files of a source."""

from __future__ import annotations

from pathlib import Path

from skelgraph.data.formats.files import find_files, first_files
from skelgraph.data.formats.table import FORMATS


def test_a_look_passes_over_what_is_not_read(tmp_path: Path) -> None:
    for name in ("._a.pose", ".trash/b.pose", "deep/c.pose", "d.pose"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.pose").mkdir()
    found = find_files(tmp_path, "*.pose")
    assert [file.name for file in found] == ["d.pose", "c.pose"]
    assert sorted(first_files(tmp_path, "*.pose")) == found
    assert first_files(tmp_path, "*.pose", 1)[0] in found


def test_hidden_files_alone_are_no_source(tmp_path: Path) -> None:
    for ending in ("bvh", "c3d", "pose", "skeleton", "json", "csv", "npy"):
        (tmp_path / f"._a.{ending}").write_text("joint.x,joint.y,joint.z,a,b,c\n1,2,3,4,5,6\n")
    assert [name for name, module in FORMATS.items() if module.recognises(tmp_path)] == []
