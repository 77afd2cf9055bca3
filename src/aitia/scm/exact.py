"""Exact answers from discrete systems: P(outcomes | do(...), evidence).

The system's tables, those of `do`'s targets replaced, are multiplied and summed out variable by variable (min-fill
order). Only ancestors of outcomes and evidence take part. The size of every table is known before the first is made.

Source:
    Koller and Friedman, Probabilistic Graphical Models (2009), chapter 9; Pearl, Causality (2009), equation 3.10.
"""

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.do import Action, Categorical, Intervention
from aitia.errors import DataError, InterventionError, OptionError, join_names
from aitia.scm._elimination import Factor, eliminate, plan
from aitia.scm.distribution import Distribution
from aitia.scm.model import SCM
from aitia.scm.tabular import TableMechanism

__all__ = ["query"]

MOST_CELLS = 3e7
"""Cells of all tables together; 8 bytes each, and about a second."""


def query(
    scm: SCM,
    outcomes: str | Iterable[str],
    given: Mapping[str, Any] | None = None,
    do: Intervention | Mapping[str, Any] | str | None = None,
    *,
    limit: float = MOST_CELLS,
) -> Distribution:
    """P(outcomes | do(...), given), exactly.

    Args:
        scm: A system whose mechanisms are tables, at least above outcomes and evidence.
        outcomes: One name or several.
        given: Evidence: variables and the labels seen *after* the intervention.
        do: What is done, on top of what was done to the system already; text is read by `Intervention.parse`.
        limit: Largest number of table cells allowed.

    Raises:
        UnknownVariableError: If a name is not a variable of the system.
        OptionError: If a mechanism that matters is not a table, or an outcome is also evidence.
        DataError: If the evidence has probability zero.
        CostError: If the answer would need more than `limit` cells.

    Example:
        >>> from aitia.graph.graph import Graph
        >>> scm = SCM.from_tables(Graph("rain -> wet"), {"rain": [0.8, 0.2], "wet": [[0.9, 0.1], [0.0, 1.0]]})
        >>> round(query(scm, "rain", {"wet": 1})[1], 4), round(query(scm, "rain", {"wet": 1}, do={"wet": 1})[1], 4)
        (0.7143, 0.2)
    """
    names = named(scm, outcomes)
    evidence = coded(scm, given or {})
    if both := [name for name in names if name in evidence]:
        raise OptionError(f"{join_names(both)} is both outcome and evidence: its label is known")
    system = scm.do(Intervention.parse(do) if isinstance(do, str) else Intervention(do))
    part = system.graph.ancestors((*names, *evidence))
    tables(system, part)
    scopes = {name: (*system.graph.parents(name), name) for name in part}
    sizes: dict[Hashable, int] = {name: len(scm.categories(name)) for name in part}
    open_scopes = [tuple(v for v in scope if v not in evidence) for scope in scopes.values()]
    order = plan(open_scopes, sizes, names, limit)
    factors = [Factor(*node_table(system, name)).at(evidence) for name in part]
    return normalised(scm, names, eliminate(factors, order, names), given or {}, system.intervention)


def named(scm: SCM, outcomes: str | Iterable[str]) -> tuple[str, ...]:
    """The outcomes as a tuple of known, distinct names."""
    names = tuple(dict.fromkeys([outcomes] if isinstance(outcomes, str) else outcomes))
    for name in names:
        scm.categories(name)
    if not names:
        raise OptionError("name at least one outcome")
    return names


def coded(scm: SCM, evidence: Mapping[str, Any]) -> dict[Any, int]:
    """The evidence in codes."""
    codes: dict[Any, int] = {}
    for name, label in evidence.items():
        labels = scm.categories(name)
        if label not in labels:
            has = f"its labels are {join_names(labels)}" if labels else "it is continuous, exact answers need labels"
            raise OptionError(f"the evidence {name} = {label!r} is not possible: {has}")
        codes[name] = labels.index(label)
    return codes


def tables(system: SCM, part: Iterable[str]) -> None:
    """Refuses a part of the system in which a mechanism that is in force is not a table."""
    for name in part:
        if not system.categories(name) or (
            name not in system.intervention and not isinstance(system.mechanisms[name], TableMechanism)
        ):
            kind = type(system.mechanisms[name]).__name__
            raise OptionError(
                f"exact answers need a table for every variable that matters, {name!r} has {kind}: "
                "use `do(scm, ...).sample(n)`"
            )


def node_table(system: SCM, name: str) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """The variables and the array of P(name | parents), as `do` left it."""
    if name in system.intervention:
        return (name,), acted(system.intervention[name], system.categories(name))
    mechanism = system.mechanisms[name]
    assert isinstance(mechanism, TableMechanism)  # `tables` has seen to it
    return (*mechanism.parents, name), mechanism.table


def acted(action: Action, categories: tuple[Any, ...]) -> NDArray[np.float64]:
    """The distribution that an action gives a discrete variable, shape (k,)."""
    if isinstance(action, Categorical):
        return action.over(categories)
    value = getattr(action, "value", None)
    if value not in categories:
        raise InterventionError(f"{action} has no exact distribution over {join_names(categories)}")
    return np.asarray(np.eye(len(categories))[categories.index(value)])


def normalised(
    scm: SCM,
    names: tuple[str, ...],
    joint: NDArray[np.float64],
    given: Mapping[str, Any],
    done: Intervention,
    least: float = 0.0,
) -> Distribution:
    """The conditional distribution from the joint with the evidence.

    Raises:
        DataError: If the evidence has probability zero, or below `least`.
    """
    total = float(joint.sum())
    if not total > least:
        seen = join_names(f"{name} = {label!r}" for name, label in given.items())
        below = f" (below {least:g}, the rounding of the tables)" if least else ""
        raise DataError(f"the evidence {seen} has probability zero{f' under {done}' if done else ''}{below}")
    return Distribution(names, tuple(scm.categories(name) for name in names), joint / total)
