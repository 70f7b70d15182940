from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from skelgraph.nn.st_block import BlockConfig, StBlock
from tests.graphs.made_up import chain
from tests.nn import reference_block
from tests.nn.checks import assert_same_with_gradients, draw, randomise, settled

PLAIN = BlockConfig(kernel=3, num_a_links=2, free_links=1)
FORMS = {
    "plain": (PLAIN, 3, 3, 1, True),
    "first": (PLAIN, 3, 4, 1, False),
    "wider": (PLAIN, 2, 4, 1, True),
    "strided": (replace(PLAIN, separable=True), 4, 3, 2, True),
    "causal": (replace(PLAIN, causal=True, kernel=2), 3, 3, 2, True),
    "separable": (replace(PLAIN, separable=True, causal=True), 2, 3, 1, True),
    "no A-links": (BlockConfig(kernel=3), 3, 3, 1, True),
}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_block_agrees_with_loops(
    form: tuple[BlockConfig, int, int, int, bool], training: bool
) -> None:
    """With S-links under their masks, A-links, a free link, a silent joint and padding."""
    config, channels, out, stride, residual = form
    module = StBlock(
        channels,
        out,
        s_links=torch.tensor(chain(3).s_links(1)),
        config=config,
        stride=stride,
        residual=residual,
    )
    settled(randomise(module)).train(training)
    x = draw(2, channels, 5, 3).requires_grad_()
    a_links, tensors = None, [x, *module.parameters()]
    if config.num_a_links:
        a_links = draw(2, 5 if config.causal else 1, 2, 3, 3).requires_grad_()
        tensors.append(a_links)
    frames = torch.arange(5) < torch.tensor([[5], [4]])
    senders = torch.tensor([[[True, True, True]], [[True, False, True]]])
    kept = frames[:, None, ::stride, None]
    assert_same_with_gradients(
        lambda: module(x, a_links=a_links, frames=frames, senders=senders) * kept,
        lambda: (
            kept
            * reference_block.block(
                module, x, a_links=a_links, frames=frames, senders=senders, causal=config.causal
            )
        ),
        tensors,
    )
