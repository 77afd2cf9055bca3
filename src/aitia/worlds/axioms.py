"""Corpora for axioms of causality: a graph in words, a pair of names that is asked about, yes or no.

    graph = shape(nodes; structure),    (x, y, given) = asked,    label = rule(graph; x, y, given)               (1)

The rule is transitivity (does a directed path lead from x to y?) or d-separation. Shapes of graphs: chains told first
to last (`forward`), last to first (`reversed`), in any order (`shuffled`), or with edges turned by a coin (`flips`),
and random DAGs of 1.4 or 2 edges a node (`branching`, `dense`), told cause by cause. Half of the answers are yes, and
the pair is any of those with its answer, each as likely as the next.

`queries` rows in turn share their graph and names. Names are new for each graph, of letters and digits, none twice.

do(shape=reversed, nodes=10) tells a chain of 10 in the other order: the cases that a training left out.

Source:
    Vashishtha et al., Teaching transformers causal reasoning through axiomatic training, ICML 2025, section 4; half of
    the answers are yes there too. Theirs may draw one name twice for a chain, ours may not.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.errors import OptionError
from aitia.graph.graph import Graph
from aitia.worlds.axiom_graphs import SHAPES, drawn_edges, drawn_question, numbers
from aitia.worlds.axiom_items import ANSWERS, AXIOMS, Axiom, Item
from aitia.worlds.sample import Latent, Sample
from aitia.worlds.texts import code_of
from aitia.worlds.world import Seen, World

__all__ = ["AxiomsWorld"]

Values = NDArray[np.float64]

MOST = 60
"""Nodes of a graph at most."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"
SIGNS = LETTERS + LETTERS.upper() + "0123456789"
HIDDEN = ("structure", "asked", "names")


