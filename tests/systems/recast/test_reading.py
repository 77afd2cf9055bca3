"""What is read: sentences, mentions, causal words, names that are one, and scores, against what we did not write."""

from itertools import permutations

import networkx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from aitia.errors import DataError
from aitia.graph.distances import shd
from aitia.graph.graph import Graph
from aitia.systems.recast.nodes import Nodes, matched, normalised
from aitia.systems.recast.phrases import proposed
from aitia.systems.recast.reading import merged, without
from aitia.systems.recast.rules import by_mention, by_rules
from aitia.systems.recast.scores import edge_score, mean_score
from aitia.systems.recast.sentences import sentences_of
from aitia.worlds import ReportsWorld
from aitia.worlds.report_words import CO_MENTION, COMMON, DENIED, SENTENCES, TOGETHER

ABC = Nodes.of(["alpha", "beta", "gamma"], 0)
NAMES = ["a", "b", "c", "d"]
EDGES = st.sets(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).filter(lambda e: e[0] != e[1]))


def read(text):
    return [(f.cause, f.effect, f.sign) for f in by_rules(text, ABC)]


# -- sentences and mentions --------------------------------------------------------------------------------------------


@given(st.text(alphabet="ab .!?\n,e.g", max_size=80))
def test_sentences_stand_in_the_text_letter_by_letter_and_leave_only_blanks(text):
    found = sentences_of(text)
    assert all(text[s.start : s.stop] == s.text and s.text == s.text.strip() for s in found)
    rest = list(text)
    for s in found:
        rest[s.start : s.stop] = " " * len(s.text)
    assert not "".join(rest).strip()


def test_the_longest_wording_is_the_mention():
    nodes = Nodes.of([["price"], ["price of bread", "bread prices"], "bread"], 0)
    said = "The Price of  Bread moved; bread prices, bread and the price did not. Pricey breadth."
    assert [m.node for m in nodes.mentions(said)] == [1, 1, 2, 0]
    assert next(said[m.start : m.stop] for m in nodes.mentions(said)) == "Price of  Bread"


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        (["a"], "a graph needs 2 variables or more, got 1"),
        (["a", 3], "a variable is a name or a list of wordings, got 3"),
        (["a", ["b", "A"]], "'A' is said twice"),
        (["a", " "], "variable 2 has an empty wording"),
        ([[], "b"], "a variable is a name or a list of wordings"),
    ],
)
def test_variables_that_are_none_are_told(given_, said):
    with pytest.raises(DataError, match=said):
        Nodes.of(given_, 7)


# -- rules -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "edges"),
    [
        ("Alpha raises beta.", [(0, 1, 1)]),
        ("Higher alpha can also sharply reduce the beta.", [(0, 1, -1)]),
        ("Alpha leads to a significant increase in beta and gamma.", [(0, 1, 1), (0, 2, 1)]),
        ("Alpha and beta affect gamma.", [(0, 2, 0), (1, 2, 0)]),
        ("Alpha, beta and gamma rose together.", []),
        ("Beta is strongly influenced by alpha.", [(0, 1, 0)]),
        ("Beta depends on alpha; gamma results from beta.", [(0, 1, 0), (1, 2, 0)]),
        ("Because of alpha, beta fell.", [(0, 1, 0)]),
        ("As alpha grows, beta falls.", [(0, 1, -1)]),
        ("Beta falls as alpha declines.", [(0, 1, 1)]),
        ("Alpha has changed. This has increased the beta.", [(0, 1, 1)]),
        ("Alpha met gamma. This has increased the beta.", []),  # of two it may be either
        ("Alpha reduces beta, but gamma raises beta.", [(0, 1, -1), (2, 1, 1)]),
        ("Public alpha leads to beta, which reduces gamma.", [(0, 1, 1), (1, 2, -1)]),
        ("Alpha does not cause beta.", []),
        ("Contrary to belief, alpha never raises beta.", []),
        ("Alpha was not high, but beta raises gamma.", [(1, 2, 1)]),
        ("After alpha was cut, beta rose.", []),  # after is not because
        ("Alpha and beta moved in step.", []),
        ("Alpha -> beta", []),
    ],
)
def test_causal_words_and_their_direction(text, edges):
    assert read(text) == edges


def test_the_quote_is_what_says_so():
    text = "Nothing here. Alpha grew. This raises beta.\n\nGamma lowers beta."
    places = [(f.start, f.stop) for f in by_rules(text, ABC)]
    assert [text[a:b] for a, b in places] == ["Alpha grew. This raises beta.", "Gamma lowers beta."]


@pytest.mark.parametrize("templates", SENTENCES)
def test_sentences_of_the_world_are_read_as_their_level_says(templates):
    """Edges said by a known verb are read the right way round; stories, denials and what rose together are not."""
    unread = {"behind higher {b} stands {a} .", "behind lower {b} stands {a} ."}
    for level, both in SENTENCES[templates].items():
        for k, texts in enumerate(both):
            for text in filter(None, texts):
                found = read(text.format(a="alpha", b="beta"))
                if level == "story" or text in unread:
                    assert found == []
                else:
                    assert [f[:2] for f in found] == [(0, 1)]
                    assert found[0][2] in (0, (1, -1)[k])
    for text in (*TOGETHER, *DENIED[templates], *COMMON, *CO_MENTION):
        assert read(text.format(a="alpha", b="beta", c="the season")) == []


