"""Several processes that load files: the same clips and reports as one, and a clean end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skelgraph.data.clip import Clip
from skelgraph.data.formats import workers
from skelgraph.data.formats.files import find_files, read_parallel
from skelgraph.data.formats.workers import load_all, num_workers
from skelgraph.data.report import ConversionReport
from skelgraph.errors import FormatError
from skelgraph.graphs import load_layout

HANDS = load_layout("mediapipe_hands")


def length(file: Path, *, factor: int = 1) -> int:
    text = file.read_text()
    if text == "damaged":
        raise FormatError(f"{file}: expected something else, got this. Copy it again.")
    if text == "bug":
        raise ZeroDivisionError("of ours")
    if text == "dies":
        os._exit(3) if os.environ.get("OMP_NUM_THREADS_OF_TEST") != str(os.getpid()) else None
    return factor * len(text)


def clip_of(file: Path, size: int, report: ConversionReport) -> Iterator[Clip]:
    report.repaired["letters"] += size
    report.note("counted")
    yield Clip(keypoints=np.full((size, 1, 21, 3), 0.5, np.float32), layout=HANDS, name=file.stem)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "BATCH", 2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(9):
        (tmp_path / f"{number}.txt").write_text("x" * (number + 1))
    return tmp_path


def read_with(folder: Path, count: int) -> tuple[list[Clip], ConversionReport]:
    report = ConversionReport(source="folder", format="none")
    files = find_files(folder, "*.txt")
    clips = read_parallel(files, length, clip_of, root=folder, report=report, workers=count)
    return list(clips), report


def test_order_and_reports_do_not_depend_on_the_processes(folder: Path) -> None:
    (folder / "4.txt").write_text("damaged")
    alone, report = read_with(folder, 1)
    together, same_report = read_with(folder, 3)
    assert [clip.name for clip in together] == [clip.name for clip in alone] == list("01235678")
    assert [clip.num_frames for clip in together] == [1, 2, 3, 4, 6, 7, 8, 9]
    assert report.to_dict() == same_report.to_dict()
    assert list(report.skipped) == ["4.txt"] and report.repaired["letters"] == 40


def test_a_partial_is_found_by_its_name(folder: Path) -> None:
    files = find_files(folder, "*.txt")
    assert list(load_all(files, partial(length, factor=10), workers=2))[:3] == [10, 20, 30]


def test_an_error_of_ours_comes_out_here(folder: Path) -> None:
    (folder / "3.txt").write_text("bug")
    with pytest.raises(ZeroDivisionError, match="of ours"):
        read_with(folder, 2)


def test_files_of_a_process_that_died_are_loaded_here(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "2.txt").write_text("dies")
    monkeypatch.setenv("OMP_NUM_THREADS_OF_TEST", str(os.getpid()))
    clips, _ = read_with(folder, 2)
    assert [clip.num_frames for clip in clips] == [1, 2, 4, 4, 5, 6, 7, 8, 9]


def test_all_damaged_is_an_error(folder: Path) -> None:
    for file in folder.iterdir():
        file.write_text("damaged")
    with pytest.raises(FormatError, match="got 9 damaged ones"):
        read_with(folder, 2)


def test_processes_end_with_their_reader(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    start = workers._start
    monkeypatch.setattr(workers, "_start", lambda *a: started.append(start(*a)) or started[-1])
    results = load_all(find_files(folder, "*.txt"), length, workers=2)
    assert next(results) == 1
    results.close()
    assert len(started) == 2 and all(worker.poll() is not None for worker in started)


def test_how_many(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    assert [num_workers(count) for count in (0, 1, 511, 512, 10_000)] == [0, 0, 1, 2, 2]
    monkeypatch.setattr(workers, "_start", lambda *_: pytest.fail("a process for one file"))
    (tmp_path / "a.txt").write_text("abc")
    assert list(load_all([tmp_path / "a.txt"], length, workers=4)) == [3]


def test_a_script_without_a_guard_runs_once(folder: Path, tmp_path_factory: Any) -> None:
    script = tmp_path_factory.mktemp("script") / "script.py"
    script.write_text(
        "from pathlib import Path\n"
        "from skelgraph.data.formats.ntu.ntu_skeleton import load\n"
        "from skelgraph.data.formats.workers import load_all\n"
        "print('start')\n"
        f"files = sorted(Path({str(folder)!r}).iterdir())\n"
        "print(sum(isinstance(r, ValueError) for r in load_all(files, load, workers=2)))\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.split() == ["start", "9"] and done.stderr == ""
