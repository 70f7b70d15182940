"""The data set on disk: what goes in comes out, and damage is found."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from skelgraph.data.clip import Clip
from skelgraph.data.store import Store, write_store
from skelgraph.errors import StoreError
from skelgraph.graphs import load_layout
from tests.data.made_up import CLASSES, walk, walks
from tests.graphs.made_up import chain


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "store"
    write_store(path, walks(), class_names=CLASSES, provenance={"made": "in a test"})
    return path


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "store"))


def edit(path: Path, old: str, new: str, *, file: str = "index.csv") -> None:
    text = (path / file).read_text(encoding="utf-8")
    assert old in text
    (path / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def same(one: Clip, other: Clip) -> None:
    np.testing.assert_array_equal(one.keypoints, other.keypoints)
    if one.confidence is None:
        assert other.confidence is None or np.isnan(other.confidence).all()
    else:
        np.testing.assert_array_equal(one.confidence, other.confidence)
    for key in (
        "name",
        "layout",
        "units",
        "axes",
        "fps",
        "label",
        "subject",
        "camera",
        "setup",
        "repetition",
        "width",
        "height",
        "source",
    ):
        assert getattr(one, key) == getattr(other, key), key


def test_what_goes_in_comes_out(made: Path) -> None:
    store = Store.open(made)
    assert store.num_clips == len(store) == 6
    assert store.class_names == CLASSES
    assert store.clips.bodies.tolist() == [1] * 6
    for row, clip in enumerate(walks()):
        same(clip, store.clip(row))
        np.testing.assert_array_equal(store.keypoints_of(row), clip.keypoints)
    assert store.confidence is None and not (made / "confidence.npy").exists()
    assert store.facts["provenance"] == {"made": "in a test"}
    assert store.verify() == []


def test_frames_are_mapped_and_cannot_be_written(made: Path) -> None:
    store = Store.open(made)
    assert isinstance(store.keypoints, np.memmap)
    with pytest.raises(ValueError, match=r"read-only"):
        store.clip(0).keypoints[0] = 1


@st.composite
def recordings(draw: st.DrawFn) -> list[Clip]:
    layout = chain(draw(st.integers(2, 4)))
    axes = draw(st.sampled_from([("right", "up", "away"), ("left", "down")]))
    shared = {
        "layout": layout,
        "axes": axes,
        "units": draw(st.sampled_from(["pixel", "metre", "image fraction"])),
        "fps": draw(st.sampled_from([None, 30.0, 29.97])),
        "width": draw(st.sampled_from([None, 640])),
    }
    clips = []
    for number in range(draw(st.integers(1, 4))):
        shape = (draw(st.integers(1, 5)), draw(st.integers(1, 3)), layout.num_joints)
        chance = np.random.default_rng(draw(st.integers(0, 99)))
        points = chance.normal(size=(*shape, len(axes))).astype(np.float32)
        points[chance.random(shape) < 0.3] = np.nan
        score = chance.random(shape).astype(np.float32) if draw(st.booleans()) else None
        name = draw(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=5))
        clips.append(
            Clip(
                keypoints=points,
                name=f"{number} {name}",
                confidence=score,
                label=draw(st.sampled_from([None, 0, 2])),
                subject=draw(st.integers(-1, 10**12)),
                source=draw(st.sampled_from(["", "a,b", 'say "x"', "film"])),
                **shared,
            )
        )
    return clips


@given(recordings())
def test_any_clips_survive_the_round_trip(
    tmp_path_factory: pytest.TempPathFactory, clips: list[Clip]
) -> None:
    path = tmp_path_factory.mktemp("trip") / "store"
    store = write_store(path, clips, class_names=CLASSES, provenance={})
    bodies = max(clip.keypoints.shape[1] for clip in clips)
    assert store.num_bodies == bodies and store.verify() == []
    for row, clip in enumerate(clips):
        back = store.clip(row)
        own = clip.keypoints.shape[1]
        assert np.isnan(back.keypoints[:, own:]).all()
        score = None if back.confidence is None else back.confidence[:, :own]
        same(clip, replace(back, keypoints=back.keypoints[:, :own], confidence=score))


def test_labels_may_be_edited_and_that_is_seen(copy: Path) -> None:
    edit(copy, ",0,push,", ",2,wave,")
    store = Store.open(copy)
    assert store.clips.label[0] == 2
    faults = store.verify()
    assert len(faults) == 1 and "index.csv: expected checksum" in faults[0]


def test_a_spreadsheet_may_have_saved_the_index(copy: Path) -> None:
    text = (copy / "index.csv").read_text(encoding="utf-8")
    saved = "\ufeff" + text.replace("film#0", '"film, take 0"').replace("\n", "\r\n") + "\r\n"
    (copy / "index.csv").write_bytes(saved.encode("utf-8"))
    store = Store.open(copy)
    assert store.clips.source[:2].tolist() == ["film, take 0", "film#1"]
    assert store.clips.start.tolist() == Store.open(copy).clips.start.tolist()


def test_both_ways_of_reading_an_index_agree(made: Path, copy: Path) -> None:
    edit(copy, "film#5", '"film#5"')
    fast, careful = Store.open(made).clips, Store.open(copy).clips
    for key in ("name", "start", "frames", "label", "subject", "camera", "bodies", "source"):
        np.testing.assert_array_equal(getattr(fast, key), getattr(careful, key))


def test_the_layout_travels_with_the_store(tmp_path: Path) -> None:
    layout = chain(4)
    points = np.zeros((2, 1, 4, 3), np.float32) + np.arange(1, 4, dtype=np.float32)
    write_store(tmp_path / "own", [Clip(points, layout, "c")], class_names=(), provenance={})
    assert Store.open(tmp_path / "own").layout == layout


def test_no_store_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no such folder.*skelgraph convert"):
        Store.open(tmp_path / "none")
    with pytest.raises(StoreError, match=r"a folder without dataset.yaml"):
        Store.open(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("walk_3,", "walk_2,", "unique clip names, got 'walk_2' 2 times"),
        (",0,push,", ",7,push,", r"row 2: expected a label from -1 to 2, got 7"),
        (",0,push,", ",0,pull,", r"row 2: expected class 'push' for label 0, got 'pull'"),
        (",0,push,", ",zero,push,", r"row 2: expected a whole number as label, got 'zero'"),
        (",0,push,", ",0,", r"row 2: expected 11 values, got 10"),
        ("walk_5,55,20", "walk_5,55,21", "clip 'walk_5': expected frames inside 0..75"),
        ("walk_0,0,5", "walk_0,0,0", "clip 'walk_0': expected frames inside"),
        ("clip,start", "name,start", "got none called clip"),
    ],
)
def test_a_faulty_index_is_told_by_row(copy: Path, old: str, new: str, message: str) -> None:
    edit(copy, old, new)
    with pytest.raises(StoreError, match=message):
        Store.open(copy)


def test_all_faulty_rows_come_at_once(copy: Path) -> None:
    edit(copy, ",0,push,", ",x,push,")
    edit(copy, ",1,pull,", ",y,pull,")
    with pytest.raises(StoreError, match=r"row 2.*\n.*row 3"):
        Store.open(copy)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": 99}, "expected schema_version 1, got 99"),
        ({"layout": {"name": "x"}}, "layout: expected a whole layout"),
        ({"class_names": None}, "expected class_names as list"),
        ({"units": "yard"}, "units: expected one of"),
        ({"axes": ["right", "up"]}, "expected 25 joints of 'kinect_v2' and 2 coordinates"),
    ],
)
def test_faulty_facts_are_told(copy: Path, change: dict[str, object], message: str) -> None:
    facts = yaml.safe_load((copy / "dataset.yaml").read_text(encoding="utf-8"))
    (copy / "dataset.yaml").write_text(yaml.safe_dump({**facts, **change}), encoding="utf-8")
    with pytest.raises(StoreError, match=message):
        Store.open(copy)


@pytest.mark.parametrize("text", ["[1, 2", "- a list", "", "\x00"])
def test_facts_that_are_no_mapping_are_told(copy: Path, text: str) -> None:
    (copy / "dataset.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(StoreError, match=r"dataset.yaml: expected"):
        Store.open(copy)


@pytest.mark.parametrize("keep", [0, 60, 2000])
def test_cut_off_frames_are_told(copy: Path, keep: int) -> None:
    whole = (copy / "keypoints.npy").read_bytes()
    (copy / "keypoints.npy").write_bytes(whole[:keep])
    with pytest.raises(StoreError, match=r"keypoints.npy: expected a whole .npy array"):
        Store.open(copy)


def test_a_pickle_is_never_opened(copy: Path) -> None:
    np.save(copy / "keypoints.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(StoreError, match=r"keypoints.npy: expected a whole .npy array"):
        Store.open(copy)


def test_changed_frames_are_seen(copy: Path) -> None:
    with (copy / "keypoints.npy").open("r+b") as file:
        file.seek(1000)
        file.write(b"\x01")
    (copy / "conversion.json").unlink(missing_ok=True)
    assert any("keypoints.npy" in fault for fault in Store.open(copy).verify())


def test_opening_does_not_read_the_frames(tmp_path: Path) -> None:
    layout = load_layout("coco17")
    path = tmp_path / "large"
    write_store(path, [walk(layout, frames=2)], class_names=CLASSES, provenance={})
    store = Store.open(path)
    assert store.keypoints.base is not None and store.layout == layout


@pytest.mark.parametrize("name", ["keypoints.npy", "index.npy"])
def test_any_damage_to_an_arrays_head_ends_in_an_error_of_ours(copy: Path, name: str) -> None:
    """Numpy has about ten ways to fail on a header; of the index there is the file instead."""
    file = copy / name
    whole = file.read_bytes()
    for place in range(128):
        for byte in (b"", b"(", b"\xff"):
            file.write_bytes(whole[:place] + byte + whole[place + 1 :])
            try:
                opened = Store.open(copy)
            except StoreError:
                assert name == "keypoints.npy"
            else:
                assert len([opened.clip(row) for row in range(len(opened))]) == 6


@pytest.mark.parametrize("text", ['{"clips": 1', "[1]", "\xff", "[" * 100_000])
def test_a_damaged_report_is_told(copy: Path, text: str) -> None:
    (copy / "conversion.json").write_text(text, encoding="latin-1")
    with pytest.raises(StoreError, match=r"conversion.json: expected the report of the conv"):
        _ = Store.open(copy).report
