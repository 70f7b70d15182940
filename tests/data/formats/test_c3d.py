"""C3D files: markers to joints, units, what is not seen, and damage that ends ezc3d."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from skelgraph.data.clip import Clip
from skelgraph.data.formats import Reading, ReadOptions, detect, read
from skelgraph.errors import FormatError, MissingExtraError
from skelgraph.graphs import load_layout

ezc3d = pytest.importorskip("ezc3d", reason="needs the extra formats")

LAYOUT = load_layout("shrec_hand")
MARKERS = [*(f"Ann:{joint}" for joint in LAYOUT.joints[1:]), "WRA", "WRB", "loose"]


def write(path: Path, *, units: str = "mm", frames: int = 5) -> Path:
    """Marker m in frame t is at (m, t, 100)."""
    content = ezc3d.c3d()
    points = np.full((4, len(MARKERS), frames), 100.0)
    points[0], points[1] = np.arange(len(MARKERS))[:, None], np.arange(frames)
    points[:3, 2, 3] = np.nan
    facts = content["parameters"]["POINT"]
    facts["RATE"]["value"], facts["LABELS"]["value"] = [120.0], MARKERS
    facts["UNITS"]["value"] = [units]
    content["data"]["points"] = points
    content.write(str(path))
    return path


def taken(path: Path, options: dict[str, Any] | None = None, **mapping: Any) -> tuple[list[Clip], Reading]:  # fmt: skip  # noqa: E501
    content = {
        "layout": LAYOUT.name, "axes": ["right", "away", "up"],
        "joints": {LAYOUT.joints[0]: ["WRA", "WRB"]}, **mapping,
    }  # fmt: skip
    file = (path if path.is_dir() else path.parent) / "markers.yaml"
    file.write_text(yaml.safe_dump({k: v for k, v in content.items() if v}, sort_keys=False))
    reading = read(path, options=ReadOptions(mapping=str(file), **(options or {})))
    return list(reading.clips), reading


def test_markers_become_joints(tmp_path: Path) -> None:
    path = write(tmp_path / "S07_wave.c3d")
    assert detect(path) == detect(tmp_path) == "c3d"
    (clip,), reading = taken(path, names="S{subject}_{label}")
    assert clip.keypoints.shape == (5, 1, LAYOUT.num_joints, 3)
    assert (clip.units, clip.fps, clip.axes) == ("millimetre", 120, ("right", "away", "up"))
    assert (clip.subject, clip.label, reading.class_names) == (7, 0, ("wave",))
    places = len(LAYOUT.joints) - 1
    assert clip.keypoints[4, 0, 0].tolist() == [places + 0.5, 4, 100]
    assert clip.keypoints[4, 0, 2].tolist() == [1, 4, 100]
    assert not clip.seen[3, 0, 3] and (~clip.seen).sum() == 1


def test_units(tmp_path: Path) -> None:
    (clip,), reading = taken(write(tmp_path / "a.c3d", units="cm"))
    assert clip.units == "metre" and clip.keypoints[0, 0, 1, 2] == 1.0
    assert reading.report.notes == ["centimetres are written as metres"]
    (same,), reading = taken(tmp_path / "a.c3d", {"units": "metre"})
    np.testing.assert_array_equal(same.keypoints, clip.keypoints)
    (other,), reading = taken(tmp_path / "a.c3d", {"units": "millimetre"})
    assert other.units == "millimetre" and other.keypoints[0, 0, 1, 2] == 100
    assert "files that say 'cm' are read as millimetre" in reading.report.notes[0]
    path = write(tmp_path / "b.c3d", units="?")
    with pytest.raises(FormatError, match=r"expected the unit m, cm or mm in the file"):
        taken(path)
    assert taken(path, {"units": "metre"})[0][0].units == "metre"


def test_what_the_mapping_lacks(tmp_path: Path) -> None:
    path = write(tmp_path / "a.c3d")
    with pytest.raises(FormatError, match=r"what its markers mean, got none"):
        read(path)
    with pytest.raises(FormatError, match=r"expected 'axes', where x, y and z"):
        taken(path, axes=None)
    with pytest.raises(FormatError, match=r"expected the marker 'nose' of '\w+' once"):
        taken(path, joints={LAYOUT.joints[0]: "nose"})
    with pytest.raises(FormatError, match=r"expected joints of 'shrec_hand', got 'elbow'"):
        taken(path, joints={"elbow": "WRA"})


def test_damaged_files(tmp_path: Path) -> None:
    content = write(tmp_path / "a.c3d").read_bytes()
    for number, damaged in enumerate((b"", content[:600], b"\x02\x50" + b"\xff" * 2000)):
        (tmp_path / f"d{number}.c3d").write_bytes(damaged)
        with pytest.raises(FormatError, match=r"expected a (whole )?C3D file"):
            taken(tmp_path / f"d{number}.c3d")
    clips, reading = taken(tmp_path)
    assert len(clips) == 1 and len(reading.report.skipped) == 3


def test_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.c3d")
    monkeypatch.setitem(sys.modules, "ezc3d", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'skelgraph\[formats\]'"):
        read(path)
