"""Who did what to whom: texts are read back to their events, and a pair means the same or differs in one event."""

import re

import numpy as np
import pytest

from aitia.errors import OptionError
from aitia.worlds import RolesWorld
from aitia.worlds.roles import FORMS, NAMES, ORDERS, PLACES, SLOTS, THINGS, VERBS

WORLD = RolesWorld(events=2)
READERS = [re.compile(re.sub(r"{(\w+)}", r"(?P<\1>\\w+)", order.replace(" .", " \\."))) for order in ORDERS]
CODES = {word: k for held in (VERBS, THINGS, PLACES) for k, of in enumerate(held) for word in of}


def read(text):
    """The events of a text, by patterns of their own: (order, (actor, verb, patient, thing, place)) each."""
    found = []
    for event in re.findall(r"[^.]+\.", text):
        ((order, match),) = [(k, m) for k, reader in enumerate(READERS) if (m := reader.fullmatch(event.strip()))]
        found.append((order, tuple(CODES.get(match[slot], match[slot]) for slot in SLOTS)))
    return found


def told(sample, row):
    """The same of what the sample says."""
    return [
        tuple(
            NAMES[int(sample[f"{slot}{k}"][row])] if slot in ("actor", "patient") else int(sample[f"{slot}{k}"][row])
            for slot in SLOTS
        )
        for k in (1, 2)
    ]


def test_a_text_says_its_events_in_its_form():
    sample = WORLD.sample(300, seed=1)
    for row, text in enumerate(WORLD.render(sample)):
        events = read(text)
        assert [said for _, said in events] == told(sample, row)
        assert [order for order, _ in events] == [(int(sample["form"][row]) + k) % 4 for k in (0, 1)]
        assert all(said[0] != said[2] for _, said in events)
        assert set(text.split()) <= set(WORLD.vocabulary)


def test_another_form_says_the_same_and_another_actor_says_only_that():
    fact = WORLD.sample(60, seed=2)
    for form in FORMS:
        other = WORLD.render(WORLD.counterfactual(fact, {"form": form}))
        for before, after in zip(WORLD.render(fact), other, strict=True):
            assert [said for _, said in read(before)] == [said for _, said in read(after)]
    other = WORLD.counterfactual(fact, "do(actor1=ann, patient1=bob)")
    for before, after in zip(WORLD.render(fact), WORLD.render(other), strict=True):
        assert before.split(" . ", 1)[1] == after.split(" . ", 1)[1]
        (order, said), (order_after, said_after) = read(before)[0], read(after)[0]
        assert (order, said[1], said[3:]) == (order_after, said_after[1], said_after[3:])
        assert (said_after[0], said_after[2]) == ("ann", "bob")


def test_a_patient_is_even_among_those_who_are_not_the_actor():
    sample = WORLD.sample(20_000, seed=3)
    counts = np.zeros((14, 14))
    np.add.at(counts, (sample["actor1"].astype(int), sample["patient1"].astype(int)), 1)
    assert (np.diag(counts) == 0).all()
    off = counts[~np.eye(14, dtype=bool)]
    # Poisson counts of 20,000 / 182 each: none is six standard deviations away.
    assert np.abs(off - off.mean()).max() < 6 * np.sqrt(off.mean())


def test_of_three_texts_two_mean_the_same_and_one_differs_in_one_event():
    found = WORLD.triples(400, seed=4)
    kinds = set()
    for query, positive, negative, swapped in zip(*found, strict=True):
        q, p, n = read(query), read(positive), read(negative)
        assert [said for _, said in q] == [said for _, said in p]
        assert [order for order, _ in q] != [order for order, _ in p]
        assert [order for order, _ in p] == [order for order, _ in n]
        (differs,) = [k for k in (0, 1) if p[k][1] != n[k][1]]
        before, after = p[differs][1], n[differs][1]
        parts = [k for k in range(5) if before[k] != after[k]]
        if swapped:
            assert (before[0], before[2]) == (after[2], after[0])
            assert parts == [0, 2]
        else:
            assert len(parts) == 1
            kinds.add(parts[0])
    assert kinds == set(range(5))
    assert np.mean(found.swapped) == 0.5
    assert WORLD.triples(5, seed=4).query == WORLD.triples(5, seed=4).query


def test_bad_numbers_are_refused():
    with pytest.raises(OptionError, match="a text has 1 event or more, got 0"):
        RolesWorld(events=0)
    with pytest.raises(OptionError, match="n is 1 or more"):
        WORLD.triples(0)
