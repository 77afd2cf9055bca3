"""What is asked, checked: is the effect in the graph, on which mechanisms does it rest, which label is watched."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.discovery.effects.result import Unidentified
from aitia.do import Action, Intervention, Value
from aitia.errors import DataError, IdentifiabilityError, InterventionError, OptionError, join_names, unknown_variable
from aitia.graph import Edge, Graph, Identification, consistent_extension, identify, pag
from aitia.graph._question import ReadAs, graph_kind
from aitia.graph.equivalence import _member_mag
from aitia.graph.lagged import is_window

HALF, LITTLE = 0.5, 0.05
"""Shares of the rows that are taken beyond what is observed: above the one no interval is given, above the other it is
told."""

__all__ = [
    "Asked",
    "asked",
    "check_names",
    "check_rows_are_independent",
    "label_of",
    "outside",
    "part_of",
    "restricted",
    "targets_of",
]


@dataclass(frozen=True)
class Asked:
    """A question that the graph answers, or whose members answer it.

    Args:
        parts: For each way to read the graph the DAG whose mechanisms are fitted; one where the effect is identified.
        answers: How it is identified, for each.
        undecided: Edges whose marks tell the members apart; none where the effect is identified.
        counts: How many members of a PAG's class stand behind each part; None where they were not counted.
        unidentified: Of a PAG the members in which no adjustment set gives the effect.
    """

    parts: tuple[Graph, ...]
    answers: tuple[Identification, ...]
    undecided: tuple[Edge, ...] = ()
    counts: tuple[int | None, ...] = ()
    unidentified: Unidentified | None = None


def targets_of(intervention: Intervention, against: Intervention) -> list[str]:
    """What is set on either side."""
    return sorted({str(t) for t in (*intervention.targets, *against.targets)})


def check_rows_are_independent(graph: Graph) -> None:
    """Refuses a graph over the times of a process.

    Raises:
        IdentifiabilityError: If it is one.
    """
    if is_window(graph):
        raise IdentifiabilityError(
            "no effect follows from a window of a process: its oldest values have causes in common that lie before it; "
            "a graph over rows that are independent is needed (--graph)"
        )


def check_names(graph: Graph, targets: Sequence[str], outcome: str, latent: Sequence[str]) -> None:
    """Refuses a question that names what cannot be asked about.

    Raises:
        UnknownVariableError: If the graph lacks a target or the outcome.
        IdentifiabilityError: If one of them is latent.
        InterventionError: If the outcome is intervened on.
    """
    for name in (*targets, outcome):
        if name not in graph:
            raise unknown_variable(name, graph.nodes)
        if name in latent:
            raise IdentifiabilityError(
                f"the graph marks {name!r} as latent: what is not observed cannot be asked about"
            )
    if outcome in targets:
        raise InterventionError(
            f"the outcome {outcome!r} is itself intervened on: its value is then what you set it to"
        )


def asked(
    graph: Graph,
    targets: Sequence[str],
    outcome: str,
    latent: Sequence[str],
    read_as: ReadAs = "auto",
    *,
    count: bool = True,
) -> Asked:
    """The question to the graph, or one to each member of its class that gives another answer.

    Args:
        graph: As `estimate_effect` takes it.
        targets: What is set.
        outcome: What is watched.
        latent: What is not observed.
        read_as: What the edges mean; `pag` where they are those of a PAG, which may have no circles.
        count: Whether the members of a PAG's class are counted.

    Raises:
        IdentifiabilityError: If the effect does not follow from the graph and what is observed.
        CostError: If the members are too many to be told apart.
    """
    if graph_kind(graph, read_as) == "pag":
        graph, read_as = _pag(graph), "pag"
    answer = identify(graph, targets, (outcome,), latent=latent, read_as=read_as)
    if answer.identified:
        return Asked((part_of(graph, answer, targets, outcome, latent, hidden=read_as == "pag"),), (answer,))
    if read_as == "pag" and not latent:
        from aitia.discovery.effects.hidden import each_mag

        return each_mag(graph, targets, outcome, answer, count)
    if latent or not graph.is_pdag:
        raise IdentifiabilityError(answer.reason)
    return _each(graph, targets, outcome, answer)


def _pag(graph: Graph) -> Graph:
    """The PAG that this graph is, or, where background knowledge put further marks into it, that it came from.

    Raises:
        IdentifiabilityError: If there is none.
    """
    member = _member_mag(graph)
    if member is None:
        raise IdentifiabilityError(
            "no effect follows from this graph: no graph with hidden causes has its marks, as the tests behind it "
            "contradict each other; search at another level (--alpha), or say which graph to use (--graph)"
        )
    return pag(member)


def _each(graph: Graph, targets: Sequence[str], outcome: str, refused: Identification) -> Asked:
    """The question to each member of the class that answers it in its own way."""
    from aitia.discovery.effects.members import MOST_MEMBERS, members, open_edges

    parts: dict[str, tuple[Graph, Identification]] = {}
    for dag in members(graph, targets):
        answer = identify(dag, targets, (outcome,))
        part = part_of(dag, answer, targets, outcome, ())
        parts.setdefault(str(part), (part, answer))
        if len(parts) > MOST_MEMBERS:
            raise IdentifiabilityError(
                f"{refused.reason}; more than {MOST_MEMBERS} members of its class answer in their own way: "
                "say what is known of these edges"
            )
    found = list(parts.values())
    return Asked(tuple(p for p, _ in found), tuple(a for _, a in found), tuple(open_edges(graph, targets)))


def part_of(
    graph: Graph,
    answer: Identification,
    targets: Sequence[str],
    outcome: str,
    latent: Sequence[str],
    *,
    hidden: bool = False,
) -> Graph:
    """The DAG whose mechanisms are fitted: what lies above the outcome.

    Where some of that is not observed, or the graph has hidden causes, the mechanisms of the adjustment formula stand
    for it: the joint distribution of the adjusted variables as a complete DAG, the targets given these, and the outcome
    given all of them.

    Raises:
        IdentifiabilityError: If hidden causes leave another formula than adjustment alone.
    """
    hidden = hidden or not graph.is_pdag
    member = graph if graph.is_dag or hidden else consistent_extension(graph)
    above = () if hidden else member.ancestors(outcome)
    if not hidden and not set(latent) & set(above):
        return member.subgraph(above)
    if answer.method == "no-effect":
        return Graph([], [outcome])
    if answer.method != "adjustment":
        raise IdentifiabilityError(
            f"the effect follows from the graph ({answer.reason}), but with latent variables only what an adjustment "
            "set gives is estimated, and there is none"
        )
    ordered = member.topological_order() if member.is_admg else targets
    order = (*(answer.adjustment or ()), *(name for name in ordered if name in targets), outcome)
    return Graph([(a, b) for k, b in enumerate(order) for a in order[:k]], order)


def label_of(table: Table, outcome: str, wanted: object | None) -> object | None:
    """The label to report; text stands for the label that prints so.

    Raises:
        OptionError: If there is no such label, or the outcome is a number.
    """
    labels: tuple[object, ...] = table.categories(outcome)
    if table.continuous(outcome):
        if wanted is not None:
            raise OptionError(f"{outcome!r} is continuous: its mean is reported, it has no label {wanted!r}")
        return None
    if wanted is None:
        return labels[-1]
    found = [label for label in labels if label == wanted or str(label) == str(wanted)]
    if not found:
        raise OptionError(f"{wanted!r} is no label of {outcome!r}: it has {join_names(labels)}")
    return found[0]


def restricted(intervention: Intervention, part: Graph) -> Intervention:
    """Without the targets that have no path to the outcome: they change nothing."""
    return Intervention({target: action for target, action in intervention.items() if target in part})


def outside(table: Table, *sides: Intervention) -> tuple[list[str], list[str]]:
    """A sentence for each number that is set to what no row comes near, or beyond what is seen for a part of the rows.

    Raises:
        DataError: If no row has a label that is set, or a target has one value alone.
    """
    far: list[str] = []
    near: list[str] = []
    for name in dict.fromkeys(str(target) for side in sides for target in side):
        values = table.column(name)
        values = values[~np.isnan(values)]
        if not len(values) or values.min() == values.max():
            only = table.categories(name)[int(values[0])] if len(values) and table.discrete(name) else None
            shown = only if only is not None else (f"{values[0]:g}" if len(values) else "none")
            raise DataError(f"{name!r} has one value in these rows, {shown}: what another would do, no row tells")
        for side in sides:
            action = side.get(name)
            if action is None:
                continue
            if table.discrete(name):
                _check_label(table, name, values, action)
                continue
            share, sentence = _beyond(name, values, action)
            if share > HALF:
                far.append(f"{sentence}: the line goes on there without a row, and no interval is given")
            elif share > LITTLE:
                near.append(f"{sentence}; there the answer rests on the fitted line alone")
    return list(dict.fromkeys(far)), list(dict.fromkeys(near))


def _check_label(table: Table, name: str, values: NDArray[np.float64], action: Action) -> None:
    labels = table.categories(name)
    label = getattr(action, "value", None)
    if label in labels and not (values == labels.index(label)).any():
        raise DataError(f"no row has {name} = {label}: what it would do, no row tells")


def _beyond(name: str, values: NDArray[np.float64], action: Action) -> tuple[float, str]:
    """The share of the rows that an action takes beyond what is observed, and a sentence on it."""
    low, high = float(values.min()), float(values.max())
    if isinstance(action, Value) and isinstance(action.value, int | float):
        off = max(low - action.value, action.value - high) / (high - low)
        told = (
            f"{name} = {action.value:g} lies outside of what is observed, {low:.4g} to {high:.4g}, by {off:.1g} times"
        )
        return float(off > 0), f"{told} its width"
    moved = action.apply(values, (np.arange(len(values)) + 0.5) / len(values))
    share = float(((moved < low) | (moved > high)).mean())
    return share, f"{name}={action} takes {share:.0%} of the rows outside of what is observed, {low:.4g} to {high:.4g}"
