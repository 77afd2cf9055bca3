"""The causal layer: maps that undo each other, a density that is the change of variables, and `do` on the way."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.errors import GraphError, UnknownVariableError
from aitia.graph.graph import Graph
from aitia.nn.causal_layer import CausalLayer

DIAMOND = Graph("a -> b -> d <- c <- a")


def layer_on(graph, seed=0):
    """A layer whose mechanisms are far from their start."""
    torch.manual_seed(seed)
    layer = CausalLayer(graph, hidden=8).double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(0.7 * torch.randn_like(parameter))
    return layer


def random_dag(seed, d=5):
    rng = np.random.default_rng(seed)
    order = rng.permutation(d)
    edges = [(f"v{order[i]}", f"v{order[j]}") for i in range(d) for j in range(i + 1, d) if rng.random() < 0.5]
    return Graph(edges, [f"v{i}" for i in range(d)])


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25)
def test_noise_to_latents_and_back_is_the_identity(seed):
    layer = layer_on(random_dag(seed), seed)
    u = torch.randn(6, 5, dtype=torch.float64)
    back, _ = layer.inverse(layer(u))
    assert torch.allclose(back, u, atol=1e-8)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=10)
def test_the_density_is_the_change_of_variables(seed):
    layer = layer_on(random_dag(seed), seed)
    z = layer(torch.randn(1, 5, dtype=torch.float64)).detach()
    jacobian = torch.autograd.functional.jacobian(lambda v: layer.inverse(v[None])[0][0], z[0])
    u = layer.inverse(z)[0]
    by_hand = -0.5 * (u**2 + np.log(2 * np.pi)).sum() + torch.linalg.slogdet(jacobian)[1]
    assert layer.log_prob(z).item() == pytest.approx(by_hand.item(), abs=1e-9)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25)
def test_a_latent_answers_to_its_parents_alone(seed):
    graph = random_dag(seed)
    layer = layer_on(graph, seed)
    z = torch.randn(4, 5, dtype=torch.float64)
    for i, name in enumerate(graph.nodes):
        moved = z.clone()
        for j, other in enumerate(graph.nodes):
            if other not in graph.parents(name):
                moved[:, j] += 1.0
        assert torch.equal(layer.mechanisms(moved)[0][:, i], layer.mechanisms(z)[0][:, i])


def test_what_is_done_moves_descendants_and_nothing_else():
    layer = layer_on(DIAMOND)
    u = torch.randn(7, 4, dtype=torch.float64)
    plain, held = layer(u), layer(u, {"b": lambda natural: torch.full_like(natural, 2.0)})
    at = {name: layer.names.index(name) for name in "abcd"}
    assert torch.equal(held[:, at["b"]], torch.full((7,), 2.0, dtype=torch.float64))
    assert torch.equal(held[:, at["a"]], plain[:, at["a"]])
    assert torch.equal(held[:, at["c"]], plain[:, at["c"]])
    assert not torch.allclose(held[:, at["d"]], plain[:, at["d"]])


def test_fitting_it_to_a_linear_gaussian_system_reaches_the_likelihood_of_the_truth():
    rng = np.random.default_rng(0)
    a = rng.normal(size=1000)
    b = 1.5 * a + 0.5 * rng.normal(size=1000)
    z = torch.from_numpy(np.stack([a, b], axis=1)).float()
    torch.manual_seed(0)
    layer = CausalLayer(Graph("a -> b"))
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.02)
    for _ in range(300):
        optimizer.zero_grad()
        loss = -layer.log_prob(z).mean()
        loss.backward()
        optimizer.step()
    truth = np.log(2 * np.pi) + 0.5 * (a**2).mean() + 0.5 * (((b - 1.5 * a) / 0.5) ** 2).mean() + np.log(0.5)
    assert float(loss.detach()) == pytest.approx(truth, abs=0.02)


def test_unknown_names_and_graphs_without_direction_are_refused():
    with pytest.raises(UnknownVariableError, match="'e' is not a variable of this model"):
        CausalLayer(DIAMOND)(torch.zeros(1, 4), {"e": lambda natural: natural})
    with pytest.raises(GraphError, match="orient every edge"):
        CausalLayer(Graph("a -- b"))
