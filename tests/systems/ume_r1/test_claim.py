"""The claim at a tiny size: every row has its arms, hits are counted in sub-tasks, the control has its metric."""

import numpy as np
import pytest

from aitia.evidence import ClaimContext
from aitia.systems.ume_r1 import UmeR1, claim


@pytest.fixture
def tiny(monkeypatch):
    for name, value in {"ROWS": 60, "ASKED": 64, "STEPS": 3, "POLICY_STEPS": 1, "DRAWN": (1, 2)}.items():
        monkeypatch.setattr(claim, name, value)
    small = {"width": 16, "layers": 1, "batch": 8, "codes": 16, "policy_queries": 2, "group": 2}
    monkeypatch.setattr(claim, "MODEL", {**claim.MODEL, **small})
    claim._cold.cache_clear()
    yield
    claim._cold.cache_clear()


def test_every_row_has_its_arms_and_the_control_its_metric(tiny, monkeypatch):
    first = claim._seed(1000)
    assert set(first) >= {"gen", "oracle", claim.LUCK, "improved", "form", "tokens", "pass@1", "pass@2"}
    assert first["oracle"] >= first[claim.BEST] >= first[claim.PASS]
    assert 1 > first[claim.GUESS] > first[claim.BEST]
    assert first["pass@2"] >= first["pass@1"]
    monkeypatch.setattr(claim, "_seed", lambda seed: {**first, "pass@4": 1.0, "pass@8": 1.0})
    monkeypatch.setattr(claim, "DRAWN", (1, 2, 4, 8))
    monkeypatch.setattr(claim, "_shuffled", lambda seed: {claim.IMPROVED: first["gen"]})
    context = ClaimContext(seeds=2, first_seed=1000)
    rows = claim.run(context)
    assert [row.part for row in rows] == list("abcdefg")
    assert rows.pop().note.startswith("Not run here: needs MMEB-V2")
    assert all(len(row.values) == 2 and set(row.ahead_of) <= set(row.arms) for row in rows)
    assert claim.CLAIM.swap in rows[0].arms
    faced = [set(control.values) for control in context.controls]
    assert faced == [{claim.IMPROVED}, {claim.HIT, claim.AHEAD}, {claim.FORM}]
    assert set().union(*faced) | {*claim.CLAIM.uncontrolled} == {row.metric for row in rows}


def test_hits_are_counted_among_the_candidates_of_the_sub_task():
    asked = claim.WORLD.rows(claim.WORLD.sample(96, seed=1, env="test"))
    model = UmeR1(**{**claim.MODEL, "width": 16, "layers": 1, "batch": 8, "codes": 8}, steps=1).fit(asked)
    queries = claim._Queries(model, asked)
    found, (vectors, _) = queries.hits(model, "disc"), model.embed(queries.queries, mode="disc")
    held = model.embed(queries.targets, mode="disc")[0]
    tasks, answers = asked.labels("task"), asked.texts("answer")
    for row in range(48):
        own = [k for k in range(96) if tasks[k] == tasks[row]]
        nearest = own[int(np.argmax(held[own] @ vectors[row]))]
        assert found[row] == (answers[nearest] == answers[row])
    each = [np.mean([answers[k] == answers[r] for k in range(96) if tasks[k] == tasks[r]]) for r in range(48)]
    of_tasks = [np.mean([e for e, t in zip(each, tasks[:48], strict=True) if t == task]) for task in set(tasks)]
    assert queries.chance() == pytest.approx(np.mean(of_tasks))
    missed = [0.0 if hit else e for hit, e in zip(found, each, strict=True)]
    more = [np.mean([m for m, t in zip(missed, tasks[:48], strict=True) if t == task]) for task in set(tasks)]
    assert queries.or_a_guess(found) == pytest.approx(queries.mean(found) + np.mean(more))


def test_a_shuffled_reward_is_an_option_of_the_same_improvement(tiny):
    rows, _ = claim._rows(1000)
    cold = UmeR1(**claim.MODEL, steps=2, seed=0).fit(rows)
    assert claim._improved(cold, rows, 0, shuffle_reward=True).config.shuffle_reward
    assert not claim._improved(cold, rows, 0).config.shuffle_reward


def test_what_all_parts_begin_with_is_trained_once(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    claim._cold(1000)
    claim._cold.cache_clear()
    monkeypatch.setattr(UmeR1, "fit", lambda *given, **options: pytest.fail("it was trained before"))
    assert claim._cold(1000) is claim._cold(1000)
    assert len([*(tmp_path / "aitia" / "models").iterdir()]) == 1
