"""Each law broken on purpose: a tiny system with one fault, which that law finds, and no other law but those named.

A law that is added to `LAWS` without a breaker is red here, and so is one that another law's breaker trips over.
"""

import copy
import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from aitia.do import Value
from aitia.system import LAWS, Target, Targets, laws, load


def ours(system):
    """The class that a broken one is made of: its methods without the fault."""
    return type(system).__mro__[1]


def holding(system, held):
    other = copy.copy(system)
    other.held = type(system.held)(held)
    return other


def numbers(rows, **columns):
    return rows.with_known(columns, dict.fromkeys(columns, "number"))


# -- faults of do ------------------------------------------------------------------------------------------------------


def something_for_nothing(self, intervention=None, /, **named):
    return ours(self).do(self, intervention or {"x": 0.5}, **named)


def first_wins(self, intervention=None, /, **named):
    other = ours(self).do(self, intervention, **named)
    return holding(other, other.held | self.held)


def forgets_the_others(self, intervention=None, /, **named):
    other = ours(self).do(self, intervention, **named)
    return holding(other, {name: a for name, a in other.held.items() if name not in self.held})


def says_and_does_not(self, intervention=None, /, **named):
    """Holds what it is told, and answers as if the latest had never come."""
    other = ours(self).do(self, intervention, **named)
    other.first = getattr(self, "first", None) or dict(other.held)
    return other


def run_of_the_first(self, noise, facts=None):
    return ours(self)._run(holding(self, getattr(self, "first", self.held)), noise, facts)


def run_without_y(self, noise, facts=None):
    return ours(self)._run(holding(self, {name: a for name, a in self.held.items() if name != "y"}), noise, facts)


def leaves_a_trace(self, intervention=None, /, **named):
    other = ours(self).do(self, intervention, **named)
    self.asked, other.asked = bool(other.held), False
    return other


def encode_with_trace(self, given):
    told = ours(self)._encode(self, given)
    return numbers(told, z=told.column("z") + getattr(self, "asked", False))


def keeps_what_it_does(self, intervention=None, /, **named):
    """Gives itself: what it did stays done."""
    self.held = ours(self).do(self, intervention, **named).held
    return self


def writes_in_the_rows(self, given, draws, seed):
    if self.held:
        values = given.table.column("w")
        values.flags.writeable = True
        values[0] = 77.0
    return ours(self)._abduct(self, given, draws, seed)


def takes_anything(self, intervention=None, /, **named):
    known = {
        name: a for name, a in type(self.held)(intervention or {}).items() if name in ours(self).targets.fget(self)
    }
    return holding(self, {**self.held, **known})


def any_name(self):
    return Targets((Target("x", (), (-1.0,), (1.0,)),), Target, "anything")


def refuses_without_a_name(self, intervention=None, /, **named):
    try:
        return ours(self).do(self, intervention, **named)
    except Exception as error:
        raise type(error)("there is no such thing") from error


class AnyLabel(Target):
    def check(self, action):
        return None


def any_label(self):
    return Targets([AnyLabel("word", ("good", "bad"))])


# -- faults of counterfactuals -----------------------------------------------------------------------------------------


def permuted_noise(self, given, draws, seed):
    rng = np.random.default_rng(seed)
    return {name: rng.permutation(u) for name, u in ours(self)._abduct(self, given, draws, seed).items()}


def noise_of_another_y(self, given, draws, seed):
    noise = ours(self)._abduct(self, given, draws, seed)
    return {**noise, "fresh": np.random.default_rng(seed).normal(size=len(noise["y"]))}


def solve_with_another_y(self, noise):
    """Gives the fact back, and once something is done draws the noise of y anew."""
    rows = ours(self)._solve(self, noise)
    return numbers(rows, y=rows.known.column("y") + noise.parts["fresh"]) if self.held else rows


def off_by_a_fifth(self, noise):
    rows = ours(self)._solve(self, noise)
    y = rows.known.column("y")
    return numbers(rows, y=y + 0.2 * y.std())


def first_draw_alone(self, noise):
    """The first draw is the fact, the others are not."""
    rows = ours(self)._solve(self, noise)
    late = np.arange(len(rows)) % noise.draws > 0
    return numbers(rows, y=rows.known.column("y") + late)


def solve_of_one_draw(self, noise):
    rows = ours(self)._solve(self, noise)
    return rows.take(np.arange(0, len(rows), noise.draws))


def stirs_while_it_solves(self, noise):
    """Each answer to one noise is another one; asked of copies, so that nothing else is seen of it."""
    self.answered = getattr(self, "answered", 0) + 1
    rows = ours(self)._solve(self, noise)
    return numbers(rows, y=rows.known.column("y") + self.answered) if self.held else rows


