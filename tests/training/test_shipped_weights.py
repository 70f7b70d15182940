"""The weights that ship are those of the index, and label simulated people they never saw."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest
import torch
import yaml

from skelgraph.data.store import write_store
from skelgraph.data.synthetic import RECIPE_VERSION, simulate
from skelgraph.graphs import load_layout
from skelgraph.training.clips import clip_set
from skelgraph.training.inference import predict_logits
from skelgraph.training.weights import load_recogniser
from tests.modules import ROOT

FOLDER = Path(str(resources.files("skelgraph") / "weights"))
INDEX = yaml.safe_load((FOLDER / "index.yaml").read_text(encoding="utf-8"))["weights"]
OTHER_SEED = 1  # the weights were made with 0: other bodies, habits and movements


def test_index_and_read_me_name_the_files_that_are_there() -> None:
    files = {path.stem for path in FOLDER.glob("*.safetensors")}
    assert files == set(INDEX)
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}.safetensors` | {INDEX[name]['layout']} |" in text for name in files)


def test_index_names_the_command_that_made_each() -> None:
    for name, facts in INDEX.items():
        _, script, *options = facts["command"].split()
        assert (ROOT / script).is_file() and options == ["--only", name]


def test_they_are_a_few_megabytes() -> None:
    assert sum(path.stat().st_size for path in FOLDER.glob("*.safetensors")) < 5e6


@pytest.mark.parametrize("name", INDEX)
def test_file_is_what_the_index_says(name: str) -> None:
    facts, file = INDEX[name], FOLDER / f"{name}.safetensors"
    assert hashlib.sha256(file.read_bytes()).hexdigest() == facts["sha256"]
    recogniser = load_recogniser(file)
    assert recogniser.layout.name == facts["layout"]
    assert recogniser.num_coords == recogniser.num_spatial == facts["num_coords"]
    assert len(recogniser.class_names) == facts["classes"]
    assert sum(p.numel() for p in recogniser.model.parameters()) == facts["parameters"]
    assert {p.dtype for p in recogniser.model.parameters()} == {torch.float32}
    assert recogniser.provenance["kind"] == "simulated"
    assert facts["recipe_version"] == RECIPE_VERSION, "made on an older recipe: make them again"


@pytest.mark.parametrize("name", INDEX)
def test_fresh_simulated_people_are_recognised(name: str, tmp_path: Path) -> None:
    recogniser = load_recogniser(FOLDER / f"{name}.safetensors")
    coords = INDEX[name]["num_coords"]
    layout = load_layout(INDEX[name]["layout"])
    clips, names = simulate(layout, subjects=3, clips_per_class=1, seed=OTHER_SEED)
    flat = [
        replace(clip, keypoints=clip.keypoints[..., :coords], axes=clip.axes[:coords])
        for clip in clips
    ]
    store = write_store(tmp_path / "store", flat, class_names=names, provenance={"made": "here"})
    assert names == recogniser.class_names
    rows = torch.arange(len(store.clips)).numpy()
    fresh = clip_set(store, rows, layout=layout, data=recogniser.data, testing=True)
    predicted = predict_logits(recogniser.model, fresh, recogniser.data).argmax(1)
    right = (predicted == torch.as_tensor(fresh.labels)).float().mean()
    assert right > 0.7, f"{right:.2f} right, {1 / len(names):.2f} by chance"
