"""JSON from anywhere: what is read, and what each kind of damage says."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from skelgraph.data.formats.raw.safe_json import load_json
from skelgraph.errors import FormatError


def write(folder: Path, content: bytes) -> Path:
    path = folder / "file.json"
    path.write_bytes(content)
    return path


def test_plain_content_and_tolerated_habits(tmp_path: Path) -> None:
    content = b'\xef\xbb\xbf{"a": [1, NaN, Infinity], "b": 1, "b": "two"}'
    found = load_json(write(tmp_path, content))
    assert found["b"] == "two" and found["a"][0] == 1
    assert math.isnan(found["a"][1]) and math.isinf(found["a"][2])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"file\.json, line 1, column 1: expected JSON"),
        (b'{"a": [1,\n 2', r"line 2, column 3: expected JSON, got .* damaged or cut off"),
        (b"[1] [2]", "expected JSON, got 'Extra data'"),
        (b'{"a": "\xff\xfe"}', "expected JSON in UTF-8, got byte 0xff at 7"),
        (b"[" * 100_000 + b"]" * 100_000, "at least 4 bytes a bracket"),
        (b"[   " * 100_000 + b"]" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"[],[]," * 10_000, "bytes a bracket, got 20000 brackets in 60000 bytes"),
        (b"9" * 5000, "expected JSON, got '.*digits"),
    ],
)
def test_damage_is_told(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        load_json(write(tmp_path, content))


def test_absent_and_large_files(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"none\.json: expected a readable file"):
        load_json(tmp_path / "none.json")
    with pytest.raises(FormatError, match="expected a readable file, got 'Is a directory'"):
        load_json(tmp_path)
    with pytest.raises(FormatError, match="at most 0 MiB, got 0 MiB"):
        load_json(write(tmp_path, b"[1, 2]"), max_bytes=3)
