"""BVH files: positions against hand, a slow reference and bvhio's own; units; damage."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from skelgraph.data.clip import Clip
from skelgraph.data.formats import Reading, ReadOptions, detect, read
from skelgraph.data.formats.tables.bvh_motion import positions_of, read_motion
from skelgraph.errors import FormatError, MissingExtraError
from skelgraph.graphs import load_layout

bvhio = pytest.importorskip("bvhio", reason="needs the extra formats")

LAYOUT = load_layout("shrec_hand")
PLACES = ("Xposition", "Yposition", "Zposition")
ZXY = ("Zrotation", "Xrotation", "Yrotation")
MAPPING: dict[str, Any] = {"layout": LAYOUT.name, "axes": ["right", "up", "away"], "scale": 0.01}

Joint = tuple[str, int, Sequence[float], Sequence[str]]
"""Name, parent, offset, channels."""

CHAIN: list[Joint] = [
    ("hip", -1, (0, 0, 0), (*PLACES, *ZXY)),
    ("knee", 0, (0, -2, 0), ZXY),
    ("foot", 1, (0, -1, 0), ZXY),
]


def hand() -> list[Joint]:
    """The layout's joints, each 10 from its parent."""
    return [
        (name, parent, (0, 10, 0), (*PLACES, *ZXY) if parent < 0 else ZXY)
        for name, parent in zip(LAYOUT.joints, LAYOUT.parents, strict=True)
    ]


def hierarchy(joints: list[Joint], number: int = 0) -> list[str]:
    name, parent, offset, channels = joints[number]
    children = [place for place, other in enumerate(joints) if other[1] == number]
    inner = [line for child in children for line in hierarchy(joints, child)]
    return [
        f"{'ROOT' if parent < 0 else 'JOINT'} {name}",
        "{",
        f"OFFSET {' '.join(map(str, offset))}",
        f"CHANNELS {len(channels)} {' '.join(channels)}",
        *(inner or ["End Site", "{", "OFFSET 0 1 0", "}"]),
        "}",
    ]


def write(
    path: Path, joints: list[Joint] | None = None, rows: Any = None, frame_time: str = "0.0083333"
) -> Path:
    """Write a file; by default a hand that moves a little."""
    joints = joints or hand()
    if rows is None:
        width = sum(len(joint[3]) for joint in joints)
        rows = np.random.default_rng(0).uniform(-20, 20, (4, width))
    motion = ["MOTION", f"Frames: {len(rows)}", f"Frame Time: {frame_time}"]
    numbers = [" ".join(f"{value:.6f}" for value in row) for row in rows]
    text = "\n".join(["HIERARCHY", *hierarchy(joints), *motion, *numbers, ""])
    path.write_text(text, newline="\r\n")
    return path


def taken(path: Path, options: dict[str, Any] | None = None, **mapping: Any) -> tuple[list[Clip], Reading]:  # fmt: skip  # noqa: E501
    content = {key: value for key, value in {**MAPPING, **mapping}.items() if value is not None}
    file = (path if path.is_dir() else path.parent) / "joints.yaml"
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    reading = read(path, options=ReadOptions(mapping=str(file), **(options or {})))
    return list(reading.clips), reading


def test_a_chain_by_hand(tmp_path: Path) -> None:
    """The hip stands at (1, 5, 0) and turns by 90 degrees about z, the knee by 90 about x."""
    rows = [[1, 5, 0, 90, 0, 0, 0, 90, 0, 0, 0, 0]]
    motion = read_motion(write(tmp_path / "a.bvh", CHAIN, rows))
    assert [node.name for node in motion.nodes] == ["hip", "knee", "foot", "foot.end"]
    # -y turned about z points along +x; then -y turned about x along -z, which z leaves alone.
    expected = [[1, 5, 0], [3, 5, 0], [3, 5, -1], [3, 5, 0]]
    np.testing.assert_allclose(positions_of(motion)[0], expected, atol=1e-12)


