"""Labels from a CSV file."""

from __future__ import annotations

from pathlib import Path

import pytest

from skelgraph.data.formats import convert
from skelgraph.data.store import Store
from skelgraph.errors import FormatError
from tests.data.made_up import write_npz


def converted(folder: Path, text: str) -> Store:
    (folder / "labels.csv").write_text(text, encoding="utf-8")
    return convert(
        write_npz(folder / "set.npz"), folder / "store", labels=folder / "labels.csv", force=True
    )


def test_known_classes_keep_their_numbers(tmp_path: Path) -> None:
    store = converted(tmp_path, "clip,class\nset_00000,pull\nset_00001,push\n")
    assert store.class_names == ("push", "pull") and store.clips.label.tolist() == [1, 0]


def test_new_classes_are_numbered_in_sorted_order(tmp_path: Path) -> None:
    store = converted(tmp_path, "clip,class,subject\nset_00000,wave,8\nset_00001,nod,9\n")
    assert store.class_names == ("nod", "wave") and store.clips.label.tolist() == [1, 0]
    assert store.clips.subject.tolist() == [8, 9]


def test_clips_left_out_lose_their_label_and_are_counted(tmp_path: Path) -> None:
    store = converted(tmp_path, "clip,label\nset_00001,0\n")
    assert store.clips.label.tolist() == [-1, 0]
    assert store.report["notes"] == ["1 clips are not in labels.csv: unlabelled"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,class\na,b\n", "expected columns clip and class"),
        ("clip,class\nwalking,push\n", "got 'walking'. Clips are called like 'set_00000'."),
        ("clip,class\nset_00007,push\n", "got 'set_00007'. Did you mean 'set_0000"),
        ("clip,label\nset_00000,one\n", "row 2: expected a whole number as label"),
        ("clip,label\nset_00000,5\n", "expected labels below 2, got 5"),
        ("clip,class\nset_00000,a\nset_00000,b\n", "row 3: expected each clip once"),
    ],
)
def test_faults_are_told_and_nothing_is_written(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        converted(tmp_path, text)
    assert not (tmp_path / "store").exists()


def test_no_file_of_labels(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"expected a readable CSV file, got 'No such file"):
        convert(write_npz(tmp_path / "a.npz"), tmp_path / "s", labels=tmp_path / "none.csv")
