"""Background knowledge: what may not cause what, what must, and which variables come before which.

The file form, one statement a line (JSON with the fields of `Knowledge` and the files of Tetrad are read as well):

    # lines that start with # are comments
    tier: age, sex                        earlier tiers first; nothing causes a variable of an earlier tier; one alone
                                          comes before all that it does not name
    exclusive tier: smoking, diet         no edges inside this tier
    tier 3: lab_*, "body mass"            numbered or not; * stands for any text, ? for one character; odd names quoted
    required: smoking -> lab_tar
    forbidden: diet -> lab_tar; * -> age

A name that is written out belongs where it is written, whatever patterns fit it, and `tier: *` takes all that neither a
name nor another pattern places.

Reference:
    Meek, Causal inference and causal explanation with background knowledge, UAI 1995.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from aitia.errors import FormatError, GraphError, unknown_variable
from aitia.graph._pdag import Pdag
from aitia.graph._statements import fits_entry, is_pattern, statement
from aitia.graph._tetrad import is_tetrad, parse_tetrad
from aitia.graph.bits import bits
from aitia.graph.graph import Graph
from aitia.graph.marks import quote
from aitia.guard import parse_json, read_text

__all__ = ["Knowledge", "apply"]

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Knowledge:
    """What is known of the causal order before the data are looked at, by name.

    Args:
        tiers: Groups of names or patterns, causes first: no variable causes one of an earlier tier. A variable in no
            tier is free; where there is one tier alone, all others come after it.
        required: Pairs (cause, effect) that are edges, each name in full, also where it has a `?` or `*` of its own.
        forbidden: Pairs (cause, effect) that are not edges; either may be a pattern.
        tiers_exclusive: The positions of the tiers inside which there are no edges; True means all tiers.

    In a pattern `*` stands for any text and `?` for one character. A name that some tier lists in full belongs to that
    tier, whatever patterns fit it; `*` alone takes what no other entry places.

    Raises:
        GraphError: If the statements contradict each other; says which.

    Example:
        >>> knowledge = Knowledge(tiers=[["age"], ["lab_*", "weight"]], forbidden=[("weight", "lab_tar")])
        >>> knowledge.forbids("lab_tar", "age"), knowledge.forbids("age", "lab_tar")
        (True, False)
    """

    tiers: Sequence[Collection[str]] = ()
    required: Pairs = ()
    forbidden: Pairs = ()
    tiers_exclusive: bool | Collection[int] = ()

    def __post_init__(self) -> None:
        tiers = tuple((tier,) if isinstance(tier, str) else tuple(tier) for tier in self.tiers)
        exclusive = self.tiers_exclusive
        if isinstance(exclusive, bool):
            exclusive = range(len(tiers)) if exclusive else ()
        object.__setattr__(self, "tiers", tiers)
        object.__setattr__(self, "required", _pairs(self.required, "required"))
        object.__setattr__(self, "forbidden", _pairs(self.forbidden, "forbidden"))
        object.__setattr__(self, "tiers_exclusive", tuple(sorted(set(exclusive))))
        self._check()

    def _check(self) -> None:
        for entry in (entry for tier in self.tiers for entry in tier):
            if not isinstance(entry, str):
                raise GraphError(f"a tier lists names, got {entry!r} of type {type(entry).__name__}")
        for k in self._exclusive:
            if not (isinstance(k, int) and 0 <= k < len(self.tiers)):
                raise GraphError(f"`tiers_exclusive` names tier {k!r}, and the tiers are 0 to {len(self.tiers) - 1}")
        seen: dict[str, int] = {}
        for k, tier in enumerate(self.tiers):
            for entry in tier:
                if seen.setdefault(entry, k) != k:
                    raise GraphError(
                        f"{entry!r} stands in tier {seen[entry] + 1} and in tier {k + 1}: it can be in one only"
                    )
        for a, b in self.required:
            if why := self._why_forbidden(a, b):
                raise GraphError(f"the edge {a} -> {b} is required, but {why}")
        wanted = Graph(dict.fromkeys(self.required))  # a pair required both ways was refused above
        if cycle := wanted.find_cycle():
            raise GraphError(f"the required edges form a cycle: {' -> '.join(cycle)}")

    # -- questions ------------------------------------------------------------------------------------------------

    def tier(self, name: str) -> int | None:
        """The position of the variable's tier; None for a variable that no tier holds.

        Where there is one tier alone, and it allows edges inside, it stands before all that it does not hold: they get
        1, for it would say nothing otherwise.

        Raises:
            GraphError: If patterns of two tiers fit the name and no tier lists it in full.
        """
        for k, tier in enumerate(self.tiers):
            if name in tier:
                return k
        fits = [k for k, tier in enumerate(self.tiers) if any(e != "*" and fits_entry(name, e) for e in tier)]
        fits = fits or [k for k, tier in enumerate(self.tiers) if "*" in tier]
        if len(fits) > 1:
            raise GraphError(
                f"patterns of tiers {fits[0] + 1} and {fits[1] + 1} both fit {name!r}: list it in full where it belongs"
            )
        if fits:
            return fits[0]
        return 1 if len(self.tiers) == 1 and not self._exclusive else None

    def forbids(self, a: str, b: str) -> bool:
        """Whether `a` cannot be a direct cause of `b`."""
        return self._why_forbidden(a, b) is not None

    def requires(self, a: str, b: str) -> bool:
        """Whether the edge a -> b must be there."""
        return (a, b) in self.required

    def _why_forbidden(self, a: str, b: str) -> str | None:
        """What forbids a -> b, as the end of a sentence; None where nothing does."""
        if (b, a) in self.required:
            return f"{b} -> {a} is required"
        for cause, effect in self.forbidden:
            if a != b and fits_entry(a, cause) and fits_entry(b, effect):
                told = f"{cause} -> {effect}"
                return "it is forbidden" if told == f"{a} -> {b}" else f"{told} is forbidden"
        before, after = self.tier(a), self.tier(b)
        if before is not None and after is not None and a != b:
            if before > after:
                if before == len(self.tiers):
                    return f"{b!r} is in the only tier, which stands before all others"
                return f"{a!r} is in tier {before + 1} and {b!r} in the earlier tier {after + 1}"
            if before == after and before in self._exclusive:
                return f"both are in tier {before + 1}, which allows no edges inside"
        return None

    @property
    def _exclusive(self) -> Collection[int]:
        return self.tiers_exclusive  # type: ignore[return-value]  # a tuple since __post_init__

    def forbidden_matrix(self, names: Iterable[str]) -> NDArray[np.bool_]:
        """The (d, d) matrix with [i, j] True where names[i] cannot directly cause names[j]; the diagonal is False.

        Raises:
            GraphError: If the knowledge does not fit these names (see `validate`).
        """
        listed = tuple(names)
        self.validate(listed)
        tiers = [self.tier(name) for name in listed]
        rank = np.array([np.nan if k is None else k for k in tiers], dtype=float)
        matrix: NDArray[np.bool_] = rank[:, None] > rank[None, :]
        alone = np.array([k in self._exclusive for k in tiers], dtype=bool)
        matrix |= (rank[:, None] == rank[None, :]) & alone[:, None]
        for cause, effect in self.forbidden:
            rows = np.array([fits_entry(name, cause) for name in listed], dtype=bool)
            columns = np.array([fits_entry(name, effect) for name in listed], dtype=bool)
            matrix |= np.outer(rows, columns)
        position = {name: i for i, name in enumerate(listed)}
        for a, b in self.required:
            matrix[position[b], position[a]] = True
        np.fill_diagonal(matrix, False)
        return matrix

    def required_matrix(self, names: Iterable[str]) -> NDArray[np.bool_]:
        """The (d, d) matrix with [i, j] True where names[i] -> names[j] must be there.

        Raises:
            GraphError: If the knowledge does not fit these names (see `validate`).
        """
        listed = tuple(names)
        self.validate(listed)
        matrix = np.zeros((len(listed), len(listed)), dtype=np.bool_)
        position = {name: i for i, name in enumerate(listed)}
        for a, b in self.required:
            matrix[position[a], position[b]] = True
        return matrix

    def validate(self, names: Iterable[str]) -> None:
        """Checks that the knowledge fits variables of these names.

        Raises:
            UnknownVariableError: If it names a variable that is not there; names the nearest.
            GraphError: If a pattern fits no variable, or patterns of two tiers fit the same one.
        """
        listed = tuple(names)
        known = frozenset(listed)
        entries = [entry for tier in self.tiers for entry in tier]
        entries += [name for pair in (*self.required, *self.forbidden) for name in pair]
        in_full = {name for pair in self.required for name in pair}
        for entry in dict.fromkeys(entries):
            if entry in known:
                continue
            if entry in in_full and is_pattern(entry):
                raise GraphError(f"required edges name both variables in full, got the pattern {entry!r}")
            if not is_pattern(entry):
                raise unknown_variable(entry, listed, "table, though the knowledge names it")
            # `tier: *` means "the rest", which may be nobody.
            if entry != "*" and not any(fits_entry(name, entry) for name in listed):
                raise GraphError(f"the pattern {entry!r} of the knowledge fits no variable")
        for name in listed:
            self.tier(name)

    # -- files ----------------------------------------------------------------------------------------------------

    def to_json(self) -> str:
        """The knowledge as JSON text, with the fields of this class; `from_json` reads it back."""
        fields = {
            "tiers": [list(tier) for tier in self.tiers],
            "required": [list(pair) for pair in self.required],
            "forbidden": [list(pair) for pair in self.forbidden],
            "tiers_exclusive": list(self._exclusive),
        }
        return json.dumps(fields, ensure_ascii=False, indent=2)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The knowledge that `to_json` wrote; absent fields are empty.

        Raises:
            FormatError: If the text is not JSON of this form.
            GraphError: If the statements contradict each other.
        """
        fields = parse_json(text, "the knowledge", dict)
        known = ("tiers", "required", "forbidden", "tiers_exclusive")
        if odd := next((key for key in fields if key not in known), None):
            raise FormatError(f"knowledge in JSON has no field {odd!r}; the fields are {', '.join(known)}")
        for key in known[:3]:
            value = fields.get(key, [])
            if not (isinstance(value, list) and all(isinstance(entry, list) for entry in value)):
                raise FormatError(f"the field {key!r} of knowledge in JSON is a list of lists of names")
        exclusive = fields.get("tiers_exclusive", [])
        if not isinstance(exclusive, bool | list):
            raise FormatError("the field 'tiers_exclusive' of knowledge in JSON is true, false or a list of positions")
        try:
            return cls(**fields)
        except GraphError:
            raise
        except TypeError:  # a list or an object where a name belongs
            raise FormatError("knowledge in JSON lists names, each a text") from None

    def to_text(self) -> str:
        """The knowledge in the plain text form of this module; `from_text` reads it back."""
        lines = []
        for k, tier in enumerate(self.tiers):
            kind = "exclusive tier" if k in self._exclusive else "tier"
            lines.append(f"{kind}: {', '.join(map(quote, tier))}")
        lines += [f"required: {quote(a)} -> {quote(b)}" for a, b in self.required]
        lines += [f"forbidden: {quote(a)} -> {quote(b)}" for a, b in self.forbidden]
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The knowledge that a text of the form of this module states.

        Raises:
            FormatError: If a line is not of that form; gives its number.
            GraphError: If the statements contradict each other.

        Example:
            >>> Knowledge.from_text("tier: age, sex\\ntier: *\\nforbidden: sex -> age").tiers
            (('age', 'sex'), ('*',))
        """
        tiers: list[list[str]] = []
        exclusive: list[int] = []
        edges: dict[str, list[tuple[str, str]]] = {"required": [], "forbidden": []}
        for number, raw in enumerate(text.splitlines(), start=1):
            line = raw.strip()
            if not line or line.startswith("#"):
                continue
            kind, pairs, names = statement(line, number, len(tiers) + 1)
            if kind in edges:
                edges[kind] += pairs
                continue
            if kind == "exclusive tier":
                exclusive.append(len(tiers))
            tiers.append(names)
        return cls(tiers, edges["required"], edges["forbidden"], exclusive)

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Reads a knowledge file.

        JSON where the name ends in .json, Tetrad's format where it begins with `/knowledge`, else the plain text form
        of this module.

        Raises:
            FormatError: If the file cannot be read as such.
            GraphError: If the statements contradict each other.
        """
        text = read_text(path)
        try:
            if Path(path).suffix.lower() == ".json":
                return cls.from_json(text)
            return cls(**parse_tetrad(text)) if is_tetrad(text) else cls.from_text(text)
        except (FormatError, GraphError) as error:
            raise type(error)(f"{path}: {error}") from None


