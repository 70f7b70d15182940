"""Attention of a trained model: shares, hands, people, padding, what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from skelgraph.data.store import Store, write_store
from skelgraph.errors import RunError
from skelgraph.graphs import Layout, load_layout
from skelgraph.models import build_model, resolve_config
from skelgraph.training.attention import AttentionSet, attention_of, overlap
from skelgraph.training.config import DataOptions
from skelgraph.training.weights import Recogniser
from tests.training.clips import CLASSES, TINY, make_clips, make_store


def make_recogniser(
    layout: Layout, *, head: str = "gated", data: DataOptions | None = None
) -> Recogniser:
    torch.manual_seed(0)
    config = resolve_config("as_gcn", "small", overrides={**TINY, "head": head})
    model = build_model("as_gcn", layout, num_classes=len(CLASSES), config=config).eval()
    return Recogniser(
        model=model,
        layout=layout,
        class_names=CLASSES,
        data=data or DataOptions(num_frames=8),
        num_coords=3,
        temperature=1.0,
        model_config={},
        provenance={},
    )


def make_attention(
    path: Path, name: str, *, bodies: int = 1, data: DataOptions | None = None
) -> AttentionSet:
    layout = load_layout(name)
    store = make_store(path / "store", layout, subjects=2, each=2, bodies=bodies)
    rows = np.arange(store.num_clips)
    return attention_of(make_recogniser(layout, data=data), store, rows=rows)


def test_a_bodys_shares_sum_to_one(tmp_path: Path) -> None:
    attention = make_attention(tmp_path, "coco17", bodies=2)
    assert attention.joint_weights.shape == (12, 2, 17)
    assert attention.joint_frame_weights.shape == (12, 2, 8, 17)
    np.testing.assert_allclose(attention.joint_weights.sum(-1), 1, rtol=1e-5)
    np.testing.assert_allclose(
        attention.joint_frame_weights.sum(2), attention.joint_weights, atol=1e-5
    )
    assert ((attention.gate > 0) & (attention.gate < 1)).all()


def test_absent_hands_have_no_share(tmp_path: Path) -> None:
    attention = make_attention(tmp_path, "mediapipe_hands")
    assert np.isfinite(attention.joint_weights[:, 0]).all()
    assert np.isnan(attention.joint_weights[:, 1]).all()
    mean = attention.mean_joints()
    assert mean.shape == (2, 21)
    assert mean[0].sum() == pytest.approx(1, rel=1e-5)
    assert np.isnan(mean[1]).all()


def test_the_mean_over_people_forgets_their_order(tmp_path: Path) -> None:
    attention = make_attention(tmp_path, "coco17", bodies=2)
    swapped = replace(
        attention,
        joint_weights=attention.joint_weights[:, ::-1],
        joint_frame_weights=attention.joint_frame_weights[:, ::-1],
    )
    assert attention.mean_joints().shape == (1, 17)
    assert attention.mean_frames().shape == (1, 8, 17)
    np.testing.assert_allclose(attention.mean_joints(), swapped.mean_joints(), rtol=1e-6)
    assert attention.take(np.array([3])).mean_joints().shape == (2, 17)
    assert attention.take(np.array([3])).mean_over_bodies().shape == (1, 17)


@pytest.mark.parametrize("data", [DataOptions(num_frames=0), DataOptions(num_frames=0, window="6")])
def test_clips_of_different_lengths_share_relative_time(tmp_path: Path, data: DataOptions) -> None:
    attention = make_attention(tmp_path, "coco17", data=data)
    spread = attention.joint_frame_weights
    np.testing.assert_allclose(spread.sum(2), attention.joint_weights, atol=1e-5)
    assert len(set(attention.frames.tolist())) == (2 if data.window is None else 1)


@pytest.mark.parametrize(("frames", "bins"), [(2, 4), (7, 5), (50, 50), (1, 3), (300, 50)])
def test_frames_are_shared_out_whole(frames: int, bins: int) -> None:
    shares = overlap(frames, bins)
    np.testing.assert_allclose(shares.sum(axis=0), 1)
    np.testing.assert_allclose(shares.sum(axis=1), frames / bins)


def test_clips_and_classes_are_found_by_name(tmp_path: Path) -> None:
    attention = make_attention(tmp_path, "coco17")
    assert attention.of_clip("s1_rising_0").names == ("s1_rising_0",)
    assert attention.of_clip("2").names == (attention.names[2],)
    rising = attention.of_class("rising")
    assert len(rising) == 4
    assert all("rising" in name for name in rising.names)
    with pytest.raises(
        RunError, match=r"class: expected one of .* got 'risin'. Did you mean 'rising'"
    ):
        attention.of_class("risin")
    with pytest.raises(
        RunError, match=r"one of 12 clips or its number from 0, got 's9'. Near it: s"
    ):
        attention.of_clip("s9")


def test_windows_of_a_clip_are_found_together(tmp_path: Path) -> None:
    data = DataOptions(num_frames=4, window="5", overlap=0.5)
    attention = make_attention(tmp_path, "coco17", data=data)
    found = attention.of_clip("s0_still_0")
    assert len(found) > 1
    assert all(name.startswith("s0_still_0@") for name in found.names)
    assert len(attention.of_clip(found.names[1])) == 1


def test_without_labels_predictions_make_the_classes(tmp_path: Path) -> None:
    layout = load_layout("coco17")
    clips = [replace(clip, label=None) for clip in make_clips(layout, subjects=1)]
    store = write_store(tmp_path / "store", clips, class_names=(), provenance={})
    attention = attention_of(make_recogniser(layout), store, rows=np.arange(len(clips)))
    assert not attention.labelled
    np.testing.assert_array_equal(attention.classes, attention.predicted)
    empty = next(i for i in range(3) if i not in set(attention.predicted.tolist()))
    with pytest.raises(RunError, match="expected a clip of it, got none among 6"):
        attention.of_class(CLASSES[empty])


def test_a_pooled_head_has_no_attention(store: Store) -> None:
    recogniser = make_recogniser(store.layout, head="pooled")
    with pytest.raises(RunError, match=r"expected a model with a joint tower.*--head gated"):
        attention_of(recogniser, store, rows=np.arange(2))


def test_a_clip_has_the_same_attention_alone(tmp_path: Path) -> None:
    layout = load_layout("coco17")
    store = make_store(tmp_path / "store", layout, subjects=2)
    recogniser = make_recogniser(layout)
    every = attention_of(recogniser, store, rows=np.arange(store.num_clips))
    alone = attention_of(recogniser, store, rows=np.array([5]))
    np.testing.assert_allclose(alone.joint_weights[0], every.joint_weights[5], atol=1e-5)
    np.testing.assert_allclose(
        alone.joint_frame_weights[0], every.joint_frame_weights[5], atol=1e-5
    )
