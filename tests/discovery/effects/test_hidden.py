"""Effects where hidden causes may be: every MAG of the class answers beside least squares; none is filled in."""

import json

import numpy as np
import pytest

from aitia.data.table import Table
from aitia.discovery import estimate_effect
from aitia.discovery.effects.page import page
from aitia.discovery.effects.result import Unidentified, deciding
from aitia.errors import IdentifiabilityError
from aitia.graph import Graph, mag, pag


def linear(dag, n, seed, weights):
    """Rows of a linear system with Gaussian noise."""
    rng = np.random.default_rng(seed)
    values = {}
    for name in dag.topological_order():
        values[name] = sum((weights[c, name] * values[c] for c in dag.parents(name)), 0.0) + rng.normal(size=n)
    return values


def slope(rows, x, y, adjusted=()):
    X = np.column_stack([np.ones(rows.n), *(rows.column(n) for n in (x, *adjusted))])
    return np.linalg.lstsq(X, rows.column(y), rcond=None)[0][1]


@pytest.fixture(scope="module")
def chain():
    """a -> x -> y, of which the rows tell no direction and no hidden cause."""
    dag = Graph("a -> x -> y")
    return Table.of(linear(dag, 800, 0, {("a", "x"): 0.8, ("x", "y"): 0.7}))


CHAIN = Graph(
    "a o-o x; x o-o y"
)  # of its five members two have no effect, two the slope, and x --> y may be confounded


def test_members_that_leave_it_open_are_told_and_nothing_is_filled_in(chain):
    found = estimate_effect(CHAIN, chain, "x=1", "y", against="x=0", resamples=40, read_as="pag")
    assert np.isnan([found.estimate, found.low, found.high, found.mean]).all()
    assert not found.zero
    zero, given = found.members
    assert (zero.estimate, zero.count, given.count) == (0.0, 2, 2)
    assert given.estimate == pytest.approx(slope(chain, "x", "y"), rel=1e-9)
    assert given.low < given.estimate < given.high
    assert found.unidentified == Unidentified(
        "x --> y is not visible (a hidden common cause may stand behind it)", 1, 5
    )
    assert str(found) == "what do(x=1) changes in y is left open"
    assert found.lines()[1] == (
        f"0 to {given.estimate:.4g} in 4 of the 5 members of the class, not identified in 1, where x --> y is not "
        "visible (a hidden common cause may stand behind it): the circles of a o-o x, x o-o y decide"
    )
    assert found.because == (
        "The graph leaves circles of a o-o x, x o-o y open, and its members give 2 answers by adjustment, and in some "
        "there is none. No interval is given."
    )
    told = json.loads(json.dumps(found.to_json()))
    assert (told["estimate"], told["low"], told["high"]) == (None, None, None)
    assert told["unidentified"]["count"] == 1
    assert [member["members"] for member in told["members"]] == [2, 2]
    assert told["undecided"] == [["a", "x"], ["x", "y"]]
    shown = page(found, "aitia do", {"aitia": "0"})
    assert "not identified in 1" in shown
    assert ">members<" in shown
    refuted = estimate_effect(CHAIN, chain, "x=1", "y", against="x=0", resamples=0, read_as="pag", refute=True)
    assert "--refute tried nothing: there is no one estimate" in refuted.warnings


def test_where_it_is_zero_or_open_there_is_nothing_to_estimate_and_it_is_refused(chain):
    with pytest.raises(IdentifiabilityError, match="zero in 2 of the 3 members of the class, not identified in 1"):
        estimate_effect(Graph("x o-o y"), chain, "x=1", "y", read_as="pag")
    # By hand: both causes of x are adjacent to y, so that no member shows that nothing confounds x --> y.
    closed = pag(mag(Graph("w -> x; v -> x; w -> y; v -> y; x -> y; x -> m; m -> y"), latent="m"))
    rows = chain.with_columns({"w": chain.column("a"), "v": chain.column("a") ** 2})
    with pytest.raises(IdentifiabilityError, match="zero in 25 of the 34 members of the class, not identified in 9"):
        estimate_effect(closed, rows, "x=1", "y", read_as="pag")


@pytest.mark.parametrize("text", ["a -> x; x -> m; m -> y; h -> a; h -> b; b -> y; c -> x; c -> b", "a -> x -> y <- c"])
@pytest.mark.parametrize("seed", range(3))
def test_of_many_rows_the_true_effect_is_among_the_answers_of_the_true_class(text, seed):
    rng = np.random.default_rng([seed, 9])
    dag = Graph(text)
    weights = {(e.left, e.right): rng.choice([-1, 1]) * rng.uniform(0.5, 1.0) for e in dag.edges}
    hidden = ["h"] if "h" in dag else []
    rows = Table.of(linear(dag, 20_000, seed, weights)).select([name for name in dag if name not in hidden])
    found = estimate_effect(pag(mag(dag, hidden)), rows, "x=1", "y", against="x=0", resamples=10, read_as="pag")
    true = weights["x", "m"] * weights["m", "y"] if "m" in dag else weights["x", "y"]
    answers = [member.estimate for member in found.members] or [found.estimate]
    assert min(abs(answer - true) for answer in answers) < 0.05
    assert (found.unidentified is None) == ("m" in dag)


def test_what_decides_is_named_in_words():
    assert deciding(Graph("a --- b; b --- c").edges) == "the directions of a - b, b - c decide"
    assert deciding(Graph("a o-> b; c o-> b").edges) == "the circles of a o-> b, c o-> b decide"
    assert deciding(Graph("a o-o b").edges) == "the circles of a o-o b decide"
    uncounted = Unidentified("x --> y is not visible", None, None)
    assert (
        uncounted.told("0") == "0 in some members of the class, not identified in others, where x --> y is not visible"
    )