def apply(pdag: Graph, knowledge: Knowledge) -> Graph:
    """The PDAG with its undirected edges directed as the knowledge demands, closed under Meek's rules.

    For a CPDAG the result is the maximally oriented graph (MPDAG): its directed edges are those shared by all members
    of the class that obey the knowledge (Meek 1995, theorem 4).

    Raises:
        GraphError: If an edge of the graph contradicts the knowledge, or a required edge is missing; names the edge.
        UnknownVariableError: If the knowledge names a variable that the graph lacks.

    Example:
        >>> print(apply(Graph("a --- b --- c"), Knowledge(tiers=[["a"], ["b", "c"]])))
        a --> b; b --> c
    """
    names = pdag.nodes
    knowledge.validate(names)
    rows = Pdag(pdag)
    for a, b in knowledge.required:
        if not pdag.has_edge(a, b):
            raise GraphError(f"the knowledge requires {a} -> {b}, but {a!r} and {b!r} are not adjacent in the graph")
    matrix = knowledge.forbidden_matrix(names)
    rows.close((1 << len(names)) - 1)
    for i, row in enumerate(pdag._adjacent):
        for j in bits(row >> (i + 1) << (i + 1)):
            if matrix[i, j] and matrix[j, i]:
                raise GraphError(
                    f"{names[i]!r} and {names[j]!r} are adjacent, but {_why(knowledge, names[i], names[j])}"
                )
            if not (matrix[i, j] or matrix[j, i]):
                continue
            cause, effect = (j, i) if matrix[i, j] else (i, j)
            if rows.neighbors[cause] >> effect & 1:
                rows.close(rows.orient(cause, effect))
            elif rows.children[effect] >> cause & 1:
                a, b = names[effect], names[cause]
                origin = "is in the graph" if pdag._children[effect] >> cause & 1 else "follows from the other edges"
                raise GraphError(f"{a} -> {b} {origin}, but {_why(knowledge, a, b)}")
    return rows.graph(names)


def _why(knowledge: Knowledge, a: str, b: str) -> str:
    return f"by the knowledge {knowledge._why_forbidden(a, b)}"


def _pairs(pairs: Iterable[tuple[str, str]], field: str) -> tuple[tuple[str, str], ...]:
    checked = []
    for pair in pairs:
        listed = tuple(pair)
        if isinstance(pair, str) or len(listed) != 2 or not all(isinstance(name, str) for name in listed):
            raise GraphError(f"`{field}` lists pairs (cause, effect) of names, got {pair!r}")
        if listed[0] == listed[1] and not is_pattern(listed[0]):
            raise GraphError(f"`{field}` has an edge from {listed[0]!r} to itself")
        checked.append(listed)
    return tuple(dict.fromkeys(checked))
