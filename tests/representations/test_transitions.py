"""The graph that is read off transitions."""

import numpy as np
import pytest

from aitia.errors import OptionError
from aitia.representations.transitions import Influence, influence_graph


def test_a_known_graph_is_read_off_the_transitions_that_were_learnt():
    rng = np.random.default_rng(0)
    z = np.zeros((1500, 6, 3))
    for t in range(6):
        past = z[:, t - 1] if t else np.zeros((1500, 3))
        e = 0.6 * rng.laplace(size=(1500, 3))
        z[:, t, 0] = 0.7 * past[:, 0] + e[:, 0]
        z[:, t, 1] = 0.6 * past[:, 1] + 0.9 * z[:, t, 0] + e[:, 1]
        z[:, t, 2] = 0.6 * past[:, 2] + 0.9 * past[:, 0] + e[:, 2]
    import torch

    from aitia.representations.transition import TransitionPrior

    torch.manual_seed(0)
    prior, clips = TransitionPrior(3, 1, instantaneous=True), torch.from_numpy(z).float()
    optimizer = torch.optim.Adam(prior.parameters(), lr=0.02)
    for _ in range(250):
        loss = -prior.log_prob(clips[torch.randint(0, 1500, (256,))]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    lagged, within = prior.jacobian(clips)
    by_lag = (lagged.abs().mean((0, 1))[0] > 0.5).int().tolist()
    assert by_lag == [[1, 0, 0], [0, 1, 0], [1, 0, 1]]
    assert (within.abs().mean((0, 1)) > 0.5).int().tolist() == [[0, 0, 0], [1, 0, 0], [0, 0, 0]]


def test_influences_above_the_threshold_are_edges_from_rows_to_columns():
    lagged = np.array([[[0.0, 0.5], [0.1, 0.0]]])
    graph = influence_graph(Influence(lagged, np.array([[0.0, 0.0], [0.3, 0.0]])), 0.2, ("a", "b"))
    assert graph.nodes == ("a[t-1]", "b[t-1]", "a[t]", "b[t]")
    assert set(graph.parents("b[t]")) == {"a[t-1]"}
    assert set(graph.parents("a[t]")) == {"b[t]"}
    with pytest.raises(OptionError, match="threshold is positive"):
        influence_graph(Influence(lagged, np.zeros((2, 2))), 0.0)
