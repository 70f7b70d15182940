"""Batches of windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from skelgraph.data.clip import Clip
from skelgraph.data.dataset import Batch, ClipSet
from skelgraph.data.memory import ClipList
from skelgraph.data.prepare import PrepareOptions, prepare_clip
from skelgraph.data.store import write_store
from skelgraph.data.windows import WindowSpec, cut_windows
from skelgraph.errors import ConfigError, FormatError, StoreError
from skelgraph.graphs import Layout, load_layout, map_joints
from tests.data.made_up import CLASSES, walk, walks

# torch_geometric itself still calls torch.jit as it is imported.
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")

BODY = load_layout("kinect_v2")
HANDS = load_layout("mediapipe_hands")


def clip_set(
    clips: Sequence[Clip],
    *,
    rows: Sequence[int] | None = None,
    spec: WindowSpec | None = None,
    layout: Layout | None = None,
    **options: object,
) -> ClipSet:
    source = ClipList(clips, CLASSES)
    index = source.clips
    chosen = np.arange(len(clips)) if rows is None else np.array(rows)
    return ClipSet(
        source,
        cut_windows(index.start, index.frames, chosen, spec or WindowSpec()),
        layout=layout or source.layout,
        joint_map=map_joints(source.layout, layout or source.layout),
        **options,
    )


def same(one: Batch, other: Batch) -> None:
    for key in ("positions", "visible", "frames", "label", "index"):
        assert torch.equal(getattr(one, key), getattr(other, key)), key


def holed(clip: Clip, seed: int = 0) -> Clip:
    points = clip.keypoints.copy()
    points[np.random.default_rng(seed).random(points.shape[:3]) < 0.3] = np.nan
    return replace(clip, keypoints=points)


def test_shapes_and_kinds() -> None:
    batch = clip_set(walks(4)).batch([2, 0, 3], num_frames=7)
    assert batch.positions.shape == (3, 3, 7, 25, 1) and batch.positions.is_contiguous()
    assert batch.visible.shape == (3, 7, 25, 1) and batch.visible.dtype == torch.bool
    assert batch.frames.shape == (3, 7) and batch.frames.all()
    assert batch.label.tolist() == [2, 0, 0] and batch.index.tolist() == [2, 0, 3]
    assert batch.bodies.tolist() == [[True]] * 3 and len(batch) == 3
    assert torch.isfinite(batch.positions).all()


def test_whole_clips_are_padded_to_the_longest() -> None:
    clips = [holed(clip, seed) for seed, clip in enumerate(walks(4))]
    batch = clip_set(clips).batch([0, 3], num_frames=None)
    assert batch.positions.shape[2] == 14
    assert batch.frames.sum(1).tolist() == [5, 14]
    assert not batch.visible[0, 5:].any()
    alone = clip_set(clips).batch([0], num_frames=None)
    torch.testing.assert_close(batch.positions[:1, :, :5], alone.positions)
    assert torch.equal(batch.visible[:1, :5], alone.visible)


@pytest.mark.parametrize("centre", ["clip", "frame"])
@pytest.mark.parametrize("num_frames", [None, 6])
def test_rows_do_not_depend_on_each_other(num_frames: int | None, centre: str) -> None:
    found = clip_set([holed(clip, seed) for seed, clip in enumerate(walks(4))])
    whole = found.batch([0, 1, 2, 3], num_frames=num_frames, centre=centre)
    for row in range(4):
        alone = found.batch([row], num_frames=num_frames, centre=centre)
        frames = alone.positions.shape[2]
        torch.testing.assert_close(whole.positions[row : row + 1, :, :frames], alone.positions)


def test_frames_come_from_their_own_clip_only() -> None:
    clips = [
        replace(clip, keypoints=clip.keypoints + 100 * number)
        for number, clip in enumerate(walks(4))
    ]
    found = clip_set(clips)
    for generator in (None, torch.Generator().manual_seed(0)):
        batch = found.batch([0, 1, 2, 3], num_frames=40, generator=generator)
        assert batch.positions.abs().max() < 3


def test_windows_are_ranges_of_their_clip() -> None:
    clips = [holed(clip, seed) for seed, clip in enumerate(walks(3))]
    found = clip_set(clips, rows=[2, 0], spec=WindowSpec(4, 0.5), options=PrepareOptions(max_gap=3))
    assert found.names.tolist() == ["walk_2"] * 5 + ["walk_0"] * 2
    ready, seen = prepare_clip(
        clips[2], map_joints(BODY, BODY), layout=BODY, options=PrepareOptions(max_gap=3)
    )
    batch = found.batch([1], num_frames=None)
    part = torch.from_numpy(ready[2:6])
    middle = part[:, :, list(BODY.centre)].mean((0, 1, 2))
    torch.testing.assert_close(
        batch.positions[0], (part - middle).permute(3, 0, 2, 1), atol=1e-6, rtol=1e-5
    )
    np.testing.assert_array_equal(batch.visible[0].transpose(1, 2), seen[2:6])


def test_store_and_list_give_the_same(tmp_path: Path) -> None:
    clips = [holed(clip, seed) for seed, clip in enumerate(walks(4))]
    store = write_store(tmp_path / "store", clips, class_names=CLASSES, provenance={})
    index = store.clips
    windows = cut_windows(index.start, index.frames, np.array([1, 3]), WindowSpec(5))
    stored = ClipSet(store, windows, layout=BODY, joint_map=map_joints(BODY, BODY))
    listed = clip_set(clips, rows=[1, 3], spec=WindowSpec(5))
    order = range(len(windows))
    same(stored.batch(order, num_frames=6), listed.batch(order, num_frames=6))
    assert stored.labels.tolist() == listed.labels.tolist() == index.label[windows.row].tolist()


def test_more_frames_than_the_limit_go_to_a_file() -> None:
    clips = walks(3)
    mapped = clip_set(clips, memory_limit=100)
    same(mapped.batch([0, 2], num_frames=9), clip_set(clips).batch([0, 2], num_frames=9))


def test_other_windows_over_the_same_recordings() -> None:
    found = clip_set(walks(4), rows=[1, 3])
    index = ClipList(walks(4)).clips
    windows = cut_windows(index.start, index.frames, np.array([3]), WindowSpec(4))
    other = found.with_windows(windows)
    same(
        other.batch([0, 1], num_frames=4),
        clip_set(walks(4), rows=[3], spec=WindowSpec(4)).batch([0, 1], num_frames=4),
    )
    assert len(found) == 2 and len(other) == 4
    with pytest.raises(StoreError, match=r"cut from the clips that were prepared"):
        found.with_windows(cut_windows(index.start, index.frames, np.array([0]), WindowSpec()))


@pytest.mark.parametrize("centre", ["clip", "frame"])
def test_the_centre_is_the_origin(centre: str) -> None:
    batch = clip_set(walks(3)).batch([0, 1, 2], num_frames=8, centre=centre)
    middle = batch.positions[:, :, :, list(BODY.centre), 0].mean(3)
    if centre == "clip":
        middle = middle.mean(2)
    assert middle.abs().max() < 1e-5


def test_moving_a_recording_changes_nothing() -> None:
    clips = [holed(clip, seed) for seed, clip in enumerate(walks(3))]
    moved = [replace(clip, keypoints=clip.keypoints + np.float32(7)) for clip in clips]
    one, other = (clip_set(c).batch([0, 1, 2], num_frames=8) for c in (clips, moved))
    torch.testing.assert_close(one.positions, other.positions, atol=1e-4, rtol=0)
    assert torch.equal(one.visible, other.visible)


def test_bodies_keep_their_places_and_absent_ones_change_nothing() -> None:
    pair = walk(BODY, bodies=2)
    batch = clip_set([pair]).batch([0], num_frames=None)
    apart = (
        batch.positions[0, :, :, BODY.centre[0], 1] - batch.positions[0, :, :, BODY.centre[0], 0]
    )
    assert apart[0].mean() > 0.3
    clip = walk(BODY)
    points = np.concatenate([clip.keypoints, np.full((12, 3, 25, 3), np.nan, np.float32)], axis=1)
    four = clip_set([replace(clip, keypoints=points)]).batch([0], num_frames=5)
    one = clip_set([clip]).batch([0], num_frames=5)
    torch.testing.assert_close(four.positions[..., :1], one.positions)
    assert four.bodies.tolist() == [[True, False, False, False]]


def test_bodies_of_a_window_that_are_absent_stand_at_the_neutral_pose() -> None:
    points = walk(HANDS, frames=20, bodies=2).keypoints.copy()
    points[10:, 0] = np.nan
    clip = replace(walk(HANDS, bodies=2), keypoints=points)
    found = clip_set([clip], spec=WindowSpec(10), options=PrepareOptions(max_gap=0))
    batch = found.batch([0, 1], num_frames=5)
    assert batch.bodies.tolist() == [[True, True], [False, True]]
    neutral = HANDS.neutral_of(0) - HANDS.neutral_of(0)[list(HANDS.centre)].mean(axis=0)
    torch.testing.assert_close(batch.positions[1, :, 0, :, 0].T, torch.from_numpy(neutral))
    assert batch.positions[1, :, :, HANDS.centre[0], 1].mean(1).abs().max() < 1e-5


def test_chance_comes_from_the_generator_alone() -> None:
    found = clip_set(walks(4))
    first, again, other = (
        found.batch(
            [0, 1, 2, 3], num_frames=6, crop=0.6, generator=torch.Generator().manual_seed(seed)
        )
        for seed in (1, 1, 2)
    )
    same(first, again)
    assert not torch.equal(first.positions, other.positions)
    same(found.batch([0], num_frames=6), found.batch([0], num_frames=6))


def test_batching_leaves_the_prepared_frames_as_they_are() -> None:
    found = clip_set(walks(2))
    before = found.batch([0, 1], num_frames=None)
    batch = found.batch([0, 1], num_frames=None)
    batch.positions.zero_()
    batch.visible.zero_()
    same(found.batch([0, 1], num_frames=None), before)


def test_iterating_yields_every_window_once_in_order() -> None:
    found = clip_set(walks(5))
    order = [4, 2, 0, 1, 3]
    batches = list(found.iterate(order, 2, num_frames=4))
    assert [len(batch) for batch in batches] == [2, 2, 1]
    assert torch.cat([batch.index for batch in batches]).tolist() == order


def test_selecting_and_moving_a_batch() -> None:
    batch = clip_set(walks(4)).batch([0, 1, 2, 3], num_frames=4)
    same(batch.select(torch.tensor([2, 0])), clip_set(walks(4)).batch([2, 0], num_frames=4))
    assert batch.select(batch.label == 0).index.tolist() == [0, 3]
    same(batch.to("cpu"), batch)


def test_a_window_as_a_graph() -> None:
    found = clip_set([walk(HANDS, bodies=2)])
    data = found.to_pyg(0, num_frames=6)
    batch = found.batch([0], num_frames=6)
    assert data.x.shape == (42, 6, 3) and data.visible.shape == (42, 6)
    torch.testing.assert_close(data.x[25], batch.positions[0, :, :, 4, 1].T)
    edges = HANDS.to_data().edge_index.shape[1]
    assert data.edge_index.shape == (2, 2 * edges) and data.edge_type.shape == (2 * edges,)
    bodies = data.body[data.edge_index]
    assert torch.equal(bodies[0], bodies[1]) and data.body.tolist() == [0] * 21 + [1] * 21
    assert data.num_nodes == 42 and data.y.tolist() == [0] and data.pos.shape == (42, 3)
    data.validate()


def test_absent_bodies_are_no_nodes() -> None:
    clip = walk(BODY)
    points = np.concatenate([np.full((12, 1, 25, 3), np.nan, np.float32), clip.keypoints], axis=1)
    data = clip_set([replace(clip, keypoints=points)]).to_pyg(0)
    assert data.num_nodes == 25 and data.body.tolist() == [1] * 25 and data.x.shape == (25, 12, 3)


@pytest.mark.parametrize(("frames", "bodies"), [(1, 1), (2000, 1), (10, 5)])
def test_any_length_and_number_of_bodies(frames: int, bodies: int) -> None:
    found = clip_set([walk(load_layout("coco17"), frames=frames, bodies=bodies)])
    assert found.batch([0], num_frames=16).positions.shape == (1, 3, 16, 17, bodies)
    assert found.batch([0], num_frames=None).positions.shape[2] == frames
    assert (found.num_bodies, found.num_channels) == (bodies, 3)


def test_what_cannot_be_is_told() -> None:
    with pytest.raises(StoreError, match=r"windows: expected at least one, got none"):
        clip_set(walks(2), rows=[])
    nothing = replace(walk(BODY), keypoints=np.full((5, 1, 25, 3), np.nan, np.float32))
    with pytest.raises(StoreError, match=r"expected its joints in some clip"):
        clip_set([nothing])
    picture = replace(walk(HANDS), units="image fraction")
    with pytest.raises(FormatError, match=r"clip 'walk_0': image fractions: .*--width"):
        clip_set([picture])
    with pytest.raises(ConfigError, match=r"Did you mean 'frame'"):
        clip_set(walks(1)).batch([0], num_frames=3, centre="frames")
    with pytest.raises(ConfigError, match=r"num_frames: expected at least 1"):
        clip_set(walks(1)).batch([0], num_frames=0)


def test_a_batch_looks_up_its_own_labels_only(monkeypatch: pytest.MonkeyPatch) -> None:
    found = clip_set(walks(3))
    expected = found.labels[[2, 0]].tolist()
    monkeypatch.setattr(ClipSet, "labels", property(lambda own: pytest.fail("asked for all")))
    assert found.batch([2, 0], num_frames=4).label.tolist() == expected
