"""Latent capabilities of a leaderboard, as one job: read, group by base model, fit, say how sure, write the report."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitia.data.table import Table
from aitia.engine import Progress
from aitia.errors import DataError, OptionError
from aitia.files import write_whole
from aitia.report import Block, Callout, Code, Picture, Section, TableBlock, Text, render, shaded_matrix
from aitia.systems.hca import HCA
from aitia.systems.hca.base_models import Grouping, group_by_base, read_leaderboard, read_rules
from aitia.systems.hca.page import latent_effects, latent_names, order_certainty, order_graphs
from aitia.version import __version__

__all__ = ["Capabilities", "capabilities"]

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Capabilities:
    """What was found in a leaderboard.

    Args:
        model: The fitted `HCA`.
        grouping: How rows came to their base models; None where a column said it.
        used: Rows of the fit.
        dropped: Rows left out, by reason.
        name: Of the leaderboard.
    """

    model: HCA
    grouping: Grouping | None
    used: int
    dropped: Mapping[str, int]
    name: str

    def to_json(self) -> dict[str, Any]:
        """All numbers, for JSON."""
        m = self.model
        return {
            "leaderboard": self.name,
            "rows": self.used,
            "dropped": dict(self.dropped),
            "groups": list(m.groups_),
            "left_out": dict(m.left_out_),
            "scores": list(m.columns_),
            "latents": {z: {"named": n} for z, n in zip(m.latents_, m.named_, strict=True)},
            "alignments": [asdict(a) for a in m.alignments_],
            "unmixing": m.unmixing_.tolist(),
            "weights": {name: w.tolist() for name, w in m.weights_.items()},
            "noise": {name: n.tolist() for name, n in m.noise_.items()},
            "inexactness": dict(m.inexactness_),
            "mic": m.mic_,
            "p_value": m.p_value_,
            "mic_of_unrelated_groups": m.null_.tolist(),
            "mic_of_groups_alike": m.alike_.tolist(),
            "orders": [asdict(order) for order in m.orders_],
            "doubts": list(m.doubts_),
            "effects": [
                asdict(effect) for name in m.groups_ for z in m.latents_ for effect in m.shift_effects(z, name)
            ],
            "config": m.get_params(),
            "version": __version__,
        }

    def __str__(self) -> str:
        m = self.model
        chain = " -> ".join(f"{z} ({n})" for z, n in zip(m.latents_, m.named_, strict=True))
        half = float(np.median(m.null_))
        lines = [
            f"{self.used} rows of {len(m.groups_)} groups: {', '.join(m.groups_)}",
            f"{chain}, each named after the score that it is best aligned with",
            f"inexactness {m.mic_:.3f}; unrelated groups: median {half:.3f}, p = {m.p_value_:.3f}",
        ]
        lines += [f"bootstrap: {' -> '.join(o.scores)} in {o.share:.0%}" for o in m.orders_[:3]]
        return "\n".join([*lines, *[f"Note: {doubt}" for doubt in m.doubts_]])

    def write(self, folder: str | Path, command: str | None = None) -> Path:
        """Writes `capabilities.json` and `report.html`; the path of the report."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / "capabilities.json", json.dumps(self.to_json(), indent=2, ensure_ascii=False) + "\n")
        write_whole(folder / "report.html", report(self, command))
        return folder / "report.html"


def capabilities(
    source: str | Path | Table,
    *,
    group: str | None = None,
    scores: Sequence[str] = (),
    names: Sequence[str] = ("fullname", "Base Model"),
    rules: str | Path | None = None,
    drop_merged: bool = False,
    progress: Progress | None = None,
    **options: Any,
) -> Capabilities:
    """Latents, order and weights from a leaderboard.

    Args:
        source: As `read_leaderboard` takes it, or a table.
        group: Column of the base model; None finds it from the names by rules.
        scores: Columns of the scores; none takes every column of numbers in 0 to 100 that varies and is not about the
            model itself (parameters, likes, averages).
        names: Columns of names, for the rules.
        rules: File of rules; those of the package if absent.
        drop_merged: Whether to leave out rows whose column `Merged` says so: they have two parents.
        progress: Told how far it is.
        options: Of `HCAConfig`.

    Raises:
        DataError: If a column is missing, no score is found, or the scores cannot be used.
        IdentifiabilityError: As `HCA.fit`.
    """
    table = source if isinstance(source, Table) else read_leaderboard(source)
    chosen = tuple(scores) or _score_columns(table)
    if missing := [name for name in (*chosen, *([group] if group else [])) if name not in table]:
        raise DataError(f"the table lacks {', '.join(missing)}; it has {', '.join(table.names)}")
    grouping = None
    if group is None:
        grouping = group_by_base(table, [n for n in names if n in table] or names, rules=read_rules(rules))
        labels = grouping.labels
    else:
        if rules is not None:
            raise OptionError("rules find the base model where no column says it: give rules or group, not both")
        labels = np.array(["" if v is None else str(v) for v in table.labels(group)], dtype=np.str_)
    kept, dropped = _kept(table, chosen, labels, names, drop_merged)
    model = HCA(**options).fit(table.take(kept).select(chosen), labels[kept], progress)
    used = int(np.isin(labels[kept], model.groups_).sum())
    title = "table" if isinstance(source, Table) else Path(source).name
    return Capabilities(model, grouping, used, dropped, title)


