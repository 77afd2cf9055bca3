"""Real tables that stand beside the project, where they do."""

from pathlib import Path

import numpy as np
import pytest

from aitia.data.table import Table
from aitia.data.tables import read_table
from aitia.discovery import discover, estimate_effect
from aitia.do import Intervention
from aitia.graph import Knowledge

FOLDER = Path(__file__).parents[3] / "shared" / "data"


def real(path):
    if not (FOLDER / path).is_file():
        pytest.skip(f"the real table {path} is not beside this project")
    return FOLDER / path


SCORES = ["IFEval", "BBH", "MATH Lvl 5", "GPQA", "MUSR", "MMLU-PRO"]


@pytest.fixture(scope="module")
def leaderboard():
    table = read_table(real("hca/open_llm_leaderboard_2025-02-20.csv"))
    return table.select([*SCORES, "Type"])


def test_benchmark_scores_of_language_models_pooled_over_kinds_of_model(leaderboard):
    rows = leaderboard.take(np.random.default_rng(0).permutation(leaderboard.n)[:500])
    found = discover(Table.of({n: rows.labels(n) for n in rows.names}), context="Type", max_depth=2, jobs=2)
    assert found.method == "cd-nod"
    assert found.graph.has_edge("BBH", "MMLU-PRO")  # two tests of knowledge and reasoning
    assert "IFEval" in {c.variable for c in found.changing}  # tuning to instructions is what the kinds differ in
    assert found.graph.nodes == tuple(SCORES)


def test_the_effect_between_two_scores_has_an_interval_or_a_reason(leaderboard):
    numbers = leaderboard.drop(["Type"])
    order = Knowledge(tiers=[["MMLU-PRO"], ["*"]])
    found = discover(numbers, test="fisher-z", alpha=0.001, knowledge=order)
    child = found.graph.children("MMLU-PRO")[0]
    answer = estimate_effect(found.graph, numbers, Intervention.parse('do("MMLU-PRO"=shift(1))'), child, resamples=20)
    assert answer.low <= answer.estimate <= answer.high
    assert answer.low > 0


def test_ratings_of_reviews_as_labels():
    table = read_table(real("faithful-matching/cebab_train.csv"))
    names = [n for n in table.names if "majority" in n.lower() or n.lower().endswith("aspect")][:5]
    if len(names) < 3:
        pytest.skip("this version of the table has other columns")
    columns = {n: np.array([str(v) for v in table.labels(n)], dtype=object) for n in names}
    found = discover(Table.of(columns))
    assert found.test == "chi2"
    assert found.graph.edges
