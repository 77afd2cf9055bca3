"""Exact counterfactual posteriors of discrete systems by the twin network.

Two copies of the system share their noise: the factual one, in which the evidence was seen, and the counterfactual one,
in which the intervention is done. The noise of a variable is uniform on [0, 1) and its mechanism the inverse of the
cumulative distribution (`tabular.py` states this convention). The thresholds of all parents' configurations cut [0, 1)
into finitely many intervals; within one, the variable responds to its parents in one fixed way. So each interval is one
label of a discrete noise variable, and the counterfactual is a query on a discrete network.

Variables that the intervention does not reach are the same in both copies and need no noise variable.

Source:
    Balke and Pearl, Probabilistic evaluation of counterfactual queries (1994); Pearl, Causality (2009), section 7.1.4.
"""

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.do import Intervention
from aitia.errors import CostError, OptionError, join_names
from aitia.scm._arrays import Values
from aitia.scm._elimination import Factor, eliminate, plan
from aitia.scm.distribution import Distribution
from aitia.scm.exact import MOST_CELLS, coded, named, node_table, normalised, tables
from aitia.scm.model import SCM
from aitia.scm.tabular import TableMechanism

__all__ = ["counterfactual_posterior"]

LEAST_EVIDENCE = 1e-12
"""The intervals' ends are sums, right to about 1e-16: the answer is right to about 1e-15 / P(evidence)."""

Node = tuple[str, str]
"""A variable and its copy: "fact", "twin" or "noise"."""


def counterfactual_posterior(
    scm: SCM,
    evidence: Mapping[str, Any],
    intervention: Intervention | Mapping[str, Any] | str,
    outcomes: str | Iterable[str],
    *,
    given: Mapping[str, Any] | None = None,
    limit: float = MOST_CELLS,
) -> Distribution:
    """P(outcomes would have been ... had `intervention` been done | evidence was seen), exactly.

    Args:
        scm: A system whose mechanisms are tables, at least above what is asked.
        evidence: What was seen in the system as it is; any variables.
        intervention: What would have been done.
        outcomes: One name or several, in the counterfactual world.
        given: Evidence in the counterfactual world, where something is known of it too.
        limit: Largest number of table cells allowed.

    Raises:
        UnknownVariableError: If a name is not a variable of the system.
        OptionError: If a mechanism that matters is not a table, or an outcome is also in `given`.
        DataError: If the evidence has probability zero.
        CostError: If the answer would need more than `limit` cells.

    Example:
        >>> from aitia.graph.graph import Graph
        >>> scm = SCM.from_tables(Graph("drug -> well"), {"drug": [0.5, 0.5], "well": [[0.6, 0.4], [0.1, 0.9]]})
        >>> p = counterfactual_posterior(scm, {"drug": 1, "well": 1}, {"drug": 0}, "well")
        >>> round(p[1], 4)  # the noise lies in [0.1, 1); without the drug one is well from 0.6 on: 0.4 / 0.9
        0.4444
    """
    names = named(scm, outcomes)
    action = Intervention.parse(intervention) if isinstance(intervention, str) else Intervention(intervention)
    done = scm.do(action)
    seen, known = coded(scm, evidence), coded(scm, given or {})
    if both := [name for name in names if name in known]:
        raise OptionError(f"{join_names(both)} is both outcome and given: its label is known")
    network = _Twin(scm, done, action, (*names, *known), tuple(seen), limit)
    found: dict[Hashable, int] = {(name, "fact"): code for name, code in seen.items()}
    for name, code in known.items():
        node = network.twin(name)
        if found.setdefault(node, code) != code:
            raise OptionError(f"the intervention does not reach {name!r}, so it cannot differ from what was seen")
    keep: list[Hashable] = [network.twin(name) for name in names]
    # An outcome that the intervention does not reach may itself have been seen: it keeps an axis through a copy.
    copies: dict[Hashable, Hashable] = {node: (node, "copy") for node in keep if node in found}
    factors = [factor.at(found) for factor in network.factors()]
    factors += [Factor((copies[node],), np.eye(network.sizes[node])[found[node]]) for node in copies]
    keep = [copies.get(node, node) for node in keep]
    sizes = network.sizes | {copy: network.sizes[node] for node, copy in copies.items()}
    order = plan([factor.scope for factor in factors], sizes, keep, limit)
    joint = eliminate(factors, order, keep)
    return normalised(scm, names, joint, {**evidence, **(given or {})}, scm.intervention, LEAST_EVIDENCE)


