"""Several stores as one: classes united, names unique, people and recordings kept apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skelgraph.cli import main
from skelgraph.data.formats import convert
from skelgraph.data.grouping import group_clips
from skelgraph.data.merging import merge
from skelgraph.data.selecting import Selection, select
from skelgraph.data.store import Store, write_store
from skelgraph.errors import StoreError
from skelgraph.graphs import Layout, load_layout
from tests.data.made_up import walk, write_npz

MADS = load_layout("mads")


def made(path: Path, classes: tuple[str, ...], *, first: int = 0, **facts: Any) -> Store:
    """Six clips of three subjects, numbered from `first`."""
    given = {"layout": MADS, **facts}
    layout = given.pop("layout")
    clips = [
        walk(
            layout,
            frames=3 + i,
            seed=10 * first + i,
            label=i % len(classes),
            subject=first + i % 3,
            **{"name": f"clip_{i}", "source": f"film#{i}", **given},
        )
        for i in range(6)
    ]
    return write_store(path, clips, class_names=classes, provenance={"source": path.name})


def test_classes_are_united_and_everything_stays_unique(tmp_path: Path) -> None:
    one = made(tmp_path / "one", ("push", "pull"))
    two = made(tmp_path / "two", ("wave", "push"), first=1)
    both = merge([one.path, two.path], tmp_path / "both")
    assert both.class_names == ("push", "pull", "wave")
    assert both.clips.label.tolist() == [0, 1, 0, 1, 0, 1, 2, 0, 2, 0, 2, 0]
    assert both.clips.name[0] == "one/clip_0" and both.clips.name[6] == "two/clip_0"
    assert both.clips.source[0] == "one/film#0" and both.clips.source[6] == "two/film#0"
    assert both.clips.subject.tolist() == [0, 1, 2] * 2 + [3, 4, 5] * 2
    np.testing.assert_array_equal(both.keypoints, np.concatenate([one.keypoints, two.keypoints]))
    assert both.report["notes"] == [
        "subjects of two: numbers raised by 2, other people",
        "clips of different stores have equal names: each has its store's name in front",
        "recordings of different origins have equal names: each has its store's in front",
        "3 classes, 1 of them in more than one of the 2 stores",
    ]
    parents = both.facts["provenance"]["parents"]
    assert [parent["store"] for parent in parents] == ["one", "two"]
    assert parents[1]["sha256"] == two.facts["sha256"]
    assert parents[1]["provenance"] == {"source": "two"} and both.verify() == []


def test_numbers_and_names_that_differ_stay(tmp_path: Path) -> None:
    one = made(tmp_path / "one", ("push",))
    other = [
        walk(MADS, seed=90 + i, name=f"other_{i}", label=0, subject=3 + i % 3) for i in range(3)
    ]
    two = write_store(tmp_path / "two", other, class_names=("push",), provenance={})
    both = merge([one.path, two.path], tmp_path / "both")
    assert both.clips.subject.tolist() == [0, 1, 2, 0, 1, 2, 3, 4, 5]
    assert both.clips.name[6] == "other_0" and both.clips.source[6] == ""
    assert both.clips.source[0] == "film#0"


def test_same_subjects(tmp_path: Path) -> None:
    one, two = made(tmp_path / "one", ("a",)), made(tmp_path / "two", ("a",), first=1)
    both = merge([one.path, two.path], tmp_path / "both", same_subjects=True)
    assert both.clips.subject.tolist() == [0, 1, 2] * 2 + [1, 2, 3] * 2


def test_unknown_subjects_stay_unknown(tmp_path: Path) -> None:
    one = made(tmp_path / "one", ("a",))
    clips = [walk(MADS, seed=40 + i, name=f"x{i}", label=0, subject=-1) for i in range(2)]
    write_store(tmp_path / "two", clips, class_names=("a",), provenance={})
    both = merge([one.path, tmp_path / "two"], tmp_path / "both")
    assert both.clips.subject.tolist()[6:] == [-1, -1]


def test_parts_of_one_store_keep_their_people_and_recordings(tmp_path: Path) -> None:
    whole = made(tmp_path / "whole", ("a", "b"))
    for name in ("a", "b"):
        select(whole.path, tmp_path / name, Selection(classes=(name,)))
    other = made(tmp_path / "other", ("a",), first=7)
    both = merge([tmp_path / "a", other.path, tmp_path / "b"], tmp_path / "both")
    old = {str(n): (int(s), str(r)) for n, s, r in zip(
        whole.clips.name, whole.clips.subject, whole.clips.source, strict=True)}  # fmt: skip
    for name, subject, source in zip(
        both.clips.name, both.clips.subject, both.clips.source, strict=True
    ):
        store, clip = str(name).split("/")
        if store != "other":
            assert (int(subject), str(source)) == (old[clip][0], f"a/{old[clip][1]}")
        else:
            assert subject >= 7 and source.startswith("other/")
    assert any(text.startswith("b is of the same origin as a") for text in both.report["notes"])


def test_stores_of_one_file_are_of_one_origin(tmp_path: Path) -> None:
    source = write_npz(tmp_path / "set.npz")
    convert(source, tmp_path / "one")
    convert(source, tmp_path / "two", labels=None, strict=True)
    both = merge([tmp_path / "one", tmp_path / "two"], tmp_path / "both")
    assert both.clips.subject.tolist() == [4, 5, 4, 5]
    assert both.clips.source.tolist() == ["set.npz#0", "set.npz#1"] * 2
    assert len(both.report["survey"]["duplicates"]) == 2


def test_recordings_without_a_name_are_those_of_their_clips(tmp_path: Path) -> None:
    clips = [walk(MADS, seed=i, name=f"c{i}", label=0, frames=8) for i in range(2)]
    write_store(tmp_path / "one", clips, class_names=("a",), provenance={})
    for name in ("two", "three"):
        select(tmp_path / "one", tmp_path / name, Selection())
    both = merge([tmp_path / "two", tmp_path / "three"], tmp_path / "both")
    assert both.clips.source.tolist() == ["c0", "c1", "c0", "c1"]
    groups, by = group_clips(both.clips)
    assert by == "recording" and groups.tolist() == [0, 1, 0, 1]


def test_differences_are_listed_with_what_to_do(tmp_path: Path) -> None:
    one = made(tmp_path / "one", ("a",))
    two = made(tmp_path / "two", ("a",), fps=25.0, width=640, units="millimetre",
               axes=("right", "up", "toward"))  # fmt: skip
    three = made(tmp_path / "three", ("a",), layout=load_layout("kinect_v1"))
    with pytest.raises(StoreError) as caught:
        merge([one.path, two.path, three.path], tmp_path / "both")
    text = str(caught.value)
    for part in (
        f"two, units: expected metre as in {one.path}, got millimetre",
        "two, axes: expected right, up, away as in",
        "two, fps: expected 30 as in",
        "two, width: expected unknown as in",
        f"skelgraph convert {three.path} OUT --to-layout mads.",
    ):
        assert part in text, part
    assert not (tmp_path / "both").exists()
    assert "height" not in text


def test_rates_that_are_one_but_for_rounding_are_taken_for_one(tmp_path: Path) -> None:
    one, two = made(tmp_path / "one", ("a",)), made(tmp_path / "two", ("a",), fps=29.97)
    both = merge([one.path, two.path], tmp_path / "both")
    assert both.fps == 30 and both.num_clips == 12
    assert "two has 29.97 frames a second: taken for 30" in both.report["notes"]
    assert merge([two.path, one.path], tmp_path / "other").fps == 29.97


@pytest.mark.parametrize(("first", "second"), [(30.0, 30.303), (30.0, 29.9), (None, 30.0)])
def test_other_rates_are_refused_with_what_to_do(
    tmp_path: Path, first: float | None, second: float
) -> None:
    one = made(tmp_path / "one", ("a",), fps=first)
    two = made(tmp_path / "two", ("a",), fps=second)
    changed = one if first is None else two
    with pytest.raises(StoreError, match=rf"convert {changed.path} OUT --fps 30\."):
        merge([one.path, two.path], tmp_path / "both")


def test_words_about_a_layout_do_not_keep_stores_apart(tmp_path: Path) -> None:
    one = made(tmp_path / "one", ("a",))
    reworded = Layout.from_dict({**MADS.to_dict(), "title": "MADS", "source": "elsewhere"})
    two = made(tmp_path / "two", ("a",), layout=reworded)
    assert merge([one.path, two.path], tmp_path / "both").layout == MADS


def test_columns_scores_and_bodies_are_united(tmp_path: Path) -> None:
    one = made(tmp_path / "one", ("a",), extra={"room": "r"})
    shape = (4, 2, MADS.num_joints)
    clip = walk(MADS, frames=4, bodies=2, name="pair", label=0,
                confidence=np.full(shape, 0.5, np.float32), extra={"age": "7"})  # fmt: skip
    write_store(tmp_path / "two", [clip], class_names=("A ",), provenance={})
    both = merge([one.path, tmp_path / "two"], tmp_path / "both")
    assert both.num_bodies == 2 and both.confidence is not None
    assert both.clips.extra["room"].tolist() == ["r"] * 6 + [""]
    assert both.clips.extra["age"].tolist() == [""] * 6 + ["7"]
    assert "no confidence in one: missing there" in both.report["notes"]
    assert any("differs only in case" in text for text in both.report["notes"])


def test_stores_of_one_name(tmp_path: Path) -> None:
    one = made(tmp_path / "x" / "store", ("a",))
    two = made(tmp_path / "y" / "store", ("a",), first=1)
    both = merge([one.path, two.path], tmp_path / "both")
    assert both.clips.name[6] == "store-2/clip_0"


def test_one_store_is_too_few(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="expected at least two, got 1"):
        merge([made(tmp_path / "one", ("a",)).path], tmp_path / "both")


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for place, name in enumerate(("one", "two")):
        made(tmp_path / name, ("a", name), first=place)
    words = ["merge", *(str(tmp_path / name) for name in ("one", "two", "both"))]
    assert main(words) == 0
    shown, told = capsys.readouterr()
    assert shown.startswith(f"{tmp_path / 'both'}: 12 clips, 3 classes")
    assert "note: subjects of two: numbers raised by 2" in told
    assert main(words) == 1 and "Use --force" in capsys.readouterr().err
    assert main([*words, "--force", "--same-subjects", "--json", "-q"]) == 0
    shown, told = capsys.readouterr()
    assert told == "" and json.loads(shown)["classes"] == ["a", "one", "two"]
    assert main(["merge", str(tmp_path / "one"), str(tmp_path / "none"), "x"]) == 1
    assert "expected a store, got no such folder" in capsys.readouterr().err
    assert main(["merge", str(tmp_path / "one")]) == 2
