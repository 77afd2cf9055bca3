"""What a search found as JSON values and arrays, and back."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.graph.formats.plain import from_json, to_json
from aitia.stats.bootstrap import EdgeFrequencies
from aitia.stats.search.records import Skeleton, TestRecord

__all__ = ["kept", "recall"]

Arrays = Mapping[str, NDArray[Any]]
PLAIN = (
    "test_name_", "test_reason_", "rule_", "rule_reason_", "mended_", "separated_", "predicted_seconds_", "warnings_",
    "asked_",
)  # fmt: skip


def kept(search: Any, plain: Sequence[str] = PLAIN) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The options and findings of a search as JSON values, and its numbers as arrays; `plain` are JSON as they are."""
    skeleton, tests, rows = search.skeleton_, search.tests_, search.rows_
    options: dict[str, Any] = {name: getattr(search, name) for name in plain}
    options |= {
        "config": search.config.to_json(),
        "graph": to_json(search.graph_),
        "skeleton": {
            "names": list(skeleton.names),
            "adjacent": [int(row) for row in skeleton.adjacent],
            "separators": [[int(i), int(j), list(map(int, of))] for (i, j), of in skeleton.separators.items()],
            "tests": len(skeleton.tests),
            "count": int(skeleton.count),
            "capped": bool(skeleton.capped),
        },
        "tests": [[t.x, t.y, list(t.given)] for t in tests],
        "reasons": [[*edge, why] for edge, why in search.orientation_reasons_.items()],
        "columns": [
            [name, str(rows.kind(name)), [_plain(label) for label in rows.categories(name)]] for name in rows.names
        ],
    }
    frequencies = search.edge_frequencies_
    if frequencies is not None:
        counts = [[*pair, dict(of)] for pair, of in frequencies.counts.items()]
        options["frequencies"] = {"nodes": list(frequencies.nodes), "counts": counts, "graphs": frequencies.graphs}
    arrays = {f"column {k}": np.asarray(rows.column(name)) for k, name in enumerate(rows.names)}
    arrays["statistics"] = np.array([t.statistic for t in tests], dtype=np.float64)
    arrays["p_values"] = np.array([t.p_value for t in tests], dtype=np.float64)
    return options, arrays


def recall(search: Any, options: Mapping[str, Any], arrays: Arrays, plain: Sequence[str] = PLAIN) -> None:
    """Puts them into a search; KeyError names what is missing."""
    for name in plain:
        setattr(search, name, options[name])
    search.graph_ = from_json(options["graph"])
    search.tests_ = tuple(
        TestRecord(x, y, tuple(given), float(statistic), float(p))
        for (x, y, given), statistic, p in zip(options["tests"], arrays["statistics"], arrays["p_values"], strict=True)
    )
    told = options["skeleton"]
    search.skeleton_ = Skeleton(
        tuple(told["names"]),
        tuple(told["adjacent"]),
        {(i, j): tuple(masks) for i, j, masks in told["separators"]},
        search.tests_[: told["tests"]],
        told["count"],
        told["capped"],
    )
    search.orientation_reasons_ = {(a, b): why for a, b, why in options["reasons"]}
    search.edge_frequencies_ = None
    if "frequencies" in options:
        of = options["frequencies"]
        counts = {(a, b): symbols for a, b, symbols in of["counts"]}
        search.edge_frequencies_ = EdgeFrequencies(tuple(of["nodes"]), counts, of["graphs"])
    columns = {name: arrays[f"column {k}"] for k, (name, _, _) in enumerate(options["columns"])}
    search.rows_ = Table.from_codes(columns, {name: labels for name, _, labels in options["columns"]})


def _plain(label: Any) -> Any:
    """A label as JSON keeps it; a date as its text."""
    value = label.item() if isinstance(label, np.generic) else label
    return value if isinstance(value, (str, int, float, bool)) else str(value)