def solve_upstream(self, noise):
    rows = ours(self)._solve(self, noise)
    return numbers(rows, z=rows.known.column("z") + ("x" in self.held))


def predict_upstream(self, given, draws, seed):
    rows = ours(self)._predict(self, given, draws, seed)
    return numbers(rows, z=rows.known.column("z") + ("x" in self.held))


# -- faults of predictions ---------------------------------------------------------------------------------------------


def stream_that_goes_on(self, given, draws, seed):
    """Its stream of random numbers goes on from answer to answer; every do winds it back."""
    self.answered = getattr(self, "answered", 0) + 1
    return ours(self)._predict(self, given, draws, seed + self.answered)


def winds_back(self, intervention=None, /, **named):
    self.answered = 0
    return ours(self).do(self, intervention, **named)


def leaves_a_hole(self, given, draws, seed):
    rows = ours(self)._predict(self, given, draws, seed)
    told = {name: rows.known.column(name).copy() for name in ("z", "x", "y")}
    told["x"][0] = np.nan
    return numbers(rows, **told)


def one_draw(self, given, draws, seed):
    return ours(self)._predict(self, given, 1, seed)


def all_rows_then_again(self, given, draws, seed):
    """Draw after draw in the place of row after row."""
    rows = ours(self)._predict(self, given, draws, seed)
    return rows.take(np.arange(len(rows)).reshape(len(given), draws).T.ravel())


def rows_upside_down(self, given, draws, seed):
    rows = ours(self)._predict(self, given, draws, seed)
    return rows.take(np.arange(len(rows))[::-1])


def conditions(self, given, draws, seed):
    """What is set is taken for a fact."""
    facts = {name: [a.value] * len(given) for name, a in self.held.items() if isinstance(a, Value)}
    rows = given.with_rows(given.data.with_known(facts, dict.fromkeys(facts, "number"))) if facts else given
    rows = dataclasses.replace(rows, roles={**rows.roles, **{name: name for name in facts}})
    return ours(self)._predict(holding(self, {}), rows, draws, seed)


def conditions_in_secret(self, given, draws, seed):
    """The same, where causes are shown as if it had done."""
    return numbers(conditions(self, given, draws, seed), z=ours(self)._predict(self, given, draws, seed).column("z"))


def ignores_facts(self, given, draws, seed):
    return ours(self)._predict(self, dataclasses.replace(given, roles={}), draws, seed)


# -- faults of edits, effects and keeping ------------------------------------------------------------------------------


def outside_of_the_mask(self, given):
    rows = ours(self)._edit(self, given)
    told = [text.replace("slow", "fast") for text in rows.known.texts("text")]
    return rows.with_known({"text": told}, {"text": "text"}) if self.held else rows


def another_column(self, given):
    return ours(self)._edit(self, given).with_known({"spans": [[], [], []]}, {"spans": "spans"})


def row_lost(self, given):
    return ours(self)._edit(self, given).take([0, 1])


def interval(low, high):
    """Effects whose interval, which reaches 0.1 to either side, is moved at its ends."""

    def effects(self, given, target, outcome):
        table = ours(self)._effects(self, given, target, outcome)
        return numbers(table, low=table.column("effect") + low, high=table.column("effect") + high)

    return effects


def without_control(self, given, target, outcome):
    table = ours(self)._effects(self, given, target, outcome)
    return table.select([name for name in table.names if name != "control"])


def state_rounded(self):
    options, arrays = ours(self)._state(self)
    return options, {**arrays, "weights": arrays["weights"].round(2)}


def swallows_names(self, *data, **roles):
    return ours(self).given(self, *data, **{name: value for name, value in roles.items() if name in self.card.takes})


# -- the breakers ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Breaker:
    """One fault: methods and fields of the card that a tiny system has in place of its own."""

    law: Callable[..., Any]  # that finds it
    methods: Mapping[str, Any] = field(default_factory=dict)
    slug: str = "tiny-scm"
    asked: Mapping[str, Any] = field(default_factory=dict)  # of the trial, in place of what the example says
    card: Mapping[str, Any] = field(default_factory=dict)
    also: tuple[Callable[..., Any], ...] = ()  # laws that it breaks as well, since they say part of the same


def option(name):
    return {"Config": dataclasses.make_dataclass("Config", [(name, float, 0.0)])}


def targets_named(*names):
    return {"targets": property(lambda self: Targets(Target(name, (), (-1.0,), (1.0,)) for name in names))}


