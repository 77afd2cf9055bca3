import numpy as np
import pytest

from aitia.data.table import Table
from aitia.discovery import estimate_effect
from aitia.discovery.marked import marked_contrast, marked_outcome
from aitia.do import Intervention
from aitia.engine import LocalEngine
from aitia.errors import IdentifiabilityError, InterventionError, OptionError, UnknownVariableError
from aitia.graph import Graph, Roles, adjustment_set
from aitia.graph.formats import parse_dagitty


@pytest.fixture(scope="module")
def confounded():
    """age raises dose and lowers recovery; dose raises it by 1.5 a unit."""
    rng = np.random.default_rng(0)
    age = rng.normal(size=1500)
    dose = 0.8 * age + rng.normal(size=1500)
    recovery = 1.5 * dose - 2 * age + rng.normal(size=1500)
    return Table.of({"age": age, "dose": dose, "recovery": recovery})


GRAPH = Graph("age -> dose -> recovery <- age")


def test_the_effect_is_that_of_the_equations_and_not_the_regression_on_pooled_rows(confounded):
    answer = estimate_effect(
        GRAPH, confounded, Intervention(dose=2.0), "recovery", against=Intervention(dose=0.0), resamples=60
    )
    assert answer.low < 3.0 < answer.high
    assert answer.estimate == pytest.approx(3.0, abs=0.15)
    assert answer.high - answer.low < 0.5
    naive = 2 * np.polyfit(confounded.column("dose"), confounded.column("recovery"), 1)[0]
    assert abs(naive - 3.0) > 1
    assert "recovery" in str(answer)
    assert "resamples" in answer.because
    assert answer.to_json()["outcome"] == "recovery"


def test_cores_do_not_change_the_interval(confounded):
    options = {"resamples": 8, "against": Intervention(dose=0.0)}
    one = estimate_effect(GRAPH, confounded, Intervention(dose=1.0), "recovery", **options)
    two = estimate_effect(GRAPH, confounded, Intervention(dose=1.0), "recovery", engine=LocalEngine(2), **options)
    assert (one.low, one.estimate, one.high) == (two.low, two.estimate, two.high)


def test_a_shift_keeps_the_causes_of_its_target(confounded):
    answer = estimate_effect(GRAPH, confounded, Intervention.parse("do(age=shift(1))"), "recovery", resamples=20)
    assert answer.estimate == pytest.approx(0.8 * 1.5 - 2, abs=0.15)


def test_the_share_of_a_label_is_an_outcome_too():
    rng = np.random.default_rng(0)
    a = rng.integers(0, 2, 2000)
    b = (rng.random(2000) < np.where(a == 1, 0.8, 0.3)).astype(int)
    table = Table.of({"a": np.array(["no", "yes"])[a], "b": np.array(["bad", "good"])[b]})
    answer = estimate_effect(
        Graph("a -> b"), table, Intervention(a="yes"), "b", against=Intervention(a="no"), label="good", resamples=40
    )
    assert answer.low < 0.5 < answer.high
    assert answer.mean == pytest.approx(0.8, abs=0.04)


def test_the_answer_repeats_the_question_where_no_causal_path_leads_to_the_outcome(confounded):
    answer = estimate_effect(
        GRAPH, confounded, Intervention(recovery=0.05), "dose", against=Intervention(recovery=0.0), resamples=3
    )
    assert str(answer) == ("do(recovery=0.05) changes dose by 0 against do(recovery=0): no directed path in this graph")
    assert np.isnan([answer.low, answer.high]).all(), "as sure as the graph, and no surer"
    assert "No causal path leads from recovery to it" in answer.because
    told = answer.to_json()
    assert (told["intervention"], told["against"]) == ("do(recovery=0.05)", "do(recovery=0)")
    both = estimate_effect(
        GRAPH, confounded, Intervention(dose=1.0, recovery=2.0), "age", against=Intervention(dose=0.0), resamples=0
    )
    assert str(both).startswith("do(dose=1, recovery=2) changes age by 0 ")
    assert "against do(dose=0)" in str(both)
    assert both.to_json()["low"] is None, "NaN is no JSON"


def test_an_effect_of_few_rows_sets_an_alarm(confounded):
    few = estimate_effect(GRAPH, confounded.take(range(29)), Intervention(dose=1.0), "recovery", resamples=0)
    assert few.alarms == ("the effect rests on 29 rows, fewer than 30: on others it may be anything",)
    assert few.to_json()["alarms"] == list(few.alarms)
    enough = estimate_effect(GRAPH, confounded.take(range(30)), Intervention(dose=1.0), "recovery", resamples=0)
    assert enough.alarms == ()


def test_a_label_may_be_given_as_text_and_options_out_of_range_are_refused(confounded):
    rng = np.random.default_rng(0)
    table = Table.of({"a": rng.integers(0, 2, 400), "b": rng.integers(1, 3, 400)})
    answer = estimate_effect(Graph("a -> b"), table, Intervention(a=1), "b", label="2", resamples=0)
    assert answer.label == 2
    assert 0.3 < answer.mean < 0.7
    assert "No interval was asked for" in answer.because
    for options, sentence in (
        ({"label": "7"}, "'7' is no label of 'b': it has 1, 2"),
        ({"resamples": -1}, "seed and resamples are 0 or more"),
        ({"confidence": 2.0}, "confidence lies between 0 and 1"),
    ):
        with pytest.raises(OptionError, match=sentence):
            estimate_effect(Graph("a -> b"), table, Intervention(a=1), "b", **options)
    with pytest.raises(OptionError, match="'recovery' is continuous"):
        estimate_effect(GRAPH, confounded, Intervention(dose=1.0), "recovery", label="high")


