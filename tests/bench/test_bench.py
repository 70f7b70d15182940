"""The measurements: what they count, and that their processes end well."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from click.testing import CliRunner

from skelgraph.bench import child, running
from skelgraph.bench.arithmetic import count_operations
from skelgraph.bench.full_size import make_model
from skelgraph.bench.measuring import time_calls
from skelgraph.bench.options import YARDSTICK, Case
from skelgraph.bench.recordings import made_up_clips
from skelgraph.bench.running import PARTS, BenchError, BenchOptions, plan, run_bench
from skelgraph.bench.tables import tabulate
from skelgraph.cli import bench as bench_command
from skelgraph.cli.group import root
from skelgraph.graphs import load_layout


def test_the_yardstick_has_the_paper_s_size() -> None:
    model = make_model(Case("step", model=YARDSTICK)).eval()
    assert round(sum(p.numel() for p in model.parameters()) / 1e6, 2) == 3.10
    operations = count_operations(Case("step", model=YARDSTICK))
    assert round(operations["forward"] / 2e9, 1) == 17.1  # a multiplication and an addition
    with torch.no_grad():
        out = model(torch.randn(2, 3, 12, load_layout("kinect_v2").num_joints, 2))
    assert out.shape == (2, 60) and out.isfinite().all()


def test_made_up_clips_have_the_lengths_of_ntu() -> None:
    clips = made_up_clips(256)
    lengths = clips.windows.length
    assert 74 < lengths.mean() < 86 and lengths.min() >= 20 and lengths.max() <= 300
    bodies = clips.batch(range(256), num_frames=4).bodies.sum(1).double().mean()
    assert 1.1 < float(bodies) < 1.3


def test_calls_are_counted_and_timed() -> None:
    called: list[int] = []
    times = time_calls(lambda: called.append(1), calls=4, warm_up=2)
    assert len(called) == 6 and len(times.wall) == len(times.cpu) == 4
    assert all(seconds >= 0 for seconds in times.wall)


def fake(case: Case) -> dict:
    """A step takes a clip 2 s by the yardstick and 1 s by ours."""
    seconds = [(2.0 if case.model == YARDSTICK else 1.0) * case.batch_size] * 3
    steps = {"step_wall": seconds, "forward_wall": seconds, "memory": 3e8}
    clips = {"clip_wall": [0.5], "mean_frames": 80.0, "mean_bodies": 1.2, "padding": 0.04}
    rest = {"wall": [0.004] * 100, "growth": 0, "load_rate": 200.0, "train_rate": 10.0}
    speeds = {"speed_float32": 1e11, "speed_bfloat16": 4e11, "step": 1e11, "forward": 3e10}
    return {**steps, **clips, **rest, **speeds}


def test_kinds_take_turns_and_ratios_are_those_to_the_yardstick(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order: list[str] = []
    monkeypatch.setattr(
        running, "_in_a_process", lambda case: order.append(case.model) or fake(case)
    )
    parts = run_bench(BenchOptions(repeats=2, batch_sizes=(2,)))
    assert order[:8] == [YARDSTICK, YARDSTICK, "as_gcn", "as_gcn"] * 2
    tables = tabulate(parts)
    assert set(tables) == set(PARTS)
    columns, rows = tables["step"]
    assert [row[columns.index("ratio")] for row in rows] == ["1.00", "1.00", "0.50", "0.50"]
    assert [row[-1] for row in rows] == [300] * 4
    assert tables["recordings"][1][1][-1] == "0.25"
    assert tables["loading"][1][0][-1] == "20.0"
    assert [row[2] for row in tables["streaming"][1]] == ["4.00"] * 4
    assert all(len(row) == len(columns) for columns, rows in tables.values() for row in rows)


def test_a_process_that_fails_is_told() -> None:
    with pytest.raises(BenchError, match=r"step of no_model.*exit code 1"):
        running._in_a_process(Case("step", model="no_model"))


def test_parts_of_the_command_are_those_of_the_library() -> None:
    assert bench_command.PARTS == PARTS and set(bench_command.TITLES) == set(PARTS)
    assert set(child.MEASURES) == set(PARTS)


def test_json_holds_every_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_in_a_process", fake)
    result = CliRunner().invoke(root, ["bench", "--json", "--parts", "step", "--repeats", "1"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert [len(row["results"]) for row in document["parts"]["step"]] == [1] * 4
    assert document["machine"]["threads"] == 2


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_each_measurement_runs(part: str) -> None:
    options = BenchOptions(calls=1, threads=1, streaming_calls=20, batch_sizes=(2,))
    row = plan(part, options)[-1]
    result = running._in_a_process(replace(row.case, batch_size=2))
    assert set(result) <= set(fake(row.case)) | {
        "step_cpu",
        "forward_cpu",
        "clip_cpu",
        "cpu",
        "parameters",
    }
    assert result
