"""Extensions and compelled edges: compiled and plain loops agree, and both are what the definitions say."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.graph import Graph, markov_equivalence_class
from aitia.graph import _pdag as pdag
from aitia.graph.bits import bits, from_words, to_words


def random_rows(rng, nodes, share, undirected):
    """A random PDAG, often without an extension."""
    order, rows = rng.permutation(nodes), pdag.Pdag(Graph("; ".join(f"v{k}" for k in range(nodes))))
    rows.adjacent = [0] * nodes
    for a in range(nodes):
        for b in range(a + 1, nodes):
            if rng.random() < share:
                i, j = int(order[a]), int(order[b])
                rows.adjacent[i] |= 1 << j
                rows.adjacent[j] |= 1 << i
                if rng.random() < undirected:
                    rows.neighbors[i] |= 1 << j
                    rows.neighbors[j] |= 1 << i
                else:
                    i, j = (j, i) if rng.random() < 0.05 else (i, j)
                    rows.children[i] |= 1 << j
                    rows.parents[j] |= 1 << i
    rows.adjacent = tuple(rows.adjacent)
    return rows


def both(patch, call):
    found = []
    for many in (1, 10_000):
        patch.setattr(pdag, "MANY", many)
        found.append(call())
    return found


@settings(deadline=None, max_examples=80)
@given(seed=st.integers(0, 1 << 30), nodes=st.sampled_from([1, 3, 6, 20, 70, 130]), undirected=st.floats(0, 1))
def test_compiled_and_plain_loops_give_one_answer(seed, nodes, undirected):
    rng = np.random.default_rng(seed)
    rows = random_rows(rng, nodes, min(1.0, rng.uniform(0.5, 4) / nodes), undirected)
    with pytest.MonkeyPatch.context() as patch:
        compiled, plain = both(patch, lambda: pdag.extend(rows))
        assert compiled == plain
        parents = plain if plain is not None else rows.parents
        compiled, plain = both(patch, lambda: pdag.compelled(parents, rows.adjacent))
        assert compiled == plain


@pytest.mark.parametrize("many", [1, 10_000], ids=["compiled", "plain"])
@pytest.mark.parametrize("seed", range(30))
def test_compelled_arrows_are_those_of_every_equivalent_dag(many, seed, monkeypatch):
    monkeypatch.setattr(pdag, "MANY", many)
    rng = np.random.default_rng(seed)
    rows = random_rows(rng, 5, 0.5, 0.0)
    parents = [sum(1 << j for j in bits(row) if j < i) for i, row in enumerate(rows.adjacent)]  # a DAG
    shared = pdag.compelled(parents, rows.adjacent)
    members = list(markov_equivalence_class(pdag.Pdag.of(shared, rows.adjacent).graph(tuple("abcde"))))
    assert pdag.Pdag.of(parents, rows.adjacent).graph(tuple("abcde")) in members
    assert [set(bits(row)) for row in shared] == [
        set.intersection(*(set(bits(member._parents[i])) for member in members)) for i in range(5)
    ]


@pytest.mark.parametrize("many", [1, 10_000], ids=["compiled", "plain"])
@pytest.mark.parametrize("seed", range(30))
def test_an_extension_is_found_iff_some_order_gives_one(many, seed, monkeypatch):
    monkeypatch.setattr(pdag, "MANY", many)
    rows = random_rows(np.random.default_rng(seed), 5, 0.6, 0.5)

    def colliders(parents):
        return {
            (x, j, y)
            for j, row in enumerate(parents)
            for x in bits(row)
            for y in bits(row)
            if x < y and not rows.adjacent[x] >> y & 1
        }

    possible = []
    for order in permutations(range(5)):
        rank = {v: k for k, v in enumerate(order)}
        parents = [sum(1 << i for i in bits(rows.adjacent[j]) if rank[i] < rank[j]) for j in range(5)]
        keeps = all(not row & ~parent for row, parent in zip(rows.parents, parents, strict=True))
        if keeps and colliders(parents) == colliders(rows.parents):
            possible.append(parents)
    found = pdag.extend(rows)
    assert found in possible if possible else found is None


@given(seed=st.integers(0, 1 << 30), nodes=st.integers(1, 140))
def test_rows_turned_into_words_and_back_are_the_same(seed, nodes):
    rng = np.random.default_rng(seed)
    rows = [int.from_bytes(rng.bytes(18), "little") & ((1 << nodes) - 1) for _ in range(nodes)]
    assert from_words(to_words(rows)) == rows
