"""What rows ask: their questions, which of them are answered, and corpora for a rule of one's own."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from aitia.data.table import Table
from aitia.errors import DataError, GraphError, OptionError
from aitia.graph.graph import Graph
from aitia.system import Given
from aitia.worlds.axiom_items import Item, read_item, split_prompt

__all__ = ["Question", "axiom_rows", "check_cycles", "questions_of"]

YES, NO = "yes", "no"


@dataclass(frozen=True)
class Question:
    """One row.

    Args:
        row: Its number.
        item: What it asks.
        answer: Whether yes; None where the row has no answer, or one that is neither.
        odd: An answer that is neither yes nor no, as it stands there.
    """

    row: int
    item: Item
    answer: bool | None
    odd: str = ""


def questions_of(given: Given) -> list[Question]:
    """The question of every row.

    Raises:
        OptionError: If there are neither premises with questions nor prompts.
        DataError: If a row has neither, or its words are none that are known; names the row.
    """
    said = {name: _texts(given, name) for name in ("premise", "question", "prompt", "label")}
    parts = said["premise"], said["question"]
    if said["prompt"] is None and any(part is None for part in parts):
        raise OptionError(
            "a row is a premise and a question, or a prompt that holds both: name the columns (--premise and "
            "--question, or --prompt)"
        )
    found = []
    for row in range(len(given)):
        premise, question = (part[row] if part is not None else None for part in parts)
        if premise is None or question is None:
            prompt = said["prompt"][row] if said["prompt"] is not None else None
            if prompt is None:
                raise DataError(f"row {row} has neither a premise with a question nor a prompt: fill or drop it")
            premise, question = split_prompt(prompt, row)
        answer = said["label"][row] if said["label"] is not None else None
        plain = (answer or "").strip().rstrip(".").lower()
        known = {YES: True, NO: False}.get(plain)
        odd = answer if answer is not None and known is None else ""
        found.append(Question(row, read_item(premise, question, row), known, odd))
    return found


def check_cycles(questions: Sequence[Question]) -> None:
    """Refuses premises with a cycle: they describe no causal graph.

    Raises:
        DataError: Names the row and the cycle.
    """
    seen: set[object] = set()
    for question in questions:
        if question.item.edges in seen:
            continue
        seen.add(question.item.edges)
        if cycle := question.item.cycle:
            raise DataError(
                f"the premise of row {question.row} has the cycle {' -> '.join(cycle)}, so it is no causal graph: "
                "mend or drop the row"
            )


def truth_of(item: Item) -> bool | None:
    """What the graph says; None where it does not say, as of d-separation in a cycle."""
    try:
        return item.true
    except GraphError:
        return None


def odd_answers(questions: Sequence[Question]) -> str:
    """What stands where yes or no should, with how often, in a sentence; empty where nothing does."""
    counts = Counter(question.odd for question in questions if question.odd)
    if not counts:
        return ""
    (first, often), *rest = counts.most_common()
    more = f" and {len(rest)} others" if rest else ""
    return (
        f"{sum(counts.values())} answers are neither Yes nor No ({first[:40]!r}, {often} times{more}): they are kept "
        "in the rows, and neither learnt from nor scored"
    )


def axiom_rows(
    graphs: Sequence[Graph],
    rule: Callable[[Graph, tuple[str, str]], bool],
    *,
    queries: int = 6,
    seed: int = 0,
    ask: str = "Does {} cause {}?",
) -> Table:
    """A corpus for a rule of one's own: rows with `premise`, `question` and `label`, as many yes as no where it can.

    Args:
        graphs: DAGs whose names hold neither blanks nor `.?{},`.
        rule: From a graph and (x, y) to whether the answer is yes.
        queries: Questions of each graph, at most.
        seed: Of the order of edges and the choice of pairs.
        ask: How a pair is asked about; one of the two questions that this system reads.

    Raises:
        OptionError: If there is no graph, or `queries` is below 1.
        GraphError: If a graph has a cycle or edges that are not directed; names it.
        DataError: If the words of a question are none that this system reads.

    Example:
        >>> rows = axiom_rows([Graph("a -> b; b -> c")], lambda graph, pair: pair[0] in graph.parents(pair[1]))
        >>> rows.names, len(rows)
        (('premise', 'question', 'label'), 4)
    """
    if not graphs or queries < 1:
        raise OptionError(f"a corpus takes a graph and a question of each or more, got {len(graphs)} and {queries}")
    random = np.random.default_rng(seed)
    columns: dict[str, list[str]] = {"premise": [], "question": [], "label": []}
    for number, graph in enumerate(graphs):
        graph.topological_order()
        if not graph.is_dag:
            raise GraphError(f"graph {number} has edges that are not directed: {graph}")
        edges = [(edge.left, edge.right) for edge in graph.edges]
        edges = [edges[k] for k in random.permutation(len(edges))]
        names = dict.fromkeys(name for edge in edges for name in edge)
        sides: dict[bool, list[tuple[str, str]]] = {True: [], False: []}
        for x in names:
            for y in names:
                if x != y:
                    sides[bool(rule(graph, (x, y)))].append((x, y))
        count = min(queries, 2 * min(map(len, sides.values())) or queries)
        chosen = [
            (pair, answer)
            for answer, pairs in sides.items()
            for pair in [pairs[k] for k in random.permutation(len(pairs))][: (count + answer) // 2]
        ]
        premise = " ".join(f"{a} causes {b}." for a, b in edges)
        for (x, y), answer in chosen:
            read_item(premise, ask.format(x, y), len(columns["premise"]))
            columns["premise"].append(premise)
            columns["question"].append(ask.format(x, y))
            columns["label"].append("Yes" if answer else "No")
    return Table.of(columns, kinds={"premise": "text", "question": "text", "label": "label"})


def _texts(given: Given, role: str) -> list[str | None] | None:
    column = given.column(role)
    if column is None or column not in given.table:
        return None
    table = given.table
    gone = table.absent(column)
    texts = table.labels(column) if role == "label" else table.texts(column)
    return [None if gone[row] else str(text) for row, text in enumerate(texts)]
