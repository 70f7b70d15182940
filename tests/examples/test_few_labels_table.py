"""Sturm's table for any store: base and novel classes, its stages, its tables."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from skelgraph.data.store import Store
from skelgraph.errors import ConfigError
from skelgraph.training.clips import split_store
from skelgraph.training.config import FewOptions, ProtocolOptions
from tests.examples.scripts import FEW_LABELS, load
from tests.training.clips import CLASSES, make_config

class_split, class_stages, class_tables, table = (
    load(FEW_LABELS, name) for name in ("class_split", "class_stages", "class_tables", "table")
)
PROTOCOL = ProtocolOptions(protocol="random", fold=1, folds=3)


def parts_of(path: Path) -> dict[str, str]:
    with path.open(newline="", encoding="utf-8") as file:
        return {row["clip"]: row["split"] for row in csv.DictReader(file)}


def test_half_of_the_classes_are_drawn() -> None:
    names = [f"class{index}" for index in range(11)]
    drawn = [class_split.draw_novel(names, number=number) for number in range(5)]
    assert all(len(set(one)) == 5 and set(one) <= set(names) for one in drawn)
    assert len(set(drawn)) == 5
    assert class_split.draw_novel(names, number=3) == drawn[3]


@pytest.mark.parametrize(
    ("novel", "fault"),
    [
        (("raising", "still"), "novel class"),
        (("rising",), "novel classes: expected at least 2, got 1"),
        (("rising", "still"), "base classes: expected at least 2, got 1"),
    ],
)
def test_classes_that_cannot_be_split_are_refused(novel: tuple[str, ...], fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        class_split.check_novel(CLASSES, novel)


def test_people_have_the_part_that_they_have_in_the_whole_store(
    store: Store, tmp_path: Path
) -> None:
    split = split_store(store, PROTOCOL)
    for side, classes in (("base", CLASSES[1:]), ("novel", CLASSES[:2])):
        half = class_split.make_half(store, classes, tmp_path / side, protocol=PROTOCOL)
        found = parts_of(half.files)
        own = Store.open(half.store)
        assert own.class_names == classes and set(found) == set(own.clips.name)
        for part in ("train", "val", "test"):
            people = {int(name[1]) for name, its in found.items() if its == part}
            assert people == set(store.clips.subject[split.part(part)].tolist()), part
        made = half.files.stat().st_mtime_ns
        class_split.make_half(store, classes, tmp_path / side, protocol=PROTOCOL)
        assert half.files.stat().st_mtime_ns == made


def test_stages_differ_in_method_labels_and_start(store: Store, tmp_path: Path) -> None:
    half = class_split.make_half(store, CLASSES[:2], tmp_path / "novel", protocol=PROTOCOL)
    few = FewOptions(method="fixmatch", method_options={"tau": 0.8}, label_budget="3")
    shared = class_stages.replace(make_config(store), few=few)
    configs = {
        name: class_stages.stage_config(class_stages.Stage(1, name, 4, half, shared, tmp_path))
        for name in class_stages.STAGES
    }
    base = str((tmp_path / "runs" / "1_base").resolve())
    found = {
        name: (
            one.few.method,
            one.few.label_budget,
            one.start and one.start.source,
            bool(one.few.method_options),
        )
        for name, one in configs.items()
    }
    assert found == {
        "few labels": ("supervised", "3", None, False),
        "pretrained": ("supervised", "3", base, False),
        "pseudo-labels": ("fixmatch", "3", base, True),
        "all labels": ("supervised", "all", None, False),
    }
    for one in configs.values():
        assert one.few.draw_seed == one.training.seed == 4
        assert one.protocol.files == str(half.files) and one.store == str(half.store)


def test_base_classes_have_all_their_labels(store: Store, tmp_path: Path) -> None:
    half = class_split.Half(store.path, tmp_path / "split.csv", CLASSES)
    shared = class_stages.replace(make_config(store), few=FewOptions())
    config = class_stages.stage_config(
        class_stages.Stage(0, class_stages.BASE, 0, half, shared, tmp_path)
    )
    assert config.few is None and config.start is None


def made_row(stage: str, seed: int, top1: float, f1: dict[str, float]) -> dict[str, str]:
    row: dict[str, Any] = dict.fromkeys(class_stages.HEADER, "")
    row |= {"split": 0, "stage": stage, "seed": seed, "test_top1": top1, "test_clips": 30}
    row |= {"novel": json.dumps(list(f1)), "f1": json.dumps(f1)}
    return {key: str(value) for key, value in row.items()}


def test_tables_by_hand() -> None:
    rows = [made_row("base classes", 0, 0.9, {"a": 0.9})]
    for seed in range(2):
        rows.append(made_row("few labels", seed, 0.4, {"b, c": 0.2 + 0.2 * seed, "d": 0.5}))
        rows.append(made_row("all labels", seed, 0.8, {"b, c": 0.9, "d": 0.7}))
    lines = class_tables.tables(rows).splitlines()
    assert "| 0 | b, c, d | 30 | 2 | 40.0 ± 0.0 |  |  | 80.0 ± 0.0 |" in lines
    # Half the interval of 20 and 40: 12.706 times 10.
    assert "| 0 | b, c | 30.0 ± 127.1 |  |  | 90.0 ± 0.0 |" in lines
    assert "- few labels: 50.0 ± 0.0 % of the accuracy with all labels, 2 runs" in lines
    assert class_tables.tables(rows[:1]) == ""
    one = class_tables.tables([row for row in rows if row["seed"] == "0"])
    assert "- few labels: 50.0 % of the accuracy with all labels, 1 run" in one.splitlines()


@pytest.mark.parametrize("text", ["", "# nothing yet", "training:", "few:\nmodel:"])
def test_sections_that_say_nothing_leave_the_defaults(
    text: str, store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "options.yaml"
    path.write_text(text, encoding="utf-8")
    assert table.read_config(path, store) == table.read_config(None, store)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (None, "missing.yaml: expected YAML, got .*No such file"),
        ("training: {", "expected YAML"),
        ("- training", "expected sections such as .* got list"),
        ("training: 3", "expected sections such as .* got training"),
        ("train: {epochs: 3}", "Did you mean 'training'"),
    ],
)
def test_options_that_cannot_be_read_are_refused(
    text: str | None, fault: str, store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "missing.yaml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=fault):
        table.read_config(path, store)
