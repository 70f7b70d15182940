"""The comparison of methods: who is in which group, what is chosen, what the tables say."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skelgraph.data.store import Store
from skelgraph.training.semi.legs import epochs_of
from skelgraph.training.semi.methods.table import METHODS
from tests.examples.scripts import FEW_LABELS, load

groups, arms, methods, tables = (
    load(FEW_LABELS, name) for name in ("groups", "arms", "methods", "tables")
)


def row(**values: Any) -> dict[str, str]:
    whole = {
        **dict.fromkeys(arms.HEADER, ""),
        "phase": "final",
        "set": "one",
        "arm": "fixmatch",
        "budget": "2",
        "draw": 0,
        "start": "scratch",
        "seconds": 1,
        "method_test_top1": values.get("test_top1", ""),
        **values,
    }
    return {key: str(value) for key, value in whole.items()}


def test_nobody_is_in_two_groups_and_every_clip_is_in_one(store: Store) -> None:
    table = store.clips
    part = groups.three_groups(table, draw=0)
    people = [set(table.subject[part == number].tolist()) for number in range(3)]
    assert [len(one) for one in people] == [2, 3, 2]
    assert set.union(*people) == set(range(7))
    assert (part >= 0).all()


def test_draws_change_the_roles(store: Store) -> None:
    table = store.clips
    tested = [
        frozenset(table.subject[groups.three_groups(table, draw=draw) == 2].tolist())
        for draw in range(3)
    ]
    assert len(set(tested)) == 3
    assert not frozenset.intersection(*tested)


def test_each_part_has_its_camera(store: Store) -> None:
    table = store.clips.take(np.arange(len(store.clips)))
    table.camera[:] = 1 + np.arange(len(table)) % 2
    part = groups.three_groups(table, draw=1, cameras={"train": 1, "unlabelled": 2, "test": 2})
    for number, camera in enumerate((1, 2, 2)):
        assert set(table.camera[part == number].tolist()) == {camera}
    assert (part < 0).any()


@pytest.mark.parametrize("all_labels", [False, True])
def test_split_file_has_the_groups(all_labels: bool, store: Store, tmp_path: Path) -> None:
    part = groups.three_groups(store.clips, draw=0)
    groups.write_split(tmp_path / "split.csv", store.clips, part, all_labels=all_labels)
    lines = (tmp_path / "split.csv").read_text().splitlines()
    found = dict(line.rsplit(",", 1) for line in lines[1:])
    names = ("train", "train" if all_labels else "unlabelled", "test")
    wanted = {n: names[p] for n, p in zip(store.clips.name, part, strict=True)}
    assert lines[0] == "clip,split" and found == wanted


def test_start_is_chosen_by_validation_alone() -> None:
    made = [
        row(arm="supervised", val_top1=0.5, test_top1=0.9),
        row(arm="transferred", val_top1=0.6, test_top1=0.1),
        row(arm="transferred", val_top1="", test_top1=0.1),  # nothing could be held out
        row(arm="supervised", val_top1=0.9, set="other"),
    ]
    assert methods.better_start(made, "final", "one") == "simulated"
    assert methods.better_start(made, "final", "other") == "scratch"
    assert methods.better_start([], "final", "one") == "simulated"


def test_best_two_are_chosen_by_validation_of_the_screening() -> None:
    scores = {"a": (0.5, 0.9), "b": (0.7, 0.1), "c": (0.5, 0.2), "supervised": (0.9, 0.9)}
    made = [
        row(phase="screening", arm=arm, draw=draw, val_top1=top1, val_nll=nll, test_top1=1 - top1)
        for arm, (top1, nll) in scores.items()
        for draw in range(2)
    ]
    made += [row(phase="final", arm="a", val_top1=1.0, val_nll=0.0)]
    assert methods.best_methods(made) == ("b", "c")  # of a and c the one with less cross-entropy


def efforts(**values: Any) -> argparse.Namespace:
    """Options of the script."""
    least = {"supervised_epochs": 3, "screening_epochs": 1, "final_epochs": 1}
    return argparse.Namespace(**{**least, **values})


def test_runs_that_have_a_row_are_left_out() -> None:
    options = efforts(draws=2, work=Path("w"))
    tasks = list(methods.first_screening([], options))
    assert len(tasks) == len({task.key for task in tasks}) == 2 * 2 * 2
    made = [dict(zip(arms.KEY, task.key, strict=True)) for task in tasks[:3]]
    assert methods.missing(tasks, made) == tasks[3:]


def test_every_phase_has_keys_of_its_own() -> None:
    options = efforts(draws=3, work=Path("w"))
    keys = [task.key for phase in methods.PHASES for task in phase([], options)]
    assert len(keys) == len(set(keys))
    final = {key[2:4] for key in keys if key[0] == "final"}
    assert ("all labels", "all") in final and ("supervised", "2") in final


def test_shares_of_all_labels_and_verdict_by_hand() -> None:
    made = [
        row(arm="all labels", budget="all", draw=draw, test_top1=top1, test_macro_f1=top1)
        for draw, top1 in enumerate((0.8, 0.5))
    ]
    made += [
        row(arm=arm, draw=draw, val_top1=0.5, test_top1=top1, test_macro_f1=top1)
        for arm, values in (("supervised", (0.5, 0.5)), ("fixmatch", (0.6, 0.5)))
        for draw, top1 in enumerate(values)
    ]
    text = tables.tables(made)
    # 0.6 / 0.8 and 0.5 / 0.5: mean 87.5 %, half its interval 12.7 x 12.5 points.
    assert "| one | 2 | fixmatch | scratch | 2 | 50.0 ± 0.0 | 55.0 ± 63.5 |" in text
    assert "| 87.5 ± 158.8 | 5.0 ± 63.5 |" in text
    assert "87.5 % of the accuracy with all labels, mean over 1 sets (target 95: missed)" in text
    assert "one +5.0 points (no set below)" in text


def test_a_set_below_its_start_is_named() -> None:
    made = [
        row(arm="all labels", budget="all", test_top1=0.5, test_macro_f1=0.5),
        row(arm="supervised", val_top1=0.5, test_top1=0.5, test_macro_f1=0.5),
        row(arm="fixmatch", val_top1=0.5, test_top1=0.49, test_macro_f1=0.5),
    ]
    assert "target 95: reached" in tables.tables(made)
    assert "(below: one)" in tables.tables(made)


def test_gains_that_add_up_to_nothing_are_not_below() -> None:
    starts, ends = (0.3966, 0.4134, 0.419), (0.458, 0.3799, 0.3911)
    made = [
        row(arm=arm, draw=draw, val_top1=0.5, test_top1=top1, test_macro_f1=top1)
        for arm, values in (("supervised", starts), ("all labels", starts), ("fixmatch", ends))
        for draw, top1 in enumerate(values)
    ]
    text = tables.tables(made)
    assert "one +0.0 points (no set below)" in text
    assert "-0.0" not in text


def test_what_the_start_and_the_guard_were_worth_by_hand() -> None:
    made = [
        row(arm="supervised", draw=draw, test_top1=top1) for draw, top1 in enumerate((0.4, 0.5))
    ]
    made += [
        row(arm="transferred", start="simulated", draw=draw, test_top1=top1)
        for draw, top1 in enumerate((0.6, 0.4))
    ]
    made += [
        row(draw=0, kept="fixmatch", test_top1=0.5, test_macro_f1=0.5),
        row(draw=1, kept="supervised", test_top1=0.5, test_macro_f1=0.5, method_test_top1=0.2),
    ]
    for phase in ("screening", "final"):
        text = tables.tables([{**each, "phase": phase} for each in made])
        assert "better than from scratch in 1 of 2 pairs, +5.0 points" in text
        assert (
            "the guard kept 1 of 2 models; less the start, points: own models -10.0, after the "
            "guard +5.0, those kept +10.0, those turned down -30.0"
        ) in text


def test_a_method_is_held_against_the_start_that_it_had() -> None:
    made = [
        row(arm="all labels", budget="all", test_top1=0.5, test_macro_f1=0.5),
        row(arm="supervised", test_top1=0.2, test_macro_f1=0.5),
        row(arm="transferred", start="simulated", test_top1=0.5, test_macro_f1=0.5),
        row(start="simulated", test_top1=0.4, test_macro_f1=0.5),
    ]
    assert "one -10.0 points (below: one)" in tables.tables(made)


def test_screening_table_is_in_order_of_validation() -> None:
    made = [
        row(phase="screening", arm=arm, val_top1=top1, test_top1=1 - top1)
        for arm, top1 in (("worse", 0.4), ("better", 0.6))
    ]
    lines = tables.tables(made).splitlines()
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| better", "| worse"]


def test_every_method_is_screened() -> None:
    assert {arm.method for arm in methods.ARMS} == set(METHODS) - {"supervised"}


def test_a_run_trains_as_many_epochs_as_its_task_says(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arms, "open_set", lambda one, work: store)
    options = efforts(draws=1, final_epochs=2, work=tmp_path)
    found = {}
    for task in methods.final([], options):
        config = arms.make_config(task)
        found[task.arm.name] = [epochs_of(config, name) for name in ("supervised", task.arm.method)]
    # The reference takes twice as many as the supervised training that methods begin with.
    assert found == {"all labels": [6, 6], "fixmatch": [3, 2], "pseudo_label": [3, 2]}


def test_estimate_by_hand(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arms, "open_set", lambda one, work: store)
    pace = load(FEW_LABELS, "pilot").Pace(begin=0.0, supervised=1.0, method=2.0, cycles=1)
    monkeypatch.setattr(methods, "time_steps", lambda config, train: pace)
    options = efforts(draws=1, final_epochs=2, work=tmp_path, output=tmp_path / "none.csv", jobs=2)
    # A supervised run: three trainings of 3 epochs of 20 steps of 1 s. A method's run takes them
    # over and adds three of 1 epoch of 20 steps of 2 s, of 2 epochs in the comparison. The
    # reference trains once, 6 epochs, with steps of 2 s.
    screening = 4 * 180 + 2 * len(methods.ARMS) * 120
    compared = 12 * 180 + 12 * 240 + 3 * 240
    count = 4 + 2 * len(methods.ARMS) + 27
    minutes = f"{(screening + compared) / 2 / 60:.0f}"
    wanted = f"{count} runs to do, about {minutes} minutes with --jobs 2"
    assert methods.estimate(options) == wanted


@pytest.mark.parametrize(
    ("option", "said"),
    [([], "SKELGRAPH_DATA: expected the folder"), (["--table"], "expected a row a run, got none")],
)
def test_what_a_call_lacks_is_told(
    option: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("SKELGRAPH_DATA", raising=False)
    places = ["--output", str(tmp_path / "rows.csv"), "--work", str(tmp_path / "work")]
    monkeypatch.setattr("sys.argv", ["methods.py", *places, *option])
    assert methods.main() == 1
    told = capsys.readouterr()
    assert said in told.err and not told.out
