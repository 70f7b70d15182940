"""Model configurations as plain values."""

from __future__ import annotations

from typing import Any

import pytest

from skelgraph.errors import ConfigError
from skelgraph.models import AsGcnConfig, resolve_config
from skelgraph.models.plain import from_plain, override, to_plain


def test_nested_fields_are_changed_and_the_rest_stays() -> None:
    changed = override(AsGcnConfig(), {"aim": {"num_types": 4}, "channels": [8], "dropout": 0})
    assert changed.aim.num_types == 4 and changed.aim.width == AsGcnConfig().aim.width
    assert changed.channels == (8,)
    assert from_plain(AsGcnConfig, to_plain(changed)) == changed


@pytest.mark.parametrize(
    ("key", "value"),
    [("kernel", "nine"), ("kernel", True), ("channels", 8), ("aim", 3), ("streams", [1])],
)
def test_a_value_of_another_kind(key: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=f"{key}: expected"):
        override(AsGcnConfig(), {key: value})


def test_none_where_it_may_be() -> None:
    assert override(AsGcnConfig(), {"aim": {"loss_bodies": None}}).aim.loss_bodies is None
    with pytest.raises(ConfigError, match="AsGcnConfig, key"):
        override(AsGcnConfig(), {"kernal": 3})


def test_faults_name_what_is_configured_and_where() -> None:
    with pytest.raises(ConfigError, match=r"^model 'as_gcn', key: .* Did you mean 'kernel'"):
        resolve_config("as_gcn", "small", overrides={"kernal": 3})
    with pytest.raises(ConfigError, match=r"^model 'as_gcn', aim, key: .*, got 'num_typs'"):
        resolve_config("as_gcn", "small", overrides={"aim": {"num_typs": 3}})
    with pytest.raises(ConfigError, match=r"^model 'as_gcn', aim, num_types: expected int"):
        resolve_config("as_gcn", "small", overrides={"aim": {"num_types": "three"}})
