"""BIF, the Bayesian network interchange format of the benchmark repositories: a DAG with its probability tables."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Kind, Table
from aitia.errors import FormatError, GraphError
from aitia.files import write_whole
from aitia.graph.formats._words import COMMENTS, Word, Words
from aitia.graph.graph import Graph
from aitia.guard import check_size, read_text

__all__ = ["BayesianNetwork", "from_bif", "read_bif", "to_bif", "write_bif"]

_WORD = re.compile(
    rf"""\s*(?:
        {COMMENTS}
      | "(?P<quoted>(?:[^"\\]|\\.)*)"
      | (?P<name>(?:[<>]=)?[^\s{{}}()\[\];,|="]+)
      | (?P<mark>[{{}}()\[\];,|=])
    )""",
    re.VERBOSE | re.DOTALL,
)
_TOLERANCE = 1e-3
"""Of sums of probabilities: files hold few digits."""
_MOST_PARENTS = 30
"""An array has no more axes."""


@dataclass(frozen=True, eq=False)
class BayesianNetwork:
    """A DAG over labels, with P(node | parents).

    Args:
        graph: The DAG.
        states: The labels of each node.
        parents: The order in which each table takes its node's parents.
        tables: For each node an array (states of parent 1, ..., states of the node), summing to 1 over the last axis.

    Raises:
        GraphError: If the graph is no DAG.
        FormatError: If a table has another shape or does not sum to 1.
    """

    graph: Graph
    states: Mapping[str, tuple[str, ...]]
    parents: Mapping[str, tuple[str, ...]]
    tables: Mapping[str, NDArray[np.float64]]

    def __post_init__(self) -> None:
        self.graph.topological_order()
        if not self.graph.is_directed:
            odd = next(edge for edge in self.graph.edges if edge.symbol != "-->")
            raise GraphError(f"a Bayesian network has a DAG, and this graph has {odd}")
        for name in self.graph.nodes:
            shape = tuple(len(self.states[p]) for p in (*self.parents[name], name))
            table = self.tables[name]
            if table.shape != shape:
                raise FormatError(f"the table of {name!r} has shape {table.shape}, its states ask for {shape}")
            if not (table >= 0).all():
                raise FormatError(f"the table of {name!r} has {table[~(table >= 0)][0]:g}, which is no probability")
            if fault := _sum_fault(name, self.parents[name], self.states, table):
                raise FormatError(fault)

    def sample(self, n: int, seed: int = 0) -> Table:
        """n rows drawn from the network, as labels.

        Args:
            n: How many.
            seed: Of the draws.
        """
        rng = np.random.default_rng(seed)
        codes: dict[str, NDArray[np.int64]] = {}
        for name in self.graph.topological_order():
            table = self.tables[name][tuple(codes[p] for p in self.parents[name])]
            chances = np.cumsum(np.broadcast_to(table, (n, table.shape[-1])), axis=1)
            codes[name] = (rng.random(n)[:, None] * chances[:, -1:] > chances).sum(axis=1)
        labels = {name: np.array(self.states[name], dtype=object)[codes[name]] for name in self.graph.nodes}
        return Table.of(labels, kinds=dict.fromkeys(labels, Kind.LABEL))


def _sum_fault(
    name: str, parents: tuple[str, ...], states: Mapping[str, tuple[str, ...]], table: NDArray[np.float64]
) -> str | None:
    """What is wrong with the row whose sum is farthest from 1; None where all are near enough."""
    sums = table.sum(axis=-1)
    if (np.abs(sums - 1) < _TOLERANCE).all():
        return None
    worst = np.unravel_index(int(np.abs(sums - 1).argmax()), sums.shape)
    given = ", ".join(states[p][k] for p, k in zip(parents, worst, strict=True))
    return f"the probabilities of {name!r}{f' given ({given})' if given else ''} sum to {sums[worst]:.4g}, not 1"


def read_bif(path: str | Path) -> BayesianNetwork:
    """Reads a BIF file.

    Raises:
        FormatError: If the file is missing or is not BIF.
    """
    text = read_text(path)
    try:
        return from_bif(text)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from None


def write_bif(network: BayesianNetwork, path: str | Path) -> None:
    """Writes a BIF file, whole or not at all.

    Raises:
        FormatError: If it cannot be written.
    """
    write_whole(Path(path), to_bif(network))


def to_bif(network: BayesianNetwork) -> str:
    """The network as BIF text. Probabilities are written so that they read back exactly."""
    lines = ["network unknown {", "}"]
    for name in network.graph.nodes:
        states = network.states[name]
        told = ", ".join(map(_quote, states))
        lines += [f"variable {_quote(name)} {{", f"  type discrete [ {len(states)} ] {{ {told} }};", "}"]
    for name in network.graph.nodes:
        parents, table = network.parents[name], network.tables[name]
        if not parents:
            row = ", ".join(repr(float(v)) for v in table)
            lines += [f"probability ( {_quote(name)} ) {{", f"  table {row};", "}"]
            continue
        lines.append(f"probability ( {_quote(name)} | {', '.join(map(_quote, parents))} ) {{")
        for index in np.ndindex(table.shape[:-1]):
            key = ", ".join(_quote(network.states[p][k]) for p, k in zip(parents, index, strict=True))
            lines.append(f"  ({key}) {', '.join(repr(float(v)) for v in table[index])};")
        lines.append("}")
    return "\n".join(lines) + "\n"


def _quote(name: str) -> str:
    plain = re.fullmatch(r"[^\s{}()\[\];,|=\"/]+", name)
    return name if plain else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def from_bif(text: str) -> BayesianNetwork:
    """The network of a BIF text.

    Raises:
        FormatError: If it is not BIF, names an unknown variable or state, or is cyclic; gives the line.
    """
    return _Reader(text).network()


Block = tuple[tuple[str, ...], NDArray[np.float64]]


class _Reader:
    def __init__(self, text: str) -> None:
        self.words = Words(text, _WORD, "BIF")
        self.states: dict[str, tuple[str, ...]] = {}

    def network(self) -> BayesianNetwork:
        blocks: dict[str, Block] = {}
        while (word := self.words.peek()) is not None:
            self.words.next()
            if word.text == "network":
                while not self.words.stands("mark", "{"):
                    self.words.next()
                self._skip_block()
            elif word.text == "variable":
                self._variable(self.words.next("name"))
            elif word.text == "probability":
                name, block = self._probability()
                if name in blocks:
                    raise self.words.fault(f"{name!r} has a second table: a variable has one", word)
                blocks[name] = block
            else:
                raise self.words.fault(f"expected network, variable or probability, got {word.text[:40]!r}", word)
        if not self.states:
            raise FormatError("the BIF text declares no variable")
        if missing := [name for name in self.states if name not in blocks]:
            raise FormatError(f"{missing[0]!r} has no probability table")
        try:
            graph = Graph([(p, name) for name, (parents, _) in blocks.items() for p in parents], self.states)
            parents = {name: blocks[name][0] for name in self.states}
            return BayesianNetwork(graph, self.states, parents, {name: blocks[name][1] for name in self.states})
        except GraphError as error:
            raise FormatError(str(error)) from None

    def _listed(self, end: str) -> list[Word]:
        """Names up to the mark `end`, commas left out."""
        found = []
        while not self.words.stands("mark", end):
            if self.words.stands("mark", ","):
                self.words.next()
            else:
                found.append(self.words.next("name"))
        self.words.next()
        return found

    def _skip_block(self) -> None:
        depth = 0
        while True:
            word = self.words.next()
            depth += {"{": 1, "}": -1}.get(word.text, 0) if word.kind == "mark" else 0
            if not depth:
                return

    def _skip_statement(self) -> None:
        while not self.words.stands("mark", ";"):
            self.words.next()
        self.words.next()

    def _variable(self, name: Word) -> None:
        if name.text in self.states:
            raise self.words.fault(f"the variable {name.text!r} is declared twice", name)
        self.words.next("mark", "{")
        states: tuple[str, ...] = ()
        while not self.words.stands("mark", "}"):
            if self.words.next().text == "type":
                states = self._states(name)
            self._skip_statement()  # what is left of the type, or a property
        self.words.next()
        if not states:
            raise self.words.fault(f"the variable {name.text!r} has no states", name)
        self.states[name.text] = states

    def _states(self, name: Word) -> tuple[str, ...]:
        self.words.next("name", "discrete")
        self.words.next("mark", "[")
        count = self.words.next("name")
        self.words.next("mark", "]")
        self.words.next("mark", "{")
        states = tuple(word.text for word in self._listed("}"))
        if count.text != str(len(states)):
            raise self.words.fault(f"{count.text[:40]} states are announced, {len(states)} are listed", count)
        if len(set(states)) < len(states):
            twice = next(state for k, state in enumerate(states) if state in states[:k])
            raise self.words.fault(f"the state {twice!r} of {name.text!r} is listed twice", count)
        return states

    def _probability(self) -> tuple[str, Block]:
        self.words.next("mark", "(")
        head = [self.words.next("name")]
        if self.words.stands("mark", "|"):
            self.words.next()
        head += self._listed(")")
        for place, word in enumerate(head):
            if word.text not in self.states:
                raise self.words.fault(f"{word.text!r} is not declared as a variable", word)
            if word.text in (other.text for other in head[:place]):
                raise self.words.fault(f"{word.text!r} stands twice in the head of a table", word)
        if len(head) > _MOST_PARENTS + 1:
            told = f"{head[0].text!r} has {len(head) - 1} parents; tables of up to {_MOST_PARENTS} are read"
            raise self.words.fault(told, head[0])
        table = _Table(self.words, self.states, head[0], tuple(word.text for word in head[1:]))
        self.words.next("mark", "{")
        while not self.words.stands("mark", "}"):
            word = self.words.next()
            if word.kind == "mark" and word.text == "(":
                table.row(word, self._listed(")"), self._listed(";"))
            elif word.text == "table":
                table.whole(word, self._listed(";"))
            elif word.text == "default":
                table.default(word, self._listed(";"))
            else:
                self._skip_statement()
        return head[0].text, (table.parents, table.finished(self.words.next()))


class _Table:
    """The probabilities of one variable while they are read, each row with its line."""

    def __init__(self, words: Words, states: Mapping[str, tuple[str, ...]], head: Word, parents: tuple[str, ...]):
        self.words, self.states, self.name, self.parents = words, states, head.text, parents
        self.shape = tuple(len(states[v]) for v in (*parents, head.text))
        self.rows: dict[tuple[int, ...], list[float]] = {}
        self.rest: list[float] | None = None
        self.values: NDArray[np.float64] | None = None

    def row(self, place: Word, key: list[Word], values: list[Word]) -> None:
        if len(key) != len(self.parents):
            raise self.words.fault(f"{len(key)} states for {len(self.parents)} parents of {self.name!r}", place)
        index = []
        for parent, state in zip(self.parents, key, strict=True):
            if state.text not in self.states[parent]:
                raise self.words.fault(f"{state.text!r} is no state of {parent!r}", state)
            index.append(self.states[parent].index(state.text))
        if tuple(index) in self.rows:
            raise self.words.fault(f"the row ({self._told(tuple(index))}) of {self.name!r} is there twice", place)
        self.rows[tuple(index)] = self._chances(place, values, self._told(tuple(index)))

    def default(self, place: Word, values: list[Word]) -> None:
        if self.rest is not None:
            raise self.words.fault(f"{self.name!r} has two default rows", place)
        self.rest = self._chances(place, values, "")

    def whole(self, place: Word, words: list[Word]) -> None:
        values = self._numbers(words)
        if len(values) != math.prod(self.shape):
            wanted = math.prod(self.shape)
            raise self.words.fault(f"the table of {self.name!r} has {len(values)} numbers, not {wanted}", place)
        # The node runs slowest in this form, its parents as listed.
        self.values = np.moveaxis(np.reshape(values, (self.shape[-1], *self.shape[:-1])), 0, -1)
        if fault := _sum_fault(self.name, self.parents, self.states, self.values):
            raise self.words.fault(fault, place)

    def finished(self, end: Word) -> NDArray[np.float64]:
        """The array, once nothing is missing; it is no larger than what the text says, or than memory allows."""
        if self.values is not None:
            return self.values
        wanted = math.prod(self.shape[:-1])
        if self.rest is None and len(self.rows) < wanted:
            first = next(index for index in np.ndindex(self.shape[:-1]) if index not in self.rows)
            row = f"the row ({self._told(first)})" if self.parents else "its probabilities"
            raise self.words.fault(
                f"the table of {self.name!r} lacks {row}: {wanted - len(self.rows):,} of {wanted:,} rows are missing",
                end,
            )
        check_size(f"the table of {self.name!r}", 8 * math.prod(self.shape))
        table = np.empty(self.shape)
        if self.rest is not None:
            table[...] = self.rest
        for index, values in self.rows.items():
            table[index] = values
        return table

    def _told(self, index: tuple[int, ...]) -> str:
        return ", ".join(self.states[parent][k] for parent, k in zip(self.parents, index, strict=True))

    def _chances(self, place: Word, words: list[Word], given: str) -> list[float]:
        """The probabilities of one row."""
        values = self._numbers(words)
        if len(values) != self.shape[-1]:
            raise self.words.fault(
                f"{self.name!r} has {self.shape[-1]} states, the row has {len(values)} numbers", place
            )
        if not abs(sum(values) - 1) < _TOLERANCE:
            behind = f" given ({given})" if given else ""
            raise self.words.fault(f"the probabilities of {self.name!r}{behind} sum to {sum(values):.4g}, not 1", place)
        return values

    def _numbers(self, words: list[Word]) -> list[float]:
        found = []
        for word in words:
            try:
                value = float(word.text)
            except ValueError:
                raise self.words.fault(
                    f"{word.text[:40]!r} is not a number, in the table of {self.name!r}", word
                ) from None
            if not 0 <= value < math.inf:
                raise self.words.fault(f"{word.text[:40]} is no probability, in the table of {self.name!r}", word)
            found.append(value)
        return found
