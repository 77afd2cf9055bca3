"""Dense graphs, in which tests of partial correlation find too few edges: where arrows start, and what that gives."""

from math import log

import numpy as np
import pytest
from scipy import stats

from aitia.data.table import Table
from aitia.graph import Graph, Knowledge, apply, consistent_extension, cpdag, shd
from aitia.graph.bits import bits
from aitia.graph.formats import from_causallearn
from aitia.stats.search.likelihood import GaussianScore
from aitia.stats.search.order_start import order_start
from aitia.systems.pc import PC

BEYOND_DOUBT = log(1000)


def dense(seed, nodes=10, edges=28, n=1000):
    """Columns in random order, weights of +-U(.3, 1.2); and the graph."""
    rng = np.random.default_rng([seed, nodes, edges])
    pairs = [(i, j) for j in range(nodes) for i in range(j)]
    x = rng.normal(size=(n, nodes)) * rng.uniform(0.7, 1.5, nodes)
    arrows = []
    for i, j in sorted((pairs[k] for k in rng.choice(len(pairs), edges, replace=False)), key=lambda pair: pair[1]):
        x[:, j] += x[:, i] * rng.uniform(0.3, 1.2) * rng.choice([-1, 1])
        arrows.append((f"v{i}", f"v{j}"))
    order = rng.permutation(nodes)
    return Table.of({f"v{k}": x[:, k] for k in order}), Graph(arrows, [f"v{k}" for k in order])


def skeleton(table):
    return PC(test="fisher-z").fit(table).skeleton_.adjacent


def started(table, allowed=None, banned=None, max_depth=99):
    p = len(table.names)
    score = GaussianScore(np.corrcoef(table.matrix().T), table.n)
    everyone = [(1 << p) - 1 ^ 1 << i for i in range(p)]
    banned = np.zeros((p, p), bool) if banned is None else banned
    tested = skeleton(table)
    return tested, order_start(score, table.names, tested, allowed or everyone, banned, 0.05, max_depth, range(p))


def left_over(x, y, given):
    """What lines in `given` leave of the variance of a column."""
    design = np.column_stack([np.ones(len(x)), x[:, given]])
    return np.var(x[:, y] - design @ np.linalg.lstsq(design, x[:, y], rcond=None)[0])


def rests(x, y, given):
    design = np.column_stack([np.ones(len(x)), x[:, given]])
    return x[:, y] - design @ np.linalg.lstsq(design, x[:, y], rcond=None)[0]


def test_edges_come_back_beyond_doubt_and_go_where_the_test_says_so():
    came = went = 0
    for seed in range(6):
        table, _ = dense(seed)
        x = table.matrix()
        tested, start = started(table)
        for (i, j), (given, gain) in start.came.items():
            assert not tested[i] >> j & 1
            assert start.adjacent[i] >> j & 1
            y = j if start.parents[j] >> i & 1 else i
            held = list(bits(given))
            ratio = left_over(x, y, held) / left_over(x, y, [*held, i + j - y])
            assert gain == pytest.approx(table.n / 2 * log(ratio) - log(table.n) / 2)
            assert gain > BEYOND_DOUBT
        for (i, j), (given, p_value) in start.went.items():
            assert tested[i] >> j & 1
            assert not start.adjacent[i] >> j & 1
            held = list(bits(given))
            r = np.corrcoef(rests(x, i, held), rests(x, j, held))[0, 1]
            z = np.arctanh(r) * np.sqrt(table.n - len(held) - 3)
            assert p_value == pytest.approx(2 * stats.norm.sf(abs(z)), abs=1e-9)
            assert p_value > 0.05
        came, went = came + len(start.came), went + len(start.went)
    assert came > 30
    assert went > 3


def test_no_test_is_put_beyond_the_depth_and_no_pair_comes_back_that_may_not():
    table, _ = dense(1)
    _, start = started(table, max_depth=0)
    assert all(given == 0 for given, _ in start.went.values())
    _, start = started(table, allowed=[0] * len(table.names))
    assert not start.came


