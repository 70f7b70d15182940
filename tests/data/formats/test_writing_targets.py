"""Where stores are written to: whole or not at all, never over what is there; what is refused."""

from __future__ import annotations

import errno
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from skelgraph.cli import main
from skelgraph.data.clip_steps import ConvertSteps
from skelgraph.data.formats import ReadOptions, export
from skelgraph.data.formats.detectors.pose_points import body_joint, find_points, hand_joint
from skelgraph.data.formats.writing import losses
from skelgraph.data.formats.writing.places import file_places
from skelgraph.data.formats.writing.pose_header import (
    LAYOUTS,
    body_point,
    hand_point,
    parts_of_layout,
)
from skelgraph.data.formats.writing.table import WRITERS
from skelgraph.data.store import Store
from skelgraph.errors import FormatError, StoreError
from skelgraph.graphs import load_layout
from tests.data.formats.stores_to_write import in_picture, sample, store_of
from tests.data.made_up import walk

FILES = {"mmaction_pickle": "out.pkl", "csv": "out"}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return store_of(tmp_path / "store", [in_picture(clip) for clip in sample("coco17")])


@pytest.mark.parametrize("format", FILES)
def test_what_is_there_stays_unless_forced(store: Store, tmp_path: Path, format: str) -> None:
    target = tmp_path / FILES[format]
    export(store.path, target, format=format)
    with pytest.raises(StoreError, match=r"expected a new name.*--force"):
        export(store.path, target, format=format)
    steps = ConvertSteps(window=3)
    made = export(store.path, target, format=format, force=True, steps=steps)
    assert made.store["clips"] > store.num_clips and made.report["steps"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [FILES[format], "store"]
    if format == "csv":
        assert len(list(target.rglob("*.csv"))) == made.store["clips"]


@pytest.mark.parametrize("format", FILES)
def test_what_was_not_written_so_is_never_replaced(
    store: Store, tmp_path: Path, format: str
) -> None:
    target = tmp_path / FILES[format]
    target.mkdir()
    (target / "mine.txt").write_text("x")
    with pytest.raises(StoreError, match=r"Remove it yourself"):
        export(store.path, target, format=format, force=True)
    with pytest.raises(StoreError, match=r"Remove it yourself"):
        export(store.path, store.path, format="csv", force=True)
    assert (target / "mine.txt").is_file() and Store.open(store.path).verify() == []


@pytest.mark.parametrize("format", sorted(WRITERS))
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_full_disk_leaves_nothing(
    store: Store, tmp_path: Path, format: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = WRITERS[format]
    name = f"out{writer.ENDINGS[0]}" if writer.ENDINGS else "out"

    def write(store: Store, target: Path, **_: object) -> None:
        place = target / "half" if target.is_dir() else target
        place.write_bytes(b"x" * 1000)
        raise OSError(code, "No space left on device")

    monkeypatch.setattr(writer, "write", write)
    monkeypatch.setattr(writer, "faults", lambda store: [])
    kind = StoreError if code == errno.ENOSPC else OSError
    with pytest.raises(kind, match=r"free disk space|No space"):
        export(store.path, tmp_path / name, format=format)
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def test_an_interrupted_replacement_keeps_the_old_one(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out"
    export(store.path, target, format="csv")
    rename = Path.rename

    def refuse(self: Path, place: Path) -> Path:
        if ".partial-" in str(self):
            raise OSError(errno.EIO, "Input/output error")
        return rename(self, place)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match=r"Input/output"):
        export(store.path, target, format="csv", force=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "store"]
    assert len(list(target.rglob("*.csv"))) == 4


@pytest.mark.parametrize(
    ("format", "name", "message"),
    [
        ("mmaction_pickle", "out.npz", r"ends in \.pkl.*got '\.npz'"),
        ("pyg", "out", r"ends in \.pt"),
        ("mmaction", "out.pkl", r"Did you mean 'mmaction_pickle'"),
    ],
)
def test_what_a_format_cannot_hold_is_refused(
    store: Store, tmp_path: Path, format: str, name: str, message: str
) -> None:
    with pytest.raises(FormatError, match=message):
        export(store.path, tmp_path / name, format=format)
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def test_other_units_and_labels_are_refused(tmp_path: Path) -> None:
    body = store_of(tmp_path / "body", [in_picture(clip) for clip in sample("mediapipe_pose")])
    with pytest.raises(FormatError, match=r"got layout 'mediapipe_pose'.*--to-layout"):
        losses(body, "openpose_json")
    kinect = [in_picture(clip) for clip in sample("kinect_v2")]
    with pytest.raises(FormatError, match=r"got 'kinect_v2'.*--to-layout"):
        losses(store_of(tmp_path / "kinect", kinect), "pose")
    metres = store_of(tmp_path / "metres", sample("openpose_body25"))
    for format in ("openpose_json", "pose"):
        with pytest.raises(FormatError, match=r"pixel or image fraction.*got metre"):
            losses(metres, format)
    deep = [in_picture(clip, coordinates=3) for clip in sample("mediapipe_pose")]
    with pytest.raises(FormatError, match=r"tell z from a score"):
        losses(store_of(tmp_path / "deep", deep), "ctrgcn_npz")
    bare = [replace(clip, label=None) for clip in sample("kinect_v2")]
    with pytest.raises(FormatError, match=r"labelled clips, got none.*--labels"):
        losses(store_of(tmp_path / "bare", bare), "ctrgcn_npz")
    odd = [replace(clip, extra={"split": "dev"}) for clip in sample("kinect_v2")]
    with pytest.raises(FormatError, match=r"column 'split'.*'dev'"):
        losses(store_of(tmp_path / "odd", odd), "ctrgcn_npz")
    some = [*sample("kinect_v2"), replace(bare[0], name="bare")]
    with pytest.raises(FormatError, match=r"expected to write every clip"):
        export(
            store_of(tmp_path / "some", some).path,
            tmp_path / "a.npz",
            format="ctrgcn_npz",
            strict=True,
        )
    blank = store_of(tmp_path / "blank", sample("kinect_v2"), ("a", " b", "c"))
    with pytest.raises(FormatError, match=r"no blanks.*' b'"):
        losses(blank, "csv")


def test_fractions_need_the_pictures_size(tmp_path: Path) -> None:
    clips = [in_picture(c, units="image fraction") for c in sample("openpose_body25")]
    store = store_of(tmp_path / "store", [replace(c, width=None, height=None) for c in clips])
    with pytest.raises(FormatError, match=r"--width PIXELS"):
        export(store.path, tmp_path / "out", format="pose")
    options = ReadOptions(width=1280, height=720)
    made = export(store.path, tmp_path / "out", format="pose", options=options)
    assert "picture" not in made.losses and made.losses["units"]


def test_axes_and_units_of_3d_become_the_house_frame(tmp_path: Path) -> None:
    clip = walk(load_layout("kinect_v2"), frames=3)
    turned = clip.keypoints[..., [2, 0, 1]] * np.array([-1000, -1000, 1000], np.float32)
    other = replace(
        clip, keypoints=turned, units="millimetre", axes=("toward", "left", "up"), name="n"
    )
    store = store_of(tmp_path / "store", [other])
    for format, name in (("mmaction_pickle", "a.pkl"), ("ctrgcn_npz", "a.npz")):
        made = export(store.path, tmp_path / name, format=format)
        assert {"units", "axes"} <= set(made.losses)
    with np.load(tmp_path / "a.npz") as arrays:
        row = arrays["x_train"][0].reshape(3, 2, 25, 3)[:, :1]
    np.testing.assert_allclose(row, clip.keypoints, rtol=1e-5)
    made = export(store.path, tmp_path / "tables", format="csv")
    assert "axes" not in made.losses


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_points_of_headers_are_found_again(name: str) -> None:
    layout = load_layout(name)
    parts = parts_of_layout(layout)
    found = find_points([(part.name, part.points) for part in parts])
    assert found is not None and found.layout == name and found.unused == ()
    assert len(found.where) == sum(len(part.joints) for part in parts)
    numbers = [joint for part in parts for joint in part.joints]
    for (_, joint), place in found.where.items():
        assert layout.index(joint) == numbers[place]


def test_points_have_the_names_of_pose_format() -> None:
    openpose = pytest.importorskip("pose_format.utils.openpose")
    for family, point, joint, names in (
        ("openpose", body_point, body_joint, openpose.BODY_POINTS),
        ("openpose", hand_point, hand_joint, openpose.HAND_POINTS),
    ):
        assert [point(joint(name), family) for name in names] == names
    body = load_layout("openpose_body25")
    assert list(parts_of_layout(body)[0].points) == openpose.BODY_POINTS


def test_no_two_clips_get_one_place() -> None:
    names = ["a", "a:b", "a_b", "a?b", "", "..", "/", "a/../b"]
    places = file_places(names)
    assert len(set(places)) == len(names) and places[0] == "a" and places[2] == "a_b"
    assert not any(part in ("", ".", "..") for place in places for part in place.split("/"))


def test_the_command_writes_and_tells(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "set.pkl"
    words = ["convert", str(store.path), str(target), "--format", "mmaction_pickle"]
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert out == f"{target}: 4 clips, 30 frames, layout coco17, as mmaction_pickle\n"
    assert "not held: fps: the frame rate, 30.0: read with --fps 30.0\n" in err
    assert main(words) == 1
    capsys.readouterr()
    assert main([*words, "--force", "--json", "--quiet", "--window", "4"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert found["format"] == "mmaction_pickle" and found["clips"] > 4 and err == ""
    assert "source" in found["not_held"] and found["report"]["steps"]["window"]
    words = ["convert", str(store.path), str(tmp_path / "f"), "--format", "ctrgcn_npz"]
    assert main(words) == 1
    assert "ends in .npz" in capsys.readouterr().err
    words = ["convert", str(target), str(tmp_path / "back"), "--format", "mmaction_pickle"]
    assert main(words) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["back", "set.pkl", "store"]
