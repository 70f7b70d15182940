"""A trained model that must look at one planted joint: who finds it?"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from skelgraph.data.store import write_store
from skelgraph.data.synthetic import simulate_planted_joint
from skelgraph.explain import DEFAULT_METHOD
from skelgraph.explain.localising import rank_of_truth
from skelgraph.graphs import load_layout
from skelgraph.training.explaining import explain_clips
from tests.modules import ROOT
from tests.training.test_attention import make_recogniser

SCRIPT = ROOT / "examples" / "results" / "importance_gate.py"


@pytest.mark.parametrize("layout", ["mediapipe_hands", "florence3d"])
def test_maps_without_a_model_do_not_find_it(layout: str, tmp_path: Path) -> None:
    planted = simulate_planted_joint(load_layout(layout), subjects=2, clips_per_class=20)
    clips = write_store(
        tmp_path / "store", planted.clips, class_names=planted.class_names, provenance={}
    )
    truth = np.zeros(clips.layout.num_joints, dtype=bool)
    truth[list(clips.layout.indices(planted.joints))] = True
    recogniser = make_recogniser(clips.layout)
    for method in ("motion_energy", "random"):
        found = explain_clips(recogniser, clips, rows=np.arange(clips.num_clips), method=method)
        assert abs(rank_of_truth(found.over_bodies(), truth).mean() - 0.5) < 0.1


@pytest.mark.slow
def test_the_default_method_finds_it(tmp_path: Path) -> None:
    output = tmp_path / "gate.csv"
    command = [sys.executable, str(SCRIPT), "--cases", "joint, dropped", "--clips", "24"]
    command += ["--work", str(tmp_path / "runs"), "--output", str(output)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    for _ in range(2):  # the second time there is nothing left to do
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    with output.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["top1"] and row["hit"]]
    assert float(rows[0]["top1"]) > 0.95
    first = {row["method"]: row for row in reversed(rows)}
    assert float(first[DEFAULT_METHOD]["hit"]) >= 0.95
    assert float(first[DEFAULT_METHOD]["auroc"]) >= 0.95
    assert float(first[DEFAULT_METHOD]["deletion_gain_low"]) > 0
    assert float(first["motion_energy"]["auroc"]) < 0.6
    assert float(first["random"]["hit"]) < 0.5