def turn(axis: str, degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    rows = {
        "X": [[1, 0, 0], [0, c, -s], [0, s, c]],
        "Y": [[c, 0, s], [0, 1, 0], [-s, 0, c]],
        "Z": [[c, -s, 0], [s, c, 0], [0, 0, 1]],
    }
    return np.array(rows[axis])


def slow(joints: list[Joint], row: Sequence[float]) -> list[np.ndarray]:
    """One frame by 4 x 4 matrices, a joint at a time."""
    numbers, world = iter(row), []
    for _, parent, offset, channels in joints:
        shift, turned = np.array(offset, dtype=float), np.eye(4)
        for channel in channels:
            value = next(numbers)
            if channel.endswith("position"):
                shift["XYZ".index(channel[0])] = value
            else:
                matrix = np.eye(4)
                matrix[:3, :3] = turn(channel[0], value)
                turned = turned @ matrix
        moved = np.eye(4)
        moved[:3, 3] = shift
        own = moved @ turned
        world.append(own if parent < 0 else world[parent] @ own)
    return [matrix[:3, 3] for matrix in world]


@st.composite
def trees(draw: st.DrawFn) -> list[Joint]:
    """Joints in the order of a file (each after its parent's earlier branches)."""
    joints: list[Joint] = []

    def grow(parent: int, depth: int) -> None:
        channels = draw(st.permutations([*ZXY, *draw(st.sampled_from([(), PLACES]))]))
        kept = channels[: draw(st.integers(0 if joints else 1, len(channels)))]
        offset = tuple(draw(st.lists(st.integers(-9, 9), min_size=3, max_size=3)))
        joints.append((f"j{len(joints)}", parent, offset, kept))
        own = len(joints) - 1
        for _ in range(draw(st.integers(0, 2)) if depth else 0):
            grow(own, depth - 1)

    grow(-1, 3)
    return joints


@given(trees(), st.integers(0, 99))
def test_any_tree_agrees_with_a_slow_reference_and_with_bvhio(
    tmp_path_factory: pytest.TempPathFactory, joints: list[Joint], seed: int
) -> None:
    width = sum(len(joint[3]) for joint in joints)
    rows = np.random.default_rng(seed).uniform(-180, 180, (2, width)).round(6)
    path = write(tmp_path_factory.mktemp("tree") / "a.bvh", joints, rows)
    motion = read_motion(path)
    names = [node.name for node in motion.nodes]
    found = positions_of(motion)[:, [names.index(joint[0]) for joint in joints]]
    np.testing.assert_allclose(found, [slow(joints, row) for row in rows], atol=1e-9)
    root = bvhio.readAsHierarchy(str(path))
    for frame in range(2):
        root.loadPose(frame)
        theirs = {joint.Name: list(joint.PositionWorld) for joint, _, _ in root.layout()}
        np.testing.assert_allclose(found[frame], [theirs[joint[0]] for joint in joints], atol=2e-2)


def test_joints_become_a_clip(tmp_path: Path) -> None:
    path = write(tmp_path / "S07_wave.bvh")
    assert detect(path) == detect(tmp_path) == "bvh"
    last = LAYOUT.joints[-1]
    (clip,), reading = taken(
        path,
        names="S{subject}_{label}",
        joints={last: [f"{last}.end", last], LAYOUT.joints[0]: LAYOUT.joints[0]},
        absent=[LAYOUT.joints[1]],
    )
    assert clip.keypoints.shape == (4, 1, LAYOUT.num_joints, 3) and reading.num_clips == 1
    assert (clip.units, clip.fps, clip.axes) == ("metre", 120, ("right", "up", "away"))
    assert (clip.subject, clip.label, reading.class_names) == (7, 0, ("wave",))
    assert not clip.seen[:, 0, 1].any() and clip.seen[:, 0, 2:].all()
    (whole,), _ = taken(path)
    bones = np.linalg.norm(np.diff(whole.keypoints[:, 0, [0, 1]], axis=1), axis=-1)
    np.testing.assert_allclose(bones, 0.1, rtol=1e-5)
    np.testing.assert_array_equal(whole.keypoints[:, 0, 2], clip.keypoints[:, 0, 2])


@pytest.mark.parametrize(
    ("frame_time", "fps"), [("0.033333", 30), ("0.0417083", 23.976), ("0.033", 30.303), ("0", None)]
)
def test_frame_rates(tmp_path: Path, frame_time: str, fps: float | None) -> None:
    (clip,), _ = taken(write(tmp_path / "a.bvh", frame_time=frame_time))
    assert clip.fps == fps
    (clip,), _ = taken(tmp_path / "a.bvh", {"fps": 50.0})
    assert clip.fps == 50


def test_the_length_of_a_unit_must_be_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.bvh")
    for given_units in (
        {"scale": None},
        {"units": "millimetre"},
        {"scale": None, "units": "pixel"},
    ):
        with pytest.raises(FormatError, match=r"expected the length of a unit, which BVH does not"):
            taken(path, **given_units)
    (clip,), _ = taken(path, scale=None, units="millimetre")
    (other,), _ = taken(path, {"units": "metre"}, scale=None)
    assert (clip.units, other.units) == ("millimetre", "metre")
    np.testing.assert_array_equal(clip.keypoints, other.keypoints)
    with pytest.raises(FormatError, match=r"scale: expected a number above 0, got -1"):
        taken(path, scale=-1)


def test_what_the_mapping_lacks(tmp_path: Path) -> None:
    path = write(tmp_path / "a.bvh")
    with pytest.raises(FormatError, match=r"what its joints mean, got none"):
        read(path)
    with pytest.raises(FormatError, match=r"expected the joint 'nose' of '\w+' once"):
        taken(path, joints={LAYOUT.joints[0]: "nose"})


def test_a_scale_belongs_to_bvh_only(tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text("layout: kinect_v1\nscale: 0.01\nunits: metre\n")
    (tmp_path / "a.csv").write_text("a,b,c,d,e\n1,2,3,4,5\n")
    with pytest.raises(FormatError, match=r"expected 'scale' for BVH files only, got 0.01"):
        read(tmp_path / "a.csv", options=ReadOptions(mapping=str(tmp_path / "map.yaml")))


DAMAGES = [
    ("MOTION", "", "expected a line MOTION after the hierarchy"),
    ("OFFSET 0 10 0", "OFFSET 0 10", "at 'OFFSET 0 10': expected a whole hierarchy, got 'Offset"),
    ("OFFSET 0 10 0", "OFFSET 0 nan 0", "expected a finite offset, got 0.0 nan 0.0"),
    ("CHANNELS 3", "CHANNELS 4", "got 'Channel count mismatch"),
    ("Zrotation Xr", "Wrotation Xr", "expected channels such as Xposition"),
    ("Zrotation Xr", "Xrotation Xr", "expected channels such as Xposition"),
    ("End Site\n{\nOFFSET 0 1 0\n}\n", "", "expected an End Site in each of the 5 joints"),
    ("}\nMOTION", "MOTION", "expected a whole hierarchy"),
    ("MOTION", "MOTION\nmore", "expected 'Frames: COUNT' and 'Frame Time: SECONDS', got 'more"),
    ("Frames: 4", "Frames: 5", "expected 5 frames, as it says, got 4"),
    ("Time: 0.0083333", "Time: soon", "expected 'Frames: COUNT' and 'Frame Time"),
]


@pytest.mark.parametrize(("old", "new", "message"), DAMAGES)
def test_damaged_files(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = write(tmp_path / "a.bvh")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(FormatError, match=message):
        taken(path)


def test_cut_off_files_end(tmp_path: Path) -> None:
    """At the end of a hierarchy that was cut off, bvhio alone reads on for ever."""
    path = write(tmp_path / "a.bvh")
    text = path.read_text()
    for share in range(0, 100, 3):
        path.write_text(text[: share * len(text) // 100])
        with pytest.raises(FormatError):
            taken(path)


def test_rows_are_checked_by_line(tmp_path: Path) -> None:
    path = write(tmp_path / "a.bvh")
    lines = path.read_text().splitlines()
    lines[-2] = lines[-2].rsplit(" ", 1)[0]
    path.write_text("\n".join(lines))
    message = rf"line {len(lines) - 1}: expected {6 + 3 * 21} numbers, got {5 + 3 * 21}"
    with pytest.raises(FormatError, match=message):
        taken(path)


def test_deep_and_endless_hierarchies_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.bvh"
    joint = "JOINT a\n{\nOFFSET 0 0 0\nCHANNELS 0\n"
    for count, message in ((5000, "expected a whole hierarchy"), (40_000, "at most 1,048,576")):
        path.write_text(
            "HIERARCHY\nROOT r\n{\nOFFSET 0 0 0\nCHANNELS 0\n" + joint * count + "MOTION"
        )
        with pytest.raises(FormatError, match=message):
            taken(path)


def test_an_end_site_in_another_joint_does_not_stand_for_a_missing_one(tmp_path: Path) -> None:
    path = write(tmp_path / "a.bvh")
    head, _, motion = path.read_text().rpartition("End Site\n{\nOFFSET 0 1 0\n}\n")
    inner, _, rest = motion.rpartition("}\nMOTION")
    path.write_text(f"{head}{inner}End Site\n{{\nOFFSET 0 9 0\n}}\n}}\nMOTION{rest}")
    assert path.read_text().count("End Site") == 5
    with pytest.raises(FormatError, match=r"expected an End Site in each of the 5 joints"):
        taken(path)


def test_names_of_several_words_are_taken_whole(tmp_path: Path) -> None:
    joints: list[Joint] = [(f"Left {name}", *rest) for name, *rest in CHAIN]  # type: ignore[misc]
    motion = read_motion(write(tmp_path / "a.bvh", joints, [[0] * 12]))
    names = [node.name for node in motion.nodes]
    assert names == ["Left hip", "Left knee", "Left foot", "Left foot.end"]


def test_joints_without_channels_do_not_fill_the_memory(tmp_path: Path) -> None:
    """Each takes room in every frame, and the file none."""
    frames = 2000
    still: list[Joint] = [(f"still {number}", 0, (0, 1, 0), ()) for number in range(200)]
    rows = np.tile(np.arange(frames)[:, None] % 7, (1, 6 + 3 * 21))
    path = write(tmp_path / "a.bvh", [*hand(), *still], rows)
    tracemalloc.start()
    (clip,), _ = taken(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * path.stat().st_size
    few = taken(write(tmp_path / "a.bvh", hand(), rows[-1:]))[0][0]
    np.testing.assert_array_equal(clip.keypoints[-1], few.keypoints[0])
    write(path, [*hand(), *still, *still, *still], rows[:1])
    with pytest.raises(FormatError, match=r"at most 1000 joints and end sites, got 12\d\d"):
        taken(path)


def test_a_damaged_file_among_others_is_skipped(tmp_path: Path) -> None:
    write(tmp_path / "a.bvh")
    (tmp_path / "b.bvh").write_bytes(b"HIERARCHY\n\xff\xfe")
    clips, reading = taken(tmp_path)
    assert len(clips) == 1 and list(reading.report.skipped) == ["b.bvh"]


def test_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.bvh")
    monkeypatch.setitem(sys.modules, "bvhio", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'skelgraph\[formats\]'"):
        read(path)
