"""Facts and scenes: read back by hand from the text, and changed where they are set and nowhere else."""

import re

import numpy as np
import pytest

from aitia.errors import OptionError, UnknownVariableError
from aitia.worlds import FactsWorld, ScenesWorld
from aitia.worlds.facts import CITIES, RELATIONS, SAID
from aitia.worlds.scenes import FAMILIES, NAMES

FACTS, SCENES = FactsWorld(), ScenesWorld()
LIVES = re.compile(r"(\w+) (?:lives in|stays in|is from) (\w+) \.")
WORKS = re.compile(r"(\w+) (?:is a|works as|became a) (\w+) \.")
SERVES = re.compile(r"(\w+) (?:serves|helps|obeys) (\w+) \.")


def read_fact(text):
    """(relation, person, value) of a sentence, by trying every wording."""
    for relation, of in SAID.items():
        for said in of:
            if found := re.fullmatch(re.escape(said).replace(r"\{\}", r"(\w+)") + r" \.", text):
                return relation, found[1], found[2]
    raise AssertionError(text)


def stated(document):
    """City, job and chief of each person, as a reader takes them from the statements."""
    plain = document.split("the chief of")[0]
    found = {
        "city": dict(LIVES.findall(plain)),
        "job": dict(WORKS.findall(plain)),
        "chief": dict(SERVES.findall(plain)),
    }
    people = {name for of in NAMES for name in of}
    return {what: {who: value for who, value in held.items() if who in people} for what, held in found.items()}


def test_all_that_is_said_of_a_person_agrees():
    sample = FACTS.sample(3000, seed=1)
    known = {}
    for text in FACTS.render(sample):
        relation, person, value = read_fact(text)
        assert known.setdefault((relation, person), value) == value
        assert set(text.split()) <= set(FACTS.vocabulary)
    assert len(known) == 60 * len(RELATIONS)


def test_everybody_has_one_pupil_and_is_the_pupil_of_one_in_a_single_circle():
    held = FACTS.questions("pupil")
    of = {prompt.split()[0]: answer for prompt, answer in zip(held.texts("prompt"), held.texts("answer"), strict=True)}
    who, seen = FACTS.people[0], []
    while who not in seen:
        seen.append(who)
        who = of[who]
    assert len(seen) == 60
    back = FACTS.questions("pupil", backward=True)
    asked = [prompt.split()[0] for prompt in back.texts("prompt")]
    assert dict(zip(asked, back.texts("answer"), strict=True)) == {pupil: master for master, pupil in of.items()}


def test_questions_are_answered_by_the_sentences():
    told = {}
    for text in FACTS.render(FACTS.sample(3000, seed=2)):
        relation, person, value = read_fact(text)
        told[relation, person] = value
    for relation in RELATIONS:
        held = FACTS.questions(relation)
        for prompt, answer, options in zip(
            held.texts("prompt"), held.texts("answer"), held.lists("options"), strict=True
        ):
            assert told[relation, prompt.split()[0]] == answer
            assert options == list(FACTS.labels(relation))
    with pytest.raises(OptionError, match="only pupil is one to one"):
        FACTS.questions("city", backward=True)
    with pytest.raises(OptionError, match="wording is 0 to 3"):
        FACTS.questions("city", 4)
    with pytest.raises(UnknownVariableError, match="city"):
        FACTS.questions("citi")


def test_another_city_is_written_where_the_city_is_said_and_nowhere_else():
    fact = FACTS.sample(400, seed=3)
    other = FACTS.counterfactual(fact, "do(city=rome)")
    for before, after in zip(FACTS.render(fact), FACTS.render(other), strict=True):
        relation, person, value = read_fact(before)
        assert after == (before.replace(value, "rome") if relation == "city" else before)
        assert read_fact(after)[1] == person


def test_a_scene_states_three_persons_in_a_circle():
    sample = SCENES.sample(300, seed=1)
    lengths = []
    for row, text in enumerate(SCENES.render(sample)):
        found = stated(text)
        assert all(len(held) == 3 for held in found.values())
        chief = found["chief"]
        who = next(iter(chief))
        assert len({who, chief[who], chief[chief[who]]}) == 3
        assert chief[chief[chief[who]]] == who
        assert set(text.split()) <= set(SCENES.vocabulary)
        assert found["city"][NAMES[0][int(sample["person_1"][row])]] == CITIES[int(sample["city_1"][row])]
        lengths.append(len(text.split()))
    assert max(lengths) <= 64
    assert len(SCENES.vocabulary) < 150


def test_what_is_restated_is_true():
    for text in SCENES.render(SCENES.sample(300, seed=2)):
        found = stated(text)
        for who, city in re.findall(r"the chief of (\w+) lives in (\w+)", text):
            assert found["city"][found["chief"][who]] == city
        for who, job in re.findall(r"the chief of (\w+) is a (\w+)", text):
            assert found["job"][found["chief"][who]] == job
        for city, who in re.findall(r"in (\w+) lives (\w+)", text):
            assert found["city"][who] == city
        for job, who in re.findall(r"the (\w+) is (\w+) \.", text):
            assert found["job"][who] == job


@pytest.mark.parametrize("family", FAMILIES)
def test_questions_are_answered_by_reading_the_document(family):
    held = SCENES.questions(SCENES.sample(200, seed=3), family)
    kind, _, what = family.rpartition("-")
    assert len(held) > 150
    said = []
    for prompt, options, answer in zip(held.texts("prompt"), held.lists("options"), held.texts("answer"), strict=True):
        *_, question = prompt.rsplit(" . ", 1)
        found, words = stated(prompt), question.split()
        people = [word for word in words if word in found["city"]]
        values = [word for word in words if word in found[what].values()]
        if kind == "inverse":
            assert [who for who, value in found[what].items() if value == values[0]] == [answer]
            assert sorted(options) == sorted(found[what])
        elif kind == "entailment":
            assert answer == ("yes" if found[what][people[0]] == values[0] else "no")
            assert options == ["yes", "no"]
        else:
            who = found["chief"][people[0]] if kind == "two-hop" else people[0]
            assert found[what][who] == answer
            assert sorted(options) == sorted(set(found[what].values()))
        said.append(options.index(answer))
    # No place in the list of options, and not yes or no, is right by itself.
    assert np.bincount(said).max() / len(said) < 0.65


def test_setting_a_city_rewrites_what_is_said_of_it_alone():
    fact = SCENES.sample(200, seed=4)
    other = SCENES.counterfactual(fact, "do(city_2=rome)")
    for row, (before, after) in enumerate(zip(SCENES.render(fact), SCENES.render(other), strict=True)):
        was = CITIES[int(fact["city_2"][row])]
        assert len(before.split()) == len(after.split())
        changed = {(a, b) for a, b in zip(before.split(), after.split(), strict=True) if a != b}
        assert changed <= {(was, "rome")}
        assert changed or was == "rome"
        assert stated(after)["city"][NAMES[1][int(fact["person_2"][row])]] == "rome"


def test_bad_options_are_refused():
    with pytest.raises(OptionError, match="persons is 2 to 240"):
        FactsWorld(1)
    with pytest.raises(OptionError, match="restated is from 0 on"):
        ScenesWorld(-1)
    with pytest.raises(OptionError, match="a family is get-city"):
        SCENES.questions(SCENES.sample(2), "get")
