from __future__ import annotations

import os

import pytest

from skelgraph.training.memory import KERNELS, prepare_memory

NAME = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
OLD_NAME = "DNNL_PRIMITIVE_CACHE_CAPACITY"


def test_few_kernels_are_kept_unless_the_user_says_how_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(OLD_NAME, raising=False)
    monkeypatch.setenv(NAME, "7")
    prepare_memory()
    assert os.environ[NAME] == "7"
    monkeypatch.delenv(NAME)
    monkeypatch.setenv(OLD_NAME, "7")  # oneDNN reads it where the other is not set
    prepare_memory()
    assert NAME not in os.environ
    monkeypatch.delenv(OLD_NAME)
    prepare_memory()
    assert os.environ[NAME] == str(KERNELS)
