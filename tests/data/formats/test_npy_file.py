"""Single .npy files whose headers are damaged."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from skelgraph.data.formats.raw.npy_file import load_npy, npy_shape
from skelgraph.errors import FormatError


@pytest.mark.parametrize(
    "descr", ["()", "('f4',)", "[('a', ())]", "None", "{}", "'O'", "[('a', 'f4')]", "1.5"]
)
def test_types_that_are_none(tmp_path: Path, descr: str) -> None:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': (3,), }}".ljust(117) + "\n"
    path = tmp_path / "odd.npy"
    length = struct.pack("<H", len(header))
    path.write_bytes(b"\x93NUMPY\x01\x00" + length + header.encode() + b"\0" * 12)
    npy_shape(path)
    with pytest.raises(FormatError, match=r"odd\.npy: expected one whole array of numbers"):
        load_npy(path)
