"""Local scores beside least squares, pgmpy and brute force; equivalent graphs score alike."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia.data.table import Table
from aitia.errors import DataError, OptionError, UnknownVariableError
from aitia.graph import Graph, markov_equivalence_class
from aitia.stats.independence.ranks import normal_scores
from aitia.stats.search import compiling
from aitia.stats.search._score_kernel import fewer_lines
from aitia.stats.search.scores import LocalScore, choose_score


def numbers(n, p, seed):
    rng = np.random.default_rng(seed)
    return Table.of(rng.normal(size=(n, p)) @ rng.normal(size=(p, p)))


def labels(n, p, seed, levels=3):
    """Dependent labels."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, levels, (n, p))
    for j in range(1, p):
        x[:, j] = np.where(rng.random(n) < 0.6, x[:, j - 1], x[:, j])
    return Table.of({f"x{j}": np.array([f"v{v}" for v in x[:, j]], object) for j in range(p)})


def mixed(n, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, n))
    site = np.array(["s", "t", "u"], object)[rng.integers(0, 3, n)]
    kind = np.where(a + rng.normal(size=n) > 0, "yes", "no").astype(object)
    return Table.of({"a": a, "b": b + a, "site": site, "kind": kind})


@given(seed=st.integers(0, 2**16), size=st.integers(0, 4), penalty=st.floats(0.2, 5))
def test_bic_of_numbers_is_that_of_least_squares(seed, size, penalty):
    table = numbers(60, 5, seed)
    parents = table.names[1 : 1 + size]
    y = table.column("x0")
    x = np.column_stack([np.ones(60), *(table.column(name) for name in parents)])
    left = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    wanted = -30 * (np.log(2 * np.pi * left.var()) + 1) - penalty / 2 * np.log(60) * (size + 2)
    assert LocalScore(table, "bic", penalty=penalty).of("x0", parents) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("parents", [(), ("x1",), ("x1", "x3"), ("x1", "x2", "x3")])
@pytest.mark.parametrize("prior", [1.0, 10.0])
def test_bdeu_and_bic_of_labels_are_those_of_pgmpy(parents, prior):
    structure = pytest.importorskip("pgmpy.structure_score")
    table = labels(200, 4, 1)
    frame = table.to_pandas().astype(str)
    theirs = structure.BDeu(frame, equivalent_sample_size=prior).local_score("x0", parents)
    assert LocalScore(table, "bdeu", prior=prior).of("x0", parents) == pytest.approx(theirs, abs=1e-8)
    theirs = structure.BIC(frame).local_score("x0", parents)
    assert LocalScore(table, "bic").of("x0", parents) == pytest.approx(theirs, abs=1e-8)


@given(seed=st.integers(0, 2**16), prior=st.floats(0.5, 10), expected=st.floats(0.2, 2))
@settings(max_examples=20, deadline=None)
def test_bdeu_with_a_prior_of_sparse_graphs_differs_between_graphs_as_that_of_causal_learn(seed, prior, expected):
    peer = pytest.importorskip("causallearn.score.LocalScoreFunction")
    table = labels(150, 6, seed)
    codes = np.column_stack([table.column(name) for name in table.names])
    given_ = {"sample_prior": prior, "structure_prior": expected, "r_i_map": dict.fromkeys(range(6), 3)}
    score = LocalScore(table, "bdeu", prior=prior, structure_prior=expected)
    for parents in ((1,), (2, 4), (1, 3, 5)):
        theirs = peer.local_score_BDeu(codes, 0, [*parents], given_) - peer.local_score_BDeu(codes, 0, [], given_)
        ours = score.of("x0", [f"x{k}" for k in parents]) - score.of("x0")
        assert ours == pytest.approx(theirs, abs=1e-6)


def test_no_edge_is_worth_more_beforehand_than_none():
    for p in (2, 3, 5):
        table = labels(60, p, 0)
        free, dense = LocalScore(table, "bdeu"), LocalScore(table, "bdeu", structure_prior=max(1.0, (p - 1) / 2))
        assert dense.of("x0", ["x1"]) == free.of("x0", ["x1"])


@given(seed=st.integers(0, 2**16))
def test_the_score_of_ranks_is_that_of_the_normal_scores_and_no_increasing_change_moves_it(seed):
    table = numbers(80, 3, seed)
    cut = {name: np.digitize(table.column(name), [-1.0, 0.5]) for name in ("x1", "x2")}
    columns = {"x0": table.column("x0"), **cut}
    kinds = {"x1": "ordinal", "x2": "ordinal"}
    score = LocalScore(Table.of(columns, kinds=kinds), "ranks", penalty=2)
    changed = {"x0": np.exp(columns["x0"]), "x1": 10 * columns["x1"] - 3, "x2": columns["x2"] ** 3}
    again = LocalScore(Table.of(changed, kinds=kinds), "ranks", penalty=2)
    plain = LocalScore(Table.of({name: normal_scores(np.asarray(v, float)) for name, v in columns.items()},
                                kinds=dict.fromkeys(columns, "number")), "bic", penalty=2)  # fmt: skip
    for parents in ((), ("x1",), ("x1", "x2")):
        assert score.of("x0", parents) == pytest.approx(plain.of("x0", parents), abs=1e-9)
        assert score.of("x0", parents) == pytest.approx(again.of("x0", parents), abs=1e-9)


