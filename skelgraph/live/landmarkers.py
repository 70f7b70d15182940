"""MediaPipe's landmarkers: pictures in, hands and bodies out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from skelgraph.errors import SkelgraphError
from skelgraph.live.detections import LEFT, RIGHT, Found, FrameFound

SIDE_OF = {"Left": LEFT, "Right": RIGHT}
"""MediaPipe's word -> the person's own side, in pictures that are not mirrored. MediaPipe
changed this meaning between versions; a test settles it on a recording whose hand is known."""

NUM_HANDS = 2


class DetectorError(SkelgraphError):
    """MediaPipe cannot be loaded or refuses a model."""


@dataclass(frozen=True)
class DetectorOptions:
    """How to look.

    Args:
        detector: 'hands', 'pose' or 'holistic'.
        models: Kind -> model file, see `skelgraph.live.models.find_models`.
        min_confidence: Score from which on a hand or body counts as found, present and followed.
        max_bodies: Bodies to look for.
    """

    detector: str
    models: Mapping[str, Path] = field(default_factory=dict)
    min_confidence: float = 0.5
    max_bodies: int = 1


class Landmarkers:
    """The landmarkers that one video needs, or any number of pictures; a context manager.

    Args:
        options: How to look.
        video: Whether frames follow each other: then hands and bodies are tracked, and each
            video needs landmarkers of its own.

    Raises:
        DetectorError: If MediaPipe cannot be loaded or refuses a model.
    """

    def __init__(self, options: DetectorOptions, *, video: bool) -> None:
        self._options = options
        self._video = video
        self._opened = ExitStack()
        self._tasks: dict[str, Any] = {}
        self._last_ms = -1
        vision = _import_vision()
        try:
            for kind, path in options.models.items():
                task = _open_task(vision, kind, path, options, video=video)
                self._tasks[kind] = self._opened.enter_context(task)
        except (RuntimeError, ValueError) as error:
            self.close()
            raise DetectorError(
                f"{path}: expected a model that MediaPipe takes, got '{_first_line(error)}'. "
                "Check --model."
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the models."""
        self._opened.close()

    def find(self, picture: np.ndarray, *, time: float | None = None) -> FrameFound:
        """Look for hands and bodies in one picture.

        Args:
            picture: Red, green, blue, uint8 (height, width, 3), C-contiguous.
            time: Seconds; must rise from call to call in a video. None: a picture.
        """
        import mediapipe as mp

        image = mp.Image(image_format=mp.ImageFormat.SRGB, data=picture)
        return _found(self._results(image, time))

    def _results(self, image: Any, time: float | None) -> dict[str, Any]:
        if not self._video:
            return {kind: task.detect(image) for kind, task in self._tasks.items()}
        # Whole milliseconds, each greater than the last, are what MediaPipe asks for.
        self._last_ms = max(self._last_ms + 1, round(1000 * (time or 0.0)))
        return {
            kind: task.detect_for_video(image, self._last_ms) for kind, task in self._tasks.items()
        }


def _import_vision() -> Any:
    try:
        import mediapipe as mp

        return mp.tasks.vision
    except (ImportError, OSError) as error:
        raise DetectorError(_load_advice(error)) from error


def _load_advice(error: Exception) -> str:
    return (
        f"mediapipe: expected to load it, got '{_first_line(error)}'. On Debian or Ubuntu install "
        "its libraries: apt-get install libegl1 libgles2."
    )


def _open_task(vision: Any, kind: str, path: Path, options: DetectorOptions, *, video: bool) -> Any:
    import mediapipe as mp

    base = mp.tasks.BaseOptions
    least = options.min_confidence
    shared = {
        "base_options": base(model_asset_path=str(path), delegate=base.Delegate.CPU),
        "running_mode": vision.RunningMode.VIDEO if video else vision.RunningMode.IMAGE,
    }
    try:
        if kind == "hand":
            return vision.HandLandmarker.create_from_options(
                vision.HandLandmarkerOptions(
                    **shared,
                    num_hands=NUM_HANDS,
                    min_hand_detection_confidence=least,
                    min_hand_presence_confidence=least,
                    min_tracking_confidence=least,
                )
            )
        if kind == "pose":
            return vision.PoseLandmarker.create_from_options(
                vision.PoseLandmarkerOptions(
                    **shared,
                    num_poses=options.max_bodies,
                    min_pose_detection_confidence=least,
                    min_pose_presence_confidence=least,
                    min_tracking_confidence=least,
                )
            )
        return vision.HolisticLandmarker.create_from_options(
            vision.HolisticLandmarkerOptions(
                **shared,
                min_pose_detection_confidence=least,
                min_pose_landmarks_confidence=least,
                min_hand_landmarks_confidence=least,
            )
        )
    except OSError as error:
        raise DetectorError(_load_advice(error)) from error


def _found(results: Mapping[str, Any]) -> FrameFound:
    hands: list[Found] = []
    bodies: list[Found] = []
    if "hand" in results:
        hands += _hands(results["hand"])
    if "pose" in results:
        bodies += _bodies(results["pose"])
    if "holistic" in results:
        parts = holistic_parts(results["holistic"])
        hands, bodies = list(parts.hands), list(parts.bodies)
    return FrameFound(hands, bodies)


def _hands(result: Any) -> list[Found]:
    found = []
    three = zip(result.hand_landmarks, result.hand_world_landmarks, result.handedness, strict=True)
    for points, world, sides in three:
        best = max(sides, key=lambda side: side.score)
        score = np.full(len(points), best.score, dtype=np.float32)
        found.append(Found(_xyz(points), _xyz(world), score, SIDE_OF[best.category_name]))
    return found


def _bodies(result: Any) -> list[Found]:
    both = zip(result.pose_landmarks, result.pose_world_landmarks, strict=True)
    return [Found(_xyz(points), _xyz(world), _certainty(points)) for points, world in both]


def holistic_parts(result: Any) -> FrameFound:
    """Take hands and body out of what MediaPipe's own holistic landmarker gives.

    Its face mesh is left out, and it gives no score for a hand.
    """
    hands = []
    for side, word in ((LEFT, "left"), (RIGHT, "right")):
        points = getattr(result, f"{word}_hand_landmarks")
        if points:
            world = _xyz(getattr(result, f"{word}_hand_world_landmarks"))
            unknown = np.full(len(points), np.nan, dtype=np.float32)
            hands.append(Found(_xyz(points), world, unknown, side))
    points = result.pose_landmarks
    if not points:
        return FrameFound(hands)
    return FrameFound(
        hands, [Found(_xyz(points), _xyz(result.pose_world_landmarks), _certainty(points))]
    )


def _xyz(landmarks: Sequence[Any]) -> np.ndarray:
    return np.array([(mark.x, mark.y, mark.z) for mark in landmarks], dtype=np.float32)


def _certainty(landmarks: Sequence[Any]) -> np.ndarray:
    """Take the lesser of "inside the picture" and "not hidden" for each joint."""
    both = [(_number(mark.presence), _number(mark.visibility)) for mark in landmarks]
    return np.array(both, dtype=np.float32).min(axis=1)


def _number(score: float | None) -> float:
    return 1.0 if score is None else score


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