def test_what_is_known_is_obeyed_and_a_circle_of_it_leaves_no_order():
    table, _ = dense(2)
    p = len(table.names)
    banned = np.zeros((p, p), bool)
    banned[5:, :5] = True  # a later tier causes none of an earlier one
    tested, start = started(table, banned=banned)
    assert all(not start.parents[y] >> 5 for y in range(5))
    kept = [(i, j) for i in range(5) for j in range(5, p) if tested[i] >> j & 1]
    assert kept
    assert all(start.parents[j] >> i & 1 for i, j in kept)
    circle = np.zeros((p, p), bool)
    circle[[0, 1, 2], [1, 2, 0]] = True
    assert started(table, banned=circle)[1] is None


def test_columns_that_tie_leave_no_order():
    score = GaussianScore(np.full((4, 4), 0.5) + 0.5 * np.eye(4), 200)
    everyone = [15 ^ 1 << i for i in range(4)]
    assert order_start(score, "abcd", everyone, everyone, np.zeros((4, 4), bool), 0.05, 9, range(4)) is None


@pytest.mark.parametrize(("nodes", "edges"), [(8, 22), (12, 36)])
def test_the_order_of_columns_and_rows_changes_no_dense_graph(nodes, edges):
    rng = np.random.default_rng(0)
    for seed in range(4):
        table, _ = dense(seed, nodes, edges, 500)
        found = PC(test="fisher-z").fit(table).graph_
        assert cpdag(consistent_extension(found)) == found
        for _ in range(3):
            names, rows = rng.permutation(table.names), rng.permutation(table.n)
            other = Table.of({name: 2.5 * table.column(name)[rows] for name in names})
            assert PC(test="fisher-z").fit(other).graph_ == found


@pytest.mark.filterwarnings("ignore")
def test_dense_graphs_are_nearer_to_the_truth_than_by_any_rule_of_causal_learn():
    pytest.importorskip("causallearn")
    from causallearn.utils.cit import CIT
    from causallearn.utils.PCUtils import Meek, SkeletonDiscovery, UCSepset

    ours, theirs = 0, {}
    for seed in range(4):
        table, graph = dense(seed, 12, 38)
        names, true = table.names, cpdag(graph)
        ours += shd(true, PC(test="fisher-z").fit(table).graph_)
        x = np.ascontiguousarray(table.matrix())
        found = SkeletonDiscovery.skeleton_discovery(
            x, 0.05, CIT(x, "fisherz"), True, show_progress=False, node_names=list(names)
        )
        for rule in (UCSepset.uc_sepset, UCSepset.maxp):
            for priority in range(5):
                peer = from_causallearn(Meek.meek(rule(found, priority)).G.graph, names)
                key = rule, priority
                theirs[key] = theirs.get(key, 0) + shd(true, peer)
    assert 2 * ours < min(theirs.values())


def test_edges_that_went_are_named_kept_and_stated_as_independences(tmp_path):
    table = next(table for table, _ in map(dense, range(20)) if PC(test="fisher-z").fit(table).separated_)
    found = PC(test="fisher-z").fit(table)
    told = next(w for w in found.warnings_ if w.startswith("Edges went because a test takes their ends apart"))
    for a, b, *given in found.separated_:
        assert found.skeleton_.graph.has_edge(a, b)
        assert not found.graph_.has_edge(a, b)
        assert found._test_of(table)(a, b, given).p_value > 0.05
    assert f"{found.separated_[0][0]} and {found.separated_[0][1]} given " in told
    pairs = len(table.names) * (len(table.names) - 1) / 2
    assert found.upheld(table)["found"] >= 1 - len(found.mended_) / pairs  # a test took those apart given what it tried
    found.save_pretrained(tmp_path / "model")
    assert PC.from_pretrained(tmp_path / "model").separated_ == found.separated_


def test_under_tiers_a_dense_graph_is_that_of_the_members_that_obey_them():
    for seed in range(4):
        table, _ = dense(seed)
        tiers = [[f"v{k}" for k in range(start, start + 5)] for start in (0, 5)]
        known = Knowledge(tiers=tiers, required=[("v0", "v9")])
        found = PC(test="fisher-z", knowledge=known, bootstrap=3).fit(table)
        member = consistent_extension(found.graph_)
        assert apply(cpdag(member), known) == found.graph_
        assert found.graph_.has_edge("v0", "v9")
        for a, b, *_ in found.separated_:
            assert not found.graph_.has_edge(a, b)
