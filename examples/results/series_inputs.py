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
    """

    def __init__(self, model: nn.Module, inputs: tuple[str, ...], *, longest: int) -> None:
        super().__init__()
        self.model, self.inputs, self.longest = model, inputs, longest

    def forward(self, values: Tensor, frames: Tensor) -> Output:
        """Classify series (N, C, T) with valid frames (N, T)."""
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
        seen = frames[:, None] & ~values.isnan()
        total = values.masked_fill(~seen, 0).sum(2, keepdim=True)
        parts.append(values - total / seen.sum(2, keepdim=True).clamp(min=1))
    if "motion" in inputs:
        parts.append(values.diff(dim=2, prepend=values[..., :1]))
    if "clock" in inputs:
        clock = torch.arange(values.shape[2], device=values.device) / longest
        parts.append(clock.to(values.dtype).expand(len(values), 1, -1))
    valid = [torch.where(frames[:, None], part, 0) for part in parts]
    return torch.cat((values, *valid), dim=1)