class AxiomsWorld(World):
    """Questions about graphs that a rule decides; see the module.

    Args:
        axiom: `transitivity` or `d-separation`.
        least: Nodes of a graph at least, 2 or more.
        most: Nodes at most.
        flips: Share of the graphs that are chains with edges turned by a coin; the others are told forward.
        queries: Rows in turn that share a graph.
        characters: Of a name at most; 1 draws from 26 letters, more from letters of both cases and digits.

    Raises:
        OptionError: If a number is out of range, there are fewer names than nodes, or the axiom is unknown.

    Example:
        >>> world = AxiomsWorld()
        >>> fact = world.sample(1, seed=1)
        >>> world.render(fact)[0]
        'n causes i. n causes s. Does n cause s?'
        >>> world.render(world.counterfactual(fact, "do(shape=reversed)"))[0]
        'n causes s. i causes n. Does i cause s?'
        >>> world.answers(fact)
        ['Yes']
    """

    name: ClassVar[str] = "axioms"
    seen: ClassVar[Seen] = "text"

    def __init__(
        self,
        axiom: Axiom = "transitivity",
        least: int = 3,
        most: int = 6,
        flips: float = 0.8,
        queries: int = 6,
        characters: int = 1,
    ) -> None:
        if axiom not in AXIOMS:
            raise OptionError(f"axiom is one of {', '.join(AXIOMS)}, got {axiom!r}")
        if least < 2 + (axiom == "d-separation") or most < least or most > MOST:
            raise OptionError(
                f"a graph has {2 + (axiom == 'd-separation')} to {MOST} nodes, got least={least} and most={most}"
            )
        if not 0 <= flips <= 1 or queries < 1 or characters < 1:
            raise OptionError(
                f"flips is 0 to 1, queries and characters are 1 or more, got {flips}, {queries} and {characters}"
            )
        if characters == 1 and most > len(LETTERS):
            raise OptionError(f"{most} nodes are more than the 26 names of one letter: say characters=2 or more")
        self.axiom, self.least, self.most = axiom, int(least), int(most)
        self.flips, self.queries, self.characters = float(flips), int(queries), int(characters)

    # -- (1) -----------------------------------------------------------------------------------------------------------

    @property
    def latents(self) -> tuple[Latent, ...]:
        """Shape, nodes and label; the graph, what is asked and the names are numbers that only this world reads."""
        return (
            Latent("shape", 0.0, len(SHAPES) - 1.0, kind="categorical", labels=SHAPES),
            Latent("nodes", float(self.least), float(max(self.most, min(15, self._names_there)))),
            *(Latent(name, 0.0, 1.0, visible=False) for name in HIDDEN),
            Latent("label", 0.0, 1.0, kind="categorical", labels=ANSWERS),
        )

    graph = Graph("shape -> label; nodes -> label; structure -> label; asked -> label; names")
    noise_laws: ClassVar[Mapping[str, str]] = {
        name: "even in [0, 1)" + (", one for all rows of a graph" if name not in ("asked", "label") else "")
        for name in ("shape", "nodes", *HIDDEN, "label")
    }

    def draw(self, name: str, n: int, rng: np.random.Generator) -> Values:
        """Even in [0, 1); what belongs to the graph is the same for all of its rows."""
        if name in ("asked", "label"):
            return rng.random(n)
        return np.repeat(rng.random(-(-n // self.queries)), self.queries)[:n]

    def mechanism(self, name: str, parents: Mapping[str, Values], noise: Values, env: NDArray[np.int64]) -> Values:
        """(1)."""
        if name == "shape":
            shares = np.zeros(len(SHAPES))
            shares[SHAPES.index("flips")] = self.flips
            shares[SHAPES.index("forward")] = 1 - self.flips
            return code_of(noise, shares)
        if name == "nodes":
            return np.floor(self.least + noise * (self.most - self.least + 1))
        if name == "label":
            of = zip(*(parents[each].tolist() for each in ("shape", "nodes", "structure", "asked")), strict=True)
            true = [self._plain(*row).true for row in of]
            return np.array([ANSWERS.index("Yes" if yes else "No") for yes in true], dtype=np.float64)
        return noise

    # -- what is seen --------------------------------------------------------------------------------------------------

    def items(self, sample: Sample) -> list[Item]:
        """The questions, with their names."""
        found = []
        of_rows = (sample[name].tolist() for name in ("names", "shape", "nodes", "structure", "asked"))
        for number, *of in zip(*of_rows, strict=True):
            plain = self._plain(*of)
            name = self._named(number, self._count(of[1]))
            edges = tuple((name[a], name[b]) for a, b in plain.edges)
            held = None if plain.given is None else tuple(name[each] for each in plain.given)
            found.append(Item(edges, name[plain.x], name[plain.y], held))
        return found

    def answers(self, sample: Sample) -> list[str]:
        """`Yes` or `No` of each row."""
        return [ANSWERS[int(code)] for code in sample["label"]]

    def render(self, sample: Sample, *, size: int = 64, view: str | None = None) -> NDArray[Any]:
        """Premise and question, (n,) of str.

        Raises:
            OptionError: If a view is asked for.
        """
        if view is not None:
            raise OptionError(f"{self.name} has one view, the text: leave out view={view!r}")
        texts = np.empty(len(sample), dtype=object)
        texts[:] = [f"{item.premise} {item.question}" for item in self.items(sample)]
        return texts

    def rows(self, sample: Sample, size: int = 64) -> Table:
        """Premise, question, options and label, the premise as `group`, shape and nodes."""
        items = self.items(sample)
        group = {premise: f"premise {k}" for k, premise in enumerate(dict.fromkeys(item.premise for item in items))}
        columns: dict[str, Any] = {
            "premise": [item.premise for item in items],
            "question": [item.question for item in items],
            "options": [list(ANSWERS)] * len(items),
            "group": [group[item.premise] for item in items],
            "shape": [SHAPES[int(code)] for code in sample["shape"]],
            "nodes": sample["nodes"],
            "label": self.answers(sample),
        }
        kinds = {"premise": "text", "question": "text", "options": "list", "nodes": "number"}
        return Table.of(columns, kinds=kinds | dict.fromkeys(("group", "shape", "label"), "label"))

    def _count(self, nodes: float) -> int:
        """A number of nodes that may have been set to any number, as one that there can be."""
        return min(max(round(nodes), 2 + (self.axiom == "d-separation")), self._names_there)

    @property
    def _names_there(self) -> int:
        return len(LETTERS) if self.characters == 1 else MOST

    def _plain(self, shape: float, nodes: float, structure: float, asked: float) -> Item:
        """The question, with names 0, 1, ..."""
        return _item(self.axiom, SHAPES[int(shape)], self._count(nodes), float(structure), float(asked))

    def _named(self, number: float, count: int) -> dict[str, str]:
        """For 0, 1, ... a name each, without repetition."""
        rng = numbers(number)
        if self.characters == 1:
            order = [LETTERS[k] for k in rng.permutation(len(LETTERS))[:count]]
            return {str(k): name for k, name in enumerate(order)}
        found: dict[str, None] = {}
        while len(found) < count:
            signs = rng.integers(len(SIGNS), size=int(rng.integers(self.characters)) + 1)
            found["".join(SIGNS[k] for k in signs)] = None
        return {str(k): name for k, name in enumerate(found)}


@lru_cache(maxsize=4096)
def _item(axiom: Axiom, shape: str, nodes: int, structure: float, asked: float) -> Item:
    return drawn_question(axiom, drawn_edges(shape, nodes, numbers(structure)), numbers(asked))
