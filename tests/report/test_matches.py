"""The report of explainers: what it shows is what was found, and texts from outside are escaped."""

import numpy as np
import pytest

from aitia.errors import OptionError
from aitia.systems.faithful_matching import FaithfulMatching
from aitia.systems.faithful_matching.explainer_errors import EffectPairs
from aitia.systems.faithful_matching.page import errors_chart, matching_report

WORDS = {"food": ("bad soup", "good soup"), "noise": ("loud hall", "quiet hall")}


def _text(food, noise, tail):
    return f"{WORDS['food'][food]} , {WORDS['noise'][noise]} <{tail}>"


def _box(texts):
    p = np.array([0.2 + 0.5 * ("good" in text) + 0.2 * ("quiet" in text) for text in texts])
    return np.stack([1 - p, p], axis=1)


@pytest.fixture(scope="module")
def found():
    rows = [(food, noise, tail) for tail in range(10) for food in (0, 1) for noise in (0, 1)]
    texts = [_text(*row) for row in rows]
    concepts = {"food": [str(row[0]) for row in rows], "noise": [str(row[1]) for row in rows]}
    edited = [_text(1 - food, noise, tail) for food, noise, tail in rows]
    edited += [_text(food, 1 - noise, tail) for food, noise, tail in rows]
    table = {"text": [*texts, *(f"{text} x" for text in edited)]}
    table |= {name: [*labels, *[None] * len(edited)] for name, labels in concepts.items()}
    table["edit_of"] = [*[None] * len(rows), *map(str, range(len(rows))), *map(str, range(len(rows)))]
    model = FaithfulMatching(steps=5, width=8, queries=8).fit(table, model=_box)
    pairs = EffectPairs(
        [_text(0, 1, 77), _text(1, 1, 78), _text(0, 0, 79)],
        [_text(1, 1, 77), _text(1, 0, 78), _text(1, 0, 79)],
        ["food", "noise", "food"], ["0", "1", "0"], ["1", "0", "1"],
    )  # fmt: skip
    return model.matching, model.evaluate(pairs, ("causal", "tf-idf", "random", "conexp"), k=2)


def test_a_report_shows_every_explainer_and_examples_of_each_concept(found, tmp_path):
    model, errors = found
    page = matching_report(model, errors, _box, tmp_path / "report.html", examples=2).read_text()
    for name in errors.said:
        assert f">{name}</td>" in page
    assert "food: 0 to 1" in page
    assert "noise: 1 to 0" in page
    assert page.count("match: causal") == page.count("match: random") == 2
    assert "&lt;77&gt;" in page
    assert "&lt;79&gt;" not in page
    assert "<77>" not in page
    # The truth of the first pair: the good soup moves the probability by a half.
    assert "-0.50  +0.50" in page


def test_the_chart_tells_matches_from_what_matches_nothing(found):
    chart = errors_chart(found[1])
    assert chart.count("<circle") == 4
    assert chart.count('fill="#fff"') == 1


def test_a_report_of_nothing_has_its_sentence(found, tmp_path):
    with pytest.raises(OptionError, match="at least 1 example of at least 1 matcher, got 0"):
        matching_report(*found, _box, tmp_path / "report.html", examples=0)
