"""The page of methods has each option with its default."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from skelgraph.training.semi.methods.table import METHODS
from tests.modules import ROOT

PAGE = (ROOT / "docs" / "methods_few_labels.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", METHODS)
def test_the_page_has_the_defaults_of_a_method(name: str) -> None:
    section = PAGE.split(f"(`{name}`)")[1].split("\n## ")[0]
    shown = dict(re.findall(r"^\| `(\w+)` \| (\S+) \|", section, flags=re.M))
    assert shown == {item.name: str(item.default) for item in fields(METHODS[name].options)}
