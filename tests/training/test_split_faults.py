"""Faults of a split name the store that was to be split."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skelgraph.data.store import Store
from skelgraph.errors import ProtocolError
from skelgraph.graphs import load_layout
from skelgraph.training.clips import split_store
from skelgraph.training.config import FewOptions, ProtocolOptions
from skelgraph.training.pretrain.clips import split_seen
from skelgraph.training.semi.few_split import split_few
from tests.training.clips import make_store

SPLITTERS: dict[str, Callable[[Store, ProtocolOptions], Any]] = {
    "train": split_store,
    "pretrain": lambda store, options: split_seen(store, options, all_clips=False),
    "pseudo-label": lambda store, options: split_few(store, options, FewOptions()),
}


@pytest.mark.parametrize("name", SPLITTERS)
def test_the_store_stands_once_before_a_fault(name: str, tmp_path: Path) -> None:
    store = make_store(tmp_path / "mine", load_layout("mediapipe_hands"), each=1)
    wrong = ProtocolOptions(protocol="xsub", test=(99,))
    with pytest.raises(ProtocolError) as found:
        SPLITTERS[name](store, wrong)
    assert str(found.value).startswith(f"splitting {store.path}: subject: expected some of 0,")
    assert str(found.value).count("splitting") == 1


@pytest.mark.parametrize("name", SPLITTERS)
def test_each_of_many_faults_has_it(name: str, tmp_path: Path) -> None:
    store = make_store(tmp_path / "mine", load_layout("mediapipe_hands"), each=1)
    listed = tmp_path / "split.csv"
    listed.write_text("clip,split\n" + "".join(f"absent{i},train\n" for i in range(12)))
    with pytest.raises(ProtocolError) as found:
        SPLITTERS[name](store, ProtocolOptions(protocol="files", files=str(listed)))
    *faults, rest = str(found.value).splitlines()
    assert len(faults) == 10 and rest == "... and 2 more"
    assert all(line.startswith(f"splitting {store.path}: {listed.name}, row ") for line in faults)
