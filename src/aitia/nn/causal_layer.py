"""A causal layer on any DAG: latents from independent noise and back, under interventions, with their density.

    z_i = m_i(z_pa(i)) + exp(s_i(z_pa(i))) u_i,    u ~ N(0, I)                      (1)

m_i and s_i are perceptrons, all of them in one product. Noise to latents goes node by node in topological order;
latents to noise, and therefore log p(z), takes one pass. The density of z is the causal prior of a generative model.

Source:
    Yang et al., CausalVAE: Disentangled representation learning via neural structural causal models, CVPR 2021, with
    the affine mechanisms of Khemakhem et al., Causal autoregressive flows, AISTATS 2021.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from aitia.errors import GraphError, unknown_variable
from aitia.graph.graph import Graph
from aitia.nn.gaussian import standard_log_prob

__all__ = ["CausalLayer"]

Act = Callable[[Tensor], Tensor]
"""From what a latent would be if left alone, (n,), to what it is made to be."""


class CausalLayer(nn.Module):
    """The maps (1) on a DAG. The columns of z and u are the nodes of the graph, in its order.

    Complexity: (n d^2 h) for d nodes and h hidden units, for noise to latents d times that.

    Args:
        graph: A DAG over the latents.
        hidden: Hidden units of each mechanism.
        spread: Largest absolute value of s_i, so that (1) stays invertible in 32-bit numbers.

    Raises:
        GraphError: If the graph is no DAG.

    Example:
        >>> layer = CausalLayer(Graph("light -> shadow <- height"))
        >>> u = torch.zeros(2, 3)
        >>> held = layer(u, {"light": lambda natural: natural + 1})
        >>> torch.equal(held[:, layer.names.index("height")], layer(u)[:, layer.names.index("height")])
        True
    """

    def __init__(self, graph: Graph, hidden: int = 32, spread: float = 5.0) -> None:
        super().__init__()
        if not graph.is_dag:
            raise GraphError("a causal layer stands on a DAG: orient every edge, and break cycles")
        self.names: tuple[str, ...] = graph.nodes
        self.order = tuple(self.names.index(name) for name in graph.topological_order())
        self.spread = spread
        d = len(self.names)
        parents = torch.zeros(d, d)  # [i, j] = 1 where j is a parent of i
        for i, name in enumerate(self.names):
            for parent in graph.parents(name):
                parents[i, self.names.index(parent)] = 1.0
        self.register_buffer("parents", parents, persistent=False)
        self.first = nn.Parameter(torch.randn(d, d, hidden) / parents.sum(1).clamp(min=1).sqrt()[:, None, None])
        self.offset = nn.Parameter(torch.randn(d, hidden))
        self.second = nn.Parameter(torch.zeros(d, hidden, 2))
        self.last = nn.Parameter(torch.zeros(d, 2))

    parents: Tensor

    def mechanisms(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """m and s of (1) at latents (n, d), each (n, d)."""
        hidden = torch.einsum("nj,ijh->nih", z, self.first * self.parents[..., None]) + self.offset
        both = torch.einsum("nih,iho->nio", nn.functional.silu(hidden), self.second) + self.last
        return both[..., 0], self.spread * torch.tanh(both[..., 1] / self.spread)

    def forward(self, u: Tensor, act: Mapping[str, Act] | None = None) -> Tensor:
        """Latents (n, d) of noise (n, d), with some of them made to be something else on the way.

        Raises:
            UnknownVariableError: If `act` names no latent.
        """
        for name in act or {}:
            if name not in self.names:
                raise unknown_variable(name, self.names, "model")
        columns = list(torch.zeros_like(u).unbind(1))
        for i in self.order:
            shift, log_scale = self.mechanisms(torch.stack(columns, dim=1))
            natural = shift[:, i] + log_scale[:, i].exp() * u[:, i]
            name = self.names[i]
            columns[i] = act[name](natural) if act and name in act else natural
        return torch.stack(columns, dim=1)

    def inverse(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Noise (n, d) of latents (n, d), and log|du/dz| (n,)."""
        shift, log_scale = self.mechanisms(z)
        return (z - shift) * torch.exp(-log_scale), -log_scale.sum(-1)

    def log_prob(self, z: Tensor) -> Tensor:
        """The causal prior: log p(z) of (1), (n,), in nats."""
        u, log_det = self.inverse(z)
        return standard_log_prob(u) + log_det
