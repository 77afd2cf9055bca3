"""The claim at a tiny size: every row has its arms, and the scripted model is wrong as often as is said."""

from itertools import combinations

import numpy as np
import pytest

from aitia.evidence import ClaimContext
from aitia.graph import Graph
from aitia.system import systems
from aitia.systems.pywhy_llm import claim, claim_model


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr(claim, "TABLES", 2)
    for module in (claim, claim_model):
        monkeypatch.setattr(module, "find_spec", lambda name: None)


def test_every_row_has_its_arms_and_the_control_its_metric(tiny):
    context = ClaimContext(seeds=2, first_seed=1000, find=lambda slug: systems()[slug].load())
    rows = claim.run(context)
    assert [row.part for row in rows] == list("abccdeffg")
    assert all(len(row.values) == 2 and set(row.ahead_of) <= set(row.arms) for row in [*rows[:4], *rows[6:8]])
    assert claim.CLAIM.swap in rows[0].arms
    assert all(row.note.startswith("Not run here: needs") for row in (*rows[4:6], rows[8]))
    assert set(context.controls[0].values) == {claim.GAIN}


def test_the_distance_counts_a_line_half():
    truth = Graph("a -> b; b -> c")
    assert claim._distance(truth, truth) == 0
    assert claim._distance(truth, Graph("a --- b; c -> b; a -> c")) == 0.5 + 1 + 1
    assert claim._distance(truth, Graph([], nodes="abc")) == 2


def test_the_scripted_model_is_wrong_as_often_as_it_is_to_be():
    truth = Graph([(f"n{a}", f"n{b}") for a, b in combinations(range(40), 2) if (a + b) % 3])
    pairs = [*combinations(truth.nodes, 2)]
    for error in (0.0, 0.3, 1.0):
        said = claim._said(truth, pairs, error, np.random.default_rng(0))
        right = [
            "->" if b in truth.descendants(a) else "<-" if a in truth.descendants(b) else "neither" for a, b in pairs
        ]
        decided = [v.answer == r for v, r in zip(said, right, strict=True) if v.answer != "undecided"]
        assert np.mean(decided) == pytest.approx(1 - error, abs=0.05)
        assert len(decided) / len(pairs) == pytest.approx(0.9, abs=0.03)
