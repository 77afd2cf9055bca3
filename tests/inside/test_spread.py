"""Traces over several workers say, to the bit, what one process says."""

import numpy as np
import pytest

from aitia.cluster import ProcessEngine
from aitia.engine import LocalEngine
from aitia.inside import trace_pairs, trace_prompt
from aitia.inside.pairs import Pair
from aitia.inside.spread import _Only, _Part, spread_trace
from aitia.nn.sites import trace

PROMPT, OTHER = "the capital of France is", "the capital of Italy is"


class TwoHere(LocalEngine):
    """Has two workers, both of which are this process."""

    def __init__(self):
        super().__init__(2)
        self.items = []

    def _run(self, function, items, waiting):
        self.items += items
        yield from ((i, function(items[i])) for i in reversed(waiting))


WAYS = [
    {"against": OTHER, "answer": "Paris", "other": "Rome", "batch_size": 1},
    {"draws": 3, "subject": "France", "batch_size": 4},
    {"operation": "noise", "draws": 2, "batch_size": 1},
    {"operation": "zero", "sites": ["transformer.h.*.mlp[position=*]", "transformer.h.1.attn"], "batch_size": 3},
]


@pytest.mark.parametrize("how", WAYS, ids=lambda how: next(iter(how)))
def test_a_trace_of_parts_is_that_of_the_whole(language, how):
    engine = TwoHere()
    alone = trace_prompt(language, PROMPT, **how)
    spread = trace_prompt(language, PROMPT, engine=engine, **how)
    assert np.array_equal(alone.found.values, spread.found.values)
    assert alone.found.sites == spread.found.sites
    assert [str(s.site) for s in alone.strongest] == [str(s.site) for s in spread.strongest]
    assert len(engine.items) > 1
    names = [name for part in engine.items for name in part]
    assert len(set(names)) == len(names)  # no site is anybody else's too


def test_processes_of_their_own_say_the_same(language):
    how = {"against": OTHER, "answer": "Paris", "other": "Rome", "draws": 2, "batch_size": 1}
    alone, spread = (trace_prompt(language, PROMPT, engine=engine, **how) for engine in (None, ProcessEngine(2)))
    assert np.array_equal(alone.found.values, spread.found.values)


def first_logit(output):
    return output.logits[:, -1, 0]


SITES, STOP = ("transformer.h.*[position=*]",), {"operation": 0.0, "batch_size": 1}


def test_what_is_stored_is_not_run_again(language):
    inputs, store, engine = {"input_ids": language.encode(PROMPT)}, {}, TwoHere()
    first = spread_trace(engine, language.model, inputs, SITES, first_logit, store=store, **STOP)
    assert sorted(store) == sorted(map(str, first.sites))
    del store[next(iter(store))]
    before = len(engine.items)
    again = spread_trace(engine, language.model, inputs, SITES, first_logit, store=store, **STOP)
    assert len(engine.items) == before + 1
    assert np.array_equal(first.values, again.values)


def test_pairs_on_two_workers_are_those_of_one(language):
    pairs = [
        Pair(f"the capital of {a} is", f"the capital of {b} is", x, y)
        for a, b, x, y in (("France", "Italy", "Paris", "Rome"), ("Spain", "Italy", "Madrid", "Rome"))
    ]
    alone, spread = (trace_pairs(language, pairs, engine=engine) for engine in (None, TwoHere()))
    assert alone.to_json() == spread.to_json()


def test_the_plan_has_every_site_once(language):
    inputs = {"input_ids": language.encode(PROMPT)}
    planned = [name for group in _Part(language.model, inputs, SITES, first_logit, STOP).plan() for name in group]
    whole = trace(language.model, inputs, SITES, first_logit, **STOP)
    assert sorted(planned) == sorted(map(str, whole.sites))


def test_a_store_of_some_sites_keeps_those_alone():
    store = _Only(frozenset({"a"}), 2)
    store["a"], store["b"] = [1.0, 2.0], [3.0, 4.0]
    assert (dict(store), "a" in store, "b" in store, store["b"]) == ({"a": [1.0, 2.0]}, True, True, [0.0, 0.0])
    assert "a" not in _Only(frozenset({"a"}), 1)
