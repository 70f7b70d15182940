"""Which classes stay classes when mirrored or reversed: read, refused, and handed on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from skelgraph.cli.group import root
from skelgraph.data.dataset import ClipSet
from skelgraph.data.formats import convert
from skelgraph.data.inspection import inspect_source
from skelgraph.data.merging import merge
from skelgraph.data.selecting import Selection, select
from skelgraph.data.store import Store, write_store
from skelgraph.data.symmetry import Symmetry, read_symmetry, unite
from skelgraph.data.windows import cut_windows, parse_window
from skelgraph.errors import StoreError
from skelgraph.graphs import load_layout, map_joints
from tests.data.made_up import walk

NAMES = ("swipe_left", "swipe_right", "clap", "write")
SECTION = {"mirror": {"keeps": ["clap"], "swaps": {"swipe_left": "swipe_right"}}}
READ = Symmetry(mirror=(1, 0, 2, -1))


def write(path: Path, section: Any = None, *, names: tuple[str, ...] = NAMES) -> Store:
    """A store of a clip a class, with a section written into its dataset.yaml by hand."""
    layout = load_layout("mads")
    clips = [walk(layout, seed=i, label=i, name=f"{path.name}_{i}") for i in range(len(names))]
    write_store(path, clips, class_names=names, provenance={"source": "made"})
    if section is not None:
        with (path / "dataset.yaml").open("a", encoding="utf-8") as file:
            yaml.safe_dump({"symmetry": section}, file)
    return Store.open(path)


def test_a_section_by_hand() -> None:
    both_ways = {"swipe_left": "swipe_right", "swipe_right": "swipe_left"}
    for section in (SECTION, {"mirror": {"keeps": ["clap"], "swaps": both_ways}}):
        assert read_symmetry(section, NAMES) == (READ, [])


def test_all_means_all_that_no_pair_names() -> None:
    found, faults = read_symmetry(
        {"mirror": {"keeps": "all", "swaps": {"swipe_left": "swipe_right"}}}, NAMES
    )
    assert (found.mirror, faults) == ((1, 0, 2, 3), [])
    found, faults = read_symmetry({"time_reversal": {"keeps": "all"}}, NAMES)
    assert (found, faults) == (Symmetry(time_reversal=(0, 1, 2, 3)), [])
    assert found.keeps_all("time_reversal")
    assert found.keeps_all("mirror") and not found.allows("mirror")


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("all", "symmetry: expected a mapping, got str"),
        ({"miror": {"keeps": "all"}}, "symmetry, key: .*Did you mean 'mirror'"),
        ({"mirror": "all"}, "symmetry, mirror: expected keeps or swaps in it"),
        ({"mirror": {"keep": "all"}}, "symmetry, mirror, key: .*Did you mean 'keeps'"),
        ({"mirror": {"keeps": "clap"}}, "keeps: expected classes or all, got 'clap'"),
        ({"mirror": {"keeps": ["clp"]}}, "mirror, keeps: .*got 'clp'. Did you mean 'clap'"),
        ({"mirror": {"swaps": ["clap"]}}, "swaps: expected class: class, got list"),
        ({"mirror": {"swaps": {"clap": "claw"}}}, "swaps: .*got 'claw'. Did you mean 'clap'"),
        ({"mirror": {"swaps": {"clap": "clap"}}}, "expected two classes, got 'clap' twice"),
        (
            {"mirror": {"swaps": {"swipe_left": "swipe_right", "swipe_right": "clap"}}},
            "one partner for class 'swipe_right', got 'swipe_left' and 'clap'",
        ),
        (
            {"mirror": {"keeps": ["clap"], "swaps": {"clap": "write"}}},
            "expected class 'clap' to keep or to swap, got both",
        ),
    ],
)
def test_faults_are_named(section: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=message):
        write(tmp_path / "store", section)


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    section = {"mirror": {"keeps": ["a"]}, "time_reversal": {"swaps": {"b": "clap"}}}
    with pytest.raises(StoreError, match=r"(?s)mirror, keeps: .*time_reversal, swaps: "):
        write(tmp_path / "store", section)


@given(st.permutations(range(6)), st.integers(0, 3), st.integers(0, 2))
def test_what_is_written_is_read(order: list[int], keeps: int, pairs: int) -> None:
    partners = [-1] * 6
    for label in order[:keeps]:
        partners[label] = label
    for pair in range(pairs if keeps <= 2 else 0):
        one, other = order[keeps + 2 * pair : keeps + 2 * pair + 2]
        partners[one], partners[other] = other, one
    names = [f"class {label}" for label in range(6)]
    symmetry = Symmetry(mirror=tuple(partners))
    assert read_symmetry(symmetry.describe(names), names) == (symmetry, [])


def test_nothing_said_is_nothing_written(tmp_path: Path) -> None:
    store = write(tmp_path / "store")
    assert "symmetry" not in store.facts
    assert store.symmetry == Symmetry()


def test_a_store_and_its_windows_say_it(tmp_path: Path) -> None:
    store = write(tmp_path / "store", SECTION)
    assert store.symmetry == READ
    spec = parse_window(None, overlap=0.0, fps=store.fps)
    table = store.clips
    windows = cut_windows(table.start, table.frames, range(len(table)), spec)
    joints = map_joints(store.layout, store.layout)
    assert ClipSet(store, windows, layout=store.layout, joint_map=joints).symmetry == READ


def test_new_classes_agree_or_are_not_said() -> None:
    # swipe_left and swipe_right become one class that keeps; clap goes; write stays unsaid.
    assert unite([(READ, (0, 0, -1, 1))], num_classes=2).mirror == (0, -1)
    # clap and write become one: of one of them nothing is known.
    assert unite([(READ, (0, 1, 2, 2))], num_classes=3).mirror == (1, 0, -1)
    other = Symmetry(mirror=(0, -1))
    assert unite([(READ, (0, 1, 2, 3)), (other, (3, 4))], num_classes=5).mirror == (
        (1, 0, 2, -1, -1)
    )
    assert unite([(Symmetry(), (0, 1))], num_classes=2) == Symmetry()


def test_selecting_keeps_what_still_holds_and_says_what_does_not(tmp_path: Path) -> None:
    store = write(tmp_path / "store", SECTION)
    whole = select(store.path, tmp_path / "a", Selection(drop_classes=("write",)))
    assert whole.symmetry.mirror == (1, 0, 2)
    assert not any("symmetry" in note for note in whole.report["notes"])
    part = select(store.path, tmp_path / "b", Selection(classes=("swipe_left", "clap")))
    assert part.symmetry.mirror == (-1, 1)
    assert any(
        note.startswith("symmetry, mirror: no longer said of swipe_left")
        for note in part.report["notes"]
    )
    swipes = {"swipe_left": "swipe", "swipe_right": "swipe"}
    one = select(store.path, tmp_path / "c", Selection(class_map=swipes))
    assert one.symmetry.mirror == (0, 1, -1)


def test_merging_goes_by_names(tmp_path: Path) -> None:
    one = write(tmp_path / "one", SECTION)
    other = write(
        tmp_path / "two", {"time_reversal": {"keeps": "all"}}, names=("clap", "wave", "nod")
    )
    both = merge([one.path, other.path], tmp_path / "both")
    assert both.class_names == (*NAMES, "wave", "nod")
    assert both.symmetry.mirror == (1, 0, 2, -1, -1, -1)
    assert both.symmetry.time_reversal == (-1, -1, 2, -1, 4, 5)


def test_converting_again_keeps_it_and_new_labels_renumber_it(tmp_path: Path) -> None:
    store = write(tmp_path / "store", SECTION)
    assert convert(store.path, tmp_path / "again").symmetry == READ
    labels = tmp_path / "labels.csv"
    labels.write_text("clip,class\nstore_0,clap\nstore_1,aside\nstore_2,clap\nstore_3,write\n")
    made = convert(store.path, tmp_path / "new", labels=labels)
    assert made.class_names == ("aside", "clap", "write")
    assert made.symmetry.mirror == (-1, 1, -1)


def test_inspect_tells_it(tmp_path: Path) -> None:
    store = write(tmp_path / "store", SECTION)
    found = inspect_source(store.path)["symmetry"]
    assert found["mirror"]["keeps"] == ["clap"]
    assert found["mirror"]["swaps"]["swipe_right"] == "swipe_left"
    shown = CliRunner().invoke(root, ["inspect", str(store.path)]).output
    assert re.search(r"mirror +1 class\(es\) keep, 1 pair\(s\) swap", shown)
    assert "time reversal" not in shown
    plain = write(tmp_path / "plain")
    assert inspect_source(plain.path)["symmetry"] == {}
