"""IDOL: edges within a frame."""

import numpy as np
import pytest

from aitia.errors import OptionError
from aitia.representations.transitions import influence_graph
from aitia.systems.idol import IDOL

QUICK = {"latents": 3, "steps": 30, "batch": 16, "width": 4, "hidden": 16, "learning_rate": 3e-3}


def clips(seed=0):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(120, 6, 2)) * (1.0 + np.arange(120) % 4)[:, None, None]
    return np.tanh(z @ rng.normal(size=(2, 5)))


def test_the_influences_of_idol_have_causes_as_rows_and_make_a_graph():
    model = IDOL(**QUICK).fit(clips())
    influence = model.influence(clips())
    lagged, within = influence
    assert lagged.shape == (1, 3, 3)
    assert np.allclose(np.tril(within), 0)
    assert np.triu(within, 1).any()
    graph = influence_graph(influence, 1e-9, ("a", "b", "c"))
    assert graph.nodes == ("a[t-1]", "b[t-1]", "c[t-1]", "a[t]", "b[t]", "c[t]")
    assert graph.parents("b[t]") == ("a[t-1]", "b[t-1]", "c[t-1]", "a[t]")
    with pytest.raises(OptionError, match="a name for each of 3 latents"):
        influence_graph(influence, names=("a",))


def test_the_sparsity_makes_influences_smaller():
    sizes = [
        np.abs(IDOL(**{**QUICK, "steps": 200}, sparsity=weight).fit(clips()).influence(clips()).lagged).mean()
        for weight in (0.0, 30.0)
    ]
    assert sizes[1] < 0.5 * sizes[0]


def test_options_out_of_range_are_refused():
    with pytest.raises(OptionError, match="sparsity"):
        IDOL(sparsity=-1)
