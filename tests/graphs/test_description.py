"""Layouts to plain descriptions and back, from files, and all their faults at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given

from skelgraph.errors import LayoutError
from skelgraph.graphs import Layout, available_layouts, load_layout
from tests.graphs.made_up import random_layouts

GOOD: dict[str, Any] = {
    "name": "stick_man",
    "title": "A man of sticks",
    "source": "drawn by hand",
    "instances": "people",
    "joints": [
        ["hip", None, [0, 0, 0]],
        ["neck", "hip", [0, 0.5, 0]],
        ["left_hand", "neck", [-0.4, 0.4, 0]],
        ["right_hand", "neck", [0.4, 0.4, 0]],
        ["left_finger", "left_hand", [-0.5, 0.4, 0]],
        ["right_finger", "right_hand", [0.5, 0.4, 0]],
    ],
    "extra_edges": [["hip", "left_hand"], ["hip", "right_hand"]],
    "centre": "hip",
    "mirror": [["left_hand", "right_hand"], ["left_finger", "right_finger"]],
    "parts": {"trunk": ["hip", "neck"]},
    "reference": [["hip"], ["neck"]],
}


def with_joints(*rows: Any) -> dict[str, Any]:
    return {**GOOD, "joints": list(rows), "extra_edges": [], "mirror": [], "parts": {},
            "centre": ["a"], "reference": [["a"], ["b"]]}  # fmt: skip


def row(place: int, new: Any) -> dict[str, Any]:
    joints = list(GOOD["joints"])
    joints[place] = new
    return {**GOOD, "joints": joints}


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "mine.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def faults_of(description: Any) -> list[str]:
    with pytest.raises(LayoutError) as caught:
        Layout.from_dict(description, where="mine")
    return str(caught.value).splitlines()[1:]


@pytest.mark.parametrize("name", available_layouts())
def test_description_survives_json(name: str) -> None:
    layout = load_layout(name)
    copy = Layout.from_dict(json.loads(json.dumps(layout.to_dict())))
    assert copy == layout
    assert copy.to_dict() == layout.to_dict()
    assert (copy.neutral == layout.neutral).all()
    assert hash(copy) == hash(layout)
    assert copy.components == layout.components


@given(random_layouts())
def test_description_of_any_tree_survives_json(layout: Layout) -> None:
    assert Layout.from_dict(json.loads(json.dumps(layout.to_dict()))) == layout


def test_layouts_that_differ_are_unequal() -> None:
    assert load_layout("kinect_v1") != load_layout("kinect_v2")
    assert Layout.from_dict(GOOD) != Layout.from_dict({**GOOD, "title": "another"})
    assert Layout.from_dict(GOOD) != "stick_man"


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = write(tmp_path, yaml.safe_dump(GOOD))
    layout = load_layout(path)
    assert layout == load_layout(str(path)) == Layout.from_dict(GOOD)
    assert layout.max_bodies == 2
    assert layout.centre == (0,)


def test_joints_as_mappings() -> None:
    rows = [{"name": n, "parent": p, "neutral": x} for n, p, x in GOOD["joints"]]
    del rows[0]["parent"]
    assert Layout.from_dict({**GOOD, "joints": rows}) == Layout.from_dict(GOOD)


def test_description_is_left_unchanged() -> None:
    before = json.dumps(GOOD)
    Layout.from_dict(GOOD)
    assert json.dumps(GOOD) == before


@pytest.mark.parametrize(
    ("description", "message"),
    [
        (None, "expected a mapping of keys .* got nothing"),
        ([1, 2], r"expected a mapping of keys .* got \[1, 2\]"),
        ({}, "joints: expected this key, got none"),
        ({**GOOD, "mirrors": []}, "got 'mirrors'. Did you mean 'mirror'?"),
        ({**GOOD, 7: []}, "got 7. Remove it"),
        ({**GOOD, "name": 5}, "name: expected text, got 5"),
        ({**GOOD, "name": " "}, "name: expected text, got ' '"),
        ({**GOOD, "source": ["a"]}, r"source: expected text, got \['a'\]"),
        ({**GOOD, "instances": "person"}, "instances: expected 'people' .* got 'person'"),
        ({**GOOD, "max_bodies": 0}, "max_bodies: expected a whole number of at least 1, got 0"),
        ({**GOOD, "max_bodies": True}, "max_bodies: .* got True"),
        ({**GOOD, "instances": "hands", "max_bodies": 3}, "expected 2 for hands .* got 3"),
        ({**GOOD, "joints": "hip"}, "joints: expected a list of joints, got 'hip'"),
        ({**GOOD, "joints": []}, r"joints: expected a list of joints, got \[\]"),
        (row(1, "neck"), r"joints\[1\]: expected a row of name, parent and neutral"),
        (row(1, [5, "hip", [0, 1, 0]]), r"joints\[1\]: expected a joint's name as text, got 5"),
        (row(1, ["neck", True, [0, 1, 0]]), r"joints\[1\] 'neck': expected the parent's name"),
        (row(1, ["neck", "hip"]), "'neck': expected a neutral position .* got nothing"),
        (row(1, ["neck", "hip", [0, 1]]), r"'neck': expected a neutral position .* got \[0, 1\]"),
        (row(1, ["neck", "hip", [0, "a", 0]]), "'neck': expected a neutral position"),
        (row(1, ["neck", "hip", [0, True, 0]]), "'neck': expected a neutral position"),
        (row(1, ["neck", "hip", [0, float("nan"), 0]]), "'neck': expected a neutral position"),
        (row(1, ["neck", "hip", [0, 10**400, 0]]), "'neck': expected a neutral position"),
        (row(1, ["neck", "hip", [0, 500.0, 0]]), "in metres, within 10 m, got"),
        (row(1, {"name": "neck", "parnt": "hip"}), "got 'parnt'. Did you mean 'parent'?"),
        (row(1, ["neck", "hipp", [0, 1, 0]]), "got 'hipp'. Did you mean 'hip'?"),
        (row(1, ["hip", "hip", [0, 1, 0]]), "expected each name once, got 'hip' 2 times"),
        (row(1, ["neck", "hip", [0, 0, 0]]), "same position as its parent 'hip'"),
        (row(1, ["neck", None, [0, 1, 0]]), r"expected one root .* got 2 \(hip, neck\)"),
        (row(0, ["hip", "hip", [0, 0, 0]]), "got the circle hip -> hip"),
        (row(0, ["hip", "neck", [0, 0, 0]]), "got the circle hip -> neck -> hip"),
        ({**GOOD, "virtual": ["nose"]}, "virtual: expected a joint of the layout, got 'nose'"),
        ({**GOOD, "virtual": "neck"}, "virtual: expected a list of joints, got 'neck'"),
        ({**GOOD, "centre": ["hips"]}, "centre: .* got 'hips'. Did you mean 'hip'?"),
        ({**GOOD, "centre": ["hip", "hip"]}, "centre: expected each joint once, got 'hip' 2 times"),
        ({**GOOD, "centre": []}, "centre: expected at least one joint"),
        ({**GOOD, "centre": 3}, "centre: expected a list of joints, got 3"),
        ({**GOOD, "extra_edges": "x"}, "extra_edges: expected a list of pairs, got 'x'"),
        ({**GOOD, "extra_edges": [["hip"]]}, r"extra_edges\[0\]: expected a pair of joints"),
        ({**GOOD, "extra_edges": [["hip", "hip"]]}, "expected two joints, got 'hip' twice"),
        ({**GOOD, "extra_edges": [["hip", "neck"]]}, "which is a bone"),
        ({**GOOD, "extra_edges": [["hip", "left_hand"]] * 2}, "which is listed before"),
        ({**GOOD, "extra_edges": [["hip", ["a"]]]}, r"expected a joint of the layout, got \['a'\]"),
        ({**GOOD, "mirror": [["left_hand", "right_fingr"]]}, "Did you mean 'right_finger'?"),
        ({**GOOD, "mirror": [["neck", "neck"]]}, "expected two joints, got 'neck' twice"),
        (
            {**GOOD, "mirror": [["left_hand", "right_hand"], ["left_hand", "right_finger"]]},
            "expected each joint in one pair, got 'left_hand' in 2",
        ),
        (
            {**GOOD, "mirror": [["left_hand", "right_finger"]]},
            "'left_hand' on 'neck' but 'right_finger' on 'right_hand'",
        ),
        ({**GOOD, "mirror": [["left_finger", "right_finger"]]}, "symmetric in the tree"),
        ({**GOOD, "parts": ["trunk"]}, "parts: expected names with lists of joints"),
        ({**GOOD, "parts": {"trunk": []}}, "parts, trunk: expected at least one joint"),
        ({**GOOD, "parts": {"trunk": ["nek"]}}, "got 'nek'. Did you mean 'neck'?"),
        ({**GOOD, "parts": {1: ["neck"]}}, "parts: expected names as text, got 1"),
        (
            {**GOOD, "parts": {"a": ["neck"], "b": ["neck"]}},
            "expected each joint in one part, got 'neck' in 'a' and 'b'",
        ),
        ({**GOOD, "reference": [["hip"]]}, "reference: expected two lists of joints"),
        ({**GOOD, "reference": ["hip", "neck"]}, "reference: expected two lists of joints"),
        ({**GOOD, "reference": [["hip"], []]}, r"reference\[1\]: expected at least one joint"),
        ({**GOOD, "reference": [["hip"], ["nck"]]}, r"reference\[1\]: .* Did you mean 'neck'?"),
        ({**GOOD, "reference": [["hip"], ["hip"]]}, "expected two groups some way apart"),
        ({**GOOD, "components": {}}, r"^$"),
        ({**GOOD, "components": 5}, "components: expected a list, got 5"),
        ({**GOOD, "components": [{"layout": "a"}]}, r"components\[0\]: expected the keys layout"),
    ],
)
def test_each_fault(description: Any, message: str) -> None:
    if message == "^$":
        Layout.from_dict(description)
        return
    with pytest.raises(LayoutError, match=message):
        Layout.from_dict(description)


def test_one_fault_brings_no_others() -> None:
    assert len(faults_of(row(1, ["neck", "hipp", [0, 1, 0]]))) == 1
    assert len(faults_of(row(1, ["neck", 5, [0, 1, 0]]))) == 1
    assert len(faults_of(row(1, ["neck", "hip", "high"]))) == 1
    assert len(faults_of({**GOOD, "instances": "person"})) == 1


def test_all_faults_in_one_message() -> None:
    wrong = with_joints(
        ["a", None, [0, 0, 0]],
        ["b", "c", [0, 1, 0]],
        ["c", "b", [0, 2, 0]],
        ["d", "nowhere", [0, 3, 0]],
        ["e", None, [0, 4]],
        ["e", "a", [0, 5, 0]],
    )
    faults = faults_of({**wrong, "parst": {}, "virtual": ["x"]})
    for part in ("parst", "circle b -> c -> b", "nowhere", "'e': expected a neutral", "'e' 2 times",
                 "expected one root", "virtual"):  # fmt: skip
        assert any(part in fault for fault in faults), part
    assert len(faults) == 7


def test_the_first_ten_of_many() -> None:
    faults = faults_of({**GOOD, "virtual": [f"x{i}" for i in range(14)]})
    assert len(faults) == 11
    assert faults[-1] == "... and 4 more"


def test_message_names_the_file_and_the_number(tmp_path: Path) -> None:
    path = write(tmp_path, yaml.safe_dump({**GOOD, "centre": []}))
    with pytest.raises(LayoutError, match=r"^mine.yaml: expected a layout without faults, got 1 f"):
        load_layout(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "expected a mapping of keys .* got nothing"),
        (b"# only a remark\n", "got nothing"),
        (b"just words", "got 'just words'"),
        (b"name: [1, 2\njoints: 3", r"^mine.yaml, line 2: expected YAML, got"),
        (b"name: a\n\tb: 1", r"^mine.yaml, line 2: expected YAML, got"),
        (b"name: a\nname: b\n", r"^mine.yaml, line 2: .* the key 'name' a second time"),
        (b"name: !!python/object:os.system a\n", "line 1: expected YAML"),
        (b"name: caf\xe9\n", "expected text in UTF-8, got byte 0xe9 at position 9"),
        (b"? [a, b]\n: 1\n", "expected YAML"),
        (b"name: a\x00b\n", "expected YAML"),
        (b"a: &x [*x]\n", r"got 'a'"),
        (b"name: 2020-99-99\n", "expected YAML"),
        (b"[" * 1200, "expected YAML"),
    ],
)
def test_files_that_are_no_layout(tmp_path: Path, text: bytes, message: str) -> None:
    with pytest.raises(LayoutError, match=message):
        load_layout(write(tmp_path, text))


def test_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    text = "\ufeff" + yaml.safe_dump(GOOD)
    assert load_layout(write(tmp_path, text)).name == "stick_man"


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match="expected a layout file, got 'No such file"):
        load_layout(tmp_path / "none.yaml")
    with pytest.raises(LayoutError, match="expected a layout file, got 'Is a directory'"):
        load_layout(tmp_path)


def test_unknown_name_is_told_the_nearest() -> None:
    with pytest.raises(LayoutError, match=r"got 'kinect2'. Did you mean 'kinect_v2'\?"):
        load_layout("kinect2")
