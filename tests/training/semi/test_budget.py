"""Which clips are labelled, unlabelled, held out and tested."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skelgraph.data.store import Store, write_store
from skelgraph.errors import ConfigError, ProtocolError
from skelgraph.graphs import load_layout
from skelgraph.training.config import FewOptions, ProtocolOptions
from skelgraph.training.semi.few_split import split_few
from skelgraph.training.semi.folds import fold_labelled
from tests.training.clips import CLASSES, make_clips

XSUB = ProtocolOptions(protocol="xsub", folds=3)


def labels_of(store: Store, budget: str, **options: object) -> np.ndarray:
    split = split_few(store, XSUB, FewOptions(label_budget=budget, **options))  # type: ignore[arg-type]
    return split.given[split.labelled]


def half_labelled(path: Path) -> Store:
    """A store in which every second clip has no label."""
    clips = make_clips(load_layout("mediapipe_hands"))
    kept = [c if i % 2 else replace(c, label=None) for i, c in enumerate(clips)]
    return write_store(path, kept, class_names=CLASSES, provenance={"made": "in a test"})


@pytest.mark.parametrize(("budget", "counts"), [("2", [2, 2, 2]), ("0.25", [2, 2, 2])])
def test_labels_are_balanced(store: Store, budget: str, counts: list[int]) -> None:
    # 24 of 36 clips do not test.
    assert np.bincount(labels_of(store, budget)).tolist() == counts


def test_a_share_gives_each_class_a_label_at_least(store: Store) -> None:
    assert np.bincount(labels_of(store, "0.01")).tolist() == [1, 1, 1]


def test_all_takes_every_label(store: Store) -> None:
    assert len(labels_of(store, "all")) == 24


def test_a_class_is_spread_over_the_people(store: Store) -> None:
    split = split_few(store, XSUB, FewOptions(label_budget="4"))
    for label in range(3):
        rows = split.labelled[split.given[split.labelled] == label]
        assert len(set(store.clips.subject[rows])) == 4


def test_parts_are_disjoint_and_nobody_tests_who_trains(store: Store) -> None:
    split = split_few(store, XSUB, FewOptions(label_budget="2"))
    parts = [split.labelled, split.unlabelled, split.val, split.test]
    rows = np.concatenate(parts)
    assert sorted(rows) == list(range(36))
    seen = set(store.clips.subject[np.concatenate(parts[:2])])
    assert not seen & set(store.clips.subject[split.test])


def test_draws_follow_the_seed(store: Store) -> None:
    def drawn(seed: int) -> list[int]:
        return split_few(
            store, XSUB, FewOptions(label_budget="2", draw_seed=seed)
        ).labelled.tolist()

    assert drawn(0) == drawn(0)
    assert len({tuple(drawn(seed)) for seed in range(5)}) > 1


def test_full_validation_stays_out_of_the_budget(store: Store) -> None:
    split = split_few(store, XSUB, FewOptions(label_budget="2", full_validation=True))
    assert len(split.val) == 6
    assert len(split.labelled) + len(split.unlabelled) == 18


def test_clips_without_a_label_are_unlabelled_unless_their_person_tests(tmp_path: Path) -> None:
    store = half_labelled(tmp_path / "store")
    split = split_few(store, XSUB, FewOptions(label_budget="all"))
    assert (store.clips.label[split.unlabelled] < 0).all()
    assert len(split.labelled) == len(split.unlabelled) == 12
    assert split.details["left_out"] == 6
    tested = set(store.clips.subject[split.test])
    assert not tested & set(store.clips.subject[split.unlabelled])


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_a_file_names_the_labelled_clips(store: Store, tmp_path: Path) -> None:
    test = split_few(store, XSUB, FewOptions()).test
    free = [row for row in range(36) if row not in set(test.tolist())]
    chosen = [next(r for r in free if store.clips.label[r] == label) for label in range(3)]
    names = "\n".join(str(store.clips.name[row]) for row in chosen)
    budget = write(tmp_path / "given.csv", f"clip\n{names}\n")
    split = split_few(store, XSUB, FewOptions(label_budget=budget))
    assert split.labelled.tolist() == sorted(chosen)


def test_faults_of_a_file_come_together(store: Store, tmp_path: Path) -> None:
    split = split_few(store, XSUB, FewOptions())
    tested, free = store.clips.name[split.test[0]], split.unlabelled[0]
    wrong = next(n for i, n in enumerate(CLASSES) if i != store.clips.label[free])
    text = f"clip,label\nnobody,\n{tested},\n{store.clips.name[free]},{wrong}\n"
    with pytest.raises(ConfigError) as found:
        split_few(store, XSUB, FewOptions(label_budget=write(tmp_path / "x.csv", text)))
    lines = str(found.value)
    assert "row 2: expected a clip of the store, got 'nobody'" in lines
    assert "row 3: expected a clip that does not test" in lines
    assert "row 4: expected the store's label" in lines


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected the clips whose labels may be used, got none"),
        ("clip,label\n", "expected the clips whose labels may be used, got none"),
        ("clip;label\na;b\n", "expected a column clip, .* got clip;label"),
    ],
)
def test_a_file_without_clips(store: Store, tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        labels_of(store, write(tmp_path / "x.csv", text))


def test_a_file_that_leaves_out_a_class(store: Store, tmp_path: Path) -> None:
    split = split_few(store, XSUB, FewOptions(label_budget="1"))
    rows = split.labelled[split.given[split.labelled] < 2]
    names = "".join(f"{store.clips.name[row]}\n" for row in rows)
    with pytest.raises(ConfigError, match=r"x.csv: expected a label for each class .* shaking\."):
        labels_of(store, write(tmp_path / "x.csv", f"clip\n{names}"))


def test_people_who_do_not_test_and_have_no_labels(tmp_path: Path) -> None:
    clips = make_clips(load_layout("mediapipe_hands"))
    kept = [replace(c, label=None) if c.label == 2 and c.subject > 1 else c for c in clips]
    store = write_store(tmp_path / "s", kept, class_names=CLASSES, provenance={"made": "here"})
    by_number = ProtocolOptions(protocol="xsub", test=(0, 1), val=(2,))
    with pytest.raises(ProtocolError, match=r"(?s)'shaking'.*--files FILE.csv, with a part"):
        split_few(store, by_number, FewOptions(label_budget="1"))
    parts = {0: "test", 1: "test", 2: "train", 3: "train", 4: "unlabelled", 5: "unlabelled"}
    by_file = groups_file(store, tmp_path / "split.csv", parts)
    with pytest.raises(ConfigError, match=r"people who do not test, got none of shaking\."):
        split_few(store, by_file, FewOptions(label_budget="1"))
    rows = [r for r in range(36) if store.clips.subject[r] in (2, 3) and r % 2 == 0]
    names = [str(store.clips.name[row]) for row in rows]
    text = "".join(f"{n},{next(c for c in CLASSES if c in n)}\n" for n in names)
    budget = write(tmp_path / "given.csv", f"clip,label\n{text}")
    assert split_few(store, by_file, FewOptions(label_budget=budget)).labelled.tolist() == rows


def test_a_fault_of_the_protocol_alone_says_no_more(store: Store) -> None:
    with pytest.raises(ProtocolError) as found:
        split_few(store, ProtocolOptions(protocol="xsub", test=(99,)), FewOptions())
    assert "FILE.csv" not in str(found.value)


@pytest.mark.parametrize("budget", ["0", "-1", "1.5", "2.5"])
def test_numbers_that_are_no_budget(store: Store, budget: str) -> None:
    with pytest.raises(ConfigError, match=r"label_budget: expected a share in \(0, 1\]"):
        labels_of(store, budget)


def test_what_is_neither_a_number_nor_a_file(store: Store) -> None:
    with pytest.raises(ConfigError, match="label_budget: expected a share"):
        labels_of(store, "some")


def groups_file(store: Store, path: Path, parts: dict[int, str]) -> ProtocolOptions:
    table = store.clips
    rows = [
        f"{name},{parts[int(who)]}"
        for name, who in zip(table.name, table.subject, strict=True)
        if int(who) in parts
    ]
    return ProtocolOptions(
        protocol="files", files=write(path, "clip,split\n" + "\n".join(rows) + "\n")
    )


def test_three_groups_of_people_by_a_file(store: Store, tmp_path: Path) -> None:
    parts = {0: "train", 1: "train", 2: "unlabelled", 3: "unlabelled", 4: "test"}
    protocol = groups_file(store, tmp_path / "groups.csv", parts)
    split = split_few(store, protocol, FewOptions(label_budget="2"))
    people = [set(store.clips.subject[r]) for r in (split.labelled, split.unlabelled, split.test)]
    assert people == [{0, 1}, {2, 3}, {4}]
    assert len(split.unlabelled) == 12
    assert split.details["left_out"] == 36 - 6 - 12 - 6


def test_a_file_that_shares_a_person_with_test(store: Store, tmp_path: Path) -> None:
    protocol = groups_file(store, tmp_path / "g.csv", {0: "train", 1: "unlabelled", 2: "test"})
    text = Path(str(protocol.files)).read_text().replace("s1_still_0,unlabelled", "s1_still_0,test")
    write(tmp_path / "g.csv", text)
    with pytest.raises(ProtocolError, match="expected in test or in the other parts, got in both"):
        split_few(store, protocol, FewOptions(label_budget="2"))


def test_folds_keep_people_together_where_classes_allow(store: Store) -> None:
    split = split_few(store, XSUB, FewOptions(label_budget="4"))
    folds, kept = fold_labelled(store.clips, split.labelled, split.given, folds=2, seed=0)
    assert kept == "subject"
    people = [set(store.clips.subject[rows]) for rows in folds]
    assert not people[0] & people[1]
    assert sorted(np.concatenate(folds)) == split.labelled.tolist()


def test_folds_of_few_labels_leave_each_class_one_to_learn(store: Store) -> None:
    split = split_few(store, XSUB, FewOptions(label_budget="2"))
    folds, _ = fold_labelled(store.clips, split.labelled, split.given, folds=5, seed=0)
    for held in folds:
        rest = np.setdiff1d(split.labelled, held)
        assert set(split.given[rest]) == {0, 1, 2}


def test_one_label_a_class_can_not_be_held_out(store: Store) -> None:
    split = split_few(store, XSUB, FewOptions(label_budget="1"))
    folds, _ = fold_labelled(store.clips, split.labelled, split.given, folds=3, seed=0)
    assert folds == []


def lists_folder(store: Store, folder: Path, parts: dict[str, set[int]]) -> ProtocolOptions:
    folder.mkdir()
    table = store.clips
    for name, people in parts.items():
        chosen = [n for n, who in zip(table.name, table.subject, strict=True) if who in people]
        write(folder / f"{name}.txt", "\n".join(map(str, chosen)) + "\n")
    return ProtocolOptions(protocol="files", files=str(folder))


def test_lists_need_no_unlabelled_part(store: Store, tmp_path: Path) -> None:
    protocol = lists_folder(
        store, tmp_path / "lists", {"train": {0, 1, 2}, "val": {3}, "test": {4, 5}}
    )
    split = split_few(store, protocol, FewOptions(label_budget="2"))
    assert set(store.clips.subject[split.unlabelled]) <= {0, 1, 2, 3}
    assert set(store.clips.subject[split.test]) == {4, 5}


def test_test_clips_of_a_file_without_a_label_are_left_out(tmp_path: Path) -> None:
    store = half_labelled(tmp_path / "store")
    parts = {0: "train", 1: "train", 2: "unlabelled", 3: "test"}
    split = split_few(store, groups_file(store, tmp_path / "x.csv", parts), FewOptions("fixmatch"))
    assert len(split.test) == 3
    assert (store.clips.label[split.test] >= 0).all()


def test_full_validation_has_people_of_its_own(store: Store, tmp_path: Path) -> None:
    full = FewOptions(label_budget="2", full_validation=True)
    parts = {0: "train", 1: "train", 2: "unlabelled", 3: "val", 4: "test"}
    assert len(split_few(store, groups_file(store, tmp_path / "a.csv", parts), full).val) == 6
    protocol = groups_file(store, tmp_path / "b.csv", {k: v for k, v in parts.items() if k != 3})
    with pytest.raises(ProtocolError, match="expected clips with a label in val, got none"):
        split_few(store, protocol, full)
    table = store.clips
    rows = [
        f"{name},{'val' if who == 0 and take else parts[int(who)]}"
        for name, who, take in zip(table.name, table.subject, np.arange(36) % 2, strict=True)
        if int(who) in parts
    ]
    path = write(tmp_path / "c.csv", "clip,split\n" + "\n".join(rows) + "\n")
    with pytest.raises(ProtocolError, match="expected in val or in the other parts, got in both"):
        split_few(store, ProtocolOptions(protocol="files", files=path), full)


def test_a_clip_has_one_label_in_a_file(tmp_path: Path) -> None:
    store = half_labelled(tmp_path / "store")
    clip = store.clips.name[split_few(store, XSUB, FewOptions(label_budget="all")).unlabelled[0]]
    text = f"clip,label\n{clip},{CLASSES[0]}\n{clip},{CLASSES[0]}\n{clip},{CLASSES[1]}\n"
    with pytest.raises(ConfigError, match=f"row 4: expected one label for '{clip}', got"):
        split_few(store, XSUB, FewOptions(label_budget=write(tmp_path / "x.csv", text)))


def test_a_label_that_is_nearly_a_class_is_told_the_nearest(store: Store, tmp_path: Path) -> None:
    clip = store.clips.name[split_few(store, XSUB, FewOptions()).unlabelled[0]]
    budget = write(tmp_path / "x.csv", f"clip,label\n{clip},{CLASSES[0]}x\n")
    with pytest.raises(ConfigError, match=f"row 2, label: .* mean '{CLASSES[0]}'"):
        split_few(store, XSUB, FewOptions(label_budget=budget))
