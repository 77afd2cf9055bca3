"""Reports: an edge that is taken out takes its sentence along and nothing else, and levels say what they should."""

import numpy as np
import pytest

from aitia.errors import OptionError
from aitia.worlds import ReportsWorld
from aitia.worlds.report_words import DENIED, PHRASES, SENTENCES
from aitia.worlds.reports import LEVELS

WORLD = ReportsWorld()


def units(text):
    return [said.strip(" .") for said in text.split(" . ")]


def test_no_two_nodes_share_a_wording():
    said = [words for phrases in PHRASES for words in phrases]
    assert len(PHRASES) == 120
    assert len(said) == len(set(said)) == 360


def test_the_two_sets_share_no_sentence_and_no_causal_verb():
    words = []
    for name, both in SENTENCES.items():
        said = [t for of in both.values() for texts in of for t in texts]
        words.append({word for text in (*said, *DENIED[name]) for word in text.split()})
    verbs = {"raises", "increases", "lowers", "reduces", "cuts", "weakens", "boosts", "raised", "reduced", "leads"}
    assert verbs <= words[0]
    assert not verbs & words[1]


def test_an_edge_that_is_off_takes_its_sentence_and_nothing_else():
    fact = WORLD.sample(30, seed=1, env="explicit")
    for number in (1, 7):
        off = WORLD.counterfactual(fact, {f"edge_{number}": "off"})
        for row, (before, after) in enumerate(zip(WORLD.render(fact), WORLD.render(off), strict=True)):
            was_on = fact[f"edge_{number}"][row] == 0
            left = [said for said in units(before) if said not in units(after)]
            assert len(left) == was_on
            assert set(units(after)) <= set(units(before))
        gone = [set(a) - set(b) for a, b in zip(WORLD.edges(fact), WORLD.edges(off), strict=True)]
        assert [len(edges) for edges in gone] == [int(on == 0) for on in fact[f"edge_{number}"]]


def test_levels_are_those_of_the_environment_and_silent_edges_are_not_said():
    mixed = WORLD.sample(400, seed=2, env="mixed")
    codes = np.stack([mixed[f"level_{k + 1}"] for k in range(WORLD.edges_each)])
    assert np.bincount(codes.astype(int).ravel(), minlength=5) / codes.size == pytest.approx([0.2] * 5, abs=0.03)
    silent = WORLD.counterfactual(mixed, {f"level_{k + 1}": "silent" for k in range(WORLD.edges_each)})
    assert WORLD.edges(silent) == WORLD.edges(mixed)
    assert WORLD.edges(silent, stated=True) == [[]] * 400
    bare = ReportsWorld(distractors=0)
    told = bare.counterfactual(bare.sample(5, seed=3), {f"level_{k + 1}": "silent" for k in range(15)})
    assert list(bare.render(told)) == [""] * 5


def test_graphs_are_acyclic_unless_loops_are_asked_for():
    from aitia.graph.graph import Graph

    def cyclic(world):
        graphs = [Graph(edges) for edges in world.edges(world.sample(60, seed=4))]
        return [not graph.is_acyclic for graph in graphs]

    assert not any(cyclic(WORLD))
    assert sum(cyclic(ReportsWorld(loops=True))) > 20


def test_who_knows_the_names_knows_nothing_of_the_edges():
    """Each phrase is as often a cause as an effect."""
    fact = WORLD.sample(3000, seed=5)
    as_cause = [a for edges in WORLD.edges(fact) for a, _ in edges]
    as_effect = [b for edges in WORLD.edges(fact) for _, b in edges]
    names = sorted({phrases[0] for phrases in PHRASES})
    share = np.array([as_cause.count(n) / (as_cause.count(n) + as_effect.count(n)) for n in names])
    assert share.mean() == pytest.approx(0.5, abs=0.01)
    assert share.std() < 0.04


def test_every_word_is_of_the_vocabulary_and_rows_hold_what_a_user_has():
    for templates in SENTENCES:
        world = ReportsWorld(nodes=6, templates=templates)
        fact = world.sample(20, seed=6)
        assert {w for text in world.render(fact) for w in text.split()} <= set(world.vocabulary)
        rows = world.rows(fact).known
        assert [[words[0] for words in cell] for cell in rows.lists("nodes")] == [list(n) for n in world.nodes(fact)]
        assert rows.lists("edges") == [[list(edge) for edge in edges] for edges in world.edges(fact)]
        assert all(len(words) == 3 for cell in rows.lists("nodes") for words in cell)


@pytest.mark.parametrize("level", LEVELS[:-1])
def test_what_is_said_names_both_ends(level):
    for both in SENTENCES.values():
        for texts in both[level]:
            assert all("{a}" in t and "{b}" in t for t in texts)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"nodes": 4}, "nodes is 5 to 40"),
        ({"nodes": 5, "edges": 8, "distractors": 3}, "5 nodes have 10 pairs, too few for 8 edges and 3 distractors"),
        ({"templates": "third"}, "templates is first or second, got 'third'"),
    ],
)
def test_what_cannot_be_is_told(asked, said):
    with pytest.raises(OptionError, match=said):
        ReportsWorld(**asked)
