import numpy as np
import pytest

from aitia.data.table import Table
from aitia.errors import DataError, OptionError, UnknownVariableError
from aitia.graph import Knowledge
from aitia.systems.cd_nod.model import CDNOD
from aitia.systems.pc.model import PC
from aitia.worlds import ChainWorld, DriftWorld, HeterogeneousWorld, PairWorld


@pytest.fixture(scope="module")
def sites():
    """x -> y with a shifting x, and a z that no context touches: 20 sites of 30 rows."""
    rng = np.random.default_rng(0)
    site = np.repeat(np.arange(20), 30)
    z = rng.normal(size=600)
    x = rng.normal(size=20)[site] * 1.5 + z + 0.6 * rng.normal(size=600)
    y = np.tanh(x) * 2 + 0.6 * rng.normal(size=600)
    return Table.of({"x": x, "y": y, "z": z, "site": np.array([f"s{k:02d}" for k in site])})


@pytest.fixture(scope="module")
def found(sites):
    return CDNOD(test="kci").fit(sites, context="site")


def test_changes_point_the_way_where_pc_on_pooled_rows_has_no_arrow(sites, found):
    assert [c.variable for c in found.changing_] == ["x"]
    assert str(found.graph_) == "x --> y; z --> x"
    assert set(found.augmented_graph_.parents("x")) == {"site", "z"}
    assert found.changing_[0].p_value < 1e-4
    weakest = max((t for t in found.tests_ if {t.x, t.y} == {"x", "site"}), key=lambda t: t.p_value)
    assert (found.changing_[0].p_value, found.changing_[0].given) == (weakest.p_value, weakest.given)
    assert weakest.p_value > min(t.p_value for t in found.tests_ if {t.x, t.y} == {"x", "site"})
    assert not PC(test="kci").fit(sites.drop(["site"])).graph_.parents("y")


def test_the_driving_force_of_domains_has_one_value_a_site_and_follows_the_shift(sites, found):
    force = found.forces_["x"]
    assert list(force.context) == list(sites.categories("site"))
    assert force.parents == ("z",)
    code = sites.column("site").astype(int)
    left = sites.column("x") - sites.column("z")
    shift = np.array([left[code == k].mean() for k in range(20)])
    assert abs(np.corrcoef(force.curves.curves[0], shift)[0, 1]) > 0.9
    assert force.curves.shares[0] > 0.5
    assert (np.diff(force.curves.shares) <= 0).all()


def test_domain_labels_may_be_renamed_and_columns_permuted(sites, found):
    renamed = {name: sites.column(name) for name in ("y", "z", "x")}
    other = [f"clinic {(int(k) * 7) % 20}" for k in sites.column("site")]
    again = CDNOD(test="kci", phases=3).fit(Table.of({**renamed, "where": other}), context="where")
    assert again.graph_ == found.graph_


def test_two_unrelated_drifting_variables_are_linked_by_pooling_and_not_by_cd_nod():
    table = DriftWorld(world_seed=1).sample(300)
    found = CDNOD(test="kci").fit(table, context="time")
    assert not found.graph_.edges
    assert PC(test="kci").fit(table.drop(["time"])).graph_.has_edge("x", "y")
    assert {c.variable for c in found.changing_} == {"x", "y"}


def test_the_force_over_time_is_that_of_the_world():
    world = ChainWorld()
    table = world.sample(400, seed=1)
    found = CDNOD(test="kci").fit(table, context="time")
    assert found.graph_ == world.graph
    curves = found.forces_["x2"].curves
    assert max(abs(np.corrcoef(c, world.force("x2", curves.context))[0, 1]) for c in curves.curves[:2]) > 0.9


def test_independent_change_orients_a_pair_that_invariance_cannot():
    rng = np.random.default_rng(3)
    site = np.repeat(np.arange(40), 25)
    mean, scale, slope, shift = (
        rng.normal(size=40),
        rng.uniform(0.4, 1.2, 40),
        rng.uniform(0.3, 1.7, 40),
        rng.normal(size=40),
    )
    x = mean[site] + scale[site] * rng.normal(size=1000)
    y = slope[site] * np.tanh(x) + shift[site] + 0.4 * rng.normal(size=1000)
    table = Table.of({"y": y, "x": x, "site": [f"s{k}" for k in site]})
    two = CDNOD(test="kci", phases=2).fit(table, context="site")
    three = CDNOD(test="kci", phases=3).fit(table, context="site")
    assert str(two.graph_) == "y --- x"
    assert str(three.graph_) == "x --> y"
    this, other = three.couplings_["x", "y"]
    assert this < other
    assert "coupling" in three.orientation_reasons_["x", "y"]


def test_over_time_the_evidence_orients_a_pair_that_invariance_cannot():
    world = PairWorld(domains=0, world_seed=1001)
    table = world.sample(200, seed=0)
    two = CDNOD(test="kci", phases=2, context_kind="time").fit(table, context="time")
    three = CDNOD(test="kci", phases=3, context_kind="time").fit(table, context="time")
    assert str(two.graph_) == "x --- y"
    assert three.graph_ == world.graph
    edge = three.graph_.edges[0]
    assert three.evidence_[edge.left, edge.right] > 1
    assert "Bayes factor" in three.orientation_reasons_[edge.left, edge.right]
    known = Knowledge(forbidden=[(edge.left, edge.right)])
    ruled = CDNOD(test="kci", phases=3, context_kind="time", knowledge=known).fit(table, context="time")
    assert ruled.graph_.parents(edge.left) == (edge.right,)