def test_the_degenerate_gaussian_score_is_the_gaussian_one_of_the_indicators():
    table = mixed(300, 0)
    score = LocalScore(table, "degenerate-gaussian")
    codes = table.column("site")
    columns = {"t": (codes == 1).astype(float), "u": (codes == 2).astype(float)}
    both = np.column_stack([*columns.values(), table.column("a")])
    # log det of the covariance of (site, a) is that of a, and that of site given a
    gain = score.of("site", ["a"]) - score.of("site")
    joint = np.linalg.slogdet(np.cov(both.T, ddof=0))[1]
    apart = np.linalg.slogdet(np.cov(both[:, :2].T, ddof=0))[1] + np.log(both[:, 2].var())
    assert gain == pytest.approx(-150 * (joint - apart) - np.log(300) / 2 * 2, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("bic", numbers(80, 5, 3)),
        ("bic", labels(150, 5, 3, 2)),
        ("bdeu", labels(150, 5, 4)),
        ("degenerate-gaussian", mixed(150, 5)),
    ],
)
def test_equivalent_graphs_have_the_same_score(name, table):
    score = LocalScore(table, name, penalty=1.7, prior=2.5, structure_prior=0.7)
    rng = np.random.default_rng(0)
    p = len(table.names)
    for _ in range(12):
        edges = np.triu(rng.random((p, p)) < 0.5, 1)
        order = rng.permutation(p)
        dag = Graph.from_adjacency(edges[np.ix_(order, order)], table.names)
        scores = [score.graph(other) for other in markov_equivalence_class(dag)]
        assert np.ptp(scores) < 1e-7


@given(seed=st.integers(0, 2**16))
@settings(max_examples=20)
def test_order_of_rows_and_columns_names_of_labels_and_scale_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    table = mixed(100, seed)
    score = LocalScore(table, "degenerate-gaussian")
    turned = {"s": "z", "t": "m", "u": "b"}
    other = Table.of(
        {
            "site": np.array([turned[v] for v in table.labels("site")], object),
            "kind": table.labels("kind"),
            "b": table.column("b") * 10 - 3,
            "a": table.column("a"),
        }
    ).take(rng.permutation(100))
    again = LocalScore(other, "degenerate-gaussian")
    for size in range(3):
        for parents in combinations(("a", "kind", "b"), size):
            gain = score.of("site", parents) - score.of("site")
            assert again.of("site", parents) - again.of("site") == pytest.approx(gain, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "table"),
    [("bic", numbers(90, 6, 1)), ("bdeu", labels(120, 6, 1)), ("bic", labels(120, 6, 2)),
     ("degenerate-gaussian", mixed(100, 1))],
)  # fmt: skip
def test_to_grow_a_set_gives_the_scores_of_the_larger_sets_plain_and_compiled(name, table):
    score = LocalScore(table, name, structure_prior=1)
    p = len(table.names)
    for kernels in (compiling._plain(), compiling._compiled()):
        for y in range(p):
            for parents in ([], [(y + 1) % p], [(y + 1) % p, (y + 2) % p]):
                given_ = np.array(parents, np.int64)
                wanted = np.array([z != y and z not in parents for z in range(p)])
                out = np.zeros(p)
                kernels.grow(score.data, y, given_, len(parents), wanted, out, -np.inf)
                full = {z: score(y, sum(1 << k for k in parents) | 1 << int(z)) for z in np.flatnonzero(wanted)}
                assert {z: out[z] for z in full} == pytest.approx(full, abs=1e-8)
                least = float(np.median(list(full.values())))
                kernels.grow(score.data, y, given_, len(parents), wanted, out, least)
                assert all(out[z] == pytest.approx(value, abs=1e-8) for z, value in full.items() if value > least)
                assert all(out[z] <= least + 1e-8 for z, value in full.items() if value <= least)


@given(seed=st.integers(0, 2**16), fixed=st.integers(0, 2), twin=st.booleans())
@settings(max_examples=40)
def test_parents_go_as_scores_computed_one_at_a_time_say(seed, fixed, twin):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(60, 6)) @ rng.normal(size=(6, 6))
    if twin:  # columns that are nearly functions of each other are left to the other way
        x[:, 1] = x[:, 2] + 1e-4 * rng.normal(size=60)
    score = LocalScore(Table.of(x), "bic", penalty=2)
    parents = rng.permutation(np.arange(1, 6))
    given_ = parents.astype(np.int64)
    before = score(0, sum(1 << int(k) for k in parents))
    kept, value = fewer_lines(score.data, 0, given_, 5, fixed, before, 1e-6)
    if kept < 0:
        assert given_.tolist() == parents.tolist()
        return
    assert not twin
    left, best = parents.tolist(), before
    while True:
        further = {e: score(0, sum(1 << k for k in left if k != e)) for e in left if e not in parents[:fixed]}
        worst = max(further, key=lambda e: further[e], default=None)
        if worst is None or further[worst] <= best + 1e-6:
            break
        best = further[worst]
        left.remove(worst)
    assert given_[:kept].tolist() == left
    assert value == pytest.approx(best, abs=1e-6)


