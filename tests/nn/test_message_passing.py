"""Dense kernels against PyG's message passing, outputs and gradients."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from skelgraph.nn.aim_encoder import AimEncoder
from skelgraph.nn.graph_conv import ActStructConv
from skelgraph.nn.link_messages import LinkMessages
from tests.graphs.made_up import chain
from tests.nn.checks import assert_same_with_gradients, draw, randomise, settled

# torch_geometric itself still calls torch.jit as it is imported.
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
JOINTS, BODIES = 4, 2


def pairs(*, loops: bool) -> Tensor:
    """All directed pairs of joints of each body, receivers in order: PyG's edge_index."""
    edges = [
        (p * JOINTS + u, p * JOINTS + v)
        for p in range(BODIES)
        for v in range(JOINTS)
        for u in range(JOINTS)
        if loops or u != v
    ]
    return torch.tensor(edges).T


def two_layers(first: nn.Linear, second: nn.Linear, norm: nn.Module, x: Tensor) -> Tensor:
    """Linear, ELU, linear, ELU and the past's normalisation, on rows."""
    hidden = nn.functional.elu(second(nn.functional.elu(first(x))))
    return nn.functional.batch_norm(
        hidden, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps
    )


def test_encoder() -> None:
    from torch_geometric.nn import MessagePassing

    module = settled(randomise(AimEncoder(6, 3, width=5))).eval()

    class Steps(MessagePassing):
        """Node to edge, edge to node (mean of incoming), node to edge with the skip."""

        def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
            x = run(module.embed, x)
            skip = self.edge_updater(edge_index, x=x, net=module.to_edge, skip=None)
            x = run(module.to_node, self.propagate(edge_index, x=x, skip=skip))
            edges = self.edge_updater(edge_index, x=x, net=module.to_skip_edge, skip=skip)
            return module.types(edges)

        def edge_update(self, x_i: Tensor, x_j: Tensor, net: nn.Module, skip: Tensor) -> Tensor:
            parts = (x_i, x_j) if skip is None else (x_i, x_j, skip)
            return run(net, torch.cat(parts, dim=-1))

        def message(self, skip: Tensor) -> Tensor:
            return skip

    def run(net: nn.Module, x: Tensor) -> Tensor:
        return two_layers(net.first, net.second, net.norm, x)

    series, steps = draw(BODIES, JOINTS, 6).requires_grad_(), Steps(aggr="mean")
    assert_same_with_gradients(
        lambda: module(series),
        lambda: steps(series.flatten(0, 1), pairs(loops=False)).view(BODIES, JOINTS, -1, 3),
        [series, *module.parameters()],
    )


def test_messages_of_the_decoder() -> None:
    from torch_geometric.nn import MessagePassing

    class OneType(MessagePassing):
        def forward(self, hidden: Tensor, edge_index: Tensor, weight: Tensor, k: int) -> Tensor:
            return self.propagate(edge_index, hidden=hidden, weight=weight, k=k)

        def message(self, hidden_i: Tensor, hidden_j: Tensor, weight: Tensor, k: int) -> Tensor:
            pair = torch.cat((hidden_i, hidden_j), dim=-1)
            first = torch.tanh(pair @ module.first_weight[k] + module.first_bias[k])
            second = torch.tanh(first @ module.second_weight[k] + module.second_bias[k])
            return weight[:, None] * second

    module = randomise(LinkMessages(2, 5))
    hidden = draw(BODIES, JOINTS, 5).requires_grad_()
    links = draw(2, BODIES, JOINTS, JOINTS).requires_grad_()
    step, edges = OneType(aggr="add"), pairs(loops=True)

    def slow() -> Tensor:
        nodes = hidden.flatten(0, 1)
        arrived = [step(nodes, edges, links[k].flatten(), k) for k in range(2)]
        return (sum(arrived) / 2).view(BODIES, JOINTS, -1)

    assert_same_with_gradients(
        lambda: module(hidden, links), slow, [hidden, links, *module.parameters()]
    )


def test_convolution_over_all_kinds_of_links() -> None:
    """S-links under their masks, free links, A-links; a joint that may not send has no edges."""
    from torch_geometric.nn import MessagePassing

    class OneLink(MessagePassing):
        def forward(self, x: Tensor, edge_index: Tensor, weight: Tensor) -> Tensor:
            return self.propagate(edge_index, x=x, weight=weight)

        def message(self, x_j: Tensor, weight: Tensor) -> Tensor:
            return weight[:, None] * x_j

    s_links = torch.tensor(chain(JOINTS).s_links(2))
    module = randomise(ActStructConv(3, 5, s_links=s_links, num_a_links=2, free_links=1))
    x, a_links = draw(BODIES, 3, 1, JOINTS), draw(BODIES, 1, 2, JOINTS, JOINTS)
    tensors = [x.requires_grad_(), a_links.requires_grad_(), *module.parameters()]
    senders = torch.tensor([[[True, True, False, True]], [[True, True, True, True]]])
    step, edges = OneLink(aggr="add"), pairs(loops=True)
    edges = edges[:, senders.flatten()[edges[0]]]
    body, sender, receiver = edges[0] // JOINTS, edges[0] % JOINTS, edges[1] % JOINTS

    def slow() -> Tensor:
        fixed = torch.cat((module.s_mask * module.s_links, module.free))
        weights = [link[sender, receiver] for link in fixed]
        weights += [0.5 * a_links[body, 0, k, sender, receiver] for k in range(2)]
        nodes = x[:, :, 0].transpose(1, 2).flatten(0, 1)
        out = sum(step(nodes, edges, w) @ module.weight[k] for k, w in enumerate(weights))
        return out.view(BODIES, JOINTS, -1).transpose(1, 2)[:, :, None]

    assert_same_with_gradients(lambda: module(x, a_links, senders), slow, tensors)
