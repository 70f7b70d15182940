"""The recordings that the project is measured on."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import torch

from skelgraph.data.clip_steps import ConvertSteps
from skelgraph.data.dataset import ClipSet
from skelgraph.data.formats import ReadOptions, convert
from skelgraph.data.inspection import inspect_source
from skelgraph.data.merging import merge
from skelgraph.data.protocols import num_folds, split_clips
from skelgraph.data.size import BY_REFERENCE, EMPTY
from skelgraph.data.store import Store
from skelgraph.data.windows import WindowSpec, cut_windows
from skelgraph.graphs import load_layout, map_joints

pytestmark = pytest.mark.data

SETS = {
    "reach_to_grasp_p1to6": (537, 18411, "openpose_upper8_hands"),
    "charades_body25": (1167, 326711, "openpose_body25"),
    "irds_kinect_v2": (188, 14142, "kinect_v2"),
    "nw_ucla_views12": (1020, 44144, "kinect_v1"),
    "utd_mhad_odd": (431, 29199, "kinect_v1"),
    "msr_action3d": (566, 23440, "msr_action3d"),
    "isl32_mediapipe_hands": (1599, 47970, "mediapipe_hands"),
}


@pytest.fixture(scope="module")
def stores(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Store]:
    folder = tmp_path_factory.mktemp("stores")
    options = ReadOptions(width=1280, height=720)
    return {
        name: convert(recordings / "sets" / f"{name}.npz", folder / name, options=options)
        for name in SETS
    }


def whole(store: Store, layout_name: str, *, slot: str | None = None) -> ClipSet:
    layout, index = load_layout(layout_name), store.clips
    windows = cut_windows(index.start, index.frames, np.arange(len(index)), WindowSpec())
    joints = map_joints(store.layout, layout, slot=slot)
    return ClipSet(store, windows, layout=layout, joint_map=joints)


@pytest.mark.parametrize("name", SETS)
def test_every_clip_is_there_or_dropped_with_a_reason(stores: dict[str, Store], name: str) -> None:
    store = stores[name]
    clips, frames, layout = SETS[name]
    assert (store.num_clips, len(store.keypoints), store.layout.name) == (clips, frames, layout)
    assert store.report["clips"] == clips and store.verify() == []
    assert len(store.report["dropped"]) == (name in ("msr_action3d", "isl32_mediapipe_hands"))


def test_two_orders_of_one_layout_become_one(stores: dict[str, Store]) -> None:
    for name in ("nw_ucla_views12", "utd_mhad_odd"):
        mean = np.nanmean(stores[name].keypoints, axis=(0, 1))
        layout = stores[name].layout
        assert mean[layout.index("head"), 1] > mean[layout.index("hip_centre"), 1]
        assert mean[layout.index("hip_centre"), 1] > mean[layout.index("left_foot"), 1]


@pytest.mark.parametrize("name", [name for name in SETS if "hands" not in SETS[name][2]])
def test_the_house_frame_has_right_at_x_and_up_at_y(stores: dict[str, Store], name: str) -> None:
    layout = stores[name].layout
    found = whole(stores[name], layout.name)
    batch = found.batch(range(len(found)), num_frames=16)
    right, left = layout.index("right_shoulder"), layout.index("left_shoulder")
    both = batch.visible[:, :, [right, left]].all(2)
    wide = (batch.positions[:, 0, :, right] - batch.positions[:, 0, :, left])[both]
    assert (wide > 0).float().mean() > 0.95
    head = layout.index("head") if "head" in layout.joints else layout.index("nose")
    hip = next(j for n in ("left_hip",) for j in [layout.index(n)])
    both = batch.visible[:, :, [head, hip]].all(2)
    tall = (batch.positions[:, 1, :, head] - batch.positions[:, 1, :, hip])[both]
    assert (tall > 0).float().mean() > 0.9
    assert batch.positions.abs().max() < 6  # metres: nobody is larger than the room


def test_hands_out_of_the_upper_body(stores: dict[str, Store]) -> None:
    found = whole(stores["reach_to_grasp_p1to6"], "mediapipe_hands", slot="right")
    batch = found.batch(range(len(found)), num_frames=16)
    assert batch.bodies[:, 1].all() and not batch.bodies[:, 0].any()
    assert found.counts[BY_REFERENCE] == 537 and found.counts[EMPTY] == 0
    assert 0.02 < batch.positions[..., 1].std() < 0.2


def test_all_protocols_keep_people_apart(stores: dict[str, Store]) -> None:
    for name in ("reach_to_grasp_p1to6", "charades_body25", "irds_kinect_v2"):
        index = stores[name].clips
        for protocol in ("loso", "xsub", "random"):
            for fold in range(num_folds(index, protocol, folds=3)):
                split = split_clips(index, protocol, fold=fold, folds=3)
                held = [set(index.subject[split.part(p)]) for p in ("train", "val", "test")]
                assert not held[0] & held[1] and not held[0] & held[2] and not held[1] & held[2]
    views = stores["nw_ucla_views12"].clips
    split = split_clips(views, "xview", test=[2])
    assert set(views.camera[split.test]) == {2} and set(views.camera[split.train]) == {1}


def test_preparing_and_batching_are_fast(stores: dict[str, Store]) -> None:
    begin = time.process_time()
    found = whole(stores["charades_body25"], "openpose_body25")
    assert time.process_time() - begin < 20
    generator = torch.Generator().manual_seed(0)
    chosen = torch.randperm(len(found), generator=generator)[:32]
    times = []
    for _ in range(9):
        begin = time.process_time()
        found.batch(chosen, num_frames=64, generator=generator)
        times.append(time.process_time() - begin)
    assert sorted(times)[4] < 0.03


def test_inspection_of_a_recording(recordings: Path) -> None:
    found = inspect_source(recordings / "sets" / "irds_kinect_v2.npz")
    assert found["clips"] == 188 and found["subjects"] == [215, 216, 217]
    assert found["layout"] == "kinect_v2" and found["gaps"]["missing"] == 0


def test_kinect_v2_turned_into_openpose(stores: dict[str, Store], tmp_path: Path) -> None:
    store = stores["irds_kinect_v2"]
    made = convert(store.path, tmp_path / "s", steps=ConvertSteps(to_layout="openpose_body25"))
    assert (made.num_clips, len(made.keypoints)) == (188, 14142)
    hips = store.layout.indices(("left_hip", "right_hip"))
    middle = made.keypoints[:, :, made.layout.index("mid_hip")]
    np.testing.assert_allclose(middle, store.keypoints[:, :, list(hips)].mean(axis=2), atol=1e-6)
    # Where the sensor says the base of the spine is, a few centimetres from the invented joint.
    base = store.keypoints[:, :, store.layout.index("spine_base")]
    assert np.nanmedian(np.linalg.norm(middle - base, axis=-1)) < 0.05


def test_two_sets_of_one_sensor_become_one(stores: dict[str, Store], tmp_path: Path) -> None:
    utd = convert(
        stores["utd_mhad_odd"].path, tmp_path / "utd", options=ReadOptions(width=1280, height=720)
    )
    both = merge([utd.path, stores["nw_ucla_views12"].path], tmp_path / "both")
    assert both.num_clips == 431 + 1020 and len(both.class_names) == 36
    assert len(np.unique(both.clips.subject)) == 14
