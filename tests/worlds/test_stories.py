"""Stories with known causes: the examples of the literature, two other solvers, and a reader of the text."""

from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitia import Intervention
from aitia.errors import OptionError
from aitia.graph import Graph
from aitia.scm import SCM, Function
from aitia.text import Question, read_questions
from aitia.worlds import StoriesWorld
from aitia.worlds.actual_causes import BooleanModel
from aitia.worlds.story_words import ASKED, EVENTS, STRUCTURES, SURFACES

SETTINGS = [dict(zip(EVENTS, so, strict=True)) for so in product((False, True), repeat=3)]


def alike(told, *causes):
    return {frozenset(cause) for cause in told} == {frozenset(cause.split()) for cause in causes}


# -- what the literature says (Halpern, Actual Causality, 2016) --------------------------------------------------------


def test_forest_fires():
    """Example 2.3.1: where both are needed each is a cause; where each suffices both together are."""
    both = {"lightning": True, "match": True}
    needs = BooleanModel(("lightning", "match"), {"fire": lambda v: v["lightning"] and v["match"]})
    assert alike(needs.causes(both), "lightning", "match")
    assert needs.necessary(both, "match")
    assert not needs.sufficient(both, "match")
    suffices = BooleanModel(("lightning", "match"), {"fire": lambda v: v["lightning"] or v["match"]})
    assert alike(suffices.causes(both), "lightning match")
    assert not suffices.necessary(both, "match")
    assert suffices.sufficient(both, "match")
    assert suffices.part_of_a_cause(both, "match")


def test_rocks_that_are_thrown():
    """Example 2.3.3: Suzy's stone hits first; hers is the cause and Billy's is not, though neither is necessary."""
    rocks = BooleanModel(
        ("suzy", "billy"),
        {
            "suzy hits": lambda v: v["suzy"],
            "billy hits": lambda v: v["billy"] and not v["suzy hits"],
            "bottle breaks": lambda v: v["suzy hits"] or v["billy hits"],
        },
    )
    both = {"suzy": True, "billy": True}
    assert rocks.causes(both) == (("suzy",), ("suzy hits",))  # the hit, which is between, is one too
    assert not rocks.part_of_a_cause(both, "billy")
    assert not any(rocks.necessary(both, name) for name in both)
    assert all(rocks.sufficient(both, name) for name in both)


@pytest.mark.parametrize(("votes", "size"), [(6, 1), (7, 2), (8, 3), (11, 6)])
def test_a_vote_of_eleven(votes, size):
    """Example 2.3.2: of 6 to 5 each vote is a cause; of 11 to 0 any six are, and none alone."""
    names = tuple(f"v{k}" for k in range(11))
    model = BooleanModel(names, {"passes": lambda v: sum(v[n] for n in names) >= 6})
    so = {name: k < votes for k, name in enumerate(names)}
    actual = model.solve(so)
    flipped = dict.fromkeys(names[:size], False)
    assert model.changes(so, flipped)
    assert not model.changes(so, dict(list(flipped.items())[1:]))
    assert model.necessary(so, "v0") == (size == 1)
    assert actual["passes"]


@pytest.mark.parametrize(("votes", "size"), [(3, 1), (4, 2), (5, 3)])
def test_a_vote_of_five_by_brute_force(votes, size):
    names = tuple(f"v{k}" for k in range(5))
    model = BooleanModel(names, {"passes": lambda v: sum(v[n] for n in names) >= 3})
    causes = model.causes({name: k < votes for k, name in enumerate(names)})
    assert {len(cause) for cause in causes} == {size}
    assert len(causes) == comb(votes, size)
    assert all(set(cause) <= set(names[:votes]) for cause in causes)


def test_double_prevention():
    """The escort that shoots down the interceptor is a cause of the bombing (Hall; Halpern, example 3.4.1)."""
    model, flown = STRUCTURES["prevention"], dict.fromkeys(EVENTS, True)
    assert model.part_of_a_cause(flown, "second")
    assert model.part_of_a_cause(flown, "third")
    assert not model.part_of_a_cause(flown, "first")


