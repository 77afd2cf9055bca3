"""Names and types: spans are where the names are, halves do not mix, and another type rewrites the name and its cue."""

import numpy as np
import pytest

from aitia.errors import OptionError
from aitia.worlds import EntitiesWorld
from aitia.worlds.entities import FIRST, LAST, LEFT, NAMES, RIGHT, TYPES

WORLD = EntitiesWorld()
HALVES = {"labelled": range(NAMES // 2), "fresh": range(NAMES // 2, NAMES)}


def first_words(kind, numbers):
    return {FIRST[TYPES.index(kind)][k] for k in numbers}


@pytest.mark.parametrize("env", HALVES)
def test_every_span_is_a_name_of_its_type_and_of_the_half_of_the_environment(env):
    sample = WORLD.sample(400, seed=1, env=env)
    shared = {word for of in FIRST for word in of[NAMES:]}
    ambiguous = []
    for row, (text, spans) in enumerate(zip(WORLD.render(sample), WORLD.spans(sample), strict=True)):
        assert len(spans) == 1 + (sample["other"][row] > 0)
        for start, stop, kind in spans:
            first, last = text[start:stop].split()
            assert last in LAST
            assert first in first_words(kind, HALVES[env]) | shared
        ambiguous.append(any(text[a:b].split()[0] in shared for a, b, _ in spans))
        assert set(text.split()) <= set(WORLD.vocabulary)
    assert np.mean(ambiguous) == pytest.approx(0.2 if env == "fresh" else 0.0, abs=0.06)


def test_names_of_types_are_apart_but_for_those_that_are_shared_by_two():
    for a, b in ((0, 1), (2, 3)):
        assert set(FIRST[a]) & set(FIRST[b]) == set(FIRST[a][NAMES:])
    assert not set(FIRST[0]) & set(FIRST[2])


def test_an_ambiguous_name_has_its_cue_on_the_right():
    sample = WORLD.sample(600, seed=2, env="fresh")
    shared = sample["number"] >= NAMES
    assert (sample["cue"][shared] == 1).all()
    assert np.bincount(sample["cue"][~shared].astype(int), minlength=3) / (~shared).sum() == pytest.approx(
        [0.3, 0.4, 0.3], abs=0.07
    )


def test_another_type_rewrites_the_name_and_its_cue_and_nothing_else():
    fact = WORLD.sample(200, seed=3)
    for kind in TYPES:
        other = WORLD.counterfactual(fact, f"do(type={kind})")
        for row, (before, after) in enumerate(zip(WORLD.render(fact), WORLD.render(other), strict=True)):
            spans = WORLD.spans(other.take([row]))[0]
            assert kind in [of for _, _, of in spans]
            if TYPES[int(fact["type"][row])] == kind:
                assert before == after
                continue
            cues = {word for of in (*LEFT, *RIGHT) for cue in of for word in cue.split()}
            names = {word for of in FIRST for word in of}
            changed = set(before.split()) ^ set(after.split())
            assert changed <= cues | names


def halves(line: str) -> tuple[str, str]:
    """The names of a list, and the names of its second sentence."""
    first, then = line.removesuffix(" were mentioned again .").split(" were mentioned . ")
    return first, then


def test_plain_text_lists_the_type_of_a_name_now_and_then():
    lines = WORLD.plain(2000, seed=4)
    listed = [line for line in lines if " : " in line]
    assert len(listed) / 2000 == pytest.approx(0.05, abs=0.02)
    known = {word for of in FIRST for word in of}
    twice = [line for line in lines if line.endswith(" were mentioned again .")]
    assert len(twice) / 2000 == pytest.approx(0.2, abs=0.03)
    for line in twice:
        first, then = (sorted(half.replace(" and ", " , ").split(" , ")) for half in halves(line))
        assert first == then
        assert 2 <= len(first) <= 4
    for line in set(lines) - {*listed, *twice}:  # whatever is said of a name again has the name again
        words = [word for word in line.split() if word in known]
        assert max(words.count(word) for word in words) >= line.count(" .")
    told = set(lines) - {*listed, *twice}
    assert np.mean([line.count(" .") > 1 for line in lines if line in told]) == pytest.approx(2 / 3, abs=0.05)
    for line in listed[:20]:
        name, kind = line.split(" : ")
        assert name.split()[0] in FIRST[TYPES.index(kind)]
    with pytest.raises(OptionError, match="n is 1 or more"):
        WORLD.plain(0)
