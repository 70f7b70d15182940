"""What a network of plain series may be told beside the raw values."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skelgraph.models.output import Output

INPUTS = ("centred", "motion", "clock")


class WithInputs(nn.Module):
    """A network of series that is given further channels.

    Args:
        model: Called with series and valid frames; must expect `count_inputs` channels.
        inputs: Names out of `INPUTS`.
        longest: Frames that the clock counts as 1.
        alone: Whether every series is standardised by itself before.
    """

    def __init__(
        self, model: nn.Module, inputs: tuple[str, ...], *, longest: int, alone: bool = False
    ) -> None:
        super().__init__()
        self.model, self.inputs, self.longest, self.alone = model, inputs, longest, alone

    def forward(self, values: Tensor, frames: Tensor) -> Output:
        """Classify series (N, C, T) with valid frames (N, T)."""
        if self.alone:
            values = standardise(values, frames)
        values = add_inputs(values, frames, inputs=self.inputs, longest=self.longest)
        output: Output = self.model(values, frames)
        return output


def count_inputs(num_channels: int, inputs: tuple[str, ...]) -> int:
    """Count the channels that `add_inputs` gives."""
    return num_channels * (1 + ("centred" in inputs) + ("motion" in inputs)) + ("clock" in inputs)


def add_inputs(values: Tensor, frames: Tensor, *, inputs: tuple[str, ...], longest: int) -> Tensor:
    """Put further channels beside those of a series; what is made of a missing value is missing.

    Args:
        values: Shape (N, C, T); missing ones are NaN.
        frames: Valid frames, from frame 0 on, bool, shape (N, T).
        inputs: 'centred', each channel without its mean over the series; 'motion', its change
            since the frame before, 0 in the first; 'clock', the frame's number, which tells how
            long a series is.
        longest: Frames that the clock counts as 1.

    Returns:
        Shape (N, `count_inputs`, T), the raw values first; the others are 0 in padding.
    """
    parts = []
    if "centred" in inputs:
        parts.append(_centre(values, frames))
    if "motion" in inputs:
        parts.append(values.diff(dim=2, prepend=values[..., :1]))
    if "clock" in inputs:
        clock = torch.arange(values.shape[2], device=values.device) / longest
        parts.append(clock.to(values.dtype).expand(len(values), 1, -1))
    valid = [torch.where(frames[:, None], part, 0) for part in parts]
    return torch.cat((values, *valid), dim=1)


def standardise(values: Tensor, frames: Tensor) -> Tensor:
    """Bring each channel of each series to mean 0 and standard deviation 1 over what was seen.

    A channel that does not change is 0; missing values stay missing, and padding is 0.

    Args:
        values: Shape (N, C, T); missing ones are NaN.
        frames: Valid frames, from frame 0 on, bool, shape (N, T).
    """
    centred = _centre(values, frames)
    size = _mean(centred.square(), frames).sqrt().clamp(min=1e-4)
    return torch.where(frames[:, None], centred / size, 0)


def _centre(values: Tensor, frames: Tensor) -> Tensor:
    return values - _mean(values, frames)


def _mean(values: Tensor, frames: Tensor) -> Tensor:
    """Mean over the values seen, 0 where there are none, shape (N, C, 1)."""
    seen = frames[:, None] & ~values.isnan()
    total = values.masked_fill(~seen, 0).sum(2, keepdim=True)
    return total / seen.sum(2, keepdim=True).clamp(min=1)