# -- other solvers -----------------------------------------------------------------------------------------------------


def tables(structure, so):
    """A second solver: each variable left alone, held or turned, equations iterated to their fixed point.

    A cause is a least set of turned variables under which some held ones let the outcome change.
    """
    model = STRUCTURES[structure]
    names = [*EVENTS, *list(model.follows)[:-1]]

    def outcome(held):
        values = {**dict.fromkeys([*names, "outcome"], False), **so, **held}
        for _ in range(len(names) + 1):
            for name, equation in model.follows.items():
                values[name] = held.get(name, bool(equation(values)))
        return values["outcome"], values

    came, actual = outcome({})
    but_for = set()
    for mask in product((0, 1, 2), repeat=len(names)):  # left alone, held at what it is, turned
        held = {n: bool(actual[n]) ^ (m == 2) for n, m in zip(names, mask, strict=True) if m}
        if outcome(held)[0] != came:
            but_for.add(frozenset(n for n, m in zip(names, mask, strict=True) if m == 2))
    causes = {group for group in but_for if not any(other < group for other in but_for)}
    return came, causes


@pytest.mark.parametrize("structure", STRUCTURES)
def test_a_second_solver_agrees_on_everything_that_can_be_asked(structure):
    model = STRUCTURES[structure]
    for so in SETTINGS:
        came, causes = tables(structure, so)
        assert model.solve(so)["outcome"] == came
        assert {frozenset(cause) for cause in model.causes(so)} == causes
        for name in EVENTS:
            turned = {**so, name: not so[name]}
            assert model.necessary(so, name) == (tables(structure, turned)[0] != came)
            assert model.part_of_a_cause(so, name) == any(name in cause for cause in causes)
            assert model.sufficient(so, name) == all(
                tables(structure, other)[0] == came for other in SETTINGS if other[name] == so[name]
            )


@pytest.mark.parametrize("structure", ["late", "prevention"])
def test_our_scm_agrees_under_do(structure):
    """The values under do() of any variables are those of `aitia.scm`, where each mechanism is the equation."""
    model = STRUCTURES[structure]
    names = [*EVENTS, *model.follows]

    def mechanism(name):
        parents = tuple(names[: names.index(name)]) if name in model.follows else ()

        def value(*columns):  # the noise comes last
            rows = zip(*columns[:-1], strict=True) if parents else [()] * len(columns[-1])
            held = [dict(zip(parents, map(bool, row), strict=True)) for row in rows]
            return np.array([float(model.follows[name](v)) if parents else 0.0 for v in held])

        return Function(parents, value)

    mechanisms = {name: mechanism(name) for name in names}
    scm = SCM(Graph([(p, n) for n, m in mechanisms.items() for p in m.parents], nodes=names), mechanisms)
    for so in SETTINGS:
        for held in product((None, False, True), repeat=len(model.follows) - 1):
            do = {n: h for n, h in zip(list(model.follows)[:-1], held, strict=True) if h is not None}
            row = scm.do(Intervention({n: float(v) for n, v in (so | do).items()})).sample(1, seed=0)
            assert {n: bool(row.column(n)[0]) for n in names} == model.solve(so, do)


# -- texts -------------------------------------------------------------------------------------------------------------


def read(story, question):
    """A reader of its own: words of the rule to a rule, facts to values, and the answer by the second solver."""
    surface = next(s for s in SURFACES.values() if s.outcome.subject in story.lower())
    rules = {
        "at least two of these": "majority", "keeps it off": "prevention", "stands ready looks": "backup",
        "comes too late": "late",
    }  # fmt: skip
    structure = next((s for words, s in rules.items() if words in story), None)
    if structure is None:
        structure = "both" if f"{surface.first.happens} and {surface.second.happens}" in story else "either"
    sentences = story.rstrip(".").split(". ")
    low = [s[0].lower() + s[1:] for s in sentences] + sentences
    events = surface.events(structure)
    so = {name: event.was(True) in low for name, event in events.items()}
    assert all((events[name].was(False) in low) != so[name] for name in EVENTS)
    came, causes = tables(structure, so)
    assert surface.outcome.was(came) in low
    asked = {"necessary": "necessary", "sufficient": "sufficient", "actual cause": "cause", "If": "would"}
    kind = next(k for words, k in asked.items() if words in question)
    name = next(
        n for n, e in events.items()
        if (e.had(not so[n]) if kind == "would" else f"that {e.was(so[n])}") in question
    )  # fmt: skip
    turned = tables(structure, {**so, name: not so[name]})[0]
    if kind == "sufficient":
        return all(tables(structure, other)[0] == came for other in SETTINGS if other[name] == so[name])
    if kind == "cause":
        parts = "a part of one" in question
        return any(name in c for c in causes) if parts else frozenset({name}) in causes
    return turned if kind == "would" else turned != came


