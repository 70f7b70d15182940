"""The rows of the gate of importance as tables, and that the documentation has them."""

from __future__ import annotations

import csv
import sys

import numpy as np
import pytest

from skelgraph.data.synthetic import Planted
from skelgraph.explain import LinkImportance
from skelgraph.graphs import load_layout
from tests.examples.scripts import RESULTS, load
from tests.modules import ROOT

ROWS = RESULTS / "importance_gate.csv"

gate = load(RESULTS, "importance_gate")
gate_tables = load(RESULTS, "gate_tables")


def made_row(method: str, **cells: object) -> dict[str, str]:
    row = dict.fromkeys(gate.HEADER, "")
    row |= {"case": "hop", "seed": "0", "top1": "0.984", "clips": "9", "method": method}
    for name in ("deletion", "insertion"):
        row |= {name: "0.5", f"{name}_low": "0.4", f"{name}_high": "0.625"}
    return row | {name: str(value) for name, value in cells.items()}


def test_every_method_has_a_place_in_the_tables() -> None:
    assert set(gate.METHODS) <= set(gate_tables.ORDER)


def test_a_simulated_case_by_hand() -> None:
    found = {"hit": 1.0, "auroc": 0.9876, "plus20": 0.5, "minus20": 0.25, "noise": 0.8}
    rows = [
        made_row("random", hit=0.0, auroc=0.5, beats_random=False),
        made_row("occlusion", **found, beats_random=True),
        made_row("occlusion", hit=0.5, deletion=""),  # another replacement
        made_row("random orders of joints"),
    ]
    lines = gate_tables.tables(rows).splitlines()
    assert lines[0] == "hop (seed 0, 9 clips, accuracy 98.4 %):"
    assert lines[2].startswith("| method | hit | AUROC | deletion |")
    assert lines[4] == (
        "| `occlusion` | 1.00 | 0.988 | 0.50 | 0.50 | yes | 0.50 / 0.25 | - | - | 0.80 | - |"
    )
    assert lines[5].startswith("| `random` | 0.00 | 0.500 | 0.50 | 0.50 | no | - |")
    assert lines[6].startswith("| random orders of joints | - | - | 0.50 (0.40 to 0.62) |")
    assert len(lines) == 7


def test_seeds_by_hand() -> None:
    rows = [
        made_row("occlusion", seed=seed, hit=hit, auroc=1, beats_random=hit == 1)
        for seed, hit in enumerate((1.0, 0.7, 1.0))
    ]
    assert gate_tables.tables(rows).splitlines()[-1] == (
        "| hop | `occlusion` | 0.90 (0.70 to 1.00) | 1.000 | 0.50 | 0.50 | 2 of 3 |"
    )


def test_people_and_links_by_hand() -> None:
    gain = {"deletion_gain": -0.125, "deletion_gain_low": -0.25, "deletion_gain_high": 0.0}
    rows = [
        made_row("grad_cam", beats_random=False, **gain),
        made_row("occlusion", beats_random=True),
        made_row("grad_cam", case="people"),
        made_row("grad_cam", case="hop, dropped"),
        made_row("links, together", case="pair", deletion="", hit=1.0, auroc=0.5),
    ]
    lines = gate_tables.tables(rows).splitlines()
    assert "| pair | together | 9 | 1.00 | 0.500 |" in lines
    assert [line.split(",")[0] for line in lines[-2:]] == ["| hop", "| people"]
    assert lines[-4:-2] == [
        "| hop, 0.98, 9 | `occlusion` | 0.50 (0.40 to 0.62) | 0.50 (0.40 to 0.62) | yes | - | - |",
        "| | `grad_cam` | 0.50 (0.40 to 0.62) | 0.50 (0.40 to 0.62) | no "
        "| -0.12 (-0.25 to 0.00) | - |",
    ]


def test_the_documentation_has_every_table() -> None:
    text = (ROOT / "docs" / "explain.md").read_text(encoding="utf-8")
    with ROWS.open(newline="", encoding="utf-8") as file:
        printed = gate_tables.tables(list(csv.DictReader(file)))
    tables = [part for part in printed.strip().split("\n\n") if part.startswith("|")]
    assert len(tables) > 3
    for table in tables:
        assert table in text, table.splitlines()[2]


def test_tables_are_printed_without_training(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["importance_gate.py", "--output", str(ROWS), "--table"])
    monkeypatch.setattr(gate, "run_case", None)
    gate.main()
    with ROWS.open(newline="", encoding="utf-8") as file:
        assert capsys.readouterr().out == gate_tables.tables(list(csv.DictReader(file)))


def test_planted_links_by_hand() -> None:
    """In clips of 'together' one of 209 other links is above the planted one, in 'apart' half."""
    layout = load_layout("florence3d")
    count = layout.num_joints
    values = np.zeros((3, 1, 2, count, count), dtype=np.float32)
    leader, follower, other = 3, 9, 5
    values[0, 0, :, leader, follower] = 0.5
    values[0, 0, 1, leader, other] = 2.0
    values[0, 0, 0, other, other] = 9.0  # a joint has no link to itself
    values[1, 0, 0, leader, follower] = 1.0
    importance = LinkImportance(
        values=values,
        present=np.ones((3, 1), dtype=bool),
        target=np.array([0, 0, 1]),
        predicted=np.array([0, 0, 1]),
        label=np.array([0, 0, 1]),
        names=("a", "b", "c"),
        class_names=("together", "apart"),
        method="first_order",
        layout=layout,
        provenance={},
    )
    names = (layout.joints[leader], layout.joints[follower])
    planted = Planted([], ("together", "apart"), names, (0, 50), lag=2)
    together, apart = gate.located_links(importance, planted)
    assert together["method"] == "links, together" and together["clips"] == 2
    assert together["hit"] == "0.500"
    assert float(together["auroc"]) == pytest.approx((208 / 209 + 1) / 2, abs=1e-3)
    assert (apart["hit"], apart["auroc"]) == ("0.000", "0.500")
