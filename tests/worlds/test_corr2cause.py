"""Questions whether causation follows from correlation: counts, wording, renaming, and refusals."""

import json
import re
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from aitia.cli.main import app
from aitia.errors import DataError, OptionError
from aitia.graph.separation import Independence
from aitia.worlds import Corr2CauseWorld
from aitia.worlds.correlation_text import (
    Hypothesis,
    Premise,
    check_names,
    hypothesis_text,
    listed,
    read_hypothesis,
    read_premise,
)

WORLD = Corr2CauseWorld()
EVERY = WORLD.every()
OPENING = "Suppose there is a closed system of {} variables, {}. All the statistical relations among these {} variables are as follows: "  # noqa: E501


def opening(*names):
    return OPENING.format(len(names), listed(names), len(names))


@pytest.mark.parametrize(("nodes", "items"), [(2, 12), (3, 90), (4, 720), (5, 8520)])
def test_there_are_as_many_questions_as_classes_pairs_and_hypotheses(nodes, items):
    world = Corr2CauseWorld(nodes, nodes)
    sample = world.every()
    assert len(sample) == items
    assert len(set(zip(*world.parts(sample), strict=True))) == items


def test_shares_of_labels_are_the_counted_ones():
    for nodes, entailed in ((3, 3 / 90), (4, 57 / 720), (5, 1248 / 8520)):
        world = Corr2CauseWorld(nodes, nodes)
        assert np.isclose(world.every()["label"].mean(), entailed)


def test_a_premise_has_the_published_wording():
    """The collider A -> B <- C, as the generator of the paper writes it."""
    premise = Premise(("A", "B", "C"), (("A", "B"), ("B", "C")), (Independence("A", "C"),))
    assert str(premise) == (
        "Suppose there is a closed system of 3 variables, A, B and C. All the statistical relations among these 3 "
        "variables are as follows: A correlates with B. B correlates with C. However, A is independent of C."
    )


def test_independences_stand_pair_by_pair_in_lexicographic_order():
    stated, _ = WORLD.asked(EVERY.take([len(EVERY) - 1]))[0]
    chain = next(p for p, _ in WORLD.asked(EVERY.take(slice(12, 102, 18))) if len(p.independent) == 6)
    assert [(i.x, i.y, i.given) for i in chain.independent] == [
        (x, y, g) for x, y, z in (("A", "B", "C"), ("A", "C", "B"), ("B", "C", "A")) for g in ((), (z,))
    ]
    for premise in {p for p, _ in WORLD.asked(EVERY.take(slice(0, len(EVERY), 60)))} | {stated}:
        places = [(i.x, i.y, list(i.given)) for i in premise.independent]
        assert places == sorted(places)
        assert all(list(i.given) == sorted(i.given) for i in premise.independent)


def test_every_pair_is_either_dependent_or_independent_by_itself():
    for premise in {p for p, _ in WORLD.asked(EVERY.take(slice(0, len(EVERY), 6)))}:
        alone = {frozenset((i.x, i.y)) for i in premise.independent if not i.given}
        dependent = set(map(frozenset, premise.dependent))
        assert alone | dependent == {frozenset(pair) for pair in combinations(premise.names, 2)}
        assert not alone & dependent


def test_as_many_statements_are_read_as_there_are_sentences():
    texts, _ = WORLD.parts(EVERY.take(slice(0, len(EVERY), 60)))
    for text in set(texts):
        read = read_premise(text)
        assert len(read.dependent) + len(read.independent) == text.count(". ") + text.endswith(".") - 1
        assert str(read) == text


@pytest.mark.parametrize("names", ["letters", "permuted", "reversed", "words"])
def test_what_is_written_is_read_back(names):
    sample = WORLD.counterfactual(EVERY.take(slice(0, len(EVERY), 41)), {"names": names})
    for phrasing in ("published", "paraphrased"):
        other = WORLD.counterfactual(sample, {"phrasing": phrasing, "names": names})
        for text, (premise, asked) in zip(WORLD.render(other), WORLD.asked(other), strict=True):
            stated, hypothesis = text.split("\nHypothesis:")
            assert read_premise(stated) == premise
            assert read_hypothesis(hypothesis, premise.names) == asked


def test_names_and_wording_change_the_text_and_nothing_else():
    for names, called in (("reversed", "ZYXWV"), ("permuted", "ABCDE")):
        other = WORLD.counterfactual(EVERY, {"names": names})
        assert all(np.array_equal(EVERY[k], other[k]) for k in ("class", "pair", "hypothesis", "relation", "label"))
        premise, _ = WORLD.asked(other.take([len(other) - 1]))[0]
        assert premise.names == tuple(called)


def test_permuted_letters_state_the_same_up_to_names():
    """Numbers of statements by size of the condition are the same, and letters move."""
    moved = 0
    other = WORLD.counterfactual(EVERY, {"names": "permuted"})
    rows = range(0, len(EVERY), 37)
    for (one, _), (two, _) in zip(WORLD.asked(EVERY.take(rows)), WORLD.asked(other.take(rows)), strict=True):
        assert Counter(len(i.given) for i in one.independent) == Counter(len(i.given) for i in two.independent)
        moved += one != two
    assert moved > len(rows) / 2


def test_rows_have_question_options_label_and_class():
    table = WORLD.rows(WORLD.sample(300, seed=1))
    assert table.lists("options")[0] == ["Yes", "No"]
    assert set(table.labels("label")) == {"Yes", "No"}
    assert all(re.fullmatch(r"[2-5]-\d{3}", group) for group in table.labels("group"))
    assert all(text.startswith("Can we deduce the following: ") for text in table.texts("question"))
    assert (np.asarray(table.labels("relation") == "entailment") == (table.labels("label") == "Yes")).all()