def _score_columns(table: Table) -> tuple[str, ...]:
    about = ("param", "like", "average", "co2", "generation", " raw", "date")
    found = []
    for name in table.names:
        if not table.continuous(name) or any(word in name.lower() for word in about):
            continue
        values = table.column(name)
        present = values[~np.isnan(values)]
        if len(present) and np.ptp(present) > 0 and present.min() >= 0 and present.max() <= 100:
            found.append(name)
    if not found:
        raise DataError("no column looks like a score: name them")
    return tuple(found)


def _kept(
    table: Table, scores: Sequence[str], labels: NDArray[np.str_], names: Sequence[str], drop_merged: bool
) -> tuple[NDArray[np.int64], dict[str, int]]:
    """Rows to fit on: whole, with a group, each model once."""
    going = np.ones(table.n, dtype=bool)
    dropped: dict[str, int] = {}

    def leave(bad: NDArray[np.bool_], why: str) -> None:
        nonlocal going
        if count := int((going & bad).sum()):
            dropped[why] = count
        going &= ~bad

    leave(np.asarray(labels == "", dtype=bool), "no base model")
    gaps: NDArray[np.bool_] = np.isnan(np.column_stack([table.column(name) for name in scores]))
    leave(np.logical_or.reduce(gaps, axis=1), "a score is missing")
    if drop_merged:
        if "Merged" not in table:
            raise DataError("the table has no column Merged to tell merged models by")
        leave(np.array([str(v).lower() == "true" for v in table.labels("Merged")]), "merged models")
    if names and names[0] in table:
        first: dict[str, int] = {}
        again = np.zeros(table.n, dtype=bool)
        for row in np.flatnonzero(going).tolist():
            key = str(table.labels(names[0])[row])
            again[row] = first.setdefault(key, row) != row
        leave(again, "the same model again, such as in another precision")
    return np.flatnonzero(going), dropped


# -- the report --------------------------------------------------------------------------------------------------------


def report(found: Capabilities, command: str | None) -> str:
    """The report as one HTML page that loads nothing."""
    m = found.model
    chain = " → ".join(m.named_)
    lead = f"{found.used} models of {len(m.groups_)} base models, {len(m.columns_)} scores; the order found is {chain}."
    sections = [Section("Capabilities and their order", order_graphs(m))]
    if m.doubts_:
        sections.append(Section("Keep in mind", [Callout(m.doubts_, "warning")]))
    sections += [
        Section("How sure", order_certainty(m)),
        Section("What the latents are", latent_names(m)),
        Section("What a step in one of them would change", latent_effects(m)),
        Section("Which base models belong together", _groups(found)),
    ]
    if command is not None:
        sections.append(Section("Again", [Code(command, "The command")]))
    return render(f"Capabilities: {found.name}", lead, sections, f"Made with aitia {__version__}.")


def _groups(found: Capabilities) -> list[Block]:
    m = found.model
    blocks: list[Block] = [
        Picture(
            shaded_matrix(m.large_, m.large_, m.distances_),
            f"1 - mean cosine of the principal angles between the subspaces of {m.config.factors} dimensions.",
        )
    ]
    rows: list[list[object]] = [[name, "used"] for name in m.groups_]
    rows += [[name, why] for name, why in m.left_out_.items() if name in m.large_]
    small = len([name for name in m.left_out_ if name not in m.large_])
    caption = f"{small} more groups have fewer than {m.config.least_rows} rows." if small else ""
    blocks.append(TableBlock(["base model", ""], rows, caption))
    if found.dropped:
        lost: list[list[object]] = [[why, count] for why, count in found.dropped.items()]
        blocks.append(TableBlock(["rows left out", ""], lost))
    if found.grouping is not None:
        matched: list[list[object]] = [
            [base, sum(told.values()), ", ".join(f"{n} by {column}" for column, n in told.items())]
            for base, told in list(found.grouping.counts.items())[:30]
        ]
        blocks.append(TableBlock(["base model", "rows", "matched"], matched, "What the rules matched."))
        if found.grouping.unmatched:
            shown = ", ".join(found.grouping.unmatched[:: max(len(found.grouping.unmatched) // 12, 1)][:12])
            blocks.append(Text(f"{len(found.grouping.unmatched)} rows matched no rule, such as {shown}.", small=True))
    return blocks
