"""Stores written in other formats and read again: the numbers stay, and losses are what differs."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skelgraph.data.clip import Clip
from skelgraph.data.formats import detect, export
from skelgraph.data.formats.raw.safe_pickle import load_pickle
from skelgraph.data.formats.writing import WRITERS, load_graphs
from skelgraph.graphs import load_layout
from skelgraph.graphs.writing import write_layout
from tests.data.formats.stores_to_write import (
    differences,
    in_picture,
    read_again,
    sample,
    store_of,
    with_gaps,
)
from tests.data.made_up import walk

# torch_geometric itself still calls torch.jit as it is imported.
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")

TARGETS = {"mmaction_pickle": "out.pkl", "ctrgcn_npz": "out.npz", "pyg": "out.pt"}


def pictured(layout: str, **how: object) -> list[Clip]:
    clips = [in_picture(clip, **how) for clip in sample(layout)]  # type: ignore[arg-type]
    return [with_gaps(clip, seed) for seed, clip in enumerate(clips)]


def unlabelled(clips: list[Clip]) -> list[Clip]:
    return [*clips[:-1], replace(clips[-1], label=None)]


CASES = {
    "coco17 pixel": ("mmaction_pickle", pictured("coco17"), {}, ()),
    "coco17 no score": ("mmaction_pickle", pictured("coco17", scored=False), {}, ()),
    "body25 fraction": (
        "mmaction_pickle",
        pictured("openpose_body25", units="image fraction"),
        {"layout": "openpose_body25"},
        ("units",),
    ),
    "hands fraction 3-D": (
        "mmaction_pickle",
        pictured("mediapipe_hands", units="image fraction", coordinates=3, scored=False),
        {"layout": "mediapipe_hands", "units": "pixel"},
        ("units", "confidence"),
    ),
    "kinect metre": (
        "mmaction_pickle",
        sample("kinect_v2"),
        {"layout": "kinect_v2", "units": "metre"},
        (),
    ),
    "ctr kinect": ("ctrgcn_npz", sample("kinect_v2"), {}, ("positions",)),
    "ctr body25": (
        "ctrgcn_npz",
        pictured("openpose_body25"),
        {"layout": "openpose_body25", "units": "pixel"},
        (),
    ),
    "openpose": ("openpose_json", pictured("openpose_body25")[::2], {}, ()),
    "openpose coco": (
        "openpose_json",
        pictured("openpose_coco18", scored=False)[::2],
        {},
        ("confidence",),
    ),
    "openpose hands": ("openpose_json", pictured("openpose_body25_hands")[::2], {}, ()),
    "openpose upper": (
        "openpose_json",
        pictured("openpose_upper8_hands")[::2],
        {"layout": "openpose_upper8_hands"},
        (),
    ),
    "pose upper": (
        "pose",
        pictured("openpose_upper8_hands")[::2],
        {"layout": "openpose_upper8_hands"},
        (),
    ),
    "pose coco17": ("pose", pictured("coco17")[::2], {"layout": "coco17"}, ()),
    "kinect metre scores": (
        "mmaction_pickle",
        [replace(c, confidence=np.full(c.seen.shape, 0, np.float32)) for c in sample("kinect_v1")],
        {"layout": "kinect_v1", "units": "metre"},
        ("confidence",),
    ),
    "pose body": ("pose", pictured("openpose_body25")[::2], {}, ()),
    "pose coco": ("pose", pictured("openpose_coco18")[::2], {}, ()),
    "pose body hands": ("pose", pictured("openpose_body25_hands")[::2], {}, ()),
    "pose mediapipe": ("pose", pictured("mediapipe_pose", coordinates=3)[::2], {}, ()),
    "pose holistic": (
        "pose",
        pictured("mediapipe_holistic", coordinates=3, units="image fraction")[::2],
        {},
        ("units",),
    ),
    "pose hands": ("pose", pictured("mediapipe_hands", coordinates=3), {}, ()),
    "csv kinect": ("csv", unlabelled(sample("kinect_v2")), {}, ()),
    "csv hands": ("csv", unlabelled(pictured("mediapipe_hands", units="image fraction")), {}, ()),
    "csv body": ("csv", pictured("openpose_body25", coordinates=3), {}, ()),
}


def write(store_path: Path, format: str) -> tuple[Path, dict[str, str]]:
    target = store_path.parent / TARGETS.get(format, "out")
    made = export(store_path, target, format=format)
    return target, dict(made.losses)


@pytest.mark.parametrize("case", CASES)
def test_what_is_read_again_differs_in_the_losses_alone(case: str, tmp_path: Path) -> None:
    format, clips, options, expected = CASES[case]
    store = store_of(tmp_path / "store", clips)
    target, lost = write(store.path, format)
    reader = "table" if format == "csv" else format
    assert detect(target) == reader
    mapping = {"mapping": str(target / "mapping.yaml")} if format == "csv" else {}
    after = read_again(target, tmp_path / "again", reader, **mapping, **options)
    told = {"layout"} if "layout" in options else set()
    differs = differences(store, after, numbered=format == "ctrgcn_npz")
    assert differs | told == set(lost) | told
    assert set(expected) <= set(lost)
    assert ("layout" in lost) == bool(told)
    again = {"name"} if format == "ctrgcn_npz" else set()
    assert not {"name", "frames", "bodies", "clips"} & differs - again


def test_a_pickle_is_plain_and_known_to_old_numpy(tmp_path: Path) -> None:
    clips = pictured("coco17")
    split = [{"split": "train", "split_xsub": "test"}, {"split": "test", "split_xsub": ""}]
    clips = [replace(clip, extra=split[i % 2]) for i, clip in enumerate(unlabelled(clips))]
    store = store_of(tmp_path / "store", clips)
    target, lost = write(store.path, "mmaction_pickle")
    content = target.read_bytes()
    assert b"_core" not in content and content.count(b"numpy.core.multiarray") == 1
    ours = load_pickle(target)
    theirs = pickle.loads(content)
    assert "extra" not in lost and theirs["split"]["xsub_test"] == ["day/clip0", "day/clip2"]
    first = theirs["annotations"][1]
    assert first["keypoint"].shape == (2, 7, 17, 2) and first["keypoint"].dtype == np.float32
    assert first["img_shape"] == (720, 1280) and first["total_frames"] == 7
    assert "label" not in theirs["annotations"][3] and first["label"] == 1
    missing = np.isnan(clips[1].keypoints).any(-1)
    assert (first["keypoint_score"].swapaxes(0, 1)[missing] == 0).all()
    assert (first["keypoint"].swapaxes(0, 1)[missing] == 0).all() and missing.any()
    for one, two in zip(ours["annotations"], theirs["annotations"], strict=True):
        assert (one["keypoint"] == two["keypoint"]).all()
    after = read_again(target, tmp_path / "again", "mmaction_pickle")
    assert after.clips.extra["split"].tolist() == ["train", "test", "train", "test"]


def test_names_of_ntu_tell_their_own(tmp_path: Path) -> None:
    from skelgraph.data.formats.ntu.ntu_names import CLASSES

    clip = sample("kinect_v2")[1]
    named = replace(
        clip, name="S001C002P003R001A005", label=4, setup=1, camera=2, subject=3, repetition=1
    )
    store = store_of(tmp_path / "store", [named], CLASSES[:60])
    target, lost = write(store.path, "mmaction_pickle")
    assert lost == {}
    assert differences(store, read_again(target, tmp_path / "again", "mmaction_pickle")) == set()


def test_parts_and_order_of_a_set_of_ctrgcn(tmp_path: Path) -> None:
    parts = ("test", "train", "test", "train")
    clips = [
        replace(clip, extra={"split": part})
        for clip, part in zip(sample("kinect_v2"), parts, strict=True)
    ]
    store = store_of(tmp_path / "store", [*clips, replace(clips[1], name="x", label=None)])
    target, lost = write(store.path, "ctrgcn_npz")
    assert lost["clips"].startswith("1 clips") and "extra" not in lost
    with np.load(target) as arrays:
        assert arrays["x_train"].shape == (2, 9, 150) and arrays["y_test"].shape == (2, 3)
        assert arrays["y_train"].argmax(1).tolist() == [1, 0]
        row = arrays["x_train"][0].reshape(9, 2, 25, 3)
    expected = np.nan_to_num(clips[1].keypoints)
    assert (row[:7] == expected).all() and not row[7:].any()


def test_openpose_is_as_its_program_writes_it(tmp_path: Path) -> None:
    clip = pictured("openpose_body25")[1]
    store = store_of(tmp_path / "store", [clip])
    target, lost = write(store.path, "openpose_json")
    assert "bodies" in lost and "fps" in lost
    frames = sorted((target / "day/clip1").iterdir())
    assert frames[2].name == "000000000002_keypoints.json" and len(frames) == 7
    people = json.loads(frames[0].read_text())["people"]
    assert len(people) == 2 and len(people[0]["pose_keypoints_2d"]) == 75
    row = np.array(people[1]["pose_keypoints_2d"], np.float32).reshape(25, 3)
    assert (row[:, :2] == np.nan_to_num(clip.keypoints[0, 1])).all()
    assert len(json.loads(frames[3].read_text())["people"]) == 1  # with_gaps takes one away


def test_names_that_make_no_path_are_changed_and_told(tmp_path: Path) -> None:
    clip = pictured("openpose_body25")[0]
    names = ("../up", "a:b", "a_b", "/root", ".hidden", "x" * 300)
    store = store_of(tmp_path / "store", [replace(clip, name=name) for name in names])
    for format in ("openpose_json", "csv", "pose"):
        target = tmp_path / format
        made = export(store.path, target, format=format)
        assert made.losses["name"].startswith("5 names") and "'_./up'" in made.losses["name"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["csv", "openpose_json", "pose", "store"]


def test_graphs_hold_everything(tmp_path: Path) -> None:
    clips = unlabelled(pictured("openpose_body25"))
    clips = [replace(clip, extra={"day": "monday"}) for clip in clips]
    store = store_of(tmp_path / "store", clips)
    target, lost = write(store.path, "pyg")
    assert lost == {}
    document = torch.load(target, weights_only=True)
    assert document["layout"] == store.layout.to_dict() and document["fps"] == 30
    graphs = load_graphs(target)
    assert [int(graph.y) for graph in graphs] == [0, 1, 2, -1]
    assert graphs[1].validate() and graphs[1].num_nodes == 50 and graphs[0].num_nodes == 25
    assert graphs[1].clip == "day/clip1" and graphs[1].column_day == "monday"
    for clip, graph in zip(clips, graphs, strict=True):
        bodies = clip.seen.any(axis=(0, 2)).sum()
        points = graph.x.reshape(bodies, 25, -1, 2).permute(2, 0, 1, 3).numpy()
        assert (points == np.nan_to_num(clip.keypoints)).all()
        visible = graph.visible.reshape(bodies, 25, -1).permute(2, 0, 1).numpy()
        assert (visible == clip.seen).all() and clip.confidence is not None
        assert (
            graph.confidence.reshape(bodies, 25, -1)[0, 3].numpy() == clip.confidence[:, 0, 3]
        ).all()
    assert graphs[1].edge_index.max() == 49 and graphs[1].body.tolist() == [0] * 25 + [1] * 25


def test_tables_of_a_layout_of_ones_own(tmp_path: Path) -> None:
    own = load_layout("kinect_v2").subset(
        ["spine_base", "spine_mid", "spine_shoulder", "neck"], name="own"
    )
    write_layout(own, tmp_path / "own.yaml")
    clips = [replace(walk(own, frames=3, seed=seed), source="one film") for seed in range(2)]
    store = store_of(tmp_path / "store", clips, ("a, b", 'c "d"', "é"))
    target, lost = write(store.path, "csv")
    assert set(lost) == {"source"}
    assert (
        (target / "walk_0.csv").read_text("utf-8").splitlines()[0].startswith("frame,label,spine")
    )
    mapping = str(target / "mapping.yaml")
    after = read_again(target, tmp_path / "again", "table", mapping=mapping)
    assert after.layout == own and differences(store, after) == {"source"}


def test_scores_that_formats_read_as_missing_are_counted(tmp_path: Path) -> None:
    clip = in_picture(walk(load_layout("openpose_body25"), frames=3, bodies=1))
    assert clip.confidence is not None
    clip.confidence[0, 0, :2] = 0, np.nan
    clip.keypoints[1, 0, 3] = 0
    clip.keypoints[2, 0, 4] = np.nan
    store = store_of(tmp_path / "store", [clip])
    _, lost = write(store.path, "mmaction_pickle")
    assert lost["positions"] == (
        "1 joints with score 0 are read as missing; 1 joints at the origin are read as missing"
    )
    assert lost["confidence"] == (
        "1 seen joints without a score get 1; scores of 1 joints that were not seen become 0"
    )
    made = export(store.path, tmp_path / "frames", format="openpose_json")
    assert made.losses["positions"] == "1 joints with score 0 are read as missing"


def test_confidence_as_a_coordinate_becomes_the_score(tmp_path: Path) -> None:
    from skelgraph.data.clip_steps import ConvertSteps

    store = store_of(tmp_path / "store", pictured("coco17"))
    for format, name in (("mmaction_pickle", "a.pkl"), ("csv", "a")):
        made = export(
            store.path, tmp_path / name, format=format, steps=ConvertSteps(confidence_as_z=True)
        )
        assert ("axes" in made.losses) == (format == "mmaction_pickle")
    plain = export(store.path, tmp_path / "b.pkl", format="mmaction_pickle")
    assert "axes" not in plain.losses
    assert (tmp_path / "a.pkl").read_bytes() == (tmp_path / "b.pkl").read_bytes()
    mapping = str(tmp_path / "a/mapping.yaml")
    again = read_again(tmp_path / "a", tmp_path / "again", "table", mapping=mapping)
    assert again.axes == ("left", "down", "confidence")


@st.composite
def stores(draw: st.DrawFn) -> list[Clip]:
    """Draw one to three clips with bodies, frames, gaps and scores anywhere."""
    layout = load_layout("openpose_coco18")
    clips = []
    for number in range(draw(st.integers(1, 3))):
        seed, frames = draw(st.integers(0, 99)), draw(st.integers(1, 6))
        clip = in_picture(walk(layout, frames=frames, bodies=draw(st.integers(1, 2)), seed=seed))
        points = clip.keypoints.copy()
        share = draw(st.sampled_from((0.0, 0.3, 0.9)))
        gone = np.random.default_rng(seed).random(points.shape[:3]) < share
        gone[0, 0, 0] = False
        points[gone] = np.nan
        score = np.where(gone, 0, clip.confidence).astype(np.float32)
        label = draw(st.sampled_from((None, 0, 2)))
        fps = 25.0
        clips.append(
            replace(
                clip, keypoints=points, confidence=score, name=f"n{number}", label=label, fps=fps
            )
        )
    return clips


@given(clips=stores(), format=st.sampled_from(("mmaction_pickle", "csv")))
@settings(max_examples=20)
def test_any_small_store_comes_back(clips: list[Clip], format: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder)
        store = store_of(path / "store", clips)
        target, lost = write(store.path, format)
        reader, options = "mmaction_pickle", {"layout": "openpose_coco18"}
        if format == "csv":
            reader, options = "table", {"mapping": str(target / "mapping.yaml")}
        after = read_again(target, path / "again", reader, **options)
        assert differences(store, after) == set(lost) - {"layout"}


def test_every_format_says_what_it_is() -> None:
    assert sorted(WRITERS) == [
        "csv",
        "ctrgcn_npz",
        "mmaction_pickle",
        "openpose_json",
        "pose",
        "pyg",
    ]
    for module in WRITERS.values():
        assert module.__doc__ and all(ending.startswith(".") for ending in module.ENDINGS)


def test_two_people_come_back_whoever_is_first(tmp_path: Path) -> None:
    layout = load_layout("openpose_body25")
    clips = [in_picture(walk(layout, frames=20, bodies=2, seed=seed)) for seed in range(2)]
    store = store_of(tmp_path / "store", clips)
    for format in ("openpose_json", "pose"):
        made = export(store.path, tmp_path / format, format=format)
        assert "bodies" in made.losses
        after = read_again(tmp_path / format, tmp_path / f"{format}_again", format)
        for row, clip in enumerate(clips):
            found = np.sort(after.keypoints_of(row), axis=1)
            np.testing.assert_allclose(found, np.sort(clip.keypoints, axis=1), rtol=1e-6)


@pytest.mark.data
@pytest.mark.parametrize("format", ["mmaction_pickle", "ctrgcn_npz", "csv"])
def test_a_genuine_set_comes_back(format: str, recordings: Path, tmp_path: Path) -> None:
    store = read_again(recordings / "sets/irds_kinect_v2.npz", tmp_path / "store", "npz")
    target, lost = write(store.path, format)
    options = {"layout": "kinect_v2", "units": "metre"} if format == "mmaction_pickle" else {}
    if format == "csv":
        options = {"mapping": str(target / "mapping.yaml")}
    reader = "table" if format == "csv" else format
    after = read_again(target, tmp_path / "again", reader, **options)
    differs = differences(store, after, numbered=format == "ctrgcn_npz")
    assert differs == set(lost) - {"layout"} and after.num_clips == 188
