"""Identification in a graph with open triples: a formula for all graphs that decide them, or which triple decides."""

from dataclasses import replace
from itertools import combinations

from aitia.errors import IdentifiabilityError
from aitia.graph._joint import Joint, decides, where
from aitia.graph._question import Nodes, ReadAs
from aitia.graph.graph import Graph
from aitia.graph.identification import Identification, _adjusted, identify
from aitia.graph.open_triples import decided, told_apart

__all__ = ["identify_jointly"]


def identify_jointly(
    graph: Graph, treatment: Nodes, outcome: Nodes, given: Nodes, latent: Nodes, read_as: ReadAs
) -> Identification:
    """What `identify` says of a graph with open triples; arguments and errors are those of it."""
    sets = [names if isinstance(names, str) else tuple(names) for names in (treatment, outcome, given, latent)]
    treatment, outcome, given, latent = sets
    readings = decided(graph)
    joint = Joint.of(graph, treatment, outcome, read_as)
    answers = [identify(one, treatment, outcome, given, latent=latent) for one in readings]
    for answer, one in zip(answers, readings, strict=True):
        if not answer:
            return replace(answer, reason=f"{answer.reason}, {where(graph, one)}")
    if len({answer.estimand for answer in answers}) == 1:
        return answers[0]
    if not graph.mask(given):
        try:
            z = graph.names(joint.first("minimal", (), None, latent))
        except IdentifiabilityError:
            pass
        else:
            first = joint.questions[0]
            names = graph.names
            method, formula, adjusted, reason = _adjusted(names(first.x), names(first.y), (), z)
            text = formula._text({}, formula.free | {*names(first.x | first.y)})
            reason += ", however the open triples are decided"
            return Identification(True, answers[0].query, text, method, adjusted, reason, formula)
    pairs = [
        told_apart(graph, one, other)
        for (one, this), (other, that) in combinations(zip(readings, answers, strict=True), 2)
        if this.estimand != that.estimand
    ]
    reason = f"not identified: {decides(min(pairs, key=len))}"
    return Identification(False, answers[0].query, "", "none", None, reason)
