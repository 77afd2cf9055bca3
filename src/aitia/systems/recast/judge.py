"""How well edges are found, beside answers that read nothing."""

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from aitia.system import Given, Score, Scores
from aitia.systems.recast.nodes import Nodes, matched
from aitia.systems.recast.reading import merged
from aitia.systems.recast.rules import by_mention
from aitia.systems.recast.scores import Edge, EdgeScore, edge_score, mean_score

if TYPE_CHECKING:
    from aitia.systems.recast.model import Recast

__all__ = ["EVERY", "MENTIONED", "RANDOM", "judged", "scored", "trivial"]

RANDOM, EVERY, MENTIONED = "as many random edges", "every ordered pair", "pairs of a sentence, the first the cause"


def judged(reader: "Recast", fresh: Given) -> Scores:
    """F1 of edges and of pairs, and the directions, as means over the texts whose edges are known."""
    rows = reader._known(fresh)
    if not rows:
        return {}
    given = fresh.take(rows)
    true, texts, nodes = reader.edges(given), given.texts("text"), reader.nodes(given)
    read = reader._readings(given)
    found = mean_score(
        [scored(held, one.edges, given_nodes=of is not None) for held, one, of in zip(true, read, nodes, strict=True)]
    )
    known = [k for k, of in enumerate(nodes) if of is not None]
    others = {
        name: mean_score(scores)
        for name, scores in trivial(
            [texts[k] for k in known], [nodes[k] for k in known], [true[k] for k in known]
        ).items()
        if scores
    }
    about = {
        "f1": "Of edges, a mean over texts.",
        "pairs": "Of pairs, whichever way they point.",
        "direction": "Share of the pairs that are right which point the right way; chance is one half.",
    }
    names = {"f1": "F1 of edges", "pairs": "F1 of pairs", "direction": "direction"}
    return {
        names[key]: Score(found[key], "higher", about[key], {name: other[key] for name, other in others.items()})
        for key in about
    }  # fmt: skip


def scored(true: Sequence[Edge], found: Sequence[Edge], *, given_nodes: bool) -> EdgeScore:
    """One text; where variables were not given, those found are matched to the true ones, one to one."""
    if given_nodes:
        return edge_score(true, found)
    names = [list(dict.fromkeys(name for edge in edges for name in edge)) for edges in (true, found)]
    same = matched(*names)
    renamed = [(same.get(a, f"unmatched {a}"), same.get(b, f"unmatched {b}")) for a, b in found]
    return edge_score(true, renamed)


def trivial(
    texts: Sequence[str], nodes: Sequence[Nodes | None], true: Sequence[Sequence[Edge]]
) -> dict[str, list[EdgeScore]]:
    """The scores of answers that read no verb."""
    found: dict[str, list[EdgeScore]] = {RANDOM: [], EVERY: [], MENTIONED: []}
    random = np.random.default_rng(0)
    for text, of, held in zip(texts, nodes, true, strict=True):
        assert of is not None
        pairs = [edge for a, b in combinations(of.names, 2) for edge in ((a, b), (b, a))]
        drawn = random.choice(len(pairs), min(len(held), len(pairs)), replace=False)
        found[RANDOM].append(edge_score(held, [pairs[k] for k in drawn]))
        found[EVERY].append(edge_score(held, pairs))
        found[MENTIONED].append(edge_score(held, merged(text, of.names, by_mention(text, of)).edges))
    return found