class _Twin:
    """The two copies: which variables have a twin, and a factor for each variable and noise."""

    def __init__(
        self,
        fact: SCM,
        done: SCM,
        action: Intervention,
        asked: tuple[str, ...],
        seen: tuple[str, ...],
        limit: float,
    ) -> None:
        self.fact, self.done = fact, done
        reached = set(done.graph.descendants(action.targets)) if action else set()
        above = done.graph.ancestors(asked)
        self.twins = [name for name in above if name in reached]
        # The factual copy: what was seen, the parents that a twin shares with the facts, and whose noise is shared.
        shared = [name for name in above if name not in reached]
        noisy = [name for name in self.twins if name not in done.intervention]
        self.facts = fact.graph.ancestors(dict.fromkeys((*seen, *shared)))
        self.noisy = [name for name in noisy if name in self.facts and name not in fact.intervention]
        tables(fact, self.facts)
        tables(done, self.twins)
        self.sizes: dict[Hashable, int] = {}
        self.responses: dict[str, tuple[Values, NDArray[np.intp]]] = {}
        for name in self.facts:
            self.sizes[name, "fact"] = len(fact.categories(name))
        for name in self.twins:
            self.sizes[name, "twin"] = len(fact.categories(name))
        for name in self.noisy:
            mechanism = fact.mechanisms[name]
            assert isinstance(mechanism, TableMechanism)  # `tables` has seen to it
            thresholds = _thresholds(mechanism)
            types = len(thresholds) - 1
            if (cells := float(types) * mechanism.table.size) > limit:
                raise CostError(
                    f"the noise of {name!r} has {types} response types, its table {cells:.3g} cells, at most "
                    f"{limit:.3g} are allowed: draw rows and use `counterfactual` on them, or raise `limit`"
                )
            self.responses[name] = np.diff(thresholds), _responses(mechanism, thresholds)
            self.sizes[name, "noise"] = types

    def twin(self, name: str) -> Node:
        """The node of a variable in the counterfactual copy."""
        return (name, "twin" if name in self.twins else "fact")

    def factors(self) -> list[Factor]:
        """One for each variable of each copy, and one for each shared noise."""
        found = []
        for name in self.facts:
            if name in self.noisy:
                found.append(Factor(((name, "noise"),), self.responses[name][0]))
                found.append(self._response(name, "fact"))
            else:
                scope, table = node_table(self.fact, name)
                found.append(Factor(tuple((v, "fact") for v in scope), table))
        for name in self.twins:
            if name in self.noisy:
                found.append(self._response(name, "twin"))
            else:
                scope, table = node_table(self.done, name)
                found.append(Factor(tuple(self.twin(v) for v in scope), table))
        return found

    def _response(self, name: str, copy: str) -> Factor:
        """1 where the variable has the label that its noise and parents give it."""
        parents = self.fact.mechanisms[name].parents
        places = tuple(self.twin(p) if copy == "twin" else (p, "fact") for p in parents)
        answers = self.responses[name][1]
        table = np.eye(len(self.fact.categories(name)))[answers]
        return Factor(((name, "noise"), *places, (name, copy)), table)


def _thresholds(mechanism: TableMechanism) -> Values:
    """Where the noise's intervals begin and end, 0 and 1 included."""
    inner = np.cumsum(mechanism.table, axis=-1)[..., :-1].ravel()
    # Rounding can split one threshold into several that differ in the last digits; such slivers carry nothing.
    points = np.unique(np.clip(np.concatenate([[0.0], inner, [1.0]]), 0.0, 1.0))
    kept: Values = points[np.concatenate([[True], np.diff(points) > 1e-14])]
    kept[-1] = 1.0
    return kept


def _responses(mechanism: TableMechanism, thresholds: Values) -> NDArray[np.intp]:
    """The code for each interval and configuration of the parents, (types, k_1, ..., k_m)."""
    middle = (thresholds[:-1] + thresholds[1:]) / 2
    below = np.cumsum(mechanism.table, axis=-1)[..., :-1]
    codes: NDArray[np.intp] = (middle.reshape(-1, *(1,) * below.ndim) >= below).sum(axis=-1)
    return codes
