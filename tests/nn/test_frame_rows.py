from __future__ import annotations

import pytest
import torch

from skelgraph.nn.frame_rows import FrameRows
from tests.nn.checks import draw


def masks() -> list[torch.Tensor]:
    holes = torch.tensor([[True, False, True, False], [False, True, True, True]])
    none = torch.zeros(2, 4, dtype=torch.bool)
    return [holes, ~none, none, torch.zeros(0, 4, dtype=torch.bool)]


@pytest.mark.parametrize("mask", masks(), ids=["holes", "all", "none", "no body"])
@pytest.mark.parametrize("channels_last", [False, True])
def test_taking_valid_frames_and_putting_them_back(mask: torch.Tensor, channels_last: bool) -> None:
    x = draw(len(mask), 3, 4, 2)
    if channels_last:
        x = x.contiguous(memory_format=torch.channels_last)
    frames = FrameRows(mask)
    rows = frames.take(x)
    assert torch.equal(rows, x.permute(0, 2, 3, 1)[mask].flatten(0, 1))
    back = frames.put_back(rows, joints=2)
    assert torch.equal(back, x * mask[:, None, :, None])
    assert back.permute(0, 2, 3, 1).is_contiguous()


def test_gradients_both_ways() -> None:
    mask = masks()[0]
    frames, x = FrameRows(mask), draw(2, 3, 4, 2).requires_grad_()

    def there_and_back(values: torch.Tensor) -> torch.Tensor:
        return frames.put_back(frames.take(values).square(), joints=2)

    assert torch.autograd.gradcheck(there_and_back, (x,))
    there_and_back(x).sum().backward()
    assert torch.equal(x.grad, 2 * x.detach() * mask[:, None, :, None])
