"""Parts of a store: what stays, what goes, and that it is said."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skelgraph.cli import main
from skelgraph.data.class_map import read_class_map
from skelgraph.data.selecting import Selection, choose, select
from skelgraph.data.store import Store, write_store
from skelgraph.errors import ConfigError, FormatError, StoreError
from skelgraph.graphs import load_layout
from tests.data.made_up import walk

NAMES = ("push", "pull", "wave", "nod, slowly", "fall")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Twenty clips of five classes, four subjects, two cameras; clip 7 is unlabelled."""
    clips = [
        walk(
            load_layout("mads"),
            frames=3 + i % 4,
            seed=i,
            label=None if i == 7 else i % 5,
            subject=i % 4,
            camera=i % 2,
            setup=i // 10,
            repetition=-1 if i < 15 else 2,
            source=f"film#{i // 2}",
            extra={"room": f"r{i}"},
        )
        for i in range(20)
    ]
    path = tmp_path_factory.mktemp("select") / "whole"
    return write_store(path, clips, class_names=NAMES, provenance={"source": "made"})


def kept(store: Store, **given: Any) -> list[int]:
    return choose(store, Selection(**given)).rows.tolist()


def test_classes_are_numbered_anew(store: Store, tmp_path: Path) -> None:
    made = select(
        store.path, tmp_path / "s", Selection(classes=("fall", "pull"), unlabelled="drop")
    )
    assert made.class_names == ("pull", "fall")
    assert made.clips.label.tolist() == [0, 1, 0, 1, 0, 1, 0, 1]
    old = {str(name): row for row, name in enumerate(store.clips.name)}
    for row in range(made.num_clips):
        clip = made.clip(row)
        was = store.clip(old[clip.name])
        assert clip.label is not None and was.label is not None
        assert made.class_names[clip.label] == NAMES[was.label]
        np.testing.assert_array_equal(clip.keypoints, was.keypoints)
        assert (clip.subject, clip.source, clip.extra) == (was.subject, was.source, was.extra)
    assert made.report["steps"]["select"]["dropped"] == {
        "of class 'push'": 4,
        "of class 'wave'": 3,
        "of class 'nod, slowly'": 4,
        "unlabelled": 1,
    }
    assert made.report["notes"][0] == "8 of 20 clips kept"


def test_provenance_names_parent_and_selection(store: Store, tmp_path: Path) -> None:
    chosen = Selection(classes=("pull",), keep={"subject": (1, 2)})
    made = select(store.path, tmp_path / "s", chosen)
    provenance = made.facts["provenance"]
    assert provenance["selection"] == {
        "classes": ["pull"],
        "keep": {"subject": [1, 2]},
        "unlabelled": "keep",
    }
    assert provenance["parent"]["store"] == "whole"
    assert provenance["parent"]["sha256"] == store.facts["sha256"]
    assert provenance["parent"]["provenance"] == {"source": "made"}
    assert made.verify() == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"keep": {"camera": (1,)}}, list(range(1, 20, 2))),
        ({"drop": {"camera": (1,)}}, list(range(0, 20, 2))),
        ({"keep": {"subject": (1, 2)}, "drop": {"setup": (1,)}}, [1, 2, 5, 6, 9]),
        ({"keep": {"repetition": (-1,)}}, list(range(15))),
        ({"classes": ("push",)}, [0, 5, 7, 10, 15]),
        ({"classes": ("push", "pull"), "drop_classes": ("pull",)}, [0, 5, 7, 10, 15]),
        ({"unlabelled": "drop", "keep": {"subject": (3,)}}, [3, 11, 15, 19]),
    ],
)
def test_what_stays(store: Store, given: dict[str, Any], expected: list[int]) -> None:
    assert kept(store, **given) == expected


@settings(max_examples=25)
@given(data=st.data())
def test_keeping_and_dropping_are_complements(store: Store, data: st.DataObject) -> None:
    column = data.draw(st.sampled_from(["subject", "camera", "setup", "repetition"]))
    there = np.unique(getattr(store.clips, column)).tolist()
    numbers = data.draw(st.lists(st.sampled_from(there), min_size=1, unique=True))
    if len(numbers) == len(there):
        return
    one = kept(store, keep={column: numbers})
    other = kept(store, drop={column: numbers})
    assert sorted(one + other) == list(range(20))


def test_class_map_unites_renames_and_drops(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "map.csv"
    file.write_text('class,new\npush,action\nfall,action\n"nod, slowly",gesture\npull,\n')
    made = select(store.path, tmp_path / "s", Selection(class_map=read_class_map(file)))
    assert made.class_names == ("action", "wave", "gesture")
    counts = np.bincount(made.clips.label[made.clips.label >= 0])
    assert counts.tolist() == [8, 3, 4] and (made.clips.label < 0).sum() == 1
    only = choose(store, Selection(class_map=read_class_map(file), unmapped="drop"))
    assert only.class_names == ("action", "gesture")
    file.with_suffix(".yaml").write_text("push: action\npull: null\n")
    assert read_class_map(file.with_suffix(".yaml")) == {"push": "action", "pull": ""}


def test_classes_without_clips_stay_and_are_named(store: Store, tmp_path: Path) -> None:
    first = Selection(keep={"subject": (0,)}, drop={"setup": (1,)})
    made = select(store.path, tmp_path / "s", first)  # clips 0, 4, 8
    assert made.class_names == NAMES
    assert "stay in the list: pull, wave" in " ".join(made.report["notes"])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"classes": ("wafe",)}, r"class: expected one of .*Did you mean 'wave'\?"),
        ({"drop_classes": ("wafe", "pusch")}, r"(?s)'wave'.*'push'"),
        ({"keep": {"subject": (1, 9)}}, "subject: expected one of 0, 1, 2, 3, got 9"),
        ({"drop": {"repetition": (1,)}}, "repetition: expected one of unknown, 2, got 1"),
        ({"keep": {"subject": (0,)}, "drop": {"camera": (0,)}}, "expected clips that stay, got"),
        ({"class_map": {"puhs": "x"}}, "Did you mean 'push'"),
    ],
)
def test_what_is_not_there(store: Store, given: dict[str, Any], message: str) -> None:
    with pytest.raises((StoreError, FormatError), match=message):
        choose(store, Selection(**given))


