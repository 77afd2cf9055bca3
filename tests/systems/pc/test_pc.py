import numpy as np
import pytest

from aitia.data.table import Table
from aitia.errors import DataError, GraphError, OptionError
from aitia.graph import Graph, Knowledge, cpdag
from aitia.graph.formats import from_causallearn
from aitia.runs import RunStore
from aitia.systems.pc.model import PC


def chain(n=600, seed=0):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n)
    b = a + 0.7 * rng.normal(size=n)
    c = rng.normal(size=n)
    d = b + c + 0.7 * rng.normal(size=n)
    return Table.of({"a": a, "b": b, "c": c, "d": d})


TRUE = cpdag(Graph("a -> b -> d <- c"))


@pytest.mark.parametrize("options", [{"test": "fisher-z"}, {"test": "kci"}, {"test": "rcit"}, {"record": "all"}, {}])
def test_the_graph_is_found_with_every_test(options):
    assert PC(alpha=0.01, **options).fit(chain()).graph_ == TRUE


@pytest.mark.parametrize(("nodes", "seed"), [(15, 0), (30, 1), (50, 50)])
@pytest.mark.filterwarnings("ignore")
def test_the_skeleton_is_that_of_causal_learn(nodes, seed):
    pc = pytest.importorskip("causallearn.search.ConstraintBased.PC").pc
    rng = np.random.default_rng(seed)
    weights = np.triu(rng.random((nodes, nodes)) < 3 / nodes, 1) * rng.uniform(0.5, 0.9, (nodes, nodes))
    x = np.zeros((1000, nodes))
    for j in range(nodes):
        x[:, j] = x @ weights[:, j] + rng.standard_normal(1000)
    x = x[:, rng.permutation(nodes)]
    theirs = from_causallearn(pc(x, 0.01, "fisherz", True, 0, 2, show_progress=False).G.graph, Table.of(x).names)
    ours = PC(alpha=0.01, test="fisher-z").fit(x)
    assert ours.skeleton_.graph == theirs.skeleton()


def test_the_order_of_columns_does_not_change_the_skeleton_and_names_survive():
    table = chain()
    found = PC(test="fisher-z").fit(table.select(["d", "c", "a", "b"])).graph_
    assert found.skeleton() == PC(test="fisher-z").fit(table).graph_.skeleton()
    assert found.nodes == ("d", "c", "a", "b")


@pytest.mark.parametrize("kind", ["pandas", "polars", "numpy", "mapping"])
def test_any_kind_of_table_is_read(kind):
    table = chain()
    if kind == "pandas":
        data = table.to_pandas()
    elif kind == "polars":
        data = pytest.importorskip("polars").DataFrame({n: table.column(n) for n in table.names})
    elif kind == "numpy":
        data = table.matrix()
    else:
        data = {n: table.column(n).tolist() for n in table.names}
    found = PC(test="fisher-z", alpha=0.01).fit(data).graph_
    assert found == (TRUE if kind != "numpy" else TRUE.rename(dict(zip("abcd", ["x0", "x1", "x2", "x3"], strict=True))))


def test_knowledge_orients_what_the_data_leave_open_and_is_checked():
    known = Knowledge(tiers=[["a"], ["*"]])
    assert PC(test="fisher-z", alpha=0.01, knowledge=known).fit(chain()).graph_.parents("b") == ("a",)
    with pytest.raises(GraphError, match="'age' is not a variable"):
        PC(knowledge=Knowledge(tiers=[["age"]])).fit(chain())


def test_missing_values_are_refused_or_deleted_test_by_test():
    table = chain(900)
    gaps = table.column("a").copy()
    gaps[:100] = np.nan
    holed = table.with_columns({"a": gaps})
    with pytest.raises(DataError, match="a \\(100 of 900\\)"):
        PC().fit(holed)
    found = PC(missing="testwise", test="fisher-z", alpha=0.01).fit(holed)
    assert found.graph_ == TRUE
    assert any("Values are missing in a" in w for w in found.warnings_)


def test_the_bootstrap_counts_edges_and_neither_jobs_nor_a_stop_change_it():
    table, store = chain(200), {}
    options = {"test": "fisher-z", "bootstrap": 6, "seed": 3}
    one = PC(**options).fit(table).edge_frequencies_
    two = PC(**options, jobs=2).fit(table, run=RunStore(journal=lambda name: store)).edge_frequencies_
    assert one == two
    for key in [k for k in store if "bootstrap" in k][:3]:
        del store[key]
    assert PC(**options).fit(table, run=RunStore(journal=lambda name: store)).edge_frequencies_ == one
    assert one.graphs == 6
    assert 0.5 < one.share("a", "b") <= 1
    assert one.directed("a", "b") + one.directed("b", "a") <= one.share("a", "b")


def test_every_edge_has_the_weakest_test_that_it_survived_and_arrows_have_reasons():
    found = PC(test="fisher-z", alpha=0.01).fit(chain())
    survived = [t for t in found.tests_ if found.graph_.has_edge(t.x, t.y)]
    assert {frozenset((t.x, t.y)) for t in survived} == {frozenset("ab"), frozenset("bd"), frozenset("cd")}
    assert all(t.p_value <= 0.01 for t in survived)
    assert found.orientation_reasons_["c", "d"] == "b and c are most independent given nothing, without d"


def test_parameters_can_be_read_and_bad_ones_are_refused():
    assert PC(alpha=0.1).get_params()["alpha"] == 0.1
    for options, sentence in [
        ({"alpha": 0.0}, "alpha lies between"),
        ({"max_depth": -1}, "max_depth is 0 or more"),
        ({"bootstrap": 0}, "at least one sample"),
        ({"colliders": "vote"}, "colliders is one of"),
        ({"jobs": 0}, "jobs is 1 or more"),
    ]:
        with pytest.raises(OptionError, match=sentence):
            PC(**options)


def test_a_limit_on_the_set_size_is_told():
    rng = np.random.default_rng(0)
    common = rng.normal(size=(400, 1))
    found = PC(test="fisher-z", max_depth=0).fit(common + 0.5 * rng.normal(size=(400, 5)))
    assert any("max_depth" in w for w in found.warnings_)


def test_fit_twice_gives_the_same_and_leaves_the_data_alone():
    table = chain()
    before = table.hash()
    learner = PC(test="kci", max_depth=1)
    assert learner.fit(table).graph_ == learner.fit(table).graph_
    assert table.hash() == before
