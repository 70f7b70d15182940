"""The table of formats that a store can be written in."""

from __future__ import annotations

from types import ModuleType

from skelgraph.data.formats.writing import (
    ctrgcn,
    described_tables,
    mmaction,
    openpose,
    pose,
    pyg,
)

WRITERS: dict[str, ModuleType] = {
    "csv": described_tables,
    "ctrgcn_npz": ctrgcn,
    "mmaction_pickle": mmaction,
    "openpose_json": openpose,
    "pose": pose,
    "pyg": pyg,
}
"""Format name -> module with

- `ENDINGS`: of the file that it writes; none where it writes a folder;
- `faults(store)`: what keeps a store from being written;
- `losses(store)`: what of it the format does not hold, what -> how;
- `write(store, target, track=...)`: writes a new file or into an empty folder.
"""
