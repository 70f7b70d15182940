"""Numbers and texts survive the way into the page."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest

from skelgraph.report.embedding import content_hash, embedded_json, policy
from skelgraph.report.packing import MISSING, pack, pack_flags, rounded


def unpack(packed: dict[str, object]) -> np.ndarray:
    """Read numbers as the page's script does."""
    numbers = np.frombuffer(base64.b64decode(str(packed["data"])), dtype="<i2").astype(float)
    values = float(str(packed["low"])) + float(str(packed["step"])) * (numbers + 32767)
    return np.where(numbers == MISSING, np.nan, values).reshape(packed["shape"])


def test_packed_numbers_are_near_the_true_ones() -> None:
    values = np.random.default_rng(0).normal(3, 50, (7, 2, 5, 2))
    values[2, 1] = np.nan
    values[0, 0, 0, 0] = np.inf
    again = unpack(pack(values))
    known = np.isfinite(values)
    assert (np.isnan(again) == ~known).all()
    assert np.abs(again - values)[known].max() <= np.ptp(values[known]) / 65534 * 0.501


@pytest.mark.parametrize("value", [0.0, -4.25, np.nan])
def test_packed_constants_stay(value: float) -> None:
    np.testing.assert_allclose(unpack(pack(np.full(3, value))), np.full(3, value))


def test_flags_are_bits() -> None:
    flags = np.random.default_rng(1).random((3, 1, 7)) < 0.5
    packed = pack_flags(flags)
    assert packed is not None
    bits = np.unpackbits(np.frombuffer(base64.b64decode(packed["data"]), dtype=np.uint8))
    assert (bits[: flags.size].reshape(packed["shape"]) == flags).all()
    assert pack_flags(np.ones((2, 2), dtype=bool)) is None


def test_rounding_keeps_the_shape() -> None:
    values = np.array([[1.23456, np.nan], [0.0, -1e-9]])
    assert rounded(values, 3) == [[1.23, None], [0.0, -1e-9]]


@pytest.mark.parametrize(
    "text",
    [
        "</script><script>alert(1)</script>",
        "<!--<script>",
        "a & b",
        "\u2028",
        "é \U0001f590",
        "\ud800",
    ],
)
def test_no_text_ends_the_script_block(text: str) -> None:
    written = embedded_json({text: [text, float("inf"), np.float32(0.5), np.arange(2)]})
    assert not set(written) & set("<>&\u2028\u2029")
    safe = text.encode("utf-8", "replace").decode("utf-8")
    assert json.loads(written) == {safe: [safe, None, 0.5, [0, 1]]}


def test_the_policy_names_what_is_there_and_nothing_else() -> None:
    found = policy(script="a", style="b")
    assert content_hash("a") in found and content_hash("b") in found
    assert found.startswith("default-src 'none'") and "http" not in found
