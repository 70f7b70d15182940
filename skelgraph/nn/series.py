"""Multivariate series with gaps and padding, brought to where a network can read them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from skelgraph.nn.pooling import at_least_one
from skelgraph.nn.resample import Places, equal_places, valid_order
from skelgraph.nn.sightings import sightings


@dataclass
class Series:
    """A batch of series.

    Args:
        values: Shape (P, C, T); what stands where nothing was seen means nothing.
        seen: Values that were seen, in valid frames, bool, shape (P, C, T).
        frames: Valid frames, bool, shape (P, T).
    """

    values: Tensor
    seen: Tensor
    frames: Tensor

    def filled(self) -> Series:
        """The same with every value that was not seen filled, see `fill_gaps`."""
        if bool(self.seen.all()):
            return self
        return Series(fill_gaps(self.values, self.seen), self.seen, self.frames)

    def resampled(self, size: int) -> tuple[Series, Places]:
        """Bring the valid frames to `size` frames, equally spaced, and say where they were read.

        A value between two frames counts as seen if both were. Frames as many as wanted and
        all valid stay as they are.
        """
        frames = at_least_one(self.frames)
        places = equal_places(
            frames.sum(1, keepdim=True), size=size, order=valid_order(frames)
        )  # (P, 1, F)
        values = places.interpolate(self.values.transpose(1, 2))[:, 0]
        seen = places.both(self.seen.transpose(1, 2))[:, 0]
        whole = frames.new_ones((len(frames), size))
        return Series(values.transpose(1, 2), seen.transpose(1, 2), whole), places


def fill_gaps(values: Tensor, seen: Tensor) -> Tensor:
    """Draw a line between the nearest values seen before and after; hold the first and last.

    Args:
        values: Shape (P, C, T); may be NaN where nothing was seen.
        seen: Bool, shape (P, C, T).

    Returns:
        Shape (P, C, T); a channel of which nothing was seen is 0.

    Example:
        >>> seen = torch.tensor([[[False, True, False, True]]])
        >>> fill_gaps(torch.tensor([[[9.0, 1.0, 9.0, 3.0]]]), seen).tolist()
        [[[1.0, 1.0, 2.0, 3.0]]]
    """
    size = values.shape[-1]
    steps = torch.arange(size, device=values.device).expand_as(seen)
    before, after = (frames.transpose(1, 2) for frames in sightings(seen.transpose(1, 2)))
    low = torch.where(before < 0, after, before).clamp(max=size - 1)
    high = torch.where(after == size, before, after).clamp(min=0)
    share = (steps - low).to(values.dtype) / (high - low).clamp(min=1)
    known = values.masked_fill(~seen, 0)
    return torch.lerp(known.gather(-1, low), known.gather(-1, high), share)


def spread_back(weights: Tensor, places: Places, size: int) -> Tensor:
    """Give what was said of resampled frames to the frames that they were read from.

    Args:
        weights: Shape (P, F, V).
        places: Where the F frames were read, one reading a row.
        size: Frames T of the series.

    Returns:
        Shape (P, T, V); each row and column keeps its sum over frames.
    """
    spread = weights.new_zeros((len(weights), size, weights.shape[2]))
    share = places.share[:, 0, :, None].to(weights.dtype)
    for index, part in ((places.lower, weights * (1 - share)), (places.upper, weights * share)):
        spread = spread.scatter_add(1, index[:, 0, :, None].expand_as(part), part)
    return spread
