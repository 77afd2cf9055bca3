"""Recast: the causal graph that a text supports, and the sentence behind each edge.

Variables are given by their names and wordings, or proposed from the text. A reader names edges cause -> effect; each
edge keeps a quote that stands in the text letter by letter, and an edge without one is none. Diagrams of causal loops
have cycles, so a graph may have them; where a text says both ways round of a pair, the graph leaves its edge open.

do("rain -> river"=absent) takes the sentences that say an edge out of the text; every other character of it stays.

Source:
    Saklad, Chadha, Pavlov and Moraffah, Can large language models infer causal relationships from real-world text?,
    arXiv 2505.18931 (2025).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from aitia.data.base import Data
from aitia.errors import DataError, OptionError
from aitia.graph.graph import Graph
from aitia.report import Block
from aitia.runs import RunStore
from aitia.saving import SavedArrays
from aitia.system import Discovers, Edits, Given, Predicts, Scores, Target, Targets, Training
from aitia.systems.recast.card import CARD
from aitia.systems.recast.config import RecastConfig
from aitia.systems.recast.judge import judged
from aitia.systems.recast.nodes import Nodes
from aitia.systems.recast.page import blocks
from aitia.systems.recast.phrases import proposed
from aitia.systems.recast.reading import ReadText, merged, without
from aitia.systems.recast.rules import Found, by_mention, by_rules
from aitia.systems.recast.tagger import Tagger

__all__ = ["Recast"]

Named = tuple[str, str]
WAYS = ("absent", "present")
"""What an edge of a text can be set to."""


class Recast(SavedArrays, Predicts, Edits, Discovers):
    """Reads graphs off texts; see the module.

    Example:
        >>> rows = {"text": ["Rain raises the river. The river lowers trust."], "nodes": [["rain", "river", "trust"]]}
        >>> reader = Recast().fit(rows)
        >>> print(reader.graph)
        rain --> river; river --> trust
        >>> reader.read("Trust rises as rain falls.", ["rain", "trust"]).edges
        (('rain', 'trust'),)
    """

    card = CARD
    Config = RecastConfig
    config: RecastConfig
    tagger: Tagger | None = None
    """What is learnt, where the reader is the tagger."""
    _read: tuple[ReadText, ...] = ()
    _taught: int = 0
    _opened_client: tuple[Any, Any] | None = None

    def work(self, given: Given) -> str:
        """How many texts, and by what they are read."""
        return f"{len(given)} texts, read by {self.config.reader}"

    def check_given(self, given: Given) -> None:
        """A reader that learns needs edges; one that is a model needs the model."""
        if self.config.reader == "model" and "model" not in given.subjects:
            raise OptionError("the reader is a model, and none is given: say which (--model ENDPOINT or FOLDER)")
        if self.config.reader == "tagger" and not self._known(given):
            raise OptionError("the tagger learns from texts whose edges are known: give a column of edges (--edges)")

    def _fit(self, given: Given, run: RunStore) -> None:
        self.tagger, self._read, self._taught = None, (), 0
        if given.rows is None:
            return
        if self.config.reader == "tagger":
            rows = self._known(given)
            part = given.take(rows)
            texts, nodes, edges = part.texts("text"), self.nodes(part), self.edges(part)
            numbers = [_numbered(held, of, row) for held, of, row in zip(edges, nodes, rows, strict=True)]
            self.tagger = Tagger.fit(
                texts, [of for of in nodes if of is not None], numbers, nearest=self.config.nearest,
                regularization=self.config.regularization,
            )  # fmt: skip
            self._taught = len(rows)
        self._read = tuple(self._readings(given))

    @property
    def training(self) -> Training:
        """How many texts taught the tagger."""
        if self.tagger is None:
            return Training()
        return Training(notes=(f"{self._taught} texts with edges, {len(self.tagger.features)} features",))

    @property
    def targets(self) -> Targets:
        """Every edge that was read in the texts of the fit."""
        about = "absent: the sentences that say it leave the text"
        names = dict.fromkeys(_arrow(edge) for one in self._read for edge in one.edges)
        return Targets(Target(name, labels=WAYS, about=about) for name in names)

    # -- reading -------------------------------------------------------------------------------------------------------

    def read(self, text: str, nodes: Sequence[Any] | Nodes | None = None) -> ReadText:
        """The variables and edges of one text.

        Args:
            text: The text.
            nodes: Its variables, each a name or a list of wordings; None proposes them from the text.

        Raises:
            DataError: If the text is empty, or the variables are fewer than two or share a wording.
        """
        of = nodes if isinstance(nodes, Nodes) else None if nodes is None else Nodes.of(nodes, "given")
        return self._reading(text, of, "the text")

    def _reading(self, text: str, nodes: Nodes | None, where: str) -> ReadText:
        if not text.strip():
            raise DataError(f"{where} is empty")
        if self.config.reader == "model":
            return self._asked(text, nodes)
        of = nodes if nodes is not None else proposed(text)
        if of is None:
            return ReadText(text, (), ())
        return merged(text, of.names, self._found(text, of))

    def _asked(self, text: str, nodes: Nodes | None) -> ReadText:
        """What the language model reads."""
        from aitia.systems.recast.asking import by_likelihood, by_model, nodes_by_model

        client = self._client()
        if self.config.likelihood:
            of = nodes if nodes is not None else proposed(text)
            return ReadText(text, (), ()) if of is None else merged(text, of.names, by_likelihood(text, of, client))
        of = nodes if nodes is not None else nodes_by_model(text, client)
        if of is None:
            return ReadText(text, (), ())
        found, unsupported = by_model(text, of, client)
        return merged(text, of.names, found, unsupported)

    def _client(self) -> Any:
        """The language model, opened once."""
        if "model" not in self.subjects:
            raise OptionError("the reader is a model, and none is given: say which (--model ENDPOINT or FOLDER)")
        if self._opened_client is None or self._opened_client[0] is not self.subjects["model"]:
            from aitia.text import open_client

            self._opened_client = (self.subjects["model"], open_client(self.subjects["model"]))
        return self._opened_client[1]

    def _found(self, text: str, nodes: Nodes) -> list[Found]:
        if self.config.reader == "rules":
            return by_rules(text, nodes)
        if self.config.reader == "mention":
            return by_mention(text, nodes)
        if self.tagger is None:
            raise OptionError("the tagger has not been fitted: call fit with texts whose edges are known")
        return self.tagger.found(text, nodes, nearest=self.config.nearest, threshold=self.config.threshold)

    def _readings(self, given: Given) -> list[ReadText]:
        """What is read in each row, of the text that is left under what is held."""
        nodes = self.nodes(given)
        pairs = zip(self._left(given, nodes), nodes, strict=True)
        return [self._reading(text, of, f"the text of row {k}") for k, (text, of) in enumerate(pairs)]

    def _left(self, given: Given, nodes: Sequence[Nodes | None]) -> list[str]:
        """The texts without the sentences of edges that are absent under what is held."""
        texts = given.texts("text")
        absent = {str(name) for name, action in self.held.items() if getattr(action, "value", None) == WAYS[0]}
        if not absent:
            return texts
        found = []
        for row, (text, of) in enumerate(zip(texts, nodes, strict=True)):
            read = self._reading(text, of, f"the text of row {row}")
            places = [
                place for one in read.support if _arrow((one.cause, one.effect)) in absent for place in one.places
            ]
            found.append(without(text, places))
        return found

    def _edit(self, given: Given) -> Data:
        """The texts without the sentences of edges that are held absent."""
        column = given.column("text") or "text"
        return given.data.with_known({column: self._left(given, self.nodes(given))}, {column: "text"})

    def _predict(self, given: Given, draws: int, seed: int) -> Data:
        """Edges where they are missing, and the sentences that say them."""
        column = given.column("edges") or "edges"
        there = set(self._known(given))
        held = given.table.lists(column) if column in given.table else [None] * len(given)
        asked = [row for row in range(len(given)) if row not in there]
        read = dict(zip(asked, self._readings(given.take(asked)) if asked else [], strict=True))
        edges = [[list(e) for e in read[k].edges] if k in read else held[k] for k in range(len(given))]
        quotes = [[list(q) for q in read[k].quotes] if k in read else None for k in range(len(given))]
        repeated = np.repeat(np.arange(len(given)), draws)
        rows = given.data if draws == 1 else given.data.take(repeated)
        return rows.with_known(
            {column: [edges[k] for k in repeated], "quotes": [quotes[k] for k in repeated]},
            {column: "list", "quotes": "list"},
        )

    def graphs(self, rows: Any = None) -> dict[str, Graph]:
        """The graph of each text, `text 1` and so on; those of the fit where no rows are given."""
        read = self._read if rows is None else tuple(self._readings(self.given(rows)))
        return {f"text {k + 1}": one.graph for k, one in enumerate(read)}

    def nodes(self, given: Given) -> list[Nodes | None]:
        """The variables of each row; None where nobody said any.

        Raises:
            DataError: If a cell has fewer than two, or they share a wording.
        """
        column = given.column("nodes")
        if column is None or column not in given.table:
            return [None] * len(given)
        missing = given.table.absent(column)
        return [
            None if missing[row] else Nodes.of(cell or [], row) for row, cell in enumerate(given.table.lists(column))
        ]

    def edges(self, given: Given) -> list[list[Named]]:
        """The edges that the rows say; none where a cell is empty.

        Raises:
            DataError: If one is no pair of names.
        """
        column = given.column("edges")
        if column is None or column not in given.table:
            return [[] for _ in range(len(given))]
        return [[_edge(one, row) for one in cell or []] for row, cell in enumerate(given.table.lists(column))]

    def _known(self, given: Given) -> list[int]:
        column = given.column("edges")
        if column is None or column not in given.table:
            return []
        return [int(row) for row in np.flatnonzero(~given.table.absent(column))]

    def judge(self, fresh: Given, seen: Given) -> Scores:
        """F1 of edges, of pairs, and directions; see `judge.py`."""
        return judged(self, fresh)

    def report(self, given: Given) -> Sequence[Block]:
        """Each text with its graph and the sentences that were quoted."""
        return blocks(self, given)

    # -- keeping -------------------------------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        options: dict[str, Any] = {
            "config": asdict(self.config), "read": [one.to_json() for one in self._read], "taught": self._taught,
        }  # fmt: skip
        arrays: dict[str, NDArray[Any]] = {"none": np.zeros(1)}
        if self.tagger is not None:
            options["features"] = list(self.tagger.features)
            arrays |= {"weights": self.tagger.weights, "offsets": self.tagger.offsets}
        return options, arrays

    @classmethod
    def _restored(cls, options: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        reader = cls(RecastConfig(**options["config"]))
        reader._read = tuple(ReadText.from_json(one) for one in options["read"])
        reader._taught = options["taught"]
        if "features" in options:
            reader.tagger = Tagger(tuple(options["features"]), arrays["weights"], arrays["offsets"])
        return reader


def _arrow(edge: Named) -> str:
    return f"{edge[0]} -> {edge[1]}"


def _edge(given: Any, row: int) -> Named:
    """[cause, effect], or {"source", "sink"} as the published files have it."""
    if isinstance(given, dict):
        given = [given.get("source"), given.get("sink", given.get("target"))]
    if not (isinstance(given, list) and len(given) == 2 and all(isinstance(name, str) and name for name in given)):
        raise DataError(f"row {row}, column of edges: an edge is [cause, effect], got {str(given)[:60]}")
    if given[0] == given[1]:
        raise DataError(f"row {row}, column of edges: {given[0]!r} has an edge to itself")
    return given[0], given[1]


def _numbered(edges: Sequence[Named], nodes: Nodes | None, row: int) -> set[tuple[int, int]]:
    """Edges by numbers of nodes."""
    if nodes is None:
        raise DataError(f"row {row} says edges and no nodes: the tagger learns from texts whose variables are known")
    place = {words: k for k, all_of in enumerate(nodes.wordings) for words in all_of}
    for edge in edges:
        for name in edge:
            if name not in place:
                raise DataError(
                    f"row {row}: the edge {edge[0]!r} -> {edge[1]!r} names {name!r}, which is no node of it"
                )
    return {(place[a], place[b]) for a, b in edges}
