"""OpenPose's JSON: a folder a clip, a file a frame with everyone in it, as `--write_json` does.

BODY_25 (COCO for layout openpose_coco18), with hands where the layout has them; pixels and score,
zeros for joints that were not seen. People stand in the order of their slots; who is not seen in
a frame is left out. Written a clip at a time.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from skelgraph.data.clip import Clip
from skelgraph.data.formats.detectors.openpose_people import BODIES, joint_names
from skelgraph.data.formats.reading import Track
from skelgraph.data.formats.writing.content import (
    all_clips,
    count_content,
    filled,
    places_and_score,
)
from skelgraph.data.formats.writing.picture import in_pixels, picture_faults, picture_losses
from skelgraph.data.formats.writing.places import file_places
from skelgraph.data.formats.writing.told import (
    Losses,
    Told,
    body_losses,
    fact_losses,
    layout_loss,
    missing_losses,
    score_losses,
)
from skelgraph.data.store import Store
from skelgraph.graphs import Layout

ENDINGS = ()
VERSION = 1.3
NUM_HAND = 21
OWN = ("openpose_body25", "openpose_coco18", "openpose_body25_hands")


def faults(store: Store) -> list[str]:
    """List what keeps a store from being written."""
    found = picture_faults(store, "OpenPose's JSON")
    names = joint_names(_numbers(store.layout))
    other = [joint for joint in store.layout.joints if joint not in names]
    if other:
        found.append(
            f"expected joints of BODY_25 and its hands, got layout '{store.layout.name}' with "
            f"{', '.join(other[:3])}{' ...' if len(other) > 3 else ''}. Turn it into one of "
            f"{', '.join(OWN)}: --to-layout NAME."
        )
    return found


def losses(store: Store) -> Losses:
    """List what the files do not hold."""
    content = count_content(store)
    found = fact_losses(store, Told(names=file_places(store.clips.name.tolist())))
    if store.layout.name not in OWN:
        found |= layout_loss(store)
    found |= picture_losses(store, coordinates=2)
    if store.axes[2:] != ("confidence",) or store.confidence is not None:
        found |= score_losses(store, content)
    return {
        **found,
        **missing_losses(content, zero_score=True, origin=False),
        **body_losses(store, content, followed=True),
    }


def write(store: Store, target: Path, *, track: Track | None = None) -> None:
    """Write a store as a folder of folders of frames."""
    places = file_places(store.clips.name.tolist())
    numbers = _numbers(store.layout)
    names = joint_names(numbers)
    where = np.array([names.index(joint) for joint in store.layout.joints])
    hands = any(place >= numbers // 3 for place in where)
    form = _person_form(numbers // 3, hands)
    for place, clip in zip(places, all_clips(store, track), strict=True):
        folder = target / place
        folder.mkdir(parents=True)
        _write_clip(folder, clip, store, where, len(names) if hands else numbers // 3, form)


def _numbers(layout: Layout) -> int:
    """Tell how many numbers a body has: 54 of COCO's joints, else 75 of BODY_25's."""
    wanted = "openpose_coco18" if layout.name == "openpose_coco18" else "openpose_body25"
    return next(numbers for numbers, name in BODIES.items() if name == wanted)


def _person_form(num_body: int, hands: bool) -> str:
    """Give the text of one person with places for numbers; 9 digits keep any float32."""

    def numbers(count: int) -> str:
        return "[" + ",".join(["%.9g"] * (3 * count)) + "]"

    hand = numbers(NUM_HAND) if hands else "[]"
    return (
        '{"person_id":[-1],"pose_keypoints_2d":' + numbers(num_body) + ',"face_keypoints_2d":[]'
        f',"hand_left_keypoints_2d":{hand},"hand_right_keypoints_2d":{hand}'
        ',"pose_keypoints_3d":[],"face_keypoints_3d":[],"hand_left_keypoints_3d":[]'
        ',"hand_right_keypoints_3d":[]}'
    )


def _write_clip(
    folder: Path, clip: Clip, store: Store, where: np.ndarray, count: int, form: str
) -> None:
    points, score = places_and_score(clip)
    positions, sure = filled(in_pixels(points[..., :2], store), score)
    rows = np.zeros((*positions.shape[:2], count, 3), dtype=np.float32)
    rows[:, :, where] = np.concatenate([positions, sure[..., None]], axis=-1)
    there = np.any(~np.isnan(points[..., 0]), axis=-1)
    for frame in range(clip.num_frames):
        people = ",".join(
            form % tuple(rows[frame, body].ravel().tolist())
            for body in np.flatnonzero(there[frame])
        )
        text = f'{{"version":{VERSION},"people":[{people}]}}\n'
        (folder / f"{frame:012d}_keypoints.json").write_text(text, encoding="ascii")
