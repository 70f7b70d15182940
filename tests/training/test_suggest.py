"""Clips to label next: which are candidates, what is written, how it goes on."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from skelgraph.cli.group import root
from skelgraph.cli.suggest import MEASURES, STRATEGIES
from skelgraph.data.clip import Clip
from skelgraph.data.store import Store, write_store
from skelgraph.errors import ConfigError, RunError
from skelgraph.evaluation import acquisition
from skelgraph.graphs import load_layout
from skelgraph.training.config import FewOptions, ProtocolOptions
from skelgraph.training.run import SPLIT, read_config, read_split, write_config, write_rows
from skelgraph.training.semi.few_split import FewSplit, split_few
from skelgraph.training.suggest import SuggestOptions, describe_clips, suggest
from skelgraph.training.supervised import train
from skelgraph.training.weights import load_recogniser
from tests.training.clips import CLASSES, make_clips, make_config, make_store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return make_store(tmp_path_factory.mktemp("data") / "store", load_layout("coco17"))


@pytest.fixture(scope="module")
def run(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    train(make_config(store, epochs=2), folder)
    return folder


def write_labelled(path: Path, names: list[str]) -> Path:
    path.write_text("clip,label\n" + "".join(f"{name},\n" for name in names), encoding="utf-8")
    return path


def call(*words: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(root, ["suggest", *map(str, words)])
    return result.exit_code, result.stdout, result.stderr


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_names_on_the_command_line_are_those_there_are() -> None:
    assert (STRATEGIES, MEASURES) == (acquisition.STRATEGIES, acquisition.MEASURES)


def test_never_labelled_nor_held_clips(run: Path, store: Store, tmp_path: Path) -> None:
    split = read_split(run)
    known = [name for name, part in split.items() if part == "train"][:6]
    file = write_labelled(tmp_path / "known.csv", known)
    found = suggest(run, options=SuggestOptions(count=100), labelled=file)
    named = {item.clip for item in found.items}
    held = {name for name, part in split.items() if part in ("val", "test")}
    assert named == set(split) - held - set(known)
    assert (found.candidates, found.held) == (len(named), len(held))
    assert [item.rank for item in found.items] == list(range(1, len(named) + 1))
    assert all(item.distance is not None and item.distance > 0 for item in found.items)


def test_clips_without_a_label_of_people_who_do_not_train_are_never_named(
    run: Path, tmp_path: Path
) -> None:
    clips = make_clips(load_layout("coco17"))
    blank = [replace(c, label=None) if c.name.endswith("_1") else c for c in clips]
    other = write_store(tmp_path / "s", blank, class_names=CLASSES, provenance={"made": "here"})
    own = tmp_path / "run"
    shutil.copytree(run, own)
    write_config(own, replace(read_config(run), store=str(other.path)))
    split = {n: part for n, part in read_split(run).items() if n.endswith("_0")}
    write_rows(own / SPLIT, ("clip", "split"), split.items())
    found = suggest(own, options=SuggestOptions(count=100))
    people = {name.partition("_")[0] for name, part in split.items() if part == "train"}
    wanted = {c.name for c in blank if c.label is None and c.name.partition("_")[0] in people}
    assert {item.clip for item in found.items} == wanted and 0 < len(wanted) < len(clips) / 2
    assert found.held == len(clips) // 2 - len(wanted)
    said = call(own, "--count", 100)[2]
    assert "asked for" in said and "--same-recording" not in said  # each is a recording of its own


def test_of_another_store_all_clips_without_a_label(run: Path, tmp_path: Path) -> None:
    clips = make_clips(load_layout("coco17"), subjects=2)
    blank = [_relabelled(clip, None if i % 2 else clip.label) for i, clip in enumerate(clips)]
    other = write_store(tmp_path / "s", blank, class_names=CLASSES, provenance={"made": "here"})
    found = suggest(run, other.path, options=SuggestOptions(count=50))
    assert {item.clip for item in found.items} == {c.name for c in blank if c.label is None}
    assert found.held == 0
    weights = suggest(run / "model.safetensors", other.path, options=SuggestOptions(count=50))
    assert weights.items == found.items


def _relabelled(clip: Clip, label: int | None) -> Clip:
    return replace(clip, label=label)


def test_numbers_are_those_of_the_model(run: Path, store: Store, tmp_path: Path) -> None:
    file = write_labelled(tmp_path / "known.csv", [str(store.clips.name[0])])
    found = suggest(run, options=SuggestOptions(count=5, strategy="uncertainty"), labelled=file)
    recogniser = load_recogniser(run)
    row_of = {str(name): row for row, name in enumerate(store.clips.name)}
    rows = np.array([row_of[item.clip] for item in found.items])
    probabilities, features = describe_clips(recogniser, store, rows)
    entropy = acquisition.uncertainty(probabilities.numpy())
    np.testing.assert_allclose([item.uncertainty for item in found.items], entropy, atol=1e-5)
    assert list(entropy) == sorted(entropy, reverse=True)
    _, labelled = describe_clips(recogniser, store, np.array([0]))
    unit = [one / one.norm(dim=1, keepdim=True) for one in (features, labelled)]
    gaps = torch.cdist(unit[0], unit[1])[:, 0]
    np.testing.assert_allclose([item.distance for item in found.items], gaps, atol=1e-4)


def test_descriptions_do_not_hang_on_the_order_of_clips(run: Path, store: Store) -> None:
    recogniser = load_recogniser(run)
    rows = np.array([4, 0, 7])
    whole, shuffled = (
        describe_clips(recogniser, store, np.arange(8)),
        describe_clips(recogniser, store, rows),
    )
    for all_of, some in zip(whole, shuffled, strict=True):
        torch.testing.assert_close(all_of[torch.as_tensor(rows)], some, atol=1e-5, rtol=1e-4)


def test_windows_count_as_one_clip(run: Path, store: Store, tmp_path: Path) -> None:
    recogniser = load_recogniser(run)
    recogniser.data = replace(recogniser.data, window="7", overlap=0.0)
    probabilities, features = describe_clips(recogniser, store, np.arange(4))
    assert len(probabilities) == len(features) == 4
    torch.testing.assert_close(probabilities.sum(1), torch.ones(4))


def test_the_table_is_filled_in_and_given_back(run: Path, store: Store, tmp_path: Path) -> None:
    split = read_split(run)
    known = [
        next(n for n, part in split.items() if part == "train" and name in n) for name in CLASSES
    ]
    file, path = write_labelled(tmp_path / "known.csv", known), tmp_path / "next.csv"
    words = [run, "--labelled", file, "--count", 3, "--keep-labelled", "--output", path]
    code, output, said = call(*words)
    assert (code, output) == (0, f"{path}\n")
    assert "clips without a label" in said and "left out:" in said
    rows = rows_of(path)
    assert [row["clip"] for row in rows[:3]] == known
    assert [row["label"] for row in rows[:3]] == list(CLASSES)
    assert [row["rank"] for row in rows[3:]] == ["1", "2", "3"]
    assert {row["label"] for row in rows[3:]} == {""}
    assert all(row["person"] and "less sure than" in row["reason"] for row in rows[3:])
    for row in rows:
        row["label"] = next(name for name in CLASSES if name in row["clip"])
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    few: FewSplit = split_few(store, ProtocolOptions(), FewOptions(label_budget=str(path)))
    assert {str(store.clips.name[row]) for row in few.labelled} == {row["clip"] for row in rows}


def test_what_is_printed(run: Path, store: Store, tmp_path: Path) -> None:
    file = write_labelled(tmp_path / "known.csv", [str(store.clips.name[0])])
    words = [run, "--labelled", file, "--count", 2, "--strategy", "random", "--seed", 5]
    code, output, _ = call(*words)
    assert code == 0 and output.splitlines()[0].startswith("rank  clip")
    document = json.loads(call(*words, "--json", "--quiet")[1])
    assert len(document["suggestions"]) == 2
    assert document["suggestions"][0]["reason"] == "drawn at random"
    assert call(*words, "--output", tmp_path / "a.txt")[0] == 2


def test_one_recording_is_named_once(run: Path, tmp_path: Path) -> None:
    clips = make_clips(load_layout("coco17"), subjects=2)
    cut = [replace(clip, label=None, source=f"take{clip.subject}") for clip in clips]
    other = write_store(tmp_path / "s", cut, class_names=CLASSES, provenance={"made": "here"})
    assert len(suggest(run, other.path, options=SuggestOptions(count=6)).items) == 2
    several = SuggestOptions(count=6, same_recording=True)
    assert len(suggest(run, other.path, options=several).items) == 6
    code, _, said = call(run, "--data", other.path, "--count", 6)
    assert code == 0 and "named: 2 of 6 asked for; --same-recording" in said


def test_nothing_left_to_label(run: Path) -> None:
    with pytest.raises(RunError, match="expected clips without a label, got none"):
        suggest(run)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("name\na\n", "expected a column clip, got name"),
        ("", "expected a column clip, got none"),
        ("clip,label\nnobody,\n", "row 2: expected a clip of the store, got 'nobody'"),
        ("clip,label\ns0_still_0,stil\n", "Did you mean 'still'"),
    ],
)
def test_faults_of_the_file(text: str, match: str, run: Path, tmp_path: Path) -> None:
    path = tmp_path / "known.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=match):
        suggest(run, labelled=path)
    with pytest.raises(ConfigError, match="expected a readable CSV file"):
        suggest(run, labelled=tmp_path / "none.csv")
