"""What is asked, checked: is the effect in the graph, on which mechanisms does it rest, which label is watched."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from aitia.data.spreadsheet.dates import dates_of
from aitia.data.table import Kind, Table
from aitia.discovery.effects.result import Unidentified
from aitia.do import Intervention
from aitia.do.verbs import check_sides
from aitia.errors import IdentifiabilityError, InterventionError, OptionError, join_names, unknown_variable
from aitia.graph import Edge, Graph, Identification, consistent_extension, identify, pag
from aitia.graph._question import ReadAs, graph_kind
from aitia.graph.equivalence import _member_mag
from aitia.graph.lagged import is_window
from aitia.graph.marks import Triple

__all__ = [
    "Asked",
    "asked",
    "check_actions",
    "check_names",
    "check_rows_are_independent",
    "label_of",
    "part_of",
    "restricted",
    "targets_of",
    "without_mediators",
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
        open_triples: Of a graph that leaves colliders open the triples that tell the members apart.
    """

    parts: tuple[Graph, ...]
    answers: tuple[Identification, ...]
    undecided: tuple[Edge, ...] = ()
    counts: tuple[int | None, ...] = ()
    unidentified: Unidentified | None = None
    open_triples: tuple[Triple, ...] = ()


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


def check_actions(table: Table, sides: Sequence[Intervention]) -> None:
    """Refuses what cannot be done to a column, and sides that do the same.

    Raises:
        InterventionError: In that case.
    """
    check_sides(*sides)
    for side in sides:
        for target, action in side.items():
            if target not in table:
                continue
            value = getattr(action, "value", None)
            if table.kind(target) is Kind.TIME and isinstance(value, str) and (day := _day(value)) is not None:
                raise InterventionError(f"{target!r} holds dates, in days since 1970: write {value} as {day:g}")
            action.check(target, table.categories(target))
            if isinstance(value, tuple):
                raise InterventionError(f"{target!r} takes one number a row, got {action}")


def _day(text: str) -> float | None:
    """A date in days since 1970, where it is one and can be read in one way."""
    found = dates_of([text], None)
    if found is None or found.ambiguous is not None:
        return None
    moment = np.datetime64(found.value(text), "us") - np.datetime64("1970-01-01", "us")
    return float(moment / np.timedelta64(1, "D"))


def asked(
    graph: Graph,
    sides: Sequence[Intervention],
    outcome: str,
    latent: Sequence[str],
    read_as: ReadAs = "auto",
    *,
    count: bool = True,
) -> Asked:
    """The question to the graph, or one to each member of its class that gives another answer.

    Sides that set different variables are asked for each on its own: what is adjusted for differs.

    Args:
        graph: As `estimate_effect` takes it.
        sides: What is done, and what it is compared with.
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
    targets, hidden = targets_of(*sides), read_as == "pag"
    answer = _identified(graph, sides, outcome, latent, read_as)
    if graph.open_triples and not latent:
        from aitia.discovery.effects.undecided import each_class

        return each_class(graph, sides, outcome, answer)
    if answer.identified:
        return Asked((part_of(graph, answer, targets, outcome, latent, hidden=hidden),), (answer,))
    if hidden and not latent and _set_the_same(sides):
        from aitia.discovery.effects.hidden import each_mag

        return each_mag(graph, targets, outcome, answer, count)
    if latent or hidden or not graph.is_pdag:
        raise IdentifiabilityError(answer.reason)
    return _each(graph, sides, outcome, answer)


def _set_the_same(sides: Sequence[Intervention]) -> bool:
    """Whether all sides that set something set the same variables."""
    return len({frozenset(side.targets) for side in sides if side}) < 2


def _identified(
    graph: Graph, sides: Sequence[Intervention], outcome: str, latent: Sequence[str], read_as: ReadAs
) -> Identification:
    """Whether the effect follows from the graph: of all targets, and of those of either side where these differ."""
    answer = identify(graph, targets_of(*sides), (outcome,), latent=latent, read_as=read_as)
    if _set_the_same(sides):
        return answer
    setting = [side for side in sides if side]
    each = [identify(graph, side.targets, (outcome,), latent=latent, read_as=read_as) for side in setting]
    if refused := [one for one in (answer, *each) if not one.identified]:
        return refused[0]
    if all(one.method == "no-effect" for one in each):
        return answer
    # No one set is adjusted for: where mechanisms do not tell the effect, there is no formula for both sides.
    if len({one.reason for one in each}) == 1 and graph.is_pdag and not latent and read_as != "pag":
        return replace(answer, method="id", adjustment=None, reason=each[0].reason)
    told = "; ".join(f"for {side} {one.reason}" for side, one in zip(setting, each, strict=True))
    return replace(answer, method="id", adjustment=None, reason=told)


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


def _each(graph: Graph, sides: Sequence[Intervention], outcome: str, refused: Identification) -> Asked:
    """The question to each member of the class that answers it in its own way."""
    from aitia.discovery.effects.members import MOST_MEMBERS, members, open_edges

    targets, parts = targets_of(*sides), dict[str, tuple[Graph, Identification]]()
    for dag in members(graph, targets):
        answer = _identified(dag, sides, outcome, (), "auto")
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
    return _formula(answer.adjustment or (), [name for name in ordered if name in targets], outcome)


def _formula(adjusted: Sequence[str], targets: Sequence[str], outcome: str) -> Graph:
    """The mechanisms of the adjustment formula."""
    order = (*adjusted, *targets, outcome)
    return Graph([(a, b) for k, b in enumerate(order) for a in order[:k]], order)


def without_mediators(question: Asked, targets: Sequence[str], outcome: str) -> Asked:
    """The question to the adjustment formula where something else that the intervention changes acts on the outcome.

    Which rows lack support is told by what it does not change: what is set and what is adjusted for.
    """
    parts = []
    for part, answer in zip(question.parts, question.answers, strict=True):
        reached = [name for name in targets if name in part]
        moved = set(part.descendants(reached)) - set(targets) if reached else set()
        if answer.adjustment is not None and any(moved & set(part.parents(name)) for name in part):
            inside = [name for name in part.topological_order() if name in reached]
            part = _formula(answer.adjustment, [*inside, *(t for t in targets if t not in inside)], outcome)
        parts.append(part)
    return replace(question, parts=tuple(parts))


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
