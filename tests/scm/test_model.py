"""Laws of every SCM, numbers known by hand, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitia.data.table import Table
from aitia.do import Categorical, Intervention, Normal, Scale, Shift, Uniform, check, counterfactual, do, effect
from aitia.errors import DataError, GraphError, InterventionError, OptionError, UnknownVariableError
from aitia.graph.graph import Graph
from aitia.scm import (
    SCM,
    Function,
    Linear,
    TableMechanism,
    model,
    random_dag,
    random_discrete_scm,
    random_linear_scm,
    random_nonlinear_scm,
)

SEEDS = st.integers(0, 2**32 - 1)
FAMILIES = st.sampled_from([random_linear_scm, random_discrete_scm, random_nonlinear_scm])


def same(a: Table, b: Table) -> bool:
    return all(np.allclose(a.column(v), b.column(v), rtol=1e-9, atol=1e-9) for v in a.names)


def test_every_law_holds_with_every_kind_of_mechanism(mixed):
    laws = check(mixed, n=500)
    assert laws.holds, str(laws)
    assert all(law.holds for law in laws)


def test_every_law_holds_in_a_system_already_intervened_on(mixed):
    laws = check(do(mixed, "dose=Normal(1, 2), site=Categorical({north: 0.5, west: 0.5}), risk=shift(1)"), n=500)
    assert laws.holds, str(laws)


@given(make=FAMILIES, seed=st.integers(0, 1000))
def test_every_law_holds_in_random_systems(make, seed):
    laws = check(make(random_dag(4, 2, seed=seed), seed=seed), n=100, seed=seed)
    assert laws.holds, str(laws)


class Conditions(SCM):
    """The mutation: do silently conditions, by keeping rows of the untouched system that fit."""

    def sample(self, n, *, seed=0):
        if not self.intervention:
            return super().sample(n, seed=seed)
        rows = self.observational.sample(40 * n, seed=seed)
        for name, action in self.intervention.items():
            if self.categories(name):
                fits = rows.labels(name) == action.value
                rows = rows.take(fits) if fits.any() else rows
            else:
                rows = rows.take(np.argsort(np.abs(rows.column(name) - action.value))[: max(2, rows.n // 40)])
        return rows.take(np.resize(np.arange(rows.n), n))


@pytest.mark.parametrize("discrete", [False, True])
def test_a_do_that_silently_conditions_is_caught(discrete):
    graph = Graph("c -> x; c -> y; x -> y")
    if discrete:
        tables = {"c": [0.5, 0.5], "x": [[0.9, 0.1], [0.2, 0.8]], "y": [[[0.9, 0.1]] * 2, [[0.2, 0.8]] * 2]}
        honest, mutant = (kind.from_tables(graph, tables) for kind in (SCM, Conditions))
    else:
        lines = {"c": Linear(), "x": Linear(("c",), [1.0]), "y": Linear(("c", "x"), [1.0, 1.0])}
        honest, mutant = SCM(graph, lines), Conditions(graph, lines)
    assert check(honest).holds
    laws = check(mutant)
    assert laws["do is not conditioning"].holds is False, str(laws)
    assert laws["non-descendants stay put"].holds is False


@given(seed=SEEDS)
def test_a_seed_draws_the_same_noise_whatever_do_holds_fixed_and_however_many_rows(seed):
    scm = random_linear_scm(random_dag(4, 3, seed=1))
    rows, fewer = scm.sample(8, seed=seed), scm.sample(5, seed=seed)
    assert same(rows.take(np.arange(5)), fewer)
    held = do(scm, x1=Normal(0, 1), x2=3)
    assert same(scm.counterfactual(rows, Intervention(x2=3)), do(scm, x2=3).sample(8, seed=seed))
    assert same(held.counterfactual(held.sample(8, seed=seed), Intervention()), held.sample(8, seed=seed))


def test_noise_belongs_to_names_not_to_positions(mixed):
    back = SCM(
        mixed.graph.reorder(mixed.graph.nodes[::-1]),
        mixed.mechanisms,
        categories={"site": mixed.categories("site"), "ill": mixed.categories("ill")},
    )
    assert same(mixed.sample(50, seed=1), back.sample(50, seed=1))
    assert back.sample(5).names == mixed.graph.nodes[::-1]


def test_the_global_random_state_and_the_inputs_are_left_alone(mixed):
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    rows = mixed.sample(20, seed=0)
    before = rows.hash()
    counterfactual(mixed, rows, dose=1)
    do(mixed, dose=Uniform(0, 1)).sample(5)
    assert rows.hash() == before
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002
    table = np.array([0.5, 0.5])
    mechanism = TableMechanism((), table)
    table[0] = 9
    assert mechanism.table.tolist() == [0.5, 0.5]


def test_soft_actions_keep_the_causes_and_hard_ones_cut_them():
    scm = SCM(Graph("x -> y -> z"), {"x": Linear(), "y": Linear(("x",), [2.0]), "z": Linear(("y",), [1.0])})
    plain = scm.sample(10)
    shifted, scaled = do(scm, y=Shift(1)).sample(10), do(scm, y=Scale(3)).sample(10)
    assert np.allclose(shifted.column("y"), plain.column("y") + 1)
    assert np.allclose(shifted.column("z"), plain.column("z") + 1)
    assert np.allclose(scaled.column("y"), plain.column("y") * 3)
    assert do(scm, y=Shift(1)).graph == scm.graph
    assert do(scm, y=0).graph == do(scm, y=Normal(0, 1)).graph == Graph("y -> z; x")
    drawn = do(scm, y=Normal(5, 2)).sample(20_000).column("y")
    # Standard errors: 2 / sqrt(20000) = 0.014 for the mean, 2 / sqrt(40000) = 0.01 for the sd; five of them.
    assert abs(drawn.mean() - 5) < 0.07
    assert abs(drawn.std() - 2) < 0.05


def test_a_shift_can_be_undone_in_a_counterfactual():
    scm = SCM(Graph("x -> y"), {"x": Linear(), "y": Linear(("x",), [2.0])})
    rows = do(scm, y=Shift(1)).sample(6)
    assert same(do(scm, y=Shift(1)).counterfactual(rows, Intervention(y=Shift(0))), scm.sample(6))


def test_a_counterfactual_by_hand():
    # Pearl, Primer (2016), section 4.2.4: encouragement x, homework h = 0.5 x + u, score y = 0.7 x + 0.4 h + u.
    # Joe has x = 0.5, h = 1, y = 1.5, hence u_h = 0.75 and u_y = 0.75; had h been 2, y = 0.35 + 0.8 + 0.75 = 1.9.
    scm = SCM(
        Graph("x -> h -> y; x -> y"),
        {"x": Linear(), "h": Linear(("x",), [0.5]), "y": Linear(("x", "h"), [0.7, 0.4])},
    )
    joe = {"x": [0.5], "h": [1.0], "y": [1.5]}
    noise = scm.abduct(joe).noise
    assert (noise["h"][0], noise["y"][0]) == (pytest.approx(0.75), pytest.approx(0.75))
    assert counterfactual(scm, joe, h=2).column("y")[0] == pytest.approx(1.9)


def test_the_effect_on_a_label_is_the_difference_of_its_probabilities(survey):
    found = effect(survey, "m=1", "m=0", outcome="y", n=40_000)
    y, c = survey.mechanisms["y"].table, survey.mechanisms["c"].table
    axes = survey.mechanisms["y"].parents
    by_m = np.tensordot(np.moveaxis(y, axes.index("c"), 0), c, axes=([0], [0]))
    assert found.label == 1
    assert found.low < by_m[1, 1] - by_m[0, 1] < found.high


def test_rows_may_come_as_anything_and_in_any_order(mixed):
    rows = mixed.sample(5, seed=2)
    frame = rows.to_pandas()[list(reversed(rows.names))]
    assert same(counterfactual(mixed, frame, dose=1), counterfactual(mixed, rows, dose=1))
    one = counterfactual(mixed, rows.take([0]).to_pandas(), dose=1)
    assert one.n == 1
    assert one.categories("site") == ("north", "south", "west")


def test_what_makes_no_sense_is_refused_with_its_reason(mixed):
    bad = [
        ({"sitee": "north"}, UnknownVariableError, "Did you mean 'site'"),
        ({"site": "east"}, InterventionError, "'site' cannot be 'east': its labels are north, south, west"),
        ({"site": Shift(1)}, InterventionError, r"shift\(1\) cannot be done to 'site'"),
        ({"age": "old"}, InterventionError, "'age' is continuous and cannot be 'old'"),
        ({"age": Categorical({"a": 1.0})}, InterventionError, "'age', which is continuous"),
        ({"age": (1.0, 2.0)}, InterventionError, "one number"),
        ({"age": float("nan")}, InterventionError, "held at nan"),
    ]
    for targets, error, sentence in bad:
        with pytest.raises(error, match=sentence):
            do(mixed, **targets)
    rows = mixed.sample(5)
    with pytest.raises(UnknownVariableError, match="table"):
        counterfactual(mixed, rows.drop(["age"]), dose=1)
    holes = rows.with_columns({"age": [1.0, 2.0, np.nan, 0.0, 1.0]})
    with pytest.raises(DataError, match="row 2 lacks 'age'"):
        counterfactual(mixed, holes, dose=1)
    odd = rows.with_columns({"site": ["north", "east", "west", "west", "west"]})
    with pytest.raises(DataError, match="row 1 has site = 'east'"):
        counterfactual(mixed, odd, dose=1)
    for n, seed in ((0, 0), (5, -1), (5, 1.5)):
        with pytest.raises(OptionError):
            mixed.sample(n, seed=seed)


def test_an_impossible_row_is_named():
    scm = SCM.from_tables(Graph("x -> y"), {"x": [0.5, 0.5], "y": [[1.0, 0.0], [0.0, 1.0]]})
    with pytest.raises(DataError, match="row 1 has a value of 'y' that the system gives probability zero"):
        scm.abduct({"x": [0, 1], "y": [0, 0]})


def test_a_system_that_cannot_be_is_refused():
    line = Linear(("x",), [1.0])
    with pytest.raises(GraphError, match="needs a DAG"):
        SCM(Graph("x --- y"), {"x": Linear(), "y": line})
    with pytest.raises(GraphError, match="no mechanism is given for y"):
        SCM(Graph("x -> y"), {"x": Linear()})
    with pytest.raises(GraphError, match=r"'y' has the parents \(\), the graph has \(x\)"):
        SCM(Graph("x -> y"), {"x": Linear(), "y": Linear()})
    with pytest.raises(UnknownVariableError):
        SCM(Graph("x"), {"x": Linear(), "z": Linear()})
    with pytest.raises(OptionError, match=r"they have \(3,\)"):
        SCM.from_tables(Graph("x -> y"), {"x": [0.2, 0.3, 0.5], "y": [[0.5, 0.5]] * 2})
    with pytest.raises(OptionError, match="'x' has 3 labels, its mechanism has 2"):
        SCM.from_tables(Graph("x"), {"x": [0.2, 0.8]}, {"x": ("a", "b", "c")})
    with pytest.raises(OptionError, match="repeated"):
        SCM.from_tables(Graph("x"), {"x": [0.2, 0.8]}, {"x": ("a", "a")})


def test_mechanisms_refuse_numbers_that_cannot_be():
    with pytest.raises(OptionError, match="takes 1 coefficients"):
        Linear(("x",), [1.0, 2.0])
    with pytest.raises(OptionError, match="finite"):
        Linear(("x",), [np.nan])
    with pytest.raises(OptionError, match=r"given \{'x': 1\} they sum to 0.9"):
        TableMechanism(("x",), [[0.5, 0.5], [0.4, 0.5]])
    with pytest.raises(OptionError, match="2 axes"):
        TableMechanism(("x",), [0.5, 0.5])
    with pytest.raises(OptionError, match="between 0 and 1"):
        TableMechanism((), [1.5, -0.5])


def test_a_function_without_an_inverse_samples_but_answers_no_counterfactual():
    scm = SCM(Graph("x -> y"), {"x": Linear(), "y": Function(("x",), lambda x, u: np.abs(x) ** u)})
    rows = do(scm, x=2).sample(5)
    assert np.isfinite(rows.column("y")).all()
    with pytest.raises(InterventionError, match="the mechanism of 'y' is a function without an inverse"):
        counterfactual(scm, rows, x=1)
    broken = SCM(Graph("x"), {"x": Function((), lambda u: u[:2])})
    with pytest.raises(DataError, match="returned shape"):
        broken.sample(5)


@pytest.mark.parametrize("kind", ["linear", "labels", "nonlinear", "mixed"])
def test_rows_drawn_in_blocks_are_those_drawn_at_once(kind, monkeypatch):
    graph = random_dag(6, 2.5, seed=3)
    if kind == "mixed":
        rng = np.random.default_rng(0)
        x = rng.normal(size=400)
        site = np.where(x + rng.normal(size=400) > 0, "n", "s")
        rows = {"x": x, "site": site, "y": 2 * x - (site == "s") + rng.normal(size=400)}
        scm = SCM.fit(Graph("x -> site; x -> y; site -> y"), rows, mechanisms="linear", noise="empirical")
        actions = do(scm, {"x": Normal(1, 2)}), do(scm, {"site": "s", "y": Shift(1)})
    else:
        made = {"linear": random_linear_scm, "labels": random_discrete_scm, "nonlinear": random_nonlinear_scm}[kind]
        scm = made(graph, seed=1) if kind != "labels" else random_discrete_scm(graph, 4, seed=1)
        actions = scm, do(scm, {graph.nodes[2]: 1}), do(scm, {graph.nodes[1]: Normal(0, 1) if kind != "labels" else 2})
    for system in actions:
        whole = system.sample(1000, seed=5)
        monkeypatch.setattr(model, "BLOCK", 64)
        blocks = system.sample(1000, seed=5)
        monkeypatch.undo()
        assert blocks.names == whole.names
        for name in whole.names:
            assert blocks.categories(name) == whole.categories(name)
            assert blocks.column(name) == pytest.approx(whole.column(name), rel=1e-12, abs=1e-12)


def test_code_of_the_user_sees_all_rows_at_once(monkeypatch):
    monkeypatch.setattr(model, "BLOCK", 8)
    ranked = Function(("x",), lambda x, u: np.argsort(np.argsort(x)) + 0 * u)
    rows = SCM(Graph("x -> y"), {"x": Linear(), "y": ranked}).sample(50, seed=0)
    assert sorted(rows.column("y")) == list(range(50))


@pytest.mark.parametrize("labels", [(2, 3, 4), (1, 2), (5,), ()])
def test_labels_are_the_inverse_of_the_distribution_function(labels):
    rng = np.random.default_rng(0)
    table = rng.dirichlet(np.ones(3), size=labels)
    parents = [rng.integers(0, k, 500).astype(float) for k in labels]
    u = rng.random(500)
    found = TableMechanism([f"p{k}" for k in range(len(labels))], table).solve(parents, u)
    p = table[tuple(v.astype(int) for v in parents)] if labels else np.broadcast_to(table, (500, 3))
    assert found.tolist() == [
        int(np.searchsorted(np.cumsum(row)[:-1], v, side="right")) for row, v in zip(p, u, strict=True)
    ]
