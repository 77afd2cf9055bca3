"""The published test files as rows: their labels beside what the graph says.

    {'A causes B. B causes C. Does A cause C?': 'Yes', ...}       a dictionary in a text, between lines of its log
    'A causes B. ... Are A and C d-separated given {B}?' 'Yes'    one a line
    {"prompt": ..., "completion": ...}                            JSON lines

Three of the published files of transitivity repeat names inside a chain, so that up to 7 % of their labels disagree
with the graph that they tell; they are read as they are, and `graph` says what is true.

Source:
    Vashishtha et al., the files of Causal_Axioms, which are no part of this library.
"""

import ast
import re
from pathlib import Path

from aitia.data.table import Table
from aitia.errors import DataError, FormatError, GraphError
from aitia.guard import parse_json
from aitia.worlds.axiom_items import ANSWERS, read_item, split_prompt

__all__ = ["disputed", "read_published"]

_LINE = re.compile(r"""(['"])(?P<prompt>.*\?)\1\s+(['"])(?P<answer>[^'"]*)\3""")


def read_published(path: str | Path) -> Table:
    """Columns `premise`, `question`, `label`, and `graph`: what the graph says; `cyclic` where it does not say.

    Raises:
        FormatError: If the file is not there, is a pickle, or holds none of the three forms; names the line.
        DataError: If a question is none of the two; names the question.
    """
    path = Path(path)
    if path.suffix == ".pkl":
        raise FormatError(f"{path} is a pickle, which can run code when it is read: take the .txt of the same name")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"{path} cannot be read as text: {error}") from error
    pairs = _json_lines(path, text) if path.suffix == ".jsonl" else _texts(path, text)
    columns: dict[str, list[str]] = {"premise": [], "question": [], "label": [], "graph": []}
    for number, (prompt, answer) in enumerate(pairs):
        premise, question = split_prompt(prompt, number)
        item = read_item(premise, question, number)
        try:
            truth = ANSWERS[0] if item.true else ANSWERS[1]
        except GraphError:
            truth = "cyclic"
        for name, value in (("premise", premise), ("question", question), ("label", answer), ("graph", truth)):
            columns[name].append(value)
    return Table.of(columns, kinds={"premise": "text", "question": "text", "label": "label", "graph": "label"})


def disputed(table: Table) -> list[int]:
    """The rows whose label is not what the graph says."""
    said = zip(table.labels("label"), table.labels("graph"), strict=True)
    return [row for row, (answer, graph) in enumerate(said) if answer != graph]


def _json_lines(path: Path, text: str) -> list[tuple[str, str]]:
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            held = parse_json(line, f"{path}, line {number}", dict)
            found.append((str(held["prompt"]), str(held["completion"])))
        except (FormatError, KeyError) as error:
            raise FormatError(
                f'{path}, line {number} is no {{"prompt": ..., "completion": ...}}: mend or drop it'
            ) from error
    return _some(path, found)


def _texts(path: Path, text: str) -> list[tuple[str, str]]:
    start, stop = text.find("{'"), text.rfind("}")
    lines = [_LINE.fullmatch(line.strip()) for line in text.splitlines() if line.strip()]
    if lines and all(lines):
        return [(found["prompt"], found["answer"]) for found in lines if found]
    if start < 0 or stop < start:
        number = next((k for k, found in enumerate(lines, start=1) if found is None), 1)
        raise FormatError(f"{path}, line {number} is neither a dictionary of questions nor 'question?' 'answer'")
    try:
        held = ast.literal_eval(text[start : stop + 1])
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise FormatError(f"{path} holds no whole dictionary of questions and answers: {error}") from error
    if not isinstance(held, dict):
        raise FormatError(f"{path} holds a {type(held).__name__} where a dictionary of questions and answers should be")
    return _some(path, [(str(prompt), str(answer)) for prompt, answer in held.items()])


def _some(path: Path, found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    if not found:
        raise DataError(f"{path} holds no question")
    return found