BREAKERS: Mapping[str, Breaker] = {
    "random numbers go on from answer to answer": Breaker(
        laws.same_seed, {"_predict": stream_that_goes_on, "do": winds_back}
    ),
    "do() does something": Breaker(laws.identity, {"do": something_for_nothing}),
    "the first do wins": Breaker(laws.latest_wins, {"do": first_wins}),
    "other targets are forgotten": Breaker(
        laws.latest_wins, {"do": forgets_the_others}, asked={"do": "do(z=1)", "other": "do(z=2, x=1)"}
    ),
    "the latest do is held and not done": Breaker(
        laws.latest_wins, {"do": says_and_does_not, "_run": run_of_the_first}
    ),
    "do of y is held and not done": Breaker(
        laws.does_something, {"_run": run_without_y}, asked={"do": "do(y=1)", "other": "do(y=-1)"}
    ),
    "do leaves a trace": Breaker(laws.unchanged, {"do": leaves_a_trace, "_encode": encode_with_trace}),
    "do gives the system itself": Breaker(
        laws.unchanged, {"do": keeps_what_it_does}, also=(laws.doing_is_not_conditioning,)
    ),
    "the rows are written in": Breaker(laws.unchanged, {"_abduct": writes_in_the_rows}),
    "any target is taken": Breaker(laws.refuses_unknown_target, {"targets": property(any_name)}),
    "a refusal names nothing": Breaker(laws.refuses_unknown_target, {"do": refuses_without_a_name}),
    "any label is taken": Breaker(laws.refuses_unknown_target, {"targets": property(any_label)}, "tiny-redact"),
    "the card hides what do is": Breaker(laws.refuses_without_targets, card={"does": None}),
    "do is taken without targets": Breaker(
        laws.refuses_without_targets,
        {"targets": property(lambda self: Targets()), "do": takes_anything},
        card={"does": None},
    ),
    "noise is redrawn": Breaker(laws.fact_stays, {"_abduct": permuted_noise}, also=(laws.keeps_noise,)),
    "the fact is off by more than the bound": Breaker(laws.fact_stays, {"_solve": off_by_a_fifth}),
    "the second draw is not the fact": Breaker(laws.fact_stays, {"_solve": first_draw_alone}),
    "draws are lost": Breaker(laws.fact_stays, {"_solve": solve_of_one_draw}),
    "a bound that excuses anything": Breaker(laws.bound_is_small, {"bound": {"y": 3.0}}),
    "noise is redrawn once something is done": Breaker(
        laws.keeps_noise, {"_abduct": noise_of_another_y, "_solve": solve_with_another_y}
    ),
    "one noise has two answers": Breaker(laws.keeps_noise, {"_solve": stirs_while_it_solves}),
    "a cause moves in counterfactuals": Breaker(laws.non_descendants_stay, {"_solve": solve_upstream}),
    "a cause moves in predictions": Breaker(laws.non_descendants_stay, {"_predict": predict_upstream}),
    "a hole is left": Breaker(laws.fills_holes, {"_predict": leaves_a_hole}),
    "one draw for two": Breaker(laws.fills_holes, {"_predict": one_draw}, also=(laws.doing_is_not_conditioning,)),
    "draws out of order": Breaker(laws.fills_holes, {"_predict": all_rows_then_again}),
    "rows out of order": Breaker(laws.fills_holes, {"_predict": rows_upside_down}),
    "do conditions": Breaker(
        laws.doing_is_not_conditioning, {"_predict": conditions}, also=(laws.non_descendants_stay,)
    ),
    "do conditions in secret": Breaker(laws.doing_is_not_conditioning, {"_predict": conditions_in_secret}),
    "facts are ignored": Breaker(laws.doing_is_not_conditioning, {"_predict": ignores_facts}),
    "an edit outside of the mask": Breaker(laws.edit_keeps_the_rest, {"_edit": outside_of_the_mask}, "tiny-redact"),
    "an edit of another column": Breaker(laws.edit_keeps_the_rest, {"_edit": another_column}, "tiny-redact"),
    "an edit loses a row": Breaker(laws.edit_keeps_the_rest, {"_edit": row_lost}, "tiny-redact"),
    "an interval without width": Breaker(laws.effects_are_told, {"_effects": interval(-0.1, -0.1)}),
    "an interval upside down": Breaker(laws.effects_are_told, {"_effects": interval(0.1, -0.1)}),
    "an interval of something else": Breaker(laws.effects_are_told, {"_effects": interval(0.3, 0.5)}),
    "an interval that is no number": Breaker(laws.effects_are_told, {"_effects": interval(np.nan, np.nan)}),
    "effects without a control": Breaker(laws.effects_are_told, {"_effects": without_control}),
    "weights are saved rounded": Breaker(laws.saved_is_the_same, {"_state": state_rounded}),
    "what is held is not saved": Breaker(laws.saved_is_the_same, {"_record": lambda self: {"slug": "tiny-scm"}}),
    "an option named as a role": Breaker(laws.names_are_told_apart, option("x")),
    "an option named as the rows": Breaker(laws.names_are_told_apart, option("rows")),
    "an option named as the draws": Breaker(laws.names_are_told_apart, option("draws")),
    "two targets of one name": Breaker(laws.names_are_told_apart, targets_named("z", "x", "y", "x")),
    "the card boasts": Breaker(laws.card_is_true, slug="tiny-redact", card={"verbs": ("edit", "predict")}),
    "the card is too modest": Breaker(laws.card_is_true, slug="tiny-redact", card={"verbs": ()}),
    "unknown names are swallowed": Breaker(laws.refuses_unknown_names, {"given": swallows_names}),
}


