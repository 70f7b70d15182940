"""What is drawn, and where it goes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageColor

from skelgraph.errors import ConfigError
from skelgraph.graphs import load_layout
from skelgraph.live.assembling import assemble
from skelgraph.live.frames import read_frames
from skelgraph.live.media import find_media
from skelgraph.live.overlay import COLOURS, draw_joints, draw_overlay, joint_sides, overlay_paths
from tests.live.made_up import LEFT, RIGHT, body, detections, hand, write_video


def colour(side: int) -> tuple[int, ...]:
    return ImageColor.getrgb(COLOURS[side])


def test_sides_have_their_colours_at_the_joints() -> None:
    found = assemble(detections([(0, hand(0.7, 0.6, LEFT)), (0, hand(0.3, 0.6, RIGHT))]), "hands")
    ground = np.zeros((400, 400, 3), dtype=np.uint8)
    drawn = draw_joints(ground, found, 0)
    assert tuple(drawn[240, 280]) == colour(LEFT) and tuple(drawn[240, 120]) == colour(RIGHT)
    assert not ground.any()


def test_doubtful_joints_are_hollow() -> None:
    found = assemble(detections(bodies=[(0, body(score=0.1))]), "pose")
    drawn = draw_joints(np.full((400, 400, 3), 200, dtype=np.uint8), found, 0)
    x, y = (found.keypoints[0, 0, found.layout.index("left_knee"), :2] * 400).round().astype(int)
    assert tuple(drawn[y, x]) != colour(LEFT)


def test_sides_of_joints() -> None:
    layout = load_layout("mediapipe_holistic")
    sides = joint_sides(layout, 0)
    for joint, side in (("left_knee", LEFT), ("right_hand_index_tip", RIGHT), ("nose", -1)):
        assert sides[layout.index(joint)] == side
    assert set(joint_sides(load_layout("mediapipe_hands"), 1)) == {RIGHT}


def test_a_video_is_drawn_on_with_its_times(tmp_path: Path) -> None:
    times = [0, 40, 200, 240]
    write_video(tmp_path / "a.mp4", times, size=(160, 120))
    (medium,) = find_media([tmp_path])
    frames = [(number, hand(0.8, 0.8, LEFT)) for number in range(4)]
    found = assemble(detections(frames, num_frames=4), "hands")
    target = tmp_path / "out" / "drawn.mp4"
    assert len(list(draw_overlay(medium, found, target))) == 4
    drawn = list(read_frames(target))
    assert [round(1000 * (frame.time or 0)) for frame in drawn] == times
    assert drawn[0].picture.shape == (120, 160, 3)
    orange = drawn[0].picture[96, 128].astype(int)
    assert orange[0] > 150 and orange[2] < 120
    assert list(target.parent.iterdir()) == [target]


def test_a_picture_is_drawn_on(tmp_path: Path) -> None:
    Image.new("RGB", (80, 60)).save(tmp_path / "a.png")
    (medium,) = find_media([tmp_path])
    found = assemble(detections([(0, hand(0.5, 0.8, RIGHT))]), "hands")
    assert len(list(draw_overlay(medium, found, tmp_path / "b.jpg"))) == 1
    with Image.open(tmp_path / "b.jpg") as drawn:
        assert drawn.size == (80, 60)


def test_places_of_overlays(tmp_path: Path) -> None:
    for name in ("x/a.mp4", "x/b.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    both = find_media([tmp_path])
    out = tmp_path / "out"
    assert overlay_paths(both, out, force=False) == [out / "x" / "a.mp4", out / "x" / "b.png"]
    assert overlay_paths(both[:1], out / "a.mp4", force=False) == [out / "a.mp4"]
    with pytest.raises(ConfigError, match=r"ends in \.mp4 for x/a\.mp4"):
        overlay_paths(both[:1], out / "a.png", force=False)
    with pytest.raises(ConfigError, match=r"ends in \.png or \.jpg or \.jpeg"):
        overlay_paths(both[1:], out / "a.mp4", force=False)
    with pytest.raises(ConfigError, match=r"which exists\. Use --force"):
        overlay_paths(both, tmp_path, force=False)
    assert overlay_paths(both, tmp_path, force=True)
