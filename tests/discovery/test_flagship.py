"""The series that README, tutorial and demo show: what is said of it is what the program finds, and can be trusted."""

import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from aitia.cli.demo import HISTORY, told
from aitia.data.table import Table
from aitia.discovery import discover
from aitia.discovery.agreement import Agreement, agreement
from aitia.discovery.turns import fastest
from aitia.graph import Graph
from aitia.systems.cd_nod.mechanism_change import evidence

ROOT = Path(__file__).parents[2]
OVER = 17
"""The logarithm of the Bayes factor that the arrow of the series has."""


@pytest.fixture(scope="module")
def found():
    return discover("us-macro", context="quarter")


def test_the_changing_set_and_the_dates_are_those_that_pages_tell(found):
    assert {c.variable for c in found.changing} == {"inflation", "bill_rate", "government"}
    assert found.fastest["inflation"] == ((1971.75, 1974.25), (1980.5, 1983.0))
    first, second = told(found)[2:4]
    assert "between 1971.75 and 1974.25: price controls" in first
    assert "between 1980.5 and 1983: the Federal Reserve under Volcker" in second


def test_every_picture_and_output_on_pages_is_the_result(found):
    assert runpy.run_path(str(ROOT / "docs" / "flagship.py"))["stale"](found) == []


def test_the_demo_says_of_each_year_what_books_say_of_it_and_else_nothing(found):
    for line in told(found)[1:]:
        start, end = (float(word.rstrip(":")) for word in line.split("between ")[1].split()[0:3:2])
        over = [what for begin, stop, what in HISTORY if start < stop and end > begin]
        assert [what for *_, what in HISTORY if what in line] == over


def test_the_arrow_stands_under_every_rule_for_colliders_and_in_every_order_of_the_columns(found):
    tried = agreement(found)
    assert tried.searches == 12
    assert list(tried.arrows) == [("inflation", "bill_rate")]
    assert tried.settled("inflation", "bill_rate")
    assert found.learner.evidence_["inflation", "bill_rate"] > OVER


def test_an_arrow_that_one_search_lacks_is_called_open():
    tried = Agreement(12, {("a", "b"): 12, ("c", "d"): 11})
    assert tried.sentences() == [
        "a --> b stands in all 12 searches.",
        "c --- d: its direction is open, 11 of 12 searches point to d.",
    ]


def test_a_graph_whose_arrows_follow_from_its_independences_stands_in_every_search():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 500))
    tried = agreement(discover({"x": x, "y": y, "z": x + y + rng.normal(size=500)}, test="fisher-z"))
    assert tried.arrows == {("x", "z"): 15, ("y", "z"): 15}
    assert Graph("x -> z <- y").parents("z") == ("x", "y")


@pytest.mark.parametrize("turn", [1970.0, 1984.5, 1999.0])
def test_the_dates_at_which_a_known_mechanism_moves_are_found(turn):
    times = np.arange(1959.25, 2009.75, 0.25)
    rng = np.random.default_rng(int(turn))
    level = 4 / (1 + np.exp(-4 * (times - turn)))
    rows = Table.of({"x": level + rng.normal(size=202), "y": rng.normal(size=202), "time": times})
    (start, end), *others = discover(rows, context="time").fastest["x"]
    assert start < turn < end
    assert others == []


@pytest.mark.parametrize("seed", range(3))
def test_two_turns_of_a_known_mechanism_are_both_found(seed):
    times = np.arange(1959.25, 2009.75, 0.25)
    rng = np.random.default_rng(seed)
    level = 4 / (1 + np.exp(1972.5 - times)) - 4 / (1 + np.exp(1990 - times))
    rows = Table.of({"x": level + rng.normal(size=202), "y": rng.normal(size=202), "time": times})
    (first, first_end), (second, second_end) = sorted(discover(rows, context="time").fastest["x"])
    assert first < 1972.5 < first_end
    assert second < 1990 < second_end


def test_windows_are_the_fastest_first_and_none_lies_over_another():
    times = np.arange(100.0)
    curve = 3 / (1 + np.exp(30 - times)) - 2.5 / (1 + np.exp(70 - times)) + 0.5 / (1 + np.exp(50 - times))
    (first, first_end), (second, second_end) = fastest(times[::-1], curve[::-1])
    assert first < 30 < first_end
    assert second < 70 < second_end
    assert fastest(["a", "b"] * 20, np.zeros(40)) == ()


# -- the arrow on series whose truth is known: as long, and as correlated from quarter to quarter


def smooth(rng, turns):
    s = np.linspace(0, 1, 202)
    return sum(rng.normal() * np.sin(2 * np.pi * (k * s + rng.random())) / np.sqrt(k) for k in range(1, turns + 1))


def correlated(rng, rho):
    noise = rng.normal(size=202)
    for i in range(1, len(noise)):
        noise[i] = rho * noise[i - 1] + np.sqrt(1 - rho**2) * noise[i]
    return noise


def factor(seed, of_cause, of_effect, hidden=False):
    """log of the Bayes factor of cause -> effect against the reverse."""
    rng = np.random.default_rng(1000 + seed)
    x = 1.5 * smooth(rng, 4) + correlated(rng, of_cause)
    slope = 0.8 + 0.4 * smooth(rng, 3)
    both = correlated(rng, 0.9) if hidden else 0
    y = slope * (both if hidden else x) + 1.5 * smooth(rng, 4) + correlated(rng, of_effect)
    table = Table.of({"x": x + both, "y": y, "t": np.arange(202) / 4}, kinds=dict.fromkeys("xyt", "number"))

    def joint(cause, effect):
        return evidence(table, (cause,), (), "t") + evidence(table, (effect,), (cause,), "t")

    return joint("x", "y") - joint("y", "x")


def test_where_the_evidence_is_as_large_the_arrow_is_right_and_a_hidden_cause_never_makes_it_so():
    known = np.array([factor(seed, 0.4, 0.95) for seed in range(6)] + [factor(seed, 0.8, 0.3) for seed in range(6)])
    assert (np.abs(known) > OVER).sum() >= 5
    assert (known[np.abs(known) > OVER] > 0).all()
    assert np.abs([factor(seed, 0.4, 0.8, hidden=True) for seed in range(6)]).max() < OVER


@pytest.mark.slow
def test_the_counts_that_the_tutorial_tells():
    pairs = [(r, r) for r in (0, 0.5, 0.8, 0.95)]
    pairs += [(max(0, r - 0.4), min(0.95, r + 0.15)) for r in (0, 0.5, 0.8, 0.95)]
    pairs += [(r, max(0, r - 0.5)) for r in (0.8, 0.95)]
    known = np.array([factor(seed, *pair) for pair in pairs for seed in range(24)])
    large = np.abs(known) > OVER
    assert (known[large] > 0).all()
    hidden = [factor(seed, r - 0.4, r, hidden=True) for r in (0.8, 0.95) for seed in range(24)]
    assert np.abs(hidden).max() < OVER
    page = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    assert f"In {len(known)} simulated pairs" in page
    assert f"as large as here {large.sum()} times" in page
    assert f"({len(hidden)} pairs)" in page


def test_the_demo_runs_and_prints_what_it_finds(tmp_path):
    command = [sys.executable, "-c", "from aitia.cli import main; main()", "demo", "--bootstrap", "2"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert "inflation moves fastest between 1971.75 and 1974.25" in done.stdout
    assert "inflation --> bill_rate stands in all 12 searches." in done.stdout
    assert (tmp_path / "demo" / "us-macro" / "report.html").is_file()
    assert (tmp_path / "demo" / "survey" / "report.html").is_file()