def test_the_reading_is_a_reading_of_common_causes_alone():
    worlds = {reading: Corr2CauseWorld(5, 5, reading=reading).every() for reading in ("path", "ancestor", "parent")}
    for reading, sample in worlds.items():
        differs = sample["label"] != worlds["path"]["label"]
        assert differs.sum() == {"path": 0, "ancestor": 144, "parent": 52}[reading]
        assert set(sample["hypothesis"][differs]) <= {4.0, 5.0}


@given(
    names=st.lists(
        st.from_regex(r"[A-Za-z][a-z0-9_-]{0,6}( [A-Z][a-z]{1,5})?", fullmatch=True), min_size=2, max_size=5
    ),
    data=st.data(),
)
@settings(deadline=None, max_examples=60)
def test_any_names_that_are_taken_are_read_back(names, data):
    try:
        check_names(names)
    except OptionError:
        return
    pairs = list(combinations(names, 2))
    dependent = data.draw(st.lists(st.sampled_from(pairs), unique=True))
    independent = []
    for x, y in pairs:
        others = [n for n in names if n not in (x, y)]
        drawn = data.draw(st.lists(st.sets(st.sampled_from(others)), unique_by=frozenset)) if others else []
        independent += [Independence(x, y, tuple(n for n in others if n in held)) for held in drawn]
    premise = Premise(tuple(names), tuple(dependent), tuple(independent))
    assert read_premise(str(premise)) == premise
    for kind in ("parent", "ancestor", "collider", "confounder"):
        for paraphrased in (False, True):
            asked = Hypothesis(kind, names[1], names[0])
            assert read_hypothesis(hypothesis_text(asked, paraphrased=paraphrased, form=1), names) == asked


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("A", "A"), "two variables are called 'A'"),
        (("ice, cream", "B"), "cannot be the name"),
        (("salt and pepper", "B"), "cannot be the name"),
        (("", "B"), "cannot be the name"),
        (("independent", "B"), "'independent' is a word of the sentences"),
        (("Some", "B"), "'Some' is a word"),
    ],
)
def test_names_that_could_not_be_told_apart_are_refused(names, told):
    with pytest.raises(OptionError, match=told):
        check_names(names)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("A correlates with B.", "a premise begins with"),
        (opening("A", "B").replace("2 variables, A", "3 variables, A"), "speaks of 3 variables and names 2"),
        (opening("A", "A") + "A correlates with A.", "two variables are called 'A'"),
        (opening("A", "B") + "A correlates with C.", "none of the statements .* 'A correlates with C.'"),
        (opening("A", "B") + "A causes B.", "none of the statements .* 'A causes B.'"),
        (opening("A", "B") + "A correlates with A.", "names a variable twice"),
        (opening("A", "B") + "A correlates with B. B correlates with A.", "states twice: 'B correlates with A.'"),
        (opening("A", "B", "C") + "A and B are independent given C and C.", "names a variable twice"),
        (opening("A", "B", "C") + "A and B are independent given C. A is indep", "none of the statements"),
    ],
)  # fmt: skip
def test_a_premise_that_is_not_read_whole_is_refused(text, told):
    with pytest.raises(DataError, match=told):
        read_premise(text)


@pytest.mark.parametrize("text", ["A causes B.", "A directly causes D.", "A directly causes A.", "", "Yes"])
def test_a_hypothesis_of_no_known_wording_is_refused(text):
    with pytest.raises(DataError, match="hypothesis"):
        read_hypothesis(text, ("A", "B", "C"))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"most": 7}, r"76,907 classes of 7 variables, so 9,690,282 questions.* large=true \(--yes of `aitia world`\)"),
        ({"most": 9, "large": True}, "systems of 9 variables cannot be listed"),
        ({"least": 1}, "2 variables or more"),
        ({"least": 5, "most": 4}, "least is at most most"),
        ({"names": "greek"}, "names is one of letters"),
        ({"reading": "cousin"}, "reading is one of path"),
    ],
)
def test_a_world_that_nobody_can_have_meant_is_refused(options, told):
    with pytest.raises(OptionError, match=told):
        Corr2CauseWorld(**options)


def test_six_variables_are_made_whole():
    world = Corr2CauseWorld(6, 6)
    sample = world.every()
    assert len(sample) == 198_090
    assert len(set(world.groups(sample))) == 2201
    premises, _ = world.parts(sample.take(range(0, len(sample), 90)))
    assert len(set(premises)) == 2201
    assert max(text.count("independent") for text in premises) == 240


def test_yes_of_the_command_makes_what_is_large(tmp_path):
    """It is put down as an argument of the world, by which others are judged on the same rows."""
    words = ["world", "corr2cause", "--world", "least=2", "--world", "most=3", "--n", "4", "--out"]
    done = CliRunner().invoke(app, [*words, str(tmp_path / "a"), "--yes"])
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "a" / "trial.json").read_text())["arguments"]["large"] == "true"
    refused = CliRunner().invoke(app, ["world", "corr2cause", "--world", "most=7", "--out", str(tmp_path / "b")])
    assert "--yes" in str(refused.exception)
    assert not (tmp_path / "b").exists()
    done = CliRunner().invoke(
        app, ["world", "pendulum", "--n", "2", "--size", "8", "--yes", "--out", str(tmp_path / "c")]
    )
    assert done.exit_code == 0, done.output  # a world that does not ask is made
