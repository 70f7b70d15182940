"""Which clips go into a batch together."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from skelgraph.data.batching import group_lengths


@given(st.lists(st.integers(1, 300), min_size=1, max_size=200), st.integers(1, 50), st.integers(0))
def test_each_clip_once_in_batches_of_one_size(lengths: list[int], size: int, seed: int) -> None:
    count = -(-len(lengths) // size)
    generator = torch.Generator().manual_seed(seed % 2**31)
    batches = group_lengths(np.array(lengths), count, generator=generator)
    assert sorted(torch.cat(batches).tolist()) == list(range(len(lengths)))
    sizes = [len(batch) for batch in batches]
    assert len(sizes) == count and max(sizes) - min(sizes) <= 1


def test_little_is_padding_and_neighbours_change() -> None:
    lengths = np.random.default_rng(0).integers(20, 300, size=2000)
    generator = torch.Generator().manual_seed(0)
    first = group_lengths(lengths, 125, generator=generator)
    second = group_lengths(lengths, 125, generator=generator)
    padded = sum(len(batch) * lengths[batch].max() for batch in first)
    assert padded < 1.1 * lengths.sum()
    pairs = [
        {frozenset((int(a), int(b))) for p in e for a in p for b in p} for e in (first, second)
    ]
    assert len(pairs[0] & pairs[1]) < 0.3 * len(pairs[0])
    medians = [float(np.median(lengths[batch])) for batch in first]
    assert np.abs(np.corrcoef(medians, range(125))[0, 1]) < 0.3
