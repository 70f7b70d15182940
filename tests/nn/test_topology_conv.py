from __future__ import annotations

import torch
from torch import Tensor

from skelgraph.nn.topology_conv import TopologyConv
from tests.graphs.made_up import chain
from tests.nn.checks import assert_same_with_gradients, draw, randomise

FRAMES = torch.tensor([[True] * 4, [True, True, False, False]])


def conv(in_channels: int = 3, out_channels: int = 4) -> TopologyConv:
    links = torch.tensor(chain(3).s_links(1), dtype=torch.float64)
    return randomise(TopologyConv(in_channels, out_channels, links=links))


def slow(layer: TopologyConv, x: Tensor, frames: Tensor, senders: Tensor) -> Tensor:
    """The formula of the docstring, a body, link type, receiver, sender and channel at a time."""
    bodies, _, size, joints = x.shape
    kinds, reduced, channels = layer.weight.shape
    out = torch.zeros(bodies, channels, size, joints, dtype=x.dtype)
    for p in range(bodies):
        valid = [t for t in range(size) if frames[p, t]]
        pose = [sum(x[p, :, t, v] for t in valid) / len(valid) for v in range(joints)]
        for k in range(kinds):
            rows = slice(k * reduced, (k + 1) * reduced)
            value = layer.value.weight[k * channels : (k + 1) * channels]
            for v in range(joints):
                arrive = layer.receive.weight[rows] @ pose[v] + layer.receive.bias[rows]
                for u in range(joints):
                    if not senders[p, 0, u]:
                        continue
                    relation = torch.tanh(arrive - layer.send.weight[rows] @ pose[u])
                    for c in range(channels):
                        refined = layer.weight[k, :, c] @ relation + layer.bias[k, c]
                        link = layer.links[k, u, v] + layer.alpha[0] * refined
                        for t in range(size):
                            out[p, c, t, v] += link * (value[c] @ x[p, :, t, u])
    return out


def test_shape() -> None:
    layer = conv()
    assert layer(draw(2, 3, 5, 3)).shape == (2, 4, 5, 3)
    assert layer.refined(draw(2, 3, 5, 3)).shape == (2, 3, 4, 3, 3)


def test_value_worked_by_hand() -> None:
    """A chain j0 - j1 - j2; the link from j0 to j1 grows by 0.5 x tanh(x_1 - x_0)."""
    layer = TopologyConv(1, 1, links=torch.zeros(1, 3, 3))
    with torch.no_grad():
        layer.links[0, 0, 1] = 1.0
        layer.alpha.fill_(0.5)
        for linear in (layer.receive, layer.send):
            linear.weight.zero_()[0] = 1.0
        layer.receive.bias.zero_()
        layer.weight.zero_()[0, 0] = 1.0
        layer.value.weight.fill_(1.0)
    x = torch.tensor([1.0, 3.0, 0.0]).view(1, 1, 1, 3)
    pull = 0.5 * torch.tanh(torch.tensor([0.0, 2.0, -1.0, 3.0]))  # of differences 0, 2, -1, 3
    first = pull[0] * 1 - pull[1] * 3  # from itself; from j1, which is farther
    second = (1 + pull[1]) * 1 + pull[0] * 3
    third = pull[2] * 1 - pull[3] * 3
    expected = torch.stack((first, second, third))
    torch.testing.assert_close(layer(x).flatten(), expected)


def test_agrees_with_loops() -> None:
    layer, x = conv(), draw(2, 3, 4, 3).requires_grad_()
    senders = torch.tensor([[[True, True, True]], [[True, False, True]]])
    assert_same_with_gradients(
        lambda: layer(x, FRAMES, senders),
        lambda: slow(layer, x, FRAMES, senders),
        [x, *layer.parameters()],
    )


def test_it_starts_with_the_given_links() -> None:
    """With alpha at 0 no channel differs from the skeleton's own links."""
    links = torch.tensor(chain(3).s_links(1))
    refined = TopologyConv(3, 4, links=links).refined(torch.randn(2, 3, 4, 3))
    assert torch.equal(refined, links[None, :, None].expand(2, -1, 4, -1, -1))


def test_gradcheck() -> None:
    layer, frames = conv(2, 2), FRAMES
    assert torch.autograd.gradcheck(
        lambda x: layer(x, frames), (draw(2, 2, 4, 3).requires_grad_(),)
    )


def test_relabelled_joints_give_relabelled_output() -> None:
    layer, x, order = conv(), draw(2, 3, 5, 3), torch.tensor([2, 0, 1])
    out = layer(x)
    layer.links.data = layer.links[:, order][:, :, order]
    torch.testing.assert_close(layer(x[..., order]), out[..., order])


def test_padded_frames_change_no_link() -> None:
    layer, x = conv(), draw(2, 3, 4, 3)
    changed = x.clone()
    changed[1, :, 2:] += 5
    torch.testing.assert_close(layer.refined(x, FRAMES), layer.refined(changed, FRAMES))
    alone = layer(x[1:, :, :2])
    torch.testing.assert_close(layer(x, FRAMES)[1:, :, :2], alone)


def test_a_joint_that_may_not_send_reaches_nobody_else() -> None:
    layer, x, senders = conv(), draw(2, 3, 5, 3), torch.tensor([True, False, True])
    changed = x.clone()
    changed[..., 1] += 1
    out, other = (
        layer(x, None, senders.expand(2, 1, 3)),
        layer(changed, None, senders.expand(2, 1, 3)),
    )
    torch.testing.assert_close(out[..., senders], other[..., senders])
    assert not torch.allclose(out[..., 1], other[..., 1])  # what it receives depends on itself


def test_input_is_left_unchanged() -> None:
    x = draw(2, 3, 4, 3)
    copy = x.clone()
    conv()(x, FRAMES, torch.zeros(2, 1, 3, dtype=torch.bool))
    assert torch.equal(x, copy)
