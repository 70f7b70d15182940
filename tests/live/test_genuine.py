"""MediaPipe on genuine media: what left and right mean, right joints, right counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib import cbook

from skelgraph.data.store import Store
from skelgraph.errors import FormatError
from skelgraph.live.extract_options import ExtractOptions
from skelgraph.live.extracting import extract
from skelgraph.live.frames import read_frames
from skelgraph.live.landmarkers import DetectorOptions, Landmarkers
from skelgraph.live.models import find_models
from skelgraph.live.native_messages import native_messages_dropped

pytestmark = pytest.mark.usefixtures("model_folder")


@pytest.fixture(scope="module")
def hopper() -> Path:
    return Path(str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)))


@pytest.fixture(scope="module")
def signing(recordings: Path) -> Path:
    """A woman who faces the camera, unmirrored, signs with her right hand; her left is not seen."""
    return recordings / "native" / "video" / "signing_hands.mp4"


@pytest.fixture(scope="module")
def signed(
    signing: Path, model_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[bool, Store]:
    """The same video as it is, and as if it were a mirror image."""
    folder = tmp_path_factory.mktemp("signed")
    return {
        mirrored: extract(
            [signing],
            folder / str(mirrored),
            options=ExtractOptions(detector="holistic", mirrored=mirrored),
        )
        for mirrored in (False, True)
    }


def joint(store: Store, name: str) -> np.ndarray:
    return np.asarray(store.keypoints[:, 0, store.layout.index(name)])


def share_seen(store: Store, name: str) -> float:
    return float((~np.isnan(joint(store, name)[:, 0])).mean())


@pytest.mark.data
def test_right_is_the_person_s_right_in_an_unmirrored_picture(signed: dict[bool, Store]) -> None:
    store = signed[False]
    assert share_seen(store, "right_hand_wrist") == pytest.approx(23 / 58, abs=0.07)
    assert share_seen(store, "left_hand_wrist") == 0
    # Her right shoulder is to the picture's left.
    assert (joint(store, "right_shoulder")[:, 0] < joint(store, "left_shoulder")[:, 0]).all()
    seen = ~np.isnan(joint(store, "right_hand_wrist")[:, 0])
    apart = joint(store, "right_hand_wrist")[seen] - joint(store, "right_wrist")[seen]
    assert np.median(np.abs(apart[:, :2])) < 0.03 and np.abs(apart[:, 2]).max() < 1e-6


@pytest.mark.data
def test_a_mirror_image_turns_the_sides_round(signed: dict[bool, Store]) -> None:
    store = signed[True]
    assert share_seen(store, "left_hand_wrist") > 0.3 and share_seen(store, "right_hand_wrist") == 0
    plain = signed[False]
    gone = np.isnan(joint(store, "left_hand_wrist")) | np.isnan(joint(plain, "right_hand_wrist"))
    across = joint(store, "left_hand_wrist")[:, 0] + joint(plain, "right_hand_wrist")[:, 0]
    assert np.median(across[~gone[:, 0]]) == pytest.approx(1, abs=0.03)


@pytest.mark.data
def test_the_hand_s_own_word(signing: Path, model_folder: Path) -> None:
    """What MediaPipe itself says of a frame that shows a right hand, and of its mirror image."""
    options = DetectorOptions("hands", find_models("hands", [model_folder]))
    sides = {}
    with native_messages_dropped(), Landmarkers(options, video=False) as landmarkers:
        for mirrored in (False, True):
            frames = list(read_frames(signing, mirrored=mirrored))
            (found,) = landmarkers.find(frames[36].picture).hands
            sides[mirrored] = found.side
    assert sides == {False: 1, True: 0}


@pytest.mark.data
def test_hands_alone(signing: Path, tmp_path: Path) -> None:
    store = extract([signing], tmp_path / "s", overlay=tmp_path / "s.mp4")
    right = store.keypoints[:, 1]
    assert np.isnan(store.keypoints[:, 0]).all()
    seen = ~np.isnan(right).any(axis=(1, 2))
    assert 20 <= seen.sum() <= 27 and np.isnan(right[~seen]).all()
    assert store.facts["fps"] == pytest.approx(29.9167, abs=1e-4)
    assert (store.facts["width"], store.facts["height"]) == (540, 720)
    assert store.confidence is not None and np.nanmin(store.confidence[:, 1]) >= 0.5
    assert f"nothing found in {58 - seen.sum()} of 58 frames" in store.report["notes"]
    drawn = list(read_frames(tmp_path / "s.mp4"))
    assert len(drawn) == 58 and drawn[0].picture.shape == (720, 540, 3)


@pytest.mark.data
@pytest.mark.timeout(120)
def test_one_body_in_every_frame(recordings: Path, tmp_path: Path) -> None:
    path = recordings / "native" / "video" / "ta_chi.mp4"
    options = ExtractOptions(detector="pose", world=True)
    store = extract([path], tmp_path / "s", options=options)
    assert store.keypoints.shape == (300, 1, 33, 3) and not np.isnan(store.keypoints).any()
    hips = (joint(store, "left_hip") + joint(store, "right_hip")) / 2
    assert np.abs(hips).max() < 0.02
    # Metres, y down: the ankles are about a leg below the hips, which face the camera at the end.
    assert 0.5 < np.median(joint(store, "left_ankle")[:, 1]) < 1.0
    late = slice(210, 240)
    assert (joint(store, "left_shoulder")[late, 0] > joint(store, "right_shoulder")[late, 0]).all()


def test_a_picture_with_a_body_and_no_hand(hopper: Path, tmp_path: Path) -> None:
    store = extract([hopper], tmp_path / "s", options=ExtractOptions(detector="holistic"))
    assert store.keypoints.shape == (1, 1, 75, 3) and store.facts["fps"] is None
    for side in ("left", "right"):
        assert share_seen(store, f"{side}_hand_wrist") == 0
    # By eye, as fractions of 512 x 600: nose tip, right and left eye.
    for name, x, y in (("nose", 0.53, 0.37), ("right_eye", 0.45, 0.32), ("left_eye", 0.60, 0.32)):
        assert joint(store, name)[0, :2].tolist() == pytest.approx([x, y], abs=0.03)
    assert store.confidence is not None
    certain = store.confidence[0, 0]
    assert certain[store.layout.index("nose")] > 0.9
    assert certain[store.layout.index("left_ankle")] < 0.5
    with pytest.raises(FormatError, match="expected a hand in at least one frame"):
        extract([hopper], tmp_path / "t")