def test_a_wide_table_of_labels_counts_its_distinct_rows():
    table = labels(300, 45, 0, 3)  # 3^45 possible rows pass what an integer holds
    score = LocalScore(table, "bdeu")
    assert score.data.weights.sum() == 300
    few = LocalScore(table.select(table.names[:3]), "bdeu")
    assert score.of("x0", ["x1", "x2"]) == pytest.approx(few.of("x0", ["x1", "x2"]), abs=1e-9)


def test_the_score_follows_the_kinds_of_the_columns():
    assert choose_score(numbers(20, 3, 0))[0] == "bic"
    assert choose_score(labels(20, 3, 0))[0] == "bdeu"
    assert choose_score(mixed(20, 0))[0] == "degenerate-gaussian"


def test_labels_with_an_order_are_scored_by_ranks_or_it_is_said_that_the_order_is_not_used():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 400))
    age = np.digitize(a, [-1, 0, 1])
    likes, hill = np.digitize(a + b, [-1, 0, 1]), np.digitize(a**2 + 0.3 * b, [0.5, 1, 2])
    town = np.array(["n", "s", "w"], object)[rng.integers(0, 3, 400)]
    two = np.where(b > 0, "y", "n").astype(object)

    def read(columns):
        return Table.of(columns, kinds={name: "ordinal" for name in columns if name in ("age", "likes", "hill")})

    assert choose_score(read({"age": age, "likes": likes, "b": b}))[1].startswith("Score ranks: 'age' holds")
    assert choose_score(read({"age": age, "two": two}))[0] == "ranks"
    for columns, wanted, why in (
        ({"age": age, "town": town}, "bdeu", "The order of age is not used: town has none."),
        ({"age": age, "town": town, "b": b}, "degenerate-gaussian", "The order of age is not used: town has none."),
        ({"age": age, "hill": hill}, "bdeu", "The order of age, hill is not used: "),
    ):
        name, told = choose_score(read(columns))
        assert name == wanted
        assert why in told
    with pytest.raises(DataError, match="labels without one, or vectors, in town: take"):
        LocalScore(read({"age": age, "town": town}), "ranks")


def test_what_no_score_can_be_made_of_is_refused_in_a_sentence():
    gap = Table.of({"a": [1.5, np.nan, 2.5, 3.5], "b": [1.5, 2.5, 0.5, 3.5]})
    flat = Table.of({"a": [1.5, 1.5, 1.5], "b": [0.5, 1.5, 3.5]}, kinds={"a": "number", "b": "number"})
    same = Table.of({"a": np.array(["x"] * 4, object), "b": np.array(["x", "y"] * 2, object)})
    for table, name, told in (
        (gap, "bic", "values are missing in a"),
        (flat, "bic", "'a': every row has the same value"),
        (same, "bdeu", "'a': every row has the same value"),
        (numbers(20, 2, 0), "bdeu", "there are numbers in x0, x1: take degenerate-gaussian"),
        (mixed(20, 0), "bic", "there are labels in .* and numbers in .*: take degenerate-gaussian"),
    ):
        with pytest.raises(DataError, match=told):
            LocalScore(table, name)
    for options, told in (
        ({"name": "aic"}, "one of bic, bdeu, ranks, degenerate-gaussian"),
        ({"name": "bic", "penalty": 0.0}, "penalty of a score is above 0"),
        ({"name": "bic", "prior": -1.0}, "prior sample size is above 0"),
        ({"name": "bdeu", "structure_prior": 0.0}, "structure prior is above 0"),
    ):
        with pytest.raises(OptionError, match=told):
            LocalScore(numbers(20, 2, 0), **options)
    with pytest.raises(UnknownVariableError, match="Did you mean 'x0'"):
        LocalScore(numbers(20, 2, 0), "bic").of("x00")


def test_a_label_of_one_value_in_these_rows_is_joined_to_nothing_and_costs_nothing():
    """As in half of the rows; it has no indicator, last or not."""
    table = mixed(150, 1)
    score = LocalScore(table, "degenerate-gaussian")
    for names in (("only", *table.names), (*table.names, "only")):
        one = LocalScore(
            Table.of({**{n: table.labels(n) for n in table.names}, "only": ["a"] * 150}).select(names),
            "degenerate-gaussian",
        )
        for name in table.names:
            assert one.of(name) == pytest.approx(score.of(name), rel=1e-12)
            assert one.of(name, ["only"]) == pytest.approx(score.of(name), rel=1e-12)
