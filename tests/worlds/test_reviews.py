"""Reviews: the laws of their aspects, and texts of edits that are exact."""

import numpy as np
import pytest

from aitia.errors import DataError, OptionError, UnknownVariableError
from aitia.worlds import ReviewEditor, ReviewsWorld
from aitia.worlds.review_words import ASPECTS, TEMPLATES, VALUES

WORLD = ReviewsWorld()


def test_an_aspect_copies_its_parent_half_the_time_and_is_even_otherwise():
    sample = WORLD.sample(20_000, seed=100)
    for child, parent in (("ambiance", "food"), ("noise", "ambiance")):
        same = sample[child] == sample[parent]
        assert same.mean() == pytest.approx(0.5 + 0.5 / 3, abs=0.015)
    assert np.bincount(sample["noise"].astype(int)) / 20_000 == pytest.approx(np.full(3, 1 / 3), abs=0.015)
    assert abs(np.corrcoef(sample["service"], sample["food"])[0, 1]) < 0.03


def test_the_rating_is_the_weighted_sum_of_the_aspects_with_its_noise():
    sample = WORLD.sample(20_000, seed=101)
    mean = 3 + 1.2 * (sample["food"] - 1) + 0.9 * (sample["service"] - 1)
    mean = mean + 0.4 * (sample["ambiance"] - 1) + 0.2 * (sample["noise"] - 1)
    inner = np.abs(mean - 3) < 0.9
    rest = (sample["rating"] + 1 - mean)[inner]
    # Rounding adds the variance of an even number of width 1.
    assert rest.mean() == pytest.approx(0, abs=0.02)
    assert rest.std() == pytest.approx(np.sqrt(0.4**2 + 1 / 12), abs=0.02)


def test_an_edit_is_the_counterfactual_with_every_aspect_held():
    sample = WORLD.sample(30, seed=102)
    for aspect in ASPECTS:
        edited = WORLD.edit(sample, aspect, "negative")
        for row in range(30):
            held = {name: VALUES[int(edited[name][row])] for name in ASPECTS}
            exact = WORLD.counterfactual(sample.take([row]), held)
            assert exact["rating"][0] == edited["rating"][row]
            assert WORLD.render(exact)[0] == WORLD.render(edited.take([row]))[0]


def test_an_edit_touches_the_clause_of_its_aspect_and_no_word_elsewhere():
    sample = WORLD.sample(200, seed=103)
    before = WORLD.render(sample)
    starts = {aspect: tuple(frame.split("{}")[0] for frame, *_ in TEMPLATES[aspect]) for aspect in ASPECTS}
    for aspect in ASPECTS:
        after = WORLD.render(WORLD.edit(sample, aspect, "positive"))
        for old, new in zip(before, after, strict=True):
            first, second = ([c for c in text.split(" . ") if not c.startswith(starts[aspect])] for text in (old, new))
            assert [c.strip(" .") for c in first] == [c.strip(" .") for c in second]


def test_a_text_shows_the_aspects_that_are_known_and_hides_the_others():
    sample = WORLD.sample(300, seed=104)
    labels = WORLD.aspects(sample)
    place = {"negative": 1, "positive": 2}
    for row, text in enumerate(WORLD.render(sample)):
        assert text
        assert set(text.split()) <= set(WORLD.vocabulary)
        for aspect in ASPECTS:
            label = labels[aspect][row]
            shown = [value for value, k in place.items() if any(t[k] in text.split() for t in TEMPLATES[aspect])]
            assert shown == ([] if label == "unknown" else [label])


def test_no_word_of_an_aspect_serves_another():
    spoken = [word for of in TEMPLATES.values() for template in of for word in template[1:]]
    assert all(len(of) == 12 for of in TEMPLATES.values())
    assert len(set(spoken)) == len(spoken)


def test_the_editor_makes_as_many_faults_as_it_says_and_the_same_ones_again():
    sample = WORLD.sample(4000, seed=105)
    texts = list(WORLD.render(sample))
    targets = [VALUES[(VALUES.index(label) + 1) % 3] for label in WORLD.aspects(sample)["food"]]
    editor = ReviewEditor(WORLD, sample)
    exact = list(WORLD.render(WORLD.edit(sample, "food", targets)))
    edits = editor(texts, "food", targets)
    idle = np.mean([edit == text for edit, text in zip(edits, texts, strict=True)])
    right = np.mean([edit == wanted for edit, wanted in zip(edits, exact, strict=True)])
    assert idle == pytest.approx(0.05, abs=0.012)
    assert right == pytest.approx(0.9, abs=0.016)
    assert editor(texts[10:20], "food", targets[10:20]) == edits[10:20]
    assert editor(texts, "food", targets, seed=1) != edits


def test_mistakes_have_their_sentence():
    sample = WORLD.sample(3)
    with pytest.raises(OptionError, match=r"from 0 to 1, got 1\.5"):
        ReviewsWorld(1.5)
    with pytest.raises(UnknownVariableError, match=r"'fod' is not a variable of this review. Did you mean 'food'"):
        WORLD.edit(sample, "fod", "positive")
    with pytest.raises(OptionError, match="one of negative, unknown, positive, for all 3 rows or one for each"):
        WORLD.edit(sample, "food", "good")
    with pytest.raises(OptionError, match="shares of faults are probabilities"):
        ReviewEditor(WORLD, sample, confounded=0.7, unchanged=0.7)
    with pytest.raises(DataError, match="knows the texts of its sample alone, not 'hello'"):
        ReviewEditor(WORLD, sample)(["hello"], "food", ["positive"])