def test_knowledge_overrules_independent_change(sites):
    known = Knowledge(forbidden=[("z", "x")])
    found = CDNOD(test="kci", phases=3, knowledge=known).fit(sites, context="site")
    assert "x" in found.graph_.parents("z")


def test_nothing_ever_causes_the_context():
    for seed in range(4):
        world = HeterogeneousWorld(world_seed=seed, variables=5)
        found = CDNOD(test="fisher-z", alpha=0.2).fit(world.sample(200), context="domain")
        assert not found.augmented_graph_.parents("domain")
        assert found.augmented_graph_.is_acyclic


def test_two_causes_that_change_with_the_context_and_are_independent_without_it_are_no_contradiction():
    """x - site - z with x, z apart and the site in no separating set would be a collider at any other variable."""
    rng = np.random.default_rng(0)
    site = np.repeat(np.arange(20), 20)
    x = np.where(site % 2, 1.5, -1.5) + rng.normal(size=400)
    z = np.where(site // 2 % 2, 1.5, -1.5) + rng.normal(size=400)
    found = CDNOD(test="kci", phases=2).fit({"x": x, "z": z, "site": [f"s{k}" for k in site]}, context="site")
    assert {c.variable for c in found.changing_} == {"x", "z"}
    assert found.skeleton_.separating_set("x", "z") == ()
    assert not found.graph_.edges
    assert not any("contradict" in warning for warning in found.warnings_)


def test_the_bootstrap_keeps_domains_together_and_jobs_change_nothing(sites):
    options = {"test": "fisher-z", "bootstrap": 4, "phases": 2}
    one = CDNOD(**options).fit(sites, context="site").edge_frequencies_
    assert one == CDNOD(**options, jobs=2).fit(sites, context="site").edge_frequencies_
    assert one.nodes == ("x", "y", "z")


def test_warnings_say_what_not_to_rely_on(sites):
    few = sites.take(np.flatnonzero(sites.column("site") < 4))
    few = Table.of({n: few.labels(n) for n in few.names})
    told = " ".join(CDNOD(test="fisher-z").fit(few, context="site").warnings_)
    assert "shift of the mean only" in told
    assert "With 4 domains" in told
    assert "independent given the time" in " ".join(
        CDNOD(test="kci", phases=2).fit(DriftWorld().sample(60), context="time").warnings_
    )


@pytest.mark.parametrize(
    ("context", "options", "error", "sentence"),
    [
        ("nowhere", {}, UnknownVariableError, "'nowhere' is not a variable of this table"),
        ("row", {"context_kind": "domain"}, DataError, "use context_kind='time'"),
        ("site", {"context_kind": "time"}, DataError, "holds labels such as 's00', not times"),
        ("one", {}, DataError, "has one value: nothing changes with it; use pc"),
    ],
)
def test_misuse_of_the_context_gets_one_sentence(sites, context, options, error, sentence):
    table = sites.with_columns({"row": np.arange(600.0), "one": np.ones(600)})
    with pytest.raises(error, match=sentence):
        CDNOD(**options).fit(table, context=context)


def test_bad_options_are_refused():
    for options, sentence in [
        ({"context_kind": "space"}, "context_kind is"),
        ({"phases": 1}, "phases is 2, 3 or 4"),
        ({"time_width": 0.0}, "time_width is positive"),
    ]:
        with pytest.raises(OptionError, match=sentence):
            CDNOD(**options)


def test_missing_values_are_deleted_test_by_test_but_never_in_the_context(sites):
    gaps = sites.column("z").copy()
    gaps[::10] = np.nan
    holed = sites.with_columns({"z": gaps})
    assert CDNOD(test="kci", missing="testwise").fit(holed, context="site").graph_.has_edge("x", "y")
    labels = sites.labels("site").copy()
    labels[0] = None
    with pytest.raises(DataError, match="the context must be known"):
        CDNOD(missing="testwise").fit(sites.with_columns({"site": labels}), context="site")


@pytest.mark.filterwarnings("ignore")
def test_the_skeleton_is_that_of_causal_learn_under_the_same_rules():
    cdnod = pytest.importorskip("causallearn.search.ConstraintBased.CDNOD").cdnod
    from contextlib import redirect_stderr
    from io import StringIO

    world = HeterogeneousWorld(world_seed=2, variables=4)
    table = world.sample(150)
    variables = list(world.graph.nodes)
    with redirect_stderr(StringIO()):
        theirs = cdnod(table.matrix(variables), table.column("domain")[:, None], 0.05, "kci", True, 0, 2)
    numeric = table.with_columns({"domain": table.column("domain")}, kinds={"domain": "number"})
    ours = PC(test="kci").fit(numeric.select((*variables, "domain")))
    assert ((theirs.G.graph != 0) == (ours.skeleton_.graph.adjacency != 0)).all()