def test_a_variable_without_a_path_to_the_outcome_changes_nothing(confounded):
    answer = estimate_effect(GRAPH, confounded, Intervention(recovery=1.0), "age", resamples=5)
    assert answer.estimate == 0.0


def test_what_the_graph_leaves_open_is_refused_with_the_edge_to_blame(confounded):
    hidden = Graph("age o-o dose o-o recovery o-o age")
    with pytest.raises(IdentifiabilityError, match="dose"):
        estimate_effect(hidden, confounded, Intervention(dose=1.0), "recovery")
    with pytest.raises(InterventionError, match="itself intervened on"):
        estimate_effect(GRAPH, confounded, Intervention(dose=1.0), "dose")
    with pytest.raises(UnknownVariableError):
        estimate_effect(GRAPH, confounded, Intervention(doses=1.0), "recovery")


def test_a_cpdag_will_do_where_every_member_agrees(confounded):
    graph = Graph("town --- age; age -> dose; age -> recovery; dose -> recovery")
    confounded = confounded.with_columns({"town": np.random.default_rng(1).normal(size=1500)})
    answer = estimate_effect(
        graph, confounded, Intervention(dose=1.0), "recovery", against=Intervention(dose=0.0), resamples=5
    )
    assert answer.estimate == pytest.approx(1.5, abs=0.15)


MARKED = """dag {
bb="0,0,1,1"
dose [exposure,pos="0.2,0.5"]
recovery [outcome,pos="0.9,0.5"]
frailty [latent,pos="0.5,0.1"]
frailty -> age
frailty -> recovery
age -> dose
dose -> recovery
}
"""


@pytest.fixture(scope="module")
def frail():
    """frailty raises age and lowers recovery; age raises dose; dose raises recovery by 1.5 a unit."""
    rng = np.random.default_rng(0)
    frailty = rng.normal(size=4000)
    age = frailty + 0.5 * rng.normal(size=4000)
    dose = 0.8 * age + rng.normal(size=4000)
    recovery = 1.5 * dose - 2 * frailty + rng.normal(size=4000)
    return Table.of({"age": age, "dose": dose, "recovery": recovery})


def test_what_is_latent_needs_no_column_and_the_effect_is_that_of_the_equations(frail):
    graph, roles = parse_dagitty(MARKED)
    done, reference = marked_contrast(roles, frail)
    assert (str(done), str(reference)) == ("do(dose=shift(1))", "do()")
    answer = estimate_effect(
        graph, frail, done, marked_outcome(roles), against=reference, latent=roles.latent, resamples=20
    )
    assert answer.estimate == pytest.approx(1.5, abs=0.1)
    assert "Adjusting for age closes every non-causal path" in answer.because
    assert "frailty" not in answer.graph
    pooled = np.polyfit(frail.column("dose"), frail.column("recovery"), 1)[0]
    assert abs(pooled - 1.5) > 0.5


def test_what_is_latent_is_never_adjusted_for_and_cannot_be_asked_about(frail):
    graph, roles = parse_dagitty(MARKED.replace("frailty -> age", "frailty -> dose"))
    with pytest.raises(IdentifiabilityError, match="not identified: hidden common causes link dose, recovery"):
        estimate_effect(graph, frail, Intervention(dose=1.0), "recovery", latent=roles.latent)
    assert adjustment_set(graph, "dose", "recovery") == ("frailty",)
    for kind in ("minimal", "canonical", "parents", "optimal"):
        with pytest.raises(IdentifiabilityError):
            adjustment_set(graph, "dose", "recovery", kind, latent=roles.latent)
    with pytest.raises(OptionError, match="frailty cannot be latent and in the set"):
        adjustment_set(graph, "dose", "recovery", include="frailty", latent="frailty")
    with pytest.raises(IdentifiabilityError, match="marks 'frailty' as latent: what is not observed cannot be asked"):
        estimate_effect(graph, frail, Intervention(frailty=1.0), "recovery", latent=roles.latent)
    through = Graph("x -> m -> y; u -> x; u -> y")
    table = Table.of({name: np.random.default_rng(0).normal(size=50) for name in "xmy"})
    with pytest.raises(IdentifiabilityError, match=r"m carries the whole effect .* only what an adjustment set gives"):
        estimate_effect(through, table, Intervention(x=1.0), "y", latent="u")
    none = Graph("u -> y; x")
    assert estimate_effect(none, table, Intervention(x=1.0), "y", latent="u", resamples=0).estimate == 0


@pytest.mark.parametrize(
    ("roles", "ask", "sentence"),
    [
        (
            Roles(),
            marked_outcome,
            "say which variable to watch (--outcome); a DAGitty graph may mark its outcome instead",
        ),
        (Roles(outcome=("a", "b")), marked_outcome, "the graph marks a, b as outcome: say which variable to watch"),
        (Roles(), None, 'say what is set, such as "do(x=1)"; a DAGitty graph may mark its exposure instead'),
        (Roles(exposure=("site",)), None, "the exposure 'site' has the values a, b, c: say which to set"),
    ],
)
def test_a_question_that_the_graph_leaves_open_is_asked_back(roles, ask, sentence):
    table = Table.of({"site": ["a", "b", "c"]})
    with pytest.raises(OptionError) as told:
        ask(roles) if ask else marked_contrast(roles, table)
    assert sentence in str(told.value)
