"""The claim of decoupling: what it is judged by, on numbers that are given; trainings that move them take minutes."""

import numpy as np
import pytest

import aitia.systems.alignment_hurts.claim as claim
import aitia.systems.alignment_hurts.claim_real as real
from aitia.evidence import ClaimContext, swap_holds
from aitia.systems.alignment_hurts.claim_arms import RANDOM, SHRINK, Beside, chosen

PLAIN = {"validation": 40.0, "dialects": 48.0, "standard": 87.0, "leak": 0.11, "energy": 0.135, "bits": 0.25}
MOVED = {"validation": 41.0, "dialects": 51.0, "standard": 82.0, "leak": 0.09, "energy": 0.05, "bits": 0.35}
SEEDS = 5


def results(ours, random=PLAIN, **others):
    """Five seeds in which every arm has these numbers, and a seed's own noise of a part in five hundred."""
    rng = np.random.default_rng(0)
    arms = {"SFT": PLAIN, "published 0.1": PLAIN, "published 0.3": ours, RANDOM: random, SHRINK: PLAIN, **others}
    arms |= {"relative 0.3": ours}
    return [
        {
            arm: {name: value * (1 + 0.002 * rng.uniform(-1, 1)) for name, value in values.items()}
            for arm, values in arms.items()
        }
        for _ in range(SEEDS)
    ]


def there(ours):
    """The same where varieties compete."""
    return [dict.fromkeys(claim.COMPETING, seed) for seed in results(ours)]


def judged(ours, random=PLAIN):
    return {row.metric: row for row in claim._judged("published", results(ours, random))}


def test_lambda_is_that_which_is_best_on_validation():
    found = results(MOVED)
    assert chosen(found[0], "published") == "published 0.3"
    assert Beside(found, "published").told == "lambda by seed: 0.3, 0.3, 0.3, 0.3, 0.3."


def test_every_row_holds_where_the_method_does_as_the_paper_says_and_none_for_plain_fine_tuning():
    rows = judged(MOVED)
    assert all(row.holds for row in rows.values())
    assert not any(swap_holds([row], claim.CLAIM.swap) for row in rows.values())
    assert not any(row.holds for row in judged(PLAIN).values())


def test_no_row_holds_where_a_random_subspace_does_as_well():
    assert not any(row.holds for row in judged(MOVED, random=MOVED).values())


def test_the_random_subspace_stands_against_every_row_on_a_world():
    usual, shared = results(MOVED), there(MOVED)
    rows = [*claim._judged("published", usual), *claim._judged("relative", usual), *claim._part_d(usual, shared)]
    assert set(claim._random(usual[:1], shared[:1], 0)) == {row.metric for row in rows}


def test_where_varieties_compete_the_gain_has_to_be_larger_than_in_the_usual_setting():
    better = {**MOVED, "dialects": 54.0}
    assert all(row.holds for row in claim._part_d(results(MOVED), there(better)))
    assert not any(row.holds for row in claim._part_d(results(MOVED), there(MOVED)))


def test_names_are_those_of_codes_that_no_variety_was_taught():
    pytest.importorskip("babel")
    split = real.names_split(1000)
    sources = [set(table.texts("source")) for table in (split.train, split.test)]
    assert len(split.train) == 4 * real.EACH
    assert len(split.test) == 4 * real.TEST
    assert len(sources[0] & sources[1]) <= 2  # two codes may have one English name
    said = dict(zip(split.test.labels("variety").tolist(), split.test.texts("target"), strict=True))
    assert set(said) == set(real.VARIETIES)
    assert 50 < real._copied(split) < 90


def test_dealing_out_moves_the_varieties_of_what_is_learnt_and_not_of_what_is_asked():
    pytest.importorskip("babel")
    split = real.names_split(1000)
    dealt = real._dealt(split, 1000)
    assert dealt.test is split.test
    assert dealt.train.texts("target") == split.train.texts("target")
    before, after = (table.labels("variety").tolist() for table in (split.train, dealt.train))
    assert before != after
    assert sorted(before) == sorted(after)


def test_the_bokmal_name_is_a_rival_of_the_names(monkeypatch):
    pytest.importorskip("babel")
    copied = {real.COPIED: {"dialects": 60.0}, real.PLAIN_DEALT: PLAIN, real.DEALT: PLAIN}
    monkeypatch.setattr(ClaimContext, "over_seeds", lambda *_: [{**seed, **copied} for seed in results(MOVED)])
    monkeypatch.setattr(ClaimContext, "control", lambda *_: {})
    rows = {row.metric: row for row in real.part_e(ClaimContext(), SEEDS)}
    assert rows[real.GAIN].holds
    assert rows[real.ACTS].holds
    assert not rows[real.LEVEL].holds
    assert set(real._control({**results(MOVED)[0], **copied}, 0)) == set(rows)
    assert not any(swap_holds([row], claim.CLAIM.swap) for row in rows.values())


def test_without_babel_the_names_are_not_run(monkeypatch):
    monkeypatch.setattr(real, "find_spec", lambda _: None)
    rows = real.part_e(ClaimContext(), SEEDS)
    assert [row.values for row in rows] == [(), (), ()]
    assert all("needs babel" in row.note for row in rows)
