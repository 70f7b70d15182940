"""Holm's correction, by hand."""

from __future__ import annotations

from math import isnan

import pytest

from skelgraph.evaluation.holm import holm


def test_holm_by_hand() -> None:
    nan = float("nan")
    assert holm([0.2, 0.01, 0.02])[1:] == pytest.approx([0.03, 0.04])
    corrected = holm([nan, 0.04, 0.5])
    assert isnan(corrected[0]) and corrected[1:] == pytest.approx([0.08, 0.5])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
