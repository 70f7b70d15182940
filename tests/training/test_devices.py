"""How many processes train, and who has started them."""

from __future__ import annotations

import os

import pytest

from skelgraph.errors import ConfigError
from skelgraph.training.devices import Devices, count_devices, make_fabric, processes_of
from skelgraph.training.sweep import _alone

TORCHRUN = {"TORCHELASTIC_RUN_ID": "x", "WORLD_SIZE": "8", "LOCAL_WORLD_SIZE": "4"}
SLURM = {
    "SLURM_JOB_NAME": "train",
    "SLURM_NTASKS": "8",
    "SLURM_NTASKS_PER_NODE": "4",
    "SLURM_NNODES": "2",
}
STARTERS = pytest.mark.parametrize("starter", [TORCHRUN, SLURM], ids=["torchrun", "slurm"])


@pytest.fixture(autouse=True)
def _no_starter(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("TORCHELASTIC", "SLURM"))]:
        monkeypatch.delenv(name)


@STARTERS
def test_auto_takes_what_was_started(
    starter: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", {**os.environ, **starter})
    found = count_devices(Devices("cpu"))
    assert (found.count, found.nodes) == (4, 2)
    assert processes_of(found) == 8
    assert count_devices(Devices("cpu", 4, nodes=2)) == Devices("cpu", 4, nodes=2)


@STARTERS
def test_another_number_than_was_started_is_refused(
    starter: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", {**os.environ, **starter})
    with pytest.raises(
        ConfigError, match=r"expected 4 on 2 node\(s\), as were started, got 4 on 1"
    ):
        count_devices(Devices("cpu", 4))
    with pytest.raises(ConfigError, match="as were started, got 1 on 1"):
        _alone(Devices("cpu"))


def test_without_a_starter_a_processor_has_one_process() -> None:
    assert count_devices(Devices("cpu")).count == 1
    assert count_devices(Devices("cpu", "-1")).count == 1
    assert processes_of(Devices("cuda", [0, 2], nodes=3)) == 6


def test_a_number_that_is_none_is_refused() -> None:
    for use in (lambda devices: make_fabric(devices, "32-true"), _alone):
        with pytest.raises(ConfigError, match="expected a number or 'auto', got 'two'"):
            use(Devices("cpu", "two"))


def test_several_machines_have_to_know_where_they_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the first one would wait for ever."""
    for name in ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK"):
        monkeypatch.delenv(name, raising=False)
    wanted = Devices("cpu", 1, nodes=2, strategy="fsdp")
    with pytest.raises(ConfigError, match="num_nodes: expected MASTER_ADDR, MASTER_PORT, NODE_R"):
        make_fabric(wanted, "32-true")
    monkeypatch.setenv("MASTER_ADDR", "first")
    monkeypatch.setenv("MASTER_PORT", "29500")
    with pytest.raises(ConfigError, match="num_nodes: expected NODE_RANK in the environment"):
        make_fabric(wanted, "32-true")
    monkeypatch.setenv("NODE_RANK", "0")
    with pytest.raises(ConfigError, match="strategy: expected"):  # the next thing to be wrong
        make_fabric(wanted, "32-true")


def test_a_strategy_that_cuts_the_model_up_is_refused() -> None:
    with pytest.raises(ConfigError, match="begins with 'ddp', got 'fsdp'"):
        make_fabric(Devices("cpu", 2, strategy="fsdp"), "32-true")
    with pytest.raises(ConfigError, match="ddp_of_mine"):
        make_fabric(Devices("cpu", 2, strategy="ddp_of_mine"), "32-true")
