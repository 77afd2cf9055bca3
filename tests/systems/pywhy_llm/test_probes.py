"""Probes: what answers rest on, under coined names and with single words gone."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.systems.pywhy_llm.models import always_first, who_knows

from aitia.systems.pywhy_llm import Pair, PywhyLlm
from aitia.systems.pywhy_llm.renaming import GONE, WORDS, coined, under, without_words

NAMES = ["rain", "river", "flood", "harm"]
PAIRS = [
    Pair("rain", "river", "mm of Rain a day", "level of the river in m"),
    Pair("harm", "flood", "in money", "days with a flood"),
]
TRUE = ["->", "<-"]
names = st.text(alphabet="abcdefg xyz", min_size=1, max_size=12).filter(str.strip)


def reasons(prompts, seed=0):
    """Knows what things are and no name: the option whose cause comes down first, is then seen, and then felt."""
    found = []
    for prompt in prompts:
        about = dict(re.findall(r'^"(.*?)": (.*)$', prompt, re.M))
        place = {n: next((k for k, w in enumerate(("mm of", "level", "days", "money")) if w in a), None)
                 for n, a in about.items()}  # fmt: skip
        letters = {(a, b): letter for letter, a, b in re.findall(r'^([AB])\. "(.*?)" causes "(.*?)"$', prompt, re.M)}
        said = [letter for (a, b), letter in letters.items() if None not in (place.get(a), place.get(b))
                and place[a] < place[b]]  # fmt: skip
        found.append(said[0] if said else "C")
    return found


def asked(model):
    return PywhyLlm().fit(None, model=model)


def test_who_recalls_a_pair_by_its_names_is_lost_and_who_reasons_is_not():
    recalls, _ = asked(who_knows(NAMES)).probe(PAIRS, TRUE)
    assert [(p.names, p.right, p.same) for p in recalls] == [("own", 2, 2), ("described", 0, 0), ("coined", 0, 0)]
    knows, _ = asked(reasons).probe(PAIRS, TRUE)
    assert [(p.names, p.right, p.same) for p in knows] == [("own", 2, 2), ("described", 2, 2), ("coined", 0, 0)]
    nothing, _ = asked(always_first).probe(PAIRS, TRUE)
    assert [(p.right, p.undecided, p.same) for p in nothing] == [(0, 2, 2)] * 3
    assert recalls[0].interval[0] == pytest.approx(0.342, abs=1e-3)  # Wilson's of 2 of 2


def test_the_words_that_move_an_answer_are_those_that_it_rests_on():
    _, words = asked(who_knows(NAMES)).probe(PAIRS, TRUE)
    assert {word.word for word in words if word.moves} == set(NAMES)
    assert all(word.where == "name" for word in words if word.moves)
    _, words = asked(reasons).probe(PAIRS, TRUE)
    moved = {(word.where, word.word) for word in words if word.moves}
    assert moved == {("description", w) for w in ("mm", "of", "level", "money", "days")}
    _, words = asked(always_first).probe(PAIRS, TRUE)
    assert not any(word.moves for word in words)


def test_pairs_without_descriptions_are_not_asked_by_description():
    ways, _ = asked(who_knows(NAMES)).probe([PAIRS[0], Pair("harm", "flood")], TRUE)
    assert [way.names for way in ways] == ["own", "coined"]


def test_a_description_does_not_say_the_name_that_is_hidden():
    (first, _) = coined(PAIRS, described=True)
    assert "rain" not in first.x_about.lower()
    assert first.x_about == f"mm of {first.x} a day"
    assert first.y_about == f"level of the {first.y} in m"
    assert under(PAIRS, "coined")[0] == Pair(first.x, first.y)
    assert under(PAIRS, "own") == PAIRS


@given(st.lists(st.tuples(names, names), min_size=1, max_size=30))
def test_coined_names_are_one_for_each_name_and_none_of_them(pairs):
    given_pairs = [Pair(x, y) for x, y in pairs]
    found = coined(given_pairs, described=False)
    word = {}
    for before, after in zip(given_pairs, found, strict=True):
        for old, new in ((before.x, after.x), (before.y, after.y)):
            assert word.setdefault(old, new) == new
            assert re.fullmatch("[a-z]+", new)
    assert len(set(word.values())) == len(word)
    assert not set(word) & set(word.values())


@given(names, names, st.text(alphabet="ab ", max_size=60))
def test_each_word_is_gone_once(x, y, about):
    pair = Pair(x, y, about)
    found = list(without_words(pair))
    assert len(found) == len(x.split()) + len(y.split()) + min(WORDS, len(about.split()))
    for where, word, rest in found:
        before = f"{x} {y}" if where == "name" else about
        after = f"{rest.x} {rest.y}".replace(GONE, " ") if where == "name" else rest.x_about
        assert sorted([*after.split(), word]) == sorted(before.split())
        assert rest.x.strip()
        assert rest.y.strip()


def test_do_asks_under_other_names_and_edits_say_so():
    model = asked(who_knows(NAMES))
    rows = {"x": ["rain", "harm"], "y": ["river", "flood"]}
    assert [str(a) for a in model.predict(rows).known.labels("answer")] == TRUE
    assert set(model.do("do(names=coined)").predict(rows).known.labels("answer").tolist()) == {"neither"}
    edited = model.do("do(names=coined, order=swapped)").edit(rows).known
    (first, second) = coined([Pair("rain", "river"), Pair("harm", "flood")], described=False)
    assert edited.texts("x") == [first.y, second.y]
    assert edited.texts("y") == [first.x, second.x]
