"""What a graph says of the roles that a model gave to variables: identification is computed, never asked."""

from collections.abc import Sequence

from aitia.errors import IdentifiabilityError, join_names
from aitia.graph import Graph
from aitia.graph.adjustment import adjustment_set, why_not_adjustment_set
from aitia.graph.instruments import instruments, why_not_instrument

__all__ = ["by_the_graph"]


def by_the_graph(role: str, treatment: str, outcome: str, named: Sequence[str], graph: Graph) -> list[str]:
    """What is wrong with the named variables in a graph, and what the graph says instead, in sentences.

    Args:
        role: `confounders`, `mediators`, `instruments` or `controls`.
        treatment: Name.
        outcome: Name.
        named: By the model.
        graph: A DAG or ADMG over treatment and outcome; one with undirected edges for confounders too.

    Raises:
        UnknownVariableError: If treatment or outcome is not in the graph.
        GraphError: If the graph is of another kind.
    """
    outside = [name for name in named if name not in graph]
    missing = [f"The graph does not have {join_names(outside)}."] if outside else []
    return missing + _judged(role, treatment, outcome, [name for name in named if name not in outside], graph)


def _judged(role: str, treatment: str, outcome: str, named: Sequence[str], graph: Graph) -> list[str]:
    if role == "confounders":
        return [_adjusting(treatment, outcome, named, graph)]
    if role == "instruments":
        found = [each.name for each in instruments(graph, treatment, outcome)]
        faults = {name: why_not_instrument(graph, name, treatment, outcome) for name in named}
    else:
        below = set(graph.descendants(treatment))
        between = below & set(graph.ancestors(outcome))
        others = [name for name in graph.nodes if name not in (treatment, outcome)]
        if role == "mediators":
            found = [name for name in others if name in between]
            why = f"no directed path from {treatment} to {outcome} leads through it"
        else:
            found = [name for name in others if name not in below]
            why = f"{treatment} has an effect on it"
        faults = {name: None if name in found else why for name in named}
    told = [f"By the graph {name} is none: {why}." for name, why in faults.items() if why is not None]
    if left := [name for name in found if name not in named]:
        told.append(f"By the graph it might have named {join_names(left)} too.")
    return told or [f"The graph agrees: {join_names(named) if named else 'there is none'}."]


def _adjusting(treatment: str, outcome: str, named: Sequence[str], graph: Graph) -> str:
    held = f"adjusting for {join_names(named)}" if named else "adjusting for nothing"
    why = why_not_adjustment_set(graph, treatment, outcome, named)
    if why is None:
        return f"By the graph {held} identifies the effect."
    try:
        instead = adjustment_set(graph, treatment, outcome)
    except IdentifiabilityError:
        return f"By the graph {held} does not identify the effect: {why}; no set of these columns does."
    mend = f"adjusting for {join_names(instead)}" if instead else "adjusting for nothing"
    return f"By the graph {held} does not identify the effect: {why}; {mend} does."
