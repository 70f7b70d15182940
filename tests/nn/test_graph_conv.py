from __future__ import annotations

import pytest
import torch
from torch import Tensor

from skelgraph.graphs import load_layout
from skelgraph.nn import graph_conv
from skelgraph.nn.graph_conv import NARROW, ActStructConv, aggregate_first, mix_first
from tests.graphs.made_up import chain
from tests.nn import reference
from tests.nn.checks import assert_same_with_gradients, draw, gradients, randomise


def conv(in_channels: int = 3, out_channels: int = 4, *, num_a_links: int = 2) -> ActStructConv:
    s_links = torch.tensor(chain(3).s_links(2))
    return randomise(
        ActStructConv(in_channels, out_channels, s_links=s_links, num_a_links=num_a_links)
    )


def test_shape() -> None:
    out = conv()(draw(2, 3, 5, 3), draw(2, 1, 2, 3, 3))
    assert out.shape == (2, 4, 5, 3)
    assert out.is_contiguous(memory_format=torch.channels_last)


def test_value_worked_by_hand() -> None:
    """A chain j0 - j1 - j2 with its centre at j0; one channel, weights 1, 10 and 100."""
    layer = ActStructConv(1, 1, s_links=torch.tensor(chain(3).s_links(1)))
    layer.weight.data = torch.tensor([1.0, 10.0, 100.0]).view(3, 1, 1)
    x = torch.tensor([1.0, 2.0, 3.0]).view(1, 1, 1, 3)
    # Each joint itself, 10 x its parent (centripetal), 100 x its child (centrifugal).
    assert layer(x).flatten().tolist() == [1 + 200, 2 + 10 + 300, 3 + 20]


@pytest.mark.parametrize(("channels", "out"), [(2, 5), (5, 2), (3, 3)])
def test_agrees_with_loops(channels: int, out: int) -> None:
    layer = conv(channels, out)
    x, links = draw(2, channels, 3, 3).requires_grad_(), draw(2, 1, 2, 3, 3).requires_grad_()
    assert_same_with_gradients(
        lambda: layer(x, links),
        lambda: reference.act_struct_conv(layer, x, links),
        [x, links, *layer.parameters()],
    )


@pytest.mark.parametrize("sets", [1, 3])
@pytest.mark.parametrize("free_links", [0, 2])
@pytest.mark.parametrize(("channels", "out"), [(2, 4), (4, 2)])
def test_all_links_with_silent_joints_agree_with_loops(
    channels: int, out: int, free_links: int, sets: int
) -> None:
    """S-links under their masks, free links, one set of A-links a clip or a frame, senders."""
    s_links = torch.tensor(chain(3).s_links(1))
    layer = randomise(
        ActStructConv(channels, out, s_links=s_links, num_a_links=2, free_links=free_links)
    )
    x, links = draw(2, channels, 3, 3).requires_grad_(), draw(2, sets, 2, 3, 3).requires_grad_()
    senders = draw(2, sets, 3, seed=2) > -0.5
    assert 0 < senders.sum() < senders.numel()
    assert_same_with_gradients(
        lambda: layer(x, links, senders),
        lambda: reference.act_struct_conv(layer, x, links, senders),
        [x, links, *layer.parameters()],
    )


# torch_geometric itself still calls torch.jit as it is imported.
@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_agrees_with_message_passing() -> None:
    from torch_geometric.nn import MessagePassing

    class OneLink(MessagePassing):
        def forward(self, x: Tensor, edge_index: Tensor, weight: Tensor) -> Tensor:
            return self.propagate(edge_index, x=x, weight=weight)

        def message(self, x_j: Tensor, weight: Tensor) -> Tensor:
            return weight[:, None] * x_j

    layout = load_layout("kinect_v2")
    s_links = torch.tensor(layout.s_links(2))
    layer = randomise(ActStructConv(3, 4, s_links=s_links))
    x, step = draw(1, 3, 2, layout.num_joints), OneLink(aggr="add")
    expected = torch.zeros(1, 4, 2, layout.num_joints, dtype=torch.float64)
    for k, links in enumerate(layer.s_mask * layer.s_links):
        edge_index = links.nonzero().T
        for t in range(2):
            received = step(x[0, :, t].T, edge_index, links[tuple(edge_index)])
            expected[0, :, t] += (received @ layer.weight[k]).T
    torch.testing.assert_close(layer(x), expected)


