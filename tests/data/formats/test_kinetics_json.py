"""Kinetics-skeleton: values, labels, bodies followed by nearness, damage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skelgraph.data.formats import ReadOptions, detect, read
from skelgraph.data.formats.arrays import kinetics_json
from skelgraph.errors import FormatError

SIZE = ReadOptions(width=340, height=256)


def body(x: float, *, score: float = 0.6) -> dict[str, Any]:
    pose = np.tile([x, 0.4], 18) + np.arange(36) / 1000
    return {"pose": pose.round(3).tolist(), "score": [score] * 18}


def video(frames: list[list[dict[str, Any]]], first: int = 1, **facts: Any) -> dict[str, Any]:
    data = [{"frame_index": first + i, "skeleton": bodies} for i, bodies in enumerate(frames)]
    return {"data": data, "label": "juggling balls", "label_index": 3, **facts}


def write(folder: Path, content: Any, name: str = "abc.json") -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_sound_file(tmp_path: Path) -> None:
    content = video([[body(0.3)], [], [body(0.31)]])
    content["data"][0]["skeleton"][0]["score"][4] = 0.0
    path = write(tmp_path, content)
    assert detect(path) == detect(tmp_path) == "kinetics_json"
    reading = read(path, options=SIZE)
    (clip,) = reading.clips
    assert clip.keypoints.shape == (3, 1, 18, 2) and clip.layout.name == "openpose_coco18"
    neck = clip.layout.index("neck")
    np.testing.assert_allclose(clip.keypoints[0, 0, neck], [0.302, 0.403], rtol=1e-6)
    assert clip.units == "image fraction" and (clip.width, clip.height) == (340, 256)
    assert clip.fps == 30 and clip.axes == ("left", "down")
    assert not clip.seen[1].any() and np.flatnonzero(~clip.seen[0, 0]).tolist() == [4]
    assert clip.confidence is not None
    assert clip.confidence[0, 0, 3:5].tolist() == [np.float32(0.6), 0]
    assert (clip.label, reading.class_names) == (3, ("0", "1", "2", "juggling balls"))
    assert reading.report.repaired == {"joints with score 0 -> missing": 1}


def test_bodies_keep_their_slots_and_the_third_is_dropped(tmp_path: Path) -> None:
    left, right, faint = body(0.2), body(0.7), body(0.5, score=0.1)
    frames = [[left, right], [right, faint, left], [right], [left]]
    reading = read(write(tmp_path, video(frames)))
    (clip,) = reading.clips
    x = clip.keypoints[:, :, 0, 0]
    np.testing.assert_allclose(x[:2], [[0.2, 0.7]] * 2, rtol=1e-6)
    assert np.isnan(x[2, 0]) and np.isnan(x[3, 1])
    dropped = "bodies beyond the 2 with the best score -> dropped"
    assert reading.report.repaired[dropped] == 1
    assert any("give --width and --height" in note for note in reading.report.notes)


def test_a_folder_with_its_list_of_labels(tmp_path: Path) -> None:
    unlabelled = {"label": None, "label_index": None}
    write(tmp_path, video([[body(0.3)]], **unlabelled), "set_train/a.json")
    write(tmp_path, video([[body(0.4)]]), "set_train/b.json")
    write(tmp_path, video([[body(0.5)]], **unlabelled), "set_val/c.json")
    listed = {
        "a": {"has_skeleton": True, "label": "yoga", "label_index": 1},
        "x": {"has_skeleton": False, "label": "zumba", "label_index": 4},
    }
    write(tmp_path, listed, "set_train_label.json")
    reading = read(tmp_path, options=SIZE)
    clips = {clip.name: clip for clip in reading.clips}
    assert {name: clip.label for name, clip in clips.items()} == {
        "set_train/a": 1, "set_train/b": 3, "set_val/c": None,
    }  # fmt: skip
    assert reading.class_names == ("0", "yoga", "2", "juggling balls", "zumba")
    assert clips["set_val/c"].extra == {"split": "test"}
    (first, _) = read(tmp_path / "set_train", options=SIZE).clips
    assert first.label == 1  # the list beside the folder
    write(tmp_path, {"b": {"label": "other", "label_index": 3}}, "set_val_label.json")
    with pytest.raises(FormatError, match="one name for class 3, got 'other' and 'juggling balls'"):
        read(tmp_path)


def with_frame(**changes: Any) -> dict[str, Any]:
    content = video([[body(0.3)], [body(0.3)]])
    content["data"][1].update(changes)
    return content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "expected JSON"),
        (json.dumps(video([[body(0.3)]]))[:-60], "damaged or cut off"),
        ('{"data": ' + "[    " * 50_000, "nested too deeply"),
        ([1], "expected 'data', a list of frames, got list"),
        (video([]), "got an empty list"),
        (video([[], []]), "expected a body in at least one of 2 frames, got none"),
        (with_frame(skeleton=3), "entry 1 of data: expected skeleton as a list, got int"),
        (with_frame(skeleton=[3]), "expected 36 numbers as pose, got NoneType"),
        (with_frame(skeleton=[{**body(0), "pose": [0] * 34}]), "36 numbers as pose, got 34"),
        (with_frame(skeleton=[{**body(0), "score": ["x"] * 18}]), "expected numbers as score"),
        (with_frame(skeleton=[{**body(0), "score": [10**400] * 18}]), "a number too large"),
        (with_frame(frame_index=1), "expected frame_index to grow, got 1 after 1"),
        (with_frame(frame_index=0), "expected frame_index to grow, got 0 after 1"),
        (with_frame(frame_index=10**9), "expected frames without large gaps"),
        (with_frame(frame_index="2"), "expected frame_index from 0, got '2'"),
        ({"data": [7]}, "entry 0 of data: expected an object, got int"),
    ],
)
def test_damage_is_told(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        list(read(write(tmp_path, content), format="kinetics_json").clips)


def test_numbers_that_are_none_are_missing(tmp_path: Path) -> None:
    content = video([[body(0.3)]])
    content["data"][0]["skeleton"][0]["pose"][:4] = [float("nan"), 0.1, float("inf"), 0.2]
    (clip,) = read(write(tmp_path, content)).clips
    assert np.flatnonzero(~clip.seen[0, 0]).tolist() == [0, 1]


def test_other_json_is_not_taken(tmp_path: Path) -> None:
    write(tmp_path, {"people": [{"pose_keypoints_2d": []}], "data": 1})
    assert not kinetics_json.recognises(tmp_path)
    with pytest.raises(FormatError, match="expected units 'image fraction'"):
        read(tmp_path, format="kinetics_json", options=ReadOptions(units="pixel"))


@settings(max_examples=60)
@given(data=st.data())
def test_damaged_bytes_are_an_error_or_sound_clips(tmp_path_factory: Any, data: Any) -> None:
    content = json.dumps(video([[body(0.3), body(0.6)], [], [body(0.31)]]))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        replacement = data.draw(
            st.sampled_from(["", "[", "]", "{", ",", "9", "-", "null", '"', "e9"])
        )
        content = content[:place] + replacement + content[place + data.draw(st.integers(0, 3)) :]
    path = write(tmp_path_factory.getbasetemp(), content, "k.json")
    try:
        clips = list(read(path, format="kinetics_json").clips)
    except FormatError as error:
        assert "expected" in str(error)
    else:
        assert all(clip.keypoints.shape[2:] == (18, 2) for clip in clips)
