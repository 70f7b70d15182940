"""Tables that a mapping file describes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from skelgraph.data.clip import Clip
from skelgraph.data.formats import Reading, ReadOptions, detect, read
from skelgraph.errors import FormatError, SkelgraphError
from skelgraph.graphs import load_layout
from tests.modules import ROOT

LAYOUT = load_layout("kinect_v1")


def points(frames: int = 6) -> np.ndarray:
    """x, y, z of joint j in frame t: t + j / 100, j, 2.5."""
    t, j = np.meshgrid(np.arange(frames), np.arange(LAYOUT.num_joints), indexing="ij")
    return np.stack([t + j / 100, j.astype(float), np.full(t.shape, 2.5)], axis=-1)


def rows_of(values: np.ndarray) -> list[list[Any]]:
    return [[f"{number:.4f}" for number in row] for row in values.reshape(len(values), -1)]


def write(
    path: Path, *, before: dict[str, list[Any]] | None = None, values: np.ndarray | None = None,
    delimiter: str = ",", parts: str = "xyz",
) -> Path:  # fmt: skip
    values = points() if values is None else values
    before = before or {}
    header = [*before, *(f"{joint}.{part}" for joint in LAYOUT.joints for part in parts)]
    columns = list(zip(*before.values(), strict=True)) or [()] * len(values)
    rows = [[*first, *rest] for first, rest in zip(columns, rows_of(values), strict=True)]
    lines = [delimiter.join(map(str, row)) for row in [header, *rows]]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def taken(path: Path, options: ReadOptions | None = None, **mapping: Any) -> tuple[list[Clip], Reading]:  # fmt: skip  # noqa: E501
    content = {"layout": "kinect_v1", "units": "metre", "fps": 30, **mapping}
    file = (path if path.is_dir() else path.parent) / "mapping.yaml"
    file.write_text(
        yaml.safe_dump({key: v for key, v in content.items() if v is not None}, sort_keys=False)
    )
    options = options or ReadOptions()
    told = ReadOptions(**{**vars(options), "mapping": str(file)})
    reading = read(path, format="table", options=told)
    return list(reading.clips), reading


def test_a_row_a_frame(tmp_path: Path) -> None:
    path = write(tmp_path / "walk.csv")
    assert detect(path) == detect(tmp_path) == "table"
    (clip,), reading = taken(path)
    np.testing.assert_allclose(clip.keypoints[:, 0], points(), rtol=1e-6)
    assert (clip.name, clip.fps, clip.units, clip.axes) == (
        "walk", 30.0, "metre", ("right", "up", "away"),
    )  # fmt: skip
    assert clip.confidence is None and reading.report.is_clean and reading.report.files == 1


def test_semicolons_tabs_quotes_and_empty_cells(tmp_path: Path) -> None:
    (same,), _ = taken(write(tmp_path / "a.csv"))
    for name, delimiter in (("b.csv", ";"), ("c.tsv", "\t")):
        (clip,), _ = taken(write(tmp_path / name, delimiter=delimiter))
        np.testing.assert_array_equal(clip.keypoints, same.keypoints)
    quoted = tmp_path / "d.csv"
    lines = (tmp_path / "a.csv").read_text().splitlines()
    lines[2] = ",".join(f'"{cell}"' for cell in lines[2].split(","))
    lines[3] = ",".join(["", "NA", "nan", *lines[3].split(",")[3:]])
    quoted.write_text("\ufeff" + "\r\n".join(lines) + "\r\n\r\n")
    (clip,), _ = taken(quoted)
    assert not clip.seen[2, 0, 0] and clip.seen[2, 0, 1] and clip.seen[1].all()
    np.testing.assert_array_equal(clip.keypoints[[0, 1, 3, 4, 5]], same.keypoints[[0, 1, 3, 4, 5]])


def test_names_and_columns_of_ones_own(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv")
    first, second = LAYOUT.joints[:2]
    text = path.read_text().replace(".x", "_X").replace(".y", "_Y").replace(".z", "_Z")
    text = text.replace(f"{first}_", "RootJoint_").replace(f"{second}_X", "sx").replace(f"{second}_Y", "sy").replace(f"{second}_Z", "sz")  # fmt: skip  # noqa: E501
    path.write_text(text)
    (clip,), _ = taken(
        path, columns="{joint}_{part}", parts={"x": "X", "y": "Y", "z": "Z"},
        joints={first: "RootJoint", second: ["sx", "sy", "sz"]},
    )  # fmt: skip
    np.testing.assert_allclose(clip.keypoints[:, 0], points(), rtol=1e-6)


def test_confidence_and_marks_of_missing(tmp_path: Path) -> None:
    values = np.concatenate([points()[..., :2], np.full((6, LAYOUT.num_joints, 1), 0.5)], axis=-1)
    values[1, 2, 2] = 0
    values[2, 3, :2] = 0
    path = write(tmp_path / "a.csv", values=values, parts="xyc")
    (clip,), reading = taken(path, units="pixel", parts={"confidence": "c"})
    assert clip.axes == ("left", "down") and clip.confidence is not None
    assert not clip.seen[1, 0, 2] and clip.seen[2, 0, 3] and clip.confidence[1, 0, 2] == 0
    assert dict(reading.report.repaired) == {"joints with confidence 0 -> missing": 1}
    marks = ["confidence 0", "position 0"]
    (clip,), reading = taken(path, units="pixel", parts={"confidence": "c"}, missing=marks)
    assert (
        not clip.seen[2, 0, 3] and reading.report.repaired["joints at the origin -> missing"] == 2
    )
    (clip,), _ = taken(path, units="pixel", parts={"confidence": "c"}, missing=[])
    assert clip.seen.all()


def test_absent_joints_are_missing(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv")
    path.write_text(path.read_text().replace("left_hand.", "other."))
    (clip,), _ = taken(path, absent=["left_hand"])
    joint = LAYOUT.index("left_hand")
    assert not clip.seen[:, 0, joint].any() and clip.seen.sum() == 6 * (LAYOUT.num_joints - 1)


def test_time_gives_the_frame_rate(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", before={"t": [0, 40, 80, 120, 160, 400]})
    (clip,), reading = taken(path, fps=None, time="t", time_unit="millisecond")
    assert clip.fps == 25.0
    assert reading.report.notes == [
        "frame rate 25.0 from the middle step of 't'",
        "times of rows are uneven: frames are kept as they are, not resampled",
    ]


def test_numbers_of_frames_show_gaps(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", before={"n": [4, 5, 6, 8, 9, 10]})
    (clip,), reading = taken(path, frame="n")
    assert clip.num_frames == 7 and not clip.seen[3].any() and clip.seen[4].all()
    assert reading.report.repaired["frames that no file has -> gaps"] == 1


def test_bodies_share_a_frame(tmp_path: Path) -> None:
    before: dict[str, list[Any]] = {"n": [1, 1, 2, 2, 3, 3], "who": ["B", "A", "A", "B", "A", "B"]}
    (clip,), _ = taken(write(tmp_path / "a.csv", before=before), frame="n", body="who")
    assert clip.keypoints.shape[:2] == (3, 2)
    assert clip.keypoints[:, 0, 0, 0].tolist() == [0, 3, 5]
    assert clip.keypoints[:, 1, 0, 0].tolist() == [1, 2, 4]
    before["who"] = ["C", "A", "A", "B", "A", "B"]
    (clip,), reading = taken(write(tmp_path / "a.csv", before=before), frame="n", body="who")
    assert reading.report.repaired["bodies beyond 2 -> dropped"] == 1
    assert not clip.seen[0, 1].any() or not clip.seen[0, 0].any()


def test_clips_labels_and_subjects_in_columns(tmp_path: Path) -> None:
    before: dict[str, list[Any]] = {
        "clip": ["a", "a", "b", "b", "c", "c"], "what": ["wave", "wave", "sit", "sit", "", ""],
        "who": [3, 3, 4, 4, 4, 4],
    }  # fmt: skip
    clips, reading = taken(
        write(tmp_path / "x.csv", before=before), clip="clip", label="what", subject="who"
    )
    assert [(c.name, c.label, c.subject, c.num_frames) for c in clips] == [
        ("x/a", 1, 3, 2), ("x/b", 0, 4, 2), ("x/c", None, 4, 2),
    ]  # fmt: skip
    assert reading.class_names == ("sit", "wave") and len({c.source for c in clips}) == 1


def test_runs_of_a_label_are_clips(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", before={"what": ["w", "w", "s", "s", "s", "w"]})
    clips, _ = taken(path, label="what", classes={"w": "wave", "s": "sit"})
    assert [(c.name, c.label, c.num_frames) for c in clips] == [
        ("x_000", 0, 2), ("x_001", 1, 3), ("x_002", 0, 1),
    ]  # fmt: skip


def test_names_of_files_and_segments(tmp_path: Path) -> None:
    root = tmp_path / "set"
    time = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
    for name in ("S03_wave_1", "S12_sit_2", "S04_sit_1"):
        write(root / f"{name}.csv", before={"t": time})
    (root / "parts.csv").write_text(
        "file,from,to\nS03_wave_1.csv,0.1,0.3\nS12_sit_2,0,0.1\nS12_sit_2,0.2,9\nother,0,1\n"
    )
    clips, reading = taken(
        root, time="t", names="S{subject}_{label}_{repetition}",
        segments={"file": "parts.csv", "clip": "file", "start": "from", "end": "to"},
    )  # fmt: skip
    assert [(c.name, c.label, c.subject, c.repetition, c.num_frames) for c in clips] == [
        ("S03_wave_1", 1, 3, 1, 3), ("S12_sit_2_000", 0, 12, 2, 2), ("S12_sit_2_001", 0, 12, 2, 4),
    ]  # fmt: skip
    assert clips[1].source == clips[2].source != clips[0].source and reading.num_clips == 3
    assert list(reading.report.dropped) == ["S04_sit_1"]
    assert "1 recordings of the file of segments are not in the source" in reading.report.notes


def test_hands_have_sides(tmp_path: Path) -> None:
    hand = load_layout("mediapipe_hands")
    path = tmp_path / "a.csv"
    header = [f"{joint}.{part}" for joint in hand.joints for part in "xy"]
    path.write_text(",".join(header) + "\n" + ",".join(["0.5"] * 42) + "\n")
    (clip,), _ = taken(path, layout="mediapipe_hands", units="image fraction", hand="left")
    assert clip.seen[0].any(-1).tolist() == [True, False]
    with pytest.raises(FormatError, match=r"expected which hand"):
        taken(path, layout="mediapipe_hands", units="image fraction")


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"layout": None}, "expected the key 'layout', got none"),
        ({"unit": "metre"}, "key: expected one of .* got 'unit'. Did you mean 'units'"),
        ({"units": "yard"}, "units: expected one of"),
        ({"units": None}, "expected the key 'units', got none"),
        ({"fps": -1}, "fps: expected a number above 0"),
        ({"fps": "fast"}, "fps: expected a number above 0"),
        ({"axes": ["up", "up", "left"]}, "axes: expected different ones"),
        ({"axes": "up"}, "axes: expected a list"),
        ({"columns": "{joint}"}, "columns: expected {joint} and {part}"),
        ({"parts": {"w": "x"}}, "parts: expected one of"),
        ({"missing": ["zero"]}, "missing: expected one of"),
        ({"joints": {"elbow": "x"}}, "expected joints of layout 'kinect_v1', got elbow"),
        ({"joints": {"head": 3}}, "joints, head: expected a name or columns"),
        ({"names": "{who}"}, "names: expected one of"),
        ({"segments": {"file": "x"}}, "segments: expected the key 'clip'"),
        ({"time": ["t"]}, "time: expected a text"),
        ({"time": "tyme"}, "expected the column 'tyme' once, got it 0 times"),
        ({"body": "who"}, "expected 'time' or 'frame' beside 'body'"),
        ({"names": "{label}-{subject}"}, "expected a name like"),
        ({"classes": 3}, "classes: expected a list"),
    ],
)
def test_faulty_mappings(tmp_path: Path, mapping: dict[str, Any], message: str) -> None:
    path = write(tmp_path / "a.csv", before={"t": list(range(6)), "who": list("abcdef")})
    with pytest.raises(FormatError, match=message):
        taken(path, **mapping)


def test_a_mapping_is_needed_and_must_be_readable(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv")
    with pytest.raises(
        FormatError, match=r"expected a file that says what its columns mean.*--mapp"
    ):
        read(path)
    for content in ("layout: [", "- a", "\x00", "[" * 3000):
        (tmp_path / "m.yaml").write_text(content)
        with pytest.raises(FormatError):
            read(path, options=ReadOptions(mapping=str(tmp_path / "m.yaml")))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("3.0100", "3,01"), r"row 5: expected 60 cells, got 61"),
        (("3.0100", "x"), rf"row 5, column '{LAYOUT.joints[1]}.x': expected a number, got 'x'"),
        (
            ("hip_centre.x", "hip.x"),
            r"column 'hip_centre.x' once, got it 0 times \(there is 'hip_c",
        ),
        (("hip_centre.x", "hip_centre.y"), "column 'hip_centre.x' once, got it 0"),
    ],
)
def test_faulty_cells(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    path = write(tmp_path / "a.csv")
    text = path.read_text()
    assert change[0] in text
    path.write_text(text.replace(change[0], change[1], 1))
    with pytest.raises(FormatError, match=message):
        taken(path)


@pytest.mark.parametrize(
    ("before", "mapping", "message"),
    [
        ({"t": [0, 1, 2, 1, 4, 5]}, {"time": "t"}, "rows in order of time.*got 1 after 2"),
        ({"t": [0, 1, "", 3, 4, 5]}, {"time": "t"}, "row 4, column 't': expected a time"),
        ({"t": [0, 1, 2, 2, 4, 5]}, {"frame": "t"}, "each frame once"),
        ({"t": [0, 1, 2, 2.5, 4, 5]}, {"frame": "t"}, "expected whole frame numbers"),
        ({"t": [0, 1, 2, 3, 4, 10**9]}, {"frame": "t"}, "numbered one after another"),
        ({"s": ["a"] * 6}, {"subject": "s"}, "expected a whole number as subject, got 'a'"),
        ({"s": [1, 1, 2, 2, 2, 2]}, {"subject": "s"}, "expected one value in a clip"),
        ({"s": ["b"] * 6}, {"label": "s", "classes": ["a"]}, "expected a class of a, got 'b'"),
    ],
)
def test_faulty_columns(
    tmp_path: Path, before: dict[str, list[Any]], mapping: dict[str, Any], message: str
) -> None:
    with pytest.raises(FormatError, match=message):
        taken(write(tmp_path / "a.csv", before=before), **mapping)


def test_a_confidence_is_a_share(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", parts="xyc")
    with pytest.raises(FormatError, match=r"row 2: expected confidences from 0 to 1, got 2\.5"):
        taken(path, units="pixel", parts={"confidence": "c"})


def test_empty_and_binary_files(tmp_path: Path) -> None:
    for content in (b"", b"a,b\n", b"\xff\xfe\x00\x81" * 50):
        (tmp_path / "a.csv").write_bytes(content)
        with pytest.raises(FormatError):
            taken(tmp_path / "a.csv")
    (tmp_path / "none").mkdir()
    with pytest.raises(FormatError, match=r"expected a \.csv or \.tsv file, got none"):
        taken(tmp_path / "none")


@settings(max_examples=40)
@given(
    place=st.floats(0, 1), how=st.sampled_from(["cut", "flip", "drop"]), value=st.integers(0, 255)
)
def test_damage_is_an_error_of_ours_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, place: float, how: str, value: int
) -> None:
    path = write(tmp_path_factory.mktemp("damaged") / "a.csv", before={"t": list(range(6))})
    content = bytearray(path.read_bytes())
    where = int(place * (len(content) - 1))
    if how == "flip":
        content[where] = value
    else:
        del content[where : None if how == "cut" else where + 1 + value]
    path.write_bytes(content)
    try:
        clips, _ = taken(path, time="t")
    except SkelgraphError:
        return
    assert all(clip.keypoints.shape[1:] == (1, LAYOUT.num_joints, 3) for clip in clips)


def shown_mappings() -> list[str]:
    """The mappings that the documentation shows."""
    page = (ROOT / "docs" / "formats" / "table.md").read_text(encoding="utf-8")
    return re.findall(r"^```yaml\n(.*?)^```$", page, flags=re.M | re.S)


def test_the_documented_mapping(tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_text(shown_mappings()[0])
    names = {"head": "Head", "left_hand": "HandL", "right_hand": "HandR", "hip_centre": "Pelvis"}
    absent = {"spine", "left_foot", "right_foot"}
    header = ["t_ms"]
    for joint in LAYOUT.joints:
        between = "" if joint == "hip_centre" else "_"
        header += [f"{names.get(joint, joint)}{between}{part}" for part in "XYZ"
                   if joint not in absent]  # fmt: skip
    rows: list[list[Any]] = [header, *([40 * t, *[t] * (len(header) - 1)] for t in range(3))]
    (tmp_path / "P01_wave_1.csv").write_text("\n".join(",".join(map(str, row)) for row in rows))
    options = ReadOptions(mapping=str(tmp_path / "my.yaml"))
    (clip,) = read(tmp_path / "P01_wave_1.csv", options=options).clips
    assert (clip.subject, clip.repetition, clip.fps, clip.num_frames) == (1, 1, 25.0, 3)
    assert (
        clip.seen[0].sum() == 17 and clip.keypoints[2, 0, LAYOUT.index("head")].tolist() == [2] * 3
    )


@pytest.mark.data
def test_reach_to_grasp_equals_the_set(recordings: Path, tmp_path: Path) -> None:
    source = recordings / "native" / "rtg_csv"
    assert detect(source) == "table"
    (tmp_path / "rtg.yaml").write_text(shown_mappings()[1])
    reading = read(source, options=ReadOptions(mapping=str(tmp_path / "rtg.yaml")))
    clips = list(reading.clips)
    assert [clip.name for clip in clips] == ["P1_L_01", "P1_M_01", "P1_S_01"]
    content = np.load(recordings / "sets" / "reach_to_grasp_p1to6.npz")
    assert reading.class_names == tuple(content["class_names"])
    for clip in clips:
        (row,) = np.flatnonzero(
            (content["subject"] == clip.subject) & (content["label"] == clip.label)
            & (content["repetition"] == clip.repetition)
        )  # fmt: skip
        known = content["keypoints"][content["offsets"][row] : content["offsets"][row + 1]]
        np.testing.assert_array_equal(clip.keypoints[:, 0], known[..., :2])
        assert clip.confidence is not None
        np.testing.assert_array_equal(clip.confidence[:, 0], np.clip(known[..., 2], 0, 1))
