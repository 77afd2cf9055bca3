"""BIF, the Bayesian network interchange format of the benchmark repositories: a DAG with its probability tables."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Kind, Table
from aitia.errors import FormatError, GraphError
from aitia.files import write_whole
from aitia.graph.graph import Graph

__all__ = ["BayesianNetwork", "from_bif", "read_bif", "to_bif", "write_bif"]

_WORD = re.compile(r'\s*(?://[^\n]*|/\*.*?\*/|"((?:[^"\\]|\\.)*)"|([{}()\[\];,|=])|([^\s{}()\[\];,|="]+))', re.DOTALL)


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
        for name in self.graph.nodes:
            shape = tuple(len(self.states[p]) for p in (*self.parents[name], name))
            table = self.tables[name]
            if table.shape != shape:
                raise FormatError(f"the table of {name!r} has shape {table.shape}, its states ask for {shape}")
            sums = table.sum(axis=-1)
            if not (np.abs(sums - 1) < 1e-3).all() or (table < 0).any():
                worst = np.unravel_index(int(np.abs(sums - 1).argmax()), sums.shape)
                told = ", ".join(self.states[p][k] for p, k in zip(self.parents[name], worst, strict=True))
                raise FormatError(f"the probabilities of {name!r} given ({told}) sum to {sums[worst]:.4g}, not 1")

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


def read_bif(path: str | Path) -> BayesianNetwork:
    """Reads a BIF file.

    Raises:
        FormatError: If the file is missing or is not BIF.
    """
    try:
        return from_bif(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"cannot read {path}: {error}") from None
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


class _Reader:
    def __init__(self, text: str) -> None:
        self.words: list[tuple[str, int]] = []
        position, line = 0, 1
        text = text.rstrip()
        while position < len(text):
            match = _WORD.match(text, position)
            if match is None:
                raise FormatError(f"line {line}: cannot read {text[position : position + 20].strip()!r}")
            line += text.count("\n", position, match.end())
            if match.lastindex:
                word = match[match.lastindex]
                self.words.append((re.sub(r"\\(.)", r"\1", word) if match.lastindex == 1 else word, line))
            position = match.end()
        self.at = 0

    def network(self) -> BayesianNetwork:
        states: dict[str, tuple[str, ...]] = {}
        blocks: dict[str, tuple[tuple[str, ...], NDArray[np.float64]]] = {}
        while self.at < len(self.words):
            word = self.next()
            if word == "network":
                while self.peek() != "{":
                    self.at += 1
                self.skip_block()
            elif word == "variable":
                name = self.next()
                if name in states:
                    raise self.error(f"the variable {name!r} is declared twice")
                states[name] = self.variable()
            elif word == "probability":
                name, block = self.probability(states)
                if name in blocks:
                    raise self.error(f"{name!r} has two tables")
                blocks[name] = block
            else:
                raise self.error(f"expected network, variable or probability, got {word!r}")
        if missing := [name for name in states if name not in blocks]:
            raise FormatError(f"{missing[0]!r} has no probability table")
        if not states:
            raise FormatError("the BIF text declares no variable")
        try:
            graph = Graph([(p, name) for name, (parents, _) in blocks.items() for p in parents], states)
            return BayesianNetwork(graph, states, {n: blocks[n][0] for n in states}, {n: blocks[n][1] for n in states})
        except GraphError as error:
            raise FormatError(str(error)) from None

    # -- words ------------------------------------------------------------------------------------------------------

    def peek(self) -> str:
        if self.at >= len(self.words):
            raise FormatError("the BIF text ends in the middle of a block")
        return self.words[self.at][0]

    def next(self, wanted: str | None = None) -> str:
        word = self.peek()
        if wanted is not None and word != wanted:
            raise self.error(f"expected {wanted!r}, got {word!r}")
        self.at += 1
        return word

    def error(self, what: str) -> FormatError:
        line = self.words[min(self.at, len(self.words) - 1)][1]
        return FormatError(f"line {line}: {what}")

    def listed(self, end: str) -> list[str]:
        """Words up to `end`, commas left out."""
        found = []
        while self.peek() != end:
            word = self.next()
            if word != ",":
                found.append(word)
        self.next(end)
        return found

    def skip_block(self) -> None:
        self.next("{")
        depth = 1
        while depth:
            depth += {"{": 1, "}": -1}.get(self.next(), 0)

    # -- blocks -----------------------------------------------------------------------------------------------------

    def variable(self) -> tuple[str, ...]:
        self.next("{")
        states: tuple[str, ...] = ()
        while self.peek() != "}":
            if self.next() == "type":
                self.next("discrete")
                self.next("[")
                count = self.next()
                self.next("]")
                self.next("{")
                states = tuple(self.listed("}"))
                if not count.isdigit() or len(states) != int(count):
                    raise self.error(f"{count} states are announced, {len(states)} are listed")
            while self.next() != ";":  # what is left of the statement, or of a property
                pass
        self.next("}")
        if not states:
            raise self.error("a variable has no states")
        return states

    def probability(
        self, states: Mapping[str, tuple[str, ...]]
    ) -> tuple[str, tuple[tuple[str, ...], NDArray[np.float64]]]:
        self.next("(")
        words = self.listed(")")
        name, rest = words[0], words[1:]
        if rest and rest[0] == "|":
            rest = rest[1:]
        for variable in (name, *rest):
            if variable not in states:
                raise self.error(f"{variable!r} is not declared as a variable")
        parents = tuple(rest)
        shape = tuple(len(states[v]) for v in (*parents, name))
        table = np.full(shape, np.nan)
        self.next("{")
        while self.peek() != "}":
            word = self.next()
            if word == "table":
                values = self.numbers()
                if len(values) != table.size:
                    raise self.error(f"the table of {name!r} has {len(values)} numbers, not {table.size}")
                # The node runs slowest in this form, its parents as listed.
                table = np.moveaxis(np.reshape(values, (shape[-1], *shape[:-1])), 0, -1)
            elif word == "default":
                default = self.numbers()
                table = np.where(np.isnan(table), np.broadcast_to(default, shape), table)
            elif word == "(":
                key = self.listed(")")
                if len(key) != len(parents):
                    raise self.error(f"{len(key)} states for {len(parents)} parents of {name!r}")
                index = []
                for parent, state in zip(parents, key, strict=True):
                    if state not in states[parent]:
                        raise self.error(f"{state!r} is no state of {parent!r}")
                    index.append(states[parent].index(state))
                values = self.numbers()
                if len(values) != shape[-1]:
                    raise self.error(f"{name!r} has {shape[-1]} states, the row has {len(values)} numbers")
                table[tuple(index)] = values
            else:
                while self.next() != ";":
                    pass
        self.next("}")
        if np.isnan(table).any():
            raise self.error(f"the table of {name!r} is incomplete")
        return name, (parents, table)

    def numbers(self) -> list[float]:
        words = self.listed(";")
        try:
            return [float(w) for w in words]
        except ValueError:
            raise self.error(f"expected numbers, got {' '.join(words)[:40]!r}") from None
