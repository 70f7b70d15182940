"""Schedule, averages, checkpoints, configuration: the parts of the loop."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from torch import nn

from skelgraph.errors import ConfigError, RunError
from skelgraph.training.average import WeightAverage
from skelgraph.training.checkpoint import LAST, load_checkpoint, save_checkpoint
from skelgraph.training.config import (
    DataOptions,
    ProtocolOptions,
    RunConfig,
    TrainOptions,
    from_dict,
)
from skelgraph.training.config_checks import check
from skelgraph.training.loop import Loop, Losses, epoch_seed
from skelgraph.training.run import claimed, read_config, write_config
from skelgraph.training.schedule import warmup_cosine
from skelgraph.transforms.options import AugmentOptions
from tests.limits import small_files


def test_configuration_goes_through_yaml_and_back(tmp_path: Path) -> None:
    wanted = RunConfig(
        layout="kinect_v2",
        store="a/store",
        data=DataOptions(window="3s", overlap=0.4),
        protocol=ProtocolOptions(protocol="xsub", test=(1, 2)),
    )
    wanted = replace(wanted, simulated={"subjects": 3})
    write_config(tmp_path, wanted)
    assert read_config(tmp_path) == wanted
    assert yaml.safe_load((tmp_path / "config.yaml").read_text())["schema_version"] == 1


def test_an_unknown_key_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"training, key.*Did you mean 'batch_size'"):
        from_dict(RunConfig, {"layout": "x", "training": {"batchsize": 3}})


def test_all_faults_of_a_configuration_come_at_once() -> None:
    wrong = RunConfig(
        layout="x",
        data=DataOptions(centre="clap", crop=0.0),
        training=TrainOptions(
            epochs=0, lr=-1.0, weight_decay=-0.1, warmup=2.0, clip_norm=float("nan")
        ),
        augment=AugmentOptions(scale=-2.0, mirror=float("nan")),
    )
    with pytest.raises(ConfigError) as caught:
        check(wrong)
    text = str(caught.value)
    assert all(word in text for word in ("'clip'", "crop", "epochs", "lr:", "warmup"))
    assert all(word in text for word in ("weight_decay", "clip_norm", "scale", "mirror"))


def test_the_rate_rises_then_falls() -> None:
    rates = [warmup_cosine(step, 100, warmup=0.1) for step in range(100)]
    assert rates.index(max(rates)) in (9, 10)
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] == pytest.approx(0.01)


def test_one_step_and_no_warmup_are_fine() -> None:
    assert warmup_cosine(0, 1, warmup=0.0) == 1.0


def test_average_by_hand_and_back() -> None:
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 0.0)
    average = WeightAverage(model, decay=0.5)
    nn.init.constant_(model.weight, 1.0)
    average.update(model)  # the first step's decay is min(0.5, 1 / 10)
    with average.lent_to(model):
        assert model.weight.item() == pytest.approx(0.9)
    assert model.weight.item() == 1.0


def test_average_with_decay_zero_follows_the_model() -> None:
    model = nn.BatchNorm1d(2)
    average = WeightAverage(model, decay=0.0)
    model(torch.randn(4, 2, generator=torch.Generator().manual_seed(0)))
    average.update(model)
    for name, value in model.state_dict().items():
        assert torch.equal(average.shadow[name], value), name


def test_average_comes_back_from_its_state() -> None:
    model = nn.Linear(2, 2)
    first = WeightAverage(model, decay=0.9)
    nn.init.zeros_(model.weight)
    first.update(model)
    second = WeightAverage(model, decay=0.9)
    second.load_state_dict(first.state_dict())
    assert second.steps == 1
    assert torch.equal(second.shadow["weight"], first.shadow["weight"])


def test_a_checkpoint_replaces_the_one_before_whole(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, {"epoch": 1})
    save_checkpoint(tmp_path, {"epoch": 2})
    assert load_checkpoint(tmp_path) == {"epoch": 2}
    assert [file.name for file in tmp_path.iterdir()] == [LAST]


def test_a_full_disk_keeps_the_checkpoint_before(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, {"epoch": 1})
    with small_files(50_000), pytest.raises(OSError, match=LAST):
        save_checkpoint(tmp_path, {"epoch": 2, "weights": torch.zeros(100_000)})
    assert load_checkpoint(tmp_path) == {"epoch": 1}
    assert [file.name for file in tmp_path.iterdir()] == [LAST]


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path, {"weights": torch.zeros(100)})
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(RunError, match="expected a whole checkpoint"):
        load_checkpoint(tmp_path)


def test_a_missing_checkpoint_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="without --resume"):
        load_checkpoint(tmp_path)


def test_epochs_of_all_seeds_differ() -> None:
    seeds = {epoch_seed(seed, epoch) for seed in range(20) for epoch in range(20)}
    assert len(seeds) == 400


def test_losses_do_not_wait_for_the_device() -> None:
    losses = Losses()
    # A tensor of the device `meta` has no value: whoever asks for it fails.
    one = torch.ones((), device="meta")
    losses.add({"train_loss": one}, one)
    assert losses.sums["train_loss"].device.type == "meta"


def test_class_weights_lie_where_the_model_runs(tmp_path: Path) -> None:
    class Elsewhere:
        """Stands in for Lightning on a device that this machine need not have."""

        device = torch.device("meta")

        def setup(self, model: nn.Module, optimiser: object) -> tuple[nn.Module, object]:
            return nn.Sequential(OrderedDict(module=model)), optimiser

    class Labels:
        labels = np.array([0, 0, 1])

        def __len__(self) -> int:
            return 3

    model = nn.Linear(2, 2)
    model.num_classes = 2  # type: ignore[assignment]
    config = RunConfig(layout="x", training=TrainOptions(class_weights=True))
    given = {"layout": None, "fabric": Elsewhere(), "folder": tmp_path, "report": None}
    loop = Loop(model, Labels(), Labels(), config=config, **given)  # type: ignore[arg-type]
    assert loop.class_weights is not None and loop.class_weights.device.type == "meta"


def test_a_run_that_exists_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "sub" / "run"
    with claimed(folder, force=False, resume=False):
        write_config(folder, RunConfig(layout="x"))
    with (
        pytest.raises(RunError, match=r"--resume.*--force"),
        claimed(folder, force=False, resume=False),
    ):
        pass
    assert (folder / "config.yaml").exists()
    with claimed(folder, force=True, resume=False):
        assert not list(folder.iterdir())
    assert [path.name for path in folder.parent.iterdir()] == ["run"]


@pytest.mark.parametrize("before", ["nothing", "an empty folder", "a run"])
def test_work_that_fails_leaves_what_was_there(tmp_path: Path, before: str) -> None:
    folder = tmp_path / "run"
    if before != "nothing":
        folder.mkdir()
    if before == "a run":
        write_config(folder, RunConfig(layout="x"))
    with pytest.raises(ZeroDivisionError), claimed(folder, force=True, resume=False):
        (folder / "simulated").mkdir()
        (folder / "simulated" / "frames").write_text("half")
        raise ZeroDivisionError
    assert folder.exists() == (before != "nothing")
    left = sorted(path.name for path in tmp_path.rglob("*"))
    assert left == {"nothing": [], "a run": ["config.yaml", "run"]}.get(before, ["run"])


def test_force_removes_nothing_but_runs(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with (
        pytest.raises(RunError, match="expected a run to replace"),
        claimed(tmp_path, force=True, resume=False),
    ):
        pass
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_resume_needs_a_run(tmp_path: Path) -> None:
    with (
        pytest.raises(RunError, match="expected a run to resume"),
        claimed(tmp_path, force=False, resume=True),
    ):
        pass