def fault_of(system, breaker):
    """The class of the tiny system with the fault."""
    methods = dict(breaker.methods)
    if breaker.card:
        methods["card"] = dataclasses.replace(system.card, **breaker.card)
    return type(type(system).__name__, (type(system),), methods)


def put(found, breaker, law, fault):
    """Whether a law holds, put to a new copy of the system, on rows of its own, so that none sees what another left."""

    def faulty(system):
        system.__class__ = fault or type(system)
        return system

    given = found.given
    if given.rows is not None:
        given = given.with_rows(given.rows.take(np.arange(len(given))))
    trial = found.trial(rows=found.example.rows, **breaker.asked)
    trial = dataclasses.replace(trial, system=faulty(copy.copy(found.system)), given=given)
    with pytest.MonkeyPatch.context() as patch:  # what is loaded has the fault too
        patch.setattr(laws, "load", lambda folder: faulty(load(folder)))
        return laws._judged(law.__name__, law, trial).holds


def found_by(found, breaker, fault=None):
    """The laws that find a fault."""
    return {law for law in LAWS.values() if put(found, breaker, law, fault) is False}


@pytest.mark.parametrize("fault", BREAKERS)
def test_a_fault_is_found_by_its_law_and_by_no_other(fitted, fault):
    breaker = BREAKERS[fault]
    found = fitted(breaker.slug)
    assert found_by(found, breaker) == set()
    assert put(found, breaker, breaker.law, None), "the law asks something of the system without the fault"
    assert found_by(found, breaker, fault_of(found.system, breaker)) == {breaker.law, *breaker.also}


def test_every_law_has_a_fault_that_it_alone_finds():
    assert {breaker.law for breaker in BREAKERS.values() if not breaker.also} == set(LAWS.values())


def test_a_fault_within_the_bound_that_is_stated_is_none(fitted):
    found = fitted("tiny-scm")
    for bound, finds in ((0.25, set()), (0.15, {laws.fact_stays})):
        breaker = Breaker(laws.fact_stays, {"_solve": off_by_a_fifth, "bound": {"y": bound}})
        assert found_by(found, breaker, fault_of(found.system, breaker)) == finds


def test_an_interval_without_an_end_is_found(fitted):
    found, breaker = fitted("tiny-scm"), Breaker(laws.effects_are_told, {"_effects": interval(-0.1, np.inf)})
    assert put(found, breaker, laws.effects_are_told, fault_of(found.system, breaker)) is False


def test_an_interval_may_leave_its_estimate_out(fitted):
    breaker = Breaker(laws.effects_are_told, {"_effects": interval(0.05, 0.3)})
    found = fitted("tiny-scm")
    assert found_by(found, breaker, fault_of(found.system, breaker)) == set()


def test_a_bound_of_mere_rounding_excuses_no_noise_that_is_drawn(fitted):
    fault = {"_abduct": noise_of_another_y, "_solve": solve_with_another_y, "bound": {"x": 1e-5}}
    found, breaker = fitted("tiny-scm"), Breaker(laws.keeps_noise, fault)
    assert laws.keeps_noise in found_by(found, breaker, fault_of(found.system, breaker))


def test_a_target_may_bear_the_name_of_the_column_of_another_role_only_if_it_is_that_column(fitted):
    found = fitted("tiny-scm")

    def holds(*names, **roles):
        system = copy.copy(found.system)
        system.__class__ = type(type(system).__name__, (type(system),), targets_named(*names))
        system.roles = {**system.roles, **roles}
        law = laws.names_are_told_apart
        return laws._judged(law.__name__, law, dataclasses.replace(found.trial(), system=system)).holds

    assert holds("x", "y")
    assert holds("outcome", y="outcome")
    assert not holds("y", y="outcome")  # the column of the role y has another name
