"""What `--method auto` takes without a context, on tables whose making is known, and the two lines that say why."""

import numpy as np
import pytest

from aitia.data.table import Table
from aitia.discovery import discover
from aitia.discovery.choose import choose
from aitia.discovery.suited import HIDDEN, NOISE
from aitia.graph import Graph, Knowledge

NOISES = {
    "gaussian": lambda rng, n: rng.normal(size=n),
    "uniform": lambda rng, n: rng.uniform(-1.7, 1.7, n),
    "laplace": lambda rng, n: rng.laplace(size=n),
    "exponential": lambda rng, n: rng.exponential(size=n) - 1,
    "heavy": lambda rng, n: rng.standard_t(3, n),
}
TRUTH = Graph("a -> c; b -> c; c -> d; b -> e; d -> e")


def lines(noise, n=1000, seed=0):
    """Rows of straight lines along `TRUTH`."""
    rng = np.random.default_rng(seed)
    a, b, c, d, e = (NOISES[noise](rng, n) for _ in range(5))
    c += 0.8 * a - 0.9 * b
    d += 0.9 * c
    e += 0.7 * b + 0.6 * d
    return {"d": d, "a": a, "e": e, "c": c, "b": b}


def told(data, **options):
    plan = choose(Table.of(data), **options)
    return plan.method, plan.reasons[1:]


@pytest.mark.parametrize("noise", ["uniform", "laplace", "exponential", "heavy"])
def test_noise_that_is_not_gaussian_and_independent_tells_every_arrow(noise):
    found = discover(lines(noise), bootstrap=0)
    assert found.method == NOISE
    assert set(found.graph.edges) == set(TRUTH.reorder(found.graph.nodes).edges)
    assert found.reasons[1].startswith(
        f"Method {NOISE.upper()}: what straight lines leave of the columns is not Gaussian"
    )
    assert found.reasons[2].startswith(f"Others: {HIDDEN}")


def test_gaussian_lines_go_by_tests_and_boss_is_named():
    method, (first, second) = told(lines("gaussian"))
    assert method == "pc"
    assert first == "Method PC: no context column is given, so every row is taken from one unchanging system."
    assert second == (
        "Others: --method boss is usually closer where no hidden variable causes two columns and relations are "
        f"straight lines; {HIDDEN}."
    )


def test_two_columns_of_gaussian_noise_leave_arrows_open():
    rng = np.random.default_rng(1)
    x, z = rng.normal(size=(2, 1000))
    method, (_, second) = told(
        {"x": x, "y": rng.uniform(-1.7, 1.7, 1000) + 0.8 * x, "z": z, "u": rng.uniform(size=1000)}
    )
    assert method == "pc"
    assert second.endswith(f"not {NOISE}, since the noise of x, z looks Gaussian.")


def test_a_hidden_cause_shows_in_what_lines_leave():
    rng = np.random.default_rng(2)
    hidden, x, y, z = rng.laplace(size=(4, 3000))
    method, (_, second) = told({"x": x + hidden, "y": y + hidden, "z": z + 0.8 * (x + hidden)})
    assert method == "pc"
    assert second.startswith(f"Others: {HIDDEN}; boss and {NOISE} take straight lines")
    assert "what lines leave of" in second


def test_columns_that_are_exponentials_of_gaussians_are_no_lines():
    data = {name: np.exp(column / np.std(column)) for name, column in lines("gaussian").items()}
    method, (_, second) = told(data)
    assert method == "pc"
    assert "boss is usually closer" not in second


def test_relations_that_bend_are_said():
    rng = np.random.default_rng(3)
    x = rng.uniform(-1.7, 1.7, 800)
    method, (_, second) = told({"x": x, "y": x**2 + 0.3 * rng.uniform(-1, 1, 800), "z": rng.uniform(size=800)})
    assert method == "pc"
    assert "take straight lines and no hidden causes, and" in second


def test_labels_go_by_tests_and_boss_is_named_without_lines():
    rng = np.random.default_rng(4)
    x = rng.integers(0, 2, 500)
    y = np.where(rng.random(500) < 0.8, x, 1 - x)
    words = {"x": np.array(["no", "yes"], object)[x], "y": np.array(["low", "high"], object)[y]}
    method, (_, second) = told(words)
    assert method == "pc"
    assert second == f"Others: --method boss is usually closer where no hidden variable causes two columns; {HIDDEN}."
    assert told(words | {"z": rng.uniform(size=500)})[0] == "pc"  # labels among numbers


def test_few_rows_gaps_and_options_of_tests_keep_the_search_by_tests():
    data = lines("uniform")
    assert told(data)[0] == NOISE
    assert told({name: column[:199] for name, column in data.items()})[0] == "pc"
    assert told(data | {"a": np.where(np.arange(1000) == 3, np.nan, data["a"])})[0] == "pc"
    assert told(data, tests=True)[0] == "pc"
    for option in ({"alpha": 0.01}, {"test": "fisher-z"}, {"max_depth": 1}, {"missing": "impute"}):
        assert discover(data, bootstrap=0, **option).method == "pc"
    assert discover(data, method="pc", bootstrap=0).method == "pc"


def test_a_table_that_would_take_seconds_is_not_tried():
    rng = np.random.default_rng(5)
    wide = {f"x{k}": rng.uniform(size=2000) for k in range(51)}
    assert told(wide)[0] == "pc"
    assert told({name: wide[name] for name in list(wide)[:20]})[0] == NOISE


def test_knowledge_holds_in_what_is_taken():
    data = lines("laplace")
    known = Knowledge(tiers=[["a", "b"], ["c"], ["d"], ["e"]])
    found = discover(data, knowledge=known, bootstrap=0)
    assert found.method == NOISE
    against = Knowledge(required=[("e", "a")])  # against the data: the noise that it leaves depends
    kept = discover(data, knowledge=against, bootstrap=0)
    assert kept.method == "pc"
    assert kept.graph.has_edge("e", "a")


def test_neither_the_order_of_columns_nor_of_rows_changes_the_choice():
    rng = np.random.default_rng(6)
    for noise in ("uniform", "gaussian", "exponential"):
        data = lines(noise, 400, 7)
        names, rows = rng.permutation(list(data)), rng.permutation(400)
        assert told({name: data[name][rows] for name in names})[0] == told(data)[0]
