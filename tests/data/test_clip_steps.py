"""Steps of a conversion: filled gaps, another layout, confidence as third coordinate, windows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skelgraph.data.clip import CONFIDENCE_AXIS, IMAGE_AXES, Clip
from skelgraph.data.clip_steps import ConvertSteps
from skelgraph.data.clip_steps.filling import filled
from skelgraph.data.coordinates import to_house_frame
from skelgraph.data.dataset import ClipSet
from skelgraph.data.formats import convert
from skelgraph.data.formats.survey import surveyed
from skelgraph.data.memory import ClipList
from skelgraph.data.prepare import prepare_clip
from skelgraph.data.report import ConversionReport
from skelgraph.data.store import Store, write_store
from skelgraph.data.windows import WindowSpec, cut_windows
from skelgraph.errors import ConfigError, FormatError, LayoutError
from skelgraph.graphs import load_layout, map_joints
from skelgraph.training.clips import check_coordinates
from skelgraph.transforms.augment import augment
from skelgraph.transforms.missing import hide
from skelgraph.transforms.options import AugmentOptions
from tests.data.made_up import CLASSES, walk, walks
from tests.graphs.made_up import chain

NAN = float("nan")


def flat(*, frames: int = 6, seed: int = 0, **facts: Any) -> Clip:
    """A body in a picture, 2-D in pixels with scores."""
    clip = walk(load_layout("coco17"), frames=frames, seed=seed)
    scores = np.random.default_rng(seed).uniform(0.2, 1, clip.keypoints.shape[:3])
    named = {"name": f"flat_{seed}", "fps": 30.0, "label": 0, **facts}
    return Clip(
        keypoints=clip.keypoints[..., :2] * 100 + 200,
        layout=clip.layout,
        confidence=scores.astype(np.float32),
        units="pixel",
        axes=IMAGE_AXES[:2],
        **named,
    )


def line(values: list[float]) -> np.ndarray:
    return np.array(values, dtype=np.float32).reshape(-1, 1, 1, 1)


def run(clips: list[Clip], **steps: Any) -> tuple[list[Clip], ConversionReport]:
    report = ConversionReport(source="made", format="made")
    return list(ConvertSteps(**steps).apply(iter(clips), report)), report


@pytest.mark.parametrize(
    ("how", "longest", "values", "expected"),
    [
        ("linear", 2, [1, NAN, NAN, 4], [1, 2, 3, 4]),
        ("linear", 1, [1, NAN, NAN, 4, NAN, 6], [1, NAN, NAN, 4, 5, 6]),
        ("linear", 9, [NAN, 2, NAN, 4, NAN], [NAN, 2, 3, 4, NAN]),
        ("hold", 2, [1, NAN, NAN, 4], [1, 1, 1, 4]),
        ("hold", 9, [NAN, 2, NAN, 4, NAN], [NAN, 2, 2, 4, 4]),
        ("hold", 1, [1, NAN, NAN, 4, NAN], [1, NAN, NAN, 4, 4]),
        ("hold", 3, [NAN, NAN], [NAN, NAN]),
    ],
)
def test_gaps_are_filled_as_asked(
    how: str, longest: int, values: list[float], expected: list[float]
) -> None:
    given = line(values)
    before = given.copy()
    np.testing.assert_array_equal(filled(given, how=how, longest=longest)[0], line(expected))
    np.testing.assert_array_equal(given, before)


@settings(max_examples=20)
@given(
    st.lists(st.one_of(st.none(), st.floats(-9, 9, width=32)), min_size=1, max_size=20),
    st.sampled_from(["linear", "hold"]),
    st.integers(1, 6),
)
def test_only_short_gaps_change_and_stay_between_their_ends(
    values: list[float | None], how: str, longest: int
) -> None:
    given = line([NAN if value is None else value for value in values])
    made, gap = filled(given, how=how, longest=longest)
    known = ~np.isnan(given)
    np.testing.assert_array_equal(made[known], given[known])
    new = ~known & ~np.isnan(made)
    assert (gap[new[..., 0]] <= longest).all() and (gap[known[..., 0]] == 0).all()
    assert not new.any() or given[known].min() <= made[new].min()
    assert not new.any() or made[new].max() <= given[known].max()


def test_filled_values_are_counted_and_have_no_score() -> None:
    clip = flat(frames=6)
    points = np.concatenate([clip.keypoints, np.full_like(clip.keypoints, NAN)], axis=1)
    points[1:3, 0, 4] = NAN
    points[1:5, 0, 5] = NAN
    assert clip.confidence is not None
    scores = np.concatenate([clip.confidence, clip.confidence * 0], axis=1)
    (made,), report = run(
        [replace(clip, keypoints=points, confidence=scores)], fill="linear", longest_gap=3
    )
    assert report.steps["fill"] == {
        "how": "linear",
        "longest_gap": 3,
        "filled": 2,
        "longest_filled": 2,
        "left": 4,
        "longest_left": 4,
    }
    assert report.notes == [
        "filled (linear, gaps of up to 3 frames): 2 joints, longest gap 2; left missing: 4, "
        "longest gap 4"
    ]
    assert made.confidence is not None and made.confidence[1:3, 0, 4].tolist() == [0, 0]
    assert made.confidence[0, 0, 4] == scores[0, 0, 4] and not made.seen[1:5, 0, 5].any()
    assert report.is_clean


def test_another_layout_is_said_in_notes_and_numbers() -> None:
    clips = walks(3)
    made, report = run(clips, to_layout="openpose_body25")
    assert [clip.layout.name for clip in made] == ["openpose_body25"] * 3
    hips = load_layout("kinect_v2").indices(("left_hip", "right_hip"))
    np.testing.assert_array_equal(
        made[1].keypoints[:, :, 8], clips[1].keypoints[:, :, list(hips)].mean(axis=2)
    )
    assert report.steps["to_layout"]["invented"] == {"mid_hip": ["left_hip", "right_hip"]}
    assert any("invented: mid_hip" in text for text in report.notes)
    assert made[1].source == clips[1].source and made[1].name == clips[1].name


def test_filling_comes_before_midpoints() -> None:
    clip = flat(frames=4)
    points = clip.keypoints.copy()
    points[1, 0, 5] = NAN
    clip = replace(clip, keypoints=points)
    (made,), _ = run([clip], fill="linear", to_layout="openpose_coco18")
    assert made.seen[1, 0, 1] and made.confidence is not None and made.confidence[1, 0, 1] == 0
    (bare,), _ = run([clip], to_layout="openpose_coco18")
    assert not bare.seen[1, 0, 1]


def test_layout_without_a_common_joint() -> None:
    with pytest.raises(LayoutError, match="have some of its joints"):
        run(walks(1), to_layout="mediapipe_hands")


def test_windows_keep_their_recording() -> None:
    clips = [walk(load_layout("mads"), frames=9, source=""), *walks(2)]
    made, report = run(clips, window=4, overlap=0.5)
    assert [clip.name for clip in made[:4]] == [
        "walk_0@000000",
        "walk_0@000002",
        "walk_0@000004",
        "walk_0@000005",
    ]
    assert [clip.source for clip in made] == ["walk_0"] * 4 + ["film#0"] * 2 + ["film#1"] * 3
    assert [clip.extra["first_frame"] for clip in made[:4]] == [0, 2, 4, 5]
    np.testing.assert_array_equal(made[1].keypoints, clips[0].keypoints[2:6])
    assert report.steps["window"]["windows"] == 9 and report.steps["window"]["stride"] == 2
    again, _ = run(made[:2], window=2)
    assert [clip.extra["first_frame"] for clip in again] == [0, 2, 2, 4]


def test_windows_in_seconds_and_short_clips() -> None:
    made, report = run([flat(frames=50, seed=1), flat(frames=7, seed=2)], window="0.5s")
    assert [clip.num_frames for clip in made] == [15, 15, 15, 15, 7]
    assert report.notes == [
        "2 clips cut into 5 windows of 15 frames, one every 15; 1 clips are shorter and stay whole"
    ]
    with pytest.raises(ConfigError, match="unknown frame rate"):
        run([flat(fps=None)], window="1s")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"fill": "liner"}, "Did you mean 'linear'"),
        ({"fill": "hold", "longest_gap": 0}, "at least 1 frame, got 0"),
        ({"longest_gap": 3}, "expected fill beside it"),
        ({"overlap": 0.5}, "expected window beside it"),
        ({"window": "long"}, "expected frames such as 90"),
        ({"window": 5, "overlap": 1.0}, "from 0 to below 1"),
    ],
)
def test_options_that_do_not_fit(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ConvertSteps(**given)


def test_confidence_is_the_third_coordinate_and_no_place() -> None:
    clip = flat()
    (made,), report = run([clip], confidence_as_z=True)
    assert made.axes == ("left", "down", CONFIDENCE_AXIS) and made.num_spatial == 2
    assert made.units == "pixel" and made.confidence is clip.confidence
    np.testing.assert_array_equal(made.keypoints[..., :2], clip.keypoints)
    np.testing.assert_array_equal(made.keypoints[..., 2], clip.confidence)
    assert report.notes == ["confidence taken as third coordinate: no depth, no unit"]
    turned = to_house_frame(made.keypoints, units="millimetre", axes=made.axes)
    np.testing.assert_array_equal(turned[..., 2], clip.confidence)
    np.testing.assert_allclose(turned[..., 1], clip.keypoints[..., 1] * -1e-3, rtol=1e-6)
    shown = to_house_frame(
        made.keypoints, units="image fraction", axes=made.axes, width=640, height=480
    )
    np.testing.assert_array_equal(shown[..., 2], clip.confidence)


def test_confidence_needs_two_coordinates_and_scores() -> None:
    with pytest.raises(FormatError, match=r"two coordinates and a confidence.* got no"):
        run([replace(flat(), confidence=None)], confidence_as_z=True)
    scored = walk(load_layout("mads"))
    scored = replace(scored, confidence=np.ones(scored.keypoints.shape[:3], dtype=np.float32))
    with pytest.raises(FormatError, match="got three coordinates"):
        run([scored], confidence_as_z=True)
    for axes in (("left", CONFIDENCE_AXIS, "down"), (CONFIDENCE_AXIS, "up", "away")):
        with pytest.raises(FormatError, match="axes: expected different ones"):
            replace(walk(load_layout("mads")), axes=axes)


def proxies(count: int = 3) -> list[Clip]:
    made, _ = run([flat(frames=8, seed=seed) for seed in range(count)], confidence_as_z=True)
    return made


def test_preparing_leaves_the_confidence_alone() -> None:
    (clip,) = proxies(1)
    points = clip.keypoints.copy()
    points[2, 0, 3] = NAN
    clip = replace(clip, keypoints=points)
    plain = replace(clip, keypoints=points[..., :2], axes=clip.axes[:2])
    joints = map_joints(clip.layout, clip.layout)
    ready, seen = prepare_clip(clip, joints, layout=clip.layout)
    expected, same = prepare_clip(plain, joints, layout=clip.layout)
    np.testing.assert_array_equal(ready[..., :2], expected)
    np.testing.assert_array_equal(seen, same)
    scores = np.where(seen, clip.confidence, 0)
    np.testing.assert_array_equal(ready[..., 2], scores)


def test_batches_neither_centre_nor_turn_nor_scale_the_confidence() -> None:
    clips = ClipList(proxies(), CLASSES)
    layout = clips.layout
    table = clips.clips
    windows = cut_windows(table.start, table.frames, np.arange(3), WindowSpec())
    made = ClipSet(clips, windows, layout=layout, joint_map=map_joints(layout, layout))
    assert (made.num_channels, made.num_spatial) == (3, 2)
    batch = made.batch([0, 1, 2], num_frames=None)
    first = clips.clip(0).confidence
    assert first is not None
    np.testing.assert_array_equal(batch.positions[0, 2, :, :, 0], first[:, 0])
    generator = torch.Generator().manual_seed(0)
    changed = augment(
        batch, layout, options=AugmentOptions(mirror=0.0), generator=generator, num_spatial=2
    )
    assert torch.equal(changed.positions[:, 2], batch.positions[:, 2])
    assert not torch.allclose(changed.positions[:, :2], batch.positions[:, :2])
    lost = torch.zeros_like(batch.visible)
    lost[:, :, 4] = True
    hidden = hide(batch, layout, lost=lost, num_spatial=2)
    assert (hidden.positions[:, 2, :, 4] == 0).all()
    assert torch.equal(hidden.positions[:, :, :, 3], batch.positions[:, :, :, 3])


def test_a_model_of_places_refuses_confidences(tmp_path: Path) -> None:
    store = write_store(tmp_path / "s", proxies(), class_names=CLASSES, provenance={})
    assert store.axes == ("left", "down", CONFIDENCE_AXIS)
    check_coordinates(store, 3, num_spatial=2, what="a test")
    with pytest.raises(ValueError, match=r"expected a place as third .* got a confidence"):
        check_coordinates(store, 3, num_spatial=3, what="a test")


def test_a_store_is_a_source(tmp_path: Path) -> None:
    clips = [replace(clip, extra={"room": f"r{clip.label}"}) for clip in walks()]
    first = write_store(
        tmp_path / "first", clips, class_names=CLASSES, provenance={"source": "made"}
    )
    steps = ConvertSteps(to_layout="kinect_v1", window=5)
    made = convert(tmp_path / "first", tmp_path / "second", steps=steps)
    assert made.layout == load_layout("kinect_v1") and made.class_names == CLASSES
    assert made.report["steps"]["window"]["clips"] == 6
    assert made.num_clips == made.report["clips"] == made.report["steps"]["window"]["windows"]
    provenance = made.facts["provenance"]
    assert provenance["format"] == "store"
    assert provenance["options"] == {"to_layout": "kinect_v1", "window": 5}
    assert provenance["parent"]["sha256"] == first.facts["sha256"]
    assert provenance["parent"]["provenance"] == {"source": "made"}
    assert set(made.clips.source) == set(first.clips.source)
    assert set(made.clips.extra) == {"room", "first_frame"}
    plain = convert(tmp_path / "first", tmp_path / "third")
    np.testing.assert_array_equal(plain.keypoints, first.keypoints)
    assert plain.clips.name.tolist() == first.clips.name.tolist()


def test_a_store_with_corrected_facts(tmp_path: Path) -> None:
    from skelgraph.data.formats import ReadOptions

    clips = [replace(clip, fps=None) for clip in walks(2)]
    write_store(tmp_path / "first", clips, class_names=CLASSES, provenance={})
    options = ReadOptions(fps=25.0, width=640, layout="kinect_v2", units="metre")
    made = convert(tmp_path / "first", tmp_path / "second", options=options)
    assert (made.fps, made.width, made.height) == (25.0, 640, None)
    for wrong, message in (
        (ReadOptions(layout="kinect_v1"), "give --to-layout kinect_v1"),
        (ReadOptions(units="pixel"), "expected the units 'metre'"),
    ):
        with pytest.raises(FormatError, match=message):
            convert(tmp_path / "first", tmp_path / "third", options=wrong)


def test_a_damaged_store_is_a_format_error(tmp_path: Path) -> None:
    write_store(tmp_path / "first", walks(2), class_names=CLASSES, provenance={})
    index = tmp_path / "first" / "index.csv"
    good = index.read_text()
    index.write_text(good.replace("push", "pull"))
    with pytest.raises(FormatError, match="expected class 'push'"):
        convert(tmp_path / "first", tmp_path / "second")
    index.write_text(good.replace("film#0", "film#7"))
    made = convert(tmp_path / "first", tmp_path / "second")
    assert "first: index.csv was edited after conversion; taken as it is" in made.report["notes"]
    (tmp_path / "first" / "keypoints.npy").write_bytes(b"nothing")
    with pytest.raises(FormatError, match=r"expected a whole \.npy array"):
        convert(tmp_path / "first", tmp_path / "third")


def test_the_survey_describes_what_is_written(tmp_path: Path) -> None:
    points = walks(1)[0].keypoints.copy()
    points[1, 0, :20] = np.inf
    clips = [replace(walks(1)[0], keypoints=points)]
    write_store(tmp_path / "first", clips, class_names=CLASSES, provenance={})
    steps = ConvertSteps(fill="linear", to_layout="openpose_coco18")
    made = convert(tmp_path / "first", tmp_path / "second", steps=steps)
    assert made.report["repaired"] == {"joints with an infinite coordinate -> missing": 20}
    assert made.report["steps"]["fill"]["filled"] == 20
    missing = {"nose", "right_eye", "left_eye", "right_ear", "left_ear"}
    assert set(made.report["survey"]["joints"]) == missing


def test_clips_without_frames_pass_every_step() -> None:
    from skelgraph.data.formats.reading import Reading

    def clips() -> Iterator[Clip]:
        empty = flat(frames=4)
        assert empty.confidence is not None
        yield replace(empty, keypoints=empty.keypoints[:0], confidence=empty.confidence[:0])

    report = ConversionReport(source="made", format="made")
    steps = ConvertSteps(fill="hold", to_layout="openpose_coco18", confidence_as_z=True, window=3)
    reading = Reading(steps.apply(clips(), report), 1, CLASSES, report)
    assert list(surveyed(reading).clips) == []
    assert report.dropped == {"flat_0@000000": "no frames"}


def test_a_layout_of_ones_own(tmp_path: Path) -> None:
    clips = [walk(chain(3), name="a")]
    write_store(tmp_path / "first", clips, class_names=CLASSES, provenance={})
    text = (
        "name: mine\njoints: [[j0, null, [0, 0, 0]], [middle, j0, [0, 1, 0]]]\n"
        "centre: j0\nreference: [[j0], [middle]]\n"
    )
    (tmp_path / "mine.yaml").write_text(text + "from: {made_up.yaml: {middle: [j1, j2]}}\n")
    from skelgraph.graphs.writing import write_layout

    write_layout(chain(3), tmp_path / "made_up.yaml")
    steps = ConvertSteps(to_layout=str(tmp_path / "mine.yaml"))
    made = convert(tmp_path / "first", tmp_path / "second", steps=steps)
    np.testing.assert_array_equal(
        Store.open(made.path).keypoints[:, :, 1], clips[0].keypoints[:, :, 1:].mean(axis=2)
    )