def test_words_that_do_not_fit() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'camera'"):
        Selection(keep={"cameras": (1,)})
    with pytest.raises(ConfigError, match="Did you mean 'keep'"):
        Selection(unlabelled="kep")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("m.csv", "class,label\npush,1\n", "expected columns class and new, got class, label"),
        ("m.csv", "", "expected columns class and new, got none"),
        ("m.csv", "class,new\npush,a\npush,b\n", "row 3: expected each class once"),
        ("m.csv", "class,new\nnod, slowly,b\n", "row 2: expected 2 values"),
        ("m.csv", "class,new\npush\n", "row 2: expected 2 values"),
        ("m.csv", "class,new\n,b\n", "row 2: expected a class, got none"),
        ("m.csv", b"\xff\xfe", "expected a readable class map"),
        ("m.yaml", "- push\n", "expected a mapping of classes, got list"),
        ("m.yaml", "push: [a]\n", "expected names as text, got 'push'"),
        ("m.yaml", "push: yes\n", "expected names as text"),
        ("m.yaml", "push: a\npush: b\n", "a second time"),
        ("m.yaml", "a: [", "expected YAML"),
        ("none.csv", None, "expected a readable class map, got 'No such file"),
    ],
)
def test_faulty_class_maps(tmp_path: Path, name: str, text: Any, message: str) -> None:
    if text is not None:
        content = text if isinstance(text, bytes) else text.encode()
        (tmp_path / name).write_bytes(content)
    with pytest.raises(FormatError, match=message):
        read_class_map(tmp_path / name)


@settings(max_examples=40)
@given(st.binary(max_size=60), st.sampled_from(["m.csv", "m.yaml"]))
def test_any_bytes_are_a_map_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str
) -> None:
    file = tmp_path_factory.mktemp("maps") / name
    file.write_bytes(content)
    try:
        found = read_class_map(file)
    except FormatError:
        return
    assert all(isinstance(word, str) for pair in found.items() for word in pair)


def test_command(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "out")
    words = ["select", str(store.path), out, "--classes", "push,wave", "--classes", "nod, slowly"]
    assert main([*words, "--subjects", "0,2-3", "--unlabelled", "drop"]) == 0
    shown, told = capsys.readouterr()
    assert (
        shown
        == f"{out}: 8 clips, 3 classes, {len(Store.open(out).keypoints)} frames, layout mads\n"
    )
    assert ("note: 8 of 20 clips kept" in told and "went: 5 of subject 1" in told) or "went" in told
    assert main(words) == 1
    assert "Use --force" in capsys.readouterr().err
    assert main([*words, "--force", "--json", "--quiet", "--drop-repetitions", "unknown"]) == 0
    shown, told = capsys.readouterr()
    assert told == "" and json.loads(shown)["classes"] == ["push", "wave", "nod, slowly"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--classes", "wafe"], 1, "Did you mean 'wave'?"),
        (["--subjects", "a"], 2, "expected numbers as in 1,2,5-8"),
        (["--subjects", "3-1"], 2, "expected a range that rises"),
        (["--subjects", "1-"], 2, "expected numbers"),
        (["--unlabelled", "dorp"], 2, "Did you mean 'drop'?"),
        (["--class-map", "nowhere.csv"], 1, "expected a readable class map"),
    ],
)
def test_command_that_fails(
    store: Store,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    code: int,
    message: str,
) -> None:
    assert main(["select", str(store.path), str(tmp_path / "out"), *words]) == code
    shown, told = capsys.readouterr()
    assert shown == "" and message in told and list(tmp_path.iterdir()) == []


def test_options_from_a_file(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("classes: [push, 'nod, slowly']\nsubjects: [1, 2]\ndrop-cameras: 1\n")
    words = ["select", str(store.path), str(tmp_path / "out"), "--config", str(config)]
    assert main(words) == 0, capsys.readouterr().err
    made = Store.open(tmp_path / "out")
    assert made.class_names == ("push", "nod, slowly")
    assert set(made.clips.subject.tolist()) == {2}


def test_an_edited_index_is_taken_and_said(store: Store, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(store.path, tmp_path / "copy"))
    text = (copy / "index.csv").read_text()
    (copy / "index.csv").write_text(text.replace("film#0", "film#9"))
    made = select(copy, tmp_path / "out", Selection(classes=("push",)))
    assert made.clips.source[0] == "film#9"
    assert "copy: index.csv was edited after conversion; taken as it is" in made.report["notes"]
