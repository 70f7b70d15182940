"""Splits: everything is in one part, and nobody is in two."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skelgraph.data.grouping import balanced_parts, group_clips, join_groups
from skelgraph.data.protocol_names import PROTOCOLS
from skelgraph.data.protocols import Split, num_folds, split_clips
from skelgraph.data.table import ClipTable
from skelgraph.errors import ProtocolError
from tests.data.made_up import table

SIX = table([s for s in range(6) for _ in range(6)], [0, 1, 2] * 12)


def parts_of(split: Split) -> list[np.ndarray]:
    return [split.train, split.val, split.test]


def check(split: Split, index: ClipTable, *, apart: str | None = "subject") -> None:
    rows = np.concatenate(parts_of(split))
    assert sorted(rows) == np.flatnonzero(index.label >= 0).tolist()
    assert all(len(part) for part in parts_of(split))
    if apart is not None:
        held = [set(getattr(index, apart)[part].tolist()) for part in parts_of(split)]
        assert not held[0] & held[1] and not held[0] & held[2] and not held[1] & held[2]


@pytest.mark.parametrize("protocol", ["xsub", "loso", "random"])
def test_folds_test_everybody_once(protocol: str) -> None:
    count = num_folds(SIX, protocol, folds=3)
    splits = [split_clips(SIX, protocol, fold=fold) for fold in range(count)]
    for split in splits:
        check(split, SIX)
    assert sorted(np.concatenate([s.test for s in splits])) == list(range(36))
    assert count == (6 if protocol == "loso" else 3)


@given(
    subjects=st.lists(st.integers(0, 9), min_size=12, max_size=40),
    folds=st.integers(2, 4),
    seed=st.integers(0, 3),
    data=st.data(),
)
def test_any_grouped_split_is_whole_and_apart(
    subjects: list[int], folds: int, seed: int, data: st.DataObject
) -> None:
    label = [data.draw(st.integers(-1, 1)) for _ in subjects]
    index = table(subjects, label)
    for fold in range(folds):
        try:
            split = split_clips(index, "random", fold=fold, folds=folds, seed=seed)
        except ProtocolError:
            continue
        check(split, index)
        again = split_clips(index, "random", fold=fold, folds=folds, seed=seed)
        for one, other in zip(parts_of(split), parts_of(again), strict=True):
            np.testing.assert_array_equal(one, other)
        assert split.details["unlabelled"] == label.count(-1)


def test_seeds_differ_and_folds_of_one_seed_are_disjoint() -> None:
    tests = {seed: tuple(split_clips(SIX, "random", seed=seed).test.tolist()) for seed in range(6)}
    assert len(set(tests.values())) > 1


def test_leave_one_out_validates_on_the_next() -> None:
    index = table([7] * 4 + [3] * 4 + [9] * 4, [0, 1] * 6)
    found = [
        tuple(set(index.subject[part].tolist()) for part in parts_of(split))
        for split in (split_clips(index, "loso", fold=fold) for fold in range(3))
    ]
    assert found == [({9}, {7}, {3}), ({3}, {9}, {7}), ({7}, {3}, {9})]
    other = split_clips(index, "loso", fold=0, val=[9])
    assert set(index.subject[other.val]) == {9} and set(index.subject[other.train]) == {7}


def test_given_subjects_test_and_validate() -> None:
    split = split_clips(SIX, "xsub", test=[1, 3, 5], val=[0])
    assert split.details["subjects"] == {"train": [2, 4], "val": [0], "test": [1, 3, 5]}
    drawn = split_clips(SIX, "xsub", test=[1, 3, 5])
    check(drawn, SIX)
    assert drawn.details["subjects"]["test"] == [1, 3, 5]


@pytest.mark.parametrize(("protocol", "column"), [("xview", "camera"), ("xset", "setup")])
def test_cameras_and_setups(protocol: str, column: str) -> None:
    index = table(
        [s for s in range(4) for _ in range(6)], [0, 0, 0, 1, 1, 1] * 4, **{column: [1, 2, 3] * 8}
    )
    split = split_clips(index, protocol, test=[3])
    check(split, index, apart=None)
    assert set(getattr(index, column)[split.test]) == {3}
    assert set(getattr(index, column)[split.train]) == {1, 2}
    assert not set(index.subject[split.train]) & set(index.subject[split.val])
    named = split_clips(index, protocol, test=[3], val=[2])
    check(named, index, apart=column)


def test_unknown_subjects_are_grouped_by_recording() -> None:
    films = [f"film_{number // 2}" for number in range(24)]
    index = table([-1] * 24, [0, 1] * 12, source=films)
    split = split_clips(index, "random")
    check(split, index, apart="source")
    assert split.details["grouped_by"] == "recording"
    some = table([0, 0, -1, -1], [0, 1, 0, 1])
    assert group_clips(some)[1] == "subject, recording where unknown"


def test_people_in_one_recording_stay_together() -> None:
    index = table([0, 1, 1, 2], [0, 0, 0, 0], source=["a", "a", "b", "c"])
    groups, _ = group_clips(index)
    assert groups.tolist() == [0, 0, 0, 1]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=20))
def test_joined_groups_are_the_connected_ones(pairs: list[tuple[int, int]]) -> None:
    first, second = (np.array(column) for column in zip(*pairs, strict=True))
    group = join_groups(first, second)
    slow = list(range(len(pairs)))
    for _ in pairs:
        for i, (a, b) in enumerate(pairs):
            for j, (c, d) in enumerate(pairs):
                if a == c or b == d:
                    slow[i] = slow[j] = min(slow[i], slow[j])
    for i in range(len(pairs)):
        for j in range(len(pairs)):
            assert (group[i] == group[j]) == (slow[i] == slow[j])


def test_parts_are_balanced_by_class() -> None:
    groups = np.arange(40)
    label = np.repeat([0, 1], [30, 10])
    part = balanced_parts(groups, label, count=5, seed=0)
    for number in range(5):
        assert np.bincount(label[part == number]).tolist() == [6, 2]


def test_written_splits(tmp_path: Path) -> None:
    lists = {"train": [0, 1, 2, 3], "val": [4, 5], "test": [6, 7]}
    index = table([0, 0, 0, 0, 1, 1, 2, 2, 2], [0, 1] * 4 + [0])
    text = "clip,split\n" + "".join(
        f"clip_{row},{name}\n" for name, rows in lists.items() for row in rows
    )
    (tmp_path / "split.csv").write_text(text)
    folder = tmp_path / "lists"
    folder.mkdir()
    for name, rows in lists.items():
        (folder / f"{name}.txt").write_text("\n".join(f"clip_{row}" for row in rows) + "\n\n")
    for path in (tmp_path / "split.csv", folder):
        split = split_clips(index, "files", files=path)
        assert [part.tolist() for part in parts_of(split)] == list(lists.values())
        assert split.details["left_out"] == 1
    (folder / "val.txt").unlink()
    (folder / "train.txt").write_text("\n".join(f"clip_{row}" for row in range(6)))
    split = split_clips(index, "files", files=folder)
    assert split.val.tolist() in ([0, 1, 2, 3], [4, 5])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("clip,split\nclip_0,train\nclip_77,test\n", "row 3: expected a clip of the store"),
        ("clip,split\nclip_0,training\n", "row 2: expected one of train, val, test"),
        ("clip,split\nclip_0,train\nclip_0,test\n", "expected 'clip_0' in one part"),
        ("clip,part\nclip_0,train\n", "expected columns clip and split"),
        ("", "expected columns clip and split, got no rows"),
    ],
)
def test_faulty_split_files_are_told(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "split.csv").write_text(text)
    with pytest.raises(ProtocolError, match=message):
        split_clips(SIX, "files", files=tmp_path / "split.csv")


def test_a_subject_in_both_parts_is_told(tmp_path: Path) -> None:
    index = table([0, 0, 1, 1, 2, 2], [0, 1] * 3)
    rows = zip(range(6), ["train", "train", "val", "val", "test", "train"], strict=True)
    text = "clip,split\n" + "".join(f"clip_{row},{name}\n" for row, name in rows)
    (tmp_path / "split.csv").write_text(text)
    with pytest.raises(
        ProtocolError, match=r"subject 2: expected in one part, got in train and te"
    ):
        split_clips(index, "files", files=tmp_path / "split.csv")


def test_missing_split_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match=r"expected train.txt, test.txt, got none"):
        split_clips(SIX, "files", files=tmp_path)
    with pytest.raises(ProtocolError, match=r"expected a readable split file"):
        split_clips(SIX, "files", files=tmp_path / "none.csv")
    with pytest.raises(ProtocolError, match=r"files: expected a CSV file or a folder"):
        split_clips(SIX, "files")


@pytest.mark.parametrize(
    ("protocol", "options", "message"),
    [
        ("xsubject", {}, "Did you mean 'xsub'"),
        ("random", {"fold": 3}, "fold: expected 0 to 2, got 3"),
        ("loso", {"fold": 6}, "fold: expected 0 to 5, got 6"),
        ("random", {"folds": 1}, "folds: expected at least 2"),
        ("random", {"folds": 7}, "folds: expected at most 6"),
        ("random", {"val_fraction": 0.0}, "val_fraction: expected a share"),
        ("xsub", {"test": [1, 9]}, "subject: expected some of 0, 1, 2, 3, 4, 5, got 9"),
        ("xsub", {"test": [1], "val": [1]}, "different ones in test and val, got 1"),
        ("xsub", {"test": [0, 1, 2, 3, 4, 5]}, "expected clips in train, got none"),
        ("random", {"test": [1], "val": [1]}, "test: expected it with protocol"),
        ("loso", {"test": [1]}, "with protocol xsub or xview or xset only"),
        ("xsub", {"files": "split.csv"}, "files: expected it with protocol"),
        ("xview", {"test": [1]}, "expected a camera for every clip, got none for 36 of 36"),
    ],
)
def test_what_cannot_be_split_is_told(protocol: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ProtocolError, match=message):
        split_clips(SIX, protocol, **options)


def test_classes_that_cannot_be_learned_are_told() -> None:
    lonely = table([0, 0, 1, 1, 2, 2, 2], [0, 1, 0, 1, 0, 1, 2])
    with pytest.raises(ProtocolError, match=r"class 'wave': expected at least 2 clips, got 1"):
        split_clips(lonely, "loso", fold=0)
    unseen = table([0, 0, 1, 1, 2, 2, 2], [0, 2, 0, 1, 0, 1, 2])
    with pytest.raises(ProtocolError, match=r"class 'pull': expected clips in train, got none"):
        split_clips(unseen, "xsub", test=[2], val=[1])
    with pytest.raises(ProtocolError, match=r"expected labelled clips, got none.*--labels"):
        split_clips(table([0, 1], [-1, -1]), "random")
    with pytest.raises(ProtocolError, match=r"expected clips that can be kept apart, got those"):
        split_clips(table([3, 3, 3, 3], [0, 1, 0, 1]), "random")
    with pytest.raises(
        ProtocolError, match=r"expected clips in train, got none. There are too few"
    ):
        split_clips(table([0, 0, 1, 1], [0, 1, 0, 1]), "loso")


def test_names_and_parts() -> None:
    assert set(PROTOCOLS) == {"xsub", "xview", "xset", "loso", "files", "random"}
    assert num_folds(SIX, "files") == 1 and num_folds(SIX, "xsub", folds=4) == 4
    split = split_clips(SIX, "loso")
    assert split.part("val") is split.val
    with pytest.raises(ProtocolError, match=r"part: expected one of"):
        split.part("tests")
    with pytest.raises(ProtocolError, match=r"protocol: expected one of"):
        num_folds(SIX, "rnd")


@pytest.mark.parametrize(
    ("protocol", "options"),
    [
        ("random", {"test": [1]}),
        ("random", {"val": [1]}),
        ("loso", {"test": [1]}),
        ("xsub", {"files": "split.csv"}),
        ("files", {"test": [1], "files": "split.csv"}),
    ],
)
def test_what_a_protocol_would_pass_over_is_refused(protocol: str, options: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError, match=f"expected it with protocol .* got it with {protocol}"):
        split_clips(SIX, protocol, **options)


@pytest.mark.parametrize("protocol", ["xsub", "loso"])
def test_who_tests_by_fold_cannot_be_asked_to_validate(protocol: str) -> None:
    tested = int(SIX.subject[split_clips(SIX, protocol, fold=1).test[0]])
    other = next(
        s for s in range(6) if s not in SIX.subject[split_clips(SIX, protocol, fold=1).test]
    )
    with pytest.raises(ProtocolError, match=f"got {tested} in both"):
        split_clips(SIX, protocol, fold=1, val=[tested, other])