@pytest.mark.parametrize("parts", [True, False])
def test_the_text_says_all_that_the_label_needs(parts):
    """What the reader makes of 150 texts is what the world says."""
    world = StoriesWorld(parts=parts)
    sample = world.sample(150, seed=11)
    for story, question, label in zip(*world.parts(sample), world.answers(sample), strict=True):
        assert ("Yes" if read(story, question) else "No") == label, (story, question)


@given(st.integers(0, 2**20))
@settings(deadline=None, max_examples=20)
def test_what_a_story_is_about_changes_the_text_and_no_label(seed):
    world = StoriesWorld()
    fact = world.sample(4, seed=seed)
    for surface in SURFACES:
        other = world.counterfactual(fact, Intervention({"surface": surface}))
        assert np.array_equal(other["label"], fact["label"])
        assert all(SURFACES[surface].outcome.subject in text.lower() for text in world.render(other))


def test_stories_are_grammatical_in_every_surface_and_structure():
    for name, surface in SURFACES.items():
        for structure in STRUCTURES:
            for event in (*surface.events(structure).values(), surface.outcome):
                for told in (event.happens, event.was(True), event.was(False), event.had(False), event.would):
                    assert "  " not in told, (name, told)
                    assert told == told.strip()
    verbs = {s.outcome.happens for s in SURFACES.values()}
    assert verbs == {
        "the lamp lights up", "the bottle breaks", "the forest burns down", "the motion passes", "the alarm rings",
        "the plant survives", "the door opens", "the page goes down",
    }  # fmt: skip


def test_every_kind_of_question_has_both_answers_and_no_trivial_way_is_right():
    world = StoriesWorld()
    sample = world.sample(3000, seed=2)
    label = np.array(world.answers(sample))
    for k, asked in enumerate(ASKED):
        share = np.mean(label[sample["asked"] == k] == "Yes")
        assert 0.1 < share < 0.9, asked
    for way, answers in world.trivial(sample).items():
        assert 0.3 < np.mean(np.array(answers) == label) < 0.7, way


def test_rows_are_questions_that_are_asked(tmp_path):
    from aitia.workflow.trials import write_trial

    write_trial(StoriesWorld(), tmp_path / "stories", 40)
    found = read_questions(tmp_path / "stories" / "train" / "train.csv")
    assert len(found) == 40
    assert {question.label for question in found} == {"Yes", "No"}
    world = StoriesWorld()
    made = world.questions(world.sample(40, seed=0))
    assert all(isinstance(q, Question) and "Halpern-Pearl" in q.derived for q in made)
    assert [(q.premise, q.question, q.label, q.group) for q in made] == [
        (q.premise, q.question, q.label, q.group) for q in found
    ]


@pytest.mark.parametrize("happens", [0, 1, -0.5, 2])
def test_events_that_always_or_never_happen_are_refused(happens):
    with pytest.raises(OptionError, match="happens is a probability above 0 and below 1"):
        StoriesWorld(happens=happens)


def test_a_model_without_events_is_refused():
    with pytest.raises(OptionError, match="a model has an event"):
        BooleanModel((), {"fire": lambda v: True})
    with pytest.raises(OptionError, match="'fire' is there twice"):
        BooleanModel(("fire",), {"fire": lambda v: True})