def test_a_baseline_that_reads_no_verb_takes_every_pair_of_a_sentence():
    assert [(f.cause, f.effect) for f in by_mention("Gamma and alpha. Beta, gamma, gamma.", ABC)] == [(2, 0), (1, 2)]


def test_variables_are_proposed_around_causal_verbs():
    text = "The prices of housing lower trust, and trust is reduced by a rise in the housing price. It causes harm."
    found = proposed(text)
    assert found is not None
    assert {normalised(name) for name in found.names} == {frozenset({"price", "housing"}), frozenset({"trust"})}
    assert proposed("Nothing of that kind.") is None


# -- names that are one ------------------------------------------------------------------------------------------------


def test_names_are_matched_one_to_one_as_brute_force_does():
    random = np.random.default_rng(0)
    words = ["price", "housing", "trust", "tax", "water", "use"]

    def names():
        return list(dict.fromkeys(" ".join(random.choice(words, 2, replace=False)) for _ in range(4)))

    def worth(a, b):
        common = len(normalised(a) & normalised(b)) / len(normalised(a) | normalised(b))
        return 3.0 if a == b else 2.0 if common == 1 else common if common >= 0.5 else 0.0

    for _ in range(40):
        true, found = names(), names()
        short, long = sorted((true, found), key=len)
        best = max(sum(worth(a, b) for a, b in zip(short, order, strict=False)) for order in permutations(long))
        same = matched(true, found)
        assert len(set(same.values())) == len(same)
        assert sum(worth(a, b) for b, a in same.items()) == pytest.approx(best)


def test_two_wordings_of_one_variable_count_once():
    assert matched(["price of bread"], ["bread prices", "prices of bread"]) in (
        {"bread prices": "price of bread"}, {"prices of bread": "price of bread"},
    )  # fmt: skip
    assert matched([], ["a"]) == matched(["a"], []) == {}


# -- scores ------------------------------------------------------------------------------------------------------------


@given(EDGES, EDGES)
def test_scores_are_those_of_the_matrices(true, found):
    pairs = [(a, b) for a in NAMES for b in NAMES if a != b]
    matrices = [[edge in edges for edge in pairs] for edges in (true, found)]
    score = edge_score(true, found)
    expected = f1_score(*matrices, zero_division=1.0)
    assert score.f1 == pytest.approx(expected)
    undirected = [networkx.Graph(list(edges)) for edges in (true, found)]
    sizes = [g.number_of_edges() for g in undirected]
    common = sum(undirected[1].has_edge(a, b) for a, b in undirected[0].edges)
    assert score.pairs == pytest.approx(2 * common / sum(sizes) if sum(sizes) else 1.0)


@given(EDGES, EDGES)
def test_without_loops_of_two_the_distance_is_that_of_graphs(true, found):
    true, found = ({e for e in edges if e < e[::-1] or e[::-1] not in edges} for edges in (true, found))
    graphs = [Graph(sorted(edges), nodes=NAMES) for edges in (true, found)]
    assert edge_score(true, found).shd == shd(*graphs)


def test_both_ways_round_are_half_right():
    assert edge_score([("a", "b")], [("a", "b"), ("b", "a")]).direction == 0.5
    assert edge_score([("a", "b")], [("b", "a")]).direction == 0.0
    assert edge_score([("a", "b")], [("c", "a")]).direction is None
    assert edge_score([], []).f1 == 1.0
    with pytest.raises(DataError, match="no text whose edges are known"):
        mean_score([])


def test_trivial_answers_get_what_was_measured_of_random_graphs():
    """Every ordered pair of 10 variables with 14 edges: precision 14/90, recall 1."""
    edges = ReportsWorld(nodes=10, edges=14).edges(ReportsWorld(nodes=10, edges=14).sample(50, seed=0))
    names = ReportsWorld(nodes=10, edges=14).nodes(ReportsWorld(nodes=10, edges=14).sample(50, seed=0))
    every = [edge_score(e, permutations(n, 2)) for e, n in zip(edges, names, strict=True)]
    expected = np.mean([2 * len(e) / (len(e) + 90) for e in edges])
    assert mean_score(every)["f1"] == pytest.approx(expected)
    both = [edge_score(e, [*e, *((b, a) for a, b in e)]) for e in edges]
    assert mean_score(both)["f1"] == pytest.approx(2 / 3)
    assert mean_score(both)["direction"] == 0.5


# -- what is kept of a text --------------------------------------------------------------------------------------------


def test_an_edge_that_is_said_twice_has_both_sentences_and_both_ways_stay_open():
    text = "Alpha raises beta. Beta is lowered by alpha. Beta affects alpha."
    found = merged(text, ABC.names, by_rules(text, ABC))
    assert found.edges == (("alpha", "beta"), ("beta", "alpha"))
    assert found.quotes[0] == ("Alpha raises beta.", "Beta is lowered by alpha.")
    assert found.support[0].sign == 0  # the sentences disagree
    assert found.both_ways == (("alpha", "beta"),)
    assert str(found.graph) == "alpha --- beta; gamma"
    assert type(found).from_json(found.to_json()) == found


@given(st.text(alphabet="ab. ", max_size=30), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=3))
def test_what_is_taken_out_takes_nothing_else_along(text, given_):
    places = [(min(a, b, len(text)), min(max(a, b), len(text))) for a, b in given_]
    left = without(text, places)
    kept = [c for k, c in enumerate(text) if not any(a <= k < b for a, b in places)]
    assert left.replace(" ", "") == "".join(kept).replace(" ", "")
    assert without(text, []) == text
