from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skelgraph.nn.series import Series, fill_gaps, spread_back
from tests.nn.checks import draw


def series(lengths: list[int], *, size: int, channels: int = 2) -> Series:
    frames = torch.arange(size)[None] < torch.tensor(lengths)[:, None]
    values = draw(len(lengths), channels, size)
    return Series(values, frames[:, None].expand_as(values).clone(), frames)


def slow_fill(values: list[float], seen: list[bool]) -> list[float]:
    known = [t for t, here in enumerate(seen) if here]
    if not known:
        return [0.0] * len(values)
    out = []
    for t in range(len(values)):
        before = max((s for s in known if s <= t), default=None)
        after = min((s for s in known if s >= t), default=None)
        if before is None or after is None:
            out.append(values[after if before is None else before])
        elif before == after:
            out.append(values[t])
        else:
            share = (t - before) / (after - before)
            out.append((1 - share) * values[before] + share * values[after])
    return out


@given(st.lists(st.tuples(st.floats(-9, 9), st.booleans()), min_size=1, max_size=9))
@settings(max_examples=50)
def test_filled_gaps_agree_with_a_loop(course: list[tuple[float, bool]]) -> None:
    values = torch.tensor([[[value for value, _ in course]]], dtype=torch.float64)
    seen = torch.tensor([[[here for _, here in course]]])
    expected = slow_fill(values[0, 0].tolist(), seen[0, 0].tolist())
    for shown in (values, values.masked_fill(~seen, torch.nan)):
        assert fill_gaps(shown, seen)[0, 0].tolist() == pytest.approx(expected, abs=1e-12)


def test_filling_has_the_gradient_of_a_line() -> None:
    values, seen = draw(1, 2, 5).requires_grad_(), torch.ones(1, 2, 5, dtype=torch.bool)
    seen[0, 0, 1:3] = False
    assert torch.autograd.gradcheck(lambda x: fill_gaps(x, seen), (values,))
    grad = torch.autograd.grad(fill_gaps(values, seen)[0, 0, 1], values)[0]
    torch.testing.assert_close(grad[0, 0], torch.tensor([2, 0, 0, 1, 0], dtype=grad.dtype) / 3)


def test_as_many_frames_as_wanted_stay_as_they_are() -> None:
    given = series([6, 6], size=6)
    fixed, places = given.resampled(6)
    assert torch.equal(fixed.values, given.values)
    assert (places.share == 0).all()


def test_padding_is_never_read() -> None:
    short, long = series([4], size=4), series([4], size=4)
    long = Series(
        torch.cat((long.values, torch.full((1, 2, 3), 9.0, dtype=torch.float64)), 2),
        torch.nn.functional.pad(long.seen, (0, 3)),
        torch.nn.functional.pad(long.frames, (0, 3)),
    )
    for size in (1, 3, 9):
        one, other = short.resampled(size)[0], long.resampled(size)[0]
        torch.testing.assert_close(one.values, other.values)
        assert torch.equal(one.seen, other.seen)


def test_resampled_ends_are_the_ends() -> None:
    given = series([5, 3], size=5)
    fixed = given.resampled(4)[0].values
    for row, length in enumerate((5, 3)):
        torch.testing.assert_close(fixed[row, :, 0], given.values[row, :, 0])
        torch.testing.assert_close(fixed[row, :, -1], given.values[row, :, length - 1])


def test_a_value_between_two_frames_was_seen_if_both_were() -> None:
    given = series([3], size=3)
    given.seen[0, 0, 1] = False
    assert given.resampled(5)[0].seen[0].tolist() == [
        [True, False, False, False, True],
        [True, True, True, True, True],
    ]


def test_weights_go_back_to_the_frames_they_were_read_from() -> None:
    given = series([5, 3], size=5)
    places = given.resampled(4)[1]
    weights = draw(2, 4, 2).abs()
    back = spread_back(weights, places, 5)
    torch.testing.assert_close(back.sum(1), weights.sum(1))
    assert (back[1, 3:] == 0).all()
    torch.testing.assert_close(back[0, 0, 0], weights[0, 0, 0] + 0 * back[0, 0, 0])
    # Four places on frames 0 to 4: the second lies at 4/3.
    torch.testing.assert_close(back[0, 1], weights[0, 1] * 2 / 3)


def test_row_without_frames_is_allowed() -> None:
    given = series([0, 2], size=3)
    assert given.filled().resampled(4)[0].values[0].abs().sum() == 0
