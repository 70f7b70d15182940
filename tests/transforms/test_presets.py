"""Named augmentations: for hands, for bodies, and with what a data set allows."""

from __future__ import annotations

import re
from dataclasses import asdict, replace

import pytest

from skelgraph.data.symmetry import Symmetry
from skelgraph.errors import ConfigError
from skelgraph.graphs import load_layout
from skelgraph.training.config import RunConfig
from skelgraph.training.config_checks import check
from skelgraph.transforms.options import AMOUNTS, SHARES, AugmentOptions
from skelgraph.transforms.presets import PRESETS, preset
from tests.modules import ROOT

HANDS, BODY = load_layout("mediapipe_hands"), load_layout("kinect_v2")
UNSAFE = ("shear", "jitter", "drop_axis")


@pytest.mark.parametrize("layout", [HANDS, BODY])
def test_strong_is_nowhere_weaker_and_none_is_nothing(layout: object) -> None:
    none, weak, strong = (asdict(preset(name, layout)) for name in PRESETS)  # type: ignore[arg-type]
    assert not any(none.values())
    for name in (*AMOUNTS, *SHARES, "cut"):
        assert strong[name] >= weak[name] >= none[name]
    assert strong["turn"] > weak["turn"] > 0
    for name in ("mirror", "reverse", "mix", *UNSAFE):
        assert strong[name] == 0


def test_hands_have_their_own() -> None:
    assert preset("strong", HANDS) != preset("strong", BODY)
    assert preset("strong", load_layout("openpose_upper8_hands")) == preset("strong", BODY)


def test_mirror_and_reversal_only_where_a_class_allows_them() -> None:
    told = Symmetry(mirror=(1, 0), time_reversal=(-1, -1))
    for name in ("weak", "strong"):
        assert preset(name, BODY, symmetry=Symmetry()) == preset(name, BODY)
        assert preset(name, BODY, symmetry=told) == replace(preset(name, BODY), mirror=0.5)
    both = Symmetry(mirror=(0, 1), time_reversal=(0, 1))
    assert preset("weak", BODY, symmetry=both).reverse == 0
    assert preset("strong", BODY, symmetry=both).reverse == 0.5
    assert preset("none", BODY, symmetry=both) == preset("none", BODY)


def test_an_unknown_name_is_told_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"augment: .*Did you mean 'strong'"):
        preset("stron", BODY)


@pytest.mark.parametrize("layout", [HANDS, BODY])
@pytest.mark.parametrize("name", PRESETS)
def test_a_run_takes_them(layout: object, name: str) -> None:
    check(RunConfig(layout="x", augment=preset(name, layout)))  # type: ignore[arg-type]


def test_the_documentation_has_the_values() -> None:
    text = (ROOT / "docs" / "augmentation.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| `--([a-z-]+)` \|.*\| (\S+) \| (\S+), (\S+) \| (\S+), (\S+) \|$", text, re.M
    )
    sources = [
        AugmentOptions(),
        *(preset(name, layout) for layout in (BODY, HANDS) for name in ("weak", "strong")),
    ]
    shown = {row[0].replace("-", "_"): [float(cell) for cell in row[1:]] for row in rows}
    assert set(shown) == {*AMOUNTS, *SHARES, "cut"}
    for name, values in shown.items():
        assert values == [getattr(source, name) for source in sources], name
