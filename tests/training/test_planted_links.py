"""What examples/results/planted_links.py measures, and a short run of it."""

from __future__ import annotations

import csv
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from tests.modules import ROOT

SCRIPT = ROOT / "examples" / "results" / "planted_links.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("planted_links", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_rank_of_the_planted_pair_by_hand(script: ModuleType) -> None:
    """Links from row to column; joint 0 leads joint 2."""
    links = torch.tensor([[9.0, 0.1, 0.6], [0.2, 9.0, 0.6], [0.8, 0.3, 9.0]])
    rank, value, others = script.auroc(links, 0, 2)
    assert rank == pytest.approx((3 + 0.5) / 5)
    assert value == pytest.approx(0.6)
    assert others == pytest.approx((0.1 + 0.2 + 0.6 + 0.8 + 0.3) / 5)
    assert script.auroc(links, 2, 0)[0] == 1


@pytest.mark.slow
def test_a_short_run(tmp_path: Path) -> None:
    few = ["--subjects", "3", "--clips-per-class", "2", "--epochs", "1", "--link-epochs", "1"]
    command = [
        sys.executable,
        str(SCRIPT),
        "--output",
        str(tmp_path),
        "--layout",
        "mediapipe_hands",
    ]
    command += few
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    for _ in range(2):  # the second time from the runs that are there
        done = subprocess.run(
            [*command, "--seeds", "1"], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(done.stdout.splitlines(), delimiter="\t"))
    assert [row["links"] for row in rows] == ["as shipped", "own memory", "no A-links"]
    for row in rows[:2]:
        assert all(0 <= float(row[name]) <= 1 for name in ("auroc", "pair", "apart", "others"))
    assert rows[2]["auroc"] == "-"
