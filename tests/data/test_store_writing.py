"""A store is written whole or not at all."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from skelgraph.data.clip import Clip
from skelgraph.data.store import Store, write_store
from skelgraph.errors import StoreError
from skelgraph.graphs import load_layout
from tests.data.made_up import CLASSES, walk, walks
from tests.modules import ROOT

FOREVER = """
import sys, time
from skelgraph.data.store import write_store
from tests.data.made_up import CLASSES, walks

def clips():
    for clip in walks(6):
        yield clip
        print("written", flush=True)
    if {last}:
        time.sleep(60)

write_store(sys.argv[1], clips(), class_names=CLASSES, provenance={{}}, force=True)
"""


def write(path: Path, clips: object = None, *, force: bool = False) -> Store:
    chosen = walks() if clips is None else clips
    return write_store(path, chosen, class_names=CLASSES, provenance={}, force=force)


def failing(error: Exception) -> Iterator[Clip]:
    yield from walks(2)
    raise error


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    write(tmp_path / "a")
    with pytest.raises(StoreError, match=r"expected a new name, got one that exists.*--force"):
        write(tmp_path / "a", walks(2))
    assert Store.open(tmp_path / "a").num_clips == 6
    assert write(tmp_path / "a", walks(2), force=True).num_clips == 2
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_force_replaces_stores_only(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "letter.txt").write_text("dear")
    with pytest.raises(StoreError, match=r"expected a store to replace"):
        write(home, force=True)
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(StoreError, match=r"expected a store to replace"):
        write(file, force=True)
    assert (home / "letter.txt").read_text() == "dear"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "home"]


@pytest.mark.parametrize("error", [RuntimeError("sensor"), KeyboardInterrupt()])
def test_a_failure_leaves_nothing_and_keeps_the_old(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(type(error)):
        write(tmp_path / "new", failing(error))
    assert list(tmp_path.iterdir()) == []
    write(tmp_path / "old")
    with pytest.raises(type(error)):
        write(tmp_path / "old", failing(error), force=True)
    assert Store.open(tmp_path / "old").verify() == []
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_a_full_disk_leaves_nothing_and_says_what_was_needed(tmp_path: Path) -> None:
    error = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(StoreError, match=r"expected more than 0.0 MB of free disk.*2 clips"):
        write(tmp_path / "full", failing(error))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OSError, match=r"Input/output"):
        write(tmp_path / "broken", failing(OSError(errno.EIO, "Input/output error")))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of POSIX")
def test_a_limit_of_the_system_counts_as_a_full_disk(tmp_path: Path) -> None:
    code = """
import resource, sys
from skelgraph.data.store import write_store
from skelgraph.errors import StoreError
from tests.data.made_up import CLASSES, walks
clips = walks(60)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    write_store(sys.argv[1], clips, class_names=CLASSES, provenance={})
except StoreError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(tmp_path / "full")],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert "of free disk space" in done.stdout and done.stderr == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals of POSIX")
@pytest.mark.parametrize("replacing", [False, True])
def test_a_kill_leaves_no_broken_store(tmp_path: Path, replacing: bool) -> None:
    path = tmp_path / "store"
    if replacing:
        write(path, walks(3))
    child = subprocess.Popen(
        [sys.executable, "-c", FOREVER.format(last=True), str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert child.stdout is not None
    for _ in range(6):
        assert child.stdout.readline() == "written\n"
    time.sleep(0.05)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    if replacing:
        assert Store.open(path).num_clips == 3 and Store.open(path).verify() == []
    else:
        with pytest.raises(StoreError, match=r"no such folder"):
            Store.open(path)
    half = f".store.partial-elsewhere-{child.pid}-x"
    (tmp_path / half).mkdir()  # of another machine, where that process may still run
    assert write(path, force=replacing).num_clips == 6
    assert sorted(item.name for item in tmp_path.iterdir()) == [half, "store"]


def test_the_old_store_comes_back_if_the_new_one_cannot_be_put_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "store"
    write(path, walks(3))
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if ".partial-" in self.name:
            raise OSError(errno.EIO, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match=r"Input/output"):
        write(path, force=True)
    assert Store.open(path).num_clips == 3
    assert [entry.name for entry in tmp_path.iterdir()] == ["store"]


def test_an_interrupted_replacement_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "store"
    write(path, walks(3))
    path.rename(tmp_path / ".store.replaced-x1")
    with pytest.raises(StoreError, match=r"rename .*\.store\.replaced-x1 to store"):
        Store.open(path)


def test_folders_above_are_made(tmp_path: Path) -> None:
    assert write(tmp_path / "deep" / "er" / "store").num_clips == 6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"units": "millimetre"}, "expected units 'metre' like the first clip's"),
        ({"fps": 25.0}, r"expected fps 30.0 like the first clip's, got 25.0"),
        ({"name": "walk_0"}, "expected unique names"),
        ({"label": 3}, "expected a label below 3, got 3"),
    ],
)
def test_clips_that_do_not_fit_together_are_refused(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    with pytest.raises(StoreError, match=message):
        write(tmp_path / "a", [*walks(2), replace(walks(3)[2], **change)])
    assert list(tmp_path.iterdir()) == []


def test_other_layouts_no_clips_and_no_frames_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"expected layout 'kinect_v2'"):
        write(tmp_path / "a", [*walks(1), walk(load_layout("coco17"), seed=1)])
    with pytest.raises(StoreError, match=r"at least one usable clip"):
        write(tmp_path / "a", [])
    with pytest.raises(StoreError, match=r"at least one frame"):
        write(tmp_path / "a", [walk(load_layout("coco17"), frames=0)])
    assert list(tmp_path.iterdir()) == []


def test_bytes_do_not_depend_on_when_bodies_appear(tmp_path: Path) -> None:
    layout = load_layout("coco17")
    one, two = walk(layout, seed=1), walk(layout, bodies=2, seed=2)
    late = write(tmp_path / "late", [one, two])
    early = write(tmp_path / "early", [two, one])
    assert late.keypoints.shape == early.keypoints.shape == (24, 2, 17, 3)
    assert (late.keypoints[12:] == early.keypoints[:12]).all()
