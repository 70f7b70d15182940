"""MediaPipe's answers become finds; what it is given is what it can take."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from skelgraph.live import landmarkers
from skelgraph.live.landmarkers import DetectorError, DetectorOptions, Landmarkers, holistic_parts
from skelgraph.live.native_messages import native_messages_dropped
from tests.live.made_up import LEFT, RIGHT


def marks(count: int, x: float, *, presence: float | None = 0.9, visibility: float | None = 0.4):
    return [
        SimpleNamespace(x=x + joint, y=0.5, z=0.0, presence=presence, visibility=visibility)
        for joint in range(count)
    ]


def hand_result() -> SimpleNamespace:
    def side(name: str, score: float) -> list[SimpleNamespace]:
        return [SimpleNamespace(category_name=name, score=score)]

    return SimpleNamespace(
        hand_landmarks=[marks(21, 0.1), marks(21, 0.2)],
        hand_world_landmarks=[marks(21, 0.3), marks(21, 0.4)],
        handedness=[side("Right", 0.9), side("Left", 0.8)],
    )


def test_hands() -> None:
    right, left = landmarkers._hands(hand_result())
    assert (right.side, left.side) == (RIGHT, LEFT)
    assert right.points[:2, 0].tolist() == pytest.approx([0.1, 1.1])
    assert right.world[0, 0] == pytest.approx(0.3)
    assert left.score.tolist() == pytest.approx([0.8] * 21)


def test_bodies_are_as_certain_as_the_lesser_score() -> None:
    result = SimpleNamespace(pose_landmarks=[marks(33, 0.1)], pose_world_landmarks=[marks(33, 0.0)])
    (found,) = landmarkers._bodies(result)
    assert found.score.tolist() == pytest.approx([0.4] * 33) and found.side == -1
    result.pose_landmarks = [marks(33, 0.1, visibility=None)]
    assert landmarkers._bodies(result)[0].score[0] == pytest.approx(0.9)


def test_mediapipe_s_own_holistic_model() -> None:
    result = SimpleNamespace(
        pose_landmarks=marks(33, 0.1),
        pose_world_landmarks=marks(33, 0.2),
        left_hand_landmarks=[],
        left_hand_world_landmarks=[],
        right_hand_landmarks=marks(21, 0.3),
        right_hand_world_landmarks=marks(21, 0.4),
    )
    found = holistic_parts(result)
    assert [hand.side for hand in found.hands] == [RIGHT] and len(found.bodies) == 1
    assert np.isnan(found.hands[0].score).all()
    result.pose_landmarks = []
    assert holistic_parts(result).bodies == ()


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.task").write_bytes(b"no model")
    options = DetectorOptions("hands", {"hand": tmp_path / "a.task"})
    with (
        native_messages_dropped(),
        pytest.raises(DetectorError, match=r"a\.task: expected a model that MediaPipe takes"),
    ):
        Landmarkers(options, video=False)


def test_messages_of_libraries_are_dropped(capfd: pytest.CaptureFixture[str]) -> None:
    import os
    import sys

    with native_messages_dropped():
        os.write(2, b"from a library\n")
        sys.stderr.write("from Python\n")
    os.write(2, b"after\n")
    err = capfd.readouterr().err
    assert "library" not in err and "after" in err
