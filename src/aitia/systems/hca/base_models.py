"""Which base model a row was made from, by rules that are data, with an account of what matched what.

The rules stand in a CSV file with the columns `base`, `pattern`, `architecture`, `parameters_low`, `parameters_high`. A
rule with a pattern is a regular expression, regardless of case, tried on each name column in turn: the row's own name
first, then what it says it was made from. A rule with an architecture and a range of parameters, in billions, is tried
where no name matched. The first rule that matches wins, and all rules are tried on one column before the next column.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.data.tables import read_table
from aitia.errors import DataError, FormatError
from aitia.guard import guarded, read_json

__all__ = ["BaseRule", "Grouping", "group_by_base", "is_harness", "read_leaderboard", "read_rules"]


@dataclass(frozen=True)
class BaseRule:
    """How a base model is recognised.

    Args:
        base: Its name.
        pattern: A regular expression on a name; empty for a rule by architecture.
        architecture: Such as `LlamaForCausalLM`.
        parameters: Least and largest number of parameters, in billions.
    """

    base: str
    pattern: str = ""
    architecture: str = ""
    parameters: tuple[float, float] = (0.0, float("inf"))

    def __post_init__(self) -> None:
        if bool(self.pattern) == bool(self.architecture) or not self.base:
            raise FormatError(f"a rule has a base and either a pattern or an architecture, got {self}")
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise FormatError(
                f"the pattern {self.pattern!r} of {self.base} is no regular expression: {error}"
            ) from error


@dataclass(frozen=True, eq=False)
class Grouping:
    """The base model of each row.

    Args:
        labels: (n,) names; empty where no rule matched.
        by: (n,) the column that told, or `architecture`; empty where none did.
        unmatched: Names of rows that no rule matched.
    """

    labels: NDArray[np.str_]
    by: NDArray[np.str_]
    unmatched: tuple[str, ...]

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """{base: {column that told: rows}}, the largest first."""
        found: dict[str, dict[str, int]] = {}
        names, sizes = np.unique(self.labels[self.labels != ""], return_counts=True)
        for name in names[np.argsort(-sizes, kind="stable")]:
            told, rows = np.unique(self.by[self.labels == name], return_counts=True)
            found[str(name)] = dict(zip(told.tolist(), rows.tolist(), strict=True))
        return found

    def __str__(self) -> str:
        matched = int((self.labels != "").sum())
        lines = [f"{matched} of {len(self.labels)} rows have a base model"]
        for base, told in self.counts.items():
            by = ", ".join(f"{rows} by {column}" for column, rows in told.items())
            lines.append(f"  {base}: {sum(told.values())} ({by})")
        return "\n".join(lines)


def read_rules(path: str | Path | None = None) -> tuple[BaseRule, ...]:
    """Rules of a CSV file; those that come with the package, for open language models, if no file is given.

    Raises:
        FormatError: If the file is missing, lacks a column, or a pattern is no regular expression.
    """
    import csv

    source = resources.files("aitia.data.shipped") / "base_models.csv" if path is None else Path(path)
    with guarded(path):
        rows = list(csv.DictReader(source.read_text(encoding="utf-8").splitlines()))
    if not rows or not {"base", "pattern"} <= set(rows[0]):
        raise FormatError(f"{path} holds no rules: the columns `base` and `pattern` are needed")
    return tuple(
        BaseRule(
            row["base"] or "",
            row["pattern"] or "",
            row.get("architecture") or "",
            (float(row.get("parameters_low") or 0), float(row.get("parameters_high") or "inf")),
        )
        for row in rows
    )


def group_by_base(
    table: Table,
    columns: Sequence[str] = ("fullname", "Base Model"),
    *,
    rules: Sequence[BaseRule] | None = None,
    architecture: str | None = "Architecture",
    parameters: str | None = "#Params (B)",
) -> Grouping:
    """The base model of each row of a leaderboard.

    Args:
        table: The leaderboard.
        columns: Where names stand, the most telling first.
        rules: Those of `read_rules()` if absent.
        architecture: Column of the architecture; None to go by names alone.
        parameters: Column of the number of parameters, in billions.

    Raises:
        DataError: If a column is missing, or no rule matches any row.
    """
    chosen = read_rules() if rules is None else tuple(rules)
    if missing := [name for name in columns if name not in table]:
        raise DataError(f"the table lacks {', '.join(missing)}; it has {', '.join(table.names)}")
    labels, by = np.full(table.n, "", dtype=object), np.full(table.n, "", dtype=object)
    for column in columns:
        texts = [str(value or "") for value in table.labels(column)]
        for rule in (rule for rule in chosen if rule.pattern):
            found = re.compile(rule.pattern, re.IGNORECASE)
            hit = (labels == "") & np.array([found.search(text) is not None for text in texts], dtype=bool)
            labels[hit], by[hit] = rule.base, column
    if architecture in table and parameters in table:
        kinds, sizes = np.array(table.texts(str(architecture))), table.column(str(parameters))
        for rule in (rule for rule in chosen if rule.architecture):
            low, high = rule.parameters
            hit = (labels == "") & (kinds == rule.architecture) & (sizes >= low) & (sizes <= high)
            labels[hit], by[hit] = rule.base, "architecture"
    if not (labels != "").any():
        raise DataError(f"no rule matches a row; the first is called {table.labels(columns[0])[0]!r}")
    unmatched = tuple(str(name) for name in table.labels(columns[0])[labels == ""])
    return Grouping(labels.astype(np.str_), by.astype(np.str_), unmatched)


def is_harness(source: str | Path) -> bool:
    """Whether it is a folder of results of lm-evaluation-harness."""
    path = Path(source)
    return path.is_dir() and any(path.rglob("results*.json"))


def read_leaderboard(source: str | Path) -> Table:
    """A leaderboard: a table file, a folder of lm-evaluation-harness results, or a data set of the Hub by its id.

    A folder gives one row for each result file: `fullname`, and a column for each task, the first metric that is an
    accuracy or exact match, in per cent.

    Raises:
        FormatError: If nothing can be read there.
    """
    path = Path(source)
    if path.is_file():
        return read_table(path)
    if path.is_dir():
        return _harness_results(path)
    if str(source).count("/") != 1 or str(source).startswith((".", "/", "~")):
        raise FormatError(f"there is no file or folder {source}")
    import datasets

    try:
        return Table.of(datasets.load_dataset(str(source), split="train", trust_remote_code=False).to_pandas())
    except (OSError, ValueError, ConnectionError, RuntimeError) as error:
        raise FormatError(f"{source} is no file, and the Hub gave no data set of that name: {error}") from error


_METRICS = ("acc_norm", "exact_match", "acc", "prompt_level_strict_acc", "inst_level_strict_acc")


def _harness_results(folder: Path) -> Table:
    rows: list[dict[str, Any]] = []
    for file in sorted(folder.rglob("results*.json")):
        found = read_json(file, dict)
        results = found.get("results")
        if not isinstance(results, dict) or not all(isinstance(metrics, dict) for metrics in results.values()):
            raise FormatError(f"{file} is no result of lm-evaluation-harness: it has no results by task")
        row: dict[str, Any] = {"fullname": str(found.get("model_name") or _model_of(found) or file.parent.name)}
        for task, metrics in results.items():
            value = next((v for m in _METRICS for k, v in metrics.items() if k.split(",")[0] == m), None)
            if isinstance(value, (int, float)):
                row[str(task)] = 100.0 * float(value)
        rows.append(row)
    if not rows:
        raise FormatError(f"{folder} holds no file results*.json of lm-evaluation-harness")
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: [row.get(name, float("nan") if name != "fullname" else "") for row in rows] for name in names}
    return Table.of(columns, kinds={name: "number" for name in names if name != "fullname"})


def _model_of(found: dict[str, Any]) -> str:
    arguments = str(found.get("config", {}).get("model_args", ""))
    match = re.search(r"pretrained=([^,'}\s]+)", arguments)
    return match.group(1) if match else ""
