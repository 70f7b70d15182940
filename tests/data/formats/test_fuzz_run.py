"""The fuzz run of the readers, a small one."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from skelgraph.data.formats import FORMATS
from tests.modules import ROOT


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux tells it")
def test_a_short_run_finds_nothing(tmp_path: Path) -> None:
    pytest.importorskip("bvhio", reason="needs the extra formats")
    pytest.importorskip("ezc3d", reason="needs the extra formats")
    pytest.importorskip("pose_format", reason="needs the extra formats")
    table = tmp_path / "table.csv"
    command = [sys.executable, str(ROOT / "examples" / "results" / "fuzz_formats.py")]
    command += [
        "--examples",
        "500",
        "--seed",
        "3",
        "--output",
        str(table),
        "--keep",
        str(tmp_path / "kept"),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["format"] for row in rows} == set(FORMATS) - {"store"} | {"total"}
    assert int(rows[-1]["inputs"]) >= 500 and rows[-1]["failures"] == "0"
