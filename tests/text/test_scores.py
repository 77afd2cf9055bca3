"""Scores, held against counts by hand, a brute-force bootstrap and scipy's interval."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitia.errors import OptionError
from aitia.stats.shares import wilson_interval
from aitia.text import Question, answer_questions, f1_of, open_client, scores, trivial_answers

YES_NO = ("Yes", "No")


def asked(texts, labels, groups=None, options=YES_NO, **how):
    """What a client says, by question: each text is given in both orders, a pair of texts one in each."""
    held = [
        Question("", f"Is it so, {k}?", options, label, group="" if groups is None else groups[k])
        for k, label in enumerate(labels)
    ]
    said = {}
    for question, text in zip(held, texts, strict=True):
        pair = text if isinstance(text, tuple) else (text, text)
        said |= {question.prompt(): pair[0], question.prompt(tuple(range(len(options)))[::-1]): pair[1]}
    return answer_questions(open_client(lambda prompts, seed: [said[p] for p in prompts]), held, **how)


def test_an_answer_that_is_always_a_has_consistency_zero_and_is_not_above_trivial():
    found = scores(asked(["A"] * 40, ["Yes"] * 30 + ["No"] * 10))
    assert (found.consistency.value, found.consistent_accuracy.n) == (0.0, 0)
    assert found.accuracy.value == 0.5 == found.trivial["always A"]
    assert found.chosen == {"A": 80}
    assert found.right == {"A": 40, "B": 40}
    assert not found.above_trivial
    alone = scores(asked(["A"] * 40, ["Yes"] * 30 + ["No"] * 10, both_orders=False))
    assert alone.accuracy.value == 0.75 == alone.trivial["always A"]  # which one order would not have told
    assert alone.consistency.n == 0
    assert not alone.above_trivial


def test_silence_is_never_no():
    for silent in ("", "I do not know", "...", "No idea", "It is not clear"):
        found = scores(asked([silent] * 10, ["No"] * 10))
        assert found.accuracy.value == 0.0
        assert found.unparsed == 20
        assert found.chosen == {}


def test_counts_by_hand():
    texts = ["Yes", "No", ("A", "B"), ("A", "A"), ("Yes", "what?"), ("", "No"), "Yes"]
    labels = ["Yes", "Yes", "Yes", "No", "Yes", "No", None]
    answers = asked(texts, labels)
    found = scores(answers, f1="Yes")
    right = [1, 0, 1, 0.5, 0.5, 0.5]
    assert found.accuracy.value == pytest.approx(np.mean(right))
    assert (found.questions, found.answered, found.labelled, found.unparsed) == (7, 7, 6, 2)
    # all but the fourth, fifth and sixth say one thing twice: four of seven, three of them with a label
    assert (found.consistency.value, found.consistency.n) == (4 / 7, 7)
    assert (found.consistent_accuracy.value, found.consistent_accuracy.n) == (2 / 3, 3)
    # said Yes, of labelled: 2 + 0 + 2 + 1 + 1 + 0 = 6, of which right 2 + 2 + 1; there are 8
    assert found.f1 == pytest.approx(2 * 5 / (6 + 8))
    assert found.f1_trivial["always 'Yes'"] == pytest.approx(2 * 8 / (12 + 8))
    assert [one.choice for one in answers.asked[2]] == [0, 0]
    assert [one.position for one in answers.asked[2]] == [0, 1]


def test_f1_of_a_class_that_is_not_there():
    assert math.isnan(f1_of(["No"], ["No"], "Yes"))
    with pytest.raises(OptionError, match="no question with a label has the option 'Maybe'"):
        scores(asked(["Yes"], ["Yes"]), f1="Maybe")


@given(hits=st.integers(0, 60), more=st.integers(0, 60))
def test_wilson_is_that_of_scipy(hits, more):
    from scipy.stats import binomtest

    n = hits + more
    if not n:
        assert wilson_interval(0, 0) == (0.0, 1.0)
        return
    held = binomtest(hits, n).proportion_ci(0.95, "wilson")
    assert wilson_interval(hits, n) == pytest.approx((held.low, held.high), abs=1e-9)


def test_groups_that_stand_or_fall_together_widen_the_interval():
    right = [True] * 60 + [False] * 60
    labels = ["Yes" if hit else "No" for hit in right]
    together = scores(asked(["Yes"] * 120, labels, [str(k // 20) for k in range(120)]))
    alone = scores(asked(["Yes"] * 120, labels))
    assert alone.grouped is None
    assert together.grouped.value == alone.accuracy.value == 0.5
    # six groups, three wholly right: the mean of six draws of 0 or 1, whose quantiles are those of a binomial
    from scipy.stats import binom

    low, high = (float(binom.ppf(q, 6, 0.5)) / 6 for q in (0.025, 0.975))
    assert (together.grouped.low, together.grouped.high) == pytest.approx((low, high), abs=1e-9)
    assert together.grouped.high - together.grouped.low > 2 * (alone.accuracy.high - alone.accuracy.low)


def test_groups_that_are_all_alike_are_as_many_tries_as_there_are_groups():
    found = scores(asked(["Yes"] * 20, ["Yes"] * 20, [str(k // 2) for k in range(20)]))
    assert (found.grouped.low, found.grouped.high) == wilson_interval(10, 10)


def test_above_trivial_asks_the_whole_interval():
    labels = ["Yes", "No"] * 50
    assert scores(asked(labels, labels)).above_trivial
    right = ["Yes" if k % 20 else "No" for k in range(100)]
    said = ["Yes" if k % 25 else "No" for k in range(100)]
    found = scores(asked(said, right))
    assert found.trivial["always 'Yes'"] == 0.95
    assert not found.above_trivial


def test_trivial_answers_of_questions_with_other_options():
    held = [Question("", "?", YES_NO, "No"), Question("", "?", ("x", "y", "z"), "x")]
    found = trivial_answers(held)
    assert found["random"] == pytest.approx((1 / 2 + 1 / 3) / 2)
    assert (found["always A"], found["always B"], found["always C"]) == (0.5, 0.5, 0.0)
    assert not [name for name in found if "'" in name]
    assert trivial_answers([]) == {}


def test_rotations_ask_with_the_right_option_in_every_place():
    held = [Question("", f"{k}?", ("x", "y", "z"), "y") for k in range(4)]
    found = scores(answer_questions(open_client(lambda prompts, seed: ["B"] * len(prompts)), held, rotations=True))
    assert found.right == {"A": 4, "B": 4, "C": 4}
    assert found.chosen == {"A": 0, "B": 12}
    assert found.accuracy.value == pytest.approx(1 / 3) == found.trivial["always B"]


def test_scores_are_plain_json():
    import json

    held = scores(asked(["Yes", ""], ["Yes", "No"]), f1="Yes")
    assert json.loads(json.dumps(held.to_json(), allow_nan=False))["accuracy"]["n"] == 2
