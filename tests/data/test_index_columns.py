"""The mapped index: the same as index.csv, never in its place once that was edited."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from skelgraph.data import index_columns, store
from skelgraph.data.store import Store, write_store
from skelgraph.data.table import ClipTable
from skelgraph.errors import StoreError
from tests.data.made_up import CLASSES, walks
from tests.graphs.made_up import chain

KEYS = ("name", *index_columns.NUMBERS, "source")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "store"
    clips = [
        replace(clip, extra={"clothes": "naïve, «ö»" if row else "", "größe": row})
        for row, clip in enumerate(walks(layout=chain(3)))
    ]
    write_store(path, clips, class_names=CLASSES, provenance={})
    return path


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    """A copy whose index is an hour old, in both forms, so that its state is noted at once."""
    path = Path(shutil.copytree(made, tmp_path / "store"))
    settle(path)
    return path


def settle(path: Path) -> None:
    for name in ("index.csv", "index.npy"):
        file = path / name
        then = file.stat().st_mtime - 3600
        os.utime(file, (then, then))


def is_mapped(table: ClipTable) -> bool:
    return isinstance(table.start.base, np.memmap) or isinstance(
        getattr(table.start.base, "base", None), np.memmap
    )


def agree(one: ClipTable, other: ClipTable) -> None:
    for key in KEYS:
        np.testing.assert_array_equal(getattr(one, key), getattr(other, key), err_msg=key)
    assert list(one.extra) == list(other.extra) and one.class_names == other.class_names
    for key, values in one.extra.items():
        np.testing.assert_array_equal(values, other.extra[key])


def test_the_mapped_index_is_the_file(made: Path, copy: Path) -> None:
    (copy / "index.npy").unlink()
    mapped, read = Store.open(made).clips, Store.open(copy).clips
    assert is_mapped(mapped) and not is_mapped(read)
    agree(mapped, read)
    agree(mapped.take(np.array([4, 1])), read.take(np.array([4, 1])))
    assert mapped.recording.tolist() == read.recording.tolist()
    assert not mapped.label.flags.writeable


def test_an_unchanged_index_is_read_once(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Store.open(copy).clips
    for module, name in ((index_columns, "checksum"), (store, "read_table")):
        monkeypatch.setattr(module, name, lambda *_: pytest.fail("read"))
    again = Store.open(copy)
    assert is_mapped(again.clips)
    agree(first, again.clips)
    assert again.num_clips == 6 and again.clip(3).name == "walk_3"


def test_a_young_index_is_not_noted(copy: Path) -> None:
    """A change within the same tick of the clock would not show in the file's times."""
    (copy / "index.csv").touch()
    assert is_mapped(Store.open(copy).clips) and not (copy / "index.state.json").exists()
    settle(copy)
    assert is_mapped(Store.open(copy).clips) and (copy / "index.state.json").exists()


@pytest.mark.parametrize("noted", [False, True])
def test_an_edit_of_the_same_length_and_time_is_seen(copy: Path, noted: bool) -> None:
    if noted:
        Store.open(copy)
        assert (copy / "index.state.json").exists()
    file = copy / "index.csv"
    times = file.stat()
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(",0,push,", ",2,wave,", 1), encoding="utf-8")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert file.stat().st_size == times.st_size
    opened = Store.open(copy)
    assert opened.clips.label[0] == 2 and not is_mapped(opened.clips)
    file.write_text(text, encoding="utf-8")
    opened = Store.open(copy)
    assert opened.clips.label[0] == 0 and is_mapped(opened.clips)


def test_a_copy_is_checked_anew(copy: Path, tmp_path: Path) -> None:
    Store.open(copy)
    other = Path(shutil.copytree(copy, tmp_path / "other"))
    before = (other / "index.state.json").read_bytes()
    assert is_mapped(Store.open(other).clips)
    assert (other / "index.state.json").read_bytes() != before


def test_where_nothing_can_be_noted_a_store_opens(copy: Path) -> None:
    (copy / "index.state.json").mkdir()
    assert is_mapped(Store.open(copy).clips) and is_mapped(Store.open(copy).clips)


