"""Rows are written as runs end; what was cut off or failed is done again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from skelgraph.errors import ConfigError
from tests.examples.scripts import FEW_LABELS, load

rows, runner = load(FEW_LABELS, "rows"), load(FEW_LABELS, "runner")
HEADER = ("name", "score", "seconds")


def work(task: str) -> dict[str, Any]:
    if task == "bad":
        raise ConfigError("task: expected a good one, got 'bad'. Give another.")
    if task == "worse":
        raise ZeroDivisionError
    return {"name": task, "score": len(task) / 3}


def test_rows_come_back_and_fractions_have_four_digits(tmp_path: Path) -> None:
    path = tmp_path / "new" / "table.csv"
    assert rows.read_rows(path) == []
    for name in ("a", 'b, "quoted"'):
        rows.append_row(path, ("name", "score"), {"name": name, "score": 1 / 3})
    assert rows.read_rows(path) == [
        {"name": "a", "score": "0.3333"},
        {"name": 'b, "quoted"', "score": "0.3333"},
    ]


@pytest.mark.parametrize("cut", ["", "c,0.", "c,0.5"])
def test_a_row_that_a_kill_cut_off_is_no_row(cut: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    rows.append_row(path, ("name", "score"), {"name": "a", "score": 1})
    with path.open("a") as file:
        file.write(cut)
    assert [row["name"] for row in rows.read_rows(path)] == ["a"]
    rows.append_row(path, ("name", "score"), {"name": "d", "score": 2})
    assert path.read_text() == "name,score\na,1\nd,2\n"


def test_a_header_that_was_cut_off_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("name,sc")
    rows.append_row(path, ("name", "score"), {"name": "a", "score": 1})
    assert path.read_text() == "name,score\na,1\n"


def test_a_table_without_rows_is_told(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    with pytest.raises(ConfigError, match=r"table.csv: expected a row a run, got none"):
        rows.demand_rows(path)
    rows.append_row(path, ("name", "score"), {"name": "a", "score": 1})
    assert rows.demand_rows(path) == rows.read_rows(path)


def test_a_failure_has_no_row_and_stops_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "table.csv"
    tasks = ["a", "bad", "worse", "bcd"]
    assert runner.run_all(work, tasks, output=path, header=HEADER, jobs=1) == 2
    assert [row["name"] for row in rows.read_rows(path)] == ["a", "bcd"]
    told = capsys.readouterr().err
    assert "bad failed: task: expected a good one" in told and "ZeroDivisionError" in told


def test_two_at_once_give_the_rows_of_one_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(FEW_LABELS)  # the processes look there as well
    path, tasks = tmp_path / "table.csv", ["a", "bad", "ab", "abc"]
    assert runner.run_all(work, tasks, output=path, header=HEADER, jobs=2) == 1
    found = sorted((row["name"], row["score"]) for row in rows.read_rows(path))
    assert found == [("a", "0.3333"), ("ab", "0.6667"), ("abc", "1.0000")]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
def test_a_kill_leaves_whole_rows_and_no_process(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import os, sys, time
            from pathlib import Path
            sys.path.insert(0, {str(FEW_LABELS)!r})
            from runner import run_all

            def work(task):
                Path("pids", str(os.getpid())).touch()
                time.sleep(0.1 if task < 2 else 600)
                return {{"name": task, "score": 0.5}}

            if __name__ == "__main__":
                Path("pids").mkdir()
                run_all(work, range(4), output=Path("table.csv"),
                        header=("name", "score", "seconds"), jobs=2)
            """
        )
    )
    process = subprocess.Popen([sys.executable, str(script)], cwd=tmp_path)
    table = tmp_path / "table.csv"
    _wait(lambda: len(rows.read_rows(table)) == 2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert {row["name"] for row in rows.read_rows(table)} == {"0", "1"}
    workers = [int(path.name) for path in (tmp_path / "pids").iterdir()]
    _wait(lambda: not any(_alive(worker) for worker in workers))


def _wait(true: Any) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.2)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/status")  # an orphan that nobody waits for is no longer alive
    return not status.exists() or "State:\tZ" not in status.read_text()