def test_both_orders_agree() -> None:
    rows, links, weight = draw(2, 3, 4, 5), draw(2, 1, 4, 6, 4), draw(6, 5, 7)
    torch.testing.assert_close(aggregate_first(rows, links, weight), mix_first(rows, links, weight))


@pytest.mark.parametrize("channels", [3, NARROW, NARROW + 1])
def test_narrow_features_of_single_precision_agree_too(channels: int) -> None:
    """They are filled up with zeros, in single precision alone."""
    given = [draw(2, 3, 4, channels), draw(2, 1, 4, 6, 4), draw(6, channels, 7)]
    single = [value.float().requires_grad_() for value in given]
    double = [value.requires_grad_() for value in given]
    one, other = aggregate_first(*single), aggregate_first(*double)
    torch.testing.assert_close(one.double(), other, rtol=1e-4, atol=1e-4)
    for a, b in zip(gradients(one, single), gradients(other, double), strict=True):
        assert a.shape == b.shape
        torch.testing.assert_close(a.double(), b, rtol=1e-4, atol=1e-3)
    with torch.no_grad():
        torch.testing.assert_close(aggregate_first(*single), one)


@pytest.mark.parametrize("bodies_of_links", [1, 3])
def test_pieces_give_what_the_whole_gives(
    bodies_of_links: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One body at a time, and all at once; values and gradients, the latter also by definition."""
    given = draw(3, 2, 4, 5), draw(bodies_of_links, 1, 4, 6, 4), draw(6, 5, 7)
    given = tuple(value.requires_grad_() for value in given)
    assert torch.autograd.gradcheck(aggregate_first, given)
    whole = aggregate_first(*given)
    by_whole = gradients(whole, given)
    monkeypatch.setattr(graph_conv, "CACHE_BYTES", 1)
    torch.testing.assert_close(aggregate_first(*given), whole)
    for one, other in zip(gradients(aggregate_first(*given), given), by_whole, strict=True):
        torch.testing.assert_close(one, other)


def test_the_way_back_keeps_only_what_it_was_given() -> None:
    rows, links, weight = (
        value.requires_grad_() for value in (draw(2, 3, 4, 5), draw(1, 1, 4, 6, 4), draw(6, 5, 7))
    )
    kept: list[int] = []
    with torch.autograd.graph.saved_tensors_hooks(
        lambda t: kept.append(t.numel()) or t, lambda t: t
    ):
        aggregate_first(rows, links, weight)
    assert max(kept) <= weight.numel()


def test_links_of_each_frame() -> None:
    layer, x, links = conv(), draw(2, 3, 5, 3), draw(2, 5, 2, 3, 3)
    whole = layer(x, links)
    for t in range(5):
        cut = slice(t, t + 1)
        torch.testing.assert_close(whole[:, :, cut], layer(x[:, :, cut], links[:, cut]))


def test_gradcheck() -> None:
    layer = conv(2, 2)
    inputs = (draw(1, 2, 2, 3).requires_grad_(), draw(1, 1, 2, 3, 3).requires_grad_())
    assert torch.autograd.gradcheck(layer, inputs)


def test_relabelled_joints_give_relabelled_output() -> None:
    layer, x, links = conv(), draw(2, 3, 5, 3), draw(2, 1, 2, 3, 3)
    order = torch.tensor([2, 0, 1])
    out = layer(x, links)
    layer.s_links = layer.s_links[:, order][:, :, order]
    layer.s_mask.data = layer.s_mask[:, order][:, :, order]
    relabelled = layer(x[..., order], links[..., order, :][..., order])
    torch.testing.assert_close(relabelled, out[..., order])


def test_a_joint_that_may_not_send_reaches_nobody() -> None:
    layer, x, links = conv(), draw(2, 3, 5, 3), draw(2, 1, 2, 3, 3)
    senders = torch.tensor([True, False, True]).expand(2, 1, 3)
    changed = x.clone()
    changed[..., 1] += 1
    torch.testing.assert_close(layer(x, links, senders), layer(changed, links, senders))


def test_input_is_left_unchanged() -> None:
    layer, x, links = conv(), draw(2, 3, 5, 3), draw(2, 1, 2, 3, 3)
    copies = x.clone(), links.clone()
    layer(x, links, torch.zeros(2, 1, 3, dtype=torch.bool))
    assert torch.equal(x, copies[0])
    assert torch.equal(links, copies[1])
