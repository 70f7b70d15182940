"""Files that are written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from skelgraph.files import written_whole


def test_a_failed_write_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    target = tmp_path / "gone" / "labels.csv"
    with pytest.raises(FileNotFoundError) as raised, written_whole(target) as path:
        path.parent.rmdir()
        path.write_text("a")
    assert raised.value.filename == str(target)


def test_nothing_is_left_of_a_file_that_failed(tmp_path: Path) -> None:
    target = tmp_path / "labels.csv"
    target.write_text("before")
    with pytest.raises(ValueError, match="wrong"), written_whole(target) as path:
        path.write_text("after")
        raise ValueError("wrong")
    assert [item.name for item in tmp_path.iterdir()] == ["labels.csv"]
    assert target.read_text() == "before"
