"""Reports whose authors have a causal graph in mind, and say its edges more or less plainly.

    layout -> phrases of the nodes, pairs, directions                                                              (1)
    edge_k in (on, off),   level_k in LEVELS,   text = the sentences of all edges that are on, and distractors      (2)

A row is one report. The latent `layout` draws the noun phrases of the nodes (each has three wordings), which pairs have
an edge, and which way it points: along an order of the nodes, or by a coin where the world has loops. Each edge has a
level: `verb` says cause, verb, effect; `reversed` says the effect first; `apart` takes two sentences and a pronoun;
`story` tells an intervention and what came of it; `silent` is not in the text at all, so that no reader can find it. An
edge raises its effect or lowers it. Distractors name pairs without an edge: they rose together, a belief that one moves
the other is denied, both follow a third, or both were debated.

Phrases are given to nodes at random: who knows the names and not the text knows nothing. do(edge_3=off) writes the
report of which the third edge is no part, and no other sentence changes.

Source:
    Saklad, Chadha, Pavlov and Moraffah, Can large language models infer causal relationships from real-world text?,
    2025, for the question; the generator is ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.data.table import Table
from aitia.errors import OptionError
from aitia.graph.graph import Graph
from aitia.worlds.report_words import (
    CO_MENTION,
    COMMON,
    DENIED,
    PHRASES,
    SEASONS,
    SENTENCES,
    TOGETHER,
    TemplateSet,
)  # fmt: skip
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.texts import WORDING, TextWorld, Wording, code_of

__all__ = ["LEVELS", "Level", "ReportsWorld"]

Values = NDArray[np.float64]
Codes = NDArray[np.int64]
Level = Literal["verb", "reversed", "apart", "story", "silent"]
LEVELS: tuple[Level, ...] = get_args(Level)
"""How plainly an edge is said, plainest first."""
ON = 0.9
"""Share of the edges that are there."""
_SHARES = {"explicit": (1.0, 0, 0, 0, 0), "mixed": (0.2,) * 5, "implied": (0, 0, 0, 1.0, 0)}
EDGES_A_NODE = 1.5


@dataclass(frozen=True)
class _Plan:
    """What `layout` draws of one report: nodes by number of their phrase, edges, and pairs without one."""

    nodes: tuple[int, ...]
    edges: tuple[tuple[int, int], ...]
    others: tuple[tuple[int, int], ...]


class ReportsWorld(TextWorld):
    """Reports with a causal graph in them; see the module.

    Args:
        nodes: Of each graph, 5 to 40.
        edges: Of each graph at most; None takes 1.5 a node.
        distractors: Sentences about pairs without an edge; None takes as many as edges, as far as there are pairs.
        loops: Whether directions are drawn by a coin, so that there are cycles, as in diagrams of causal loops.
        templates: `first` or `second`: two sets of sentences that share no causal verb.

    Raises:
        OptionError: If a number is out of range, or there are not so many pairs.

    Example:
        >>> world = ReportsWorld(nodes=5, edges=3, distractors=1)
        >>> fact = world.sample(1, seed=4, env="explicit")
        >>> world.render(fact)[0].split(" . ")[1:]
        ['childcare quality reduces quality of transport', 'quality of childcare cuts loss of farmland .']
        >>> world.edges(fact)[0][0]
        ('quality of childcare', 'quality of transport')
        >>> world.render(world.counterfactual(fact, "do(edge_2=off)"))[0].split(" . ")[1:]
        ['quality of childcare cuts loss of farmland .']
    """

    name: ClassVar[str] = "reports"
    environments = tuple(_SHARES)

    def __init__(
        self,
        nodes: int = 10,
        edges: int | None = None,
        distractors: int | None = None,
        *,
        loops: bool = False,
        templates: TemplateSet = "first",
    ) -> None:
        count = round(EDGES_A_NODE * nodes) if edges is None else edges
        pairs = nodes * (nodes - 1) // 2
        others = min(count, max(pairs - count, 0)) if distractors is None else distractors
        if not 5 <= nodes <= 40 or count < 1 or others < 0:
            raise OptionError(
                f"nodes is 5 to 40, edges 1 or more and distractors not negative, got {nodes}, {count}, {others}"
            )
        if count + others > pairs:
            raise OptionError(f"{nodes} nodes have {pairs} pairs, too few for {count} edges and {others} distractors")
        if templates not in SENTENCES:
            raise OptionError(f"templates is {' or '.join(SENTENCES)}, got {templates!r}")
        self.nodes_each, self.edges_each, self.distractors = nodes, count, others
        self.loops, self.templates = loops, templates
        self.changes = {env: tuple(self._slots("level")) for env in self.environments[1:]}

    def _slots(self, what: str) -> list[str]:
        return [f"{what}_{k + 1}" for k in range(self.edges_each)]

    @cached_property
    def concepts(self) -> tuple[Latent, ...]:
        """The layout, whether each edge is there, and how plainly it is said."""
        return (
            Latent("layout", -6.0, 6.0, visible=False),
            *(Latent(name, 0.0, 1.0, kind="categorical", labels=("on", "off")) for name in self._slots("edge")),
            *(Latent(name, 0.0, len(LEVELS) - 1.0, kind="categorical", labels=LEVELS) for name in self._slots("level")),
        )

    @cached_property
    def graph(self) -> Graph:
        """Nothing causes another: what varies are the parts of a report."""
        return Graph([], nodes=("layout", *self._slots("edge"), *self._slots("level"), WORDING))

    def concept(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """(2): edges are on in nine of ten, levels as the environment has them."""
        if name == "layout":
            return noise
        if name.startswith("edge"):
            return code_of(noise, (ON, 1 - ON))
        return code_of(noise, np.array(list(_SHARES.values()))[env])

    # -- what is true --------------------------------------------------------------------------------------------------

    def nodes(self, sample: Sample) -> list[tuple[str, ...]]:
        """The first wording of each node of each report."""
        return [tuple(PHRASES[k][0] for k in plan.nodes) for plan in self._plans(sample["layout"])]

    def edges(self, sample: Sample, *, stated: bool = False) -> list[list[tuple[str, str]]]:
        """(cause, effect) of each edge that is on, in the first wording of its nodes.

        Args:
            sample: Reports of this world.
            stated: Whether edges that are not in the text are left out.
        """
        found = []
        for row, plan in enumerate(self._plans(sample["layout"])):
            kept = []
            for k, (a, b) in enumerate(plan.edges):
                silent = LEVELS[int(sample[f"level_{k + 1}"][row])] == "silent"
                if sample[f"edge_{k + 1}"][row] == 0 and not (stated and silent):
                    kept.append((PHRASES[plan.nodes[a]][0], PHRASES[plan.nodes[b]][0]))
            found.append(kept)
        return found

    @staticmethod
    def wordings() -> dict[str, str]:
        """The node of each wording: all that a text may call it."""
        return {said: phrases[0] for phrases in PHRASES for said in phrases}

    def rows(self, sample: Sample, size: int = 64) -> Data:
        """The texts, the wordings of their `nodes`, their `edges` as [cause, effect], and how plain they are."""
        nodes = [[list(PHRASES[k]) for k in plan.nodes] for plan in self._plans(sample["layout"])]
        edges = [[list(edge) for edge in held] for held in self.edges(sample)]
        return Table.of(
            {"text": list(self.render(sample)), "nodes": nodes, "edges": edges, "environment": list(sample.labels)},
            kinds={"text": "text", "nodes": "list", "edges": "list", "environment": "label"},
        )

    # -- writing -------------------------------------------------------------------------------------------------------

    def write(self, concepts: Mapping[str, Codes | Values], wording: Wording) -> Sequence[str]:
        """The sentences of edges and distractors, in an order of their own."""
        plans = self._plans(np.asarray(concepts["layout"], dtype=np.float64))
        units: list[list[str]] = [[] for _ in plans]
        places = self.edges_each + self.distractors
        order = wording.order("order", places)
        for place in range(places):
            self._say(units, place, concepts, plans, wording)
        return [" ".join(said for k in order[row] if (said := texts[k])) for row, texts in enumerate(units)]

    def _say(
        self,
        units: list[list[str]],
        place: int,
        concepts: Mapping[str, Codes | Values],
        plans: Sequence[_Plan],
        wording: Wording,
    ) -> None:
        """One place of every report: an edge, or a distractor."""
        forms = [wording.pick(f"form {end} {place}", 3) for end in ("a", "b", "c")]
        which, kind, down = (
            wording.number(f"sentence {place}"), wording.number(f"kind {place}"), wording.chance(f"down {place}", 0.4),
        )  # fmt: skip
        for row, plan in enumerate(plans):
            if place < self.edges_each:
                level = LEVELS[int(concepts[f"level_{place + 1}"][row])]
                if concepts[f"edge_{place + 1}"][row] != 0 or level == "silent":
                    units[row].append("")
                    continue
                pair = plan.edges[place]
                sentences = SENTENCES[self.templates][level][int(down[row])]
            else:
                pair = plan.others[place - self.edges_each]
                sentences = (TOGETHER, DENIED[self.templates], COMMON, CO_MENTION)[int(kind[row] * 4)]
            a, b = (PHRASES[plan.nodes[node]][forms[k][row]] for k, node in enumerate(pair))
            said = sentences[int(which[row] * len(sentences))]
            units[row].append(said.format(a=a, b=b, c=SEASONS[forms[2][row]]))

    def _plans(self, layout: Values) -> list[_Plan]:
        """(1)."""
        drawn, n = Wording(layout), self.nodes_each
        phrases = drawn.order("phrases", len(PHRASES))[:, :n]
        pairs = [(a, b) for a in range(n) for b in range(a + 1, n)]
        order = drawn.order("pairs", len(pairs))
        turned = np.stack([drawn.chance(f"turned {k}", 0.5) for k in range(self.edges_each + self.distractors)], axis=1)
        found = []
        for row in range(len(layout)):
            held = [pairs[k] for k in order[row, : self.edges_each + self.distractors]]
            coins = turned[row].copy()
            if not self.loops:
                coins[: self.edges_each] = False
            said = [(b, a) if coin else (a, b) for (a, b), coin in zip(held, coins, strict=True)]
            found.append(
                _Plan(
                    tuple(int(k) for k in phrases[row]), tuple(said[: self.edges_each]), tuple(said[self.edges_each :])
                )
            )
        return found

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """Every word that a text may hold, sorted."""
        said = [text for of in SENTENCES.values() for both in of.values() for texts in both for text in texts]
        said += [*TOGETHER, *COMMON, *CO_MENTION, *(text for texts in DENIED.values() for text in texts), *SEASONS]
        said += [text for phrases in PHRASES for text in phrases]
        return tuple(sorted({*" ".join(said).split()} - {"{a}", "{b}", "{c}"}))