def test_a_class_renamed_in_one_place_is_told(copy: Path) -> None:
    facts = yaml.safe_load((copy / "dataset.yaml").read_text(encoding="utf-8"))
    facts["class_names"][0] = "shove"
    (copy / "dataset.yaml").write_text(yaml.safe_dump(facts), encoding="utf-8")
    with pytest.raises(StoreError, match=r"expected class 'shove' for label 0, got 'push'"):
        Store.open(copy)


@pytest.mark.parametrize(
    "index",
    [
        None,
        [],
        {"columns": None},
        {"columns": ["clip"]},
        {"columns": [*index_columns.NUMBERS, "clip", "source", ["a"], "b"]},
        {"columns": [*index_columns.NUMBERS, "clip", "source", "a", "a"]},
        {"bytes": 1},
        {"classes": "0"},
    ],
)
def test_facts_that_do_not_fit_the_array_send_to_the_file(copy: Path, index: object) -> None:
    facts = yaml.safe_load((copy / "dataset.yaml").read_text(encoding="utf-8"))
    facts["index"] = {**facts["index"], **index} if isinstance(index, dict) and index else index
    (copy / "dataset.yaml").write_text(yaml.safe_dump(facts), encoding="utf-8")
    assert not is_mapped(Store.open(copy).clips)


def test_a_store_of_an_older_version_opens(copy: Path, made: Path) -> None:
    facts = yaml.safe_load((copy / "dataset.yaml").read_text(encoding="utf-8"))
    del facts["index"], facts["sha256"]["index.npy"]
    (copy / "dataset.yaml").write_text(yaml.safe_dump(facts), encoding="utf-8")
    (copy / "index.npy").unlink()
    agree(Store.open(copy).clips, Store.open(made).clips)
    assert Store.open(copy).verify() == []


@pytest.mark.parametrize("damage", ["cut", "empty", "pickled", "plain", "shorter"])
def test_a_damaged_array_sends_to_the_file_and_is_told(copy: Path, damage: str) -> None:
    file = copy / "index.npy"
    whole = file.read_bytes()
    if damage in ("cut", "empty"):
        file.write_bytes(whole[:-9] if damage == "cut" else b"")
    elif damage == "shorter":
        np.save(file, np.load(file)[:-1])
    else:
        kind = object if damage == "pickled" else float
        np.save(file, np.zeros(6, dtype=kind), allow_pickle=True)
    opened = Store.open(copy)
    assert not is_mapped(opened.clips) and opened.num_clips == 6
    (fault,) = opened.verify()
    assert "index.npy: expected checksum" in fault


@pytest.mark.parametrize("noted", [False, True])
def test_an_array_of_other_labels_is_not_believed(copy: Path, noted: bool) -> None:
    """As one is that was left over from another conversion, in form and size the same."""
    right = Store.open(copy).clips.label.tolist()
    if not noted:
        (copy / "index.state.json").unlink()
    file = copy / "index.npy"
    rows = np.load(file)
    rows["c2"] = rows["c2"][::-1]
    np.save(file, rows)
    opened = Store.open(copy)
    assert not is_mapped(opened.clips) and opened.clips.label.tolist() == right
    assert right != right[::-1]


def test_one_endless_text_among_many_makes_no_array(tmp_path: Path) -> None:
    clips = [
        replace(clip, name=f"{'x' * 900 if not row else ''}{row}")
        for row, clip in enumerate(walks(100, layout=chain(2)))
    ]
    opened = write_store(tmp_path / "wide", clips, class_names=CLASSES, provenance={})
    assert opened.num_clips == 100 and opened.facts["index"] == {}
    assert not (tmp_path / "wide" / "index.npy").exists() and opened.verify() == []


def test_names_that_are_no_unicode_are_mapped_as_they_are_written(tmp_path: Path) -> None:
    clip = replace(walks(1, layout=chain(2))[0], name="\udcff", source="\ud800", label=0)
    opened = write_store(tmp_path / "odd", [clip], class_names=["a\udcff"], provenance={})
    assert is_mapped(opened.clips) and opened.class_names == ("a\\udcff",)
    assert opened.clip(0).name == "\\udcff" and opened.clip(0).source == "\\ud800"
