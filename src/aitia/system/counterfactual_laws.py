"""The laws of counterfactuals: what comes back of the fact, and what is kept."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from aitia.system.capabilities import Counterfactuals, Discovers, Predicts
from aitia.system.trial import CLOSE, NothingToCheckError, Trial

__all__ = ["bound_is_small", "fact_stays", "keeps_noise", "non_descendants_stay"]

ROUNDING = 1e-4
"""Largest bound of a counterfactual that is exact but for the rounding of its numbers."""
OF_A_CHANGE = 1 / 3
"""Largest bound of a counterfactual, as a share of the median change that `do` makes."""


def fact_stays(trial: Trial) -> Iterator[str]:
    """A counterfactual with nothing done is the fact, within the bound that the system states, at each draw."""
    system = trial.needs(Counterfactuals)
    bound = system.bound
    for draws in (1, 2):
        back = system.solve(system.abduct(trial.given, draws=draws, seed=trial.seed))
        if len(back) != draws * len(trial.given):
            yield f"{draws} draws of {len(trial.given)} rows are {len(back)}"
            return
        for k in range(draws):
            found = trial.given.data.gaps(back.take(np.arange(k, len(back), draws)))
            for column, gap in found.items():
                if gap > bound.get(column, 0.0) * (1 + CLOSE) + CLOSE:
                    yield f"with nothing done, {column} is off by {gap:.3g}, the bound is {bound.get(column, 0.0):.3g}"


def bound_is_small(trial: Trial) -> Iterator[str]:
    """What a counterfactual loses of the fact is far less than what is done changes; else it is none."""
    system = trial.needs(Counterfactuals)
    loose = {column: bound for column, bound in system.bound.items() if bound > ROUNDING}
    if not loose:
        return
    noise = system.abduct(trial.given, seed=trial.seed)
    still = system.solve(noise)
    changes: dict[str, list[float]] = {column: [] for column in loose}
    for do in trial.pair:
        held: Any = system.do(do)
        done = held.solve(noise)
        for k in range(len(still)):
            row = np.array([k])
            for column, gap in still.take(row).gaps(done.take(row)).items():
                if column in loose:
                    changes[column].append(gap)
    for column, bound in loose.items():
        if (change := float(np.median(changes[column]))) and bound > OF_A_CHANGE * change:
            yield (
                f"the bound of {column}, {bound:.3g}, is over a third of {change:.3g}, the median change by "
                f"{trial.pair[0]} and {trial.pair[1]}: these are no counterfactuals"
            )


def keeps_noise(trial: Trial) -> Iterator[str]:
    """The noise of a row is its own: the same again when it is asked again, and as long as the rows."""
    system = trial.needs(Counterfactuals)
    a, _ = trial.pair
    noise = system.abduct(trial.given, seed=trial.seed)
    if len(noise) != len(trial.given):
        yield f"the noise of {len(trial.given)} rows is {len(noise)} long"
    held: Any = system.do(a)
    first = held.solve(noise)
    if first.hash() != held.solve(noise).hash():
        yield f"{a} solved twice with one noise gives two answers"
    again = held.solve(system.abduct(trial.given, seed=trial.seed + 1))
    allowed = max(system.bound.values(), default=0.0)
    if allowed <= ROUNDING and (odd := [n for n, gap in first.gaps(again).items() if gap > 2 * allowed + CLOSE]):
        yield f"under {a}, {odd[0]} depends on the seed, and the system says that it is exact"


def non_descendants_stay(trial: Trial) -> Iterator[str]:
    """What the target does not cause keeps its value."""
    system: Any = trial.needs(Discovers)
    graphs = system.graphs()
    if len(graphs) != 1:
        raise NothingToCheckError("there is no one graph")
    graph = next(iter(graphs.values()))
    answers: list[Callable[[Any], Any]] = []
    if isinstance(system, Counterfactuals):
        noise = system.abduct(trial.given, seed=trial.seed)
        answers.append(lambda held: held.solve(noise))
    if isinstance(system, Predicts):
        answers.append(lambda held: held.predict(trial.holes, seed=trial.seed))
    for do in trial.pair:
        if not answers or any(target not in graph.nodes for target in do):
            raise NothingToCheckError("no answer is over the variables of the graph")
        below = {name for target in do for name in (target, *graph.descendants(target))}
        for answer in answers:
            gaps = answer(system).gaps(answer(system.do(do)))
            if odd := [n for n, gap in gaps.items() if n in graph.nodes and n not in below and gap > CLOSE]:
                yield f"under {do}, {odd[0]} moves though none of {', '.join(map(str, do))} causes it"
